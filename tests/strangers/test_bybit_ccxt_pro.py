"""ccxt.pro watches and trades on the Bybit simulator, unmodified but for its URLs."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from itertools import count
from typing import Any

import ccxt
import ccxt.pro as ccxtpro
import pytest
from sim_venues import RunningVenues, still_book
from strangers.bybit_clients import (
    ASK,
    BID,
    BOTH,
    BTC,
    KEYS,
    SETTINGS,
    SPOT_BTC,
    SWAP,
    client_of,
    flatten,
    freshen,
    named,
    pointed_at,
    served,
)

from arbitrage.domain.sides import Side
from arbitrage.sim.listings import BYBIT


@pytest.fixture(scope="module")
def venues() -> Iterator[RunningVenues]:
    with served() as venues:
        yield venues


@pytest.fixture(autouse=True)
def _fresh_and_flat(venues: RunningVenues) -> Iterator[None]:
    freshen(venues)
    yield
    flatten(client_of(venues))


Watcher = Callable[[Any], Coroutine[Any, Any, None]]


def with_pro(venues: RunningVenues, watch: Watcher) -> None:
    async def run() -> None:
        exchange = pointed_at(ccxtpro.bybit(SETTINGS), venues)
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


def moving(venues: RunningVenues, symbol: str) -> Callable[[], None]:
    """A book that changes each time it is called: its quantities grow."""
    sizes, listing = count(1), BTC if symbol == SWAP else SPOT_BTC
    return lambda: venues.show(still_book(listing, BID, 0.5 + next(sizes)))


@BOTH
def test_books_are_watched(venues: RunningVenues, symbol: str) -> None:
    async def watch(exchange: Any) -> None:
        move = moving(venues, symbol)
        for _ in range(5):
            book = await while_waiting(exchange.watch_order_book(symbol), move)
        assert (book["bids"][0][0], book["asks"][0][0]) == (BID, ASK)
        assert book["bids"][0][1] > 0.5
        assert len(book["bids"]) == 30

    with_pro(venues, watch)


@BOTH
def test_best_prices_tickers_and_trades_are_watched(venues: RunningVenues, symbol: str) -> None:
    async def watch(exchange: Any) -> None:
        best = await while_waiting(exchange.watch_bids_asks([symbol]), moving(venues, symbol))
        assert (best[symbol]["bid"], best[symbol]["ask"]) == (BID, ASK)
        ticker = await while_waiting(exchange.watch_ticker(symbol), moving(venues, symbol))
        assert ticker["symbol"] == symbol

        def trade() -> None:
            venues.trade(BYBIT, KEYS[symbol], ASK, 0.125, Side.BUY)

        (seen, *_) = await while_waiting(exchange.watch_trades(symbol), trade)
        assert (seen["price"], seen["amount"], seen["side"]) == (ASK, 0.125, "buy")

    with_pro(venues, watch)


@BOTH
def test_orders_fills_and_balances_are_watched(venues: RunningVenues, symbol: str) -> None:
    async def watch(exchange: Any) -> None:
        seen: list[tuple[str, float]] = []
        waiting = asyncio.ensure_future(exchange.watch_orders(symbol))
        trades = asyncio.ensure_future(exchange.watch_my_trades(symbol))
        balances = asyncio.ensure_future(exchange.watch_balance())
        protocol: Any = venues.venues.servers[BYBIT].protocol
        wanted = {"order", "execution", "wallet"}
        while not any(wanted <= set(each.topics) for each in protocol._private._sessions):
            await asyncio.sleep(0.01)
        params = named()
        order = await exchange.create_order(symbol, "limit", "buy", 0.6, ASK, params=params)
        while not seen or seen[-1][0] == "open":
            told = (await waiting)[-1]
            assert told["clientOrderId"] == params["clientOrderId"]
            seen.append((told["status"], told["filled"]))
            waiting = asyncio.ensure_future(exchange.watch_orders(symbol))
            if told["filled"] == 0.5 and told["remaining"]:
                venues.trade(BYBIT, KEYS[symbol], BID - 10, 0.1, Side.SELL)
        waiting.cancel()
        assert seen[-1] == ("closed", 0.6)
        fills = await trades
        assert (fills[0]["order"], fills[0]["amount"]) == (order["id"], 0.5)
        assert (await balances)["USDT"]["total"] < 1_000_000

    with_pro(venues, watch)


@BOTH
def test_orders_go_by_websocket(venues: RunningVenues, symbol: str) -> None:
    async def watch(exchange: Any) -> None:
        order = await exchange.create_order_ws(symbol, "limit", "buy", 0.01, 77_000)
        (found,) = await exchange.fetch_open_orders(symbol)
        assert found["id"] == order["id"]
        await exchange.cancel_order_ws(order["id"], symbol)
        assert await exchange.fetch_open_orders(symbol) == []
        with pytest.raises(ccxt.InsufficientFunds):
            await exchange.create_order_ws(symbol, "limit", "buy", 1_000, 77_000)

    with_pro(venues, watch)


def test_a_bad_signature_opens_no_private_stream(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        exchange.secret = "wrong"
        with pytest.raises(ccxt.BaseError):
            await exchange.watch_orders(SWAP)

    with_pro(venues, watch)
