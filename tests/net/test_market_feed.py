"""Books over real sockets: kept whole, dropped when they may be wrong, never old after a loss."""

import asyncio
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from net.loopback import run, until
from net.tiny_codec import TinyCodec
from net.tiny_plan import Engine, gateway, tiny_plan, with_gateway
from net.tiny_venue import TinyVenue, tiny_venue

from arbitrage.domain.events import BookDelta, BookQuote, BookSnapshot, VenueStatus
from arbitrage.exchanges.order_gateway import Channel
from arbitrage.net.feed_connection import MAX_UNREAD_FRAMES
from arbitrage.net.heartbeat import SessionTerms
from arbitrage.net.http import PoolTerms
from arbitrage.net.venue_gateway import VenueGateway

EMPTY: tuple[list[Any], list[Any]] = ([], [])


def sides(book: BookSnapshot) -> tuple[list[Any], list[Any]]:
    return book.bids, book.asks


def feed_alone(plan: dict[str, Any]) -> dict[str, Any]:
    return {"private": None, "clock": None, **plan}


# --- whole books ------------------------------------------------------------------------------


def test_whole_books_are_passed_on_as_they_come() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        await venue.push_book(b=[[98.0, 2.0]])
        await venue.push_book("BTC-PERP")
        await until(lambda: engine.books() and engine.books("BTC-PERP"))
        assert sides(engine.books()[0]) == ([(98.0, 2.0)], [(101.0, 1.0)])

    with_gateway(test, **feed_alone({}))


def test_after_a_loss_books_are_dropped_at_once_and_come_back_with_the_next_whole_one() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        await venue.push_book()
        await until(engine.books)
        await venue.market[0].close()
        await until(lambda: len(engine.books()) == 2)
        assert sides(engine.books()[1]) == EMPTY
        assert sides(engine.books("BTC-PERP")[0]) == EMPTY
        assert engine.down_reason == "no market data: closed by the venue with 1000"
        await until(lambda: venue.market and subject.feed.is_open)
        await until(lambda: engine.is_up)
        await until(lambda: venue.subscriptions == [["book:BTC-USD", "book:BTC-PERP"]] * 2)
        await venue.push_book()
        await until(lambda: len(engine.books()) == 3)
        assert sides(engine.books()[2]) != EMPTY

    with_gateway(test, **feed_alone({}))


def test_one_lost_connection_of_two_drops_its_own_books_alone() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        for symbol in ("BTC-USD", "ETH-USD", "BTC-PERP"):
            await venue.push_book(symbol)
        await until(lambda: engine.books("BTC-PERP"))
        (small,) = [one for one in subject.feed.connections if len(one.symbols) == 1]
        assert small.stream is not None
        small.stream.reconnect("a test")
        await until(lambda: len(engine.books("BTC-PERP")) == 3)  # pushed on both, then dropped
        assert sides(engine.books("BTC-PERP")[-1]) == EMPTY
        assert all(sides(book) != EMPTY for book in engine.books("BTC-USD"))
        assert engine.is_up

    with_gateway(test, ("BTC-USD", "ETH-USD", "BTC-PERP"), **feed_alone({}))


def test_a_frozen_feed_is_replaced() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        await until(lambda: len(venue.subscriptions) >= 2)
        assert any("stale" in told.reason for told in engine.of(VenueStatus))

    terms = SessionTerms(stale_seconds=0.02)
    with_gateway(test, **feed_alone({"terms": terms}))


def test_messages_that_say_nothing_do_not_keep_a_feed_from_being_stale() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, _engine: Engine) -> None:
        while len(venue.subscriptions) < 2:
            await venue.push({"ch": "pong"})
            await asyncio.sleep(0.001)

    terms = SessionTerms(stale_seconds=0.03)
    with_gateway(test, **feed_alone({"terms": terms}))


def test_quotes_are_passed_on_and_count_as_books() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            subject = gateway(tiny_plan(venue, private=None), ["BTC-USD"], channels=[Channel.QUOTE])
            engine = Engine()
            await subject.astart(engine)
            shown: list[Any] = []
            subject.subscribe(shown.append)
            await venue.push({"ch": "quote", "s": "BTC-USD", **venue.book})
            await until(lambda: engine.of(BookQuote))
            assert (shown[0].bids, shown[0].asks) == ([(99.0, 1.0)], [(101.0, 1.0)])
            await venue.market[0].close()
            await until(engine.books)
            assert sides(engine.books()[0]) == EMPTY
            await subject.astop()

    run(work)


# --- frames that cannot be read ---------------------------------------------------------------


def test_an_unreadable_frame_drops_the_book_that_it_was_about() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        await venue.push_book()
        await venue.push(b'{"ch":"book","s":"BTC-USD","b":[["x"]]}')
        await until(lambda: len(engine.books()) == 2)
        assert sides(engine.books()[1]) == EMPTY
        assert subject.feed.connections[0].malformed == 1
        await venue.push_book()
        await until(lambda: len(engine.books()) == 3)
        assert engine.is_up

    with_gateway(test, **feed_alone({}))


def test_a_burst_of_unreadable_frames_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        for _ in range(10):
            await venue.push(b"\xffgarbage"[1:])
        await venue.push_book()
        await until(engine.books)
        assert subject.feed.connections[0].malformed == 10
        assert engine.is_up

    with_gateway(test, **feed_alone({}))
    assert caplog.text.count("tiny book 1: tiny: ") == 1


def test_a_venue_that_cannot_be_read_at_all_is_down_until_it_can() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        for _ in range(MAX_UNREAD_FRAMES):
            await venue.push(b"garbage")
        await until(lambda: len(venue.subscriptions) == 2)
        assert "100 frames in a row cannot be read" in engine.down_reason
        assert not engine.is_up
        await until(lambda: venue.market)
        await venue.push_book()
        await until(lambda: engine.is_up)

    with_gateway(test, **feed_alone({}))


