"""Orders are written as the venue takes them; what it does not take is never sent."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import OrderRefused
from arbitrage.domain.intents import OrderType, PlaceOrder, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.exchanges.bithumb import orders


def order(**changes: Any) -> PlaceOrder:
    settings: dict[str, Any] = {
        "client_id": "s00000001",
        "venue": "bithumb",
        "symbol": "KRW-BTC",
        "side": Side.BUY,
        "qty": Decimal("0.02"),
        "price": Decimal(136_000_000),
    }
    return PlaceOrder(**{**settings, **changes})


def market(side: Side, **changes: Any) -> PlaceOrder:
    return order(side=side, order_type=OrderType.MARKET, price=None, **changes)


def test_a_limit_order_has_price_and_volume_in_the_order_that_is_hashed() -> None:
    assert orders.query_of(orders.limit_or_market(order())) == (
        "market=KRW-BTC&side=bid&time_in_force=ioc&price=136000000&volume=0.02"
        "&order_type=limit&client_order_id=s00000001"
    )


@pytest.mark.parametrize(
    ("condition", "word"),
    [
        (TimeInForce.IOC, "ioc"),
        (TimeInForce.FOK, "fok"),
        (TimeInForce.POST_ONLY, "post_only"),
        (TimeInForce.GTC, None),
    ],
)
def test_a_condition_is_sent_unless_it_is_the_usual_one(
    condition: TimeInForce, word: str | None
) -> None:
    params = orders.limit_or_market(order(time_in_force=condition))
    assert params.get("time_in_force") == word


def test_a_market_order_sells_by_quantity_and_buys_by_cost() -> None:
    assert orders.limit_or_market(market(Side.SELL)) == {
        "market": "KRW-BTC",
        "side": "ask",
        "volume": "0.02",
        "order_type": "market",
        "client_order_id": "s00000001",
    }
    assert orders.market_by_cost(market(Side.BUY), Decimal("5000.50")) == {
        "market": "KRW-BTC",
        "side": "bid",
        "price": "5000.5",
        "order_type": "price",
        "client_order_id": "s00000001",
    }


def test_a_market_purchase_by_quantity_is_never_sent() -> None:
    with pytest.raises(OrderRefused, match="it was not sent") as refused:
        orders.limit_or_market(market(Side.BUY))
    assert refused.value.reason == "market_buy_by_quantity"


@pytest.mark.parametrize("intent", [order(), market(Side.SELL)])
def test_nothing_else_goes_by_cost(intent: PlaceOrder) -> None:
    with pytest.raises(OrderRefused, match="only market purchases go by cost"):
        orders.market_by_cost(intent, Decimal(5000))


@pytest.mark.parametrize("condition", [TimeInForce.FOK, TimeInForce.POST_ONLY])
def test_a_market_order_takes_no_condition(condition: TimeInForce) -> None:
    with pytest.raises(OrderRefused, match="takes no condition"):
        orders.limit_or_market(market(Side.SELL, time_in_force=condition))
    with pytest.raises(OrderRefused, match="takes no condition"):
        orders.market_by_cost(market(Side.BUY, time_in_force=condition), Decimal(5000))


def test_an_order_at_the_best_price_buys_by_cost_and_sells_by_quantity() -> None:
    buys = orders.at_best(order(), Decimal(5000))
    sells = orders.at_best(order(side=Side.SELL, time_in_force=TimeInForce.FOK), None)
    assert (buys["order_type"], buys["price"], buys["time_in_force"]) == ("best", "5000", "ioc")
    assert (sells["order_type"], sells["volume"], sells["time_in_force"]) == ("best", "0.02", "fok")
    assert "volume" not in buys
    assert "price" not in sells


@pytest.mark.parametrize(
    ("intent", "cost"),
    [
        (order(time_in_force=TimeInForce.GTC), Decimal(5000)),
        (order(), None),
        (order(side=Side.SELL), Decimal(5000)),
    ],
)
def test_an_order_at_the_best_price_that_cannot_be_is_refused(
    intent: PlaceOrder, cost: Decimal | None
) -> None:
    with pytest.raises(OrderRefused, match="at the best price"):
        orders.at_best(intent, cost)


def test_a_limit_order_without_a_price_is_refused() -> None:
    with pytest.raises(OrderRefused, match="needs a price"):
        orders.limit_or_market(order(price=None))


@pytest.mark.parametrize("client_id", ["", "a b", "a.b", "한", "x" * 37, "a\n"])
def test_a_client_id_of_another_form_is_never_sent(client_id: str) -> None:
    with pytest.raises(OrderRefused) as refused:
        orders.limit_or_market(order(client_id=client_id))
    assert refused.value.reason == "client_order_id"


def test_parameters_are_hashed_as_they_are_sent() -> None:
    assert orders.query_of({"a": "b c&d", "e": "f"}) == "a=b%20c%26d&e=f"


@given(
    qty=st.decimals("0.00000001", "1e12", places=8),
    price=st.decimals("0.00000001", "1e12", places=8),
)
def test_numbers_are_written_exactly_and_without_exponent(qty: Decimal, price: Decimal) -> None:
    params = orders.limit_or_market(order(qty=qty, price=price))
    assert Decimal(params["volume"]) == qty
    assert Decimal(params["price"]) == price
    assert "E" not in params["volume"] + params["price"]
