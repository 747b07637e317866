"""The server with a protocol of three routes: what goes wrong around any venue's requests."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from email.utils import parsedate_to_datetime

import aiohttp
import pytest
from aiohttp import web
from sim_core import SPOT, SimDesk

from arbitrage.domain.errors import Unavailable
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.order_records import NewOrder
from arbitrage.sim.server import VenueServer
from arbitrage.sim.sim_socket import SimSocket


class TinyProtocol:
    """Places an order on POST, cancels it on DELETE, and has a stream."""

    def __init__(self, desk: SimDesk) -> None:
        self.core = desk.core

    def routes(self, server: VenueServer) -> list[web.RouteDef]:
        async def stream(request: web.Request) -> web.StreamResponse:
            socket = SimSocket(request, server.faults)
            return await server.serve_socket(socket, lambda frame: socket.send(frame))

        return [
            web.post("/order", self._place),
            web.delete("/order", self._cancel),
            web.get("/ws", stream),
        ]

    def trouble(self, _request: web.Request, status: int) -> web.Response:
        return web.Response(status=status, text="trouble")

    async def _place(self, _request: web.Request) -> web.Response:
        wanted = NewOrder(symbol=SPOT, side=Side.BUY, qty=Decimal(2), price=Decimal(100))
        return web.Response(text=str(self.core.place(wanted).id))

    async def _cancel(self, _request: web.Request) -> web.Response:
        (order,) = self.core.orders.open()
        return web.Response(text=str(self.core.cancel(order)))


class Visit:
    """A client at a running server."""

    def __init__(self, desk: SimDesk, server: VenueServer, session: aiohttp.ClientSession) -> None:
        self.desk, self.server, self.session = desk, server, session

    async def request(self, method: str = "POST") -> tuple[int, str]:
        url = f"{self.server.rest_url}/order"
        async with self.session.request(method, url) as answer:
            return answer.status, await answer.text()

    async def is_cut(self, method: str = "POST") -> bool:
        try:
            await self.request(method)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            return True
        return False

    @property
    def orders(self) -> list[OrderStatus]:
        return [order.status for order in self.desk.core.orders.all()]


def visit(client: Callable[[Visit], Awaitable[None]], script: str = "") -> None:
    async def run() -> None:
        desk = SimDesk()
        server = VenueServer(
            TinyProtocol(desk), faults=FaultPlan.parse(script), clock_ns=lambda: desk.clock_ns
        )
        await server.start()
        try:
            async with asyncio.timeout(5), aiohttp.ClientSession() as session:
                await client(Visit(desk, server, session))
        finally:
            await server.stop()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


def fault(kind: str, **options: object) -> str:
    lines = [f"{name} = {value!r}".replace("'", '"') for name, value in options.items()]
    return "\n".join(["[[fault]]", f'kind = "{kind}"', *lines])


# --- without faults ------------------------------------------------------------------------------


def test_a_request_is_carried_out_and_dated_by_the_venues_clock() -> None:
    async def client(it: Visit) -> None:
        async with it.session.post(f"{it.server.rest_url}/order") as answer:
            assert answer.status == 200
            date = parsedate_to_datetime(answer.headers["Date"])
            assert int(date.timestamp()) == it.desk.core.now_ns // 1_000_000_000
        assert it.orders == [OrderStatus.OPEN]

    visit(client)


def test_a_port_that_is_taken_is_said_so() -> None:
    async def client(it: Visit) -> None:
        second = VenueServer(TinyProtocol(SimDesk()), port=it.server.port)
        with pytest.raises(Unavailable, match=f"port {it.server.port}"):
            await second.start()

    visit(client)


def test_stopping_cuts_streams_and_stopping_twice_is_harmless() -> None:
    async def client(it: Visit) -> None:
        async with it.session.ws_connect(f"{it.server.ws_url}/ws") as ws:
            await ws.send_str("echo")
            assert await ws.receive_str() == "echo"
            await it.server.stop()
            await ws.receive()
            assert ws.close_code == 1006

    visit(client)


# --- requests that go wrong ----------------------------------------------------------------------


def test_a_dropped_request_never_arrives() -> None:
    async def client(it: Visit) -> None:
        assert await it.is_cut()
        assert it.orders == []

    visit(client, fault("drop", nth=[1, 2]))


def test_a_disconnect_comes_after_the_order_was_placed() -> None:
    async def client(it: Visit) -> None:
        assert await it.is_cut()
        assert it.orders == [OrderStatus.OPEN]

    visit(client, fault("disconnect", nth=[1]))


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (fault("429"), 429),
        (fault("418"), 418),
        (fault("5xx"), 500),
        (fault("5xx", status=503), 503),
        (fault("maintenance"), 503),
    ],
)
def test_a_refused_request_is_not_carried_out(script: str, status: int) -> None:
    async def client(it: Visit) -> None:
        assert await it.request() == (status, "trouble")
        assert it.orders == []

    visit(client, script)


def test_a_timeout_leaves_the_order_alive() -> None:
    async def client(it: Visit) -> None:
        assert await it.is_cut()
        assert it.orders == [OrderStatus.OPEN]

    visit(client, fault("timeout", nth=[1], delay_seconds=0.01))


def test_a_timeout_may_be_answered_as_a_server_error() -> None:
    async def client(it: Visit) -> None:
        assert await it.request() == (504, "trouble")
        assert it.orders == [OrderStatus.OPEN]

    visit(client, fault("timeout", status=504))


def test_a_delayed_request_is_carried_out_even_if_nobody_waits() -> None:
    async def client(it: Visit) -> None:
        with pytest.raises(asyncio.TimeoutError):
            async with asyncio.timeout(0.01):
                await it.request()
        assert it.orders == []
        while not it.orders:
            await asyncio.sleep(0.005)

    visit(client, fault("delay", delay_seconds=0.03))


def test_an_accepted_order_may_be_refused_after_all() -> None:
    async def client(it: Visit) -> None:
        assert (await it.request())[0] == 200
        assert it.orders == [OrderStatus.OPEN]
        while it.orders == [OrderStatus.OPEN]:
            await asyncio.sleep(0.001)
        assert it.orders == [OrderStatus.CANCELED]

    visit(client, fault("refused_after_accepted", delay_seconds=0.01))


def test_a_cancel_may_lose_its_race() -> None:
    async def client(it: Visit) -> None:
        it.desk.book(bids=[(90.0, 1.0)], asks=[(110.0, 1.0)])
        await it.request()
        assert await it.request("DELETE") == (200, "False")
        assert it.orders == [OrderStatus.FILLED]

    visit(client, fault("cancel_race", what="DELETE"))


def test_only_the_subject_named_goes_wrong() -> None:
    async def client(it: Visit) -> None:
        assert (await it.request())[0] == 200
        assert (await it.request("DELETE"))[0] == 429

    visit(client, fault("429", what="DELETE /order"))


# --- streams -------------------------------------------------------------------------------------


def test_opening_a_stream_can_be_refused_but_not_half_done() -> None:
    async def client(it: Visit) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await it.session.ws_connect(f"{it.server.ws_url}/ws")
        assert refused.value.status == 429
        async with it.session.ws_connect(f"{it.server.ws_url}/ws") as ws:
            await ws.send_str("echo")
            assert await ws.receive_str() == "echo"

    visit(client, fault("429", nth=[1]) + "\n" + fault("timeout", what="/ws"))


# --- what lasts ----------------------------------------------------------------------------------


def test_a_restart_cuts_everything_and_comes_back() -> None:
    async def client(it: Visit) -> None:
        async with it.session.ws_connect(f"{it.server.ws_url}/ws") as ws:
            it.desk.clock_ns += 20_000_000
            await ws.receive()
            assert ws.close_code == 1006
        assert await it.is_cut()
        it.desk.clock_ns += 20_000_000
        while await it.is_cut():
            pass
        assert it.orders

    visit(client, fault("restart", from_seconds=0.01, until_seconds=0.03))


def test_maintenance_closes_streams_with_a_word() -> None:
    async def client(it: Visit) -> None:
        async with it.session.ws_connect(f"{it.server.ws_url}/ws") as ws:
            it.desk.clock_ns += 10_000_000
            await ws.receive()
            assert ws.close_code == 1001
        assert (await it.request())[0] == 503

    visit(client, fault("maintenance", from_seconds=0.01))


def test_a_skewed_clock_is_the_venues_alone() -> None:
    async def client(it: Visit) -> None:
        assert it.desk.core.now_ns == it.desk.clock_ns - 3_000_000_000
        it.desk.clock_ns += 10_000_000
        while it.desk.core.skew_ns:
            await asyncio.sleep(0.001)
        assert it.desk.core.now_ns == it.desk.clock_ns

    visit(client, fault("clock_skew", skew_seconds=-3.0, until_seconds=0.01))


def test_a_frozen_book_is_the_cores() -> None:
    async def client(it: Visit) -> None:
        it.desk.book(bids=[(90.0, 1.0)], asks=[(110.0, 1.0)])
        assert it.desk.core.book(SPOT) is None
        it.desk.clock_ns += 10_000_000
        it.desk.book(bids=[(91.0, 1.0)], asks=[(110.0, 1.0)])
        assert it.desk.core.book(SPOT) is not None

    visit(client, fault("frozen_book", until_seconds=0.01))
