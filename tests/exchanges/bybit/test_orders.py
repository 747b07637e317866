"""Our requests, and that an independent client signs the very same bytes."""

import json
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
from arbitrage.exchanges.bybit import orders
from arbitrage.exchanges.bybit.auth import RequestSigner
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.order_gateway import Lane, Request

SPOT, LINEAR = Category.SPOT, Category.LINEAR
NOW_MS = 1591702613943
NOW_NS = NOW_MS * 1_000_000
SIGNER = RequestSigner("key", "secret")
OF_OURS = {"client_id": "s00000001", "venue": "bybit", "symbol": "BTCUSDT"}


def limit_order(**changes: Any) -> PlaceOrder:
    terms: dict[str, Any] = {
        **OF_OURS,
        "side": Side.BUY,
        "qty": Decimal("0.010"),
        "price": Decimal("9000.50"),
    }
    return PlaceOrder(**(terms | changes))


def market_order(**changes: Any) -> PlaceOrder:
    return limit_order(order_type=OrderType.MARKET, price=None, **changes)


def said(intent: PlaceOrder, category: Category = LINEAR) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(orders.place(SIGNER, category, intent, NOW_NS).body)
    return body


def parameters(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.target.partition("?")[2], strict_parsing=True))


@pytest.mark.parametrize(
    ("time_in_force", "word"),
    [
        (TimeInForce.GTC, "GTC"),
        (TimeInForce.IOC, "IOC"),
        (TimeInForce.FOK, "FOK"),
        (TimeInForce.POST_ONLY, "PostOnly"),
    ],
)
@pytest.mark.parametrize("category", Category)
def test_a_limit_order_says_all_its_terms(
    category: Category, time_in_force: TimeInForce, word: str
) -> None:
    assert said(limit_order(time_in_force=time_in_force), category) == {
        "category": category.value,
        "symbol": "BTCUSDT",
        "side": "Buy",
        "orderType": "Limit",
        "timeInForce": word,
        "orderLinkId": "s00000001",
        "price": "9000.5",
        "qty": "0.01",
    }


@pytest.mark.parametrize("category", Category)
def test_a_market_order_has_neither_price_nor_time_in_force(category: Category) -> None:
    terms = said(market_order(side=Side.SELL), category)

    assert (terms["orderType"], terms["side"], terms["qty"]) == ("Market", "Sell", "0.01")
    assert not {"price", "timeInForce"} & set(terms)


def test_a_spot_market_order_says_that_it_goes_by_quantity() -> None:
    assert said(market_order(), SPOT)["marketUnit"] == "baseCoin"
    assert "marketUnit" not in said(market_order(), LINEAR)


def test_a_spot_market_order_by_cost_says_so() -> None:
    request = orders.place_by_cost(SIGNER, market_order(), Decimal("1E+2"), NOW_NS)

    terms = json.loads(request.body)
    assert (terms["marketUnit"], terms["qty"], terms["category"]) == ("quoteCoin", "100", "spot")


def test_only_market_orders_go_by_cost() -> None:
    with pytest.raises(OrderRefused, match="nothing was sent") as caught:
        orders.place_by_cost(SIGNER, limit_order(), Decimal(100), NOW_NS)

    assert caught.value.reason == "cost"


@pytest.mark.parametrize("condition", [TimeInForce.FOK, TimeInForce.POST_ONLY])
def test_a_market_order_takes_no_condition(condition: TimeInForce) -> None:
    with pytest.raises(OrderRefused, match="takes no condition"):
        said(market_order(time_in_force=condition))


@pytest.mark.parametrize(
    ("category", "is_reducing", "word"),
    [(LINEAR, True, True), (LINEAR, False, None), (SPOT, True, None), (SPOT, False, None)],
)
def test_reduce_only_is_said_only_where_it_means_something(
    category: Category, is_reducing: bool, word: bool | None
) -> None:
    assert said(limit_order(reduce_only=is_reducing), category).get("reduceOnly") is word


def test_small_quantities_are_written_without_exponent() -> None:
    terms = said(limit_order(qty=Decimal("3.5E-8"), price=Decimal("1E+5")))

    assert (terms["qty"], terms["price"]) == ("0.000000035", "100000")


def test_no_symbol_can_write_terms_of_its_own() -> None:
    symbol = '测试","qty":"9'

    assert said(limit_order(symbol=symbol))["symbol"] == symbol
    cancel = orders.cancel(SIGNER, LINEAR, CancelOrder(**(OF_OURS | {"symbol": symbol})), NOW_NS)
    assert json.loads(cancel.body)["symbol"] == symbol
    query = orders.open_orders(SIGNER, LINEAR, "A&limit=9", NOW_NS)
    assert parameters(query)["symbol"] == "A&limit=9"


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
    assert orders.place(SIGNER, LINEAR, limit_order(purpose=purpose), NOW_NS).lane is lane


@pytest.mark.parametrize("client_id", ["", "x" * 37, "a b", 'a","qty":"9', "한", "a\n", "a.b"])
def test_a_client_id_that_the_venue_refuses_is_not_sent(client_id: str) -> None:
    with pytest.raises(OrderRefused, match="nothing was sent") as caught:
        said(limit_order(client_id=client_id))

    assert caught.value.reason == "client_id"


def test_a_limit_order_without_a_price_is_not_sent() -> None:
    with pytest.raises(OrderRefused, match="bybit-spot BTCUSDT order 's00000001': price"):
        said(limit_order(price=None), SPOT)


