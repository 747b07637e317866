"""Market data: documented frames are read, broken and older ones are dropped, never believed."""

import json
import string
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.events import BookSnapshot, Event, MarketTrade, VenueStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.bithumb import public
from arbitrage.exchanges.order_gateway import Answer, Channel

TS_NS = 1_763_800_000_123_456_789
Frame = Callable[[str], bytes]
Answered = Callable[..., Answer]


def book_of(
    *levels: tuple[float, float, float, float], symbol: str = "KRW-BTC", timestamp: int = 1
) -> bytes:
    """A frame with rows of ask, its size, bid, its size."""
    rows = [
        {"ask_price": ask, "bid_price": bid, "ask_size": ask_size, "bid_size": bid_size}
        for ask, ask_size, bid, bid_size in levels
    ]
    said = {"type": "orderbook", "code": symbol, "orderbook_units": rows, "timestamp": timestamp}
    return json.dumps(said).encode()


def told(latest_us: dict[str, int], symbol: str, timestamp: int) -> int:
    """How many events a book of that time gives."""
    frame = book_of((11, 1, 9, 1), symbol=symbol, timestamp=timestamp)
    return len(public.decode(frame, TS_NS, latest_us))


def test_a_book_older_than_the_last_one_says_nothing() -> None:
    latest_us: dict[str, int] = {}
    books = [("KRW-BTC", 5), ("KRW-ETH", 3), ("KRW-BTC", 4), ("KRW-BTC", 5), ("KRW-BTC.1", 4)]
    assert [told(latest_us, *book) for book in books] == [1, 1, 0, 1, 0]
    assert told(latest_us, "KRW-BTC", 1_763_800_000_000_000) == 1
    assert told(latest_us, "KRW-BTC", 1_763_800_000_000) == 1  # another clock, or another unit


def only(events: tuple[Event, ...]) -> Event:
    (event,) = events
    return event


def book(frame: bytes) -> BookSnapshot:
    event = only(public.decode(frame, TS_NS, {}))
    assert isinstance(event, BookSnapshot)
    return event


class TestBooks:
    def test_a_frame_of_fifteen_levels_is_a_book_stamped_on_arrival(self, frame: Frame) -> None:
        whole = book(frame("book"))
        assert (whole.ts_ns, whole.venue, whole.symbol) == (TS_NS, "bithumb", "KRW-BTC")
        assert whole.asks[:2] == [(136_011_000.0, 0.110), (136_012_000.0, 0.111)]
        assert whole.bids[:2] == [(136_010_000.0, 0.210), (136_009_000.0, 0.211)]
        assert len(whole.bids) == len(whole.asks) == 15

    def test_levels_of_no_size_or_no_price_are_dropped_even_at_the_touch(
        self, frame: Frame
    ) -> None:
        dusty = book(frame("book_dust"))
        assert dusty.asks == [(102.0, 10.0), (103.0, 100.0)]
        assert dusty.bids == [(99.0, 7.5)]

    def test_a_book_may_be_empty(self) -> None:
        assert (book(book_of()).bids, book(book_of((0, 0, 0, 0))).asks) == ([], [])

    def test_the_same_book_twice_is_the_same_book(self, frame: Frame) -> None:
        assert book(frame("book")) == book(frame("book"))

    @pytest.mark.parametrize(
        "levels",
        [
            [(11, 1, 9, 1), (10, 1, 8, 1)],
            [(11, 1, 9, 1), (11, 1, 8, 1)],
            [(11, 1, 9, 1), (12, 1, 9, 1)],
            [(11, 1, 9, 1), (12, 1, 10, 1)],
            [(-11, 1, 9, 1)],
            [(11, -1, 9, 1)],
            [(11, 1, 9, -1)],
            [(11, 1, -9, 1)],
        ],
    )
    def test_a_book_out_of_order_or_negative_is_dropped_by_name(
        self, levels: list[tuple[float, float, float, float]]
    ) -> None:
        with pytest.raises(MalformedData, match=r"(asks|bids): level .* is dropped") as error:
            public.decode(book_of(*levels), TS_NS, {})
        assert error.value.symbol == "KRW-BTC"

    def test_the_number_of_levels_asked_for_is_not_part_of_the_symbol(self) -> None:
        assert book(book_of((11, 1, 9, 1), symbol="KRW-BTC.1")).symbol == "KRW-BTC"

    @given(
        sides=st.lists(
            st.tuples(st.floats(0, 1e9), st.floats(0, 1e9), st.floats(0, 1e9), st.floats(0, 1e9)),
            max_size=12,
        )
    )
    def test_a_book_that_passes_is_positive_and_best_first(
        self, sides: list[tuple[float, float, float, float]]
    ) -> None:
        try:
            passed = book(book_of(*sides))
        except MalformedData:
            return
        bids = [price for price, _ in passed.bids]
        assert bids == sorted(set(bids), reverse=True)
        asks = [price for price, _ in passed.asks]
        assert asks == sorted(set(asks))
        assert all(price > 0 and qty > 0 for price, qty in passed.bids + passed.asks)
        assert passed.asks == [(ask, qty) for ask, qty, _, _ in sides if ask and qty]


