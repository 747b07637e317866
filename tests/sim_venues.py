"""Simulated venues in a thread of their own, on a market that stands still unless it is told to
move. Clients of any kind, blocking or not, then meet them as they would meet a real venue."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TypeVar

from arbitrage.domain.events import BookSnapshot, MarketEvent, MarketTrade
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.listings import Listing
from arbitrage.sim.serve import SimMarket, SimVenues
from arbitrage.sim.venue_core import SimVenueCore

Result = TypeVar("Result")


def still_book(listing: Listing, price: float, qty: float, depth: int = 30) -> BookSnapshot:
    """A book around `price`, one level per tick and `qty` on each; best bid is `price`."""
    rules = listing.instrument
    tick = float(rules.tick_at(Decimal(str(price))))
    bids = [(price - tick * place, qty) for place in range(depth)]
    asks = [(price + tick * (place + 1), qty) for place in range(depth)]
    return BookSnapshot(0, rules.venue, rules.symbol, bids, asks)


def still_market(books: list[tuple[Listing, BookSnapshot]]) -> SimMarket:
    """Books that are shown once; nothing else happens (but the same again every hour)."""

    def events(start_ns: int) -> Iterator[MarketEvent]:
        ts_ns = start_ns
        while True:
            for _, book in books:
                yield BookSnapshot(ts_ns, book.venue, book.symbol, book.bids[:], book.asks[:])
            ts_ns += 3_600 * NS_PER_SECOND

    instruments: dict[str, tuple] = {}
    for listing, _ in books:
        venue = listing.instrument.venue
        instruments[venue] = (*instruments.get(venue, ()), listing.instrument)
    fees = {(each.instrument.venue, each.instrument.symbol): each.fees for each, _ in books}
    return SimMarket(instruments, fees, events)


class RunningVenues:
    """Venues that run in another thread, and ways to reach into it."""

    def __init__(self, venues: SimVenues, loop: asyncio.AbstractEventLoop) -> None:
        self.venues = venues
        self._loop = loop

    def call(self, function: Callable[..., Result], *args: object) -> Result:
        """Call a function in the venues' thread and wait for its result."""

        async def run() -> Result:
            return function(*args)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(5)

    def core(self, venue: str) -> SimVenueCore:
        return self.venues.servers[venue].core

    def rest_url(self, venue: str) -> str:
        return self.venues.servers[venue].rest_url

    def ws_url(self, venue: str) -> str:
        return self.venues.servers[venue].ws_url

    def feed(self, event: MarketEvent) -> None:
        """Let something happen in the market of its venue."""
        self.call(self.core(event.venue).on_market, event)

    def show(self, book: BookSnapshot) -> None:
        """Show a book anew, whole again whatever was taken from it."""
        shown = BookSnapshot(0, book.venue, book.symbol, book.bids[:], book.asks[:])
        self.feed(shown)

    def trade(self, venue: str, symbol: str, price: float, qty: float, side: Side) -> None:
        """A public trade; `side` is the taker's."""
        self.feed(MarketTrade(0, venue, symbol, price, qty, side))


@contextmanager
def running(
    ports: list[str], market: SimMarket, faults: FaultPlan | None = None
) -> Iterator[RunningVenues]:
    """Start the venues on free ports; everything is gone afterwards."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> SimVenues:
        venues = SimVenues(dict.fromkeys(ports, 0), market, faults=faults)
        await venues.start()
        return venues

    venues = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield RunningVenues(venues, loop)
    finally:
        asyncio.run_coroutine_threadsafe(venues.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
