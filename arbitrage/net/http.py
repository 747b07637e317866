"""A venue's REST host as a few warm connections, and requests written in the caller's own call.

Each connection carries one request at a time, and none is ever sent twice: a request whose answer
does not come may have been carried out, so its answer is None and it is for others to ask. Only a
request of which no byte was written raises `Unavailable`.
"""

import asyncio
import logging
from collections import deque
from random import Random
from ssl import SSLContext, create_default_context
from urllib.parse import urlsplit

import msgspec
from aiofastnet import create_connection

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.exchanges.order_gateway import Answer, Lane, Request
from arbitrage.net.background import Background
from arbitrage.net.backoff import Backoff
from arbitrage.net.dial import dial, hang_up
from arbitrage.net.http_connection import HttpConnection

USER_AGENT = "arbitrage/0.1"
_PORTS = {"http": 80, "https": 443}
# A connection closed sooner than this, without a request, counts as a failed attempt.
_SETTLED_SECONDS = 1.0

_log = logging.getLogger(__name__)


class PoolTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How many connections a pool keeps open, and how long it waits, in seconds.

    An answer is waited for `timeout_seconds`. At most `max_waiting` requests wait for a free
    connection, `wait_seconds` each. An idle connection is replaced after `idle_seconds`, before
    the venue would close it under a request.
    """

    connections: int = 2
    max_waiting: int = 64
    wait_seconds: float = 1.0
    timeout_seconds: float = 5.0
    connect_seconds: float = 5.0
    idle_seconds: float = 20.0

    def __post_init__(self) -> None:
        seconds = (self.wait_seconds, self.timeout_seconds, self.connect_seconds, self.idle_seconds)
        if self.connections < 1 or self.max_waiting < 0 or min(seconds) <= 0:
            raise ConfigError(f"pool terms {self}; expected a connection and positive times")


class _Waiting(msgspec.Struct, frozen=True):
    method: str
    data: bytes
    timer: asyncio.TimerHandle


class HttpPool:
    """The connections to one host, all of one event loop.

    `url` is `https://host` or `http://host:port`, anything else raises `ConfigError`.
    """

    def __init__(
        self,
        url: str,
        terms: PoolTerms,
        *,
        random: Random,
        backoff: Backoff | None = None,
        ssl_context: SSLContext | None = None,
    ) -> None:
        self.url = url
        self.terms = terms
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ConfigError(f"REST address {url!r}; expected https://host or http://host:port")
        self._host = parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._ssl = (ssl_context or create_default_context()) if parts.scheme == "https" else None
        self._every_head = f" HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: {USER_AGENT}\r\n"
        self._random = random
        self._backoff = backoff or Backoff()
        self._background = Background()
        self._connections: set[HttpConnection] = set()
        self._idle: deque[HttpConnection] = deque()
        self._waiting: dict[asyncio.Future[Answer | None], _Waiting] = {}
        self._is_open = False

    # --- sending ------------------------------------------------------------------------------

    def send(self, request: Request) -> "asyncio.Future[Answer | None]":
        """Write `request` now if a connection is free, else when one is; an entry never waits.

        The future gives the answer, or None if the venue may have carried the request out without
        telling us. It raises `Unavailable`, as this call does, only if nothing was written. Raises
        `ConfigError` for a request that would break out of its line.
        """
        data = self._bytes(request)
        future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        idle = self._idle
        while idle:
            connection = idle.popleft()
            if connection.is_idle:
                self._write(connection, request.method, data, future)
                return future
        self._wait(request, data, future)
        return future

    def _bytes(self, request: Request) -> bytes:
        method, target, body = request.method, request.target, request.body
        head = f"{method} {target}{self._every_head}"
        lines = 3
        for name, value in request.headers.items():
            head += f"{name}: {value}\r\n"
            lines += 1
        if body or method != "GET":
            head += f"Content-Length: {len(body)}\r\n"
            lines += 1
        if head.count("\n") != lines or head.count("\r") != lines or " " in target:
            raise ConfigError(
                f"{method} {self._host}: a line break or blank where none may be; nothing was sent"
            )
        return head.encode("latin-1") + b"\r\n" + body

    def _write(
        self,
        connection: HttpConnection,
        method: str,
        data: bytes,
        future: "asyncio.Future[Answer | None]",
    ) -> None:
        def answered(answer: Answer | None) -> None:
            if not future.done():
                future.set_result(answer)

        connection.send(method, data, answered, self.terms.timeout_seconds)

    def _wait(self, request: Request, data: bytes, future: "asyncio.Future[Answer | None]") -> None:
        told = f"{request.method} {self._host}: no free connection"
        if not self._is_open or request.lane is Lane.ENTRY:
            raise Unavailable(f"{told}; nothing was sent")
        if len(self._waiting) >= self.terms.max_waiting:
            raise Unavailable(f"{told} and {len(self._waiting)} wait already; nothing was sent")

        def give_up() -> None:
            if not future.done():
                future.set_exception(Unavailable(f"{told} in time; nothing was sent"))

        timer = asyncio.get_running_loop().call_later(self.terms.wait_seconds, give_up)
        self._waiting[future] = _Waiting(request.method, data, timer)
        future.add_done_callback(self._stop_waiting)

    def _stop_waiting(self, future: "asyncio.Future[Answer | None]") -> None:
        waiting = self._waiting.pop(future, None)
        if waiting is not None:
            waiting.timer.cancel()

    def _on_free(self, connection: HttpConnection) -> None:
        """Whoever has waited longest goes first."""
        while self._waiting:
            future = next(iter(self._waiting))
            waiting = self._waiting.pop(future)
            waiting.timer.cancel()
            if not future.done():
                self._write(connection, waiting.method, waiting.data, future)
                return
        self._idle.append(connection)

    # --- connections --------------------------------------------------------------------------

    async def open(self) -> None:
        """Open every connection. Raises `Unavailable`, and leaves none, if not one can be opened.
        Opening twice is harmless."""
        if self._is_open:
            return
        self._is_open = True
        count = self.terms.connections
        try:
            found = await asyncio.gather(
                *(self._connect() for _ in range(count)), return_exceptions=True
            )
        except BaseException:
            await self.close()
            raise
        failures = [one for one in found if isinstance(one, BaseException)]
        if len(failures) == count:
            await self.close()
            raise Unavailable(f"{self.url}: {failures[0]}; nothing was sent") from failures[0]
        for one in found:
            first = one if isinstance(one, HttpConnection) else None
            self._background.start(self._keep(first), f"connection to {self._host}")

    async def close(self) -> None:
        """Close every connection: requests under way have no answer, waiting ones are not sent.

        Returns when every socket is closed. Closing twice is harmless.
        """
        self._is_open = False
        await self._background.stop()
        for future in tuple(self._waiting):
            if not future.done():
                future.set_exception(Unavailable(f"{self.url} is closed; nothing was sent"))
        connections = tuple(self._connections)
        for connection in connections:
            connection.close()
        await asyncio.gather(*(connection.lost for connection in connections))

    async def wait(self) -> None:
        """Return after `close`. Raises what broke the pool, which is a bug."""
        await self._background.wait()

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    async def _connect(self) -> HttpConnection:
        """A new connection, free to be used. Raises `OSError`."""
        seconds = self.terms.connect_seconds
        sock = await dial(self._host, self._port, timeout_seconds=seconds)
        try:
            async with asyncio.timeout(seconds):
                # Unlike the loop's own, this transport writes in the caller's call.
                _, connection = await create_connection(
                    asyncio.get_running_loop(),
                    lambda: HttpConnection(self._on_free),
                    sock=sock,
                    ssl=self._ssl,
                    server_hostname=self._host if self._ssl is not None else None,
                )
        except BaseException:
            await hang_up(sock)
            raise
        self._connections.add(connection)
        connection.lost.add_done_callback(lambda _: self._forget(connection))
        return connection

    def _forget(self, connection: HttpConnection) -> None:
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    async def _keep(self, connection: HttpConnection | None) -> None:
        """Hold a connection open for ever; one that could not be of use is waited for longer."""
        attempt = 0
        while True:
            try:
                connection = connection or await self._connect()
                was_useful = await self._hold(connection)
            except OSError as error:
                was_useful = False
                _log.log(
                    logging.DEBUG if attempt else logging.WARNING,
                    "%s: cannot connect: %s %s",
                    *(self.url, type(error).__name__, error),
                )
            connection = None
            attempt = 0 if was_useful else attempt + 1
            if attempt:
                await asyncio.sleep(self._backoff.seconds(attempt - 1, self._random))

    async def _hold(self, connection: HttpConnection) -> bool:
        """Until it is lost, or was idle for too long; whether it could be of use.

        The patience differs from one to the next, so that not all are replaced together.
        """
        loop = asyncio.get_running_loop()
        opened = loop.time()
        patience = self.terms.idle_seconds * self._random.uniform(0.5, 1.0)
        while not connection.lost.done():
            idle = loop.time() - connection.idle_since if connection.is_idle else 0.0
            if idle >= patience:
                connection.close()
                await connection.lost
            else:
                await asyncio.wait((connection.lost,), timeout=patience - idle)
        return connection.requests > 0 or loop.time() - opened > _SETTLED_SECONDS
