"""Bybit's order endpoints on the core, as plain functions of parameters.

Each answers the `result` of an envelope and raises `BybitRefusal`; HTTP, sockets, signatures and
limits are `bybit`'s affair. An acceptance carries ids alone: what became of the order is told by
the private stream and by the lists. `realtime` has the open orders, and one asked for by its id
also if it is among the last 500 that closed; `history` has closed ones alone
(bybit-exchange.github.io/docs/v5/order, read 2026-11-22).
"""

from typing import Any, Final

from arbitrage.domain.errors import OrderRefused
from arbitrage.domain.units import NS_PER_DAY
from arbitrage.sim.core_events import CoreEvent, FundingPaid
from arbitrage.sim.order_records import SimFill, SimOrder
from arbitrage.sim.protocols.bybit_errors import NO_ORDER, BybitRefusal, refusal_of, wrong
from arbitrage.sim.protocols.bybit_form import OrderForm
from arbitrage.sim.protocols.bybit_markets import Market, Markets
from arbitrage.sim.protocols.bybit_orders import execution_object, funding_object, order_object
from arbitrage.sim.protocols.bybit_params import Params, Span, category_of, page
from arbitrage.sim.protocols.bybit_wire import Category, Ids, Json
from arbitrage.sim.venue_core import SimVenueCore

_RECENT_CLOSED: Final = 500
_WEEK_NS: Final = 7 * NS_PER_DAY


