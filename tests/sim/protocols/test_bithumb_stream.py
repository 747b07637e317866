"""Streams of the Bithumb simulator over a websocket."""

import json
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from sim_bithumb import NOW_MS, NOW_NS, Visit, limit, pass_trade, show, token, visit

from arbitrage.domain.sides import Side

Socket = ClientWebSocketResponse
PRIVATE = "/v2/private"


async def ask(ws: Socket, *parts: Any, form: str | None = None) -> None:
    request = [{"ticket": "x"}, *parts, *([{"format": form}] if form else [])]
    await ws.send_str(json.dumps(request))


async def heard(ws: Socket) -> Any:
    message = await ws.receive()
    assert message.type is WSMsgType.BINARY
    return json.loads(message.data)


async def settled(ws: Socket) -> None:
    """Wait until what was asked before has been taken in."""
    await ws.ping()
    assert (await ws.receive()).type is WSMsgType.PONG


def test_a_book_has_fifteen_levels_and_microseconds() -> None:
    async def client(it: Visit) -> None:
        async with it.stream() as ws:
            await ask(ws, {"type": "orderbook", "codes": ["KRW-BTC.30"]})
            message = await ws.receive()
            assert b'"ask_price":100001000,' in message.data
            first = json.loads(message.data)
            assert (first["stream_type"], first["timestamp"]) == ("SNAPSHOT", NOW_NS // 1000)
            assert len(first["orderbook_units"]) == 15
            show(it.core, bids=[(99_000_000.0, 2.0)])
            second = await heard(ws)
            assert second["stream_type"] == "REALTIME"
            assert second["orderbook_units"][0]["bid_price"] == 99_000_000

    visit(client)


def test_flags_are_heard_in_camel_case_alone() -> None:
    async def client(it: Visit) -> None:
        pass_trade(it.core, 100_001_000.0, 0.5, Side.BUY)
        async with it.stream() as ws:
            await ask(ws, {"type": "trade", "codes": ["KRW-BTC"], "is_only_realtime": True})
            assert (await heard(ws))["stream_type"] == "SNAPSHOT"
            await ask(ws, {"type": "trade", "codes": ["KRW-BTC"], "isOnlyRealtime": True})
            await settled(ws)

    visit(client)


def test_tickers_come_with_true_stamps_in_long_and_short_names() -> None:
    async def client(it: Visit) -> None:
        async with it.stream() as ws:
            await ask(ws, {"type": "ticker", "codes": ["KRW-BTC"]}, form="SIMPLE")
            ticker = await heard(ws)
            assert (ticker["ty"], ticker["tms"], ticker["tdt"]) == ("ticker", NOW_MS, "20261118")

    visit(client)


@pytest.mark.parametrize("authorization", [None, token(timestamp=1), token(secret="wrong")])
def test_the_private_stream_wants_a_fresh_token(authorization: str | None) -> None:
    async def client(it: Visit) -> None:
        async with it.stream(PRIVATE, authorization) as ws:
            await ask(ws, {"type": "myOrder"})
            assert (await heard(ws))["error"]["name"] == "INVALID_AUTH"

    visit(client)


def test_an_orders_life_is_told_without_what_is_not_there() -> None:
    async def client(it: Visit) -> None:
        async with it.stream(PRIVATE, token()) as ws:
            await ask(ws, {"type": "myOrder"})
            await settled(ws)
            order = await it.placed(price="100001000", volume="0.8", client_order_id="mine")
            await it.signed("DELETE", "/v2/order", {"order_id": order["order_id"]})
            wait, trade, cancel = [await heard(ws) for _ in range(3)]
        assert [each["state"] for each in (wait, trade, cancel)] == ["wait", "trade", "cancel"]
        assert {each["order_id"] for each in (wait, trade, cancel)} == {order["order_id"]}
        assert wait == {
            "type": "myOrder",
            "code": "KRW-BTC",
            "order_id": order["order_id"],
            "client_order_id": "mine",
            "side": "buy",
            "order_type": "limit",
            "state": "wait",
            "order_price": 100_001_000,
            "order_quantity": 0.8,
            "order_amount": 80_000_800,
            "order_timestamp": NOW_MS,
            "timestamp": NOW_MS,
            "stream_type": "REALTIME",
        }
        assert (trade["trade_price"], trade["trade_quantity"]) == (100_001_000, 0.5)
        assert (trade["executed_amount"], trade["paid_fee"]) == (50_000_500, 20_000.2)
        assert (cancel["cancel_type"], cancel["executed_quantity"]) == ("user", 0.5)
        assert (cancel["remaining_quantity"], cancel["remaining_fee"]) == (0.3, 0)

    visit(client)


def test_market_orders_have_no_price_and_by_cost_no_quantity() -> None:
    async def client(it: Visit) -> None:
        async with it.stream(PRIVATE, token()) as ws:
            await ask(ws, {"type": "myOrder", "codes": []})
            await settled(ws)
            body = {"market": "KRW-BTC", "side": "bid", "order_type": "price", "price": "10000000"}
            await it.signed("POST", "/v2/orders", body)
            told = [await heard(ws) for _ in range(3)]
        assert [each["state"] for each in told] == ["wait", "trade", "done"]
        assert [told[2][f"order_{name}"] for name in ("price", "quantity", "amount")] == [
            0,
            0,
            10_000_000,
        ]
        assert told[2]["remaining_quantity"] == 0

    visit(client)


def test_what_met_itself_says_whom_it_met() -> None:
    async def client(it: Visit) -> None:
        show(it.core, bids=[(99_000_000.0, 1.0)])
        async with it.stream(PRIVATE, token()) as ws:
            await ask(ws, {"type": "myOrder"}, form="SIMPLE")
            await settled(ws)
            maker = await it.placed(price="100000000", volume="0.3")
            await it.signed("POST", "/v2/orders", limit("ask", "100000000", "0.1"))
            states = [await heard(ws) for _ in range(3)]
        assert [(each["sd"], each["s"]) for each in states] == [
            ("buy", "wait"),
            ("sell", "wait"),
            ("sell", "cancel"),
        ]
        assert (states[2]["ct"], states[2]["cnoid"]) == ("stp_cancel", maker["order_id"])

    visit(client)


def test_balances_that_change_together_are_told_together_as_text() -> None:
    async def client(it: Visit) -> None:
        async with it.stream(PRIVATE, token()) as ws:
            await ask(ws, {"type": "myAsset"})
            await settled(ws)
            await it.placed(price="100001000", volume="0.5")
            told = await heard(ws)
        assets = {asset["currency"]: asset for asset in told["assets"]}
        assert assets["BTC"] == {"currency": "BTC", "balance": "10.5", "locked": "0"}
        assert assets["KRW"]["balance"] == "249979499.8"

    visit(client)
