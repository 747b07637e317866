"""Simulated venues in a process of their own, and the gateways that are pointed at them."""

import asyncio
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest

from arbitrage import simulators as module
from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.simulators import Addresses, gateway_of, simulators

NOWHERE = Addresses("http://127.0.0.1:1", "ws://127.0.0.1:1")


def test_a_venue_without_a_gateway_is_refused() -> None:
    with pytest.raises(ConfigError, match="venue 'mtgox' is unknown"):
        gateway_of("mtgox", NOWHERE, [])


@pytest.mark.parametrize("venue", ["upbit", "binance-usdm", "bybit", "bybit-spot"])
def test_a_gateway_is_pointed_at_the_simulator_with_or_without_an_account(venue: str) -> None:
    trades = gateway_of(venue, NOWHERE, [])
    looks = gateway_of(venue, NOWHERE, [], has_keys=False)
    assert trades.plan.private is not None
    assert looks.plan.private is None
    assert looks.plan.rest_url == NOWHERE.rest
    assert all(streams.url.startswith(NOWHERE.ws) for streams in looks.plan.public)


def test_simulators_listen_until_the_block_ends() -> None:
    async def ask(at: Addresses) -> int:
        gateway = gateway_of("upbit", at, [], has_keys=False)
        try:
            await gateway.aload()
        finally:
            await gateway.astop()
        return len(gateway.markets)

    async def work() -> None:
        async with simulators(["upbit"]) as addresses:
            assert await ask(addresses["upbit"]) == 21
        with pytest.raises(Unavailable):
            await ask(addresses["upbit"])

    asyncio.run(work())


def test_venues_with_one_wallet_are_one_simulator() -> None:
    async def work() -> None:
        async with simulators(["bybit", "bybit-spot"]) as addresses:
            assert addresses["bybit"] == addresses["bybit-spot"]
            gateway = gateway_of("bybit-spot", addresses["bybit-spot"], ["BTCUSDT"])
            try:
                await gateway.aload()
                assert not gateway.instrument("BTCUSDT").is_perpetual
            finally:
                await gateway.astop()

    asyncio.run(work())


def test_a_venue_without_a_simulator_is_refused_in_the_simulators_words() -> None:
    async def work() -> None:
        async with simulators(["mtgox"]):
            pass

    with pytest.raises(ConfigError, match="no simulator of mtgox"):
        asyncio.run(work())


def test_simulators_that_do_not_get_ready_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with simulators(["upbit"]):
            pass

    monkeypatch.setattr(module, "_READY_SECONDS", 0.001)
    with pytest.raises(Unavailable, match="not ready"):
        asyncio.run(work())


ORPHANS = """
import asyncio, os, sys
from arbitrage.simulators import simulators

async def main():
    async with simulators(["upbit"]) as addresses:
        print(addresses["upbit"].rest, flush=True)
        os.kill(os.getpid(), 9)

asyncio.run(main())
"""


def test_simulators_end_with_whoever_started_them_however_that_ends() -> None:
    died = subprocess.run(
        [sys.executable, "-c", ORPHANS], capture_output=True, text=True, timeout=60
    )
    at = urlsplit(died.stdout.strip())
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection((at.hostname or "", at.port or 0), 1).close()
        except OSError:
            return
        time.sleep(0.02)
    pytest.fail("the simulator is still there")
