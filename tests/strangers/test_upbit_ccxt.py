"""ccxt and ccxt.pro trade on the Upbit simulator, unmodified but for their URLs."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from itertools import count
from typing import Any

import ccxt
import ccxt.pro as ccxtpro
import pytest
from sim_venues import RunningVenues, running, still_book, still_market

from arbitrage.domain.sides import Side
from arbitrage.sim.listings import UPBIT, krw_spot

BTC, ETH = krw_spot(UPBIT, "BTC"), krw_spot(UPBIT, "ETH")
BID, ASK = 108_000_000.0, 108_001_000.0
_identifiers = count(1)


BOOKS = [(BTC, still_book(BTC, BID, 0.5)), (ETH, still_book(ETH, 4_000_000.0, 5.0))]


@pytest.fixture(scope="module")
def venues() -> Iterator[RunningVenues]:
    with running([UPBIT], still_market(BOOKS)) as venues:
        yield venues


@pytest.fixture(autouse=True)
def _fresh_books(venues: RunningVenues) -> None:
    for _, book in BOOKS:
        venues.show(book)


def pointed_at(exchange: Any, venues: RunningVenues) -> Any:
    """The exchange with its URLs, and nothing else, replaced."""
    for api in ("public", "private"):
        exchange.urls["api"][api] = venues.rest_url(UPBIT)
    exchange.urls["api"]["ws"] = venues.ws_url(UPBIT) + "/websocket/v1"
    return exchange


KEYS = {"apiKey": "sim-key", "secret": "sim-secret"}


@pytest.fixture(scope="module")
def exchange(venues: RunningVenues) -> Any:
    exchange = pointed_at(ccxt.upbit(KEYS), venues)
    exchange.load_markets()
    return exchange


def identifier() -> dict[str, str]:
    return {"clientOrderId": f"ccxt-{next(_identifiers)}"}


def test_markets_and_books_are_read(exchange: Any) -> None:
    assert exchange.markets["BTC/KRW"]["id"] == "KRW-BTC"
    book = exchange.fetch_order_book("BTC/KRW")
    assert book["bids"][0] == [BID, 0.5]
    assert book["asks"][0] == [ASK, 0.5]
    assert len(book["asks"]) == 30
    assert exchange.fetch_ticker("BTC/KRW")["last"] == BID


def test_the_fee_is_the_accounts_own(exchange: Any) -> None:
    assert exchange.fetch_trading_fee("BTC/KRW")["taker"] == 0.0005


def test_balances_are_funded(exchange: Any) -> None:
    balance = exchange.fetch_balance()
    assert balance["KRW"]["free"] > 1_000_000_000
    assert balance["BTC"]["free"] > 10


def test_a_limit_order_rests_locks_and_is_cancelled(exchange: Any) -> None:
    free = exchange.fetch_balance()["KRW"]["free"]
    order = exchange.create_order("BTC/KRW", "limit", "buy", 0.01, 100_000_000, params=identifier())
    assert order["status"] == "open"
    locked = 0.01 * 100_000_000 * 1.0005
    assert exchange.fetch_balance()["KRW"]["free"] == pytest.approx(free - locked)
    assert order["id"] in {each["id"] for each in exchange.fetch_open_orders("BTC/KRW")}
    exchange.cancel_order(order["id"])
    while (known := exchange.fetch_order(order["id"]))["status"] == "open":
        pass
    assert known["status"] == "canceled"
    assert exchange.fetch_balance()["KRW"]["free"] == pytest.approx(free)


def test_an_order_is_found_by_its_client_id(exchange: Any) -> None:
    params = identifier()
    order = exchange.create_order("BTC/KRW", "limit", "sell", 0.01, 120_000_000, params=params)
    found = exchange.fetch_order("", params={"identifier": params["clientOrderId"]})
    assert found["id"] == order["id"]
    assert found["clientOrderId"] == params["clientOrderId"]
    exchange.cancel_order("", params={"identifier": params["clientOrderId"]})


def test_a_client_id_is_taken_once_and_for_ever(exchange: Any) -> None:
    params = identifier()
    exchange.create_order("BTC/KRW", "limit", "buy", 0.001, ASK, params=params)
    with pytest.raises(ccxt.ExchangeError, match="duplicated_identifier"):
        exchange.create_order("BTC/KRW", "limit", "buy", 0.001, ASK, params=params)


def test_a_market_purchase_goes_by_cost(exchange: Any) -> None:
    btc = exchange.fetch_balance()["BTC"]["free"]
    order = exchange.create_order(
        "BTC/KRW", "market", "buy", 1_000_000, params={"cost": 1_000_000, **identifier()}
    )
    known = exchange.fetch_order(order["id"])
    assert known["filled"] == pytest.approx(1_000_000 / ASK, rel=1e-6)
    assert known["average"] == ASK
    assert float(known["fee"]["cost"]) == pytest.approx(known["cost"] * 0.0005, rel=1e-6)
    assert exchange.fetch_balance()["BTC"]["free"] == pytest.approx(btc + known["filled"])


def test_a_market_sale_goes_by_quantity(exchange: Any) -> None:
    order = exchange.create_order("BTC/KRW", "market", "sell", 0.75, params=identifier())
    known = exchange.fetch_order(order["id"])
    assert known["status"] == "closed"
    assert sorted(trade["amount"] for trade in known["trades"]) == [0.25, 0.5]
    assert known["average"] == pytest.approx((BID * 0.5 + (BID - 1000) * 0.25) / 0.75)


def test_an_ioc_order_cancels_what_it_could_not_take(exchange: Any) -> None:
    params = {"timeInForce": "IOC", **identifier()}
    order = exchange.create_order("BTC/KRW", "limit", "buy", 0.8, ASK, params=params)
    known = exchange.fetch_order(order["id"])
    assert (known["filled"], known["status"]) == (0.5, "canceled")


def test_a_post_only_order_never_takes(exchange: Any) -> None:
    params = {"postOnly": True, **identifier()}
    order = exchange.create_order("BTC/KRW", "limit", "buy", 0.1, ASK, params=params)
    known = exchange.fetch_order(order["id"])
    assert (known["filled"], known["status"]) == (0.0, "canceled")


def test_a_partial_fill_leaves_the_rest_in_the_book(exchange: Any, venues: RunningVenues) -> None:
    order = exchange.create_order("ETH/KRW", "limit", "buy", 2, 3_999_000, params=identifier())
    venues.trade(UPBIT, "KRW-ETH", 3_998_000.0, 0.5, Side.SELL)
    known = exchange.fetch_order(order["id"])
    assert (known["filled"], known["remaining"], known["status"]) == (0.5, 1.5, "open")
    exchange.cancel_order(order["id"])


def test_what_cannot_be_paid_is_refused(exchange: Any) -> None:
    with pytest.raises(ccxt.InsufficientFunds):
        exchange.create_order("BTC/KRW", "limit", "buy", 1_000, 100_000_000)


def test_what_breaks_a_rule_is_refused_by_its_name(exchange: Any) -> None:
    with pytest.raises(ccxt.ExchangeError, match="under_min_total_bid"):
        exchange.create_order("BTC/KRW", "limit", "buy", 0.00001, 100_000_000)
    with pytest.raises(ccxt.OrderNotFound):
        exchange.fetch_order("11111111-1111-4111-8111-111111111111")


def test_a_bad_signature_is_refused(venues: RunningVenues) -> None:
    forger = pointed_at(ccxt.upbit({"apiKey": "sim-key", "secret": "wrong"}), venues)
    with pytest.raises(ccxt.AuthenticationError, match="jwt_verification"):
        forger.fetch_balance()
    stranger = pointed_at(ccxt.upbit({"apiKey": "other", "secret": "sim-secret"}), venues)
    with pytest.raises(ccxt.AuthenticationError, match="invalid_access_key"):
        stranger.fetch_balance()


Watcher = Callable[[Any], Coroutine[Any, Any, None]]


def with_pro(venues: RunningVenues, watch: Watcher) -> None:
    async def run() -> None:
        exchange = pointed_at(ccxtpro.upbit(KEYS), venues)
        try:
            async with asyncio.timeout(10):
                await exchange.load_markets()
                await watch(exchange)
        finally:
            await exchange.close()

    asyncio.run(run())


def test_books_and_trades_are_watched(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        book = await exchange.watch_order_book("BTC/KRW")
        assert book["bids"][0] == [BID, 0.5]
        trades = asyncio.ensure_future(exchange.watch_trades("BTC/KRW"))
        while not trades.done():
            venues.trade(UPBIT, "KRW-BTC", ASK, 0.125, Side.BUY)
            await asyncio.sleep(0.02)
        (trade, *_) = trades.result()
        assert (trade["price"], trade["amount"], trade["side"]) == (ASK, 0.125, "buy")

    with_pro(venues, watch)


def test_orders_fills_and_balances_are_watched(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        seen: list[tuple[str, float]] = []
        waiting = asyncio.ensure_future(exchange.watch_orders("BTC/KRW"))
        trades = asyncio.ensure_future(exchange.watch_my_trades("BTC/KRW"))
        await asyncio.sleep(0.1)
        params = identifier()
        order = await exchange.create_order("BTC/KRW", "limit", "buy", 0.6, ASK, params=params)
        while not seen or seen[-1][0] == "open":
            known = (await waiting)[-1]
            assert known["clientOrderId"] == params["clientOrderId"]
            seen.append((known["status"], known["filled"]))
            waiting = asyncio.ensure_future(exchange.watch_orders("BTC/KRW"))
            if known["filled"] == 0.5 and known["remaining"]:
                venues.trade(UPBIT, "KRW-BTC", BID - 1000, 0.1, Side.SELL)
        assert seen[-1] == ("closed", 0.6)
        fills = await trades
        assert fills[0]["order"] == order["id"]
        assert fills[0]["fee"]["cost"] == pytest.approx(0.5 * ASK * 0.0005)
        waiting.cancel()

    with_pro(venues, watch)


def test_balances_are_watched(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        waiting = asyncio.ensure_future(exchange.watch_balance())
        await asyncio.sleep(0.1)
        await exchange.create_order("BTC/KRW", "limit", "buy", 0.01, 90_000_000)
        balance = await waiting
        assert balance["KRW"]["used"] >= 0.01 * 90_000_000 * 1.0005

    with_pro(venues, watch)
