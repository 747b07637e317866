"""Balances of one paper account: what is owned, what is locked, and what a fill changes.

A balance is never negative and never less than what spot orders at rest have locked; a change
that would make it so is our own error and raises `InvariantBroken`. The one exception is a loss
on margin beyond what the account holds: as at a real venue the insurance fund bears it, and
`absorbed` counts it.

Fees are charged in the venue's manner. A fee in a third token is charged at the token's price and,
where that is unknown or the account holds too little of the token, out of what the fill yields
instead, as Binance does. On a perpetual there is nothing received, so it is charged in the quote.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from arbitrage.domain.errors import InvariantBroken
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ONE, ZERO
from arbitrage.exchanges.paper.exact import fee_amount, product, total
from arbitrage.exchanges.paper.margin import Margin


class PaperFill(msgspec.Struct, frozen=True, kw_only=True):
    """A fill to be booked: native `qty`, its quote value, and the price of the fee token.

    `token_price` is in quote per token; None if the venue has no price for it.
    """

    instrument: Instrument
    fees: FeeSchedule
    side: Side
    qty: Decimal
    cost: Decimal
    is_maker: bool
    token_price: Decimal | None = None


def locking_rate(fees: FeeSchedule) -> Decimal:
    """The share of notional to set aside for fees, whichever side of the spread is filled."""
    return max(fees.rate(is_maker=False), fees.rate(is_maker=True), ZERO)


def fee_on_top(instrument: Instrument, fees: FeeSchedule) -> Decimal:
    """The share of notional that a spot purchase may cost in quote beyond its notional."""
    is_in_quote = fees.manner is FeeManner.QUOTE or fees.third_token == instrument.quote
    return locking_rate(fees) if is_in_quote else ZERO


def spot_lock(
    instrument: Instrument, fees: FeeSchedule, side: Side, qty: Decimal, price: Decimal
) -> tuple[str, Decimal]:
    """`(currency, amount)` that an order for `qty` native at `price` may cost at most."""
    if side is Side.SELL:
        return instrument.base, product(qty, instrument.contract_multiplier)
    share = ONE + fee_on_top(instrument, fees)
    return instrument.quote, product(price, qty, instrument.contract_multiplier, share)


class Account:
    """One account at one venue. Amounts are exact; see `exact`."""

    def __init__(self, venue: str, balances: Mapping[str, Decimal]) -> None:
        self.venue = venue
        self.margin = Margin()
        self.absorbed: dict[str, Decimal] = {}
        self._totals: dict[str, Decimal] = {}
        self._locked: dict[str, Decimal] = {}
        for currency, amount in balances.items():
            self._change(currency, amount)

    def total(self, currency: str) -> Decimal:
        return self._totals.get(currency, ZERO)

    def totals(self) -> dict[str, Decimal]:
        """Every currency ever held, by name."""
        return dict(sorted(self._totals.items()))

    def cash(self, currency: str) -> Decimal:
        """What is owned and not locked by a spot order."""
        return total(self.total(currency), -self._locked.get(currency, ZERO))

    def available(self, currency: str) -> Decimal:
        """What may be spent or used as margin. Negative while losses eat into margin in use."""
        return total(self.cash(currency), -self.margin.used(currency))

    def lock(self, currency: str, amount: Decimal) -> None:
        """Set `amount` aside for a spot order at rest; a negative one gives it back."""
        locked = total(self._locked.get(currency, ZERO), amount)
        self._check(currency, self.total(currency), locked)
        self._locked[currency] = locked

    def book_spot(self, fill: PaperFill) -> tuple[str, Decimal]:
        """Swap base for quote and charge the fee; returns `(currency, amount)` of the fee."""
        base, quote = fill.instrument.base, fill.instrument.quote
        base_qty = product(fill.qty, fill.instrument.contract_multiplier)
        if fill.side is Side.BUY:
            self._change(quote, -fill.cost)
            self._change(base, base_qty)
        else:
            self._change(base, -base_qty)
            self._change(quote, fill.cost)
        currency, amount = self._fee(fill, base_qty)
        self._change(currency, -amount)
        return currency, amount

    def book_perpetual(self, fill: PaperFill) -> tuple[str, Decimal]:
        """Move the position, book what that realises and the fee; returns the fee."""
        quote = fill.instrument.quote
        position = self.margin.position(fill.instrument).position
        realised = position.apply(fill.side, fill.qty, fill.cost)
        currency, amount = self._fee(fill, ZERO)
        if currency == quote:
            self.book_margin(quote, total(realised, -amount))
        else:
            self._change(currency, -amount)
            self.book_margin(quote, realised)
        return currency, amount

    def book_margin(self, currency: str, amount: Decimal) -> Decimal:
        """Book a result on margin; returns what changed the balance.

        A loss stops at what spot orders have locked; the insurance fund bears the rest.
        """
        shortfall = -min(ZERO, total(self.cash(currency), amount))
        if shortfall:
            self.absorbed[currency] = total(self.absorbed.get(currency, ZERO), shortfall)
        booked = total(amount, shortfall)
        self._change(currency, booked)
        return booked

    def _fee(self, fill: PaperFill, base_qty: Decimal) -> tuple[str, Decimal]:
        """Currency and amount of a fee; negative for a rebate."""
        fees, instrument = fill.fees, fill.instrument
        rate = fees.rate(is_maker=fill.is_maker)
        in_quote = product(fill.cost, rate)
        if fees.manner is FeeManner.THIRD_TOKEN and fill.token_price is not None:
            tokens = fee_amount(in_quote / fill.token_price)
            if tokens <= self.available(fees.third_token):
                return fees.third_token, tokens
        is_on_top = fees.manner is FeeManner.QUOTE or instrument.is_perpetual
        if is_on_top or fill.side is Side.SELL:
            return instrument.quote, fee_amount(in_quote)
        return instrument.base, fee_amount(product(base_qty, rate))

    def _change(self, currency: str, amount: Decimal) -> None:
        owned = total(self.total(currency), amount)
        self._check(currency, owned, self._locked.get(currency, ZERO))
        self._totals[currency] = owned

    def _check(self, currency: str, owned: Decimal, locked: Decimal) -> None:
        if not ZERO <= locked <= owned:
            raise InvariantBroken(
                f"{self.venue} {currency}: balance would be {owned} with {locked} locked; expected "
                "a balance of at least what is locked, and neither below zero; nothing was booked"
            )
