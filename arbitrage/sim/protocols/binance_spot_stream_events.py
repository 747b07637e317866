"""The events of Binance spot's market streams as JSON objects.

Shapes: github.com/binance/binance-spot-api-docs/web-socket-streams.md, read 2026-11-22. `E` is when
the venue tells, `T` when it happened; books and best prices have neither.
"""

from collections.abc import Mapping

from arbitrage.domain.sides import Side
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.protocols.binance_depth import DepthBook, Diff
from arbitrage.sim.protocols.binance_market import quote_object
from arbitrage.sim.protocols.binance_spot_market import (
    agg_trade_object,
    depth_object,
    ticker_object,
)
from arbitrage.sim.protocols.binance_stream_names import Kind, StreamName
from arbitrage.sim.protocols.binance_wire import Figures, Json, ms
from arbitrage.sim.venue_core import SimVenueCore

# The keys of `ticker/24hr` in the letters of the stream.
_TICKER_LETTERS = {
    "priceChange": "p",
    "priceChangePercent": "P",
    "weightedAvgPrice": "w",
    "prevClosePrice": "x",
    "lastPrice": "c",
    "lastQty": "Q",
    "bidPrice": "b",
    "bidQty": "B",
    "askPrice": "a",
    "askQty": "A",
    "openPrice": "o",
    "highPrice": "h",
    "lowPrice": "l",
    "volume": "v",
    "quoteVolume": "q",
    "openTime": "O",
    "closeTime": "C",
    "firstId": "F",
    "lastId": "L",
    "count": "n",
}
_MINI_LETTERS = frozenset("cohlvq")


class SpotStreamEvents:
    """Writes the events of one venue."""

    def __init__(
        self, core: SimVenueCore, books: Mapping[str, DepthBook], figures: Mapping[str, Figures]
    ) -> None:
        self._core = core
        self._books = books
        self._figures = figures

    def book(self, stream: StreamName, diff: Diff) -> Json:
        """What changed with `diff`; of a partial book, the best levels whole instead."""
        symbol, figures = stream.symbol, self._figures[stream.symbol]
        if stream.levels:
            return depth_object(self._books[symbol], figures, limit=stream.levels)
        return {
            "e": "depthUpdate",
            "E": ms(self._core.now_ns),
            "s": symbol,
            "U": diff.first,
            "u": diff.last,
            "b": figures.levels(sorted(diff.bids.items(), reverse=True)),
            "a": figures.levels(sorted(diff.asks.items())),
        }

    def quote(self, symbol: str) -> Json:
        """The best prices after an update."""
        depth = self._books[symbol]
        told = quote_object(symbol, depth, self._figures[symbol])
        return {
            "u": depth.last_update_id,
            "s": symbol,
            "b": told["bidPrice"],
            "B": told["bidQty"],
            "a": told["askPrice"],
            "A": told["askQty"],
        }

    def trade(self, kind: Kind, printed: PublicTrade) -> Json:
        """One public trade, or the trades of one taker at one price, which here is always one."""
        said = printed.trade
        figures = self._figures[said.symbol]
        told = {"e": kind.value, "E": ms(self._core.now_ns), "s": said.symbol}
        if kind is Kind.AGG_TRADE:
            return {**told, **agg_trade_object(printed, figures)}
        return {
            **told,
            "t": printed.trade_id,
            "p": figures.price(said.price),
            "q": figures.qty(said.qty),
            "T": ms(said.ts_ns),
            "m": said.side is Side.SELL,
            "M": True,
        }

    def timed(self, stream: StreamName) -> Json:
        """The figures of the day, all of them or the few of a small ticker."""
        core, symbol = self._core, stream.symbol
        figures = self._figures[symbol]
        told = ticker_object(core, core.instruments[symbol], self._books[symbol], figures)
        letters = {letter: told[name] for name, letter in _TICKER_LETTERS.items()}
        kind = "24hrTicker"
        if stream.kind is Kind.MINI_TICKER:
            kind = "24hrMiniTicker"
            letters = {letter: letters[letter] for letter in letters if letter in _MINI_LETTERS}
        return {"e": kind, "E": ms(core.now_ns), "s": symbol, **letters}
