"""Upbit's market data as JSON objects, for REST answers and for stream frames alike.

Builders take the core's books and tapes and a way to write numbers: DEFAULT frames write doubles
with exponents (`1.16539E8`), REST answers and SIMPLE frames do not.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Raw

from arbitrage.domain.events import BookSnapshot, Levels
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_MS, decimal_of, plain
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.protocols.upbit_wire import kst, ms, plain_double, utc
from arbitrage.sim.tape import Tape

Number = Callable[[float], Raw]

MAX_LEVELS: Final = 30
_NAMES: Final = {"BTC": "비트코인", "ETH": "이더리움", "XRP": "리플", "USDT": "테더"}
_EMPTY: Final = (0.0, 0.0)


def market_object(rules: Instrument, *, is_details: bool) -> dict[str, Any]:
    """One entry of `/v1/market/all`."""
    told: dict[str, Any] = {
        "market": rules.symbol,
        "korean_name": _NAMES.get(rules.base, rules.base),
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


# --- books -------------------------------------------------------------------------------------


def book_units(
    book: BookSnapshot, *, count: int, level: float, number: Number
) -> tuple[list[dict[str, Raw]], float, float]:
    """`count` units of a book, padded with zeros, and the total sizes of asks and bids.

    `level` is the price unit in which levels are grouped; zero leaves them as they are.
    """
    bids = _grouped(book.bids, level, Side.BUY)
    asks = _grouped(book.asks, level, Side.SELL)
    units = []
    for place in range(count):
        ask = asks[place] if place < len(asks) else _EMPTY
        bid = bids[place] if place < len(bids) else _EMPTY
        units.append(
            {
                "ask_price": number(ask[0]),
                "bid_price": number(bid[0]),
                "ask_size": number(ask[1]),
                "bid_size": number(bid[1]),
            }
        )
    return units, _total_qty(asks), _total_qty(bids)


def _total_qty(levels: Levels) -> float:
    return round(sum(qty for _, qty in levels[:MAX_LEVELS]), 8)


def _grouped(levels: Levels, level: float, side: Side) -> Levels:
    """Levels by multiples of `level`: bids rounded down, asks up."""
    if level <= 0:
        return levels
    grouped: dict[float, float] = {}
    for price, qty in levels:
        steps = price // level if side is Side.BUY else -(-price // level)
        grouped[steps * level] = grouped.get(steps * level, 0.0) + qty
    return list(grouped.items())


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


# --- trades and tickers ------------------------------------------------------------------------


def _change(last: float, opening: float) -> str:
    return "EVEN" if last == opening else "RISE" if last > opening else "FALL"


def sequential_id(printed: PublicTrade) -> int:
    """Unique, and roughly in the order of time."""
    return ms(printed.trade.ts_ns) * 10_000 + printed.trade_id % 10_000


def trade_object(printed: PublicTrade, tape: Tape) -> dict[str, Any]:
    """One entry of `/v1/trades/ticks`."""
    trade = printed.trade
    return {
        "market": trade.symbol,
        "trade_date_utc": utc(trade.ts_ns, "%Y-%m-%d"),
        "trade_time_utc": utc(trade.ts_ns, "%H:%M:%S"),
        "timestamp": ms(trade.ts_ns),
        "trade_price": plain_double(trade.price),
        "trade_volume": plain_double(trade.qty),
        "prev_closing_price": plain_double(tape.opening),
        "change_price": plain_double(trade.price - tape.opening),
        "ask_bid": "BID" if trade.side is Side.BUY else "ASK",
        "sequential_id": sequential_id(printed),
    }


def trade_frame(
    printed: PublicTrade, tape: Tape, book: BookSnapshot | None, number: Number
) -> dict[str, Any]:
    """A trade as the stream tells it, without type and stream type."""
    trade = printed.trade
    ask = book.asks[0] if book and book.asks else _EMPTY
    bid = book.bids[0] if book and book.bids else _EMPTY
    return {
        "code": trade.symbol,
        "timestamp": ms(trade.ts_ns) + 1,
        "trade_date": utc(trade.ts_ns, "%Y-%m-%d"),
        "trade_time": utc(trade.ts_ns, "%H:%M:%S"),
        "trade_timestamp": ms(trade.ts_ns),
        "trade_price": number(trade.price),
        "trade_volume": number(trade.qty),
        "ask_bid": "BID" if trade.side is Side.BUY else "ASK",
        "prev_closing_price": number(tape.opening),
        "change": _change(trade.price, tape.opening),
        "change_price": number(abs(trade.price - tape.opening)),
        "sequential_id": sequential_id(printed),
        "best_ask_price": number(ask[0]),
        "best_ask_size": number(ask[1]),
        "best_bid_price": number(bid[0]),
        "best_bid_size": number(bid[1]),
    }


def ticker_figures(tape: Tape, now_ns: int, number: Number) -> dict[str, Any]:
    """What REST and stream tickers have in common."""
    last, opening = tape.last, tape.opening
    printed = tape.trades[-1].trade if tape.trades else None
    trade_ns = printed.ts_ns if printed else now_ns
    change = last - opening
    rate = change / opening if opening else 0.0
    return {
        "opening_price": number(opening),
        "high_price": number(tape.high),
        "low_price": number(tape.low),
        "trade_price": number(last),
        "prev_closing_price": number(opening),
        "change": _change(last, opening),
        "change_price": number(abs(change)),
        "change_rate": number(abs(rate)),
        "signed_change_price": number(change),
        "signed_change_rate": number(rate),
        "trade_volume": number(printed.qty if printed else 0.0),
        "acc_trade_price": number(tape.notional),
        "acc_trade_price_24h": number(tape.notional),
        "acc_trade_volume": number(tape.volume),
        "acc_trade_volume_24h": number(tape.volume),
        "trade_date": utc(trade_ns, "%Y%m%d"),
        "trade_time": utc(trade_ns, "%H%M%S"),
        "trade_timestamp": ms(trade_ns),
        "highest_52_week_price": number(tape.high),
        "highest_52_week_date": utc(trade_ns, "%Y-%m-%d"),
        "lowest_52_week_price": number(tape.low),
        "lowest_52_week_date": utc(trade_ns, "%Y-%m-%d"),
        "timestamp": now_ns // NS_PER_MS,
    }


def ticker_object(symbol: str, tape: Tape, now_ns: int) -> dict[str, Any]:
    """One entry of `/v1/ticker`."""
    figures = ticker_figures(tape, now_ns, plain_double)
    trade_ns = int(figures["trade_timestamp"]) * NS_PER_MS
    return {
        "market": symbol,
        "trade_date_kst": kst(trade_ns, "%Y%m%d"),
        "trade_time_kst": kst(trade_ns, "%H%M%S"),
        **figures,
    }


def ticker_frame(symbol: str, tape: Tape, now_ns: int, number: Number) -> dict[str, Any]:
    """A ticker as the stream tells it, without type and stream type."""
    is_bid = bool(tape.trades) and tape.trades[-1].trade.side is Side.BUY
    return {
        "code": symbol,
        **ticker_figures(tape, now_ns, number),
        "ask_bid": "BID" if is_bid else "ASK",
        "acc_ask_volume": number(tape.volume / 2),
        "acc_bid_volume": number(tape.volume / 2),
        "market_state": "ACTIVE",
        "is_trading_suspended": False,
        "delisting_date": None,
        "market_warning": "NONE",
    }
