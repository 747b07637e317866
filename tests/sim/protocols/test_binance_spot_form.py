from decimal import Decimal

import pytest
from sim_spot import RULES, by_cost, limit, market, spot_core

from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.sim.order_records import SelfTrade
from arbitrage.sim.protocols import binance_spot_form
from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_spot_form import SpotForm


@pytest.fixture
def form() -> SpotForm:
    return SpotForm(spot_core())


def refusal(form: SpotForm, params: dict[str, str]) -> str:
    """The code and message with which an order is refused."""
    with pytest.raises(BinanceRefusal) as refused:
        form.read(params)
    return str(refused.value)


def test_a_limit_order_is_read(form: SpotForm) -> None:
    order = form.read(limit("SELL", "79000.5", "0.25", newClientOrderId="mine"))
    assert (order.symbol, order.side, order.order_type) == ("BTCUSDT", Side.SELL, OrderType.LIMIT)
    assert (order.qty, order.price) == (Decimal("0.25"), Decimal("79000.5"))
    assert (order.client_id, order.time_in_force) == ("mine", TimeInForce.GTC)
    assert order.self_trade is SelfTrade.CANCEL_MAKER


def test_a_post_only_order_is_a_type_of_its_own(form: SpotForm) -> None:
    terms = {**limit(), "type": "LIMIT_MAKER"}
    assert "-1106" in refusal(form, terms)
    del terms["timeInForce"]
    order = form.read(terms)
    assert order.time_in_force is TimeInForce.POST_ONLY
    assert order.wire["timeInForce"] == "GTC"


def test_a_market_order_goes_by_quantity_or_by_cost(form: SpotForm) -> None:
    order = form.read(market(quantity="0.5"))
    assert (order.qty, order.cost, order.price) == (Decimal("0.5"), None, None)
    assert order.time_in_force is TimeInForce.IOC
    order = form.read(by_cost(cost="100.5"))
    assert (order.qty, order.cost) == (None, Decimal("100.5"))
    assert "-1128" in refusal(form, {**by_cost(), "quantity": "1"})
    assert "'quoteOrderQty' must be sent" in refusal(
        form, {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET"}
    )


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"symbol": "NOPE"}, "-1121"),
        ({"side": "HOLD"}, "-1117"),
        ({"type": "TRAILING"}, "-1116"),
        ({"type": "STOP_LOSS"}, "Stop loss orders are not supported"),
        ({"timeInForce": "GTX"}, "-1115"),
        ({"quoteOrderQty": "5"}, "-1106"),
        ({"quantity": ""}, "-1102"),
        ({"quantity": "x"}, "-1100"),
        ({"quantity": "0"}, "Invalid quantity."),
        ({"quantity": "0.000000001"}, "'quantity' has too much precision"),
        ({"quantity": "0.000015"}, "LOT_SIZE"),
        ({"quantity": "10001"}, "LOT_SIZE"),
        ({"price": "0"}, "Invalid price."),
        ({"price": "77000.05"}, "PRICE_FILTER"),
        ({"price": "10000000.1"}, "PRICE_FILTER"),
        ({"price": "390000.1"}, "PERCENT_PRICE_BY_SIDE"),
        ({"price": "15000"}, "PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "200"}, "Filter failure: NOTIONAL"),
        ({"newClientOrderId": "not this"}, "-1100"),
        ({"selfTradePreventionMode": "HOPE"}, "-1100"),
    ],
)
def test_what_breaks_a_rule_is_refused_in_the_words_of_that_rule(
    form: SpotForm, broken: dict[str, str], told: str
) -> None:
    assert told in refusal(form, limit() | broken)


def test_a_quantity_may_be_no_smaller_than_the_least(form: SpotForm) -> None:
    assert RULES["BTC"].min_qty == Decimal("0.00001")
    assert "MARKET_LOT_SIZE" in refusal(form, market(quantity="1001"))
    form.read(market(quantity="1000"))


def test_a_market_order_takes_neither_price_nor_condition(form: SpotForm) -> None:
    assert "-1106" in refusal(form, market(price="77000"))
    assert "-1106" in refusal(form, market(timeInForce="IOC"))


def test_before_the_first_price_there_is_no_band(form: SpotForm) -> None:
    form.read(limit(symbol="ETHUSDT", price="999", quantity="0.1"))


def test_open_orders_of_a_market_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binance_spot_form, "MAX_OPEN_ORDERS", 1)
    core = spot_core()
    form = SpotForm(core)
    core.place(form.read(limit()))
    assert "MAX_NUM_ORDERS" in refusal(form, limit())
