"""One HTTP connection: what it makes of whatever a server sends."""

import asyncio
from collections.abc import Callable

import pytest
from net.loopback import RawPeer, RawServer, raw_server, run, until

from arbitrage.exchanges.order_gateway import Answer
from arbitrage.net import http_connection
from arbitrage.net.http_connection import HttpConnection

REQUEST = b"GET /x HTTP/1.1\r\nHost: v\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Left: 7\r\nx-mbx-USED: 1\r\n\r\nok"
CHUNKED = (
    b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
)


class Caller:
    """A connection to `server`, and the answers it gave."""

    def __init__(self) -> None:
        self.answers: list[Answer | None] = []
        self.freed = 0
        self.connection: HttpConnection

    def on_free(self, _connection: HttpConnection) -> None:
        self.freed += 1

    async def connect(self, server: RawServer) -> None:
        _, self.connection = await asyncio.get_running_loop().create_connection(
            lambda: HttpConnection(self.on_free), "127.0.0.1", server.port
        )

    async def ask(self, timeout_seconds: float = 2.0) -> Answer | None:
        count = len(self.answers)
        self.connection.send("GET", REQUEST, self.answers.append, timeout_seconds)
        await until(lambda: len(self.answers) > count)
        return self.answers[-1]


def with_server(
    on_data: Callable[[RawPeer, bytes], None], test: Callable[[RawServer, Caller], object]
) -> None:
    async def work() -> None:
        async with raw_server() as server:
            server.on_data = on_data
            caller = Caller()
            await caller.connect(server)
            await test(server, caller)  # type: ignore[misc]
            caller.connection.close()
            await caller.connection.lost
            assert len(caller.answers) == caller.connection.requests

    run(work)


def replies(*parts: bytes) -> Callable[[RawPeer, bytes], None]:
    def on_data(peer: RawPeer, _data: bytes) -> None:
        for part in parts:
            peer.transport.write(part)

    return on_data


def test_an_answer_has_status_body_and_lower_case_headers() -> None:
    async def test(_server: RawServer, caller: Caller) -> None:
        answer = await caller.ask()
        assert answer == Answer(
            200, b"ok", {"content-length": "2", "x-left": "7", "x-mbx-used": "1"}
        )

    with_server(replies(OK), test)


def test_one_connection_carries_one_request_after_the_other() -> None:
    async def test(server: RawServer, caller: Caller) -> None:
        for _ in range(3):
            assert caller.connection.is_idle
            answer = await caller.ask()
            assert answer is not None
            assert answer.body == b"abc"
        assert server.peers[0].received == REQUEST * 3
        assert caller.freed == 4

    with_server(replies(CHUNKED), test)


@pytest.mark.parametrize("size", [1, 7])
def test_an_answer_may_come_in_pieces(size: int) -> None:
    async def drip(peer: RawPeer) -> None:
        for start in range(0, len(CHUNKED), size):
            peer.transport.write(CHUNKED[start : start + size])
            await asyncio.sleep(0)

    tasks = []

    async def test(_server: RawServer, caller: Caller) -> None:
        answer = await caller.ask()
        assert answer is not None
        assert (answer.status, answer.body) == (201, b"abc")

    with_server(lambda peer, _data: tasks.append(asyncio.ensure_future(drip(peer))), test)


def test_provisional_answers_are_passed_over() -> None:
    async def test(_server: RawServer, caller: Caller) -> None:
        answer = await caller.ask()
        assert answer is not None
        assert answer.status == 200

    with_server(replies(b"HTTP/1.1 103 Early Hints\r\n\r\n", OK), test)


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    def on_data(peer: RawPeer, _data: bytes) -> None:
        peer.transport.write(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        peer.transport.close()

    async def test(_server: RawServer, caller: Caller) -> None:
        answer = await caller.ask()
        assert answer is not None
        assert answer.body == b"all of it"
        await caller.connection.lost

    with_server(on_data, test)


def test_a_connection_that_the_server_closes_after_its_answer_is_not_used_again() -> None:
    async def test(_server: RawServer, caller: Caller) -> None:
        answer = await caller.ask()
        assert answer is not None
        assert not caller.connection.is_idle
        assert caller.freed == 1
        await caller.connection.lost

    with_server(replies(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), test)


def test_more_than_was_asked_for_ends_the_connection_after_the_answer() -> None:
    async def test(_server: RawServer, caller: Caller) -> None:
        answer = await caller.ask()
        assert answer is not None
        assert caller.freed == 1
        await caller.connection.lost

    with_server(replies(OK + OK), test)


def test_bytes_that_nobody_asked_for_end_the_connection() -> None:
    async def test(server: RawServer, caller: Caller) -> None:
        server.peers[0].transport.write(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
        await caller.connection.lost
        assert caller.answers == []
        assert not caller.connection.is_idle

    with_server(replies(), test)


@pytest.mark.parametrize(
    "torn",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
    ],
)
def test_a_connection_lost_before_the_whole_answer_gives_none(torn: bytes) -> None:
    def on_data(peer: RawPeer, _data: bytes) -> None:
        peer.transport.write(torn)
        peer.transport.close()

    async def test(_server: RawServer, caller: Caller) -> None:
        assert await caller.ask() is None
        await caller.connection.lost

    with_server(on_data, test)


def test_what_is_not_http_gives_none_and_ends_the_connection() -> None:
    async def test(_server: RawServer, caller: Caller) -> None:
        assert await caller.ask() is None
        await caller.connection.lost

    with_server(replies(b"SSH-2.0-OpenSSH\r\n\r\n"), test)


def test_an_endless_body_gives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "MAX_BODY_BYTES", 10)

    async def test(_server: RawServer, caller: Caller) -> None:
        assert await caller.ask() is None
        await caller.connection.lost

    with_server(replies(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + b"x" * 11), test)


def test_no_answer_in_time_gives_none_and_a_late_one_meets_nobody() -> None:
    async def test(server: RawServer, caller: Caller) -> None:
        assert await caller.ask(0.005) is None
        await caller.connection.lost
        await until(lambda: server.peers[0].is_gone)
        assert caller.answers == [None]

    with_server(replies(b"HTTP/1.1 200"), test)


def test_closing_answers_none_to_what_is_under_way() -> None:
    async def test(server: RawServer, caller: Caller) -> None:
        caller.connection.send("POST", REQUEST, caller.answers.append, 2.0)
        await until(lambda: server.peers[0].received)
        caller.connection.close()
        assert caller.answers == [None]
        await caller.connection.lost
        assert caller.answers == [None]

    with_server(replies(), test)
