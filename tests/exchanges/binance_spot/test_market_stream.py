from collections.abc import Callable

import msgspec
import pytest

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import BookDelta, BookQuote, BookSnapshot, MarketTrade, VenueStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.binance_spot.facts import BookStream
from arbitrage.exchanges.binance_spot.market_stream import MarketStream, require_best_first
from arbitrage.exchanges.order_gateway import Channel

VENUE = "binance-spot"
Frames = Callable[[str], list[bytes]]
QUOTE, DIFF, PARTIAL, TRADE = range(4)


def followed(book_stream: BookStream = BookStream.DIFF_100MS) -> MarketStream:
    stream = MarketStream(book_stream)
    stream.streams(["BTCUSDT", "BNBUSDT"], [Channel.BOOK, Channel.QUOTE])
    stream.streams(["BTCUSDT"], [Channel.TRADES])
    return stream


def snapshot(last: int) -> BookSnapshot:
    return BookSnapshot(1, VENUE, "BTCUSDT", [(7403.0, 1.0)], [(7408.0, 1.0)], last)


def test_a_quote_is_the_touch(frames: Frames) -> None:
    [event] = followed().decode(frames("market")[QUOTE], 7)

    assert event == BookQuote(7, VENUE, "BNBUSDT", 25.3519, 31.21, 25.3652, 40.66)


def test_a_quote_with_an_empty_side_is_a_one_sided_book() -> None:
    frame = (
        b'{"stream":"bnbusdt@bookTicker","data":{"u":1,"s":"BNBUSDT",'
        b'"b":"0.00000000","B":"0.00000000","a":"25.36","A":"4"}}'
    )

    [event] = followed().decode(frame, 7)

    assert event == BookSnapshot(7, VENUE, "BNBUSDT", [], [(25.36, 4.0)])


def test_a_diff_waits_for_its_snapshot_and_then_changes_the_book(frames: Frames) -> None:
    stream = followed()
    assert stream.decode(frames("market")[DIFF], 7) == ()

    book, delta = stream.books["BTCUSDT"].snapshot(snapshot(158))

    assert book == snapshot(158)
    assert delta == BookDelta(
        1,
        VENUE,
        "BTCUSDT",
        [(7403.89, 0.002), (7403.9, 3.906)],
        [(7405.96, 3.34), (7407.08, 0.0)],
        160,
        158,
    )


def test_a_partial_book_is_whole_in_itself(frames: Frames) -> None:
    [event] = followed(BookStream.PARTIAL_20).decode(frames("market")[PARTIAL], 7)

    assert event == BookSnapshot(
        7,
        VENUE,
        "BTCUSDT",
        [(7403.9, 3.906), (7403.89, 0.002)],
        [(7405.96, 3.34), (7406.63, 4.525)],
        160,
    )


@pytest.mark.parametrize(("swap", "with_"), [(b"7403.90", b"7403.00"), (b"7405.96", b"7409.00")])
def test_a_partial_book_out_of_order_is_refused(swap: bytes, with_: bytes, frames: Frames) -> None:
    frame = frames("market")[PARTIAL].replace(swap, with_)

    with pytest.raises(MalformedData, match="out of order"):
        followed(BookStream.PARTIAL_20).decode(frame, 7)


@pytest.mark.parametrize(("is_buyer_maker", "side"), [(b"true", Side.SELL), (b"false", Side.BUY)])
def test_a_trade_has_the_side_of_its_taker(
    is_buyer_maker: bytes, side: Side, frames: Frames
) -> None:
    frame = frames("market")[TRADE].replace(b'"m":true', b'"m":' + is_buyer_maker)

    [event] = followed().decode(frame, 7)

    assert event == MarketTrade(7, VENUE, "BTCUSDT", 0.001, 100.0, side)


def test_streams_that_nobody_asked_for_say_nothing(frames: Frames) -> None:
    stream = MarketStream()

    assert all(stream.decode(frame, 7) == () for frame in frames("market"))


def test_the_name_of_the_stream_may_come_last() -> None:
    data = b'{"b":"25.35","B":"31","a":"25.36","A":"40"}'
    stream = followed()

    first = stream.decode(b'{"stream":"bnbusdt@bookTicker","data":' + data + b"}", 7)
    last = stream.decode(b'{"data":' + data + b',"stream":"bnbusdt@bookTicker"}', 7)

    assert first == last != ()


def test_a_symbol_of_any_letters_is_understood() -> None:
    stream = MarketStream()
    [name] = stream.streams(["测试USDT"], [Channel.TRADES])
    frame = f'{{"stream":"{name}","data":{{"p":"1","q":"2","m":true}}}}'.encode()

    [event] = stream.decode(frame, 7)

    assert event == MarketTrade(7, VENUE, "测试USDT", 1.0, 2.0, Side.SELL)


def test_an_acknowledged_subscription_says_nothing() -> None:
    assert followed().decode(b'{"result":null,"id":1}', 7) == ()


@pytest.mark.parametrize(
    "frame",
    [
        b'{"e":"serverShutdown","E":1770123456789}',
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}',
    ],
)
def test_the_notice_of_a_stopping_server_says_nothing(frame: bytes) -> None:
    assert followed().decode(frame, 7) == ()


