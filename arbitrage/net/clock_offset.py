"""How far a venue's clock is from ours, from questions and answers alone. No clock is read here.

The venue read its clock somewhere between our sending and our receiving, so every sample bounds
the offset by half its round trip; the quickest one bounds it best. Two samples that contradict
each other prove that a clock was set, and then only the later one counts.
"""

from collections import deque

import msgspec

from arbitrage.domain.errors import MalformedData

REMEMBERED_SAMPLES = 16
# Between samples a minute apart, clocks drift by less than this, and venues tell whole ms.
_SLACK_NS = 5_000_000


class _Sample(msgspec.Struct, frozen=True):
    offset_ns: int
    uncertainty_ns: int


class ClockOffset:
    """The venue's clock minus ours, in nanoseconds; zero until the first sample."""

    __slots__ = ("_samples", "offset_ns", "uncertainty_ns")

    def __init__(self) -> None:
        self.offset_ns = 0
        self.uncertainty_ns: int | None = None
        self._samples: deque[_Sample] = deque(maxlen=REMEMBERED_SAMPLES)

    def add(self, *, sent_ns: int, venue_ns: int, received_ns: int) -> None:
        """Take in that a question of `sent_ns` was answered with the venue's time `venue_ns`, read
        by us at `received_ns`. Raises `MalformedData` for an answer before its question."""
        if received_ns < sent_ns:
            raise MalformedData(
                f"clock sample received at {received_ns} ns, sent at {sent_ns} ns; expected the "
                "answer after the question, it is not counted"
            )
        half_trip_ns = (received_ns - sent_ns + 1) // 2
        sample = _Sample(venue_ns - sent_ns - half_trip_ns, half_trip_ns)
        if any(_contradict(sample, known) for known in self._samples):
            self._samples.clear()
        self._samples.append(sample)
        best = min(reversed(self._samples), key=lambda known: known.uncertainty_ns)
        self.offset_ns, self.uncertainty_ns = best.offset_ns, best.uncertainty_ns

    def venue_ns(self, now_ns: int) -> int:
        """The venue's time when ours is `now_ns`."""
        return now_ns + self.offset_ns


def _contradict(one: _Sample, other: _Sample) -> bool:
    """Whether no offset fits both."""
    apart_ns = abs(one.offset_ns - other.offset_ns)
    return apart_ns > one.uncertainty_ns + other.uncertainty_ns + _SLACK_NS
