"""Books that begin anew with a subscription, over real sockets."""

import asyncio
from typing import Any

import msgspec
from net.loopback import until
from net.tiny_plan import Engine, times, with_gateway
from net.tiny_venue import TinyVenue

from arbitrage.domain.events import BookDelta
from arbitrage.net.backoff import Backoff
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import VenuePlan

BOTH = ["book:BTC-USD", "book:BTC-PERP"]


def greets(venue: TinyVenue) -> None:
    venue.greets = True


def alone(**changes: Any) -> dict[str, Any]:
    return {"private": None, "clock": None, "renews": True, **changes}


def test_a_subscription_begins_the_books_and_nothing_is_asked_for() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        await until(lambda: engine.books() and engine.books("BTC-PERP"))
        await venue.push_diff(b=[[99.5, 1.0]])
        await until(lambda: engine.of(BookDelta))
        await asyncio.sleep(0.03)
        assert venue.subscriptions == [BOTH]
        assert venue.count("GET /book") == 0

    with_gateway(test, prepare=greets, **alone())


def test_a_gap_is_mended_at_once_by_subscribing_to_that_book_again() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        await until(engine.books)
        await asyncio.sleep(0.01)  # looked at once while whole
        await venue.push_diff(skip=3, b=[[99.5, 1.0]])
        await until(lambda: len(engine.books()) == 2)
        assert venue.subscriptions == [BOTH, ["book:BTC-USD"]]
        (gap,) = engine.of(BookDelta)
        assert gap.prev_seq != 1
        assert len(engine.books("BTC-PERP")) == 1
        connection = subject.feed.connections[0]
        assert connection.opened == 1

    calm = times(snapshot_patience_seconds=60.0)
    with_gateway(test, prepare=greets, **alone(times=calm))


def test_an_unreadable_frame_is_mended_by_subscribing_again() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        await until(engine.books)
        await venue.push(b'{"ch":"diff","s":"BTC-USD","b":"torn"}')
        await until(lambda: len(engine.books()) == 3)
        assert [bool(book.bids) for book in engine.books()] == [True, False, True]
        assert ["book:BTC-USD"] in venue.subscriptions

    with_gateway(test, prepare=greets, **alone())


def test_after_a_loss_the_new_connections_own_snapshot_is_waited_for() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        await until(engine.books)
        venue.greets = False
        await venue.market[0].close()
        await until(lambda: len(venue.subscriptions) == 2)
        await asyncio.sleep(0.03)
        assert venue.subscriptions == [BOTH] * 2
        await venue.push_book()
        await until(lambda: len(engine.books()) == 3)

    calm = times(snapshot_patience_seconds=60.0)
    with_gateway(test, prepare=greets, **alone(times=calm))


def test_a_snapshot_that_does_not_come_is_asked_for_again() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        await until(lambda: venue.subscriptions.count(["book:BTC-USD"]) >= 3)
        venue.greets = True
        await until(engine.books)

    with_gateway(test, **alone())


def test_the_venues_limit_of_subscriptions_is_kept_whatever_happens() -> None:
    def few(plan: VenuePlan) -> VenuePlan:
        assert plan.resubscription is not None
        way = msgspec.structs.replace(plan.resubscription, texts_per_hour=3)
        return msgspec.structs.replace(plan, resubscription=way)

    async def test(venue: TinyVenue, _subject: VenueGateway, _engine: Engine) -> None:
        await until(lambda: len(venue.subscriptions) == 4)
        await asyncio.sleep(0.05)
        assert len(venue.subscriptions) == 4

    hasty = times(snapshot_patience_seconds=0.001)
    with_gateway(test, change=few, **alone(times=hasty, reconnect=Backoff(0.001, 0.002)))


def test_whoever_begins_to_listen_is_given_a_whole_book() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        await until(engine.books)
        await asyncio.sleep(0.01)
        shown: list[Any] = []
        subject.subscribe(shown.append)
        await until(lambda: shown)
        assert shown[0].bids == [(99.0, 1.0)]
        assert ["book:BTC-USD"] in venue.subscriptions

    with_gateway(test, ["BTC-USD"], prepare=greets, **alone())
