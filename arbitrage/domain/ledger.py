"""A double-entry ledger: every posting sums to zero in every currency, or it is not made.

Accounts are names: a venue's own name holds what we own there; `opening`, `trading`, `fees`,
`funding` and `adjustment` are where it came from or went. The ledger keeps balances, not history,
so its memory does not grow with trading. It ties out when every venue account equals what the
venue itself says.
"""

from collections.abc import Iterable
from decimal import Context, Decimal

import msgspec

from arbitrage.domain.errors import InvariantBroken
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.orders import Fill
from arbitrage.domain.position import Position
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ZERO

OPENING = "opening"
TRADING = "trading"
FEES = "fees"
FUNDING = "funding"
ADJUSTMENT = "adjustment"
CONTRA_ACCOUNTS = frozenset({OPENING, TRADING, FEES, FUNDING, ADJUSTMENT})

# Sums must be exact: 28 digits, the default, are fewer than a year of trading can need.
_EXACT = Context(prec=60)


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
        sum to zero in every currency."""
        entries = tuple(entries)
        sums: dict[str, Decimal] = {}
        for entry in entries:
            sums[entry.currency] = _EXACT.add(sums.get(entry.currency, ZERO), entry.amount)
        unbalanced = {currency: total for currency, total in sums.items() if total != 0}
        if unbalanced:
            raise InvariantBroken(f"ledger posting does not balance: {unbalanced}; not booked")
        for entry in entries:
            key = (entry.account, entry.currency)
            self._balances[key] = _EXACT.add(self._balances.get(key, ZERO), entry.amount)
        self.postings += 1

    def transfer(self, source: str, target: str, currency: str, amount: Decimal) -> None:
        """Book `amount` from one account to another; negative amounts go the other way."""
        self.post((Entry(source, currency, -amount), Entry(target, currency, amount)))

    def fill(
        self, instrument: Instrument, side: Side, fill: Fill, position: Position | None
    ) -> Decimal:
        """Book a fill and its fees; returns the PnL realised on a perpetual's position.

        Spot swaps base for quote. A perpetual moves `position` and books what that realises.
        """
        venue = instrument.venue
        realised = ZERO
        if position is None:
            base = fill.qty * instrument.contract_multiplier * side.sign
            self.transfer(TRADING, venue, instrument.base, base)
            self.transfer(TRADING, venue, instrument.quote, -fill.cost * side.sign)
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
            sums[currency] = _EXACT.add(sums.get(currency, ZERO), amount)
        return sums
