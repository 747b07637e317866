"""Market data by websocket: which streams to ask for, and their frames to events.

Frames of the combined path begin with the name of their stream, so one look-up of those bytes
gives the reader and the symbol; only then is the frame decoded, once, by a typed decoder. The
venue's notice that a server is about to stop (`serverShutdown`) is passed over: a lost connection
is made anew, whatever ended it.
"""

from collections.abc import Callable, Iterable, Sequence
from math import ceil

import msgspec

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import BookQuote, BookSnapshot, Event, MarketTrade, VenueStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.binance_spot import facts
from arbitrage.exchanges.binance_spot.depth_sync import DepthSync, Diff
from arbitrage.exchanges.binance_spot.facts import VENUE, BookStream
from arbitrage.exchanges.binance_spot.wire import (
    UNREADABLE,
    Price,
    PriceOrNone,
    Qty,
    QtyOrNone,
    UpdateId,
    WholeLevels,
)
from arbitrage.exchanges.order_gateway import Channel

_NAME_STARTS = len(b'{"stream":"')
_STREAMS_PER_REQUEST = 200
_SHUTDOWN = "serverShutdown"


class WholeBook(msgspec.Struct, rename="camel", gc=False):
    """`{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}`"""

    last_update_id: UpdateId
    bids: WholeLevels
    asks: WholeLevels


class _Quote(msgspec.Struct, gc=False):
    b: Price
    B: Qty
    a: Price
    A: Qty


class _ThinQuote(msgspec.Struct, gc=False):
    b: PriceOrNone
    B: QtyOrNone
    a: PriceOrNone
    A: QtyOrNone


class _Trade(msgspec.Struct, gc=False):
    p: Price
    q: Qty
    m: bool


class _QuoteFrame(msgspec.Struct, gc=False):
    data: _Quote


class _ThinQuoteFrame(msgspec.Struct, gc=False):
    data: _ThinQuote


class _DiffFrame(msgspec.Struct, gc=False):
    data: Diff


class _BookFrame(msgspec.Struct, gc=False):
    data: WholeBook


class _TradeFrame(msgspec.Struct, gc=False):
    data: _Trade


class _Refused(msgspec.Struct):
    code: int
    msg: str = ""


class _OtherFrame(msgspec.Struct):
    """A frame of a stream whose name does not come first, or the answer to a subscription."""

    stream: str = ""
    e: str = ""
    id: int | str | None = None
    error: _Refused | None = None
    code: int | None = None
    msg: str = ""


_quote = msgspec.json.Decoder(_QuoteFrame, strict=False).decode
_thin_quote = msgspec.json.Decoder(_ThinQuoteFrame, strict=False).decode
_diff = msgspec.json.Decoder(_DiffFrame, strict=False).decode
_book = msgspec.json.Decoder(_BookFrame, strict=False).decode
_trade = msgspec.json.Decoder(_TradeFrame, strict=False).decode
_other = msgspec.json.Decoder(_OtherFrame).decode

Reader = Callable[[bytes, int, str], Sequence[Event]]


