"""One venue's market data for a command that only looks: opened when the venue can be reached, and
kept open.

No keys are used. A venue that cannot be reached is tried again and again; its `trouble` says why
until it is open.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import Any, Final

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.events import BookSnapshot, Event
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.exchanges.order_gateway import Channel
from arbitrage.exchanges.registry import create_exchange
from arbitrage.net.arrival_clock import stamp
from arbitrage.net.background import Background
from arbitrage.net.backoff import Backoff
from arbitrage.net.feed_tap import FeedTap
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.simulators import Addresses, gateway_of

# A page of a proxy instead of an answer cannot be read; that may pass as well.
_NOT_THERE = (Unavailable, MalformedData)
_IN_MEMORY: Final = frozenset({"paper"})
_STEP_SECONDS: Final = 0.1
_AGAIN: Final = Backoff(1.0, 30.0)
_BOOKS: Final = frozenset({Channel.BOOK, Channel.QUOTE})


class PublicFeed:
    """The market data of `venue`, at the venue itself or at the simulator at `at`.

    `trouble` is why there is none now, empty if there is; `has_opened` whether there ever was.
    Raises `ConfigError` for a venue that is unknown or not on the network.
    """

    def __init__(self, venue: str, at: Addresses | None = None, *, again: Backoff = _AGAIN) -> None:
        self.venue = venue
        self.has_opened = False
        self._at = at
        self._again = again
        self._random = Random()
        self._failure = "not asked yet"
        self._gateway = self._made()
        self._markets: Mapping[str, Instrument] = {}

    def _made(self, symbols: Sequence[str] = (), **settings: Any) -> VenueGateway:
        settings["asks_compressed"] = True
        if self._at is not None:
            return gateway_of(self.venue, self._at, symbols, has_keys=False, **settings)
        if self.venue in _IN_MEMORY:
            raise ConfigError(
                f"{self.venue} has no market data of its own; expected a venue on the network, "
                "nothing was started"
            )
        made = create_exchange(self.venue, symbols=symbols, **settings)
        assert isinstance(made, VenueGateway)
        return made

    # --- what it is now -----------------------------------------------------------------------

    @property
    def trouble(self) -> str:
        """Why there is no market data now; empty if there is."""
        return self._failure or self._gateway.health.reason

    @property
    def served(self) -> frozenset[Channel]:
        """The channels that the venue has."""
        return frozenset[Channel]().union(*(one.channels for one in self._gateway.plan.public))

    @property
    def malformed(self) -> int:
        """Messages that could not be read."""
        return sum(one.malformed for one in self._gateway.feed.connections)

    @property
    def reconnects(self) -> int:
        """How often a connection was opened again after a loss."""
        streams = (one.stream for one in self._gateway.feed.connections)
        return sum(stream.counts.reconnects for stream in streams if stream is not None)

    def fees(self, symbol: str) -> FeeSchedule:
        """What the venue documents for trading one of its markets."""
        return self._gateway.plan.documented_fees(self._markets[symbol])

    # --- life ---------------------------------------------------------------------------------

    async def markets(self) -> Mapping[str, Instrument]:
        """The venue's markets by symbol, as soon as it tells them."""
        attempt = 0
        while not self._markets:
            try:
                await self._gateway.aload()
                self._markets = dict(self._gateway.markets)
            except _NOT_THERE as error:
                await self._pause(error, attempt)
                attempt += 1
            finally:
                await self._gateway.astop()
        self._failure = "not open yet"
        return self._markets

    async def run(
        self,
        symbols: Sequence[str],
        channels: Sequence[Channel],
        on_event: Callable[[Event], None],
        tap: FeedTap | None = None,
    ) -> None:
        """Pass events on until cancelled; raises what broke inside a gateway.

        Each beginning drops the books of before, so that what follows a gap is not taken for its
        continuation.
        """
        attempt = 0
        while True:
            if _BOOKS.intersection(channels):
                self._drop_books(symbols, on_event, tap)
            self._gateway = self._made(symbols, channels=channels, tap=tap)
            try:
                await self._gateway.astart(on_event)
                self.has_opened, self._failure, attempt = True, "", 0
                await self._gateway.wait()
            except _NOT_THERE as error:
                await self._gateway.astop()
                await self._pause(error, attempt)
                attempt += 1
            finally:
                await self._gateway.astop()

    def _drop_books(
        self, symbols: Sequence[str], on_event: Callable[[Event], None], tap: FeedTap | None
    ) -> None:
        now_ns = stamp()
        if tap is not None:
            tap.lost(symbols, now_ns)
        for symbol in symbols:
            on_event(BookSnapshot(now_ns, self.venue, symbol, [], []))

    async def _pause(self, error: Unavailable | MalformedData, attempt: int) -> None:
        seconds = self._again.seconds(attempt, self._random)
        self._failure = f"{error}; trying again in {seconds:.0f} s"
        await asyncio.sleep(seconds)


async def until_stopped(
    stopped: asyncio.Event,
    background: Background,
    *,
    seconds: float | None,
    look: Callable[[], None],
    every_seconds: float,
) -> None:
    """Call `look` every so often until `stopped` is set or the time has passed; raises what broke
    in the background as soon as it is seen."""
    loop = asyncio.get_running_loop()
    end = None if seconds is None else loop.time() + seconds
    next_look = loop.time() + every_seconds
    while not stopped.is_set():
        now = loop.time()
        if end is not None and now >= end:
            return
        if background.failure is not None:
            raise background.failure
        if now >= next_look:
            next_look = now + every_seconds
            look()
        left = min(_STEP_SECONDS, next_look - now, (end or next_look) - now)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), max(0.0, left))
