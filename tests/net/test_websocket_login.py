"""Connections that begin with a login: open once it is accepted, a failed attempt if it is not."""

import asyncio
from collections.abc import Callable, Sequence

import picows
import pytest
from net.loopback import Peer, WsServer, run, until, ws_server
from net.stream_rig import Listener
from net.test_websocket import Ears

from arbitrage.domain.errors import MalformedData, Unavailable
from arbitrage.net.heartbeat import Heartbeat, SessionTerms
from arbitrage.net.websocket import Endpoint

Test = Callable[[WsServer, Listener], object]


def accepted(message: bytes) -> Sequence[bytes] | None:
    """A login of two steps, of which only the last opens."""
    if message == b"refused":
        raise Unavailable("login refused: bad key")
    if message == b"torn":
        raise MalformedData("login answered with torn")
    return (b"subscribe orders",) if message == b"accepted" else None


class LogsIn(Listener):
    async def endpoint(self) -> Endpoint:
        self.endpoints += 1
        return Endpoint(self.url, {}, (b"login %d" % self.endpoints,), accepted)


def answers(*said: bytes) -> Callable[[Peer, bytes], None]:
    """A server that answers logins with these, the last one again and again."""
    left = list(said)

    def on_text(peer: Peer, text: bytes) -> None:
        if text.startswith(b"login"):
            peer.send(left.pop(0) if len(left) > 1 else left[0])

    return on_text


def with_login(test: Test, terms: SessionTerms | None = None, *said: bytes) -> None:
    async def work() -> None:
        async with ws_server() as server:
            server.on_text = answers(*said or (b"accepted",))
            listener = LogsIn(server, terms)
            listener.stream.start()
            try:
                await test(server, listener)  # type: ignore[misc]
            finally:
                await listener.stream.stop()

    run(work)


# --- one connection ---------------------------------------------------------------------------


def test_it_opens_when_the_login_is_accepted_and_hands_over_only_what_follows() -> None:
    async def work() -> None:
        async with ws_server() as server:
            ears = Ears()
            opening = asyncio.create_task(
                ears.open(server.url, frames=(b"login",), after_login=accepted)
            )
            await until(lambda: server.peers and server.peers[0].texts == [b"login"])
            server.peers[0].send(b"welcome")
            server.peers[0].transport.send_ping()
            await asyncio.sleep(0.005)
            assert not ears.socket.is_open
            assert ears.opened == 0
            server.peers[0].send(b"accepted")
            server.peers[0].send(b"order")
            socket = await opening
            await until(lambda: ears.heard)
            assert (ears.opened, ears.messages, socket.is_open) == (1, [b"order"], True)
            await until(lambda: server.peers[0].texts == [b"login", b"subscribe orders"])
            await socket.close("done")

    run(work)


@pytest.mark.parametrize("said", [b"refused", b"torn"])
def test_a_login_that_is_not_accepted_is_no_connection(said: bytes) -> None:
    async def work() -> None:
        async with ws_server() as server:
            server.on_text = answers(said)
            ears = Ears()
            with pytest.raises(Unavailable, match="not logged in: login"):
                await ears.open(server.url, frames=(b"login",), after_login=accepted)
            assert not ears.opened
            await until(lambda: server.peers[0].is_gone)

    run(work)


def test_a_connection_that_ends_before_the_login_is_accepted_was_none() -> None:
    async def work() -> None:
        async with ws_server() as server:
            server.on_text = lambda peer, _text: peer.close(1008, b"too slow")
            ears = Ears()
            with pytest.raises(Unavailable, match="not logged in: closed by the venue with 1008"):
                await ears.open(server.url, frames=(b"login",), after_login=accepted)

    run(work)


def test_a_login_that_is_not_answered_in_time_leaves_nothing() -> None:
    async def work() -> None:
        async with ws_server() as server:
            ears = Ears()
            endpoint = Endpoint(server.url, {}, (b"login",), accepted)
            with pytest.raises(TimeoutError):
                await ears.socket.open(endpoint, timeout_seconds=0.05)
            assert not ears.socket.is_open
            await until(lambda: all(peer.is_gone for peer in server.peers))

    run(work)


def test_an_error_of_ours_on_opening_ends_the_connection_and_is_raised() -> None:
    class Broken(Ears):
        def on_open(self) -> None:
            raise KeyError("ours")

    async def work() -> None:
        async with ws_server() as server:
            server.on_text = answers(b"accepted")
            ears = Broken()
            socket = await ears.open(server.url, frames=(b"login",), after_login=accepted)
            with pytest.raises(KeyError, match="ours"):
                await socket.close("done")

    run(work)


# --- a stream of them -------------------------------------------------------------------------


def test_a_stream_is_open_once_its_login_is_accepted_and_logs_in_afresh_after_a_loss() -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        await until(lambda: listener.log == ["open"])
        assert listener.stream.is_open
        await until(lambda: server.peers[0].texts == [b"login 1", b"subscribe orders"])
        server.peers[0].drop()
        await until(lambda: listener.log.count("open") == 2)
        await until(lambda: server.peers[1].texts == [b"login 2", b"subscribe orders"])
        assert listener.heard == []

    with_login(test)


def test_a_refused_login_is_a_failed_attempt_after_which_the_pauses_grow() -> None:
    async def test(_server: WsServer, listener: Listener) -> None:
        await until(lambda: listener.stream.is_open)
        assert listener.log == [
            *["cannot connect: Unavailable not logged in: login refused: bad key"] * 3,
            "open",
        ]
        assert listener.stream.counts.failed == 3

    with_login(test, None, b"refused", b"refused", b"refused", b"accepted")


def test_a_replacement_takes_over_only_once_it_is_logged_in() -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        await until(lambda: listener.stream.counts.renewed >= 1)
        assert listener.log == ["open"]
        assert listener.endpoints >= 2
        refused = server.peers[1]
        assert refused.texts == [b"login 2"]
        assert b"subscribe orders" in server.peers[-1].texts

    terms = SessionTerms(
        heartbeat=Heartbeat(every_seconds=0.005, reply_seconds=1.0), life_seconds=0.02
    )
    with_login(test, terms, b"accepted", b"refused", b"accepted")


def test_a_text_is_sent_on_the_open_connection_or_not_at_all() -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        assert not listener.stream.send(b"too early")
        await until(lambda: listener.stream.is_open)
        assert listener.stream.send(b"in time")
        await until(lambda: server.peers[0].texts[-1:] == [b"in time"])
        await listener.stream.stop()
        assert not listener.stream.send(b"too late")
        assert b"too late" not in server.peers[0].texts

    with_login(test)


def test_a_text_cannot_be_sent_on_a_connection_that_the_socket_has_lost() -> None:
    async def work() -> None:
        async with ws_server() as server:
            ears = Ears()
            assert not ears.socket.send(b"too early")
            socket = await ears.open(server.url)
            assert socket.send(b"in time")
            server.peers[0].transport.send(picows.WSMsgType.CLOSE, b"\x03\xe8")
            await until(lambda: not socket.is_open)
            assert not socket.send(b"too late")
            await socket.close("done")

    run(work)
