from decimal import Decimal
from typing import Any

import pytest
from sim_bithumb import bithumb, limit, show

from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.sim.order_records import SelfTrade, SimOrder
from arbitrage.sim.protocols.bithumb_errors import BithumbRefusal
from arbitrage.sim.protocols.bithumb_orders import (
    cancel_object,
    order_object,
    read_order,
    second_version,
    state_of,
    stream_side,
    taken_object,
)
from arbitrage.sim.protocols.korean_errors import InvalidValue, Refusal
from arbitrage.sim.venue_core import SimVenueCore


@pytest.fixture
def core() -> SimVenueCore:
    return bithumb().core


def placed(core: SimVenueCore, body: dict[str, Any]) -> SimOrder:
    return core.place(read_order(core, body))


def told(core: SimVenueCore, body: dict[str, Any]) -> dict[str, Any]:
    return order_object(core, placed(core, body))


# --- read ----------------------------------------------------------------------------------------


def test_a_limit_order_is_read(core: SimVenueCore) -> None:
    wanted = read_order(core, limit(client_order_id="mine", time_in_force="fok"))
    assert (wanted.order_type, wanted.price, wanted.qty) == (
        OrderType.LIMIT,
        90_000_000,
        Decimal("0.1"),
    )
    assert (wanted.time_in_force, wanted.client_id) == (TimeInForce.FOK, "mine")
    assert wanted.self_trade is SelfTrade.CANCEL_TAKER


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (limit(market="KRW-NOPE"), "currency does not have a valid value"),
        ({"side": "bid"}, "invalid_parameter"),
        (limit(side="up"), "invalid_parameter"),
        (limit(order_type="stop"), "invalid_parameter"),
        (limit(volume="much"), "invalid_parameter"),
        (limit(price=""), "invalid_parameter"),
        (limit(order_type="price"), "invalid_parameter"),
        (limit(client_order_id="a b"), "invalid_parameter"),
        (limit(client_order_id="a" * 37), "invalid_parameter"),
        (limit(order_type="best", volume=""), "invalid_parameter"),
        (
            {**limit(order_type="best", volume="", time_in_force="ioc"), "market": "KRW-ETH"},
            "invalid_parameter",
        ),
    ],
)
def test_what_does_not_fit_is_refused(core: SimVenueCore, body: Any, name: str) -> None:
    with pytest.raises((Refusal, InvalidValue)) as refused:
        read_order(core, body)
    assert BithumbRefusal.of(refused.value).name == name


# --- written -------------------------------------------------------------------------------------


def test_the_answer_to_a_new_order_tells_no_state_and_no_totals(core: SimVenueCore) -> None:
    order = placed(core, limit(price="100001000", time_in_force="ioc", client_order_id="mine"))
    assert taken_object(order) == {
        "order_id": f"C0101000000{order.id:09d}",
        "market": "KRW-BTC",
        "side": "bid",
        "order_type": "limit",
        "created_at": "2026-11-18T20:06:40+09:00",
        "stp_type": "cancel_taker",
        "time_in_force": "ioc",
        "client_order_id": "mine",
    }
    assert set(cancel_object(placed(core, limit()))) == {"order_id", "created_at"}


def test_a_part_of_an_ioc_order_is_done(core: SimVenueCore) -> None:
    order = told(core, limit(price="100001000", volume="0.8", time_in_force="ioc"))
    assert (order["state"], order["cancel_type"]) == ("done", "tif_cancel")
    assert (order["executed_volume"], order["remaining_volume"]) == ("0.5", "0.3")
    assert (order["executed_funds"], order["paid_fee"]) == ("50000500", "20000.2")


@pytest.mark.parametrize(
    "more",
    [
        {"time_in_force": "ioc"},
        {"time_in_force": "fok"},
        {"price": "100001000", "time_in_force": "post_only"},
        {"price": "100001000", "volume": "0.8", "time_in_force": "fok"},
    ],
)
def test_a_condition_that_fails_cancels_the_whole_order(
    core: SimVenueCore, more: dict[str, str]
) -> None:
    order = told(core, limit(**more))
    assert (order["state"], order["executed_volume"]) == ("cancel", "0")
    assert order["cancel_type"] == "tif_cancel"


def test_a_cancel_by_its_owner_says_so(core: SimVenueCore) -> None:
    order = placed(core, limit(price="100001000", volume="0.8"))
    assert "cancel_type" not in order_object(core, order)
    core.cancel(order)
    assert state_of(order) == "cancel"
    assert order_object(core, order)["cancel_type"] == "user"


def test_orders_of_one_account_do_not_meet(core: SimVenueCore) -> None:
    show(core, bids=[(99_000_000.0, 1.0)])
    low = placed(core, limit(price="99500000"))
    high = placed(core, limit(price="99900000"))
    order = told(core, limit("ask", "99500000", "0.3"))
    assert (order["state"], order["cancel_type"]) == ("cancel", "stp_cancel")
    assert order["canceling_uuid"] == taken_object(high)["order_id"]
    assert state_of(low) == state_of(high) == "wait"


def test_what_stood_in_the_way_may_be_gone_when_it_is_asked_for(core: SimVenueCore) -> None:
    show(core, bids=[(99_000_000.0, 1.0)])
    maker = placed(core, limit(price="99900000"))
    taker = placed(core, limit("ask", "99900000", "0.3"))
    core.cancel(maker)
    assert "canceling_uuid" not in order_object(core, taker)


@pytest.mark.parametrize("cost", ["10000100", "10000000"])
def test_a_market_purchase_is_done(core: SimVenueCore, cost: str) -> None:
    body = {"market": "KRW-BTC", "side": "bid", "order_type": "price", "price": cost}
    order = told(core, body)
    assert (order["state"], order["price"], order["volume"]) == ("done", cost, None)
    assert Decimal(order["executed_volume"]) > 0


def test_a_single_order_has_its_trades(core: SimVenueCore) -> None:
    order = placed(core, limit("ask", "99999000", "0.8"))
    trades = order_object(core, order, has_trades=True)["trades"]
    assert [(each["price"], each["volume"]) for each in trades] == [
        ("100000000", "0.5"),
        ("99999000", "0.3"),
    ]
    assert trades[0]["uuid"].startswith("C0101")
    assert (stream_side(order), trades[0]["side"]) == ("sell", "ask")


def test_the_second_version_has_other_names_for_the_same(core: SimVenueCore) -> None:
    first = told(core, limit())
    second = second_version(first)
    assert (second["order_id"], second["order_type"]) == (first["uuid"], "limit")
    assert "uuid" not in second
    assert second["paid_fee"] == "0"
