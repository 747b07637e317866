"""How figures are taken and judged; the figures themselves are the bench's affair."""

import asyncio
import gc

from arbitrage.bench.measure import (
    Figure,
    per_await_us,
    per_call_us,
    percentiles,
    quiet_collector,
    seconds_each,
)


def test_percentiles_are_the_nearest_rank() -> None:
    assert percentiles([float(n) for n in range(100, 0, -1)]) == (51.0, 100.0)
    assert percentiles([3.0]) == (3.0, 3.0)


def test_a_call_is_measured_many_times() -> None:
    calls: list[int] = []
    p50, p99 = per_call_us(lambda: calls.append(1), seconds=0.01)
    assert 0 < p50 <= p99
    assert len(calls) > 1_000


def test_an_await_is_measured_many_times() -> None:
    calls: list[int] = []

    async def call() -> None:
        calls.append(1)

    p50, p99 = asyncio.run(per_await_us(call, seconds=0.01))
    assert 0 < p50 <= p99
    assert len(calls) > 100


def test_the_collector_is_off_inside_and_on_again_after() -> None:
    assert gc.isenabled()
    with quiet_collector():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with quiet_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_goal_is_a_most_for_times_and_a_least_for_rates() -> None:
    slow = Figure(name="x", p50=9.0, p99=9.0, goal=8.0)
    assert (slow.is_met, slow.mark(), slow.goal_text()) == (False, "MISSED", "<= 8")
    fast = Figure(name="x", p50=4e5, p99=4e5, goal=3e5, is_rate=True, unit="events/s")
    assert (fast.is_met, fast.mark(), fast.goal_text()) == (True, "ok", ">= 300,000")
    free = Figure(name="x", p50=1.0, p99=1.0)
    assert (free.is_met, free.mark(), free.goal_text()) == (None, "", "")
    assert fast.to_json_dict()["met"] is True


def test_quick_is_quicker() -> None:
    assert seconds_each(True) < seconds_each(False)
