"""The codec as a session uses it: whole sessions, recorded frames, and frames made of noise."""

import gzip
import json
import os
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import BookDelta, BookSnapshot, Event
from arbitrage.domain.fees import FeeManner
from arbitrage.domain.instrument import InstrumentKind
from arbitrage.domain.intents import CancelOrder, OrderType, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.engine.market_state import Market
from arbitrage.exchanges.okx.codec import OkxCodec
from arbitrage.exchanges.okx.facts import BookStream
from arbitrage.exchanges.order_gateway import Answer, BudgetReading, Channel, VenueCodec

AnswerOf = Callable[..., Answer]
FramesOf = Callable[[str], list[bytes]]
NOW_NS = 1591702613943_000_000
OF_OURS: dict[str, Any] = {"client_id": "s00000001", "venue": "okx", "symbol": "BTC-USDT"}
PLACED = PlaceOrder(**OF_OURS, side=Side.BUY, qty=Decimal("0.010"), price=Decimal(9000))
AT_MARKET = PlaceOrder(**OF_OURS, side=Side.BUY, qty=Decimal("0.010"), order_type=OrderType.MARKET)
CANCEL = CancelOrder(**OF_OURS)
SWAP = "BCH-USDT-SWAP"


@pytest.fixture
def codec() -> OkxCodec:
    return OkxCodec(api_key="key", secret="secret", passphrase="pass")


def take_in(market: Market, event: Event) -> None:
    """What the engine does with an event of a book."""
    match event:
        case BookSnapshot():
            market.replace(event.bids, event.asks, event.seq, event.ts_ns)
        case BookDelta():
            market.change(event.bids, event.asks, event.seq, event.prev_seq, event.ts_ns)


def test_it_is_a_venue_codec(codec: OkxCodec) -> None:
    said: VenueCodec = codec

    assert said.venue == "okx"


def test_the_public_side_works_without_a_key(answer: AnswerOf) -> None:
    codec = OkxCodec()

    assert codec.instruments_request().target.endswith("instType=SPOT")
    assert codec.instruments_request(InstrumentKind.PERPETUAL).target.endswith("instType=SWAP")
    assert codec.book("BTC-USDT", answer("book"), 7).seq == 3235851742
    assert codec.book_request("BTC-USDT").target.endswith("&sz=50")
    assert codec.documented_fees("BTC-USDT").manner is FeeManner.RECEIVED
    with pytest.raises(ConfigError, match="no API key"):
        codec.place(PLACED, NOW_NS)


def test_spot_and_swaps_are_listed_side_by_side(codec: OkxCodec, answer: AnswerOf) -> None:
    spot = codec.instruments(answer("instruments_spot"))
    swaps = codec.instruments(answer("instruments_swap"))

    assert [one.symbol for one in (*spot, *swaps)] == [*codec.contracts]
    assert set(codec.unreadable) == {"ODD-USDT", "ODD-USDT-SWAP"}


def test_a_book_is_subscribed_broken_and_mended_by_a_new_subscription(
    codec: OkxCodec, frames: FramesOf
) -> None:
    snapshot, update, _, reset, *_ = frames("public")
    market = Market("okx", "BTC-USDT", None)
    [sent] = codec.subscribe(["BTC-USDT"], [Channel.BOOK])
    assert json.loads(sent)["args"] == [{"channel": "books", "instId": "BTC-USDT"}]
    assert codec.unsynchronised() == ["BTC-USDT"]

    for frame in (snapshot, update):
        for event in codec.decode(frame, 1):
            take_in(market, event)
    assert (market.bids[0], market.seq) == ((8476.97, 250.0), 15)
    assert codec.unsynchronised() == []

    for event in codec.decode(reset.replace(b'"prevSeqId":15', b'"prevSeqId":16'), 2):
        take_in(market, event)
    assert market.is_broken
    assert (codec.unsynchronised(), codec.gaps()) == (["BTC-USDT"], {"BTC-USDT": 1})

    leave, enter = codec.resubscribe("BTC-USDT")
    assert enter == sent
    assert leave == sent.replace(b'"subscribe"', b'"unsubscribe"')
    for frame in (update, snapshot):  # what was on its way comes before the new snapshot
        for event in codec.decode(frame, 3):
            take_in(market, event)
    assert (market.bids[0], market.is_broken) == ((8476.97, 256.0), False)

    codec.lose_books()
    assert codec.unsynchronised() == ["BTC-USDT"]


