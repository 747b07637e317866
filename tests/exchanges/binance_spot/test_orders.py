"""Our requests, and that an independent client signs the very same bytes."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest

from arbitrage.domain.errors import ConfigError, OrderRefused
from arbitrage.domain.intents import (
    CancelOrder,
    OrderType,
    PlaceOrder,
    Purpose,
    QueryOrder,
    TimeInForce,
)
from arbitrage.domain.sides import Side
from arbitrage.exchanges.binance_spot import orders
from arbitrage.exchanges.binance_spot.auth import RequestSigner
from arbitrage.exchanges.order_gateway import Lane, Request

NOW_MS = 1591702613943
NOW_NS = NOW_MS * 1_000_000
SIGNER = RequestSigner("key", "secret", 10_000)


def limit_order(**changes: Any) -> PlaceOrder:
    terms: dict[str, Any] = {
        "client_id": "s00000001",
        "venue": "binance-spot",
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "qty": Decimal("0.010"),
        "price": Decimal("9000.50"),
    }
    return PlaceOrder(**(terms | changes))


def market_order(**changes: Any) -> PlaceOrder:
    return limit_order(order_type=OrderType.MARKET, price=None, **changes)


def parameters(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.target.partition("?")[2], strict_parsing=True))


@pytest.mark.parametrize(
    ("time_in_force", "word"),
    [(TimeInForce.GTC, "GTC"), (TimeInForce.IOC, "IOC"), (TimeInForce.FOK, "FOK")],
)
def test_a_limit_order_says_all_its_terms(time_in_force: TimeInForce, word: str) -> None:
    request = orders.place(SIGNER, limit_order(time_in_force=time_in_force), NOW_NS)

    said = parameters(request)
    assert said.pop("signature")
    assert said == {
        "timestamp": str(NOW_MS),
        "symbol": "BTCUSDT",
        "side": "BUY",
        "newClientOrderId": "s00000001",
        "newOrderRespType": "FULL",
        "type": "LIMIT",
        "quantity": "0.01",
        "price": "9000.5",
        "timeInForce": word,
        "recvWindow": "10000",
    }
    assert (request.method, request.body) == ("POST", b"")


def test_a_post_only_order_is_a_type_of_its_own() -> None:
    said = parameters(
        orders.place(SIGNER, limit_order(time_in_force=TimeInForce.POST_ONLY), NOW_NS)
    )

    assert (said["type"], said["price"]) == ("LIMIT_MAKER", "9000.5")
    assert "timeInForce" not in said


@pytest.mark.parametrize("lasting", [TimeInForce.IOC, TimeInForce.GTC])
def test_a_market_order_has_neither_price_nor_time_in_force(lasting: TimeInForce) -> None:
    order = market_order(side=Side.SELL, time_in_force=lasting)

    said = parameters(orders.place(SIGNER, order, NOW_NS))

    assert (said["type"], said["side"], said["quantity"]) == ("MARKET", "SELL", "0.01")
    assert not {"price", "timeInForce"} & set(said)


def test_a_market_order_by_cost_says_no_quantity() -> None:
    said = parameters(orders.place(SIGNER, market_order(), NOW_NS, Decimal("100.50")))

    assert said["quoteOrderQty"] == "100.5"
    assert "quantity" not in said


def test_a_limit_order_does_not_go_by_cost() -> None:
    with pytest.raises(OrderRefused, match="goes by quantity"):
        orders.place(SIGNER, limit_order(), NOW_NS, Decimal(100))


@pytest.mark.parametrize("condition", [TimeInForce.FOK, TimeInForce.POST_ONLY])
def test_a_market_order_takes_no_condition(condition: TimeInForce) -> None:
    with pytest.raises(OrderRefused, match="no condition"):
        orders.place(SIGNER, market_order(time_in_force=condition), NOW_NS)


def test_a_test_order_differs_by_its_path_alone() -> None:
    real = orders.place(SIGNER, limit_order(), NOW_NS)
    test = orders.place_test(SIGNER, limit_order(), NOW_NS)

    assert test.target == real.target.replace("/api/v3/order?", "/api/v3/order/test?")


def test_small_quantities_are_written_without_exponent() -> None:
    order = limit_order(qty=Decimal("3.5E-8"), price=Decimal("1E+5"))

    said = parameters(orders.place(SIGNER, order, NOW_NS))

    assert (said["quantity"], said["price"]) == ("0.000000035", "100000")


def test_a_symbol_in_chinese_is_percent_encoded() -> None:
    request = orders.place(SIGNER, limit_order(symbol="测试USDT"), NOW_NS)

    assert "symbol=%E6%B5%8B%E8%AF%95USDT&" in request.target


@pytest.mark.parametrize(
    ("purpose", "lane"),
    [
        (Purpose.ENTRY, Lane.ENTRY),
        (Purpose.MANUAL, Lane.ENTRY),
        (Purpose.EXIT, Lane.URGENT),
        (Purpose.HEDGE, Lane.URGENT),
        (Purpose.REVERSE, Lane.URGENT),
    ],
)
def test_only_what_opens_a_trade_takes_the_lane_of_entries(purpose: Purpose, lane: Lane) -> None:
    assert orders.place(SIGNER, limit_order(purpose=purpose), NOW_NS).lane is lane


@pytest.mark.parametrize("client_id", ["", "x" * 37, "a b", "a&price=1", "a.b", "한", "a\n"])
def test_a_client_id_that_the_venue_refuses_is_not_sent(client_id: str) -> None:
    with pytest.raises(OrderRefused, match="nothing was sent") as caught:
        orders.place(SIGNER, limit_order(client_id=client_id), NOW_NS)

    assert caught.value.reason == "client_id"


def test_a_limit_order_without_a_price_is_not_sent() -> None:
    with pytest.raises(OrderRefused, match="price"):
        orders.place(SIGNER, limit_order(price=None), NOW_NS)


def test_no_order_is_written_without_a_key() -> None:
    with pytest.raises(ConfigError, match="no API key"):
        orders.place(RequestSigner("", ""), limit_order(), NOW_NS)


def test_cancels_have_the_urgent_lane_and_questions_the_accounts() -> None:
    cancel = orders.cancel(SIGNER, CancelOrder(client_id="s1", venue="v", symbol="X"), NOW_NS)
    query = orders.query(SIGNER, QueryOrder(client_id="s1", venue="v", symbol="X"), NOW_NS)

    assert (cancel.method, cancel.lane, cancel.weight) == ("DELETE", Lane.URGENT, 1)
    assert (query.method, query.lane, query.weight) == ("GET", Lane.ACCOUNT, 4)
    assert orders.cancel_all(SIGNER, "X", NOW_NS).lane is Lane.URGENT
    assert orders.open_orders(SIGNER, "X", NOW_NS).weight == 6


def test_fills_are_asked_for_since_a_moment() -> None:
    request = orders.fills(SIGNER, "BTCUSDT", NOW_NS - 999_999, NOW_NS)

    said = parameters(request)
    assert (said["startTime"], said["limit"]) == (str(NOW_MS - 1), "1000")
    assert request.weight == 20


# --- an independent client ------------------------------------------------------------------------

SYMBOL = "BTC/USDT"
OPTION = {"clientOrderId": "s00000001"}


@pytest.mark.parametrize(
    ("intent", "args"),
    [
        (
            limit_order(time_in_force=TimeInForce.GTC),
            ("limit", "buy", 0.01, 9000.5, OPTION | {"timeInForce": "GTC"}),
        ),
        (
            limit_order(),
            ("limit", "buy", 0.01, 9000.5, OPTION | {"timeInForce": "IOC"}),
        ),
        (
            limit_order(side=Side.SELL, time_in_force=TimeInForce.FOK),
            ("limit", "sell", 0.01, 9000.5, OPTION | {"timeInForce": "FOK"}),
        ),
        (
            limit_order(time_in_force=TimeInForce.POST_ONLY),
            ("limit", "buy", 0.01, 9000.5, OPTION | {"postOnly": True}),
        ),
        (market_order(side=Side.SELL), ("market", "sell", 0.01, None, OPTION)),
        (market_order(), ("market", "buy", 0.01, None, OPTION)),
    ],
)
def test_ccxt_signs_the_same_order(
    intent: PlaceOrder, args: Any, stranger: Callable[..., Any]
) -> None:
    ours, theirs = orders.place(SIGNER, intent, NOW_NS), stranger("create_order", SYMBOL, *args)

    assert (ours.method, ours.target) == (theirs.method, f"{theirs.path}?{theirs.query}")
    assert ours.headers.items() <= theirs.headers.items()


def test_ccxt_signs_the_same_order_by_cost_and_the_same_test(
    stranger: Callable[..., Any],
) -> None:
    by_cost = (SYMBOL, "market", "buy", None, None, OPTION | {"cost": 100})
    test = (SYMBOL, "market", "sell", 0.01, None, OPTION | {"test": True})
    pairs = [
        (orders.place(SIGNER, market_order(), NOW_NS, Decimal(100)), by_cost),
        (orders.place_test(SIGNER, market_order(side=Side.SELL), NOW_NS), test),
    ]
    for ours, args in pairs:
        theirs = stranger("create_order", *args)
        assert (ours.method, ours.target) == (theirs.method, f"{theirs.path}?{theirs.query}")


def test_ccxt_signs_the_same_questions(stranger: Callable[..., Any]) -> None:
    by_id = ("", SYMBOL, OPTION)
    of_ours = {"client_id": "s00000001", "venue": "binance-spot", "symbol": "BTCUSDT"}
    since = (SYMBOL, NOW_MS, None, {"limit": 1000})
    pairs = [
        (orders.cancel(SIGNER, CancelOrder(**of_ours), NOW_NS), "cancel_order", by_id),
        (orders.query(SIGNER, QueryOrder(**of_ours), NOW_NS), "fetch_order", by_id),
        (orders.open_orders(SIGNER, "BTCUSDT", NOW_NS), "fetch_open_orders", (SYMBOL,)),
        (orders.cancel_all(SIGNER, "BTCUSDT", NOW_NS), "cancel_all_orders", (SYMBOL,)),
        (orders.fills(SIGNER, "BTCUSDT", NOW_NS, NOW_NS), "fetch_my_trades", since),
        (orders.all_orders(SIGNER, "BTCUSDT", NOW_NS, NOW_NS), "fetch_orders", since),
    ]
    for ours, name, args in pairs:
        theirs = stranger(name, *args)
        assert (ours.method, ours.target) == (theirs.method, f"{theirs.path}?{theirs.query}")
