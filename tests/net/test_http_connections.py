"""The connections of a pool come and go: idle ones closed, hosts lost, nothing left open."""

import asyncio

import pytest
from net.loopback import RawServer, raw_server, run, soon, until
from net.pool_rig import ENTRY, GET, OK, ORDER, pool_of, requests_of, with_raw

from arbitrage.domain.errors import Unavailable
from arbitrage.net.backoff import Backoff
from arbitrage.net.http import HttpPool


def test_every_connection_is_open_before_the_first_request() -> None:
    async def test(server: RawServer, pool: HttpPool) -> None:
        assert pool.open_connections == 4
        assert not requests_of(server)
        await pool.open()
        assert len(server.peers) == 4

    with_raw(test, connections=4)


def test_an_idle_connection_that_the_server_closes_is_replaced_and_never_written_to() -> None:
    async def test(server: RawServer, pool: HttpPool) -> None:
        server.on_data = lambda peer, _data: peer.transport.write(OK)
        for peer in server.peers:
            peer.transport.close()
        await until(lambda: len(server.peers) == 4 and pool.open_connections == 2)
        assert await soon(pool.send(ORDER))
        assert b"".join(peer.received for peer in server.peers[:2]) == b""

    with_raw(test)


def test_idle_connections_are_renewed_before_the_server_would_close_them() -> None:
    async def test(server: RawServer, _pool: HttpPool) -> None:
        await until(lambda: len(server.peers) >= 6)
        assert len(server.live) <= 3

    with_raw(test, idle_seconds=0.01)


def test_a_busy_connection_is_not_renewed() -> None:
    async def test(server: RawServer, pool: HttpPool) -> None:
        future = pool.send(ORDER)
        await asyncio.sleep(0.03)
        assert len(server.peers) == 1
        server.peers[0].transport.write(OK)
        assert await soon(future)

    with_raw(test, idle_seconds=0.005, connections=1)


def test_a_server_that_accepts_and_cuts_at_once_is_not_hammered() -> None:
    async def work() -> None:
        async with raw_server() as server:
            pool = pool_of(server.http, connections=1)
            pool._backoff = Backoff(5.0, 5.0)
            await pool.open()
            await until(lambda: server.live)
            server.peers[0].transport.abort()
            await asyncio.sleep(0.02)
            assert len(server.peers) == 1
            with pytest.raises(Unavailable):
                pool.send(ENTRY)
            await pool.close()

    run(work)


def test_a_host_that_goes_away_and_comes_back_is_connected_to_again() -> None:
    async def work() -> None:
        async with raw_server() as server:
            pool = pool_of(server.http)
            await pool.open()
            url, port = server.http, server.port
        await until(lambda: pool.open_connections == 0)
        with pytest.raises(Unavailable):
            pool.send(ENTRY)
        loop = asyncio.get_running_loop()
        back = await loop.create_server(asyncio.Protocol, "127.0.0.1", port)
        await until(lambda: pool.open_connections == 2)
        assert pool.url == url
        await pool.close()
        back.close()
        await back.wait_closed()

    run(work)


def test_a_host_that_cannot_be_reached_is_unavailable_and_leaves_nothing() -> None:
    async def work() -> None:
        async with raw_server() as server:
            url = server.http
        pool = pool_of(url)
        with pytest.raises(Unavailable, match="nothing was sent"):
            await pool.open()
        with pytest.raises(Unavailable):
            pool.send(GET)
        await pool.close()

    run(work)


def test_opening_can_be_cancelled_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with raw_server() as server:
            pool = pool_of(server.http)
            connect, count = pool._connect, 0

            async def one_hangs() -> object:
                nonlocal count
                count += 1
                if count == 2:
                    await asyncio.Event().wait()
                return await connect()

            monkeypatch.setattr(pool, "_connect", one_hangs)
            opening = asyncio.create_task(pool.open())
            await until(lambda: server.live)
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
            await until(lambda: not server.live)

    run(work)


def test_a_bug_of_ours_is_raised_to_whoever_waits_for_the_pool() -> None:
    async def work() -> None:
        async with raw_server() as server:
            pool = pool_of(server.http, connections=1)
            await pool.open()

            async def broken() -> HttpPool:
                raise KeyError("ours")

            pool._connect = broken  # type: ignore[method-assign, assignment]
            await until(lambda: server.live)
            server.peers[0].transport.abort()
            with pytest.raises(KeyError, match="ours"):
                await soon(pool.wait())
            await pool.close()

    run(work)


def test_one_connection_of_two_is_enough_to_begin() -> None:
    async def work() -> None:
        async with raw_server() as server:
            pool = pool_of(server.http)
            connect, failures = pool._connect, [OSError("no route")]

            async def flaky() -> object:
                if failures:
                    raise failures.pop()
                return await connect()

            pool._connect = flaky  # type: ignore[method-assign, assignment]
            await pool.open()
            await until(lambda: pool.open_connections == 2)
            await pool.close()

    run(work)


def test_closing_answers_what_is_under_way_and_refuses_what_waits() -> None:
    async def test(server: RawServer, pool: HttpPool) -> None:
        under_way, waiting = pool.send(ORDER), pool.send(ORDER)
        await until(lambda: requests_of(server))
        await pool.close()
        assert under_way.result() is None
        with pytest.raises(Unavailable, match="nothing was sent"):
            waiting.result()
        with pytest.raises(Unavailable):
            pool.send(GET)
        await pool.close()

    with_raw(test, connections=1)


def test_a_tls_handshake_that_never_ends_leaves_no_socket() -> None:
    async def work() -> None:
        async with raw_server() as server:
            pool = pool_of(server.http.replace("http", "https"), connect_seconds=0.02)
            with pytest.raises(Unavailable):
                await pool.open()
            await until(lambda: not server.live)

    run(work)
