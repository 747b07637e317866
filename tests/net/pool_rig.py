"""A pool under test, and servers that it connects to."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

from aiohttp import web
from net.loopback import RawServer, raw_server, run, until

from arbitrage.exchanges.order_gateway import Lane, Request
from arbitrage.net.backoff import Backoff
from arbitrage.net.http import HttpPool, PoolTerms

QUICK = Backoff(0.001, 0.004)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = Request("GET", "/book?symbol=BTC")
ORDER = Request("POST", "/order?id=1", {"X-Key": "k"}, b'{"qty":"1"}', Lane.URGENT)
ENTRY = Request("POST", "/order?id=2", lane=Lane.ENTRY)


def pool_of(url: str, **terms: object) -> HttpPool:
    chosen = {"connections": 2, "wait_seconds": 0.5, "timeout_seconds": 1.0, **terms}
    return HttpPool(url, PoolTerms(**chosen), random=Random(1), backoff=QUICK)  # type: ignore[arg-type]


@asynccontextmanager
async def opened(url: str, **terms: object) -> AsyncIterator[HttpPool]:
    pool = pool_of(url, **terms)
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()


def with_raw(test: Callable[[RawServer, HttpPool], object], **terms: object) -> None:
    """Run `test` with a silent server and an open pool."""

    async def work() -> None:
        async with raw_server() as server, opened(server.http, **terms) as pool:
            await until(lambda: len(server.live) == pool.terms.connections)
            await test(server, pool)  # type: ignore[misc]

    run(work)


def requests_of(server: RawServer) -> list[bytes]:
    return [peer.received for peer in server.peers if peer.received]


@asynccontextmanager
async def aiohttp_server(handler: Callable[[web.Request], object]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)  # type: ignore[arg-type]
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()
