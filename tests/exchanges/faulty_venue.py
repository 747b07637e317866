"""A venue's gateway against its simulator, on a still market, with faults that strike on command.

Everything runs on one event loop, so what a scenario says happens between two lines of it, and not
at some time.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
from exchanges.venue_contract import Heard
from sim_venues import still_book

from arbitrage.domain.events import BookSnapshot, MarketTrade
from arbitrage.domain.intents import CancelOrder, PlaceOrder, TimeInForce
from arbitrage.net.backoff import Backoff
from arbitrage.net.heartbeat import SessionTerms
from arbitrage.net.http import PoolTerms
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import GatewayTimes
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.listings import Listing
from arbitrage.sim.order_records import SimOrder
from arbitrage.sim.serve import GUESTS, VENUES, opening_balances
from arbitrage.sim.server import VenueServer
from arbitrage.sim.venue_core import VenueSetup
from arbitrage.simulators import Addresses, gateway_of

D = Decimal
LEVEL_QTY = 50.0
TIMES = GatewayTimes(
    recheck_seconds=0.05,
    reconcile_seconds=0.25,
    silent_order_seconds=0.05,
    settle_seconds=0.005,
    resync_seconds=0.005,
    snapshot_pause_seconds=0.05,
    maintenance_seconds=0.2,
    pursuit=Backoff(0.02, 0.1),
)


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A market of a venue under test. `place` is how faults know the request of an order, `answer`
    its answer on the order stream. `has_window` says that a request signed with a wrong time is
    refused, `has_bans` that the venue bans with 418."""

    listing: Listing
    place: str
    price: float = 78_000.0
    answer: str = ""
    has_window: bool = True
    has_bans: bool = True

    @property
    def venue(self) -> str:
        return self.listing.instrument.venue

    @property
    def symbol(self) -> str:
        return self.listing.instrument.symbol

    def __str__(self) -> str:
        return f"{self.venue} {self.symbol}"


