import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sim_bybit import (
    LINEAR,
    NOW_NS,
    SPOT,
    announce,
    bybit_core,
    markets_of,
    pass_trade,
    show,
)

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols import bybit_streams
from arbitrage.sim.protocols.bybit_streams import PublicStreams, Topic
from arbitrage.sim.protocols.bybit_wire import Category


class Ear:
    """Hears a topic; `told` are its messages."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.books: list[bool] = []

    def hear(self, topic: str, message: str, *, is_book: bool) -> None:
        self.told.append(json.loads(message))
        self.books.append(is_book)
        assert self.told[-1]["topic"] == topic


class Rig:
    def __init__(self, category: Category = Category.LINEAR) -> None:
        self.core = bybit_core()
        self.streams = PublicStreams(self.core, markets_of(self.core), category)
        self.ear = Ear()

    def listen(self, name: str) -> Topic:
        topic = self.streams.topic(name)
        assert topic is not None
        topic.join(self.ear)
        return topic

    @property
    def last(self) -> Any:
        return self.ear.told[-1]


def run(work: Callable[[Rig], Awaitable[None]], category: Category = Category.LINEAR) -> None:
    async def main() -> None:
        await work(Rig(category))
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


def test_a_book_begins_with_a_snapshot_and_goes_on_with_deltas() -> None:
    async def work(rig: Rig) -> None:
        rig.listen("orderbook.50.BTCUSDT")
        assert rig.last["type"] == "snapshot"
        show(rig.core, bids=[(77_990.0, 1.0)])
        assert rig.last["type"] == "delta"
        assert rig.last["data"]["u"] == rig.ear.told[0]["data"]["u"] + 1
        assert rig.ear.books == [True, True]

    run(work)


def test_changes_within_the_pace_are_told_together_when_it_allows() -> None:
    async def work(rig: Rig) -> None:
        rig.listen("orderbook.50.BTCUSDT")
        for price in (77_990.0, 77_991.0, 77_992.0):
            show(rig.core, bids=[(price, 1.0)])
        assert len(rig.ear.told) == 2
        await asyncio.sleep(0.03)
        assert len(rig.ear.told) == 3
        bids = dict(rig.last["data"]["b"])
        assert bids["77992.0"] == "1.000"
        assert bids["77990.0"] == "0.000"

    run(work)


def test_the_touch_is_said_again_when_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bybit_streams, "REPEAT_SECONDS", 0.01)

    async def work(rig: Rig) -> None:
        topic = rig.listen("orderbook.1.BTCUSDT")
        await asyncio.sleep(0.025)
        assert len(rig.ear.told) >= 2
        assert {told["type"] for told in rig.ear.told} == {"snapshot"}
        assert len({told["data"]["u"] for told in rig.ear.told}) == 1
        show(rig.core, bids=[(77_990.0, 1.0)])
        await asyncio.sleep(0.015)
        assert rig.last["data"]["b"] == [["77990.0", "1.000"]]
        rig.core.is_frozen = lambda _symbol: True
        count = len(rig.ear.told)
        await asyncio.sleep(0.025)
        assert len(rig.ear.told) == count
        topic.leave(rig.ear)

    run(work)


def test_a_book_that_is_not_there_yet_begins_when_it_comes() -> None:
    async def work(rig: Rig) -> None:
        rig.listen("orderbook.50.ETHUSDT")
        assert rig.ear.told == []
        show(rig.core, key="ETHUSDT")
        assert rig.last["data"]["s"] == "ETHUSDT"

    run(work)


def test_trades_are_told_by_their_taker() -> None:
    async def work(rig: Rig) -> None:
        rig.listen("publicTrade.BTCUSDT")
        pass_trade(rig.core, 78_000.0, 0.125, Side.SELL)
        (row,) = rig.last["data"]
        assert (row["S"], row["p"], row["v"], row["BT"]) == ("Sell", "78000.0", "0.125", False)
        pass_trade(rig.core, 78_000.0, 0.125, Side.SELL, key=SPOT)
        assert len(rig.ear.told) == 1

    run(work)


def test_a_linear_ticker_goes_on_with_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bybit_streams, "TICKER_SECONDS", 0.005)

    async def work(rig: Rig) -> None:
        topic = rig.listen("tickers.BTCUSDT")
        assert rig.last["type"] == "snapshot"
        await asyncio.sleep(0.012)
        assert len(rig.ear.told) == 1
        announce(rig.core, 0.0005, NOW_NS + 10**9)
        await asyncio.sleep(0.012)
        assert rig.last["type"] == "delta"
        assert rig.last["data"]["fundingRate"] == "0.00050000"
        assert "lastPrice" not in rig.last["data"]
        topic.leave(rig.ear)

    run(work)


def test_a_spot_ticker_is_always_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bybit_streams, "TICKER_SECONDS", 0.005)

    async def work(rig: Rig) -> None:
        rig.listen("tickers.BTCUSDT")
        pass_trade(rig.core, 78_001.0, 0.125, Side.BUY, key=SPOT)
        await asyncio.sleep(0.012)
        assert rig.last["type"] == "snapshot"
        assert rig.last["data"]["lastPrice"] == "78001.0"

    run(work, Category.SPOT)


def test_who_has_left_hears_nothing_and_others_go_on() -> None:
    async def work(rig: Rig) -> None:
        topic = rig.listen("orderbook.50.BTCUSDT")
        other = Ear()
        topic.join(other)
        assert other.told == rig.ear.told
        topic.leave(rig.ear)
        show(rig.core, bids=[(77_990.0, 1.0)])
        assert (len(rig.ear.told), len(other.told)) == (1, 2)
        show(rig.core, bids=[(77_991.0, 1.0)])
        topic.leave(other)
        await asyncio.sleep(0.03)
        assert len(other.told) == 2
        topic.join(other)
        assert other.told[-1]["data"]["b"] == [["77991.0", "1.000"]]

    run(work)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "BTCUSDT",
        "orderbook.BTCUSDT",
        "orderbook.7.BTCUSDT",
        "orderbook.x.BTCUSDT",
        "kline.1.BTCUSDT",
        "tickers.NOPE",
        f"tickers.{SPOT}",
    ],
)
def test_a_topic_that_there_is_not_is_none(name: str) -> None:
    assert Rig().streams.topic(name) is None


def test_a_topic_is_made_once() -> None:
    streams = Rig().streams
    assert streams.topic("tickers.BTCUSDT") is streams.topic("tickers.BTCUSDT")
    assert streams.topic("tickers.BTCUSDT").market.key == LINEAR  # type: ignore[union-attr]
