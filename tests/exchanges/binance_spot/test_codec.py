"""The codec as a session uses it: whole sessions, recorded frames, and frames made of noise."""

import gzip
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ArbitrageError, ConfigError, MalformedData
from arbitrage.domain.events import BookDelta, BookSnapshot, Event, OrderUpdate
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.engine.market_state import Market
from arbitrage.exchanges.binance_spot import account, market_rest, order_answers, ws_api
from arbitrage.exchanges.binance_spot.codec import BinanceSpotCodec
from arbitrage.exchanges.binance_spot.facts import BookStream
from arbitrage.exchanges.order_gateway import Answer, BudgetReading, Channel, VenueCodec

AnswerOf = Callable[..., Answer]
NOW_NS = 1591702613943_000_000
OF_OURS = {"client_id": "s00000001", "venue": "binance-spot", "symbol": "BTCUSDT"}
PLACED = PlaceOrder(**OF_OURS, side=Side.BUY, qty=Decimal("0.010"), price=Decimal("4000.50"))


@pytest.fixture
def codec() -> BinanceSpotCodec:
    return BinanceSpotCodec(api_key="key", secret="secret")


def take_in(market: Market, event: Event) -> None:
    """What the engine does with an event of a book."""
    match event:
        case BookSnapshot():
            market.replace(event.bids, event.asks, event.seq, event.ts_ns)
        case BookDelta():
            market.change(event.bids, event.asks, event.seq, event.prev_seq, event.ts_ns)


def test_it_is_a_venue_codec(codec: BinanceSpotCodec) -> None:
    said: VenueCodec = codec

    assert said.venue == "binance-spot"


def test_the_public_side_works_without_a_key(answer: AnswerOf) -> None:
    codec = BinanceSpotCodec()

    assert codec.instruments_request().headers == {}
    assert codec.book("BNBUSDT", answer("depth"), 7).seq == 1027024
    assert codec.book_request("BTCUSDT").weight == 5
    with pytest.raises(ConfigError, match="no API key"):
        codec.place(PLACED, NOW_NS)


def test_the_listing_brings_the_venues_own_limits(
    codec: BinanceSpotCodec, body: Callable[[str], bytes]
) -> None:
    raw = body("exchange_info").replace(b'"limit":6000', b'"limit":1200')

    instruments = codec.instruments(Answer(200, raw))

    assert isinstance(instruments[0], Instrument)
    assert set(codec.unreadable) == {"ODDUSDT", "NILUSDT", "GRIDUSDT"}
    [reading] = codec.budgets(Answer(200, b"", {"x-mbx-used-weight-1m": "12"}))
    assert reading == BudgetReading("weight-1m", 12, 1200, 60_000_000_000)


def test_a_book_is_subscribed_synchronised_broken_and_mended(codec: BinanceSpotCodec) -> None:
    def diff(first: int, last: int) -> bytes:
        data = f'{{"e":"depthUpdate","U":{first},"u":{last},"b":[["9.0","{last}"]],"a":[]}}'
        return f'{{"stream":"btcusdt@depth@100ms","data":{data}}}'.encode()

    def snapshot(last: int) -> Answer:
        raw = f'{{"lastUpdateId":{last},"bids":[["9.0","1"]],"asks":[["9.5","1"]]}}'
        return Answer(200, raw.encode())

    market = Market("binance-spot", "BTCUSDT", None)
    [sent] = codec.subscribe(["BTCUSDT"], [Channel.BOOK])
    assert json.loads(sent)["params"] == ["btcusdt@depth@100ms"]
    assert codec.unsynchronised() == ["BTCUSDT"]
    assert codec.sync_request("BTCUSDT").target.endswith("limit=1000")

    assert codec.decode(diff(11, 20), 1) == ()
    for event in codec.synchronise("BTCUSDT", snapshot(15), 2):
        take_in(market, event)
    assert (market.bids, market.seq, codec.unsynchronised()) == ([(9.0, 20.0)], 20, [])

    for event in codec.decode(diff(26, 30), 3):
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
    codec: BinanceSpotCodec, answer: AnswerOf, frames: Callable[[str], list[bytes]]
) -> None:
    assert codec.place(PLACED, NOW_NS).method == "POST"
    assert codec.outcome(PLACED, None, 1).status is OrderStatus.IN_DOUBT
    assert codec.query(QueryOrder(**OF_OURS), NOW_NS).method == "GET"
    queried = codec.queried(QueryOrder(**OF_OURS), answer("order_queried"), 2)
    assert queried is not None
    assert queried.status is OrderStatus.FILLED
    [completed] = codec.fills(answer("my_trades"), 3)
    assert len(completed.fees) == 2
    assert codec.cancel(CancelOrder(**OF_OURS), NOW_NS).method == "DELETE"
    refused = answer(status=400, raw=b'{"code":-2011,"msg":"Unknown order sent."}')
    assert codec.canceled(CancelOrder(**OF_OURS), refused, 4).status is OrderStatus.IN_DOUBT
    assert len(codec.open_orders(answer("open_orders"), 5)) == 2
    assert [len(codec.decode_private(frame, 6)) for frame in frames("user")] == [
        *(1, 1, 1, 1, 1),
        *(2, 0, 0, 1, 0, 1),
    ]


