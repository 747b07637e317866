"""Whole books out of snapshots, diffs and quotes."""

from arbitrage.domain.events import BookDelta, BookQuote, BookSnapshot, Tick
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.net.book_listeners import BookListeners

SNAPSHOT = BookSnapshot(10**18, "tiny", "BTC-USD", [(99.0, 1.0)], [(101.0, 1.0)], 5)


class Rig(BookListeners):
    def __init__(self) -> None:
        super().__init__()
        self.shown: list[OrderBookSnapshot] = []
        self.end = self.add(self.shown.append)


def delta(seq: int, prev: int, bids: list[tuple[float, float]]) -> BookDelta:
    return BookDelta(2 * 10**18, "tiny", "BTC-USD", bids, [], seq, prev)


def test_a_snapshot_is_shown_as_it_is() -> None:
    rig = Rig()
    rig.take(SNAPSHOT)
    (book,) = rig.shown
    assert (book.symbol, book.timestamp, book.ts_ns) == ("BTC-USD", 1e9, 10**18)
    assert (book.bids, book.asks) == ([(99.0, 1.0)], [(101.0, 1.0)])


def test_a_diff_is_shown_as_the_whole_book_that_it_makes() -> None:
    rig = Rig()
    rig.take(SNAPSHOT)
    rig.take(delta(6, 5, [(99.5, 2.0), (99.0, 0.0)]))
    rig.take(delta(7, 6, [(99.7, 1.0)]))
    assert [book.bids for book in rig.shown] == [
        [(99.0, 1.0)],
        [(99.5, 2.0)],
        [(99.7, 1.0), (99.5, 2.0)],
    ]
    assert SNAPSHOT.bids == [(99.0, 1.0)]


def test_a_diff_that_does_not_follow_ends_the_book_until_the_next_whole_one() -> None:
    rig = Rig()
    rig.take(delta(6, 5, []))
    rig.take(SNAPSHOT)
    rig.take(delta(8, 7, []))
    rig.take(delta(9, 8, []))
    assert len(rig.shown) == 1
    rig.take(SNAPSHOT)
    rig.take(delta(6, 5, []))
    assert len(rig.shown) == 3


def test_a_quote_is_a_book_of_one_level() -> None:
    rig = Rig()
    rig.take(BookQuote(10**18, "tiny", "BTC-USD", 1.0, 2.0, 3.0, 4.0))
    assert (rig.shown[0].bids, rig.shown[0].asks) == ([(1.0, 2.0)], [(3.0, 4.0)])


def test_other_events_are_none_of_its_business() -> None:
    rig = Rig()
    rig.take(Tick(1))
    assert not rig.shown


def test_each_subscription_ends_by_itself() -> None:
    rig = Rig()
    end = rig.add(rig.shown.append)
    rig.take(SNAPSHOT)
    assert len(rig.shown) == 2
    end()
    end()
    rig.take(SNAPSHOT)
    assert len(rig.shown) == 3
    rig.end()
    assert not rig
