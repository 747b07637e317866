"""What the markets are worth: global prices, the FX rate, premiums and bases, all random.

A KRW price is the global price times the FX rate times one plus the premium; a perpetual's is the
global price plus its basis. Premium dynamics may run faster than real time (`time_scale`); global
prices, the FX rate and fast noise always run in real time. Nothing here knows of ticks or books.
"""

from math import sqrt
from random import Random
from typing import Final, Protocol

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.instrument import Instrument
from arbitrage.sim import calibration as cal
from arbitrage.sim.listings import asset
from arbitrage.sim.processes import Jumps, MarketFactor, MeanReversion, RandomWalk

SLOTS_PER_SECOND: Final = 10
_SLOTS_PER_DAY: Final = SLOTS_PER_SECOND * cal.SECONDS_PER_DAY
_BP: Final = 1e-4


class FairValue(Protocol):
    """What a market's book is centred on, in quote per base."""

    def at(self, slot: int) -> float: ...


class _FxValue:
    """KRW per USDT."""

    def __init__(self, *deviations: MeanReversion) -> None:
        self._deviations = deviations

    def at(self, slot: int) -> float:
        bps = 0.0
        for deviation in self._deviations:
            bps += deviation.at(slot)
        return cal.FX_KRW_PER_USDT * (1.0 + bps * _BP)


class _KrwValue:
    """A coin in KRW: `premiums` add up, in bps over the global price at the FX rate."""

    def __init__(self, walk: RandomWalk, fx: _FxValue, *premiums: MeanReversion | Jumps) -> None:
        self._walk = walk
        self._fx = fx
        self._premiums = premiums

    def at(self, slot: int) -> float:
        bps = cal.PREMIUM_MEAN_BPS
        for premium in self._premiums:
            bps += premium.at(slot)
        return self._walk.at(slot) * self._fx.at(slot) * (1.0 + bps * _BP)


class _UsdtValue:
    """A coin in USDT: `deviations` add up, in bps over the global price."""

    def __init__(self, walk: RandomWalk, *deviations: MeanReversion) -> None:
        self._walk = walk
        self._deviations = deviations

    def at(self, slot: int) -> float:
        bps = 0.0
        for deviation in self._deviations:
            bps += deviation.at(slot)
        return self._walk.at(slot) * (1.0 + bps * _BP)


class Economy:
    """Makes the fair value of every market from processes that the markets share."""

    def __init__(self, rng: Random, *, time_scale: float, dislocations: cal.Dislocations) -> None:
        self._rng = rng
        self._premium_slots_per_second = SLOTS_PER_SECOND / time_scale
        self._dislocations = dislocations
        self._market = MarketFactor(rng)
        self._fx = self._real_time(cal.FX_BPS)
        self._intraday = self._scaled(cal.INTRADAY_BPS)
        self._leans: dict[str, MeanReversion] = {}
        self._walks: dict[str, RandomWalk] = {}

    def fair_value(self, instrument: Instrument) -> FairValue:
        """The fair value of a market. Raises `ConfigError` for a quote other than KRW and USDT."""
        match instrument.base, instrument.quote:
            case "USDT", "KRW":
                return _FxValue(self._fx, self._real_time(cal.FX_NOISE_BPS))
            case base, "KRW":
                return self._krw_value(instrument.venue, base)
            case base, "USDT":
                return self._usdt_value(base, is_perpetual=instrument.is_perpetual)
        raise ConfigError(
            f"simulated market: {instrument.venue} {instrument.symbol} is quoted in "
            f"{instrument.quote}; expected KRW or USDT"
        )

    def _krw_value(self, venue: str, base: str) -> FairValue:
        factor = asset(base).tier.own_factor
        if venue not in self._leans:
            self._leans[venue] = self._scaled(cal.VENUE_LEAN_BPS)
        return _KrwValue(
            self._walk(base),
            _FxValue(self._fx),
            self._intraday,
            self._leans[venue],
            self._scaled(cal.OWN_BPS, factor),
            self._real_time(cal.NOISE_BPS, factor),
            Jumps(self._dislocations, self._rng, slots_per_second=self._premium_slots_per_second),
        )

    def _usdt_value(self, base: str, *, is_perpetual: bool) -> FairValue:
        noise = self._real_time(cal.PERPETUAL_NOISE_BPS)
        if not is_perpetual:
            return _UsdtValue(self._walk(base), noise)
        return _UsdtValue(self._walk(base), noise, self._scaled(cal.PERPETUAL_BASIS_BPS))

    def _walk(self, base: str) -> RandomWalk:
        if base not in self._walks:
            known = asset(base)
            self._walks[base] = RandomWalk(
                known.price_usd,
                self._market,
                self._rng,
                slot_sd=known.daily_sd / sqrt(_SLOTS_PER_DAY),
                correlation=cal.MARKET_CORRELATION,
            )
        return self._walks[base]

    def _real_time(self, terms: cal.Reversion, factor: float = 1.0) -> MeanReversion:
        return MeanReversion(terms, self._rng, slots_per_second=SLOTS_PER_SECOND, factor=factor)

    def _scaled(self, terms: cal.Reversion, factor: float = 1.0) -> MeanReversion:
        return MeanReversion(
            terms, self._rng, slots_per_second=self._premium_slots_per_second, factor=factor
        )
