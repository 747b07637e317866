"""ccxt and ccxt.pro trade on the Binance spot simulator, unmodified but for their URLs.

Two options are set: markets of spot alone are asked for, for those of futures are other services;
`enableRateLimit` is off, since ccxt would sleep between requests.
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
from arbitrage.sim.listings import BINANCE_SPOT, usdt_spot

BTC, ETH = usdt_spot(BINANCE_SPOT, "BTC"), usdt_spot(BINANCE_SPOT, "ETH")
BID, ASK = 78_000.0, 78_000.1
SYMBOL, OTHER = "BTC/USDT", "ETH/USDT"
BOOKS = [(BTC, still_book(BTC, BID, 0.5)), (ETH, still_book(ETH, 2_600.0, 5.0))]
SETTINGS = {
    "apiKey": "sim-key",
    "secret": "sim-secret",
    "enableRateLimit": False,
    "options": {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}},
}
_client_ids = count(1)


@pytest.fixture(scope="module")
def venues() -> Iterator[RunningVenues]:
    with running([BINANCE_SPOT], still_market(BOOKS)) as venues:
        yield venues


@pytest.fixture(autouse=True)
def _fresh_books(venues: RunningVenues) -> None:
    for _, book in BOOKS:
        venues.show(book)


def pointed_at(exchange: Any, venues: RunningVenues) -> Any:
    """The exchange with its URLs, and nothing else, replaced."""
    rest, ws = venues.rest_url(BINANCE_SPOT), venues.ws_url(BINANCE_SPOT)
    for api, path in (
        ("public", "/api/v3"),
        ("private", "/api/v3"),
        ("sapi", "/sapi/v1"),
    ):
        exchange.urls["api"][api] = rest + path
    if isinstance(exchange.urls["api"].get("ws"), dict):
        exchange.urls["api"]["ws"]["spot"] = f"{ws}/ws"
        exchange.urls["api"]["ws"]["ws-api"]["spot"] = f"{ws}/ws-api/v3"
    return exchange


@pytest.fixture(scope="module")
def exchange(venues: RunningVenues) -> Any:
    exchange = pointed_at(ccxt.binance(SETTINGS), venues)
    exchange.load_markets()
    return exchange


@pytest.fixture(autouse=True)
def _nothing_open(exchange: Any) -> Iterator[None]:
    yield
    for order in exchange.fetch_open_orders(SYMBOL):
        exchange.cancel_order(order["id"], SYMBOL)


def named() -> dict[str, str]:
    return {"clientOrderId": f"ccxt-{next(_client_ids)}"}


# --- the market ----------------------------------------------------------------------------------


def test_markets_and_their_rules_are_read(exchange: Any) -> None:
    market = exchange.markets[SYMBOL]
    assert (market["id"], market["type"], market["active"]) == ("BTCUSDT", "spot", True)
    assert market["precision"]["amount"] == 0.00001
    assert market["precision"]["price"] == 0.1
    assert market["limits"]["cost"]["min"] == 5.0
    assert exchange.fetch_time() > 1_700_000_000_000
    assert exchange.fetch_status()["status"] == "ok"


def test_coins_tell_whether_they_can_be_moved(exchange: Any) -> None:
    coin = exchange.fetch_currencies()["BTC"]
    assert (coin["deposit"], coin["withdraw"]) == (True, True)


def test_books_and_tickers_are_read(exchange: Any) -> None:
    book = exchange.fetch_order_book(SYMBOL, 20)
    assert book["bids"][0] == [BID, 0.5]
    assert book["asks"][0] == [ASK, 0.5]
    assert len(book["asks"]) == 20
    assert exchange.fetch_bids_asks([SYMBOL])[SYMBOL]["ask"] == ASK
    assert exchange.fetch_ticker(SYMBOL)["bid"] == BID
    assert set(exchange.fetch_tickers([SYMBOL, OTHER])) == {SYMBOL, OTHER}


def test_public_trades_are_read(exchange: Any, venues: RunningVenues) -> None:
    venues.trade(BINANCE_SPOT, "BTCUSDT", BID, 0.125, Side.SELL)
    trade = exchange.fetch_trades(SYMBOL)[-1]
    assert (trade["price"], trade["amount"], trade["side"]) == (BID, 0.125, "sell")


# --- the account ---------------------------------------------------------------------------------


def test_the_balance_is_funded(exchange: Any) -> None:
    balance = exchange.fetch_balance()
    assert balance["USDT"]["total"] == pytest.approx(1_000_000, rel=0.1)
    assert balance["BTC"]["free"] == pytest.approx(13, rel=0.2)


def test_the_fee_is_the_accounts_own(exchange: Any) -> None:
    fee = exchange.fetch_trading_fee(SYMBOL)
    assert (fee["taker"], fee["maker"]) == (0.001, 0.001)


def test_the_key_may_trade_and_not_withdraw(exchange: Any) -> None:
    rights = exchange.sapiGetAccountApiRestrictions()
    assert (rights["enableSpotAndMarginTrading"], rights["enableWithdrawals"]) == (True, False)


# --- orders --------------------------------------------------------------------------------------


def test_a_limit_order_rests_locks_and_is_cancelled(exchange: Any) -> None:
    free = exchange.fetch_balance()["USDT"]["free"]
    order = exchange.create_order(SYMBOL, "limit", "buy", 0.01, 77_000, params=named())
    assert order["status"] == "open"
    assert exchange.fetch_balance()["USDT"]["free"] == pytest.approx(free - 770)
    assert [each["id"] for each in exchange.fetch_open_orders(SYMBOL)] == [order["id"]]
    assert exchange.cancel_order(order["id"], SYMBOL)["status"] == "canceled"
    assert exchange.fetch_order(order["id"], SYMBOL)["status"] == "canceled"
    assert exchange.fetch_balance()["USDT"]["free"] == pytest.approx(free)
    with pytest.raises(ccxt.OrderNotFound, match="-2011"):
        exchange.cancel_order(order["id"], SYMBOL)


def test_an_order_is_found_and_cancelled_by_its_client_id(exchange: Any) -> None:
    params = named()
    order = exchange.create_order(SYMBOL, "limit", "sell", 0.01, 79_000, params=params)
    found = exchange.fetch_order("", SYMBOL, params)
    assert (found["id"], found["clientOrderId"]) == (order["id"], params["clientOrderId"])
    assert exchange.cancel_order("", SYMBOL, params)["status"] == "canceled"
    with pytest.raises(ccxt.OrderNotFound, match="-2013"):
        exchange.fetch_order("", SYMBOL, named())


def test_everything_of_a_market_is_cancelled_at_once(exchange: Any) -> None:
    for price in (77_000, 77_100):
        exchange.create_order(SYMBOL, "limit", "buy", 0.01, price)
    assert len(exchange.cancel_all_orders(SYMBOL)) == 2
    assert exchange.fetch_open_orders(SYMBOL) == []
    with pytest.raises(ccxt.OrderNotFound, match="-2011"):
        exchange.cancel_all_orders(SYMBOL)


def test_a_client_id_comes_back_only_when_its_order_is_closed(exchange: Any) -> None:
    params = named()
    exchange.create_order(SYMBOL, "limit", "buy", 0.01, 77_000, params=params)
    with pytest.raises(ccxt.ExchangeError, match="Duplicate order sent"):
        exchange.create_order(SYMBOL, "limit", "buy", 0.01, 77_000, params=params)
    exchange.cancel_order("", SYMBOL, params)
    exchange.create_order(SYMBOL, "limit", "buy", 0.01, 77_000, params=params)


def test_a_market_order_walks_the_book_and_pays_in_what_it_receives(exchange: Any) -> None:
    order = exchange.create_order(SYMBOL, "market", "buy", 0.75, params=named())
    assert (order["status"], order["filled"]) == ("closed", 0.75)
    assert order["average"] == pytest.approx((ASK * 0.5 + (ASK + 0.1) * 0.25) / 0.75)
    assert order["fee"]["currency"] == "BTC"
    assert order["fee"]["cost"] == pytest.approx(0.75 * 0.001)
    trades = exchange.fetch_my_trades(SYMBOL, params={"orderId": order["id"]})
    assert [trade["amount"] for trade in trades] == [0.5, 0.25]
    assert trades[0]["takerOrMaker"] == "taker"
    sold = exchange.create_order(SYMBOL, "market", "sell", 0.1, params=named())
    assert sold["fee"]["currency"] == "USDT"


def test_a_market_order_goes_by_cost_too(exchange: Any) -> None:
    order = exchange.create_market_buy_order_with_cost(SYMBOL, 1_000)
    assert order["status"] == "closed"
    assert order["cost"] == pytest.approx(1_000, abs=1)


def test_an_ioc_order_expires_with_what_it_could_not_take(exchange: Any) -> None:
    params = {"timeInForce": "IOC", **named()}
    order = exchange.create_order(SYMBOL, "limit", "buy", 0.8, ASK, params=params)
    assert (order["filled"], order["status"]) == (0.5, "expired")


def test_a_fok_order_fills_whole_or_expires(exchange: Any) -> None:
    params = {"timeInForce": "FOK", **named()}
    order = exchange.create_order(SYMBOL, "limit", "buy", 0.8, ASK, params=params)
    assert (order["filled"], order["status"]) == (0.0, "expired")
    order = exchange.create_order(SYMBOL, "limit", "buy", 0.4, ASK, params=params)
    assert (order["filled"], order["status"]) == (0.4, "closed")


def test_a_post_only_order_never_takes(exchange: Any) -> None:
    params = {"postOnly": True, **named()}
    with pytest.raises(ccxt.OrderImmediatelyFillable, match="immediately match and take"):
        exchange.create_order(SYMBOL, "limit", "buy", 0.1, ASK, params=params)
    order = exchange.create_order(SYMBOL, "limit", "buy", 0.1, BID, params=params)
    assert exchange.fetch_order(order["id"], SYMBOL)["status"] == "open"


def test_a_partial_fill_leaves_the_rest_in_the_book(exchange: Any, venues: RunningVenues) -> None:
    order = exchange.create_order(SYMBOL, "limit", "buy", 2, 77_999.9, params=named())
    venues.trade(BINANCE_SPOT, "BTCUSDT", 77_999.0, 0.5, Side.SELL)
    known = exchange.fetch_order(order["id"], SYMBOL)
    assert (known["filled"], known["remaining"], known["status"]) == (0.5, 1.5, "open")
    (trade,) = exchange.fetch_my_trades(SYMBOL, params={"orderId": order["id"]})
    assert (trade["takerOrMaker"], trade["fee"]["cost"]) == ("maker", pytest.approx(0.5 * 0.001))


def test_what_cannot_be_paid_is_refused(exchange: Any) -> None:
    with pytest.raises(ccxt.InsufficientFunds, match="insufficient balance"):
        exchange.create_order(SYMBOL, "limit", "buy", 100, 77_000)


def test_what_breaks_a_rule_is_refused_by_its_code(exchange: Any) -> None:
    def placed(**params: str) -> None:
        terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
        exchange.privatePostOrder({**terms, "quantity": "0.01", "price": "77000", **params})

    for said, broken in {
        "-1121": {"symbol": "NOPEUSDT"},
        "failure: NOTIONAL": {"quantity": "0.00001"},
        "failure: LOT_SIZE": {"quantity": "0.000015"},
        "-1111": {"quantity": "0.0100000001"},
        "failure: PRICE_FILTER": {"price": "77000.05"},
        "PERCENT_PRICE_BY_SIDE": {"price": "7000"},
        "-1115": {"timeInForce": "GTX"},
        "-1116": {"type": "TRAILING"},
    }.items():
        with pytest.raises(ccxt.BaseError, match=said):
            placed(**broken)


def test_a_bad_signature_or_key_or_clock_is_refused(venues: RunningVenues, exchange: Any) -> None:
    def made(**settings: str) -> Any:
        other = pointed_at(ccxt.binance({**SETTINGS, **settings}), venues)
        other.set_markets_from_exchange(exchange)
        return other

    with pytest.raises(ccxt.AuthenticationError, match="-1022"):
        made(secret="wrong").fetch_balance()
    with pytest.raises(ccxt.AuthenticationError, match="-2015"):
        made(apiKey="other").fetch_balance()
    late = made()
    late.options["timeDifference"] = 61_000
    with pytest.raises(ccxt.InvalidNonce, match="-1021"):
        late.fetch_balance()


# --- streams -------------------------------------------------------------------------------------

Watcher = Callable[[Any], Coroutine[Any, Any, None]]


def with_pro(venues: RunningVenues, watch: Watcher) -> None:
    async def run() -> None:
        exchange = pointed_at(ccxtpro.binance(SETTINGS), venues)
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
    return lambda: venues.show(still_book(BTC, BID, 0.5 + next(sizes)))


def test_books_are_watched(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        move = moving(venues)
        for _ in range(5):
            book = await while_waiting(exchange.watch_order_book(SYMBOL), move)
        assert (book["bids"][0][0], book["asks"][0][0]) == (BID, ASK)
        assert book["bids"][0][1] > 0.5
        assert len(book["bids"]) == 30

    with_pro(venues, watch)


def test_best_prices_trades_and_tickers_are_watched(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        best = await while_waiting(exchange.watch_bids_asks([SYMBOL]), moving(venues))
        assert (best[SYMBOL]["bid"], best[SYMBOL]["ask"]) == (BID, ASK)

        def trade() -> None:
            venues.trade(BINANCE_SPOT, "BTCUSDT", ASK, 0.125, Side.BUY)

        (trade_seen, *_) = await while_waiting(exchange.watch_trades(SYMBOL), trade)
        assert (trade_seen["price"], trade_seen["amount"], trade_seen["side"]) == (
            ASK,
            0.125,
            "buy",
        )
        assert (await exchange.watch_ticker(SYMBOL))["last"] == ASK

    with_pro(venues, watch)


def test_orders_fills_and_balances_are_watched(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        seen: list[tuple[str, float]] = []
        waiting = asyncio.ensure_future(exchange.watch_orders(SYMBOL))
        trades = asyncio.ensure_future(exchange.watch_my_trades(SYMBOL))
        balances = asyncio.ensure_future(exchange.watch_balance())
        protocol: Any = venues.venues.servers[BINANCE_SPOT].protocol
        while not protocol._user._listeners:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        params = named()
        order = await exchange.create_order(SYMBOL, "limit", "buy", 0.6, ASK, params=params)
        while not seen or seen[-1][0] == "open":
            known = (await waiting)[-1]
            assert known["clientOrderId"] == params["clientOrderId"]
            seen.append((known["status"], known["filled"]))
            waiting = asyncio.ensure_future(exchange.watch_orders(SYMBOL))
            if known["filled"] == 0.5 and known["remaining"]:
                venues.trade(BINANCE_SPOT, "BTCUSDT", BID - 10, 0.1, Side.SELL)
        waiting.cancel()
        assert seen[-1] == ("closed", 0.6)
        fills = await trades
        assert fills[0]["order"] == order["id"]
        assert fills[0]["fee"]["cost"] == pytest.approx(0.5 * 0.001)
        assert (await balances)["BTC"]["total"] > 0

    with_pro(venues, watch)


def test_orders_go_by_websocket(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        params = named()
        order = await exchange.create_order_ws(
            SYMBOL, "limit", "buy", 0.01, 77_000, {"newClientOrderId": params["clientOrderId"]}
        )
        assert (order["status"], order["clientOrderId"]) == ("open", params["clientOrderId"])
        assert (await exchange.fetch_order_ws(order["id"], SYMBOL))["status"] == "open"
        assert len(await exchange.fetch_open_orders_ws(SYMBOL)) == 1
        canceled = await exchange.cancel_order_ws(order["id"], SYMBOL)
        assert canceled["status"] == "canceled"
        taken = await exchange.create_order_ws(SYMBOL, "market", "sell", 0.1)
        assert taken["filled"] == 0.1
        assert (await exchange.fetch_my_trades_ws(SYMBOL))[-1]["order"] == taken["id"]
        # ccxt does not read the balances of spot itself.
        assert (await exchange.fetch_balance_ws())["info"]["accountType"] == "SPOT"
        with pytest.raises(ccxt.ExchangeError, match="insufficient"):
            await exchange.create_order_ws(SYMBOL, "limit", "buy", 100, 77_000)

    with_pro(venues, watch)
