"""A venue's clock, its bans and its maintenance, as a running gateway notices them."""

from decimal import Decimal as D

import pytest
from net.loopback import run, until
from net.tiny_codec import read
from net.tiny_plan import Engine, gateway, order, times, tiny_plan, with_gateway
from net.tiny_venue import TinyVenue, tiny_venue

from arbitrage.exchanges.order_gateway import Request
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import Maintenance

OFTEN = times(maintenance_seconds=0.005)


def maintenance(rest_url: str = "") -> Maintenance:
    return Maintenance(
        request=lambda _now_ns: Request("GET", "/maintenance"),
        read=lambda answer: str(read(answer)["why"]),
        rest_url=rest_url,
    )


def test_maintenance_takes_the_venue_down_with_the_reason_and_its_end_brings_it_up() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        assert engine.is_up
        venue.maintenance = "an upgrade until noon"
        await until(lambda: not engine.is_up)
        assert engine.down_reason == "tiny is in maintenance: an upgrade until noon"
        venue.maintenance = ""
        await until(lambda: engine.is_up)

    with_gateway(test, maintenance=maintenance(), times=OFTEN)


def test_a_venue_that_does_not_tell_leaves_what_it_said_before(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        venue.maintenance = "an upgrade"
        await until(lambda: not engine.is_up)
        venue.faults["GET /maintenance"].extend(["503"] * 3)
        venue.bodies["GET /maintenance"] = b"torn"
        asked = venue.count("GET /maintenance")
        await until(lambda: venue.count("GET /maintenance") > asked + 6)
        assert not engine.is_up
        venue.maintenance = ""
        venue.bodies.clear()
        await until(lambda: engine.is_up)

    with_gateway(test, maintenance=maintenance(), times=OFTEN)
    assert "maintenance cannot be asked about" in caplog.text


def test_maintenance_may_be_told_at_another_address() -> None:
    async def work() -> None:
        async with tiny_venue() as venue, tiny_venue() as other:
            plan = tiny_plan(venue, maintenance=maintenance(other.url), times=OFTEN)
            subject, engine = gateway(plan), Engine()
            await subject.astart(engine)
            other.maintenance = "all of it"
            await until(lambda: "all of it" in engine.down_reason)
            assert venue.count("GET /maintenance") == 0
            await subject.astop()

    run(work)


def test_another_address_that_is_not_there_says_nothing() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            async with tiny_venue() as other:
                gone = other.url
            plan = tiny_plan(venue, maintenance=maintenance(gone), times=OFTEN)
            subject, engine = gateway(plan), Engine()
            await subject.astart(engine)
            assert engine.is_up
            await subject.astop()

    run(work)


def test_a_ban_takes_the_venue_down_until_it_is_over() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.faults["GET /account"].append("418")
        subject.account._wake.set()
        await until(lambda: "told us to stay away" in engine.down_reason)
        calls = len(venue.calls)
        subject.send([order()], subject._clock_ns())
        await until(lambda: engine.statuses("a1") == ["rejected"])
        assert engine.updates("a1")[0].reason == "rate_limited"
        await until(lambda: engine.is_up)
        assert "POST /order" not in venue.calls[calls:]

    with_gateway(test)


def test_a_refused_order_has_the_clock_measured_anew() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.clock_ahead_ns = 3_600 * 10**9
        subject.send([order(qty=D(5000))], subject._clock_ns())
        await until(lambda: engine.statuses("a1") == ["rejected"])
        await until(lambda: subject.rest.offset.offset_ns > 3_000 * 10**9)

    with_gateway(test)


def test_the_clock_is_measured_again_and_again_and_not_reading_it_once_is_no_harm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.faults["GET /time"].append("503")
        await until(lambda: "its clock cannot be read" in caplog.text)
        venue.clock_ahead_ns = 3_600 * 10**9
        await until(lambda: subject.rest.offset.offset_ns > 3_000 * 10**9)
        assert engine.is_up

    with_gateway(test, times=times(clock_seconds=0.005))
