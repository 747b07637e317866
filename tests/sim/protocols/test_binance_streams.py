import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sim_usdm import BIDS, FIGURES, depth_books, pass_trade, show, usdm_core

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols import binance_streams
from arbitrage.sim.protocols.binance_stream_names import StreamName
from arbitrage.sim.protocols.binance_streams import MarketStreams
from arbitrage.sim.protocols.binance_usdm_stream_events import UsdmStreamEvents
from arbitrage.sim.protocols.binance_usdm_stream_names import Path, read_stream
from arbitrage.sim.venue_core import SimVenueCore


class Ear:
    """Hears events; `kinds` are those it heard."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def hear(self, _stream: StreamName, data: str) -> None:
        self.heard.append(json.loads(data))

    @property
    def kinds(self) -> list[str]:
        return [event["e"] for event in self.heard]


class Venue:
    """The streams on a core, in a running loop."""

    def __init__(self) -> None:
        self.core: SimVenueCore = usdm_core()
        self.books = depth_books(self.core)
        events = UsdmStreamEvents(self.core, self.books, FIGURES)
        self.streams = MarketStreams(self.core, self.books, events)
        self.ear = Ear()

    def listen(self, name: str, ear: Ear | None = None) -> StreamName:
        path = Path.MARKET if "aggTrade" in name or "mark" in name else Path.PUBLIC
        stream = read_stream(name, {"btcusdt": "BTCUSDT", "ethusdt": "ETHUSDT"}, path)
        assert stream is not None
        self.streams.listen(stream, ear or self.ear)
        return stream

    def change(self, qty: float) -> None:
        """Change the quantity at the best bid."""
        show(self.core, [(78_000.0, qty), BIDS[1]])


def running(scene: Callable[[Venue], Awaitable[None]]) -> None:
    async def run() -> None:
        await scene(Venue())

    asyncio.run(run())


def test_a_diff_is_sent_when_the_book_changes_and_not_before() -> None:
    async def scene(it: Venue) -> None:
        it.listen("btcusdt@depth@0ms")
        assert it.ear.heard == []
        it.change(2.0)
        it.change(2.0)
        it.change(3.0)
        assert [event["b"] for event in it.ear.heard][1:] == [[["78000.0", "3.000"]]]
        assert it.ear.heard[1]["pu"] == it.ear.heard[0]["u"]

    running(scene)


def test_a_pace_gathers_what_comes_too_soon() -> None:
    async def scene(it: Venue) -> None:
        it.listen("btcusdt@depth@100ms")
        for qty in (2.0, 3.0, 4.0):
            it.change(qty)
        assert len(it.ear.heard) == 1
        async with asyncio.timeout(2):
            while len(it.ear.heard) < 2:
                await asyncio.sleep(0.01)
        assert it.ear.heard[1]["b"] == [["78000.0", "4.000"]]
        assert it.ear.heard[1]["pu"] == it.ear.heard[0]["u"]

    running(scene)


def test_partial_books_are_numbered_as_diffs_are() -> None:
    async def scene(it: Venue) -> None:
        it.listen("btcusdt@depth5@0ms")
        it.change(2.0)
        it.change(3.0)
        first, second = it.ear.heard
        assert second["pu"] == first["u"]
        assert len(second["b"]) == 2

    running(scene)


def test_the_best_prices_are_sent_only_when_they_change() -> None:
    async def scene(it: Venue) -> None:
        it.listen("btcusdt@bookTicker")
        it.change(2.0)
        show(it.core, [(78_000.0, 2.0), (77_000.0, 1.0)])
        assert len(it.ear.heard) == 1
        it.change(3.0)
        assert [event["B"] for event in it.ear.heard] == ["2.000", "3.000"]

    running(scene)


def test_trades_are_sent_as_they_are_and_aggregated() -> None:
    async def scene(it: Venue) -> None:
        it.listen("btcusdt@trade")
        it.listen("btcusdt@aggTrade")
        it.listen("btcusdt@depth@100ms")
        pass_trade(it.core, 78_000.0, 0.5, Side.SELL)
        assert it.ear.kinds == ["trade", "aggTrade"]

    running(scene)


def test_everybody_who_listens_hears_the_same_once() -> None:
    async def scene(it: Venue) -> None:
        other = Ear()
        stream = it.listen("btcusdt@depth@0ms")
        it.listen("btcusdt@depth@0ms", other)
        it.change(2.0)
        it.streams.unlisten(stream, it.ear)
        it.change(3.0)
        assert (len(it.ear.heard), len(other.heard)) == (1, 2)
        assert it.ear.heard[0] == other.heard[0]
        it.streams.unlisten(stream, other)
        it.change(4.0)
        assert len(other.heard) == 2

    running(scene)


def test_who_leaves_is_not_sent_what_was_gathered() -> None:
    async def scene(it: Venue) -> None:
        stream = it.listen("btcusdt@depth@100ms")
        it.change(2.0)
        it.change(3.0)
        it.streams.unlisten(stream, it.ear)
        await asyncio.sleep(0.12)
        assert len(it.ear.heard) == 1

    running(scene)


def test_marks_are_sent_by_the_second_while_somebody_listens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(binance_streams, "_BEAT_SECONDS", 0.01)

    async def scene(it: Venue) -> None:
        every = it.listen("btcusdt@markPrice@1s")
        it.listen("ethusdt@markPrice")
        it.listen("btcusdt@bookTicker")
        async with asyncio.timeout(2):
            while len(it.ear.heard) < 2:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.03)
        assert sorted(event["s"] for event in it.ear.heard) == ["BTCUSDT", "ETHUSDT"]
        it.streams.unlisten(every, it.ear)

    running(scene)


def test_marks_stop_with_the_last_listener_and_start_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(binance_streams, "_BEAT_SECONDS", 0.005)

    async def scene(it: Venue) -> None:
        stream = it.listen("btcusdt@markPrice@1s")
        it.streams.unlisten(stream, it.ear)
        await asyncio.sleep(0.02)
        assert it.ear.heard == []
        it.listen("btcusdt@markPrice@1s")
        async with asyncio.timeout(2):
            while not it.ear.heard:
                await asyncio.sleep(0.005)

    running(scene)
