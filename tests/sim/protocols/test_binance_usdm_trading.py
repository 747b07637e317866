import json

import pytest
from sim_usdm import FIGURES, Clock, limit, market, pass_trade, show, usdm_core

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_usdm_trading import TradingDesk
from arbitrage.sim.venue_core import SimVenueCore


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def core(clock: Clock) -> SimVenueCore:
    return usdm_core(clock)


@pytest.fixture
def desk(core: SimVenueCore) -> TradingDesk:
    return TradingDesk(core, FIGURES)


def by_id(order: dict[str, object], **more: str) -> dict[str, str]:
    return {"symbol": "BTCUSDT", "orderId": str(order["orderId"]), **more}


# --- placing -------------------------------------------------------------------------------------


def test_an_acknowledgement_is_the_default_and_a_result_is_asked_for(desk: TradingDesk) -> None:
    assert desk.place(market())["status"] == "NEW"
    assert desk.place(market(newOrderRespType="RESULT"))["status"] == "FILLED"
    with pytest.raises(BinanceRefusal, match="-1136"):
        desk.place(market(newOrderRespType="FULL"))


@pytest.mark.parametrize(
    ("params", "code"),
    [
        (limit(quantity="0.001"), -4164),
        (limit(quantity="900"), -2019),
        (limit(price="78000.1", timeInForce="GTX"), -5022),
        (limit(price="78000.1", quantity="0.6", timeInForce="FOK"), -5021),
        (limit(reduceOnly="true"), -2022),
        (market(symbol="ETHUSDT", quantity="0.1"), -4131),
    ],
)
def test_what_the_core_refuses_has_the_venues_code(
    desk: TradingDesk, params: dict[str, str], code: int
) -> None:
    with pytest.raises(BinanceRefusal, match=str(code)):
        desk.place(params)


def test_a_client_id_is_free_again_when_its_order_is_closed(desk: TradingDesk) -> None:
    order = desk.place(limit(newClientOrderId="mine"))
    with pytest.raises(BinanceRefusal, match="-4116"):
        desk.place(limit(newClientOrderId="mine"))
    desk.cancel(by_id(order))
    assert desk.place(limit(newClientOrderId="mine"))["orderId"] != order["orderId"]


def test_reducing_is_free_of_the_minimum(desk: TradingDesk) -> None:
    desk.place(market())
    told = desk.place(market("SELL", "0.001", reduceOnly="true", newOrderRespType="RESULT"))
    assert (told["status"], told["reduceOnly"]) == ("FILLED", True)


def test_several_orders_are_answered_one_by_one(desk: TradingDesk) -> None:
    wanted = [limit(), limit(price="0"), {**limit(), "reduceOnly": False}]
    answers = desk.place_batch({"batchOrders": json.dumps(wanted)})
    assert [each.get("status", each.get("code")) for each in answers] == ["NEW", -4001, "NEW"]


@pytest.mark.parametrize(
    ("batch", "code"), [("", -1100), ("{}", -1100), ("[]", -1130), (json.dumps([{}] * 6), -1130)]
)
def test_a_batch_is_a_list_of_one_to_five(desk: TradingDesk, batch: str, code: int) -> None:
    with pytest.raises(BinanceRefusal, match=str(code)):
        desk.place_batch({"batchOrders": batch})


# --- cancelling ----------------------------------------------------------------------------------


def test_a_cancel_is_done_when_it_is_answered(desk: TradingDesk, core: SimVenueCore) -> None:
    order = desk.place(limit())
    assert desk.cancel(by_id(order))["status"] == "CANCELED"
    assert core.orders.open() == []
    for params in (by_id(order), by_id({"orderId": 99})):
        with pytest.raises(BinanceRefusal, match="-2011"):
            desk.cancel(params)


