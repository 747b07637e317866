"""Market data: documented and recorded frames are read, broken ones are dropped, never believed."""

import json
import string
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.events import BookSnapshot, Event, MarketTrade, VenueStatus
from arbitrage.domain.instrument import Instrument, TickBand
from arbitrage.domain.sides import Side
from arbitrage.exchanges.order_gateway import Answer, Channel
from arbitrage.exchanges.upbit import facts, public

TS_NS = 1_763_800_000_123_456_789
Frame = Callable[[str], bytes]
Answered = Callable[..., Answer]


def book_of(
    *levels: tuple[float, float, float, float], symbol: str = "KRW-BTC", tms: int = 1
) -> bytes:
    """A frame with rows of ask, its quantity, bid, its quantity."""
    rows = [{"ap": ap, "bp": bp, "as": aq, "bs": bq} for ap, aq, bp, bq in levels]
    said = {"ty": "orderbook", "cd": symbol, "tms": tms, "obu": rows, "st": "REALTIME"}
    return json.dumps(said).encode()


def only(events: tuple[Event, ...]) -> Event:
    (event,) = events
    return event


class TestBooks:
    def test_a_frame_of_thirty_levels_is_a_book_stamped_on_arrival(self, frame: Frame) -> None:
        book = only(public.decode(frame("book_simple"), TS_NS, {}))
        assert isinstance(book, BookSnapshot)
        assert (book.ts_ns, book.venue, book.symbol) == (TS_NS, "upbit", "KRW-BTC")
        assert book.asks[:2] == [(136_011_000.0, 0.110), (136_012_000.0, 0.111)]
        assert book.bids[:2] == [(136_010_000.0, 0.210), (136_009_000.0, 0.211)]
        assert len(book.bids) == len(book.asks) == 30

    def test_padding_is_dropped_on_each_side_by_itself(self, frame: Frame) -> None:
        book = only(public.decode(frame("book_padded"), TS_NS, {}))
        assert isinstance(book, BookSnapshot)
        assert book.bids == [(1e-8, 7.0)]
        assert book.asks == [(2e-8, 10.0), (3e-8, 100.0)]

    def test_a_book_may_be_empty(self) -> None:
        book = only(public.decode(book_of(), TS_NS, {}))
        assert isinstance(book, BookSnapshot)
        assert (book.bids, book.asks) == ([], [])

    def test_a_price_without_quantity_is_padding_wherever_it_stands(self) -> None:
        book = only(public.decode(book_of((11, 0, 9, 1), (12, 1, 8, 0), (13, 1, 7, 1)), TS_NS, {}))
        assert isinstance(book, BookSnapshot)
        assert book.bids == [(9.0, 1.0), (7.0, 1.0)]
        assert book.asks == [(12.0, 1.0), (13.0, 1.0)]

    def test_a_book_older_than_the_last_one_says_nothing(self) -> None:
        latest_ms: dict[str, int] = {}

        def told(symbol: str, tms: int) -> int:
            frame = book_of((11, 1, 9, 1), symbol=symbol, tms=tms)
            return len(public.decode(frame, TS_NS, latest_ms))

        books = [("KRW-BTC", 5), ("KRW-ETH", 3), ("KRW-BTC", 4), ("KRW-BTC", 5), ("KRW-BTC.1", 4)]
        assert [told(*book) for book in books] == [1, 1, 0, 1, 0]
        assert told("KRW-BTC", 1_763_800_000_000) == 1
        assert told("KRW-BTC", 1_763_799_990_000) == 1  # the venue's clock was set

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
    def test_a_book_out_of_order_or_negative_is_dropped(
        self, levels: list[tuple[float, float, float, float]]
    ) -> None:
        with pytest.raises(MalformedData, match=r"upbit KRW-BTC (asks|bids): level .* is dropped"):
            public.decode(book_of(*levels), TS_NS, {})

    def test_the_number_of_levels_asked_for_is_not_part_of_the_symbol(self) -> None:
        book = only(public.decode(book_of((11, 1, 9, 1), symbol="KRW-BTC.1"), TS_NS, {}))
        assert isinstance(book, BookSnapshot)
        assert book.symbol == "KRW-BTC"

    def test_the_order_of_keys_does_not_matter(self) -> None:
        shuffled = b'{"obu":[{"bs":1,"as":2,"bp":9,"ap":11}],"cd":"KRW-BTC","ty":"orderbook"}'
        book = only(public.decode(shuffled, TS_NS, {}))
        assert isinstance(book, BookSnapshot)
        assert (book.bids, book.asks) == ([(9.0, 1.0)], [(11.0, 2.0)])

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
            book = only(public.decode(book_of(*sides), TS_NS, {}))
        except MalformedData:
            return
        assert isinstance(book, BookSnapshot)
        prices = [price for price, _ in book.bids]
        assert prices == sorted(set(prices), reverse=True)
        prices = [price for price, _ in book.asks]
        assert prices == sorted(set(prices))
        assert all(price > 0 and qty > 0 for price, qty in book.bids + book.asks)
        kept = [(ask, qty) for ask, qty, _, _ in sides if ask and qty]
        assert book.asks == kept