def test_an_order_lives_through_all_its_messages(
    codec: OkxCodec, answer: AnswerOf, frames: FramesOf
) -> None:
    codec.instruments(answer("instruments_spot"))
    codec.instruments(answer("instruments_swap"))

    assert codec.place(PLACED, NOW_NS).method == "POST"
    assert codec.outcome(PLACED, None, 1).status is OrderStatus.IN_DOUBT
    assert codec.query(QueryOrder(**OF_OURS), NOW_NS).method == "GET"
    queried = codec.queried(QueryOrder(**OF_OURS), answer("order"), 2)
    assert queried is not None
    assert queried.status is OrderStatus.FILLED
    by_cost = codec.place_by_cost(AT_MARKET, Decimal(90), NOW_NS)
    assert b'"sz":"90"' in by_cost.body
    assert codec.cancel(CANCEL, NOW_NS).target == "/api/v5/trade/cancel-order"
    assert codec.canceled(CANCEL, answer("placed"), 3).status is OrderStatus.OPEN
    assert codec.cancel_batch([CANCEL], NOW_NS).weight == 1
    [one] = codec.canceled_batch([CANCEL], answer("canceled_batch"), 4)
    assert one.status is OrderStatus.OPEN
    assert [len(codec.decode_private(frame, 5)) for frame in frames("user")] == [
        *(1, 1, 1, 1, 2),
        *(2, 0, 1, 1, 0),
    ]


def test_spot_is_ordered_and_charged_as_the_account_is_set(
    codec: OkxCodec, answer: AnswerOf, body: Callable[[str], bytes]
) -> None:
    assert b'"tdMode":"cash"' in codec.place(PLACED, NOW_NS).body
    assert codec.fees(answer("trade_fee")).manner is FeeManner.RECEIVED
    assert codec.configuration_request(NOW_NS).target == "/api/v5/account/config"

    raw = body("config").replace(b'"acctLv":"2"', b'"acctLv":"3"')
    said = codec.configuration(answer(raw=raw.replace(b'"feeType":"0"', b'"feeType":"1"')))

    assert not said.is_net_mode
    assert b'"tdMode":"cross"' in codec.place(PLACED, NOW_NS).body
    assert codec.fees(answer("trade_fee")).manner is FeeManner.QUOTE


def test_the_reconciler_asks_for_everything(codec: OkxCodec, answer: AnswerOf) -> None:
    assert "/orders-pending?" in codec.open_orders_request("BTC-USDT", NOW_NS).target
    assert "/orders-history?" in codec.closed_orders_request("BTC-USDT", NOW_NS, NOW_NS).target
    assert "/fills?" in codec.fills_request("BTC-USDT", NOW_NS - 10**9, NOW_NS).target
    assert codec.account_request(NOW_NS).target == "/api/v5/account/balance"
    assert len(codec.open_orders(answer("orders_pending"), 1)) == 2
    assert len(codec.closed_orders(answer("order"), 1)) == 1
    assert len(codec.fills(answer("fills"), 1)) == 2
    positions = codec.account(answer("balance"), answer("positions")).positions
    assert positions["BTC-USDT-SWAP"] == -3
    assert codec.account(answer("balance")).positions == {}


def test_the_private_connection_opens_with_a_login(codec: OkxCodec, frames: FramesOf) -> None:
    assert json.loads(codec.login(NOW_NS))["op"] == "login"
    assert not codec.is_login(frames("session")[0])
    assert codec.is_login(frames("session")[3])
    [subscription] = codec.subscribe_private()
    assert len(json.loads(subscription)["args"]) == 4


def test_orders_by_websocket_want_the_listing_first(codec: OkxCodec, answer: AnswerOf) -> None:
    with pytest.raises(ConfigError, match="read the instruments first"):
        codec.place_frame(PLACED, "1x1", NOW_NS)

    codec.instruments(answer("instruments_spot"))

    for frame in (codec.place_frame(PLACED, "1x1", NOW_NS), codec.cancel_frame(CANCEL, "1x2")):
        assert json.loads(frame)["args"][0]["instIdCode"] == 1000000000


def test_a_used_up_budget_is_told(codec: OkxCodec, answer: AnswerOf) -> None:
    window_ns = 2_000_000_000

    assert codec.budgets(answer("placed")) == []
    assert codec.budgets(answer(status=429), "/api/v5/trade/fills") == [
        BudgetReading("/api/v5/trade/fills", 60, 60, window_ns, window_ns)
    ]


# --- noise ----------------------------------------------------------------------------------------

FRAMES = Path(__file__).parents[2] / "frames" / "okx"
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
            whole = json.loads(frame)
            inner = whole
            for _ in range(draw(st.integers(0, 4))):
                keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
                keys = [key for key in keys if isinstance(inner[key], dict | list) and inner[key]]
                if not keys:
                    break
                inner = inner[draw(st.sampled_from(keys))]
            keys = [*inner, "unknown"] if isinstance(inner, dict) else list(range(len(inner)))
            inner[draw(st.sampled_from(keys))] = draw(JSON_VALUES)
            return json.dumps(whole, separators=(",", ":")).encode()


SNAPSHOT = lines("public")[0]


