"""Bybit's public endpoints on the core, as plain functions of parameters.

Each answers the `result` of an envelope and raises `BybitRefusal`
(bybit-exchange.github.io/docs/v5/market and system-status, read 2026-11-22).
"""

from collections.abc import Callable
from itertools import islice
from typing import Final

from arbitrage.domain.events import Funding
from arbitrage.sim.core_events import CoreEvent
from arbitrage.sim.protocols.bybit_errors import wrong
from arbitrage.sim.protocols.bybit_figures import (
    book_object,
    instrument_object,
    ticker_object,
    trade_object,
)
from arbitrage.sim.protocols.bybit_markets import Market, Markets
from arbitrage.sim.protocols.bybit_params import Params, Span, category_of, limit_of, page
from arbitrage.sim.protocols.bybit_wire import Category, Json, ms
from arbitrage.sim.venue_core import SimVenueCore

_MOST_LEVELS: Final = {Category.SPOT: 200, Category.LINEAR: 500}
_USUAL_LEVELS: Final = {Category.SPOT: 1, Category.LINEAR: 25}
_NOT_LISTED: Final = ("inverse", "option")
_EVER_NS: Final = 1 << 61


class BybitQuotes:
    """The market data of one venue. `is_in_maintenance` is asked by `status`."""

    def __init__(
        self, core: SimVenueCore, markets: Markets, is_in_maintenance: Callable[[], bool]
    ) -> None:
        self._core = core
        self._markets = markets
        self._is_in_maintenance = is_in_maintenance
        self._announced: dict[str, Funding] = {}
        self._settled: list[tuple[int, Market, Json]] = []
        core.listen(self._on_event)

    def _on_event(self, event: CoreEvent) -> None:
        """An announcement for a later settlement says that the one before has happened."""
        if not isinstance(event, Funding):
            return
        before = self._announced.get(event.symbol)
        if before is not None and before.next_ts_ns < event.next_ts_ns:
            market = self._markets.by_key[event.symbol]
            row = {
                "symbol": market.symbol,
                "fundingRate": f"{before.rate:.8f}",
                "fundingRateTimestamp": str(ms(before.next_ts_ns)),
            }
            self._settled.append((before.next_ts_ns, market, row))
        self._announced[event.symbol] = event

    def time(self, _params: Params) -> Json:
        now_ns = self._core.now_ns
        return {"timeSecond": str(now_ns // 10**9), "timeNano": str(now_ns)}

    def status(self, _params: Params) -> Json:
        """What is scheduled or going on; nothing, as long as all is well."""
        if not self._is_in_maintenance():
            return {"list": []}
        now_ms = ms(self._core.now_ns)
        ongoing = {
            "id": "4d95b2a0-587f-11f0-bcc9-56f28c94d6ea",
            "title": "simulated maintenance",
            "state": "ongoing",
            "begin": str(now_ms),
            "end": str(now_ms + 600_000),
            "href": "",
            "serviceTypes": [1, 2, 3, 4, 5],
            "product": [1, 2],
            "uidSuffix": [],
            "maintainType": 1,
            "env": 1,
        }
        return {"list": [ongoing]}

    def instruments(self, params: Params) -> Json:
        """Markets by name. Other categories are listed empty, as is what is yet to be launched."""
        named = params.get("category", "")
        if named in _NOT_LISTED or params.get("status", "Trading") != "Trading":
            return {"category": named, "list": [], "nextPageCursor": ""}
        category, symbol = category_of(params), params.get("symbol")
        found = [each for each in self._markets.of(category) if symbol in (None, each.symbol)]
        if category is Category.SPOT:  # has no pages
            return {"category": named, "list": [instrument_object(each) for each in found]}
        numbered = list(zip(range(len(found), 0, -1), found, strict=True))
        chosen, cursor = page(numbered, lambda row: row[0], params, default=500, most=1000)
        listed = [instrument_object(market) for _, market in chosen]
        return {"category": named, "list": listed, "nextPageCursor": cursor}

    def book(self, params: Params) -> Json:
        market = self._market(params)
        category = market.category
        limit = limit_of(params, default=_USUAL_LEVELS[category], most=_MOST_LEVELS[category])
        book = self._core.book(market.key)
        return book_object(market, book, limit=limit, now_ns=self._core.now_ns)

    def tickers(self, params: Params) -> Json:
        category = category_of(params)
        markets = [self._market(params)] if "symbol" in params else self._markets.of(category)
        listed = [ticker_object(self._core, market) for market in markets]
        return {"category": category.value, "list": listed}

    def trades(self, params: Params) -> Json:
        """The latest trades, the newest first."""
        market = self._market(params)
        most = 60 if market.category is Category.SPOT else 1000
        limit = limit_of(params, default=min(most, 500), most=most)
        latest = islice(reversed(self._core.tape(market.key).trades), limit)
        listed = [trade_object(printed, market) for printed in latest]
        return {"category": market.category.value, "list": listed}

    def funding_history(self, params: Params) -> Json:
        """Settled funding since the venue has started, the newest first."""
        market, limit = self._market(params), limit_of(params, default=200, most=200)
        span = Span(params, _EVER_NS)
        rows = [row for ts_ns, of, row in self._settled if of is market and span.covers(ts_ns)]
        return {"category": market.category.value, "list": rows[::-1][:limit]}

    def _market(self, params: Params) -> Market:
        if "symbol" not in params:
            raise wrong("symbol invalid")
        return self._markets.market(category_of(params), params["symbol"])
