"""The codec as a session uses it: whole sessions, recorded frames, and frames made of noise."""

import gzip
import json
import os
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import BookDelta, BookSnapshot, Event
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.engine.market_state import Market
from arbitrage.exchanges.binance_usdm.codec import BinanceUsdmCodec
from arbitrage.exchanges.binance_usdm.facts import BookStream
from arbitrage.exchanges.order_gateway import Answer, BudgetReading, Channel, VenueCodec

AnswerOf = Callable[..., Answer]
NOW_NS = 1591702613943_000_000
OF_OURS = {"client_id": "s00000001", "venue": "binance-usdm", "symbol": "BTCUSDT"}
PLACED = PlaceOrder(**OF_OURS, side=Side.BUY, qty=Decimal("0.010"), price=Decimal(9000))


@pytest.fixture
def codec() -> BinanceUsdmCodec:
    return BinanceUsdmCodec(api_key="key", secret="secret")


def take_in(market: Market, event: Event) -> None:
    """What the engine does with an event of a book."""
    match event:
        case BookSnapshot():
            market.replace(event.bids, event.asks, event.seq, event.ts_ns)
        case BookDelta():
            market.change(event.bids, event.asks, event.seq, event.prev_seq, event.ts_ns)


def test_it_is_a_venue_codec(codec: BinanceUsdmCodec) -> None:
    said: VenueCodec = codec

    assert said.venue == "binance-usdm"


def test_the_public_side_works_without_a_key(answer: AnswerOf) -> None:
    codec = BinanceUsdmCodec()

    assert codec.instruments_request().headers == {}
    assert codec.book("BNBUSDT", answer("depth"), 7).seq == 1027024
    assert codec.book_request("BTCUSDT").weight == 2
    with pytest.raises(ConfigError, match="no API key"):
        codec.place(PLACED, NOW_NS)


def test_the_listing_brings_the_venues_own_limits(
    codec: BinanceUsdmCodec, body: Callable[[str], bytes]
) -> None:
    raw = body("exchange_info").replace(b'"limit":2400', b'"limit":6000')

    instruments = codec.instruments(Answer(200, raw))

    assert isinstance(instruments[0], Instrument)
    assert set(codec.unreadable) == {"ODDUSDT", "NILUSDT"}
    [reading] = codec.budgets(Answer(200, b"", {"x-mbx-used-weight-1m": "12"}))
    assert reading == BudgetReading("weight-1m", 12, 6000, 60_000_000_000)


def test_a_book_is_subscribed_synchronised_broken_and_mended(codec: BinanceUsdmCodec) -> None:
    def diff(prev: int, last: int) -> bytes:
        data = f'{{"U":{prev + 1},"u":{last},"pu":{prev},"b":[["9.0","{last}"]],"a":[]}}'
        return f'{{"stream":"btcusdt@depth@100ms","data":{data}}}'.encode()

    def snapshot(last: int) -> Answer:
        raw = f'{{"lastUpdateId":{last},"bids":[["9.0","1"]],"asks":[["9.5","1"]]}}'
        return Answer(200, raw.encode())

    market = Market("binance-usdm", "BTCUSDT", None)
    [sent] = codec.subscribe(["BTCUSDT"], [Channel.BOOK])
    assert json.loads(sent)["params"] == ["btcusdt@depth@100ms"]
    assert codec.unsynchronised() == ["BTCUSDT"]
    assert codec.sync_request("BTCUSDT").target.endswith("limit=1000")

    assert codec.decode(diff(10, 20), 1) == ()
    for event in codec.synchronise("BTCUSDT", snapshot(15), 2):
        take_in(market, event)
    assert (market.bids, market.seq, codec.unsynchronised()) == ([(9.0, 20.0)], 20, [])

    for event in codec.decode(diff(25, 30), 3):
        take_in(market, event)
    assert market.is_broken
    assert codec.unsynchronised() == ["BTCUSDT"]
    assert codec.gaps() == {"BTCUSDT": 1}

    for event in codec.synchronise("BTCUSDT", snapshot(27), 4):
        take_in(market, event)
    assert (market.bids, market.is_broken) == ([(9.0, 30.0)], False)

    codec.lose_books()
    assert codec.unsynchronised() == ["BTCUSDT"]


