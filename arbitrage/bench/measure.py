"""How a figure is taken: many short batches, the median and the 99th percentile of their means.

A batch is long enough that reading the clock costs little, short enough that one interruption of
the machine spoils one batch. Garbage collection is frozen and off, as on the hot path.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

_WARM_UP_SHARE = 10
_LEAST_BATCH_NS = 20_000


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured figure. With `is_rate` more is better and the goal is a least, else a most."""

    name: str
    p50: float
    p99: float
    unit: str = "us"
    goal: float | None = None
    is_rate: bool = False

    @property
    def is_met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.p50 >= self.goal if self.is_rate else self.p50 <= self.goal

    def goal_text(self) -> str:
        if self.goal is None:
            return ""
        return f"{'>=' if self.is_rate else '<='} {self.shown(self.goal)}"

    def mark(self) -> str:
        return {None: "", True: "ok", False: "MISSED"}[self.is_met]

    @staticmethod
    def shown(value: float) -> str:
        return f"{value:,.0f}" if value >= 1_000 else f"{value:,.3g}"

    def to_json_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "p50": self.p50,
            "p99": self.p99,
            "unit": self.unit,
            "goal": self.goal,
            "met": self.is_met,
        }


@contextmanager
def quiet_collector() -> Iterator[None]:
    """No garbage collection inside; what lived before is never looked at again."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()


def per_call_us(call: Callable[[], Any], *, seconds: float) -> tuple[float, float]:
    """`(p50, p99)` microseconds of one `call`, over about `seconds` of batches."""
    with quiet_collector():
        started = time.perf_counter_ns()
        call()
        once_ns = max(1, time.perf_counter_ns() - started)
        batch = max(1, min(1_000, _LEAST_BATCH_NS // once_ns))
        for _ in range(batch * _WARM_UP_SHARE):
            call()
        samples = []
        end_ns = time.perf_counter_ns() + int(seconds * 1e9)
        while True:
            started = time.perf_counter_ns()
            for _ in range(batch):
                call()
            now_ns = time.perf_counter_ns()
            samples.append((now_ns - started) / batch / 1e3)
            if now_ns >= end_ns:
                return percentiles(samples)


async def per_await_us(call: Callable[[], Any], *, seconds: float) -> tuple[float, float]:
    """`per_call_us` of an async call; each call is one sample of its own."""
    with quiet_collector():
        for _ in range(_WARM_UP_SHARE):
            await call()
        samples = []
        end_ns = time.perf_counter_ns() + int(seconds * 1e9)
        while True:
            started = time.perf_counter_ns()
            await call()
            now_ns = time.perf_counter_ns()
            samples.append((now_ns - started) / 1e3)
            if now_ns >= end_ns:
                return percentiles(samples)


def percentiles(samples: list[float]) -> tuple[float, float]:
    """Median and 99th percentile, nearest rank."""
    ordered = sorted(samples)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]


def seconds_each(quick: bool) -> float:
    """How long one figure is measured."""
    return 0.05 if quick else 1.0
