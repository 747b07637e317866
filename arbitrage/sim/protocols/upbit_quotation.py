"""Upbit's market data as JSON objects, for REST answers and for stream frames alike.

Builders take a way to write numbers: DEFAULT frames write doubles with exponents (`1.16539E8`),
REST answers and SIMPLE frames do not. Dates are in UTC.
"""

from typing import Any, Final

from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import decimal_of, plain
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.protocols.korean_quotes import (
    KOREAN_NAMES,
    NO_LEVEL,
    Number,
    book_units,
    stream_ticker_figures,
    ticker_figures,
    trade_figures,
    trade_ns,
)
from arbitrage.sim.protocols.korean_times import kst, ms, utc
from arbitrage.sim.protocols.upbit_wire import plain_double
from arbitrage.sim.tape import Tape

MAX_LEVELS: Final = 30


def market_object(rules: Instrument, *, is_details: bool) -> dict[str, Any]:
    """One entry of `/v1/market/all`."""
    told: dict[str, Any] = {
        "market": rules.symbol,
        "korean_name": KOREAN_NAMES.get(rules.base, rules.base),
        "english_name": rules.base,
    }
    if is_details:
        caution = dict.fromkeys(
            (
                "PRICE_FLUCTUATIONS",
                "TRADING_VOLUME_SOARING",
                "DEPOSIT_AMOUNT_SOARING",
                "GLOBAL_PRICE_DIFFERENCES",
                "CONCENTRATION_OF_SMALL_ACCOUNTS",
            ),
            False,
        )
        told["market_event"] = {"warning": False, "caution": caution}
    return told


def instrument_object(rules: Instrument, last_price: float) -> dict[str, Any]:
    """One entry of `/v1/orderbook/instruments`: the tick at the market's price now."""
    tick = rules.tick_at(decimal_of(last_price))
    levels = [plain(tick * 10**power) for power in (1, 2, 3)] if rules.quote == "KRW" else []
    return {
        "market": rules.symbol,
        "quote_currency": rules.quote,
        "tick_size": plain(tick),
        "supported_levels": ["0", *levels],
    }


def book_object(book: BookSnapshot, *, count: int, level: float) -> dict[str, Any]:
    """One entry of `/v1/orderbook`."""
    units, asks, bids = book_units(book, count=count, level=level, number=plain_double)
    return {
        "market": book.symbol,
        "timestamp": ms(book.ts_ns),
        "total_ask_size": plain_double(asks),
        "total_bid_size": plain_double(bids),
        "orderbook_units": units,
        "level": plain_double(level),
    }


def trade_frame(
    printed: PublicTrade, tape: Tape, book: BookSnapshot | None, number: Number
) -> dict[str, Any]:
    """A trade as the stream tells it, without type and stream type."""
    ask = book.asks[0] if book and book.asks else NO_LEVEL
    bid = book.bids[0] if book and book.bids else NO_LEVEL
    return {
        **trade_figures(printed, tape, number),
        "trade_date": utc(printed.trade.ts_ns, "%Y-%m-%d"),
        "trade_time": utc(printed.trade.ts_ns, "%H:%M:%S"),
        "best_ask_price": number(ask[0]),
        "best_ask_size": number(ask[1]),
        "best_bid_price": number(bid[0]),
        "best_bid_size": number(bid[1]),
    }


def _dated_figures(tape: Tape, now_ns: int, number: Number) -> dict[str, Any]:
    last_ns = trade_ns(tape, now_ns)
    return {
        **ticker_figures(tape, now_ns, number),
        "trade_date": utc(last_ns, "%Y%m%d"),
        "trade_time": utc(last_ns, "%H%M%S"),
        "trade_timestamp": ms(last_ns),
        "timestamp": ms(now_ns),
    }


def ticker_object(symbol: str, tape: Tape, now_ns: int) -> dict[str, Any]:
    """One entry of `/v1/ticker`."""
    last_ns = trade_ns(tape, now_ns)
    return {
        "market": symbol,
        "trade_date_kst": kst(last_ns, "%Y%m%d"),
        "trade_time_kst": kst(last_ns, "%H%M%S"),
        **_dated_figures(tape, now_ns, plain_double),
    }


def ticker_frame(symbol: str, tape: Tape, now_ns: int, number: Number) -> dict[str, Any]:
    """A ticker as the stream tells it, without type and stream type."""
    return {
        "code": symbol,
        **_dated_figures(tape, now_ns, number),
        **stream_ticker_figures(tape, number),
        "delisting_date": None,
    }
