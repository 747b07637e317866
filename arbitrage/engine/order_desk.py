"""The only path to an order: client ids, the last guards, reservations, and what came back.

Every order that leaves the engine is made here, and every word of a venue about one is taken in
here. A guard that refuses says why; nothing is sent around it. Closed orders are remembered in a
bounded list, so that a late fill still finds its trade.
"""

from collections import deque
from decimal import Decimal

import msgspec

from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import (
    CancelOrder,
    Intent,
    PlaceOrder,
    Purpose,
    QueryOrder,
    TimeInForce,
)
from arbitrage.domain.orders import Fill, Order, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.domain.trade import TradeLeg
from arbitrage.domain.units import BPS, NS_PER_SECOND
from arbitrage.engine.accounts import Accounts
from arbitrage.engine.risk import Level, RiskLadder
from arbitrage.engine.route_state import LegState, RouteState
from arbitrage.engine.trade_state import TradeState

REMEMBERED_CLOSED_ORDERS = 10_000
_IOC, _HALT = TimeInForce.IOC, Level.HALT
_QUERY_EVERY_NS = 2 * NS_PER_SECOND


class PlacedOrder(msgspec.Struct, gc=True):
    """An order with the trade and leg it belongs to."""

    order: Order
    route: RouteState
    state: TradeState
    leg: TradeLeg
    leg_state: LegState
    asked_ns: int = 0


class OrderDesk:
    """Places, counts and remembers orders. `intents` collects what the current step wants."""

    def __init__(self, session: str, accounts: Accounts, risk: RiskLadder) -> None:
        self.accounts = accounts
        self.risk = risk
        self.intents: list[Intent] = []
        self.orders_sent = 0
        self.unknown_updates = 0
        self._session = session
        self._placed: dict[str, PlacedOrder] = {}
        self._closed: deque[str] = deque()

    def refusal(self, leg: LegState, side: Side, qty: Decimal, price: Decimal) -> str | None:
        """Why an order may not be sent, or None: our own limits, then the venue's rules."""
        return self.risk_refusal(leg, side, price) or leg.instrument.refusal(qty, price)

    def risk_refusal(self, leg: LegState, side: Side, price: Decimal) -> str | None:
        """Which of our limits an order would break, or None. Fails closed: no mid, no order."""
        if self.risk.level is _HALT:
            return "risk:halt"
        bids, asks = leg.market.bids, leg.market.asks
        if not bids or not asks:
            return "risk:price_band"
        mid = (bids[0][0] + asks[0][0]) / 2
        worse_bps = (float(price) / mid - 1.0) * side.sign * BPS
        if worse_bps > self.risk.limits.price_band_bps:
            return "risk:price_band"
        return None

    def place(
        self,
        route: RouteState,
        state: TradeState,
        leg: TradeLeg,
        side: Side,
        qty: Decimal,
        price: Decimal,
        purpose: Purpose,
        now_ns: int,
    ) -> None:
        """Send a marketable limit order that never rests. The caller has asked `refusal`, or
        `risk_refusal` for an order that was sized by the venue's rules."""
        leg_state = route.a if leg is state.trade.leg_a else route.b
        instrument = leg.instrument
        self.orders_sent += 1
        client_id = f"{self._session}{self.orders_sent:08d}"
        intent = PlaceOrder(
            client_id=client_id,
            venue=instrument.venue,
            symbol=instrument.symbol,
            side=side,
            qty=qty,
            price=price,
            time_in_force=_IOC,
            reduce_only=side is not leg.side and self.accounts.reduces(instrument, side, qty),
            purpose=purpose,
            trade_id=state.trade.trade_id,
        )
        order = Order(intent=intent, sent_ns=now_ns, updated_ns=now_ns)
        self._placed[client_id] = PlacedOrder(order, route, state, leg, leg_state)
        state.orders[client_id] = (order, leg)
        self.accounts.place(order, instrument, leg_state.fees)
        self.risk.count_order(now_ns)
        self.intents.append(intent)

    def take_in(self, update: OrderUpdate) -> tuple[PlacedOrder, Fill | None] | None:
        """Apply a venue's word; returns the order and what it filled, None for a stranger."""
        placed = self._placed.get(update.client_id)
        if placed is None:
            self.unknown_updates += 1
            return None
        order = placed.order
        was_live = order.is_live
        fill = order.apply(update)
        if fill is not None:
            self.accounts.fill(placed.leg.instrument, order.intent.side, fill)
            placed.leg.add(order.intent.side, fill)
        if was_live and not order.is_live:
            self.accounts.release(order)
            placed.state.orders.pop(update.client_id, None)
            self._remember_closed(update.client_id)
        return placed, fill

    def status(self, client_id: str) -> OrderStatus | None:
        """What we know of one of our orders; None for a stranger or one long closed."""
        placed = self._placed.get(client_id)
        return None if placed is None else placed.order.status

    def order(self, client_id: str) -> Order:
        """Our record of an order. Raises `KeyError` for a stranger."""
        return self._placed[client_id].order

    def query(self, client_id: str) -> QueryOrder | None:
        """The question what became of one of our orders; None for a stranger."""
        placed = self._placed.get(client_id)
        return None if placed is None else _query(placed.order)

    def _remember_closed(self, client_id: str) -> None:
        self._closed.append(client_id)
        if len(self._closed) > REMEMBERED_CLOSED_ORDERS:
            self._placed.pop(self._closed.popleft(), None)

    def ask_for_silent_orders(self, now_ns: int) -> None:
        """Put orders without an answer in doubt, and ask for what is in doubt, again and again."""
        for order in self.accounts.live_orders():
            placed = self._placed[order.intent.client_id]
            timeout_ns = placed.route.config.answer_timeout_seconds * NS_PER_SECOND
            # None of our orders rests, so one that stays open is silent too.
            if order.status is not OrderStatus.IN_DOUBT and (
                now_ns - order.updated_ns >= timeout_ns
            ):
                order.status = OrderStatus.IN_DOUBT
            if order.status is OrderStatus.IN_DOUBT and now_ns - placed.asked_ns >= _QUERY_EVERY_NS:
                placed.asked_ns = now_ns
                intent = order.intent
                self.intents.append(
                    QueryOrder(client_id=intent.client_id, venue=intent.venue, symbol=intent.symbol)
                )

    def cancel_all(self) -> None:
        """Ask every venue to cancel every order that it might still fill."""
        for order in self.accounts.live_orders():
            intent = order.intent
            self.intents.append(
                CancelOrder(client_id=intent.client_id, venue=intent.venue, symbol=intent.symbol)
            )


def _query(order: Order) -> QueryOrder:
    intent = order.intent
    return QueryOrder(client_id=intent.client_id, venue=intent.venue, symbol=intent.symbol)
