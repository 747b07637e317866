"""Upbit's exchange API on the core: accounts and orders, as plain functions of parameters.

Each answers a JSON value and raises `UpbitRefusal` or `InvalidValue`; HTTP, tokens and limits are
`upbit`'s affair. A cancel is answered when it is accepted, the order still `wait`, and carried
out a moment later.
"""

import asyncio
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from arbitrage.domain.errors import OrderRefused
from arbitrage.domain.units import NS_PER_DAY, plain
from arbitrage.sim.order_records import NewOrder, SimOrder
from arbitrage.sim.protocols.korean_account import chance_object
from arbitrage.sim.protocols.korean_errors import InvalidValue
from arbitrage.sim.protocols.korean_orders import SIDE_NAMES, in_order
from arbitrage.sim.protocols.korean_params import (
    Params,
    choice,
    names,
    span_ns,
    states,
    whole_number,
)
from arbitrage.sim.protocols.upbit_errors import UpbitRefusal, refusal_of
from arbitrage.sim.protocols.upbit_orders import OrderForm, as_accepted, order_object, state_of
from arbitrage.sim.protocols.upbit_wire import order_id_of, order_uuid
from arbitrage.sim.venue_core import SimVenueCore

CANCEL_SECONDS: Final = 0.005
_CLOSED_SPAN_NS: Final = 7 * NS_PER_DAY
_BID_TYPES: Final = ("best_fok", "best_ioc", "limit", "limit_fok", "limit_ioc", "price")
_ASK_TYPES: Final = ("best_fok", "best_ioc", "limit", "limit_fok", "limit_ioc", "market")


