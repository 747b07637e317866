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
from arbitrage.exchanges.okx import orders
from arbitrage.exchanges.okx.auth import RequestSigner
from arbitrage.exchanges.okx.orders import SpotMode
from arbitrage.exchanges.order_gateway import Lane, Request

NOW_MS = 1591702613943
NOW_NS = NOW_MS * 1_000_000
SIGNER = RequestSigner("key", "secret", "pass")
CODE = 10459


def spot_order(**changes: Any) -> PlaceOrder:
    terms: dict[str, Any] = {
        "client_id": "s00000001",
        "venue": "okx",
        "symbol": "BTC-USDT",
        "side": Side.BUY,
        "qty": Decimal("0.010"),
        "price": Decimal("9000.50"),
    }
    return PlaceOrder(**(terms | changes))


def swap_order(**changes: Any) -> PlaceOrder:
    return spot_order(**({"symbol": "BTC-USDT-SWAP", "qty": Decimal("1.0")} | changes))


def market_spot(**changes: Any) -> PlaceOrder:
    return spot_order(order_type=OrderType.MARKET, price=None, **changes)


def market_swap(**changes: Any) -> PlaceOrder:
    return swap_order(order_type=OrderType.MARKET, price=None, **changes)


def placed(order: PlaceOrder, spot: SpotMode = SpotMode.CASH) -> Request:
    return orders.place(SIGNER, spot, order, NOW_NS)


def said(request: Request) -> Any:
    return json.loads(request.body)


def asked(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.target.partition("?")[2], strict_parsing=True))


# --- orders ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time_in_force", "word"),
    [
        (TimeInForce.GTC, "limit"),
        (TimeInForce.IOC, "ioc"),
        (TimeInForce.FOK, "fok"),
        (TimeInForce.POST_ONLY, "post_only"),
    ],
)
def test_a_limit_order_says_all_its_terms(time_in_force: TimeInForce, word: str) -> None:
    terms = {
        "clOrdId": "s00000001",
        "side": "buy",
        "ordType": word,
        "px": "9000.5",
    }

    of_spot = placed(spot_order(time_in_force=time_in_force))
    of_swap = placed(swap_order(time_in_force=time_in_force))

    assert said(of_spot) == terms | {"instId": "BTC-USDT", "sz": "0.01", "tdMode": "cash"}
    assert said(of_swap) == terms | {
        "instId": "BTC-USDT-SWAP",
        "sz": "1",
        "tdMode": "cross",
        "posSide": "net",
    }
    assert {(one.method, one.target) for one in (of_spot, of_swap)} == {
        ("POST", "/api/v5/trade/order")
    }


@pytest.mark.parametrize("time_in_force", [TimeInForce.IOC, TimeInForce.GTC])
def test_a_market_order_of_spot_is_in_base_and_as_large_as_it_says(
    time_in_force: TimeInForce,
) -> None:
    order = said(placed(market_spot(side=Side.SELL, time_in_force=time_in_force)))

    assert (order["ordType"], order["side"], order["sz"]) == ("market", "sell", "0.01")
    assert (order["tgtCcy"], order["banAmend"]) == ("base_ccy", True)
    assert "px" not in order


def test_a_market_order_of_a_swap_has_no_unit_to_choose() -> None:
    order = said(placed(market_swap()))

    assert order["ordType"] == "market"
    assert not {"px", "tgtCcy", "banAmend"} & set(order)


def test_a_spot_market_order_may_go_by_its_cost() -> None:
    request = orders.place_by_cost(SIGNER, SpotMode.CASH, market_spot(), Decimal("90.50"), NOW_NS)

    order = said(request)
    assert (order["sz"], order["tgtCcy"], order["banAmend"]) == ("90.5", "quote_ccy", True)


@pytest.mark.parametrize("order", [market_swap(), spot_order()])
def test_nothing_else_goes_by_its_cost(order: PlaceOrder) -> None:
    with pytest.raises(OrderRefused, match="only market orders of spot"):
        orders.place_by_cost(SIGNER, SpotMode.CASH, order, Decimal(90), NOW_NS)


def test_only_a_swap_has_something_to_reduce() -> None:
    assert said(placed(swap_order(reduce_only=True)))["reduceOnly"] is True
    assert "reduceOnly" not in said(placed(swap_order()))
    assert "reduceOnly" not in said(placed(spot_order(reduce_only=True)))


def test_spot_is_ordered_as_the_accounts_mode_wants() -> None:
    assert said(placed(spot_order(), SpotMode.CROSS))["tdMode"] == "cross"
    assert said(placed(swap_order(), SpotMode.CASH))["tdMode"] == "cross"


