"""How an order or a cancel reaches the venue: on the order stream while that is open, else by REST.

Either way it is written in the caller's own call, is charged to the same budgets, and comes to the
same future: the answer, or None if the venue may have carried it out without telling us. Nothing
is ever sent twice, on whichever road.
"""

import asyncio
import logging
from collections.abc import Callable
from random import Random
from ssl import SSLContext

import msgspec

from arbitrage.domain.errors import MalformedData, Unavailable
from arbitrage.domain.intents import CancelOrder, PlaceOrder
from arbitrage.domain.units import NS_PER_MS
from arbitrage.exchanges.order_gateway import Answer, Request
from arbitrage.net.account_stream import fresh_endpoint
from arbitrage.net.rest import Rest
from arbitrage.net.stream import Stream
from arbitrage.net.venue_plan import OrderStream
from arbitrage.net.websocket import Endpoint

# So many unanswered requests are no healthy stream; what comes on top goes by REST.
MAX_IN_FLIGHT = 64

Sent = tuple[Request, "asyncio.Future[Answer | None]"]

_log = logging.getLogger(__name__)


class OrderChannel:
    """The way of one account's orders. Without `start`, or an order stream, it is REST alone.

    `place` and `cancel` raise `OrderRefused`, `RateLimited` or `Unavailable`, and then nothing was
    sent; `ConfigError` without keys. `unread` counts messages that could not be read.
    """

    def __init__(
        self,
        rest: Rest,
        *,
        clock_ns: Callable[[], int],
        random: Random,
        ssl_context: SSLContext | None = None,
    ) -> None:
        self.unread = 0
        self.stream: Stream | None = None
        self._rest = rest
        self._codec = rest.plan.codec
        self._plan = rest.plan.order_stream
        self._timeout_seconds = rest.plan.orders.timeout_seconds
        self._waiting: dict[str, tuple[asyncio.Future[Answer | None], asyncio.TimerHandle]] = {}
        # Another run of this account has used other ids.
        self._id_prefix = f"{clock_ns() // NS_PER_MS:x}x"
        self._ids = 0
        if self._plan is not None:
            self.stream = self._stream(self._plan, clock_ns, random, ssl_context)

    def _stream(
        self,
        plan: OrderStream,
        clock_ns: Callable[[], int],
        random: Random,
        ssl_context: SSLContext | None,
    ) -> Stream:
        async def endpoint() -> Endpoint:
            return await fresh_endpoint(plan.endpoint, self._rest)

        # What was asked on a connection that is replaced is answered on it.
        overlap_seconds = max(plan.terms.overlap_seconds, self._timeout_seconds)
        return Stream(
            f"{self._rest.plan.venue} orders",
            endpoint,
            on_message=self.on_message,
            on_open=_nothing,
            on_close=self._on_close,
            terms=msgspec.structs.replace(plan.terms, overlap_seconds=overlap_seconds),
            random=random,
            backoff=self._rest.plan.reconnect,
            clock_ns=clock_ns,
            ssl_context=ssl_context,
        )

    # --- life ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to open the order stream, where the venue has one."""
        if self.stream is not None:
            self.stream.start()

    async def stop(self) -> None:
        """Close the stream; what was not answered has no answer. Twice is harmless."""
        if self.stream is not None:
            await self.stream.stop()
            self._on_close("stopped")

    @property
    def is_open(self) -> bool:
        """Whether orders go by the stream now."""
        return self.stream is not None and self.stream.is_open

    # --- sending ------------------------------------------------------------------------------

    def place(self, intent: PlaceOrder, now_ns: int) -> Sent:
        """Send an order now, and what was sent."""
        plan, venue_ns = self._plan, self._rest.offset.venue_ns(now_ns)
        if plan is None or not self._may_stream():
            request = self._codec.place(intent, venue_ns)
            return request, self._rest.send(request, now_ns)
        request_id = self._next_id()
        request = plan.place(intent, request_id, venue_ns)
        return request, self._write(request_id, request, now_ns)

    def cancel(self, intent: CancelOrder, now_ns: int) -> Sent:
        """Send a cancel now, and what was sent."""
        plan, venue_ns = self._plan, self._rest.offset.venue_ns(now_ns)
        if plan is None or not self._may_stream():
            request = self._codec.cancel(intent, venue_ns)
            return request, self._rest.send(request, now_ns)
        request_id = self._next_id()
        request = plan.cancel(intent, request_id, venue_ns)
        return request, self._write(request_id, request, now_ns)

    def _may_stream(self) -> bool:
        return self.is_open and len(self._waiting) < MAX_IN_FLIGHT

    def _next_id(self) -> str:
        self._ids += 1
        return f"{self._id_prefix}{self._ids}"

    def _write(
        self, request_id: str, request: Request, now_ns: int
    ) -> "asyncio.Future[Answer | None]":
        assert self.stream is not None
        self._rest.budgets.spend(request, now_ns)
        if not self.stream.send(request.body):
            raise Unavailable(f"{self.stream.name}: the connection is lost; nothing was sent")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer | None] = loop.create_future()
        timer = loop.call_later(self._timeout_seconds, self._settle, request_id, None)
        self._waiting[request_id] = (future, timer)
        return future

    # --- what comes back ----------------------------------------------------------------------

    def on_message(self, frame: bytes, _ts_ns: int) -> None:
        """Read a message and give its request the answer."""
        assert self._plan is not None
        assert self.stream is not None
        try:
            found = self._plan.answer(frame)
        except Unavailable as error:
            self.stream.reconnect(str(error))
        except MalformedData as error:
            self.unread += 1
            _log.warning("%s: %s", self.stream.name, error)
        else:
            if found is not None:
                self._settle(*found)

    def _settle(self, request_id: str, answer: Answer | None) -> None:
        """An answer, or none that will come. One that is late or of nobody changes nothing: the
        order is in doubt by then and asked for."""
        waiting = self._waiting.pop(request_id, None)
        if waiting is not None:
            future, timer = waiting
            timer.cancel()
            future.set_result(answer)

    def _on_close(self, _reason: str) -> None:
        for request_id in tuple(self._waiting):
            self._settle(request_id, None)


def _nothing() -> None:
    """The stream's opening needs nothing: orders look whether it is open."""
