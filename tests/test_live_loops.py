"""The loops: both legs at once, an end in time, and nothing left behind however they end."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from slow_venues import Slow, gates, run, slow_rig, until
from two_venues import KRW, USDT, A, B, Rig, book, owned

from arbitrage import MarketDataProvider, OrderBookSnapshot, PaperExchange

ETH = "ETH/USDT:USDT"


# --- both legs at once --------------------------------------------------------------------------


def test_both_books_are_asked_for_before_either_has_come() -> None:
    rig = slow_rig("books")
    rig.premium(-2)
    a, b = gates(rig)

    async def watch() -> None:
        step = asyncio.create_task(rig.runner.arun_once())
        await until(lambda: bool(a.began and b.began))
        assert (a.ended, b.ended) == ([], [])
        a.gate.set(), b.gate.set()
        assert await step is True

    run(watch())
    assert not rig.is_flat


def test_a_slow_provider_of_a_users_own_is_asked_for_both_legs_at_once() -> None:
    began: list[str] = []
    gate = asyncio.Event()

    class SlowBooks(MarketDataProvider):
        def get_latest_snapshot(self, symbol: str) -> OrderBookSnapshot | None:
            return book(symbol, 1.0, 2.0, at=rig.clock.now)

        async def aget_latest_snapshot(self, symbol: str) -> OrderBookSnapshot | None:
            began.append(symbol)
            await gate.wait()
            return self.get_latest_snapshot(symbol)

    rig = Rig(market_data_provider=SlowBooks())

    async def watch() -> None:
        step = asyncio.create_task(rig.runner.arun_once())
        await until(lambda: began == [A, B])
        gate.set()
        assert await step is True

    run(watch())


def test_both_orders_are_under_way_before_either_is_answered() -> None:
    rig = slow_rig("orders")
    rig.premium(-2)
    a, b = gates(rig)

    async def watch() -> None:
        step = asyncio.create_task(rig.runner.arun_once())
        await until(lambda: bool(a.began and b.began))
        assert rig.stats["active_orders"] == 2
        a.gate.set(), b.gate.set()
        assert await step is True

    run(watch())
    assert (rig.stats["active_orders"], rig.is_flat) == (0, False)


def test_the_async_face_never_leaves_its_own_thread() -> None:
    threads: set[int] = set()

    class Watched(PaperExchange):
        def get_orderbook(self, symbol: str) -> OrderBookSnapshot | None:
            threads.add(threading.get_ident())
            return super().get_orderbook(symbol)

    for in_memory in (True, False):
        rig = Rig(Watched({"KRW": KRW}), Watched({"USDT": USDT}))
        rig.a.in_memory = rig.b.in_memory = in_memory
        rig.premium(-2)
        run(rig.runner.arun_once())
        assert not rig.is_flat
    assert threads == {threading.get_ident()}


def test_every_symbol_is_asked_for_at_once() -> None:
    rig = slow_rig("books", live={"routes": (("KRW-ETH", ETH),)})
    a, b = gates(rig)

    async def watch() -> None:
        step = asyncio.create_task(rig.runner.arun_once_for_symbols([A, "KRW-ETH"]))
        await until(lambda: a.began == [A, "KRW-ETH"] and b.began == [B, ETH])
        a.gate.set(), b.gate.set()
        assert await step is False

    run(watch())


def test_steps_at_the_same_time_send_every_order_once() -> None:
    """A step must not ask for an order that another one is only just sending."""
    rig = slow_rig("orders", live={"routes": (("KRW-ETH", ETH),)})
    rig.premium(-2)
    for exchange, symbol, price in ((rig.a, "KRW-ETH", 4e6), (rig.b, ETH, 3000.0)):
        exchange.set_orderbook(symbol, book(symbol, price, price + 1, at=rig.clock.now))
    a, b = gates(rig)

    async def watch() -> None:
        steps = [
            asyncio.create_task(rig.runner.arun_once_for_symbol(symbol))
            for symbol in (A, "KRW-ETH", A, ETH)
        ]
        await until(lambda: len(a.began) == len(b.began) == 2)
        rig.wait(20)  # long enough for the engine to ask for them as well
        rig.premium(-2)
        steps.append(asyncio.create_task(rig.runner.arun_once()))
        await asyncio.sleep(0)
        a.gate.set(), b.gate.set()
        assert all(await asyncio.gather(*steps))

    run(watch())
    assert len({*a.began, *b.began}) == len(a.began + b.began) == 4
    assert rig.stats["active_orders"] == 0
    assert len(rig.b.get_open_positions()) == 2


# --- the end of a loop --------------------------------------------------------------------------


class Counting(MarketDataProvider):
    """Books at no premium; says whether it runs, and lets time pass with every look."""

    def __init__(self, seconds_per_look: float = 0.0) -> None:
        self.is_started = False
        self.looks = 0
        self.seconds_per_look = seconds_per_look
        self.rig: Rig | None = None

    def start(self) -> None:
        self.is_started = True

    def stop(self) -> None:
        self.is_started = False

    def get_latest_snapshot(self, symbol: str) -> OrderBookSnapshot | None:
        assert self.rig is not None
        assert self.is_started
        self.looks += 1
        self.rig.wait(self.seconds_per_look)
        return self.rig.a.get_orderbook(symbol) or self.rig.b.get_orderbook(symbol)


def counting_rig(seconds_per_look: float = 0.0, **live: Any) -> tuple[Rig, Counting]:
    provider = Counting(seconds_per_look)
    rig = Rig(
        market_data_provider=provider,
        live={"poll_interval_seconds": 0.0} | live,
        engine={"max_book_age_seconds": 1e6},
    )
    provider.rig = rig
    rig.premium(0)
    return rig, provider


LOOPS: list[Callable[[Rig], Any]] = [
    lambda rig: rig.runner.run_forever(),
    lambda rig: run(rig.runner.arun_forever()),
    lambda rig: run(rig.runner.arun_multisymbol_loop([A])),
]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_ends_when_its_time_has_passed_on_the_monotonic_clock(
    loop: Callable[[Rig], Any],
) -> None:
    rig, provider = counting_rig(0.5, max_runtime_seconds=5.0)
    loop(rig)
    assert rig.stats["loop_count"] == 5
    assert rig.stats["elapsed_seconds"] == pytest.approx(5.0)
    assert not provider.is_started


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_without_time_takes_no_step(loop: Callable[[Rig], Any]) -> None:
    rig, provider = counting_rig(max_runtime_seconds=0.0)
    loop(rig)
    assert (rig.stats["loop_count"], provider.is_started) == (0, False)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_stop_that_comes_before_the_loop_ends_it_at_once_and_only_once(
    loop: Callable[[Rig], Any],
) -> None:
    rig, _ = counting_rig(0.5, max_runtime_seconds=1.0)
    rig.runner.stop()
    loop(rig)
    assert rig.stats["loop_count"] == 0
    loop(rig)
    assert rig.stats["loop_count"] == 1


def test_run_forever_is_stopped_from_another_thread() -> None:
    rig, provider = counting_rig(poll_interval_seconds=3600.0)
    thread = threading.Thread(target=rig.runner.run_forever)
    thread.start()
    rig.runner.stop()
    thread.join(timeout=5)
    assert not thread.is_alive()
    assert not provider.is_started


def test_an_async_loop_is_stopped_from_another_thread_without_waiting_for_its_pause() -> None:
    rig, _ = counting_rig(poll_interval_seconds=3600.0)

    async def watch() -> None:
        loop = asyncio.create_task(rig.runner.arun_forever())
        await until(lambda: rig.stats["loop_count"] == 1)
        stopper = threading.Thread(target=rig.runner.stop)
        stopper.start()
        await asyncio.wait_for(loop, timeout=5)
        stopper.join()

    run(watch())
    assert rig.stats["loop_count"] == 1


def test_a_pause_is_as_long_as_it_was_asked_to_be() -> None:
    rig, provider = counting_rig(poll_interval_seconds=0.001)

    async def watch() -> None:
        loop = asyncio.create_task(rig.runner.arun_forever())
        while provider.looks < 6:
            await asyncio.sleep(0.001)
        rig.runner.stop()
        await loop

    run(watch())


def test_an_error_of_our_own_ends_the_loop_and_still_leaves_nothing() -> None:
    rig, provider = counting_rig()

    def broken(_: Any) -> None:
        raise AssertionError("a bug")

    rig.runner._steps._on_decision = broken
    rig.premium(-2)
    for loop in LOOPS:
        with pytest.raises(AssertionError, match="a bug"):
            loop(rig)
        assert not provider.is_started


# --- cancelled ----------------------------------------------------------------------------------


async def cancelled(rig: Rig, when: Callable[[], bool]) -> None:
    """Run the polling loop and cancel it as soon as `when` holds."""
    loop = asyncio.create_task(rig.runner.arun_forever())
    await until(when)
    for exchange in gates(rig):
        exchange.slow = ()
    loop.cancel()
    with suppress(asyncio.CancelledError):
        await loop
    assert loop.cancelled()


def test_a_loop_cancelled_while_it_waits_for_books_leaves_nothing() -> None:
    rig = slow_rig("books")
    a, b = gates(rig)
    run(cancelled(rig, lambda: bool(a.began and b.began)))
    assert (a.ended, b.ended, rig.stats["active_orders"], rig.is_flat) == ([], [], 0, True)


def test_a_loop_cancelled_before_its_orders_arrive_leaves_none() -> None:
    rig = slow_rig("orders")
    rig.premium(-2)
    a, b = gates(rig)
    run(cancelled(rig, lambda: bool(a.began and b.began)))
    assert (rig.stats["active_orders"], rig.is_flat) == (0, True)
    assert rig.stats["total_trades_closed"] == 1


def test_a_loop_cancelled_before_it_hears_of_its_fills_still_learns_of_them() -> None:
    rig = slow_rig("answers")
    rig.premium(-2)
    a, b = gates(rig)
    run(cancelled(rig, lambda: bool(a.began and b.began)))
    assert rig.stats["active_orders"] == 0
    (short,) = rig.b.get_open_positions()
    assert owned(rig.a, "BTC") == -short.qty
    (state,) = rig.runner.engine.routes[f"a:{A},b:{B}"].trades
    assert state.trade.qty_a == state.trade.qty_b == -short.qty


@pytest.mark.parametrize("slow", ["orders", "answers"])
def test_a_loop_cancelled_with_one_leg_filled_hedges_before_it_goes(slow: str) -> None:
    rig = Rig(PaperExchange({"KRW": KRW}), Slow(slow, USDT=USDT))
    rig.premium(-2)
    assert isinstance(rig.b, Slow)
    b = rig.b

    async def watch() -> None:
        loop = asyncio.create_task(rig.runner.arun_forever())
        await until(lambda: bool(b.began))
        b.slow = ()
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop

    run(watch())
    (short,) = rig.b.get_open_positions()
    assert owned(rig.a, "BTC") == -short.qty > 0
    assert rig.stats["active_orders"] == 0


def test_a_step_that_was_cancelled_is_taken_up_by_the_next_one() -> None:
    rig = slow_rig("answers")
    rig.premium(-2)
    a, b = gates(rig)

    async def watch() -> None:
        step = asyncio.create_task(rig.runner.arun_once())
        await until(lambda: bool(a.began and b.began))
        step.cancel()
        with suppress(asyncio.CancelledError):
            await step
        assert rig.stats["active_orders"] == 2
        assert await rig.runner.arun_once() is True
        assert rig.stats["active_orders"] == 0

    run(watch())
    assert len(rig.b.get_open_positions()) == 1
