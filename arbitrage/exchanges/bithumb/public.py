"""Bithumb's market data: what is traded by which rules, books and trades, over REST and websocket.

Books are whole snapshots without a sequence, often repeated as they were. The moment of arrival is
all the freshness there is; of the venue's own times, which count in three ways, only that of a book
is read, to tell that it is older than the one before it: a first snapshot may come late. The plain
format is asked for: its names are the ones that live captures confirm.
"""

from collections.abc import Sequence
from math import inf

import msgspec

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import BookSnapshot, Event, Levels, MarketTrade, VenueStatus
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Side
from arbitrage.exchanges.bithumb import facts
from arbitrage.exchanges.bithumb.answers import UNREADABLE, ErrorBody, read_answer
from arbitrage.exchanges.order_gateway import Answer, Channel, Request

_SIDES = {"BID": Side.BUY, "ASK": Side.SELL}
# What a subscription is called; the venue only echoes it.
_TICKET = "arbitrage"
# A book that is older than the last by more than this is of another clock, and not late.
_LATE_BOOK_US = 10_000_000


class LevelPair(msgspec.Struct, gc=False):
    """One ask and the bid of the same rank. A thin side is padded with zeros, and a size of zero
    may stand anywhere."""

    ask_price: float
    bid_price: float
    ask_size: float
    bid_size: float


class BookFrame(msgspec.Struct, gc=False, tag_field="type", tag="orderbook"):
    """`{"type":"orderbook","code":"KRW-ETH","total_ask_size":369.9,"total_bid_size":287.0,
    "orderbook_units":[{"ask_price":3715000,"bid_price":3714000,"ask_size":8.45,
    "bid_size":3.0120},...],"level":1,"timestamp":1763800000000000,"stream_type":"REALTIME"}`"""

    code: str
    orderbook_units: list[LevelPair]
    timestamp: int = 0


class TradeFrame(msgspec.Struct, gc=False, tag_field="type", tag="trade"):
    """`{"type":"trade","code":"KRW-BTC","trade_price":136000000,"trade_volume":0.013,
    "ask_bid":"BID","prev_closing_price":135000000,"change":"RISE","change_price":1000000,
    "trade_timestamp":1763799999990,"sequential_id":17638000000000000,"timestamp":1763800000000,
    "stream_type":"REALTIME"}`; `ask_bid` is the taker's side."""

    code: str
    trade_price: float
    trade_volume: float
    ask_bid: str


class Notice(msgspec.Struct, gc=False):
    """`{"status":"UP"}` or `{"error":{"name":"WRONG_FORMAT","message":"..."}}`; the venue hangs up
    after an error."""

    status: str = ""
    error: ErrorBody | None = None


class BookReply(msgspec.Struct, gc=False):
    """`{"market":"KRW-BTC","timestamp":1763800000000,"total_ask_size":4.2,"total_bid_size":3.9,
    "orderbook_units":[...]}`"""

    market: str
    orderbook_units: list[LevelPair]


class MarketReply(msgspec.Struct, gc=False):
    """`{"market":"KRW-BTC","korean_name":"비트코인","english_name":"Bitcoin"}`"""

    market: str


_FRAMES = msgspec.json.Decoder(BookFrame | TradeFrame)
_NOTICES = msgspec.json.Decoder(Notice)
_BOOKS = msgspec.json.Decoder(list[BookReply])
_MARKETS = msgspec.json.Decoder(list[MarketReply])
_ENCODER = msgspec.json.Encoder()


def subscribe(symbols: Sequence[str], channels: Sequence[Channel]) -> list[bytes]:
    """The one frame that asks for everything: a second one would replace the first.

    A quote is a book of one level. Trades are asked for without the last one of the past; the flag
    is heard in camel case alone. Raises `ConfigError` for a channel that a spot venue has not.
    """
    if Channel.FUNDING in channels:
        raise ConfigError("bithumb is a spot venue and has no funding; nothing was subscribed")
    parts: list[dict[str, object]] = [{"ticket": _TICKET}]
    if Channel.BOOK in channels:
        parts.append({"type": "orderbook", "codes": list(symbols)})
    elif Channel.QUOTE in channels:
        parts.append({"type": "orderbook", "codes": [f"{symbol}.1" for symbol in symbols]})
    if Channel.TRADES in channels:
        parts.append({"type": "trade", "codes": list(symbols), "isOnlyRealtime": True})
    parts.append({"format": "DEFAULT"})
    return [_ENCODER.encode(parts)]


def decode(frame: bytes, ts_ns: int, latest_us: dict[str, int]) -> tuple[Event, ...]:
    """The events of one frame, stamped `ts_ns`. Raises `MalformedData`.

    `latest_us` is the venue's time of the last book by symbol; an older book says nothing, unless
    it is so old that the venue's clock must have been set.
    """
    try:
        message = _FRAMES.decode(frame)
    except UNREADABLE as error:
        return notice(frame, ts_ns, error)
    symbol = message.code
    if "." in symbol:  # KRW-BTC.1: the number of levels that was asked for
        symbol = symbol.partition(".")[0]
    if type(message) is BookFrame:
        if 0 < latest_us.get(symbol, 0) - message.timestamp < _LATE_BOOK_US:
            return ()
        latest_us[symbol] = message.timestamp
        bids, asks = _levels(symbol, message.orderbook_units)
        return (BookSnapshot(ts_ns, facts.VENUE, symbol, bids, asks),)
    return (_trade(symbol, message, ts_ns),)


