from collections.abc import Callable

import msgspec
import pytest

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import (
    BookDelta,
    BookQuote,
    BookSnapshot,
    Event,
    Funding,
    MarketTrade,
    VenueStatus,
)
from arbitrage.domain.sides import Side
from arbitrage.exchanges.bybit import facts
from arbitrage.exchanges.bybit.facts import BookStream, Category
from arbitrage.exchanges.bybit.market_stream import MarketStream
from arbitrage.exchanges.order_gateway import Channel

VENUE = "bybit"
Frames = Callable[[str], list[bytes]]
SNAPSHOT, DELTA, TOUCH, TRADES, TICKER, MARK = range(6)
NEXT_NS = 1673280000000_000_000


def followed(category: Category = Category.LINEAR) -> MarketStream:
    stream = MarketStream(category)
    channels = [Channel.BOOK, Channel.QUOTE, Channel.TRADES]
    if category is Category.LINEAR:
        channels.append(Channel.FUNDING)
    stream.topics(["BTCUSDT", "ETHUSDT"], channels)
    return stream


def decoded(stream: MarketStream, frames: list[bytes]) -> list[Event]:
    return [event for frame in frames for event in stream.decode(frame, 7)]


def test_a_book_is_a_snapshot_and_what_changed_since(frames: Frames) -> None:
    assert decoded(followed(), frames("public")[: DELTA + 1]) == [
        BookSnapshot(
            7,
            VENUE,
            "BTCUSDT",
            [(16493.5, 0.006), (16493.0, 0.1)],
            [(16611.0, 0.029), (16612.0, 0.213)],
            18521288,
        ),
        BookDelta(
            7,
            VENUE,
            "BTCUSDT",
            [(16493.5, 0.0), (16492.5, 0.324)],
            [(16611.0, 0.014)],
            18521289,
            18521288,
        ),
    ]


def test_the_same_symbol_is_of_another_venue_in_spot(frames: Frames) -> None:
    events = decoded(followed(Category.SPOT), frames("public")[: TRADES + 1])

    assert {getattr(event, "venue", "") for event in events} == {"bybit-spot"}


def test_a_delta_before_its_snapshot_says_nothing(frames: Frames) -> None:
    assert decoded(followed(), [frames("public")[DELTA]]) == []


def test_after_a_restart_the_book_is_whole_whatever_it_is_called(frames: Frames) -> None:
    stream = followed()
    restarted = frames("public")[SNAPSHOT].replace(b"18521288", b"1")
    stream.decode(frames("public")[SNAPSHOT], 6)

    for frame in (restarted, restarted.replace(b'"snapshot"', b'"delta"')):
        [book] = stream.decode(frame, 7)
        assert isinstance(book, BookSnapshot)
        assert book.seq == 1


def test_a_restart_that_is_no_whole_book_loses_it(frames: Frames) -> None:
    stream = followed()
    stream.decode(frames("public")[SNAPSHOT], 6)

    with pytest.raises(MalformedData) as caught:
        stream.decode(frames("public")[DELTA].replace(b"18521289", b"1"), 7)

    assert caught.value.symbol == "BTCUSDT"
    assert stream.books["BTCUSDT"].needs_snapshot


def test_a_touch_is_a_quote(frames: Frames) -> None:
    [event] = followed().decode(frames("public")[TOUCH], 7)

    assert event == BookQuote(7, VENUE, "BTCUSDT", 16493.5, 0.006, 16611.0, 0.029)


def test_a_touch_with_an_empty_side_is_a_one_sided_book(frames: Frames) -> None:
    frame = frames("public")[TOUCH].replace(b'[["16493.50","0.006"]]', b"[]")

    [event] = followed().decode(frame, 7)

    assert event == BookSnapshot(7, VENUE, "BTCUSDT", [], [(16611.0, 0.029)])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"snapshot"', b'"delta"'),
        (b'"0.006"', b'"0"'),
        (b'[["16493.50","0.006"]]', b'[["1","1"],["2","1"]]'),
    ],
)
def test_a_touch_that_is_not_whole_is_refused(old: bytes, new: bytes, frames: Frames) -> None:
    with pytest.raises(MalformedData) as caught:
        followed().decode(frames("public")[TOUCH].replace(old, new), 7)

    assert caught.value.symbol == "BTCUSDT"


def test_trades_have_the_side_of_their_taker_and_block_trades_are_left_out(frames: Frames) -> None:
    assert followed().decode(frames("public")[TRADES], 7) == [
        MarketTrade(7, VENUE, "BTCUSDT", 16578.5, 0.001, Side.BUY),
        MarketTrade(7, VENUE, "BTCUSDT", 16578.0, 0.002, Side.SELL),
    ]


