"""Asking a venue by REST, and sending it orders: budgets first, then the wire, then the headers.

Orders and cancels have connections of their own, so that no poll is ever in front of one. A poll
that fits no budget waits for it, within reason; an order that fits none is refused at once. What
may be asked twice without harm (a GET) is asked once more, freshly signed, if no answer came.
"""

import asyncio
from collections.abc import Callable
from random import Random
from ssl import SSLContext

import msgspec

from arbitrage.domain.errors import RateLimited, Unavailable
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.exchanges.order_gateway import Answer, Request
from arbitrage.net.budgets import Budgets
from arbitrage.net.clock_offset import ClockOffset
from arbitrage.net.http import HttpPool, PoolTerms
from arbitrage.net.transport import RequestPool
from arbitrage.net.venue_plan import VenuePlan

MAX_WAIT_SECONDS = 10.0
BANNED = 418


class Rest:
    """The REST side of one account, on as many event loops as call it.

    `offset` is how far the venue's clock is from ours; `clock_doubted` is set when it should be
    measured again.
    """

    def __init__(
        self,
        plan: VenuePlan,
        *,
        clock_ns: Callable[[], int],
        random: Random,
        ssl_context: SSLContext | None = None,
    ) -> None:
        self.plan = plan
        self.budgets = Budgets(plan.budgets)
        self.offset = ClockOffset()
        self.clock_doubted = asyncio.Event()
        self._clock_ns = clock_ns
        self._random = random
        self._ssl_context = ssl_context
        self._pools: dict[asyncio.AbstractEventLoop, tuple[RequestPool, RequestPool]] = {}

    # --- connections --------------------------------------------------------------------------

    async def open(self) -> None:
        """Open the connections of the running loop, if they are not. Raises `Unavailable`."""
        await self._open_polls()
        _, orders = self._pools[asyncio.get_running_loop()]
        await orders.open()

    async def close(self) -> None:
        """Close the connections of the running loop."""
        for pool in self._pools.pop(asyncio.get_running_loop(), ()):
            await pool.close()

    async def wait(self) -> None:
        """Return when the connections of the running loop are closed. Raises what broke them."""
        pools = self._pools[asyncio.get_running_loop()]
        await asyncio.gather(*(pool.wait() for pool in pools))

    async def _open_polls(self) -> RequestPool:
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            self._pools[loop] = (self._pool(self.plan.polls), self._pool(self.plan.orders))
        polls, _ = self._pools[loop]
        await polls.open()
        return polls

    def _pool(self, terms: PoolTerms, rest_url: str = "") -> RequestPool:
        if self.plan.transport is not None:
            return self.plan.transport.pool(terms)
        return HttpPool(
            rest_url or self.plan.rest_url,
            terms,
            random=self._random,
            backoff=self.plan.reconnect,
            ssl_context=self._ssl_context,
        )

    # --- orders -------------------------------------------------------------------------------

    def send(self, request: Request, now_ns: int) -> "asyncio.Future[Answer | None]":
        """Write an order or a cancel now; see `HttpPool.send` for what the future says.

        Raises `RateLimited` or `Unavailable`, and then nothing was sent.
        """
        pools = self._pools.get(asyncio.get_running_loop())
        if pools is None:
            raise Unavailable(f"{self.plan.venue} is not open; nothing was sent")
        self.budgets.spend(request, now_ns)
        return pools[1].send(request)

    # --- questions ----------------------------------------------------------------------------

    async def ask(self, build: Callable[[int], Request]) -> Answer:
        """The venue's answer, whatever its status. `build` is given the venue's time.

        Raises `Unavailable` if no answer came, `RateLimited` if the budget would have to be
        waited for longer than `MAX_WAIT_SECONDS`.
        """
        for is_last in (False, True):
            polls = await self._open_polls()
            request = await self._affordable(build)
            answer = await polls.send(request)
            if answer is not None:
                self.note(answer, request)
                return answer
            if is_last or request.method != "GET":
                break
        raise self._unanswered(request)

    async def ask_at(self, rest_url: str, build: Callable[[int], Request]) -> Answer:
        """As `ask`, of another host over a connection for this once; of the plan's if `rest_url`
        is empty. Budgets are charged; what the other host says of its own is not ours."""
        if not rest_url or rest_url == self.plan.rest_url:
            return await self.ask(build)
        pool = self._pool(msgspec.structs.replace(self.plan.polls, connections=1), rest_url)
        try:
            await pool.open()
            request = await self._affordable(build)
            answer = await pool.send(request)
        finally:
            await pool.close()
        if answer is None:
            raise self._unanswered(request)
        return answer

    def _unanswered(self, request: Request) -> Unavailable:
        return Unavailable(
            f"{self.plan.venue} {request.method} {_path(request)}: no answer within "
            f"{self.plan.polls.timeout_seconds:g} s"
        )

    async def _affordable(self, build: Callable[[int], Request]) -> Request:
        """A request whose budget was charged just now."""
        waited = 0.0
        while True:
            now_ns = self._clock_ns()
            request = build(self.offset.venue_ns(now_ns))
            try:
                self.budgets.spend(request, now_ns)
                return request
            except RateLimited as error:
                seconds = error.retry_after_ns / NS_PER_SECOND
                waited += seconds
                if waited > MAX_WAIT_SECONDS:
                    raise
                await asyncio.sleep(seconds)

    def note(self, answer: Answer, request: Request) -> None:
        """Take in what the answer to `request` says of the budgets."""
        readings = self.plan.codec.budgets(answer, _path(request))
        if readings:
            self.budgets.take_in(readings, self._clock_ns(), is_ban=answer.status == BANNED)

    async def sync_clock(self) -> None:
        """Measure the venue's clock once more, where it tells it. Raises `Unavailable`."""
        clock = self.plan.clock
        if clock is None:
            return
        sent_ns = self._clock_ns()

        def build(_venue_ns: int) -> Request:
            nonlocal sent_ns
            sent_ns = self._clock_ns()
            return clock.request()

        answer = await self.ask(build)
        self.offset.add(sent_ns=sent_ns, venue_ns=clock.read(answer), received_ns=self._clock_ns())


def _path(request: Request) -> str:
    return request.target.partition("?")[0]
