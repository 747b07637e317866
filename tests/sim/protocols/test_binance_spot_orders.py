import pytest
from sim_spot import FIGURES, by_cost, limit, market, pass_trade, place, spot_core
from sim_usdm import NOW_NS

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.binance_spot_orders import (
    ack_object,
    canceled_object,
    full_object,
    order_terms,
    queried_object,
    result_object,
    trade_object,
)
from arbitrage.sim.venue_core import SimVenueCore

BTC = FIGURES["BTCUSDT"]
NOW_MS = NOW_NS // 1_000_000


@pytest.fixture
def core() -> SimVenueCore:
    return spot_core()


def test_an_order_is_written_as_the_venue_writes_it(core: SimVenueCore) -> None:
    order = place(core, limit(price="78000.2", quantity="0.75", newClientOrderId="mine"))
    told = queried_object(order, BTC)
    expected = {
        "symbol": "BTCUSDT",
        "orderId": 1,
        "orderListId": -1,
        "clientOrderId": "mine",
        "price": "78000.20000000",
        "origQty": "0.75000000",
        "executedQty": "0.75000000",
        "cummulativeQuoteQty": "58500.10000000",
        "status": "FILLED",
        "timeInForce": "GTC",
        "type": "LIMIT",
        "side": "BUY",
        "time": NOW_MS,
        "isWorking": True,
        "origQuoteOrderQty": "0.00000000",
        "selfTradePreventionMode": "EXPIRE_MAKER",
    }
    assert told | expected == told
    assert "preventedQuantity" not in told


def test_a_new_order_is_answered_in_as_many_words_as_asked(core: SimVenueCore) -> None:
    order = place(core, market(quantity="0.6"))
    assert "status" not in ack_object(order, BTC)
    assert result_object(order, BTC)["status"] == "FILLED"
    assert "fills" not in result_object(order, BTC)
    first, second = full_object(order, BTC)["fills"]
    assert first == {
        "price": "78000.10000000",
        "qty": "0.50000000",
        "commission": "0.00050000",
        "commissionAsset": "BTC",
        "tradeId": 1,
    }
    assert second["qty"] == "0.10000000"


def test_an_order_by_cost_remembers_its_cost(core: SimVenueCore) -> None:
    told = result_object(place(core, by_cost(cost="100")), BTC)
    assert (told["origQuoteOrderQty"], told["origQty"]) == ("100.00000000", "0.00128000")


def test_a_cancelled_order_is_told_under_the_name_of_the_cancel(core: SimVenueCore) -> None:
    order = place(core, limit(newClientOrderId="mine"))
    core.cancel(order)
    told = canceled_object(order, BTC, "its cancel")
    assert (told["clientOrderId"], told["origClientOrderId"]) == ("its cancel", "mine")
    assert told["status"] == "CANCELED"


def test_what_self_trade_prevention_took_is_told(core: SimVenueCore) -> None:
    maker = place(core, limit("SELL", "78000.1", "0.2"))
    place(core, limit(price="78000.1", quantity="0.6", timeInForce="IOC"))
    told = order_terms(maker, BTC)
    assert (told["status"], told["preventedQuantity"]) == ("EXPIRED_IN_MATCH", "0.20000000")


def test_a_fill_is_written_as_the_venue_writes_it(core: SimVenueCore) -> None:
    order = place(core, limit("SELL", "78500", "0.2"))
    pass_trade(core, 78_501.0, 0.2, Side.BUY)
    told = trade_object(order, order.fills[0], BTC)
    expected = {
        "orderId": 1,
        "price": "78500.00000000",
        "qty": "0.20000000",
        "quoteQty": "15700.00000000",
        "commission": "12.56000000",
        "commissionAsset": "USDT",
        "isBuyer": False,
        "isMaker": True,
    }
    assert told | expected == told
