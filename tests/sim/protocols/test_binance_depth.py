import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.events import BookSnapshot, Levels
from arbitrage.sim.protocols.binance_depth import DepthBook, UpdateCounter

STREAM = "btcusdt@depth@100ms"


def book(bids: Levels, asks: Levels) -> BookSnapshot:
    return BookSnapshot(0, "binance-usdm", "BTCUSDT", bids, asks)


@pytest.fixture
def depth() -> DepthBook:
    depth = DepthBook(UpdateCounter(1_000))
    depth.show(book([(99.0, 1.0), (98.0, 2.0)], [(101.0, 1.0)]))
    return depth


def test_every_changed_level_is_one_update(depth: DepthBook) -> None:
    before = depth.last_update_id
    assert depth.show(book([(99.0, 1.0), (97.0, 3.0)], [(101.0, 2.0)]))
    assert depth.last_update_id == before + 3


def test_a_book_that_is_the_same_is_no_update(depth: DepthBook) -> None:
    before = depth.last_update_id
    assert not depth.show(book([(99.0, 1.0), (98.0, 2.0)], [(101.0, 1.0)]))
    assert depth.last_update_id == before


def test_a_diff_holds_what_changed_and_zero_for_what_is_gone(depth: DepthBook) -> None:
    depth.gather(STREAM)
    depth.show(book([(99.0, 5.0)], [(101.0, 1.0), (102.0, 4.0)]))
    diff = depth.take(STREAM)
    assert diff.bids == {99.0: 5.0, 98.0: 0.0}
    assert diff.asks == {102.0: 4.0}
    assert not depth.take(STREAM)


def test_updates_are_gathered_until_they_are_taken(depth: DepthBook) -> None:
    depth.gather(STREAM)
    start = depth.last_update_id
    depth.show(book([(99.0, 5.0), (98.0, 2.0)], [(101.0, 1.0)]))
    depth.show(book([(99.0, 6.0), (98.0, 2.0)], [(101.0, 1.0)]))
    diff = depth.take(STREAM)
    assert diff.bids == {99.0: 6.0}
    assert (diff.previous, diff.first, diff.last) == (start, start + 1, start + 2)


def test_numbers_run_over_all_symbols_so_diffs_leave_gaps() -> None:
    counter = UpdateCounter(1_000)
    depth, other = DepthBook(counter), DepthBook(counter)
    depth.gather(STREAM)
    depth.show(book([(99.0, 1.0)], []))
    first = depth.take(STREAM)
    other.show(book([(9.0, 1.0)], []))
    depth.show(book([(99.0, 2.0)], []))
    second = depth.take(STREAM)
    assert second.previous == first.last
    assert second.first > second.previous + 1


def test_every_stream_is_gathered_for_itself(depth: DepthBook) -> None:
    depth.gather(STREAM)
    depth.show(book([(99.0, 5.0)], []))
    depth.gather("other")
    depth.show(book([(99.0, 6.0)], []))
    assert depth.take("other").bids == {99.0: 6.0}
    assert depth.take(STREAM).bids == {99.0: 6.0, 98.0: 0.0}
    depth.forget(STREAM)
    depth.show(book([(99.0, 7.0)], []))
    assert depth.take("other").bids == {99.0: 7.0}


def test_the_top_is_cut_and_empty_before_the_first_book(depth: DepthBook) -> None:
    assert depth.top(1) == ([(99.0, 1.0)], [(101.0, 1.0)])
    assert DepthBook(UpdateCounter(0)).top(5) == ([], [])


sides = st.dictionaries(st.integers(1, 6).map(float), st.integers(1, 3).map(float), max_size=5).map(
    lambda side: sorted(side.items())
)


@given(st.lists(st.tuples(sides, sides, st.booleans()), min_size=1, max_size=20), st.data())
def test_a_snapshot_and_the_diffs_after_it_give_the_book(
    shown: list[tuple[Levels, Levels, bool]], data: st.DataObject
) -> None:
    """However updates are cut into diffs, and wherever the snapshot falls among them."""
    depth = DepthBook(UpdateCounter(1_000))
    depth.gather(STREAM)
    joins_after = data.draw(st.integers(0, len(shown) - 1))
    mine: dict[float, float] = {}
    last_update_id, is_joined, chained = 0, False, depth.last_update_id
    for place, (bids, asks, is_taken) in enumerate(shown):
        depth.show(book(bids, asks))
        if place == joins_after:
            mine, last_update_id = dict(depth.top(1000)[0]), depth.last_update_id
            is_joined = True
        diff = depth.take(STREAM) if is_taken or place == len(shown) - 1 else None
        if not diff:
            continue
        assert (diff.previous, diff.first > diff.previous) == (chained, True)
        chained = diff.last
        if is_joined and diff.last >= last_update_id:
            mine.update(diff.bids)
    assert {price: qty for price, qty in mine.items() if qty} == dict(shown[-1][0])
