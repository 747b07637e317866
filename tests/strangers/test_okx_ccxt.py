"""ccxt trades on the OKX simulator, unmodified but for its URLs.

One option is set: `enableRateLimit` is off, since ccxt would sleep between requests.
"""

from collections.abc import Iterator
from typing import Any

import ccxt
import pytest
from okx_strangers import (
    ASK,
    BID,
    SETTINGS,
    SWAP_SYMBOL,
    SYMBOL,
    freshen,
    named,
    okx_running,
    pointed_at,
)
from sim_venues import RunningVenues

from arbitrage.domain.sides import Side
from arbitrage.sim.listings import OKX


@pytest.fixture(scope="module")
def venues() -> Iterator[RunningVenues]:
    with okx_running() as venues:
        yield venues


@pytest.fixture(autouse=True)
def _fresh(venues: RunningVenues) -> None:
    freshen(venues)


@pytest.fixture(scope="module")
def exchange(venues: RunningVenues) -> Any:
    exchange = pointed_at(ccxt.okx(SETTINGS), venues)
    exchange.load_markets()
    return exchange


# --- the market ----------------------------------------------------------------------------------


def test_markets_and_their_rules_are_read(exchange: Any) -> None:
    spot, swap = exchange.markets[SYMBOL], exchange.markets[SWAP_SYMBOL]
    assert (spot["id"], spot["type"]) == ("BTC-USDT", "spot")
    assert spot["precision"] == {"amount": 0.00001, "price": 0.1}
    assert (swap["id"], swap["linear"], swap["contractSize"]) == ("BTC-USDT-SWAP", True, 0.01)
    assert swap["precision"] == {"amount": 0.1, "price": 0.1}
    assert exchange.currencies["BTC"]["withdraw"] is True
    assert exchange.fetch_time() > 1_700_000_000_000
    assert exchange.fetch_status()["status"] == "ok"


@pytest.mark.parametrize(("symbol", "qty"), [(SYMBOL, 0.5), (SWAP_SYMBOL, 50.0)])
def test_books_and_tickers_are_read(exchange: Any, symbol: str, qty: float) -> None:
    book = exchange.fetch_order_book(symbol, 20)
    assert book["bids"][0][:2] == [BID, qty]
    assert book["asks"][0][:2] == [ASK, qty]
    assert len(book["asks"]) == 20
    assert exchange.fetch_ticker(symbol)["ask"] == ASK
    assert exchange.fetch_tickers([symbol])[symbol]["bid"] == BID


def test_funding_and_marks_are_read(exchange: Any) -> None:
    funding = exchange.fetch_funding_rate(SWAP_SYMBOL)
    assert funding["fundingTimestamp"] % (8 * 3_600_000) == 0
    assert funding["interval"] == "8h"
    assert exchange.fetch_mark_price(SWAP_SYMBOL)["markPrice"] == pytest.approx((BID + ASK) / 2)
    assert exchange.fetch_funding_rate_history(SWAP_SYMBOL) == []


def test_public_trades_are_read(exchange: Any, venues: RunningVenues) -> None:
    venues.trade(OKX, "BTC-USDT", BID, 0.125, Side.SELL)
    trade = exchange.fetch_trades(SYMBOL)[-1]
    assert (trade["price"], trade["amount"], trade["side"]) == (BID, 0.125, "sell")


# --- the account ---------------------------------------------------------------------------------


def test_the_balance_is_funded(exchange: Any) -> None:
    balance = exchange.fetch_balance()
    assert balance["USDT"]["total"] == pytest.approx(1_000_000, rel=0.01)
    assert balance["USDT"]["free"] == balance["USDT"]["total"]
    assert balance["BTC"]["total"] == pytest.approx(13, rel=0.1)
    assert "USDT" not in exchange.fetch_balance({"type": "funding"})


def test_the_fee_is_the_accounts_own(exchange: Any) -> None:
    assert exchange.fetch_trading_fee(SYMBOL)["taker"] == 0.001
    swap = exchange.fetch_trading_fee(SWAP_SYMBOL)
    assert (swap["taker"], swap["maker"]) == (0.0005, 0.0002)


def test_leverage_is_set_and_frees_margin(exchange: Any) -> None:
    exchange.create_order(SWAP_SYMBOL, "limit", "buy", 10, 75_000)
    used = exchange.fetch_balance()["USDT"]["used"]
    exchange.set_leverage(50, SWAP_SYMBOL)
    order = exchange.create_order(SWAP_SYMBOL, "limit", "buy", 10, 75_000)
    assert exchange.fetch_balance()["USDT"]["used"] < used * 1.5
    assert exchange.fetch_order(order["id"], SWAP_SYMBOL)["info"]["lever"] == "50"
    assert exchange.fetch_leverage(SWAP_SYMBOL)["longLeverage"] == 50
    exchange.set_leverage(5, SWAP_SYMBOL)


def test_one_position_per_symbol_is_what_there_is(exchange: Any) -> None:
    assert exchange.fetch_position_mode()["hedged"] is False
    assert exchange.set_position_mode(False)["code"] == "0"
    with pytest.raises(ccxt.ExchangeError, match="59000"):
        exchange.set_position_mode(True)


