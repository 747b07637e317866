"""A synthetic book is a legal book of its venue, and most of it stays from update to update."""

import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.events import BookSnapshot, Levels
from arbitrage.domain.sides import Side
from arbitrage.domain.units import decimal_of
from arbitrage.sim.listings import Listing, krw_spot, usdt_perpetual
from arbitrage.sim.synthetic_book import SyntheticBook

ETH_KRW = krw_spot("upbit", "ETH")
BCH_KRW = krw_spot("upbit", "BCH")
ETH_USDT = usdt_perpetual("ETH")


def book_of(
    listing: Listing, price: float, *, usd: float = 2600.0, depth: int = 10, seed: int = 1
) -> SyntheticBook:
    return SyntheticBook(listing, Random(seed), price=price, usd=usd, depth=depth)


def check_legal(listing: Listing, book: BookSnapshot, depth: int) -> None:
    instrument = listing.instrument
    assert len(book.bids) == len(book.asks) == depth
    assert book.bids[0][0] < book.asks[0][0]
    for levels, sign in ((book.bids, -1), (book.asks, 1)):
        prices = [price for price, _ in levels]
        assert all((b - a) * sign > 0 for a, b in itertools.pairwise(prices))
        for price, qty in levels:
            exact = decimal_of(price)
            assert exact % instrument.tick_at(exact) == 0
            assert qty > 0
            assert decimal_of(qty) % instrument.lot_size == 0


@given(st.integers(0, 2**32), st.lists(st.floats(-0.02, 0.02), min_size=1, max_size=20))
@pytest.mark.parametrize(
    ("listing", "price"), [(ETH_KRW, 3.6e6), (BCH_KRW, 5.0e5), (BCH_KRW, 1.0e6), (ETH_USDT, 2.6e3)]
)
def test_book_stays_legal_wherever_the_price_goes(
    listing: Listing, price: float, seed: int, moves: list[float]
) -> None:
    book = book_of(listing, price, seed=seed)
    for ts_ns, move in enumerate(moves):
        price *= 1 + move
        check_legal(listing, book.update(ts_ns, price * 0.9999, price * 1.0001), depth=10)


def test_touch_encloses_what_was_asked_as_tightly_as_ticks_allow() -> None:
    snapshot = book_of(ETH_KRW, 3.6e6).update(7, 3_600_100.0, 3_601_900.0)
    assert (snapshot.bids[0][0], snapshot.asks[0][0]) == (3_600_000.0, 3_602_000.0)
    assert (snapshot.ts_ns, snapshot.venue, snapshot.symbol) == (7, "upbit", "KRW-ETH")


def test_an_unmoved_touch_changes_one_level_only() -> None:
    book = book_of(ETH_KRW, 3.6e6)
    before = book.update(1, 3_600_100.0, 3_600_900.0)
    after = book.update(2, 3_600_100.0, 3_600_900.0)
    pairs = zip(before.bids + before.asks, after.bids + after.asks, strict=True)
    assert sum(old != new for old, new in pairs) <= 1
    assert after.seq == before.seq + 1


def test_levels_behind_the_touch_survive_a_small_move() -> None:
    book = book_of(ETH_KRW, 3.6e6)
    before = book.update(1, 3_600_100.0, 3_600_900.0)
    after = book.update(2, 3_598_100.0, 3_598_900.0)
    kept = set(before.bids) & set(after.bids)
    assert len(kept) >= 6


def test_a_snapshot_handed_out_never_changes() -> None:
    book = book_of(ETH_KRW, 3.6e6)
    first = book.update(1, 3_600_100.0, 3_600_900.0)
    bids, asks = list(first.bids), list(first.asks)
    book.update(2, 3_700_100.0, 3_700_900.0)
    assert (first.bids, first.asks) == (bids, asks)


def test_the_touch_is_thinner_than_what_stands_behind() -> None:
    def median(levels: list[float]) -> float:
        return sorted(levels)[len(levels) // 2]

    books: list[Levels] = [
        book_of(ETH_KRW, 3.6e6, seed=seed).update(1, 3_600_100.0, 3_600_900.0).bids
        for seed in range(300)
    ]
    touch = median([levels[0][1] * 2600.0 for levels in books])
    behind = median([levels[4][1] * 2600.0 for levels in books])
    assert touch < behind == pytest.approx(ETH_KRW.level_usd, rel=0.3)


def test_trades_are_at_the_touch_and_no_larger_than_it() -> None:
    book = book_of(ETH_USDT, 2600.0)
    snapshot = book.update(1, 2600.001, 2600.009)
    sides = set()
    for _ in range(50):
        trade = book.trade(9)
        sides.add(trade.side)
        price, qty = snapshot.asks[0] if trade.side is Side.BUY else snapshot.bids[0]
        assert trade.price == price
        assert 0 < trade.qty <= qty
        assert decimal_of(trade.qty) % ETH_USDT.instrument.lot_size == 0
    assert sides == set(Side)


def test_on_grid_rounds_down_to_a_tick() -> None:
    assert book_of(ETH_KRW, 3.6e6).on_grid(3_600_999.0) == 3_600_000.0
