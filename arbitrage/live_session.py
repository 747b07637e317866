"""Runs the engine on venues' live streams: a frame arrives, the engine steps, orders leave.

Everything from the event to the order's bytes happens inside the gateway's callback. Here is only
what is between: the door that keeps time from going back, the engine's ticks, the digest, and an
end that leaves no order resting. An invariant that breaks halts the engine, which then cancels.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from arbitrage.domain.decisions import Decision
from arbitrage.domain.events import (
    BookDelta,
    BookQuote,
    BookSnapshot,
    Command,
    CommandKind,
    Event,
    Funding,
    MarketTrade,
    Tick,
)
from arbitrage.domain.fx import FxQuote
from arbitrage.domain.intents import Intent, IntentDigest
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.engine.session import check_gateways
from arbitrage.net.arrival_clock import stamp
from arbitrage.paper_runner import EventSink
from arbitrage.running_session import (
    RunningSession,
    calm_collector,
    loop_factory,
    stopped_by_signals,
)

_MARKET_EVENTS = (BookSnapshot, BookDelta, BookQuote, MarketTrade, Funding, FxQuote)
_END_SECONDS = 5.0


class LiveGateway(Protocol):
    """A venue on the wire. Its events come through `on_event`, stamped, in the loop's thread;
    `send` writes requests at once and returns; `wait` returns after `astop` and raises what broke
    before."""

    venue: str

    async def astart(self, on_event: Callable[[Event], None]) -> None: ...

    async def astop(self) -> None: ...

    async def wait(self) -> None: ...

    def send(self, intents: Iterable[Intent], now_ns: int) -> None: ...


class LiveSession(RunningSession):
    """One engine on live gateways.

    `record` keeps the market's events, `on_refresh` is called every `refresh_seconds`. At the end
    answers are waited for `end_seconds`. Raises `ConfigError` if a route has a leg at a venue
    without a gateway.
    """

    def __init__(
        self,
        engine: ArbitrageEngine,
        gateways: Sequence[LiveGateway],
        *,
        on_decisions: Callable[[Sequence[Decision]], None] | None = None,
        record: EventSink | None = None,
        on_refresh: Callable[["LiveSession"], None] | None = None,
        refresh_seconds: float = 0.25,
        clock_ns: Callable[[], int] = stamp,
    ) -> None:
        super().__init__(engine, [gateway.venue for gateway in gateways], clock_ns)
        self._by_venue = {gateway.venue: gateway for gateway in gateways}
        check_gateways(engine, self._by_venue)
        self.digest = IntentDigest()
        self._on_decisions = on_decisions
        self._record = record
        self._on_refresh = on_refresh
        self._refresh_seconds = refresh_seconds
        self._stopped = asyncio.Event()
        self.end_seconds = _END_SECONDS

    def stop(self) -> None:
        """End in order: nothing new is opened, what rests is cancelled, answers are awaited."""
        self._stopped.set()

    def run(self, seconds: float | None = None) -> None:
        """Run until `seconds` have passed, Ctrl-C, or `stop`."""
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(self.arun(seconds))

    async def arun(self, seconds: float | None = None) -> None:
        """`run` on an event loop; leaves no connection or task behind, also when cancelled.

        Raises what broke inside a gateway, once its orders were cancelled: nothing goes on half.
        """
        self.started_ns = self._clock_ns()
        started: list[LiveGateway] = []
        watches: list[asyncio.Task[None]] = []
        try:
            for gateway in self._by_venue.values():
                started.append(gateway)
                await gateway.astart(self.on_event)
            watches = [asyncio.create_task(each.wait()) for each in self._by_venue.values()]
            for watch in watches:
                watch.add_done_callback(lambda _watch: self.stop())
            with stopped_by_signals(self.stop), calm_collector():
                await self._until_stopped(seconds)
            await self._end_orders()
            for watch in watches:
                if watch.done():
                    watch.result()  # raises what broke
        finally:
            for watch in watches:
                watch.cancel()
            for gateway in reversed(started):
                await gateway.astop()
            self._refresh()

    def on_event(self, event: Event) -> None:
        """Take in one event of a gateway; the orders it leads to are written before it returns."""
        started_ns = time.perf_counter_ns()
        now_ns = self._clock_ns()
        # Gateways stamp on their own; the engine's time never goes back.
        if event.ts_ns < self.engine.now_ns:
            event.ts_ns = self.engine.now_ns
        if self._record is not None and isinstance(event, _MARKET_EVENTS):
            self._record.write(event)
        self._step(event)
        self.count(event, now_ns, started_ns)

    def _step(self, event: Event) -> None:
        step = self.engine.step(event)
        if step.intents:
            for intent in step.intents:
                self._by_venue[intent.venue].send((intent,), event.ts_ns)
            self.digest.add(event.ts_ns, step.intents)
        if step.decisions and self._on_decisions is not None:
            self._on_decisions(step.decisions)

    async def _until_stopped(self, seconds: float | None) -> None:
        deadline_ns = None if seconds is None else self.now_ns + int(seconds * NS_PER_SECOND)
        tick_ns = int(self.engine.config.tick_seconds * NS_PER_SECOND)
        next_tick_ns = self.now_ns + tick_ns
        pause = min(self._refresh_seconds, self.engine.config.tick_seconds)
        while not self._stopped.is_set() and (deadline_ns is None or self.now_ns < deadline_ns):
            try:
                await asyncio.wait_for(self._stopped.wait(), pause)
            except TimeoutError:
                if self.now_ns >= next_tick_ns:
                    next_tick_ns = self.now_ns + tick_ns
                    self._tick()
            self._refresh()

    def _tick(self) -> None:
        self._step(Tick(max(self.now_ns, self.engine.now_ns)))

    async def _end_orders(self) -> None:
        """Open nothing more, hedge what is unmatched, cancel what rests, and hear the answers."""
        self._step(Command(max(self.now_ns, self.engine.now_ns), CommandKind.PAUSE))
        deadline = time.monotonic() + self.end_seconds
        self.engine.desk.cancel_all()
        self._tick()
        while self.engine.accounts.live_orders() and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
            self._tick()

    def _refresh(self) -> None:
        if self._on_refresh is not None:
            self._on_refresh(self)
