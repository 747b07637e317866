"""Our own sockets and another library's carriers stand in the same places."""

import asyncio
from random import Random
from typing import Any

from net.loopback import run
from net.tiny_plan import tiny_plan
from net.tiny_venue import tiny_venue

from arbitrage.exchanges.order_gateway import Answer, Lane, Request
from arbitrage.net.arrival_clock import stamp
from arbitrage.net.http import HttpPool, PoolTerms
from arbitrage.net.rest import Rest
from arbitrage.net.transport import NewConnection, RequestPool, Transport
from arbitrage.net.websocket import WebSocket


class Carrier:
    """A pool that answers everything with its name."""

    def __init__(self, terms: PoolTerms) -> None:
        self.terms = terms
        self.events: list[str] = []

    async def open(self) -> None:
        self.events.append("open")

    async def close(self) -> None:
        self.events.append("close")

    async def wait(self) -> None:
        return None

    def send(self, request: Request) -> "asyncio.Future[Answer | None]":
        self.events.append(request.target)
        future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        future.set_result(Answer(200, b"carried"))
        return future


def test_our_own_sockets_keep_the_promises() -> None:
    connection: NewConnection = WebSocket
    pool: RequestPool = HttpPool("http://127.0.0.1:1", PoolTerms(), random=Random(1))
    assert connection is WebSocket
    assert isinstance(pool, HttpPool)


def test_a_plan_without_a_transport_uses_our_own_sockets_and_one_with_it_none() -> None:
    made: list[Carrier] = []

    def pool(terms: PoolTerms) -> Carrier:
        made.append(Carrier(terms))
        return made[-1]

    def connection(*_args: Any) -> Any:
        raise AssertionError("nothing connects")

    async def work() -> None:
        async with tiny_venue() as venue:
            assert tiny_plan(venue).new_connection is WebSocket
            plan = tiny_plan(venue, transport=Transport(pool=pool, connection=connection))
            assert plan.new_connection is connection
            rest = Rest(plan, clock_ns=stamp, random=Random(1))
            await rest.open()
            answer = await rest.ask(lambda _now_ns: Request("GET", "/time"))
            order = await rest.send(Request("POST", "/order", lane=Lane.ENTRY), stamp())
            await rest.close()
            assert answer.body == b"carried"
            assert order is not None
            assert order.body == b"carried"
            assert [one.terms for one in made] == [plan.polls, plan.orders]
            assert "/time" in made[0].events
            assert "/order" in made[1].events
            assert made[0].events[-1] == made[1].events[-1] == "close"

    run(work)
