"""One websocket connection: its handshake, its messages as bytes with a stamp, its end.

Whether there should be another one is decided in `stream`. A message is handed over inside the
callback that received it: between the socket and whoever reads there is no queue and no task.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from ssl import SSLContext

import msgspec
from picows import (
    WSCloseCode,
    WSError,
    WSFrame,
    WSListener,
    WSMsgType,
    WSParsedURL,
    WSProtocolError,
    WSTransport,
    WSUpgradeResponse,
    ws_connect,
)

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.net import deflate
from arbitrage.net.deflate import Inflater
from arbitrage.net.dial import dial, hang_up

OnMessage = Callable[[bytes, int], None]

# Why there is no connection: the network, the handshake, or a time that ran out.
NOT_CONNECTED = (OSError, TimeoutError, WSError)

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
_CLOSE_SECONDS = 0.5
# What a login may come to instead of a session.
_NOT_LOGGED_IN = (Unavailable, MalformedData, ConfigError)
_DATA = frozenset({WSMsgType.TEXT, WSMsgType.BINARY})


class Endpoint(msgspec.Struct, frozen=True):
    """Where to connect, with which headers, and the texts to send first. Made anew each time, so
    that authentication is fresh.

    With `after_login` the connection opens only once that is satisfied: it is given each message
    until it returns the texts to send next, and None until then. It raises `Unavailable` for a
    login that is refused. Those messages are handed to nobody else.
    """

    url: str
    headers: Mapping[str, str] = {}
    frames: Sequence[bytes] = ()
    after_login: Callable[[bytes], Sequence[bytes] | None] | None = None
    asks_compressed: bool = False


class WebSocket(WSListener):
    """One connection. `messages` and `bytes` count data, `received` every frame.

    `on_open` is called when it has opened, before its first message is handed to `on_message`.
    `ended` gives the reason once it is over. An error that one of the two raises ends it at once,
    and `close` raises it.
    """

    def __init__(
        self,
        on_open: Callable[[], None],
        on_message: OnMessage,
        clock_ns: Callable[[], int],
    ) -> None:
        super().__init__()
        self.messages = self.bytes = self.received = 0
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._on_open = on_open
        self._on_message = on_message
        self._clock_ns = clock_ns
        self._endpoint = Endpoint("")
        self._transport: WSTransport | None = None
        self._parts: list[bytes] = []
        self._are_parts_compressed = False
        self._inflater: Inflater | None = None
        self._is_deaf = False
        self._on_pong: Callable[[], None] | None = None

    async def open(
        self,
        endpoint: Endpoint,
        *,
        timeout_seconds: float,
        ssl_context: SSLContext | None = None,
    ) -> None:
        """Connect, send the endpoint's frames, log in, and return with the connection open.

        Raises one of `NOT_CONNECTED`, or `Unavailable` without a login. Cancelled or failed, it
        leaves no socket behind.
        """
        self._endpoint = endpoint
        if endpoint.after_login is not None:
            self._expect_login(endpoint.after_login)
        headers = dict(endpoint.headers)
        if endpoint.asks_compressed:
            headers[deflate.HEADER] = deflate.OFFER
        dialled: list[socket.socket] = []

        async def dial_once(url: WSParsedURL) -> socket.socket:
            dialled.append(await dial(url.host, url.port, timeout_seconds=timeout_seconds))
            return dialled[0]

        try:
            async with asyncio.timeout(timeout_seconds):
                _, listener = await ws_connect(
                    lambda _request, response: self._met(response),
                    endpoint.url,
                    ssl_context=ssl_context,
                    websocket_handshake_timeout=None,
                    extra_headers=headers,
                    max_frame_size=MAX_MESSAGE_BYTES,
                    max_redirects=0,
                    socket_factory=dial_once,
                )
                if listener is None:
                    raise ConnectionResetError("hung up during the handshake")
                if endpoint.after_login is not None:
                    await self._logged_in()
        except BaseException:
            self.give_up("not opened")
            for sock in dialled:
                await hang_up(sock)
            raise

    def _expect_login(self, after_login: Callable[[bytes], Sequence[bytes] | None]) -> None:
        """Hand messages to `after_login` until it is satisfied."""
        on_message = self._on_message

        def log_in(message: bytes, _ts_ns: int) -> None:
            try:
                texts = after_login(message)
            except _NOT_LOGGED_IN as error:
                self.give_up(str(error))
                return
            if texts is not None:
                self._on_message = on_message
                self._become_open(texts)

        self._on_message = log_in

    async def _logged_in(self) -> None:
        await asyncio.wait((self._ready, self.ended), return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.done():
            raise Unavailable(f"not logged in: {self.ended.result()}")

    def _become_open(self, texts: Sequence[bytes]) -> None:
        for text in texts:
            self.send(text)
        self._ready.set_result(None)
        self._on_open()

    def _met(self, response: WSUpgradeResponse) -> "WebSocket":
        """The server has accepted the handshake; what it agreed to holds from the first message."""
        if self._endpoint.asks_compressed:
            extensions = response.headers.get(deflate.HEADER, "")
            self._inflater = deflate.agreed(extensions, MAX_MESSAGE_BYTES)
        return self

    # --- what picows calls --------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        try:
            if self._endpoint.after_login is None:
                self._become_open(self._endpoint.frames)
            else:
                for text in self._endpoint.frames:
                    self.send(text)
        except BaseException:
            self._drop(transport)
            raise

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self.received += 1
        kind = frame.msg_type
        if kind in _DATA and frame.fin and not self._parts:
            self._deliver(transport, frame.get_payload_as_bytes(), frame.rsv1)
        elif kind is WSMsgType.CLOSE:
            self._closed_by_venue(transport, frame)
        elif kind in _DATA or kind is WSMsgType.CONTINUATION:
            self._assemble(transport, frame)
        elif self._on_pong is not None and self._ready.done():
            self._on_pong()

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002
        self._end("lost without a closing frame")

    def _deliver(self, transport: WSTransport, message: bytes, is_compressed: bool) -> None:
        if self._is_deaf:
            return
        self.messages += 1
        self.bytes += len(message)
        if is_compressed:
            try:
                message = self._inflated(message)
            except MalformedData as error:
                self.give_up(str(error))
                return
        try:
            self._on_message(message, self._clock_ns())
        except BaseException:
            self._drop(transport)
            raise

    def _inflated(self, message: bytes) -> bytes:
        if self._inflater is None:
            raise MalformedData("a compressed message, which was not agreed on")
        return self._inflater.inflate(message)

    def _assemble(self, transport: WSTransport, frame: WSFrame) -> None:
        """Keep the parts of a fragmented message until it is whole."""
        is_first = frame.msg_type is not WSMsgType.CONTINUATION
        if is_first == bool(self._parts):
            raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "a fragment out of place")
        if is_first:
            self._are_parts_compressed = frame.rsv1
        self._parts.append(frame.get_payload_as_bytes())
        if sum(map(len, self._parts)) > MAX_MESSAGE_BYTES:
            raise WSProtocolError(WSCloseCode.MESSAGE_TOO_BIG, "a message in parts is too big")
        if frame.fin:
            message = b"".join(self._parts)
            self._parts.clear()
            self._deliver(transport, message, self._are_parts_compressed)

    def _closed_by_venue(self, transport: WSTransport, frame: WSFrame) -> None:
        code, said = frame.get_close_code(), frame.get_close_reason() or ""
        self._end(f"closed by the venue with {code.value} {said}".rstrip())
        transport.send_close(WSCloseCode.OK)
        transport.disconnect()

    def _drop(self, transport: WSTransport) -> None:
        self._is_deaf = True
        transport.disconnect(graceful=False)

    def _end(self, reason: str) -> None:
        if not self.ended.done():
            self.ended.set_result(reason)

    # --- what its owner does ------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether it has opened and is not over."""
        return self._ready.done() and not self.ended.done()

    def send(self, text: bytes) -> bool:
        """Write a text message in this call; False if the connection is over, and it was not."""
        if self._transport is None or self._transport.is_disconnected:
            return False
        self._transport.send(WSMsgType.TEXT, text)
        return True

    def ping(self) -> None:
        """Send a protocol ping. On a connection that is over nothing happens."""
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.send_ping()

    def mute(self) -> None:
        """Hand nothing over any more."""
        self._is_deaf = True

    def when_heard(self, call: Callable[[], None], *, pong_counts: bool) -> None:
        """Call once, before the first message is handed over; a pong may count as one."""
        on_message = self._on_message

        def heard() -> None:
            self._on_message, self._on_pong = on_message, None
            call()

        def first(message: bytes, ts_ns: int) -> None:
            heard()
            on_message(message, ts_ns)

        self._on_message = first
        self._on_pong = heard if pong_counts else None

    def give_up(self, reason: str) -> None:
        """Declare it over; whoever watches `ended` closes it."""
        self.mute()
        self._end(reason)

    async def close(self, reason: str) -> None:
        """End it and return when its socket is closed.

        Raises what broke `on_open` or `on_message`; what the venue did wrong is only a reason to
        connect again. Closing twice is harmless.
        """
        self.give_up(reason)
        transport = self._transport
        if transport is None:
            return
        if not transport.is_disconnected:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await transport.wait_disconnected()
        except TimeoutError:  # the other side is gone and takes nothing more
            transport.disconnect(graceful=False)
            await transport.wait_disconnected()
        except WSProtocolError:
            pass
