"""Fair values: what KRW prices, perpetuals and the FX rate have to do with each other."""

from decimal import Decimal
from random import Random
from statistics import correlation, fmean, pstdev

import pytest

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.instrument import Instrument
from arbitrage.sim import calibration as cal
from arbitrage.sim.economy import Economy, FairValue
from arbitrage.sim.listings import krw_spot, usdt_perpetual

QUIET = cal.Dislocations(per_hour=0.0, min_bps=0.0, mean_excess_bps=1.0, half_life_seconds=60.0)
SPOT = krw_spot("upbit", "BTC").instrument
PERPETUAL = usdt_perpetual("BTC").instrument
FX = krw_spot("upbit", "USDT").instrument
USDT_SPOT = Instrument.from_symbol("binance", "BTC-USDT")


def economy(seed: int = 1, *, time_scale: float = 1.0) -> Economy:
    return Economy(Random(seed), time_scale=time_scale, dislocations=QUIET)


def premiums_bps(
    krw: FairValue, usdt: FairValue, fx: FairValue, slots: int, step: int = 10
) -> list[float]:
    return [
        (krw.at(slot) / (usdt.at(slot) * fx.at(slot)) - 1) * 1e4 for slot in range(0, slots, step)
    ]


def test_premium_has_the_calibrated_deviation_in_the_long_run() -> None:
    world = economy(2, time_scale=21_600.0)
    krw, usdt, fx = (world.fair_value(each) for each in (SPOT, USDT_SPOT, FX))
    values = premiums_bps(krw, usdt, fx, 200_000)
    assert pstdev(values) == pytest.approx(10.7, rel=0.08)
    assert fmean(values) == pytest.approx(cal.PREMIUM_MEAN_BPS, abs=1.5)


def test_premium_moves_faster_by_the_time_scale() -> None:
    def moved(time_scale: float) -> float:
        world = economy(3, time_scale=time_scale)
        krw, usdt, fx = (world.fair_value(each) for each in (SPOT, USDT_SPOT, FX))
        values = premiums_bps(krw, usdt, fx, 20_000)
        return pstdev(b - a for a, b in zip(values, values[60:], strict=False))

    assert moved(60.0) > 1.5 * moved(1.0)


def test_fx_and_global_price_do_not_move_faster_by_the_time_scale() -> None:
    def path(time_scale: float) -> list[float]:
        world = economy(4, time_scale=time_scale)
        fx, usdt = world.fair_value(FX), world.fair_value(USDT_SPOT)
        return [fx.at(slot) * usdt.at(slot) for slot in range(0, 500, 5)]

    assert path(1.0) == path(60.0)


def test_two_krw_markets_of_one_base_share_price_and_fx() -> None:
    world = economy(5)
    upbit = world.fair_value(SPOT)
    bithumb = world.fair_value(krw_spot("bithumb", "BTC").instrument)
    gaps = [(upbit.at(slot) / bithumb.at(slot) - 1) * 1e4 for slot in range(0, 100_000, 10)]
    assert pstdev(gaps) == pytest.approx(5.2, abs=0.8)


def test_bases_of_one_venue_lean_together() -> None:
    world = economy(6, time_scale=21_600.0)
    fx, usdt_bitcoin = world.fair_value(FX), world.fair_value(USDT_SPOT)
    usdt_ether = world.fair_value(Instrument.from_symbol("binance", "ETH-USDT"))
    bitcoin = world.fair_value(SPOT)
    ether = world.fair_value(krw_spot("upbit", "ETH").instrument)
    paths: tuple[list[float], list[float]] = ([], [])
    for slot in range(0, 50_000, 10):
        rate = fx.at(slot)
        paths[0].append(bitcoin.at(slot) / usdt_bitcoin.at(slot) / rate)
        paths[1].append(ether.at(slot) / usdt_ether.at(slot) / rate)
    assert correlation(*paths) == pytest.approx(0.88, abs=0.05)


def test_perpetual_stands_near_the_global_price() -> None:
    world = economy(7, time_scale=86_400.0)
    perpetual, spot = world.fair_value(PERPETUAL), world.fair_value(USDT_SPOT)
    basis = [(perpetual.at(slot) / spot.at(slot) - 1) * 1e4 for slot in range(0, 60_000, 10)]
    assert fmean(basis) == pytest.approx(-1.2, abs=0.8)
    assert pstdev(basis) == pytest.approx(3.2, rel=0.15)


def test_fx_starts_within_its_stationary_spread() -> None:
    starts = [economy(seed).fair_value(FX).at(0) for seed in range(300)]
    deviations = [(start / cal.FX_KRW_PER_USDT - 1) * 1e4 for start in starts]
    assert pstdev(deviations) == pytest.approx(188.0, rel=0.15)


def test_a_quote_that_has_no_price_here_is_refused() -> None:
    stranger = Instrument(venue="x", symbol="BTC-EUR", base="BTC", quote="EUR", min_qty=Decimal(1))
    with pytest.raises(ConfigError, match="x BTC-EUR is quoted in EUR; expected KRW or USDT"):
        economy().fair_value(stranger)