class MarketStream:
    """The subscriptions of one venue and the books that diffs keep.

    Ask for BOOK or QUOTE of a symbol, not both: each replaces the book that the other keeps.
    """

    def __init__(self, book_stream: BookStream = BookStream.DIFF_100MS) -> None:
        is_whole = book_stream is BookStream.PARTIAL_20
        self._names = {
            Channel.BOOK: book_stream.value,
            Channel.QUOTE: facts.QUOTE_STREAM,
            Channel.TRADES: facts.TRADES_STREAM,
        }
        self._readers: dict[Channel, Reader] = {
            Channel.BOOK: self._on_book if is_whole else self._on_diff,
            Channel.QUOTE: self._on_quote,
            Channel.TRADES: self._on_trade,
        }
        self._follows_diffs = not is_whole
        self._streams: dict[bytes, tuple[Reader, str]] = {}
        self.books: dict[str, DepthSync] = {}

    def streams(self, symbols: Iterable[str], channels: Iterable[Channel]) -> list[str]:
        """The names of the streams of one connection; from now on their frames are understood.

        Raises `ConfigError` for a channel that a spot market has not, and for more streams than
        one connection carries.
        """
        symbols, channels = list(symbols), list(channels)
        missing = [channel.value for channel in channels if channel not in self._names]
        if missing:
            raise ConfigError(f"{VENUE}: a spot market has no {', '.join(missing)}")
        names = {
            f"{symbol.lower()}@{self._names[channel]}": (channel, symbol)
            for channel in channels
            for symbol in symbols
        }
        if len(names) > facts.MAX_STREAMS_PER_CONNECTION:
            raise ConfigError(
                f"{VENUE}: {len(names)} streams on one connection, the venue takes "
                f"{facts.MAX_STREAMS_PER_CONNECTION}; split the symbols"
            )
        for name, (channel, symbol) in names.items():
            self._streams[name.encode()] = (self._readers[channel], symbol)
            if channel is Channel.BOOK and self._follows_diffs:
                self.books.setdefault(symbol, DepthSync(symbol))
        return list(names)

    def subscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> list[bytes]:
        """The frames that ask for `streams`; the venue answers each `{"result":null,"id":1}`.

        `{"method":"SUBSCRIBE","params":["btcusdt@depth@100ms"],"id":1}`. Raises as `streams`.
        """
        names = self.streams(symbols, channels)
        parts = ceil(len(names) / _STREAMS_PER_REQUEST)
        return [
            msgspec.json.encode(
                {"method": "SUBSCRIBE", "params": names[part::parts], "id": part + 1}
            )
            for part in range(parts)
        ]

    def decode(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """What a frame received at `ts_ns` says; nothing for streams that were not asked for.

        `{"stream":"btcusdt@bookTicker","data":{...}}`. A refused subscription takes the venue
        down. Raises `MalformedData`, with the symbol where a book can no longer be trusted; one
        that is kept by diffs then waits for a new snapshot.
        """
        known = self._streams.get(frame[_NAME_STARTS : frame.find(b'"', _NAME_STARTS)])
        if known is None:
            return self._on_other(frame, ts_ns)
        read, symbol = known
        try:
            return read(frame, ts_ns, symbol)
        except UNREADABLE as error:
            raise self._malformed(frame, error, known) from error

    def lose_books(self) -> None:
        """The connection was lost: every book kept by diffs needs a new snapshot."""
        for book in self.books.values():
            book.lose()

    def _on_quote(self, frame: bytes, ts_ns: int, symbol: str) -> Sequence[Event]:
        """`{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000",
        "A":"40.66000000"}`"""
        try:
            said = _quote(frame).data
        except msgspec.ValidationError:
            return self._on_thin_quote(frame, ts_ns, symbol)
        return (BookQuote(ts_ns, VENUE, symbol, said.b, said.B, said.a, said.A),)

    def _on_thin_quote(self, frame: bytes, ts_ns: int, symbol: str) -> Sequence[Event]:
        """A quote whose empty side is written as zero: a book of the other side alone."""
        said = _thin_quote(frame).data
        bids = [(said.b, said.B)] if said.b and said.B else []
        asks = [(said.a, said.A)] if said.a and said.A else []
        return (BookSnapshot(ts_ns, VENUE, symbol, bids, asks),)

    def _on_diff(self, frame: bytes, ts_ns: int, symbol: str) -> Sequence[Event]:
        """A changed book; the message is shown at `depth_sync.Diff`."""
        return self.books[symbol].follow(_diff(frame).data, ts_ns)

    def _on_book(self, frame: bytes, ts_ns: int, symbol: str) -> Sequence[Event]:
        """A whole book of 20 levels a side; the message is shown at `WholeBook`."""
        said = _book(frame).data
        require_best_first(said.bids, said.asks)
        return (BookSnapshot(ts_ns, VENUE, symbol, said.bids, said.asks, said.last_update_id),)

    def _on_trade(self, frame: bytes, ts_ns: int, symbol: str) -> Sequence[Event]:
        """`{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100",
        "T":1672515782136,"m":true,"M":true}`: `m` says that the buyer is the maker, so the taker
        sold."""
        said = _trade(frame).data
        side = Side.SELL if said.m else Side.BUY
        return (MarketTrade(ts_ns, VENUE, symbol, said.p, said.q, side),)

    def _on_other(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """Answers to subscriptions, frames with their keys in another order, other streams."""
        known = None
        try:
            said = _other(frame)
            known = self._streams.get(said.stream.encode())
            if known is not None:
                read, symbol = known
                return read(frame, ts_ns, symbol)
        except UNREADABLE as error:
            raise self._malformed(frame, error, known) from error
        if said.error is not None or said.code is not None:
            refused = said.error or said
            reason = f"subscription refused: {refused.code} {refused.msg}"
            return (VenueStatus(ts_ns, VENUE, is_up=False, reason=reason),)
        if not said.stream and said.id is None and said.e != _SHUTDOWN:
            raise self._malformed(frame, "neither a stream nor an answer", None)
        return ()

    def _malformed(
        self, frame: bytes, reason: object, known: tuple[Reader, str] | None
    ) -> MalformedData:
        """The error for `frame`; a book that it would have changed is lost with it."""
        symbol, is_book = "", False
        if known is not None:
            read, symbol = known
            is_book = read in (self._readers[Channel.BOOK], self._readers[Channel.QUOTE])
        if is_book and symbol in self.books:
            self.books[symbol].lose()
        return MalformedData(
            f"{VENUE} {symbol or 'market data'}: {reason} in {frame[:120]!r}; the frame is dropped",
            symbol if is_book else "",
        )


def require_best_first(bids: WholeLevels, asks: WholeLevels) -> None:
    """Raise `ValueError` unless both sides have their best price first."""
    if sorted(bids, reverse=True) != bids or sorted(asks) != asks:
        raise ValueError("levels out of order; expected the best price first")
