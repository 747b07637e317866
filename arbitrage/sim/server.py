"""The server of one simulated venue: HTTP and websocket on loopback, with faults around both.

Knows no protocol. A `VenueProtocol` brings the routes and the words in which its venue refuses;
everything that goes wrong on purpose (`faults`) happens here and in `sim_socket`, so that no
protocol has to think of it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from email.utils import formatdate
from typing import Protocol

from aiohttp import web

from arbitrage.domain.errors import Unavailable
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.net.background import Background
from arbitrage.sim.fault_gate import FaultGate
from arbitrage.sim.faults import Fault, FaultKind, FaultPlan
from arbitrage.sim.sim_socket import SimSocket
from arbitrage.sim.venue_core import SimVenueCore

HOST = "127.0.0.1"
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_SHUTDOWN_SECONDS = 0.1
# What can befall the opening of a websocket; its life is the affair of frames.
_STRIKE_UPGRADES = {
    FaultKind.DROP,
    FaultKind.DELAY,
    FaultKind.RATE_LIMITED,
    FaultKind.BANNED,
    FaultKind.SERVER_ERROR,
}


class VenueProtocol(Protocol):
    """What a venue's protocol gives the server.

    Handlers of requests are plain aiohttp handlers. A handler of a websocket makes a `SimSocket`
    through `VenueServer.socket` and awaits its `run`. `trouble` is the venue's own answer, with
    its body and headers, to a request that is refused with 429, 418 or 5xx before it is looked at;
    503 is also the answer during maintenance.
    """

    core: SimVenueCore

    def routes(self, server: "VenueServer") -> Iterable[web.RouteDef]: ...
    def trouble(self, request: web.Request, status: int) -> web.Response: ...


class VenueServer:
    """One venue on `127.0.0.1:port`; port 0 takes a free one.

    `start` and `stop` belong to one event loop. After `stop` nothing is left: no task, no socket.
    `background` runs what a protocol does by the clock.
    """

    def __init__(
        self,
        protocol: VenueProtocol,
        *,
        port: int = 0,
        faults: FaultPlan | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.protocol = protocol
        self.core = protocol.core
        self.port = port
        self.faults = FaultGate(faults or FaultPlan(), self.core.venue, clock_ns)
        self.background = Background()
        self._sockets: set[SimSocket] = set()
        self._runner: web.AppRunner | None = None

    @property
    def rest_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def ws_url(self) -> str:
        """Where streams are; the path is the venue's own."""
        return f"ws://{HOST}:{self.port}"

    # --- life ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen. Raises `Unavailable` if the port is taken."""
        app = web.Application(middlewares=[self._guarded])
        app.router.add_routes(self.protocol.routes(self))
        app.on_response_prepare.append(self._date)
        # A request that has arrived is carried out, whether or not its sender still waits.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self.port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise Unavailable(
                f"{self.core.venue}: port {self.port} of {HOST} cannot be listened on ({error}); "
                "the venue is not started"
            ) from error
        self.port = self._runner.addresses[0][1]
        self.core.is_frozen = self.faults.is_frozen
        self._take_in_time()
        self.background.start(self._follow_time(), f"{self.core.venue} fault times")

    async def stop(self) -> None:
        """Cut every connection and end every task."""
        self._cut_all()
        await self.background.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def serve_socket(
        self,
        socket: SimSocket,
        on_frame: Callable[[str | bytes], None],
        on_open: Callable[[], None] = lambda: None,
    ) -> web.StreamResponse:
        """Serve a websocket until it ends."""
        self._sockets.add(socket)
        try:
            return await socket.run(on_frame, on_open)
        finally:
            self._sockets.discard(socket)

    def _cut_all(self) -> None:
        for socket in tuple(self._sockets):
            socket.abort()

    # --- what lasts for a time -----------------------------------------------------------------

    async def _follow_time(self) -> None:
        """Wake up whenever something that lasts begins or ends."""
        for boundary_ns in self.faults.boundaries_ns:
            while (wait_ns := boundary_ns - self.faults.elapsed_ns) > 0:
                await asyncio.sleep(wait_ns / NS_PER_SECOND)
            self._take_in_time()

    def _take_in_time(self) -> None:
        self.core.skew_ns = self.faults.skew_ns
        if self.faults.is_down:
            self._cut_all()
        elif self.faults.is_in_maintenance:
            for socket in tuple(self._sockets):
                socket.close(1001, "maintenance")

    async def _date(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = formatdate(self.core.now_ns / NS_PER_SECOND, usegmt=True)

    # --- requests ------------------------------------------------------------------------------

    @web.middleware
    async def _guarded(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Let faults strike before, instead of, or after the handler."""
        if self.faults.is_down:
            return _cut(request)
        if self.faults.is_in_maintenance:
            return self.protocol.trouble(request, 503)
        fault = self.faults.request(f"{request.method} {request.path}")
        if fault is None:
            return await handler(request)
        return await self._struck(request, handler, fault)

    async def _struck(
        self, request: web.Request, handler: _Handler, fault: Fault
    ) -> web.StreamResponse:
        if "Upgrade" in request.headers and fault.kind not in _STRIKE_UPGRADES:
            return await handler(request)
        match fault.kind:
            case FaultKind.DROP:
                return _cut(request)
            case FaultKind.RATE_LIMITED | FaultKind.BANNED:
                return self.protocol.trouble(request, int(fault.kind.value))
            case FaultKind.SERVER_ERROR:
                return self.protocol.trouble(request, fault.status or 500)
            case FaultKind.DELAY:
                await asyncio.sleep(fault.delay)
                return await handler(request)
            case FaultKind.DISCONNECT:
                await handler(request)
                return _cut(request)
            case FaultKind.TIMEOUT:
                await handler(request)
                if fault.status is not None:
                    return self.protocol.trouble(request, fault.status)
                await asyncio.sleep(fault.delay)
                return _cut(request)
            case FaultKind.CANCEL_RACE:
                self.core.race_next_cancel()
                return await handler(request)
        return await self._refused_after_accepted(request, handler, fault)

    async def _refused_after_accepted(
        self, request: web.Request, handler: _Handler, fault: Fault
    ) -> web.StreamResponse:
        self.core.doom_next_order(True)
        try:
            return await handler(request)
        finally:
            self.core.doom_next_order(False)
            asyncio.get_running_loop().call_later(fault.delay, self.core.withdraw_doomed)


def _cut(request: web.Request) -> web.StreamResponse:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
