"""The seeded market: books, public trades and funding of several venues, in time order.

A `MarketSpec` says which markets there are and how fast premiums move; `MarketGenerator` turns it
and a seed into events. The same spec and seed give the same events on any machine and under any
hash seed. How prices come about is in `economy`, how a book looks in `synthetic_book`, and every
number with its origin in `calibration`.

Books come on a grid of 100 ms, as venues push them; each market has its own place within the
100 ms, so no two events of different markets share a time by chance. Every market shows its book
within the first 100 ms. About 3 books a second come from a KRW market and 8 from a perpetual.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import BookSnapshot, Funding, MarketEvent, MarketTrade
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim import calibration as cal
from arbitrage.sim.economy import SLOTS_PER_SECOND, Economy
from arbitrage.sim.listings import (
    BASES,
    BITHUMB,
    UPBIT,
    Listing,
    asset,
    krw_spot,
    usdt_perpetual,
)
from arbitrage.sim.processes import (
    MAX_ELAPSED_SLOTS,
    TABLE_BITS,
    Bits,
    MeanReversion,
    exponential_table,
    step_table,
)
from arbitrage.sim.synthetic_book import SyntheticBook

SLOT_NS: Final = NS_PER_SECOND // SLOTS_PER_SECOND
MAX_DEPTH: Final = 50
_NEVER: Final = 1 << 62
_FUNDING_NS: Final = cal.FUNDING_HOURS * 3_600 * NS_PER_SECOND
_FUNDING_SLOTS: Final = round(cal.FUNDING_ANNOUNCED_SECONDS * SLOTS_PER_SECOND)


class MarketSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Which markets are simulated, and how.

    `depth` is levels a side. `time_scale` is how many seconds of premium dynamics pass in one
    second; books, prices and the FX rate stay in real time. A session whose spec is not
    `as_measured` must say so to its user.
    """

    listings: tuple[Listing, ...]
    depth: int = 10
    time_scale: float = 1.0
    dislocations: cal.Dislocations = cal.MEASURED_DISLOCATIONS

    def __post_init__(self) -> None:
        if not self.listings:
            raise ConfigError("simulated market: no listings; expected at least one market")
        names = [(each.instrument.venue, each.instrument.symbol) for each in self.listings]
        twice = sorted(
            {f"{venue}:{symbol}" for venue, symbol in names if names.count((venue, symbol)) > 1}
        )
        if twice:
            raise ConfigError(f"simulated market: listed more than once: {', '.join(twice)}")
        if not 1 <= self.depth <= MAX_DEPTH:
            raise ConfigError(
                f"simulated market: depth is {self.depth}; expected 1 to {MAX_DEPTH} levels a side"
            )
        if not 0.0 < self.time_scale <= cal.SECONDS_PER_DAY:
            raise ConfigError(
                f"simulated market: time_scale is {self.time_scale}; expected more than 0, up to "
                "86400 (a day of premium dynamics in a second)"
            )

    @property
    def as_measured(self) -> bool:
        """Whether premiums move as the recordings did: no hurry, no staged dislocations."""
        return self.time_scale == 1.0 and self.dislocations == cal.MEASURED_DISLOCATIONS


def kimchi_spec(
    bases: Sequence[str] = BASES,
    *,
    krw_venue: str = UPBIT,
    depth: int = 10,
    time_scale: float = 1.0,
    dislocations: cal.Dislocations = cal.MEASURED_DISLOCATIONS,
) -> MarketSpec:
    """KRW spot at one venue, with its KRW-USDT book, against USDT perpetuals of the same bases."""
    spots = [krw_spot(krw_venue, base) for base in bases]
    perpetuals = [usdt_perpetual(base) for base in bases]
    return MarketSpec(
        listings=(krw_spot(krw_venue, "USDT"), *spots, *perpetuals),
        depth=depth,
        time_scale=time_scale,
        dislocations=dislocations,
    )


def krw_pair_spec(
    bases: Sequence[str] = BASES,
    *,
    venues: tuple[str, str] = (UPBIT, BITHUMB),
    depth: int = 10,
    time_scale: float = 1.0,
    dislocations: cal.Dislocations = cal.MEASURED_DISLOCATIONS,
) -> MarketSpec:
    """KRW spot of the same bases at two venues, each with its KRW-USDT book."""
    return MarketSpec(
        listings=tuple(krw_spot(venue, base) for venue in venues for base in ("USDT", *bases)),
        depth=depth,
        time_scale=time_scale,
        dislocations=dislocations,
    )


