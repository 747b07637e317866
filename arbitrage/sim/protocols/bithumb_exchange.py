"""Bithumb's exchange API on the core: accounts and orders, as plain functions of parameters.

Each answers a JSON value and raises `BithumbRefusal` or `InvalidValue`; HTTP, tokens and limits
are `bithumb`'s affair. Neither the answer to a new order nor the one to a cancel tells a state.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from arbitrage.domain.errors import OrderRefused
from arbitrage.domain.units import NS_PER_DAY
from arbitrage.sim.order_records import SimOrder
from arbitrage.sim.protocols.bithumb_errors import BithumbRefusal, refusal_of
from arbitrage.sim.protocols.bithumb_orders import (
    cancel_object,
    order_object,
    read_order,
    second_version,
    state_of,
    taken_object,
)
from arbitrage.sim.protocols.bithumb_wire import order_id_of, order_name
from arbitrage.sim.protocols.korean_account import chance_object
from arbitrage.sim.protocols.korean_errors import InvalidValue, Refusal
from arbitrage.sim.protocols.korean_orders import SIDE_NAMES, in_order
from arbitrage.sim.protocols.korean_params import Params, span_ns, states, whole_number
from arbitrage.sim.venue_core import SimVenueCore

CANCEL_SECONDS: Final = 0.005
MAX_BATCH: Final = 20
_OPEN_STATES: Final = frozenset({"wait", "watch"})
_CLOSED_STATES: Final = frozenset({"done", "cancel"})
_LONGEST_SPAN_NS: Final = 7 * NS_PER_DAY
_BID_TYPES: Final = ("limit", "price", "best")
_ASK_TYPES: Final = ("limit", "market", "best")
_MAX_PAGE: Final = 1_000_000


class BithumbAccount:
    """The one account of the venue, as the exchange API shows and commands it."""

    def __init__(self, core: SimVenueCore) -> None:
        self._core = core

    def chance(self, params: Params) -> dict[str, Any]:
        """GET /v1/orders/chance?market."""
        rules = self._core.instruments.get(str(params.get("market")))
        if rules is None:
            raise BithumbRefusal("currency does not have a valid value")
        return chance_object(self._core, rules, bid_types=_BID_TYPES, ask_types=_ASK_TYPES)

    # --- orders placed and cancelled -----------------------------------------------------------

    def place(self, body: Params) -> dict[str, Any]:
        """POST /v2/orders. A client id that an order has already brings that order back, and
        makes none (bithumb-official/bithumb-ai-trade-kit, read 2026-11-22)."""
        wanted = read_order(self._core, body)
        known = self._core.orders.by_client_id(wanted.client_id)
        if wanted.client_id and known is not None:
            return taken_object(known)
        try:
            return taken_object(self._core.place(wanted))
        except OrderRefused as refused:
            raise refusal_of(refused.reason, SIDE_NAMES[wanted.side]) from refused

    def place_batch(self, body: Params) -> dict[str, Any]:
        """POST /v2/orders/batch {batch_orders}: each as if it came alone."""
        asked = body.get("batch_orders")
        is_list = isinstance(asked, list) and all(isinstance(each, dict) for each in asked)
        if not is_list or not asked or len(asked) > MAX_BATCH:
            raise InvalidValue(f"expected 1 to {MAX_BATCH} batch_orders")
        return {"batch_orders_response": [self._placed_of_many(each) for each in asked]}

    def _placed_of_many(self, body: Params) -> dict[str, Any]:
        try:
            return self.place(body)
        except (Refusal, InvalidValue) as error:
            refusal = BithumbRefusal.of(error)
            told = {"code": refusal.name, "message": refusal.message}
            client_id = body.get("client_order_id")
            return told | ({"client_order_id": client_id} if client_id else {})

    def cancel(self, params: Params) -> dict[str, str]:
        """DELETE /v2/order?order_id|client_order_id: taken in, and carried out a moment later."""
        order = self._found(params, "order_id")
        if not order.is_open:
            raise BithumbRefusal("order_not_found")
        self._cancel_soon([order])
        return cancel_object(order)

    def cancel_batch(self, body: Params) -> dict[str, Any]:
        """POST /v2/orders/cancel {order_ids|client_order_ids}."""
        asked = self._by_ids(body, "order_ids", "client_order_ids", most=MAX_BATCH)
        taken = [order for _, order in asked if order is not None and order.is_open]
        failed = [name for name, order in asked if order is None or not order.is_open]
        self._cancel_soon(taken)
        is_own = bool(body.get("client_order_ids"))
        return {
            "success": [cancel_object(order) for order in taken],
            "fail": [
                {
                    "client_order_id" if is_own else "order_id": name,
                    "code": "order_not_found",
                    "message": BithumbRefusal("order_not_found").message,
                }
                for name in failed
            ],
        }

    def _cancel_soon(self, orders: list[SimOrder]) -> None:
        def cancel() -> None:
            for order in orders:
                self._core.cancel(order)

        asyncio.get_running_loop().call_later(CANCEL_SECONDS, cancel)

    # --- orders asked for ----------------------------------------------------------------------

    def order(self, params: Params) -> dict[str, Any]:
        """GET /v1/order?uuid|client_order_id."""
        return order_object(self._core, self._found(params, "uuid"), has_trades=True)

    def orders(self, params: Params) -> list[dict[str, Any]]:
        """GET /v1/orders?market&state|states[]&uuids[]|client_order_ids[]&page&limit&order_by:
        those that wait, unless asked otherwise."""
        asked = states(params) or {"wait"}
        if asked & _OPEN_STATES and asked & _CLOSED_STATES:
            raise InvalidValue("state: those that wait and those that ended are not told together")
        limit = whole_number(params, "limit", default=100, most=100)
        page = whole_number(params, "page", default=1, most=_MAX_PAGE)
        found = in_order(self._matching(params, asked), params)
        if params.get("uuids[]") or params.get("client_order_ids[]"):
            by_ids = self._by_ids(params, "uuids[]", "client_order_ids[]", most=100)
            wanted = {order.id for _, order in by_ids if order is not None}
            found = [order for order in found if order.id in wanted]
        return self._objects(found[(page - 1) * limit : page * limit])

    def pending(self, params: Params) -> dict[str, Any]:
        """GET /v2/orders/pending?market&state&limit&order_by&next_key."""
        return self._page(params, self._matching(params, states(params) or {"wait"}), most=100)

    def history(self, params: Params) -> dict[str, Any]:
        """GET /v2/orders/history?market&state|states[]&start_time&end_time&limit&order_by&next_key:
        at most seven days of those that ended."""
        start_ns, end_ns = span_ns(params, self._core.now_ns, _LONGEST_SPAN_NS)
        if end_ns - start_ns > _LONGEST_SPAN_NS:
            raise InvalidValue("start_time and end_time are more than 7 days apart")
        asked = states(params) or _CLOSED_STATES
        found = [
            order
            for order in self._matching(params, asked & _CLOSED_STATES)
            if start_ns <= order.created_ns <= end_ns
        ]
        return self._page(params, found, most=1000)

    def search(self, body: Params) -> dict[str, Any]:
        """POST /v2/orders/search {order_ids|client_order_ids}: those that are known."""
        asked = self._by_ids(body, "order_ids", "client_order_ids", most=100)
        found = [order for _, order in asked if order is not None]
        return {"data": [second_version(told) for told in self._objects(found)]}

    def _page(self, params: Params, orders: list[SimOrder], *, most: int) -> dict[str, Any]:
        """A page of orders; its key is that of the last one on it."""
        limit = whole_number(params, "limit", default=100, most=most)
        found = in_order(orders, params)
        last_id = order_id_of(str(params.get("next_key") or ""))
        if last_id:
            places = [place for place, order in enumerate(found) if order.id == last_id]
            found = found[places[0] + 1 :] if places else []
        page, has_next = found[:limit], len(found) > limit
        key = order_name(page[-1].id, page[-1].created_ns) if has_next else None
        told = [second_version(each) for each in self._objects(page)]
        return {"data": told, "has_next": has_next, "next_key": key}

    # --- finding and writing -------------------------------------------------------------------

    def _found(self, params: Params, id_name: str) -> SimOrder:
        """The order of an id of the venue's or, without one, of our own."""
        name, client_id = params.get(id_name), params.get("client_order_id")
        if not name and not client_id:
            raise InvalidValue(f"{id_name} or client_order_id is missing")
        orders = self._core.orders
        order = self._by_name(str(name)) if name else orders.by_client_id(str(client_id))
        if order is None:
            raise BithumbRefusal("order_not_found")
        return order

    def _by_name(self, name: str) -> SimOrder | None:
        order = self._core.orders.get(order_id_of(name))
        is_it = order is not None and order_name(order.id, order.created_ns) == name
        return order if is_it else None

    def _by_ids(
        self, params: Params, names: str, client_ids: str, *, most: int
    ) -> list[tuple[str, SimOrder | None]]:
        by_name, by_client_id = params.get(names) or [], params.get(client_ids) or []
        asked = by_name or by_client_id
        if bool(by_name) == bool(by_client_id) or len(asked) > most:
            raise InvalidValue(f"expected up to {most} {names} or {client_ids}")
        find: Callable[[str], SimOrder | None]
        find = self._by_name if by_name else self._core.orders.by_client_id
        return [(each, find(each)) for each in asked]

    def _matching(self, params: Params, asked: set[str] | frozenset[str]) -> list[SimOrder]:
        market = str(params.get("market") or "")
        return [order for order in self._core.orders.all(market) if state_of(order) in asked]

    def _objects(self, orders: list[SimOrder]) -> list[dict[str, Any]]:
        return [order_object(self._core, order) for order in orders]
