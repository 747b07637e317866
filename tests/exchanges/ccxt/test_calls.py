"""What is asked of ccxt, and what is kept: text for money, floats for books, trades for costs."""

import asyncio
from typing import Any

import msgspec
import pytest
from exchanges.ccxt.fake import FakeExchange, order, trade

from arbitrage.exchanges.ccxt import calls, facts
from arbitrage.exchanges.ccxt.calls import CALLS, WATCHES
from arbitrage.exchanges.ccxt.facts import UNKNOWN, Dialect

BY_CLIENT_ID = Dialect(client_id_param="identifier")
FETCHES: dict[str, Any] = {"fetchOrder": True}
FIND = {"symbol": "BTC/KRW", "client_id": "s00000001", "id": "cdd9"}


def make(call: str, exchange: FakeExchange, args: Any, dialect: Dialect = UNKNOWN) -> Any:
    kept = asyncio.run(CALLS[call](exchange, dialect, args))  # type: ignore[arg-type]
    msgspec.json.encode(kept)  # it is plain JSON
    return kept


def watch(name: str, exchange: FakeExchange, symbols: list[str]) -> Any:
    return asyncio.run(WATCHES[name](exchange, symbols))  # type: ignore[arg-type]


# --- the market ---------------------------------------------------------------------------------


def test_markets_are_kept_as_text() -> None:
    exchange = FakeExchange()
    exchange.markets = {
        "BTC/KRW": {
            "symbol": "BTC/KRW",
            "spot": True,
            "precision": {"price": "0.1", "amount": "1e-8"},
            "limits": {"amount": {"min": "0.001", "max": None}, "cost": None},
            "taker": "0.0005",
            "contractSize": None,
            "info": {"anything": object()},
        }
    }
    (kept,) = make("markets", exchange, {})
    assert (kept["price_step"], kept["amount_step"]) == ("0.1", "1e-8")
    assert (kept["min_amount"], kept["max_amount"], kept["min_cost"]) == ("0.001", None, None)
    assert (kept["taker"], kept["maker"], kept["contractSize"]) == ("0.0005", None, None)
    assert "info" not in kept


@pytest.mark.parametrize(("mode", "step"), [(2, "0.001"), (3, None), (4, "3")])
def test_a_step_is_read_as_ccxt_means_it(mode: int, step: str | None) -> None:
    exchange = FakeExchange()
    exchange.precisionMode = mode
    exchange.markets = {"A/B": {"precision": {"price": "3"}}}
    (kept,) = make("markets", exchange, {})
    assert (kept["price_step"], kept["amount_step"]) == (step, None)


def test_a_book_is_sorted_as_numbers_even_if_ccxt_sorted_text() -> None:
    book = {"bids": [["99", "1"], ["100.5", "2"]], "asks": [["1000", "3"], ["101", "4"]]}
    kept = make("book", FakeExchange(fetch_order_book=book), {"symbol": "A/B"})
    assert kept["bids"] == [(100.5, 2.0), (99.0, 1.0)]
    assert kept["asks"] == [(101.0, 4.0), (1000.0, 3.0)]


def test_a_deep_book_is_cut() -> None:
    side = [[float(price), 1.0, 7] for price in range(1, 200)]
    kept = make(
        "book", FakeExchange(fetch_order_book={"bids": side, "asks": side}), {"symbol": "A"}
    )
    assert len(kept["bids"]) == len(kept["asks"]) == facts.BOOK_LEVELS
    assert (kept["bids"][0][0], kept["asks"][0][0]) == (199.0, 1.0)


def test_the_time_and_fees_are_asked_for() -> None:
    exchange = FakeExchange(
        fetch_time=1_795_000_000_000,
        fetch_trading_fee={"taker": "0.001", "maker": None},
        fetch_position_mode={"hedged": True},
    )
    exchange.markets = {"A/B": {"feeSide": "get"}, "A/B:B": {"feeSide": "get", "swap": True}}
    assert make("time_ms", exchange, {}) == 1_795_000_000_000
    assert make("fee", exchange, {"symbol": "A/B"}) == {
        "taker": "0.001",
        "maker": None,
        "feeSide": "get",
    }
    assert make("fee", exchange, {"symbol": "A/B:B"})["feeSide"] is None
    assert make("position_mode", exchange, {"symbol": "A/B:B"}) is True


