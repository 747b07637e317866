"""The official upbit-sdk trades on the Upbit simulator, pointed at it by its own options."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import upbit
from sim_venues import RunningVenues, running, still_book, still_market
from upbit import Upbit

from arbitrage.domain.sides import Side
from arbitrage.sim.listings import UPBIT, krw_spot

# The simulators' secret is shorter than what the SDK's JWT library advises.
pytestmark = pytest.mark.filterwarnings("ignore:The HMAC key")

BTC = krw_spot(UPBIT, "BTC")
BOOK = still_book(BTC, 108_000_000.0, 0.5)
BEST_ASK = "108001000"
_identifiers = count(1)


@pytest.fixture(scope="module")
def venues() -> Iterator[RunningVenues]:
    with running([UPBIT], still_market([(BTC, BOOK)])) as venues:
        yield venues


@pytest.fixture(autouse=True)
def _fresh_book(venues: RunningVenues) -> None:
    venues.show(BOOK)


def client_of(venues: RunningVenues, secret_key: str = "sim-secret") -> Upbit:
    return Upbit(
        access_key="sim-key",
        secret_key=secret_key,
        base_url=venues.rest_url(UPBIT),
        websocket_base_url=venues.ws_url(UPBIT),
        max_retries=0,
    )


@pytest.fixture
def client(venues: RunningVenues) -> Upbit:
    return client_of(venues)


def limit(client: Upbit, side: Any, price: str, volume: str, **options: Any) -> Any:
    options.setdefault("identifier", f"sdk-{next(_identifiers)}")
    return client.orders.create(
        market="KRW-BTC", side=side, ord_type="limit", price=price, volume=volume, **options
    )


def test_market_data_is_read(client: Upbit) -> None:
    assert [pair.market for pair in client.trading_pairs.list()] == ["KRW-BTC"]
    (book,) = client.orderbooks.list(markets="KRW-BTC")
    assert (float(book.orderbook_units[0].ask_price), len(book.orderbook_units)) == (
        108_001_000,
        30,
    )
    (rules,) = client.orderbooks.list_instruments(markets="KRW-BTC")
    assert rules.tick_size == "1000"
    (ticker,) = client.tickers.list_by_trading_pairs(markets="KRW-BTC")
    assert float(ticker.trade_price) == 108_000_000


def test_the_account_is_read(client: Upbit) -> None:
    accounts = {each.currency: each for each in client.accounts.list()}
    assert float(accounts["KRW"].balance) > 1_000_000_000
    chance = client.orders.retrieve_chance(market="KRW-BTC")
    assert (chance.bid_fee, chance.market.bid.min_total) == ("0.0005", "5000")
    assert client.api_keys.list()[0].access_key == "sim-key"
    assert client.wallet_status.list()[0].wallet_state == "working"


def test_an_order_lives_from_creation_to_cancel(client: Upbit) -> None:
    order = limit(client, "bid", "100000000", "0.01")
    assert (order.state, order.locked, order.reserved_fee) == ("wait", "1000500", "500")
    assert order.uuid in {each.uuid for each in client.orders.list_open(market="KRW-BTC")}
    assert client.orders.retrieve(identifier=order.identifier).uuid == order.uuid
    assert client.orders.cancel(uuid=order.uuid).state == "wait"
    while client.orders.retrieve(uuid=order.uuid).state == "wait":
        pass
    closed = client.orders.list_closed(market="KRW-BTC", states=["cancel"])
    assert order.uuid in {each.uuid for each in closed}


def test_a_taken_order_shows_its_trades(client: Upbit) -> None:
    order = limit(client, "bid", "108003000", "1.2")
    known = client.orders.retrieve(uuid=order.uuid)
    assert [(trade.price, trade.volume) for trade in known.trades] == [
        ("108001000", "0.5"),
        ("108002000", "0.5"),
        ("108003000", "0.2"),
    ]
    assert (known.state, known.trades_count) == ("done", 3)
    assert float(known.paid_fee) == pytest.approx(0.0005 * 129_602_100)


def test_an_order_may_be_tested_without_being_placed(client: Upbit) -> None:
    before = len(list(client.orders.list_open(market="KRW-BTC")))
    client.orders.test_create(
        market="KRW-BTC", side="bid", ord_type="limit", price="100000000", volume="0.01"
    )
    assert len(list(client.orders.list_open(market="KRW-BTC"))) == before
    with pytest.raises(upbit.BadRequestError, match="invalid_price_bid"):
        client.orders.test_create(
            market="KRW-BTC", side="bid", ord_type="limit", price="100000001", volume="0.01"
        )


def test_an_order_is_replaced_by_its_remainder(client: Upbit) -> None:
    order = limit(client, "bid", "100000000", "0.02")
    answer = client.orders.cancel_and_new(
        prev_order_uuid=order.uuid,
        new_ord_type="limit",
        new_price="99000000",
        new_volume="remain_only",
        new_identifier=f"sdk-{next(_identifiers)}",
    )
    replaced = client.orders.retrieve(uuid=answer.new_order_uuid)
    assert (replaced.price, replaced.volume, replaced.state) == ("99000000", "0.02", "wait")
    assert client.orders.retrieve(uuid=order.uuid).state == "cancel"


def test_many_orders_are_cancelled_at_once(client: Upbit) -> None:
    placed = [limit(client, "ask", "120000000", "0.01").uuid for _ in range(3)]
    result = client.orders.cancel_by_uuids(uuids=placed[:1])
    assert (result.success.count, result.failed.count) == (1, 0)
    result = client.orders.cancel_open(cancel_side="ask", pairs="KRW-BTC")
    assert {each.uuid for each in result.success.orders} >= set(placed[1:])
    while any(each.state == "wait" for each in client.orders.list_by_uuids(uuids=placed)):
        pass


def test_orders_at_the_best_price_take_it_alone(client: Upbit) -> None:
    order = client.orders.create(
        market="KRW-BTC", side="ask", ord_type="best", volume="0.8", time_in_force="ioc"
    )
    known = client.orders.retrieve(uuid=order.uuid)
    assert (known.executed_volume, known.state) == ("0.5", "cancel")


def test_refusals_come_as_their_own_errors(client: Upbit, venues: RunningVenues) -> None:
    with pytest.raises(upbit.BadRequestError, match="insufficient_funds_bid"):
        limit(client, "bid", "100000000", "1000")
    with pytest.raises(upbit.NotFoundError, match="order_not_found"):
        client.orders.retrieve(uuid="11111111-1111-4111-8111-111111111111")
    with pytest.raises(upbit.AuthenticationError, match="jwt_verification"):
        client_of(venues, secret_key="wrong").accounts.list()


@pytest.mark.parametrize("form", ["DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST"])
def test_books_stream_in_every_format(client: Upbit, form: Any) -> None:
    with client.ws_stream.orderbook(["KRW-BTC.5"], format=form) as stream:
        event = stream.recv()
    book = event[0] if isinstance(event, list) else event
    units = book.obu if form.startswith("SIMPLE") else book.orderbook_units
    best = units[0].ap if form.startswith("SIMPLE") else units[0].ask_price
    assert (float(best), len(units)) == (108_001_000.0, 5)


def test_our_orders_stream_as_they_fill(client: Upbit, venues: RunningVenues) -> None:
    with client.ws_stream.my_order([]) as stream:
        assert stream.list_subscriptions().result[0].type == "myOrder"
        order = limit(client, "bid", BEST_ASK, "0.6")
        events = [stream.recv() for _ in range(2)]
        venues.trade(UPBIT, "KRW-BTC", 107_000_000.0, 0.1, Side.SELL)
        events += [stream.recv() for _ in range(2)]
    assert {event.uuid for event in events} == {order.uuid}
    assert [event.state for event in events] == ["wait", "trade", "trade", "done"]
    assert [event.is_maker for event in events] == [None, False, True, None]
    assert [float(event.executed_volume) for event in events] == [0, 0.5, 0.6, 0.6]


def test_our_balances_stream(client: Upbit) -> None:
    with client.ws_stream.my_asset() as stream:
        stream.list_subscriptions()
        limit(client, "bid", "90000000", "0.01")
        event = stream.recv()
    assert [asset.currency for asset in event.assets] == ["KRW"]
