"""The edge of a route over time, reduced as it comes to a fixed number of buckets.

A bucket is about a pixel of a chart. It keeps what a line through all its points would show: the
first, least, greatest and last edge. Memory does not grow with the recording.
"""

from math import isnan, nan

from arbitrage.domain.sides import Direction

BUCKETS = 1200


class EdgeLine:
    """The gross edge in bps of one direction, by bucket; NaN where there was no evaluation."""

    def __init__(self, count: int) -> None:
        self.first = [nan] * count
        self.least = [nan] * count
        self.greatest = [nan] * count
        self.last = [nan] * count
        self.opportunities = [0] * count
        self.best_profit = [0.0] * count

    def add(self, bucket: int, edge_bps: float, profit: float | None) -> None:
        """Take in an evaluation; one without an edge (NaN, a side was empty) leaves no trace."""
        if isnan(edge_bps):
            return
        if isnan(self.first[bucket]):
            self.first[bucket] = self.least[bucket] = self.greatest[bucket] = edge_bps
        elif edge_bps < self.least[bucket]:
            self.least[bucket] = edge_bps
        elif edge_bps > self.greatest[bucket]:
            self.greatest[bucket] = edge_bps
        self.last[bucket] = edge_bps
        if profit is not None:
            self.opportunities[bucket] += 1
            self.best_profit[bucket] = max(self.best_profit[bucket], profit)


class EdgeSeries:
    """Both directions of one route between `first_ns` and `last_ns`."""

    def __init__(self, first_ns: int, last_ns: int, count: int = BUCKETS) -> None:
        self.first_ns = first_ns
        self.last_ns = last_ns
        self.count = count
        self._span_ns = max(1, last_ns - first_ns)
        self.lines = {direction: EdgeLine(count) for direction in Direction}

    def add(self, direction: Direction, ts_ns: int, edge_bps: float, profit: float | None) -> None:
        """Take in an evaluation of one direction; `profit` is None where it was no opportunity."""
        self.lines[direction].add(self.bucket(ts_ns), edge_bps, profit)

    def bucket(self, ts_ns: int) -> int:
        """Where an evaluation at `ts_ns` belongs."""
        return min(self.count - 1, (ts_ns - self.first_ns) * self.count // self._span_ns)

    def middle_ns(self, bucket: int) -> int:
        """The time in the middle of a bucket."""
        return self.first_ns + (2 * bucket + 1) * self._span_ns // (2 * self.count)
