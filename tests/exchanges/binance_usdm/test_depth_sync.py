"""The synchroniser against the venue's rule, and against a market that knows its own book."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.events import BookDelta, BookSnapshot
from arbitrage.engine.market_state import Market
from arbitrage.exchanges.binance_usdm.depth_sync import (
    MAX_BUFFERED_DIFFS,
    MAX_OLD_DIFFS,
    DepthSync,
    Diff,
)

VENUE, SYMBOL = "binance-usdm", "BTCUSDT"


def diff(prev: int, last: int, *, bid_qty: float = 1.0) -> Diff:
    return Diff(last, prev, [(100.0, bid_qty)], [])


def snapshot(last: int, ts_ns: int = 5) -> BookSnapshot:
    return BookSnapshot(ts_ns, VENUE, SYMBOL, [(100.0, 9.0)], [(101.0, 9.0)], last)


def followed(last: int = 100) -> DepthSync:
    """A book that follows, true up to update `last`."""
    sync = DepthSync(SYMBOL)
    sync.snapshot(snapshot(last - 5))
    sync.follow(diff(last - 10, last), 6)
    return sync


def seqs(events: object) -> list[tuple[int, int]]:
    assert isinstance(events, list | tuple)
    return [(event.prev_seq, event.seq) for event in events if isinstance(event, BookDelta)]


def test_diffs_wait_for_the_snapshot() -> None:
    sync = DepthSync(SYMBOL)

    assert sync.follow(diff(10, 20), 1) == ()
    assert sync.needs_snapshot


def test_the_snapshot_is_followed_by_what_was_held_since() -> None:
    sync = DepthSync(SYMBOL)
    for prev, last in ((10, 20), (20, 30), (30, 40)):
        sync.follow(diff(prev, last), 1)

    events = sync.snapshot(snapshot(25, ts_ns=5))

    assert events[0] == snapshot(25)
    assert seqs(events) == [(25, 30), (30, 40)]  # 10..20 is inside the snapshot
    assert {event.ts_ns for event in events} == {5}  # time does not go back to when they came
    assert not sync.needs_snapshot


@pytest.mark.parametrize("last", [20, 25, 29])
def test_the_first_diff_spans_the_snapshot(last: int) -> None:
    sync = DepthSync(SYMBOL)
    sync.snapshot(snapshot(last))

    assert seqs(sync.follow(diff(20, 30), 6)) == [(last, 30)]


def test_a_quiet_book_joins_the_diff_that_follows_the_snapshot_exactly() -> None:
    sync = DepthSync(SYMBOL)
    sync.snapshot(snapshot(20))

    assert seqs(sync.follow(Diff(50, 20, [], []), 6)) == [(20, 50)]


def test_diffs_older_than_the_snapshot_change_nothing() -> None:
    sync = DepthSync(SYMBOL)
    sync.snapshot(snapshot(100))

    assert sync.follow(diff(10, 20), 6) == ()
    assert seqs(sync.follow(diff(90, 110), 7)) == [(100, 110)]


def test_a_snapshot_older_than_what_is_held_does_not_do() -> None:
    sync = DepthSync(SYMBOL)
    sync.follow(diff(50, 60), 1)

    assert sync.snapshot(snapshot(40)) == ()
    assert sync.needs_snapshot
    assert seqs(sync.snapshot(snapshot(55))) == [(55, 60)]


def test_a_chain_is_followed() -> None:
    sync = followed(100)

    assert seqs(sync.follow(diff(100, 110), 7)) == [(100, 110)]
    assert seqs(sync.follow(diff(110, 111), 8)) == [(110, 111)]
    assert sync.gaps == 0


def test_a_gap_breaks_the_book_at_once_and_asks_for_a_snapshot() -> None:
    sync = followed(100)

    [broken] = sync.follow(diff(105, 110), 7)

    assert isinstance(broken, BookDelta)
    assert broken.prev_seq == 105
    assert sync.needs_snapshot
    assert sync.gaps == 1


def test_after_a_gap_the_diff_that_showed_it_is_held() -> None:
    sync = followed(100)
    sync.follow(diff(105, 110), 7)

    assert seqs(sync.snapshot(snapshot(108))) == [(108, 110)]


def test_a_gap_right_after_the_snapshot_is_a_gap() -> None:
    sync = DepthSync(SYMBOL)
    sync.snapshot(snapshot(20))

    assert seqs(sync.follow(diff(25, 30), 6)) == [(25, 30)]
    assert sync.needs_snapshot


def test_a_repeated_diff_changes_nothing() -> None:
    sync = followed(100)
    sync.follow(diff(100, 110), 7)

    assert sync.follow(diff(100, 110), 8) == ()
    assert not sync.needs_snapshot


def test_ids_that_start_again_are_a_gap() -> None:
    sync = followed(100)

    for last in range(1, MAX_OLD_DIFFS + 1):
        assert sync.follow(diff(last - 1, last), 7) == ()
    assert not sync.needs_snapshot
    [broken] = sync.follow(diff(MAX_OLD_DIFFS, MAX_OLD_DIFFS + 1), 8)

    assert sync.needs_snapshot
    assert seqs([broken]) == [(50, 51)]
    assert seqs(sync.snapshot(snapshot(50))) == [(50, 51)]


def test_ids_that_start_again_before_the_snapshot_are_a_gap() -> None:
    sync = DepthSync(SYMBOL)
    sync.follow(diff(90, 100), 1)

    for last in range(1, MAX_OLD_DIFFS + 2):
        sync.follow(diff(last - 1, last), 7)

    assert sync.gaps == 1
    assert seqs(sync.snapshot(snapshot(50))) == [(50, 51)]


def test_of_two_connections_the_one_behind_changes_nothing() -> None:
    sync = followed(100)
    ahead = [diff(100, 110), diff(110, 120), diff(120, 130)]
    said = [sync.follow(one, 7) for one in ahead]

    assert [sync.follow(one, 8) for one in ahead] == [()] * 3
    assert [seqs(one) for one in said] == [[(100, 110)], [(110, 120)], [(120, 130)]]
    assert seqs(sync.follow(diff(130, 140), 9)) == [(130, 140)]
    assert sync.gaps == 0


def test_of_two_connections_that_cut_differently_each_adds_what_is_newer() -> None:
    sync = followed(100)

    assert seqs(sync.follow(diff(100, 115), 7)) == [(100, 115)]
    assert sync.follow(diff(100, 110), 7) == ()
    assert seqs(sync.follow(diff(110, 120), 8)) == [(115, 120)]
    assert not sync.needs_snapshot


def test_what_two_connections_deliver_before_the_snapshot_is_held_once() -> None:
    sync = DepthSync(SYMBOL)
    for prev, last in ((10, 20), (20, 30), (10, 20), (20, 30), (25, 40)):
        sync.follow(diff(prev, last), 1)

    assert seqs(sync.snapshot(snapshot(25))) == [(25, 30), (30, 40)]
    assert sync.gaps == 0


def test_a_gap_among_held_diffs_leaves_only_what_came_after() -> None:
    sync = DepthSync(SYMBOL)
    sync.follow(diff(10, 20), 1)
    sync.follow(diff(10, 20), 1)  # the same again
    sync.follow(diff(30, 40), 2)

    assert sync.gaps == 1
    assert sync.snapshot(snapshot(15)) == ()
    assert seqs(sync.snapshot(snapshot(35))) == [(35, 40)]


def test_a_snapshot_that_nobody_needs_is_ignored() -> None:
    sync = followed(100)

    assert sync.snapshot(snapshot(100)) == ()
    assert seqs(sync.follow(diff(100, 110), 7)) == [(100, 110)]


def test_a_lost_book_starts_anew() -> None:
    sync = followed(100)

    sync.lose()

    assert sync.needs_snapshot
    assert sync.follow(diff(100, 110), 7) == ()
    assert seqs(sync.snapshot(snapshot(109))) == [(109, 110)]


def test_what_is_held_is_bounded() -> None:
    sync = DepthSync(SYMBOL)
    for last in range(1, MAX_BUFFERED_DIFFS + 11):
        sync.follow(diff(last - 1, last), last)

    assert sync.snapshot(snapshot(5)) == ()
    assert len(sync.snapshot(snapshot(10))) == MAX_BUFFERED_DIFFS + 1


@given(
    changes=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=40),
    taken_after=st.integers(0, 40),
    arrives_after=st.integers(0, 40),
    lost=st.sets(st.integers(0, 39), max_size=3),
)
def test_the_book_equals_the_venues_wherever_it_is_said_to_be_whole(
    changes: list[tuple[int, int]], taken_after: int, arrives_after: int, lost: set[int]
) -> None:
    """One bid side at the venue; a snapshot taken and arriving at any time, diffs lost at will."""
    truth: dict[float, float] = {}
    taken: tuple[int, dict[float, float]] | None = None
    sync, market = DepthSync(SYMBOL), Market(VENUE, SYMBOL, None)
    for step, (tick, qty) in enumerate(changes):
        price = 100.0 + tick
        truth[price] = float(qty)
        if step == taken_after:
            taken = (10 * step + 10, {p: q for p, q in truth.items() if q})
        events: list[object] = []
        if step not in lost:
            change = Diff(10 * step + 10, 10 * step, [(price, float(qty))], [])
            events.extend(sync.follow(change, step))
        if taken is not None and step >= arrives_after:
            bids = sorted(taken[1].items(), reverse=True)
            events.extend(sync.snapshot(BookSnapshot(step, VENUE, SYMBOL, bids, [], taken[0])))
            taken = None
        for event in events:
            match event:
                case BookSnapshot():
                    market.replace(event.bids, event.asks, event.seq, event.ts_ns)
                case BookDelta():
                    args = (event.seq, event.prev_seq, event.ts_ns)
                    market.change(event.bids, event.asks, *args)
        is_whole = not sync.needs_snapshot and not market.is_broken
        if is_whole and market.seq == 10 * step + 10:
            assert market.bids == sorted(((p, q) for p, q in truth.items() if q), reverse=True)
        if market.seq not in (0, 10 * step + 10) and step not in lost and sync.needs_snapshot:
            assert market.is_broken  # what is not the venue's book is not tradable
