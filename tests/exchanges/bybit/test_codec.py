"""The codec as a session uses it: whole sessions, and frames made of noise."""

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ArbitrageError, ConfigError, MalformedData
from arbitrage.domain.events import BookDelta, BookSnapshot, Event, FundingPayment
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.engine.market_state import Market
from arbitrage.exchanges.bybit import trade_stream
from arbitrage.exchanges.bybit.codec import BybitCodec
from arbitrage.exchanges.bybit.facts import BookStream, Category
from arbitrage.exchanges.bybit.orders import HISTORY_PATH, REALTIME_PATH
from arbitrage.exchanges.order_gateway import Answer, Channel, VenueCodec

AnswerOf = Callable[..., Answer]
NOW_NS = 1591702613943_000_000
OF_OURS = {"client_id": "s00000001", "venue": "bybit", "symbol": "BTCUSDT"}
PLACED = PlaceOrder(**OF_OURS, side=Side.BUY, qty=Decimal("0.010"), price=Decimal("9000.5"))
QUERY = QueryOrder(**OF_OURS)


@pytest.fixture
def codec() -> BybitCodec:
    return BybitCodec(api_key="key", secret="secret")


def take_in(market: Market, event: Event) -> None:
    """What the engine does with an event of a book."""
    match event:
        case BookSnapshot():
            market.replace(event.bids, event.asks, event.seq, event.ts_ns)
        case BookDelta():
            market.change(event.bids, event.asks, event.seq, event.prev_seq, event.ts_ns)


def book_frame(kind: str, u: int, *bids: tuple[str, str]) -> bytes:
    data = {"s": "BTCUSDT", "b": bids, "a": [["9.5", "1"]], "u": u, "seq": u}
    frame = {"topic": "orderbook.50.BTCUSDT", "type": kind, "ts": 1, "data": data, "cts": 1}
    return json.dumps(frame, separators=(",", ":")).encode()


@pytest.mark.parametrize("category", Category)
def test_it_is_the_venue_codec_of_its_category(category: Category) -> None:
    said: VenueCodec = BybitCodec(category)

    assert said.venue == {"linear": "bybit", "spot": "bybit-spot"}[category.value]


def test_the_public_side_works_without_a_key(answer: AnswerOf) -> None:
    codec = BybitCodec(Category.SPOT)

    assert codec.instruments_request().headers == {}
    assert codec.instruments(answer("spot"))[0].venue == "bybit-spot"
    assert codec.book("BTCUSDT", answer("orderbook"), 7).venue == "bybit-spot"
    assert codec.book_request("BTCUSDT").target.endswith("category=spot&limit=50")
    with pytest.raises(ConfigError, match="no API key"):
        codec.place(PLACED, NOW_NS)


def test_the_listing_is_read_page_by_page(codec: BybitCodec, answer: AnswerOf) -> None:
    page = answer("linear")

    assert [one.symbol for one in codec.instruments(page)] == ["BTCUSDT", "BTCPERP"]
    assert set(codec.unreadable) == {"NILUSDT", "ODDUSDT"}
    cursor = codec.next_cursor(page)
    assert codec.instruments_request(cursor).target.endswith(f"&cursor={cursor}")


def test_a_book_is_subscribed_followed_broken_and_mended(codec: BybitCodec) -> None:
    market = Market("bybit", "BTCUSDT", None)
    [sent] = codec.subscribe(["BTCUSDT"], [Channel.BOOK])
    assert json.loads(sent)["args"] == ["orderbook.50.BTCUSDT"]
    assert codec.unsynchronised() == ["BTCUSDT"]

    for frame in (
        book_frame("delta", 5, ("9.0", "5")),  # of an older subscription
        book_frame("snapshot", 20, ("9.0", "1")),
        book_frame("delta", 21, ("9.0", "0"), ("8.9", "2")),
    ):
        for event in codec.decode(frame, 1):
            take_in(market, event)
    assert (market.bids, market.seq, codec.unsynchronised()) == ([(8.9, 2.0)], 21, [])

    for event in codec.decode(book_frame("delta", 23, ("8.8", "1")), 2):
        take_in(market, event)
    assert market.is_broken
    assert codec.unsynchronised() == ["BTCUSDT"]
    assert codec.gaps() == {"BTCUSDT": 1}

    assert len(codec.resubscribe("BTCUSDT")) == 2
    for event in codec.decode(book_frame("snapshot", 24, ("8.7", "3")), 3):
        take_in(market, event)
    assert (market.bids, market.is_broken) == ([(8.7, 3.0)], False)

    codec.lose_books()
    assert codec.unsynchronised() == ["BTCUSDT"]


