"""Random draws and processes in time that are the same on every machine.

Draws are built from random bits with whole-number arithmetic; what needs a logarithm or a power
(which differ in the last digit between C libraries) is tabled when built and rounded. Time is
counted in *slots*, the step of the generator; a process is asked for its value `at` a slot, moves
there in one exact step, and may be asked again for the same slot. It is asked at least every
`MAX_ELAPSED_SLOTS`.
"""

from collections.abc import Callable
from functools import lru_cache
from math import exp, log, sqrt
from random import Random
from statistics import NormalDist
from typing import Final

from arbitrage.sim.calibration import Dislocations, Reversion

Bits = Callable[[int], int]
MAX_ELAPSED_SLOTS: Final = 20
TABLE_BITS: Final = 8
_TABLE_SIZE: Final = 1 << TABLE_BITS
_DECIMALS: Final = 4


def normal(bits: Bits) -> float:
    """A draw of mean 0 and variance 1: 64 coins tossed, in steps of a quarter deviation."""
    return (bits(64).bit_count() - 32) * 0.25


@lru_cache(maxsize=64)
def lognormal_table(median: float, log_sd: float) -> tuple[float, ...]:
    """256 equally likely values of a log-normal distribution, rising."""
    quantile = NormalDist().inv_cdf
    return tuple(
        round(median * exp(log_sd * quantile((i + 0.5) / _TABLE_SIZE)), _DECIMALS)
        for i in range(_TABLE_SIZE)
    )


@lru_cache(maxsize=64)
def exponential_table(mean: float, zero_share: float = 0.0) -> tuple[float, ...]:
    """256 equally likely values of this `mean`, rising: a share of zeros, then exponential."""
    zeros = round(zero_share * _TABLE_SIZE)
    others = _TABLE_SIZE - zeros
    raw = [-log(1.0 - (i + 0.5) / others) for i in range(others)]
    factor = mean * _TABLE_SIZE / sum(raw)
    return (0.0,) * zeros + tuple(round(factor * value, _DECIMALS) for value in raw)


@lru_cache(maxsize=64)
def step_table(mean: float) -> tuple[int, ...]:
    """256 equally likely whole numbers from 1, rising: geometric, of about this `mean`."""
    stay = 1.0 - 1.0 / max(mean, 1.0)
    if stay < 1e-9:
        return (1,) * _TABLE_SIZE
    scale = log(stay)
    return tuple(
        1 + int(round(log(1.0 - (i + 0.5) / _TABLE_SIZE) / scale, _DECIMALS))
        for i in range(_TABLE_SIZE)
    )


@lru_cache(maxsize=64)
def _decay(half_life_slots: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """After 0, 1, 2, … slots: the share of a deviation that is left, and the deviation of the
    noise that came in, as a share of the stationary one."""
    once = round(0.5 ** (1.0 / half_life_slots), 12)
    kept = [1.0]
    for _ in range(MAX_ELAPSED_SLOTS):
        kept.append(kept[-1] * once)
    return tuple(kept), tuple(sqrt(1.0 - share * share) for share in kept)


class MeanReversion:
    """An Ornstein-Uhlenbeck process in the unit of `terms`, started in its stationary state."""

    __slots__ = ("_bits", "_kept", "_mean", "_noise", "_slot", "_value")

    def __init__(
        self, terms: Reversion, rng: Random, *, slots_per_second: float, factor: float = 1.0
    ) -> None:
        """`factor` multiplies the deviation, not the mean."""
        kept, noise = _decay(terms.half_life_seconds * slots_per_second)
        sd = terms.sd * factor
        self._bits: Bits = rng.getrandbits
        self._mean = terms.mean
        self._kept = kept
        self._noise = tuple(share * sd for share in noise)
        self._slot = 0
        self._value = terms.mean + sd * normal(self._bits)

    def at(self, slot: int) -> float:
        elapsed = slot - self._slot
        if elapsed:
            shock = (self._bits(64).bit_count() - 32) * 0.25 * self._noise[elapsed]
            mean = self._mean
            self._value = mean + (self._value - mean) * self._kept[elapsed] + shock
            self._slot = slot
        return self._value


class MarketFactor:
    """The sum of unit shocks, one a slot, that all assets share."""

    __slots__ = ("_bits", "_slot", "_value")

    def __init__(self, rng: Random) -> None:
        self._bits: Bits = rng.getrandbits
        self._slot = 0
        self._value = 0.0

    def at(self, slot: int) -> float:
        elapsed = slot - self._slot
        if elapsed:
            self._value += normal(self._bits) * sqrt(elapsed)
            self._slot = slot
        return self._value


class RandomWalk:
    """A price that moves by random shares of itself: partly with the market, partly alone.

    `slot_sd` is the deviation of one slot's return, `correlation` that with the market.
    """

    __slots__ = ("_alone", "_bits", "_market", "_market_seen", "_slot", "_value", "_with_market")

    def __init__(
        self,
        price: float,
        market: MarketFactor,
        rng: Random,
        *,
        slot_sd: float,
        correlation: float,
    ) -> None:
        self._bits: Bits = rng.getrandbits
        self._market = market
        self._market_seen = 0.0
        self._with_market = slot_sd * correlation
        alone = slot_sd * sqrt(1.0 - correlation * correlation)
        self._alone = tuple(alone * sqrt(slots) for slots in range(MAX_ELAPSED_SLOTS + 1))
        self._slot = 0
        self._value = price

    def at(self, slot: int) -> float:
        elapsed = slot - self._slot
        if elapsed:
            market = self._market.at(slot)
            moved = (market - self._market_seen) * self._with_market
            moved += (self._bits(64).bit_count() - 32) * 0.25 * self._alone[elapsed]
            self._value *= 1.0 + moved
            self._market_seen = market
            self._slot = slot
        return self._value


class Jumps:
    """Rare steps up or down that decay: the dislocations of one market's premium, in bps."""

    __slots__ = ("_bits", "_excess", "_kept", "_min_bps", "_per_slot", "_random", "_slot", "_value")

    def __init__(self, terms: Dislocations, rng: Random, *, slots_per_second: float) -> None:
        self._bits: Bits = rng.getrandbits
        self._random = rng.random
        self._per_slot = terms.per_hour / 3_600.0 / slots_per_second
        self._min_bps = terms.min_bps
        self._excess = exponential_table(terms.mean_excess_bps)
        self._kept, _ = _decay(terms.half_life_seconds * slots_per_second)
        self._slot = 0
        self._value = 0.0

    def at(self, slot: int) -> float:
        elapsed = slot - self._slot
        if elapsed:
            self._slot = slot
            self._value *= self._kept[elapsed]
            if self._random() < self._per_slot * elapsed:
                size = self._min_bps + self._excess[self._bits(TABLE_BITS)]
                self._value += size if self._bits(1) else -size
        return self._value
