from collections.abc import Callable

import msgspec
import pytest

from arbitrage.domain.errors import MalformedData
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
from arbitrage.exchanges.okx import facts
from arbitrage.exchanges.okx.facts import BookStream
from arbitrage.exchanges.okx.market_stream import MarketStream
from arbitrage.exchanges.order_gateway import Channel

VENUE, SPOT, SWAP = "okx", "BTC-USDT", "BCH-USDT-SWAP"
Frames = Callable[[str], list[bytes]]
SNAPSHOT, UPDATE, QUIET, RESET, AFTER, TOUCH, WHOLE, TRADES, FUNDING, MARK = range(10)
SUBSCRIBED, _, COUNT, LOGIN, ERROR, NO_LOGIN, TOO_MANY, NOTICE = range(8)
NEXT_NS = 1700726400000_000_000


def followed(book_stream: BookStream = BookStream.UPDATES_400) -> MarketStream:
    stream = MarketStream(book_stream)
    stream.arguments([SPOT, SWAP], Channel)
    return stream


def decoded(stream: MarketStream, frames: list[bytes]) -> list[Event]:
    return [event for frame in frames for event in stream.decode(frame, 7)]


# --- books ----------------------------------------------------------------------------------------


def test_a_book_is_a_snapshot_and_the_updates_that_follow(frames: Frames) -> None:
    stream = followed()

    assert decoded(stream, frames("public")[SNAPSHOT:TOUCH]) == [
        BookSnapshot(
            7,
            VENUE,
            SPOT,
            [(8476.97, 256.0), (8475.55, 101.0), (8475.54, 100.0)],
            [(8476.98, 415.0), (8477.0, 7.0), (8477.34, 85.0)],
            10,
        ),
        BookDelta(7, VENUE, SPOT, [(8476.97, 250.0)], [(8477.0, 0.0), (8477.56, 1.0)], 15, 10),
        BookDelta(7, VENUE, SPOT, [], [], 15, 15),
        BookDelta(7, VENUE, SPOT, [(8475.54, 0.0)], [], 3, 15),
        BookDelta(7, VENUE, SPOT, [], [(8477.34, 80.0)], 5, 3),
    ]
    assert stream.books[SPOT].gaps == 0


def test_an_update_waits_for_its_snapshot(frames: Frames) -> None:
    assert decoded(followed(), frames("public")[UPDATE:TOUCH]) == []


def test_a_checksum_is_checked_where_there_is_one(frames: Frames) -> None:
    wrong = frames("public")[SNAPSHOT].replace(b'"checksum":0', b'"checksum":1')
    stream = followed()

    with pytest.raises(MalformedData, match="checksum") as caught:
        stream.decode(wrong, 7)

    assert caught.value.symbol == SPOT
    assert stream.books[SPOT].needs_snapshot


def test_a_book_of_five_levels_is_whole_in_itself(frames: Frames) -> None:
    stream = followed(BookStream.WHOLE_5)

    [event] = stream.decode(frames("public")[WHOLE], 7)

    assert isinstance(event, BookSnapshot)
    assert (event.symbol, len(event.bids), len(event.asks)) == (SWAP, 5, 5)
    assert (event.bids[0], event.asks[-1]) == ((111.05, 57745.0), (111.1, 67272.0))
    assert stream.books == {}


@pytest.mark.parametrize(
    ("old", "new"), [(b'"111.05"', b'"110.99"'), (b'"111.06"', b'"112"'), (b'"55154"', b'"-55154"')]
)
def test_a_book_that_makes_no_sense_is_refused(old: bytes, new: bytes, frames: Frames) -> None:
    frame = frames("public")[WHOLE]
    assert old in frame

    with pytest.raises(MalformedData) as caught:
        followed(BookStream.WHOLE_5).decode(frame.replace(old, new, 1), 7)

    assert caught.value.symbol == SWAP


def test_a_quote_is_the_touch(frames: Frames) -> None:
    [event] = followed().decode(frames("public")[TOUCH], 7)

    assert event == BookQuote(7, VENUE, SWAP, 111.05, 57745.0, 111.06, 55154.0)