class TestTrades:
    def test_a_trade_has_the_takers_side(self, frame: Frame) -> None:
        trade = only(public.decode(frame("trade"), TS_NS, {}))
        assert trade == MarketTrade(TS_NS, "bithumb", "KRW-BTC", 136_011_000.0, 0.01305, Side.BUY)
        sold = only(public.decode(frame("trade").replace(b'"BID"', b'"ASK"'), TS_NS, {}))
        assert isinstance(sold, MarketTrade)
        assert sold.side is Side.SELL

    @pytest.mark.parametrize(
        ("what", "instead"), [(b'"BID"', b'"buy"'), (b"0.01305", b"0"), (b"136011000", b"-1")]
    )
    def test_a_trade_that_cannot_be_is_dropped(
        self, frame: Frame, what: bytes, instead: bytes
    ) -> None:
        with pytest.raises(MalformedData, match="the trade is dropped"):
            public.decode(frame("trade").replace(what, instead, 1), TS_NS, {})


class TestNotices:
    def test_up_says_nothing_that_its_arrival_does_not(self) -> None:
        assert public.decode(b'{"status":"UP"}', TS_NS, {}) == ()

    def test_any_other_status_takes_the_venue_down(self) -> None:
        status = only(public.decode(b'{"status":"DOWN"}', TS_NS, {}))
        assert status == VenueStatus(TS_NS, "bithumb", False, "status DOWN")

    @pytest.mark.parametrize("name", ["NO_TICKET", "INVALID_PARAM", "WRONG_FORMAT"])
    def test_an_error_takes_the_venue_down_with_its_name(self, name: str) -> None:
        error = json.dumps({"error": {"name": name, "message": "why"}}).encode()
        status = only(public.decode(error, TS_NS, {}))
        assert status == VenueStatus(TS_NS, "bithumb", False, f"{name}: why")

    @pytest.mark.parametrize("stray", [b"{}", b"[]", b"", b'{"type":"ticker","code":"KRW-BTC"}'])
    def test_a_frame_that_says_nothing_known_is_dropped(self, stray: bytes) -> None:
        with pytest.raises(MalformedData, match=r"bithumb frame cannot be read: .*it begins"):
            public.decode(stray, TS_NS, {})


class TestSubscriptions:
    def test_all_channels_go_in_one_frame_with_flags_in_camel_case(self) -> None:
        (request,) = public.subscribe(["KRW-BTC", "KRW-ETH"], [Channel.BOOK, Channel.TRADES])
        codes = ["KRW-BTC", "KRW-ETH"]
        assert json.loads(request) == [
            {"ticket": "arbitrage"},
            {"type": "orderbook", "codes": codes},
            {"type": "trade", "codes": codes, "isOnlyRealtime": True},
            {"format": "DEFAULT"},
        ]

    def test_a_quote_is_a_book_of_one_level_unless_a_book_holds_it(self) -> None:
        (request,) = public.subscribe(["KRW-BTC"], [Channel.QUOTE])
        assert {"type": "orderbook", "codes": ["KRW-BTC.1"]} in json.loads(request)
        (request,) = public.subscribe(["KRW-BTC"], [Channel.QUOTE, Channel.BOOK])
        assert [part.get("codes") for part in json.loads(request)] == [None, ["KRW-BTC"], None]

    def test_trades_may_be_asked_for_alone(self) -> None:
        (request,) = public.subscribe(["KRW-BTC"], [Channel.TRADES])
        assert [part.get("type") for part in json.loads(request)] == [None, "trade", None]

    def test_a_spot_venue_has_no_funding(self) -> None:
        with pytest.raises(ConfigError, match="no funding"):
            public.subscribe(["KRW-BTC"], [Channel.BOOK, Channel.FUNDING])


