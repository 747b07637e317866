import pytest
from sim_usdm import Clock, limit, market, place, usdm_core

from arbitrage.domain.units import NS_PER_MS
from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_order_search import OrderSearch
from arbitrage.sim.venue_core import SimVenueCore

BTC = {"symbol": "BTCUSDT"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def core(clock: Clock) -> SimVenueCore:
    return usdm_core(clock)


def test_an_order_is_meant_by_the_venues_id_or_else_by_the_clients(core: SimVenueCore) -> None:
    search = OrderSearch(core)
    first = place(core, limit(newClientOrderId="one"))
    second = place(core, limit(newClientOrderId="two"))
    assert search.one({**BTC, "orderId": "1"}) is first
    assert search.one({**BTC, "origClientOrderId": "two"}) is second
    assert search.one({**BTC, "orderId": "1", "origClientOrderId": "two"}) is first
    assert search.one({**BTC, "orderId": "9"}) is None
    assert search.one({"symbol": "ETHUSDT", "orderId": "1"}) is None
    with pytest.raises(BinanceRefusal, match="-1102"):
        search.one(BTC)


def test_open_orders_are_those_of_a_market_or_of_all(core: SimVenueCore) -> None:
    search = OrderSearch(core)
    resting = place(core, limit())
    core.cancel(place(core, limit()))
    assert search.open(BTC) == search.open({}) == [resting]
    assert search.open({"symbol": "ETHUSDT"}) == []


def test_all_orders_go_from_an_id_or_a_time_on_or_are_the_latest(
    core: SimVenueCore, clock: Clock
) -> None:
    search = OrderSearch(core)
    orders = []
    for _ in range(3):
        orders.append(place(core, limit()))
        clock.now_ns += NS_PER_MS
    assert search.all({}) == orders
    assert search.all({**BTC, "limit": "2"}) == orders[1:]
    assert search.all({**BTC, "orderId": "2", "limit": "1"}) == orders[1:2]
    start = str(orders[1].created_ns // NS_PER_MS)
    assert search.all({**BTC, "startTime": start, "limit": "1"}) == orders[1:2]


def test_fills_come_with_their_orders_in_the_order_of_their_ids(core: SimVenueCore) -> None:
    search = OrderSearch(core)
    bought = place(core, market(quantity="0.6"))
    sold = place(core, market("SELL", quantity="0.1"))
    assert [order for order, _ in search.fills(BTC)] == [bought, bought, sold]
    assert [fill.trade_id for _, fill in search.fills(BTC)] == [1, 2, 3]
    assert [fill.trade_id for _, fill in search.fills({**BTC, "orderId": "1"})] == [1, 2]
    assert [fill.trade_id for _, fill in search.fills({**BTC, "fromId": "2"})] == [2, 3]
