"""Public channels say first how things are, then what changes, in their pace."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sim_okx import (
    ASKS,
    BIDS,
    EMPTY,
    NOW_NS,
    SPOT,
    SWAP,
    announce,
    okx_core,
    pass_trade,
    settle,
    show,
)

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols import okx_streams
from arbitrage.sim.protocols.okx_markets import Markets
from arbitrage.sim.protocols.okx_streams import MarketStreams, Terms
from arbitrage.sim.venue_core import SimVenueCore


class Heard:
    """A listener and what it heard."""

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.subjects: list[tuple[str, bool]] = []

    def hear(self, frame: str, subject: str, *, is_book: bool) -> None:
        self.frames.append(json.loads(frame))
        self.subjects.append((subject, is_book))

    @property
    def last(self) -> Any:
        return self.frames[-1]["data"][0]


Work = Callable[[SimVenueCore, MarketStreams, Heard], Awaitable[None]]


def listening(work: Work) -> None:
    async def run() -> None:
        core = okx_core()
        streams = MarketStreams(core, Markets(core))
        show(core, BIDS, ASKS)
        show(core, BIDS, ASKS, SWAP)
        await work(core, streams, Heard())

    asyncio.run(run())


def test_a_book_begins_with_a_snapshot_and_goes_on_with_updates() -> None:
    async def work(core: SimVenueCore, streams: MarketStreams, heard: Heard) -> None:
        streams.listen("books", SPOT, heard)
        assert heard.frames[0]["action"] == "snapshot"
        assert heard.frames[0]["arg"] == {"channel": "books", "instId": SPOT}
        assert heard.last["bids"][0] == ["78000", "0.5", "0", "1"]
        seq = heard.last["seqId"]
        show(core, [(78_000.0, 0.7)], ASKS)
        assert heard.frames[1]["action"] == "update"
        assert heard.last["prevSeqId"] == seq
        assert heard.subjects[-1] == ("books BTC-USDT", True)
        late = Heard()
        streams.listen("books", SPOT, late)
        assert late.last["seqId"] == heard.last["seqId"]
        streams.unlisten("books", SPOT, heard)
        streams.unlisten("books", SPOT, late)

    listening(work)


def test_updates_are_gathered_for_a_tenth_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(okx_streams.CHANNELS, "books", Terms(0.01, 60.0, is_book=True))

    async def work(core: SimVenueCore, streams: MarketStreams, heard: Heard) -> None:
        streams.listen("books", SPOT, heard)
        for size in (1.0, 2.0, 3.0):
            show(core, [(78_000.0, size)], ASKS)
        assert len(heard.frames) == 2
        await settle()
        assert len(heard.frames) == 3
        assert heard.last["bids"] == [["78000", "3", "0", "1"]]
        streams.unlisten("books", SPOT, heard)

    listening(work)


def test_a_market_without_a_book_says_nothing_until_it_has_one() -> None:
    async def work(core: SimVenueCore, streams: MarketStreams, heard: Heard) -> None:
        for channel in ("books", "books5"):
            streams.listen(channel, EMPTY, heard)
        assert heard.frames == []
        show(core, BIDS, ASKS, EMPTY)
        assert [frame.get("action") for frame in heard.frames] == ["snapshot", None]

    listening(work)


def test_small_books_are_whole_and_repeat_only_what_changed() -> None:
    async def work(core: SimVenueCore, streams: MarketStreams, heard: Heard) -> None:
        streams.listen("bbo-tbt", SPOT, heard)
        assert [len(heard.last["bids"]), len(heard.last["asks"])] == [1, 1]
        show(core, [(78_000.0, 0.6)], ASKS)
        await settle()
        show(core, [(78_000.0, 0.6), (77_000.0, 1.0)], ASKS)
        await settle()
        assert [frame["data"][0]["bids"][0][1] for frame in heard.frames] == ["0.5", "0.6"]

    listening(work)


def test_trades_tickers_marks_and_funding_are_told() -> None:
    async def work(core: SimVenueCore, streams: MarketStreams, heard: Heard) -> None:
        for channel in ("trades", "tickers", "mark-price", "funding-rate"):
            streams.listen(channel, SWAP, heard)
        first = [frame["arg"]["channel"] for frame in heard.frames]
        assert first == ["tickers", "mark-price", "funding-rate"]
        pass_trade(core, 78_000.0, 5.0, Side.SELL, SWAP)
        announce(core, 0.0003, NOW_NS + 10**12, 77_000.0)
        told = {frame["arg"]["channel"]: frame["data"][0] for frame in heard.frames}
        assert (told["trades"]["px"], told["trades"]["side"]) == ("78000", "sell")
        assert told["tickers"]["last"] == "78000"
        assert told["funding-rate"]["fundingRate"] == "0.0003"
        show(core, [(77_990.0, 1.0)], ASKS, SWAP)
        assert heard.last["markPx"] == "77000"
        for channel in ("trades", "tickers", "mark-price", "funding-rate"):
            streams.unlisten(channel, SWAP, heard)

    listening(work)


@pytest.mark.parametrize("channel", ["books", "bbo-tbt"])
def test_what_does_not_change_is_repeated(channel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(okx_streams.CHANNELS, channel, Terms(0.1, 0.005, is_book=True))

    async def work(_core: SimVenueCore, streams: MarketStreams, heard: Heard) -> None:
        streams.listen(channel, SPOT, heard)
        await settle()
        assert len(heard.frames) > 1
        if channel == "books":
            assert heard.last["bids"] == []
            assert heard.last["prevSeqId"] == heard.last["seqId"]
        streams.unlisten(channel, SPOT, heard)
        known = len(heard.frames)
        await settle()
        assert len(heard.frames) == known

    listening(work)


def test_a_timer_ends_with_its_last_listener() -> None:
    async def work(core: SimVenueCore, streams: MarketStreams, heard: Heard) -> None:
        streams.listen("books", SPOT, heard)
        for size in (1.0, 2.0):
            show(core, [(78_000.0, size)], ASKS)
        streams.unlisten("books", SPOT, heard)
        known = len(heard.frames)
        await asyncio.sleep(0.12)
        assert len(heard.frames) == known

    listening(work)
