"""Asks a fault plan on behalf of one running venue: knows its name, its start, and the counts."""

from collections import Counter
from collections.abc import Callable

from arbitrage.sim.faults import Fault, FaultPlan, Point


class FaultGate:
    """What befalls the requests and frames of `venue`, which has just started."""

    def __init__(self, plan: FaultPlan, venue: str, clock_ns: Callable[[], int]) -> None:
        self._plan = plan
        self._venue = venue
        self._clock_ns = clock_ns
        self._started_ns = clock_ns()
        self._seen: Counter[tuple[Point, str]] = Counter()

    @property
    def elapsed_ns(self) -> int:
        return self._clock_ns() - self._started_ns

    def request(self, subject: str) -> Fault | None:
        """What befalls the next request of `subject`, such as `POST /v1/orders`."""
        return self._decide(Point.REQUEST, subject)

    def frame(self, subject: str, *, is_book: bool) -> Fault | None:
        """What befalls the next frame of `subject`, such as `orderbook KRW-BTC`."""
        return self._decide(Point.FRAME, subject, is_book=is_book)

    def _decide(self, point: Point, subject: str, *, is_book: bool = False) -> Fault | None:
        if not self._plan.fault:
            return None
        self._seen[point, subject] += 1
        ordinal = self._seen[point, subject]
        return self._plan.decide(
            self._venue, point, subject, ordinal, self.elapsed_ns, is_book=is_book
        )

    def is_frozen(self, symbol: str) -> bool:
        return self._plan.is_frozen(self._venue, symbol, self.elapsed_ns)

    @property
    def skew_ns(self) -> int:
        return self._plan.skew_ns(self._venue, self.elapsed_ns)

    @property
    def is_down(self) -> bool:
        return self._plan.is_down(self._venue, self.elapsed_ns)

    @property
    def is_in_maintenance(self) -> bool:
        return self._plan.is_in_maintenance(self._venue, self.elapsed_ns)

    @property
    def boundaries_ns(self) -> list[int]:
        """When, since the start, something that lasts begins or ends."""
        return self._plan.boundaries_ns(self._venue)
