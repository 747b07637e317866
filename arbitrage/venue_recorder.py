"""One venue of a recording: what it says goes to the writer, and is counted.

Events go in as an engine would get them, in the order of their stamps; the messages they were
made of go in beside them. Both happen inside the callback that received, and only append.
"""

from collections.abc import Sequence

import msgspec

from arbitrage.domain.events import (
    BookDelta,
    BookQuote,
    BookSnapshot,
    Event,
    Funding,
    MarketTrade,
    VenueStatus,
)
from arbitrage.exchanges.order_gateway import Answer
from arbitrage.store.background_writer import BackgroundWriter
from arbitrage.store.raw_frames import Kind

_RECORDED = (BookSnapshot, BookDelta, BookQuote, MarketTrade, Funding)
# What is no connection of the venue's: snapshots that were asked for, and books that were dropped.
SESSION = "session"


class VenueCounts(msgspec.Struct):
    """What came of a venue. `gaps` counts how often a book that was whole was lost, `down` how
    often the venue was."""

    events: int = 0
    frames: int = 0
    bytes: int = 0
    gaps: int = 0
    down: int = 0


class VenueRecorder:
    """Records one venue; it is both the tap of its feed and who gets its events."""

    def __init__(self, venue: str, writer: BackgroundWriter) -> None:
        self.venue = venue
        self.counts = VenueCounts()
        self._writer = writer
        self._seqs: dict[str, int] = {}  # of the books that are whole

    def on_event(self, event: Event) -> None:
        """Record an event of the market."""
        if isinstance(event, _RECORDED):
            self.counts.events += 1
            self._writer.event(event)
            if type(event) is BookDelta:
                self._follow(event)
            elif type(event) is BookSnapshot:
                self._begin(event)
        elif type(event) is VenueStatus:
            self.counts.down += not event.is_up

    def _begin(self, book: BookSnapshot) -> None:
        if book.bids or book.asks:
            self._seqs[book.symbol] = book.seq
        else:
            self._lose(book.symbol)

    def _follow(self, delta: BookDelta) -> None:
        if self._seqs.get(delta.symbol) == delta.prev_seq:
            self._seqs[delta.symbol] = delta.seq
        else:
            self._lose(delta.symbol)

    def _lose(self, symbol: str) -> None:
        self.counts.gaps += self._seqs.pop(symbol, None) is not None

    # --- the tap ------------------------------------------------------------------------------

    def frame(self, connection: str, frame: bytes, ts_ns: int) -> None:
        self.counts.frames += 1
        self.counts.bytes += len(frame)
        name = connection.removeprefix(f"{self.venue} ")
        self._writer.raw(self.venue, name, Kind.FRAME, frame, ts_ns)

    def answer(self, symbol: str, answer: Answer, ts_ns: int) -> None:
        data = b"%s\n%d\n%s" % (symbol.encode(), answer.status, answer.body)
        self._writer.raw(self.venue, SESSION, Kind.ANSWER, data, ts_ns)

    def lost(self, symbols: Sequence[str], ts_ns: int) -> None:
        data = "\n".join(symbols).encode()
        self._writer.raw(self.venue, SESSION, Kind.LOST, data, ts_ns)
