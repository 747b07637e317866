"""One venue's market data: opened when it can be, and what is said until then."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from net.loopback import run, until
from net.tiny_plan import Engine
from sim_upbit import show, upbit

from arbitrage import public_feed as module
from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import BookSnapshot
from arbitrage.exchanges.order_gateway import Channel
from arbitrage.net.background import Background
from arbitrage.net.backoff import Backoff
from arbitrage.public_feed import PublicFeed, until_stopped
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.server import VenueServer
from arbitrage.simulators import Addresses

QUICK = Backoff(0.01, 0.05)
BOOK = (Channel.BOOK,)


def with_upbit(
    test: Callable[[PublicFeed, VenueServer], Awaitable[None]], script: str = ""
) -> None:
    async def work() -> None:
        server = VenueServer(upbit(time.time_ns), faults=FaultPlan.parse(script))
        await server.start()
        feed = PublicFeed("upbit", Addresses(server.rest_url, server.ws_url), again=QUICK)
        try:
            await test(feed, server)
        finally:
            await server.stop()

    run(work)


def test_books_come_after_an_empty_one_that_ends_what_was_known_before() -> None:
    async def test(feed: PublicFeed, server: VenueServer) -> None:
        assert set(await feed.markets()) == {"KRW-BTC", "KRW-ETH"}
        assert feed.fees("KRW-BTC").taker_bps > 0
        assert feed.trouble == "not open yet"
        engine = Engine()
        running = asyncio.create_task(feed.run(["KRW-BTC"], BOOK, engine))
        await until(lambda: feed.has_opened)
        show(server.core)
        await until(lambda: len(engine.books("KRW-BTC")) >= 2)
        assert feed.trouble == ""
        assert feed.reconnects == feed.malformed == 0
        assert engine.books("KRW-BTC")[0].bids == []
        assert engine.books("KRW-BTC")[1].bids != []
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    with_upbit(test)


def test_without_books_there_is_none_to_drop() -> None:
    async def test(feed: PublicFeed, _server: VenueServer) -> None:
        await feed.markets()
        engine = Engine()
        running = asyncio.create_task(feed.run(["KRW-BTC"], (Channel.TRADES,), engine))
        await until(lambda: feed.has_opened)
        assert engine.of(BookSnapshot) == []
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    with_upbit(test)


def test_a_venue_that_answers_nothing_of_use_is_asked_again() -> None:
    async def test(feed: PublicFeed, _server: VenueServer) -> None:
        asked = asyncio.create_task(feed.markets())
        await until(lambda: "trying again" in feed.trouble)
        assert set(await asked) == {"KRW-BTC", "KRW-ETH"}

    with_upbit(test, '[[fault]]\nkind = "5xx"\nwhat = "market/all"\nnth = [1, 2]')


def test_a_start_that_fails_is_tried_again_with_a_gateway_of_its_own() -> None:
    async def test(feed: PublicFeed, _server: VenueServer) -> None:
        await feed.markets()
        running = asyncio.create_task(feed.run(["KRW-BTC"], BOOK, Engine()))
        await until(lambda: "trying again" in feed.trouble)
        await until(lambda: feed.has_opened)
        assert feed.trouble == ""
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    with_upbit(test, '[[fault]]\nkind = "5xx"\nwhat = "market/all"\nnth = [2, 3]')


@pytest.mark.parametrize(("venue", "reason"), [("mtgox", "unknown"), ("paper", "on the network")])
def test_what_is_no_venue_on_the_network_is_refused(venue: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        PublicFeed(venue)


def test_a_venue_says_what_it_has_without_being_asked_over_the_network() -> None:
    assert PublicFeed("upbit").served == {Channel.BOOK, Channel.QUOTE, Channel.TRADES}
    assert Channel.FUNDING in PublicFeed("binance-usdm").served


# --- until it is stopped ------------------------------------------------------------------------


def waited(
    seconds: float | None, *, work: Callable[[asyncio.Event], Awaitable[None]] | None = None
) -> int:
    """How often was looked, every millisecond."""
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1

    async def test() -> None:
        stopped, background = asyncio.Event(), Background()
        if work is not None:
            background.start(work(stopped), "work")  # type: ignore[arg-type]
        try:
            await until_stopped(
                stopped, background, seconds=seconds, look=look, every_seconds=0.001
            )
        finally:
            await background.stop()

    asyncio.run(test())
    return looks


def test_it_looks_until_the_time_has_passed_or_it_is_stopped() -> None:
    async def stop(stopped: asyncio.Event) -> None:
        await asyncio.sleep(0.02)
        stopped.set()

    assert waited(0.02) > 1
    assert waited(None, work=stop) > 1


def test_what_breaks_in_the_background_is_raised() -> None:
    async def fail(_stopped: asyncio.Event) -> None:
        raise ConfigError("no such thing")

    with pytest.raises(ConfigError, match="no such thing"):
        waited(None, work=fail)


def test_the_pause_grows_to_a_bound() -> None:
    assert module._AGAIN.max_seconds <= 30.0
