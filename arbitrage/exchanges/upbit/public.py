"""Upbit's market data: what is traded by which rules, books and trades, over REST and websocket.

Books are whole snapshots without a sequence. The moment of arrival is all the freshness there is;
the venue's own time only tells that a book is older than the one before it, and not worth having.
The websocket is asked for its SIMPLE format, whose short
names make a frame of 30 levels a third smaller and faster to read.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import inf

import msgspec

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import BookSnapshot, Event, Levels, MarketTrade, VenueStatus
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Side
from arbitrage.domain.units import decimal_of
from arbitrage.exchanges.order_gateway import Answer, Channel, Request
from arbitrage.exchanges.upbit import facts
from arbitrage.exchanges.upbit.answers import UNREADABLE, ErrorBody, amount, read_answer

_SIDES = {"BID": Side.BUY, "ASK": Side.SELL}
# What a subscription is called; the venue only echoes it.
_TICKET = "arbitrage"
# A book that is older than the last by more than this is of another clock, and not late.
_LATE_BOOK_MS = 10_000


class LevelPair(msgspec.Struct, gc=False):
    """One ask and the bid of the same rank. Where a side is thinner, it is padded with zeros."""

    ask: float = msgspec.field(name="ap")
    bid: float = msgspec.field(name="bp")
    ask_qty: float = msgspec.field(name="as")
    bid_qty: float = msgspec.field(name="bs")


class BookFrame(msgspec.Struct, gc=False, tag_field="ty", tag="orderbook"):
    """`{"ty":"orderbook","cd":"KRW-BTC","tms":1763800000000,"tas":4.2,"tbs":3.9,
    "obu":[{"ap":1.36011E8,"bp":1.36E8,"as":0.13,"bs":0.4},...],"st":"REALTIME","lv":0}`"""

    cd: str
    obu: list[LevelPair]
    tms: int = 0


class TradeFrame(msgspec.Struct, gc=False, tag_field="ty", tag="trade"):
    """`{"ty":"trade","cd":"KRW-BTC","tms":1763800000000,"ttms":1763799999990,"tp":1.36E8,
    "tv":0.013,"ab":"BID","pcp":1.35E8,"c":"RISE","cp":1000000.0,"sid":17638000000000000,
    "st":"REALTIME"}`; `ab` is the taker's side."""

    cd: str
    tp: float
    tv: float
    ab: str


class Notice(msgspec.Struct, gc=False):
    """`{"status":"UP"}` or `{"error":{"name":"NO_CODES","message":"..."}}`; the venue hangs up
    after an error."""

    status: str = ""
    error: ErrorBody | None = None


class BookUnit(msgspec.Struct, gc=False):
    """A `LevelPair` as REST spells it."""

    ask_price: float
    bid_price: float
    ask_size: float
    bid_size: float


class BookReply(msgspec.Struct, gc=False):
    """`{"market":"KRW-BTC","timestamp":1763800000000,"total_ask_size":4.2,"total_bid_size":3.9,
    "orderbook_units":[{"ask_price":136011000,"bid_price":136000000,"ask_size":0.13,
    "bid_size":0.4},...],"level":0}`"""

    market: str
    orderbook_units: list[BookUnit]


class MarketReply(msgspec.Struct, gc=False):
    """`{"market":"KRW-BTC","korean_name":"비트코인","english_name":"Bitcoin"}`"""

    market: str


class TickSizeReply(msgspec.Struct, gc=False):
    """`{"market":"KRW-BTC","quote_currency":"KRW","tick_size":"1000",
    "supported_levels":["0","10000",...]}`"""

    market: str
    tick_size: Decimal


# The tag comes first in every frame, so the union costs nothing, and it need not.
_FRAMES = msgspec.json.Decoder(BookFrame | TradeFrame)
_NOTICES = msgspec.json.Decoder(Notice)
_BOOKS = msgspec.json.Decoder(list[BookReply])
_MARKETS = msgspec.json.Decoder(list[MarketReply])
_TICK_SIZES = msgspec.json.Decoder(list[TickSizeReply])
_ENCODER = msgspec.json.Encoder()