# --- orders --------------------------------------------------------------------------------------


def test_a_limit_order_rests_locks_and_is_cancelled(exchange: Any) -> None:
    free = exchange.fetch_balance()["USDT"]["free"]
    order = exchange.create_order(SYMBOL, "limit", "buy", 0.01, 77_000, params=named())
    assert exchange.fetch_order(order["id"], SYMBOL)["status"] == "open"
    assert exchange.fetch_balance()["USDT"]["free"] == pytest.approx(free - 770)
    assert [each["id"] for each in exchange.fetch_open_orders(SYMBOL)] == [order["id"]]
    exchange.cancel_order(order["id"], SYMBOL)
    assert exchange.fetch_order(order["id"], SYMBOL)["status"] == "canceled"
    assert exchange.fetch_balance()["USDT"]["free"] == pytest.approx(free)
    assert order["id"] in [each["id"] for each in exchange.fetch_canceled_orders(SYMBOL)]
    with pytest.raises(ccxt.OrderNotFound, match="51400"):
        exchange.cancel_order(order["id"], SYMBOL)


def test_an_order_is_found_and_cancelled_by_its_client_id(exchange: Any) -> None:
    params = named()
    order = exchange.create_order(SYMBOL, "limit", "sell", 0.01, 79_000, params=params)
    found = exchange.fetch_order("", SYMBOL, params)
    assert (found["id"], found["clientOrderId"]) == (order["id"], params["clOrdId"])
    exchange.cancel_order("", SYMBOL, params)
    assert exchange.fetch_order("", SYMBOL, params)["status"] == "canceled"
    with pytest.raises(ccxt.OrderNotFound, match="51603"):
        exchange.fetch_order("", SYMBOL, named())


def test_a_client_id_comes_back_only_when_its_order_is_closed(exchange: Any) -> None:
    params = named()
    exchange.create_order(SYMBOL, "limit", "buy", 0.01, 77_000, params=params)
    with pytest.raises(ccxt.InvalidOrder, match="51016"):
        exchange.create_order(SYMBOL, "limit", "buy", 0.01, 77_000, params=params)
    exchange.cancel_order("", SYMBOL, params)
    exchange.create_order(SYMBOL, "limit", "buy", 0.01, 77_000, params=params)


def test_a_spot_purchase_walks_the_book_and_pays_in_the_coin(exchange: Any) -> None:
    order = exchange.create_order(SYMBOL, "market", "buy", 0.75, params=named())
    known = exchange.fetch_order(order["id"], SYMBOL)
    assert (known["status"], known["filled"]) == ("closed", 0.75)
    assert known["average"] == pytest.approx((ASK * 0.5 + (ASK + 0.1) * 0.25) / 0.75)
    assert known["fee"]["currency"] == "BTC"
    assert known["fee"]["cost"] == pytest.approx(0.00075)
    trades = exchange.fetch_order_trades(order["id"], SYMBOL)
    assert [trade["amount"] for trade in trades] == [0.5, 0.25]
    assert trades[0]["takerOrMaker"] == "taker"
    exchange.create_order(SYMBOL, "market", "sell", 0.5)


def test_a_market_order_by_cost_spends_no_more(exchange: Any) -> None:
    order = exchange.create_market_buy_order_with_cost(SYMBOL, 7_800.01)
    known = exchange.fetch_order(order["id"], SYMBOL)
    assert known["status"] == "closed"
    assert 0.0999 < known["filled"] <= 0.1
    assert known["filled"] * known["average"] <= 7_800.01


def test_a_swap_is_counted_in_contracts(exchange: Any) -> None:
    order = exchange.create_order(SWAP_SYMBOL, "market", "buy", 75, params=named())
    known = exchange.fetch_order(order["id"], SWAP_SYMBOL)
    assert (known["status"], known["filled"]) == ("closed", 75)
    trades = exchange.fetch_my_trades(SWAP_SYMBOL, params={"ordId": order["id"]})
    assert [trade["amount"] for trade in trades] == [50, 25]
    assert trades[0]["fee"]["cost"] == pytest.approx(0.5 * ASK * 0.0005)
    (position,) = exchange.fetch_positions([SWAP_SYMBOL])
    assert (position["side"], position["contracts"]) == ("long", 75)
    assert position["initialMargin"] == pytest.approx(0.75 * known["average"] / 5)


@pytest.mark.parametrize(("symbol", "qty", "most"), [(SYMBOL, 0.8, 0.5), (SWAP_SYMBOL, 80, 50)])
def test_an_ioc_order_ends_with_what_it_could_not_take(
    exchange: Any, symbol: str, qty: float, most: float
) -> None:
    params = {"timeInForce": "IOC", **named()}
    order = exchange.create_order(symbol, "limit", "buy", qty, ASK, params=params)
    known = exchange.fetch_order(order["id"], symbol)
    assert (known["filled"], known["status"]) == (most, "canceled")
    assert known["info"]["cancelSource"] == "14"


