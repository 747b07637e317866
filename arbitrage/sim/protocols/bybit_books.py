"""One order book topic: the best levels as last told, and what has changed since.

A subscription begins with a snapshot; deltas follow, with absolute quantities and zero for levels
that are gone or have left the depth. `u` counts the messages of the topic one by one; `seq` orders
all books of a symbol. The topic of depth one has snapshots alone, told again after three seconds
without a change (bybit-exchange.github.io/docs/v5/websocket/public/orderbook, read 2026-11-22).
Nothing here sends; when a message is due is `bybit_streams`' affair.
"""

from typing import Final

from arbitrage.domain.events import BookSnapshot, Levels
from arbitrage.sim.protocols.bybit_markets import Market
from arbitrage.sim.protocols.bybit_wire import Category, Json, ms

# By depth: seconds between two messages, of spot and of linear.
PACES: Final = {
    1: {Category.SPOT: 0.01, Category.LINEAR: 0.01},
    50: {Category.SPOT: 0.02, Category.LINEAR: 0.02},
    200: {Category.SPOT: 0.2, Category.LINEAR: 0.1},
    1000: {Category.SPOT: 0.2, Category.LINEAR: 0.2},
}
TOUCH: Final = 1
_FIRST_U: Final = 1_000  # one would mean that the service was restarted

_Side = dict[float, float]


class BookTopic:
    """The messages of one depth of one market."""

    def __init__(self, market: Market, depth: int) -> None:
        self.market = market
        self.depth = depth
        self.topic = f"orderbook.{depth}.{market.symbol}"
        self._u = _FIRST_U
        self._told: BookSnapshot | None = None
        self._bids: _Side = {}
        self._asks: _Side = {}

    def snapshot(self, book: BookSnapshot, now_ns: int) -> Json:
        """The book as last told; `book` as it is now, if nothing was told yet."""
        if self._told is None:
            self._take(book)
        told = self._told or book
        levels = (list(self._bids.items()), list(self._asks.items()))
        return self._message("snapshot", told, levels, now_ns)

    def news(self, book: BookSnapshot, now_ns: int) -> Json | None:
        """What has changed, to `book`; None if nothing has."""
        bids, asks = dict(book.bids[: self.depth]), dict(book.asks[: self.depth])
        changed = _changes(self._bids, bids), _changes(self._asks, asks)
        if not any(changed):
            return None
        self._take(book)
        if self.depth == TOUCH:
            return self.snapshot(book, now_ns)
        return self._message("delta", book, changed, now_ns)

    def forget(self) -> None:
        """Nobody listens any more; whoever comes next begins with the book as it is then."""
        self._told = None

    def _take(self, book: BookSnapshot) -> None:
        self._told = book
        self._u += 1
        self._bids, self._asks = dict(book.bids[: self.depth]), dict(book.asks[: self.depth])

    def _message(
        self, kind: str, book: BookSnapshot, levels: tuple[Levels, Levels], now_ns: int
    ) -> Json:
        bids, asks = levels
        return {
            "topic": self.topic,
            "type": kind,
            "ts": ms(now_ns),
            "data": {
                "s": self.market.symbol,
                "b": self.market.figures.levels(bids),
                "a": self.market.figures.levels(asks),
                "u": self._u,
                "seq": book.seq,
            },
            "cts": ms(book.ts_ns),
        }


def _changes(before: _Side, now: _Side) -> Levels:
    """Levels that changed, with what they hold now; zero for those that are gone."""
    changed = [(price, qty) for price, qty in now.items() if before.get(price) != qty]
    return changed + [(price, 0.0) for price in before if price not in now]