def subscribe(symbols: Sequence[str], channels: Sequence[Channel]) -> list[bytes]:
    """The one frame that asks for everything: a second one would replace the first.

    A quote is a book of one level. Trades are asked for without the last one of the past. Raises
    `ConfigError` for a channel that a spot venue has not.
    """
    if Channel.FUNDING in channels:
        raise ConfigError("upbit is a spot venue and has no funding; nothing was subscribed")
    parts: list[dict[str, object]] = [{"ticket": _TICKET}]
    if Channel.BOOK in channels:
        parts.append({"type": "orderbook", "codes": list(symbols)})
    elif Channel.QUOTE in channels:
        parts.append({"type": "orderbook", "codes": [f"{symbol}.1" for symbol in symbols]})
    if Channel.TRADES in channels:
        parts.append({"type": "trade", "codes": list(symbols), "is_only_realtime": True})
    parts.append({"format": "SIMPLE"})
    return [_ENCODER.encode(parts)]


def decode(frame: bytes, ts_ns: int, latest_ms: dict[str, int]) -> tuple[Event, ...]:
    """The events of one frame, stamped `ts_ns`. Raises `MalformedData`.

    `latest_ms` is the venue's time of the last book by symbol; an older book says nothing, unless
    it is so old that the venue's clock must have been set.
    """
    try:
        message = _FRAMES.decode(frame)
    except UNREADABLE as error:
        return notice(frame, ts_ns, error)
    symbol = message.cd
    if "." in symbol:  # KRW-BTC.1: the number of levels that was asked for
        symbol = symbol.partition(".")[0]
    if type(message) is BookFrame:
        if 0 < latest_ms.get(symbol, 0) - message.tms < _LATE_BOOK_MS:
            return ()
        latest_ms[symbol] = message.tms
        bids, asks = _levels(symbol, message.obu)
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
        f"upbit frame cannot be read: {cause}; it begins {bytes(frame[:120])!r}"
    ) from cause


def _levels(symbol: str, pairs: list[LevelPair]) -> tuple[Levels, Levels]:
    """`(bids, asks)`, each proven to be positive and best first while it is built."""
    bids: Levels = []
    asks: Levels = []
    last_bid = inf
    last_ask = 0.0
    for pair in pairs:
        bid = pair.bid
        ask = pair.ask
        if ask > last_ask and 0.0 < bid < last_bid and pair.ask_qty > 0.0 and pair.bid_qty > 0.0:
            bids.append((bid, pair.bid_qty))
            asks.append((ask, pair.ask_qty))
            last_bid = bid
            last_ask = ask
        else:
            return (
                _padded_side(symbol, "bids", ((one.bid, one.bid_qty) for one in pairs), -1),
                _padded_side(symbol, "asks", ((one.ask, one.ask_qty) for one in pairs), +1),
            )
    return bids, asks


def _padded_side(
    symbol: str, side: str, levels: Iterable[tuple[float, float]], sign: int
) -> Levels:
    """One side without its padding; `sign` is +1 where prices must rise."""
    kept: Levels = []
    for price, qty in levels:
        if price == 0.0 or qty == 0.0:
            continue
        if price < 0.0 or qty < 0.0 or (kept and (price - kept[-1][0]) * sign <= 0.0):
            raise MalformedData(
                f"upbit {symbol} {side}: level ({price}, {qty}) after {kept[-1:]}; expected "
                "positive numbers, the best price first; the book is dropped"
            )
        kept.append((price, qty))
    return kept


