"""A socket against a real client on loopback: order, closings, timers, and faults of frames."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from arbitrage.sim import sim_socket
from arbitrage.sim.fault_gate import FaultGate
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.sim_socket import SimSocket

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]
Client = aiohttp.ClientWebSocketResponse


def meet(
    client: Callable[[Client, SimSocket], Awaitable[None]],
    script: str = "",
    on_frame: Callable[[SimSocket, str | bytes], None] = lambda _socket, _frame: None,
    **options: float,
) -> None:
    """Let `client` talk to a socket of a server that lives as long as it does."""

    async def run() -> None:
        faults = FaultGate(FaultPlan.parse(script), "sim", lambda: 0)
        opened: asyncio.Queue[SimSocket] = asyncio.Queue()

        async def serve(request: web.Request) -> web.StreamResponse:
            socket = SimSocket(request, faults, **options)
            return await socket.run(
                lambda frame: on_frame(socket, frame), lambda: opened.put_nowait(socket)
            )

        app = web.Application()
        app.router.add_get("/", serve)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            async with (
                asyncio.timeout(5),
                aiohttp.ClientSession() as session,
                session.ws_connect(f"ws://127.0.0.1:{port}/", autoping=False) as ws,
            ):
                await client(ws, await opened.get())
        finally:
            await runner.cleanup()

    asyncio.run(run())


async def texts(ws: Client, count: int) -> list[str]:
    return [(await ws.receive_str()) for _ in range(count)]


def sent_and_seen(script: str, seen: int) -> list[str]:
    """What a client sees of the frames 1 to 4 of one subject under a fault script."""
    received: list[str] = []

    async def client(ws: Client, socket: SimSocket) -> None:
        for number in "1234":
            socket.send(number, "depth BTC", is_book=True)
        received.extend(await texts(ws, seen))

    meet(client, script)
    return received


# --- frames --------------------------------------------------------------------------------------


def test_frames_go_out_in_order_as_text_or_binary() -> None:
    async def client(ws: Client, socket: SimSocket) -> None:
        socket.send("a")
        socket.send(b"b")
        first, second = await ws.receive(), await ws.receive()
        assert (first.type, first.data) == (WSMsgType.TEXT, "a")
        assert (second.type, second.data) == (WSMsgType.BINARY, b"b")

    meet(client)


def test_frames_of_the_client_are_heard_and_its_pings_answered() -> None:
    async def client(ws: Client, _socket: SimSocket) -> None:
        await ws.ping(b"x")
        assert (await ws.receive()).type is WSMsgType.PONG
        await ws.pong()
        await ws.send_str("hello")
        await ws.send_bytes(b"there")
        assert await texts(ws, 2) == ["got 'hello'", "got b'there'"]

    meet(client, on_frame=lambda socket, frame: socket.send(f"got {frame!r}"))


def test_a_close_comes_after_what_was_queued() -> None:
    async def client(ws: Client, socket: SimSocket) -> None:
        socket.send("last")
        socket.close(1001, "bye")
        assert await ws.receive_str() == "last"
        assert (await ws.receive()).type is WSMsgType.CLOSE
        assert ws.close_code == 1001

    meet(client)


def test_an_abort_leaves_no_close_frame() -> None:
    async def client(ws: Client, socket: SimSocket) -> None:
        socket.abort()
        socket.send("never")
        await ws.receive()
        assert ws.close_code == 1006

    meet(client)


def test_a_client_that_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim_socket, "MAX_QUEUED_FRAMES", 3)

    async def client(ws: Client, socket: SimSocket) -> None:
        for _ in range(4):
            socket.send("more")
        assert not socket.is_open
        while not ws.closed:
            await ws.receive()

    meet(client)


def test_who_leaves_in_the_middle_of_a_frame_ends_the_connection() -> None:
    async def client(ws: Client, socket: SimSocket) -> None:
        for _ in range(1_000):
            socket.send(b"x" * 100_000)
        await ws.receive()
        transport = ws._response.connection.transport  # type: ignore[union-attr]
        transport.abort()
        while socket.is_open:
            await asyncio.sleep(0.001)
        socket.abort()

    meet(client)


# --- timers --------------------------------------------------------------------------------------


def test_who_is_silent_is_cut() -> None:
    async def client(ws: Client, _socket: SimSocket) -> None:
        await ws.receive()
        assert ws.close_code == 1006

    meet(client, idle_seconds=0.02)


def test_traffic_in_either_direction_keeps_it_alive() -> None:
    async def client(ws: Client, socket: SimSocket) -> None:
        for _ in range(4):
            socket.send("tick")
            await asyncio.sleep(0.02)
        for _ in range(4):
            await ws.ping()
            await asyncio.sleep(0.02)
        assert socket.is_open

    meet(client, idle_seconds=0.06)


def test_a_life_has_an_end() -> None:
    async def client(ws: Client, _socket: SimSocket) -> None:
        assert (await ws.receive()).type is WSMsgType.CLOSE
        assert ws.close_code == 1000

    meet(client, life_seconds=0.01)


def test_who_answers_no_ping_is_cut() -> None:
    async def client(ws: Client, _socket: SimSocket) -> None:
        assert (await ws.receive()).type is WSMsgType.PING
        while not ws.closed:
            await ws.receive()
        assert ws.close_code == 1006

    meet(client, ping_seconds=0.01, pong_seconds=0.03)


def test_who_answers_pings_stays() -> None:
    async def client(ws: Client, socket: SimSocket) -> None:
        for _ in range(8):
            assert (await ws.receive()).type is WSMsgType.PING
            await ws.pong()
        assert socket.is_open

    meet(client, ping_seconds=0.01, pong_seconds=0.05)


def test_something_may_be_done_again_and_again() -> None:
    async def client(ws: Client, socket: SimSocket) -> None:
        socket.every(0.005, lambda: socket.send("tick"))
        assert await texts(ws, 3) == ["tick"] * 3

    meet(client)


# --- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("drop", ["1", "3", "4"]),
        ("gap", ["1", "3", "4"]),
        ("duplicate", ["1", "2", "2", "3", "4"]),
        ("reorder", ["1", "3", "2", "4"]),
        ("delay", ["1", "2", "3", "4"]),
    ],
)
def test_a_frame_can_go_wrong(kind: str, seen: list[str]) -> None:
    script = f'[[fault]]\nkind = "{kind}"\nnth = [2]\ndelay_seconds = 0.001'
    assert sent_and_seen(script, len(seen)) == seen


def test_two_frames_in_a_row_that_are_overtaken_change_places_once() -> None:
    script = '[[fault]]\nkind = "reorder"\nnth = [1, 2]'
    assert sent_and_seen(script, 4) == ["2", "1", "3", "4"]


def test_a_connection_can_break_after_a_frame() -> None:
    async def client(ws: Client, socket: SimSocket) -> None:
        socket.send("1", "x")
        socket.send("2", "x")
        assert await ws.receive_str() == "1"
        await ws.receive()
        assert ws.close_code == 1006

    meet(client, '[[fault]]\nkind = "disconnect"\nnth = [1]')


def test_the_same_script_makes_the_same_session() -> None:
    script = 'seed = 3\n[[fault]]\nkind = "duplicate"\nshare = 0.5'
    first = sent_and_seen(script, 5)
    assert first == sent_and_seen(script, 5)
    assert len(set(first)) < 5