def test_an_order_lives_through_all_its_messages(
    codec: BybitCodec, answer: AnswerOf, frames: Callable[[str], list[bytes]]
) -> None:
    order = Order(intent=PLACED, sent_ns=1)

    assert codec.place(PLACED, NOW_NS).method == "POST"
    order.apply(codec.outcome(PLACED, answer("created"), 2))
    assert order.status is OrderStatus.OPEN
    for frame in frames("private")[:4]:
        for event in codec.decode_private(frame, 3):
            order.apply(event)  # type: ignore[arg-type]

    assert order.status is OrderStatus.CANCELED
    assert (order.filled_qty, order.fees) == (Decimal("0.004"), {"USDT": Decimal("0.0197989")})
    late = codec.outcome(PLACED, answer("created"), 4)  # the answer behind the stream
    assert (order.apply(late), late.status) == (None, OrderStatus.CANCELED)


def test_an_order_without_an_answer_is_found_or_proven_absent(
    codec: BybitCodec, answer: AnswerOf
) -> None:
    assert codec.outcome(PLACED, None, 1).status is OrderStatus.IN_DOUBT

    asked, heard = [], []
    for _ in range(3):
        asked.append(codec.query(QUERY, NOW_NS).target.partition("?")[0])
        heard.append(codec.queried(QUERY, answer("no_order"), 2))
    assert asked == [REALTIME_PATH, HISTORY_PATH, REALTIME_PATH]
    assert [update is None for update in heard] == [False, False, True]

    codec.query(QUERY, NOW_NS)
    found = codec.queried(QUERY, answer("order"), 3)
    assert found is not None
    assert found.status is OrderStatus.CANCELED


def test_a_cancel_is_told_by_what_follows(codec: BybitCodec, answer: AnswerOf) -> None:
    cancel = CancelOrder(**OF_OURS)

    assert codec.cancel(cancel, NOW_NS).target == "/v5/order/cancel"
    assert codec.canceled(cancel, answer("created"), 1).status is OrderStatus.OPEN
    assert codec.canceled(cancel, answer(code=110001), 2).status is OrderStatus.IN_DOUBT


def test_an_order_may_go_by_websocket(codec: BybitCodec) -> None:
    frame = trade_stream.place_frame(codec.signer, codec.category, PLACED, "o1", NOW_NS)
    reply = trade_stream.reply(
        b'{"reqId":"s00000001","retCode":10001,"retMsg":"no","op":"order.create"}'
    )

    assert json.loads(frame)["args"][0]["orderLinkId"] == "s00000001"
    assert codec.outcome(PLACED, reply.answer, 1).status is OrderStatus.REJECTED


def test_the_reconciler_asks_for_everything(codec: BybitCodec, answer: AnswerOf) -> None:
    codec.outcome(PLACED, answer("created"), 1)

    assert "/realtime?" in codec.open_orders_request("BTCUSDT", NOW_NS).target
    assert len(codec.open_orders(answer("open_orders"), 2)) == 2
    fills = codec.fills_request("BTCUSDT", NOW_NS - 10**9, NOW_NS)
    assert fills.target.startswith("/v5/execution/list?")
    funding, update = codec.fills(answer("executions"), 3)
    assert isinstance(funding, FundingPayment)
    assert getattr(update, "client_id", "") == "s00000001"
    assert "/wallet-balance?" in codec.account_request(NOW_NS).target
    assert "/position/list?" in codec.positions_request(NOW_NS).target
    state = codec.account(answer("wallet"), [answer("positions")])
    assert (state.balances["BTC"], state.positions["ADAUSDT"]) == (Decimal("0.5"), -30)
    assert codec.login_frame(NOW_NS)
    assert codec.budgets(answer(code=10006), "/v5/order/create")[0].name == "/v5/order/create"


# --- noise ----------------------------------------------------------------------------------------

FRAMES = Path(__file__).parents[2] / "frames" / "bybit"
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["NaN", "sNaN", "Infinity", "-1", "1e999", "0", "1E-99999", "9" * 60]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


def lines(name: str) -> list[bytes]:
    return (FRAMES / f"{name}.jsonl").read_bytes().splitlines()


