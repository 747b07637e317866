"""Replay: events a second through reader, paper venues and engine, and memory over many events."""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from arbitrage.bench.measure import Figure, percentiles
from arbitrage.config import parse
from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.instrument import Instrument
from arbitrage.replay_runner import replay
from arbitrage.store.recording import Recording
from arbitrage.store.recording_writer import RecordingWriter

_GOAL_EVENTS_PER_SECOND = 300_000.0
_SETTINGS = """
[venues.x]
balances = { USDT = 1000000, BTC = 10 }
fees = { taker_bps = 0 }
[venues.y]
balances = { USDT = 1000000, BTC = 10 }
fees = { taker_bps = 0 }
[terms]
kind = "inventory"
min_edge_bps = 5
[[routes]]
a = "x:BTC/USDT"
b = "y:BTC/USDT"
"""


def figures(quick: bool) -> Iterator[Figure]:
    count, rounds = (20_000, 1) if quick else (300_000, 5)
    settings = parse(_SETTINGS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        _record(path, count)
        recording = Recording(path)
        rates = []
        for _ in range(rounds):
            started = time.perf_counter()
            replay(recording, settings)
            rates.append(count / (time.perf_counter() - started))
        p50, _ = percentiles(rates)
        yield Figure(
            name="replay, 5 levels a side, with fills and latency",
            p50=p50,
            p99=min(rates),
            unit="events/s",
            goal=_GOAL_EVENTS_PER_SECOND,
            is_rate=True,
        )
        yield from _memory(recording, count, 1 if quick else 34)


def _memory(recording: Recording, count: int, rounds: int) -> Iterator[Figure]:
    """Growth of the process over ten million events, the first round not counted."""
    settings = parse(_SETTINGS)
    replay(recording, settings)
    before = _peak_mib()
    for _ in range(rounds):
        replay(recording, settings)
    grown = _peak_mib() - before
    name = f"memory growth over {count * rounds / 1e6:,.1f} M events"
    yield Figure(name=name, p50=grown, p99=grown, unit="MiB", goal=16.0)


def _peak_mib() -> float:
    """Peak resident memory of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _record(path: Path, count: int) -> None:
    """Books of two venues around one random walk; one in a thousand has an edge to trade."""
    random = Random(1)
    mid = 50_000.0
    with RecordingWriter(path) as writer:
        for venue in ("x", "y"):
            writer.instrument(Instrument.from_symbol(venue, "BTC/USDT"))
        for number in range(count):
            mid = max(1_000.0, mid + random.choice((-1.0, 0.0, 1.0)))
            lean = 60.0 if random.random() < 0.001 else random.choice((0.0, 0.0, 1.0, 2.0))
            bids = [(mid + lean - 1.0 - level, 1.0 + level) for level in range(5)]
            asks = [(mid + lean + 1.0 + level, 1.0 + level) for level in range(5)]
            venue = "xy"[number & 1]
            writer.write(
                BookSnapshot(number * 5_000_000 + 1, venue, "BTC/USDT", bids, asks, number)
            )
