import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import BookSnapshot, Levels
from arbitrage.domain.order_book import OrderBook, OrderBookSnapshot

NOW = 1_714_176_000.123457
BIDS: Levels = [(100.0, 1.0), (99.0, 2.0)]
ASKS: Levels = [(101.0, 1.0), (102.0, 2.0)]

prices = st.integers(1, 40).map(lambda tick: tick * 0.1)
quantities = st.just(0.0) | st.floats(1e-8, 1e6)
changes = st.lists(st.tuples(prices, quantities), max_size=12)


def best_first(side: dict[float, float], *, is_bid: bool) -> Levels:
    return sorted(side.items(), reverse=is_bid)


def change(side: dict[float, float], levels: Levels) -> None:
    """The model of a delta: a dictionary of what is left."""
    for price, qty in levels:
        side.pop(price, None)
        if qty:
            side[price] = qty


# --- the book that deltas keep current ---------------------------------------------------------


@given(deltas=st.lists(st.tuples(changes, changes), max_size=12))
def test_a_book_of_deltas_equals_a_dictionary_of_levels(
    deltas: list[tuple[Levels, Levels]],
) -> None:
    book = OrderBook()
    bids: dict[float, float] = {}
    asks: dict[float, float] = {}
    for seq, (bid_changes, ask_changes) in enumerate(deltas, start=1):
        book.apply(bid_changes, ask_changes, seq)
        change(bids, bid_changes)
        change(asks, ask_changes)
        assert book.bids == best_first(bids, is_bid=True)
        assert book.asks == best_first(asks, is_bid=False)
        assert book.seq == seq


@given(first=changes, later=changes)
def test_a_snapshot_followed_by_deltas_equals_the_dictionary_too(
    first: Levels, later: Levels
) -> None:
    bids: dict[float, float] = {}
    asks: dict[float, float] = {}
    change(bids, first)
    change(asks, first)
    book = OrderBook()
    book.apply([(7.0, 7.0)], [(7.0, 7.0)], 1)
    book.replace(best_first(bids, is_bid=True), best_first(asks, is_bid=False), 2)
    book.apply(later, later, 3)
    change(bids, later)
    change(asks, later)
    assert book.bids == best_first(bids, is_bid=True)
    assert book.asks == best_first(asks, is_bid=False)


def test_a_reader_may_hold_the_two_sides_for_the_life_of_the_book() -> None:
    book = OrderBook()
    bids, asks = book.bids, book.asks
    book.replace(BIDS, ASKS, 1)
    book.apply([(100.0, 0.0)], [], 2)
    assert bids is book.bids
    assert asks is book.asks
    assert bids == [(99.0, 2.0)]


def test_a_snapshot_taken_over_is_not_changed_by_later_deltas() -> None:
    book = OrderBook()
    given_bids = list(BIDS)
    book.replace(given_bids, ASKS, 1)
    book.apply([(100.0, 0.0)], [], 2)
    assert given_bids == BIDS


def test_removing_a_level_that_is_not_there_changes_nothing() -> None:
    book = OrderBook()
    book.replace(BIDS, ASKS, 1)
    book.apply([(98.0, 0.0)], [(101.5, 0.0)], 2)
    assert (book.bids, book.asks) == (BIDS, ASKS)


def test_of_two_changes_of_one_level_the_later_holds() -> None:
    book = OrderBook()
    book.apply([(100.0, 1.0), (100.0, 3.0)], [], 1)
    assert book.bids == [(100.0, 3.0)]


# --- the snapshot that users hand in and out ---------------------------------------------------


def test_a_snapshot_takes_any_numbers_and_keeps_floats() -> None:
    book = OrderBookSnapshot("s", NOW, [(100, "1")], [["101", 2]])  # type: ignore[list-item]
    assert (book.bids, book.asks) == ([(100.0, 1.0)], [(101.0, 2.0)])
    assert all(type(number) is float for number in book.bids[0] + book.asks[0])


