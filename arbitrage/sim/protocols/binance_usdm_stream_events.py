"""The events of the market streams as JSON objects.

Shapes: developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams,
read 2026-11-22. `E` is when the venue tells, `T` when it happened; `st` says that the symbol is a
USD-M one.
"""

from collections.abc import Mapping
from typing import Final

from arbitrage.domain.sides import Side
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.protocols.binance_depth import DepthBook, Diff
from arbitrage.sim.protocols.binance_stream_names import Kind, StreamName
from arbitrage.sim.protocols.binance_usdm_market import (
    agg_trade_object,
    book_ticker_object,
    funding_rate,
    index_price,
    mark_price,
    next_funding_ns,
)
from arbitrage.sim.protocols.binance_wire import Figures, Json, ms
from arbitrage.sim.venue_core import SimVenueCore

_USD_M: Final = 1


class UsdmStreamEvents:
    """Writes the events of one venue."""

    def __init__(
        self, core: SimVenueCore, books: Mapping[str, DepthBook], figures: Mapping[str, Figures]
    ) -> None:
        self._core = core
        self._books = books
        self._figures = figures

    def book(self, stream: StreamName, diff: Diff) -> Json:
        """What changed with `diff`; of a partial book, the best levels whole instead."""
        depth, figures, now_ns = self._books[stream.symbol], *self._of(stream.symbol)
        if stream.levels:
            bids, asks = depth.top(stream.levels)
        else:
            bids, asks = sorted(diff.bids.items()), sorted(diff.asks.items())
        return {
            "e": "depthUpdate",
            "E": ms(now_ns),
            "T": ms(depth.book.ts_ns if depth.book else now_ns),
            "s": stream.symbol,
            "ps": stream.symbol,
            "U": diff.first,
            "u": diff.last,
            "pu": diff.previous,
            "b": figures.levels(bids),
            "a": figures.levels(asks),
            "st": _USD_M,
        }

    def quote(self, symbol: str) -> Json:
        """The best prices after an update."""
        figures, now_ns = self._of(symbol)
        told = book_ticker_object(symbol, self._books[symbol], figures)
        return {
            "e": "bookTicker",
            "u": told["lastUpdateId"],
            "s": symbol,
            "ps": symbol,
            "b": told["bidPrice"],
            "B": told["bidQty"],
            "a": told["askPrice"],
            "A": told["askQty"],
            "T": told["time"],
            "E": ms(now_ns),
            "st": _USD_M,
        }

    def trade(self, kind: Kind, printed: PublicTrade) -> Json:
        """One public trade, or the trades of one taker at one price, which here is always one."""
        figures, now_ns = self._of(printed.trade.symbol)
        if kind is Kind.TRADE:
            return _trade(printed, figures, now_ns=now_ns)
        return {
            "e": "aggTrade",
            "E": ms(now_ns),
            "s": printed.trade.symbol,
            **agg_trade_object(printed, figures),
            "st": _USD_M,
        }

    def timed(self, stream: StreamName) -> Json:
        """Mark and index price with the funding to come; `ap` is an average, the mark here."""
        core, symbol = self._core, stream.symbol
        mark, index = f"{mark_price(core, symbol):.8f}", f"{index_price(core, symbol):.8f}"
        return {
            "e": "markPriceUpdate",
            "E": ms(core.now_ns),
            "s": symbol,
            "p": mark,
            "ap": mark,
            "P": index,
            "i": index,
            "r": funding_rate(core, symbol),
            "T": ms(next_funding_ns(core, symbol)),
            "st": _USD_M,
        }

    def _of(self, symbol: str) -> tuple[Figures, int]:
        return self._figures[symbol], self._core.now_ns


def _trade(printed: PublicTrade, figures: Figures, *, now_ns: int) -> Json:
    said = printed.trade
    return {
        "e": "trade",
        "E": ms(now_ns),
        "T": ms(said.ts_ns),
        "s": said.symbol,
        "t": printed.trade_id,
        "p": figures.price(said.price),
        "q": figures.qty(said.qty),
        "X": "MARKET",
        "m": said.side is Side.SELL,
        "st": _USD_M,
    }
