"""Paper trading takes events in at their own time, and equals the replay of its recording."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_market import START_NS, events_of, generator_of, instruments_of, small

from arbitrage.assembly import build_session
from arbitrage.config_tables import MarketTable
from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import MarketEvent
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.engine.session import Session
from arbitrage.paper_runner import PaperRunner, market_generator
from arbitrage.replay_runner import replay
from arbitrage.store.recording import Recording
from arbitrage.store.recording_writer import RecordingWriter


class FakeTime:
    """A clock that only sleeping moves, and the sleep that moves it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ns = START_NS
        self.naps = 0
        self.real_sleep = asyncio.sleep
        monkeypatch.setattr("arbitrage.paper_runner.asyncio.sleep", self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.naps += 1
        self.now_ns += round(seconds * NS_PER_SECOND)
        await self.real_sleep(0)

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    return FakeTime(monkeypatch)


def session_of() -> Session:
    return build_session(small(), instruments_of(small()), generator_of(small()).fees())


def endless() -> Iterator[MarketEvent]:
    return generator_of(small()).events(START_NS)


@pytest.mark.parametrize("seconds", [None, 7.5])
def test_a_paper_session_equals_the_replay_of_its_recording(
    tmp_path: Path, clock: FakeTime, seconds: float | None
) -> None:
    session = session_of()
    fees = generator_of(small()).fees()
    with RecordingWriter(tmp_path / "rec") as writer:
        for market, instrument in instruments_of(small()).items():
            writer.instrument(instrument, fees=fees[market])
        events = iter(events_of(small(), 20))
        PaperRunner(session, events, record=writer, clock_ns=clock).run(seconds)
    replayed = replay(Recording(tmp_path / "rec"), small())
    assert session.digest.count > 0
    assert replayed["digest"] == session.digest.hexdigest()
    assert replayed["events"] == session.events
    assert (next(events, None) is None) == (seconds is None)


def test_no_event_is_taken_in_before_its_time_nor_much_later(clock: FakeTime) -> None:
    late: list[int] = []

    class Watch:
        def write(self, event: MarketEvent) -> None:
            late.append(clock.now_ns - event.ts_ns)

    runner = PaperRunner(session_of(), events_of(small(), 5), record=Watch(), clock_ns=clock)
    runner.run()
    assert min(late) >= -1_000  # a sleep is counted in floats
    assert max(late) < 1_000_000
    assert runner.lateness_ns == late[-1]


def test_it_ends_when_its_time_is_over_even_in_a_silent_market(clock: FakeTime) -> None:
    def silent() -> Iterator[MarketEvent]:
        first, *_ = events_of(small(), 1)
        yield first
        first.ts_ns += 3600 * NS_PER_SECOND
        yield first

    runner = PaperRunner(session_of(), silent(), clock_ns=clock)
    runner.run(10)
    assert runner.session.events == 1
    assert clock.now_ns == START_NS + 10 * NS_PER_SECOND


def test_what_is_under_way_at_the_end_is_let_arrive(clock: FakeTime) -> None:
    session = session_of()
    seen: list[int] = []
    runner = PaperRunner(
        session,
        endless(),
        clock_ns=clock,
        refresh_seconds=0.0,
        on_refresh=lambda it: it.stop() if session.engine.accounts.live_orders() else None,
    )
    runner.run(600)
    seen.append(len(session.engine.accounts.live_orders()))
    assert session.digest.count > 0
    assert seen == [0]


def test_a_backlog_does_not_keep_others_from_running(clock: FakeTime) -> None:
    clock.now_ns += 3600 * NS_PER_SECOND
    events = events_of(small(), 20)
    PaperRunner(session_of(), events, clock_ns=clock).run()
    assert clock.naps == len(events) // 256


def test_the_view_is_refreshed_in_its_rhythm_and_at_the_end(clock: FakeTime) -> None:
    at: list[int] = []
    runner = PaperRunner(
        session_of(),
        events_of(small(), 3),
        clock_ns=clock,
        refresh_seconds=1.0,
        on_refresh=lambda it: at.append(it.now_ns),
    )
    runner.run()
    assert [round((now - START_NS) / NS_PER_SECOND) for now in at] == [0, 1, 2, 3]


def test_it_counts_what_came_from_where(clock: FakeTime) -> None:
    events = events_of(small(), 3)
    runner = PaperRunner(session_of(), events, clock_ns=clock)
    runner.run()
    assert sum(runner.events_by_venue.values()) == len(events)
    assert runner.last_event_ns["upbit", "KRW-BTC"] == max(
        event.ts_ns for event in events if getattr(event, "symbol", "") == "KRW-BTC"
    )
    assert len(runner.step_ns) == min(len(events), 2_000)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(clock: FakeTime, number: int) -> None:
    told: list[int] = []

    def send(_: Any) -> None:
        if not told:
            told.append(1)
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    PaperRunner(session_of(), endless(), clock_ns=clock, on_refresh=send).run()
    assert signal.getsignal(number) == before


def test_it_runs_in_a_thread_that_cannot_hear_signals(clock: FakeTime) -> None:
    runner = PaperRunner(session_of(), events_of(small(), 1), clock_ns=clock)
    thread = threading.Thread(target=runner.run)
    thread.start()
    thread.join(timeout=10)
    assert runner.session.events > 0


def test_it_runs_without_uvloop(clock: FakeTime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    runner = PaperRunner(session_of(), events_of(small(), 1), clock_ns=clock)
    runner.run()
    assert runner.session.events > 0


# --- the market ---------------------------------------------------------------------------------


def test_the_market_is_the_one_that_was_asked_for() -> None:
    kimchi = market_generator(MarketTable(seed=5, depth=3, bases=["BTC"]))
    assert [each.symbol for each in kimchi.instruments()] == ["KRW-USDT", "KRW-BTC", "BTCUSDT"]
    assert (kimchi.seed, kimchi.spec.depth, kimchi.spec.as_measured) == (5, 3, True)
    pair = market_generator(MarketTable(kind="krw-pair", time_scale=60.0, staged=True))
    assert {each.venue for each in pair.instruments()} == {"upbit", "bithumb"}
    assert not pair.spec.as_measured


@pytest.mark.parametrize("bases", [["BTC", "FOO"], ["BTC", "BTC"]])
def test_assets_that_cannot_be_simulated_are_refused_with_their_key(bases: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"^market.bases is \['BTC', "):
        market_generator(MarketTable(bases=bases))
