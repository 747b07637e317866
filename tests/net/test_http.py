"""A pool of connections against real servers: warm, bounded, and never sending anything twice."""

import asyncio

import pytest
from aiohttp import web
from net.loopback import RawServer, run, soon, until
from net.pool_rig import (
    ENTRY,
    GET,
    OK,
    ORDER,
    aiohttp_server,
    opened,
    pool_of,
    requests_of,
    with_raw,
)

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.exchanges.order_gateway import Answer, Request
from arbitrage.net.http import USER_AGENT, HttpPool

# --- against a web server ---------------------------------------------------------------------


def test_requests_reach_a_web_server_whole_and_are_answered() -> None:
    seen: list[tuple[str, str, dict[str, str], bytes]] = []

    async def handler(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen.append((request.method, request.path_qs, headers, await request.read()))
        return web.json_response({"ok": True}, headers={"Remaining-Req": "group=order; sec=7"})

    async def work() -> None:
        async with aiohttp_server(handler) as url, opened(url) as pool:
            answers = [await soon(pool.send(one)) for one in (GET, ORDER, ENTRY)]
            for answer in answers:
                assert answer is not None
                assert (answer.status, answer.body) == (200, b'{"ok": true}')
                assert answer.headers["remaining-req"] == "group=order; sec=7"
            host = url.removeprefix("http://")
            assert [(method, path, body) for method, path, _, body in seen] == [
                ("GET", "/book?symbol=BTC", b""),
                ("POST", "/order?id=1", b'{"qty":"1"}'),
                ("POST", "/order?id=2", b""),
            ]
            assert seen[0][2] == {"host": host, "user-agent": USER_AGENT}
            assert seen[1][2]["x-key"] == "k"
            assert seen[1][2]["content-length"] == "11"
            assert seen[2][2]["content-length"] == "0"

    run(work)


def test_connections_are_kept_alive_over_many_requests() -> None:
    transports = set()

    async def handler(request: web.Request) -> web.Response:
        transports.add(request.transport)
        return web.Response(text="ok")

    async def work() -> None:
        async with aiohttp_server(handler) as url, opened(url) as pool:
            for _ in range(20):
                assert await soon(pool.send(GET))
            assert len(transports) == 2
            assert pool.open_connections == 2

    run(work)


def test_a_server_that_closes_after_each_answer_is_connected_to_again() -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(text="ok", headers={"Connection": "close"})

    async def work() -> None:
        async with aiohttp_server(handler) as url, opened(url) as pool:
            for _ in range(8):
                answer = await soon(pool.send(GET))
                assert answer is not None
                assert answer.status == 200

    run(work)


# --- in flight --------------------------------------------------------------------------------


def test_bytes_are_on_the_wire_when_send_returns() -> None:
    async def test(server: RawServer, pool: HttpPool) -> None:
        pool.send(ORDER)
        # The kernel of the same machine has them already; the server needs one turn to read.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await until(lambda: requests_of(server))
        (received,) = requests_of(server)
        assert received.startswith(b"POST /order?id=1 HTTP/1.1\r\nHost: 127.0.0.1:")
        assert received.endswith(b'\r\n\r\n{"qty":"1"}')

    with_raw(test)


def test_no_connection_ever_carries_two_requests_at_once() -> None:
    async def test(server: RawServer, pool: HttpPool) -> None:
        futures = [pool.send(GET) for _ in range(6)]
        await until(lambda: len(requests_of(server)) == 2)
        await asyncio.sleep(0.002)
        assert all(received.count(b"GET") == 1 for received in requests_of(server))
        server.on_data = lambda peer, _data: peer.transport.write(OK)
        for peer in server.live:
            peer.transport.write(OK)
        answers = await soon(asyncio.gather(*futures))
        assert [answer.status for answer in answers if answer] == [200] * 6
        assert len(server.peers) == 2

    with_raw(test)


def test_an_order_whose_answer_does_not_come_is_in_doubt_and_sent_once() -> None:
    async def test(server: RawServer, pool: HttpPool) -> None:
        assert await soon(pool.send(ORDER)) is None
        await until(lambda: len(server.live) == 2)
        await asyncio.sleep(0.005)
        assert b"".join(peer.received for peer in server.peers).count(b"POST") == 1

    with_raw(test, timeout_seconds=0.005)


def test_an_order_whose_connection_is_lost_after_it_was_written_is_in_doubt_and_sent_once() -> None:
    async def test(server: RawServer, pool: HttpPool) -> None:
        server.on_data = lambda peer, _data: peer.transport.abort()
        assert await soon(pool.send(ORDER)) is None
        assert await soon(pool.send(GET)) is None
        await until(lambda: len(server.live) == 2)
        everything = b"".join(peer.received for peer in server.peers)
        assert (everything.count(b"POST"), everything.count(b"GET")) == (1, 1)

    with_raw(test)


def test_a_late_answer_is_not_taken_for_that_of_the_next_request() -> None:
    async def test(server: RawServer, pool: HttpPool) -> None:
        assert await soon(pool.send(ORDER)) is None
        server.on_data = lambda peer, _data: peer.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"
        )
        for peer in server.peers:
            if not peer.transport.is_closing():
                peer.transport.write(OK)
        await asyncio.sleep(0.002)
        answer = await soon(pool.send(GET))
        assert answer is None or answer.body == b"new"

    with_raw(test, timeout_seconds=0.02, connections=1)