def _trade(symbol: str, frame: TradeFrame, ts_ns: int) -> MarketTrade:
    side = _SIDES.get(frame.ab)
    if side is None or not (frame.tp > 0.0 and frame.tv > 0.0):
        raise MalformedData(
            f"upbit {symbol} trade of {frame.tv} at {frame.tp} on side {frame.ab!r}; expected "
            "positive numbers and BID or ASK; the trade is dropped"
        )
    return MarketTrade(ts_ns, facts.VENUE, symbol, frame.tp, frame.tv, side)


def book_request(symbol: str) -> Request:
    return Request("GET", f"{facts.BOOK_PATH}?markets={symbol}&count={facts.BOOK_LEVELS}")


def book(symbol: str, answer: Answer, ts_ns: int) -> BookSnapshot:
    """The book of `symbol`. Raises as `read_answer`, and `MalformedData` for another market's."""
    replies = read_answer(_BOOKS, answer, f"book of {symbol}")
    if [reply.market for reply in replies] != [symbol]:
        raise MalformedData(
            f"upbit book of {symbol}: the answer holds {[reply.market for reply in replies]}; "
            "it is dropped"
        )
    pairs = [
        LevelPair(unit.ask_price, unit.bid_price, unit.ask_size, unit.bid_size)
        for unit in replies[0].orderbook_units
    ]
    bids, asks = _levels(symbol, pairs)
    return BookSnapshot(ts_ns, facts.VENUE, symbol, bids, asks)


def instruments_request() -> Request:
    return Request("GET", facts.MARKETS_PATH)


def instruments(answer: Answer) -> list[Instrument]:
    """Every market whose quote has documented rules, with the documented ticks."""
    found = []
    for reply in read_answer(_MARKETS, answer, "list of markets"):
        quote, _, base = reply.market.partition("-")
        if base and quote in facts.MIN_NOTIONAL:
            found.append(
                Instrument(
                    venue=facts.VENUE,
                    symbol=reply.market,
                    base=base,
                    quote=quote,
                    tick_size=facts.FINEST_TICK,
                    tick_bands=facts.TICK_BANDS[quote],
                    lot_size=facts.LOT_SIZE,
                    min_notional=facts.MIN_NOTIONAL[quote],
                )
            )
    return found


def documented_fees(symbol: str) -> FeeSchedule:
    """What an account pays that has no terms of its own. Raises `ConfigError` for a market whose
    quote is not documented."""
    bps = facts.FEE_BPS.get(symbol.partition("-")[0])
    if bps is None:
        raise ConfigError(f"upbit {symbol}: expected a market in {', '.join(facts.FEE_BPS)}")
    return FeeSchedule(taker_bps=bps, maker_bps=bps)


def tick_sizes_request(symbols: Sequence[str]) -> Request:
    return Request("GET", f"{facts.TICK_SIZES_PATH}?markets={','.join(symbols)}")


def with_tick_sizes(
    known: Iterable[Instrument], answer: Answer, prices: Mapping[str, float]
) -> list[Instrument]:
    """`known` with the ticks that the venue tells, where it does.

    The venue tells the tick of the moment, without the prices between which it holds. It is taken
    for the smallest there is: a coarser documented one stays where prices are above that in
    `prices` (quote per base, by symbol; without one, everywhere). The coarser of two ticks is a
    multiple of the finer, so an order is on the grid whichever of them is true. Raises as
    `read_answer`, and `ConfigError` for a tick that fits no documented one.
    """
    told = {
        reply.market: amount(reply.tick_size, f"{reply.market} tick_size")
        for reply in read_answer(_TICK_SIZES, answer, "tick sizes")
    }
    return [
        _with_tick_size(one, told[one.symbol], decimal_of(prices.get(one.symbol, 0.0)))
        if told.get(one.symbol)
        else one
        for one in known
    ]


def _with_tick_size(known: Instrument, tick_size: Decimal, price: Decimal) -> Instrument:
    bands = tuple(
        band
        for band in facts.TICK_BANDS[known.quote]
        if band.from_price > price and band.tick_size > tick_size
    )
    return msgspec.structs.replace(known, tick_size=tick_size, tick_bands=bands)
