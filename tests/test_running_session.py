"""What every session counts of itself, and how a signal ends it in order."""

import asyncio
import gc
import os
import signal

from arbitrage.domain.events import BookSnapshot, Tick
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.running_session import (
    RunningSession,
    calm_collector,
    loop_factory,
    stopped_by_signals,
)


def test_a_step_is_counted_for_its_market_and_its_venue() -> None:
    session = RunningSession(ArbitrageEngine(), ["upbit"], lambda: 1_000)
    session.count(BookSnapshot(900, "upbit", "KRW-BTC", [], []), 1_000, 0)
    session.count(Tick(2_000), 1_000, 0)
    assert session.events == 2
    assert session.events_by_venue == {"upbit": 1, "": 1}
    assert session.last_event_ns["upbit", "KRW-BTC"] == 900
    assert len(session.step_ns) == 2
    assert session.now_ns == 1_000


def test_lateness_is_never_negative() -> None:
    session = RunningSession(ArbitrageEngine(), [], lambda: 0)
    session.count(Tick(2_000), 1_000, 0)
    assert session.lateness_ns == 0
    session.count(Tick(400), 1_000, 0)
    assert session.lateness_ns == 600


def test_a_signal_calls_stop_and_handlers_are_taken_off_again() -> None:
    stopped: list[bool] = []

    async def run() -> None:
        with stopped_by_signals(lambda: stopped.append(True)):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.01)
        assert not asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(run())
    assert stopped == [True]


def test_no_full_collection_happens_inside_and_young_cycles_still_go() -> None:
    collected: list[int] = []

    def on_collection(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            collected.append(info["generation"])

    thresholds = gc.get_threshold()
    with calm_collector():
        gc.callbacks.append(on_collection)
        try:
            kept = []
            for _ in range(150_000):
                cycle: list[object] = []
                cycle.append(cycle)
                kept.append([cycle])
        finally:
            gc.callbacks.remove(on_collection)
        assert gc.get_freeze_count() > 0
    assert collected
    assert 2 not in collected
    assert gc.get_threshold() == thresholds
    assert gc.get_freeze_count() == 0
