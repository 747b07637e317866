"""One book kept true by updates: the snapshot that begins it, and an unbroken chain from there.

After a subscription the venue sends a snapshot of 400 levels a side, then updates with absolute
quantities. Each names the message before it (`prevSeqId`) and itself (`seqId`), and follows only
if the first is the second of its predecessor; numbers may skip, and after maintenance even fall
[D ws-order-book-channel]. A quiet book repeats its number with no levels, which proves it alive.

Recordings of 2022 have no numbers but a checksum of the book that results. Where one is sent it is
checked; a message with neither proof is not believed.

Nothing here asks for a snapshot; `needs_snapshot` says that one is needed. It comes with a new
subscription. (A REST snapshot has a `seqId` too; nothing says that updates may be joined to it.)
"""

from collections.abc import Sequence

import msgspec

from arbitrage.domain.events import BookDelta, BookSnapshot
from arbitrage.exchanges.okx.checksum import ChecksumBook, TextBook
from arbitrage.exchanges.okx.facts import VENUE
from arbitrage.exchanges.okx.wire import ChangedLevel, SeqId, WholeLevel, asks_of, bids_of, changed


class WholeBook(msgspec.Struct, gc=False, rename="camel"):
    """`{"asks":[["8476.98","415","0","13"]],"bids":[["8476.97","256","0","12"]],
    "ts":"1597026383085","checksum":0,"prevSeqId":-1,"seqId":123456}`"""

    asks: list[WholeLevel]
    bids: list[WholeLevel]
    checksum: int = 0
    seq_id: SeqId | None = None


class ChangedBook(msgspec.Struct, gc=False, rename="camel"):
    """The same with levels of zero, which are to be deleted, and the number before it."""

    asks: list[ChangedLevel]
    bids: list[ChangedLevel]
    checksum: int = 0
    seq_id: SeqId | None = None
    prev_seq_id: SeqId | None = None


class DepthSync:
    """The state of one symbol: waiting for a snapshot, or following.

    `gaps` counts how often an update did not follow.
    """

    __slots__ = ("_prev", "_seq", "_text", "gaps", "needs_snapshot", "symbol")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.needs_snapshot = True
        self.gaps = 0
        self._seq = 0  # of the last message taken in
        self._prev = 0  # and of the one that it followed
        self._text: ChecksumBook | None = None

    def lose(self) -> None:
        """A frame was lost, or the connection. The book needs a new snapshot."""
        self.needs_snapshot = True

    def replace(self, book: WholeBook, text: TextBook | None, ts_ns: int) -> Sequence[BookSnapshot]:
        """Take in a snapshot received at `ts_ns`; `text` is given where it has a checksum.

        Raises `ValueError` for levels out of order, a wrong checksum or no proof at all.
        """
        self.needs_snapshot = True
        bids, asks = bids_of(book.bids), asks_of(book.asks)
        if book.seq_id is None and text is None:
            raise ValueError("neither a sequence nor a checksum; the book cannot be proven")
        self._text = None if text is None else ChecksumBook(text)
        self._check(book.checksum)
        self._prev = -1
        self._seq = 0 if book.seq_id is None else book.seq_id
        self.needs_snapshot = False
        return (BookSnapshot(ts_ns, VENUE, self.symbol, bids, asks, self._seq),)

    def follow(self, change: ChangedBook, text: TextBook | None, ts_ns: int) -> Sequence[BookDelta]:
        """Take in an update received at `ts_ns`; returns what it changes in the book.

        An update that does not follow is returned too: its `prev_seq` is not the book's, so it
        breaks the book wherever sequences are checked, until the next snapshot mends it. Raises
        `ValueError` for a wrong checksum or no proof at all.
        """
        if self.needs_snapshot:
            return ()
        prev, seq = change.prev_seq_id, change.seq_id
        if prev is None or seq is None:
            if text is None or self._text is None:
                raise ValueError("neither a sequence nor a checksum; the update cannot be proven")
            prev, seq = self._seq, self._seq + 1
        elif prev != self._seq:
            if (prev, seq) == (self._prev, self._seq):  # the same update again
                return ()
            self.gaps += 1
            self.needs_snapshot = True
        delta = BookDelta(
            ts_ns, VENUE, self.symbol, changed(change.bids), changed(change.asks), seq, prev
        )
        if not self.needs_snapshot:
            if self._text is not None and text is not None:
                self._text.apply(text)
                self._check(change.checksum)
            else:
                self._text = None  # from here on only the sequence proves
            self._prev, self._seq = prev, seq
        return (delta,)

    def _check(self, told: int) -> None:
        """Raise `ValueError` if the book as text has not the checksum that was told."""
        if self._text is not None and self._text.checksum() != told:
            self.gaps += 1
            self.needs_snapshot = True
            raise ValueError(f"checksum {self._text.checksum()} of our book, {told} of the venue's")
