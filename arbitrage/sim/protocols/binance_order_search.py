"""Which orders and fills a request to Binance means: one by its ids, open ones, all, all fills."""

from typing import Final

from arbitrage.sim.order_records import SimFill, SimOrder
from arbitrage.sim.protocols.binance_auth import Params
from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_params import Span, market_of, markets_of, whole
from arbitrage.sim.venue_core import SimVenueCore

MAX_ROWS: Final = 1000
_DEFAULT_ROWS: Final = 500


class OrderSearch:
    """Looks through the orders of one account. Raises `BinanceRefusal` for a wrong question."""

    def __init__(self, core: SimVenueCore) -> None:
        self._core = core

    def one(self, params: Params) -> SimOrder | None:
        """The order that is meant; the venue's id goes before the client's."""
        symbol = market_of(params, self._core).symbol
        order_id, client_id = whole(params, "orderId"), params.get("origClientOrderId")
        if order_id is None and client_id is None:
            raise BinanceRefusal(
                -1102,
                "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
            )
        orders = self._core.orders
        found = orders.get(order_id) if order_id is not None else None
        if order_id is None and client_id is not None:
            found = orders.by_client_id(client_id)
        return found if found is not None and found.request.symbol == symbol else None

    def open(self, params: Params) -> list[SimOrder]:
        """Open orders, of one market or of all."""
        markets = {rules.symbol for rules in markets_of(params, self._core)}
        return [each for each in self._core.orders.open() if each.request.symbol in markets]

    def all(self, params: Params) -> list[SimOrder]:
        """The latest orders, or the first from an id or a time on."""
        symbol = market_of(params, self._core).symbol if "symbol" in params else ""
        span, first = Span(params, default=_DEFAULT_ROWS, most=MAX_ROWS), whole(params, "orderId")
        found = [
            order
            for order in self._core.orders.all(symbol)
            if (order.id >= first if first is not None else span.covers(order.created_ns))
        ]
        return span.rows(found, is_from_start=first is not None)

    def fills(self, params: Params) -> list[tuple[SimOrder, SimFill]]:
        """The latest fills of a market with their orders, or the first from an id or a time on."""
        symbol = market_of(params, self._core).symbol
        span, first = Span(params, default=_DEFAULT_ROWS, most=MAX_ROWS), whole(params, "fromId")
        of_order = whole(params, "orderId")
        found = [
            (order, fill)
            for order in self._core.orders.all(symbol)
            if of_order in (None, order.id)
            for fill in order.fills
            if (fill.trade_id >= first if first is not None else span.covers(fill.ts_ns))
        ]
        found.sort(key=lambda pair: pair[1].trade_id)
        return span.rows(found, is_from_start=first is not None)
