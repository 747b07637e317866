"""The events of the market streams as JSON objects.

Shapes: developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams,
read 2026-11-22. `E` is when the venue tells, `T` when it happened; `st` says that the symbol is a
USD-M one.
"""

from typing import Final

from arbitrage.domain.sides import Side
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.protocols.binance_usdm_depth import DepthBook, Diff
from arbitrage.sim.protocols.binance_usdm_market import (
    agg_trade_entry,
    book_ticker_object,
    funding_rate,
    index_price,
    mark_price,
    next_funding_ns,
)
from arbitrage.sim.protocols.binance_usdm_wire import Figures, Json, ms
from arbitrage.sim.venue_core import SimVenueCore

_USD_M: Final = 1


def depth_update(
    symbol: str,
    depth: DepthBook,
    diff: Diff,
    figures: Figures,
    *,
    levels: int,
    now_ns: int,
) -> Json:
    """What changed with `diff`; with `levels`, the best levels whole instead."""
    if levels:
        bids, asks = depth.top(levels)
    else:
        bids, asks = sorted(diff.bids.items()), sorted(diff.asks.items())
    return {
        "e": "depthUpdate",
        "E": ms(now_ns),
        "T": ms(depth.book.ts_ns if depth.book else now_ns),
        "s": symbol,
        "ps": symbol,
        "U": diff.first,
        "u": diff.last,
        "pu": diff.previous,
        "b": figures.levels(bids),
        "a": figures.levels(asks),
        "st": _USD_M,
    }


def book_ticker(symbol: str, depth: DepthBook, figures: Figures, *, now_ns: int) -> Json:
    """The best prices after an update."""
    told = book_ticker_object(symbol, depth, figures)
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


def trade(printed: PublicTrade, figures: Figures, *, now_ns: int) -> Json:
    """One public trade."""
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


def agg_trade(printed: PublicTrade, figures: Figures, *, now_ns: int) -> Json:
    """The trades of one taker at one price; here, always one."""
    return {
        "e": "aggTrade",
        "E": ms(now_ns),
        "s": printed.trade.symbol,
        **agg_trade_entry(printed, figures),
        "st": _USD_M,
    }


def mark_price_update(core: SimVenueCore, symbol: str) -> Json:
    """Mark and index price with the funding to come; `ap` is an average that is the mark here."""
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
