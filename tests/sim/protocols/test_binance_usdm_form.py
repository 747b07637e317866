from decimal import Decimal

import msgspec
import pytest
from sim_usdm import RULES, Clock, limit, market, usdm_core

from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.sim.order_records import SelfTrade
from arbitrage.sim.protocols import binance_usdm_form
from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_usdm_form import OrderForm


@pytest.fixture
def form() -> OrderForm:
    return OrderForm(usdm_core())


def code_of(form: OrderForm, params: dict[str, str]) -> int:
    with pytest.raises(BinanceRefusal) as refused:
        form.read(params)
    return refused.value.code


def test_a_limit_order_is_read(form: OrderForm) -> None:
    order = form.read(limit(newClientOrderId="a.b:c/d_e-1", reduceOnly="true"))
    assert (order.symbol, order.side, order.order_type) == ("BTCUSDT", Side.BUY, OrderType.LIMIT)
    assert (order.qty, order.price) == (Decimal("0.01"), Decimal(77000))
    assert (order.client_id, order.reduce_only) == ("a.b:c/d_e-1", True)
    assert order.time_in_force is TimeInForce.GTC


def test_a_market_order_has_no_price_and_never_rests(form: OrderForm) -> None:
    order = form.read(market("SELL"))
    assert (order.order_type, order.price) == (OrderType.MARKET, None)
    assert order.time_in_force is TimeInForce.IOC
    assert order.wire["timeInForce"] == "GTC"


def test_gtx_is_post_only(form: OrderForm) -> None:
    assert form.read(limit(timeInForce="GTX")).time_in_force is TimeInForce.POST_ONLY


@pytest.mark.parametrize(
    ("mode", "policy"),
    [
        ("NONE", SelfTrade.MEET),
        ("EXPIRE_TAKER", SelfTrade.CANCEL_TAKER),
        ("EXPIRE_MAKER", SelfTrade.CANCEL_MAKER),
        ("EXPIRE_BOTH", SelfTrade.CANCEL_BOTH),
    ],
)
def test_self_trades_are_prevented_as_asked(form: OrderForm, mode: str, policy: SelfTrade) -> None:
    assert form.read(limit(selfTradePreventionMode=mode)).self_trade is policy
    assert form.read(limit()).self_trade is SelfTrade.CANCEL_MAKER


def test_who_gives_no_client_id_gets_one_of_his_own(form: OrderForm) -> None:
    first, second = form.read(limit()).client_id, form.read(limit()).client_id
    assert first
    assert first != second
    assert len(first) <= 36


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ({"symbol": "NOPE"}, -1121),
        ({"side": "HOLD"}, -1117),
        ({"type": "BEST"}, -1116),
        ({"type": ""}, -1102),
        ({"type": "STOP_MARKET"}, -4120),
        ({"positionSide": "LONG"}, -4061),
        ({"timeInForce": "DAY"}, -1115),
        ({"timeInForce": ""}, -1102),
        ({"quantity": ""}, -1102),
        ({"quantity": "0"}, -4003),
        ({"quantity": "0.0001"}, -1111),
        ({"quantity": "10000.001"}, -4005),
        ({"quantity": "1e-3"}, -1100),
        ({"price": "0"}, -4001),
        ({"price": "77000.001"}, -1111),
        ({"price": "77000.05"}, -4014),
        ({"price": "99999999"}, -4002),
        ({"price": "81900.2"}, -4016),
        ({"side": "SELL", "price": "74100.0"}, -4024),
        ({"newClientOrderId": "a" * 37}, -4015),
        ({"newClientOrderId": "a b"}, -1100),
        ({"reduceOnly": "maybe"}, -1100),
        ({"selfTradePreventionMode": "HOPE"}, -1100),
    ],
)
def test_what_breaks_a_rule_has_the_code_of_that_rule(
    form: OrderForm, broken: dict[str, str], code: int
) -> None:
    assert code_of(form, limit() | broken) == code


def test_prices_may_reach_the_band_on_the_side_where_they_trade(form: OrderForm) -> None:
    """The mark is 78000.05: five percent up for a purchase, down for a sale."""
    form.read(limit(price="81900.0"))
    form.read(limit("SELL", price="74100.1"))
    form.read(limit(price="10000"))
    form.read(limit("SELL", price="200000"))


def test_before_the_first_book_there_is_no_band(form: OrderForm) -> None:
    form.read(limit(symbol="ETHUSDT", price="999999", quantity="0.1"))


def test_a_market_order_takes_no_condition_and_is_smaller(form: OrderForm) -> None:
    assert code_of(form, market(timeInForce="IOC")) == -1106
    assert code_of(form, market(quantity="1000.001")) == -4005


def test_lots_and_minimums_finer_than_the_digits_have_their_own_codes() -> None:
    rules = msgspec.structs.replace(
        RULES["BTC"], lot_size=Decimal("0.005"), min_qty=Decimal("0.01")
    )
    form = OrderForm(usdm_core(Clock(), rules))
    assert code_of(form, limit(quantity="0.012")) == -4023
    assert code_of(form, limit(quantity="0.005")) == -4004


def test_open_orders_of_a_market_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binance_usdm_form, "MAX_OPEN_ORDERS", 1)
    core = usdm_core()
    form = OrderForm(core)
    core.place(form.read(limit()))
    assert code_of(form, limit()) == -2025