def test_a_venue_that_refuses_the_session_is_down_until_data_comes_again() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        await venue.push({"ch": "down", "why": "maintenance"})
        await until(lambda: len(venue.subscriptions) == 2)
        assert "tiny book 1: maintenance" in engine.down_reason
        await until(lambda: venue.market)
        await venue.push({"ch": "up", "why": ""})
        await asyncio.sleep(0.005)
        assert not engine.is_up
        await venue.push_book()
        await until(lambda: engine.is_up)

    with_gateway(test, **feed_alone({}))


# --- books by diffs ---------------------------------------------------------------------------


def test_a_book_by_diffs_is_joined_to_a_snapshot_and_followed() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        await until(engine.books)
        assert engine.books()[0].seq == 1
        await venue.push_diff(b=[[99.5, 1.0]])
        await venue.push_diff(a=[[101.0, 0.0]])
        await until(lambda: len(engine.of(BookDelta)) == 2)
        assert [(one.prev_seq, one.seq) for one in engine.of(BookDelta)] == [(1, 2), (2, 3)]
        assert venue.count("GET /book") == 1

    with_gateway(test, ["BTC-USD"], **feed_alone({"diffs": True}))


def test_diffs_that_come_before_the_snapshot_are_kept_for_it() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        await venue.push_diff(b=[[99.5, 1.0]])
        await venue.push_diff(b=[[99.6, 1.0]])
        venue.bodies["GET /book"] = b'{"seq":2,"b":[[99,1]],"a":[[101,1]]}'
        venue.faults["GET /book"].clear()
        await until(lambda: engine.of(BookDelta))
        assert engine.books()[0].seq == 2
        (joined,) = engine.of(BookDelta)
        assert (joined.prev_seq, joined.bids) == (2, [(99.6, 1.0)])
        assert joined.ts_ns == engine.books()[0].ts_ns

    def not_yet(venue: TinyVenue) -> None:
        venue.faults["GET /book"].extend(["503"] * 1000)

    with_gateway(test, ["BTC-USD"], prepare=not_yet, **feed_alone({"diffs": True}))


def test_a_gap_breaks_the_book_and_a_new_snapshot_mends_it() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        await until(engine.books)
        await venue.push_diff(skip=3, b=[[99.5, 1.0]])
        await until(lambda: len(engine.books()) == 2)
        (gap,) = engine.of(BookDelta)
        assert gap.prev_seq != 1  # it does not follow, so the engine breaks the book itself
        assert engine.books()[1].seq == gap.seq
        await venue.push_diff()
        await until(lambda: len(engine.of(BookDelta)) == 2)

    with_gateway(test, ["BTC-USD"], **feed_alone({"diffs": True}))


def test_an_unreadable_diff_is_a_gap() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        await until(engine.books)
        await venue.push(b'{"ch":"diff","s":"BTC-USD","b":"torn"}')
        await until(lambda: len(engine.books()) == 3)
        assert [sides(book) == EMPTY for book in engine.books()] == [False, True, False]

    with_gateway(test, ["BTC-USD"], **feed_alone({"diffs": True}))


def test_a_snapshot_asked_for_before_a_loss_does_not_stand_for_the_time_after_it() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        await until(engine.books)
        hold = asyncio.Event()
        ask = subject.rest.ask

        async def slow(build: Any) -> Any:
            answer = await ask(build)
            await hold.wait()
            return answer

        subject.rest.ask = slow  # type: ignore[method-assign]
        count = venue.count("GET /book")
        await venue.push_diff(skip=3)
        await until(lambda: venue.count("GET /book") == count + 1)
        await venue.market[0].close()
        await until(lambda: sides(engine.books()[-1]) == EMPTY)
        await until(lambda: subject.feed.is_open)
        before = len(engine.books())
        subject.rest.ask = ask  # type: ignore[method-assign]
        hold.set()
        await until(lambda: len(engine.books()) > before)
        assert venue.count("GET /book") == count + 2

    with_gateway(test, ["BTC-USD"], **feed_alone({"diffs": True}))


def test_a_planned_replacement_leaves_books_by_diffs_whole() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        await until(engine.books)
        stream = subject.feed.connections[0].stream
        assert stream is not None
        while stream.counts.renewed < 2:
            await venue.push_diff(b=[[99.5, 1.0]])
            await asyncio.sleep(0.001)
        chain = [(one.prev_seq, one.seq) for one in engine.of(BookDelta)]
        assert all(one[1] == other[0] for one, other in pairwise(chain))
        assert len(engine.books()) == 1
        assert venue.count("GET /book") == 1

    terms = SessionTerms(life_seconds=0.03, stale_seconds=5.0, overlap_seconds=0.01)
    with_gateway(test, ["BTC-USD"], **feed_alone({"diffs": True, "terms": terms}))


def test_only_a_few_snapshots_are_asked_for_at_once() -> None:
    symbols = [f"S{number}" for number in range(20)]

    class Listed(TinyCodec):
        def instruments(self, answer: Any) -> Any:
            return [
                msgspec.structs.replace(super(Listed, self).instruments(answer)[0], symbol=one)
                for one in symbols
            ]

    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        most = 0
        while any(not engine.books(symbol) for symbol in symbols):
            most = max(most, len(subject.feed._asking))
            await asyncio.sleep(0)
        assert 0 < most <= 4
        assert venue.count("GET /book") == 20

    patient = PoolTerms(connections=2, timeout_seconds=20.0, wait_seconds=20.0)
    with_gateway(test, symbols, **feed_alone({"codec": Listed(diffs=True), "polls": patient}))
