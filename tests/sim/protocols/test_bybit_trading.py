from decimal import Decimal
from typing import Any

import pytest
from sim_bybit import (
    LINEAR,
    Clock,
    announce,
    bybit_core,
    ids_of,
    limit,
    market,
    markets_of,
    pass_trade,
)

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols import bybit_trading
from arbitrage.sim.protocols.bybit_errors import BybitRefusal
from arbitrage.sim.protocols.bybit_trading import TradingDesk
from arbitrage.sim.protocols.bybit_wire import Json
from arbitrage.sim.venue_core import SimVenueCore

BOTH = pytest.mark.parametrize("category", ["linear", "spot"])
NO_ORDER = {"linear": 110001, "spot": 170213}


class Rig:
    """A desk, and what it answers."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.core: SimVenueCore = bybit_core(self.clock)
        self.desk = TradingDesk(self.core, markets_of(self.core), ids_of(self.core))

    def rows(self, answer: Json) -> list[Json]:
        found: list[Json] = answer["list"]
        return found

    def refused(self, call: Any, params: dict[str, str]) -> int:
        with pytest.raises(BybitRefusal) as caught:
            call(params)
        return caught.value.code


def of(category: str, **more: str) -> dict[str, str]:
    return {"category": category, "symbol": "BTCUSDT", **more}


@BOTH
def test_an_order_is_acknowledged_by_its_ids_alone(category: str) -> None:
    rig = Rig()
    told = rig.desk.create(limit(category=category, orderLinkId="a1"))
    assert set(told) == {"orderId", "orderLinkId"}
    assert told["orderLinkId"] == "a1"
    assert rig.desk.cancel(of(category, orderLinkId="a1")) == told


@pytest.mark.parametrize(("category", "code"), [("linear", 110072), ("spot", 170141)])
def test_a_client_id_is_taken_once_for_all_categories(category: str, code: int) -> None:
    rig = Rig()
    rig.desk.create(limit(orderLinkId="a1"))
    assert rig.refused(rig.desk.create, limit(category=category, orderLinkId="a1")) == code


@pytest.mark.parametrize(("category", "code"), [("linear", 110007), ("spot", 170131)])
def test_what_cannot_be_paid_is_refused(category: str, code: int) -> None:
    rig = Rig()
    assert rig.refused(rig.desk.create, limit(category=category, qty="100")) == code


@BOTH
def test_a_cancel_needs_an_open_order_of_that_market(category: str) -> None:
    rig = Rig()
    code, other = NO_ORDER[category], "spot" if category == "linear" else "linear"
    rig.desk.create(limit(category=other, orderLinkId="theirs"))
    rig.desk.create(limit(category=category, orderLinkId="a1"))
    assert rig.refused(rig.desk.cancel, of(category, orderLinkId="never")) == code
    assert rig.refused(rig.desk.cancel, of(category, orderLinkId="theirs")) == code
    assert rig.refused(rig.desk.cancel, of(category, orderId="7")) == code
    elsewhere = {**of(category, orderLinkId="a1"), "symbol": "ETHUSDT"}
    assert rig.refused(rig.desk.cancel, elsewhere) == code
    assert rig.refused(rig.desk.cancel, of(category)) == 10001
    rig.desk.cancel(of(category, orderLinkId="a1"))
    assert rig.refused(rig.desk.cancel, of(category, orderLinkId="a1")) == code


def test_all_orders_are_cancelled_by_symbol_or_coin() -> None:
    rig = Rig()
    for category in ("linear", "spot"):
        rig.desk.create(limit(category=category, orderLinkId=category))
    assert rig.refused(rig.desk.cancel_all, {"category": "linear"}) == 10001
    told = rig.desk.cancel_all({"category": "linear", "settleCoin": "USDT"})
    assert [row["orderLinkId"] for row in told["list"]] == ["linear"]
    assert [row["orderLinkId"] for row in rig.desk.cancel_all(of("spot"))["list"]] == ["spot"]


@BOTH
def test_realtime_has_open_orders_and_by_id_recent_closed_ones(
    category: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bybit_trading, "_RECENT_CLOSED", 2)
    rig = Rig()
    for number in range(3):
        rig.desk.create(limit(category=category, orderLinkId=f"closed{number}"))
        rig.clock.now_ns += 1
        rig.desk.cancel(of(category, orderLinkId=f"closed{number}"))
    rig.desk.create(limit(category=category, orderLinkId="open"))

    def links(**more: str) -> list[str]:
        return [row["orderLinkId"] for row in rig.rows(rig.desk.realtime(of(category, **more)))]

    assert links() == ["open"]
    assert links(openOnly="1") == ["closed2", "closed1"]
    assert links(orderLinkId="closed2") == ["closed2"]
    assert links(orderLinkId="closed0") == []
    assert links(orderLinkId="never") == []
    order_id = rig.rows(rig.desk.realtime(of(category)))[0]["orderId"]
    assert links(orderId=order_id) == ["open"]


@BOTH
def test_history_has_closed_orders_of_a_time(category: str) -> None:
    rig = Rig()
    rig.desk.create(limit(category=category, orderLinkId="early"))
    rig.desk.cancel(of(category, orderLinkId="early"))
    rig.clock.now_ns += 10**9
    since_ms = str(rig.clock.now_ns // 10**6)
    rig.desk.create(market("Sell", category=category, orderLinkId="late"))
    rig.desk.create(limit(category=category, orderLinkId="open"))

    def links(**more: str) -> list[str]:
        return [row["orderLinkId"] for row in rig.rows(rig.desk.history(of(category, **more)))]

    assert links() == ["late", "early"]
    assert links(startTime=since_ms) == ["late"]
    assert links(orderLinkId="early") == ["early"]
    assert links(orderLinkId="open") == []
    everywhere = rig.desk.history({"category": category})
    assert len(everywhere["list"]) == 2


def test_lists_come_in_pages() -> None:
    rig = Rig()
    for number in range(3):
        rig.desk.create(limit(orderLinkId=f"a{number}"))
    first = rig.desk.realtime(of("linear", limit="2"))
    assert [row["orderLinkId"] for row in first["list"]] == ["a2", "a1"]
    cursor = first["nextPageCursor"].replace("%3D", "=")
    second = rig.desk.realtime(of("linear", limit="2", cursor=cursor))
    assert [row["orderLinkId"] for row in second["list"]] == ["a0"]


def test_executions_are_fills_and_funding_the_newest_first() -> None:
    rig = Rig()
    rig.desk.create(limit(price="77999.9", qty="1", orderLinkId="a1"))
    pass_trade(rig.core, 77_999.0, 0.25, Side.SELL)
    rig.clock.now_ns += 10**9
    announce(rig.core, 0.001, rig.core.now_ns + 1, 78_000.0)
    rig.clock.now_ns += 10**9
    rig.core.catch_up()
    rows = rig.rows(rig.desk.executions(of("linear")))
    assert [row["execType"] for row in rows] == ["Funding", "Trade"]
    assert not any("category" in row for row in rows)
    assert [row["execType"] for row in rig.rows(rig.desk.executions(of("linear")))] == [
        "Funding",
        "Trade",
    ]
    trades = rig.rows(rig.desk.executions(of("linear", execType="Trade")))
    assert [Decimal(row["execQty"]) for row in trades] == [Decimal("0.25")]
    assert len(rig.rows(rig.desk.executions(of("linear", execType="Funding")))) == 1
    assert len(rig.rows(rig.desk.executions(of("linear", orderLinkId="a1")))) == 1
    assert rig.rows(rig.desk.executions(of("linear", orderLinkId="never"))) == []
    assert rig.rows(rig.desk.executions(of("spot"))) == []
    soon = str(rig.clock.now_ns // 10**6)
    assert rig.rows(rig.desk.executions(of("linear", startTime=soon, execType="Trade"))) == []


def test_markets_are_found_by_base_or_settlement() -> None:
    rig = Rig()
    rig.desk.create(limit())
    assert len(rig.rows(rig.desk.realtime({"category": "linear", "baseCoin": "BTC"}))) == 1
    assert rig.rows(rig.desk.realtime({"category": "linear", "settleCoin": "USDC"})) == []
    assert rig.rows(rig.desk.realtime({"category": "spot"})) == []
    assert rig.core.orders.open(LINEAR)