def test_several_orders_are_cancelled_by_either_id(desk: TradingDesk) -> None:
    first = desk.place(limit(newClientOrderId="first"))
    desk.place(limit(newClientOrderId="second"))
    ids = json.dumps([first["orderId"], 99])
    answers = desk.cancel_batch({"symbol": "BTCUSDT", "orderIdList": ids})
    assert [each.get("status", each.get("code")) for each in answers] == ["CANCELED", -2011]
    names = {"symbol": "BTCUSDT", "origclientorderidlist": '["second"]'}
    assert desk.cancel_batch(names)[0]["status"] == "CANCELED"


def test_all_orders_of_one_market_are_cancelled(desk: TradingDesk, core: SimVenueCore) -> None:
    show(core, [(2600.0, 9.0)], [(2600.1, 9.0)], "ETHUSDT")
    desk.place(limit())
    other = desk.place(limit(symbol="ETHUSDT", price="2590", quantity="0.1"))
    assert desk.cancel_all({"symbol": "BTCUSDT"})["code"] == 200
    assert [order.id for order in core.orders.open()] == [other["orderId"]]


# --- asking --------------------------------------------------------------------------------------


def test_an_order_is_found_by_either_id_in_its_own_market(desk: TradingDesk) -> None:
    order = desk.place(limit(newClientOrderId="mine"))
    assert desk.order(by_id(order))["clientOrderId"] == "mine"
    named = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}
    assert desk.order(named)["orderId"] == order["orderId"]
    assert desk.open_order(named)["orderId"] == order["orderId"]
    for params in (by_id(order, symbol="ETHUSDT"), {**named, "origClientOrderId": "other"}):
        with pytest.raises(BinanceRefusal, match="-2013"):
            desk.order(params)
    with pytest.raises(BinanceRefusal, match="-1102"):
        desk.order({"symbol": "BTCUSDT"})


def test_an_order_that_is_closed_is_found_but_not_open(desk: TradingDesk) -> None:
    order = desk.place(market())
    assert desk.order(by_id(order))["status"] == "FILLED"
    with pytest.raises(BinanceRefusal, match="-2013"):
        desk.open_order(by_id(order))
    assert desk.open_orders({}) == []


def test_open_orders_are_listed_of_one_market_or_of_all(desk: TradingDesk) -> None:
    desk.place(limit())
    assert len(desk.open_orders({"symbol": "BTCUSDT"})) == 1
    assert desk.open_orders({"symbol": "ETHUSDT"}) == []
    assert len(desk.open_orders({})) == 1


def test_orders_are_listed_from_an_id_from_a_time_or_the_latest(
    desk: TradingDesk, clock: Clock
) -> None:
    ids = []
    for _ in range(3):
        ids.append(desk.place(market())["orderId"])
        clock.now_ns += 1_000_000_000

    def listed(**params: object) -> list[int]:
        asked = {"symbol": "BTCUSDT", **{name: str(value) for name, value in params.items()}}
        return [order["orderId"] for order in desk.all_orders(asked)]

    assert listed() == ids
    assert listed(limit=2) == ids[1:]
    assert listed(orderId=ids[1], limit=1) == [ids[1]]
    started_ms = clock.now_ns // 1_000_000 - 3_000
    assert listed(startTime=started_ms, limit=1) == ids[:1]
    assert listed(endTime=started_ms) == ids[:1]
    assert len(desk.all_orders({})) == 3


def test_fills_are_listed_oldest_first(desk: TradingDesk, core: SimVenueCore) -> None:
    resting = desk.place(limit(quantity="0.3"))
    taker = desk.place(market(quantity="0.6"))
    pass_trade(core, 76_999.0, 0.1, Side.SELL)
    trades = desk.user_trades({"symbol": "BTCUSDT"})
    of = [each["orderId"] for each in trades]
    assert of == [taker["orderId"], taker["orderId"], resting["orderId"]]
    assert [each["maker"] for each in trades] == [False, False, True]
    (mine,) = desk.user_trades(by_id(resting))
    assert mine["qty"] == "0.100"
    from_second = desk.user_trades({"symbol": "BTCUSDT", "fromId": str(trades[1]["id"])})
    assert [each["id"] for each in from_second] == [each["id"] for each in trades[1:]]
