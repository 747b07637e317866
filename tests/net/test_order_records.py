"""Our records of orders: live ones for ever, closed ones for a while."""

import asyncio
from decimal import Decimal as D
from typing import Any

import pytest
from net.loopback import run
from net.tiny_plan import order

from arbitrage.domain.errors import InvariantBroken, OrderRefused
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.net import order_records
from arbitrage.net.order_records import OrderRecord, OrderRecords

SPOT = Instrument(venue="tiny", symbol="BTC-USD", base="BTC", quote="USD")


def added(records: OrderRecords, client_id: str = "a1", now_ns: int = 1, **order_: Any) -> Any:
    return records.add(order(client_id, **order_), SPOT, now_ns, sent_at=0.0)


def said(status: OrderStatus, filled: str = "0", client_id: str = "a1") -> OrderUpdate:
    return OrderUpdate(5, client_id, status, D(filled), D(filled) * 100)


def test_a_new_order_is_in_flight_and_known_by_its_client_id() -> None:
    records = OrderRecords()
    record = added(records)
    assert records.get("a1") is record
    assert "a1" in records
    assert records.get("b") is None
    assert record.order.status is OrderStatus.IN_FLIGHT
    assert records.live() == (record,)
    with pytest.raises(OrderRefused, match="used before") as error:
        added(records)
    assert error.value.reason == "duplicate_client_id"


def test_the_version_changes_with_each_order_fill_and_status() -> None:
    records = OrderRecords()
    record = added(records)
    versions = [records.version]
    for update in (
        said(OrderStatus.OPEN),
        said(OrderStatus.OPEN),
        said(OrderStatus.OPEN, "0.2"),
        said(OrderStatus.FILLED, "0.5"),
        said(OrderStatus.OPEN, "0.2"),
    ):
        records.apply(record, update)
        versions.append(records.version)
    assert versions == [1, 2, 2, 3, 4, 4]
    assert not records.has_live


def test_closed_orders_are_forgotten_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_records, "REMEMBERED_CLOSED_ORDERS", 2)
    records = OrderRecords()
    kept = added(records, "kept")
    for name in ("a", "b", "c"):
        records.apply(added(records, name), said(OrderStatus.REJECTED, client_id=name))
    assert records.get("a") is None
    assert records.get("b") is not None
    assert records.live() == (kept,)


def test_a_contradiction_is_raised() -> None:
    records = OrderRecords()
    with pytest.raises(InvariantBroken):
        records.apply(added(records), said(OrderStatus.OPEN, "0.7"))


def test_orders_since_a_time_include_every_live_one() -> None:
    records = OrderRecords()
    added(records, "old", 1, symbol="ETH-USD")
    records.apply(added(records, "closed", 1), said(OrderStatus.REJECTED, client_id="closed"))
    added(records, "new", 9)
    assert [one.order.client_id for one in records.sent_since(5)] == ["old", "new"]
    assert records.symbols_since(5) == ["BTC-USD", "ETH-USD"]
    assert records.symbols_since(10) == ["BTC-USD", "ETH-USD"]


@pytest.mark.parametrize(
    ("terms", "may_rest"),
    [
        ({"time_in_force": TimeInForce.GTC}, True),
        ({"time_in_force": TimeInForce.POST_ONLY}, True),
        ({"time_in_force": TimeInForce.IOC}, False),
        ({"time_in_force": TimeInForce.FOK}, False),
        ({"time_in_force": TimeInForce.GTC, "order_type": OrderType.MARKET}, False),
    ],
)
def test_an_open_order_is_asked_for_if_it_cannot_rest(
    terms: dict[str, Any], may_rest: bool
) -> None:
    records = OrderRecords()
    record = added(records, **terms)
    assert not record.needs_asking(100, 10)  # in flight: its answer is on the way
    records.apply(record, said(OrderStatus.OPEN))
    assert record.may_rest is may_rest
    assert not record.needs_asking(14, 10)
    assert record.needs_asking(15, 10) is not may_rest
    record.is_leaving = True
    assert record.needs_asking(15, 10)
    records.apply(record, said(OrderStatus.IN_DOUBT))
    assert record.needs_asking(5, 10)


def test_whoever_waits_for_an_answer_is_woken_by_it() -> None:
    async def work() -> None:
        records = OrderRecords()
        record: OrderRecord = added(records)
        waiting = [asyncio.create_task(record.answered()) for _ in range(2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
        record.wake()  # nothing has changed yet
        await asyncio.sleep(0)
        assert not waiting[1].done()
        records.apply(record, said(OrderStatus.OPEN))
        await waiting[1]
        await record.answered()
        record.begin_cancel()
        canceling = asyncio.create_task(record.cancel_answered())
        await asyncio.sleep(0)
        record.end_cancel()
        await canceling

    run(work)
