"""An order is read by the venue's rules, each with its code."""

from decimal import Decimal

import msgspec
import pytest
from sim_okx import limit, okx_core, swap

from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.sim.order_records import NewOrder, SelfTrade
from arbitrage.sim.protocols.okx_errors import OkxRefusal
from arbitrage.sim.protocols.okx_form import OrderForm
from arbitrage.sim.protocols.okx_markets import Markets


def read(params: dict[str, str]) -> NewOrder:
    return OrderForm(Markets(okx_core())).read(params)


def test_a_limit_order_is_read() -> None:
    wanted = read(limit(clOrdId="s1", tag="t"))
    assert (wanted.side, wanted.qty, wanted.price) == (Side.BUY, Decimal("0.01"), Decimal(77_000))
    assert (wanted.order_type, wanted.time_in_force) == (OrderType.LIMIT, TimeInForce.GTC)
    assert (wanted.client_id, wanted.wire["tag"]) == ("s1", "t")
    assert wanted.self_trade is SelfTrade.CANCEL_MAKER


@pytest.mark.parametrize(
    ("kind", "time_in_force"),
    [
        ("post_only", TimeInForce.POST_ONLY),
        ("ioc", TimeInForce.IOC),
        ("fok", TimeInForce.FOK),
    ],
)
def test_conditions_are_kinds_of_orders(kind: str, time_in_force: TimeInForce) -> None:
    assert read(limit(ordType=kind)).time_in_force is time_in_force


def test_a_purchase_at_market_goes_by_cost_unless_it_says_otherwise() -> None:
    by_cost = read(limit(ordType="market", px="", sz="780"))
    by_qty = read(limit(ordType="market", px="", tgtCcy="base_ccy"))
    sale = read(limit("sell", ordType="market", px=""))
    assert (by_cost.cost, by_cost.qty, by_cost.price) == (Decimal(780), None, None)
    assert by_qty.qty == sale.qty == Decimal("0.01")


def test_a_swap_is_counted_in_contracts_and_may_reduce() -> None:
    wanted = read(swap(reduceOnly="true", posSide="net", stpMode="cancel_taker"))
    assert (wanted.qty, wanted.reduce_only) == (Decimal(10), True)
    assert wanted.self_trade is SelfTrade.CANCEL_TAKER
    assert read(swap(ordType="optimal_limit_ioc")).order_type is OrderType.MARKET


@pytest.mark.parametrize(
    ("params", "code"),
    [
        (limit(instId=""), "50014"),
        (limit(instId="NOPE"), "51001"),
        (limit(tdMode=""), "50014"),
        (limit(tdMode="cross"), "51000"),
        (swap(tdMode="cash"), "51000"),
        (swap(posSide="long"), "51000"),
        (limit(side="both"), "51000"),
        (limit(ordType="trigger"), "51000"),
        (limit(ordType="optimal_limit_ioc"), "51000"),
        (limit(ordType="market", tgtCcy="x"), "51000"),
        (limit(stpMode="none"), "51000"),
        (limit(clOrdId="a-b"), "51000"),
        (limit(tag="a-b"), "51000"),
        (limit(reduceOnly="yes"), "51000"),
        (limit(reduceOnly="true"), "51205"),
        (limit(sz=""), "50014"),
        (limit(sz="0.000001"), "51020"),
        (limit(sz="0.0100001"), "51121"),
        (swap(sz="200000000"), "51202"),
        (swap(ordType="limit", px="78000", sz="200000000"), "51101"),
        (limit(px=""), "51204"),
        (limit(px="0"), "51000"),
        (limit(px="77000.05"), "51150"),
        (limit(px="90000"), "51006"),
        (limit("sell", px="60000"), "51006"),
    ],
)
def test_what_breaks_a_rule_has_its_code(params: dict[str, str], code: str) -> None:
    with pytest.raises(OkxRefusal) as refused:
        read(params)
    assert refused.value.code == code


def test_a_spot_market_may_bound_its_orders_too() -> None:
    core = okx_core()
    spot = core.instruments["BTC-USDT"]
    core.instruments["BTC-USDT"] = msgspec.structs.replace(spot, max_qty=Decimal(1))
    with pytest.raises(OkxRefusal, match="51203"):
        OrderForm(Markets(core)).read(limit(sz="1.5"))
