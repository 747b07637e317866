"""When to subscribe to a book again, from times alone: the books of one connection whose venue
sends a snapshot with each subscription.

The first snapshot of a connection is waited for. A book that breaks later is subscribed to again at
once, one that goes on breaking or stays without a snapshot after ever longer pauses, and never more
often than the venue allows on a connection. Nothing is sent and no clock is read here.
"""

from collections import deque
from collections.abc import Collection, Sequence
from random import Random

import msgspec

from arbitrage.net.backoff import Backoff

_HOUR_SECONDS = 3600.0


class _Book(msgspec.Struct):
    """`patience_until` is when a snapshot that was asked for is given up, `pause_until` the
    earliest moment of the next attempt, `tries` how many came close to each other."""

    patience_until: float
    pause_until: float
    sent_at: float
    tries: int = 0


class BookMending:
    """The books of `symbols` on one connection. Times are seconds of any steady clock.

    A snapshot is waited for `patience_seconds`; at most `texts_per_hour` are sent in any hour of
    one connection.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        *,
        patience_seconds: float,
        texts_per_hour: int,
        backoff: Backoff,
        random: Random,
    ) -> None:
        self._symbols = symbols
        self._patience_seconds = patience_seconds
        self._texts_per_hour = texts_per_hour
        self._backoff = backoff
        self._random = random
        self._books: dict[str, _Book] = {}
        self._awaited: set[str] = set()
        self._sent: deque[tuple[float, int]] = deque()
        self._sent_texts = 0

    def opened(self, now: float) -> None:
        """A new connection has subscribed to everything."""
        patience_until = now + self._patience_seconds
        self._books = {symbol: _Book(patience_until, now, now) for symbol in self._symbols}
        self._awaited = set(self._symbols)
        self._sent.clear()
        self._sent_texts = 0

    def due(self, broken: Collection[str], now: float) -> list[str]:
        """Those of `broken`, books without a snapshot, that should be subscribed to again."""
        self._awaited.intersection_update(broken)
        return [
            symbol
            for symbol, book in self._books.items()
            if symbol in broken
            and now >= book.pause_until
            and (symbol not in self._awaited or now >= book.patience_until)
        ]

    def may_send(self, texts: int, now: float) -> bool:
        """Whether the venue allows so many more texts on this connection."""
        while self._sent and now - self._sent[0][0] >= _HOUR_SECONDS:
            self._sent_texts -= self._sent.popleft()[1]
        return self._sent_texts + texts <= self._texts_per_hour

    def sent(self, symbol: str, texts: int, now: float) -> None:
        """So many texts have asked for a snapshot of `symbol`."""
        self._sent.append((now, texts))
        self._sent_texts += texts
        book = self._books[symbol]
        if now - book.sent_at > self._backoff.max_seconds:
            book.tries = 0
        book.sent_at = now
        book.pause_until = now + self._backoff.seconds(book.tries, self._random)
        book.patience_until = book.pause_until + self._patience_seconds
        book.tries += 1
        self._awaited.add(symbol)
