"""One kept-alive HTTP/1.1 connection: request bytes out at once, one answer back, then the next.

Requests are never pipelined and never sent twice here. Bytes are written in the caller's own call;
answers are read later, by h11. A connection that did anything unexpected is closed, since nothing
that comes on it afterwards could be trusted to belong to our question.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import cast

import h11

from arbitrage.exchanges.order_gateway import Answer

MAX_BODY_BYTES = 64 * 1024 * 1024
_MAX_HEAD_BYTES = 64 * 1024
# h11 has to be told of the request whose answer it reads; only the method matters to it.
_UNSAID = [("Host", "unsaid")]

OnAnswer = Callable[[Answer | None], None]


class HttpConnection(asyncio.Protocol):
    """A connection of a pool. `on_free` is called with it whenever it may carry a request.

    `lost` is done once its socket is closed; `idle_since` is on the loop's clock.
    """

    def __init__(self, on_free: Callable[["HttpConnection"], None]) -> None:
        self.requests = 0
        self.idle_since = 0.0
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._on_free = on_free
        self._transport: asyncio.Transport | None = None
        self._on_answer: OnAnswer | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._reader: h11.Connection | None = None
        self._method = ""
        self._status = 0
        self._headers: dict[str, str] = {}
        self._body = bytearray()

    @property
    def is_idle(self) -> bool:
        """Whether a request may be written now."""
        transport = self._transport
        return transport is not None and self._on_answer is None and not transport.is_closing()

    def send(self, method: str, data: bytes, on_answer: OnAnswer, timeout_seconds: float) -> None:
        """Write a whole request on an idle connection.

        `on_answer` is called once, with None if no whole answer comes in time; then the
        connection is closed, so that a late answer meets nobody.
        """
        assert self._transport is not None
        self._method, self._on_answer = method, on_answer
        self.requests += 1
        self._transport.write(data)
        self._deadline = self._loop.call_later(timeout_seconds, self.close)

    def close(self) -> None:
        """Close at once. The request under way, if any, has no answer."""
        if self._transport is not None:
            self._transport.abort()
        self._conclude(None)

    # --- what the event loop calls ------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is no subclass
        self._become_free()

    def data_received(self, data: bytes) -> None:
        if self._on_answer is None:  # unasked for: a notice that the server is about to close
            self.close()
            return
        self._read(data)

    def eof_received(self) -> bool:
        if self._on_answer is not None and self._reader is not None:
            self._read(b"")  # an answer without a length ends here
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None
        self._conclude(None)
        if not self.lost.done():
            self.lost.set_result(None)

    # --- reading an answer --------------------------------------------------------------------

    def _read(self, data: bytes) -> None:
        reader = self._reader = self._reader or _reader_of(self._method)
        try:
            reader.receive_data(data)
            while True:
                event = reader.next_event()
                if isinstance(event, h11.Response):
                    self._status, self._headers = event.status_code, _texts(event.headers)
                elif isinstance(event, h11.Data):
                    self._take(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    self._finish(reader)
                    return  # the connection may carry the next request by now
                elif event is h11.NEED_DATA:
                    return
        except h11.RemoteProtocolError:
            self.close()

    def _take(self, data: bytes | bytearray) -> None:
        self._body += data
        if len(self._body) > MAX_BODY_BYTES:
            raise h11.RemoteProtocolError(f"an answer of more than {MAX_BODY_BYTES} bytes")

    def _finish(self, reader: h11.Connection) -> None:
        """The answer is whole. The connection goes on only if both sides may and nothing more
        came than was asked for."""
        answer = Answer(self._status, bytes(self._body), self._headers)
        goes_on = reader.their_state is h11.DONE and not reader.trailing_data[0]
        self._conclude(answer)
        if goes_on:
            self._become_free()
        elif self._transport is not None:
            self._transport.abort()

    def _conclude(self, answer: Answer | None) -> None:
        on_answer, self._on_answer, self._reader = self._on_answer, None, None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._status, self._headers, self._body = 0, {}, bytearray()
        if on_answer is not None:
            on_answer(answer)

    def _become_free(self) -> None:
        self.idle_since = self._loop.time()
        if self.is_idle:
            self._on_free(self)


def _reader_of(method: str) -> h11.Connection:
    """An h11 connection that has sent a request of this method and waits for its answer."""
    reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
    reader.send(h11.Request(method=method, target="/", headers=_UNSAID))
    reader.send(h11.EndOfMessage())
    return reader


def _texts(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
