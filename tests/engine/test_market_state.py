import pytest
from engine.builders import T0

from arbitrage.domain.order_book import OrderBook
from arbitrage.engine.market_state import NEVER_NS, FxRate, Market, VenueState

BIDS = [(99.0, 1.0), (98.0, 2.0)]
ASKS = [(101.0, 1.0), (102.0, 2.0)]


@pytest.fixture
def market() -> Market:
    return Market("alpha", "USDT-BTC", None)


@pytest.fixture
def whole(market: Market) -> Market:
    market.replace(list(BIDS), list(ASKS), 7, T0)
    return market


def test_a_new_market_has_never_been_seen_and_has_no_mid(market: Market) -> None:
    assert market.ts_ns == NEVER_NS
    assert market.mid is None


def test_a_snapshot_is_shared_not_copied(market: Market) -> None:
    bids, asks = list(BIDS), list(ASKS)
    market.replace(bids, asks, 7, T0)
    assert market.bids is bids
    assert market.asks is asks
    assert (market.seq, market.ts_ns, market.mid) == (7, T0, 100.0)


@pytest.mark.parametrize(("bids", "asks"), [(BIDS, []), ([], ASKS)])
def test_a_one_sided_book_has_no_mid(market: Market, bids: list, asks: list) -> None:
    market.replace(list(bids), list(asks), 1, T0)
    assert market.mid is None


def test_deltas_that_follow_change_the_book(whole: Market) -> None:
    whole.change([(99.5, 3.0), (98.0, 0.0)], [(101.0, 5.0)], 8, 7, T0 + 1)
    whole.change([], [(101.0, 0.0)], 9, 8, T0 + 2)
    assert whole.bids == [(99.5, 3.0), (99.0, 1.0)]
    assert whole.asks == [(102.0, 2.0)]
    assert (whole.seq, whole.ts_ns, whole.is_broken) == (9, T0 + 2, False)


def test_a_delta_never_changes_the_lists_of_the_snapshot_event(market: Market) -> None:
    bids, asks = list(BIDS), list(ASKS)
    market.replace(bids, asks, 7, T0)
    market.change([(99.0, 9.0)], [], 8, 7, T0)
    assert bids == BIDS
    assert market.bids[0] == (99.0, 9.0)


def test_a_gap_breaks_the_book_and_keeps_its_time(whole: Market) -> None:
    whole.change([(99.5, 3.0)], [], 10, 9, T0 + 5)
    assert whole.is_broken
    assert (whole.ts_ns, whole.bids) == (T0, BIDS)


def test_a_broken_book_takes_no_delta_even_one_that_would_follow(whole: Market) -> None:
    whole.change([], [], 10, 9, T0 + 5)
    whole.change([(99.5, 3.0)], [], 8, 7, T0 + 6)
    assert whole.is_broken
    assert whole.bids == BIDS


def test_a_delta_before_any_snapshot_breaks_the_book(market: Market) -> None:
    market.change([(99.0, 1.0)], [(101.0, 1.0)], 1, 0, T0)
    assert market.is_broken
    assert market.mid is None


def test_a_snapshot_mends_a_broken_book_and_deltas_go_on_from_it(whole: Market) -> None:
    whole.change([], [(101.5, 1.0)], 8, 7, T0 + 1)
    whole.change([], [], 20, 19, T0 + 2)
    whole.replace([(97.0, 1.0)], [(103.0, 1.0)], 30, T0 + 3)
    assert isinstance(whole.deltas, OrderBook)
    assert whole.mid == 100.0
    whole.change([(97.5, 1.0)], [], 31, 30, T0 + 4)
    assert not whole.is_broken
    assert whole.bids == [(97.5, 1.0), (97.0, 1.0)]


def test_a_rate_is_unknown_until_set() -> None:
    rate = FxRate("USDT", "KRW")
    assert not rate.is_known
    assert rate.set(1000.0, 1002.0, T0)
    assert rate.is_known
    assert (rate.mid, rate.ts_ns) == (1001.0, T0)


def test_the_same_rate_again_is_no_change_but_younger() -> None:
    rate = FxRate("USDT", "KRW")
    rate.set(1000.0, 1002.0, T0)
    assert not rate.set(1000.0, 1002.0, T0 + 9)
    assert rate.ts_ns == T0 + 9


@pytest.mark.parametrize(("bid", "ask"), [(0.0, 1.0), (-1.0, 1.0), (1003.0, 1002.0)])
def test_a_crossed_or_empty_rate_is_not_taken(bid: float, ask: float) -> None:
    rate = FxRate("USDT", "KRW")
    rate.set(1000.0, 1002.0, T0)
    assert not rate.set(bid, ask, T0 + 9)
    assert (rate.bid, rate.ask, rate.ts_ns) == (1000.0, 1002.0, T0)


def test_a_venue_is_up_until_told_otherwise() -> None:
    venue = VenueState()
    assert venue.is_up
    assert not venue.unexplained
