"""Market data by websocket: which channels to ask for, and their frames to events.

Frames begin with what was asked for, `{"arg":{"channel":"books5","instId":"BTC-USDT"},...`, so one
look-up of those bytes gives the reader and the symbol; only then is the frame decoded, once, by a
typed decoder.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from arbitrage.domain.errors import MalformedData
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
from arbitrage.exchanges.okx import facts
from arbitrage.exchanges.okx.checksum import text_of
from arbitrage.exchanges.okx.depth_sync import ChangedBook, DepthSync, WholeBook
from arbitrage.exchanges.okx.facts import VENUE, BookStream
from arbitrage.exchanges.okx.instruments import is_swap
from arbitrage.exchanges.okx.wire import (
    UNREADABLE,
    Price,
    Qty,
    Rate,
    TimeMs,
    WholeLevel,
    asks_of,
    bids_of,
)
from arbitrage.exchanges.order_gateway import Channel

_ARG_STARTS = len(b'{"arg":')
_OPENING, _CLOSING = b'{"op":"subscribe","args":[', b"]}"
_ROOM = facts.MAX_ARGUMENTS_BYTES - len(_OPENING + _CLOSING)  # the whole frame stays below it
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
# The answers to what we sent that need no reaction.
_FINE = frozenset({"subscribe", "unsubscribe", "login", "channel-conn-count"})


class _SnapshotFrame(msgspec.Struct, gc=False, tag_field="action", tag="snapshot"):
    data: tuple[WholeBook]


class _UpdateFrame(msgspec.Struct, gc=False, tag_field="action", tag="update"):
    data: tuple[ChangedBook]


class _Top(msgspec.Struct, gc=False):
    asks: list[WholeLevel]
    bids: list[WholeLevel]


class _TopFrame(msgspec.Struct, gc=False):
    data: tuple[_Top]


class _Trade(msgspec.Struct, gc=False):
    px: Price
    sz: Qty
    side: str


class _TradeFrame(msgspec.Struct, gc=False):
    data: list[_Trade]


class _Funding(msgspec.Struct, gc=False, rename="camel"):
    funding_rate: Rate
    funding_time: TimeMs


class _FundingFrame(msgspec.Struct, gc=False):
    data: tuple[_Funding]


class _Mark(msgspec.Struct, gc=False, rename="camel"):
    mark_px: Price


class _MarkFrame(msgspec.Struct, gc=False):
    data: tuple[_Mark]


class _Arg(msgspec.Struct, frozen=True, rename="camel"):
    channel: str = ""
    inst_id: str = ""


class _OtherFrame(msgspec.Struct):
    """A frame whose keys come in another order, or what the venue says of the session."""

    arg: _Arg = _Arg()
    event: str = ""
    code: str = ""
    msg: str = ""


_book = msgspec.json.Decoder(_SnapshotFrame | _UpdateFrame, strict=False).decode
_top = msgspec.json.Decoder(_TopFrame, strict=False).decode
_trade = msgspec.json.Decoder(_TradeFrame, strict=False).decode
_funding = msgspec.json.Decoder(_FundingFrame, strict=False).decode
_mark = msgspec.json.Decoder(_MarkFrame, strict=False).decode
_other = msgspec.json.Decoder(_OtherFrame).decode

Reader = Callable[[bytes, int, str], Sequence[Event]]


class MarketStream:
    """The subscriptions of one venue and the books that updates keep.

    Ask for BOOK or QUOTE of a symbol, not both: each replaces the book that the other keeps.
    """

    def __init__(self, book_stream: BookStream = BookStream.UPDATES_400) -> None:
        self._follows_updates = book_stream is BookStream.UPDATES_400
        self._names = {
            Channel.BOOK: (book_stream.value,),
            Channel.QUOTE: (facts.QUOTE_CHANNEL,),
            Channel.TRADES: (facts.TRADES_CHANNEL,),
            Channel.FUNDING: (facts.FUNDING_CHANNEL, facts.MARK_CHANNEL),
        }
        self._readers: dict[str, Reader] = {
            BookStream.UPDATES_400.value: self._on_book,
            BookStream.WHOLE_5.value: self._on_whole_book,
            facts.QUOTE_CHANNEL: self._on_quote,
            facts.TRADES_CHANNEL: self._on_trades,
            facts.FUNDING_CHANNEL: self._on_funding,
            facts.MARK_CHANNEL: self._on_mark,
        }
        self._args: dict[bytes, tuple[Reader, str]] = {}
        self._announced: dict[str, Funding] = {}
        self._marks: dict[str, float] = {}
        self.books: dict[str, DepthSync] = {}

    def arguments(self, symbols: Iterable[str], channels: Iterable[Channel]) -> list[bytes]:
        """What to subscribe to, as JSON; from now on its frames are understood.

        Funding is asked for of the swaps among `symbols`.
        """
        symbols = list(symbols)
        found: dict[bytes, tuple[Reader, str]] = {}
        for channel in channels:
            for name in self._names[channel]:
                for symbol in symbols:
                    if channel is not Channel.FUNDING or is_swap(symbol):
                        found[_arg(name, symbol)] = (self._readers[name], symbol)
            if channel is Channel.BOOK and self._follows_updates:
                for symbol in symbols:
                    self.books.setdefault(symbol, DepthSync(symbol))
        self._args.update(found)
        return list(found)

    def subscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> list[bytes]:
        """The frames that ask for `arguments`; the venue answers each argument of them.

        `{"op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"}]}`
        """
        frames: list[bytes] = []
        part: list[bytes] = []
        room = _ROOM
        for arg in self.arguments(symbols, channels):
            if len(arg) >= room:
                frames.append(_OPENING + b",".join(part) + _CLOSING)
                part, room = [], _ROOM
            part.append(arg)
            room -= len(arg) + 1
        return [*frames, _OPENING + b",".join(part) + _CLOSING] if part else frames

    def resubscribe(self, symbol: str) -> list[bytes]:
        """The two frames that bring a new snapshot of a book. Raises `KeyError` for a symbol whose
        book was not subscribed to."""
        self.books[symbol].lose()
        subscribe = _OPENING + _arg(BookStream.UPDATES_400.value, symbol) + _CLOSING
        return [subscribe.replace(b"subscribe", b"unsubscribe", 1), subscribe]

    def decode(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """What a frame received at `ts_ns` says; nothing for channels that were not asked for.

        A refused subscription and a notice of maintenance take the venue down. Raises
        `MalformedData`, with the symbol where a book can no longer be trusted; one that is kept by
        updates then waits for a new snapshot.
        """
        known = self._args.get(frame[_ARG_STARTS : frame.find(b"}", _ARG_STARTS) + 1])
        if known is None:
            return self._on_other(frame, ts_ns)
        read, symbol = known
        try:
            return read(frame, ts_ns, symbol)
        except UNREADABLE as error:
            raise self._malformed(frame, error, known) from error

    def lose_books(self) -> None:
        """The connection was lost: every book kept by updates needs a new snapshot."""
        for book in self.books.values():
            book.lose()

    def _on_quote(self, frame: bytes, ts_ns: int, symbol: str) -> Sequence[Event]:
        """`{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[["111.06","55154","0",
        "2"]],"bids":[["111.05","57745","0","2"]],"ts":"1670324386802","seqId":363996337}]}`"""
        [said] = _top(frame).data
        if len(said.bids) != 1 or len(said.asks) != 1:  # an empty side: a book of the other alone
            return self._whole(said, ts_ns, symbol)
        bid, ask = said.bids[0], said.asks[0]
        return (BookQuote(ts_ns, VENUE, symbol, bid.px, bid.sz, ask.px, ask.sz),)

    def _on_whole_book(self, frame: bytes, ts_ns: int, symbol: str) -> Sequence[Event]:
        """The same message of `books5`, with up to 5 levels a side."""
        return self._whole(_top(frame).data[0], ts_ns, symbol)

    def _whole(self, said: _Top, ts_ns: int, symbol: str) -> Sequence[Event]:
        bids, asks = bids_of(said.bids), asks_of(said.asks)
        return (BookSnapshot(ts_ns, VENUE, symbol, bids, asks),)

    def _on_book(self, frame: bytes, ts_ns: int, symbol: str) -> Sequence[Event]:
        """`{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{...}]}`; the
        data are shown at `depth_sync.WholeBook`."""
        said = _book(frame)
        text = text_of(frame) if said.data[0].checksum else None
        if type(said) is _UpdateFrame:
            return self.books[symbol].follow(said.data[0], text, ts_ns)
        return self.books[symbol].replace(said.data[0], text, ts_ns)

    def _on_trades(self, frame: bytes, ts_ns: int, symbol: str) -> Sequence[Event]:
        """`{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT",
        "tradeId":"130639474","px":"42219.9","sz":"0.12060306","side":"buy","ts":"1630048897897",
        "count":"3","source":"0","seqId":1234}]}`: `side` is the taker's."""
        return [
            MarketTrade(ts_ns, VENUE, symbol, one.px, one.sz, _side(one.side))
            for one in _trade(frame).data
        ]

    def _on_funding(self, frame: bytes, ts_ns: int, symbol: str) -> Sequence[Event]:
        """`{"arg":{"channel":"funding-rate","instId":"BTC-USDT-SWAP"},"data":[{"fundingRate":
        "0.0001875391284828","fundingTime":"1700726400000","instId":"BTC-USDT-SWAP","instType":
        "SWAP","method":"current_period","nextFundingTime":"1700755200000","settState":"settled",
        "ts":"1700724675402",...}]}`: the rate is settled at `fundingTime`."""
        [said] = _funding(frame).data
        at_ns = said.funding_time * NS_PER_MS
        mark_price = self._marks.get(symbol, 0.0)
        event = Funding(ts_ns, VENUE, symbol, said.funding_rate, at_ns, mark_price)
        self._announced[symbol] = event
        return (event,)

    def _on_mark(self, frame: bytes, ts_ns: int, symbol: str) -> Sequence[Event]:
        """`{"arg":{"channel":"mark-price","instId":"BTC-USDT-SWAP"},"data":[{"instType":"SWAP",
        "instId":"BTC-USDT-SWAP","markPx":"42310.6","ts":"1630049139746"}]}`; nothing until the
        funding is known that it belongs to."""
        price = self._marks[symbol] = _mark(frame).data[0].mark_px
        known = self._announced.get(symbol)
        if known is None:
            return ()
        return (Funding(ts_ns, VENUE, symbol, known.rate, known.next_ts_ns, price),)

    def _on_other(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """Pongs, answers to subscriptions, notices, frames with their keys in another order,
        channels that were not asked for."""
        if frame == facts.PONG:
            return ()
        known = None
        try:
            said = _other(frame)
            known = self._args.get(_arg(said.arg.channel, said.arg.inst_id))
            if known is not None and not said.event:
                read, symbol = known
                return read(frame, ts_ns, symbol)
        except UNREADABLE as error:
            raise self._malformed(frame, error, known) from error
        if said.event:
            return said_of_session(said.event, said.code, said.msg, ts_ns)
        if not said.arg.channel:
            raise self._malformed(frame, "neither data nor an answer", None)
        return ()

    def _malformed(
        self, frame: bytes, reason: object, known: tuple[Reader, str] | None
    ) -> MalformedData:
        """The error for `frame`; a book that it would have changed is lost with it."""
        symbol, is_book = "", False
        if known is not None:
            read, symbol = known
            is_book = read in (self._on_book, self._on_whole_book, self._on_quote)
            if read == self._on_book:
                self.books[symbol].lose()
        return MalformedData(
            f"{VENUE} {symbol or 'market data'}: {reason} in {frame[:120]!r}; the frame is dropped",
            symbol if is_book else "",
        )


def said_of_session(event: str, code: str, msg: str, ts_ns: int) -> Sequence[VenueStatus]:
    """What the venue says of a session, public or private, beside its data.

    `{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a4d3ae55"}` is
    fine; `{"event":"error","code":"60012","msg":"Invalid request: ...","connId":"a4d3ae55"}` and
    `{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service
    upgrade. Please reconnect.","connId":"a4d3ae55"}` take the venue down until a new session.
    """
    if event in _FINE and code in ("", "0"):
        return ()
    kind = "maintenance" if code == facts.CLOSING_SOON else event
    reason = f"{kind}: {code} {msg}".strip()
    return (VenueStatus(ts_ns, VENUE, is_up=False, reason=reason),)


def _arg(channel: str, symbol: str) -> bytes:
    """An argument exactly as the venue repeats it."""
    return b'{"channel":"%s","instId":%s}' % (channel.encode(), msgspec.json.encode(symbol))


def _side(word: str) -> Side:
    side = _SIDES.get(word)
    if side is None:
        raise ValueError(f"side {word!r}; expected buy or sell")
    return side
