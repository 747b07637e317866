"""The market streams of the venue: every stream once, for all who listen to it.

A frame is written once and handed to every listener. Streams of books are sent at once if their
pace allows, else as soon as it does; others are sent by the second. Timers run only while somebody
listens. How an event is written is each venue's own affair.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from arbitrage.domain.events import BookSnapshot
from arbitrage.sim.core_events import CoreEvent, PublicTrade
from arbitrage.sim.protocols.binance_depth import DepthBook, Diff
from arbitrage.sim.protocols.binance_stream_names import Kind, StreamName
from arbitrage.sim.protocols.binance_wire import Json, encode
from arbitrage.sim.venue_core import SimVenueCore

_BEAT_SECONDS: Final = 1.0


class StreamListener(Protocol):
    """Who takes the frames of a stream: `data` is the event as JSON text."""

    def hear(self, stream: StreamName, data: str) -> None: ...


class StreamEvents(Protocol):
    """How a venue writes the events of its streams."""

    def book(self, stream: StreamName, diff: Diff) -> Json: ...
    def quote(self, symbol: str) -> Json: ...
    def trade(self, kind: Kind, printed: PublicTrade) -> Json: ...
    def timed(self, stream: StreamName) -> Json: ...


class _Live:
    """A stream that somebody listens to; `next_at` is the loop's time from which it may send."""

    __slots__ = ("listeners", "next_at", "stream", "timer")

    def __init__(self, stream: StreamName, next_at: float) -> None:
        self.stream = stream
        self.listeners: list[StreamListener] = []
        self.next_at = next_at
        self.timer: asyncio.TimerHandle | None = None


class MarketStreams:
    """The streams of one venue; `books` are by symbol, and are kept up to date here."""

    def __init__(
        self, core: SimVenueCore, books: Mapping[str, DepthBook], events: StreamEvents
    ) -> None:
        self._books = books
        self._events = events
        self._live: dict[str, _Live] = {}
        self._of_symbol: dict[str, list[_Live]] = {symbol: [] for symbol in books}
        self._tops: dict[str, tuple[tuple[float, float], ...]] = {}
        self._beat: asyncio.TimerHandle | None = None
        core.listen(self._on_event)

    # --- who listens ---------------------------------------------------------------------------

    def listen(self, stream: StreamName, listener: StreamListener) -> None:
        """Hand every frame of `stream` to `listener` from now on."""
        live = self._live.get(stream.name)
        if live is None:
            live = self._live[stream.name] = _Live(stream, _time())
            self._of_symbol[stream.symbol].append(live)
            if stream.kind.is_book:
                self._books[stream.symbol].gather(stream.name)
            elif stream.kind.is_timed and self._beat is None:
                self._beat = _later(_BEAT_SECONDS, self._on_beat)
        live.listeners.append(listener)

    def unlisten(self, stream: StreamName, listener: StreamListener) -> None:
        live = self._live[stream.name]
        live.listeners.remove(listener)
        if live.listeners:
            return
        del self._live[stream.name]
        self._of_symbol[stream.symbol].remove(live)
        self._books[stream.symbol].forget(stream.name)
        if live.timer is not None:
            live.timer.cancel()

    # --- what happens --------------------------------------------------------------------------

    def _on_event(self, event: CoreEvent) -> None:
        match event:
            case BookSnapshot():
                self._on_book(event)
            case PublicTrade():
                self._on_trade(event)

    def _on_book(self, book: BookSnapshot) -> None:
        symbol = book.symbol
        depth = self._books[symbol]
        if not depth.show(book):
            return
        top = (*book.bids[:1], *book.asks[:1])
        is_new_top = self._tops.get(symbol) != top
        self._tops[symbol] = top
        for live in self._of_symbol[symbol]:
            kind = live.stream.kind
            if kind.is_book:
                self._send_in_time(live)
            elif kind is Kind.BOOK_TICKER and is_new_top:
                _send(live, self._events.quote(symbol))

    def _on_trade(self, printed: PublicTrade) -> None:
        for live in self._of_symbol[printed.trade.symbol]:
            if live.stream.kind in (Kind.TRADE, Kind.AGG_TRADE):
                _send(live, self._events.trade(live.stream.kind, printed))

    def _on_beat(self) -> None:
        """A second has passed: streams by the second that are due."""
        timed = [live for live in self._live.values() if live.stream.kind.is_timed]
        self._beat = _later(_BEAT_SECONDS, self._on_beat) if timed else None
        for live in timed:
            if _time() >= live.next_at:
                # Half a beat of grace, since timers are late.
                live.next_at = _time() + live.stream.pace_ms / 1000 - _BEAT_SECONDS / 2
                _send(live, self._events.timed(live.stream))

    # --- books in their pace -------------------------------------------------------------------

    def _send_in_time(self, live: _Live) -> None:
        """Send a book now, or when its pace allows."""
        if live.timer is not None:
            return
        wait = live.next_at - _time()
        if wait > 0:
            live.timer = _later(wait, lambda: self._send_book(live))
        else:
            self._send_book(live)

    def _send_book(self, live: _Live) -> None:
        stream = live.stream
        live.timer = None
        live.next_at = _time() + stream.pace_ms / 1000
        diff = self._books[stream.symbol].take(stream.name)
        _send(live, self._events.book(stream, diff))


def _send(live: _Live, event: Json) -> None:
    data = encode(event).decode()
    for listener in tuple(live.listeners):
        listener.hear(live.stream, data)


def _time() -> float:
    return asyncio.get_running_loop().time()


def _later(seconds: float, action: Callable[[], None]) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(seconds, action)
