import asyncio
from typing import Any

from sim_spot import FIGURES, limit, market, place, spot_core

from arbitrage.sim.protocols.binance_spot_user_stream import SpotUserStream


class Ear:
    """Hears events; `kinds` are those it heard."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def hear(self, event: Any) -> None:
        self.heard.append(event)

    @property
    def kinds(self) -> list[str]:
        return [event["e"] for event in self.heard]


def test_orders_are_told_at_once_and_balances_together_after_them() -> None:
    async def scene() -> None:
        core, ear = spot_core(), Ear()
        stream = SpotUserStream(core, FIGURES, {})
        stream.join(ear)
        place(core, market(quantity="0.1"))
        assert ear.kinds == ["executionReport", "executionReport"]
        await asyncio.sleep(0)
        assert ear.kinds[2:] == ["outboundAccountPosition"]
        assert {held["a"] for held in ear.heard[-1]["B"]} == {"USDT", "BTC"}

    asyncio.run(scene())


def test_nobody_is_told_before_the_first_and_after_the_last() -> None:
    async def scene() -> None:
        core, ear = spot_core(), Ear()
        stream = SpotUserStream(core, FIGURES, {})
        place(core, limit())
        stream.join(ear)
        place(core, limit())
        stream.terminate(ear)
        stream.leave(ear)
        place(core, limit())
        await asyncio.sleep(0)
        assert ear.kinds == ["executionReport", "eventStreamTerminated"]

    asyncio.run(scene())


def test_a_cancelled_order_is_told_by_the_name_of_its_cancel() -> None:
    async def scene() -> None:
        core, ear, cancels = spot_core(), Ear(), dict[int, str]()
        stream = SpotUserStream(core, FIGURES, cancels)
        stream.join(ear)
        order = place(core, limit(newClientOrderId="mine"))
        cancels[order.id] = "its cancel"
        core.cancel(order)
        assert (ear.heard[-1]["c"], ear.heard[-1]["C"]) == ("its cancel", "mine")

    asyncio.run(scene())
