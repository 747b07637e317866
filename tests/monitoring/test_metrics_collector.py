"""What the collector reports is what was measured, bounded, and honest about silence."""

import asyncio
from math import ceil, inf, nan
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError
from arbitrage.monitoring.metrics_collector import MetricsCollector

FIGURES = {
    *("loop_time_ms", "loop_time_avg_ms", "loop_time_max_ms", "loop_time_min_ms"),
    *("loop_time_p99_ms", "trades_opened_total", "trades_opened_recent", "spread_bps"),
    *("spread_avg_bps", "data_source", "ws_connected", "ws_reconnect_count", "uptime_seconds"),
    *("buffer_size", "buffer_usage"),
}


class Clock:
    """Monotonic seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def collector(clock: Clock) -> MetricsCollector:
    return MetricsCollector(clock=clock)


def test_one_update_is_every_statistic(collector: MetricsCollector, clock: Clock) -> None:
    clock.now += 3.0
    collector.update_loop_metrics(2.5, 1, 31.0, "ws", True, 4)
    clock.now += 1.0
    metrics = collector.get_metrics()
    for figure in ("", "_avg", "_max", "_min", "_p99"):
        assert metrics[f"loop_time{figure}_ms"] == 2.5
    assert metrics["spread_bps"] == metrics["spread_avg_bps"] == 31.0
    assert metrics["trades_opened_total"] == metrics["trades_opened_recent"] == 1
    assert (metrics["data_source"], metrics["ws_connected"]) == ("ws", True)
    assert metrics["ws_reconnect_count"] == 4
    assert (metrics["uptime_seconds"], metrics["age_seconds"]) == (4.0, 1.0)
    assert (metrics["buffer_size"], metrics["buffer_usage"]) == (200, 1)


def test_nothing_measured_is_none_not_zero(collector: MetricsCollector) -> None:
    metrics = collector.get_metrics()
    assert metrics.keys() >= FIGURES
    for name in ("loop_time_ms", "loop_time_avg_ms", "loop_time_p99_ms", "spread_avg_bps"):
        assert metrics[name] is None
    assert metrics["trades_opened_total"] == metrics["buffer_usage"] == 0
    assert metrics["symbols"] == {}
    assert metrics["ws_connected"] is False


def test_a_step_without_a_spread_leaves_the_average_alone(collector: MetricsCollector) -> None:
    collector.update_loop_metrics(1.0, 0, 10.0, "rest")
    collector.update_loop_metrics(1.0, 0, None, "rest")
    metrics = collector.get_metrics()
    assert metrics["spread_bps"] is None
    assert metrics["spread_avg_bps"] == 10.0


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 9)), min_size=1, max_size=60),
    st.integers(1, 30),
)
def test_statistics_are_those_of_the_last_buffer_size_updates(
    updates: list[tuple[float, int]], buffer_size: int
) -> None:
    collector = MetricsCollector(buffer_size)
    for loop_time, trades in updates:
        collector.update_loop_metrics(loop_time, trades, 1.0, "rest")
    metrics = collector.get_metrics()
    recent = updates[-buffer_size:]
    times = sorted(loop_time for loop_time, _ in recent)
    assert metrics["buffer_usage"] == len(recent) <= buffer_size
    assert metrics["loop_time_ms"] == recent[-1][0]
    assert (metrics["loop_time_min_ms"], metrics["loop_time_max_ms"]) == (times[0], times[-1])
    assert metrics["loop_time_avg_ms"] == pytest.approx(sum(times) / len(times))
    p99 = metrics["loop_time_p99_ms"]
    assert p99 in times
    assert sum(one <= p99 for one in times) >= 0.99 * len(times)
    assert sum(one < p99 for one in times) < ceil(0.99 * len(times))
    assert metrics["trades_opened_recent"] == sum(trades for _, trades in recent)
    assert metrics["trades_opened_total"] == sum(trades for _, trades in updates)


def test_each_symbol_has_the_same_figures_of_its_own(
    collector: MetricsCollector, clock: Clock
) -> None:
    collector.update_loop_metrics(1.0, 1, 5.0, "rest", symbol="KRW-BTC")
    clock.now += 2.0
    collector.update_loop_metrics(3.0, 0, 9.0, "ws", True, 1, symbol="KRW-ETH")
    collector.update_loop_metrics(5.0, 2, 0.0, "rest")
    metrics = collector.get_metrics()
    btc, eth = metrics["symbols"]["KRW-BTC"], metrics["symbols"]["KRW-ETH"]
    assert btc.keys() >= FIGURES
    assert (btc["loop_time_ms"], btc["trades_opened_total"], btc["spread_bps"]) == (1.0, 1, 5.0)
    assert (btc["uptime_seconds"], eth["uptime_seconds"]) == (2.0, 0.0)
    assert (eth["data_source"], eth["ws_connected"], btc["ws_connected"]) == ("ws", True, False)
    assert (metrics["buffer_usage"], metrics["trades_opened_total"]) == (3, 3)


def test_symbols_past_the_bound_are_counted_not_kept() -> None:
    collector = MetricsCollector(max_symbols=2)
    for symbol in ("A", "B", "C", "C"):
        collector.update_loop_metrics(1.0, 1, 0.0, "rest", symbol=symbol)
    metrics = collector.get_metrics()
    assert list(metrics["symbols"]) == ["A", "B"]
    assert metrics["symbols_shed"] == 2
    assert metrics["trades_opened_total"] == 4


@pytest.mark.parametrize(
    ("bad", "names"),
    [
        ({"loop_time_ms": -0.1}, "loop_time_ms -0.1"),
        ({"loop_time_ms": nan}, "loop_time_ms nan"),
        ({"loop_time_ms": inf}, "loop_time_ms inf"),
        ({"trades_opened": -1}, "trades_opened -1"),
        ({"spread_bps": nan}, "spread_bps nan"),
        ({"ws_reconnects": -2}, "ws_reconnects -2"),
    ],
)
def test_a_bad_update_is_refused_by_name_and_changes_nothing(
    collector: MetricsCollector, bad: dict[str, float], names: str
) -> None:
    update = {"loop_time_ms": 1.0, "trades_opened": 0, "spread_bps": 0.0} | bad

    async def queue_it() -> None:
        await collector.astart_queue_processing()
        await collector.aqueue_metrics(**update, data_source="rest")  # type: ignore[arg-type]

    with pytest.raises(ValueError, match=names):
        collector.update_loop_metrics(**update, data_source="rest")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=names):
        asyncio.run(queue_it())
    assert collector.get_metrics()["buffer_usage"] == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"buffer_size": 0},
        {"max_symbols": 0},
        {"queue_size": 0},
        {"stale_after_seconds": 0.0},
        {"stale_after_seconds": 10.0, "down_after_seconds": 9.0},
        {"stale_after_seconds": nan},
    ],
)
def test_a_setting_out_of_range_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(settings))):
        MetricsCollector(**settings)  # type: ignore[arg-type]


def test_reset_forgets_everything_and_restarts_the_uptime(
    collector: MetricsCollector, clock: Clock
) -> None:
    collector.update_loop_metrics(1.0, 3, 5.0, "rest", symbol="KRW-BTC")
    clock.now += 5.0
    collector.reset()
    metrics = collector.get_metrics()
    assert (metrics["trades_opened_total"], metrics["buffer_usage"]) == (0, 0)
    assert (metrics["uptime_seconds"], metrics["symbols"]) == (0.0, {})


def test_async_update_is_the_sync_one(collector: MetricsCollector) -> None:
    asyncio.run(collector.aupdate_loop_metrics(1.5, 1, 2.0, "ws", True, 3, "KRW-BTC"))
    metrics = collector.get_metrics()
    assert (metrics["loop_time_ms"], metrics["ws_reconnect_count"]) == (1.5, 3)
    assert list(metrics["symbols"]) == ["KRW-BTC"]


def test_queued_updates_are_taken_in_when_the_loop_is_free(collector: MetricsCollector) -> None:
    async def session() -> tuple[int, int]:
        await collector.astart_queue_processing()
        await collector.aqueue_metrics(1.0, 1, 2.0, "rest")
        await collector.aqueue_metrics(1.0, 1, 2.0, "rest")
        before = collector.get_metrics()
        await asyncio.sleep(0)
        return before["queue_size"], collector.get_metrics()["queue_size"]

    assert asyncio.run(session()) == (2, 0)
    assert collector.get_metrics()["trades_opened_total"] == 2


def test_stop_drains_before_it_stops_and_leaves_no_task(collector: MetricsCollector) -> None:
    async def session() -> set[asyncio.Task[None]]:
        await collector.astart_queue_processing()
        await collector.astart_queue_processing()
        for _ in range(1000):
            await collector.aqueue_metrics(1.0, 1, 2.0, "rest", symbol="KRW-BTC")
        await collector.astop_queue_processing()
        await collector.astop_queue_processing()
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(session()) == set()
    assert collector.get_metrics()["trades_opened_total"] == 1000


def test_a_full_queue_sheds_the_oldest_and_counts_it() -> None:
    collector = MetricsCollector(queue_size=3)

    async def session() -> None:
        await collector.astart_queue_processing()
        for step in range(5):
            await collector.aqueue_metrics(float(step), 1, 2.0, "rest")
        assert collector.get_metrics()["queue_size"] == 3
        await collector.astop_queue_processing()

    asyncio.run(session())
    metrics = collector.get_metrics()
    assert metrics["queue_shed"] == 2
    assert metrics["trades_opened_total"] == 3
    assert metrics["loop_time_min_ms"] == 2.0


def test_queueing_without_start_takes_the_update_in_at_once(collector: MetricsCollector) -> None:
    asyncio.run(collector.aqueue_metrics(1.0, 1, 2.0, "rest"))
    assert collector.get_metrics()["trades_opened_total"] == 1


def test_a_session_ended_without_stop_loses_nothing(collector: MetricsCollector) -> None:
    """The first event loop is closed before it could drain; the next one still does."""

    async def start_and_queue() -> None:
        await collector.astart_queue_processing()
        await collector.aqueue_metrics(1.0, 1, 2.0, "rest")

    async def queue_and_wait() -> None:
        await collector.aqueue_metrics(2.0, 1, 2.0, "rest")
        await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    loop.call_soon(loop.stop)  # ends after this round, before the drain
    task = loop.create_task(start_and_queue())
    loop.run_forever()
    loop.close()
    assert task.done()
    asyncio.run(queue_and_wait())
    assert collector.get_metrics()["trades_opened_total"] == 2


def test_a_reader_never_sees_a_torn_ring(collector: MetricsCollector) -> None:
    def write() -> None:
        for step in range(3000):
            collector.update_loop_metrics(float(step), 1, 2.0, "rest", symbol=f"S{step % 7}")

    writers = [Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        metrics = collector.get_metrics()
        assert metrics["trades_opened_recent"] == metrics["buffer_usage"]
        collector.get_health()
    assert collector.get_metrics()["trades_opened_total"] == 6000


def test_health_before_the_first_step_is_not_ok(collector: MetricsCollector, clock: Clock) -> None:
    health = collector.get_health()
    assert (health["status"], health["age_seconds"]) == ("degraded", None)
    assert health["reasons"] == ["no step has been reported yet"]
    clock.now += 61.0
    assert collector.get_health()["status"] == "down"


def test_health_is_ok_while_steps_arrive(collector: MetricsCollector, clock: Clock) -> None:
    collector.update_loop_metrics(1.0, 0, 2.0, "rest", symbol="KRW-BTC")
    clock.now += 10.0
    health = collector.get_health()
    assert (health["status"], health["reasons"], health["age_seconds"]) == ("ok", [], 10.0)
    assert health["symbol_ages_seconds"] == {"KRW-BTC": 10.0}


def test_silence_degrades_then_is_down(collector: MetricsCollector, clock: Clock) -> None:
    collector.update_loop_metrics(1.0, 0, 2.0, "rest")
    clock.now += 10.5
    health = collector.get_health()
    assert (health["status"], health["reasons"]) == (
        "degraded",
        ["no step for 10.5 s, limit 10.0 s"],
    )
    clock.now += 50.0
    assert collector.get_health()["status"] == "down"
    collector.update_loop_metrics(1.0, 0, 2.0, "rest")
    assert collector.get_health()["status"] == "ok"


def test_one_silent_symbol_is_named_while_others_go_on(
    collector: MetricsCollector, clock: Clock
) -> None:
    for symbol in "ABCDEFG":
        collector.update_loop_metrics(1.0, 0, 2.0, "rest", symbol=symbol)
    clock.now += 11.0
    collector.update_loop_metrics(1.0, 0, 2.0, "rest", symbol="G")
    health = collector.get_health()
    assert health["status"] == "degraded"
    assert health["reasons"] == ["no step for over 10.0 s: A, B, C, D, E and 1 more"]


@pytest.mark.parametrize("symbol", [None, "KRW-BTC"])
def test_a_disconnected_stream_degrades(collector: MetricsCollector, symbol: str | None) -> None:
    collector.update_loop_metrics(1.0, 0, 2.0, "ws", False, symbol=symbol)
    health = collector.get_health()
    assert health["status"] == "degraded"
    assert health["reasons"][0].startswith("stream disconnected")
    collector.update_loop_metrics(1.0, 0, 2.0, "ws", True, 1, symbol=symbol)
    assert collector.get_health()["status"] == "ok"


def test_polling_needs_no_stream(collector: MetricsCollector) -> None:
    collector.update_loop_metrics(1.0, 0, 2.0, "rest", ws_connected=False)
    assert collector.get_health()["status"] == "ok"


def test_shedding_degrades_until_it_is_over(clock: Clock) -> None:
    collector = MetricsCollector(queue_size=1, clock=clock)

    async def shed_one() -> None:
        await collector.astart_queue_processing()
        await collector.aqueue_metrics(1.0, 0, 2.0, "rest")
        await collector.aqueue_metrics(1.0, 0, 2.0, "rest")
        await collector.astop_queue_processing()

    asyncio.run(shed_one())
    assert collector.get_health()["reasons"] == ["the queue is full: 1 updates shed so far"]
    clock.now += 11.0
    collector.update_loop_metrics(1.0, 0, 2.0, "rest")
    assert collector.get_health()["status"] == "ok"
