"""Starts simulated venues on one market and keeps them until a signal: the body of `arb sim`.

One market feeds all venues, so prices of one coin move together across them; every venue has its
own server, account and faults. A venue is added by one line in `VENUES`.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final, TextIO

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import MarketEvent
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.net.background import Background
from arbitrage.sim.calibration import (
    FX_KRW_PER_USDT,
    MEASURED_DISLOCATIONS,
    STAGED_DISLOCATIONS,
    Dislocations,
)
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.feed import MarketFeed
from arbitrage.sim.guests import Guests, Roof
from arbitrage.sim.listings import (
    ASSETS,
    BASES,
    BINANCE_SPOT,
    BINANCE_USDM,
    BITHUMB,
    BYBIT,
    BYBIT_SPOT,
    OKX,
    UPBIT,
    Listing,
    krw_spot,
    usdt_perpetual,
    usdt_spot,
)
from arbitrage.sim.market import MarketGenerator, MarketSpec
from arbitrage.sim.protocols.binance_spot import BinanceSpotProtocol
from arbitrage.sim.protocols.binance_usdm import BinanceUsdmProtocol
from arbitrage.sim.protocols.bithumb import BithumbProtocol
from arbitrage.sim.protocols.bybit import BybitProtocol
from arbitrage.sim.protocols.bybit_markets import SPOT_PREFIX
from arbitrage.sim.protocols.okx import OkxProtocol
from arbitrage.sim.protocols.upbit import UpbitProtocol
from arbitrage.sim.server import VenueProtocol, VenueServer
from arbitrage.sim.venue_core import VenueSetup
from arbitrage.store.recording import Recording

SYNTHETIC: Final = "synthetic"
# The deepest book that one of the venues shows.
DEPTH: Final = 30
# What every account holds of each currency, in US dollars.
ACCOUNT_USD: Final = 1_000_000
FIRST_BOOK_SECONDS: Final = 1.0


class SimVenue(msgspec.Struct, frozen=True):
    """One venue here: what it lists of some coins, and the protocol it speaks."""

    listings: Callable[[Sequence[str]], list[Listing]]
    protocol: Callable[[VenueSetup], VenueProtocol]


def _krw_listings(venue: str, bases: Sequence[str]) -> list[Listing]:
    return [krw_spot(venue, base) for base in ("USDT", *bases)]


def _usdt_listings(bases: Sequence[str]) -> list[Listing]:
    return [usdt_perpetual(base) for base in bases]


def _spot_listings(venue: str, bases: Sequence[str]) -> list[Listing]:
    return [usdt_spot(venue, base) for base in bases]


def _okx_listings(bases: Sequence[str]) -> list[Listing]:
    """Spot and swaps are one venue there."""
    return [
        listing for base in bases for listing in (usdt_spot(OKX, base), usdt_perpetual(base, OKX))
    ]


def _bybit_listings(bases: Sequence[str]) -> list[Listing]:
    """One wallet for both, though spot goes by a name of its own."""
    return [
        listing
        for base in bases
        for listing in (usdt_perpetual(base, BYBIT), usdt_spot(BYBIT_SPOT, base))
    ]


VENUES: Final[Mapping[str, SimVenue]] = {
    UPBIT: SimVenue(partial(_krw_listings, UPBIT), UpbitProtocol),
    BITHUMB: SimVenue(partial(_krw_listings, BITHUMB), BithumbProtocol),
    BINANCE_SPOT: SimVenue(partial(_spot_listings, BINANCE_SPOT), BinanceSpotProtocol),
    BINANCE_USDM: SimVenue(_usdt_listings, BinanceUsdmProtocol),
    OKX: SimVenue(_okx_listings, OkxProtocol),
    BYBIT: SimVenue(_bybit_listings, BybitProtocol),
}
# Venues that another one's simulator serves.
GUESTS: Final = Guests({BYBIT_SPOT: Roof(BYBIT, SPOT_PREFIX)})


def _known(venue: str) -> SimVenue:
    if venue not in VENUES:
        raise ConfigError(
            f"no simulator of {venue}; expected one of {', '.join(VENUES)}; no venue is started"
        )
    return VENUES[venue]


class SimMarket(msgspec.Struct, frozen=True):
    """Where the venues' events come from, and by which rules and fees they are traded."""

    instruments: Mapping[str, tuple[Instrument, ...]]
    fees: Mapping[tuple[str, str], FeeSchedule]
    events: Callable[[int], Iterable[MarketEvent]]


def synthetic_market(
    venues: Iterable[str],
    seed: int,
    *,
    bases: Sequence[str] = BASES,
    time_scale: float = 1.0,
    dislocations: Dislocations = MEASURED_DISLOCATIONS,
) -> SimMarket:
    """The generated market of some coins at `venues`; for the rest see `MarketSpec`."""
    spec = MarketSpec(
        listings=tuple(each for venue in venues for each in _known(venue).listings(bases)),
        depth=DEPTH,
        time_scale=time_scale,
        dislocations=dislocations,
    )
    generator = MarketGenerator(spec, seed)
    by_venue: dict[str, tuple[Instrument, ...]] = {}
    for instrument in map(GUESTS.instrument, generator.instruments()):
        known = by_venue.get(instrument.venue, ())
        by_venue[instrument.venue] = (*known, instrument)
    return SimMarket(by_venue, GUESTS.fees(generator.fees()), GUESTS.events(generator.events))


