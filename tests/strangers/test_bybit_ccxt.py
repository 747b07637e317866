"""ccxt trades on the Bybit simulator, unmodified but for its URLs."""

from collections.abc import Iterator
from typing import Any

import ccxt
import pytest
from sim_venues import RunningVenues
from strangers.bybit_clients import (
    ASK,
    BID,
    BOTH,
    KEYS,
    SETTINGS,
    SPOT,
    SWAP,
    client_of,
    flatten,
    freshen,
    known,
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


@pytest.fixture(scope="module")
def exchange(venues: RunningVenues) -> Any:
    return client_of(venues)


@pytest.fixture(autouse=True)
def _fresh_and_flat(venues: RunningVenues, exchange: Any) -> Iterator[None]:
    freshen(venues)
    yield
    flatten(exchange)


# --- the market ----------------------------------------------------------------------------------


def test_markets_and_their_rules_are_read(exchange: Any) -> None:
    assert set(exchange.markets) == {SWAP, SPOT}
    swap, spot = exchange.markets[SWAP], exchange.markets[SPOT]
    assert (swap["id"], swap["type"], swap["linear"]) == ("BTCUSDT", "swap", True)
    assert (spot["id"], spot["type"]) == ("BTCUSDT", "spot")
    assert (swap["precision"]["amount"], swap["precision"]["price"]) == (0.001, 0.1)
    assert (spot["precision"]["amount"], spot["precision"]["price"]) == (0.00001, 0.1)
    assert (swap["limits"]["cost"]["min"], spot["limits"]["cost"]["min"]) == (100.0, 5.0)
    assert exchange.fetch_time() > 1_700_000_000_000


def test_currencies_are_read(exchange: Any) -> None:
    usdt = exchange.currencies["USDT"]
    assert (usdt["deposit"], usdt["withdraw"]) == (True, True)


@BOTH
def test_books_and_tickers_are_read(exchange: Any, symbol: str) -> None:
    book = exchange.fetch_order_book(symbol, 20)
    assert book["bids"][0] == [BID, 0.5]
    assert book["asks"][0] == [ASK, 0.5]
    assert len(book["asks"]) == 20
    ticker = exchange.fetch_ticker(symbol)
    assert (ticker["bid"], ticker["ask"]) == (BID, ASK)


def test_funding_is_read(exchange: Any) -> None:
    funding = exchange.fetch_funding_rate(SWAP)
    assert funding["markPrice"] == pytest.approx((BID + ASK) / 2, abs=0.1)
    assert funding["fundingTimestamp"] % (8 * 3_600_000) == 0
    assert exchange.fetch_funding_rate_history(SWAP) == []


@BOTH
def test_public_trades_are_read(exchange: Any, venues: RunningVenues, symbol: str) -> None:
    venues.trade(BYBIT, KEYS[symbol], BID, 0.125, Side.SELL)
    trade = exchange.fetch_trades(symbol)[-1]
    assert (trade["price"], trade["amount"], trade["side"]) == (BID, 0.125, "sell")


# --- the account ---------------------------------------------------------------------------------


def test_one_wallet_serves_both_categories(exchange: Any) -> None:
    balance = exchange.fetch_balance()
    assert balance["USDT"]["total"] == pytest.approx(1_000_000, rel=0.01)
    assert balance["BTC"]["total"] == pytest.approx(13, rel=0.1)
    exchange.create_order(SWAP, "limit", "buy", 0.1, 77_000)
    swap_only = exchange.fetch_balance()["USDT"]["used"] - balance["USDT"]["used"]
    assert swap_only == pytest.approx(0.1 * 77_000 * (0.2 + 0.00055))
    exchange.create_order(SPOT, "limit", "buy", 0.1, 77_000)
    both = exchange.fetch_balance()["USDT"]["used"] - balance["USDT"]["used"]
    assert both == pytest.approx(swap_only + 7_700)
    exchange.create_order(SPOT, "limit", "sell", 1, 80_000)
    assert exchange.fetch_balance()["BTC"]["used"] == pytest.approx(1)


def test_the_fees_are_the_accounts_own(exchange: Any) -> None:
    for symbol, taker, maker in ((SWAP, 0.00055, 0.0002), (SPOT, 0.001, 0.001)):
        fee = exchange.fetch_trading_fee(symbol)
        assert (fee["taker"], fee["maker"]) == (taker, maker)


def test_leverage_is_set_once(exchange: Any) -> None:
    exchange.set_leverage(50, SWAP)
    with pytest.raises(ccxt.ExchangeError, match="110043"):
        exchange.set_leverage(50, SWAP)
    exchange.create_order(SWAP, "limit", "buy", 0.1, 77_000)
    margin = float(exchange.fetch_balance()["info"]["result"]["list"][0]["totalInitialMargin"])
    assert margin == pytest.approx(0.1 * 77_000 * (0.02 + 0.00055))
    exchange.cancel_all_orders(SWAP)
    exchange.set_leverage(5, SWAP)


def test_the_account_is_in_one_way_mode(exchange: Any) -> None:
    with pytest.raises(ccxt.ExchangeError, match="110025"):
        exchange.set_position_mode(False, SWAP)


# --- orders --------------------------------------------------------------------------------------


@BOTH
def test_a_limit_order_rests_and_is_cancelled(exchange: Any, symbol: str) -> None:
    order = exchange.create_order(symbol, "limit", "buy", 0.01, 77_000, params=named())
    assert [each["id"] for each in exchange.fetch_open_orders(symbol)] == [order["id"]]
    assert exchange.fetch_open_order(order["id"], symbol)["status"] == "open"
    exchange.cancel_order(order["id"], symbol)
    assert exchange.fetch_open_orders(symbol) == []
    assert known(exchange, order, symbol)["status"] == "canceled"
    assert exchange.fetch_canceled_orders(symbol)[-1]["id"] == order["id"]
    with pytest.raises(ccxt.OrderNotFound):
        exchange.cancel_order(order["id"], symbol)


@BOTH
def test_an_order_is_found_and_cancelled_by_its_client_id(exchange: Any, symbol: str) -> None:
    params = named()
    order = exchange.create_order(symbol, "limit", "sell", 0.01, 79_000, params=params)
    by_link = {"orderLinkId": params["clientOrderId"]}
    (found,) = exchange.fetch_open_orders(symbol, params=by_link)
    assert (found["id"], found["clientOrderId"]) == (order["id"], params["clientOrderId"])
    exchange.cancel_order(None, symbol, by_link)
    assert known(exchange, order, symbol)["status"] == "canceled"


@BOTH
def test_a_client_id_never_comes_back(exchange: Any, symbol: str) -> None:
    params = named()
    order = exchange.create_order(symbol, "limit", "buy", 0.01, 77_000, params=params)
    exchange.cancel_order(order["id"], symbol)
    with pytest.raises(ccxt.ExchangeError, match=r"110072|170141"):
        exchange.create_order(symbol, "limit", "buy", 0.01, 77_000, params=params)


@BOTH
def test_a_market_order_walks_the_book(exchange: Any, symbol: str) -> None:
    order = exchange.create_order(symbol, "market", "buy", 0.75, params=named())
    told = known(exchange, order, symbol)
    assert (told["status"], told["filled"]) == ("closed", 0.75)
    assert told["average"] == pytest.approx((ASK * 0.5 + (ASK + 0.1) * 0.25) / 0.75)
    trades = exchange.fetch_order_trades(order["id"], symbol)
    assert [trade["amount"] for trade in trades] == [0.5, 0.25]
    assert trades[0]["takerOrMaker"] == "taker"
    cost = 0.5 * ASK * 0.00055 if symbol == SWAP else 0.5 * 0.001
    assert trades[0]["fee"]["cost"] == pytest.approx(cost)
    assert trades[0]["fee"]["currency"] == ("USDT" if symbol == SWAP else "BTC")


def test_a_spot_purchase_may_go_by_cost(exchange: Any) -> None:
    order = exchange.create_market_buy_order_with_cost(SPOT, 3_900)
    told = known(exchange, order, SPOT)
    assert told["cost"] == pytest.approx(3_900, rel=1e-3)
    assert told["filled"] == pytest.approx(0.05, rel=1e-3)


@BOTH
def test_an_ioc_order_ends_with_what_it_could_not_take(exchange: Any, symbol: str) -> None:
    params = {"timeInForce": "IOC", **named()}
    order = exchange.create_order(symbol, "limit", "buy", 0.8, ASK, params=params)
    told = known(exchange, order, symbol)
    assert told["filled"] == 0.5
    assert told["info"]["orderStatus"] == (
        "Cancelled" if symbol == SWAP else "PartiallyFilledCanceled"
    )


@BOTH
def test_a_fok_order_fills_whole_or_is_cancelled(exchange: Any, symbol: str) -> None:
    params = {"timeInForce": "FOK"}
    order = exchange.create_order(symbol, "limit", "buy", 0.8, ASK, params=params)
    told = known(exchange, order, symbol)
    assert (told["status"], told["filled"]) == ("canceled", 0)
    assert told["info"]["rejectReason"] == "EC_NoEnoughQtyToFill"
    order = exchange.create_order(symbol, "limit", "buy", 0.4, ASK, params=params)
    assert known(exchange, order, symbol)["filled"] == 0.4


@BOTH
def test_a_post_only_order_that_would_take_is_cancelled(exchange: Any, symbol: str) -> None:
    params = {"postOnly": True}
    order = exchange.create_order(symbol, "limit", "buy", 0.1, ASK, params=params)
    told = known(exchange, order, symbol)
    assert (told["status"], told["filled"]) == ("canceled", 0)
    assert told["info"]["rejectReason"] == "EC_PostOnlyWillTakeLiquidity"
    order = exchange.create_order(symbol, "limit", "buy", 0.1, BID, params=params)
    assert known(exchange, order, symbol)["status"] == "open"


@BOTH
def test_a_partial_fill_leaves_the_rest_in_the_book(
    exchange: Any, venues: RunningVenues, symbol: str
) -> None:
    order = exchange.create_order(symbol, "limit", "buy", 2, 77_999.9, params=named())
    venues.trade(BYBIT, KEYS[symbol], 77_999.0, 0.5, Side.SELL)
    told = known(exchange, order, symbol)
    assert (told["filled"], told["remaining"], told["status"]) == (0.5, 1.5, "open")
    (trade,) = exchange.fetch_order_trades(order["id"], symbol)
    assert trade["takerOrMaker"] == "maker"


def test_reduce_only_closes_and_never_opens(exchange: Any) -> None:
    params = {"reduceOnly": True}
    with pytest.raises(ccxt.ExchangeError, match="110017"):
        exchange.create_order(SWAP, "market", "sell", 0.1, params=params)
    exchange.create_order(SWAP, "market", "buy", 0.1)
    (position,) = exchange.fetch_positions([SWAP])
    assert (position["side"], position["contracts"]) == ("long", 0.1)
    assert position["entryPrice"] == ASK
    assert position["initialMargin"] == pytest.approx(0.1 * ASK / 5)
    exchange.create_order(SWAP, "market", "sell", 0.3, params=params)
    assert exchange.fetch_positions() == []


@BOTH
def test_what_cannot_be_paid_is_refused(exchange: Any, symbol: str) -> None:
    with pytest.raises(ccxt.InsufficientFunds):
        exchange.create_order(symbol, "limit", "buy", 1_000, 77_000)


def test_what_breaks_a_rule_is_refused_by_its_code(exchange: Any) -> None:
    def placed(category: str, **params: str) -> None:
        terms = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "category": category}
        exchange.privatePostV5OrderCreate({**terms, "qty": "0.01", "price": "77000", **params})

    for category, code, broken in (
        ("linear", "10001", {"symbol": "NOPEUSDT"}),
        ("spot", "170121", {"symbol": "NOPEUSDT"}),
        ("linear", "110094", {"qty": "0.001"}),
        ("spot", "170140", {"qty": "0.00001"}),
        ("linear", "10001", {"qty": "0.0015"}),
        ("spot", "170137", {"qty": "0.000015"}),
        ("linear", "10001", {"price": "77000.05"}),
        ("spot", "170134", {"price": "77000.05"}),
        ("linear", "110003", {"price": "90000"}),
        ("linear", "10001", {"positionIdx": "1"}),
        ("spot", "170117", {"side": "Left"}),
        ("inverse", "10001", {}),
    ):
        with pytest.raises(ccxt.BaseError, match=code):
            placed(category, **broken)


def test_a_bad_signature_or_key_or_clock_is_refused(venues: RunningVenues) -> None:
    forger = pointed_at(ccxt.bybit({**SETTINGS, "secret": "wrong"}), venues)
    with pytest.raises(ccxt.AuthenticationError, match="10004"):
        forger.fetch_balance()
    stranger = pointed_at(ccxt.bybit({**SETTINGS, "apiKey": "other"}), venues)
    with pytest.raises(ccxt.AuthenticationError, match="10003"):
        stranger.fetch_balance()
    late = pointed_at(ccxt.bybit(SETTINGS), venues)
    late.options["timeDifference"] = 61_000
    with pytest.raises(ccxt.InvalidNonce, match="10002"):
        late.fetch_balance()
