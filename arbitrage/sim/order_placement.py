"""How an order at a simulated venue becomes orders at the paper venue's matching, and its fills.

One order is usually one *part* there. Where it would meet another of the same account on its way,
it goes in several: what the market gives before, the meeting, what comes after. Whether it is
refused is decided for the whole order first; then every step is told as `OrderChanged`.
"""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from itertools import count

from arbitrage.domain.errors import OrderRefused
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import OrderType, PlaceOrder, TimeInForce
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.position import Position
from arbitrage.domain.units import ONE, ZERO, floor_to
from arbitrage.exchanges.base import GREATEST_NUMBER
from arbitrage.exchanges.paper.account import fee_on_top
from arbitrage.exchanges.paper.admission import limit_of, rule_refusal
from arbitrage.exchanges.paper.clearing import Clearing
from arbitrage.exchanges.paper.exact import fee_amount, product
from arbitrage.exchanges.paper.execution import Execution, Fills
from arbitrage.exchanges.paper.market import PaperMarket
from arbitrage.exchanges.paper.matching import RestingOrder, taken_qty
from arbitrage.sim.core_events import Change, OrderChanged
from arbitrage.sim.order_records import (
    ClientIdRule,
    NewOrder,
    OrderRecords,
    SelfTrade,
    SimFill,
    SimOrder,
)


