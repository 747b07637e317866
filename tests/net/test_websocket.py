"""One connection: what it hands over, in which order, and that its end leaves nothing."""

import asyncio
import subprocess
import sys
from collections.abc import Callable

import picows
import pytest
from net.loopback import Peer, raw_server, run, soon, until, ws_server

from arbitrage.net.websocket import MAX_MESSAGE_BYTES, NOT_CONNECTED, Endpoint, WebSocket

CONTINUATION, TEXT, BINARY = (
    picows.WSMsgType.CONTINUATION,
    picows.WSMsgType.TEXT,
    picows.WSMsgType.BINARY,
)


class Ears:
    """Remembers what a connection handed over, with ever later stamps."""

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, int]] = []
        self.opened = 0
        self.socket = WebSocket(self.on_open, self.on_message, self.clock)
        self.now = 0

    def clock(self) -> int:
        self.now += 1
        return self.now

    def on_open(self) -> None:
        assert not self.heard
        self.opened += 1

    def on_message(self, message: bytes, ts_ns: int) -> None:
        self.heard.append((message, ts_ns))

    @property
    def messages(self) -> list[bytes]:
        return [message for message, _ in self.heard]

    async def open(self, url: str, **endpoint: object) -> WebSocket:
        await self.socket.open(Endpoint(url, **endpoint), timeout_seconds=1.0)  # type: ignore[arg-type]
        return self.socket


def test_messages_are_handed_over_as_bytes_with_a_stamp_each() -> None:
    async def work() -> None:
        async with ws_server() as server:
            ears = Ears()
            socket = await ears.open(server.url)
            await until(lambda: server.peers)
            server.peers[0].send(b'{"a":1}')
            server.peers[0].send(b'{"b":2}', BINARY)
            await until(lambda: len(ears.heard) == 2)
            assert ears.heard == [(b'{"a":1}', 1), (b'{"b":2}', 2)]
            assert (socket.messages, socket.bytes, socket.received) == (2, 14, 2)
            await socket.close("done")

    run(work)


def test_headers_and_first_texts_go_out_and_opening_is_told_before_the_first_message() -> None:
    async def work() -> None:
        async with ws_server() as server:
            server.on_open = lambda peer: peer.send(b"hello")
            ears = Ears()
            socket = await ears.open(
                server.url, headers={"Authorization": "Bearer x"}, frames=(b"one", b"two")
            )
            await until(lambda: server.peers and len(server.peers[0].texts) == 2 and ears.heard)
            assert server.peers[0].headers["authorization"] == "Bearer x"
            assert server.peers[0].texts == [b"one", b"two"]
            assert ears.opened == 1
            await socket.close("done")

    run(work)


def test_fragments_are_joined_around_control_frames() -> None:
    async def work() -> None:
        async with ws_server() as server:
            ears = Ears()
            socket = await ears.open(server.url)
            await until(lambda: server.peers)
            transport = server.peers[0].transport
            transport.send(TEXT, b"on", fin=False)
            transport.send_ping(b"")
            transport.send(CONTINUATION, b"e ", fin=False)
            transport.send(CONTINUATION, b"text", fin=True)
            transport.send(TEXT, b"two")
            await until(lambda: len(ears.heard) == 2)
            assert ears.messages == [b"one text", b"two"]
            await socket.close("done")

    run(work)


def _stray_continuation(peer: Peer) -> None:
    peer.transport.send(CONTINUATION, b"x", fin=True)


def _second_beginning(peer: Peer) -> None:
    peer.transport.send(TEXT, b"x", fin=False)
    peer.transport.send(TEXT, b"y", fin=True)


