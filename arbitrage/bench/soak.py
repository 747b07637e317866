"""Endurance: a thousand books at four venues, twenty thousand frames a second, for minutes on end.

The engine, the gateways and their codecs are those of a live session; only nothing is ever worth
trading. What is asked: is every frame that was sent taken in, does memory stay flat, and does the
garbage collector never go through everything?
"""

import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import msgspec

from arbitrage.bench.flood import WON, base, market
from arbitrage.bench.measure import Figure
from arbitrage.domain.instrument import Instrument
from arbitrage.engine.config import ArbitrageConfig
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.exchanges.binance_usdm.facts import BookStream
from arbitrage.exchanges.registry import create_exchange
from arbitrage.live_session import LiveSession
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.running_session import loop_factory
from arbitrage.sim.listings import BINANCE_USDM, BYBIT, OKX, UPBIT

FRAMES_PER_SECOND = 20_000
COINS = 250
_VENUES = (UPBIT, BINANCE_USDM, BYBIT, OKX)
_WARM_SECONDS = 20.0
_DRAIN_SECONDS = 10.0
_MB = 1024 * 1024


class _Place(msgspec.Struct):
    rest: str
    ws: str


class _Watch:
    """Memory and collections while it runs."""

    def __init__(self) -> None:
        self.megabytes: list[float] = []
        self.full_collections = 0

    def look(self, _session: LiveSession) -> None:
        self.megabytes.append(_resident_mb())

    def on_collection(self, phase: str, info: Mapping[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            self.full_collections += 1


def run_soak(
    minutes: float, *, coins: int = COINS, frames_per_second: float = FRAMES_PER_SECOND
) -> list[Figure]:
    """The figures of one run. Raises `ConfigError` where a venue has no gateway."""
    with (
        _flood(coins) as (process, places),
        asyncio.Runner(loop_factory=loop_factory()) as runner,
    ):
        return runner.run(_soak(process, places, minutes * 60, coins, frames_per_second))


@contextmanager
def _flood(coins: int) -> Iterator[tuple["subprocess.Popen[bytes]", dict[str, _Place]]]:
    """The venues in a process and, where there are two, on a core of their own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "arbitrage.bench.flood", str(coins)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    try:
        places = msgspec.json.decode(process.stdout.readline(), type=dict[str, _Place])
        if len(cores) > 1:
            os.sched_setaffinity(process.pid, {cores[0]})
            os.sched_setaffinity(0, {cores[1]})
        yield process, places
    finally:
        if len(cores) > 1:
            os.sched_setaffinity(0, cores)
        process.stdin.close()
        process.wait(5)
        process.stdout.close()


async def _soak(
    process: "subprocess.Popen[bytes]",
    places: Mapping[str, _Place],
    seconds: float,
    coins: int,
    frames_per_second: float,
) -> list[Figure]:
    assert process.stdin is not None
    assert process.stdout is not None
    listed = market(coins).instruments
    gateways = [
        _gateway(venue, places[venue], [each.symbol for each in listed[venue]]) for venue in _VENUES
    ]
    watch = _Watch()
    session = LiveSession(_engine(coins), gateways, on_refresh=watch.look, refresh_seconds=1.0)
    running = asyncio.create_task(session.arun())
    while not all(_frames(gateway) >= len(gateway.symbols) for gateway in gateways):
        if running.done():
            running.result()
        await asyncio.sleep(0.05)
    process.stdin.write(f"go {frames_per_second}\n".encode())
    process.stdin.flush()
    await asyncio.sleep(min(_WARM_SECONDS, seconds / 2))
    watch.megabytes.clear()
    gc.callbacks.append(watch.on_collection)
    started, cpu, frames = time.monotonic(), time.process_time(), _all_frames(gateways)
    await asyncio.sleep(seconds)
    took, busy = time.monotonic() - started, time.process_time() - cpu
    rate = (_all_frames(gateways) - frames) / took
    gc.callbacks.remove(watch.on_collection)
    process.stdin.write(b"stop\n")
    process.stdin.flush()
    sent: dict[str, int] = json.loads(await asyncio.to_thread(process.stdout.readline))
    drained = time.monotonic() + _DRAIN_SECONDS
    while _all_frames(gateways) < sum(sent.values()) and time.monotonic() < drained:
        await asyncio.sleep(0.05)
    session.stop()
    await running
    return _figures(sent, gateways, watch, rate, busy / took, frames_per_second)


def _figures(
    sent: Mapping[str, int],
    gateways: list[VenueGateway],
    watch: _Watch,
    rate: float,
    busy: float,
    frames_per_second: float,
) -> list[Figure]:
    lost = sum(sent.values()) - _all_frames(gateways)
    gaps = sum(sum(_gaps(gateway).values()) for gateway in gateways)
    tenth = max(1, len(watch.megabytes) // 10)
    first, last = watch.megabytes[:tenth], watch.megabytes[-tenth:]
    grown = sum(last) / len(last) - sum(first) / len(first)
    books = sum(len(gateway.symbols) for gateway in gateways)
    name = f"{books:,} books at {len(gateways)} venues, "

    def figure(what: str, value: float, unit: str, **goal: Any) -> Figure:
        return Figure(name=name + what, p50=value, p99=value, unit=unit, **goal)

    return [
        figure("taken in", rate, "frames/s", goal=0.99 * frames_per_second, is_rate=True),
        figure("share of one core", 100 * busy, "%", goal=100.0),
        figure("frames lost", lost, "frames", goal=0.0),
        figure("gaps in books", gaps, "gaps", goal=0.0),
        figure("memory grown", grown, "MB", goal=2.0),
        figure("full collections", watch.full_collections, "times", goal=0.0),
    ]


def _gateway(venue: str, at: _Place, symbols: list[str]) -> VenueGateway:
    """A gateway to market data alone."""
    settings: dict[str, Any] = {"symbols": symbols, "rest_url": at.rest, "ws_url": at.ws}
    if venue == BINANCE_USDM:
        settings["book_stream"] = BookStream.PARTIAL_20
    return cast(VenueGateway, create_exchange(venue, **settings))


def _engine(coins: int) -> ArbitrageEngine:
    """Every coin in KRW against each of its three perpetuals."""
    listed = market(coins)
    rules: dict[tuple[str, str], Instrument] = {
        (venue, each.base): each for venue, all_of in listed.instruments.items() for each in all_of
    }
    engine = ArbitrageEngine(ArbitrageConfig(fx=float(WON), max_book_age_seconds=60.0))
    for number in range(coins):
        spot = rules[UPBIT, base(number)]
        for venue in _VENUES[1:]:
            perpetual = rules[venue, base(number)]
            engine.add_route(
                engine.config.route(
                    spot,
                    perpetual,
                    fee_a=listed.fees[UPBIT, spot.symbol],
                    fee_b=listed.fees[venue, perpetual.symbol],
                )
            )
    return engine


def _frames(gateway: VenueGateway) -> int:
    return sum(connection.fruitful for connection in gateway.feed.connections)


def _all_frames(gateways: list[VenueGateway]) -> int:
    return sum(_frames(gateway) for gateway in gateways)


def _gaps(gateway: VenueGateway) -> dict[str, int]:
    gaps: Callable[[], dict[str, int]] | None = getattr(gateway.plan.codec, "gaps", None)
    return {} if gaps is None else gaps()


def _resident_mb() -> float:
    """Memory of this process that is in use, from the kernel; zero where it does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as told:
            pages = int(told.read().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / _MB
