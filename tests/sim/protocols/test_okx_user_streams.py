"""Private channels: one push per step of an order, balances and positions together."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sim_okx import (
    ASKS,
    BIDS,
    NOW_NS,
    SPOT,
    SWAP,
    Clock,
    announce,
    limit,
    okx_core,
    place,
    settle,
    show,
    swap,
)

from arbitrage.sim.protocols.okx_account import OkxAccount
from arbitrage.sim.protocols.okx_markets import Markets
from arbitrage.sim.protocols.okx_positions import OkxPositions
from arbitrage.sim.protocols.okx_user_streams import UserStreams, is_sound
from arbitrage.sim.protocols.okx_wire import Ids, Json
from arbitrage.sim.venue_core import SimVenueCore


class Heard:
    """A session, and what it was told."""

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.subjects: list[str] = []

    def push(self, body: Json, subject: str) -> None:
        self.frames.append(body)
        self.subjects.append(subject)

    def of(self, channel: str) -> list[Any]:
        return [frame for frame in self.frames if frame["arg"]["channel"] == channel]


class Venue:
    def __init__(self) -> None:
        self.clock = Clock()
        self.core: SimVenueCore = okx_core(self.clock)
        markets, ids = Markets(self.core), Ids(NOW_NS)
        positions = OkxPositions(self.core, markets, ids)
        self.user = UserStreams(
            self.core, OkxAccount(self.core, markets, positions), positions, ids
        )
        self.heard = Heard()

    def subscribe(self, channel: str, extra: str = "", **arg: str) -> None:
        self.user.subscribe(self.heard, {"channel": channel, **arg}, extra)


def at_the_venue(work: Callable[[Venue], Awaitable[None]]) -> None:
    async def run() -> None:
        await work(Venue())

    asyncio.run(run())


@pytest.mark.parametrize(
    ("arg", "expected"),
    [
        ({"channel": "account"}, True),
        ({"channel": "orders", "instType": "ANY"}, True),
        ({"channel": "orders"}, False),
        ({"channel": "orders", "instType": "X"}, False),
        ({"channel": "books"}, False),
        ({}, False),
    ],
)
def test_a_channel_is_sound_or_not(arg: dict[str, str], expected: bool) -> None:
    assert is_sound(arg) is expected


def test_orders_have_no_snapshot_and_one_push_per_step() -> None:
    async def work(venue: Venue) -> None:
        place(venue.core, limit())
        venue.subscribe("orders", instType="ANY")
        assert venue.heard.frames == []
        place(venue.core, limit(px="78000.2", sz="0.7", clOrdId="s1"))
        pushes = venue.heard.of("orders")
        assert [frame["data"][0]["state"] for frame in pushes] == [
            "live",
            "partially_filled",
            "filled",
        ]
        assert pushes[0]["arg"] == {
            "channel": "orders",
            "instType": "ANY",
            "uid": "44705892343619584",
        }
        assert venue.heard.subjects[0] == "orders ANY"

    at_the_venue(work)


def test_orders_are_told_by_kind_and_by_symbol() -> None:
    async def work(venue: Venue) -> None:
        venue.subscribe("orders", instType="SWAP", instId=SWAP)
        place(venue.core, limit())
        assert venue.heard.frames == []
        place(venue.core, swap())
        assert len(venue.heard.frames) == 2

    at_the_venue(work)


def test_the_account_is_told_whole_and_then_what_changed_at_once() -> None:
    async def work(venue: Venue) -> None:
        venue.subscribe("account")
        (whole,) = venue.heard.frames
        assert (whole["eventType"], whole["lastPage"]) == ("snapshot", True)
        assert {one["ccy"] for one in whole["data"][0]["details"]} == {"USDT", "BTC"}
        place(venue.core, limit(px="78000.2", sz="0.7"))
        await settle()
        assert len(venue.heard.frames) == 2
        assert venue.heard.frames[1]["eventType"] == "event_update"
        assert len(venue.heard.frames[1]["data"][0]["details"]) == 2

    at_the_venue(work)


def test_one_currency_may_be_asked_for() -> None:
    async def work(venue: Venue) -> None:
        venue.subscribe("account", ccy="BTC")
        place(venue.core, limit())
        await settle()
        assert len(venue.heard.frames) == 1
        place(venue.core, limit("sell", px="79000"))
        await settle()
        (details,) = venue.heard.frames[-1]["data"][0]["details"]
        assert (details["ccy"], details["frozenBal"]) == ("BTC", "0.01")

    at_the_venue(work)


def test_positions_are_told_when_they_move_and_when_they_are_paid() -> None:
    async def work(venue: Venue) -> None:
        venue.subscribe("positions", instType="SWAP")
        venue.subscribe("positions", instType="FUTURES")
        assert [frame["data"] for frame in venue.heard.frames] == [[], []]
        place(venue.core, swap(sz="75"))
        await settle()
        assert venue.heard.frames[-1]["data"][0]["pos"] == "75"
        announce(venue.core, 0.0001, NOW_NS + 10**9, 78_000.0)
        venue.clock.move(1)
        venue.core.catch_up()
        await settle()
        assert venue.heard.frames[-1]["data"][0]["fundingFee"] == "-5.85"
        assert len(venue.heard.frames) == 4

    at_the_venue(work)


def test_both_come_in_one_channel_too() -> None:
    async def work(venue: Venue) -> None:
        venue.subscribe("balance_and_position")
        assert venue.heard.frames[0]["data"][0]["eventType"] == "snapshot"
        place(venue.core, swap())
        await settle()
        (told,) = venue.heard.frames[-1]["data"]
        assert (told["posData"][0]["pos"], told["balData"][0]["ccy"]) == ("10", "USDT")

    at_the_venue(work)


@pytest.mark.parametrize(
    ("extra", "count"),
    [('{"updateInterval": "0"}', 1), ("", 2), ("x", 2), ("[]", 2)],
)
def test_the_account_is_repeated_unless_that_is_not_wanted(extra: str, count: int) -> None:
    async def work(venue: Venue) -> None:
        venue.subscribe("account", extra)
        venue.user.repeat(venue.heard)
        venue.user.repeat(Heard())
        assert len(venue.heard.frames) == count

    at_the_venue(work)


def test_nothing_is_told_to_who_left() -> None:
    async def work(venue: Venue) -> None:
        for channel in ("account", "balance_and_position"):
            venue.subscribe(channel)
        assert venue.user.connections("account") == 1
        venue.user.unsubscribe(venue.heard, {"channel": "account"})
        assert venue.user.connections("account") == 0
        venue.user.leave(venue.heard)
        known = len(venue.heard.frames)
        place(venue.core, limit(px="78000.1"))
        await settle()
        assert len(venue.heard.frames) == known

    at_the_venue(work)


def test_a_liquidation_is_an_order_of_the_venue_s_own() -> None:
    async def work(venue: Venue) -> None:
        venue.subscribe("orders", instType="SPOT")
        venue.subscribe("orders", instType="SWAP")
        venue.core.set_leverage(SWAP, 100)
        show(venue.core, BIDS, [(78_000.1, 1e6)], SWAP)
        place(venue.core, swap(sz="10000"))
        await settle()
        show(venue.core, [(76_900.0, 1e6)], [(76_900.1, 1e6)], SWAP)
        told = venue.heard.of("orders")[-1]["data"][0]
        assert (told["category"], told["side"], told["sz"]) == ("full_liquidation", "sell", "10000")
        assert venue.core.balance("BTC").total == 2

    at_the_venue(work)


def test_asks_of_spot_do_not_move_positions() -> None:
    async def work(venue: Venue) -> None:
        venue.subscribe("positions", instType="SWAP")
        show(venue.core, BIDS, ASKS, SPOT)
        await settle()
        assert len(venue.heard.frames) == 1

    at_the_venue(work)
