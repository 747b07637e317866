"""What the name of a market stream asks for: a kind, a symbol and a pace.

How names are spelled is each venue's own affair.
"""

from enum import Enum

import msgspec


class Kind(Enum):
    """The kinds of both venues; `is_timed` ones are sent by the second, whatever happens."""

    DEPTH = "depth"
    PARTIAL_DEPTH = "partial depth"
    BOOK_TICKER = "bookTicker"
    TRADE = "trade"
    AGG_TRADE = "aggTrade"
    MARK_PRICE = "markPrice"
    TICKER = "ticker"
    MINI_TICKER = "miniTicker"

    @property
    def is_book(self) -> bool:
        return self in (Kind.DEPTH, Kind.PARTIAL_DEPTH)

    @property
    def is_timed(self) -> bool:
        return self in (Kind.MARK_PRICE, Kind.TICKER, Kind.MINI_TICKER)


class StreamName(msgspec.Struct, frozen=True):
    """A name that was understood. `pace_ms` apart are its frames at least, `levels` are those of a
    partial book."""

    name: str
    kind: Kind
    symbol: str
    pace_ms: int = 0
    levels: int = 0

    @property
    def subject(self) -> str:
        """What fault scripts know its frames by."""
        word = "depth" if self.kind.is_book else self.kind.value
        return f"{word} {self.symbol}"