def test_a_fok_order_fills_whole_or_is_cancelled(exchange: Any) -> None:
    params = {"timeInForce": "FOK", **named()}
    order = exchange.create_order(SYMBOL, "limit", "buy", 0.8, ASK, params=params)
    known = exchange.fetch_order(order["id"], SYMBOL)
    assert (known["filled"], known["status"]) == (0, "canceled")
    assert known["info"]["cancelSource"] == "13"
    order = exchange.create_order(SYMBOL, "limit", "buy", 0.4, ASK, params=params)
    assert exchange.fetch_order(order["id"], SYMBOL)["filled"] == 0.4


def test_a_post_only_order_that_would_take_is_cancelled(exchange: Any) -> None:
    order = exchange.create_order(
        SYMBOL, "limit", "buy", 0.1, ASK, params={"postOnly": True, **named()}
    )
    known = exchange.fetch_order(order["id"], SYMBOL)
    assert (known["filled"], known["status"]) == (0, "canceled")
    assert known["info"]["cancelSource"] == "31"
    order = exchange.create_order(
        SYMBOL, "limit", "buy", 0.1, BID, params={"postOnly": True, **named()}
    )
    known = exchange.fetch_order(order["id"], SYMBOL)
    assert (known["status"], known["postOnly"]) == ("open", True)


def test_a_partial_fill_leaves_the_rest_in_the_book(exchange: Any, venues: RunningVenues) -> None:
    order = exchange.create_order(SYMBOL, "limit", "buy", 2, 77_999.9, params=named())
    venues.trade(OKX, "BTC-USDT", 77_999.0, 0.5, Side.SELL)
    known = exchange.fetch_order(order["id"], SYMBOL)
    assert (known["filled"], known["remaining"], known["status"]) == (0.5, 1.5, "open")
    (trade,) = exchange.fetch_order_trades(order["id"], SYMBOL)
    assert trade["takerOrMaker"] == "maker"


def test_reduce_only_closes_and_never_opens(exchange: Any) -> None:
    params = {"reduceOnly": True}
    with pytest.raises(ccxt.ExchangeError, match="51169"):
        exchange.create_order(SWAP_SYMBOL, "market", "sell", 10, params=params)
    exchange.create_order(SWAP_SYMBOL, "market", "buy", 10)
    exchange.create_order(SWAP_SYMBOL, "market", "sell", 30, params=params)
    assert exchange.fetch_positions([SWAP_SYMBOL]) == []


def test_several_orders_go_in_one_request(exchange: Any) -> None:
    wanted = [
        {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.01, "price": price}
        for price in (77_000, 77_100)
    ]
    orders = exchange.create_orders(wanted)
    assert len(exchange.fetch_open_orders(SYMBOL)) == 2
    exchange.cancel_orders([order["id"] for order in orders], SYMBOL)
    assert exchange.fetch_open_orders(SYMBOL) == []


def test_the_dead_mans_switch_is_set_and_ended(exchange: Any) -> None:
    (told,) = exchange.cancel_all_orders_after(10_000)["data"]
    assert int(told["triggerTime"]) - int(told["ts"]) == 10_000


def test_what_cannot_be_paid_for_is_refused(exchange: Any) -> None:
    with pytest.raises(ccxt.InsufficientFunds, match="51008"):
        exchange.create_order(SYMBOL, "limit", "buy", 1_000, 77_000)
    with pytest.raises(ccxt.InsufficientFunds, match="51008"):
        exchange.create_order(SWAP_SYMBOL, "limit", "buy", 1_000_000, 77_000)


def test_what_breaks_a_rule_is_refused_by_its_code(exchange: Any) -> None:
    def placed(**params: str) -> None:
        terms = {"instId": "BTC-USDT", "side": "buy", "ordType": "limit", "tdMode": "cash"}
        exchange.privatePostTradeOrder({**terms, "sz": "0.01", "px": "77000", **params})

    for code, broken in {
        "51001": {"instId": "NOPE-USDT"},
        "51020": {"sz": "0.000001"},
        "51121": {"sz": "0.0100001"},
        "51000": {"sz": "-1"},
        "51150": {"px": "77000.05"},
        "51006": {"px": "90000"},
        "50014": {"tdMode": ""},
        "51204": {"px": ""},
    }.items():
        with pytest.raises(ccxt.BaseError, match=code):
            placed(**broken)


def test_a_bad_signature_or_key_or_clock_is_refused(venues: RunningVenues) -> None:
    for broken, code in (
        ({"secret": "wrong"}, "50113"),
        ({"apiKey": "other"}, "50111"),
        ({"password": "other"}, "50105"),
    ):
        stranger = pointed_at(ccxt.okx({**SETTINGS, **broken}), venues)
        stranger.markets = {}
        with pytest.raises(ccxt.AuthenticationError, match=code):
            stranger.fetch_balance()
    late = pointed_at(ccxt.okx(SETTINGS), venues)
    late.markets = {}
    late.options["timeDifference"] = 61_000
    with pytest.raises(ccxt.InvalidNonce, match="50102"):
        late.fetch_balance()
