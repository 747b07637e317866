"""Binance USD-M's public endpoints on the core, as plain functions of parameters, with weights.

Each answers a JSON value and raises `BinanceRefusal`. Weights are those of the page of each
endpoint (developers.binance.com/docs/derivatives/usds-margined-futures, read 2026-11-22).
"""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final

from arbitrage.domain.instrument import Instrument
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.protocols.binance_usdm_auth import Params
from arbitrage.sim.protocols.binance_usdm_depth import DepthBook
from arbitrage.sim.protocols.binance_usdm_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_usdm_market import (
    agg_trade_entry,
    book_ticker_object,
    depth_object,
    exchange_info,
    funding_info_object,
    premium_object,
    price_object,
    ticker_object,
    trade_entry,
)
from arbitrage.sim.protocols.binance_usdm_params import (
    limit_of,
    market_of,
    markets_of,
    whole,
)
from arbitrage.sim.protocols.binance_usdm_wire import Figures, Json, ms
from arbitrage.sim.venue_core import SimVenueCore

_DEPTHS: Final = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20}
_DEFAULT_DEPTH: Final = 500
_MAX_TRADES: Final = 1000
_DEFAULT_TRADES: Final = 500

Weight = int | Callable[[Params], int]


def by_symbol(one: int, every: int) -> Callable[[Params], int]:
    """The weight of an endpoint that answers for one market or for all."""
    return lambda params: one if "symbol" in params else every


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
            params, lambda rules: ticker_object(core, rules, self._figures[rules.symbol])
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
        return self._latest(params, trade_entry)

    def agg_trades(self, params: Params) -> list[Json]:
        return self._latest(params, agg_trade_entry)

    def _latest(self, params: Params, entry: Callable[[PublicTrade, Figures], Json]) -> list[Json]:
        """The latest trades, oldest first; from an id on if one is given."""
        symbol = market_of(params, self._core).symbol
        limit = limit_of(params, default=_DEFAULT_TRADES, most=_MAX_TRADES)
        first, tape = whole(params, "fromId"), self._core.tape(symbol).trades
        if first is None:
            chosen = islice(tape, max(len(tape) - limit, 0), None)
        else:
            chosen = islice((each for each in tape if each.trade_id >= first), limit)
        return [entry(each, self._figures[symbol]) for each in chosen]

    def _each(self, params: Params, told: Callable[[Instrument], Json]) -> Json | list[Json]:
        """An object for the one market that is asked for, a list for all of them."""
        found = [told(rules) for rules in markets_of(params, self._core)]
        return found[0] if "symbol" in params else found
