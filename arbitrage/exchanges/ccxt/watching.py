"""Messages carried by ccxt.pro: one instance of ccxt, and a task for each call that it watches.

The promises are those of a websocket: it opens once, hands over messages with a stamp, and ends
with the first thing that goes wrong, whatever it is; whether there is another one is decided in
`net.stream`. There is a task, and a queue inside ccxt, between the socket and whoever reads: this
is the slow road.
"""

import asyncio
from collections.abc import Callable
from ssl import SSLContext
from typing import Any

import msgspec

from arbitrage.domain.errors import Unavailable
from arbitrage.exchanges.ccxt.calls import POLLS, WATCHES, Watch
from arbitrage.exchanges.ccxt.connector import Connector
from arbitrage.exchanges.ccxt.pool import said
from arbitrage.net.websocket import Endpoint, OnMessage

# Only what concerns money is read with all of its digits; the numbers of books are floats.
_EXACT = frozenset({"watch_orders", "poll_funding"})
_LOOK_SECONDS = 0.005

_ENCODER = msgspec.json.Encoder()


class WatchFrame(msgspec.Struct):
    """`{"watch":"watch_order_book","symbols":["BTC/KRW"]}`: what an endpoint's text asks for."""

    watch: str
    symbols: list[str]


_FRAME = msgspec.json.Decoder(WatchFrame)


class CcxtConnection:
    """One session of what an `Endpoint` lists. `messages` and `bytes` count what was handed over.

    ccxt pings, and answers pings, by itself.
    """

    def __init__(
        self,
        connector: Connector,
        on_open: Callable[[], None],
        on_message: OnMessage,
        clock_ns: Callable[[], int],
    ) -> None:
        self.messages = self.bytes = self.received = 0
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._connector = connector
        self._on_open = on_open
        self._on_message = on_message
        self._clock_ns = clock_ns
        self._exchange: Any = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_ready = self._is_deaf = False
        self._broken: BaseException | None = None

    @property
    def is_open(self) -> bool:
        """Whether it has opened and is not over."""
        return self._is_ready and not self.ended.done()

    async def open(
        self,
        endpoint: Endpoint,
        *,
        timeout_seconds: float,
        ssl_context: SSLContext | None = None,  # noqa: ARG002
    ) -> None:
        """Watch what the endpoint's frames ask for, and return once ccxt is connected.

        Raises `Unavailable` or `TimeoutError`; then nothing is left behind.
        """
        frames = [_FRAME.decode(text) for text in endpoint.frames]
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._begin(frames)
        except BaseException:
            await self.close("not opened")
            raise
        self._become_open()

    async def _begin(self, frames: list[WatchFrame]) -> None:
        is_exact = any(frame.watch in _EXACT for frame in frames)
        self._exchange = self._connector.instance(is_exact=is_exact)
        loading = asyncio.ensure_future(self._connector.load(self._exchange, is_exact=is_exact))
        self._tasks.add(loading)
        await asyncio.wait((loading,))
        self._tasks.discard(loading)
        if loading.cancelled() or (error := loading.exception()) is not None:
            raise Unavailable(f"its markets cannot be read: {said(error)}") from error
        for frame in frames:
            task = asyncio.ensure_future(self._watch(WATCHES[frame.watch], frame.symbols))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        is_polled = all(frame.watch in POLLS for frame in frames)
        while not (is_polled or self._is_ready or self._is_connected):
            if self.ended.done():
                raise Unavailable(self.ended.result())
            await asyncio.sleep(_LOOK_SECONDS)

    @property
    def _is_connected(self) -> bool:
        """Whether every socket that ccxt wanted stands."""
        # Some clients of ccxt only keep futures and never connect.
        clients = tuple(self._exchange.clients.values())
        is_connecting = any(client.connecting for client in clients)
        return not is_connecting and any(client.isConnected for client in clients)

    async def _watch(self, watch: Watch, symbols: list[str]) -> None:
        while True:
            self._deliver(_ENCODER.encode(await watch(self._exchange, symbols)))

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self._end(said(task.exception()))

    def _deliver(self, message: bytes) -> None:
        if self._is_deaf:
            return
        self._become_open()
        self.received += 1
        self.messages += 1
        self.bytes += len(message)
        try:
            self._on_message(message, self._clock_ns())
        except BaseException as error:
            self._break(error)
            raise

    def _become_open(self) -> None:
        if self._is_ready or self.ended.done():
            return
        self._is_ready = True
        try:
            self._on_open()
        except BaseException as error:
            self._break(error)
            raise

    def _break(self, error: BaseException) -> None:
        self._broken = error
        self.give_up(said(error))

    def _end(self, reason: str) -> None:
        if not self.ended.done():
            self.ended.set_result(reason)

    def give_up(self, reason: str) -> None:
        """Declare it over; whoever watches `ended` closes it."""
        self.mute()
        self._end(reason)

    async def close(self, reason: str) -> None:
        """End it and return when its tasks and sockets are gone.

        Raises what broke `on_open` or `on_message`. Closing twice is harmless.
        """
        self.give_up(reason)
        tasks = tuple(self._tasks)
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            await exchange.close()
        if self._broken is not None:
            raise self._broken

    # --- what a websocket can and a library cannot ------------------------------------------------

    def send(self, text: bytes) -> bool:  # noqa: ARG002
        """Nothing can be written to a session of ccxt."""
        return False

    def ping(self) -> None:
        """ccxt does it."""

    def mute(self) -> None:
        """Hand nothing over any more."""
        self._is_deaf = True

    def when_heard(self, call: Callable[[], None], *, pong_counts: bool) -> None:  # noqa: ARG002
        """Call once, before the first message is handed over."""
        on_message = self._on_message

        def first(message: bytes, ts_ns: int) -> None:
            self._on_message = on_message
            call()
            on_message(message, ts_ns)

        self._on_message = first
