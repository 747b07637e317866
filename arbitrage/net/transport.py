"""What carries requests and messages to a venue, as those see it who only use it.

Our own sockets do (`HttpPool`, `WebSocket`). A venue that is reached through another library brings
its own carriers, under the same promises, and everything above them stays as it is.
"""

import asyncio
from collections.abc import Callable
from ssl import SSLContext
from typing import Protocol

import msgspec

from arbitrage.exchanges.order_gateway import Answer, Request
from arbitrage.net.http import PoolTerms
from arbitrage.net.websocket import Endpoint, OnMessage

Text = bytes


class RequestPool(Protocol):
    """Carries requests, each once; see `HttpPool`."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def wait(self) -> None: ...

    def send(self, request: Request) -> "asyncio.Future[Answer | None]": ...


class Connection(Protocol):
    """Carries messages from its opening to its end; see `WebSocket`."""

    messages: int
    bytes: int
    received: int
    ended: "asyncio.Future[str]"

    @property
    def is_open(self) -> bool: ...

    async def open(
        self,
        endpoint: Endpoint,
        *,
        timeout_seconds: float,
        ssl_context: SSLContext | None = None,
    ) -> None: ...

    async def close(self, reason: str) -> None: ...

    def give_up(self, reason: str) -> None: ...

    def send(self, text: Text) -> bool: ...

    def ping(self) -> None: ...

    def mute(self) -> None: ...

    def when_heard(self, call: Callable[[], None], *, pong_counts: bool) -> None: ...


# Given what to call when it opens and with each message, and the clock that stamps them.
NewConnection = Callable[[Callable[[], None], OnMessage, Callable[[], int]], Connection]


class Transport(msgspec.Struct, frozen=True, kw_only=True):
    """The carriers of a venue that is not reached by our own sockets."""

    pool: Callable[[PoolTerms], RequestPool]
    connection: NewConnection
