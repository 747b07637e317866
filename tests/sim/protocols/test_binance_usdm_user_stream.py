import asyncio
from typing import Any

import pytest
from sim_usdm import (
    FIGURES,
    Visit,
    announce,
    limit,
    market,
    next_frame,
    pass_trade,
    settle,
    show,
    usdm_core,
    visit,
)
from sim_usdm import place as place_at

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols import binance_usdm
from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_usdm_user_stream import LISTEN_KEY_NS, UserStream

KEY = "/fapi/v1/listenKey"


async def opened(it: Visit) -> str:
    key: str = (await it.keyed("POST", KEY))["listenKey"]
    return key


async def heard(stream: Any, count: int) -> list[str]:
    """The kinds of the next events."""
    return [(await next_frame(stream))["e"] for _ in range(count)]


# --- the key -------------------------------------------------------------------------------------


def test_a_key_lives_an_hour_from_the_last_word() -> None:
    async def client(it: Visit) -> None:
        key = await opened(it)
        assert len(key) == 64
        it.clock.now_ns += LISTEN_KEY_NS - 1
        assert await opened(it) == key
        it.clock.now_ns += LISTEN_KEY_NS - 1
        assert (await it.keyed("PUT", KEY))["listenKey"] == key
        it.clock.now_ns += LISTEN_KEY_NS
        assert (await it.keyed("PUT", KEY))["code"] == -1125
        assert await opened(it) != key

    visit(client)


def test_a_key_needs_the_api_key() -> None:
    async def client(it: Visit) -> None:
        assert (await it._ask("POST", KEY))["code"] == -2014
        assert it.status == 401

    visit(client)


def test_deleting_a_key_closes_its_streams() -> None:
    async def client(it: Visit) -> None:
        key = await opened(it)
        async with it.stream(f"/private/ws?listenKey={key}") as stream:
            await settle()
            assert await it.keyed("DELETE", KEY) == {}
            await stream.receive(timeout=2)
            assert stream.closed
        assert (await it.keyed("DELETE", KEY))["code"] == -1125

    visit(client)


def test_the_end_of_a_key_is_the_last_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binance_usdm, "_KEY_CHECK_SECONDS", 0.01)

    async def client(it: Visit) -> None:
        key = await opened(it)
        target = f"/private/ws?listenKey={key}&events=ORDER_TRADE_UPDATE"
        async with it.stream(target) as stream:
            await settle()
            it.clock.now_ns += LISTEN_KEY_NS
            told = await next_frame(stream)
            assert (told["e"], told["listenKey"]) == ("listenKeyExpired", key)
            place_at(it.core, limit())
            await stream.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 1})
            assert (await next_frame(stream))["id"] == 1

    visit(client)


# --- events --------------------------------------------------------------------------------------


def test_an_order_is_told_from_its_start_to_its_fill() -> None:
    async def client(it: Visit) -> None:
        key = await opened(it)
        async with it.stream(f"/private/ws?listenKey={key}") as stream:
            await settle()
            place_at(it.core, limit(quantity="0.3"))
            assert await heard(stream, 1) == ["ORDER_TRADE_UPDATE"]
            pass_trade(it.core, 76_999.0, 0.3, Side.SELL)
            assert await heard(stream, 3) == [
                "TRADE_LITE",
                "ORDER_TRADE_UPDATE",
                "ACCOUNT_UPDATE",
            ]

    visit(client)


def test_positions_that_move_together_are_told_once() -> None:
    async def client(it: Visit) -> None:
        key = await opened(it)
        async with it.stream(f"/private/ws?listenKey={key}&events=ACCOUNT_UPDATE") as stream:
            await settle()
            place_at(it.core, market(quantity="0.75"))
            told = await next_frame(stream)
            assert told["a"]["P"][0]["pa"] == "0.750"
            place_at(it.core, market("SELL", quantity="0.75"))
            told = await next_frame(stream)
            assert told["a"]["P"][0]["pa"] == "0.000"
            assert told["a"]["P"][0]["cr"] != "0.00000000"

    visit(client)


def test_funding_is_told_when_it_is_settled() -> None:
    async def client(it: Visit) -> None:
        place_at(it.core, market(quantity="0.5"))
        key = await opened(it)
        async with it.stream(f"/private/ws?listenKey={key}") as stream:
            await settle()
            announce(it.core, 0.0001, it.clock.now_ns + 10**9, 78_000.0)
            it.clock.now_ns += 10**9
            show(it.core)
            told = await next_frame(stream)
            assert (told["a"]["m"], told["a"]["B"][0]["bc"]) == ("FUNDING_FEE", "-3.90000000")

    visit(client)


def test_a_liquidation_is_told_as_an_order_of_the_venue() -> None:
    async def client(it: Visit) -> None:
        show(it.core, [(78_000.0, 50.0)], [(78_000.1, 50.0)])
        key = await opened(it)
        target = f"/private/ws?listenKey={key}&events=ORDER_TRADE_UPDATE"
        async with it.stream(target) as stream:
            await settle()
            place_at(it.core, market(quantity="6"))
            await heard(stream, 2)
            await settle()
            show(it.core, [(60_000.0, 50.0)], [(60_000.1, 50.0)])
            order = (await next_frame(stream))["o"]
            assert order["c"].startswith("autoclose-")
            assert (order["S"], order["z"]) == ("SELL", "6.000")

    visit(client)


def test_a_combined_stream_is_named_by_its_key() -> None:
    async def client(it: Visit) -> None:
        key = await opened(it)
        async with it.stream(f"/private/stream?listenKey={key}") as stream:
            await settle()
            place_at(it.core, limit())
            told = await next_frame(stream)
            assert (told["stream"], told["data"]["e"]) == (key, "ORDER_TRADE_UPDATE")

    visit(client)


def test_a_key_may_stand_in_the_path_and_a_wrong_one_is_silent() -> None:
    async def client(it: Visit) -> None:
        key = await opened(it)
        async with it.stream("/private/ws/wrong") as deaf, it.stream(f"/private/ws/{key}") as ear:
            await settle()
            place_at(it.core, limit())
            assert await heard(ear, 1) == ["ORDER_TRADE_UPDATE"]
            await deaf.send_json({"method": "HELLO", "id": 3})
            assert (await next_frame(deaf))["error"]["code"] == 2

    visit(client)


def test_who_says_too_much_is_disconnected() -> None:
    async def client(it: Visit) -> None:
        async with it.stream("/private/ws?listenKey=x") as stream:
            for number in range(11):
                await stream.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})
            for _ in range(10):
                await next_frame(stream)
            await stream.receive(timeout=2)
            assert stream.close_code == 1008

    visit(client)


def test_without_anybody_listening_nothing_is_gathered() -> None:
    core = usdm_core()
    user = UserStream(core, FIGURES)
    place_at(core, market())
    for call in (user.keep_key, user.close_key):
        with pytest.raises(BinanceRefusal, match="-1125"):
            call({})
    asyncio.run(settle())
