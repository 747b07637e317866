"""What we should own at a venue by our own fills, held against what the venue says.

Balances start from the venue's first word and move with fills, fees and funding alone; positions
start flat. The venue is right: what differs is reported, never explained away. Nothing is asked
here; whoever compares sees to it that no order was under way.
"""

from collections.abc import Mapping
from decimal import Decimal

from arbitrage.domain.events import FundingPayment
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.ledger import ADJUSTMENT, FUNDING, OPENING, Ledger
from arbitrage.domain.orders import Fill
from arbitrage.domain.position import Position
from arbitrage.domain.sides import Side
from arbitrage.domain.units import EXACT, ZERO, plain
from arbitrage.exchanges.order_gateway import AccountState


class TieOut:
    """Expected balances and positions of one account."""

    def __init__(
        self, venue: str, *, tolerance: Decimal, tolerances: Mapping[str, Decimal]
    ) -> None:
        self._venue = venue
        self._tolerance = tolerance
        self._tolerances = tolerances
        self._ledger = Ledger()
        self._positions: dict[str, Position] = {}
        self.is_open = False

    def open(self, state: AccountState) -> None:
        """Begin from what the venue says we own. What we hold of perpetuals is not ours yet."""
        for currency, total in state.balances.items():
            self._ledger.transfer(OPENING, self._venue, currency, total)
        self.is_open = True

    def fill(self, instrument: Instrument, side: Side, fill: Fill) -> None:
        """Book what an order of ours added."""
        position = None
        if instrument.is_perpetual:
            position = self._positions.setdefault(instrument.symbol, Position())
        self._ledger.fill(instrument, side, fill, position)

    def fund(self, payment: FundingPayment) -> None:
        """Book a funding payment; a positive amount was received."""
        self._ledger.transfer(FUNDING, self._venue, payment.currency, payment.amount)

    def balance_differences(self, state: AccountState) -> dict[str, Decimal]:
        """By currency what the venue has more than we expect, beyond the tolerance, sorted.

        A difference within it is taken over, so that roundings do not add up.
        """
        ours = self._ledger.balances(self._venue)
        found: dict[str, Decimal] = {}
        for currency in sorted({*ours, *state.balances}):
            said = state.balances.get(currency, ZERO)
            difference = EXACT.subtract(said, ours.get(currency, ZERO))
            if abs(difference) > self._tolerances.get(currency, self._tolerance):
                found[currency] = difference
            elif difference:
                self._ledger.transfer(ADJUSTMENT, self._venue, currency, difference)
        return found

    def position_differences(self, state: AccountState) -> dict[str, Decimal]:
        """By symbol what the venue has more than we expect, native and signed, sorted."""
        found: dict[str, Decimal] = {}
        for symbol in sorted({*self._positions, *state.positions}):
            difference = EXACT.subtract(state.positions.get(symbol, ZERO), self._held(symbol))
            if difference:
                found[symbol] = difference
        return found

    def _held(self, symbol: str) -> Decimal:
        position = self._positions.get(symbol)
        return position.qty if position is not None else ZERO

    def findings(self, state: AccountState) -> list[str]:
        """What does not tie out, in words."""
        return [
            *(
                f"{plain(difference)} {currency} is not ours by any fill"
                for currency, difference in self.balance_differences(state).items()
            ),
            *(
                f"a position of {plain(difference)} {symbol} is not ours by any fill"
                for symbol, difference in self.position_differences(state).items()
            ),
        ]

    def accept(self, state: AccountState, entry_costs: Mapping[str, Decimal]) -> None:
        """Take the venue's numbers for ours: a person has looked at the differences.

        `entry_costs` is what positions were opened for, in quote by symbol, never negative.
        """
        for currency, difference in self.balance_differences(state).items():
            self._ledger.transfer(ADJUSTMENT, self._venue, currency, difference)
        for symbol in self.position_differences(state):
            held = state.positions.get(symbol, ZERO)
            self._positions[symbol] = Position(held, entry_costs.get(symbol, ZERO))
