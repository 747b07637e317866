import json
from typing import Any

import aiohttp
import pytest
from sim_spot import limit, visit, ws_request
from sim_usdm import Visit, next_frame

from arbitrage.sim.protocols.binance_spot_ws_api import RequestError, read_request

PATH = "/ws-api/v3"
SUBSCRIBE = "userDataStream.subscribe.signature"


async def ask(stream: Any, frame: str) -> Any:
    await stream.send_str(frame)
    return await next_frame(stream)


# --- messages ------------------------------------------------------------------------------------


def test_parameters_become_the_texts_that_are_signed() -> None:
    asked = read_request(
        '{"id":7,"method":"v3/order.place","params":{"a":"x","b":1.5,"c":true,"d":null,"e":["y"]}}'
    )
    assert (asked.id, asked.method) == (7, "order.place")
    assert asked.params == {"a": "x", "b": "1.5", "c": "true", "e": '["y"]'}
    assert read_request('{"id":null,"method":"ping"}').params == {}


@pytest.mark.parametrize(
    ("frame", "request_id"),
    [
        ("{", None),
        ("[]", None),
        ('{"id":true,"method":"ping"}', None),
        ('{"id":"7","method":1}', "7"),
        ('{"id":"7","method":"ping","params":[1]}', "7"),
    ],
)
def test_a_message_that_cannot_be_read_is_refused(frame: str, request_id: str | None) -> None:
    with pytest.raises(RequestError) as refused:
        read_request(frame)
    assert refused.value.request_id == request_id


# --- sessions ------------------------------------------------------------------------------------


def test_an_answer_repeats_the_id_and_tells_the_limits() -> None:
    async def client(it: Visit) -> None:
        async with it.stream(PATH) as stream:
            told = await ask(stream, '{"id":"7","method":"time"}')
            assert (told["id"], told["status"]) == ("7", 200)
            (limit_told,) = told["rateLimits"]
            assert (limit_told["rateLimitType"], limit_told["count"]) == ("REQUEST_WEIGHT", 3)
            asked = '{"id":8,"method":"time","params":{"returnRateLimits":false}}'
            assert "rateLimits" not in await ask(stream, asked)
        async with it.stream(f"{PATH}?returnRateLimits=false") as stream:
            assert "rateLimits" not in await ask(stream, '{"id":"7","method":"time"}')

    visit(client)


def test_orders_are_placed_asked_for_and_cancelled() -> None:
    async def client(it: Visit) -> None:
        async with it.stream(PATH) as stream:
            terms = limit(newClientOrderId="mine")
            placed = await ask(stream, ws_request(it, "order.place", terms))
            assert (placed["status"], placed["result"]["status"]) == (200, "NEW")
            kinds = [each["rateLimitType"] for each in placed["rateLimits"]]
            assert kinds == ["REQUEST_WEIGHT", "ORDERS", "ORDERS"]
            named = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}
            known = await ask(stream, ws_request(it, "order.status", named))
            assert known["result"]["clientOrderId"] == "mine"
            gone = await ask(stream, ws_request(it, "order.cancel", named))
            assert gone["result"]["status"] == "CANCELED"
            refused = await ask(stream, ws_request(it, "order.cancel", named))
            assert (refused["status"], refused["error"]["code"]) == (400, -2011)

    visit(client)


def test_what_is_not_signed_right_is_refused_by_its_code() -> None:
    async def client(it: Visit) -> None:
        async with it.stream(PATH) as stream:

            async def code(frame: str) -> int:
                return (await ask(stream, frame))["error"]["code"]  # type: ignore[no-any-return]

            assert await code('{"id":1,"method":"account.status"}') == -2014
            assert await code(ws_request(it, "account.status", secret="wrong")) == -1022
            late = json.loads(ws_request(it, "account.status"))
            it.clock.now_ns += 6_000_000_000
            assert await code(json.dumps(late)) == -1021
            assert await code('{"id":1,"method":"session.logon"}') == -1020
            assert await code("{") == -1135

    visit(client)


def test_a_subscriber_hears_the_account_until_it_leaves() -> None:
    async def client(it: Visit) -> None:
        async with it.stream(PATH) as stream:
            told = await ask(stream, ws_request(it, SUBSCRIBE))
            assert told["result"] == {"subscriptionId": 0}
            again = await ask(stream, ws_request(it, SUBSCRIBE))
            assert again["error"]["code"] == -2035
            await it.signed("POST", "/api/v3/order", limit())
            heard = [await next_frame(stream) for _ in range(2)]
            assert {each["subscriptionId"] for each in heard} == {0}
            assert [each["event"]["e"] for each in heard] == [
                "executionReport",
                "outboundAccountPosition",
            ]
            ended = await ask(stream, '{"id":9,"method":"userDataStream.unsubscribe"}')
            assert ended["event"]["e"] == "eventStreamTerminated"
            assert (await next_frame(stream))["result"] == {}
            idle = await ask(stream, '{"id":10,"method":"userDataStream.unsubscribe"}')
            assert idle["result"] == {}
            assert (await ask(stream, ws_request(it, SUBSCRIBE)))["result"] == {"subscriptionId": 1}

    visit(client)


def test_who_used_up_the_weight_is_told_until_when_and_then_thrown_out() -> None:
    async def client(it: Visit) -> None:
        async with it.stream(PATH) as stream:
            for _ in range(74):
                await it.get("/api/v3/ticker/24hr")
            for _ in range(4):
                await ask(stream, '{"id":1,"method":"exchangeInfo"}')
            told = await ask(stream, '{"id":1,"method":"exchangeInfo"}')
            assert (told["status"], told["error"]["code"]) == (429, -1003)
            data = told["error"]["data"]
            assert 0 < data["retryAfter"] - data["serverTime"] <= 60_000
            while told["status"] == 429:
                told = await ask(stream, '{"id":1,"method":"exchangeInfo"}')
            assert told["status"] == 418
            assert (await stream.receive()).type is aiohttp.WSMsgType.CLOSE
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await it.stream(PATH)
        assert refused.value.status == 418

    visit(client)


def test_a_fault_script_knows_an_answer_by_its_method() -> None:
    """The answer is lost and the order is alive."""

    async def client(it: Visit) -> None:
        async with it.stream(PATH) as stream:
            await stream.send_str(ws_request(it, "order.place", limit()))
            assert (await ask(stream, '{"id":"8","method":"ping"}'))["id"] == "8"
            assert len(it.core.orders.open()) == 1

    script = """
        [[fault]]
        kind = "drop"
        on = "frame"
        what = "answer order.place"
    """
    visit(client, script)
