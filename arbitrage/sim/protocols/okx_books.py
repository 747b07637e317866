"""Order books as OKX publishes them: a snapshot, then updates, each naming the one before it.

Every listener of a symbol hears the same updates, so one published state serves all: a snapshot is
that state with the number of its last update, and the next update follows it whoever listens.
Numbers skip, as at the venue. The checksum is 0 as it is since 2026, or the one of before if it is
asked for: CRC32 of the 25 best levels of both sides by turns, as signed 32 bits
(www.okx.com/docs-v5/en, ws-order-book-channel, read 2026-11-22). When an update is due is
`okx_streams`' affair.
"""

from itertools import chain, zip_longest
from typing import Final
from zlib import crc32

from arbitrage.domain.events import BookSnapshot, Levels
from arbitrage.sim.protocols.okx_wire import Json, figure, level_rows, ms

DEPTH: Final = 400
_CHECKED: Final = 25

_Side = dict[float, float]


class OkxBook:
    """The book of one symbol: as last shown by the market, and as last published.

    `seq` is the number of the last update, beginning with `first_seq`.
    """

    def __init__(self, first_seq: int, *, has_checksums: bool = False) -> None:
        self.seq = first_seq
        self.shown: BookSnapshot | None = None
        self._has_checksums = has_checksums
        self._bids: _Side = {}
        self._asks: _Side = {}

    @property
    def is_published(self) -> bool:
        """Whether there is something that a snapshot could show."""
        return bool(self._bids or self._asks)

    def snapshot(self, ts_ns: int) -> Json:
        """The published state as the first message of a subscription."""
        bids, asks = self._levels()
        return self._message(bids, asks, -1, ts_ns)

    def update(self, ts_ns: int) -> Json | None:
        """Publish what was shown: what changed since the last time, None if nothing did."""
        if self.shown is None:
            return None
        bids, asks = dict(self.shown.bids[:DEPTH]), dict(self.shown.asks[:DEPTH])
        changed_bids, changed_asks = _changes(self._bids, bids), _changes(self._asks, asks)
        count = len(changed_bids) + len(changed_asks)
        if not count:
            return None
        self._bids, self._asks = bids, asks
        before, self.seq = self.seq, self.seq + count
        return self._message(changed_bids[::-1], changed_asks, before, ts_ns)

    def silence(self, ts_ns: int) -> Json:
        """What is sent when nothing has changed for long: no levels, and the number again."""
        return self._message([], [], self.seq, ts_ns)

    def top(self, count: int, ts_ns: int) -> Json:
        """The best levels as shown, as `books5` and `bbo-tbt` have them."""
        bids = self.shown.bids[:count] if self.shown else []
        asks = self.shown.asks[:count] if self.shown else []
        told = {"asks": level_rows(asks), "bids": level_rows(bids)}
        return {**told, "ts": ms(ts_ns), "seqId": self.seq}

    def _levels(self) -> tuple[Levels, Levels]:
        return sorted(self._bids.items(), reverse=True), sorted(self._asks.items())

    def _message(self, bids: Levels, asks: Levels, before: int, ts_ns: int) -> Json:
        return {
            "asks": level_rows(asks),
            "bids": level_rows(bids),
            "ts": ms(ts_ns),
            "checksum": checksum(*self._levels()) if self._has_checksums else 0,
            "prevSeqId": before,
            "seqId": self.seq,
        }


def checksum(bids: Levels, asks: Levels) -> int:
    """That of a book, both sides best first.

    >>> checksum([(3366.1, 7.0), (3366.0, 6.0)], [(3366.8, 9.0), (3368.0, 8.0)])
    -1881014294
    """
    turns = chain.from_iterable(zip_longest(bids[:_CHECKED], asks[:_CHECKED]))
    text = ":".join(f"{figure(level[0])}:{figure(level[1])}" for level in turns if level)
    crc = crc32(text.encode())
    return crc - (1 << 32) if crc >> 31 else crc


def _changes(before: _Side, now: _Side) -> Levels:
    """Levels that changed, by price, with what they hold now; zero for those that are gone."""
    changed = [(price, qty) for price, qty in now.items() if before.get(price) != qty]
    changed += [(price, 0.0) for price in before if price not in now]
    return sorted(changed)