class MarketGenerator:
    """The events of a spec under a seed. Every call of `events` starts the same market anew."""

    def __init__(self, spec: MarketSpec, seed: int) -> None:
        self.spec = spec
        self.seed = seed

    def instruments(self) -> list[Instrument]:
        """The markets' rules, in the order of the spec."""
        return [listing.instrument for listing in self.spec.listings]

    def fees(self) -> dict[tuple[str, str], FeeSchedule]:
        """What an account pays, by venue and symbol."""
        return {
            (listing.instrument.venue, listing.instrument.symbol): listing.fees
            for listing in self.spec.listings
        }

    def events(self, start_ns: int, *, duration_ns: int | None = None) -> Iterator[MarketEvent]:
        """Events from `start_ns` on, in time order; endless without `duration_ns`."""
        markets = self._markets()
        slot = 0
        slot_ns = start_ns
        while True:
            for market in markets:
                ts_ns = slot_ns + market.offset_ns
                if duration_ns is not None and ts_ns - start_ns >= duration_ns:
                    return
                if slot >= market.book_due:
                    yield market.book(slot, ts_ns)
                    if market.has_trade():
                        yield market.trade(ts_ns)
                if slot >= market.funding_due:
                    yield market.announce_funding(slot, ts_ns)
            slot += 1
            slot_ns += SLOT_NS

    def _markets(self) -> "list[_Market]":
        rng = Random(self.seed)
        spec = self.spec
        economy = Economy(rng, time_scale=spec.time_scale, dislocations=spec.dislocations)
        count = len(spec.listings)
        return [
            _Market(listing, economy, rng, depth=spec.depth, offset_ns=place * SLOT_NS // count)
            for place, listing in enumerate(spec.listings)
        ]


class _Market:
    """One listing as it goes: fair value, spread, book, and the slots when each is next due."""

    def __init__(
        self, listing: Listing, economy: Economy, rng: Random, *, depth: int, offset_ns: int
    ) -> None:
        instrument = listing.instrument
        self.offset_ns = offset_ns
        self.book_due = 0
        self.funding_due = 0 if instrument.is_perpetual else _NEVER
        self._instrument = instrument
        self._bits: Bits = rng.getrandbits
        self._random = rng.random
        self._value = economy.fair_value(instrument)
        price = self._value.at(0)
        usd = 1.0 if instrument.base == "USDT" else asset(instrument.base).price_usd
        self._book = SyntheticBook(listing, rng, price=price, usd=usd, depth=depth)
        self._waits = step_table(SLOTS_PER_SECOND / listing.books_per_second)
        self._half_spreads = exponential_table(listing.spread_bps / 2, cal.NO_EXTRA_SPREAD_SHARE)
        self._half_spread = self._drawn_half_spread()
        self._spread_redrawn_share = 1.0 / (cal.SPREAD_REDRAWN_SECONDS * listing.books_per_second)
        self._funding_bps = MeanReversion(
            cal.FUNDING_BPS, rng, slots_per_second=1.0 / cal.FUNDING_ANNOUNCED_SECONDS
        )

    def book(self, slot: int, ts_ns: int) -> BookSnapshot:
        wait = self._waits[self._bits(TABLE_BITS)]
        self.book_due = slot + min(wait, MAX_ELAPSED_SLOTS)
        if self._random() < self._spread_redrawn_share:
            self._half_spread = self._drawn_half_spread()
        fair = self._value.at(slot)
        return self._book.update(
            ts_ns, fair * (1.0 - self._half_spread), fair * (1.0 + self._half_spread)
        )

    def has_trade(self) -> bool:
        return self._random() < cal.TRADES_PER_BOOK

    def trade(self, ts_ns: int) -> MarketTrade:
        return self._book.trade(ts_ns)

    def announce_funding(self, slot: int, ts_ns: int) -> Funding:
        self.funding_due = slot + _FUNDING_SLOTS
        rate_bps = self._funding_bps.at(slot // _FUNDING_SLOTS)
        return Funding(
            ts_ns=ts_ns,
            venue=self._instrument.venue,
            symbol=self._instrument.symbol,
            rate=round(rate_bps * 1e-4, 8),
            next_ts_ns=(ts_ns // _FUNDING_NS + 1) * _FUNDING_NS,
            mark_price=self._book.on_grid(self._value.at(slot)),
        )

    def _drawn_half_spread(self) -> float:
        return self._half_spreads[self._bits(TABLE_BITS)] * 1e-4
