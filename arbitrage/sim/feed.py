"""Lets a market happen in real time: each event reaches the venues when its time has come.

The source may be endless (the generator) or end (a recording), in which case it is asked for
again; stamps are moved so that its first event is now. Who falls behind by more than `MAX_LAG_NS`,
a machine that slept for instance, goes on from now instead of catching up.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import Funding, MarketEvent
from arbitrage.domain.fx import FxQuote
from arbitrage.domain.units import NS_PER_SECOND

MAX_LAG_NS = 5 * NS_PER_SECOND
_MAX_EVENTS_AT_ONCE = 256

# Given the time now, the events of a market in the order of time.
Source = Callable[[int], Iterable[MarketEvent]]


class MarketFeed:
    """Feeds the events of `source` to `sinks`, all of them with every event, for ever.

    `clock_ns` is the true time.
    """

    def __init__(
        self,
        source: Source,
        sinks: Iterable[Callable[[MarketEvent], None]],
        *,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._source = source
        self._sinks = tuple(sinks)
        self._clock_ns = clock_ns
        self._events: Iterator[MarketEvent] = iter(())
        self._shift_ns = 0
        self._next: MarketEvent | None = None

    def pump(self, max_events: int | None = None) -> int:
        """Feed what is due, up to `max_events`; returns in how many ns the next event is due, at
        least zero. Raises `ConfigError` if the source has none."""
        fed = 0
        while max_events is None or fed < max_events:
            event = self._next
            if event is None:
                event = self._next = self._pull()
            wait_ns = event.ts_ns + self._shift_ns - self._clock_ns()
            if wait_ns > 0:
                return wait_ns
            if wait_ns < -MAX_LAG_NS:
                self._shift_ns -= wait_ns
            self._feed(event)
            self._next = None
            fed += 1
        return 0

    async def run(self) -> None:
        """Feed for ever."""
        while True:
            wait_ns = self.pump(_MAX_EVENTS_AT_ONCE)
            await asyncio.sleep(wait_ns / NS_PER_SECOND)

    def _pull(self) -> MarketEvent:
        event = next(self._events, None)
        if event is None:
            now_ns = self._clock_ns()
            self._events = iter(self._source(now_ns))
            event = next(self._events, None)
            if event is None:
                raise ConfigError("simulated market: there is no event in it; nothing is fed")
            self._shift_ns = now_ns - event.ts_ns
        return event

    def _feed(self, event: MarketEvent) -> None:
        if isinstance(event, FxQuote):
            return
        event.ts_ns += self._shift_ns
        if isinstance(event, Funding):
            event.next_ts_ns += self._shift_ns
        for sink in self._sinks:
            sink(event)
