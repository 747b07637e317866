"""The book against the venue's rule, and against a market that knows its own book."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.events import BookDelta, BookSnapshot
from arbitrage.engine.market_state import Market
from arbitrage.exchanges.okx.checksum import ChecksumBook, TextBook, TextLevel
from arbitrage.exchanges.okx.depth_sync import ChangedBook, DepthSync, WholeBook
from arbitrage.exchanges.okx.wire import ChangedLevel, WholeLevel

VENUE, SYMBOL = "okx", "BTC-USDT"


def whole(seq: int | None, qty: float = 9.0, checksum: int = 0) -> WholeBook:
    return WholeBook([WholeLevel(101.0, qty)], [WholeLevel(100.0, qty)], checksum, seq)


def change(prev: int | None, seq: int | None, qty: float = 1.0, checksum: int = 0) -> ChangedBook:
    return ChangedBook([], [ChangedLevel(100.0, qty)], checksum, seq, prev)


def followed(seq: int = 10) -> DepthSync:
    """A book that follows, true up to message `seq`."""
    sync = DepthSync(SYMBOL)
    sync.replace(whole(seq), None, 5)
    return sync


def seqs(events: Sequence[BookDelta]) -> list[tuple[int, int]]:
    return [(event.prev_seq, event.seq) for event in events]


def test_a_snapshot_begins_the_book() -> None:
    sync = DepthSync(SYMBOL)
    assert sync.needs_snapshot

    [event] = sync.replace(whole(10), None, 5)

    assert event == BookSnapshot(5, VENUE, SYMBOL, [(100.0, 9.0)], [(101.0, 9.0)], 10)
    assert not sync.needs_snapshot


def test_updates_before_the_snapshot_say_nothing() -> None:
    assert DepthSync(SYMBOL).follow(change(9, 10), None, 5) == ()


def test_a_chain_is_followed_though_its_numbers_skip_repeat_and_fall() -> None:
    sync = followed(10)

    chain = [(10, 15), (15, 15), (15, 15), (15, 3), (3, 5)]
    said = [seqs(sync.follow(change(prev, seq), None, 6)) for prev, seq in chain]

    assert said == [[pair] for pair in chain]
    assert (sync.gaps, sync.needs_snapshot) == (0, False)


def test_a_gap_breaks_the_book_at_once_and_asks_for_a_snapshot() -> None:
    sync = followed(10)

    [broken] = sync.follow(change(12, 15), None, 6)

    assert (broken.prev_seq, broken.seq) == (12, 15)
    assert (sync.gaps, sync.needs_snapshot) == (1, True)
    assert sync.follow(change(15, 16), None, 7) == ()
    assert sync.replace(whole(20), None, 8)
    assert seqs(sync.follow(change(20, 21), None, 9)) == [(20, 21)]


def test_a_repeated_update_changes_nothing() -> None:
    sync = followed(10)
    sync.follow(change(10, 15), None, 6)

    assert sync.follow(change(10, 15), None, 7) == ()
    assert seqs(sync.follow(change(15, 16), None, 8)) == [(15, 16)]
    assert sync.gaps == 0


def test_a_lost_book_waits_for_a_new_snapshot() -> None:
    sync = followed(10)

    sync.lose()

    assert sync.needs_snapshot
    assert sync.follow(change(10, 15), None, 6) == ()


def test_a_snapshot_replaces_a_book_that_follows() -> None:
    sync = followed(10)

    [event] = sync.replace(whole(4, qty=2.0), None, 6)

    assert (event.seq, event.bids) == (4, [(100.0, 2.0)])
    assert seqs(sync.follow(change(4, 5), None, 7)) == [(4, 5)]


def test_a_snapshot_out_of_order_leaves_the_book_waiting() -> None:
    sync = followed(10)
    bids = [WholeLevel(99.0, 1.0), WholeLevel(100.0, 1.0)]

    with pytest.raises(ValueError, match="best price first"):
        sync.replace(WholeBook([], bids, 0, 11), None, 6)

    assert sync.needs_snapshot


def test_a_snapshot_without_any_proof_is_refused() -> None:
    sync = followed(10)

    with pytest.raises(ValueError, match="cannot be proven"):
        sync.replace(whole(None), None, 6)

    assert sync.needs_snapshot


@pytest.mark.parametrize(("prev", "seq"), [(None, 11), (10, None), (None, None)])
def test_an_update_without_any_proof_is_refused(prev: int | None, seq: int | None) -> None:
    with pytest.raises(ValueError, match="cannot be proven"):
        followed(10).follow(change(prev, seq), None, 6)


# --- the checksum of recordings -------------------------------------------------------------------


def text(bid_qty: str, ask_qty: str = "") -> TextBook:
    asks = [TextLevel("101", ask_qty)] if ask_qty else []
    return TextBook(asks, [TextLevel("100", bid_qty)])


def checksum(book: TextBook) -> int:
    return ChecksumBook(book).checksum()


def test_without_numbers_the_checksum_proves_every_message() -> None:
    sync = DepthSync(SYMBOL)
    told = checksum(text("9", "9"))
    [book] = sync.replace(whole(None, checksum=told), text("9", "9"), 5)

    after = checksum(text("1", "9"))
    said = [
        seqs(sync.follow(change(None, None, checksum=after), text("1"), step)) for step in (6, 7)
    ]

    assert book.seq == 0
    assert said == [[(0, 1)], [(1, 2)]]
    assert (sync.gaps, sync.needs_snapshot) == (0, False)


def test_a_wrong_checksum_breaks_the_book() -> None:
    sync = DepthSync(SYMBOL)
    with pytest.raises(ValueError, match="checksum"):
        sync.replace(whole(None, checksum=1), text("9", "9"), 5)
    assert (sync.gaps, sync.needs_snapshot) == (1, True)

    sync.replace(whole(10, checksum=checksum(text("9", "9"))), text("9", "9"), 6)
    with pytest.raises(ValueError, match="checksum"):
        sync.follow(change(10, 11, checksum=1), text("1"), 7)
    assert (sync.gaps, sync.needs_snapshot) == (2, True)


def test_once_the_checksums_end_only_the_numbers_prove() -> None:
    sync = DepthSync(SYMBOL)
    sync.replace(whole(10, checksum=checksum(text("9", "9"))), text("9", "9"), 5)
    sync.follow(change(10, 11), None, 6)

    assert seqs(sync.follow(change(11, 12, checksum=1), text("1"), 7)) == [(11, 12)]
    with pytest.raises(ValueError, match="cannot be proven"):
        sync.follow(change(None, None, checksum=1), text("1"), 8)


def test_a_gap_is_told_before_its_checksum_is_looked_at() -> None:
    sync = DepthSync(SYMBOL)
    sync.replace(whole(10, checksum=checksum(text("9", "9"))), text("9", "9"), 5)

    assert seqs(sync.follow(change(12, 13, checksum=1), text("1"), 6)) == [(12, 13)]


# --- against the venue's own book -----------------------------------------------------------------


@given(
    changes=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=40),
    lost=st.sets(st.integers(0, 39), max_size=4),
    snapshots=st.sets(st.integers(0, 39), max_size=3),
    numbers=st.lists(st.integers(0, 5), min_size=41, max_size=41),
)
def test_the_book_equals_the_venues_wherever_it_is_said_to_be_whole(
    changes: list[tuple[int, int]], lost: set[int], snapshots: set[int], numbers: list[int]
) -> None:
    """One bid side at the venue; messages are lost at will, snapshots sent at will, and numbers
    rise by anything, also by nothing."""
    truth: dict[float, float] = {}
    sync, market = DepthSync(SYMBOL), Market(VENUE, SYMBOL, None)
    number = 0
    for step, (tick, qty) in enumerate(changes):
        prev, number = number, number + 1 + numbers[step]
        price = 100.0 + tick
        truth[price] = float(qty)
        events: list[Any] = []
        if step in snapshots:
            bids = [WholeLevel(p, q) for p, q in sorted(truth.items(), reverse=True) if q]
            events.extend(sync.replace(WholeBook([], bids, 0, number), None, step))
        elif step not in lost:
            message = ChangedBook([], [ChangedLevel(price, float(qty))], 0, number, prev)
            events.extend(sync.follow(message, None, step))
        for event in events:
            match event:
                case BookSnapshot():
                    market.replace(event.bids, event.asks, event.seq, event.ts_ns)
                case BookDelta():
                    args = (event.seq, event.prev_seq, event.ts_ns)
                    market.change(event.bids, event.asks, *args)
        is_current = step in snapshots or step not in lost
        if is_current and not sync.needs_snapshot:
            assert not market.is_broken
            assert market.bids == sorted(((p, q) for p, q in truth.items() if q), reverse=True)
        if is_current and sync.needs_snapshot and market.bids:
            assert market.is_broken  # what is not the venue's book is not tradable
