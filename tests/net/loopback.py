"""Real servers on 127.0.0.1 for the tests of the wire, and a runner that lets nothing be left over.

`run` ends every test with the same question: is there a task, a socket or an error that nobody
heard of?
"""

import asyncio
import gc
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import picows
import uvloop

T = TypeVar("T")
_PATIENCE_SECONDS = 30.0


def open_sockets() -> set[str]:
    """The sockets of this process."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


def run(
    work: Callable[[], Coroutine[Any, Any, T]],
    *,
    new_loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
    hears_errors: bool = False,
) -> T:
    """Run `work`; fail if it leaves a task, a socket, or, unless `hears_errors`, an error."""
    unheard: list[dict[str, Any]] = []

    async def main() -> T:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: unheard.append(context))
        before = open_sockets()
        result = await asyncio.wait_for(work(), _PATIENCE_SECONDS)
        for _ in range(1000):
            if open_sockets() <= before and len(asyncio.all_tasks()) == 1:
                break
            await asyncio.sleep(0.001)
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert not left, left
        assert open_sockets() <= before, "a socket is left open"
        return result

    threads = threading.active_count()
    with asyncio.Runner(loop_factory=new_loop) as runner:
        result = runner.run(main())
    assert threading.active_count() == threads, "a thread is left"
    gc.collect()
    assert hears_errors or not unheard, unheard
    return result


async def until(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    """Wait until `condition` holds; fail if it does not in time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not condition():
        assert loop.time() < end, "what was waited for did not happen"
        await asyncio.sleep(0.001)


async def soon(awaitable: Awaitable[T]) -> T:
    return await asyncio.wait_for(awaitable, 10.0)


class Peer(picows.WSListener):
    """The server's end of one websocket. `texts` are the frames that came, `pings` how many."""

    def __init__(self, server: "WsServer", request: picows.WSUpgradeRequest) -> None:
        super().__init__()
        self.server = server
        self.path = request.path.decode()
        self.headers = {name.lower(): value for name, value in request.headers.items()}
        self.texts: list[bytes] = []
        self.pings = 0
        self.close_codes: list[int] = []
        self.is_gone = False
        self.transport: picows.WSTransport

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport
        self.server.peers.append(self)
        self.server.on_open(self)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type is picows.WSMsgType.PING:
            self.pings += 1
            if self.server.answers_pings:
                transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type is picows.WSMsgType.CLOSE:
            self.close_codes.append(frame.get_close_code().value)
            transport.disconnect()
        elif frame.msg_type is not picows.WSMsgType.PONG:
            text = frame.get_payload_as_bytes()
            self.texts.append(text)
            self.server.on_text(self, text)

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:  # noqa: ARG002
        self.is_gone = True

    def send(self, text: bytes, kind: picows.WSMsgType = picows.WSMsgType.TEXT) -> None:
        if not self.is_gone:
            self.transport.send(kind, text)

    def close(self, code: int, reason: bytes = b"") -> None:
        """Send a closing frame and hang up."""
        self.transport.send(picows.WSMsgType.CLOSE, code.to_bytes(2, "big") + reason)
        self.transport.disconnect()

    def drop(self) -> None:
        """Hang up without a word."""
        self.transport.disconnect(graceful=False)


class WsServer:
    """A websocket server. Its behaviour is its attributes; `refuse` is the status of a refusal."""

    def __init__(self) -> None:
        self.peers: list[Peer] = []
        self.answers_pings = True
        self.refuse = 0
        self.on_open: Callable[[Peer], None] = lambda _peer: None
        self.on_text: Callable[[Peer, bytes], None] = lambda _peer, _text: None
        self.url = ""

    @property
    def live(self) -> list[Peer]:
        return [peer for peer in self.peers if not peer.is_gone]

    def accept(self, request: picows.WSUpgradeRequest) -> Any:
        if self.refuse:
            response = picows.WSUpgradeResponse.create_error_response(self.refuse, b"no")
            return picows.WSUpgradeResponseWithListener(response, None)
        return Peer(self, request)


@asynccontextmanager
async def ws_server() -> AsyncIterator[WsServer]:
    server = WsServer()
    listening = await picows.ws_create_server(server.accept, "127.0.0.1", 0, enable_auto_pong=False)
    server.url = f"ws://127.0.0.1:{port_of(listening)}/stream"
    try:
        yield server
    finally:
        for peer in server.live:
            peer.drop()
        listening.close()
        await listening.wait_closed()


def port_of(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


class RawPeer(asyncio.Protocol):
    """The server's end of one TCP connection; what it does with bytes is up to its server."""

    def __init__(self, server: "RawServer") -> None:
        self.server = server
        self.received = b""
        self.is_gone = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.server.peers.append(self)
        self.server.on_open(self)

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.server.on_data(self, data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.is_gone = True


class RawServer:
    """A TCP server that speaks only as told: half-open connections, torn answers, silence."""

    def __init__(self) -> None:
        self.peers: list[RawPeer] = []
        self.on_open: Callable[[RawPeer], None] = lambda _peer: None
        self.on_data: Callable[[RawPeer, bytes], None] = lambda _peer, _data: None
        self.port = 0

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def live(self) -> list[RawPeer]:
        return [peer for peer in self.peers if not peer.is_gone]


@asynccontextmanager
async def raw_server() -> AsyncIterator[RawServer]:
    server = RawServer()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: RawPeer(server), "127.0.0.1", 0)
    server.port = port_of(listening)
    try:
        yield server
    finally:
        for peer in server.live:
            peer.transport.abort()
        listening.close()
        await listening.wait_closed()
