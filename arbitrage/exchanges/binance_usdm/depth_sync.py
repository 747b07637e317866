"""One book kept true by diffs: buffer, snapshot, join, and an unbroken chain from there.

Every diff names the update before it (`pu`) and its own last one (`u`); quantities are absolute.
The venue's rule [D How-to-manage-a-local-order-book]: the first diff applied to a snapshot at
`lastUpdateId` L has `U <= L <= u`, every later one `pu` equal to the `u` before it. Ours takes
`pu <= L < u` for every diff, L being how far the book is true. For the first one that follows from
the rule, since `pu < U`, and also takes the diff that follows L exactly, without which a quiet
market is asked for snapshots for ever. It is enough: the diff holds every level that changed after
`pu`, so none is missing between L and `u`. So while two connections deliver the same book, one
behind the other, it stays whole; what is not newer than L changes nothing.

Nothing here asks for a snapshot; `needs_snapshot` says that one is needed.
"""

from collections import deque
from collections.abc import Sequence

import msgspec

from arbitrage.domain.events import BookDelta, BookSnapshot
from arbitrage.exchanges.binance_usdm.facts import VENUE
from arbitrage.exchanges.binance_usdm.wire import ChangedLevels, UpdateId

# At 100 ms a diff this is 100 s of one symbol; a later snapshot joins what is left.
MAX_BUFFERED_DIFFS = 1000
# So many in a row that are not newer than the book: the venue has begun to count anew.
MAX_OLD_DIFFS = 50


class Diff(msgspec.Struct, gc=False):
    """`{"e":"depthUpdate","E":1571889248277,"T":1571889248276,"s":"BTCUSDT","U":390497796,
    "u":390497878,"pu":390497794,"b":[["7403.89","0.002"]],"a":[["7405.96","0"]],"st":1}`"""

    u: UpdateId
    pu: UpdateId
    b: ChangedLevels
    a: ChangedLevels


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
        if diff.u > self._last:
            if diff.pu <= self._last:
                last, self._last, self._old = self._last, diff.u, 0
                return (BookDelta(ts_ns, VENUE, self.symbol, diff.b, diff.a, diff.u, last),)
        elif self._old < MAX_OLD_DIFFS:
            self._old += 1
            return ()
        self.gaps += 1
        self.lose()
        self._hold(diff)
        return (BookDelta(ts_ns, VENUE, self.symbol, diff.b, diff.a, diff.u, diff.pu),)

    def snapshot(self, book: BookSnapshot) -> Sequence[BookSnapshot | BookDelta]:
        """Take in a snapshot whose `seq` is `lastUpdateId`; returns the book and what followed.

        Empty if the snapshot is older than the buffer: then another one is needed. A snapshot
        that nobody needs is ignored, the chain being whole.
        """
        if not self.needs_snapshot:
            return ()
        held = [diff for diff in self._buffer if diff.u > book.seq]
        if held and held[0].pu > book.seq:
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
            newest = self._buffer[-1].u
            if diff.u <= newest and self._old < MAX_OLD_DIFFS:
                self._old += 1
                return
            if diff.u <= newest or diff.pu > newest:
                self.gaps += 1
                self._buffer.clear()
        self._old = 0
        self._buffer.append(diff)
