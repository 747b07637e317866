"""Streams of the Upbit simulator over a websocket."""

import json
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from sim_upbit import Visit, limit, pass_trade, show, token, visit

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols import korean_stream

Socket = ClientWebSocketResponse


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


BOOK = {"type": "orderbook", "codes": ["KRW-BTC.1"]}


def test_a_book_is_a_snapshot_and_then_whole_books_in_binary_frames() -> None:
    async def client(it: Visit) -> None:
        async with it.stream() as ws:
            await ask(ws, BOOK)
            message = await ws.receive()
            assert message.type is WSMsgType.BINARY
            assert b'"ask_price":1.00001E8' in message.data
            first = json.loads(message.data)
            assert (first["type"], first["stream_type"], first["level"]) == (
                "orderbook",
                "SNAPSHOT",
                0.0,
            )
            show(it.core, bids=[(99_000_000.0, 2.0)])
            second = await heard(ws)
            assert second["stream_type"] == "REALTIME"
            assert second["orderbook_units"][0]["bid_price"] == 99_000_000

    visit(client)


@pytest.mark.parametrize("form", ["DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST"])
def test_every_format_says_the_same(form: str) -> None:
    async def client(it: Visit) -> None:
        async with it.stream() as ws:
            await ask(ws, BOOK, form=form)
            frame = await heard(ws)
            if form.endswith("LIST"):
                (frame,) = frame
            unit = frame["obu" if form.startswith("SIMPLE") else "orderbook_units"][0]
            assert unit["ap" if form.startswith("SIMPLE") else "ask_price"] == 100_001_000

    visit(client)


def test_flags_choose_between_snapshot_and_what_follows() -> None:
    async def client(it: Visit) -> None:
        pass_trade(it.core, 100_001_000.0, 0.5, Side.BUY)
        async with it.stream() as ws:
            await ask(
                ws,
                {"type": "trade", "codes": ["KRW-BTC"], "is_only_snapshot": True},
                {"type": "ticker", "codes": ["KRW-BTC"], "is_only_realtime": True},
            )
            trade = await heard(ws)
            assert (trade["type"], trade["stream_type"]) == ("trade", "SNAPSHOT")
            pass_trade(it.core, 100_002_000.0, 0.5, Side.BUY)
            ticker = await heard(ws)
            assert (ticker["type"], ticker["stream_type"]) == ("ticker", "REALTIME")
            assert ticker["trade_price"] == 100_002_000

    visit(client)


def test_trades_and_tickers_have_short_names_too() -> None:
    async def client(it: Visit) -> None:
        async with it.stream() as ws:
            kinds = ("trade", "ticker")
            await ask(ws, *({"type": kind, "codes": ["KRW-BTC"]} for kind in kinds), form="SIMPLE")
            snapshot = await heard(ws)
            assert (snapshot["ty"], snapshot["tp"], snapshot["st"]) == (
                "ticker",
                100_000_000,
                "SNAPSHOT",
            )
            pass_trade(it.core, 100_002_000.0, 0.5, Side.SELL)
            trade, ticker = await heard(ws), await heard(ws)
            assert (trade["td"], trade["ab"], trade["tv"]) == ("2026-11-18", "ASK", 0.5)
            assert (ticker["tdt"], ticker["atv24h"]) == ("20261118", 0.5)

    visit(client)


def test_a_second_request_replaces_the_first() -> None:
    async def client(it: Visit) -> None:
        async with it.stream() as ws:
            await ask(ws, BOOK)
            await heard(ws)
            await ask(ws, {"type": "trade", "codes": ["KRW-BTC"]})
            await settled(ws)
            show(it.core)
            pass_trade(it.core, 100_001_000.0, 0.5, Side.BUY)
            assert (await heard(ws))["type"] == "trade"

    visit(client)


def test_codes_that_nobody_lists_and_small_letters_are_silence() -> None:
    async def client(it: Visit) -> None:
        async with it.stream() as ws:
            codes = ["KRW-NOPE", "krw-btc", "KRW-ETH"]
            await ask(ws, {"type": "orderbook", "codes": codes}, {"type": "trade", "codes": codes})
            show(it.core)
            await settled(ws)

    visit(client)


def test_subscriptions_are_told_when_asked_for() -> None:
    async def client(it: Visit) -> None:
        async with it.stream() as ws:
            await ask(ws, {"method": "LIST_SUBSCRIPTIONS"})
            assert (await heard(ws))["result"] == []
            await ask(ws, {"type": "trade", "codes": ["KRW-BTC"]})
            await ask(ws, {"method": "LIST_SUBSCRIPTIONS"})
            assert await heard(ws) == {
                "method": "LIST_SUBSCRIPTIONS",
                "result": [{"type": "trade", "codes": ["KRW-BTC"]}],
                "ticket": "x",
            }

    visit(client)


def test_a_ping_in_words_is_answered_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(korean_stream, "UP_SECONDS", 0.01)

    async def client(it: Visit) -> None:
        async with it.stream() as ws:
            await ws.send_str("PING")
            await ws.send_bytes(b"PING")
            assert [await heard(ws) for _ in range(4)] == [{"status": "UP"}] * 4

    visit(client)


