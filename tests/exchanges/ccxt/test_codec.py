"""ccxt's calls as requests, its dicts as events."""

from decimal import Decimal as D
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError, MalformedData, OrderRefused
from arbitrage.domain.events import BookQuote, BookSnapshot, FundingPayment, MarketTrade
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.intents import CancelOrder, PlaceOrder, Purpose, QueryOrder, TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.ccxt import facts
from arbitrage.exchanges.ccxt.codec import CcxtCodec
from arbitrage.exchanges.ccxt.orders import Abilities
from arbitrage.exchanges.order_gateway import Answer, Channel, Lane, Request

MARKET = {
    "symbol": "BTC/KRW",
    "base": "BTC",
    "quote": "KRW",
    "spot": True,
    "price_step": "1000",
    "amount_step": "0.0001",
    "taker": "0.0005",
}
SWAP = {**MARKET, "symbol": "A/B:B", "spot": False, "swap": True, "linear": True, "taker": None}
SWAP |= {"base": "A", "quote": "B", "settle": "B"}
ABILITIES = Abilities(conditions=frozenset({TimeInForce.IOC}))
WATCHES = {Channel.BOOK: "watch_book", Channel.QUOTE: "watch_quotes"}
PLACE = PlaceOrder(
    client_id="s1",
    venue="ccxt:x",
    symbol="BTC/KRW",
    side=Side.BUY,
    qty=D("0.5"),
    price=D(108_000_000),
)
CANCEL = CancelOrder(client_id="s1", venue="ccxt:x", symbol="BTC/KRW")
QUERY = QueryOrder(client_id="s1", venue="ccxt:x", symbol="BTC/KRW")
TS = 7


@pytest.fixture
def codec() -> CcxtCodec:
    return made()


def made(**changes: Any) -> CcxtCodec:
    settings: dict[str, Any] = {"abilities": ABILITIES, "has_keys": True, "watches": WATCHES}
    codec = CcxtCodec("x", **{**settings, **changes})
    codec.instruments(answer([MARKET, SWAP]))
    return codec


def answer(value: Any) -> Answer:
    return Answer(200, msgspec.json.encode(value))


def arguments(request: Request) -> Any:
    return msgspec.json.decode(request.body)


# --- the market ---------------------------------------------------------------------------------


def test_the_market_is_asked_for_by_call(codec: CcxtCodec) -> None:
    assert codec.venue == "ccxt:x"
    assert codec.instruments_request().target == "markets"
    request = codec.book_request("BTC/KRW")
    assert (request.method, request.target, request.lane) == ("GET", "book", Lane.MARKET)
    assert arguments(request) == {"symbol": "BTC/KRW"}
    assert codec.time_request().target == "time_ms"
    assert codec.time_ns(answer(1_795_000_000_000)) == 1_795_000_000_000_000_000


def test_fees_are_ccxts_or_must_be_given(codec: CcxtCodec) -> None:
    assert codec.fees("BTC/KRW") == FeeSchedule(taker_bps=5.0, maker_bps=5.0)
    for symbol in ("A/B:B", "nothing"):
        with pytest.raises(ConfigError, match="does not tell fees"):
            codec.fees(symbol)


def test_a_book_is_a_snapshot_without_padding(codec: CcxtCodec) -> None:
    body = {"call": "book", "symbol": "BTC/KRW", "bids": [[2.0, 1.0], [0.0, 0.0]], "asks": [[3, 0]]}
    book = codec.book("BTC/KRW", answer(body), TS)
    assert book == BookSnapshot(TS, "ccxt:x", "BTC/KRW", [(2.0, 1.0)], [])
    assert codec.decode(answer(body).body, TS) == (book,)


def test_a_crossed_book_names_itself(codec: CcxtCodec) -> None:
    body = {"call": "book", "symbol": "BTC/KRW", "bids": [[3.0, 1.0]], "asks": [[3.0, 1.0]]}
    with pytest.raises(MalformedData, match="at or above") as told:
        codec.decode(answer(body).body, TS)
    assert told.value.symbol == "BTC/KRW"


def test_quotes_and_trades_are_events(codec: CcxtCodec) -> None:
    whole = {"bid": 1.0, "bidVolume": 2.0, "ask": 3.0, "askVolume": 4.0}
    quotes = {"call": "quotes", "quotes": {"A": whole, "B": {**whole, "askVolume": None}}}
    assert codec.decode(answer(quotes).body, TS) == [
        BookQuote(TS, "ccxt:x", "A", 1.0, 2.0, 3.0, 4.0)
    ]
    known = {"price": 1.0, "amount": 2.0, "side": "sell"}
    trades = {"call": "trades", "symbol": "A", "trades": [known, {**known, "side": None}]}
    assert codec.decode(answer(trades).body, TS) == [
        MarketTrade(TS, "ccxt:x", "A", 1.0, 2.0, Side.SELL)
    ]


def test_quotes_are_watched_together_and_books_one_by_one(codec: CcxtCodec) -> None:
    texts = codec.subscribe(["A", "B"], [Channel.BOOK, Channel.QUOTE])
    assert [msgspec.json.decode(text) for text in texts] == [
        {"watch": "watch_book", "symbols": ["A"]},
        {"watch": "watch_book", "symbols": ["B"]},
        {"watch": "watch_quotes", "symbols": ["A", "B"]},
    ]
    with pytest.raises(ConfigError, match="no stream of trades"):
        codec.subscribe(["A"], [Channel.TRADES])


