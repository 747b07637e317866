"""One book kept true by diffs: buffer, snapshot, join, and an unbroken chain from there.

Every diff names the first and the last update that it holds (`U`, `u`); quantities are absolute.
The venue's rule [D web-socket-streams, "How to manage a local order book correctly"]: diffs whose
`u` is not above the snapshot's `lastUpdateId` L are dropped, the first one kept has
`U <= L + 1 <= u`, and each later `U` is the `u` before it plus one. Ours takes `U <= L + 1 <= u`
for every diff, L being how far the book is true. It is enough: the diff holds every level that
changed since `U`, so none is missing between L and `u`. So while two connections deliver the same
book, one behind the other, it stays whole; what is not newer than L changes nothing.

Nothing here asks for a snapshot; `needs_snapshot` says that one is needed.
"""

from collections import deque
from collections.abc import Sequence

import msgspec

from arbitrage.domain.events import BookDelta, BookSnapshot
from arbitrage.exchanges.binance_spot.facts import VENUE
from arbitrage.exchanges.binance_spot.wire import ChangedLevels, UpdateId

# At 100 ms a diff this is 100 s of one symbol; a later snapshot joins what is left.
MAX_BUFFERED_DIFFS = 1000
# So many in a row that are not newer than the book: the venue has begun to count anew.
MAX_OLD_DIFFS = 50


class Diff(msgspec.Struct, gc=False):
    """`{"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,"b":[["0.0024","10"]],
    "a":[["0.0026","0"]]}`"""

    first_id: UpdateId = msgspec.field(name="U")
    last_id: UpdateId = msgspec.field(name="u")
    bids: ChangedLevels = msgspec.field(name="b")
    asks: ChangedLevels = msgspec.field(name="a")


class DepthSync:
    """The state of one symbol: waiting for a snapshot, or following.

    `gaps` counts how often the chain broke.
    """

    __slots__ = ("_buffer", "_last", "_old", "gaps", "needs_snapshot", "symbol")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.needs_snapshot = True
        self.gaps = 0
        self._last = 0  # the update id up to which the emitted book is true
        self._old = 0  # how many in a row were not newer
        self._buffer: deque[Diff] = deque(maxlen=MAX_BUFFERED_DIFFS)

    def lose(self) -> None:
        """Start again: a frame was lost, or the connection. The book needs a new snapshot."""
        self._buffer.clear()
        self._old = 0
        self.needs_snapshot = True

    def follow(self, diff: Diff, ts_ns: int) -> Sequence[BookDelta]:
        """Take in a diff received at `ts_ns`; returns what it changes in the book.

        A diff that leaves a gap is returned too: it does not follow, so it breaks the book at
        once wherever sequences are checked, until the next snapshot mends it.
        """
        if self.needs_snapshot:
            self._hold(diff)
            return ()
        last, previous = self._last, diff.first_id - 1
        if diff.last_id <= last and self._old < MAX_OLD_DIFFS:
            self._old += 1
            return ()
        if previous <= last < diff.last_id:
            self._last, self._old = diff.last_id, 0
            previous = last
        else:
            self.gaps += 1
            self.lose()
            self._hold(diff)
        delta = BookDelta(ts_ns, VENUE, self.symbol, diff.bids, diff.asks, diff.last_id, previous)
        return (delta,)

    def snapshot(self, book: BookSnapshot) -> Sequence[BookSnapshot | BookDelta]:
        """Take in a snapshot whose `seq` is `lastUpdateId`; returns the book and what followed.

        Empty if the snapshot is older than the buffer: then another one is needed. A snapshot
        that nobody needs is ignored, the chain being whole.
        """
        if not self.needs_snapshot:
            return ()
        held = [diff for diff in self._buffer if diff.last_id > book.seq]
        if held and held[0].first_id > book.seq + 1:
            return ()
        self._buffer.clear()
        self._last, self._old = book.seq, 0
        self.needs_snapshot = False
        events: list[BookSnapshot | BookDelta] = [book]
        for diff in held:
            events.extend(self.follow(diff, book.ts_ns))
        return events

    def _hold(self, diff: Diff) -> None:
        """Keep a diff for the snapshot to come, as long as the kept ones are a chain."""
        if self._buffer:
            newest = self._buffer[-1].last_id
            if diff.last_id <= newest and self._old < MAX_OLD_DIFFS:
                self._old += 1
                return
            if diff.last_id <= newest or diff.first_id > newest + 1:
                self.gaps += 1
                self._buffer.clear()
        self._old = 0
        self._buffer.append(diff)
