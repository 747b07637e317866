"""Runs a session on events as they happen: paper trading on a market that flows in real time.

Events are taken in at their own time, never earlier; what this adds to a replay is only waiting,
recording, and someone to show it to. So a paper session and the replay of its own recording want
the same orders, digest for digest.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from arbitrage.config_tables import MarketTable
from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import MarketEvent
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.engine.session import Session
from arbitrage.running_session import (
    RunningSession,
    calm_collector,
    loop_factory,
    stopped_by_signals,
)
from arbitrage.sim.calibration import MEASURED_DISLOCATIONS, STAGED_DISLOCATIONS
from arbitrage.sim.market import MarketGenerator, MarketSpec, kimchi_spec, krw_pair_spec

# Without a pause now and then a signal would wait for the market to fall silent.
_MAX_EVENTS_WITHOUT_PAUSE = 256


class EventSink(Protocol):
    """Where a session's market events are kept."""

    def write(self, event: MarketEvent) -> None: ...


class PaperRunner(RunningSession):
    """Feeds `events` to `session` at their own time."""

    def __init__(
        self,
        session: Session,
        events: Iterable[MarketEvent],
        *,
        record: EventSink | None = None,
        on_refresh: Callable[["PaperRunner"], None] | None = None,
        refresh_seconds: float = 0.25,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        venues = [gateway.venue for gateway in session.gateways]
        super().__init__(session.engine, venues, clock_ns)
        self.session = session
        self._events: Iterator[MarketEvent] = iter(events)
        self._record = record
        self._on_refresh = on_refresh
        self._refresh_ns = int(refresh_seconds * NS_PER_SECOND)
        self._is_stopped = False

    def stop(self) -> None:
        """End after the current event."""
        self._is_stopped = True

    def run(self, seconds: float | None = None) -> None:
        """Run until the events end, `seconds` have passed, Ctrl-C, or `stop`."""
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(self.arun(seconds))

    async def arun(self, seconds: float | None = None) -> None:
        """`run` on an event loop. What is under way at the end is let arrive."""
        self.started_ns = now_ns = self._clock_ns()
        deadline_ns = None if seconds is None else now_ns + int(seconds * NS_PER_SECOND)
        next_refresh_ns = now_ns
        unpaused = 0
        with stopped_by_signals(self.stop), calm_collector():
            for event in self._events:
                now_ns = self._clock_ns()
                wait_ns = event.ts_ns - now_ns
                unpaused += 1
                if wait_ns > 0 or unpaused >= _MAX_EVENTS_WITHOUT_PAUSE:
                    unpaused = 0
                    if deadline_ns is not None:
                        wait_ns = min(wait_ns, deadline_ns - now_ns)
                    await asyncio.sleep(max(0, wait_ns) / NS_PER_SECOND)
                    now_ns = self._clock_ns()
                if self._is_stopped or (deadline_ns is not None and now_ns >= deadline_ns):
                    break
                self._take_in(event, now_ns)
                if now_ns >= next_refresh_ns:
                    next_refresh_ns = now_ns + self._refresh_ns
                    self._refresh()
        self.session.settle(max(self.session.engine.now_ns, 0))
        self._refresh()

    def _take_in(self, event: MarketEvent, now_ns: int) -> None:
        if self._record is not None:
            self._record.write(event)
        started_ns = time.perf_counter_ns()
        self.session.on_event(event)
        self.count(event, now_ns, started_ns)

    def _refresh(self) -> None:
        if self._on_refresh is not None:
            self._on_refresh(self)


def market_generator(table: MarketTable) -> MarketGenerator:
    """The simulated market that a configuration asks for.

    Raises `ConfigError` for an asset that the simulation does not know.
    """
    spec_of: Callable[..., MarketSpec] = kimchi_spec if table.kind == "kimchi" else krw_pair_spec
    dislocations = STAGED_DISLOCATIONS if table.staged else MEASURED_DISLOCATIONS
    options = {
        "depth": table.depth,
        "time_scale": table.time_scale,
        "dislocations": dislocations,
    }
    if table.bases is None:
        return MarketGenerator(spec_of(**options), table.seed)
    try:
        return MarketGenerator(spec_of(table.bases, **options), table.seed)
    except ConfigError as error:
        raise ConfigError(f"market.bases is {table.bases}: {error}") from None
