"""OKX's trading endpoints on the core: place, cancel, ask, list; the dead man's switch.

A single order and each of several are judged alike, and told row by row. A single one whose
parameters are missing is refused as a request (unconfirmed). Closed orders are listed for 7 days,
those cancelled without a fill for 2 hours, fills for 3 days (www.okx.com/docs-v5/en,
order-book-trading-trade, read 2026-11-22).
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from arbitrage.domain.errors import OrderRefused
from arbitrage.domain.units import NS_PER_DAY, NS_PER_MS, NS_PER_SECOND
from arbitrage.sim.order_records import SimFill, SimOrder
from arbitrage.sim.protocols.okx_errors import OkxRefusal, order_row, overall, refusal_of
from arbitrage.sim.protocols.okx_form import OrderForm
from arbitrage.sim.protocols.okx_markets import Markets, kind_of
from arbitrage.sim.protocols.okx_orders import (
    CANCELED_BY_SWITCH,
    fill_object,
    order_object,
)
from arbitrage.sim.protocols.okx_params import (
    Page,
    inst_type_of,
    many_of_body,
    needed,
    one_of_body,
    whole,
)
from arbitrage.sim.protocols.okx_wire import Ids, Json, Params, ms
from arbitrage.sim.venue_core import SimVenueCore

MAX_ORDERS: Final = 20
SWITCH_SECONDS: Final = (10, 120)
_MEMORY_NS: Final = 7 * NS_PER_DAY
_UNFILLED_MEMORY_NS: Final = 2 * 3_600 * NS_PER_SECOND
_FILLS_MEMORY_NS: Final = 3 * NS_PER_DAY


class Told(NamedTuple):
    """What became of a request for orders: its code, its message, a row for each order."""

    code: str
    message: str
    rows: list[Json]


class TradingDesk:
    """Orders of the one account."""

    def __init__(self, core: SimVenueCore, markets: Markets, ids: Ids) -> None:
        self._core = core
        self._markets = markets
        self._ids = ids
        self._form = OrderForm(markets)
        self._switch_ns: int | None = None

    # --- new orders and cancels ----------------------------------------------------------------

    def check_deadline(self, until: str) -> None:
        """Refuse new orders whose `expTime`, in milliseconds, has passed; empty is for ever."""
        deadline = whole({"expTime": until}, "expTime")
        if deadline is not None and self._core.now_ns > deadline * NS_PER_MS:
            raise OkxRefusal("50036")

    def place(self, body: Any) -> Told:
        """POST /api/v5/trade/order."""
        return self.place_each([one_of_body(body)])

    def place_batch(self, body: Any) -> Told:
        """POST /api/v5/trade/batch-orders."""
        return self.place_each(many_of_body(body, most=MAX_ORDERS))

    def place_each(self, orders: list[Params]) -> Told:
        """Place orders, one after the other."""
        return self._each(orders, self._place)

    def cancel(self, body: Any) -> Told:
        """POST /api/v5/trade/cancel-order."""
        return self.cancel_each([one_of_body(body)])

    def cancel_batch(self, body: Any) -> Told:
        """POST /api/v5/trade/cancel-batch-orders."""
        return self.cancel_each(many_of_body(body, most=MAX_ORDERS))

    def cancel_each(self, orders: list[Params]) -> Told:
        """Cancel orders, one after the other."""
        return self._each(orders, self._cancel)

    def _each(self, orders: list[Params], act: Callable[[Params], SimOrder]) -> Told:
        rows = []
        for params in orders:
            client_id, order_id = params.get("clOrdId", ""), params.get("ordId", "")
            refusal = None
            try:
                order = act(params)
                client_id, order_id = order.request.client_id, self._ids.text(order.id)
            except OkxRefusal as error:
                if error.code == "50014" and len(orders) == 1:
                    raise
                refusal = error
            rows.append(order_row(client_id, order_id, self._core.now_ns, refusal))
        return Told(*overall(rows), rows)

    def _place(self, params: Params) -> SimOrder:
        wanted = self._form.read(params)
        try:
            return self._core.place(wanted)
        except OrderRefused as error:
            rules = self._core.instruments[wanted.symbol]
            is_paid_in_quote = rules.is_perpetual or wanted.side.sign > 0
            currency = rules.quote if is_paid_in_quote else rules.base
            raise refusal_of(error.reason, currency) from error

    def _cancel(self, params: Params) -> SimOrder:
        order = self._find(params)
        if order is None or not self._core.cancel(order):
            raise OkxRefusal("51400")
        return order

    def _find(self, params: Params) -> SimOrder | None:
        """The order that is meant, the latest of its client id; the venue's id goes first."""
        symbol = self._markets.rules(needed(params, "instId")).symbol
        order_id, client_id = params.get("ordId", ""), params.get("clOrdId", "")
        if not (order_id or client_id):
            raise OkxRefusal("51003")
        orders = self._core.orders
        found = (
            orders.get(self._ids.number(order_id)) if order_id else orders.by_client_id(client_id)
        )
        return found if found is not None and found.request.symbol == symbol else None

    # --- the dead man's switch -----------------------------------------------------------------

    def cancel_all_after(self, body: Any) -> list[Json]:
        """POST /api/v5/trade/cancel-all-after: 0 ends it."""
        params = one_of_body(body)
        needed(params, "timeOut")
        seconds = whole(params, "timeOut") or 0
        least, most = SWITCH_SECONDS
        if seconds and not least <= seconds <= most:
            raise OkxRefusal("51000", "timeOut")
        now_ns = self._core.now_ns
        self._switch_ns = now_ns + seconds * NS_PER_SECOND if seconds else None
        trigger = ms(self._switch_ns) if self._switch_ns is not None else "0"
        return [{"triggerTime": trigger, "tag": "", "ts": ms(now_ns)}]

    def check_switch(self) -> int:
        """Cancel everything if nobody has renewed the switch in time; returns in how many ns it is
        due, zero if it is not set."""
        if self._switch_ns is None:
            return 0
        wait_ns = self._switch_ns - self._core.now_ns
        if wait_ns > 0:
            return wait_ns
        self._switch_ns = None
        for order in self._core.orders.open():
            self._core.cancel(order, CANCELED_BY_SWITCH)
        return 0

    # --- questions -----------------------------------------------------------------------------

    def order(self, params: Params) -> list[Json]:
        """GET /api/v5/trade/order."""
        order = self._find(params)
        if order is None or not self._is_remembered(order):
            raise OkxRefusal("51603")
        return [self.object_of(order)]

    def pending(self, params: Params) -> list[Json]:
        """GET /api/v5/trade/orders-pending."""
        return self._listed(params, lambda order: order.is_open)

    def history(self, params: Params) -> list[Json]:
        """GET /api/v5/trade/orders-history and -archive."""
        inst_type_of(params, is_needed=True)
        return self._listed(params, lambda order: not order.is_open and self._is_remembered(order))

    def _listed(self, params: Params, is_meant: Callable[[SimOrder], bool]) -> list[Json]:
        kind, symbol = inst_type_of(params), params.get("instId", "")
        state, kinds = params.get("state", ""), params.get("ordType", "")
        listed = [
            (order, self.object_of(order))
            for order in self._core.orders.all(symbol)
            if is_meant(order)
        ]
        found = [
            (order.id, order.created_ns, told)
            for order, told in listed
            if kind in ("", told["instType"])
            and state in ("", told["state"])
            and (not kinds or told["ordType"] in kinds.split(","))
        ]
        return Page(params, self._ids.number).rows(found)

    def _is_remembered(self, order: SimOrder) -> bool:
        memory_ns = _MEMORY_NS if order.filled_qty else _UNFILLED_MEMORY_NS
        return order.is_open or self._core.now_ns - order.updated_ns <= memory_ns

    def fills(self, params: Params) -> list[Json]:
        """GET /api/v5/trade/fills."""
        return self._fills(params, self._core.now_ns - _FILLS_MEMORY_NS)

    def fills_history(self, params: Params) -> list[Json]:
        """GET /api/v5/trade/fills-history: three months, so all."""
        inst_type_of(params, is_needed=True)
        return self._fills(params, 0)

    def _fills(self, params: Params, since_ns: int) -> list[Json]:
        kind, of_order = inst_type_of(params), params.get("ordId", "")
        found = [
            (fill.trade_id, fill.ts_ns, self._fill_object(order, fill))
            for order, fill in self._all_fills(params.get("instId", ""))
            if fill.ts_ns >= since_ns
            and kind in ("", kind_of(self._core.instruments[order.request.symbol]))
            and of_order in ("", self._ids.text(order.id))
        ]
        found.sort(key=lambda one: one[0])
        return Page(params, self._ids.number).rows(found)

    def _all_fills(self, symbol: str) -> Iterator[tuple[SimOrder, SimFill]]:
        return ((order, fill) for order in self._core.orders.all(symbol) for fill in order.fills)

    # --- objects -------------------------------------------------------------------------------

    def object_of(self, order: SimOrder) -> Json:
        symbol = order.request.symbol
        rules, fees = self._core.instruments[symbol], self._core.fees(symbol)
        return order_object(order, rules, fees, self._ids, None)

    def _fill_object(self, order: SimOrder, fill: SimFill) -> Json:
        symbol = order.request.symbol
        rules, fees = self._core.instruments[symbol], self._core.fees(symbol)
        return fill_object(order, fill, rules, fees.rate(is_maker=fill.is_maker), self._ids)
