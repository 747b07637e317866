"""What Upbit's stream frames say; `korean_stream` says when.

Doubles have exponents in the DEFAULT formats and none in the SIMPLE ones, dates are in UTC.
"""

from typing import Any, Final

from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.core_events import BalanceChanged, Change, OrderChanged, PublicTrade
from arbitrage.sim.protocols.korean_orders import figures_after
from arbitrage.sim.protocols.korean_quotes import SHORT_NAMES, Number, book_units
from arbitrage.sim.protocols.korean_stream import StreamWords
from arbitrage.sim.protocols.korean_subscription import RequestRules, Topic
from arbitrage.sim.protocols.korean_times import ms
from arbitrage.sim.protocols.upbit_orders import state_of
from arbitrage.sim.protocols.upbit_quotation import ticker_frame, trade_frame
from arbitrage.sim.protocols.upbit_wire import (
    double,
    exact,
    order_uuid,
    plain_double,
    trade_uuid,
)
from arbitrage.sim.rate_limits import RateLimit
from arbitrage.sim.venue_core import SimVenueCore

# docs.upbit.com/kr/reference/rate-limits, read 2026-11-22: requests of one connection.
_MESSAGE_LIMITS: Final = {
    "second": RateLimit(5, NS_PER_SECOND),
    "minute": RateLimit(100, 60 * NS_PER_SECOND),
}
_RULES: Final = RequestRules(
    level_counts=(1, 5, 15, 30),
    only_snapshot=("is_only_snapshot", "isOnlySnapshot"),
    only_realtime=("is_only_realtime", "isOnlyRealtime"),
)

# The short names of the SIMPLE formats. docs.upbit.com/kr/reference/websocket-my*, read 2026-11-22.
_SHORT: Final = {
    **SHORT_NAMES,
    **{"uuid": "uid", "order_type": "ot", "state": "s", "trade_uuid": "tuid", "price": "p"},
    **{"avg_price": "ap", "volume": "v", "remaining_volume": "rv", "executed_volume": "ev"},
    **{"trades_count": "tc", "locked": "l", "executed_funds": "ef", "trade_fee": "tf"},
    **{"is_maker": "im", "identifier": "id", "smp_type": "smpt", "prevented_volume": "pv"},
    **{"prevented_locked": "pl", "asset_uuid": "astuid"},
}


def book_frame(book: BookSnapshot, topic: Topic, number: Number) -> dict[str, Any]:
    """A book of as many levels as were asked for."""
    count = topic.codes[book.symbol]
    units, asks, bids = book_units(book, count=count, level=topic.level, number=number)
    return {
        "code": book.symbol,
        "timestamp": ms(book.ts_ns),
        "total_ask_size": number(asks),
        "total_bid_size": number(bids),
        "orderbook_units": units,
        "level": number(topic.level),
    }


def my_asset(changes: list[BalanceChanged]) -> dict[str, Any]:
    """Balances that changed together, as `myAsset` tells them."""
    ts_ns = changes[-1].ts_ns
    return {
        "asset_uuid": order_uuid(0, ts_ns),
        "assets": [
            {
                "currency": change.currency,
                "balance": exact(change.available),
                "locked": exact(change.locked),
            }
            for change in changes
        ],
        "asset_timestamp": ms(ts_ns),
        "timestamp": ms(ts_ns),
    }


def my_order(changed: OrderChanged, core: SimVenueCore, number: Number) -> dict[str, Any]:
    """A step in the life of an order as `myOrder` tells it, without type and stream type.

    In a frame of state `trade`, price and volume are those of the fill.
    """
    order, fill = changed.order, changed.fill
    wanted = order.request
    state = {Change.TRADE: "trade", Change.PREVENTED: "prevented", Change.NEW: "wait"}.get(
        changed.change, state_of(order)
    )
    fee_rate = core.fees(wanted.symbol).rate(is_maker=False)
    figures = figures_after(order, fee_rate, fill, is_live=changed.change is not Change.CLOSED)
    count = order.fills.index(fill) + 1 if fill else len(order.fills)

    def told(value: Any) -> Any:
        return None if value is None else number(float(value))

    return {
        "code": wanted.symbol,
        "uuid": order_uuid(order.id, order.created_ns),
        "ask_bid": "BID" if wanted.side is Side.BUY else "ASK",
        "order_type": wanted.wire["ord_type"],
        "state": state,
        "trade_uuid": trade_uuid(fill.trade_id, fill.ts_ns) if fill else None,
        "price": told(fill.price if fill else figures.price),
        "avg_price": told(figures.avg_price),
        "volume": told(fill.qty if fill else figures.volume),
        "remaining_volume": told(figures.remaining_volume),
        "executed_volume": told(figures.executed_volume),
        "trades_count": count,
        "reserved_fee": told(figures.reserved_fee),
        "remaining_fee": told(figures.remaining_fee),
        "paid_fee": told(figures.paid_fee),
        "locked": told(figures.locked),
        "executed_funds": told(figures.executed_funds),
        "time_in_force": wanted.wire["time_in_force"] or None,
        "trade_fee": told(fill.fee) if fill else None,
        "is_maker": fill.is_maker if fill else None,
        "identifier": wanted.client_id or None,
        "smp_type": wanted.wire["smp_type"],
        "prevented_volume": told(figures.prevented_volume),
        "prevented_locked": told(figures.prevented_locked),
        "trade_timestamp": ms(fill.ts_ns) if fill else None,
        "order_timestamp": ms(order.created_ns),
        "timestamp": ms(changed.ts_ns),
    }


def _trade(printed: PublicTrade, core: SimVenueCore, number: Number) -> dict[str, Any]:
    symbol = printed.trade.symbol
    return trade_frame(printed, core.tape(symbol), core.book(symbol), number)


def _ticker(code: str, core: SimVenueCore, number: Number) -> dict[str, Any]:
    return ticker_frame(code, core.tape(code), core.now_ns, number)


WORDS: Final = StreamWords(
    rules=_RULES,
    number=double,
    simple_number=plain_double,
    book=book_frame,
    trade=_trade,
    ticker=_ticker,
    order=my_order,
    assets=my_asset,
    short=_SHORT,
    message_limits=_MESSAGE_LIMITS,
)
