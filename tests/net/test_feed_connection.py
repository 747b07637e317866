"""What a connection of market data makes of its frames, without a socket."""

from collections.abc import Sequence
from typing import Any

import pytest

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import BookSnapshot, Event, VenueStatus
from arbitrage.exchanges.order_gateway import Channel
from arbitrage.net.feed_connection import MAX_UNREAD_FRAMES, FeedConnection
from arbitrage.net.venue_health import VenueHealth

BOOK = BookSnapshot(7, "tiny", "BTC-USD", [(1.0, 1.0)], [(2.0, 1.0)])


class Codec:
    venue = "tiny"

    def decode(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        match frame:
            case b"book":
                return (BOOK,)
            case b"ack":
                return ()
            case b"down":
                return (VenueStatus(ts_ns, "tiny", False, "maintenance"),)
            case b"up":
                return (VenueStatus(ts_ns, "tiny", True),)
        raise MalformedData("torn", "" if frame == b"?" else "BTC-USD")


class Rig:
    def __init__(self, *channels: Channel) -> None:
        self.events: list[Event] = []
        self.lost: list[str] = []
        self.health = VenueHealth("tiny", self.events.append, lambda: 5)
        self.connection = FeedConnection(
            "tiny book 1",
            Codec(),  # type: ignore[arg-type]
            ["BTC-USD", "ETH-USD"],
            channels or (Channel.BOOK,),
            emit=self.events.append,
            lose=self.lost.extend,
            health=self.health,
        )

    def hear(self, *frames: bytes) -> None:
        for frame in frames:
            self.connection.on_message(frame, 7)


def test_events_are_passed_on_in_the_same_call() -> None:
    rig = Rig()
    rig.hear(b"book", b"ack", b"book")
    assert rig.events == [BOOK, BOOK]
    assert not rig.connection.is_open


def test_what_the_venue_says_of_the_session_has_the_stamp_of_its_frame() -> None:
    rig = Rig()
    rig.hear(b"down")
    assert rig.events == [VenueStatus(7, "tiny", False, "tiny book 1: maintenance")]


def test_only_data_mends_a_session() -> None:
    rig = Rig()
    rig.hear(b"down", b"up", b"ack")
    assert not rig.health.is_up
    rig.hear(b"book")
    assert rig.health.is_up


def test_a_frame_of_which_the_market_is_unknown_drops_no_book() -> None:
    rig = Rig()
    rig.hear(b"?", b"torn")
    assert rig.lost == ["BTC-USD"]
    assert rig.connection.malformed == 2
    assert rig.health.is_up


def test_only_an_unbroken_row_of_unreadable_frames_takes_the_venue_down() -> None:
    rig = Rig()
    rig.hear(*[b"?"] * (MAX_UNREAD_FRAMES - 1), b"book", *[b"?"] * (MAX_UNREAD_FRAMES - 1))
    assert rig.health.is_up
    rig.hear(b"?")
    assert not rig.health.is_up


@pytest.mark.parametrize(
    ("channels", "books"),
    [
        ([Channel.BOOK], ["BTC-USD", "ETH-USD"]),
        ([Channel.QUOTE, Channel.TRADES], ["BTC-USD", "ETH-USD"]),
        ([Channel.TRADES, Channel.FUNDING], []),
    ],
)
def test_a_lost_connection_drops_the_books_that_it_carried(
    channels: list[Any], books: list[str]
) -> None:
    rig = Rig(*channels)
    rig.connection.on_open()
    rig.connection.on_close()
    assert rig.lost == books
    assert rig.connection.opened == 1
