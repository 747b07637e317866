"""One book kept true by deltas: the snapshot that begins it, and an unbroken count from there.

After a subscription the venue sends a snapshot, then deltas with absolute quantities; a snapshot
at any time, and any message with `u` of one (the service was restarted), replaces the book
[D websocket/public/orderbook]. Nothing can be joined from REST, whose `u` belongs to another depth.

What proves that no delta is missing? The documentation calls `u` a sequence, "in general
continuous" in its Chinese edition, yet promises that nowhere for partial books. So this is the
strictest reading, which fails closed: a delta follows only if its `u` is the next number and its
`seq` (which orders all books of a symbol in time) is not older. Anything else breaks the book at
once, and the topic is subscribed to anew, which brings a snapshot. Should the venue skip numbers,
books are often broken and `gaps` shows it; they are never wrong. That levels which leave the depth
are deleted by a delta is [K], as the venue's own client (pybit) relies on it.

Nothing here asks for a snapshot; `needs_snapshot` says that one is needed.
"""

from collections.abc import Sequence

import msgspec

from arbitrage.domain.events import BookDelta, BookSnapshot
from arbitrage.exchanges.bybit.wire import (
    ChangedLevels,
    Counter,
    WholeLevels,
    require_best_first,
)

RESTARTED_U = 1


class WholeBook(msgspec.Struct, gc=False):
    """`{"s":"BTCUSDT","b":[["16493.50","0.006"],["16493.00","0.100"]],
    "a":[["16611.00","0.029"],["16612.00","0.213"]],"u":18521288,"seq":7961638724}`"""

    b: WholeLevels
    a: WholeLevels
    u: Counter
    seq: Counter


class ChangedBook(msgspec.Struct, gc=False):
    """The same with levels of zero, which are to be deleted."""

    b: ChangedLevels
    a: ChangedLevels
    u: Counter
    seq: Counter


class DepthSync:
    """The state of one symbol: waiting for a snapshot, or following.

    `gaps` counts how often a delta did not follow.
    """

    __slots__ = ("_seq", "_u", "gaps", "needs_snapshot", "symbol", "venue")

    def __init__(self, venue: str, symbol: str) -> None:
        self.venue = venue
        self.symbol = symbol
        self.needs_snapshot = True
        self.gaps = 0
        self._u = 0
        self._seq = 0

    def lose(self) -> None:
        """A frame was lost, or the connection. The book needs a new snapshot."""
        self.needs_snapshot = True

    def replace(self, book: WholeBook, ts_ns: int) -> Sequence[BookSnapshot]:
        """Take in a snapshot received at `ts_ns`. Raises `ValueError` for levels out of order."""
        require_best_first(book.b, book.a)
        self._u, self._seq, self.needs_snapshot = book.u, book.seq, False
        return (BookSnapshot(ts_ns, self.venue, self.symbol, book.b, book.a, book.u),)

    def follow(self, change: ChangedBook, ts_ns: int) -> Sequence[BookDelta]:
        """Take in a delta received at `ts_ns`; returns what it changes in the book.

        A delta that does not follow is returned too: its `prev_seq` is not the book's, so it
        breaks the book wherever sequences are checked, until the next snapshot mends it.
        """
        if self.needs_snapshot:
            return ()
        u = change.u
        if u == self._u + 1 and change.seq >= self._seq:
            delta = BookDelta(ts_ns, self.venue, self.symbol, change.b, change.a, u, self._u)
            self._u, self._seq = u, change.seq
            return (delta,)
        if u == self._u and change.seq == self._seq:  # the same delta again
            return ()
        self.gaps += 1
        self.needs_snapshot = True
        return (BookDelta(ts_ns, self.venue, self.symbol, change.b, change.a, u, -1),)
