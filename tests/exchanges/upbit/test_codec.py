"""One account's protocol: requests as ccxt sends them, answers by the venue's documentation."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any
from urllib.parse import unquote, urlsplit

import ccxt
import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError, MalformedData, OrderRefused
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
from arbitrage.exchanges.order_gateway import Answer, Channel, Lane, Request, VenueCodec
from arbitrage.exchanges.upbit.auth import JwtSigner
from arbitrage.exchanges.upbit.codec import UpbitCodec

NONCE = "b2f1e3f8-2dc1-4d6f-a838-c74c49b0e39a"
ACCESS_KEY = "a7Xd92LmQW3vBtRzYpMj5CxNKeT1HuVs0fFgJcAw"
SECRET_KEY = "not-a-secret-but-long-enough-for-a-signature-of-512-bits-of-length-"
NOW_NS = 1_763_800_000_000_000_000
FIELDS = ["market", "currency", "balance", "locked", "uuid", "state", "orderbook_units", "volume"]
Answered = Callable[..., Answer]
Frame = Callable[[str], bytes]

CANCEL = CancelOrder(client_id="s00000001", venue="upbit", symbol="KRW-BTC")
QUERY = QueryOrder(client_id="s00000001", venue="upbit", symbol="KRW-BTC")


def order(**changes: Any) -> PlaceOrder:
    settings: dict[str, Any] = {
        "client_id": "s00000001",
        "venue": "upbit",
        "symbol": "KRW-BTC",
        "side": Side.BUY,
        "qty": Decimal("0.02"),
        "price": Decimal(136_000_000),
    }
    return PlaceOrder(**{**settings, **changes})


def market(side: Side) -> PlaceOrder:
    return order(side=side, order_type=OrderType.MARKET, price=None)


def claims(request: Request) -> Mapping[str, str]:
    token = request.headers["Authorization"].removeprefix("Bearer ")
    decoded: Mapping[str, str] = jwt.decode(token, SECRET_KEY, ["HS512"])
    return decoded


def test_the_codec_says_everything_that_a_native_venue_must() -> None:
    asked = {name for name in vars(VenueCodec) if not name.startswith("_")}
    assert asked <= set(vars(UpbitCodec))
    assert UpbitCodec.venue == "upbit"


class Sent(Exception):
    """What ccxt was about to send."""

    def __init__(self, url: str, method: str, headers: Mapping[str, str], body: str | None) -> None:
        self.target = url.removeprefix("https://api.upbit.com")
        self.method = method
        self.headers = dict(headers)
        self.body = (body or "").encode()


@pytest.fixture(scope="module")
def theirs() -> ccxt.upbit:
    """ccxt with our keys and nonce; it stops where it would send."""

    class Stopped(ccxt.upbit):  # type: ignore[misc]
        def uuid(self) -> str:
            return NONCE

        def fetch(self, url: str, method: str, headers: Any, body: Any) -> None:
            raise Sent(url, method, headers, body)

    exchange = Stopped({"apiKey": ACCESS_KEY, "secret": SECRET_KEY})
    listed = {"market": "KRW-BTC", "korean_name": "비트코인", "english_name": "Bitcoin"}
    exchange.set_markets([exchange.parse_market(listed)])
    return exchange


def sent_by(call: Callable[..., object], *args: object, **kwargs: object) -> Sent:
    with pytest.raises(Sent) as sent:
        call(*args, **kwargs)
    return sent.value


@pytest.fixture(scope="module")
def known() -> UpbitCodec:
    """Market data alone."""
    return UpbitCodec()


@pytest.fixture
def ours() -> UpbitCodec:
    """The same account signing as ccxt does."""
    return UpbitCodec(JwtSigner(ACCESS_KEY, SECRET_KEY, algorithm="HS256", nonces=lambda: NONCE))


def assert_same(request: Request, sent: Sent) -> None:
    assert (request.method, request.target) == (sent.method, sent.target)
    assert request.headers["Authorization"] == sent.headers["Authorization"]
    assert request.body == sent.body


class TestEqualToCcxt:
    """ccxt leaves the same freedom (the order of parameters) and makes the same use of it."""

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
        ours: UpbitCodec,
        theirs: ccxt.upbit,
        side: Side,
        condition: TimeInForce,
        params: dict[str, str],
    ) -> None:
        ids = {"clientOrderId": "s00000001"}
        sent = sent_by(
            theirs.create_order,
            "BTC/KRW",
            "limit",
            side.value,
            0.02,
            136_000_000,
            {**ids, **params},
        )
        assert_same(ours.place(order(side=side, time_in_force=condition), NOW_NS), sent)

    def test_a_market_sale(self, ours: UpbitCodec, theirs: ccxt.upbit) -> None:
        ids = {"clientOrderId": "s00000001"}
        sent = sent_by(theirs.create_order, "BTC/KRW", "market", "sell", 0.02, None, ids)
        assert_same(ours.place(market(Side.SELL), NOW_NS), sent)

    def test_a_market_purchase_by_cost(self, ours: UpbitCodec, theirs: ccxt.upbit) -> None:
        params = {"clientOrderId": "s00000001", "cost": 500_000}
        sent = sent_by(theirs.create_order, "BTC/KRW", "market", "buy", None, None, params)
        assert_same(ours.place_by_cost(market(Side.BUY), Decimal(500_000)), sent)

    def test_orders_at_the_best_price(self, ours: UpbitCodec, theirs: ccxt.upbit) -> None:
        params = {"clientOrderId": "s00000001", "ordType": "best", "timeInForce": "IOC"}
        sent = sent_by(theirs.create_order, "BTC/KRW", "market", "sell", 0.02, None, dict(params))
        assert_same(ours.place_at_best(order(side=Side.SELL)), sent)
        params["cost"] = "500000"
        sent = sent_by(theirs.create_order, "BTC/KRW", "market", "buy", None, None, params)
        assert_same(ours.place_at_best(order(), Decimal(500_000)), sent)

    def test_requests_by_client_id_and_for_the_account(
        self, ours: UpbitCodec, theirs: ccxt.upbit
    ) -> None:
        by_id = {"identifier": "s00000001"}
        assert_same(ours.cancel(CANCEL, NOW_NS), sent_by(theirs.privateDeleteOrder, by_id))
        assert_same(ours.query(QUERY, NOW_NS), sent_by(theirs.privateGetOrder, by_id))
        assert_same(ours.account_request(NOW_NS), sent_by(theirs.privateGetAccounts))
        sent = sent_by(theirs.privateGetOrdersChance, {"market": "KRW-BTC"})
        assert_same(ours.terms_request("KRW-BTC"), sent)


class TestRequests:
    def test_an_order_is_json_and_its_hash_is_of_the_same_parameters(
        self, codec: UpbitCodec
    ) -> None:
        request = codec.place(order(), NOW_NS)
        assert (request.method, request.target) == ("POST", "/v1/orders")
        assert request.headers["Content-Type"] == "application/json; charset=utf-8"
        body = json.loads(request.body)
        query = "&".join(f"{name}={value}" for name, value in body.items())
        expected = jwt.decode(
            JwtSigner(ACCESS_KEY, SECRET_KEY, nonces=lambda: NONCE).token(query),
            SECRET_KEY,
            ["HS512"],
        )
        assert claims(request) == expected

    @pytest.mark.parametrize(
        ("purpose", "lane"),
        [
            (Purpose.ENTRY, Lane.ENTRY),
            (Purpose.MANUAL, Lane.ENTRY),
            (Purpose.EXIT, Lane.URGENT),
            (Purpose.HEDGE, Lane.URGENT),
            (Purpose.REVERSE, Lane.URGENT),
        ],
    )
    def test_what_makes_us_safe_has_its_own_lane(
        self, codec: UpbitCodec, purpose: Purpose, lane: Lane
    ) -> None:
        assert codec.place(order(purpose=purpose), NOW_NS).lane is lane

    def test_cancels_are_urgent_and_questions_are_not(self, codec: UpbitCodec) -> None:
        assert codec.cancel(CANCEL, NOW_NS).lane is Lane.URGENT
        assert codec.cancel_all("KRW-BTC").lane is Lane.URGENT
        assert codec.query(QUERY, NOW_NS).lane is Lane.ACCOUNT
        assert codec.book_request("KRW-BTC").lane is Lane.MARKET

    def test_an_id_is_escaped_on_the_wire_and_hashed_as_it_is(self, codec: UpbitCodec) -> None:
        request = codec.query(QueryOrder(client_id="a b&c", venue="upbit", symbol="KRW-BTC"), 0)
        assert request.target == "/v1/order?identifier=a%20b%26c"
        same = codec._signed_query("GET", "/", "identifier=a b&c", "", Lane.ACCOUNT)
        assert claims(request) == claims(same)

    @pytest.mark.parametrize(
        ("symbol", "target"),
        [
            (
                "KRW-BTC",
                "/v1/orders/open?market=KRW-BTC&states[]=wait&states[]=watch"
                "&page=1&limit=100&order_by=asc",
            ),
            (
                "",
                "/v1/orders/open?states[]=wait&states[]=watch&page=1&limit=100&order_by=asc",
            ),
        ],
    )
    def test_open_orders_are_asked_for_by_the_page(
        self, codec: UpbitCodec, symbol: str, target: str
    ) -> None:
        request = codec.open_orders_request(symbol, NOW_NS)
        assert request.target == target
        same = codec._signed_query("GET", "/", urlsplit(target).query, "", Lane.ACCOUNT)
        assert claims(request) == claims(same)
        assert "page=2" in codec.open_orders_request(symbol, NOW_NS, page=2).target

    def test_closed_orders_are_asked_for_by_a_span_that_covers_the_time(
        self, codec: UpbitCodec
    ) -> None:
        request = codec.closed_orders_request("KRW-BTC", 1_999_999, 3_000_001)
        assert "start_time=1&end_time=4&" in request.target

    def test_all_orders_of_a_market_can_be_canceled(self, codec: UpbitCodec) -> None:
        request = codec.cancel_all("KRW-BTC")
        assert request.method == "DELETE"
        assert unquote(request.target) == "/v1/orders/open?pairs=KRW-BTC&count=300"

    def test_the_private_stream_is_opened_with_a_token(self, codec: UpbitCodec) -> None:
        token = codec.private_headers()["Authorization"].removeprefix("Bearer ")
        decoded = jwt.decode(token, SECRET_KEY, ["HS512"])
        assert decoded == {"access_key": ACCESS_KEY, "nonce": NONCE}
        assert json.loads(codec.subscribe_private()[0])[1] == {"type": "myOrder"}

    def test_what_the_venue_has_not_is_not_sent(self, codec: UpbitCodec) -> None:
        with pytest.raises(OrderRefused):
            codec.place(market(Side.BUY), NOW_NS)

    def test_without_keys_market_data_works_and_nothing_private_does(self) -> None:
        public = UpbitCodec()
        assert public.book_request("KRW-BTC").headers == {}
        with pytest.raises(ConfigError, match="no keys were given"):
            public.place(order(), NOW_NS)
        with pytest.raises(ConfigError, match="no keys were given"):
            public.account_request(NOW_NS)
        with pytest.raises(ConfigError, match="no keys were given"):
            public.private_headers()


class TestAnswers:
    def test_public_answers_and_frames_are_read(
        self, codec: UpbitCodec, answered: Answered, frame: Frame
    ) -> None:
        known = codec.instruments(answered("markets"))
        told = codec.with_tick_sizes(known, answered("tick_sizes"), {})
        assert [one.symbol for one in told] == [one.symbol for one in known]
        assert codec.book("KRW-BTC", answered("book_rest"), NOW_NS).asks[0][0] == 136_011_000.0
        (event,) = codec.decode(frame("book_simple"), NOW_NS)
        assert isinstance(event, BookSnapshot)
        assert codec.instruments_request().target == "/v1/market/all"
        assert codec.tick_sizes_request(["KRW-BTC"]).target.endswith("?markets=KRW-BTC")
        assert codec.documented_fees("KRW-BTC").taker_bps == 5.0
        assert len(codec.subscribe(["KRW-BTC"], [Channel.BOOK])) == 1

    def test_orders_are_read(self, codec: UpbitCodec, answered: Answered) -> None:
        placed = codec.outcome(order(), answered("order_placed", 201), NOW_NS)
        assert placed.status is OrderStatus.OPEN
        done = codec.queried(QUERY, answered("order_done"), NOW_NS)
        assert done is not None
        assert done.status is OrderStatus.FILLED
        taken = codec.canceled(CANCEL, answered("order_placed"), NOW_NS)
        assert taken.status is OrderStatus.OPEN
        assert len(codec.open_orders(answered("open_orders"), NOW_NS)) == 2
        assert len(codec.closed_orders(answered("open_orders"), NOW_NS)) == 2

    def test_the_private_stream_is_read(self, codec: UpbitCodec, frame: Frame) -> None:
        (update,) = codec.decode_private(frame("my_order_trade"), NOW_NS)
        assert isinstance(update, OrderUpdate)
        balances = codec.decode_private(frame("my_asset"), NOW_NS)
        assert all(isinstance(balance, BalanceUpdate) for balance in balances)

    def test_an_account_is_totals_by_currency(self, codec: UpbitCodec, answered: Answered) -> None:
        state = codec.account(answered("accounts"))
        assert state.balances == {"KRW": Decimal("1005000.75"), "BTC": Decimal("2.0")}
        assert state.positions == {}

    def test_the_dearer_side_sets_the_fee(self, codec: UpbitCodec, answered: Answered) -> None:
        terms = codec.terms(answered("chance"))
        assert (terms.fees.taker_bps, terms.fees.maker_bps) == (6.0, 4.0)
        assert (terms.min_notional, terms.max_notional) == (5000, 1_000_000_000)
        assert terms.is_active

    @pytest.mark.parametrize("fee", ['"1"', '"NaN"', '"-0.1"', '"x"'])
    def test_a_fee_that_cannot_be_is_refused(
        self, codec: UpbitCodec, frame: Frame, fee: str
    ) -> None:
        body = frame("chance").replace(b'"0.0005"', fee.encode())
        with pytest.raises(MalformedData):
            codec.terms(Answer(200, body))

    def test_a_market_that_is_not_active_is_said_so(self, codec: UpbitCodec, frame: Frame) -> None:
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
    def test_any_json_ends_as_a_value_or_malformed(self, value: object, known: UpbitCodec) -> None:
        answer = Answer(200, json.dumps(value).encode())
        readers: list[Callable[[], object]] = [
            lambda: known.instruments(answer),
            lambda: known.book("KRW-BTC", answer, NOW_NS),
            lambda: known.queried(QUERY, answer, NOW_NS),
            lambda: known.outcome(order(), answer, NOW_NS),
            lambda: known.open_orders(answer, NOW_NS),
            lambda: known.account(answer),
            lambda: known.terms(answer),
        ]
        for reader in readers:
            with suppress(MalformedData):
                reader()

    def test_budgets_are_read_from_headers(self, codec: UpbitCodec) -> None:
        headers = {"remaining-req": "group=order; min=720; sec=11"}
        (reading,) = codec.budgets(Answer(201, b"", headers))
        assert (reading.name, reading.used, reading.limit) == ("order", 1, 12)


def test_a_new_subscription_believes_whatever_book_comes_first() -> None:
    codec = UpbitCodec()

    def book(tms: int) -> bytes:
        level = {"ap": 11, "bp": 9, "as": 1, "bs": 1}
        return json.dumps({"ty": "orderbook", "cd": "KRW-BTC", "tms": tms, "obu": [level]}).encode()

    assert len(codec.decode(book(5), 1)) == 1
    assert codec.decode(book(4), 2) == ()
    codec.subscribe(["KRW-BTC"], [Channel.BOOK])
    assert len(codec.decode(book(4), 3)) == 1
