"""TCP connections within a time, and none left behind."""

import asyncio
import socket

import pytest
from net.loopback import raw_server, run, until

from arbitrage.net.dial import dial, hang_up


def test_a_dialled_socket_is_connected_and_does_not_wait_to_fill_packets() -> None:
    async def work() -> None:
        async with raw_server() as server:
            sock = await dial("localhost", server.port, timeout_seconds=1.0)
            assert sock.getpeername()[1] == server.port
            assert not sock.getblocking()
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            sock.close()

    run(work)


def test_a_refused_connection_says_why_and_leaves_no_socket() -> None:
    async def work() -> None:
        async with raw_server() as server:
            port = server.port
        with pytest.raises(ConnectionRefusedError):
            await dial("127.0.0.1", port, timeout_seconds=1.0)

    run(work)


def test_an_address_that_fails_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with raw_server() as server, raw_server() as other:
            gone = other.port
            found = [
                (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))
                for port in (gone, server.port)
            ]

        async with raw_server() as server:
            found[1] = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", server.port))
            _resolve_to(monkeypatch, found)
            sock = await dial("venue.example", 443, timeout_seconds=1.0)
            assert sock.getpeername()[1] == server.port
            sock.close()

    run(work, new_loop=asyncio.new_event_loop)


def test_a_name_without_an_address_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        _resolve_to(monkeypatch, [])
        with pytest.raises(ConnectionError, match=r"venue\.example: no address"):
            await dial("venue.example", 443, timeout_seconds=1.0)

    run(work, new_loop=asyncio.new_event_loop)


def test_dialling_gives_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async def never(*_args: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", never)
        with pytest.raises(TimeoutError):
            await dial("127.0.0.1", 1, timeout_seconds=0.01)

    run(work, new_loop=asyncio.new_event_loop)


def test_hanging_up_closes_what_a_transport_has_taken_over() -> None:
    async def work() -> None:
        async with raw_server() as server:
            sock = await dial("127.0.0.1", server.port, timeout_seconds=1.0)
            await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=sock)
            await hang_up(sock)
            await until(lambda: server.peers[0].is_gone)
            assert sock.fileno() == -1
            await hang_up(sock)

    run(work, new_loop=asyncio.new_event_loop)


def test_hanging_up_does_not_wait_for_ever_for_a_socket_that_nobody_closes() -> None:
    async def work() -> None:
        async with raw_server() as server:
            sock = await dial("127.0.0.1", server.port, timeout_seconds=1.0)
            await hang_up(sock)
            sock.close()

    run(work)


def _resolve_to(monkeypatch: pytest.MonkeyPatch, found: list[tuple[object, ...]]) -> None:
    async def getaddrinfo(*_args: object, **_options: object) -> list[tuple[object, ...]]:
        return found

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
