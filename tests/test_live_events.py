"""Orders that take their time, and books that are acted on in the moment they arrive."""

import asyncio

import pytest
from slow_venues import gates, run, slow_rig, until
from two_venues import KRW, USDT, Rig

from arbitrage import PaperExchange
from arbitrage.domain.errors import ConfigError

# --- latency ------------------------------------------------------------------------------------


@pytest.fixture
def distant() -> Rig:
    """Orders need a fifth of a second to arrive."""
    return Rig(
        PaperExchange({"KRW": KRW}, latency_seconds=0.2),
        PaperExchange({"USDT": USDT}, latency_seconds=0.2),
    )


def test_orders_under_way_are_learned_of_by_later_steps(distant: Rig) -> None:
    rig = distant
    rig.premium(-2)
    assert rig.runner.run_once() is True
    assert (rig.stats["active_orders"], rig.is_flat) == (2, True)
    rig.wait(0.1)
    rig.premium(-2)
    rig.runner.run_once()
    assert (rig.stats["active_orders"], rig.is_flat) == (2, True)
    rig.wait(0.11)
    rig.premium(-2)
    rig.runner.run_once()
    assert (rig.stats["active_orders"], rig.is_flat) == (0, False)
    assert rig.stats["total_trades_opened"] == 1


def test_an_order_that_met_a_worse_book_on_arrival_is_not_filled(distant: Rig) -> None:
    rig = distant
    rig.premium(-2)
    rig.runner.run_once()
    for _ in range(3):
        rig.wait(0.1)
        rig.show_a(139_000_000, 139_000_001)
        rig.show_b(99_000, 99_001)
    assert rig.runner.run_once() is True
    assert (rig.stats["active_orders"], rig.stats["total_pnl_usd"]) == (0, 0)
    assert rig.gained_usd() == 0


# --- event-driven -------------------------------------------------------------------------------


def test_a_book_is_acted_on_in_the_moment_it_arrives() -> None:
    rig = Rig(live={"data_source": "ws"})
    rig.premium(0)

    async def watch() -> None:
        loop = asyncio.create_task(rig.runner.arun_event_driven())
        await until(lambda: rig.stats["loop_count"] >= 1)
        rig.premium(-2)
        assert not rig.is_flat  # and no turn of the event loop in between
        rig.wait(1)
        rig.premium(0)
        assert rig.is_flat
        rig.runner.stop()
        await loop
        rig.premium(-2)

    run(watch())
    assert (rig.stats["total_trades_opened"], rig.is_flat) == (1, True)


def test_an_opportunity_that_stands_at_the_start_is_taken() -> None:
    rig = Rig(live={"data_source": "ws"})
    rig.premium(-2)

    async def watch() -> None:
        loop = asyncio.create_task(rig.runner.arun_event_driven())
        await until(lambda: not rig.is_flat)
        rig.runner.stop()
        await loop

    run(watch())


def test_orders_that_must_be_waited_for_leave_the_callback() -> None:
    rig = slow_rig("orders", live={"data_source": "ws"})
    a, b = gates(rig)

    async def watch() -> None:
        loop = asyncio.create_task(rig.runner.arun_event_driven())
        await until(lambda: rig.stats["loop_count"] >= 1)
        rig.premium(-2)
        assert rig.stats["active_orders"] == 2
        assert not a.began
        await until(lambda: bool(a.began and b.began))
        a.gate.set(), b.gate.set()
        await until(lambda: rig.stats["active_orders"] == 0)
        rig.runner.stop()
        await loop

    run(watch())
    assert not rig.is_flat


def test_when_nothing_arrives_time_still_passes_for_the_engine() -> None:
    rig = Rig(
        PaperExchange({"KRW": KRW}, latency_seconds=3600),
        PaperExchange({"USDT": USDT}, latency_seconds=3600),
        live={"data_source": "ws"},
        engine={"tick_seconds": 0.001},
    )
    rig.premium(-2)
    desk = rig.runner.engine.desk

    async def watch() -> None:
        loop = asyncio.create_task(rig.runner.arun_event_driven())
        await until(lambda: rig.stats["active_orders"] == 2)
        rig.wait(10)
        while not all(
            desk.order(order.client_id).status.value == "in_doubt"
            for order in rig.runner.engine.accounts.live_orders()
        ):
            await asyncio.sleep(0.001)
        rig.runner.stop()
        await loop

    run(watch())


def test_the_event_driven_loop_needs_a_stream() -> None:
    with pytest.raises(ConfigError, match="needs a provider that streams"):
        asyncio.run(Rig().runner.arun_event_driven())