class TestTrades:
    def test_a_trade_has_the_takers_side(self, frame: Frame) -> None:
        trade = only(public.decode(frame("trade_simple"), TS_NS, {}))
        assert trade == MarketTrade(TS_NS, "upbit", "KRW-BTC", 136_011_000.0, 0.01305, Side.BUY)
        sold = frame("trade_simple").replace(b'"BID"', b'"ASK"')
        trade = only(public.decode(sold, TS_NS, {}))
        assert isinstance(trade, MarketTrade)
        assert trade.side is Side.SELL

    @pytest.mark.parametrize(
        ("what", "instead"), [(b'"BID"', b'"buy"'), (b"0.01305", b"0"), (b"1.36011E8", b"-1")]
    )
    def test_a_trade_that_cannot_be_is_dropped(
        self, frame: Frame, what: bytes, instead: bytes
    ) -> None:
        with pytest.raises(MalformedData, match="the trade is dropped"):
            public.decode(frame("trade_simple").replace(what, instead, 1), TS_NS, {})


class TestNotices:
    def test_up_says_nothing_that_its_arrival_does_not(self) -> None:
        assert public.decode(b'{"status":"UP"}', TS_NS, {}) == ()

    def test_any_other_status_takes_the_venue_down(self) -> None:
        status = only(public.decode(b'{"status":"DOWN"}', TS_NS, {}))
        assert status == VenueStatus(TS_NS, "upbit", False, "status DOWN")

    @pytest.mark.parametrize(
        "name", ["NO_TICKET", "NO_TYPE", "NO_CODES", "INVALID_PARAM", "WRONG_FORMAT"]
    )
    def test_an_error_takes_the_venue_down_with_its_name(self, name: str) -> None:
        error = json.dumps({"error": {"name": name, "message": "why"}}).encode()
        status = only(public.decode(error, TS_NS, {}))
        assert status == VenueStatus(TS_NS, "upbit", False, f"{name}: why")

    @pytest.mark.parametrize("stray", [b"{}", b"[]", b"", b'{"ty":"ticker","cd":"KRW-BTC"}', b"UP"])
    def test_a_frame_that_says_nothing_known_is_dropped(self, stray: bytes) -> None:
        with pytest.raises(MalformedData, match=r"upbit frame cannot be read: .*it begins"):
            public.decode(stray, TS_NS, {})


class TestSubscriptions:
    def test_all_channels_go_in_one_frame_since_a_second_would_replace_it(self) -> None:
        (request,) = public.subscribe(["KRW-BTC", "KRW-ETH"], [Channel.BOOK, Channel.TRADES])
        codes = ["KRW-BTC", "KRW-ETH"]
        assert json.loads(request) == [
            {"ticket": "arbitrage"},
            {"type": "orderbook", "codes": codes},
            {"type": "trade", "codes": codes, "is_only_realtime": True},
            {"format": "SIMPLE"},
        ]

    def test_a_quote_is_a_book_of_one_level(self) -> None:
        (request,) = public.subscribe(["KRW-BTC"], [Channel.QUOTE])
        assert {"type": "orderbook", "codes": ["KRW-BTC.1"]} in json.loads(request)

    def test_a_book_holds_the_quote_already(self) -> None:
        (request,) = public.subscribe(["KRW-BTC"], [Channel.QUOTE, Channel.BOOK])
        types = [part.get("codes") for part in json.loads(request)]
        assert types == [None, ["KRW-BTC"], None]

    def test_trades_may_be_asked_for_alone(self) -> None:
        (request,) = public.subscribe(["KRW-BTC"], [Channel.TRADES])
        assert [part.get("type") for part in json.loads(request)] == [None, "trade", None]

    def test_a_spot_venue_has_no_funding(self) -> None:
        with pytest.raises(ConfigError, match="no funding"):
            public.subscribe(["KRW-BTC"], [Channel.BOOK, Channel.FUNDING])


