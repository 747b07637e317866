"""A double-entry ledger: every posting sums to zero in every currency, or it is not made.

Accounts are names: a venue's own name holds what we own there; `opening`, `trading`, `fees`,
`funding` and `adjustment` are where it came from or went. The ledger keeps balances, not history,
so its memory does not grow with trading. It ties out when every venue account equals what the
venue itself says.
"""

from collections.abc import Iterable
from decimal import Decimal, DecimalException

import msgspec

from arbitrage.domain.errors import InvariantBroken
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.orders import Fill
from arbitrage.domain.position import Position
from arbitrage.domain.sides import Side
from arbitrage.domain.units import EXACT, ZERO

OPENING = "opening"
TRADING = "trading"
FEES = "fees"
FUNDING = "funding"
ADJUSTMENT = "adjustment"
CONTRA_ACCOUNTS = frozenset({OPENING, TRADING, FEES, FUNDING, ADJUSTMENT})


class Entry(msgspec.Struct, frozen=True):
    account: str
    currency: str
    amount: Decimal


class Ledger:
    """Balances by account and currency; `post` is the only way to change one."""

    def __init__(self) -> None:
        self._balances: dict[tuple[str, str], Decimal] = {}
        self.postings = 0

    def post(self, entries: Iterable[Entry]) -> None:
        """Book `entries` together. Raises `InvariantBroken`, and books nothing, if they do not
        sum to zero in every currency or a sum would need more than 60 digits."""
        entries = tuple(entries)
        sums: dict[str, Decimal] = {}
        changed: dict[tuple[str, str], Decimal] = {}
        try:
            for entry in entries:
                key = (entry.account, entry.currency)
                before = changed.get(key, self._balances.get(key, ZERO))
                changed[key] = EXACT.add(before, entry.amount)
                sums[entry.currency] = EXACT.add(sums.get(entry.currency, ZERO), entry.amount)
        except DecimalException as error:
            raise InvariantBroken(
                f"ledger posting {entries} has no exact sum; not booked"
            ) from error
        unbalanced = {currency: total for currency, total in sums.items() if total != 0}
        if unbalanced:
            raise InvariantBroken(f"ledger posting does not balance: {unbalanced}; not booked")
        self._balances.update(changed)
        self.postings += 1

    def transfer(self, source: str, target: str, currency: str, amount: Decimal) -> None:
        """Book `amount` from one account to another; negative amounts go the other way."""
        # A unary minus would round to the default context's 28 digits.
        self.post((Entry(source, currency, amount.copy_negate()), Entry(target, currency, amount)))

    def fill(
        self, instrument: Instrument, side: Side, fill: Fill, position: Position | None
    ) -> Decimal:
        """Book a fill and its fees; returns the PnL realised on a perpetual's position.

        Spot swaps base for quote. A perpetual moves `position` and books what that realises.
        """
        venue = instrument.venue
        realised = ZERO
        if position is None:
            base_qty = EXACT.multiply(fill.qty, instrument.contract_multiplier)
            giver, taker = (TRADING, venue) if side is Side.BUY else (venue, TRADING)
            self.transfer(giver, taker, instrument.base, base_qty)
            self.transfer(taker, giver, instrument.quote, fill.cost)
        else:
            realised = position.apply(side, fill.qty, fill.cost)
            self.transfer(TRADING, venue, instrument.quote, realised)
        for currency, amount in fill.fees:
            self.transfer(venue, FEES, currency, amount)
        return realised

    def balance(self, account: str, currency: str) -> Decimal:
        return self._balances.get((account, currency), ZERO)

    def balances(self, account: str) -> dict[str, Decimal]:
        """Every currency ever booked on `account`, sorted by name."""
        return {
            currency: amount
            for (name, currency), amount in sorted(self._balances.items())
            if name == account
        }

    def residual(self) -> dict[str, Decimal]:
        """The sum over all accounts by currency: zero everywhere, or the ledger is corrupt."""
        sums: dict[str, Decimal] = {}
        for (_, currency), amount in sorted(self._balances.items()):
            sums[currency] = EXACT.add(sums.get(currency, ZERO), amount)
        return sums