def test_a_wrong_request_is_told_and_the_connection_closed_with_1000() -> None:
    async def client(it: Visit) -> None:
        async with it.stream() as ws:
            await ws.send_str("hello")
            assert (await heard(ws))["error"]["name"] == "WRONG_FORMAT"
            assert (await ws.receive()).type is WSMsgType.CLOSE
            assert ws.close_code == 1000

    visit(client)


def test_more_than_five_requests_a_second_are_too_many() -> None:
    async def client(it: Visit) -> None:
        async with it.stream() as ws:
            for _ in range(6):
                await ask(ws, {"type": "trade", "codes": ["KRW-BTC"]})
            assert (await heard(ws))["error"]["name"] == "TOO_MANY_REQUESTS"

    visit(client)


# --- private -------------------------------------------------------------------------------------


@pytest.mark.parametrize("authorization", [None, token(secret="wrong")])
def test_the_private_stream_wants_a_token(authorization: str | None) -> None:
    async def client(it: Visit) -> None:
        async with it.stream("/private", authorization) as ws:
            await ask(ws, {"type": "myOrder"})
            assert (await heard(ws))["error"]["name"] == "INVALID_AUTH"

    visit(client)


def test_an_orders_life_is_told_step_by_step() -> None:
    async def client(it: Visit) -> None:
        async with it.stream("/private", token()) as ws:
            await ask(ws, {"type": "myOrder"})
            await settled(ws)
            body = limit(price="100001000", volume="0.8", identifier="mine")
            _, order = await it.signed("POST", "/v1/orders", body)
            await it.signed("DELETE", "/v1/order", {"uuid": order["uuid"]})
            wait, trade, cancel = [await heard(ws) for _ in range(3)]
        assert [each["state"] for each in (wait, trade, cancel)] == ["wait", "trade", "cancel"]
        assert {each["uuid"] for each in (wait, trade, cancel)} == {order["uuid"]}
        assert (wait["price"], wait["volume"], wait["executed_volume"]) == (100_001_000, 0.8, 0)
        assert (wait["trade_uuid"], wait["is_maker"], wait["trade_fee"]) == (None, None, None)
        assert wait["locked"] == pytest.approx(0.8 * 100_001_000 * 1.0005)
        assert (trade["price"], trade["volume"], trade["remaining_volume"]) == (
            100_001_000,
            0.5,
            0.3,
        )
        assert (trade["is_maker"], trade["trade_fee"], trade["trades_count"]) == (
            False,
            25_000.25,
            1,
        )
        assert (cancel["volume"], cancel["locked"], cancel["executed_funds"]) == (
            0.8,
            0,
            50_000_500,
        )
        assert (cancel["identifier"], cancel["smp_type"]) == ("mine", "cancel_maker")

    visit(client)


def test_orders_may_be_told_of_some_markets_only_and_in_short_names() -> None:
    async def client(it: Visit) -> None:
        async with it.stream("/private", token()) as ws:
            await ask(ws, {"type": "myOrder", "codes": ["KRW-ETH"]}, form="SIMPLE")
            await settled(ws)
            await it.signed("POST", "/v1/orders", limit())
            await it.signed("POST", "/v1/orders", {**limit(price="4000000"), "market": "KRW-ETH"})
            order = await heard(ws)
        assert (order["ty"], order["cd"], order["s"], order["p"]) == (
            "myOrder",
            "KRW-ETH",
            "wait",
            4_000_000,
        )

    visit(client)


def test_what_self_match_prevention_takes_off_is_told() -> None:
    async def client(it: Visit) -> None:
        show(it.core, bids=[(99_000_000.0, 1.0)])
        async with it.stream("/private", token()) as ws:
            await ask(ws, {"type": "myOrder"})
            await settled(ws)
            await it.signed("POST", "/v1/orders", limit(price="100000000", volume="0.3"))
            body = limit("ask", "100000000", "0.1", smp_type="reduce")
            await it.signed("POST", "/v1/orders", body)
            states = [((frame := await heard(ws))["ask_bid"], frame["state"]) for _ in range(4)]
        assert states == [
            ("BID", "wait"),
            ("ASK", "wait"),
            ("BID", "prevented"),
            ("ASK", "cancel"),
        ]

    visit(client)


def test_balances_that_change_together_are_told_together() -> None:
    async def client(it: Visit) -> None:
        async with it.stream("/private", token()) as ws:
            await ask(ws, {"type": "myAsset"})
            await settled(ws)
            await it.signed("POST", "/v1/orders", limit(price="100001000", volume="0.5"))
            told = await heard(ws)
        assets = {asset["currency"]: asset for asset in told["assets"]}
        assert assets["BTC"] == {"currency": "BTC", "balance": 10.5, "locked": 0}
        assert assets["KRW"]["balance"] == 300_000_000 - 50_000_500 - 25_000.25

    visit(client)
