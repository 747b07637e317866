from decimal import Decimal

import pytest
from sim_core import SimDesk

from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.sides import Side


@pytest.fixture
def desk() -> SimDesk:
    desk = SimDesk()
    desk.book(bids=[(100.0, 5.0), (99.0, 5.0)], asks=[(103.0, 2.0), (104.0, 5.0)])
    return desk


def shown(desk: SimDesk) -> BookSnapshot:
    book = desk.core.book("KRW-BTC")
    assert book is not None
    return book


def test_what_was_taken_is_gone_until_it_is_shown_again(desk: SimDesk) -> None:
    desk.buy("3", "104")
    assert shown(desk).asks == [(104.0, 4.0)]
    desk.book(bids=[(100.0, 5.0)], asks=[(103.0, 2.0)])
    assert shown(desk).asks == [(103.0, 2.0)]


def test_our_orders_stand_in_the_book(desk: SimDesk) -> None:
    desk.buy("2", "100")
    desk.buy("1.5", "102")
    desk.sell("1", "110")
    assert shown(desk).bids == [(102.0, 1.5), (100.0, 7.0), (99.0, 5.0)]
    assert shown(desk).asks[-1] == (110.0, 1.0)


def test_the_market_alone_is_shown_again_once_we_are_gone(desk: SimDesk) -> None:
    order = desk.buy("2", "102")
    desk.core.cancel(order)
    assert shown(desk).bids == [(100.0, 5.0), (99.0, 5.0)]


def test_a_rest_below_a_lot_is_not_shown() -> None:
    desk = SimDesk()
    desk.book(bids=[], asks=[(103.0, 2.005)])
    desk.buy("2", "103")
    assert shown(desk).asks == []


def test_a_book_once_shown_does_not_change(desk: SimDesk) -> None:
    before = shown(desk)
    copied = (before.bids[:], before.asks[:])
    desk.buy("3", "104")
    desk.trade(99.0, 1.0, Side.SELL)
    assert (before.bids, before.asks) == copied
    assert Decimal(shown(desk).seq) == before.seq + 1