def test_the_account_is_balances_and_the_positions_that_are_traded() -> None:
    balance = {"info": {}, "total": {"USDT": "10", "X": None}, "USDT": {"free": "9", "used": "1"}}
    exchange = FakeExchange(
        fetch_balance=balance, fetch_positions=[{"symbol": "A/B:B", "side": "long"}]
    )
    exchange.markets = {"A/B:B": {"settle": "B"}}
    kept = make("account", exchange, {"perpetuals": ["A/B:B"]}, Dialect(total_has_pnl=True))
    assert kept["balances"]["USDT"] == {"free": "9", "used": "1", "total": None}
    assert kept["balances"]["X"] == {"free": None, "used": None, "total": None}
    assert kept["positions"][0]["settle"] == "B"
    assert kept["total_has_pnl"]
    assert make("account", exchange, {"perpetuals": []})["positions"] == []


# --- orders -------------------------------------------------------------------------------------


def test_an_order_is_placed_with_text_alone() -> None:
    exchange = FakeExchange(create_order=order())
    args = {
        "symbol": "BTC/KRW",
        "type": "limit",
        "side": "buy",
        "amount": "0.00000001",
        "price": "108000000",
        "params": {"clientOrderId": "s00000001"},
    }
    kept = make("create_order", exchange, args)
    assert exchange.asked == [("create_order", *args.values())]
    assert (kept["id"], kept["client_id"], kept["filled"]) == ("cdd9", "s00000001", "0")
    assert "trades" not in kept


def test_an_order_is_cancelled_by_the_venues_id_else_by_ours() -> None:
    exchange = FakeExchange(cancel_order={})
    assert make("cancel_order", exchange, FIND, BY_CLIENT_ID) is None
    make("cancel_order", exchange, {**FIND, "id": ""}, BY_CLIENT_ID)
    assert exchange.asked == [
        ("cancel_order", "cdd9", "BTC/KRW", {}),
        ("cancel_order", "", "BTC/KRW", {"identifier": "s00000001"}),
    ]


def test_an_order_is_asked_for_by_the_venues_id_else_by_ours() -> None:
    exchange = FakeExchange(FETCHES, fetch_order=order())
    assert make("find_order", exchange, FIND)["trades"] == []
    make("find_order", exchange, {**FIND, "id": ""}, BY_CLIENT_ID)
    assert exchange.asked == [
        ("fetch_order", "cdd9", "BTC/KRW"),
        ("fetch_order", "", "BTC/KRW", {"identifier": "s00000001"}),
    ]


def test_an_order_is_looked_for_in_lists_where_it_cannot_be_asked_for() -> None:
    other = order(id="zz", clientOrderId=None)
    exchange = FakeExchange(
        {**FETCHES, "fetchClosedOrders": True, "fetchCanceledOrders": "emulated"},
        fetch_open_orders=[other],
        fetch_closed_orders=[other, order(status="canceled")],
    )
    assert make("find_order", exchange, {**FIND, "id": ""})["status"] == "canceled"
    assert make("find_order", exchange, {**FIND, "id": "", "client_id": "no"}) is None
    by_id = FakeExchange(fetch_open_orders=[order(clientOrderId=None)])
    assert make("find_order", by_id, FIND)["id"] == "cdd9"


FILLED = order(filled="0.5", status="closed")


def test_trades_that_the_order_holds_are_not_asked_for() -> None:
    whole = order(filled="0.5", trades=[trade()])
    kept = make("find_order", FakeExchange(FETCHES, fetch_order=whole), FIND)
    fees = [{"currency": "KRW", "cost": "27000"}]
    assert kept["trades"] == [{"id": "t1", "amount": "0.5", "cost": "54000000", "fees": fees}]


