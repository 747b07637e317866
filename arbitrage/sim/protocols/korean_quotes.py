"""Market data as Upbit and Bithumb both tell it, for REST answers and stream frames alike.

Builders take the core's books and tapes and a way to write numbers, which each venue has its own
of. Dates are added by the venues too: their clocks differ.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Raw

from arbitrage.domain.events import BookSnapshot, Levels
from arbitrage.domain.sides import Side
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.protocols.korean_times import ms, utc
from arbitrage.sim.tape import Tape

Number = Callable[[float], Raw]

KOREAN_NAMES: Final = {"BTC": "비트코인", "ETH": "이더리움", "XRP": "리플", "USDT": "테더"}
# The short names of the SIMPLE formats that both venues share: those of market data, of the frame,
# of balances. docs.upbit.com/kr/reference/websocket-*, read 2026-11-22.
SHORT_NAMES: Final = {
    **{"type": "ty", "code": "cd", "timestamp": "tms", "stream_type": "st", "level": "lv"},
    **{"total_ask_size": "tas", "total_bid_size": "tbs", "orderbook_units": "obu"},
    **{"ask_price": "ap", "bid_price": "bp", "ask_size": "as", "bid_size": "bs"},
    **{"trade_price": "tp", "trade_volume": "tv", "ask_bid": "ab", "prev_closing_price": "pcp"},
    **{"change": "c", "change_price": "cp", "trade_date": "td", "trade_time": "ttm"},
    **{"trade_timestamp": "ttms", "sequential_id": "sid", "best_ask_price": "bap"},
    **{"best_ask_size": "bas", "best_bid_price": "bbp", "best_bid_size": "bbs"},
    **{"opening_price": "op", "high_price": "hp", "low_price": "lp", "change_rate": "cr"},
    **{"signed_change_price": "scp", "signed_change_rate": "scr", "acc_trade_price": "atp"},
    **{"acc_trade_price_24h": "atp24h", "acc_trade_volume": "atv", "acc_ask_volume": "aav"},
    **{"acc_trade_volume_24h": "atv24h", "acc_bid_volume": "abv", "market_state": "ms"},
    **{"highest_52_week_price": "h52wp", "highest_52_week_date": "h52wdt"},
    **{"lowest_52_week_price": "l52wp", "lowest_52_week_date": "l52wdt"},
    **{"is_trading_suspended": "its", "delisting_date": "dd", "market_warning": "mw"},
    **{"reserved_fee": "rsf", "remaining_fee": "rmf", "paid_fee": "pf", "time_in_force": "tif"},
    **{"order_timestamp": "otms", "asset_timestamp": "asttms", "assets": "ast"},
    **{"currency": "cu", "balance": "b"},
    **{"method": "mthd", "result": "rslt", "ticket": "tckt", "codes": "cds"},
}
# A ticker writes its date without dashes and calls it so.
SHORT_TICKER_DATE: Final = {"trade_date": "tdt"}
# Totals are of all levels that are shown anywhere.
_MAX_LEVELS: Final = 30
NO_LEVEL: Final = (0.0, 0.0)


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
        ask = asks[place] if place < len(asks) else NO_LEVEL
        bid = bids[place] if place < len(bids) else NO_LEVEL
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
    return round(sum(qty for _, qty in levels[:_MAX_LEVELS]), 8)


def _grouped(levels: Levels, level: float, side: Side) -> Levels:
    """Levels by multiples of `level`: bids rounded down, asks up."""
    if level <= 0:
        return levels
    grouped: dict[float, float] = {}
    for price, qty in levels:
        steps = price // level if side is Side.BUY else -(-price // level)
        grouped[steps * level] = grouped.get(steps * level, 0.0) + qty
    return list(grouped.items())


# --- trades and tickers ------------------------------------------------------------------------


def change_of(last: float, opening: float) -> str:
    return "EVEN" if last == opening else "RISE" if last > opening else "FALL"


def taker_side(printed: PublicTrade) -> str:
    return "BID" if printed.trade.side is Side.BUY else "ASK"


def sequential_id(printed: PublicTrade) -> int:
    """Unique, and roughly in the order of time."""
    return ms(printed.trade.ts_ns) * 10_000 + printed.trade_id % 10_000


def trade_object(printed: PublicTrade, tape: Tape, number: Number) -> dict[str, Any]:
    """One entry of `/v1/trades/ticks`."""
    trade = printed.trade
    return {
        "market": trade.symbol,
        "trade_date_utc": utc(trade.ts_ns, "%Y-%m-%d"),
        "trade_time_utc": utc(trade.ts_ns, "%H:%M:%S"),
        "timestamp": ms(trade.ts_ns),
        "trade_price": number(trade.price),
        "trade_volume": number(trade.qty),
        "prev_closing_price": number(tape.opening),
        "change_price": number(trade.price - tape.opening),
        "ask_bid": taker_side(printed),
        "sequential_id": sequential_id(printed),
    }


def trade_figures(printed: PublicTrade, tape: Tape, number: Number) -> dict[str, Any]:
    """What trades of both streams have in common."""
    trade = printed.trade
    return {
        "code": trade.symbol,
        "timestamp": ms(trade.ts_ns) + 1,
        "trade_timestamp": ms(trade.ts_ns),
        "trade_price": number(trade.price),
        "trade_volume": number(trade.qty),
        "ask_bid": taker_side(printed),
        "prev_closing_price": number(tape.opening),
        "change": change_of(trade.price, tape.opening),
        "change_price": number(abs(trade.price - tape.opening)),
        "sequential_id": sequential_id(printed),
    }


def trade_ns(tape: Tape, now_ns: int) -> int:
    """When the last trade was; now, if there was none."""
    return tape.trades[-1].trade.ts_ns if tape.trades else now_ns


def ticker_figures(tape: Tape, now_ns: int, number: Number) -> dict[str, Any]:
    """What REST and stream tickers of both venues have in common, without dates and stamps."""
    last, opening = tape.last, tape.opening
    change = last - opening
    rate = change / opening if opening else 0.0
    day = utc(trade_ns(tape, now_ns), "%Y-%m-%d")
    return {
        "opening_price": number(opening),
        "high_price": number(tape.high),
        "low_price": number(tape.low),
        "trade_price": number(last),
        "prev_closing_price": number(opening),
        "change": change_of(last, opening),
        "change_price": number(abs(change)),
        "change_rate": number(abs(rate)),
        "signed_change_price": number(change),
        "signed_change_rate": number(rate),
        "trade_volume": number(tape.trades[-1].trade.qty if tape.trades else 0.0),
        "acc_trade_price": number(tape.notional),
        "acc_trade_price_24h": number(tape.notional),
        "acc_trade_volume": number(tape.volume),
        "acc_trade_volume_24h": number(tape.volume),
        "highest_52_week_price": number(tape.high),
        "highest_52_week_date": day,
        "lowest_52_week_price": number(tape.low),
        "lowest_52_week_date": day,
    }


def stream_ticker_figures(tape: Tape, number: Number) -> dict[str, Any]:
    """What only the stream's tickers have."""
    return {
        "ask_bid": taker_side(tape.trades[-1]) if tape.trades else "ASK",
        "acc_ask_volume": number(tape.volume / 2),
        "acc_bid_volume": number(tape.volume / 2),
        "market_state": "ACTIVE",
        "is_trading_suspended": False,
        "market_warning": "NONE",
    }
