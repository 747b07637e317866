"""A websocket kept open for ever: connecting again, pinging, replacing before the venue cuts it.

A `Stream` is one subscription of a venue over a row of connections. It knows nothing of what its
messages say. After each loss it asks for a fresh endpoint, so nothing of an old session (keys,
subscriptions) is carried over by accident.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from math import inf
from random import Random
from ssl import SSLContext
from typing import Any

import msgspec

from arbitrage.domain.errors import Unavailable
from arbitrage.net.arrival_clock import stamp
from arbitrage.net.background import Background
from arbitrage.net.backoff import Backoff
from arbitrage.net.heartbeat import Pulse, SessionTerms, Verdict
from arbitrage.net.transport import Connection, NewConnection
from arbitrage.net.websocket import NOT_CONNECTED, Endpoint, OnMessage, WebSocket

_CONNECT_SECONDS = 10.0
_FAILED = (*NOT_CONNECTED, Unavailable)

_log = logging.getLogger(__name__)


class StreamCounts(msgspec.Struct):
    """What has happened on a stream so far. `last_reason` is why its last connection ended."""

    opened: int = 0
    failed: int = 0
    renewed: int = 0
    messages: int = 0
    bytes: int = 0
    last_reason: str = ""

    @property
    def reconnects(self) -> int:
        """How often it was opened again after a loss."""
        return max(0, self.opened - 1)


class Stream:
    """One subscription. All calls belong to the event loop on which it was started.

    `endpoint` is awaited before each attempt; `Unavailable` from it counts as a failed one, and so
    does a login that is refused.
    `on_open` is called before the first message of a connection that follows a loss, `on_close`
    with the reason after each loss and each failed attempt; a planned replacement calls neither.
    `data` counts the messages that say something, where that is not every one: only they keep a
    feed from being stale. An error raised by a callback ends the stream and is raised by `wait`.
    """

    def __init__(
        self,
        name: str,
        endpoint: Callable[[], Awaitable[Endpoint]],
        *,
        on_message: OnMessage,
        on_open: Callable[[], None],
        on_close: Callable[[str], None],
        terms: SessionTerms,
        random: Random,
        backoff: Backoff | None = None,
        clock_ns: Callable[[], int] = stamp,
        connect_seconds: float = _CONNECT_SECONDS,
        data: Callable[[], int] | None = None,
        ssl_context: SSLContext | None = None,
        new_connection: NewConnection = WebSocket,
    ) -> None:
        self.name = name
        self._endpoint = endpoint
        self._on_message = on_message
        self._on_open = on_open
        self._on_close = on_close
        self._terms = terms
        self._random = random
        self._backoff = backoff or Backoff()
        self._clock_ns = clock_ns
        self._connect_seconds = connect_seconds
        self._data = data
        self._ssl_context = ssl_context
        self._counts = StreamCounts()
        self._new_connection = new_connection
        self._current: Connection | None = None
        self._background = Background()

    # --- what its owner does ------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect."""
        self._background.start(self._run(), f"stream {self.name}")

    async def stop(self) -> None:
        """Close the connection and end; no task and no socket is left. Twice is harmless."""
        await self._background.stop()

    async def wait(self) -> None:
        """Return after `stop`. Raises what broke the stream."""
        await self._background.wait()

    def send(self, text: bytes) -> bool:
        """Write a text in this call; False if no connection is open, and nothing was written."""
        return self._current is not None and self.is_open and self._current.send(text)

    def reconnect(self, reason: str) -> None:
        """Give the connection up and open another one. Without one nothing happens."""
        if self._current is not None:
            self._current.give_up(reason)

    @property
    def is_open(self) -> bool:
        return self._current is not None and self._current.is_open

    @property
    def counts(self) -> StreamCounts:
        """The counts at this moment, those of the open connection included."""
        current = self._current
        if current is None:
            return self._counts
        return msgspec.structs.replace(
            self._counts,
            messages=self._counts.messages + current.messages,
            bytes=self._counts.bytes + current.bytes,
        )

    # --- one connection after the other -------------------------------------------------------

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        attempt = 0
        while True:
            started = loop.time()
            await self._live(is_news=attempt == 0)
            # One that was refused or cut at once is not a success: the pauses go on growing.
            if loop.time() - started > self._backoff.max_seconds:
                attempt = 0
            await asyncio.sleep(self._backoff.seconds(attempt, self._random))
            attempt += 1

    async def _live(self, *, is_news: bool) -> None:
        """One connection from its opening to its end, replacements included."""
        self._current = connection = self._socket(self._opened)
        try:
            self._lost(await self._lifetime(connection), is_news=is_news)
        finally:
            last, self._current = self._current, None
            await self._retire(last, "the stream ends")

    async def _lifetime(self, connection: Connection) -> str:
        """From opening to end; why it ended."""
        try:
            await self._connect(connection)
        except _FAILED as error:
            self._counts.failed += 1
            return f"cannot connect: {_told(error)}"
        return await self._attend(connection)

    def _lost(self, reason: str, *, is_news: bool) -> None:
        self._counts.last_reason = reason
        _log.log(logging.WARNING if is_news else logging.DEBUG, "%s: %s", self.name, reason)
        self._on_close(reason)

    def _opened(self) -> None:
        self._counts.opened += 1
        self._on_open()

    def _socket(self, on_open: Callable[[], None]) -> Connection:
        return self._new_connection(on_open, self._on_message, self._clock_ns)

    async def _connect(self, connection: Connection) -> None:
        await connection.open(
            await self._endpoint(),
            timeout_seconds=self._connect_seconds,
            ssl_context=self._ssl_context,
        )

    async def _retire(self, connection: Connection, reason: str) -> None:
        try:
            await connection.close(reason)
        finally:
            self._counts.messages += connection.messages
            self._counts.bytes += connection.bytes

    # --- keeping it alive ---------------------------------------------------------------------

    async def _attend(self, connection: Connection) -> str:
        """Ping, judge and replace the connection until it ends; why it ended."""
        loop = asyncio.get_running_loop()
        pulse = Pulse(self._terms, loop.time())
        while not connection.ended.done():
            await _first_of(connection.ended, until=pulse.next_at)
            data = connection.messages if self._data is None else self._data()
            match pulse.feel(loop.time(), received=connection.received, data=data):
                case Verdict.PING:
                    self._ping(connection)
                case Verdict.STALE:
                    connection.give_up(f"stale: no message for {self._terms.stale_seconds:g} s")
                case Verdict.SILENT:
                    connection.give_up("silent: nothing came back after a ping")
                case Verdict.RENEW:
                    old, connection = connection, await self._renew(connection)
                    if connection is old:
                        pulse.postpone_renewal(loop.time() + self._backoff.max_seconds)
                    else:
                        pulse = Pulse(self._terms, loop.time())
        return connection.ended.result()

    def _ping(self, connection: Connection) -> None:
        heartbeat = self._terms.heartbeat
        if heartbeat is not None and heartbeat.text:
            connection.send(heartbeat.text)
        else:
            connection.ping()

    async def _renew(self, old: Connection) -> Connection:
        """Open another connection, hear it, and only then let `old` go; the one that goes on.

        That is still `old` if the other was not heard, or if `old` ended first. A stream that may
        be silent for long is heard by its pong, any other by its data.
        """
        fresh = retired = self._socket(_unnoticed)
        heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        fresh.when_heard(
            lambda: self._hand_over(old, heard), pong_counts=self._terms.stale_seconds == inf
        )
        try:
            await self._connect(fresh)
            fresh.ping()
            await _first_of(heard, old.ended, until=_in(self._connect_seconds))
            if heard.done() and not old.ended.done():
                self._current, retired = fresh, old
                self._counts.renewed += 1
                await asyncio.sleep(self._terms.overlap_seconds)
        except _FAILED as error:
            _log.warning("%s: cannot be replaced yet: %s", self.name, _told(error))
        finally:
            await self._retire(retired, "replaced")
        return old if retired is fresh else fresh

    def _hand_over(self, old: Connection, heard: "asyncio.Future[None]") -> None:
        if not self._terms.overlap_seconds:
            old.mute()
        heard.set_result(None)


def _unnoticed() -> None:
    """A replacement opens without being told of."""


def _told(error: BaseException) -> str:
    return f"{type(error).__name__} {error}".rstrip()


def _in(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def _first_of(*futures: "asyncio.Future[Any]", until: float) -> None:
    """Return when one of them is done, or at `until` on the loop's clock."""
    timeout = None if until == inf else max(0.0, until - asyncio.get_running_loop().time())
    await asyncio.wait(futures, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