def test_a_trade_of_neither_side_is_malformed_and_blames_no_book(frames: Frames) -> None:
    with pytest.raises(MalformedData, match="expected Buy or Sell") as caught:
        followed().decode(frames("public")[TRADES].replace(b'"Buy"', b'"None"'), 7)

    assert caught.value.symbol == ""


def test_a_ticker_announces_funding_and_keeps_what_did_not_change(frames: Frames) -> None:
    assert decoded(followed(), frames("public")[TICKER:]) == [
        Funding(7, VENUE, "BTCUSDT", -0.000212, NEXT_NS, 17217.33),
        Funding(7, VENUE, "BTCUSDT", -0.000212, NEXT_NS, 17218.0),
    ]


def test_each_part_of_a_ticker_changes_by_itself(frames: Frames) -> None:
    stream = followed()
    stream.decode(frames("public")[TICKER], 7)
    mark = b'"markPrice":"17218.00"'

    changed = frames("public")[MARK].replace(mark, b'"fundingRate":"0.0001"')
    assert stream.decode(changed, 8) == (Funding(8, VENUE, "BTCUSDT", 0.0001, NEXT_NS, 17217.33),)
    changed = frames("public")[MARK].replace(mark, b'"nextFundingTime":"1673280000001"')
    [funding] = stream.decode(changed, 9)
    assert isinstance(funding, Funding)
    assert funding.next_ts_ns == NEXT_NS + 1_000_000


def test_a_ticker_without_news_of_funding_says_nothing(frames: Frames) -> None:
    stream = followed()
    stream.decode(frames("public")[TICKER], 7)

    frame = frames("public")[MARK].replace(b'"markPrice"', b'"lastPrice"')

    assert stream.decode(frame, 8) == ()


def test_a_ticker_is_not_known_before_its_snapshot_nor_after_the_connection_was_lost(
    frames: Frames,
) -> None:
    stream = followed()
    assert stream.decode(frames("public")[MARK], 7) == ()
    stream.decode(frames("public")[TICKER], 7)

    stream.lose_books()

    assert stream.decode(frames("public")[MARK], 8) == ()


def test_a_ticker_without_a_rate_announces_nothing(frames: Frames) -> None:
    frame = frames("public")[TICKER].replace(b'"fundingRate":"-0.000212",', b"")

    assert followed().decode(frame, 7) == ()


def test_topics_that_nobody_asked_for_say_nothing(frames: Frames) -> None:
    stream = MarketStream(Category.LINEAR)

    assert all(stream.decode(frame, 7) == () for frame in frames("public"))


def test_the_topic_may_come_last(frames: Frames) -> None:
    frame = frames("public")[TOUCH]
    moved = b"{" + frame[len(b'{"topic":"orderbook.1.BTCUSDT",') : -1]
    moved += b',"topic":"orderbook.1.BTCUSDT"}'

    assert followed().decode(moved, 7) == followed().decode(frame, 7) != ()


def test_a_broken_frame_whose_topic_comes_last_loses_its_book(frames: Frames) -> None:
    stream = followed()
    stream.decode(frames("public")[SNAPSHOT], 7)

    with pytest.raises(MalformedData) as caught:
        stream.decode(b'{"type":"delta","topic":"orderbook.50.BTCUSDT"}', 8)

    assert caught.value.symbol == "BTCUSDT"
    assert stream.books["BTCUSDT"].needs_snapshot


def test_answers_to_what_we_sent_say_nothing(frames: Frames) -> None:
    assert all(followed().decode(frame, 7) == () for frame in frames("answers"))


def test_a_refused_subscription_takes_the_venue_down() -> None:
    frame = b'{"success":false,"ret_msg":"error:handler not found","op":"subscribe"}'

    [event] = followed().decode(frame, 7)

    reason = "subscribe refused: error:handler not found"
    assert event == VenueStatus(7, VENUE, is_up=False, reason=reason)


def test_a_refusal_of_nothing_in_particular_takes_the_venue_down() -> None:
    [event] = followed().decode(b'{"success":false,"ret_msg":"error:invalid op"}', 7)

    assert event == VenueStatus(7, VENUE, is_up=False, reason="request refused: error:invalid op")


def test_a_topic_that_could_not_be_left_is_no_matter() -> None:
    assert followed().decode(b'{"success":false,"ret_msg":"no","op":"unsubscribe"}', 7) == ()


@pytest.mark.parametrize("frame", [b"", b"{}", b"null", b"[" * 100_000, b"\xff", b'{"data":{}}'])
def test_a_frame_that_is_nothing_is_malformed_and_blames_no_book(frame: bytes) -> None:
    with pytest.raises(MalformedData) as caught:
        followed().decode(frame, 7)

    assert caught.value.symbol == ""