def test_a_quote_with_an_empty_side_is_a_one_sided_book(frames: Frames) -> None:
    frame = frames("public")[TOUCH].replace(b'[["111.05","57745","0","2"]]', b"[]")

    [event] = followed().decode(frame, 7)

    assert event == BookSnapshot(7, VENUE, SWAP, [], [(111.06, 55154.0)])


# --- trades and funding ---------------------------------------------------------------------------


def test_trades_have_the_side_of_their_taker(frames: Frames) -> None:
    assert followed().decode(frames("public")[TRADES], 7) == [
        MarketTrade(7, VENUE, SPOT, 42219.9, 0.12060306, Side.BUY),
        MarketTrade(7, VENUE, SPOT, 42219.8, 0.001, Side.SELL),
    ]


def test_funding_and_mark_price_complete_each_other(frames: Frames) -> None:
    stream, public = followed(), frames("public")

    assert decoded(stream, [public[i] for i in (MARK, FUNDING, MARK)]) == [
        Funding(7, VENUE, SWAP, 0.0001875391284828, NEXT_NS, 111.055),
        Funding(7, VENUE, SWAP, 0.0001875391284828, NEXT_NS, 111.055),
    ]
    [alone] = followed().decode(public[FUNDING], 7)
    assert alone == Funding(7, VENUE, SWAP, 0.0001875391284828, NEXT_NS, 0.0)


@pytest.mark.parametrize(
    ("number", "old", "new"),
    [
        (TRADES, b'"side":"buy"', b'"side":"both"'),
        (TRADES, b'"px":"42219.9"', b'"px":"0"'),
        (FUNDING, b'"fundingRate":"0.0001875391284828"', b'"fundingRate":"nan"'),
        (FUNDING, b'"fundingTime":"1700726400000"', b'"fundingTime":"soon"'),
        (MARK, b'"markPx":"111.055"', b'"markPx":""'),
    ],
)
def test_what_is_no_book_and_unreadable_leaves_books_alone(
    number: int, old: bytes, new: bytes, frames: Frames
) -> None:
    stream, public = followed(), frames("public")
    stream.decode(public[SNAPSHOT], 6)
    assert old in public[number]

    with pytest.raises(MalformedData) as caught:
        stream.decode(public[number].replace(old, new), 7)

    assert caught.value.symbol == ""
    assert not stream.books[SPOT].needs_snapshot


# --- frames as such -------------------------------------------------------------------------------


def test_channels_that_nobody_asked_for_say_nothing(frames: Frames) -> None:
    assert decoded(MarketStream(), frames("public")) == []


def test_the_keys_of_a_frame_may_come_in_another_order(frames: Frames) -> None:
    arg, data = frames("public")[TOUCH][1:-1].split(b',"data"')
    turned = b'{"data"' + data + b"," + arg + b"}"
    spaced = msgspec.json.format(frames("public")[TOUCH], indent=1)

    expected = followed().decode(frames("public")[TOUCH], 7)
    assert followed().decode(turned, 7) == followed().decode(spaced, 7) == expected != ()


def test_an_unreadable_update_loses_its_book_alone(frames: Frames) -> None:
    stream, snapshot = followed(), frames("public")[SNAPSHOT]
    for symbol in (SPOT, SWAP):
        stream.decode(snapshot.replace(SPOT.encode(), symbol.encode()), 6)

    with pytest.raises(MalformedData, match=SPOT) as caught:
        stream.decode(frames("public")[UPDATE].replace(b'"250"', b'"-250"'), 7)

    assert caught.value.symbol == SPOT
    assert stream.books[SPOT].needs_snapshot
    assert not stream.books[SWAP].needs_snapshot


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{}",
        b"null",
        b"ping",
        b"\xff",
        b"[" * 100_000,
        b'{"arg":{"channel":"books","instId":1}}',
    ],
)
def test_a_frame_that_is_nothing_is_malformed_and_blames_no_book(frame: bytes) -> None:
    with pytest.raises(MalformedData, match="market data") as caught:
        followed().decode(frame, 7)

    assert caught.value.symbol == ""


def test_a_pong_says_nothing() -> None:
    assert followed().decode(facts.PONG, 7) == ()


