"""What goes wrong at every venue, and that its gateway comes through: one line a venue."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal as D

import msgspec
import pytest
from exchanges.faulty_venue import FaultyVenue, Subject, at
from net.loopback import run

from arbitrage.domain.errors import ConfigError, OrderRefused
from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.orders import OrderStatus
from arbitrage.sim.listings import (
    BINANCE_SPOT,
    BITHUMB,
    BYBIT,
    BYBIT_SPOT,
    OKX,
    UPBIT,
    krw_spot,
    usdt_perpetual,
    usdt_spot,
)

SUBJECTS = [
    Subject(
        listing=krw_spot(UPBIT, "BTC"),
        price=100_000_000.0,
        place="POST /v1/orders",
        has_window=False,
    ),
    Subject(
        listing=krw_spot(BITHUMB, "BTC"),
        price=100_000_000.0,
        place="POST /v2/orders",
    ),
    Subject(listing=usdt_perpetual("BTC"), place="POST /fapi/v1/order"),
    Subject(
        listing=usdt_spot(BINANCE_SPOT, "BTC"),
        place="POST /api/v3/order",
        answer="answer order.place",
    ),
    Subject(
        listing=usdt_perpetual("BTC", BYBIT),
        place="POST /v5/order/create",
        answer="order.create",
        has_bans=False,
    ),
    Subject(
        listing=usdt_spot(BYBIT_SPOT, "BTC"),
        place="POST /v5/order/create",
        answer="order.create",
        has_bans=False,
    ),
    Subject(
        listing=usdt_spot(OKX, "BTC"),
        place="POST /api/v5/trade/order",
        answer="order",
        has_bans=False,
    ),
    Subject(
        listing=usdt_perpetual("BTC", OKX),
        place="POST /api/v5/trade/order",
        answer="order",
        has_bans=False,
    ),
]
Scenario = Callable[[FaultyVenue], Awaitable[None]]
every_venue = pytest.mark.parametrize("subject", SUBJECTS, ids=str)


def play(subject: Subject, scenario: Scenario, *, strikes: str = "", **changes: object) -> None:
    async def work() -> None:
        async with at(subject, strikes=strikes, **changes) as venue:
            await scenario(venue)

    run(work)


# --- books ------------------------------------------------------------------------------------


@every_venue
def test_a_gap_drops_the_book_and_a_fresh_one_replaces_it(subject: Subject) -> None:
    async def scenario(venue: FaultyVenue) -> None:
        plan = venue.gateway.plan
        has_gaps = plan.book_sync is not None or plan.resubscription is not None
        broke: list[bool] = []
        venue.heard.on_event = lambda: broke.append(venue.heard.market.is_broken)
        venue.strike("gap")
        venue.show(qty=7.0)
        await asyncio.sleep(0.3)  # past the cadence of every book
        venue.calm()
        venue.show(qty=8.0)
        await venue.moves_until_shown()
        assert any(broke) == has_gaps
        assert venue.heard.is_up

    play(subject, scenario)


@every_venue
def test_duplicate_and_reordered_frames_change_nothing_in_the_end(subject: Subject) -> None:
    async def scenario(venue: FaultyVenue) -> None:
        for kind in ("duplicate", "reorder"):
            venue.strike(kind)
            order = venue.send(venue.crossing())
            for step in range(4):
                venue.show(qty=5.0 + step)
                await asyncio.sleep(0.05)
            said = await venue.heard.ended(order)
            assert (said.status, said.filled_qty) == (OrderStatus.FILLED, order.qty)
            venue.calm()
            await venue.moves_until_shown()
        await venue.ties_out()

    play(subject, scenario)


@every_venue
def test_a_book_that_comes_late_never_replaces_a_newer_one(subject: Subject) -> None:
    async def scenario(venue: FaultyVenue) -> None:
        plan = venue.gateway.plan
        if plan.book_sync is not None or plan.resubscription is not None:
            pytest.skip("a change that comes late is a gap")
        shown: list[float] = []
        venue.heard.on_event = lambda: shown.append(venue.heard.market.bids[0][1])
        venue.strike("reorder")
        venue.show(qty=5.0)
        await asyncio.sleep(0.3)  # past the cadence of every book
        venue.calm()
        venue.show(qty=6.0)
        await venue.until(lambda: 6.0 in shown)
        await asyncio.sleep(0.1)
        assert venue.shows_the_venues_book
        assert 5.0 not in shown

    play(subject, scenario)


@every_venue
def test_a_frozen_book_is_noticed_and_given_up(subject: Subject) -> None:
    async def scenario(venue: FaultyVenue) -> None:
        (connection,) = venue.gateway.feed.connections
        stream = connection.stream
        assert stream is not None
        for step in range(10):
            venue.show(qty=5.0 + step)
            await asyncio.sleep(0.1)
        assert stream.counts.opened == 1
        venue.strike("frozen_book")
        await venue.until(lambda: stream.counts.last_reason.startswith("stale"))
        empty = [event for event in venue.heard.events if isinstance(event, BookSnapshot)]
        assert any(not book.bids for book in empty)
        venue.calm()
        venue.show(qty=3.0)
        await venue.until(lambda: venue.shows_the_venues_book and venue.heard.is_up)

    play(subject, scenario, stale_seconds=0.8)


# --- connections ------------------------------------------------------------------------------


@every_venue
def test_after_a_loss_books_are_fresh_and_orders_are_as_the_venue_has_them(
    subject: Subject,
) -> None:
    async def scenario(venue: FaultyVenue) -> None:
        missed, stays = venue.send(venue.resting()), venue.send(venue.resting(away=-0.03))
        await venue.until(lambda: venue.statuses(missed)[-1:] == ["open"])
        await venue.until(lambda: venue.statuses(stays)[-1:] == ["open"])
        venue.strike("restart")
        venue.trade_through(missed)
        await venue.until(lambda: not venue.heard.is_up and not venue.heard.market.bids)
        venue.calm()
        venue.show(qty=4.0)
        await venue.until(lambda: venue.shows_the_venues_book)
        said = await venue.heard.ended(missed)
        assert (said.status, said.filled_qty) == (OrderStatus.FILLED, missed.qty)
        venue.cancel(stays)
        assert (await venue.heard.ended(stays)).status is OrderStatus.CANCELED
        assert len(venue.at_the_venue()) == 2
        await venue.ties_out()

    play(subject, scenario)


@every_venue
def test_maintenance_takes_the_venue_down_until_it_is_over(subject: Subject) -> None:
    async def scenario(venue: FaultyVenue) -> None:
        venue.strike("maintenance")
        await venue.until(lambda: not venue.heard.is_up and not venue.heard.market.bids)
        venue.calm()
        await venue.until(lambda: venue.heard.is_up and venue.shows_the_venues_book)
        order = venue.send(venue.crossing())
        assert (await venue.heard.ended(order)).status is OrderStatus.FILLED

    play(subject, scenario)


# --- orders in doubt --------------------------------------------------------------------------


@every_venue
@pytest.mark.parametrize("terms", [{"delay_seconds": 1.0}, {"status": 502}], ids=str)
def test_an_order_alive_behind_a_timeout_is_asked_for_until_known(
    subject: Subject, terms: dict[str, object]
) -> None:
    async def scenario(venue: FaultyVenue) -> None:
        venue.strike("timeout", subject.place, **terms)
        order = venue.send(venue.crossing())
        said = await venue.heard.ended(order)
        assert (said.status, said.filled_qty) == (OrderStatus.FILLED, order.qty)
        assert len(venue.at_the_venue()) == 1
        venue.calm()
        await venue.ties_out()
        assert len(venue.at_the_venue()) == 1

    play(subject, scenario, order_stream=None)


@every_venue
@pytest.mark.parametrize(
    ("kind", "terms"), [("drop", {"on": "request"}), ("5xx", {"status": 504})], ids=["drop", "504"]
)
def test_an_order_that_never_arrived_is_in_doubt_then_known_never_to_have_existed(
    subject: Subject, kind: str, terms: dict[str, object]
) -> None:
    async def scenario(venue: FaultyVenue) -> None:
        venue.strike(kind, subject.place, **terms)
        order = venue.send(venue.crossing())
        assert (await venue.heard.ended(order)).status is OrderStatus.NEVER_EXISTED
        assert venue.statuses(order)[0] == "in_doubt"
        assert venue.at_the_venue() == []
        venue.calm()
        await venue.ties_out()
        assert venue.at_the_venue() == []

    play(subject, scenario, order_stream=None)


@every_venue
def test_an_order_whose_answer_is_lost_on_the_order_stream_is_found(subject: Subject) -> None:
    if not subject.answer:
        pytest.skip("the venue has no order stream")

    async def scenario(venue: FaultyVenue) -> None:
        await venue.until(lambda: venue.gateway.account.channel.is_open)
        venue.strike("drop", subject.answer, on="frame")
        order = venue.send(venue.crossing())
        said = await venue.heard.ended(order)
        assert (said.status, said.filled_qty) == (OrderStatus.FILLED, order.qty)
        venue.strike("disconnect", subject.answer, on="frame")
        order = venue.send(venue.crossing())
        assert (await venue.heard.ended(order)).status is OrderStatus.FILLED
        assert len(venue.at_the_venue()) == 2
        venue.calm()
        await venue.until(lambda: venue.gateway.account.channel.is_open)
        await venue.ties_out()

    play(subject, scenario)


@every_venue
def test_an_order_taken_back_by_the_venue_is_canceled_without_a_fill(subject: Subject) -> None:
    async def scenario(venue: FaultyVenue) -> None:
        venue.strike("refused_after_accepted", subject.place, delay_seconds=0.2)
        order = venue.send(venue.crossing())
        said = await venue.heard.ended(order)
        assert said.filled_qty == 0
        assert said.status in (OrderStatus.CANCELED, OrderStatus.REJECTED)
        venue.calm()
        await venue.ties_out()

    play(subject, scenario, order_stream=None)


@every_venue
def test_a_cancel_that_a_fill_beats_leaves_the_order_filled(subject: Subject) -> None:
    async def scenario(venue: FaultyVenue) -> None:
        order = venue.send(venue.resting())
        await venue.until(lambda: venue.statuses(order)[-1:] == ["open"])
        venue.core.race_next_cancel()
        venue.cancel(order)
        said = await venue.heard.ended(order)
        assert (said.status, said.filled_qty) == (OrderStatus.FILLED, order.qty)
        await venue.ties_out()

    play(subject, scenario)


@every_venue
def test_what_is_not_filled_at_once_is_canceled_and_the_rest_ties_out(subject: Subject) -> None:
    async def scenario(venue: FaultyVenue) -> None:
        venue.show(qty=0.5)
        await venue.until(lambda: venue.shows_the_venues_book)
        order = venue.send(venue.heard.order(qty=D("1.2")))
        said = await venue.heard.ended(order)
        assert (said.status, said.filled_qty) == (OrderStatus.CANCELED, D("0.5"))
        assert order.price is not None
        assert said.filled_cost == D("0.5") * order.price * venue.rules.contract_multiplier
        await venue.ties_out()

    play(subject, scenario)


# --- limits, clocks, rules --------------------------------------------------------------------


@every_venue
@pytest.mark.parametrize("status", [429, 418])
def test_told_to_stay_away_it_does(subject: Subject, status: int) -> None:
    if status == 418 and not subject.has_bans:
        pytest.skip("the venue bans in another way")

    async def scenario(venue: FaultyVenue) -> None:
        venue.strike(str(status), subject.place)
        first = venue.send(venue.crossing())
        await venue.until(lambda: venue.statuses(first))
        venue.calm()
        second = venue.send(venue.crossing())
        said = await venue.heard.ended(second)
        assert (said.status, said.reason) == (OrderStatus.REJECTED, "rate_limited")
        assert venue.at_the_venue() == []
        if status == 418:
            await venue.until(lambda: "stay away" in venue.gateway.health.reason)

    play(subject, scenario, order_stream=None)


@every_venue
def test_a_skewed_clock_is_measured_and_signed_with(subject: Subject) -> None:
    async def scenario(venue: FaultyVenue) -> None:
        assert abs(venue.gateway.rest.offset.offset_ns + 30 * 10**9) < 2 * 10**9
        order = venue.send(venue.crossing())
        assert (await venue.heard.ended(order)).status is OrderStatus.FILLED

    play(subject, scenario, strikes='[[fault]]\nkind = "clock_skew"\nskew_seconds = -30.0')


@every_venue
def test_a_clock_that_is_set_while_we_trade_is_measured_anew(subject: Subject) -> None:
    async def scenario(venue: FaultyVenue) -> None:
        venue.strike("clock_skew", skew_seconds=40.0)
        first = venue.send(venue.crossing())
        said = await venue.heard.ended(first)
        if subject.has_window:
            assert said.status is OrderStatus.REJECTED
            offset = venue.gateway.rest.offset
            await venue.until(lambda: offset.offset_ns > 38 * 10**9)
            said = await venue.heard.ended(venue.send(venue.crossing()))
        assert said.status is OrderStatus.FILLED
        await venue.until(lambda: venue.heard.is_up)

    play(subject, scenario)


@every_venue
def test_what_is_off_the_venues_grid_is_refused_and_never_taken_in(subject: Subject) -> None:
    async def scenario(venue: FaultyVenue) -> None:
        rules = venue.gateway.instrument(subject.symbol)
        good = venue.crossing()
        assert good.price is not None
        off_price = good.price + rules.tick_at(good.price) / 3
        off_qty = good.qty + rules.lot_size / 3
        for terms in ({"price": off_price}, {"qty": off_qty}):
            order = msgspec.structs.replace(venue.crossing(), **terms)
            said = await venue.heard.ended(venue.send(order))
            # A venue's word that may mean something else is not believed, but looked into.
            assert said.status in (OrderStatus.REJECTED, OrderStatus.NEVER_EXISTED)
            assert said.reason
        assert venue.at_the_venue() == []
        with pytest.raises(ConfigError, match="does not trade"):
            venue.send(msgspec.structs.replace(good, symbol="NO-SUCH"))
        with pytest.raises(OrderRefused, match="used before"):
            venue.send(order)

    play(subject, scenario)
