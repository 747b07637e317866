"""ccxt and ccxt.pro trade on the Binance USD-M simulator, unmodified but for their URLs.

Two options are set: `fetchCurrencies` is off, for with keys ccxt would first ask the venue's wallet
API, which is another service; `enableRateLimit` is off, since ccxt would sleep between requests.
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
from arbitrage.sim.listings import BINANCE_USDM, usdt_perpetual

BTC, ETH = usdt_perpetual("BTC"), usdt_perpetual("ETH")
BID, ASK = 78_000.0, 78_000.1
SYMBOL, OTHER = "BTC/USDT:USDT", "ETH/USDT:USDT"
BOOKS = [(BTC, still_book(BTC, BID, 0.5)), (ETH, still_book(ETH, 2_600.0, 5.0))]
SETTINGS = {
    "apiKey": "sim-key",
    "secret": "sim-secret",
    "enableRateLimit": False,
    "options": {"fetchCurrencies": False},
}
_client_ids = count(1)


@pytest.fixture(scope="module")
def venues() -> Iterator[RunningVenues]:
    with running([BINANCE_USDM], still_market(BOOKS)) as venues:
        yield venues


@pytest.fixture(autouse=True)
def _fresh_books(venues: RunningVenues) -> None:
    for _, book in BOOKS:
        venues.show(book)


def pointed_at(exchange: Any, venues: RunningVenues) -> Any:
    """The exchange with its URLs, and nothing else, replaced."""
    rest = venues.rest_url(BINANCE_USDM)
    for api, version in (
        ("fapiPublic", "v1"),
        ("fapiPublicV2", "v2"),
        ("fapiPublicV3", "v3"),
        ("fapiPrivate", "v1"),
        ("fapiPrivateV2", "v2"),
        ("fapiPrivateV3", "v3"),
    ):
        exchange.urls["api"][api] = f"{rest}/fapi/{version}"
    if isinstance(exchange.urls["api"].get("ws"), dict):
        exchange.urls["api"]["ws"]["linear"] = f"{venues.ws_url(BINANCE_USDM)}/ws"
    return exchange


@pytest.fixture(scope="module")
def exchange(venues: RunningVenues) -> Any:
    exchange = pointed_at(ccxt.binanceusdm(SETTINGS), venues)
    exchange.load_markets()
    return exchange


@pytest.fixture(autouse=True)
def _flat(exchange: Any) -> Iterator[None]:
    yield
    exchange.cancel_all_orders(SYMBOL)
    for position in exchange.fetch_positions():
        if position["contracts"]:
            side = "sell" if position["side"] == "long" else "buy"
            params = {"reduceOnly": True}
            exchange.create_order(
                position["symbol"], "market", side, position["contracts"], params=params
            )


def named() -> dict[str, str]:
    return {"clientOrderId": f"ccxt-{next(_client_ids)}"}


# --- the market ----------------------------------------------------------------------------------


def test_markets_and_their_rules_are_read(exchange: Any) -> None:
    market = exchange.markets[SYMBOL]
    assert (market["id"], market["type"], market["linear"]) == ("BTCUSDT", "swap", True)
    assert market["precision"] == {"amount": 0.001, "price": 0.1, "base": 1e-8, "quote": 1e-8}
    assert market["limits"]["cost"]["min"] == 100.0
    assert exchange.fetch_time() > 1_700_000_000_000


def test_books_and_tickers_are_read(exchange: Any) -> None:
    book = exchange.fetch_order_book(SYMBOL, 20)
    assert book["bids"][0] == [BID, 0.5]
    assert book["asks"][0] == [ASK, 0.5]
    assert len(book["asks"]) == 20
    assert exchange.fetch_bids_asks([SYMBOL])[SYMBOL]["ask"] == ASK
    assert exchange.fetch_ticker(SYMBOL)["last"] == pytest.approx(BID, abs=100)


def test_funding_is_read(exchange: Any) -> None:
    funding = exchange.fetch_funding_rate(SYMBOL)
    assert funding["markPrice"] == pytest.approx((BID + ASK) / 2)
    assert funding["fundingTimestamp"] % (8 * 3_600_000) == 0
    assert exchange.fetch_funding_intervals([SYMBOL])[SYMBOL]["interval"] == "8h"


def test_public_trades_are_read(exchange: Any, venues: RunningVenues) -> None:
    venues.trade(BINANCE_USDM, "BTCUSDT", BID, 0.125, Side.SELL)
    trade = exchange.fetch_trades(SYMBOL)[-1]
    assert (trade["price"], trade["amount"], trade["side"]) == (BID, 0.125, "sell")


# --- the account ---------------------------------------------------------------------------------


def test_the_balance_is_funded(exchange: Any) -> None:
    balance = exchange.fetch_balance()
    assert balance["USDT"]["total"] == pytest.approx(1_000_000, rel=0.01)
    assert balance["USDT"]["free"] == balance["USDT"]["total"]
    assert exchange.fetch_balance({"useV2": True})["USDT"]["free"] == balance["USDT"]["free"]


def test_the_fee_is_the_accounts_own(exchange: Any) -> None:
    fee = exchange.fetch_trading_fee(SYMBOL)
    assert (fee["taker"], fee["maker"]) == (0.0005, 0.0002)


def test_leverage_is_set_and_frees_margin(exchange: Any) -> None:
    exchange.create_order(SYMBOL, "limit", "buy", 0.1, 75_000)
    used = exchange.fetch_balance()["USDT"]["used"]
    exchange.cancel_all_orders(SYMBOL)
    exchange.set_leverage(50, SYMBOL)
    exchange.create_order(SYMBOL, "limit", "buy", 0.1, 75_000)
    assert exchange.fetch_balance()["USDT"]["used"] < used / 5
    assert exchange.fetch_leverages([SYMBOL])[SYMBOL]["longLeverage"] == 50
    exchange.cancel_all_orders(SYMBOL)
    exchange.set_leverage(5, SYMBOL)
    with pytest.raises(ccxt.BadRequest, match="-4028"):
        exchange.fapiPrivatePostLeverage({"symbol": "BTCUSDT", "leverage": 126})


def test_settings_that_hold_already_are_told_apart(exchange: Any) -> None:
    with pytest.raises(ccxt.MarginModeAlreadySet):
        exchange.fapiPrivatePostMarginType({"symbol": "BTCUSDT", "marginType": "CROSSED"})
    with pytest.raises(ccxt.OperationRejected, match="-4059"):
        exchange.set_position_mode(False)
    assert exchange.fetch_position_mode(SYMBOL)["hedged"] is False


# --- orders --------------------------------------------------------------------------------------


def test_a_limit_order_rests_locks_and_is_cancelled(exchange: Any) -> None:
    free = exchange.fetch_balance()["USDT"]["free"]
    order = exchange.create_order(SYMBOL, "limit", "buy", 0.01, 77_000, params=named())
    assert order["status"] == "open"
    locked = 0.01 * 77_000 * (0.2 + 0.0005)
    assert exchange.fetch_balance()["USDT"]["free"] == pytest.approx(free - locked)
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


def test_a_client_id_comes_back_only_when_its_order_is_closed(exchange: Any) -> None:
    params = named()
    exchange.create_order(SYMBOL, "limit", "buy", 0.01, 77_000, params=params)
    with pytest.raises(ccxt.ExchangeError, match="-4116"):
        exchange.create_order(SYMBOL, "limit", "buy", 0.01, 77_000, params=params)
    exchange.cancel_order("", SYMBOL, params)
    exchange.create_order(SYMBOL, "limit", "buy", 0.01, 77_000, params=params)


def test_a_market_order_walks_the_book(exchange: Any) -> None:
    order = exchange.create_order(SYMBOL, "market", "buy", 0.75, params=named())
    known = exchange.fetch_order(order["id"], SYMBOL)
    assert (known["status"], known["filled"]) == ("closed", 0.75)
    assert known["average"] == pytest.approx((ASK * 0.5 + (ASK + 0.1) * 0.25) / 0.75)
    trades = exchange.fetch_my_trades(SYMBOL, params={"orderId": order["id"]})
    assert [trade["amount"] for trade in trades] == [0.5, 0.25]
    assert trades[0]["fee"]["cost"] == pytest.approx(0.5 * ASK * 0.0005)
    assert trades[0]["takerOrMaker"] == "taker"


def test_an_ioc_order_expires_with_what_it_could_not_take(exchange: Any) -> None:
    params = {"timeInForce": "IOC", **named()}
    order = exchange.create_order(SYMBOL, "limit", "buy", 0.8, ASK, params=params)
    assert (order["filled"], order["status"]) == (0.5, "expired")


def test_a_fok_order_fills_whole_or_not_at_all(exchange: Any) -> None:
    params = {"timeInForce": "FOK", **named()}
    with pytest.raises(ccxt.ExchangeError, match="-5021"):
        exchange.create_order(SYMBOL, "limit", "buy", 0.8, ASK, params=params)
    order = exchange.create_order(SYMBOL, "limit", "buy", 0.4, ASK, params=params)
    assert (order["filled"], order["status"]) == (0.4, "closed")


def test_a_post_only_order_never_takes(exchange: Any) -> None:
    params = {"postOnly": True, **named()}
    with pytest.raises(ccxt.ExchangeError, match="-5022"):
        exchange.create_order(SYMBOL, "limit", "buy", 0.1, ASK, params=params)
    order = exchange.create_order(SYMBOL, "limit", "buy", 0.1, BID, params=params)
    assert (order["status"], order["postOnly"]) == ("open", True)


def test_a_partial_fill_leaves_the_rest_in_the_book(exchange: Any, venues: RunningVenues) -> None:
    order = exchange.create_order(SYMBOL, "limit", "buy", 2, 77_999.9, params=named())
    venues.trade(BINANCE_USDM, "BTCUSDT", 77_999.0, 0.5, Side.SELL)
    known = exchange.fetch_order(order["id"], SYMBOL)
    assert (known["filled"], known["remaining"], known["status"]) == (0.5, 1.5, "open")
    (trade,) = exchange.fetch_my_trades(SYMBOL, params={"orderId": order["id"]})
    assert (trade["takerOrMaker"], trade["fee"]["cost"]) == (
        "maker",
        pytest.approx(0.5 * 77_999.9 * 0.0002),
    )


def test_reduce_only_closes_and_never_opens(exchange: Any) -> None:
    params = {"reduceOnly": True}
    with pytest.raises(ccxt.ExchangeError, match="-2022"):
        exchange.create_order(SYMBOL, "market", "sell", 0.1, params=params)
    exchange.create_order(SYMBOL, "market", "buy", 0.1)
    (position,) = exchange.fetch_positions([SYMBOL])
    assert (position["side"], position["contracts"]) == ("long", 0.1)
    assert position["entryPrice"] == ASK
    assert position["initialMargin"] == pytest.approx(0.1 * ASK / 5)
    old = exchange.fetch_positions([SYMBOL], {"useV2": True})[0]
    assert (old["contracts"], old["leverage"], old["marginMode"]) == (0.1, 5, "cross")
    exchange.create_order(SYMBOL, "market", "sell", 0.3, params=params)
    assert exchange.fetch_positions([SYMBOL]) == []


def test_several_orders_go_in_one_request(exchange: Any) -> None:
    wanted = [
        {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.01, "price": price}
        for price in (77_000, 77_100)
    ]
    orders = exchange.create_orders(wanted)
    assert [order["status"] for order in orders] == ["open", "open"]
    exchange.cancel_orders([order["id"] for order in orders], SYMBOL)
    assert exchange.fetch_open_orders(SYMBOL) == []


def test_what_cannot_be_margined_is_refused(exchange: Any) -> None:
    # ccxt calls this InsufficientFunds only at the venue's own address.
    with pytest.raises(ccxt.ExchangeError, match="-2019"):
        exchange.create_order(SYMBOL, "limit", "buy", 1_000, 77_000)


def test_what_breaks_a_rule_is_refused_by_its_code(exchange: Any) -> None:
    def placed(**params: str) -> None:
        terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
        exchange.fapiPrivatePostOrder({**terms, "quantity": "0.01", "price": "77000", **params})

    for code, broken in {
        "-1121": {"symbol": "NOPEUSDT"},
        "-4164": {"quantity": "0.001"},
        "-1111": {"quantity": "0.0015"},
        "-4003": {"quantity": "0"},
        "-4014": {"price": "77000.05"},
        "-4016": {"price": "90000"},
        "-4061": {"positionSide": "LONG"},
        "-1102": {"timeInForce": ""},
    }.items():
        with pytest.raises(ccxt.BaseError, match=code):
            placed(**broken)


def test_a_bad_signature_or_key_or_clock_is_refused(venues: RunningVenues) -> None:
    forger = pointed_at(ccxt.binanceusdm({**SETTINGS, "secret": "wrong"}), venues)
    with pytest.raises(ccxt.AuthenticationError, match="-1022"):
        forger.fetch_balance()
    stranger = pointed_at(ccxt.binanceusdm({**SETTINGS, "apiKey": "other"}), venues)
    with pytest.raises(ccxt.AuthenticationError, match="-2015"):
        stranger.fetch_balance()
    late = pointed_at(ccxt.binanceusdm(SETTINGS), venues)
    late.options["timeDifference"] = 61_000
    with pytest.raises(ccxt.InvalidNonce, match="-1021"):
        late.fetch_balance()


# --- streams -------------------------------------------------------------------------------------

Watcher = Callable[[Any], Coroutine[Any, Any, None]]


def with_pro(venues: RunningVenues, watch: Watcher) -> None:
    async def run() -> None:
        exchange = pointed_at(ccxtpro.binanceusdm(SETTINGS), venues)
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


def test_best_prices_and_trades_are_watched(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        best = await while_waiting(exchange.watch_bids_asks([SYMBOL]), moving(venues))
        assert (best[SYMBOL]["bid"], best[SYMBOL]["ask"]) == (BID, ASK)

        def trade() -> None:
            venues.trade(BINANCE_USDM, "BTCUSDT", ASK, 0.125, Side.BUY)

        (trade_seen, *_) = await while_waiting(exchange.watch_trades(SYMBOL), trade)
        assert (trade_seen["price"], trade_seen["amount"], trade_seen["side"]) == (
            ASK,
            0.125,
            "buy",
        )

    with_pro(venues, watch)


def test_mark_prices_are_watched(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        mark = await exchange.watch_mark_price(SYMBOL)
        assert mark["markPrice"] == pytest.approx((BID + ASK) / 2)

    with_pro(venues, watch)


def test_orders_fills_and_balances_are_watched(venues: RunningVenues) -> None:
    async def watch(exchange: Any) -> None:
        seen: list[tuple[str, float]] = []
        waiting = asyncio.ensure_future(exchange.watch_orders(SYMBOL))
        trades = asyncio.ensure_future(exchange.watch_my_trades(SYMBOL))
        balances = asyncio.ensure_future(exchange.watch_balance())
        protocol: Any = venues.venues.servers[BINANCE_USDM].protocol
        while not protocol._user._sessions:
            await asyncio.sleep(0.01)
        params = named()
        order = await exchange.create_order(SYMBOL, "limit", "buy", 0.6, ASK, params=params)
        while not seen or seen[-1][0] == "open":
            known = (await waiting)[-1]
            assert known["clientOrderId"] == params["clientOrderId"]
            seen.append((known["status"], known["filled"]))
            waiting = asyncio.ensure_future(exchange.watch_orders(SYMBOL))
            if known["filled"] == 0.5 and known["remaining"]:
                venues.trade(BINANCE_USDM, "BTCUSDT", BID - 10, 0.1, Side.SELL)
        waiting.cancel()
        assert seen[-1] == ("closed", 0.6)
        fills = await trades
        assert fills[0]["order"] == order["id"]
        assert fills[0]["fee"]["cost"] == pytest.approx(0.5 * ASK * 0.0005)
        assert (await balances)["USDT"]["total"] < 1_000_000

    with_pro(venues, watch)
