"""Binance USD-M's order endpoints on the core, as plain functions of parameters.

Each answers a JSON value and raises `BinanceRefusal`; HTTP, signatures and limits are
`binance_usdm`'s affair.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from arbitrage.domain.errors import OrderRefused
from arbitrage.domain.units import plain
from arbitrage.sim.order_records import SimOrder
from arbitrage.sim.protocols.binance_auth import Params
from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_order_search import OrderSearch
from arbitrage.sim.protocols.binance_params import illegal, market_of
from arbitrage.sim.protocols.binance_usdm_errors import refusal_of
from arbitrage.sim.protocols.binance_usdm_form import OrderForm
from arbitrage.sim.protocols.binance_usdm_orders import (
    accepted_object,
    order_object,
    queried_object,
    trade_object,
)
from arbitrage.sim.protocols.binance_wire import Figures, Json
from arbitrage.sim.venue_core import SimVenueCore

MAX_BATCH: Final = 5
_ANSWERS: Final[Mapping[str, Callable[[SimOrder, Figures], Json]]] = {
    "ACK": accepted_object,
    "RESULT": order_object,
}


class TradingDesk:
    """The orders of the one account."""

    def __init__(self, core: SimVenueCore, figures: Mapping[str, Figures]) -> None:
        self._core = core
        self._figures = figures
        self._form = OrderForm(core)
        self._search = OrderSearch(core)

    # --- placing -------------------------------------------------------------------------------

    def place(self, params: Params) -> Json:
        """POST /fapi/v1/order."""
        answer = _ANSWERS.get(params.get("newOrderRespType", "ACK"))
        if answer is None:
            raise BinanceRefusal(-1136)
        wanted = self._form.read(params)
        try:
            order = self._core.place(wanted)
        except OrderRefused as refused:
            least = plain(self._core.instruments[wanted.symbol].min_notional)
            raise refusal_of(refused.reason, least) from refused
        return answer(order, self._figures[wanted.symbol])

    def place_batch(self, params: Params) -> list[Json]:
        """POST /fapi/v1/batchOrders: orders one by one, each answered for itself."""
        asked = _decoded(params, "batchOrders", list[dict[str, Any]])
        return [_answered(self.place, _texts(each)) for each in asked]

    # --- cancelling ----------------------------------------------------------------------------

    def cancel(self, params: Params) -> Json:
        """DELETE /fapi/v1/order."""
        order = self._search.one(params)
        if order is None or not self._core.cancel(order):
            raise BinanceRefusal(-2011)
        return order_object(order, self._figures[order.request.symbol])

    def cancel_batch(self, params: Params) -> list[Json]:
        """DELETE /fapi/v1/batchOrders, by order ids or client ids."""
        names = {name.lower(): text for name, text in params.items()}
        if "orderidlist" in names:
            ids = _decoded(names, "orderidlist", list[int])
            asked = [{"orderId": str(each)} for each in ids]
        else:
            given = _decoded(names, "origclientorderidlist", list[str])
            asked = [{"origClientOrderId": each} for each in given]
        symbol = market_of(params, self._core).symbol
        return [_answered(self.cancel, {"symbol": symbol, **each}) for each in asked]

    def cancel_all(self, params: Params) -> Json:
        """DELETE /fapi/v1/allOpenOrders."""
        for order in self._core.orders.open(market_of(params, self._core).symbol):
            self._core.cancel(order)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    # --- asking --------------------------------------------------------------------------------

    def order(self, params: Params) -> Json:
        """GET /fapi/v1/order."""
        order = self._search.one(params)
        if order is None:
            raise BinanceRefusal(-2013)
        return self._queried(order)

    def open_order(self, params: Params) -> Json:
        """GET /fapi/v1/openOrder: the same while it is open."""
        order = self._search.one(params)
        if order is None or not order.is_open:
            raise BinanceRefusal(-2013)
        return self._queried(order)

    def open_orders(self, params: Params) -> list[Json]:
        """GET /fapi/v1/openOrders, of one market or of all."""
        return [self._queried(each) for each in self._search.open(params)]

    def all_orders(self, params: Params) -> list[Json]:
        """GET /fapi/v1/allOrders."""
        return [self._queried(each) for each in self._search.all(params)]

    def user_trades(self, params: Params) -> list[Json]:
        """GET /fapi/v1/userTrades."""
        return [
            trade_object(order, fill, self._figures[order.request.symbol])
            for order, fill in self._search.fills(params)
        ]

    def _queried(self, order: SimOrder) -> Json:
        return queried_object(order, self._figures[order.request.symbol])


def _answered(handler: Callable[[Params], Json], params: Params) -> Json:
    """The answer to one of several: a refusal concerns that one alone."""
    try:
        return handler(params)
    except BinanceRefusal as refusal:
        return {"code": refusal.code, "msg": refusal.message}


def _decoded(params: Params, name: str, kind: type[list[Any]]) -> list[Any]:
    """A list of at most `MAX_BATCH` given as JSON."""
    try:
        found: list[Any] = msgspec.json.decode(params.get(name, ""), type=kind)
    except msgspec.DecodeError as error:
        raise illegal(name, "a JSON list") from error
    if not 1 <= len(found) <= MAX_BATCH:
        raise BinanceRefusal(-1130, f"Data sent for parameter '{name}' is not valid.")
    return found


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    """JSON values as the parameters of a single request."""
    return {name: _text(value) for name, value in values.items()}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