def test_one_fill_told_three_times_counts_once(
    codec: BinanceSpotCodec, answer: AnswerOf, frames: Callable[[str], list[bytes]]
) -> None:
    """The answer by websocket, the user stream and the list of trades, in any order."""
    order = Order(intent=PLACED, sent_ns=0)
    accepted = ws_api.answer_of(frames("ws_api")[0])
    assert accepted is not None
    updates = [
        *codec.decode_private(frames("user")[1], 1),
        codec.outcome(PLACED, accepted[1], 2),
        codec.outcome(PLACED, answer("order_full"), 3),
        *codec.fills(answer("my_trades"), 4),
        *codec.decode_private(frames("user")[1], 5),
    ]
    for update in updates:
        assert isinstance(update, OrderUpdate)
        order.apply(update)

    assert (order.status, order.filled_qty) == (OrderStatus.FILLED, Decimal("0.01"))
    assert order.filled_cost == Decimal("39.996")
    assert order.fees == {"BTC": Decimal("0.000004"), "BNB": Decimal("0.000045")}


def test_the_reconciler_asks_for_everything(codec: BinanceSpotCodec, answer: AnswerOf) -> None:
    assert "/openOrders?" in codec.open_orders_request("BTCUSDT", NOW_NS).target
    assert "/myTrades?" in codec.fills_request("BTCUSDT", NOW_NS - 10**9, NOW_NS).target
    assert "/v3/account?" in codec.account_request(NOW_NS).target
    assert codec.account(answer("account")).balances["BTC"] == Decimal("4723846.99208129")


# --- noise ----------------------------------------------------------------------------------------

FRAMES = Path(__file__).parents[2] / "frames" / "binance_spot"
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


def entries(inner: Any) -> list[tuple[Any, Any]]:
    """The keys or positions of a JSON object or array, with what is there."""
    return list(inner.items() if isinstance(inner, dict) else enumerate(inner))


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
            for _ in range(draw(st.integers(0, 6))):
                keys = [key for key, value in entries(inner) if isinstance(value, dict | list)]
                if not keys:
                    break
                inner = inner[draw(st.sampled_from(keys))]
            if inner:
                inner[draw(st.sampled_from([key for key, _ in entries(inner)]))] = draw(JSON_VALUES)
            return json.dumps(whole).encode()


@given(frame=noise(lines("market")), book_stream=st.sampled_from(BookStream))
def test_noise_in_market_data_is_malformed_or_events_and_the_book_comes_back(
    frame: bytes, book_stream: BookStream
) -> None:
    codec = BinanceSpotCodec(book_stream=book_stream)
    codec.subscribe(["BTCUSDT", "BNBUSDT"], [Channel.BOOK, Channel.QUOTE])
    codec.subscribe(["BTCUSDT"], [Channel.TRADES])
    market = Market("binance-spot", "BTCUSDT", None)
    book = Answer(200, b'{"lastUpdateId":156,"bids":[["1","1"]],"asks":[["2","1"]]}')
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


@given(frame=noise(lines("user") + lines("ws_api")))
def test_noise_on_the_websocket_api_is_malformed_or_events(frame: bytes) -> None:
    codec = BinanceSpotCodec()
    for known in lines("user"):
        codec.decode_private(known, 1)

    with suppress(MalformedData):
        assert {event.ts_ns for event in codec.decode_private(frame, 2)} <= {2}
    with suppress(MalformedData):
        said = ws_api.answer_of(frame)
        if said is not None:
            codec.budgets(said[1])
            assert codec.outcome(PLACED, said[1], 2).client_id == "s00000001"


