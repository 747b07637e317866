"""ccxt and ccxt.pro trade on the Bithumb simulator, unmodified but for their URLs.

What ccxt 4.5.90 makes of this venue has limits of its own: it rounds a price to four digits, so
the market is one in which four are enough; it reads no executed quantity, so that is read from
`info`; of `myOrder` it knows the first version's names for totals.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from itertools import count
from typing import Any

import ccxt
import ccxt.pro as ccxtpro
import pytest
from sim_venues import RunningVenues, running, still_book, still_market

from arbitrage.domain.sides import Side
from arbitrage.sim.listings import BITHUMB, krw_spot

BTC, ETH = krw_spot(BITHUMB, "BTC"), krw_spot(BITHUMB, "ETH")
BID, ASK = 5_000_000.0, 5_001_000.0
BOOKS = [(BTC, still_book(BTC, BID, 0.5)), (ETH, still_book(ETH, 4_000_000.0, 5.0))]
KEYS = {"apiKey": "sim-key", "secret": "sim-secret"}
_ids = count(1)


@pytest.fixture(scope="module")
def venues() -> Iterator[RunningVenues]:
    with running([BITHUMB], still_market(BOOKS)) as venues:
        yield venues


@pytest.fixture(autouse=True)
def _fresh_books(venues: RunningVenues) -> None:
    for _, book in BOOKS:
        venues.show(book)


def pointed_at(exchange: Any, venues: RunningVenues) -> Any:
    """The exchange with its URLs, and nothing else, replaced."""
    for api in ("public", "private"):
        exchange.urls["api"][api] = venues.rest_url(BITHUMB)
    streams = exchange.urls["api"].get("ws")
    if streams is not None:
        streams["publicGen2"] = venues.ws_url(BITHUMB) + "/websocket/v1"
        streams["privateGen2"] = venues.ws_url(BITHUMB) + "/websocket/v2/private"
    return exchange


@pytest.fixture(scope="module")
def exchange(venues: RunningVenues) -> Any:
    exchange = pointed_at(ccxt.bithumb(KEYS), venues)
    exchange.load_markets()
    return exchange


def own_id() -> dict[str, str]:
    return {"clientOrderId": f"ccxt-{next(_ids)}"}


def executed(order: Any) -> float:
    return float(order["info"]["executed_volume"])


def ended(exchange: Any, order: Any) -> Any:
    """An order as it is once it is open no more."""
    while (known := exchange.fetch_order(order["id"]))["status"] == "open":
        pass
    return known


def test_markets_books_and_tickers_are_read(exchange: Any) -> None:
    assert exchange.markets["BTC/KRW"]["id"] == "KRW-BTC"
    book = exchange.fetch_order_book("BTC/KRW")
    assert book["bids"][0] == [BID, 0.5]
    assert book["asks"][0] == [ASK, 0.5]
    assert len(book["asks"]) == 30
    assert exchange.fetch_ticker("BTC/KRW")["last"] == BID
    assert set(exchange.fetch_tickers(["BTC/KRW", "ETH/KRW"])) == {"BTC/KRW", "ETH/KRW"}


def test_public_trades_are_read(exchange: Any, venues: RunningVenues) -> None:
    venues.trade(BITHUMB, "KRW-ETH", 4_001_000.0, 0.25, Side.BUY)
    trade = exchange.fetch_trades("ETH/KRW")[-1]
    assert (trade["price"], trade["amount"], trade["side"]) == (4_001_000.0, 0.25, "buy")


def test_balances_are_funded(exchange: Any) -> None:
    balance = exchange.fetch_balance()
    assert balance["KRW"]["free"] > 1_000_000_000
    assert balance["BTC"]["free"] > 10


def test_a_limit_order_rests_locks_and_is_cancelled(exchange: Any) -> None:
    free = exchange.fetch_balance()["KRW"]["free"]
    order = exchange.create_order("BTC/KRW", "limit", "buy", 0.1, 4_900_000, params=own_id())
    assert exchange.fetch_order(order["id"])["status"] == "open"
    locked = 0.1 * 4_900_000 * 1.0004
    assert exchange.fetch_balance()["KRW"]["free"] == pytest.approx(free - locked)
    assert order["id"] in {each["id"] for each in exchange.fetch_open_orders("BTC/KRW")}
    exchange.cancel_order(order["id"])
    assert ended(exchange, order)["status"] == "canceled"
    assert exchange.fetch_balance()["KRW"]["free"] == pytest.approx(free)
    canceled = exchange.fetch_canceled_orders("BTC/KRW")
    assert order["id"] in {each["id"] for each in canceled}


def test_an_order_is_found_and_cancelled_by_its_client_id(exchange: Any) -> None:
    params = own_id()
    order = exchange.create_order("BTC/KRW", "limit", "sell", 0.01, 6_000_000, params=params)
    found = exchange.fetch_order("", params=dict(params))
    assert (found["id"], found["clientOrderId"]) == (order["id"], params["clientOrderId"])
    exchange.cancel_order("", params=dict(params))
    assert ended(exchange, order)["status"] == "canceled"


def test_a_client_id_brings_its_order_back(exchange: Any) -> None:
    params = own_id()
    order = exchange.create_order("BTC/KRW", "limit", "buy", 0.01, 4_900_000, params=dict(params))
    again = exchange.create_order("BTC/KRW", "limit", "buy", 0.01, 4_900_000, params=dict(params))
    assert again["id"] == order["id"]
    exchange.cancel_orders([order["id"]])
    assert ended(exchange, order)["status"] == "canceled"


def test_several_orders_are_placed_at_once(exchange: Any) -> None:
    wanted = [
        {"symbol": "BTC/KRW", "type": "limit", "side": "buy", "amount": 0.01, "price": price}
        for price in (4_800_000, 4_700_000)
    ]
    orders = exchange.create_orders(wanted)
    assert len({order["id"] for order in orders}) == 2
    exchange.cancel_orders([order["id"] for order in orders])
    assert [ended(exchange, order)["status"] for order in orders] == ["canceled"] * 2


def test_a_market_purchase_goes_by_cost(exchange: Any) -> None:
    btc = exchange.fetch_balance()["BTC"]["free"]
    order = exchange.create_market_buy_order_with_cost("BTC/KRW", 1_000_000, params=own_id())
    known = exchange.fetch_order(order["id"])
    assert known["status"] == "closed"
    assert executed(known) == pytest.approx(1_000_000 / ASK, abs=1e-4)
    funds, fee = (float(known["info"][name]) for name in ("executed_funds", "paid_fee"))
    assert fee == pytest.approx(funds * 0.0004)
    assert exchange.fetch_balance()["BTC"]["free"] == pytest.approx(btc + executed(known))


def test_a_market_sale_goes_by_quantity(exchange: Any) -> None:
    order = exchange.create_order("BTC/KRW", "market", "sell", 0.75, params=own_id())
    known = exchange.fetch_order(order["id"])
    assert (known["status"], executed(known)) == ("closed", 0.75)
    fills = {trade["price"]: trade["volume"] for trade in known["info"]["trades"]}
    assert fills == {"5000000": "0.5", "4999000": "0.25"}
    assert order["id"] in {each["id"] for each in exchange.fetch_closed_orders("BTC/KRW")}


def test_a_part_of_an_ioc_order_is_closed(exchange: Any) -> None:
    params = {"timeInForce": "IOC", **own_id()}
    order = exchange.create_order("BTC/KRW", "limit", "buy", 0.8, ASK, params=params)
    known = exchange.fetch_order(order["id"])
    assert (executed(known), known["remaining"], known["status"]) == (0.5, 0.3, "closed")


def test_a_fill_or_kill_order_of_which_a_part_is_missing_is_cancelled(exchange: Any) -> None:
    params = {"timeInForce": "FOK", **own_id()}
    order = exchange.create_order("BTC/KRW", "limit", "buy", 0.8, ASK, params=params)
    known = exchange.fetch_order(order["id"])
    assert (executed(known), known["status"]) == (0.0, "canceled")


def test_a_post_only_order_never_takes(exchange: Any) -> None:
    params = {"postOnly": True, **own_id()}
    order = exchange.create_order("BTC/KRW", "limit", "buy", 0.1, ASK, params=params)
    known = exchange.fetch_order(order["id"])
    assert (executed(known), known["status"]) == (0.0, "canceled")


def test_a_partial_fill_leaves_the_rest_in_the_book(exchange: Any, venues: RunningVenues) -> None:
    order = exchange.create_order("ETH/KRW", "limit", "buy", 2, 3_999_000, params=own_id())
    venues.trade(BITHUMB, "KRW-ETH", 3_998_000.0, 0.5, Side.SELL)
    known = exchange.fetch_order(order["id"])
    assert (executed(known), known["remaining"], known["status"]) == (0.5, 1.5, "open")
    exchange.cancel_order(order["id"])
    assert ended(exchange, order)["status"] == "canceled"


def test_what_cannot_be_paid_is_refused(exchange: Any) -> None:
    with pytest.raises(ccxt.ExchangeError, match="insufficient funds bid"):
        exchange.create_order("BTC/KRW", "limit", "buy", 10_000, 5_000_000)


def test_what_breaks_a_rule_is_refused(exchange: Any) -> None:
    with pytest.raises(ccxt.ExchangeError, match="under min total bid"):
        exchange.create_order("BTC/KRW", "limit", "buy", 0.0001, 5_000_000)
    with pytest.raises(ccxt.ExchangeError, match="주문가격 단위"):
        exchange.create_order("ETH/KRW", "limit", "buy", 1, 999_900)
    with pytest.raises(ccxt.ExchangeError, match="주문을 찾지 못했습니다"):
        exchange.fetch_order("C0101000000999999999")


def test_a_bad_signature_is_refused(venues: RunningVenues) -> None:
    for keys in ({**KEYS, "secret": "wrong"}, {**KEYS, "apiKey": "other"}):
        forger = pointed_at(ccxt.bithumb(keys), venues)
        with pytest.raises(ccxt.ExchangeError, match="Jwt 토큰 검증에 실패했습니다"):
            forger.fetch_balance()


Watcher = Callable[[Any], Coroutine[Any, Any, None]]


def with_pro(venues: RunningVenues, watch: Watcher) -> None:
    async def run() -> None:
        exchange = pointed_at(ccxtpro.bithumb(KEYS), venues)
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
        assert len(book["asks"]) == 15
        assert abs(book["timestamp"] - exchange.milliseconds()) < 60_000
        trades = asyncio.ensure_future(exchange.watch_trades("BTC/KRW"))
        while not trades.done():
            venues.trade(BITHUMB, "KRW-BTC", ASK, 0.125, Side.BUY)
            await asyncio.sleep(0.02)
        (trade, *_) = trades.result()
        assert (trade["price"], trade["amount"], trade["side"]) == (ASK, 0.125, "buy")

    with_pro(venues, watch)


def test_tickers_are_watched(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        ticker = await exchange.watch_ticker("ETH/KRW")
        assert ticker["last"] > 0

    with_pro(venues, watch)


def test_an_orders_steps_are_watched(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        seen: list[tuple[str, float]] = []
        waiting = asyncio.ensure_future(exchange.watch_orders("BTC/KRW"))
        await asyncio.sleep(0.1)
        order = await exchange.create_order("BTC/KRW", "limit", "buy", 0.6, ASK, params=own_id())
        while not seen or seen[-1][0] == "open":
            known = (await waiting)[-1]
            assert (known["id"], known["amount"], known["side"]) == (order["id"], 0.6, "buy")
            seen.append((known["status"], known["info"].get("executed_quantity", 0.0)))
            waiting = asyncio.ensure_future(exchange.watch_orders("BTC/KRW"))
            if known["info"].get("remaining_quantity"):
                venues.trade(BITHUMB, "KRW-BTC", BID - 1000, 0.1, Side.SELL)
        assert seen[-1] == ("closed", 0.6)
        waiting.cancel()

    with_pro(venues, watch)


def test_balances_are_watched(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        waiting = asyncio.ensure_future(exchange.watch_balance())
        await asyncio.sleep(0.1)
        await exchange.create_order("BTC/KRW", "limit", "buy", 0.01, 4_000_000)
        balance = await waiting
        assert balance["KRW"]["used"] >= 0.01 * 4_000_000 * 1.0004

    with_pro(venues, watch)
