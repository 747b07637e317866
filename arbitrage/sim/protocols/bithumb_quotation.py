"""Bithumb's market data as JSON objects: answers of the quotation API, frames of the stream.

The clocks disagree: a book over REST is in true milliseconds, on the stream in microseconds; a
ticker over REST tells Korean time as if it were UTC, nine hours ahead; dates on the stream are
Korean (live captures of 2026-09-23 published in nemanull/arbitrage-observatory; samples in ccxt
4.5.90, read 2026-11-22).
"""

from typing import Any, Final

from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_MS, NS_PER_SECOND
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.protocols.bithumb_wire import book_number, number
from arbitrage.sim.protocols.korean_quotes import (
    KOREAN_NAMES,
    Number,
    book_units,
    stream_ticker_figures,
    ticker_figures,
    trade_figures,
    trade_ns,
)
from arbitrage.sim.protocols.korean_times import kst, ms, utc
from arbitrage.sim.tape import Tape

# Levels a side over REST, where one market is asked for and where several are.
LEVELS_OF_ONE: Final = 30
LEVELS_OF_MANY: Final = 15
STREAM_LEVELS: Final = 15
_NS_PER_MICROSECOND: Final = NS_PER_MS // 1000
_AHEAD_NS: Final = 9 * 3600 * NS_PER_SECOND


def market_object(rules: Instrument, *, is_details: bool) -> dict[str, str]:
    """One entry of `/v1/market/all`."""
    told = {
        "market": rules.symbol,
        "korean_name": KOREAN_NAMES.get(rules.base, rules.base),
        "english_name": rules.base,
    }
    return told | {"market_warning": "NONE"} if is_details else told


def book_object(book: BookSnapshot, count: int) -> dict[str, Any]:
    """One entry of `/v1/orderbook`."""
    units, asks, bids = book_units(book, count=count, level=0.0, number=book_number)
    return {
        "market": book.symbol,
        "timestamp": ms(book.ts_ns),
        "total_ask_size": book_number(asks),
        "total_bid_size": book_number(bids),
        "orderbook_units": units,
    }


def book_frame(book: BookSnapshot, count: int) -> dict[str, Any]:
    """A book as the stream tells it, without type and stream type."""
    units, asks, bids = book_units(book, count=count, level=0.0, number=book_number)
    return {
        "code": book.symbol,
        "total_ask_size": book_number(asks),
        "total_bid_size": book_number(bids),
        "orderbook_units": units,
        "level": 1,
        "timestamp": book.ts_ns // _NS_PER_MICROSECOND,
    }


def trade_frame(printed: PublicTrade, tape: Tape, write: Number) -> dict[str, Any]:
    """A trade as the stream tells it, without type and stream type."""
    return {
        **trade_figures(printed, tape, write),
        "trade_date": kst(printed.trade.ts_ns, "%Y-%m-%d"),
        "trade_time": kst(printed.trade.ts_ns, "%H:%M:%S"),
    }


def ticker_object(symbol: str, tape: Tape, now_ns: int) -> dict[str, Any]:
    """One entry of `/v1/ticker`; both of its stamps are those of the last trade."""
    last_ns = trade_ns(tape, now_ns)
    return {
        "market": symbol,
        "trade_date": utc(last_ns, "%Y%m%d"),
        "trade_time": utc(last_ns, "%H%M%S"),
        "trade_date_kst": kst(last_ns, "%Y%m%d"),
        "trade_time_kst": kst(last_ns, "%H%M%S"),
        "trade_timestamp": ms(last_ns + _AHEAD_NS),
        **ticker_figures(tape, now_ns, number),
        "timestamp": ms(last_ns + _AHEAD_NS),
    }


def ticker_frame(symbol: str, tape: Tape, now_ns: int, write: Number) -> dict[str, Any]:
    """A ticker as the stream tells it, without type and stream type."""
    last_ns = trade_ns(tape, now_ns)
    return {
        "code": symbol,
        **ticker_figures(tape, now_ns, write),
        "trade_date": kst(last_ns, "%Y%m%d"),
        "trade_time": kst(last_ns, "%H%M%S"),
        "trade_timestamp": ms(last_ns),
        **stream_ticker_figures(tape, write),
        "delisting_date": "",
        "timestamp": ms(now_ns),
    }