def test_trades_are_asked_for_where_the_order_does_not_hold_all() -> None:
    has = {**FETCHES, "fetchMyTrades": True}
    listed = [trade(order="zz"), trade(), trade(amount=None)]
    exchange = FakeExchange(has, fetch_order=FILLED, fetch_my_trades=listed)
    assert [one["amount"] for one in make("find_order", exchange, FIND)["trades"]] == ["0.5", None]
    assert exchange.asked[-1] == ("fetch_my_trades", "BTC/KRW", 1_794_999_000_000)


def test_the_trades_of_the_order_itself_are_the_last_resort() -> None:
    has = {**FETCHES, "fetchMyTrades": True, "fetchOrderTrades": True}
    exchange = FakeExchange(
        has, fetch_order=FILLED, fetch_my_trades=[], fetch_order_trades=[trade()]
    )
    assert len(make("find_order", exchange, FIND)["trades"]) == 1
    assert exchange.asked[-1] == ("fetch_order_trades", "cdd9", "BTC/KRW")


def test_fees_are_those_that_ccxt_did_not_leave_empty() -> None:
    for told in (
        {"fees": [], "fee": {"currency": "KRW", "cost": "1"}},
        {"fees": None, "fee": {"currency": "KRW", "cost": "1"}},
        {"fees": [{"currency": "KRW", "cost": "1"}, {"currency": None, "cost": None}]},
    ):
        kept = make("create_order", FakeExchange(create_order=order(**told)), _PLACE)
        assert kept["fees"] == [{"currency": "KRW", "cost": "1"}]


_PLACE = dict.fromkeys(("symbol", "type", "side", "amount", "price", "params"))


def test_lists_are_those_that_the_venue_has_itself() -> None:
    args = {"symbol": "BTC/KRW", "since_ms": 5, "limit": 100}
    one = FakeExchange({"fetchOrders": True}, fetch_orders=[order()])
    assert len(make("orders_since", one, args)) == 1
    assert one.asked == [("fetch_orders", "BTC/KRW", 5, 100)]
    two = FakeExchange(
        {"fetchOrders": "emulated", "fetchClosedOrders": True, "fetchCanceledOrders": True},
        fetch_closed_orders=[order()],
        fetch_canceled_orders=[order(id="b")],
    )
    assert [one["id"] for one in make("orders_since", two, args)] == ["cdd9", "b"]
    open_ = FakeExchange(fetch_open_orders=[order()])
    assert len(make("open_orders", open_, {"symbol": "BTC/KRW"})) == 1


# --- what is watched ----------------------------------------------------------------------------


def test_what_is_watched_is_named_and_trimmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_POLL_SECONDS", 0.0)
    monkeypatch.setattr(facts, "FUNDING_SECONDS", 0.0)
    book = {"bids": [[1.0, 2.0]], "asks": []}
    quote = {"bid": 1.0, "bidVolume": 2.0, "ask": 3.0, "askVolume": 4.0}
    public = {"price": 1.0, "amount": 2.0, "side": "buy"}
    payment = {"id": 7, "code": "USDT", "amount": "-1", "timestamp": 5, "info": {}}
    exchange = FakeExchange(
        watch_order_book=book,
        fetch_order_book=book,
        watch_bids_asks={"A/B": {**quote, "info": {}}},
        watch_trades=[{**public, "info": {}}],
        watch_orders=[order()],
        fetch_funding_history=[payment],
    )
    kept = {"call": "book", "symbol": "A/B", "bids": [(1.0, 2.0)], "asks": []}
    assert watch("watch_book", exchange, ["A/B"]) == kept
    assert watch("poll_book", exchange, ["A/B"]) == kept
    assert watch("watch_quotes", exchange, ["A/B"])["quotes"] == {"A/B": quote}
    assert watch("watch_trades", exchange, ["A/B"])["trades"] == [public]
    assert watch("watch_orders", exchange, [])["orders"][0]["id"] == "cdd9"
    assert watch("poll_funding", exchange, ["A/B"])["payments"] == [
        {"id": "7", "symbol": "A/B", "currency": "USDT", "amount": "-1", "time_ms": 5}
    ]
    assert exchange.asked[-1] == ("fetch_funding_history", "A/B", 1_794_996_400_000)