@given(frame=noise(lines("public") + lines("session")), book_stream=st.sampled_from(BookStream))
def test_noise_in_market_data_is_malformed_or_events_and_the_book_comes_back(
    frame: bytes, book_stream: BookStream
) -> None:
    codec = OkxCodec(book_stream=book_stream)
    codec.subscribe(["BTC-USDT", SWAP], list(Channel))
    market = Market("okx", "BTC-USDT", None)
    if book_stream is BookStream.UPDATES_400:
        codec.decode(SNAPSHOT.replace(b"BTC-USDT", SWAP.encode()), 1)
        for event in codec.decode(SNAPSHOT, 1):
            take_in(market, event)

    blamed = ""
    try:
        for event in codec.decode(frame, 2):
            if getattr(event, "symbol", "") == "BTC-USDT":
                take_in(market, event)
    except MalformedData as error:
        blamed = error.symbol

    waiting = codec.unsynchronised()
    assert waiting in ([], ["BTC-USDT"], [SWAP])
    if "BTC-USDT" in waiting:  # the session was told: by a break in the book or by the error
        assert market.is_broken or blamed == "BTC-USDT"
    for symbol in waiting:
        codec.resubscribe(symbol)
        assert codec.decode(SNAPSHOT.replace(b"BTC-USDT", symbol.encode()), 3)
    assert codec.unsynchronised() == []


@given(frame=noise(lines("user") + lines("session")))
def test_noise_in_the_user_stream_is_malformed_or_events(frame: bytes) -> None:
    codec = OkxCodec()
    for known in lines("user"):
        codec.decode_private(known, 1)

    with suppress(MalformedData):
        assert {event.ts_ns for event in codec.decode_private(frame, 2)} <= {2}


@given(frame=st.binary(max_size=200))
def test_bytes_at_random_are_malformed_or_nothing(frame: bytes) -> None:
    codec = OkxCodec()
    for decode in (codec.decode, codec.decode_private):
        with suppress(MalformedData):
            decode(frame, 1)


# --- recorded frames ------------------------------------------------------------------------------

SYMBOLS = ("BTC-USDT", "UNI-USD-SWAP", "BTC-USD-220527")
CLOCK_NS = 10**18


def recorded(name: str) -> list[tuple[str, bytes]]:
    """The `(head, body)` lines of a file of recorded frames; skips where there is none."""
    path = Path(os.environ.get("ARBITRAGE_DATA", "")) / "raw_frames" / name
    if not path.is_file():
        reason = f"recorded market data absent: {path}; set ARBITRAGE_DATA"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    rows = gzip.decompress(path.read_bytes()).decode().splitlines()
    split = (row.partition(": {") for row in rows)
    return [(head, ("{" + body).encode()) for head, mark, body in split if mark]


def received() -> list[bytes]:
    """What the venue sent on the recorded connection; `<-` marks what was sent to it."""
    return [body for head, body in recorded("OKX.ws.1.0.gz") if head.replace(".", "").isdigit()]


@pytest.mark.realdata
def test_recorded_books_have_every_checksum_and_no_gap_and_never_cross() -> None:
    codec = OkxCodec()
    codec.subscribe(SYMBOLS, [Channel.BOOK])
    markets = {symbol: Market("okx", symbol, None) for symbol in SYMBOLS}
    checked = {BookSnapshot: 0, BookDelta: 0}
    crossed = 0

    for frame in received():
        for event in codec.decode(frame, 1):
            assert isinstance(event, BookSnapshot | BookDelta)
            assert b'"checksum":0' not in frame  # decoding raises for a wrong one
            checked[type(event)] += 1
            market = markets[event.symbol]
            take_in(market, event)
            crossed += market.bids[0][0] >= market.asks[0][0]
            assert not market.is_broken

    assert (checked, crossed) == ({BookSnapshot: 3, BookDelta: 287}, 0)
    assert codec.unsynchronised() == []
    assert codec.gaps() == dict.fromkeys(SYMBOLS, 0)


@pytest.mark.realdata
def test_a_recorded_book_without_one_of_its_updates_is_found_out() -> None:
    codec = OkxCodec()
    codec.subscribe(["BTC-USDT"], [Channel.BOOK])
    book = [frame for frame in received() if b'"books","instId":"BTC-USDT"' in frame[:60]]

    def decode_all_but_some() -> None:
        for frame in (*book[:5], *book[10:]):
            codec.decode(frame, 1)

    with pytest.raises(MalformedData, match="checksum") as caught:
        decode_all_but_some()

    assert caught.value.symbol == "BTC-USDT"
    assert codec.gaps() == {"BTC-USDT": 1}


@pytest.mark.realdata
def test_every_recorded_frame_is_read() -> None:
    codec = OkxCodec()
    codec.subscribe(SYMBOLS, [Channel.BOOK, Channel.TRADES])
    kinds: dict[str, int] = {}
    frames = received()

    for frame in frames:
        for event in codec.decode(frame, CLOCK_NS):
            kinds[type(event).__name__] = kinds.get(type(event).__name__, 0) + 1

    assert len(frames) == 410
    assert kinds == {"BookSnapshot": 3, "BookDelta": 287, "MarketTrade": 74}


@pytest.mark.realdata
def test_the_recorded_listings_are_read_whole() -> None:
    codec = OkxCodec()
    [(_, spot), (_, swaps), *_] = recorded("OKX.0.gz")

    listed = [len(codec.instruments(Answer(200, body))) for body in (spot, swaps)]

    assert listed == [513, 126]
    assert codec.unreadable == {}
    assert len(codec.contracts) == 513 + 126
