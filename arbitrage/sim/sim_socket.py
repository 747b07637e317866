"""One websocket connection of a simulated venue: frames in, frames out in order, faults between.

Frames are queued and sent by one task, so whoever tells never waits. A client that does not read
is cut off when its queue is full, as venues do.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from aiohttp import WSCloseCode, WSMsgType, web

from arbitrage.sim.fault_gate import FaultGate
from arbitrage.sim.faults import FaultKind

MAX_QUEUED_FRAMES = 10_000
MAX_FRAME_BYTES = 1 << 20
NEVER_IDLE = 1e9


class _Frame(NamedTuple):
    data: bytes | str
    subject: str
    is_book: bool


class _Close(NamedTuple):
    code: int
    reason: str


class _Ping(NamedTuple):
    """A protocol ping."""


class SimSocket:
    """A connection, from its upgrade to its end.

    `idle_seconds` without a frame in either direction, and it is cut without a close frame;
    `life_seconds` after its start it is closed. `ping_seconds` apart the venue sends a protocol
    ping, and cuts who has sent nothing at all for `pong_seconds`.
    """

    def __init__(
        self,
        request: web.Request,
        faults: FaultGate,
        *,
        idle_seconds: float = NEVER_IDLE,
        life_seconds: float = NEVER_IDLE,
        ping_seconds: float = NEVER_IDLE,
        pong_seconds: float = NEVER_IDLE,
    ) -> None:
        self.request = request
        self.is_open = False
        self._faults = faults
        self._idle_seconds = idle_seconds
        self._life_seconds = life_seconds
        self._ping_seconds = ping_seconds
        self._pong_seconds = pong_seconds
        self._ws = web.WebSocketResponse(autoping=False, max_msg_size=MAX_FRAME_BYTES)
        self._queue: asyncio.Queue[_Frame | _Close | _Ping] = asyncio.Queue(MAX_QUEUED_FRAMES)
        self._loop = asyncio.get_running_loop()
        self._timers: list[asyncio.TimerHandle] = []
        self._active_at = self._heard_at = self._loop.time()

    # --- what protocols use --------------------------------------------------------------------

    def send(self, data: bytes | str, subject: str = "", *, is_book: bool = False) -> None:
        """Queue a frame: binary if `bytes`, text if `str`. `subject` is what faults know it by."""
        self._put(_Frame(data, subject, is_book))

    def close(self, code: int = WSCloseCode.OK, reason: str = "") -> None:
        """Close after what is queued."""
        self._put(_Close(code, reason))

    def abort(self) -> None:
        """Cut the connection: the client sees no close frame (1006)."""
        self.is_open = False
        transport = self.request.transport
        if transport is not None:
            transport.abort()

    def every(self, seconds: float, action: Callable[[], None]) -> None:
        """Call `action` again and again while the connection lives; first in `seconds`."""

        now = self._loop.time()
        self._timers = [timer for timer in self._timers if timer.when() > now]
        self._timers.append(self._loop.call_at(now + seconds, self._act, seconds, action))

    def _act(self, seconds: float, action: Callable[[], None]) -> None:
        action()
        self.every(seconds, action)

    async def run(
        self,
        on_frame: Callable[[str | bytes], None],
        on_open: Callable[[], None] = lambda: None,
    ) -> web.WebSocketResponse:
        """Serve the connection until it ends; every text or binary frame goes to `on_frame`."""
        await self._ws.prepare(self.request)
        self.is_open = True
        self._start_timers()
        writer = asyncio.create_task(self._write())
        try:
            on_open()
            with suppress(ConnectionError):
                await self._read(on_frame)
        finally:
            self.is_open = False
            for timer in self._timers:
                timer.cancel()
            writer.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await writer
        return self._ws

    # --- in ------------------------------------------------------------------------------------

    async def _read(self, on_frame: Callable[[str | bytes], None]) -> None:
        while self.is_open:
            message = await self._ws.receive()
            self._heard_at = self._active_at = self._loop.time()
            match message.type:
                case WSMsgType.PING:
                    await self._ws.pong(message.data)
                case WSMsgType.TEXT | WSMsgType.BINARY:
                    on_frame(message.data)
                case WSMsgType.PONG:
                    pass
                case _:
                    return

    # --- out -----------------------------------------------------------------------------------

    def _put(self, item: _Frame | _Close | _Ping) -> None:
        if not self.is_open:
            return
        try:
            self._queue.put_nowait(item)
        except asyncio.QueueFull:
            self.abort()

    async def _write(self) -> None:
        overtaken: _Frame | None = None
        while True:
            item = await self._queue.get()
            if isinstance(item, _Close):
                await self._ws.close(code=item.code, message=item.reason.encode())
                return
            if isinstance(item, _Ping):
                await self._ws.ping()
                continue
            fault = self._faults.frame(item.subject, is_book=item.is_book)
            kind = fault.kind if fault else None
            if fault is not None and kind is FaultKind.DELAY:
                await asyncio.sleep(fault.delay)
            if kind is FaultKind.REORDER and overtaken is None:
                overtaken = item
                continue
            if kind not in (FaultKind.DROP, FaultKind.GAP):
                await self._emit(item)
            if kind is FaultKind.DUPLICATE:
                await self._emit(item)
            if overtaken is not None:
                await self._emit(overtaken)
                overtaken = None
            if kind is FaultKind.DISCONNECT:
                self.abort()
                return

    async def _emit(self, frame: _Frame) -> None:
        if isinstance(frame.data, bytes):
            await self._ws.send_bytes(frame.data)
        else:
            await self._ws.send_str(frame.data)
        self._active_at = self._loop.time()

    # --- timers --------------------------------------------------------------------------------

    def _start_timers(self) -> None:
        if self._idle_seconds < NEVER_IDLE:
            self.every(self._idle_seconds / 20, self._cut_if_idle)
        if self._ping_seconds < NEVER_IDLE:
            self.every(self._ping_seconds, self._ping)
        if self._life_seconds < NEVER_IDLE:
            self._timers.append(self._loop.call_later(self._life_seconds, self.close))

    def _cut_if_idle(self) -> None:
        if self._loop.time() - self._active_at >= self._idle_seconds:
            self.abort()

    def _ping(self) -> None:
        if self._loop.time() - self._heard_at >= self._pong_seconds:
            self.abort()
        self._put(_Ping())
