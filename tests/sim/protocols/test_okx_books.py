"""A book of OKX is a snapshot and an unbroken chain of updates."""

from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.events import BookSnapshot, Levels
from arbitrage.sim.protocols.okx_books import OkxBook, checksum
from arbitrage.sim.protocols.okx_wire import Json

BIDS: Levels = [(100.0, 1.0), (99.0, 2.0)]
ASKS: Levels = [(101.0, 1.0), (102.0, 2.0)]


def shown(book: OkxBook, bids: Levels, asks: Levels) -> None:
    book.shown = BookSnapshot(0, "okx", "BTC-USDT", bids, asks)


def levels(rows: list[list[str]]) -> Levels:
    return [(float(row[0]), float(row[1])) for row in rows]


def test_a_book_that_was_never_shown_has_nothing_to_say() -> None:
    book = OkxBook(10)
    assert book.update(0) is None
    assert not book.is_published
    assert book.top(5, 0)["asks"] == []


def test_an_update_names_the_one_before_it() -> None:
    book = OkxBook(10)
    shown(book, BIDS, ASKS)
    book.update(0)
    snapshot = book.snapshot(0)
    shown(book, [(100.0, 3.0)], ASKS)
    update = book.update(0)
    assert update is not None
    assert (snapshot["prevSeqId"], snapshot["seqId"]) == (-1, 14)
    assert (update["prevSeqId"], update["seqId"]) == (14, 16)
    assert levels(update["bids"]) == [(100.0, 3.0), (99.0, 0.0)]
    assert update["asks"] == []
    assert book.update(0) is None


def test_silence_repeats_the_number() -> None:
    book = OkxBook(10)
    told = book.silence(0)
    assert (told["prevSeqId"], told["seqId"], told["asks"]) == (10, 10, [])


def test_checksums_are_zero_unless_they_are_asked_for() -> None:
    for has_checksums in (False, True):
        book = OkxBook(10, has_checksums=has_checksums)
        shown(book, BIDS, ASKS)
        told = book.update(0)
        assert told is not None
        assert told["checksum"] == (checksum(BIDS, ASKS) if has_checksums else 0)


def test_a_thinner_side_leaves_the_other_to_go_on() -> None:
    asks = [(3366.8, 9.0), (3368.0, 8.0), (3372.0, 8.0)]
    assert checksum([(3366.1, 7.0)], asks) == 831078360


SIDE = st.dictionaries(st.integers(1, 40).map(float), st.integers(1, 9).map(float), max_size=12)


@given(st.lists(st.tuples(SIDE, SIDE), min_size=1, max_size=6))
def test_whoever_follows_the_updates_holds_the_book(steps: list[tuple[dict, dict]]) -> None:  # type: ignore[type-arg]
    book = OkxBook(10)
    mine: tuple[dict[float, float], dict[float, float]] = ({}, {})
    seq = 10
    for bids, asks in steps:
        shown(book, sorted(bids.items(), reverse=True), sorted(asks.items()))
        update = book.update(0)
        if update is not None:
            assert update["prevSeqId"] == seq
            seq = update["seqId"]
            take_in(mine, update)
        assert mine == (bids, asks)


def take_in(mine: tuple[dict[float, float], dict[float, float]], update: Json) -> None:
    for side, rows in zip(mine, (update["bids"], update["asks"]), strict=True):
        for price, qty in levels(rows):
            if qty:
                side[price] = qty
            else:
                del side[price]
