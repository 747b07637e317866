"""The clock at the door: it stamps whatever arrives, and never goes back.

One process has one, `stamp`, whatever the number of its venues, since the engine takes no event
that is older than the one before. Durations and deadlines are measured elsewhere, by the event
loop's own clock.
"""

import time
from collections.abc import Callable


class ArrivalClock:
    """Nanoseconds since the epoch. Where the wall clock is set back, this one goes on from where
    it was, so that ages keep growing; from then on it is ahead by what was taken back."""

    __slots__ = ("_ahead_ns", "_last_ns", "_wall_ns")

    def __init__(self, wall_ns: Callable[[], int] = time.time_ns) -> None:
        self._wall_ns = wall_ns
        self._last_ns = 0
        self._ahead_ns = 0

    def __call__(self) -> int:
        now_ns = self._wall_ns() + self._ahead_ns
        if now_ns < self._last_ns:
            self._ahead_ns += self._last_ns - now_ns
            now_ns = self._last_ns
        self._last_ns = now_ns
        return now_ns


stamp = ArrivalClock()
