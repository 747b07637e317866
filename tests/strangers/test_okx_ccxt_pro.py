"""ccxt.pro watches and trades on the OKX simulator, unmodified but for its URLs."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from itertools import count
from typing import Any

import ccxt
import ccxt.pro as ccxtpro
import pytest
from okx_strangers import (
    ASK,
    BID,
    SETTINGS,
    SPOT,
    SWAP_SYMBOL,
    SYMBOL,
    freshen,
    named,
    okx_running,
    pointed_at,
)
from sim_venues import RunningVenues, still_book

from arbitrage.domain.sides import Side
from arbitrage.sim.listings import OKX


@pytest.fixture(scope="module")
def venues() -> Iterator[RunningVenues]:
    with okx_running() as venues:
        yield venues


@pytest.fixture(autouse=True)
def _fresh(venues: RunningVenues) -> None:
    freshen(venues)


Watcher = Callable[[Any], Coroutine[Any, Any, None]]


def with_pro(venues: RunningVenues, watch: Watcher) -> None:
    async def run() -> None:
        exchange = pointed_at(ccxtpro.okx(SETTINGS), venues)
        try:
            async with asyncio.timeout(10):
                await exchange.load_markets()
                await watch(exchange)
        finally:
            await exchange.close()

    asyncio.run(run())


async def while_waiting(awaited: Coroutine[Any, Any, Any], act: Callable[[], None]) -> Any:
    """What is awaited, while the market goes on."""
    waiting = asyncio.ensure_future(awaited)
    while not waiting.done():
        act()
        await asyncio.sleep(0.02)
    return waiting.result()


def moving(venues: RunningVenues) -> Callable[[], None]:
    """A book that changes each time it is called: its quantities grow."""
    sizes = count(1)
    return lambda: venues.show(still_book(SPOT, BID, 0.5 + next(sizes)))


def test_books_are_watched_without_a_gap(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        move = moving(venues)
        for _ in range(5):
            book = await while_waiting(exchange.watch_order_book(SYMBOL), move)
        assert (book["bids"][0][0], book["asks"][0][0]) == (BID, ASK)
        assert book["bids"][0][1] > 0.5
        assert len(book["bids"]) == 30
        small = await while_waiting(exchange.watch_order_book(SYMBOL, 5), move)
        assert len(small["bids"]) == 5

    with_pro(venues, watch)


def test_best_prices_trades_and_tickers_are_watched(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        best = await while_waiting(exchange.watch_bids_asks([SYMBOL]), moving(venues))
        assert (best[SYMBOL]["bid"], best[SYMBOL]["ask"]) == (BID, ASK)

        def trade() -> None:
            venues.trade(OKX, "BTC-USDT", ASK, 0.125, Side.BUY)

        (seen, *_) = await while_waiting(exchange.watch_trades(SYMBOL), trade)
        assert (seen["price"], seen["amount"], seen["side"]) == (ASK, 0.125, "buy")
        assert (await exchange.watch_ticker(SYMBOL))["ask"] == ASK

    with_pro(venues, watch)


def test_marks_and_funding_are_watched(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        mark = await exchange.watch_mark_price(SWAP_SYMBOL)
        assert mark["markPrice"] == pytest.approx((BID + ASK) / 2)
        assert (await exchange.watch_funding_rate(SWAP_SYMBOL))["interval"] == "8h"

    with_pro(venues, watch)


def test_orders_fills_and_balances_are_watched(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        seen: list[tuple[str, float]] = []
        balance = await exchange.watch_balance()
        assert balance["USDT"]["total"] > 500_000
        waiting = asyncio.ensure_future(exchange.watch_orders(SYMBOL))
        trades = asyncio.ensure_future(exchange.watch_my_trades(SYMBOL))
        protocol: Any = venues.venues.servers[OKX].protocol
        while not protocol.user.connections("orders"):
            await asyncio.sleep(0.01)
        params = named()
        order = await exchange.create_order(SYMBOL, "limit", "buy", 0.6, ASK, params=params)
        while not seen or seen[-1][0] == "open":
            known = (await waiting)[-1]
            assert known["clientOrderId"] == params["clOrdId"]
            seen.append((known["status"], known["filled"]))
            waiting = asyncio.ensure_future(exchange.watch_orders(SYMBOL))
            if known["filled"] == 0.5 and known["remaining"]:
                venues.trade(OKX, "BTC-USDT", BID - 10, 0.1, Side.SELL)
        waiting.cancel()
        assert seen[-1] == ("closed", 0.6)
        fills = await trades
        assert fills[0]["order"] == order["id"]
        assert fills[0]["fee"]["currency"] == "BTC"
        assert (await exchange.watch_balance())["USDT"]["total"] < balance["USDT"]["total"]

    with_pro(venues, watch)


def test_orders_go_by_websocket_and_positions_are_watched(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        await exchange.watch_positions()
        positions = asyncio.ensure_future(exchange.watch_positions())
        placed = await exchange.create_order_ws(SWAP_SYMBOL, "market", "buy", 10, params=named())
        (position,) = await positions
        assert (position["side"], position["contracts"]) == ("long", 10)
        assert (await exchange.fetch_order(placed["id"], SWAP_SYMBOL))["status"] == "closed"
        resting = await exchange.create_order_ws(SYMBOL, "limit", "buy", 0.01, 77_000)
        await exchange.cancel_order_ws(resting["id"], SYMBOL)
        assert (await exchange.fetch_order(resting["id"], SYMBOL))["status"] == "canceled"
        with pytest.raises(ccxt.InsufficientFunds, match="51008"):
            await exchange.create_order_ws(SYMBOL, "limit", "buy", 1_000, 77_000)

    with_pro(venues, watch)


def test_a_login_with_a_wrong_secret_fails(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        exchange.secret = "wrong"
        with pytest.raises(ccxt.BaseError):
            await exchange.watch_balance()

    with_pro(venues, watch)