def test_levels_of_zero_are_padding_and_left_out() -> None:
    book = OrderBookSnapshot("s", NOW, [(100.0, 0.0), (99.0, 1.0), (0.0, 0.0)], [(0.0, 0.0)])
    assert (book.bids, book.asks) == ([(99.0, 1.0)], [])


@pytest.mark.parametrize(
    ("bids", "asks", "where"),
    [
        ([(99.0, 1.0), (100.0, 1.0)], [], r"bids\[1\]"),
        ([(100.0, 1.0), (100.0, 1.0)], [], r"bids\[1\]"),
        ([], [(101.0, 1.0), (100.0, 1.0)], r"asks\[1\]"),
        ([(-1.0, 1.0)], [], r"bids\[0\]"),
        ([(100.0, -1.0)], [], r"bids\[0\]"),
        ([], [(float("nan"), 1.0)], r"asks\[0\]"),
        ([], [(101.0, float("inf"))], r"asks\[0\]"),
    ],
)
def test_a_book_that_cannot_be_is_refused_with_its_place(
    bids: Levels, asks: Levels, where: str
) -> None:
    with pytest.raises(MalformedData, match=f"KRW-ETH {where}"):
        OrderBookSnapshot("KRW-ETH", NOW, bids, asks)


@pytest.mark.parametrize("timestamp", [-1.0, NOW * 1e3, NOW * 1e9, float("nan"), float("inf")])
def test_a_timestamp_that_is_not_in_seconds_is_refused(timestamp: float) -> None:
    with pytest.raises(MalformedData, match="not seconds"):
        OrderBookSnapshot("s", timestamp, BIDS, ASKS)


def test_the_timestamp_becomes_whole_microseconds() -> None:
    assert OrderBookSnapshot("s", NOW, BIDS, ASKS).ts_ns == 1_714_176_000_123_457_000
    assert OrderBookSnapshot("s", 0.0, BIDS, ASKS).ts_ns == 0


def test_best_prices_and_mid_come_from_the_top() -> None:
    book = OrderBookSnapshot("s", NOW, BIDS, ASKS)
    assert (book.best_bid, book.best_ask, book.mid) == (100.0, 101.0, 100.5)


@pytest.mark.parametrize(("bids", "asks"), [([], ASKS), (BIDS, []), ([], [])])
def test_a_one_sided_book_has_no_mid_and_is_not_crossed(bids: Levels, asks: Levels) -> None:
    book = OrderBookSnapshot("s", NOW, bids, asks)
    assert book.mid is None
    assert not book.is_crossed
    assert (book.best_bid is None, book.best_ask is None) == (not bids, not asks)


@pytest.mark.parametrize(("ask", "is_crossed"), [(99.0, True), (100.0, True), (100.5, False)])
def test_a_book_is_crossed_when_its_bid_reaches_its_ask(ask: float, is_crossed: bool) -> None:
    assert OrderBookSnapshot("s", NOW, BIDS, [(ask, 1.0)]).is_crossed is is_crossed


def test_a_snapshot_and_its_event_say_the_same() -> None:
    book = OrderBookSnapshot("KRW-ETH", NOW, BIDS, ASKS)
    event = book.event("upbit")
    assert event == BookSnapshot(book.ts_ns, "upbit", "KRW-ETH", BIDS, ASKS)
    assert OrderBookSnapshot.of_event(event) == book


def test_the_nanoseconds_of_an_event_are_kept() -> None:
    event = BookSnapshot(1_714_176_000_123_456_789, "upbit", "KRW-ETH", BIDS, ASKS)
    assert OrderBookSnapshot.of_event(event).ts_ns == event.ts_ns
    assert OrderBookSnapshot.of_event(event).event("upbit") == event


def test_a_snapshot_read_from_a_file_is_checked_too() -> None:
    text = b'{"symbol":"s","timestamp":1714176000,"bids":[[99,1],[100,1]],"asks":[]}'
    with pytest.raises(msgspec.ValidationError, match="best price first"):
        msgspec.json.decode(text, type=OrderBookSnapshot)
