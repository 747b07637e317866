"""Exchanges that make one wait, and ways to watch an event loop without watching a clock."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from two_venues import KRW, USDT, Rig

from arbitrage import OrderBookSnapshot, PaperExchange
from arbitrage.domain.intents import PlaceOrder
from arbitrage.domain.orders import Order


class Slow(PaperExchange):
    """Every call that may wait says that it began, and waits at a gate until let through."""

    def __init__(self, *slow: str, **balances: int) -> None:
        super().__init__(initial_balance=balances)
        self.slow = slow
        self.began: list[str] = []
        self.ended: list[str] = []
        self.gate = asyncio.Event()

    async def wait(self, name: str, what: str) -> None:
        if name in self.slow:
            self.began.append(what)
            await self.gate.wait()
            self.ended.append(what)

    async def aget_orderbook(self, symbol: str) -> OrderBookSnapshot | None:
        await self.wait("books", symbol)
        return self.get_orderbook(symbol)

    async def asubmit(self, intent: PlaceOrder) -> Order:
        await self.wait("orders", intent.client_id)
        order = self.submit(intent)
        await self.wait("answers", intent.client_id)
        return order


def slow_rig(*slow: str, **terms: Any) -> Rig:
    return Rig(Slow(*slow, KRW=KRW), Slow(*slow, USDT=USDT), **terms)


def gates(rig: Rig) -> tuple[Slow, Slow]:
    assert isinstance(rig.a, Slow)
    assert isinstance(rig.b, Slow)
    return rig.a, rig.b


async def until(condition: Callable[[], bool]) -> None:
    """Let others run until `condition` holds; a thousand turns are more than enough."""
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never happened")


def run(work: Coroutine[Any, Any, Any]) -> None:
    """Run `work`, which must leave no task and no thread behind."""

    async def watched() -> None:
        threads = threading.active_count()
        await work
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert threading.active_count() == threads

    asyncio.run(watched())
