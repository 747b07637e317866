"""The synchroniser against the venue's rule, and against a market that knows its own book."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.events import BookDelta, BookSnapshot
from arbitrage.engine.market_state import Market
from arbitrage.exchanges.bybit.depth_sync import ChangedBook, DepthSync, WholeBook

VENUE, SYMBOL = "bybit", "BTCUSDT"


def whole(u: int, seq: int = 1000) -> WholeBook:
    return WholeBook([(100.0, 9.0)], [(101.0, 9.0)], u, seq)


def change(u: int, seq: int = 1000, *, bid_qty: float = 1.0) -> ChangedBook:
    return ChangedBook([(100.0, bid_qty)], [], u, seq)


def followed(u: int = 100, seq: int = 1000) -> DepthSync:
    """A book that follows, true up to update `u`."""
    sync = DepthSync(VENUE, SYMBOL)
    sync.replace(whole(u, seq), 5)
    return sync


def seqs(events: Sequence[BookDelta]) -> list[tuple[int, int]]:
    return [(event.prev_seq, event.seq) for event in events]


def test_deltas_before_the_snapshot_say_nothing() -> None:
    sync = DepthSync(VENUE, SYMBOL)

    assert sync.follow(change(7), 1) == ()
    assert sync.needs_snapshot


def test_a_snapshot_begins_the_book() -> None:
    sync = DepthSync(VENUE, SYMBOL)

    expected = BookSnapshot(5, VENUE, SYMBOL, [(100.0, 9.0)], [(101.0, 9.0)], 100)
    assert sync.replace(whole(100), 5) == (expected,)
    assert not sync.needs_snapshot


def test_deltas_follow_one_by_one() -> None:
    sync = followed(100)

    assert seqs(sync.follow(change(101, 1003), 6)) == [(100, 101)]
    assert seqs(sync.follow(change(102, 1003), 7)) == [(101, 102)]
    assert sync.gaps == 0


def test_a_snapshot_replaces_the_book_at_any_time() -> None:
    sync = followed(100)

    [book] = sync.replace(whole(1, 5), 6)  # also where its numbers begin anew

    assert book.seq == 1
    assert seqs(sync.follow(change(2, 6), 7)) == [(1, 2)]


def test_the_same_delta_again_says_nothing() -> None:
    sync = followed(100)
    sync.follow(change(101, 1003), 6)

    assert sync.follow(change(101, 1003), 7) == ()
    assert not sync.needs_snapshot


@pytest.mark.parametrize(
    ("u", "seq"), [(102, 1001), (103, 1001), (99, 1001), (101, 999), (100, 1001)]
)
def test_a_delta_that_does_not_follow_breaks_the_book_at_once(u: int, seq: int) -> None:
    sync = followed(100, 1000)
    market = Market(VENUE, SYMBOL, None)
    market.replace([(100.0, 9.0)], [(101.0, 9.0)], 100, 5)

    [broken] = sync.follow(change(u, seq), 6)
    market.change(broken.bids, broken.asks, broken.seq, broken.prev_seq, 6)

    assert market.is_broken
    assert sync.needs_snapshot
    assert sync.gaps == 1
    assert sync.follow(change(u + 1, seq), 7) == ()


def test_a_lost_book_waits_for_a_snapshot() -> None:
    sync = followed(100)

    sync.lose()

    assert sync.follow(change(101), 6) == ()
    sync.replace(whole(200), 7)
    assert seqs(sync.follow(change(201), 8)) == [(200, 201)]


@pytest.mark.parametrize(
    ("bids", "asks"), [([(1.0, 1.0), (2.0, 1.0)], []), ([], [(2.0, 1.0), (1.0, 1.0)])]
)
def test_a_snapshot_out_of_order_is_refused_and_changes_nothing(
    bids: list[tuple[float, float]], asks: list[tuple[float, float]]
) -> None:
    sync = DepthSync(VENUE, SYMBOL)

    with pytest.raises(ValueError, match="out of order"):
        sync.replace(WholeBook(bids, asks, 100, 1), 5)

    assert sync.needs_snapshot


# --- a venue with a book of its own ---------------------------------------------------------------

DEPTH = 3
Bids = dict[float, float]


def top(bids: Bids) -> list[tuple[float, float]]:
    return sorted(bids.items(), reverse=True)[:DEPTH]


@given(
    trading=st.lists(st.tuples(st.integers(1, 8), st.integers(0, 3)), min_size=1, max_size=30),
    faults=st.lists(st.sampled_from(["", "", "", "drop", "twice", "swap", "restart"]), max_size=30),
)
def test_the_book_is_the_venues_or_known_to_be_broken(
    trading: list[tuple[int, int]], faults: list[str]
) -> None:
    """A venue pushes the changes of its three best bids; deltas are lost, repeated, swapped, and
    the service restarts. Whenever the chain is whole the book is the venue's of that moment."""
    bids: Bids = {4.0: 1.0}
    u, seq = 50, 900
    shown = top(bids)
    truth = {seq: shown}
    frames: list[WholeBook | ChangedBook] = [WholeBook(shown, [], u, seq)]
    for number, (price, qty) in enumerate(trading):
        bids[float(price)] = float(qty)
        bids = {level: size for level, size in bids.items() if size}
        before, shown = dict(shown), top(bids)
        gone = [(level, 0.0) for level in before if level not in dict(shown)]
        news = [(level, size) for level, size in shown if before.get(level) != size]
        u, seq = u + 1, seq + 1 + number % 3
        truth[seq] = shown
        fault = faults[number] if number < len(faults) else ""
        if fault == "restart":
            u = 1
            frames.append(WholeBook(shown, [], u, seq))
        elif fault != "drop":
            frames.extend([ChangedBook(gone + news, [], u, seq)] * (2 if fault == "twice" else 1))
            if fault == "swap" and isinstance(frames[-2], ChangedBook):
                frames[-2:] = reversed(frames[-2:])
    sync, market = DepthSync(VENUE, SYMBOL), Market(VENUE, SYMBOL, None)

    for ts_ns, frame in enumerate(frames, 1):
        if isinstance(frame, WholeBook):
            for book in sync.replace(frame, ts_ns):
                market.replace(book.bids, book.asks, book.seq, ts_ns)
        else:
            for delta in sync.follow(frame, ts_ns):
                market.change(delta.bids, delta.asks, delta.seq, delta.prev_seq, ts_ns)
        assert market.is_broken is sync.needs_snapshot
        if not market.is_broken:
            assert market.seq == frame.u
            assert list(market.bids) == truth[frame.seq]
