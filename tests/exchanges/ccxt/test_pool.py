"""Calls are made once, and only what the venue said is an answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import ccxt
import msgspec
import pytest
from exchanges.ccxt.fake import FakeConnector, FakeExchange

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.exchanges.ccxt import facts
from arbitrage.exchanges.ccxt.connector import Connector
from arbitrage.exchanges.ccxt.pool import CcxtPool
from arbitrage.exchanges.order_gateway import Answer, Lane, Request
from arbitrage.net.http import PoolTerms

TIME = Request("GET", "time_ms", body=b"{}")


def pool_of(connector: FakeConnector, **terms: Any) -> CcxtPool:
    return CcxtPool(cast(Connector, connector), PoolTerms(**terms))


def with_pool(
    exchange: FakeExchange, test: Callable[[CcxtPool], Awaitable[None]], **terms: Any
) -> None:
    async def work() -> None:
        pool = pool_of(FakeConnector(exchange), **terms)
        await pool.open()
        await pool.open()
        try:
            await test(pool)
        finally:
            await pool.close()
            await pool.close()
        await pool.wait()
        assert exchange.closed == 1
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(work())


def answered(said: Any, **terms: Any) -> Answer | None:
    """What comes of a call in which ccxt gives or raises `said`."""
    found: list[Answer | None] = []

    async def test(pool: CcxtPool) -> None:
        found.append(await pool.send(TIME))

    exchange = FakeExchange(fetch_time=said)
    with_pool(exchange, test, **terms)
    assert exchange.asked == [("fetch_time",)]
    return found[0]


def test_what_ccxt_gives_is_an_answer() -> None:
    assert answered(5) == Answer(200, b"5")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ccxt.InsufficientFunds("no"), facts.REFUSED),
        (ccxt.OrderNotFound("no"), facts.NOT_FOUND),
        (ccxt.RateLimitExceeded("no"), facts.TOO_MANY_REQUESTS),
        (ccxt.DDoSProtection("no"), facts.TOO_MANY_REQUESTS),
        (ccxt.DuplicateOrderId("no"), facts.FAILED),
        (ccxt.ExchangeError("no"), facts.FAILED),
    ],
)
def test_what_the_venue_said_is_an_answer(error: ccxt.BaseError, status: int) -> None:
    said = answered(error)
    assert said is not None
    assert said.status == status
    assert msgspec.json.decode(said.body) == {"error": type(error).__name__, "message": "no"}


@pytest.mark.parametrize(
    "error",
    [
        ccxt.RequestTimeout("late"),
        ccxt.ExchangeNotAvailable("gone"),
        ccxt.OnMaintenance("later"),
        ccxt.NullResponse("empty"),
        ccxt.CancelPending("wait"),
        OSError("lost"),
        KeyError("a bug of ccxt's, after the venue had answered"),
        TypeError("another"),
    ],
)
def test_every_other_end_of_a_call_is_no_answer(error: BaseException) -> None:
    assert answered(error) is None


def test_what_is_no_json_is_no_answer() -> None:
    assert answered(object()) is None


async def forever() -> None:
    await asyncio.Event().wait()


def test_a_call_that_takes_too_long_is_no_answer() -> None:
    assert answered(forever, timeout_seconds=0.01) is None


def test_closing_leaves_calls_without_an_answer() -> None:
    async def work() -> None:
        pool = pool_of(FakeConnector(FakeExchange(fetch_time=forever)))
        await pool.open()
        future, given_up = pool.send(TIME), pool.send(TIME)
        given_up.cancel()
        await asyncio.sleep(0)
        await pool.close()
        assert await future is None
        with pytest.raises(Unavailable, match="not open; nothing was sent"):
            pool.send(TIME)

    asyncio.run(work())


def test_only_so_many_calls_are_under_way_and_entries_leave_room() -> None:
    async def test(pool: CcxtPool) -> None:
        entry = Request("POST", "time_ms", body=b"{}", lane=Lane.ENTRY)
        pool.send(entry)
        with pytest.raises(Unavailable, match="1 calls are under way; nothing was sent"):
            pool.send(entry)
        pool.send(TIME)
        with pytest.raises(Unavailable, match="2 calls are under way"):
            pool.send(TIME)

    with_pool(FakeExchange(fetch_time=forever), test, connections=1, max_waiting=1)


def test_an_order_does_not_wait_in_ccxts_throttle_and_a_poll_does() -> None:
    exchange = FakeExchange(fetch_time=1)

    async def test(pool: CcxtPool) -> None:
        await pool.send(TIME)
        assert exchange.enableRateLimit
        await pool.send(Request("POST", "time_ms", body=b"{}", lane=Lane.URGENT))
        assert not exchange.enableRateLimit

    with_pool(exchange, test)


@pytest.mark.parametrize(
    ("fails", "raised"),
    [(ccxt.ExchangeNotAvailable("gone"), Unavailable), (ConfigError("wrong"), ConfigError)],
)
def test_a_pool_that_cannot_read_the_markets_is_not_open(
    fails: BaseException, raised: type[Exception]
) -> None:
    async def work() -> None:
        exchange = FakeExchange(fetch_time=1)
        connector = FakeConnector(exchange, fails=fails)
        pool = pool_of(connector)
        both = await asyncio.gather(pool.open(), pool.open(), return_exceptions=True)
        assert [type(each) for each in both] == [raised, raised]
        assert exchange.closed == 1
        connector.fails = None
        await pool.open()
        assert await pool.send(TIME) is not None
        await pool.close()

    asyncio.run(work())


def test_closing_while_opening_is_told() -> None:
    async def work() -> None:
        pool = pool_of(FakeConnector(FakeExchange()))
        opening = asyncio.ensure_future(pool.open())
        await asyncio.sleep(0)
        await pool.close()
        with pytest.raises(Unavailable, match="given up"):
            await opening

    asyncio.run(work())
