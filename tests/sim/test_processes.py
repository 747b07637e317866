"""Processes keep their calibrated mean, spread and memory, and can be asked at any slot."""

import itertools
from random import Random
from statistics import correlation, fmean, pstdev

import pytest

from arbitrage.sim.calibration import Dislocations, Reversion
from arbitrage.sim.processes import (
    MAX_ELAPSED_SLOTS,
    Jumps,
    MarketFactor,
    MeanReversion,
    RandomWalk,
    exponential_table,
    lognormal_table,
    normal,
    step_table,
)

TERMS = Reversion(mean=5.0, sd=2.0, half_life_seconds=10.0)


def path(process: MeanReversion | Jumps | RandomWalk, slots: int, step: int = 1) -> list[float]:
    return [process.at(slot) for slot in range(step, slots * step, step)]


def test_normal_draws_have_mean_zero_and_variance_one() -> None:
    bits = Random(1).getrandbits
    draws = [normal(bits) for _ in range(20_000)]
    assert fmean(draws) == pytest.approx(0.0, abs=0.03)
    assert pstdev(draws) == pytest.approx(1.0, abs=0.02)


def test_lognormal_table_has_the_median_asked_for() -> None:
    table = lognormal_table(3.0, 1.2)
    assert list(table) == sorted(table)
    assert (table[127] + table[128]) / 2 == pytest.approx(3.0, rel=0.01)


def test_exponential_table_has_the_mean_and_zeros_asked_for() -> None:
    table = exponential_table(1.6, zero_share=0.25)
    assert fmean(table) == pytest.approx(1.6, rel=0.001)
    assert table.count(0.0) == 64


@pytest.mark.parametrize("mean", [1.1, 1.25, 3.3, 10.0])
def test_step_table_is_whole_numbers_from_one_of_about_the_mean(mean: float) -> None:
    table = step_table(mean)
    assert min(table) == 1
    assert fmean(table) == pytest.approx(mean, rel=0.05)


@pytest.mark.parametrize("mean", [0.2, 1.0])
def test_step_table_never_goes_below_one(mean: float) -> None:
    assert set(step_table(mean)) == {1}


@pytest.mark.parametrize("step", [1, 7, MAX_ELAPSED_SLOTS])
def test_mean_reversion_has_the_same_distribution_at_any_step(step: int) -> None:
    values = path(MeanReversion(TERMS, Random(3), slots_per_second=1.0), 20_000, step)
    assert fmean(values) == pytest.approx(5.0, abs=0.25)
    assert pstdev(values) == pytest.approx(2.0, rel=0.06)


def test_mean_reversion_forgets_half_in_a_half_life() -> None:
    values = path(MeanReversion(TERMS, Random(4), slots_per_second=1.0), 20_000)
    assert correlation(values[:-10], values[10:]) == pytest.approx(0.5, abs=0.06)


def test_factor_widens_the_deviation_and_leaves_the_mean() -> None:
    values = path(MeanReversion(TERMS, Random(5), slots_per_second=0.1, factor=3.0), 20_000)
    assert fmean(values) == pytest.approx(5.0, abs=0.3)
    assert pstdev(values) == pytest.approx(6.0, rel=0.05)


def test_asking_twice_for_a_slot_gives_the_same_value() -> None:
    rng = Random(6)
    market = MarketFactor(rng)
    walk = RandomWalk(100.0, market, rng, slot_sd=0.01, correlation=0.8)
    reversion = MeanReversion(TERMS, rng, slots_per_second=1.0)
    jumps = Jumps(
        Dislocations(per_hour=3600.0, min_bps=1, mean_excess_bps=1, half_life_seconds=9),
        rng,
        slots_per_second=1.0,
    )
    for process in (market, walk, reversion, jumps):
        assert process.at(3) == process.at(3)
    assert reversion.at(3) != reversion.at(4)


def test_walks_move_together_as_much_as_their_correlation_says() -> None:
    rng = Random(7)
    market = MarketFactor(rng)
    walks = [RandomWalk(1.0, market, rng, slot_sd=0.001, correlation=0.9) for _ in range(2)]
    first, second = [], []
    for slot in range(1, 10_001):
        before = [walk.at(slot - 1) for walk in walks]
        after = [walk.at(slot) for walk in walks]
        first.append(after[0] / before[0] - 1)
        second.append(after[1] / before[1] - 1)
    assert pstdev(first) == pytest.approx(0.001, rel=0.03)
    assert correlation(first, second) == pytest.approx(0.81, abs=0.03)


def test_market_factor_grows_as_one_shock_a_slot() -> None:
    market = MarketFactor(Random(8))
    values = [market.at(slot) for slot in range(0, 40_000, 4)]
    steps = [after - before for before, after in itertools.pairwise(values)]
    assert pstdev(steps) == pytest.approx(2.0, rel=0.03)


def test_jumps_come_at_their_rate_in_both_directions_and_decay() -> None:
    terms = Dislocations(per_hour=36.0, min_bps=40.0, mean_excess_bps=25.0, half_life_seconds=20.0)
    values = [0.0, *path(Jumps(terms, Random(9), slots_per_second=1.0), 50_000)]
    kept = 0.5 ** (1 / 20)
    steps = [after - before * kept for before, after in itertools.pairwise(values)]
    jumps = [step for step in steps if abs(step) > 1e-6]
    assert len(jumps) == pytest.approx(500, rel=0.15)
    assert min(abs(jump) for jump in jumps) >= 40.0
    assert fmean(abs(jump) for jump in jumps) == pytest.approx(65.0, rel=0.1)
    assert 0.4 < sum(jump > 0 for jump in jumps) / len(jumps) < 0.6


def test_without_dislocations_nothing_jumps() -> None:
    terms = Dislocations(per_hour=0.0, min_bps=40.0, mean_excess_bps=25.0, half_life_seconds=20.0)
    assert set(path(Jumps(terms, Random(10), slots_per_second=10.0), 1_000)) == {0.0}
