from decimal import Decimal

import pytest

from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.sim.order_records import ClientIdRule, NewOrder, OrderRecords, SimOrder


def order(order_id: int, client_id: str = "", symbol: str = "KRW-BTC") -> SimOrder:
    request = NewOrder(symbol=symbol, side=Side.BUY, client_id=client_id)
    return SimOrder(id=order_id, request=request, qty=Decimal(2), created_ns=0, updated_ns=0)


def close(records: OrderRecords, closed: SimOrder) -> None:
    closed.status = OrderStatus.CANCELED
    records.closed(closed)


@pytest.mark.parametrize(
    ("rule", "is_taken_when_closed"),
    [(ClientIdRule.FOREVER, True), (ClientIdRule.AMONG_OPEN, False)],
)
def test_a_client_id_is_free_again_as_the_rule_says(
    rule: ClientIdRule, is_taken_when_closed: bool
) -> None:
    records = OrderRecords(rule)
    assert not records.is_taken("a")
    records.claim("a")
    first = order(1, "a")
    records.add(first)
    assert records.is_taken("a")
    close(records, first)
    assert records.is_taken("a") is is_taken_when_closed


def test_a_client_id_means_its_latest_order() -> None:
    records = OrderRecords(ClientIdRule.AMONG_OPEN)
    first, second = order(1, "a"), order(2, "a")
    records.add(first)
    close(records, first)
    records.add(second)
    assert records.by_client_id("a") is second
    assert records.by_client_id("b") is None


def test_open_orders_are_listed_by_symbol_in_their_order() -> None:
    records = OrderRecords(ClientIdRule.FOREVER)
    orders = [order(1), order(2, symbol="KRW-ETH"), order(3)]
    for each in orders:
        records.add(each)
    close(records, orders[0])
    assert records.open() == orders[1:]
    assert records.open("KRW-BTC") == [orders[2]]
    assert list(records.all("KRW-BTC")) == [orders[0], orders[2]]


def test_orders_closed_long_ago_are_forgotten_and_open_ones_never() -> None:
    records = OrderRecords(ClientIdRule.AMONG_OPEN, closed_limit=2)
    orders = [order(place, f"id{place}") for place in range(1, 5)]
    for each in orders:
        records.add(each)
    for each in orders[:3]:
        close(records, each)
    assert records.get(1) is None
    assert records.by_client_id("id1") is None
    assert [records.get(place) for place in (2, 3, 4)] == orders[1:]


def test_forgetting_an_order_keeps_a_later_one_of_its_client_id() -> None:
    records = OrderRecords(ClientIdRule.AMONG_OPEN, closed_limit=1)
    first, second, third = order(1, "a"), order(2, "a"), order(3)
    records.add(first)
    close(records, first)
    records.add(second)
    records.add(third)
    close(records, third)
    assert records.by_client_id("a") is second


def test_what_is_prevented_does_not_remain() -> None:
    reduced = order(1)
    reduced.filled_qty, reduced.prevented_qty = Decimal("0.5"), Decimal(1)
    assert reduced.remaining_qty == Decimal("0.5")