def test_small_quantities_are_written_without_exponent() -> None:
    order = said(placed(spot_order(qty=Decimal("3.5E-8"), price=Decimal("1E+5"))))

    assert (order["sz"], order["px"]) == ("0.000000035", "100000")


def test_a_symbol_is_quoted_whatever_it_holds() -> None:
    assert said(placed(spot_order(symbol='币"-USDT')))["instId"] == '币"-USDT'


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
    assert placed(spot_order(purpose=purpose)).lane is lane


@pytest.mark.parametrize("client_id", ["", "x" * 33, "a b", "a-b", "a_b", 'a"', "한", "a\n"])
def test_a_client_id_that_the_venue_refuses_is_not_sent(client_id: str) -> None:
    with pytest.raises(OrderRefused, match="nothing was sent") as caught:
        placed(spot_order(client_id=client_id))

    assert caught.value.reason == "client_id"


def test_a_limit_order_without_a_price_is_not_sent() -> None:
    with pytest.raises(OrderRefused, match="price"):
        placed(spot_order(price=None))


@pytest.mark.parametrize("condition", [TimeInForce.FOK, TimeInForce.POST_ONLY])
def test_a_market_order_with_a_condition_is_not_sent(condition: TimeInForce) -> None:
    with pytest.raises(OrderRefused, match="takes no condition"):
        placed(market_swap(time_in_force=condition))


def test_no_order_is_written_without_a_key() -> None:
    with pytest.raises(ConfigError, match="no API key"):
        orders.place(RequestSigner(), SpotMode.CASH, spot_order(), NOW_NS)


# --- cancels and questions ------------------------------------------------------------------------


def cancel_of(client_id: str = "s00000001") -> CancelOrder:
    return CancelOrder(client_id=client_id, venue="okx", symbol="BTC-USDT")


def test_cancels_have_the_urgent_lane_and_questions_the_accounts() -> None:
    query = QueryOrder(client_id="s00000001", venue="okx", symbol="BTC-USDT")

    assert orders.cancel(SIGNER, cancel_of(), NOW_NS).lane is Lane.URGENT
    assert orders.cancel_all_after(SIGNER, 0, NOW_NS).lane is Lane.URGENT
    assert orders.query(SIGNER, query, NOW_NS).lane is Lane.ACCOUNT


def test_a_batch_weighs_as_much_as_it_cancels() -> None:
    request = orders.cancel_batch(SIGNER, [cancel_of("s1"), cancel_of("s2")], NOW_NS)

    assert said(request) == [{"instId": "BTC-USDT", "clOrdId": name} for name in ("s1", "s2")]
    assert (request.weight, request.lane) == (2, Lane.URGENT)


@pytest.mark.parametrize("count", [0, 21])
def test_a_batch_that_the_venue_refuses_is_not_sent(count: int) -> None:
    with pytest.raises(ConfigError, match=f"{count} cancels"):
        orders.cancel_batch(SIGNER, [cancel_of()] * count, NOW_NS)


@pytest.mark.parametrize("seconds", [0, 10, 120])
def test_the_dead_mans_switch_is_set_in_seconds(seconds: int) -> None:
    assert said(orders.cancel_all_after(SIGNER, seconds, NOW_NS)) == {"timeOut": str(seconds)}


@pytest.mark.parametrize("seconds", [-1, 9, 121])
def test_a_switch_that_the_venue_refuses_is_not_sent(seconds: int) -> None:
    with pytest.raises(ConfigError, match="cancel all after"):
        orders.cancel_all_after(SIGNER, seconds, NOW_NS)


def test_open_orders_are_asked_for_by_page() -> None:
    target = "/api/v5/trade/orders-pending"

    assert orders.open_orders(SIGNER, "", NOW_NS).target == target
    assert asked(orders.open_orders(SIGNER, "BTC-USDT", NOW_NS)) == {"instId": "BTC-USDT"}
    assert asked(orders.open_orders(SIGNER, "", NOW_NS, "12")) == {"after": "12"}


@pytest.mark.parametrize(("symbol", "kind"), [("BTC-USDT", "SPOT"), ("BTC-USDT-SWAP", "SWAP")])
def test_history_is_asked_for_since_a_moment(symbol: str, kind: str) -> None:
    for ask, path in ((orders.fills, "fills"), (orders.closed_orders, "orders-history")):
        request = ask(SIGNER, symbol, NOW_NS - 999_999, NOW_NS)

        expected = {"instId": symbol, "instType": kind, "begin": str(NOW_MS - 1)}
        assert asked(request) == expected
        assert request.target.startswith(f"/api/v5/trade/{path}?")


# --- an independent client ------------------------------------------------------------------------