class TradingDesk:
    """The orders of the one account."""

    def __init__(self, core: SimVenueCore, markets: Markets, ids: Ids) -> None:
        self._core = core
        self._markets = markets
        self._ids = ids
        self._form = OrderForm(core, markets)
        self._funding: list[tuple[int, Market, Json]] = []
        core.listen(self._on_event)

    def _on_event(self, event: CoreEvent) -> None:
        if isinstance(event, FundingPaid):
            market = self._markets.by_key[event.symbol]
            self._funding.append((event.ts_ns, market, funding_object(event, market, self._core)))

    # --- orders ----------------------------------------------------------------------------------

    def create(self, params: Params) -> Json:
        """POST /v5/order/create."""
        wanted = self._form.read(params)
        market = self._markets.by_key[wanted.symbol]
        try:
            order = self._core.place(wanted)
        except OrderRefused as refused:
            raise refusal_of(refused.reason, market.category) from refused
        return self._named(order, market)

    def cancel(self, params: Params) -> Json:
        """POST /v5/order/cancel."""
        category = category_of(params)
        market = self._markets.market(category, params.get("symbol", ""))
        order = self._find(params, category)
        if order is None or order.request.symbol != market.key or not self._core.cancel(order):
            raise BybitRefusal(NO_ORDER[category])
        return self._named(order, market)

    def cancel_all(self, params: Params) -> Json:
        """POST /v5/order/cancel-all, of one symbol, or of all that settle in a coin."""
        category = category_of(params)
        keys = {market.key for market in self._asked(params, category)}
        found = [order for order in self._core.orders.open() if order.request.symbol in keys]
        for order in found:
            self._core.cancel(order)
        named = [self._named(each, self._markets.by_key[each.request.symbol]) for each in found]
        return {"list": named, "success": "1"}

    def _named(self, order: SimOrder, market: Market) -> Json:
        """How an order is acknowledged."""
        order_id = self._ids.order(market.category, order.id)
        return {"orderId": order_id, "orderLinkId": order.request.client_id}

    # --- lists -----------------------------------------------------------------------------------

    def realtime(self, params: Params) -> Json:
        """GET /v5/order/realtime."""
        category = category_of(params)
        if "orderId" in params or "orderLinkId" in params:
            order = self._find(params, category)
            is_known = order is not None and (order.is_open or order in self._recent(category))
            found = [order] if order is not None and is_known else []
        elif params.get("openOnly", "0") == "0":
            keys = {market.key for market in self._asked(params, category)}
            found = [each for each in self._core.orders.open() if each.request.symbol in keys]
        else:
            keys = {market.key for market in self._asked(params, category)}
            found = [each for each in self._recent(category) if each.request.symbol in keys]
        return self._orders_page(found, params, category)

    def history(self, params: Params) -> Json:
        """GET /v5/order/history."""
        category = category_of(params)
        if "orderId" in params or "orderLinkId" in params:
            order = self._find(params, category)
            found = [order] if order is not None and not order.is_open else []
            return self._orders_page(found, params, category)
        span, symbol = Span(params, _WEEK_NS), params.get("symbol")
        found = [
            order
            for order in self._closed(category)
            if symbol in (None, self._markets.by_key[order.request.symbol].symbol)
            and span.covers(order.created_ns)
        ]
        return self._orders_page(found, params, category)

    def executions(self, params: Params) -> Json:
        """GET /v5/execution/list: fills and funding, the newest first."""
        category = category_of(params)
        kind, symbol = params.get("execType"), params.get("symbol")
        is_one = "orderId" in params or "orderLinkId" in params
        one = self._find(params, category) if is_one else None
        span = Span(params, _WEEK_NS)
        rows: list[tuple[int, Any]] = []
        if kind in (None, "Trade"):
            rows += [
                (fill.ts_ns, (order, fill))
                for order in self._core.orders.all()
                if (not is_one or order is one) and self._is_of(order, category, symbol)
                for fill in order.fills
                if span.covers(fill.ts_ns)
            ]
        if kind in (None, "Funding") and not is_one:
            rows += [
                (ts_ns, row)
                for ts_ns, market, row in self._funding
                if market.category is category
                and symbol in (None, market.symbol)
                and span.covers(ts_ns)
            ]
        # Numbered in the order of time, which never changes: new ones come after.
        rows.sort(key=lambda pair: pair[0])
        numbered = list(enumerate((content for _, content in rows), 1))
        chosen, cursor = page(numbered, lambda pair: pair[0], params, default=50, most=100)
        told = [each if isinstance(each, dict) else self._fill(*each) for _, each in chosen]
        # The category is told of the page, not of its rows.
        listed = [{name: row[name] for name in row if name != "category"} for row in told]
        return {"list": listed, "nextPageCursor": cursor, "category": category.value}

    def _fill(self, order: SimOrder, fill: SimFill) -> Json:
        market = self._markets.by_key[order.request.symbol]
        return execution_object(order, fill, market, self._ids, self._core)

    def _orders_page(self, found: list[SimOrder], params: Params, category: Category) -> Json:
        chosen, cursor = page(found, lambda order: order.id, params, default=20, most=50)
        markets, ids = self._markets.by_key, self._ids
        return {
            "list": [order_object(each, markets[each.request.symbol], ids) for each in chosen],
            "nextPageCursor": cursor,
            "category": category.value,
        }

    # --- which orders ----------------------------------------------------------------------------

    def _is_of(self, order: SimOrder, category: Category, symbol: str | None) -> bool:
        market = self._markets.by_key[order.request.symbol]
        return market.category is category and symbol in (None, market.symbol)

    def _closed(self, category: Category) -> list[SimOrder]:
        orders = self._core.orders.all()
        return [each for each in orders if not each.is_open and self._is_of(each, category, None)]

    def _recent(self, category: Category) -> list[SimOrder]:
        """The orders that closed last."""
        closed = sorted(self._closed(category), key=lambda order: order.updated_ns)
        return closed[-_RECENT_CLOSED:]

    def _asked(self, params: Params, category: Category) -> list[Market]:
        """The markets that are meant: by symbol, by base or by the coin in which they settle."""
        if "symbol" in params:
            return [self._markets.market(category, params["symbol"])]
        base, settle = params.get("baseCoin"), params.get("settleCoin")
        if category is Category.LINEAR and base is None and settle is None:
            raise wrong("symbol, settleCoin or baseCoin is needed")
        return [
            market
            for market in self._markets.of(category)
            if base in (None, market.rules.base)
            and (category is Category.SPOT or settle in (None, market.rules.quote))
        ]

    def _find(self, params: Params, category: Category) -> SimOrder | None:
        """The order that is meant; the venue's id goes before the client's."""
        orders, order_id = self._core.orders, params.get("orderId")
        if order_id is not None:
            number = self._ids.order_number(category, order_id)
            found = None if number is None else orders.get(number)
        else:
            link_id = params.get("orderLinkId")
            if link_id is None:
                raise wrong("orderId or orderLinkId is required")
            found = orders.by_client_id(link_id)
        return found if found is not None and self._is_of(found, category, None) else None
