"""One connection of market data: what it carries, and what its frames come to.

`on_message` is the hot path: a frame is decoded and its events passed on inside the callback that
received it. Everything else here happens when something is wrong.
"""

import logging
from collections.abc import Callable, Sequence

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import Event, VenueStatus
from arbitrage.exchanges.order_gateway import Channel, VenueCodec
from arbitrage.net.book_mending import BookMending
from arbitrage.net.stream import Stream
from arbitrage.net.venue_health import VenueHealth

# So many frames in a row that cannot be read are no accident.
MAX_UNREAD_FRAMES = 100
_BOOKS = frozenset({Channel.BOOK, Channel.QUOTE})

_log = logging.getLogger(__name__)


class FeedConnection:
    """`opened` counts its openings, `fruitful` the frames that gave events, `malformed` those that
    could not be read. `lose` is told whose books may be wrong. `mending` is for books that begin
    anew with a subscription."""

    def __init__(
        self,
        name: str,
        codec: VenueCodec,
        symbols: Sequence[str],
        channels: Sequence[Channel],
        *,
        emit: Callable[[Event], None],
        lose: Callable[[Sequence[str]], None],
        health: VenueHealth,
    ) -> None:
        self.name = name
        self.symbols = symbols
        self.channels = channels
        self.opened = self.fruitful = self.malformed = 0
        self.stream: Stream | None = None
        self.mending: BookMending | None = None
        self._decode = codec.decode
        self._emit = emit
        self._lose = lose
        self._health = health
        self._unread = 0
        self._is_troubled = False

    @property
    def books(self) -> Sequence[str]:
        """The symbols whose books it carries."""
        return self.symbols if _BOOKS.intersection(self.channels) else ()

    @property
    def is_open(self) -> bool:
        return self.stream is not None and self.stream.is_open

    def on_message(self, frame: bytes, ts_ns: int) -> None:
        """Decode a frame and pass its events on."""
        try:
            events = self._decode(frame, ts_ns)
        except MalformedData as error:
            self._on_unreadable(error)
            return
        if events:
            self.fruitful += 1
        for event in events:
            if type(event) is VenueStatus:
                self._on_said(event)
            else:
                self._emit(event)
        if self._is_troubled:
            self._recover(events)

    def on_open(self) -> None:
        self.opened += 1

    def on_close(self) -> None:
        self._lose(self.books)

    def _on_unreadable(self, error: MalformedData) -> None:
        """Drop the book that may be wrong, and say so once per burst."""
        self.malformed += 1
        self._unread += 1
        self._is_troubled = True
        if self._unread == 1:
            _log.warning("%s: %s", self.name, error)
        if error.symbol:
            self._lose((error.symbol,))
        if self._unread == MAX_UNREAD_FRAMES:
            self._blame(f"{MAX_UNREAD_FRAMES} frames in a row cannot be read", None)

    def _on_said(self, said: VenueStatus) -> None:
        """The venue speaks of the session itself: a refusal, or maintenance."""
        if not said.is_up:
            self._blame(said.reason, said.ts_ns)

    def _blame(self, reason: str, ts_ns: int | None) -> None:
        """Take the venue down until data comes again, over a new connection."""
        self._is_troubled = True
        self._health.down(self.name, f"{self.name}: {reason}", ts_ns=ts_ns)
        if self.stream is not None:
            self.stream.reconnect(reason)

    def _recover(self, events: Sequence[Event]) -> None:
        if events and not any(type(event) is VenueStatus for event in events):
            self._is_troubled, self._unread = False, 0
            self._health.up(self.name)
