from decimal import Decimal
from typing import Any

import pytest
from sim_upbit import limit, pass_trade, show, upbit

from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.sim.order_records import SelfTrade
from arbitrage.sim.protocols.korean_errors import InvalidValue, Refusal
from arbitrage.sim.protocols.upbit_errors import UpbitRefusal
from arbitrage.sim.protocols.upbit_orders import (
    OrderForm,
    as_accepted,
    order_object,
    state_of,
)
from arbitrage.sim.venue_core import SimVenueCore

FEE_RATE = Decimal("0.0005")


@pytest.fixture
def core() -> SimVenueCore:
    return upbit().core


def placed(core: SimVenueCore, **body: Any) -> dict[str, Any]:
    order = core.place(OrderForm(core).read({"market": "KRW-BTC", **body}))
    return order_object(order, FEE_RATE)


def told(core: SimVenueCore, body: dict[str, Any]) -> dict[str, Any]:
    return placed(core, **body)


# --- read ----------------------------------------------------------------------------------------


def test_a_limit_order_is_read(core: SimVenueCore) -> None:
    wanted = OrderForm(core).read(limit(identifier="mine", time_in_force="ioc", smp_type="reduce"))
    assert (wanted.side, wanted.order_type, wanted.price) == (Side.BUY, OrderType.LIMIT, 90_000_000)
    assert (wanted.qty, wanted.client_id) == (Decimal("0.1"), "mine")
    assert (wanted.time_in_force, wanted.self_trade) == (TimeInForce.IOC, SelfTrade.REDUCE)


@pytest.mark.parametrize(
    ("more", "policy"),
    [
        ({}, SelfTrade.CANCEL_MAKER),
        ({"smp_type": "none"}, SelfTrade.MEET),
        ({"smp_type": "cancel_taker"}, SelfTrade.CANCEL_TAKER),
        ({"time_in_force": "post_only"}, SelfTrade.MEET),
    ],
)
def test_self_matching_is_prevented_unless_said_otherwise(
    core: SimVenueCore, more: dict[str, str], policy: SelfTrade
) -> None:
    assert OrderForm(core).read(limit(**more)).self_trade is policy


def test_market_orders_go_by_cost_or_by_volume(core: SimVenueCore) -> None:
    form, market = OrderForm(core), {"market": "KRW-BTC"}
    bid = form.read({**market, "side": "bid", "ord_type": "price", "price": "10000"})
    assert (bid.cost, bid.qty, bid.price) == (10_000, None, None)
    ask = form.read({**market, "side": "ask", "ord_type": "market", "volume": "0.1"})
    assert (ask.cost, ask.qty, ask.order_type) == (None, Decimal("0.1"), OrderType.MARKET)


def test_orders_at_the_best_price_are_limits_there(core: SimVenueCore) -> None:
    best = {"market": "KRW-BTC", "ord_type": "best", "time_in_force": "fok"}
    bid = OrderForm(core).read({**best, "side": "bid", "price": "10000"})
    assert (bid.cost, bid.price, bid.time_in_force) == (10_000, 100_001_000, TimeInForce.FOK)
    ask = OrderForm(core).read({**best, "side": "ask", "volume": "1"})
    assert (ask.qty, ask.price) == (1, 100_000_000)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (limit(market="KRW-NOPE"), "validation_error"),
        (limit(side="up"), "validation_error"),
        (limit(ord_type="stop"), "validation_error"),
        (limit(volume="much"), "validation_error"),
        (limit(volume="-1"), "validation_error"),
        (limit(price="NaN"), "validation_error"),
        (limit(smp_type="maybe"), "validation_error"),
        (limit(price=""), "create_bid_error"),
        (limit(ord_type="price"), "create_bid_error"),
        (limit(ord_type="market"), "create_bid_error"),
        (limit(side="ask", ord_type="price", volume=""), "create_ask_error"),
        (limit(ord_type="best", volume=""), "create_bid_error"),
        (limit(time_in_force="post_only", smp_type="reduce"), "invalid_post_only"),
        (
            {**limit(ord_type="best", volume="", time_in_force="ioc"), "market": "KRW-ETH"},
            "create_bid_error",
        ),
    ],
)
def test_what_does_not_fit_is_refused(core: SimVenueCore, body: Any, name: str) -> None:
    with pytest.raises((Refusal, InvalidValue)) as refused:
        OrderForm(core).read(body)
    assert UpbitRefusal.of(refused.value).name == name