class FaultyVenue:
    """One running venue, the gateway to it, and what the gateway has `heard`."""

    def __init__(self, subject: Subject, **changes: Any) -> None:
        self.subject = subject
        self.rules = GUESTS.instrument(subject.listing.instrument)
        self.quiet = still_book(subject.listing, subject.price, LEVEL_QTY)
        host = GUESTS.host_of(subject.venue)
        setup = VenueSetup(
            venue=host,
            instruments=(self.rules,),
            fees=subject.listing.fees,
            balances=opening_balances((self.rules,)),
            clock_ns=time.time_ns,
        )
        self.server = VenueServer(VENUES[host].protocol(setup))
        self.core = self.server.core
        self._changes = changes
        self.gateway: VenueGateway
        self.heard: Heard

    def make_gateway(self) -> None:
        """A gateway as the product makes it, but less patient."""
        at = Addresses(self.server.rest_url, self.server.ws_url)
        made = gateway_of(self.subject.venue, at, [self.subject.symbol])
        terms: dict[str, Any] = {
            "times": TIMES,
            "reconnect": Backoff(0.02, 0.2),
            "orders": PoolTerms(connections=3, timeout_seconds=0.3, wait_seconds=0.2),
            "lingering_ns": 100_000_000,
            **self._changes,
        }
        stale_seconds = terms.pop("stale_seconds", None)
        if stale_seconds is not None:
            terms["public"] = tuple(
                msgspec.structs.replace(one, terms=_stale(one.terms, stale_seconds))
                for one in made.plan.public
            )
        plan = msgspec.structs.replace(made.plan, **terms)
        self.gateway = VenueGateway(plan, symbols=made.symbols, random=Random(1))
        self.heard = Heard(self.gateway, self.subject.symbol)

    # --- faults -------------------------------------------------------------------------------

    def strike(self, kind: str, what: str = "", **terms: object) -> None:
        """From now on `kind` befalls what it can, and nothing else does."""
        lines = [f"{name} = {value!r}" for name, value in terms.items()]
        script = "\n".join(["[[fault]]", f"kind = {kind!r}", f"what = {what!r}", *lines])
        self.server.faults._plan = FaultPlan.parse(script)
        self.server._take_in_time()

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self.server.faults._plan = FaultPlan()
        self.server._take_in_time()

    # --- the market ---------------------------------------------------------------------------

    def show(self, qty: float = LEVEL_QTY) -> None:
        """A book with `qty` on its best levels and the rest as ever."""
        bids, asks = self.quiet.bids[:], self.quiet.asks[:]
        bids[0], asks[0] = (bids[0][0], qty), (asks[0][0], qty)
        self.core.on_market(BookSnapshot(0, self.core.venue, self.rules.symbol, bids, asks))

    def trade_through(self, order: PlaceOrder) -> None:
        """A public trade that fills `order`, which rests."""
        assert order.price is not None
        tick = self.rules.tick_at(order.price)
        beyond = float(order.price - tick * order.side.sign)
        qty = 1_000.0 * LEVEL_QTY
        symbol, side = self.rules.symbol, order.side.opposite
        self.core.on_market(MarketTrade(0, self.core.venue, symbol, beyond, qty, side))

    @property
    def shows_the_venues_book(self) -> bool:
        """Whether the book that follows from the events is the venue's own."""
        book = self.core.book(self.rules.symbol)
        assert book is not None
        ours = self.heard.market
        return not ours.is_broken and (_top(ours.bids), _top(ours.asks)) == (
            _top(book.bids),
            _top(book.asks),
        )

    async def moves_until_shown(self) -> None:
        """The market moves, as markets do, until our book is the venue's."""
        for step in range(150):
            self.show(qty=20.0 + step)
            for _ in range(40):
                if self.shows_the_venues_book:
                    return
                await asyncio.sleep(0.005)
        raise AssertionError(f"the book is not the venue's: {self.heard.events[-5:]}")

    # --- orders -------------------------------------------------------------------------------

    def crossing(self, **terms: object) -> PlaceOrder:
        """An order that fills at once."""
        return self.heard.order(**{"away": 0.005, **terms})

    def resting(self, **terms: object) -> PlaceOrder:
        """An order that stays open two percent away."""
        return self.heard.order(**{"away": -0.02, "time_in_force": TimeInForce.GTC, **terms})

    def send(self, order: PlaceOrder) -> PlaceOrder:
        self.gateway.send([order], time.time_ns())
        return order

    def cancel(self, order: PlaceOrder) -> None:
        intent = CancelOrder(client_id=order.client_id, venue=order.venue, symbol=order.symbol)
        self.gateway.send([intent], time.time_ns())

    def statuses(self, order: PlaceOrder) -> list[str]:
        """Every status that was told of `order`, in order."""
        return [update.status.value for update in self.heard.updates(order.client_id)]

    def at_the_venue(self) -> list[SimOrder]:
        """Every order that the venue has ever taken in."""
        return list(self.core.orders.all())

    async def ties_out(self) -> None:
        """The venue is up after two more comparisons: our money is as our fills say."""
        for _ in range(2):
            covered_ns = self._covered_ns
            await self.until(lambda: self._covered_ns > covered_ns)  # noqa: B023
        await self.until(lambda: self.heard.is_up)

    @property
    def _covered_ns(self) -> int:
        return self.gateway.account._reconciliation._covered_ns

    async def until(self, is_so: Any, seconds: float = 15.0) -> None:
        await self.heard.until(is_so, seconds)


def _top(levels: Any) -> list[tuple[float, float]]:
    """As many levels as every venue shows."""
    return [(round(price, 8), round(qty, 8)) for price, qty in levels[:10]]


def _stale(terms: SessionTerms, seconds: float) -> SessionTerms:
    return msgspec.structs.replace(terms, stale_seconds=seconds)


@asynccontextmanager
async def at(subject: Subject, *, strikes: str = "", **changes: Any) -> AsyncIterator[FaultyVenue]:
    """A venue that runs with a book, and a gateway that has started and is up."""
    venue = FaultyVenue(subject, **changes)
    await venue.server.start()
    venue.show()
    if strikes:
        venue.server.faults._plan = FaultPlan.parse(strikes)
        venue.server._take_in_time()
    venue.make_gateway()
    try:
        await venue.gateway.astart(venue.heard)
        await venue.until(lambda: venue.heard.has_book and venue.heard.is_up)
        yield venue
        assert venue.gateway._background.failure is None
    finally:
        await venue.gateway.astop()
        await venue.server.stop()
