"""One account's protocol: requests as ccxt sends them, answers by the venue's documentation."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import ccxt
import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError, MalformedData, OrderRefused, Unavailable
from arbitrage.domain.events import BalanceUpdate, BookSnapshot, OrderUpdate
from arbitrage.domain.intents import (
    CancelOrder,
    OrderType,
    PlaceOrder,
    Purpose,
    QueryOrder,
    TimeInForce,
)
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.bithumb.codec import BithumbCodec
from arbitrage.exchanges.order_gateway import Answer, Channel, Lane, Request, VenueCodec

NONCE = "b2f1e3f8-2dc1-4d6f-a838-c74c49b0e39a"
ACCESS_KEY = "a7Xd92LmQW3vBtRzYpMj5CxNKeT1HuVs0fFgJcAw"
SECRET_KEY = "not-a-secret-but-long-enough-for-a-signature"
NOW_NS = 1_763_800_000_000_000_000
FIELDS = ["market", "currency", "balance", "locked", "uuid", "state", "order_id", "error", "name"]
Answered = Callable[..., Answer]
Frame = Callable[[str], bytes]

CANCEL = CancelOrder(client_id="s00000001", venue="bithumb", symbol="KRW-BTC")
QUERY = QueryOrder(client_id="s00000001", venue="bithumb", symbol="KRW-BTC")


def order(**changes: Any) -> PlaceOrder:
    settings: dict[str, Any] = {
        "client_id": "s00000001",
        "venue": "bithumb",
        "symbol": "KRW-BTC",
        "side": Side.BUY,
        "qty": Decimal("0.02"),
        "price": Decimal(136_000_000),
    }
    return PlaceOrder(**{**settings, **changes})


def market(side: Side) -> PlaceOrder:
    return order(side=side, order_type=OrderType.MARKET, price=None)


def authorization_of(codec: BithumbCodec, query: str) -> str:
    assert codec._signer is not None
    return codec._signer.authorization(query, NOW_NS)


def test_the_codec_says_everything_that_a_native_venue_must() -> None:
    asked = {name for name in vars(VenueCodec) if not name.startswith("_")}
    assert asked <= set(vars(BithumbCodec))
    assert BithumbCodec.venue == "bithumb"


class Sent(Exception):
    """What ccxt was about to send."""

    def __init__(self, url: str, method: str, headers: Mapping[str, str], body: str | None) -> None:
        self.target = url.removeprefix("https://api.bithumb.com")
        self.method = method
        self.headers = dict(headers)
        self.body = (body or "").encode()


@pytest.fixture(scope="module")
def theirs() -> ccxt.bithumb:
    """ccxt with our keys, nonce and clock; it stops where it would send."""

    class Stopped(ccxt.bithumb):  # type: ignore[misc]
        def uuid(self) -> str:
            return NONCE

        def milliseconds(self) -> int:
            return NOW_NS // 1_000_000

        def fetch(self, url: str, method: str, headers: Any, body: Any) -> None:
            raise Sent(url, method, headers, body)

    exchange = Stopped({"apiKey": ACCESS_KEY, "secret": SECRET_KEY})
    listed = {
        "id": "KRW-BTC",
        "symbol": "BTC/KRW",
        "base": "BTC",
        "quote": "KRW",
        "baseId": "BTC",
        "quoteId": "KRW",
        "type": "spot",
        "spot": True,
        "active": True,
        "precision": {"amount": 4, "price": 4},
        "limits": {},
    }
    exchange.set_markets([listed])
    return exchange


def sent_by(call: Callable[..., object], *args: object, **kwargs: object) -> Sent:
    with pytest.raises(Sent) as sent:
        call(*args, **kwargs)
    return sent.value


def assert_same(request: Request, sent: Sent) -> None:
    assert (request.method, request.target) == (sent.method, sent.target)
    assert request.headers["Authorization"] == sent.headers["Authorization"]
    assert request.body == sent.body


class TestEqualToCcxt:
    """ccxt leaves the same freedom (the order of parameters) and makes the same use of it.

    It has no orders at the best price, and rounds prices to four significant digits; ours here
    have no more.
    """

    @pytest.mark.parametrize(
        ("condition", "params"),
        [
            (TimeInForce.GTC, {}),
            (TimeInForce.IOC, {"timeInForce": "IOC"}),
            (TimeInForce.FOK, {"timeInForce": "FOK"}),
            (TimeInForce.POST_ONLY, {"timeInForce": "PO"}),
        ],
    )
    @pytest.mark.parametrize("side", list(Side))
    def test_a_limit_order(
        self,
        codec: BithumbCodec,
        theirs: ccxt.bithumb,
        side: Side,
        condition: TimeInForce,
        params: dict[str, str],
    ) -> None:
        sent = sent_by(
            theirs.create_order,
            "BTC/KRW",
            "limit",
            side.value,
            0.02,
            136_000_000,
            {"clientOrderId": "s00000001", **params},
        )
        assert_same(codec.place(order(side=side, time_in_force=condition), NOW_NS), sent)

    def test_market_orders(self, codec: BithumbCodec, theirs: ccxt.bithumb) -> None:
        ids = {"clientOrderId": "s00000001"}
        sent = sent_by(theirs.create_order, "BTC/KRW", "market", "sell", 0.02, None, dict(ids))
        assert_same(codec.place(market(Side.SELL), NOW_NS), sent)
        by_cost = {**ids, "createMarketBuyOrderRequiresPrice": False}
        sent = sent_by(theirs.create_order, "BTC/KRW", "market", "buy", 500_000, None, by_cost)
        assert_same(codec.place_by_cost(market(Side.BUY), Decimal(500_000), NOW_NS), sent)

    def test_requests_by_client_id_and_for_the_account(
        self, codec: BithumbCodec, theirs: ccxt.bithumb
    ) -> None:
        by_id = {"client_order_id": "s00000001"}
        assert_same(codec.cancel(CANCEL, NOW_NS), sent_by(theirs.privateDeleteV2Order, by_id))
        assert_same(codec.query(QUERY, NOW_NS), sent_by(theirs.privateGetV1Order, by_id))
        assert_same(codec.account_request(NOW_NS), sent_by(theirs.privateGetV1Accounts))
        sent = sent_by(theirs.privateGetV1OrdersChance, {"market": "KRW-BTC"})
        assert_same(codec.terms_request("KRW-BTC", NOW_NS), sent)
        listed = {"market": "KRW-BTC", "state": "wait", "page": 1, "limit": 100, "order_by": "asc"}
        sent = sent_by(theirs.privateGetV1Orders, listed)
        assert_same(codec.open_orders_request("KRW-BTC", NOW_NS), sent)


class TestRequests:
    def test_an_order_is_json_and_its_hash_is_of_the_same_parameters(
        self, codec: BithumbCodec
    ) -> None:
        request = codec.place_at_best(order(side=Side.SELL), NOW_NS)
        assert (request.method, request.target) == ("POST", "/v2/orders")
        assert request.headers["Content-Type"] == "application/json; charset=utf-8"
        query = "&".join(f"{name}={value}" for name, value in json.loads(request.body).items())
        assert request.headers["Authorization"] == authorization_of(codec, query)
        bought = codec.place_at_best(order(), NOW_NS, Decimal(5000))
        assert json.loads(bought.body)["price"] == "5000"

    @pytest.mark.parametrize("purpose", list(Purpose))
    def test_what_makes_us_safe_has_its_own_lane(
        self, codec: BithumbCodec, purpose: Purpose
    ) -> None:
        is_entry = purpose in (Purpose.ENTRY, Purpose.MANUAL)
        expected = Lane.ENTRY if is_entry else Lane.URGENT
        assert codec.place(order(purpose=purpose), NOW_NS).lane is expected

    def test_cancels_are_urgent_and_questions_are_not(self, codec: BithumbCodec) -> None:
        assert codec.cancel(CANCEL, NOW_NS).lane is Lane.URGENT
        assert codec.query(QUERY, NOW_NS).lane is Lane.ACCOUNT
        assert codec.book_request("KRW-BTC").lane is Lane.MARKET

    def test_orders_are_asked_for_by_the_page(self, codec: BithumbCodec) -> None:
        request = codec.open_orders_request("", NOW_NS, page=2)
        assert request.target == "/v1/orders?state=wait&page=2&limit=100&order_by=asc"
        query = urlsplit(request.target).query
        assert request.headers["Authorization"] == authorization_of(codec, query)

    def test_orders_that_ended_are_asked_for_since_a_time(self, codec: BithumbCodec) -> None:
        request = codec.closed_orders_request("KRW-BTC", NOW_NS, NOW_NS + 1)
        query = "market=KRW-BTC&start_time=1763800000000&limit=1000&order_by=asc"
        assert request.target == f"/v2/orders/history?{query}"
        assert request.headers["Authorization"] == authorization_of(codec, query)
        assert request.lane is Lane.ACCOUNT
        assert codec.wallets_request(NOW_NS).target == "/v1/status/wallet"

    def test_the_private_stream_is_opened_with_a_token(self, codec: BithumbCodec) -> None:
        token = codec.private_headers(NOW_NS)["Authorization"].removeprefix("Bearer ")
        decoded = jwt.decode(token, SECRET_KEY, ["HS256"])
        assert decoded == {
            "access_key": ACCESS_KEY,
            "nonce": NONCE,
            "timestamp": NOW_NS // 1_000_000,
        }
        assert json.loads(codec.subscribe_private()[0])[1] == {"type": "myOrder"}

    def test_what_the_venue_has_not_is_not_sent(self, codec: BithumbCodec) -> None:
        with pytest.raises(OrderRefused):
            codec.place(market(Side.BUY), NOW_NS)

    def test_without_keys_market_data_works_and_nothing_private_does(self) -> None:
        public = BithumbCodec()
        assert public.book_request("KRW-BTC").headers == {}
        for private in (
            lambda: public.place(order(), NOW_NS),
            lambda: public.account_request(NOW_NS),
            lambda: public.private_headers(NOW_NS),
        ):
            with pytest.raises(ConfigError, match="no keys were given"):
                private()


class TestAnswers:
    def test_public_answers_and_frames_are_read(
        self, codec: BithumbCodec, answered: Answered, frame: Frame
    ) -> None:
        assert len(codec.instruments(answered("markets"))) == 2
        assert codec.book("KRW-BTC", answered("book_rest"), NOW_NS).asks[0][0] == 136_011_000.0
        (event,) = codec.decode(frame("book"), NOW_NS)
        assert isinstance(event, BookSnapshot)
        assert codec.instruments_request().target == "/v1/market/all"
        assert codec.documented_fees("KRW-BTC").taker_bps == 25.0
        assert len(codec.subscribe(["KRW-BTC"], [Channel.BOOK])) == 1

    def test_orders_are_read(self, codec: BithumbCodec, answered: Answered) -> None:
        placed = codec.outcome(order(), answered("order_placed", 201), NOW_NS)
        assert placed.status is OrderStatus.OPEN
        done = codec.queried(QUERY, answered("order_done"), NOW_NS)
        assert done is not None
        assert done.status is OrderStatus.FILLED
        taken = codec.canceled(CANCEL, answered("order_cancel_taken"), NOW_NS)
        assert taken.status is OrderStatus.OPEN
        assert len(codec.open_orders(answered("open_orders"), NOW_NS)) == 2
        assert len(codec.closed_orders(answered("history"), NOW_NS)) == 2

    def test_the_private_stream_is_read(self, codec: BithumbCodec, frame: Frame) -> None:
        (update,) = codec.decode_private(frame("my_order_trade"), NOW_NS)
        assert isinstance(update, OrderUpdate)
        balances = codec.decode_private(frame("my_asset"), NOW_NS)
        assert all(isinstance(balance, BalanceUpdate) for balance in balances)

    def test_an_account_is_totals_by_currency(
        self, codec: BithumbCodec, answered: Answered
    ) -> None:
        state = codec.account(answered("accounts"))
        assert state.balances == {"KRW": Decimal("1005000.75"), "BTC": Decimal("2.0")}
        assert state.positions == {}

    def test_the_dearer_side_sets_the_fee(self, codec: BithumbCodec, answered: Answered) -> None:
        terms = codec.terms(answered("chance"))
        assert (terms.fees.taker_bps, terms.fees.maker_bps) == (25.0, 4.0)
        assert (terms.min_notional, terms.max_notional) == (5000, 1_000_000_000)
        assert terms.is_active

    @pytest.mark.parametrize("fee", ['"1"', '"NaN"', '"-0.1"', '"x"'])
    def test_a_fee_that_cannot_be_is_refused(
        self, codec: BithumbCodec, frame: Frame, fee: str
    ) -> None:
        body = frame("chance").replace(b'"0.0025"', fee.encode())
        with pytest.raises(MalformedData):
            codec.terms(Answer(200, body))

    def test_a_market_that_is_not_active_is_said_so(
        self, codec: BithumbCodec, frame: Frame
    ) -> None:
        paused = frame("chance").replace(b'"active"', b'"preview"')
        assert not codec.terms(Answer(200, paused)).is_active

    @given(
        value=st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5)
            ),
            max_leaves=10,
        )
    )
    def test_any_json_ends_as_a_value_or_an_error_of_the_house(self, value: object) -> None:
        known = BithumbCodec()
        answer = Answer(200, json.dumps(value).encode())
        readers: list[Callable[[], object]] = [
            lambda: known.instruments(answer),
            lambda: known.book("KRW-BTC", answer, NOW_NS),
            lambda: known.queried(QUERY, answer, NOW_NS),
            lambda: known.outcome(order(), answer, NOW_NS),
            lambda: known.canceled(CANCEL, answer, NOW_NS),
            lambda: known.open_orders(answer, NOW_NS),
            lambda: known.closed_orders(answer, NOW_NS),
            lambda: known.account(answer),
            lambda: known.terms(answer),
        ]
        for reader in readers:
            with suppress(MalformedData, Unavailable):
                reader()

    def test_budgets_are_read_from_headers(self, codec: BithumbCodec) -> None:
        headers = {"x-ratelimit-burst-capacity": "140", "x-ratelimit-remaining": "130"}
        (reading,) = codec.budgets(Answer(200, b"", headers))
        assert (reading.name, reading.used, reading.limit) == ("private", 10, 140)

    def test_a_new_subscription_believes_whatever_book_comes_first(
        self, codec: BithumbCodec
    ) -> None:
        level = {"ask_price": 11, "bid_price": 9, "ask_size": 1, "bid_size": 1}

        def book(timestamp: int) -> bytes:
            said = {"type": "orderbook", "code": "KRW-BTC", "orderbook_units": [level]}
            return json.dumps({**said, "timestamp": timestamp}).encode()

        assert len(codec.decode(book(5), 1)) == 1
        assert codec.decode(book(4), 2) == ()
        codec.subscribe(["KRW-BTC"], [Channel.BOOK])
        assert len(codec.decode(book(4), 3)) == 1
