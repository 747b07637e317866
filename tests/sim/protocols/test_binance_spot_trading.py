from collections.abc import Callable
from typing import Any

import pytest
from sim_spot import FIGURES, by_cost, limit, market, show, spot_core

from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_spot_trading import SpotDesk
from arbitrage.sim.venue_core import SimVenueCore

BTC = {"symbol": "BTCUSDT"}


@pytest.fixture
def core() -> SimVenueCore:
    return spot_core()


@pytest.fixture
def desk(core: SimVenueCore) -> SpotDesk:
    return SpotDesk(core, FIGURES)


def refusal(ask: Callable[[], Any]) -> str:
    with pytest.raises(BinanceRefusal) as refused:
        ask()
    return str(refused.value)


def test_the_answer_is_full_unless_it_is_asked_for_otherwise(desk: SpotDesk) -> None:
    assert desk.place(limit())["fills"] == []
    assert "status" not in desk.place(limit(newOrderRespType="ACK"))
    maker = {**limit(price="76000"), "type": "LIMIT_MAKER"}
    del maker["timeInForce"]
    assert "status" not in desk.place(maker)
    assert refusal(lambda: desk.place(limit(newOrderRespType="SOME"))).startswith("-1136")


def test_what_the_engine_will_not_have_is_refused_with_its_reason(desk: SpotDesk) -> None:
    assert "insufficient balance" in refusal(lambda: desk.place(limit(quantity="2")))
    desk.place(limit(newClientOrderId="mine"))
    assert "Duplicate order" in refusal(lambda: desk.place(limit(newClientOrderId="mine")))
    assert "NOTIONAL" in refusal(lambda: desk.place(limit(quantity="0.00001")))
    maker = {**limit(price="78000.1"), "type": "LIMIT_MAKER"}
    del maker["timeInForce"]
    assert "immediately match" in refusal(lambda: desk.place(maker))


def test_what_cannot_be_filled_expires(desk: SpotDesk) -> None:
    fok = desk.place(limit(price="78000.1", quantity="0.6", timeInForce="FOK"))
    assert (fok["status"], fok["executedQty"]) == ("EXPIRED", "0.00000000")
    unseen = desk.place({**market(quantity="0.1"), "symbol": "ETHUSDT"})
    assert unseen["status"] == "EXPIRED"


def test_an_order_by_cost_needs_a_book(desk: SpotDesk) -> None:
    assert desk.place(by_cost())["status"] == "FILLED"
    assert "liquidity" in refusal(lambda: desk.place({**by_cost(), "symbol": "ETHUSDT"}))


def test_a_test_order_is_checked_and_not_placed(desk: SpotDesk, core: SimVenueCore) -> None:
    assert desk.test(limit(quantity="2")) == {}
    assert "NOTIONAL" in refusal(lambda: desk.test(limit(quantity="0.00001")))
    assert "PRICE_FILTER" in refusal(lambda: desk.test(limit(price="77000.05")))
    assert list(core.orders.all()) == []


def test_an_order_is_cancelled_once_under_a_name_that_may_be_given(desk: SpotDesk) -> None:
    desk.place(limit(newClientOrderId="mine"))
    asked = {**BTC, "origClientOrderId": "mine", "newClientOrderId": "its-cancel"}
    told = desk.cancel(asked)
    assert (told["clientOrderId"], told["origClientOrderId"]) == ("its-cancel", "mine")
    assert desk.cancels == {}
    assert refusal(lambda: desk.cancel(asked)).startswith("-2011")
    assert refusal(lambda: desk.cancel({**BTC, "orderId": "99"})).startswith("-2011")


def test_everything_open_is_cancelled_at_once(desk: SpotDesk) -> None:
    desk.place(limit())
    desk.place(limit(price="76000"))
    assert [each["status"] for each in desk.cancel_all(BTC)] == ["CANCELED", "CANCELED"]
    assert refusal(lambda: desk.cancel_all(BTC)).startswith("-2011")
    assert refusal(lambda: desk.cancel_all({})).startswith("-1102")


def test_orders_and_fills_are_found(desk: SpotDesk, core: SimVenueCore) -> None:
    desk.place(market(quantity="0.1"))
    show(core)
    desk.place(limit())
    assert desk.order({**BTC, "orderId": "1"})["status"] == "FILLED"
    assert [each["orderId"] for each in desk.open_orders({})] == [2]
    assert [each["orderId"] for each in desk.all_orders(BTC)] == [1, 2]
    assert [each["qty"] for each in desk.my_trades(BTC)] == ["0.10000000"]
    assert refusal(lambda: desk.order({**BTC, "orderId": "9"})).startswith("-2013")
    assert refusal(lambda: desk.all_orders({})).startswith("-1102")