def replaced_somewhere(whole: Any, draw: st.DrawFn) -> bytes:
    """`whole` as JSON with one value, at any depth, replaced."""
    inner = whole
    for _ in range(draw(st.integers(0, 4))):
        values = inner.items() if isinstance(inner, dict) else enumerate(inner)
        keys = [key for key, value in values if isinstance(value, dict | list) and value]
        if not keys:
            break
        inner = inner[draw(st.sampled_from(keys))]
    if isinstance(inner, dict):
        inner[draw(st.sampled_from([*inner, "unknown"]))] = draw(JSON_VALUES)
    else:
        inner[draw(st.integers(0, len(inner) - 1))] = draw(JSON_VALUES)
    return json.dumps(whole).encode()


@st.composite
def noise(draw: st.DrawFn, frames: list[bytes]) -> bytes:
    """A documented frame, cut short, with bytes changed, or with a value replaced anywhere."""
    frame = draw(st.sampled_from(frames))
    match draw(st.integers(0, 2)):
        case 0:
            return frame[: draw(st.integers(0, len(frame)))]
        case 1:
            at = draw(st.integers(0, len(frame) - 1))
            return frame[:at] + draw(st.binary(max_size=4)) + frame[at + draw(st.integers(0, 4)) :]
        case _:
            return replaced_somewhere(json.loads(frame), draw)


@given(
    frame=noise(lines("public") + lines("answers")),
    book_stream=st.sampled_from([BookStream.LEVELS_50, BookStream.LEVELS_200]),
)
def test_noise_in_market_data_is_malformed_or_events_and_the_book_comes_back(
    frame: bytes, book_stream: BookStream
) -> None:
    codec = BybitCodec(book_stream=book_stream)
    codec.subscribe(["BTCUSDT"], [Channel.BOOK])
    codec.subscribe(["BTCUSDT"], [Channel.TRADES, Channel.FUNDING])
    market = Market("bybit", "BTCUSDT", None)
    whole = lines("public")[0].replace(b"orderbook.50", book_stream.value.encode())
    for event in codec.decode(whole, 1):
        take_in(market, event)

    blamed = ""
    try:
        for event in codec.decode(frame, 2):
            take_in(market, event)
    except MalformedData as error:
        blamed = error.symbol

    if codec.unsynchronised():  # the session was told: by a break in the book or by the error
        assert market.is_broken or blamed == "BTCUSDT"
    for event in codec.decode(whole, 3):
        take_in(market, event)
    assert codec.unsynchronised() == []
    assert not market.is_broken


@given(frame=noise(lines("private") + lines("answers")))
def test_noise_in_the_private_stream_is_malformed_or_events(frame: bytes) -> None:
    codec = BybitCodec()
    for known in lines("private"):
        codec.decode_private(known, 1)

    with suppress(MalformedData):
        assert {event.ts_ns for event in codec.decode_private(frame, 2)} <= {2}


@given(frame=st.binary(max_size=200))
def test_bytes_at_random_are_malformed_or_nothing(frame: bytes) -> None:
    codec = BybitCodec()
    for decode in (codec.decode, codec.decode_private):
        with suppress(MalformedData):
            decode(frame, 1)
    with suppress(MalformedData):
        trade_stream.reply(frame)


BODIES = [
    (FRAMES / f"{name}.json").read_bytes()
    for name in ("created", "order", "open_orders", "executions", "wallet", "positions", "linear")
]


@given(body=noise(BODIES), status=st.sampled_from([200, 400, 403, 500]))
def test_noise_in_answers_about_orders_leaves_them_open_closed_or_in_doubt(
    body: bytes, status: int
) -> None:
    codec = BybitCodec()
    said = Answer(status, body)

    updates = [
        codec.outcome(PLACED, said, 1),
        codec.canceled(CancelOrder(**OF_OURS), said, 1),
        codec.queried(QUERY, said, 1),
    ]

    assert {update.client_id for update in updates if update is not None} == {"s00000001"}
    order = Order(intent=PLACED, sent_ns=0)
    for update in updates:
        if update is not None and update.filled_qty <= PLACED.qty:
            order.apply(update)


@given(body=noise(BODIES))
def test_noise_in_lists_is_an_error_of_the_house_or_a_list(body: bytes) -> None:
    codec = BybitCodec()
    codec.outcome(PLACED, Answer(200, BODIES[0]), 1)
    said = Answer(200, body)
    for read in (
        lambda: codec.open_orders(said, 1),
        lambda: codec.fills(said, 1),
        lambda: codec.account(said, [said]),
        lambda: codec.instruments(said),
        lambda: codec.next_cursor(said),
        lambda: codec.budgets(said),
    ):
        with suppress(ArbitrageError):
            read()
