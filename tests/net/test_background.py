"""No task dies in silence, and none is left."""

import asyncio

import pytest
from net.loopback import run, soon

from arbitrage.net.background import Background


async def forever() -> None:
    await asyncio.Event().wait()


async def broken() -> None:
    raise KeyError("ours")


async def brief() -> None:
    await asyncio.sleep(0)


def test_stopping_ends_every_task_and_waiting_returns() -> None:
    async def work() -> None:
        background = Background()
        background.start(forever(), "one")
        background.start(brief(), "two")
        await asyncio.sleep(0)
        await background.stop()
        await background.stop()
        await soon(background.wait())
        assert background.failure is None

    run(work)


def test_the_first_failure_is_raised_to_whoever_waits() -> None:
    async def work() -> None:
        background = Background()
        background.start(forever(), "one")
        background.start(broken(), "two")
        with pytest.raises(KeyError, match="ours"):
            await soon(background.wait())
        background.fail(ValueError("later"))
        with pytest.raises(KeyError, match="ours"):
            await background.wait()
        await background.stop()

    run(work)


def test_a_guarded_callback_is_heard_of_when_it_breaks() -> None:
    async def work() -> None:
        background = Background()
        calls: list[int] = []

        def call(number: int) -> None:
            calls.append(number)
            if number:
                raise KeyError("ours")

        guarded = background.guarded(call)
        guarded(0)
        assert background.failure is None
        asyncio.get_running_loop().call_soon(guarded, 1)
        with pytest.raises(KeyError, match="ours"):
            await soon(background.wait())
        assert calls == [0, 1]

    run(work, hears_errors=True)