@pytest.mark.parametrize(
    "rest",
    [
        b"}",
        b',"type":"delta","data":{}}',
        b',"type":"delta","data":{"b":[["1","-1"]],"a":[],"u":5,"seq":1}}',
        b',"type":"delta","data":{"b":[["x","1"]],"a":[],"u":5,"seq":1}}',
        b',"type":"snapshot","data":{"b":[["1","0"]],"a":[],"u":5,"seq":1}}',
        b',"type":"other","data":{"b":[],"a":[],"u":5,"seq":1}}',
        b',"type":"delta","data":' + b"[" * 100_000,
    ],
)
def test_an_unreadable_book_is_lost_alone(rest: bytes, frames: Frames) -> None:
    stream = followed()
    for symbol in (b"BTCUSDT", b"ETHUSDT"):
        stream.decode(frames("public")[SNAPSHOT].replace(b"BTCUSDT", symbol), 7)

    with pytest.raises(MalformedData, match="BTCUSDT") as caught:
        stream.decode(b'{"topic":"orderbook.50.BTCUSDT"' + rest, 8)

    assert caught.value.symbol == "BTCUSDT"
    assert stream.books["BTCUSDT"].needs_snapshot
    assert not stream.books["ETHUSDT"].needs_snapshot


def test_an_unreadable_quote_or_trade_leaves_the_deltas_alone(frames: Frames) -> None:
    stream = followed()
    stream.decode(frames("public")[SNAPSHOT], 7)

    for topic in (b"orderbook.1", b"publicTrade", b"tickers"):
        with pytest.raises(MalformedData):
            stream.decode(b'{"topic":"%s.BTCUSDT","type":"snapshot","data":7}' % topic, 8)

    assert not stream.books["BTCUSDT"].needs_snapshot


def test_a_lost_connection_loses_every_book(frames: Frames) -> None:
    stream = followed()
    stream.decode(frames("public")[SNAPSHOT], 7)

    stream.lose_books()

    assert all(book.needs_snapshot for book in stream.books.values())


@pytest.mark.parametrize("category", Category)
def test_the_frames_of_a_subscription_name_every_topic_once(category: Category) -> None:
    symbols = [f"S{number}USDT" for number in range(205)]

    sent = [msgspec.json.decode(f) for f in MarketStream(category).subscribe(symbols, CHANNELS)]

    most = facts.MAX_TOPICS_PER_REQUEST[category]
    assert {one["op"] for one in sent} == {"subscribe"}
    assert [one["req_id"] for one in sent] == [str(number + 1) for number in range(len(sent))]
    assert all(len(one["args"]) <= most for one in sent)
    names = [name for one in sent for name in one["args"]]
    assert names == [
        f"{topic}.{symbol}" for topic in ("orderbook.50", "publicTrade") for symbol in symbols
    ]


CHANNELS = [Channel.BOOK, Channel.TRADES]


def test_subscribing_to_nothing_sends_nothing() -> None:
    assert MarketStream(Category.SPOT).subscribe([], [Channel.BOOK]) == []


@pytest.mark.parametrize("book_stream", BookStream)
def test_the_book_comes_as_deep_as_it_was_asked_for(book_stream: BookStream) -> None:
    stream = MarketStream(Category.LINEAR, book_stream)

    assert stream.topics(["BTCUSDT"], [Channel.BOOK]) == [f"{book_stream.value}.BTCUSDT"]


def test_spot_has_no_funding() -> None:
    with pytest.raises(ConfigError, match="bybit-spot: spot has no funding"):
        MarketStream(Category.SPOT).subscribe(["BTCUSDT"], [Channel.FUNDING])


def test_a_connection_carries_a_bounded_length_of_topics() -> None:
    symbols = [f"S{number}USDT" for number in range(1000)]

    with pytest.raises(ConfigError, match="split the symbols"):
        MarketStream(Category.LINEAR).subscribe(symbols, [Channel.BOOK])


def test_subscribing_again_keeps_the_books(frames: Frames) -> None:
    stream = followed()
    stream.decode(frames("public")[SNAPSHOT], 7)

    stream.subscribe(["BTCUSDT"], [Channel.BOOK])

    assert not stream.books["BTCUSDT"].needs_snapshot


def test_a_new_snapshot_is_had_by_leaving_and_coming_back(frames: Frames) -> None:
    stream = followed()
    stream.decode(frames("public")[SNAPSHOT], 7)

    sent = [msgspec.json.decode(frame) for frame in stream.resubscribe("BTCUSDT")]

    assert [(one["op"], one["args"]) for one in sent] == [
        ("unsubscribe", ["orderbook.50.BTCUSDT"]),
        ("subscribe", ["orderbook.50.BTCUSDT"]),
    ]
    assert stream.books["BTCUSDT"].needs_snapshot
    with pytest.raises(KeyError):
        stream.resubscribe("XRPUSDT")