BODIES = sorted(FRAMES.glob("*.json"))


@given(raw=noise([path.read_bytes() for path in BODIES]), status=st.sampled_from([200, 400, 503]))
def test_noise_in_answers_is_an_error_of_the_house_or_a_value(raw: bytes, status: int) -> None:
    codec, said = BinanceSpotCodec(), Answer(status, raw)
    assert codec.outcome(PLACED, said, 1).client_id == "s00000001"
    assert codec.canceled(CancelOrder(**OF_OURS), said, 1).client_id == "s00000001"
    codec.queried(QueryOrder(**OF_OURS), said, 1)
    readers: list[Callable[[], object]] = [
        lambda: codec.instruments(said),
        lambda: codec.book("BTCUSDT", said, 1),
        lambda: codec.open_orders(said, 1),
        lambda: codec.fills(said, 1),
        lambda: codec.account(said),
        lambda: account.fees(said),
        lambda: market_rest.server_time_ns(said),
        lambda: order_answers.confirm_test(PLACED, said),
        lambda: codec.budgets(said),
    ]
    for read in readers:
        with suppress(ArbitrageError):
            read()


@given(frame=st.binary(max_size=200))
def test_bytes_at_random_are_malformed_or_nothing(frame: bytes) -> None:
    codec = BinanceSpotCodec()
    for decode in (codec.decode, codec.decode_private):
        with suppress(MalformedData):
            decode(frame, 1)
    with suppress(MalformedData):
        ws_api.answer_of(frame)


# --- recorded frames ------------------------------------------------------------------------------

SYMBOLS = ("NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR")
CLOCK_NS = 10**18


def recorded(folder: Path, name: str) -> list[tuple[str, bytes]]:
    """The `(head, body)` lines of a file of recorded frames."""
    rows = gzip.decompress((folder / "raw_frames" / name).read_bytes()).decode().splitlines()
    split = (row.partition(": {") for row in rows)
    return [(head, ("{" + body).encode()) for head, mark, body in split if mark]


@pytest.mark.realdata
def test_recorded_depth_synchronises_without_a_gap_or_a_crossed_book(realdata: Path) -> None:
    frames = [(float(head), body) for head, body in recorded(realdata, "BINANCE.ws.1.0.gz")]
    snapshots = {}
    for head, body in recorded(realdata, "BINANCE.http.0.0.gz"):
        url, _, received = head.partition(" -> ")
        snapshots[url.partition("symbol=")[2].partition("&")[0]] = (float(received), body)
    codec = BinanceSpotCodec()
    codec.subscribe(SYMBOLS, [Channel.BOOK])
    markets = {symbol: Market("binance-spot", symbol, None) for symbol in SYMBOLS}
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

    assert (set(snapshots), depths, crossed) == (set(), 177, 0)
    assert codec.unsynchronised() == []
    assert codec.gaps() == dict.fromkeys(SYMBOLS, 0)


@pytest.mark.realdata
def test_every_recorded_frame_is_read(realdata: Path) -> None:
    codec = BinanceSpotCodec()
    codec.subscribe(SYMBOLS, [Channel.QUOTE, Channel.BOOK, Channel.TRADES])
    frames = [body for _, body in recorded(realdata, "BINANCE.ws.1.0.gz")]
    counts: Counter[str] = Counter()

    for frame in frames:
        # The recording has aggregated trades, whose fields are named as those of single ones.
        for event in codec.decode(frame.replace(b"@aggTrade", b"@trade"), CLOCK_NS):
            counts[type(event).__name__] += 1

    assert len(frames) == 265
    assert counts == {"BookQuote": 84, "MarketTrade": 2}  # diffs wait for a snapshot


@pytest.mark.realdata
def test_the_recorded_listing_is_read_whole(realdata: Path) -> None:
    [(_, body), *_] = recorded(realdata, "BINANCE.0.gz")
    codec = BinanceSpotCodec()

    instruments = codec.instruments(Answer(200, body))

    assert len(instruments) > 1000
    assert codec.unreadable == {}
    assert set(SYMBOLS) <= {one.symbol for one in instruments}
    assert codec.limits == {"weight-1m": 1200, "orders-10s": 50, "orders-1d": 160_000}