@given(st.binary(max_size=60))
def test_no_message_raises_anything_but_malformed_data(data: bytes) -> None:
    codec = CcxtCodec("x")
    for decode in (codec.decode, codec.decode_private):
        with pytest.raises(MalformedData):
            decode(data, TS)


# --- orders -------------------------------------------------------------------------------------


def test_an_order_is_a_call_with_exact_text(codec: CcxtCodec) -> None:
    request = codec.place(PLACE, TS)
    assert (request.method, request.target, request.lane) == ("POST", "create_order", Lane.ENTRY)
    assert arguments(request)["amount"] == "0.5"
    hedge = msgspec.structs.replace(PLACE, client_id="s2", purpose=Purpose.HEDGE)
    assert codec.place(hedge, TS).lane is Lane.URGENT
    with pytest.raises(ConfigError, match="does not trade 'X'"):
        codec.place(msgspec.structs.replace(PLACE, symbol="X"), TS)


def test_an_order_goes_by_the_venues_id_once_it_is_known(codec: CcxtCodec) -> None:
    codec.place(PLACE, TS)
    named = {"symbol": "BTC/KRW", "client_id": "s1", "id": ""}
    assert arguments(codec.query(QUERY, TS)) == named
    with pytest.raises(OrderRefused, match="not known yet"):
        codec.cancel(CANCEL, TS)
    assert arguments(made(can_cancel_by_client_id=True).cancel(CANCEL, TS)) == named
    reply = {"id": "v1", "client_id": "s1", "symbol": "BTC/KRW", "status": "open", "filled": "0"}
    assert codec.outcome(PLACE, answer(reply), TS).status is OrderStatus.OPEN
    request = codec.cancel(CANCEL, TS)
    assert (request.target, request.lane, arguments(request)["id"]) == (
        *("cancel_order", Lane.URGENT, "v1"),
    )
    assert codec.canceled(CANCEL, answer(None), TS).status is OrderStatus.IN_DOUBT
    assert codec.queried(QUERY, answer(None), TS) is None


def test_lists_are_asked_for_by_symbol_and_time(codec: CcxtCodec) -> None:
    assert arguments(codec.open_orders_request("BTC/KRW", TS)) == {"symbol": "BTC/KRW"}
    request = codec.orders_since_request("BTC/KRW", 5_000_000, TS)
    assert arguments(request) == {
        "symbol": "BTC/KRW",
        "since_ms": 5,
        "limit": facts.ORDERS_PER_LIST,
    }
    assert codec.open_orders(answer([]), TS) == []


def test_pushes_are_words_about_orders_and_funding() -> None:
    codec = made(perpetuals=["A/B:B"])
    (text,) = codec.subscribe_private(["poll_funding"], 1_000)
    assert msgspec.json.decode(text) == {"watch": "poll_funding", "symbols": ["A/B:B"]}
    order = {"id": "v1", "client_id": "s1", "symbol": "A/B:B", "status": "open", "filled": "0"}
    frame = answer({"call": "orders", "orders": [order]}).body
    (update,) = codec.decode_private(frame, TS)
    assert (update.client_id, update.status) == ("s1", OrderStatus.OPEN)  # type: ignore[union-attr]
    paid = {"id": "1", "symbol": "A/B:B", "currency": "B", "amount": "-1", "time_ms": 2_000}
    frame = answer({"call": "funding", "payments": [paid]}).body
    assert codec.decode_private(frame, TS) == [FundingPayment(TS, "ccxt:x", "A/B:B", "B", D(-1))]
    assert codec.decode_private(frame, TS) == []


def test_the_account_is_asked_for_with_the_positions_that_are_traded() -> None:
    codec = made(perpetuals=["A/B:B"])
    assert arguments(codec.account_request(TS)) == {"perpetuals": ["A/B:B"]}
    body = {"balances": {"B": {"total": "5"}}, "positions": []}
    assert codec.account(answer(body)).balances == {"B": 5}
    assert codec.fee_request("BTC/KRW", TS).target == "fee"
    assert codec.position_mode_request("A/B:B").target == "position_mode"


def test_without_keys_nothing_private_is_asked_for() -> None:
    codec = made(has_keys=False)
    for ask in (
        lambda: codec.place(PLACE, TS),
        lambda: codec.cancel(CANCEL, TS),
        lambda: codec.query(QUERY, TS),
        lambda: codec.open_orders_request("BTC/KRW", TS),
        lambda: codec.account_request(TS),
    ):
        with pytest.raises(ConfigError, match="no keys were given"):
            ask()


def test_being_told_to_stay_away_blocks_the_budget(codec: CcxtCodec) -> None:
    assert codec.budgets(answer(None)) == []
    (reading,) = codec.budgets(Answer(facts.TOO_MANY_REQUESTS, b"{}"), "account")
    assert (reading.name, reading.retry_after_ns) == (facts.BUDGET, facts.STAY_AWAY_NS)
