"""Market data by websocket: which topics to ask for, and their frames to events.

Frames begin with their topic, so one look-up of those bytes gives the reader and the symbol; only
then is the frame decoded, once, by a typed decoder.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import (
    BookQuote,
    BookSnapshot,
    Event,
    Funding,
    MarketTrade,
    VenueStatus,
)
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_MS
from arbitrage.exchanges.bybit import facts
from arbitrage.exchanges.bybit.depth_sync import RESTARTED_U, ChangedBook, DepthSync, WholeBook
from arbitrage.exchanges.bybit.facts import VENUES, BookStream, Category
from arbitrage.exchanges.bybit.wire import (
    UNREADABLE,
    Price,
    Qty,
    Rate,
    TimeMs,
    WholeLevels,
    require_best_first,
)
from arbitrage.exchanges.order_gateway import Channel

_TOPIC_STARTS = len(b'{"topic":"')
_SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}


class _SnapshotFrame(msgspec.Struct, gc=False, tag_field="type", tag="snapshot"):
    data: WholeBook


class _DeltaFrame(msgspec.Struct, gc=False, tag_field="type", tag="delta"):
    data: ChangedBook


class _RestartFrame(msgspec.Struct, gc=False):
    """A book that is whole whatever its type is called."""

    data: WholeBook


class _Touch(msgspec.Struct, gc=False):
    b: tuple[tuple[Price, Qty]]
    a: tuple[tuple[Price, Qty]]


class _TouchFrame(msgspec.Struct, gc=False, tag_field="type", tag="snapshot"):
    data: _Touch


class _ThinTouch(msgspec.Struct, gc=False):
    b: WholeLevels
    a: WholeLevels


class _ThinTouchFrame(msgspec.Struct, gc=False, tag_field="type", tag="snapshot"):
    data: _ThinTouch


class _Trade(msgspec.Struct, gc=False):
    S: str
    v: Qty
    p: Price
    BT: bool = False


class _TradeFrame(msgspec.Struct, gc=False):
    data: list[_Trade]


class _Ticker(msgspec.Struct, gc=False, rename="camel"):
    """What is known of a perpetual, or the part of it that changed."""

    funding_rate: Rate | None = None
    next_funding_time: TimeMs | None = None
    mark_price: Price | None = None

    def change(self, news: "_Ticker") -> None:
        if news.funding_rate is not None:
            self.funding_rate = news.funding_rate
        if news.next_funding_time is not None:
            self.next_funding_time = news.next_funding_time
        if news.mark_price is not None:
            self.mark_price = news.mark_price


_NO_NEWS = _Ticker()


class _TickerFrame(msgspec.Struct, gc=False):
    type: str
    data: _Ticker


class _OtherFrame(msgspec.Struct):
    """A frame whose topic does not come first, or the answer to what we sent."""

    topic: str = ""
    op: str = ""
    success: bool | None = None
    ret_msg: str = ""


_book = msgspec.json.Decoder(_SnapshotFrame | _DeltaFrame, strict=False).decode
_restart = msgspec.json.Decoder(_RestartFrame, strict=False).decode
_touch = msgspec.json.Decoder(_TouchFrame, strict=False).decode
_thin_touch = msgspec.json.Decoder(_ThinTouchFrame, strict=False).decode
_trade = msgspec.json.Decoder(_TradeFrame, strict=False).decode
_ticker = msgspec.json.Decoder(_TickerFrame, strict=False).decode
_other = msgspec.json.Decoder(_OtherFrame).decode

Reader = Callable[[bytes, int, str], Sequence[Event]]


class MarketStream:
    """The subscriptions of one category and the books that deltas keep.

    Ask for BOOK or QUOTE of a symbol, not both: each replaces the book that the other keeps.
    """

    def __init__(self, category: Category, book_stream: BookStream = BookStream.LEVELS_50) -> None:
        self._category = category
        self._venue = VENUES[category]
        self._names = {
            Channel.BOOK: book_stream.value,
            Channel.QUOTE: facts.QUOTE_TOPIC,
            Channel.TRADES: facts.TRADES_TOPIC,
            Channel.FUNDING: facts.FUNDING_TOPIC,
        }
        self._readers: dict[Channel, Reader] = {
            Channel.BOOK: self._on_book,
            Channel.QUOTE: self._on_quote,
            Channel.TRADES: self._on_trades,
            Channel.FUNDING: self._on_ticker,
        }
        self._topics: dict[bytes, tuple[Reader, str]] = {}
        self._tickers: dict[str, _Ticker] = {}
        self.books: dict[str, DepthSync] = {}

    def topics(self, symbols: Iterable[str], channels: Iterable[Channel]) -> list[str]:
        """The names of the topics; from now on their frames are understood.

        Raises `ConfigError` for funding of spot, and for more than one connection carries.
        """
        symbols, channels = list(symbols), list(channels)
        if self._category is Category.SPOT and Channel.FUNDING in channels:
            raise ConfigError(f"{self._venue}: spot has no funding; nothing was subscribed to")
        names = {
            f"{self._names[channel]}.{symbol}": (channel, symbol)
            for channel in channels
            for symbol in symbols
        }
        characters = sum(len(name) + len('"",') for name in names)
        if characters > facts.MAX_TOPIC_CHARACTERS:
            raise ConfigError(
                f"{self._venue}: topics of {characters} characters on one connection, the venue "
                f"takes {facts.MAX_TOPIC_CHARACTERS}; split the symbols"
            )
        for name, (channel, symbol) in names.items():
            self._topics[name.encode()] = (self._readers[channel], symbol)
            if channel is Channel.BOOK:
                self.books.setdefault(symbol, DepthSync(self._venue, symbol))
        return list(names)

    def subscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> list[bytes]:
        """The frames that ask for `topics`; the venue answers each. Raises as `topics`.

        `{"op":"subscribe","args":["orderbook.50.BTCUSDT"],"req_id":"1"}`
        """
        names = self.topics(symbols, channels)
        most = facts.MAX_TOPICS_PER_REQUEST[self._category]
        parts = [names[start : start + most] for start in range(0, len(names), most)]
        return [
            msgspec.json.encode({"op": "subscribe", "args": part, "req_id": str(number)})
            for number, part in enumerate(parts, 1)
        ]

    def resubscribe(self, symbol: str) -> list[bytes]:
        """The two frames that bring a new snapshot of a book. Raises `KeyError` for a symbol whose
        book was not subscribed to."""
        self.books[symbol].lose()
        names = [f"{self._names[Channel.BOOK]}.{symbol}"]
        return [
            msgspec.json.encode({"op": op, "args": names, "req_id": f"{op}-{symbol}"})
            for op in ("unsubscribe", "subscribe")
        ]

    def decode(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """What a frame received at `ts_ns` says; nothing for topics that were not asked for.

        `{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1672304484978,"data":{...},
        "cts":1672304484976}`. A refused subscription takes the venue down. Raises `MalformedData`,
        with the symbol where a book can no longer be trusted; one that is kept by deltas then
        waits for a new snapshot.
        """
        known = self._topics.get(frame[_TOPIC_STARTS : frame.find(b'"', _TOPIC_STARTS)])
        if known is None:
            return self._on_other(frame, ts_ns)
        read, symbol = known
        try:
            return read(frame, ts_ns, symbol)
        except UNREADABLE as error:
            raise self._malformed(frame, error, known) from error

    def lose_books(self) -> None:
        """The connection was lost: every book kept by deltas needs a new snapshot."""
        for book in self.books.values():
            book.lose()
        self._tickers.clear()

    def _on_book(self, frame: bytes, ts_ns: int, symbol: str) -> Sequence[Event]:
        """A whole book or its changes; the messages are shown in `depth_sync`."""
        said = _book(frame)
        if type(said) is _SnapshotFrame:
            return self.books[symbol].replace(said.data, ts_ns)
        if said.data.u == RESTARTED_U:
            return self.books[symbol].replace(_restart(frame).data, ts_ns)
        return self.books[symbol].follow(said.data, ts_ns)

    def _on_quote(self, frame: bytes, ts_ns: int, symbol: str) -> Sequence[Event]:
        """A book of one level, always whole; its message is that of a book."""
        try:
            touch = _touch(frame).data
        except msgspec.ValidationError:
            return self._on_thin_quote(frame, ts_ns, symbol)
        ((bid, bid_qty),) = touch.b
        ((ask, ask_qty),) = touch.a
        return (BookQuote(ts_ns, self._venue, symbol, bid, bid_qty, ask, ask_qty),)

    def _on_thin_quote(self, frame: bytes, ts_ns: int, symbol: str) -> Sequence[Event]:
        """A quote with an empty side: a book of the other side alone."""
        touch = _thin_touch(frame).data
        require_best_first(touch.b, touch.a)
        return (BookSnapshot(ts_ns, self._venue, symbol, touch.b, touch.a),)

    def _on_trades(self, frame: bytes, ts_ns: int, symbol: str) -> Sequence[Event]:
        """`{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,"data":[
        {"T":1672304486865,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"16578.50","L":"PlusTick",
        "i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false}]}`: `S` is the taker's side; a block
        trade (`BT`) never met the book and is left out."""
        return [
            MarketTrade(ts_ns, self._venue, symbol, one.p, one.v, _side(one.S))
            for one in _trade(frame).data
            if not one.BT
        ]

    def _on_ticker(self, frame: bytes, ts_ns: int, symbol: str) -> Sequence[Event]:
        """`{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT",
        "markPrice":"17217.33","nextFundingTime":"1673280000000","fundingRate":"-0.000212",...},
        "cs":24987956059,"ts":1673272861686}`: what a delta does not name has not changed."""
        said = _ticker(frame)
        known = self._tickers.get(symbol)
        if said.type == "snapshot":
            known = self._tickers[symbol] = said.data
        elif known is None or said.data == _NO_NEWS:  # before its snapshot, or of other fields
            return ()
        else:
            known.change(said.data)
        if known.funding_rate is None or known.next_funding_time is None:
            return ()
        next_ns = known.next_funding_time * NS_PER_MS
        mark_price = known.mark_price or 0.0
        return (Funding(ts_ns, self._venue, symbol, known.funding_rate, next_ns, mark_price),)

    def _on_other(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """Answers to subscriptions and pings, frames with their keys in another order, topics that
        were not asked for: `{"success":true,"ret_msg":"","conn_id":"3cd8","req_id":"1",
        "op":"subscribe"}`."""
        known = None
        try:
            said = _other(frame)
            known = self._topics.get(said.topic.encode())
            if known is not None:
                read, symbol = known
                return read(frame, ts_ns, symbol)
        except UNREADABLE as error:
            raise self._malformed(frame, error, known) from error
        if said.success is False and said.op != "unsubscribe":
            reason = f"{said.op or 'request'} refused: {said.ret_msg}"
            return (VenueStatus(ts_ns, self._venue, is_up=False, reason=reason),)
        if not said.topic and not said.op:
            raise self._malformed(frame, "neither a topic nor an answer", None)
        return ()

    def _malformed(
        self, frame: bytes, reason: object, known: tuple[Reader, str] | None
    ) -> MalformedData:
        """The error for `frame`; a book that it would have changed is lost with it."""
        symbol, is_book = "", False
        if known is not None:
            read, symbol = known
            is_book = read in (self._readers[Channel.BOOK], self._readers[Channel.QUOTE])
            if read == self._readers[Channel.BOOK]:
                self.books[symbol].lose()
        return MalformedData(
            f"{self._venue} {symbol or 'market data'}: {reason} in {frame[:120]!r}; "
            "the frame is dropped",
            symbol if is_book else "",
        )


def _side(word: str) -> Side:
    side = _SIDES.get(word)
    if side is None:
        raise ValueError(f"side {word!r}; expected Buy or Sell")
    return side
