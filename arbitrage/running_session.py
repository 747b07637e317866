"""What a watcher reads of any session that runs: its engine, its venues, its pace.

Paper and live sessions take events in by different ways; how long a step took, how late an event
was and when each market was last heard of is counted here, once for both.
"""

import asyncio
import contextlib
import gc
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from arbitrage.config_tables import Market
from arbitrage.domain.events import Event
from arbitrage.engine.engine import ArbitrageEngine

_REMEMBERED_STEPS = 2_000
# Young objects are looked at often and in little time; all of them never are.
_CALM_THRESHOLDS = (20_000, 50, 1_000_000)


class RunningSession:
    """`step_ns` holds how long the last steps took, `lateness_ns` how late after its time the last
    event was taken in, `last_event_ns` when each market was last heard of."""

    def __init__(
        self, engine: ArbitrageEngine, venues: Sequence[str], clock_ns: Callable[[], int]
    ) -> None:
        self.engine = engine
        self.venues = tuple(venues)
        self.events = 0
        self.step_ns: deque[int] = deque(maxlen=_REMEMBERED_STEPS)
        self.lateness_ns = 0
        self.last_event_ns: dict[Market, int] = {}
        self.events_by_venue: dict[str, int] = {}
        self.started_ns = 0
        self._clock_ns = clock_ns

    @property
    def now_ns(self) -> int:
        return self._clock_ns()

    def count(self, event: Event, now_ns: int, started_ns: int) -> None:
        """Count a step that took in `event` at `now_ns` and began at the counter `started_ns`."""
        self.step_ns.append(time.perf_counter_ns() - started_ns)
        self.lateness_ns = max(0, now_ns - event.ts_ns)
        self.events += 1
        venue, symbol = getattr(event, "venue", ""), getattr(event, "symbol", "")
        self.last_event_ns[venue, symbol] = event.ts_ns
        self.events_by_venue[venue] = self.events_by_venue.get(venue, 0) + 1


@contextlib.contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Inside, Ctrl-C and SIGTERM call `stop`, so that a session ends in order."""
    loop = asyncio.get_running_loop()
    handled = []
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not every platform and no thread but the main one can handle signals here.
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, stop)
            handled.append(number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def calm_collector() -> Iterator[None]:
    """Inside, no full garbage collection stops a session for the time of a hundred frames.

    What lives at the beginning is never looked at. What is made later is looked at while it is
    young, so that cycles do not pile up.
    """
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_CALM_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop where it is installed: it wakes up quicker and idles cheaper."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
