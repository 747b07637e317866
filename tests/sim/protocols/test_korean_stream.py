"""What a session is at both venues, tried at each."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sim_bithumb
import sim_upbit
from aiohttp import WSMsgType

from arbitrage.sim.protocols import korean_stream
from arbitrage.sim.protocols.korean_stream import shortened

VENUES = [sim_upbit.visit, sim_bithumb.visit]
Visiting = Callable[..., None]
at_both = pytest.mark.parametrize("visit", VENUES, ids=["upbit", "bithumb"])


async def heard(ws: Any) -> Any:
    message = await ws.receive()
    assert message.type is WSMsgType.BINARY
    return json.loads(message.data)


def asked(kind: str) -> str:
    return json.dumps([{"ticket": "x"}, {"type": kind, "codes": ["KRW-BTC"]}])


@at_both
def test_a_second_request_replaces_the_first(visit: Visiting) -> None:
    async def client(it: Any) -> None:
        async with it.stream() as ws:
            await ws.send_str(asked("orderbook"))
            assert (await heard(ws))["stream_type"] == "SNAPSHOT"
            await ws.send_str(asked("ticker"))
            assert (await heard(ws))["type"] == "ticker"

    visit(client)


@at_both
def test_a_ping_in_words_is_answered_again_and_again(
    visit: Visiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(korean_stream, "UP_SECONDS", 0.01)

    async def client(it: Any) -> None:
        async with it.stream() as ws:
            await ws.send_str("PING")
            assert [await heard(ws) for _ in range(3)] == [{"status": "UP"}] * 3

    visit(client)


@at_both
def test_a_wrong_request_is_told_and_the_connection_closed_with_1000(visit: Visiting) -> None:
    async def client(it: Any) -> None:
        async with it.stream() as ws:
            await ws.send_str("hello")
            assert (await heard(ws))["error"]["name"] == "WRONG_FORMAT"
            assert (await ws.receive()).type is WSMsgType.CLOSE
            assert ws.close_code == 1000

    visit(client)


@at_both
def test_a_silent_stream_is_cut_without_a_word(visit: Visiting) -> None:
    async def client(it: Any) -> None:
        async with it.stream() as ws:
            await ws.receive()
            assert ws.close_code == 1006

    visit(client, idle_seconds=0.05)


def test_names_are_shortened_all_the_way_down() -> None:
    told = {"assets": [{"currency": "KRW"}], "other": 1}
    short = {"assets": "ast", "currency": "cu"}
    assert shortened(told, short) == {"ast": [{"cu": "KRW"}], "other": 1}