def test_an_order_lives_through_all_its_messages(
    codec: BinanceUsdmCodec, answer: AnswerOf, frames: Callable[[str], list[bytes]]
) -> None:
    assert codec.place(PLACED, NOW_NS).method == "POST"
    assert codec.outcome(PLACED, None, 1).status is OrderStatus.IN_DOUBT
    assert codec.query(QueryOrder(**OF_OURS), NOW_NS).method == "GET"
    queried = codec.queried(QueryOrder(**OF_OURS), answer("order"), 2)
    assert queried is not None
    assert queried.status is OrderStatus.FILLED
    [completed] = codec.fills(answer("user_trades"), 3)
    assert len(completed.fees) == 2
    assert codec.cancel(CancelOrder(**OF_OURS), NOW_NS).method == "DELETE"
    refused = answer(status=400, raw=b'{"code":-2011,"msg":"Unknown order sent."}')
    assert codec.canceled(CancelOrder(**OF_OURS), refused, 4).status is OrderStatus.IN_DOUBT
    assert len(codec.open_orders(answer("open_orders"), 5)) == 2
    assert [len(codec.decode_private(frame, 6)) for frame in frames("user")] == [
        *(1, 1, 1, 1, 1),
        *(2, 2, 1, 0, 0, 1),
    ]


def test_the_reconciler_asks_for_everything(codec: BinanceUsdmCodec, answer: AnswerOf) -> None:
    assert "/openOrders?" in codec.open_orders_request("BTCUSDT", NOW_NS).target
    assert "/userTrades?" in codec.fills_request("BTCUSDT", NOW_NS - 10**9, NOW_NS).target
    assert "/v3/account?" in codec.account_request(NOW_NS).target
    assert codec.account(answer("account")).positions["ADAUSDT"] == 30


# --- noise ----------------------------------------------------------------------------------------

FRAMES = Path(__file__).parents[2] / "frames" / "binance_usdm"
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
                keys = [key for key, value in inner.items() if isinstance(value, dict)]
                if not keys:
                    break
                inner = inner[draw(st.sampled_from(keys))]
            key = draw(st.sampled_from([*inner, "unknown"]))
            inner[key] = draw(JSON_VALUES)
            return json.dumps(whole).encode()


@given(frame=noise(lines("public") + lines("market")), book_stream=st.sampled_from(BookStream))
def test_noise_in_market_data_is_malformed_or_events_and_the_book_comes_back(
    frame: bytes, book_stream: BookStream
) -> None:
    codec = BinanceUsdmCodec(book_stream=book_stream)
    codec.subscribe(["BTCUSDT", "BNBUSDT"], [Channel.BOOK, Channel.QUOTE])
    codec.subscribe(["BTCUSDT"], [Channel.TRADES, Channel.FUNDING])
    market = Market("binance-usdm", "BTCUSDT", None)
    book = Answer(200, b'{"lastUpdateId":5,"bids":[["1","1"]],"asks":[["2","1"]]}')
    for symbol in codec.unsynchronised():
        for event in codec.synchronise(symbol, book, 1):
            if symbol == "BTCUSDT":
                take_in(market, event)

    blamed = ""
    try:
        for event in codec.decode(frame, 2):
            if getattr(event, "symbol", "") == "BTCUSDT":
                take_in(market, event)
    except MalformedData as error:
        blamed = error.symbol

    waiting = codec.unsynchronised()
    assert waiting in ([], ["BTCUSDT"], ["BNBUSDT"])
    if "BTCUSDT" in waiting:  # the session was told: by a break in the book or by the error
        assert market.is_broken or blamed == "BTCUSDT"
    late = Answer(200, b'{"lastUpdateId":9223372036854775807,"bids":[["1","1"]],"asks":[]}')
    for symbol in codec.unsynchronised():
        assert codec.synchronise(symbol, late, 3)
    assert codec.unsynchronised() == []


