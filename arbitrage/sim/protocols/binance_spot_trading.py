"""Binance spot's order endpoints on the core, as plain functions of parameters.

Each answers a JSON value and raises `BinanceRefusal`; the same functions answer REST and the
websocket API.
"""

from collections.abc import Callable, Mapping
from typing import Final

from arbitrage.domain.errors import OrderRefused
from arbitrage.sim.order_records import NewOrder, SimOrder
from arbitrage.sim.protocols.binance_auth import Params
from arbitrage.sim.protocols.binance_client_ids import ClientIds
from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_order_search import OrderSearch
from arbitrage.sim.protocols.binance_params import market_of
from arbitrage.sim.protocols.binance_spot_errors import refusal_of
from arbitrage.sim.protocols.binance_spot_form import SpotForm
from arbitrage.sim.protocols.binance_spot_orders import (
    ack_object,
    canceled_object,
    full_object,
    queried_object,
    result_object,
    trade_object,
)
from arbitrage.sim.protocols.binance_wire import Figures, Json
from arbitrage.sim.venue_core import SimVenueCore

# The core takes these orders in and cancels them, as the venue does: they expire.
KEPT_REFUSALS: Final = ("fok_not_filled", "no_book")
_ANSWERS: Final[Mapping[str, Callable[[SimOrder, Figures], Json]]] = {
    "ACK": ack_object,
    "RESULT": result_object,
    "FULL": full_object,
}


class SpotDesk:
    """The orders of the one account.

    `cancels` are the client ids of cancels under way, by order id; events of a cancelled order
    carry them.
    """

    def __init__(self, core: SimVenueCore, figures: Mapping[str, Figures]) -> None:
        self.cancels: dict[int, str] = {}
        self._core = core
        self._figures = figures
        self._form = SpotForm(core)
        self._search = OrderSearch(core)
        self._client_ids = ClientIds(core)

    # --- placing -------------------------------------------------------------------------------

    def place(self, params: Params) -> Json:
        """POST /api/v3/order."""
        kind = params.get("type", "")
        usual = "ACK" if kind == "LIMIT_MAKER" else "FULL"
        answer = _ANSWERS.get(params.get("newOrderRespType", usual))
        if answer is None:
            raise BinanceRefusal(-1136)
        wanted = self._wanted(params)
        try:
            order = self._core.place(wanted)
        except OrderRefused as refused:
            raise refusal_of(refused.reason) from refused
        return answer(order, self._figures[wanted.symbol])

    def test(self, params: Params) -> Json:
        """POST /api/v3/order/test: filters and parameters, neither balances nor the book."""
        wanted = self._wanted(params)
        reason = self._core.refusal(wanted)
        if reason in ("min_notional", "lot_size", "min_qty"):
            raise refusal_of(reason)
        return {}

    def _wanted(self, params: Params) -> NewOrder:
        """The order that is asked for. One by cost needs a book to buy from."""
        wanted = self._form.read(params)
        if wanted.cost is not None and self._core.refusal(wanted) == "no_book":
            raise refusal_of("no_book")
        return wanted

    # --- cancelling ----------------------------------------------------------------------------

    def cancel(self, params: Params) -> Json:
        """DELETE /api/v3/order."""
        order = self._search.one(params)
        told = self._canceled(order, self._client_ids.read(params)) if order else None
        if told is None:
            raise BinanceRefusal(-2011)
        return told

    def cancel_all(self, params: Params) -> list[Json]:
        """DELETE /api/v3/openOrders, of one market."""
        market_of(params, self._core)
        found = self._search.open(params)
        if not found:
            raise BinanceRefusal(-2011)
        cancel_id = self._client_ids.read({})
        return [told for order in found if (told := self._canceled(order, cancel_id))]

    def _canceled(self, order: SimOrder, cancel_id: str) -> Json | None:
        """The order as cancelled now, None if it was closed before."""
        self.cancels[order.id] = cancel_id
        was_open = self._core.cancel(order)
        del self.cancels[order.id]
        if not was_open:
            return None
        return canceled_object(order, self._figures[order.request.symbol], cancel_id)

    # --- asking --------------------------------------------------------------------------------

    def order(self, params: Params) -> Json:
        """GET /api/v3/order."""
        order = self._search.one(params)
        if order is None:
            raise BinanceRefusal(-2013)
        return self._queried(order)

    def open_orders(self, params: Params) -> list[Json]:
        """GET /api/v3/openOrders, of one market or of all."""
        return [self._queried(each) for each in self._search.open(params)]

    def all_orders(self, params: Params) -> list[Json]:
        """GET /api/v3/allOrders, of one market."""
        market_of(params, self._core)
        return [self._queried(each) for each in self._search.all(params)]

    def my_trades(self, params: Params) -> list[Json]:
        """GET /api/v3/myTrades."""
        return [
            trade_object(order, fill, self._figures[order.request.symbol])
            for order, fill in self._search.fills(params)
        ]

    def _queried(self, order: SimOrder) -> Json:
        return queried_object(order, self._figures[order.request.symbol])
