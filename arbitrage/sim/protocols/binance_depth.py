"""Order books as Binance publishes them: numbered updates, gathered into diffs.

Every changed level is one update, and updates are numbered over all symbols together, so the
diffs of one symbol have gaps between `pu` and `U`, as at the venue. A diff says what changed since
the one before it on the same stream; a REST snapshot carries the number of the symbol's last
update. So whoever joins the two by the venue's rule (How-to-manage-a-local-order-book, read
2026-11-22) never sees a gap. Nothing here sends; when a diff is due is `binance_streams`'
affair.
"""

from arbitrage.domain.events import BookSnapshot, Levels

_Side = dict[float, float]


class UpdateCounter:
    """Numbers the updates of one venue. They rise with time, also over a restart."""

    def __init__(self, start: int) -> None:
        self.last = start

    def take(self, count: int) -> int:
        """Use up `count` numbers; returns the first."""
        first = self.last + 1
        self.last += count
        return first


class Diff:
    """What changed between two numbers: `first` (U) to `last` (u), after `previous` (pu)."""

    __slots__ = ("asks", "bids", "first", "last", "previous")

    def __init__(self, previous: int) -> None:
        self.previous = previous
        self.first = 0
        self.last = previous
        self.bids: _Side = {}
        self.asks: _Side = {}

    def __bool__(self) -> bool:
        return self.last > self.previous


class DepthBook:
    """The book of one symbol with its update numbers, and the diffs that are being gathered."""

    def __init__(self, counter: UpdateCounter) -> None:
        self.book: BookSnapshot | None = None
        self._counter = counter
        self.last_update_id = counter.take(1)
        self._bids: _Side = {}
        self._asks: _Side = {}
        self._open: dict[str, Diff] = {}

    def show(self, book: BookSnapshot) -> bool:
        """Take in the book as now shown; whether it changed."""
        bids, asks = dict(book.bids), dict(book.asks)
        changed_bids, changed_asks = _changes(self._bids, bids), _changes(self._asks, asks)
        count = len(changed_bids) + len(changed_asks)
        self.book, self._bids, self._asks = book, bids, asks
        if not count:
            return False
        first = self._counter.take(count)
        self.last_update_id = self._counter.last
        for diff in self._open.values():
            diff.first = diff.first or first
            diff.last = self.last_update_id
            diff.bids.update(changed_bids)
            diff.asks.update(changed_asks)
        return True

    def gather(self, stream: str) -> None:
        """Gather a diff for a stream from now on."""
        self._open[stream] = Diff(self.last_update_id)

    def forget(self, stream: str) -> None:
        self._open.pop(stream, None)

    def take(self, stream: str) -> Diff:
        """What changed since this was last asked; empty if nothing did."""
        diff = self._open[stream]
        if diff:
            self._open[stream] = Diff(diff.last)
        return diff

    def top(self, count: int) -> tuple[Levels, Levels]:
        """The best `count` levels of both sides."""
        if self.book is None:
            return [], []
        return self.book.bids[:count], self.book.asks[:count]


def _changes(before: _Side, now: _Side) -> _Side:
    """Levels that changed, with what they hold now; zero for those that are gone."""
    changed = {price: qty for price, qty in now.items() if before.get(price) != qty}
    for price in before:
        if price not in now:
            changed[price] = 0.0
    return changed
