"""Binance USD-M's public endpoints on the core, as plain functions of parameters, with weights.

Each answers a JSON value and raises `BinanceRefusal`. Weights are those of the page of each
endpoint (developers.binance.com/docs/derivatives/usds-margined-futures, read 2026-11-22).
"""

from collections.abc import Callable, Mapping
from typing import Final

from arbitrage.domain.instrument import Instrument
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.protocols.binance_auth import Params
from arbitrage.sim.protocols.binance_depth import DepthBook
from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_market import (
    day_object,
    each_market,
    latest_trades,
    trade_entry,
)
from arbitrage.sim.protocols.binance_params import market_of, markets_of, whole
from arbitrage.sim.protocols.binance_usdm_market import (
    agg_trade_object,
    book_ticker_object,
    depth_object,
    exchange_info,
    funding_info_object,
    premium_object,
    price_object,
)
from arbitrage.sim.protocols.binance_wire import Figures, Json, ms
from arbitrage.sim.venue_core import SimVenueCore

_DEPTHS: Final = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20}
_DEFAULT_DEPTH: Final = 500


def depth_weight(params: Params) -> int:
    """The weight of `depth` by its limit."""
    limit = params.get("limit", "")
    return _DEPTHS.get(int(limit) if limit.isdecimal() else _DEFAULT_DEPTH, 20)


class UsdmQuotes:
    """The market data of one venue."""

    def __init__(
        self, core: SimVenueCore, books: Mapping[str, DepthBook], figures: Mapping[str, Figures]
    ) -> None:
        self._core = core
        self._books = books
        self._figures = figures

    def ping(self, _params: Params) -> Json:
        return {}

    def time(self, _params: Params) -> Json:
        return {"serverTime": ms(self._core.now_ns)}

    def exchange_info(self, _params: Params) -> Json:
        return exchange_info(self._core)

    def depth(self, params: Params) -> Json:
        symbol = market_of(params, self._core).symbol
        limit = whole(params, "limit")
        if limit is not None and limit not in _DEPTHS:
            raise BinanceRefusal(-4021)
        return depth_object(
            self._books[symbol],
            self._figures[symbol],
            limit=limit or _DEFAULT_DEPTH,
            now_ns=self._core.now_ns,
        )

    def book_ticker(self, params: Params) -> Json | list[Json]:
        return self._each(
            params,
            lambda rules: book_ticker_object(
                rules.symbol, self._books[rules.symbol], self._figures[rules.symbol]
            ),
        )

    def ticker(self, params: Params) -> Json | list[Json]:
        core = self._core
        return self._each(
            params, lambda rules: day_object(core, rules, self._figures[rules.symbol])
        )

    def price(self, params: Params) -> Json | list[Json]:
        core = self._core
        return self._each(
            params, lambda rules: price_object(core, rules, self._figures[rules.symbol])
        )

    def premium_index(self, params: Params) -> Json | list[Json]:
        return self._each(params, lambda rules: premium_object(self._core, rules.symbol))

    def funding_info(self, _params: Params) -> list[Json]:
        return [funding_info_object(symbol) for symbol in self._core.instruments]

    def trades(self, params: Params) -> list[Json]:
        return [trade_entry(each, self._of(each)) for each in latest_trades(params, self._core)]

    def agg_trades(self, params: Params) -> list[Json]:
        found = latest_trades(params, self._core)
        return [agg_trade_object(each, self._of(each)) for each in found]

    def _of(self, printed: PublicTrade) -> Figures:
        return self._figures[printed.trade.symbol]

    def _each(self, params: Params, told: Callable[[Instrument], Json]) -> Json | list[Json]:
        return each_market(params, markets_of(params, self._core), told)