@given(frame=noise(lines("user")))
def test_noise_in_the_user_stream_is_malformed_or_events(frame: bytes) -> None:
    codec = BinanceUsdmCodec()
    for known in lines("user"):
        codec.decode_private(known, 1)

    with suppress(MalformedData):
        assert {event.ts_ns for event in codec.decode_private(frame, 2)} <= {2}


@given(frame=st.binary(max_size=200))
def test_bytes_at_random_are_malformed_or_nothing(frame: bytes) -> None:
    codec = BinanceUsdmCodec()
    for decode in (codec.decode, codec.decode_private):
        with suppress(MalformedData):
            decode(frame, 1)


# --- recorded frames ------------------------------------------------------------------------------

SYMBOLS = ("SUSHIUSDT", "AKROUSDT", "KEEPUSDT", "CTKUSDT")
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


@pytest.mark.realdata
def test_recorded_depth_synchronises_without_a_gap_or_a_crossed_book() -> None:
    frames = [(float(head), body) for head, body in recorded("BINANCE_FUTURES.ws.1.0.gz")]
    snapshots = {}
    for head, body in recorded("BINANCE_FUTURES.http.0.0.gz"):
        url, _, received = head.partition(" -> ")
        snapshots[url.partition("symbol=")[2].partition("&")[0]] = (float(received), body)
    codec = BinanceUsdmCodec()
    codec.subscribe(SYMBOLS, [Channel.BOOK])
    codec.subscribe(SYMBOLS, [Channel.TRADES])
    markets = {symbol: Market("binance-usdm", symbol, None) for symbol in SYMBOLS}
    depths = crossed = 0

    for received, frame in frames:
        events: list[Event] = []
        for symbol, (arrived, body) in list(snapshots.items()):
            if arrived <= received:
                del snapshots[symbol]
                events.extend(codec.synchronise(symbol, Answer(200, body), 1))
        depths += b"@depth" in frame[:40]
        events.extend(codec.decode(frame, 1))
        for event in events:
            if isinstance(event, BookSnapshot | BookDelta):
                market = markets[event.symbol]
                take_in(market, event)
                crossed += market.bids[0][0] >= market.asks[0][0]
                assert not market.is_broken

    assert (set(snapshots), depths, crossed) == (set(), 764, 0)
    assert codec.unsynchronised() == []
    assert codec.gaps() == dict.fromkeys(SYMBOLS, 0)


@pytest.mark.realdata
def test_every_recorded_frame_is_read() -> None:
    codec = BinanceUsdmCodec()
    codec.subscribe(SYMBOLS, [Channel.QUOTE, Channel.BOOK])
    codec.subscribe(SYMBOLS, [Channel.TRADES])
    kinds: dict[str, int] = {}

    for _, frame in recorded("BINANCE_FUTURES.ws.1.0.gz"):
        for event in codec.decode(frame, CLOCK_NS):
            kinds[type(event).__name__] = kinds.get(type(event).__name__, 0) + 1

    assert kinds == {"BookQuote": 613, "MarketTrade": 91}  # diffs wait for a snapshot


@pytest.mark.realdata
def test_the_recorded_listing_is_read_whole() -> None:
    [(_, body), *_] = recorded("BINANCE_FUTURES.0.gz")
    codec = BinanceUsdmCodec()

    instruments = codec.instruments(Answer(200, body))

    assert len(instruments) > 100
    assert codec.unreadable == {}
    assert set(SYMBOLS) <= {one.symbol for one in instruments}
    assert codec.limits == {"weight-1m": 2400, "orders-1m": 1200, "orders-10s": 300}
