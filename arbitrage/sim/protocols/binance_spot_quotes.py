"""Binance spot's public endpoints on the core, as plain functions of parameters, with weights.

Each answers a JSON value and raises `BinanceRefusal`. Weights:
github.com/binance/binance-spot-api-docs/rest-api.md, read 2026-11-22.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from arbitrage.domain.instrument import Instrument
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.protocols.binance_auth import Params
from arbitrage.sim.protocols.binance_depth import DepthBook
from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_market import each_market, latest_trades, quote_object
from arbitrage.sim.protocols.binance_params import illegal, limit_of, market_of, markets_of
from arbitrage.sim.protocols.binance_spot_market import (
    agg_trade_object,
    average_price,
    depth_object,
    exchange_info,
    ticker_object,
    trade_object,
)
from arbitrage.sim.protocols.binance_wire import Figures, Json, ms
from arbitrage.sim.venue_core import SimVenueCore

_DEFAULT_DEPTH: Final = 100
_MAX_DEPTH: Final = 5000
_DEPTH_WEIGHTS: Final = ((100, 5), (500, 25), (1000, 50), (_MAX_DEPTH, 250))


def depth_weight(params: Params) -> int:
    """The weight of `depth` by its limit."""
    text = params.get("limit", "")
    limit = int(text) if text.isdecimal() else _DEFAULT_DEPTH
    return next((weight for levels, weight in _DEPTH_WEIGHTS if limit <= levels), 250)


class SpotQuotes:
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

    def exchange_info(self, params: Params) -> Json:
        return exchange_info(self._core, self._markets(params))

    def depth(self, params: Params) -> Json:
        """More than the most levels is answered with the most."""
        symbol = market_of(params, self._core).symbol
        limit = limit_of(params, default=_DEFAULT_DEPTH, most=10**9)
        return depth_object(
            self._books[symbol], self._figures[symbol], limit=min(limit, _MAX_DEPTH)
        )

    def book_ticker(self, params: Params) -> Json | list[Json]:
        return self._each(
            params,
            lambda rules: quote_object(
                rules.symbol, self._books[rules.symbol], self._figures[rules.symbol]
            ),
        )

    def ticker(self, params: Params) -> Json | list[Json]:
        return self._each(
            params,
            lambda rules: ticker_object(
                self._core, rules, self._books[rules.symbol], self._figures[rules.symbol]
            ),
        )

    def price(self, params: Params) -> Json | list[Json]:
        def told(rules: Instrument) -> Json:
            last = self._core.tape(rules.symbol).last
            return {"symbol": rules.symbol, "price": self._figures[rules.symbol].price(last)}

        return self._each(params, told)

    def average(self, params: Params) -> Json:
        symbol = market_of(params, self._core).symbol
        price = self._figures[symbol].price(average_price(self._core, symbol))
        return {"mins": 5, "price": price, "closeTime": ms(self._core.now_ns)}

    def trades(self, params: Params) -> list[Json]:
        return [trade_object(each, self._of(each)) for each in latest_trades(params, self._core)]

    def agg_trades(self, params: Params) -> list[Json]:
        found = latest_trades(params, self._core)
        return [agg_trade_object(each, self._of(each)) for each in found]

    def _of(self, printed: PublicTrade) -> Figures:
        return self._figures[printed.trade.symbol]

    def _each(self, params: Params, told: Callable[[Instrument], Json]) -> Json | list[Json]:
        return each_market(params, self._markets(params), told)

    def _markets(self, params: Params) -> list[Instrument]:
        """The market of `symbol`, those of `symbols`, which is a JSON list, or all of them."""
        if "symbols" not in params:
            return markets_of(params, self._core)
        if "symbol" in params:
            raise BinanceRefusal(-1128, "Combination of optional parameters invalid.")
        try:
            names = msgspec.json.decode(params["symbols"], type=list[str])
        except msgspec.DecodeError as error:
            raise illegal("symbols", "a JSON list") from error
        return [market_of({"symbol": name}, self._core) for name in names]
