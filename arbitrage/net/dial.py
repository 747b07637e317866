"""Opening a TCP connection within a time: one address after the other, each with a share of it."""

import asyncio
import socket


async def dial(host: str, port: int, *, timeout_seconds: float) -> socket.socket:
    """A connected socket that does not block and does not wait to fill its packets.

    Raises `OSError` (of which `TimeoutError` and an unknown host are kinds) with the failure of
    the last address. Cancelled or failed, it leaves no socket behind.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(timeout_seconds):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        failure: OSError = ConnectionError(f"{host}: no address")
        for family, kind, protocol, _, address in found:
            try:
                async with asyncio.timeout(timeout_seconds / len(found)):
                    return await _connected(socket.socket(family, kind, protocol), address)
            except OSError as error:
                failure = error
        raise failure


async def _connected(sock: socket.socket, address: tuple[object, ...]) -> socket.socket:
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


async def hang_up(sock: socket.socket) -> None:
    """End a connection that a transport has taken over but its owner never got, and wait until the
    transport has closed it."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:  # it is closed, or was never connected
        return
    for _ in range(_TURNS_TO_CLOSE):
        if sock.fileno() == -1:
            return
        await asyncio.sleep(0)


_TURNS_TO_CLOSE = 100
