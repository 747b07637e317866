"""Who listens in on a venue's market data before it is decoded.

What is told here is enough to come to the same events again with a fresh codec: every message,
every snapshot that books were joined to, and every time that books were dropped, in the order in
which it happened.
"""

from collections.abc import Sequence
from typing import Protocol

from arbitrage.exchanges.order_gateway import Answer


class FeedTap(Protocol):
    """Called inside the callbacks that receive, before what came is decoded. Must be quick."""

    def frame(self, connection: str, frame: bytes, ts_ns: int) -> None:
        """A message came on a connection."""
        ...

    def answer(self, symbol: str, answer: Answer, ts_ns: int) -> None:
        """A snapshot of a book that is kept by diffs came, and is about to be joined."""
        ...

    def lost(self, symbols: Sequence[str], ts_ns: int) -> None:
        """Books are dropped: a connection is lost, or a message could not be read."""
        ...
