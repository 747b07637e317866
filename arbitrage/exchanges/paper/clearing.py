"""What a fill, a lock, a mark or a funding does to the account of the paper venue.

Joins the markets with the one account: rules and fees by symbol, the price of a fee token, the
mark of a position. It decides nothing about orders; `execution` does.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import Funding
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ONE, ZERO, decimal_of
from arbitrage.exchanges.paper.account import Account, PaperFill, spot_lock
from arbitrage.exchanges.paper.admission import margin_needed
from arbitrage.exchanges.paper.exact import fee_amount, product, total
from arbitrage.exchanges.paper.market import PaperMarket
from arbitrage.exchanges.paper.matching import RestingOrder


class Clearing:
    """Markets, rules, fees and the account of one venue."""

    def __init__(
        self,
        venue: str,
        instruments: Mapping[str, Instrument],
        fees: Mapping[str, FeeSchedule] | FeeSchedule,
        balances: Mapping[str, Decimal],
    ) -> None:
        self.venue = venue
        self.account = Account(venue, balances)
        self.markets: dict[str, PaperMarket] = {}
        self._fees = fees
        self._assumed_fees: dict[str, FeeSchedule] = {}
        self._instruments = {
            symbol: msgspec.structs.replace(instrument, venue=venue, symbol=symbol)
            for symbol, instrument in instruments.items()
        }

    def instrument(self, symbol: str) -> Instrument:
        """The rules given for a symbol, else the finest ones. Raises `ConfigError` if it cannot
        be read."""
        instrument = self._instruments.get(symbol)
        if instrument is None:
            instrument = Instrument.from_symbol(self.venue, symbol)
            self._instruments[symbol] = instrument
        return instrument

    def fees(self, symbol: str) -> FeeSchedule:
        """The fees of a symbol; where none were given, those assumed, else none are charged."""
        if isinstance(self._fees, FeeSchedule):
            return self._fees
        given = self._fees.get(symbol)
        return self._assumed_fees.get(symbol, FeeSchedule()) if given is None else given

    def assume_fees(self, symbol: str, fees: FeeSchedule) -> None:
        """Charge `fees` on a symbol for which none were given."""
        self._assumed_fees[symbol] = fees

    def set_initial_margin(self, symbol: str, initial_margin: Decimal) -> None:
        """Change the share of notional that a perpetual locks, of its position at once and of
        orders at rest when they next change."""
        rules = msgspec.structs.replace(self.instrument(symbol), initial_margin=initial_margin)
        self._instruments[symbol] = rules
        self.account.margin.position(rules).instrument = rules

    def market(self, symbol: str) -> PaperMarket:
        """The market of a symbol, without a book if none was ever shown."""
        market = self.markets.get(symbol)
        if market is None:
            market = self.markets[symbol] = PaperMarket(symbol)
        return market

    # --- fills ---------------------------------------------------------------------------------

    def book(
        self, market: PaperMarket, side: Side, qty: Decimal, cost: Decimal, *, is_maker: bool
    ) -> tuple[str, Decimal]:
        """Book a fill; returns `(currency, amount)` of its fee."""
        rules, fees = self.instrument(market.symbol), self.fees(market.symbol)
        fill = PaperFill(
            instrument=rules,
            fees=fees,
            side=side,
            qty=qty,
            cost=cost,
            is_maker=is_maker,
            token_price=self._token_price(rules, fees, qty, cost),
        )
        if not rules.is_perpetual:
            return self.account.book_spot(fill)
        fee = self.account.book_perpetual(fill)
        held = self.account.margin.position(rules)
        mid = market.mid
        held.mark_price = float(cost / (qty * rules.contract_multiplier)) if mid is None else mid
        market.has_position = held.position.qty != 0
        market.refresh_quiet()
        return fee

    def _token_price(
        self, rules: Instrument, fees: FeeSchedule, qty: Decimal, cost: Decimal
    ) -> Decimal | None:
        """Quote per fee token: from this very fill where it trades the token, else the middle of
        the venue's book of the token in that quote; None if there is none."""
        token = fees.third_token
        if not token:
            return None
        if token == rules.quote:
            return ONE
        if token == rules.base:
            return cost / (qty * rules.contract_multiplier)
        for symbol, market in self.markets.items():
            mid = market.mid
            if mid is not None and self._is_spot_of(symbol, token, rules.quote):
                return decimal_of(mid)
        return None

    def _is_spot_of(self, symbol: str, base: str, quote: str) -> bool:
        try:
            rules = self.instrument(symbol)
        except ConfigError:
            return False
        return not rules.is_perpetual and (rules.base, rules.quote) == (base, quote)

    # --- locks of orders at rest ---------------------------------------------------------------

    def lock(self, resting: RestingOrder, qty: Decimal) -> None:
        """Set aside what `qty` native of an order may cost, in place of what was before.

        A fill is booked after the lock was brought down to the rest: then no fee, in whatever
        currency, can be paid from what the rest needs.
        """
        intent = resting.order.intent
        rules, fees = self.instrument(intent.symbol), self.fees(intent.symbol)
        price = intent.price or ZERO
        if rules.is_perpetual:
            amount = margin_needed(rules, fees, price, min(qty, resting.opening_qty))
            self.account.margin.lock(rules.quote, total(amount, -resting.locked))
        else:
            currency, amount = spot_lock(rules, fees, intent.side, qty, price)
            self.account.lock(currency, total(amount, -resting.locked))
        resting.locked = amount

    # --- positions -----------------------------------------------------------------------------

    def is_mark_alarming(self, market: PaperMarket) -> bool:
        """Mark a position to the book; whether the mark left the band that needs no second look."""
        held = self.account.margin.position(self.instrument(market.symbol))
        mid = market.mid
        if mid is None:
            return False
        held.mark_price = mid
        return not held.guard_low <= mid <= held.guard_high

    def fund(self, market: PaperMarket, funding: Funding) -> tuple[str, Decimal]:
        """Book a settlement of funding; returns `(currency, amount received)`.

        Longs pay `rate` of the notional at the announced mark, or at the middle of the book where
        none was announced.
        """
        rules = self.instrument(market.symbol)
        held = self.account.margin.position(rules)
        mark = funding.mark_price if funding.mark_price > 0 else held.mark_price
        paid = product(
            held.position.qty, rules.contract_multiplier, decimal_of(mark), decimal_of(funding.rate)
        )
        return rules.quote, self.account.book_margin(rules.quote, fee_amount(-paid))

    def is_margin_sound(self, currency: str) -> bool:
        """Whether equity covers maintenance; renews the bands of marks."""
        return self.account.margin.guard(currency, self.account.cash(currency))

    def available_for(self, resting: RestingOrder, currency: str) -> Decimal:
        """What an order at rest may use: what is available and what is locked for itself."""
        return total(self.account.available(currency), resting.locked)