class TestRest:
    def test_a_book_is_asked_for_by_symbol_and_depth(self) -> None:
        request = public.book_request("KRW-BTC")
        assert (request.method, request.target) == (
            "GET",
            "/v1/orderbook?markets=KRW-BTC&count=30",
        )

    def test_a_book_over_rest_is_the_same_book(self, answered: Answered) -> None:
        book = public.book("KRW-BTC", answered("book_rest"), TS_NS)
        assert book == BookSnapshot(
            TS_NS,
            "upbit",
            "KRW-BTC",
            bids=[(136_010_000.0, 0.9), (136_009_000.0, 1.5)],
            asks=[(136_011_000.0, 0.4), (136_012_000.0, 1.0)],
        )

    def test_another_markets_book_is_not_taken(self, answered: Answered) -> None:
        with pytest.raises(MalformedData, match="book of KRW-ETH: the answer holds"):
            public.book("KRW-ETH", answered("book_rest"), TS_NS)

    def test_an_unknown_market_has_no_book(self) -> None:
        answer = Answer(404, b'{"error":{"name":404,"message":"Code not found"}}')
        with pytest.raises(Unavailable, match="book of KRW-NOPE: http 404 404"):
            public.book("KRW-NOPE", answer, TS_NS)


class TestInstruments:
    def test_markets_of_known_quotes_become_instruments(self, answered: Answered) -> None:
        found = {one.symbol: one for one in public.instruments(answered("markets"))}
        assert sorted(found) == ["BTC-ETH", "KRW-BTC", "KRW-USDT", "USDT-XRP"]
        bitcoin = found["KRW-BTC"]
        assert (bitcoin.base, bitcoin.quote, bitcoin.min_notional) == ("BTC", "KRW", 5000)
        assert bitcoin.tick_at(Decimal(136_000_000)) == 1000
        assert bitcoin.refusal(Decimal("0.00000001"), Decimal(136_000_000)) == "min_notional"
        assert found["BTC-ETH"].tick_at(Decimal("0.04")) == Decimal("0.00000001")

    def test_instruments_and_ticks_are_asked_for(self) -> None:
        assert public.instruments_request().target == "/v1/market/all"
        request = public.tick_sizes_request(["KRW-BTC", "KRW-USDT"])
        assert request.target == "/v1/orderbook/instruments?markets=KRW-BTC,KRW-USDT"

    def test_the_tick_that_the_venue_tells_holds_around_the_price(self, answered: Answered) -> None:
        known = public.instruments(answered("markets"))
        told = public.with_tick_sizes(known, answered("tick_sizes"), {"KRW-USDT": 1398.5})
        ticks = {one.symbol: one for one in told}
        tether = ticks["KRW-USDT"]
        assert tether.tick_at(Decimal("1398.5")) == Decimal("0.5")
        assert tether.tick_at(Decimal(7000)) == 5
        assert ticks["BTC-ETH"] == next(one for one in known if one.symbol == "BTC-ETH")

    def test_without_a_price_the_coarser_tick_holds(self, answered: Answered) -> None:
        known = public.instruments(answered("markets"))
        told = {
            one.symbol: one for one in public.with_tick_sizes(known, answered("tick_sizes"), {})
        }
        assert told["KRW-USDT"].tick_at(Decimal("1398.5")) == 1
        assert told["KRW-BTC"].tick_at(Decimal("136000000")) == 1000
        assert told["KRW-BTC"].tick_at(Decimal("900000")) == 1000

    @given(price=st.integers(1, 10**10), told=st.sampled_from(facts.TICK_BANDS["KRW"]))
    def test_a_rounded_price_is_on_the_documented_and_on_the_told_grid(
        self, price: int, told: TickBand
    ) -> None:
        tick = told.tick_size
        known = Instrument.from_symbol("upbit", "KRW-XYZ")
        body = json.dumps([{"market": "KRW-XYZ", "tick_size": str(tick)}]).encode()
        (one,) = public.with_tick_sizes([known], Answer(200, body), {})
        exact = one.limit_price(Decimal(price) / 100, Side.SELL)
        assert exact % tick == 0
        documented = [b.tick_size for b in facts.TICK_BANDS["KRW"] if exact >= b.from_price]
        assert exact % (documented or [facts.FINEST_TICK])[0] == 0

    @pytest.mark.parametrize("tick", ['"NaN"', '"-1"', '"x"', "null"])
    def test_a_tick_that_is_no_number_is_refused(self, tick: str, answered: Answered) -> None:
        body = f'[{{"market":"KRW-BTC","tick_size":{tick}}}]'.encode()
        with pytest.raises(MalformedData):
            public.with_tick_sizes(public.instruments(answered("markets")), Answer(200, body), {})

    def test_a_tick_that_fits_no_documented_band_refuses_the_instrument(
        self, answered: Answered
    ) -> None:
        body = b'[{"market":"KRW-BTC","tick_size":"0.3"}]'
        with pytest.raises(ConfigError, match="the instrument is refused"):
            public.with_tick_sizes(public.instruments(answered("markets")), Answer(200, body), {})

    def test_fees_are_documented_by_quote(self) -> None:
        assert public.documented_fees("KRW-BTC").taker_bps == 5.0
        assert public.documented_fees("USDT-BTC").maker_bps == 25.0
        with pytest.raises(ConfigError, match="expected a market in KRW, BTC, USDT"):
            public.documented_fees("SGD-BTC")


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(string.printable, max_size=8)
    | st.sampled_from(["KRW-BTC", "orderbook", "trade", "BID", "REALTIME"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["ap", "bp", "as", "bs", "ty", "cd", "x"]), inner)
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

    @given(cut=st.integers(0, 1500), name=st.sampled_from(["book_simple", "trade_simple"]))
    def test_a_torn_frame_ends_as_events_or_malformed(
        self, cut: int, name: str, frame: Frame
    ) -> None:
        self.survives(frame(name)[:cut])

    @given(at=st.integers(0, 1500), byte=st.integers(0, 255))
    def test_a_bad_byte_ends_as_events_or_malformed(self, at: int, byte: int, frame: Frame) -> None:
        broken = bytearray(frame("book_simple"))
        broken[at % len(broken)] = byte
        self.survives(bytes(broken))

    @given(field=st.sampled_from(["ty", "cd", "obu", "tp", "tv", "ab", "new"]), value=ANY_JSON)
    def test_a_field_of_any_type_ends_as_events_or_malformed(
        self, field: str, value: object
    ) -> None:
        for whole in (
            {"ty": "orderbook", "cd": "KRW-BTC", "obu": [{"ap": 2, "bp": 1, "as": 1, "bs": 1}]},
            {"ty": "trade", "cd": "KRW-BTC", "tp": 1, "tv": 1, "ab": "BID"},
        ):
            self.survives(json.dumps({**whole, field: value}).encode())

    @given(value=ANY_JSON)
    def test_any_json_ends_as_events_or_malformed(self, value: object) -> None:
        self.survives(json.dumps(value).encode())
        self.survives(json.dumps({"status": value}).encode())
        self.survives(json.dumps({"error": value}).encode())

    @given(data=st.binary(max_size=60))
    def test_any_bytes_end_as_events_or_malformed(self, data: bytes) -> None:
        self.survives(data)


@pytest.mark.realdata
def test_every_recorded_frame_is_a_sound_book_or_a_trade(recorded_frames: list[bytes]) -> None:
    events = [only(public.decode(frame, TS_NS, {})) for frame in recorded_frames]
    books = [event for event in events if isinstance(event, BookSnapshot)]
    assert (len(books), len(events)) == (145, 449)
    assert all(book.bids[0][0] < book.asks[0][0] for book in books)
    assert all(isinstance(event, BookSnapshot | MarketTrade) for event in events)


@pytest.mark.realdata
def test_recorded_books_hold_what_was_sent(recorded_frames: list[bytes]) -> None:
    for frame in recorded_frames:
        sent = json.loads(frame)
        if sent["ty"] != "orderbook":
            continue
        book = only(public.decode(frame, TS_NS, {}))
        assert isinstance(book, BookSnapshot)
        assert book.asks == [(one["ap"], one["as"]) for one in sent["obu"] if one["as"]]
        assert book.bids == [(one["bp"], one["bs"]) for one in sent["obu"] if one["bs"]]