def recorded_market(path: str | Path, venues: Iterable[str]) -> SimMarket:
    """The market of a recording, over and over. Fees that are not recorded are those of the
    generated listings."""
    recording = Recording(path)
    recorded = [GUESTS.instrument(rules) for rules in recording.instruments.values()]
    instruments = {
        venue: tuple(rules for rules in recorded if rules.venue == venue) for venue in venues
    }
    fees = {}
    for venue, listed in instruments.items():
        if not listed:
            raise ConfigError(
                f"{path}: nothing of {venue} is recorded; expected one of "
                f"{', '.join(recording.venues)}; no venue is started"
            )
        known = {each.instrument.kind: each.fees for each in _known(venue).listings(BASES)}
        fees.update({(venue, rules.symbol): known[rules.kind] for rules in listed})
    events = GUESTS.events(lambda _now_ns: recording.events())
    return SimMarket(instruments, fees | GUESTS.fees(recording.fees), events)


def opening_balances(instruments: Iterable[Instrument]) -> dict[str, Decimal]:
    """A million US dollars' worth of every currency that is traded, in round numbers."""
    usd = {"KRW": 1 / FX_KRW_PER_USDT} | {base: each.price_usd for base, each in ASSETS.items()}
    balances = {}
    for rules in instruments:
        for currency in (rules.quote,) if rules.is_perpetual else (rules.quote, rules.base):
            balances[currency] = Decimal(f"{ACCOUNT_USD / usd.get(currency, 1.0):.0f}")
    return balances


class SimVenues:
    """A set of running venues: `ports` by name of the venue, 0 for a free one.

    Raises `ConfigError` for a venue that has no simulator.
    """

    def __init__(
        self,
        ports: Mapping[str, int],
        market: SimMarket,
        *,
        faults: FaultPlan | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.servers = {
            venue: VenueServer(
                _known(venue).protocol(_setup(venue, market, clock_ns)),
                port=port,
                faults=faults,
                clock_ns=clock_ns,
            )
            for venue, port in ports.items()
        }
        sinks = [server.core.on_market for server in self.servers.values()]
        self.feed = MarketFeed(market.events, sinks, clock_ns=clock_ns)
        self._background = Background()

    async def start(self) -> None:
        """Listen, with a book in every market that has one within `FIRST_BOOK_SECONDS`."""
        for server in self.servers.values():
            await server.start()
        self._background.start(self.feed.run(), "market feed")
        deadline = asyncio.get_running_loop().time() + FIRST_BOOK_SECONDS
        while not self._has_books() and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)

    def _has_books(self) -> bool:
        cores = [server.core for server in self.servers.values()]
        return all(core.book(symbol) for core in cores for symbol in core.instruments)

    async def wait(self) -> None:
        """Return after `stop`. Raises what broke the market, if anything did."""
        await self._background.wait()

    async def stop(self) -> None:
        """End everything; nothing is left."""
        await self._background.stop()
        for server in self.servers.values():
            await server.stop()

    def ready(self) -> dict[str, object]:
        """What the ready line says: the addresses of every venue."""
        venues = {
            venue: {"rest": server.rest_url, "ws": server.ws_url}
            for venue, server in self.servers.items()
        }
        return {"ready": True, "venues": venues}


def _setup(venue: str, market: SimMarket, clock_ns: Callable[[], int]) -> VenueSetup:
    instruments = market.instruments[venue]
    return VenueSetup(
        venue=venue,
        instruments=instruments,
        fees={rules.symbol: market.fees[venue, rules.symbol] for rules in instruments},
        balances=opening_balances(instruments),
        clock_ns=clock_ns,
    )


def run_simulators(
    ports: Mapping[str, int],
    *,
    market: str = SYNTHETIC,
    seed: int = 1,
    time_scale: float = 1.0,
    is_staged: bool = False,
    faults: str | Path | None = None,
    is_json: bool = False,
    ends_with_input: bool = False,
    out: TextIO = sys.stdout,
) -> None:
    """Run `ports` (0 for a free one) until SIGTERM or Ctrl-C, or with `ends_with_input` until
    standard input ends; one line says when they are ready.

    `market` is `synthetic` or the path of a recording. A synthetic one shows `time_scale` seconds
    of premium dynamics in one, and more dislocations than were measured if it `is_staged`. Raises
    `ConfigError` for what cannot be read and `Unavailable` for a port that is taken, with nothing
    left running.
    """
    plan = FaultPlan() if faults is None else FaultPlan.read(faults)
    if market == SYNTHETIC:
        dislocations = STAGED_DISLOCATIONS if is_staged else MEASURED_DISLOCATIONS
        source = synthetic_market(ports, seed, time_scale=time_scale, dislocations=dislocations)
    else:
        source = recorded_market(market, ports)
    venues = SimVenues(ports, source, faults=plan)
    asyncio.run(_run(venues, is_json, out, sys.stdin if ends_with_input else None))


async def _run(venues: SimVenues, is_json: bool, out: TextIO, until: TextIO | None = None) -> None:
    loop = asyncio.get_running_loop()
    running = asyncio.current_task()
    assert running is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not every platform can handle signals here.
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, running.cancel)
    ending = None if until is None else asyncio.create_task(_end_of(until))
    if ending is not None:
        ending.add_done_callback(lambda _ending: running.cancel())
    try:
        with suppress(asyncio.CancelledError):
            await venues.start()
            out.write(_ready_line(venues, is_json) + "\n")
            out.flush()
            await venues.wait()
    finally:
        await venues.stop()


async def _end_of(source: TextIO) -> None:
    """Return when a pipe that nobody writes to is closed: whoever held it is gone, however."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), source
    )
    await reader.read()


def _ready_line(venues: SimVenues, is_json: bool) -> str:
    if is_json:
        return msgspec.json.encode(venues.ready()).decode()
    return "\n".join(
        f"{venue}: {server.rest_url} {server.ws_url}" for venue, server in venues.servers.items()
    )