def test_no_order_is_written_without_a_key() -> None:
    with pytest.raises(ConfigError, match="no API key"):
        orders.place(RequestSigner("", ""), LINEAR, limit_order(), NOW_NS)


def test_cancels_have_the_urgent_lane_and_questions_the_accounts() -> None:
    query = orders.query(SIGNER, LINEAR, QueryOrder(**OF_OURS), orders.HISTORY_PATH, NOW_NS)

    assert orders.cancel(SIGNER, LINEAR, CancelOrder(**OF_OURS), NOW_NS).lane is Lane.URGENT
    assert orders.cancel_all(SIGNER, LINEAR, "BTCUSDT", NOW_NS).lane is Lane.URGENT
    assert (query.method, query.lane) == ("GET", Lane.ACCOUNT)


def test_executions_are_asked_for_since_a_moment_and_page_by_page() -> None:
    since_ns = NOW_NS - 999_999
    first = orders.executions(SIGNER, LINEAR, "BTCUSDT", since_ns, NOW_NS)
    second = orders.executions(SIGNER, LINEAR, "BTCUSDT", since_ns, NOW_NS, "13%3A2")

    assert parameters(first)["startTime"] == str(NOW_MS - 1)
    assert second.target == f"{first.target}&cursor=13%3A2"


# --- an independent client ------------------------------------------------------------------------

SYMBOLS = {SPOT: "BTC/USDT", LINEAR: "BTC/USDT:USDT"}
OPTION = {"clientOrderId": "s00000001"}


def same(ours: Request, theirs: Any) -> bool:
    """Whether the other client sends the same bytes; it adds the header of its broker."""
    return (ours.method, ours.target, ours.body) == (
        theirs.method,
        theirs.target,
        theirs.body,
    ) and ours.headers.items() <= theirs.headers.items()


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize(
    ("intent", "args"),
    [
        (
            limit_order(time_in_force=TimeInForce.GTC),
            ("limit", "buy", 0.01, 9000.5, OPTION | {"timeInForce": "GTC"}),
        ),
        (limit_order(), ("limit", "buy", 0.01, 9000.5, OPTION | {"timeInForce": "IOC"})),
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
    intent: PlaceOrder, args: Any, category: Category, stranger: Callable[..., Any]
) -> None:
    theirs = stranger("create_order", SYMBOLS[category], *args)

    assert same(orders.place(SIGNER, category, intent, NOW_NS), theirs)


def test_ccxt_signs_the_same_reducing_order(stranger: Callable[..., Any]) -> None:
    intent = limit_order(reduce_only=True)
    args = ("limit", "buy", 0.01, 9000.5, OPTION | {"timeInForce": "IOC", "reduceOnly": True})

    assert same(
        orders.place(SIGNER, LINEAR, intent, NOW_NS),
        stranger("create_order", SYMBOLS[LINEAR], *args),
    )


def test_ccxt_sends_the_same_order_by_cost_but_for_the_default_we_spell_out(
    stranger: Callable[..., Any],
) -> None:
    theirs = stranger("create_market_buy_order_with_cost", SYMBOLS[SPOT], 100, OPTION)
    ours = orders.place_by_cost(SIGNER, market_order(), Decimal(100), NOW_NS)

    assert ours.body.replace(b'"marketUnit":"quoteCoin",', b"") == theirs.body


@pytest.mark.parametrize("category", Category)
def test_ccxt_signs_the_same_cancels_and_questions(
    category: Category, stranger: Callable[..., Any]
) -> None:
    symbol, by_id = SYMBOLS[category], {"orderLinkId": "s00000001"}
    market = {"symbol": "BTCUSDT", "category": category.value}
    cancel = orders.cancel(SIGNER, category, CancelOrder(**OF_OURS), NOW_NS)
    cancel_all = orders.cancel_all(SIGNER, category, "BTCUSDT", NOW_NS)
    listed = orders.open_orders(SIGNER, category, "BTCUSDT", NOW_NS)
    realtime, history = (
        orders.query(SIGNER, category, QueryOrder(**OF_OURS), path, NOW_NS)
        for path in (orders.REALTIME_PATH, orders.HISTORY_PATH)
    )
    fills = orders.executions(SIGNER, category, "BTCUSDT", NOW_NS - 10**9, NOW_NS)
    since = {"limit": 100, "startTime": NOW_MS - 1000}

    assert same(cancel, stranger("cancel_order", None, symbol, by_id))
    assert same(cancel_all, stranger("cancel_all_orders", symbol))
    assert same(listed, stranger("fetch_open_orders", symbol, None, 50))
    assert same(realtime, stranger("privateGetV5OrderRealtime", market | by_id))
    assert same(history, stranger("privateGetV5OrderHistory", market | by_id))
    assert same(fills, stranger("privateGetV5ExecutionList", market | since))


@pytest.mark.parametrize("category", Category)
def test_closed_orders_are_asked_for_from_a_time_on(category: Category) -> None:
    request = orders.closed_since(SIGNER, category, "BTCUSDT", NOW_NS - 5 * 10**9, NOW_NS)

    assert (request.target.partition("?")[0], request.lane) == ("/v5/order/history", Lane.ACCOUNT)
    assert parameters(request) == {
        "symbol": "BTCUSDT",
        "category": category.value,
        "limit": "50",
        "startTime": str(NOW_MS - 5_000),
    }