@pytest.mark.parametrize(
    "frame",
    [
        b'{"error":{"code":2,"msg":"Invalid request"},"id":1}',
        b'{"code":2,"msg":"Invalid request"}',
    ],
)
def test_a_refused_subscription_takes_the_venue_down(frame: bytes) -> None:
    [event] = followed().decode(frame, 7)

    reason = "subscription refused: 2 Invalid request"
    assert event == VenueStatus(7, VENUE, is_up=False, reason=reason)


@pytest.mark.parametrize("frame", [b"", b"{}", b"null", b"[" * 100_000, b"\xff", b'{"data":{}}'])
def test_a_frame_that_is_nothing_is_malformed_and_blames_no_book(frame: bytes) -> None:
    with pytest.raises(MalformedData) as caught:
        followed().decode(frame, 7)

    assert caught.value.symbol == ""


@pytest.mark.parametrize(
    "data", [b"{}", b'{"b":"x"}', b'{"U":1,"u":1,"b":[["1","-1"]],"a":[]}', b"[" * 100_000]
)
def test_an_unreadable_diff_loses_its_book_alone(data: bytes) -> None:
    stream = followed()
    for symbol in ("BTCUSDT", "BNBUSDT"):
        stream.books[symbol].snapshot(snapshot(5))

    with pytest.raises(MalformedData, match="BTCUSDT") as caught:
        stream.decode(b'{"stream":"btcusdt@depth@100ms","data":' + data + b"}", 7)

    assert caught.value.symbol == "BTCUSDT"
    assert stream.books["BTCUSDT"].needs_snapshot
    assert not stream.books["BNBUSDT"].needs_snapshot


def test_an_unreadable_quote_names_the_book_it_would_have_replaced() -> None:
    with pytest.raises(MalformedData) as caught:
        followed().decode(b'{"stream":"bnbusdt@bookTicker","data":{"b":"nan"}}', 7)

    assert caught.value.symbol == "BNBUSDT"


def test_an_unreadable_frame_with_its_name_last_loses_its_book_too() -> None:
    stream = followed()
    stream.books["BTCUSDT"].snapshot(snapshot(5))

    with pytest.raises(MalformedData) as caught:
        stream.decode(b'{"data":{},"stream":"btcusdt@depth@100ms"}', 7)

    assert caught.value.symbol == "BTCUSDT"
    assert stream.books["BTCUSDT"].needs_snapshot


def test_an_unreadable_trade_leaves_the_book_alone() -> None:
    stream = followed()
    stream.books["BTCUSDT"].snapshot(snapshot(5))

    with pytest.raises(MalformedData) as caught:
        stream.decode(b'{"stream":"btcusdt@trade","data":{}}', 7)

    assert caught.value.symbol == ""
    assert not stream.books["BTCUSDT"].needs_snapshot


def test_a_lost_connection_loses_every_diff_book() -> None:
    stream = followed()
    stream.books["BTCUSDT"].snapshot(snapshot(5))

    stream.lose_books()

    assert all(book.needs_snapshot for book in stream.books.values())


def test_partial_books_need_no_synchronising() -> None:
    assert followed(BookStream.PARTIAL_20).books == {}


def test_the_frames_of_a_subscription_name_every_stream_once() -> None:
    symbols = [f"S{number}USDT" for number in range(250)]

    sent = [msgspec.json.decode(f) for f in MarketStream().subscribe(symbols, [Channel.QUOTE])]

    assert [one["method"] for one in sent] == ["SUBSCRIBE", "SUBSCRIBE"]
    assert [one["id"] for one in sent] == [1, 2]
    names = [name for one in sent for name in one["params"]]
    assert sorted(names) == sorted(f"{symbol.lower()}@bookTicker" for symbol in symbols)
    assert all(len(one["params"]) <= 200 for one in sent)


def test_subscribing_to_nothing_sends_nothing() -> None:
    assert MarketStream().subscribe([], [Channel.BOOK]) == []


@pytest.mark.parametrize(
    ("book_stream", "name"),
    [
        (BookStream.DIFF_100MS, "btcusdt@depth@100ms"),
        (BookStream.PARTIAL_20, "btcusdt@depth20@100ms"),
    ],
)
def test_the_book_comes_as_it_was_asked_for(book_stream: BookStream, name: str) -> None:
    assert MarketStream(book_stream).streams(["BTCUSDT"], [Channel.BOOK]) == [name]


def test_a_spot_market_has_no_funding() -> None:
    with pytest.raises(ConfigError, match="no funding"):
        MarketStream().subscribe(["BTCUSDT"], [Channel.BOOK, Channel.FUNDING])


def test_a_connection_carries_a_bounded_number_of_streams() -> None:
    symbols = [f"S{number}USDT" for number in range(600)]

    with pytest.raises(ConfigError, match="1200 streams"):
        MarketStream().subscribe(symbols, [Channel.BOOK, Channel.QUOTE])


def test_subscribing_again_keeps_the_books() -> None:
    stream = followed()
    stream.books["BTCUSDT"].snapshot(snapshot(5))

    stream.subscribe(["BTCUSDT"], [Channel.BOOK])

    assert not stream.books["BTCUSDT"].needs_snapshot


def test_levels_come_best_first() -> None:
    require_best_first([(2.0, 1.0), (1.0, 1.0)], [(3.0, 1.0), (4.0, 1.0)])
    require_best_first([], [])
    with pytest.raises(ValueError, match="best"):
        require_best_first([(1.0, 1.0), (2.0, 1.0)], [])
    with pytest.raises(ValueError, match="best"):
        require_best_first([], [(4.0, 1.0), (3.0, 1.0)])