SPOT, SWAP = "BTC/USDT", "BTC/USDT:USDT"
NAME = {"clientOrderId": "s00000001"}
NET = NAME | {"positionSide": "net"}
AS_IT_SAYS = NAME | {"banAmend": True}


def as_sent(request: Request) -> tuple[str, str, dict[str, str], bytes]:
    return request.method, request.target, dict(request.headers), request.body


@pytest.mark.parametrize(
    ("order", "args"),
    [
        (
            swap_order(time_in_force=TimeInForce.GTC),
            (SWAP, "limit", "buy", 1, 9000.5, NET | {"timeInForce": "GTC"}),
        ),
        (swap_order(), (SWAP, "limit", "buy", 1, 9000.5, NET | {"timeInForce": "IOC"})),
        (
            swap_order(side=Side.SELL, time_in_force=TimeInForce.FOK, reduce_only=True),
            (SWAP, "limit", "sell", 1, 9000.5, NET | {"timeInForce": "FOK", "reduceOnly": True}),
        ),
        (
            swap_order(time_in_force=TimeInForce.POST_ONLY),
            (SWAP, "limit", "buy", 1, 9000.5, NET | {"postOnly": True}),
        ),
        (market_swap(side=Side.SELL), (SWAP, "market", "sell", 1, None, NET)),
        (
            market_swap(reduce_only=True),
            (SWAP, "market", "buy", 1, None, NET | {"reduceOnly": True}),
        ),
        (market_spot(), (SPOT, "market", "buy", 0.01, None, AS_IT_SAYS)),
        (market_spot(side=Side.SELL), (SPOT, "market", "sell", 0.01, None, AS_IT_SAYS)),
    ],
)
def test_ccxt_signs_the_same_order(
    order: PlaceOrder, args: Any, stranger: Callable[..., Any]
) -> None:
    ours, theirs = placed(order), stranger("create_order", *args)

    assert as_sent(ours) == theirs


def test_ccxt_signs_the_same_order_by_cost(stranger: Callable[..., Any]) -> None:
    by_cost = AS_IT_SAYS | {"tgtCcy": "quote_ccy", "cost": 100.5}

    ours = orders.place_by_cost(SIGNER, SpotMode.CASH, market_spot(), Decimal("100.5"), NOW_NS)
    theirs = stranger("create_order", SPOT, "market", "buy", 1, None, by_cost)

    assert as_sent(ours) == theirs


@pytest.mark.parametrize(
    ("time_in_force", "option"),
    [
        (TimeInForce.GTC, {}),
        (TimeInForce.IOC, {"timeInForce": "IOC"}),
        (TimeInForce.POST_ONLY, {"postOnly": True}),
    ],
)
def test_ccxt_writes_the_same_limit_order_of_spot_but_for_a_unit_that_has_no_meaning(
    time_in_force: TimeInForce, option: dict[str, Any], stranger: Callable[..., Any]
) -> None:
    theirs = stranger("create_order", SPOT, "limit", "buy", 0.01, 9000.5, NAME | option)

    ours = placed(spot_order(time_in_force=time_in_force))

    assert ours.body == theirs.body.replace(b'"tgtCcy":"base_ccy",', b"")


def test_ccxt_signs_the_same_questions(stranger: Callable[..., Any]) -> None:
    of_ours = {"client_id": "s00000001", "venue": "okx", "symbol": "BTC-USDT"}
    by_id = ("", SPOT, NAME)
    since = {"instId": "BTC-USDT", "instType": "SPOT", "begin": NOW_MS}
    pairs = [
        (orders.cancel(SIGNER, cancel_of(), NOW_NS), "cancel_order", by_id),
        (
            orders.cancel_batch(SIGNER, [cancel_of("s1"), cancel_of("s2")], NOW_NS),
            "cancel_orders",
            ([], SPOT, {"clientOrderId": ["s1", "s2"]}),
        ),
        (orders.query(SIGNER, QueryOrder(**of_ours), NOW_NS), "fetch_order", by_id),
        (orders.open_orders(SIGNER, "BTC-USDT", NOW_NS), "fetch_open_orders", (SPOT,)),
        (orders.fills(SIGNER, "BTC-USDT", NOW_NS, NOW_NS), "privateGetTradeFills", (since,)),
        (
            orders.closed_orders(SIGNER, "BTC-USDT", NOW_NS, NOW_NS),
            "privateGetTradeOrdersHistory",
            (since,),
        ),
        (
            orders.cancel_all_after(SIGNER, 60, NOW_NS),
            "privatePostTradeCancelAllAfter",
            ({"timeOut": "60"},),
        ),
    ]
    for ours, name, args in pairs:
        assert as_sent(ours) == stranger(name, *args)