@pytest.mark.parametrize("number", [SUBSCRIBED, 1, COUNT, LOGIN])
def test_what_went_well_says_nothing(number: int, frames: Frames) -> None:
    assert followed().decode(frames("session")[number], 7) == ()


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (ERROR, "error: 60012 Invalid request"),
        (NO_LOGIN, "error: 60009 Login failed."),
        (TOO_MANY, "channel-conn-count-error:"),
        (NOTICE, "maintenance: 64008 The connection will soon be closed for a service upgrade"),
    ],
)
def test_what_went_wrong_takes_the_venue_down(number: int, reason: str, frames: Frames) -> None:
    [event] = followed().decode(frames("session")[number], 7)

    assert isinstance(event, VenueStatus)
    assert (event.venue, event.is_up) == (VENUE, False)
    assert event.reason.startswith(reason)


def test_a_refused_login_is_no_login(frames: Frames) -> None:
    frame = frames("session")[LOGIN].replace(b'"code":"0"', b'"code":"60009"')

    [event] = followed().decode(frame, 7)

    assert isinstance(event, VenueStatus)


# --- subscriptions --------------------------------------------------------------------------------


def arguments_of(frame: bytes) -> list[tuple[str, str]]:
    said = msgspec.json.decode(frame)
    assert set(said) == {"op", "args"}
    return [(one["channel"], one["instId"]) for one in said["args"]]


@pytest.mark.parametrize("book_stream", BookStream)
def test_a_subscription_names_every_channel_once(book_stream: BookStream) -> None:
    [frame] = MarketStream(book_stream).subscribe([SPOT, SWAP], list(Channel))

    assert sorted(arguments_of(frame)) == sorted(
        [
            *((book_stream.value, symbol) for symbol in (SPOT, SWAP)),
            *(("bbo-tbt", symbol) for symbol in (SPOT, SWAP)),
            *(("trades", symbol) for symbol in (SPOT, SWAP)),
            ("funding-rate", SWAP),  # spot pays none
            ("mark-price", SWAP),
        ]
    )
    assert frame.startswith(b'{"op":"subscribe","args":[{"channel":')


def test_long_subscriptions_are_parted_below_what_the_venue_takes() -> None:
    symbols = [f"COIN{number}-USDT-SWAP" for number in range(3000)]

    sent = MarketStream().subscribe(symbols, [Channel.QUOTE])

    assert len(sent) > 1
    assert all(len(frame) <= facts.MAX_ARGUMENTS_BYTES for frame in sent)
    assert all(len(frame) > facts.MAX_ARGUMENTS_BYTES - 64 for frame in sent[:-1])
    asked = [pair for frame in sent for pair in arguments_of(frame)]
    assert asked == [("bbo-tbt", symbol) for symbol in symbols]


def test_subscribing_to_nothing_sends_nothing() -> None:
    assert MarketStream().subscribe([], list(Channel)) == []
    assert MarketStream().subscribe([SPOT], [Channel.FUNDING]) == []


def test_subscribing_again_keeps_the_books(frames: Frames) -> None:
    stream = followed()
    stream.decode(frames("public")[SNAPSHOT], 6)

    stream.subscribe([SPOT], [Channel.BOOK])

    assert not stream.books[SPOT].needs_snapshot


def test_a_new_snapshot_comes_with_a_new_subscription(frames: Frames) -> None:
    stream = followed()
    stream.decode(frames("public")[SNAPSHOT], 6)

    leave, enter = stream.resubscribe(SPOT)

    assert stream.books[SPOT].needs_snapshot
    assert arguments_of(leave) == arguments_of(enter) == [("books", SPOT)]
    assert [msgspec.json.decode(one)["op"] for one in (leave, enter)] == [
        "unsubscribe",
        "subscribe",
    ]
    with pytest.raises(KeyError):
        MarketStream().resubscribe(SPOT)


def test_a_lost_connection_loses_every_book(frames: Frames) -> None:
    stream = followed()
    stream.decode(frames("public")[SNAPSHOT], 6)

    stream.lose_books()

    assert all(book.needs_snapshot for book in stream.books.values())
