from decimal import Decimal
from typing import Any

import pytest
from sim_bybit import bybit_core, limit, market, markets_of

from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.sim.order_records import NewOrder, SelfTrade
from arbitrage.sim.protocols import bybit_form
from arbitrage.sim.protocols.bybit_errors import BybitRefusal
from arbitrage.sim.protocols.bybit_form import OrderForm


def read(params: dict[str, Any]) -> NewOrder:
    core = bybit_core()
    return OrderForm(core, markets_of(core)).read(params)


def code_of(params: dict[str, Any]) -> int:
    with pytest.raises(BybitRefusal) as caught:
        read(params)
    return caught.value.code


def test_a_limit_order_is_read() -> None:
    wanted = read(limit(orderLinkId="a-1_b", timeInForce="IOC", reduceOnly="true"))
    assert (wanted.symbol, wanted.side, wanted.order_type) == (
        "BTCUSDT",
        Side.BUY,
        OrderType.LIMIT,
    )
    assert (wanted.qty, wanted.price) == (Decimal("0.01"), Decimal(77_000))
    assert (wanted.time_in_force, wanted.reduce_only) == (TimeInForce.IOC, True)
    assert wanted.client_id == "a-1_b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GTC", TimeInForce.GTC),
        ("IOC", TimeInForce.IOC),
        ("FOK", TimeInForce.FOK),
        ("PostOnly", TimeInForce.POST_ONLY),
    ],
)
def test_conditions_are_read(text: str, expected: TimeInForce) -> None:
    assert read(limit(timeInForce=text)).time_in_force is expected
    assert read(limit()).time_in_force is TimeInForce.GTC


def test_a_spot_order_goes_to_the_spot_market_and_reduces_nothing() -> None:
    wanted = read(limit(category="spot", reduceOnly="true", orderFilter="Order", isLeverage="0"))
    assert (wanted.symbol, wanted.reduce_only) == ("spot:BTCUSDT", False)


@pytest.mark.parametrize(
    ("side", "unit", "is_by_cost"),
    [
        ("Buy", None, True),
        ("Sell", None, False),
        ("Buy", "baseCoin", False),
        ("Sell", "quoteCoin", True),
    ],
)
def test_a_spot_market_purchase_goes_by_cost_unless_it_says_not(
    side: str, unit: str | None, is_by_cost: bool
) -> None:
    more = {} if unit is None else {"marketUnit": unit}
    wanted = read(market(side, "100", category="spot", **more))
    assert (wanted.cost, wanted.qty) == (
        (Decimal(100), None) if is_by_cost else (None, Decimal(100))
    )


def test_a_market_order_ignores_price_and_condition() -> None:
    wanted = read(market(price="1", timeInForce="PostOnly"))
    assert (wanted.price, wanted.time_in_force) == (None, TimeInForce.IOC)
    assert wanted.qty == Decimal("0.01")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("None", SelfTrade.MEET),
        ("CancelMaker", SelfTrade.CANCEL_MAKER),
        ("CancelTaker", SelfTrade.CANCEL_TAKER),
        ("CancelBoth", SelfTrade.CANCEL_BOTH),
    ],
)
def test_what_orders_of_one_account_do_is_asked_for(policy: str, expected: SelfTrade) -> None:
    assert read(limit(smpType=policy)).self_trade is expected


@pytest.mark.parametrize(
    ("broken", "linear", "spot"),
    [
        ({"symbol": "NOPE"}, 10001, 170121),
        ({"side": "Left"}, 10001, 170117),
        ({"orderType": "Stop"}, 10001, 170116),
        ({"timeInForce": "GTX"}, 10001, 170115),
        ({"qty": "0"}, 10001, 170136),
        ({"price": "0"}, 10001, 170130),
        ({"price": "77000.05"}, 10001, 170134),
        ({"smpType": "Maybe"}, 10001, 10001),
        ({"orderLinkId": "a b"}, 10001, 10001),
        ({"orderLinkId": "a" * 37}, 10001, 10001),
        ({"triggerPrice": "1"}, 10001, 10001),
        ({"orderFilter": "StopOrder"}, 10001, 10001),
        ({"isLeverage": "1"}, 170036, 170036),
    ],
)
def test_what_breaks_a_rule_is_refused_by_its_code(
    broken: dict[str, str], linear: int, spot: int
) -> None:
    assert code_of({**limit(), **broken}) == linear
    assert code_of({**limit(category="spot"), **broken}) == spot


def test_hedge_mode_is_refused_for_linear() -> None:
    assert code_of(limit(positionIdx="1")) == 10001
    read(limit(positionIdx="0"))


def test_a_unit_is_base_or_quote() -> None:
    assert code_of(market(category="spot", marketUnit="lots")) == 10001


def test_a_linear_price_far_from_the_mark_is_refused_on_the_side_where_it_trades() -> None:
    assert code_of(limit("Buy", "90000")) == 110003
    assert code_of(limit("Sell", "60000")) == 110003
    read(limit("Buy", "60000"))
    read(limit("Buy", "90000", category="spot"))


@pytest.mark.parametrize(("category", "code"), [("linear", 110020), ("spot", 170210)])
def test_there_is_room_for_so_many_open_orders(
    category: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bybit_form, "MAX_OPEN_ORDERS", 1)
    core = bybit_core()
    form = OrderForm(core, markets_of(core))
    core.place(form.read(limit(category=category)))
    with pytest.raises(BybitRefusal) as caught:
        form.read(limit(category=category))
    assert caught.value.code == code
