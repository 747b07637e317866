"""Compressed messages over a real socket, from a server that compresses and from ones that do
not, or do it wrongly."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import picows
import pytest
from aiohttp import web
from net.loopback import run, soon, until, ws_server

from arbitrage.domain.errors import Unavailable
from arbitrage.net.websocket import Endpoint, WebSocket

BOOK = b'{"type":"orderbook","levels":[' + b"[100.5,1.25]," * 200 + b"]}"


@asynccontextmanager
async def compressing(
    *messages: bytes, compress: bool = True, extensions: str = ""
) -> AsyncIterator[str]:
    """A server that sends some messages, compressed where the client asks for it."""

    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=compress and not extensions)
        if extensions:
            socket.headers["Sec-WebSocket-Extensions"] = extensions
        await socket.prepare(request)
        for message in messages:
            await socket.send_str(message.decode())
        async for _ in socket:
            pass
        return socket

    app = web.Application()
    app.router.add_get("/", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


class Ears:
    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.socket = WebSocket(lambda: None, lambda message, _: self.messages.append(message), int)

    async def open(self, url: str, *, asks: bool = True) -> WebSocket:
        endpoint = Endpoint(url, asks_compressed=asks)
        await self.socket.open(endpoint, timeout_seconds=1.0)
        return self.socket


def test_compressed_messages_are_handed_over_as_they_were() -> None:
    async def work() -> None:
        async with compressing(BOOK, b"{}", BOOK) as url:
            ears = Ears()
            socket = await ears.open(url)
            await until(lambda: len(ears.messages) == 3)
            assert ears.messages == [BOOK, b"{}", BOOK]
            assert socket.bytes < len(BOOK) / 5  # what came over the line
            await socket.close("done")

    run(work)


@pytest.mark.parametrize(("asks", "compress"), [(True, False), (False, True)])
def test_both_must_want_it(asks: bool, compress: bool) -> None:
    async def work() -> None:
        async with compressing(BOOK, compress=compress) as url:
            ears = Ears()
            socket = await ears.open(url, asks=asks)
            await until(lambda: ears.messages)
            assert ears.messages == [BOOK]
            assert socket.bytes == len(BOOK)
            await socket.close("done")

    run(work)


def test_a_compressed_message_that_was_not_agreed_on_ends_the_connection() -> None:
    async def work() -> None:
        async with ws_server() as server:
            ears = Ears()
            socket = await ears.open(server.url)
            await until(lambda: server.peers)
            peer = server.peers[0]
            peer.transport.send(picows.WSMsgType.TEXT, b"\xaaV*)\xca\xcc\x03\x00", True, True)
            assert "not agreed on" in await soon(socket.ended)
            assert ears.messages == []
            await socket.close("done")

    run(work)


def test_extensions_that_were_not_offered_are_no_connection() -> None:
    async def work() -> None:
        async with compressing(extensions="x-own") as url:
            ears = Ears()
            with pytest.raises(Unavailable, match="x-own"):
                await ears.open(url)

    run(work)