class UpbitAccount:
    """The one account of the venue, as the exchange API shows and commands it."""

    def __init__(self, core: SimVenueCore) -> None:
        self._core = core
        self._form = OrderForm(core)

    def chance(self, params: Params) -> dict[str, Any]:
        """GET /v1/orders/chance?market."""
        market = choice(params, "market", self._core.instruments)
        rules = self._core.instruments[market]
        return chance_object(self._core, rules, bid_types=_BID_TYPES, ask_types=_ASK_TYPES)

    # --- orders placed -------------------------------------------------------------------------

    def place(self, body: Params) -> dict[str, Any]:
        """POST /v1/orders."""
        wanted = self._form.read(body)
        return self._object(as_accepted(self._placed(wanted)))

    def _placed(self, wanted: NewOrder) -> SimOrder:
        side = SIDE_NAMES[wanted.side]
        if self._form.is_too_large(wanted):
            raise refusal_of("volume_too_large", side)
        try:
            return self._core.place(wanted)
        except OrderRefused as refused:
            raise refusal_of(refused.reason, side) from refused

    def test(self, body: Params) -> dict[str, Any]:
        """POST /v1/orders/test: every check, no order."""
        wanted = self._form.read(body)
        reason = self._core.refusal(wanted)
        if reason is not None and reason not in ("post_only", "fok_not_filled"):
            raise refusal_of(reason, SIDE_NAMES[wanted.side])
        now_ns = self._core.now_ns
        qty = wanted.qty or Decimal(0)
        draft = SimOrder(id=0, request=wanted, qty=qty, created_ns=now_ns, updated_ns=now_ns)
        return self._object(draft)

    def cancel_and_new(self, body: Params) -> dict[str, Any]:
        """POST /v1/orders/cancel_and_new: the order cancelled, with the ids of the new one.

        The new order is made only once the old one is cancelled; where it is refused, the old one
        stays cancelled.
        """
        names = {"uuid": "prev_order_uuid", "identifier": "prev_order_identifier"}
        previous = self._found({name: body.get(wire) for name, wire in names.items()})
        volume = body.get("new_volume")
        if volume == "remain_only":
            volume = plain(previous.remaining_qty)
        wanted = self._form.read(
            {
                "market": previous.request.symbol,
                "side": SIDE_NAMES[previous.request.side],
                "ord_type": body.get("new_ord_type"),
                "price": body.get("new_price"),
                "volume": volume,
                "identifier": body.get("new_identifier"),
                "time_in_force": body.get("new_time_in_force"),
                "smp_type": body.get("new_smp_type"),
            }
        )
        if not self._core.cancel(previous):
            raise UpbitRefusal("order_not_found")
        order = self._placed(wanted)
        told = self._object(previous)
        told["new_order_uuid"] = order_uuid(order.id, order.created_ns)
        if wanted.client_id:
            told["new_order_identifier"] = wanted.client_id
        return told

    # --- orders asked for ----------------------------------------------------------------------

    def order(self, params: Params) -> dict[str, Any]:
        """GET /v1/order?uuid|identifier."""
        return self._object(self._found(params), has_trades=True)

    def open_orders(self, params: Params) -> list[dict[str, Any]]:
        """GET /v1/orders/open?market&state&page&limit&order_by."""
        orders = self._core.orders.open(str(params.get("market") or ""))
        if "watch" in states(params) and "wait" not in states(params):
            orders = []
        limit = whole_number(params, "limit", default=100, most=100)
        page = whole_number(params, "page", default=1, most=1_000_000)
        return self._objects(in_order(orders, params)[(page - 1) * limit : page * limit])

    def closed_orders(self, params: Params) -> list[dict[str, Any]]:
        """GET /v1/orders/closed?market&state&start_time&end_time&limit&order_by: at most seven
        days of them."""
        start_ns, end_ns = span_ns(params, self._core.now_ns, _CLOSED_SPAN_NS)
        end_ns = min(end_ns, start_ns + _CLOSED_SPAN_NS)
        wanted = states(params) or {"done", "cancel"}
        orders = [
            order
            for order in self._core.orders.all(str(params.get("market") or ""))
            if not order.is_open
            and start_ns <= order.created_ns <= end_ns
            and state_of(order) in wanted
        ]
        limit = whole_number(params, "limit", default=100, most=1000)
        return self._objects(in_order(orders, params)[:limit])

    def orders_by_ids(self, params: Params) -> list[dict[str, Any]]:
        """GET /v1/orders/uuids?uuids[]|identifiers[]: those that are known."""
        found = [order for _, order in self._by_ids(params, most=100) if order is not None]
        return self._objects(in_order(found, params))

    # --- orders cancelled ----------------------------------------------------------------------

    def cancel(self, params: Params) -> dict[str, Any]:
        """DELETE /v1/order?uuid|identifier."""
        order = self._found(params)
        if not order.is_open:
            raise UpbitRefusal("order_not_found")
        self._cancel_soon([order])
        return self._object(order)

    def cancel_by_ids(self, params: Params) -> dict[str, Any]:
        """DELETE /v1/orders/uuids?uuids[]|identifiers[]."""
        asked = self._by_ids(params, most=20)
        return self._cancel_all([order for _, order in asked if order is not None])

    def cancel_open(self, params: Params) -> dict[str, Any]:
        """DELETE /v1/orders/open?cancel_side&pairs|quote_currencies&excluded_pairs&count."""
        side = str(params.get("cancel_side") or "all")
        if side not in ("all", "ask", "bid"):
            raise InvalidValue("cancel_side does not have a valid value")
        pairs, quotes = names(params, "pairs"), names(params, "quote_currencies")
        excluded = names(params, "excluded_pairs")
        orders = [
            order
            for order in self._core.orders.open()
            if side in ("all", SIDE_NAMES[order.request.side])
            and (not pairs or order.request.symbol in pairs)
            and (not quotes or order.request.symbol.partition("-")[0] in quotes)
            and order.request.symbol not in excluded
        ]
        count = whole_number(params, "count", default=20, most=300)
        return self._cancel_all(in_order(orders, params)[:count])

    def _cancel_all(self, orders: Iterable[SimOrder]) -> dict[str, Any]:
        asked = list(orders)
        taken = [order for order in asked if order.is_open]
        self._cancel_soon(taken)
        groups = {"success": taken, "failed": [order for order in asked if not order.is_open]}
        return {
            name: {"count": len(group), "orders": [_ids(order) for order in group]}
            for name, group in groups.items()
        }

    def _cancel_soon(self, orders: list[SimOrder]) -> None:
        def cancel() -> None:
            for order in orders:
                self._core.cancel(order)

        asyncio.get_running_loop().call_later(CANCEL_SECONDS, cancel)

    # --- finding -------------------------------------------------------------------------------

    def _found(self, params: Params) -> SimOrder:
        """The order of a `uuid` or, without one, of an `identifier`."""
        uuid, identifier = params.get("uuid"), params.get("identifier")
        if not uuid and not identifier:
            raise InvalidValue("uuid or identifier is missing")
        order = self._by_id(str(uuid)) if uuid else self._core.orders.by_client_id(str(identifier))
        if order is None:
            raise UpbitRefusal("order_not_found")
        return order

    def _by_id(self, uuid: str) -> SimOrder | None:
        order = self._core.orders.get(order_id_of(uuid))
        is_it = order is not None and order_uuid(order.id, order.created_ns) == uuid
        return order if is_it else None

    def _by_ids(self, params: Params, *, most: int) -> list[tuple[str, SimOrder | None]]:
        uuids, identifiers = params.get("uuids[]") or [], params.get("identifiers[]") or []
        if bool(uuids) == bool(identifiers) or len(uuids or identifiers) > most:
            raise InvalidValue(f"expected up to {most} uuids or identifiers")
        find: Callable[[str], SimOrder | None]
        find = self._by_id if uuids else self._core.orders.by_client_id
        return [(each, find(each)) for each in uuids or identifiers]

    # --- writing -------------------------------------------------------------------------------

    def _object(self, order: SimOrder, **parts: bool) -> dict[str, Any]:
        rate = self._core.fees(order.request.symbol).rate(is_maker=False)
        return order_object(order, rate, **parts)

    def _objects(self, orders: Iterable[SimOrder]) -> list[dict[str, Any]]:
        return [self._object(order, has_funds=True) for order in orders]


def _ids(order: SimOrder) -> dict[str, str]:
    ids = {"uuid": order_uuid(order.id, order.created_ns), "market": order.request.symbol}
    if order.request.client_id:
        ids["identifier"] = order.request.client_id
    return ids