def notice(frame: bytes, ts_ns: int, cause: Exception) -> tuple[Event, ...]:
    """What a frame that is no data says of the connection.

    "UP" says nothing that its arrival does not; an error or any other word takes the venue down.
    Raises `MalformedData`, naming `cause`, for a frame that says neither.
    """
    try:
        told = _NOTICES.decode(frame)
    except UNREADABLE:
        told = Notice()
    if told.error is not None:
        reason = f"{told.error.name}: {told.error.message}"
        return (VenueStatus(ts_ns, facts.VENUE, False, reason),)
    if told.status:
        is_up = told.status == facts.STATUS_UP
        return () if is_up else (VenueStatus(ts_ns, facts.VENUE, False, f"status {told.status}"),)
    raise MalformedData(
        f"bithumb frame cannot be read: {cause}; it begins {bytes(frame[:120])!r}"
    ) from cause


def _levels(symbol: str, pairs: list[LevelPair]) -> tuple[Levels, Levels]:
    """`(bids, asks)` without levels of no price or no size, each proven to be positive and best
    first while it is built."""
    bids: Levels = []
    asks: Levels = []
    last_bid = inf
    last_ask = 0.0
    for pair in pairs:
        ask = pair.ask_price
        qty = pair.ask_size
        if ask > last_ask and qty > 0.0:
            asks.append((ask, qty))
            last_ask = ask
        elif ask and qty:
            raise _out_of_order(symbol, "asks", (ask, qty), asks)
        bid = pair.bid_price
        qty = pair.bid_size
        if 0.0 < bid < last_bid and qty > 0.0:
            bids.append((bid, qty))
            last_bid = bid
        elif bid and qty:
            raise _out_of_order(symbol, "bids", (bid, qty), bids)
    return bids, asks


def _out_of_order(
    symbol: str, side: str, level: tuple[float, float], kept: Levels
) -> MalformedData:
    return MalformedData(
        f"bithumb {symbol} {side}: level {level} after {kept[-1:]}; expected positive numbers, the "
        "best price first; the book is dropped",
        symbol,
    )


def _trade(symbol: str, frame: TradeFrame, ts_ns: int) -> MarketTrade:
    side = _SIDES.get(frame.ask_bid)
    if side is None or not (frame.trade_price > 0.0 and frame.trade_volume > 0.0):
        raise MalformedData(
            f"bithumb {symbol} trade of {frame.trade_volume} at {frame.trade_price} on side "
            f"{frame.ask_bid!r}; expected positive numbers and BID or ASK; the trade is dropped"
        )
    return MarketTrade(ts_ns, facts.VENUE, symbol, frame.trade_price, frame.trade_volume, side)


def book_request(symbol: str) -> Request:
    """Asks for one market alone, for which the answer is twice as deep as for several."""
    return Request("GET", f"{facts.BOOK_PATH}?markets={symbol}")


def book(symbol: str, answer: Answer, ts_ns: int) -> BookSnapshot:
    """The book of `symbol`. Raises as `read_answer`, and `MalformedData` for another market's."""
    replies = read_answer(_BOOKS, answer, f"book of {symbol}")
    if [reply.market for reply in replies] != [symbol]:
        raise MalformedData(
            f"bithumb book of {symbol}: the answer holds {[reply.market for reply in replies]}; "
            "it is dropped",
            symbol,
        )
    bids, asks = _levels(symbol, replies[0].orderbook_units)
    return BookSnapshot(ts_ns, facts.VENUE, symbol, bids, asks)


def instruments_request() -> Request:
    return Request("GET", facts.MARKETS_PATH)


def instruments(answer: Answer) -> list[Instrument]:
    """Every market in KRW, with ticks and lots that are on the venue's grid."""
    found = []
    for reply in read_answer(_MARKETS, answer, "list of markets"):
        quote, _, base = reply.market.partition("-")
        if base and quote == facts.QUOTE:
            found.append(
                Instrument(
                    venue=facts.VENUE,
                    symbol=reply.market,
                    base=base,
                    quote=quote,
                    tick_size=facts.FINEST_TICK,
                    tick_bands=facts.TICK_BANDS,
                    lot_size=facts.LOT_SIZE,
                    min_notional=facts.MIN_NOTIONAL,
                )
            )
    return found


def documented_fees(symbol: str) -> FeeSchedule:
    """What an account pays that has no terms of its own. Raises `ConfigError` for a market whose
    quote is not KRW."""
    if symbol.partition("-")[0] != facts.QUOTE:
        raise ConfigError(f"bithumb {symbol}: expected a market in {facts.QUOTE}")
    return FeeSchedule(taker_bps=facts.FEE_BPS, maker_bps=facts.FEE_BPS)
