"""Orders as both venues mean them, on Upbit's core."""

from decimal import Decimal
from typing import Any

import pytest
from sim_upbit import upbit

from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.sim.order_records import NewOrder, SelfTrade
from arbitrage.sim.protocols.korean_errors import InvalidValue
from arbitrage.sim.protocols.korean_orders import (
    figures_after,
    figures_now,
    in_order,
    new_order,
    read_terms,
    text,
    trade_of_order,
)
from arbitrage.sim.venue_core import SimVenueCore

FEE_RATE = Decimal("0.0005")


@pytest.fixture
def core() -> SimVenueCore:
    return upbit().core


def body(kind: str, side: str = "bid", **more: str) -> dict[str, Any]:
    return {"market": "KRW-BTC", "side": side, "kind": kind, **more}


def wanted(core: SimVenueCore, terms: dict[str, Any]) -> NewOrder:
    read = read_terms(terms, core.instruments, "kind")
    assert read.is_possible
    made = new_order(core, read, client_id="", self_trade=SelfTrade.MEET, wire={"more": "x"})
    assert made is not None
    return made


def test_every_form_becomes_an_order(core: SimVenueCore) -> None:
    limit = wanted(core, body("limit", price="90000000", volume="0.1"))
    assert (limit.order_type, limit.time_in_force) == (OrderType.LIMIT, TimeInForce.GTC)
    assert limit.wire == {"ord_type": "limit", "time_in_force": "", "more": "x"}
    cost = wanted(core, body("price", price="10000"))
    assert (cost.cost, cost.qty, cost.time_in_force) == (10_000, None, TimeInForce.IOC)
    sale = wanted(core, body("market", "ask", volume="0.1"))
    assert (sale.side, sale.price, sale.order_type) == (Side.SELL, None, OrderType.MARKET)
    best = wanted(core, body("best", price="10000", time_in_force="fok"))
    assert (best.price, best.cost, best.time_in_force) == (100_001_000, 10_000, TimeInForce.FOK)


@pytest.mark.parametrize(
    "terms",
    [
        body("limit", price="1"),
        body("price", price="1", volume="1"),
        body("price", "ask", price="1"),
        body("market", volume="1"),
        body("best", price="1"),
        body("best", price="1", time_in_force="post_only"),
    ],
)
def test_what_does_not_fit_together_is_not_possible(
    core: SimVenueCore, terms: dict[str, Any]
) -> None:
    assert not read_terms(terms, core.instruments, "kind").is_possible


def test_without_a_book_there_is_no_best_price(core: SimVenueCore) -> None:
    terms = {**body("best", price="10000", time_in_force="ioc"), "market": "KRW-ETH"}
    read = read_terms(terms, core.instruments, "kind")
    assert new_order(core, read, client_id="", self_trade=SelfTrade.MEET, wire={}) is None


@pytest.mark.parametrize("wrong", [{"market": "KRW-NOPE"}, {"kind": "stop"}, {"side": "up"}])
def test_a_value_that_cannot_be_is_told(core: SimVenueCore, wrong: dict[str, str]) -> None:
    terms = {**body("limit", price="1", volume="1"), **wrong}
    with pytest.raises(InvalidValue, match="valid value"):
        read_terms(terms, core.instruments, "kind")


def test_figures_follow_each_fill(core: SimVenueCore) -> None:
    order = core.place(wanted(core, body("limit", price="100002000", volume="1")))
    first, second = (figures_after(order, FEE_RATE, fill, is_live=True) for fill in order.fills)
    assert (first.executed_volume, second.executed_volume) == (Decimal("0.5"), 1)
    assert first.remaining_fee == Decimal("0.5") * 100_002_000 * FEE_RATE
    assert figures_now(order, FEE_RATE).locked == 0
    assert figures_after(order, FEE_RATE, None, is_live=False).avg_price == Decimal(100_001_500)
    trade = trade_of_order(order, order.fills[0], "id")
    assert (trade["uuid"], trade["funds"], trade["trend"]) == ("id", "50000500", "up")


def test_lists_are_newest_first_unless_said_otherwise(core: SimVenueCore) -> None:
    terms = body("limit", price="90000000", volume="0.1")
    orders = [core.place(wanted(core, terms)) for _ in range(2)]
    assert in_order(orders, {}) == orders[::-1]
    assert in_order(orders[::-1], {"order_by": "asc"}) == orders
    assert (text(None), text(Decimal("1E+2"))) == (None, "100")