class OrderPlacement:
    """The orders of the one account of a simulated venue.

    `clearing` must not know of minimums: they are checked here, by `instruments`, for whole
    orders. `kept_refusals` are reasons for which an order is taken in and cancelled at once
    instead of refused. While `is_next_doomed`, the next order is taken in but kept from matching
    until `withdraw_doomed`. `stamp` gives the venue's visible time; all other times are true ones.
    """

    def __init__(
        self,
        clearing: Clearing,
        instruments: Mapping[str, Instrument],
        *,
        client_ids: ClientIdRule,
        kept_refusals: Collection[str],
        stamp: Callable[[], int],
        tell: Callable[[OrderChanged], None],
        execution_of: Callable[..., Execution],
    ) -> None:
        self.records = OrderRecords(client_ids)
        self.trade_ids = count(1)
        self.execution = execution_of(
            clearing=clearing, report=self._on_report, on_fills=self._on_fills
        )
        self._clearing = clearing
        self._instruments = instruments
        self._kept_refusals = frozenset(kept_refusals)
        self._stamp = stamp
        self._tell = tell
        self._order_ids = count(1)
        self._part_ids = count(1)
        self._orders_of_parts: dict[str, SimOrder] = {}
        self._resting_parts: dict[int, str] = {}
        self._positions: dict[str, Position] = {}
        # Orders that are not closed by the word on a part, but by whoever holds them; what the
        # last word was.
        self._held: set[int] = set()
        self._last_word = (OrderStatus.OPEN, "")
        self.is_next_doomed = False
        self._doomed: dict[int, SimOrder] = {}

    # --- arriving ------------------------------------------------------------------------------

    def place(self, wanted: NewOrder, now_ns: int) -> SimOrder:
        """Take in an order and match it. Raises `OrderRefused` with the reason."""
        reason = self.refusal(wanted)
        if wanted.client_id:
            self.records.claim(wanted.client_id)
        if reason is not None and reason not in self._kept_refusals:
            raise OrderRefused(
                f"{self._clearing.venue} {wanted.symbol}: {wanted.side.value} of "
                f"{wanted.qty or wanted.cost} at {wanted.price} is refused: {reason}",
                reason,
            )
        ts_ns = self._stamp()
        qty = self._qty(wanted)
        order = SimOrder(
            id=next(self._order_ids), request=wanted, qty=qty, created_ns=ts_ns, updated_ns=ts_ns
        )
        self.records.add(order)
        self._tell(OrderChanged(ts_ns, order, Change.NEW))
        if reason is not None:
            self._close(order, OrderStatus.CANCELED, reason)
        elif self.is_next_doomed:
            self.is_next_doomed = False
            self._doomed[order.id] = order
        else:
            self._match(order, now_ns)
        return order

    def refusal(self, wanted: NewOrder) -> str | None:
        """Why an order would be refused now, None if it would not; nothing is changed."""
        if wanted.client_id and self.records.is_taken(wanted.client_id):
            return "duplicate_client_id"
        rules = self._instruments.get(wanted.symbol)
        if rules is None:
            return "unknown_symbol"
        market = self._clearing.market(wanted.symbol)
        if wanted.cost is not None and (wanted.price is None) and not self._opposite(wanted):
            return "no_book"
        if wanted.cost is not None and wanted.cost < rules.min_notional:
            return "min_notional"
        if wanted.cost is not None or wanted.reduce_only:
            rules = self._clearing.instrument(wanted.symbol)
        intent = self._intent(wanted, self._qty(wanted))
        return (
            rule_refusal(intent, rules, market)
            or self._cost_refusal(wanted, rules)
            or self.execution.refusal(intent)
            or self._time_in_force_refusal(wanted, intent, market)
        )

    def _cost_refusal(self, wanted: NewOrder, rules: Instrument) -> str | None:
        """Whether the account can pay for an order by cost and its fee."""
        if wanted.cost is None or rules.is_perpetual or wanted.side.sign < 0:
            return None
        fees = self._clearing.fees(wanted.symbol)
        needed = product(wanted.cost, ONE + fee_on_top(rules, fees))
        available = self._clearing.account.available(rules.quote)
        return "insufficient_balance" if needed > available else None

    def _time_in_force_refusal(
        self, wanted: NewOrder, intent: PlaceOrder, market: PaperMarket
    ) -> str | None:
        own = self._own_in_the_way(wanted, market)
        if wanted.time_in_force is TimeInForce.POST_ONLY and own:
            return "post_only"
        if wanted.time_in_force is TimeInForce.FOK:
            lot_size = self._clearing.instrument(wanted.symbol).lot_size
            takes = market.takes(wanted.side, intent.qty, limit_of(intent), lot_size)
            offered = taken_qty(takes)
            if wanted.self_trade is SelfTrade.MEET:
                offered += sum((resting.remaining for resting in own), ZERO)
            if offered < intent.qty:
                return "fok_not_filled"
        return None

    def _qty(self, wanted: NewOrder) -> Decimal:
        """The native quantity of an order; of one by cost, what its cost can buy."""
        if wanted.qty is not None:
            return wanted.qty
        rules = self._clearing.instrument(wanted.symbol)
        cost, multiplier = wanted.cost or ZERO, rules.contract_multiplier
        if wanted.price is not None:
            return floor_to(cost / (wanted.price * multiplier), rules.lot_size)
        qty = ZERO
        market = self._clearing.market(wanted.symbol)
        for take in market.takes(wanted.side, GREATEST_NUMBER, None, rules.lot_size):
            whole = product(take.price, take.qty, multiplier)
            if whole > cost:
                return qty + floor_to(cost / (take.price * multiplier), rules.lot_size)
            qty += take.qty
            cost -= whole
        return qty

    def _opposite(self, wanted: NewOrder) -> bool:
        market = self._clearing.market(wanted.symbol)
        return bool(market.asks if wanted.side.sign > 0 else market.bids)

    # --- matching ------------------------------------------------------------------------------

    def _match(self, order: SimOrder, now_ns: int) -> None:
        """Let the market, and orders of the same account, meet an order that was taken in."""
        wanted = order.request
        market = self._clearing.market(wanted.symbol)
        self._held.add(order.id)
        is_stopped = False
        for maker in self._own_in_the_way(wanted, market):
            price = maker.order.intent.price
            lot_size = self._clearing.instrument(wanted.symbol).lot_size
            before = taken_qty(market.takes(wanted.side, order.remaining_qty, price, lot_size))
            if before:
                self._send_part(order, before, price, TimeInForce.IOC, now_ns)
            if not order.remaining_qty:
                break
            is_stopped = self._meet(order, maker, now_ns)
            if is_stopped:
                break
        status, reason = OrderStatus.FILLED, ""
        if is_stopped:
            order.prevented_qty += order.remaining_qty
        if order.remaining_qty > 0:
            self._send_part(order, order.remaining_qty, wanted.price, wanted.time_in_force, now_ns)
            status, reason = self._last_word
        elif order.prevented_qty:
            status, reason = OrderStatus.CANCELED, "self_trade"
        self._held.discard(order.id)
        if status is not OrderStatus.OPEN:
            self._close(order, status, reason)

    def _meet(self, order: SimOrder, resting: RestingOrder, now_ns: int) -> bool:
        """Let an arriving order meet one of the same account; True if it ends there."""
        maker = self._orders_of_parts[resting.order.client_id]
        overlap = min(order.remaining_qty, resting.remaining)
        policy = order.request.self_trade
        if policy in (SelfTrade.CANCEL_MAKER, SelfTrade.CANCEL_BOTH):
            self._shrink(maker, maker.remaining_qty, now_ns)
        elif policy is SelfTrade.REDUCE:
            self._shrink(maker, overlap, now_ns)
            order.prevented_qty += overlap
            if order.remaining_qty:
                self._tell(OrderChanged(self._stamp(), order, Change.PREVENTED))
        elif policy is SelfTrade.MEET:
            taker = self._intent(order.request, overlap)
            self._orders_of_parts[taker.client_id] = order
            self.execution.meet_own(taker, resting.order.client_id, now_ns)
        return policy in (SelfTrade.CANCEL_TAKER, SelfTrade.CANCEL_BOTH)

    def _own_in_the_way(self, wanted: NewOrder, market: PaperMarket) -> list[RestingOrder]:
        """Orders of the account at rest that `wanted` is willing to trade with, best first."""
        limit = None if wanted.order_type is OrderType.MARKET else wanted.price
        side = wanted.side
        return [
            resting
            for resting in market.by_priority(side.opposite)
            if limit is None or (float(limit) - resting.level) * side.sign >= 0
        ]

    def _shrink(self, maker: SimOrder, qty: Decimal, now_ns: int) -> None:
        """Prevent `qty` of an order at rest; what is left loses its place in the queue."""
        self._held.add(maker.id)
        self.execution.cancel(self._resting_parts[maker.id], now_ns)
        self._held.discard(maker.id)
        maker.prevented_qty += qty
        if maker.remaining_qty > 0:
            self._tell(OrderChanged(self._stamp(), maker, Change.PREVENTED))
            wanted = maker.request
            self._send_part(maker, maker.remaining_qty, wanted.price, TimeInForce.GTC, now_ns)
        else:
            self._close(maker, OrderStatus.CANCELED, "self_trade")

    def _send_part(
        self,
        order: SimOrder,
        qty: Decimal,
        price: Decimal | None,
        time_in_force: TimeInForce,
        now_ns: int,
    ) -> None:
        part = self._intent(order.request, qty, price, time_in_force)
        self._orders_of_parts[part.client_id] = order
        self.execution.place(part, now_ns)

    def _intent(
        self,
        wanted: NewOrder,
        qty: Decimal,
        price: Decimal | None = None,
        time_in_force: TimeInForce | None = None,
    ) -> PlaceOrder:
        """`qty` of an order, in the words of the paper venue."""
        price = wanted.price if price is None else price
        return PlaceOrder(
            client_id=f"p{next(self._part_ids)}",
            venue=self._clearing.venue,
            symbol=wanted.symbol,
            side=wanted.side,
            qty=qty,
            price=price,
            order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
            time_in_force=time_in_force or wanted.time_in_force,
            reduce_only=wanted.reduce_only,
        )

    # --- closing -------------------------------------------------------------------------------

    def cancel(self, order: SimOrder, now_ns: int, reason: str = "") -> bool:
        """Cancel an order; False if it was closed already."""
        if not order.is_open:
            return False
        if self._doomed.pop(order.id, None) is None:
            self._held.add(order.id)
            self.execution.cancel(self._resting_parts[order.id], now_ns)
            self._held.discard(order.id)
        self._close(order, OrderStatus.CANCELED, reason)
        return True

    def withdraw_doomed(self, now_ns: int) -> None:
        """Close the orders that were taken in only to be refused after all."""
        for order in list(self._doomed.values()):
            self.cancel(order, now_ns, "withdrawn")

    def _close(self, order: SimOrder, status: OrderStatus, reason: str) -> None:
        order.status, order.reason, order.updated_ns = status, reason, self._stamp()
        self.records.closed(order)
        self._tell(OrderChanged(order.updated_ns, order, Change.CLOSED))

    # --- what the matching says ----------------------------------------------------------------

    def _on_report(self, part: Order, _now_ns: int) -> None:
        order = self._orders_of_parts[part.client_id]
        self._last_word = (part.status, part.reason)
        if part.is_live:
            self._resting_parts[order.id] = part.client_id
            return
        del self._orders_of_parts[part.client_id]
        if self._resting_parts.get(order.id) == part.client_id:
            del self._resting_parts[order.id]
        if order.id not in self._held:
            self._close(order, part.status, part.reason)

    def _on_fills(self, fills: Fills) -> None:
        order = self._orders_of_parts[fills.order.client_id]
        rules = self._clearing.instrument(order.request.symbol)
        costs = [product(t.price, t.qty, rules.contract_multiplier) for t in fills.takes]
        for take, cost, fee in zip(fills.takes, costs, _shares(fills.fee, costs), strict=True):
            order.filled_qty += take.qty
            order.filled_cost += cost
            order.fee += fee
            order.updated_ns = self._stamp()
            fill = SimFill(
                trade_id=next(self.trade_ids),
                ts_ns=order.updated_ns,
                price=take.price,
                qty=take.qty,
                cost=cost,
                fee=fee,
                fee_currency=fills.fee_currency,
                is_maker=fills.is_maker,
                realised_pnl=self._realised(order, take.qty, cost),
                cumulative_qty=order.filled_qty,
                cumulative_cost=order.filled_cost,
                cumulative_fee=order.fee,
            )
            order.fills.append(fill)
            self._tell(OrderChanged(order.updated_ns, order, Change.TRADE, fill))

    def _realised(self, order: SimOrder, qty: Decimal, cost: Decimal) -> Decimal:
        """What a fill realises on a perpetual's position, zero on spot."""
        rules = self._clearing.instrument(order.request.symbol)
        if not rules.is_perpetual:
            return ZERO
        position = self._positions.setdefault(rules.symbol, Position())
        return position.apply(order.request.side, qty, cost)

    def position_was_closed(self, symbol: str) -> None:
        """Take in what liquidation left of a position."""
        held = self._clearing.account.margin.position(self._clearing.instrument(symbol)).position
        self._positions[symbol] = Position(held.qty, held.entry_cost)


def _shares(amount: Decimal, costs: list[Decimal]) -> list[Decimal]:
    """`amount` shared out by cost; the last share takes what rounding leaves."""
    whole = sum(costs, ZERO)
    shares = [fee_amount(amount * cost / whole) for cost in costs[:-1]]
    return [*shares, amount - sum(shares, ZERO)]