def test_a_market_order_larger_than_the_book_is_known(core: SimVenueCore) -> None:
    form = OrderForm(core)
    sale = {"market": "KRW-BTC", "side": "ask", "ord_type": "market"}
    assert form.is_too_large(form.read({**sale, "volume": "1.6"}))
    assert not form.is_too_large(form.read({**sale, "volume": "1.5"}))
    purchase = {"market": "KRW-BTC", "side": "bid", "ord_type": "price"}
    assert form.is_too_large(form.read({**purchase, "price": "151000000"}))
    assert not form.is_too_large(form.read({**purchase, "price": "150000000"}))
    assert not form.is_too_large(form.read(limit(volume="100")))


# --- written -------------------------------------------------------------------------------------


def test_a_purchase_locks_its_fee_on_top(core: SimVenueCore) -> None:
    order = told(core, limit(price="90000000", volume="0.1", identifier="mine"))
    assert order["state"] == "wait"
    assert (order["price"], order["volume"], order["identifier"]) == ("90000000", "0.1", "mine")
    assert (order["reserved_fee"], order["remaining_fee"], order["paid_fee"]) == (
        "4500",
        "4500",
        "0",
    )
    assert order["locked"] == "9004500"
    assert core.balance("KRW").locked == Decimal("9004500")
    assert order["smp_type"] == "cancel_maker"
    assert order["trades_count"] == 0
    assert "time_in_force" not in order


def test_a_sale_locks_its_volume(core: SimVenueCore) -> None:
    order = told(core, limit("ask", "110000000", "0.5", time_in_force="post_only"))
    assert (order["locked"], order["reserved_fee"]) == ("0.5", "0")
    assert order["time_in_force"] == "post_only"


def test_a_partial_fill_moves_every_figure(core: SimVenueCore) -> None:
    order = core.place(OrderForm(core).read(limit(price="100001000", volume="0.8")))
    told = order_object(order, FEE_RATE, has_trades=True)
    assert (told["executed_volume"], told["remaining_volume"]) == ("0.5", "0.3")
    assert (told["paid_fee"], told["remaining_fee"]) == ("25000.25", "15000.15")
    assert told["locked"] == "30015300.15"
    (trade,) = told["trades"]
    assert (trade["price"], trade["volume"], trade["funds"]) == ("100001000", "0.5", "50000500")
    assert (trade["side"], trade["trend"]) == ("bid", "up")


def test_an_order_is_accepted_before_it_is_filled(core: SimVenueCore) -> None:
    order = core.place(OrderForm(core).read(limit(price="100001000", volume="0.8")))
    told = order_object(as_accepted(order), FEE_RATE)
    assert (told["state"], told["executed_volume"], told["trades_count"]) == ("wait", "0", 0)
    assert (told["paid_fee"], told["locked"]) == ("0", "80040800.4")
    assert "executed_funds" not in told
    assert order_object(order, FEE_RATE, has_funds=True)["executed_funds"] == "50000500"


def test_a_closed_order_locks_nothing(core: SimVenueCore) -> None:
    order = told(core, limit(price="100001000", volume="0.8", time_in_force="ioc"))
    assert (order["state"], order["locked"], order["remaining_fee"]) == ("cancel", "0", "0")
    assert order["remaining_volume"] == "0.3"


@pytest.mark.parametrize(("cost", "state"), [("10000100", "done"), ("10000000", "cancel")])
def test_a_market_purchase_is_done_only_if_the_last_won_is_spent(
    core: SimVenueCore, cost: str, state: str
) -> None:
    order = placed(core, side="bid", ord_type="price", price=cost)
    assert order["state"] == state
    assert (order["price"], order["volume"], order["remaining_volume"]) == (cost, None, None)
    assert Decimal(order["executed_volume"]) > 0


def test_a_sale_at_the_best_price_names_no_price(core: SimVenueCore) -> None:
    order = placed(core, side="ask", ord_type="best", volume="0.1", time_in_force="ioc")
    assert (order["price"], order["state"]) == (None, "done")


def test_what_was_prevented_is_told(core: SimVenueCore) -> None:
    show(core, [(99_000_000.0, 1.0)])
    maker = core.place(OrderForm(core).read(limit(price="100000000", volume="0.3")))
    taker = core.place(OrderForm(core).read(limit("ask", "100000000", "0.1", smp_type="reduce")))
    reduced, gone = (order_object(each, FEE_RATE) for each in (maker, taker))
    assert (reduced["state"], reduced["prevented_volume"]) == ("wait", "0.1")
    assert (reduced["prevented_locked"], reduced["remaining_volume"]) == ("10000000", "0.2")
    assert (gone["state"], gone["prevented_locked"]) == ("cancel", "0.1")


def test_states_follow_the_order(core: SimVenueCore) -> None:
    order = core.place(OrderForm(core).read(limit(price="99000000")))
    assert state_of(order) == "wait"
    pass_trade(core, 98_000_000.0, 1.0, Side.SELL)
    assert state_of(order) == "done"