class TestRest:
    def test_a_book_over_rest_is_the_same_book(self, answered: Answered) -> None:
        assert public.book_request("KRW-BTC").target == "/v1/orderbook?markets=KRW-BTC"
        assert public.book("KRW-BTC", answered("book_rest"), TS_NS) == BookSnapshot(
            TS_NS,
            "bithumb",
            "KRW-BTC",
            bids=[(136_010_000.0, 0.9), (136_009_000.0, 1.5)],
            asks=[(136_011_000.0, 0.4), (136_012_000.0, 1.0)],
        )

    def test_another_markets_book_is_not_taken(self, answered: Answered) -> None:
        with pytest.raises(MalformedData, match="book of KRW-ETH: the answer holds"):
            public.book("KRW-ETH", answered("book_rest"), TS_NS)

    def test_an_unknown_market_has_no_book_though_the_status_is_200(self) -> None:
        answer = Answer(200, b'{"error":{"name":404,"message":"Code not found"}}')
        with pytest.raises(Unavailable, match="book of KRW-NOPE: http 200 404"):
            public.book("KRW-NOPE", answer, TS_NS)

    def test_markets_in_krw_become_instruments(self, answered: Answered) -> None:
        assert public.instruments_request().target == "/v1/market/all"
        found = {one.symbol: one for one in public.instruments(answered("markets"))}
        assert sorted(found) == ["KRW-BTC", "KRW-USDT"]
        bitcoin = found["KRW-BTC"]
        assert (bitcoin.base, bitcoin.quote, bitcoin.min_notional) == ("BTC", "KRW", 5000)
        assert bitcoin.tick_at(Decimal(136_000_000)) == 1000
        assert bitcoin.refusal(Decimal("0.00001"), Decimal(136_000_000)) == "lot_size"
        assert found["KRW-USDT"].tick_at(Decimal(1343)) == 1

    def test_fees_are_documented_for_krw_alone(self) -> None:
        assert public.documented_fees("KRW-BTC").taker_bps == 25.0
        with pytest.raises(ConfigError, match="expected a market in KRW"):
            public.documented_fees("BTC-ETH")


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(string.printable, max_size=8)
    | st.sampled_from(["KRW-BTC", "orderbook", "trade", "BID", "REALTIME"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["ask_price", "bid_size", "type", "code", "x"]), inner)
    ),
    max_leaves=12,
)


class TestBrokenFrames:
    def survives(self, broken: bytes) -> None:
        try:
            events = public.decode(broken, TS_NS, {})
        except MalformedData:
            return
        assert all(isinstance(one, BookSnapshot | MarketTrade | VenueStatus) for one in events)

    @given(cut=st.integers(0, 1500), name=st.sampled_from(["book", "trade"]))
    def test_a_torn_frame_ends_as_events_or_malformed(
        self, cut: int, name: str, frame: Frame
    ) -> None:
        self.survives(frame(name)[:cut])

    @given(at=st.integers(0, 1500), byte=st.integers(0, 255))
    def test_a_bad_byte_ends_as_events_or_malformed(self, at: int, byte: int, frame: Frame) -> None:
        broken = bytearray(frame("book"))
        broken[at % len(broken)] = byte
        self.survives(bytes(broken))

    @given(
        field=st.sampled_from(["type", "code", "orderbook_units", "trade_price", "ask_bid", "new"]),
        value=ANY_JSON,
    )
    def test_a_field_of_any_type_ends_as_events_or_malformed(
        self, field: str, value: object, frame: Frame
    ) -> None:
        for name in ("book_dust", "trade"):
            self.survives(json.dumps({**json.loads(frame(name)), field: value}).encode())

    @given(value=ANY_JSON)
    def test_any_json_ends_as_events_or_malformed(self, value: object) -> None:
        self.survives(json.dumps(value).encode())
        self.survives(json.dumps({"status": value}).encode())
        self.survives(json.dumps({"error": value}).encode())

    @given(data=st.binary(max_size=60))
    def test_any_bytes_end_as_events_or_malformed(self, data: bytes) -> None:
        self.survives(data)


@pytest.mark.realdata
def test_no_frame_of_the_older_protocol_passes_for_market_data(legacy_frames: list[bytes]) -> None:
    """The recording is of 2021: other names, another address. It can only be refused."""
    assert legacy_frames
    for one in legacy_frames:
        try:
            events = public.decode(one, TS_NS, {})
        except MalformedData:
            continue
        assert all(isinstance(event, VenueStatus) and not event.is_up for event in events)