def _endless_message(peer: Peer) -> None:
    part = b"x" * (MAX_MESSAGE_BYTES // 2 + 1)
    peer.transport.send(TEXT, part, fin=False)
    peer.transport.send(CONTINUATION, part, fin=False)


@pytest.mark.parametrize("misbehave", [_stray_continuation, _second_beginning, _endless_message])
def test_a_venue_that_breaks_the_protocol_is_only_a_reason_to_reconnect(
    misbehave: Callable[[Peer], None],
) -> None:
    async def work() -> None:
        async with ws_server() as server:
            server.on_open = misbehave
            ears = Ears()
            socket = await ears.open(server.url)
            await soon(socket.ended)
            await socket.close("done")
            assert not ears.heard

    run(work)


def test_a_close_frame_is_answered_and_its_code_is_the_reason() -> None:
    async def work() -> None:
        async with ws_server() as server:
            ears = Ears()
            socket = await ears.open(server.url)
            await until(lambda: server.peers)
            server.peers[0].transport.send(
                picows.WSMsgType.CLOSE, (4290).to_bytes(2, "big") + b"too many"
            )
            assert await soon(socket.ended) == "closed by the venue with 4290 too many"
            await until(lambda: server.peers[0].close_codes == [1000])
            await socket.close("done")

    run(work)


def test_a_lost_connection_ends_with_its_reason() -> None:
    async def work() -> None:
        async with ws_server() as server:
            ears = Ears()
            socket = await ears.open(server.url)
            await until(lambda: server.peers)
            server.peers[0].drop()
            assert await soon(socket.ended) == "lost without a closing frame"
            socket.send(b"into the void")
            socket.ping()
            await socket.close("done")
            await socket.close("again")

    run(work)


def test_a_muted_connection_hands_nothing_over() -> None:
    async def work() -> None:
        async with ws_server() as server:
            ears = Ears()
            socket = await ears.open(server.url)
            await until(lambda: server.peers)
            socket.mute()
            server.peers[0].send(b"late")
            await until(lambda: socket.received == 1)
            assert not ears.heard
            await socket.close("done")

    run(work)


def test_when_heard_calls_once_before_the_first_message() -> None:
    async def work() -> None:
        async with ws_server() as server:
            ears = Ears()
            calls: list[int] = []
            ears.socket.when_heard(lambda: calls.append(len(ears.heard)), pong_counts=False)
            socket = await ears.open(server.url)
            await until(lambda: server.peers)
            socket.ping()
            server.peers[0].send(b"one")
            server.peers[0].send(b"two")
            await until(lambda: len(ears.heard) == 2 and socket.received == 3)
            assert calls == [0]
            await socket.close("done")

    run(work)


def test_a_pong_may_count_as_being_heard() -> None:
    async def work() -> None:
        async with ws_server() as server:
            ears = Ears()
            calls: list[int] = []
            ears.socket.when_heard(lambda: calls.append(1), pong_counts=True)
            socket = await ears.open(server.url)
            socket.ping()
            await until(lambda: calls)
            await until(lambda: server.peers)
            server.peers[0].send(b"one")
            await until(lambda: ears.heard)
            assert calls == [1]
            await socket.close("done")

    run(work)


def test_an_error_of_the_reader_ends_the_connection_and_is_raised_by_close() -> None:
    async def work() -> None:
        async with ws_server() as server:
            server.on_open = lambda peer: (peer.send(b"one"), peer.send(b"two"))  # type: ignore[assignment]
            heard: list[bytes] = []

            def broken(message: bytes, _ts_ns: int) -> None:
                heard.append(message)
                raise KeyError("ours")

            socket = WebSocket(lambda: None, broken, lambda: 0)
            await socket.open(Endpoint(server.url), timeout_seconds=1.0)
            await soon(socket.ended)
            with pytest.raises(KeyError, match="ours"):
                await socket.close("done")
            assert heard == [b"one"]

    run(work)


def test_an_error_while_opening_is_raised_by_close_too() -> None:
    async def work() -> None:
        async with ws_server() as server:

            def broken() -> None:
                raise KeyError("ours")

            socket = WebSocket(broken, lambda _message, _ts_ns: None, lambda: 0)
            await socket.open(Endpoint(server.url), timeout_seconds=1.0)
            await soon(socket.ended)
            with pytest.raises(KeyError, match="ours"):
                await socket.close("done")

    run(work)


def test_a_peer_that_does_not_close_is_dropped_after_a_moment() -> None:
    async def work() -> None:
        async with ws_server() as server:
            ears = Ears()
            socket = await ears.open(server.url)
            await until(lambda: server.peers)
            server.peers[0].transport.underlying_transport.pause_reading()
            for _ in range(64):  # more than the sockets buffer
                socket.send(b"x" * 1_000_000)
            await socket.close("done")
            assert socket.ended.result() == "done"

    run(work)


def test_a_refused_handshake_leaves_nothing() -> None:
    async def work() -> None:
        async with ws_server() as server:
            server.refuse = 401
            with pytest.raises(NOT_CONNECTED):
                await Ears().open(server.url)

    run(work)


def test_a_server_that_hangs_up_during_the_handshake_is_no_connection() -> None:
    async def work() -> None:
        async with raw_server() as server:
            server.on_data = lambda peer, _data: peer.transport.close()
            with pytest.raises(ConnectionResetError):
                await Ears().open(server.http.replace("http", "ws"))

    run(work)


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, None])
def test_a_handshake_that_is_never_answered_times_out_and_leaves_no_socket(
    new_loop: Callable[[], asyncio.AbstractEventLoop] | None,
) -> None:
    async def work() -> None:
        async with raw_server() as server:
            with pytest.raises(TimeoutError):
                await Ears().socket.open(
                    Endpoint(server.http.replace("http", "ws")), timeout_seconds=0.02
                )

    run(work) if new_loop is None else run(work, new_loop=new_loop)


def test_opening_can_be_cancelled_and_leaves_no_socket() -> None:
    async def work() -> None:
        async with raw_server() as server:
            opening = asyncio.create_task(Ears().open(server.http.replace("http", "ws")))
            await until(lambda: server.peers and server.peers[0].received)
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening

    run(work)


def test_an_address_that_is_none_is_no_connection() -> None:
    async def work() -> None:
        socket = Ears().socket
        with pytest.raises(NOT_CONNECTED):
            await socket.open(Endpoint("http://127.0.0.1:1"), timeout_seconds=0.5)
        socket.send(b"nobody")
        socket.ping()
        await socket.close("done")

    run(work)


@pytest.mark.parametrize("library", ["picows", "aiofastnet"])
def test_without_the_fast_libraries_the_extra_is_named(library: str) -> None:
    program = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from arbitrage.domain.errors import ConfigError\n"
        "try:\n    import arbitrage.net.websocket\n"
        "except ConfigError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert f"need {library}" in done.stdout, done.stderr
    assert "pip install 'arbitrage[fast]'" in done.stdout
