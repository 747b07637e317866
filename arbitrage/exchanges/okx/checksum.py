"""The book as text, for the checksum that `books` carried until 2026 and that recordings hold.

CRC32, as a signed 32-bit number, over the 25 best levels a side as they were sent, bid and ask by
turns: `bid:qty:ask:qty:bid:qty:...`; where one side is thinner the other goes on alone. It needs
the venue's own digits, so it costs a second reading of the frame, which a checksum of 0 spares.
"""

from bisect import bisect_left
from zlib import crc32

import msgspec

from arbitrage.exchanges.okx.facts import CHECKSUM_LEVELS

_SIGN_BIT = 1 << 31


class TextLevel(msgspec.Struct, array_like=True, gc=False):
    px: str
    sz: str


class TextBook(msgspec.Struct, gc=False):
    asks: list[TextLevel]
    bids: list[TextLevel]


class _TextFrame(msgspec.Struct, gc=False):
    data: tuple[TextBook]


_decode = msgspec.json.Decoder(_TextFrame).decode


def text_of(frame: bytes) -> TextBook:
    """The levels of a frame as they were sent. Raises what msgspec raises."""
    return _decode(frame).data[0]


class _TextSide:
    """One side, best first; `sign` is +1 for asks."""

    __slots__ = ("_keys", "_sign", "levels")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._keys: list[float] = []
        self.levels: list[str] = []

    def change(self, level: TextLevel) -> None:
        key = self._sign * float(level.px)
        at = bisect_left(self._keys, key)
        is_known = at < len(self._keys) and self._keys[at] == key
        if float(level.sz) == 0.0:
            if is_known:
                del self._keys[at], self.levels[at]
        elif is_known:
            self.levels[at] = f"{level.px}:{level.sz}"
        else:
            self._keys.insert(at, key)
            self.levels.insert(at, f"{level.px}:{level.sz}")


class ChecksumBook:
    """A whole book as text, kept current by the levels that change."""

    def __init__(self, whole: TextBook) -> None:
        self._bids, self._asks = _TextSide(-1), _TextSide(+1)
        self.apply(whole)

    def apply(self, change: TextBook) -> None:
        """Take in changed levels; a quantity of zero removes one."""
        for level in change.bids:
            self._bids.change(level)
        for level in change.asks:
            self._asks.change(level)

    def checksum(self) -> int:
        bids = self._bids.levels[:CHECKSUM_LEVELS]
        asks = self._asks.levels[:CHECKSUM_LEVELS]
        both = min(len(bids), len(asks))
        turns = [text for pair in zip(bids, asks, strict=False) for text in pair]
        crc = crc32(":".join([*turns, *bids[both:], *asks[both:]]).encode())
        return crc - 2 * _SIGN_BIT if crc & _SIGN_BIT else crc
