"""What becomes of orders: refused, filled, left at rest, cancelled, liquidated.

Works at a given moment; when things happen is `venue`'s affair. Every change of an order is told
through `report(order, now_ns)`, everything else through `announce(event, now_ns)`.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import BalanceUpdate, Event, MarketTrade, VenueStatus
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import PlaceOrder, TimeInForce
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ZERO, decimal_of
from arbitrage.exchanges.paper.admission import (
    limit_of,
    margin_needed,
    may_rest,
    money_refusal,
    opening_qty,
    rule_refusal,
)
from arbitrage.exchanges.paper.clearing import Clearing
from arbitrage.exchanges.paper.exact import total
from arbitrage.exchanges.paper.history import OrderHistory
from arbitrage.exchanges.paper.margin import PerpetualPosition
from arbitrage.exchanges.paper.market import PaperMarket
from arbitrage.exchanges.paper.matching import (
    RestingOrder,
    Take,
    TradeFlow,
    taken_cost,
    taken_qty,
)


class Fills(NamedTuple):
    """What one order just filled, level by level; `fee` is in all, negative for a rebate."""

    order: Order
    takes: list[Take]
    is_maker: bool
    fee_currency: str
    fee: Decimal


class Execution:
    """The orders of one account at one venue.

    `on_fills`, if given, is called after each booking and before the order is reported.
    """

    def __init__(
        self,
        clearing: Clearing,
        report: Callable[[Order, int], None],
        announce: Callable[[Event, int], None],
        on_fills: Callable[[Fills], None] | None = None,
    ) -> None:
        self.orders = OrderHistory()
        self._clearing = clearing
        self._account = clearing.account
        self._report = report
        self._announce = announce
        self._on_fills = on_fills

    # --- orders that arrive --------------------------------------------------------------------

    def place(self, intent: PlaceOrder, now_ns: int) -> None:
        """Take in an order whose client id is new."""
        order = Order(intent=intent, sent_ns=now_ns, status=OrderStatus.OPEN)
        self.orders.add(order)
        try:
            rules = self._clearing.instrument(intent.symbol)
        except ConfigError:
            self._close(order, OrderStatus.REJECTED, "unknown_symbol", now_ns)
            return
        order.contract_multiplier = rules.contract_multiplier
        market = self._clearing.market(intent.symbol)
        takes, reason = self._judged(intent, rules, market)
        if reason is not None:
            self._close(order, OrderStatus.REJECTED, reason, now_ns)
        elif intent.time_in_force is TimeInForce.FOK and taken_qty(takes) < intent.qty:
            self._close(order, OrderStatus.CANCELED, "fok_not_filled", now_ns)
        else:
            self._accept(order, rules, market, takes, now_ns)

    def refusal(self, intent: PlaceOrder) -> str | None:
        """Why `intent` would be refused now, None if it would not; nothing is changed.

        Raises `ConfigError` for a symbol that cannot be read.
        """
        rules = self._clearing.instrument(intent.symbol)
        return self._judged(intent, rules, self._clearing.market(intent.symbol))[1]

    def _judged(
        self, intent: PlaceOrder, rules: Instrument, market: PaperMarket
    ) -> tuple[list[Take], str | None]:
        """What an order would take now, and why it is refused, if it is."""
        reason = rule_refusal(intent, rules, market)
        if reason is not None:
            return [], reason
        takes = self._takes(intent, rules, market)
        return takes, self._refusal(intent, rules, market, takes)

    def _takes(self, intent: PlaceOrder, rules: Instrument, market: PaperMarket) -> list[Take]:
        qty = intent.qty
        if intent.reduce_only and rules.is_perpetual:
            qty = min(qty, self._account.margin.position(rules).reducible(intent.side))
        return market.takes(intent.side, qty, limit_of(intent), rules.lot_size)

    def _refusal(
        self, intent: PlaceOrder, rules: Instrument, market: PaperMarket, takes: list[Take]
    ) -> str | None:
        if intent.reduce_only and rules.is_perpetual:
            held = self._account.margin.position(rules)
            if not held.reducible(intent.side):
                return "reduce_only"
        if takes and intent.time_in_force is TimeInForce.POST_ONLY and may_rest(intent):
            return "post_only"
        fees = self._clearing.fees(intent.symbol)
        return money_refusal(intent, rules, fees, self._account, market, takes)

    def _accept(
        self,
        order: Order,
        rules: Instrument,
        market: PaperMarket,
        takes: list[Take],
        now_ns: int,
    ) -> None:
        intent = order.intent
        rest = intent.qty - taken_qty(takes)
        if rest and may_rest(intent):
            opening = opening_qty(intent, rules, self._account, market, intent.qty)
            resting = RestingOrder(order, float(intent.price or ZERO), None, opening)
            self._clearing.lock(resting, rest)
            market.join(resting)
        if takes:
            market.consume(intent.side, takes)
            self._book(order, market, takes, is_maker=False)
        if not rest:
            self._close(order, OrderStatus.FILLED, "", now_ns)
        elif may_rest(intent):
            self._report(order, now_ns)
        else:
            self._close(order, OrderStatus.CANCELED, "ioc_remainder", now_ns)

    def cancel(self, client_id: str, now_ns: int) -> None:
        """Cancel an order at rest. One that is closed is reported again as it is; an unknown id
        changes nothing."""
        order = self.orders.get(client_id)
        if order is None:
            return
        market = self._clearing.market(order.intent.symbol)
        resting = market.resting.get(client_id)
        if resting is None:
            self._report(order, now_ns)
        else:
            self._withdraw(market, resting, "", now_ns)

    # --- orders at rest ------------------------------------------------------------------------

    def meet_book(self, market: PaperMarket, now_ns: int) -> None:
        """Fill orders at rest through which the book as just shown has moved."""
        lot_size = self._clearing.instrument(market.symbol).lot_size
        for side in Side:
            for resting in market.by_priority(side):
                if not market.has_reached(resting):
                    break
                limit = resting.order.intent.price
                takes = market.takes(side, resting.remaining, limit, lot_size)
                if takes:
                    filled = self._fill(market, resting, taken_qty(takes), now_ns)
                    market.consume(side, market.takes(side, filled, limit, lot_size))
        market.shorten_queues()

    def meet_trade(self, market: PaperMarket, trade: MarketTrade, now_ns: int) -> None:
        """Let a public trade serve the queues and fill orders at rest at its price or better."""
        side = trade.side.opposite
        lot_size = self._clearing.instrument(market.symbol).lot_size
        flow = TradeFlow(trade.price, decimal_of(trade.qty))
        for resting in market.by_priority(side):
            if (resting.level - trade.price) * side.sign < 0:
                break
            given = flow.reach(resting, lot_size)
            if given > 0:
                self._fill(market, resting, given, now_ns)

    def _fill(
        self, market: PaperMarket, resting: RestingOrder, qty: Decimal, now_ns: int
    ) -> Decimal:
        """Fill `qty` of an order at rest at its own price; returns what could be filled."""
        order, intent = resting.order, resting.order.intent
        rules = self._clearing.instrument(market.symbol)
        price = intent.price or ZERO
        if rules.is_perpetual:
            held = self._account.margin.position(rules)
            if intent.reduce_only:
                qty = min(qty, held.reducible(intent.side))
            reason = self._margin_refusal(resting, rules, held, price, qty)
            if reason is not None:
                self._withdraw(market, resting, reason, now_ns)
                return ZERO
        self._clearing.lock(resting, resting.remaining - qty)
        self._book(order, market, [Take(resting.level, price, qty)], is_maker=True)
        if order.filled_qty == intent.qty:
            market.leave(intent.client_id)
            self._close(order, OrderStatus.FILLED, "", now_ns)
        else:
            self._report(order, now_ns)
        return qty

    def _margin_refusal(
        self,
        resting: RestingOrder,
        rules: Instrument,
        held: PerpetualPosition,
        price: Decimal,
        qty: Decimal,
    ) -> str | None:
        """Why a perpetual's order at rest may not fill after all: the position that it was to
        reduce is gone, or with it the margin."""
        if qty == 0:
            return "reduce_only"
        opening = max(ZERO, qty - held.reducible(resting.order.intent.side))
        needed = margin_needed(rules, self._clearing.fees(rules.symbol), price, opening)
        if opening and needed > self._clearing.available_for(resting, rules.quote):
            return "insufficient_margin"
        return None

    def meet_own(self, taker: PlaceOrder, maker_id: str, now_ns: int) -> None:
        """Fill a new order against one of the same account at rest, at the price of that.

        `taker.qty` is at most what the order `maker_id` has left. The market takes no part. What
        the order at rest may not fill after all is cancelled.
        """
        order = Order(intent=taker, sent_ns=now_ns, status=OrderStatus.OPEN)
        self.orders.add(order)
        market = self._clearing.market(taker.symbol)
        order.contract_multiplier = self._clearing.instrument(taker.symbol).contract_multiplier
        resting = market.resting[maker_id]
        price = resting.order.intent.price or ZERO
        filled = self._fill(market, resting, taker.qty, now_ns)
        if filled:
            self._book(order, market, [Take(resting.level, price, filled)], is_maker=False)
        is_whole = filled == taker.qty
        self._close(order, OrderStatus.FILLED if is_whole else OrderStatus.CANCELED, "", now_ns)

    # --- what all share ------------------------------------------------------------------------

    def _book(
        self, order: Order, market: PaperMarket, takes: list[Take], *, is_maker: bool
    ) -> None:
        side = order.intent.side
        qty, cost = taken_qty(takes), taken_cost(takes, order.contract_multiplier)
        currency, fee = self._clearing.book(market, side, qty, cost, is_maker=is_maker)
        order.filled_qty += qty
        order.filled_cost = total(order.filled_cost, cost)
        if fee:
            order.fees[currency] = total(order.fees.get(currency, ZERO), fee)
        if self._on_fills is not None:
            self._on_fills(Fills(order, takes, is_maker, currency, fee))

    def _close(self, order: Order, status: OrderStatus, reason: str, now_ns: int) -> None:
        order.status, order.reason = status, reason
        self.orders.closed(order)
        self._report(order, now_ns)

    def _withdraw(
        self, market: PaperMarket, resting: RestingOrder, reason: str, now_ns: int
    ) -> None:
        market.leave(resting.order.intent.client_id)
        self._clearing.lock(resting, ZERO)
        self._close(resting.order, OrderStatus.CANCELED, reason, now_ns)

    # --- liquidation ---------------------------------------------------------------------------

    def check_margin(self, now_ns: int) -> None:
        """Liquidate where equity no longer covers maintenance."""
        for currency in self._account.margin.currencies:
            if not self._clearing.is_margin_sound(currency):
                self._liquidate(currency, now_ns)

    def _liquidate(self, currency: str, now_ns: int) -> None:
        """Cancel the orders of every position that settles in `currency`, then close them all at
        their books, as deep as those are; what is left is closed at the next ones.

        Told as the new balance and as the venue being down: from here on a person decides.
        """
        closed = []
        for held in self._account.margin.open_in(currency):
            market = self._clearing.market(held.instrument.symbol)
            for resting in list(market.resting.values()):
                self._withdraw(market, resting, "liquidation", now_ns)
            side = Side.SELL if held.position.qty > 0 else Side.BUY
            takes = market.takes(side, abs(held.position.qty), None, held.instrument.lot_size)
            if takes:
                market.consume(side, takes)
                cost = taken_cost(takes, held.instrument.contract_multiplier)
                self._clearing.book(market, side, taken_qty(takes), cost, is_maker=False)
                closed.append(held.instrument.symbol)
        self._clearing.is_margin_sound(currency)
        if closed:
            venue, owned = self._clearing.venue, self._account.total(currency)
            reason = f"liquidation: {', '.join(closed)}"
            self._announce(BalanceUpdate(now_ns, venue, currency, owned), now_ns)
            self._announce(VenueStatus(now_ns, venue, False, reason), now_ns)