def test_a_caller_that_no_longer_waits_changes_nothing() -> None:
    async def test(server: RawServer, pool: HttpPool) -> None:
        future = pool.send(GET)
        await until(lambda: requests_of(server))
        future.cancel()
        server.peers[0].transport.write(OK)
        server.on_data = lambda peer, _data: peer.transport.write(OK)
        assert await soon(pool.send(GET))

    with_raw(test, connections=1)


# --- waiting for a connection -----------------------------------------------------------------


def test_whoever_waits_longest_is_served_first_and_those_who_left_are_passed_over() -> None:
    async def test(server: RawServer, pool: HttpPool) -> None:
        pool.send(GET)
        waiting = [pool.send(Request("GET", f"/{name}")) for name in "abc"]
        waiting[0].cancel()
        server.on_data = lambda peer, _data: peer.transport.write(OK)
        server.peers[0].transport.write(OK)
        await soon(asyncio.gather(*waiting[1:]))
        targets = [
            line.split()[1] for line in server.peers[0].received.split(b"\r\n") if b"GET" in line
        ]
        assert targets == [b"/book?symbol=BTC", b"/b", b"/c"]

    with_raw(test, connections=1)


def test_more_than_may_wait_are_refused_at_once() -> None:
    async def test(server: RawServer, pool: HttpPool) -> None:
        pool.send(GET)
        waiting = [pool.send(ORDER) for _ in range(3)]
        with pytest.raises(Unavailable, match="3 wait already; nothing was sent"):
            pool.send(ORDER)
        server.on_data = lambda peer, _data: peer.transport.write(OK)
        server.peers[0].transport.write(OK)
        await soon(asyncio.gather(*waiting))

    with_raw(test, connections=1, max_waiting=3)


def test_an_entry_does_not_wait() -> None:
    async def test(_server: RawServer, pool: HttpPool) -> None:
        pool.send(GET)
        with pytest.raises(Unavailable, match="no free connection; nothing was sent"):
            pool.send(ENTRY)

    with_raw(test, connections=1)


def test_a_request_that_waited_in_vain_was_not_sent() -> None:
    async def test(server: RawServer, pool: HttpPool) -> None:
        pool.send(GET)
        with pytest.raises(Unavailable, match="in time; nothing was sent"):
            await soon(pool.send(ORDER))
        server.on_data = lambda peer, _data: peer.transport.write(OK)
        server.peers[0].transport.write(OK)
        assert await soon(pool.send(GET))
        assert b"POST" not in server.peers[0].received

    with_raw(test, connections=1, wait_seconds=0.005)


def test_a_request_that_was_written_after_waiting_is_never_said_to_be_unsent() -> None:
    async def test(server: RawServer, pool: HttpPool) -> None:
        pool.send(GET)
        late = pool.send(ORDER)
        server.peers[0].transport.write(OK)
        await until(lambda: b"POST" in server.peers[0].received)
        assert await soon(late) is None

    with_raw(test, connections=1, wait_seconds=0.02, timeout_seconds=0.05)


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/a\r\nX-Evil: 1"),
        Request("GET", "/a b"),
        Request("GET", "/a", {"X-Key": "k\r\nX-Evil: 1"}),
        Request("GET", "/a", {"X-Key": "k\nX-Evil: 1"}),
        Request("GET", "/a", {"X-Key": "k\rX-Evil: 1"}),
    ],
)
def test_a_request_that_would_break_out_of_its_line_is_not_sent(request_: Request) -> None:
    async def test(server: RawServer, pool: HttpPool) -> None:
        with pytest.raises(ConfigError, match="nothing was sent"):
            pool.send(request_)
        server.on_data = lambda peer, _data: peer.transport.write(OK)
        assert isinstance(await soon(pool.send(GET)), Answer)

    with_raw(test, connections=1)


@pytest.mark.parametrize(
    "url", ["ftp://host", "http://", "https://host/api", "https://host?x=1", "host:80"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="REST address"):
        pool_of(url)


def test_the_usual_ports_are_known() -> None:
    assert (pool_of("https://api.upbit.com")._port, pool_of("http://x")._port) == (443, 80)


def test_terms_that_are_none_are_refused() -> None:
    for terms in ({"connections": 0}, {"max_waiting": -1}, {"timeout_seconds": 0.0}):
        with pytest.raises(ConfigError, match="pool terms"):
            pool_of("http://x", **terms)
