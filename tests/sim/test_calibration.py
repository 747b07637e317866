"""The simulation's numbers agree with each other and, where they are at hand, the recordings."""

import csv
import gzip
import json
import os
import statistics
from collections import Counter
from math import sqrt
from pathlib import Path

import msgspec
import pytest

from arbitrage.sim import calibration as cal

DATA = os.environ.get("ARBITRAGE_DATA", "")


def read(name: str) -> str:
    path = Path(DATA) / name
    if not DATA or not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"recorded market data absent: {name}; set ARBITRAGE_DATA")
        pytest.skip(f"recorded market data absent: {name}; set ARBITRAGE_DATA")
    return gzip.decompress(path.read_bytes()).decode()


def autocorrelation(series: list[float]) -> float:
    return statistics.correlation(series[:-1], series[1:])


def test_premium_components_add_up_to_the_measured_deviation() -> None:
    parts = (cal.VENUE_LEAN_BPS, cal.INTRADAY_BPS, cal.OWN_BPS, cal.NOISE_BPS)
    assert sqrt(sum(part.sd**2 for part in parts)) == pytest.approx(10.7, abs=0.1)


def test_own_components_of_two_venues_differ_as_the_measured_pair_does() -> None:
    own = sqrt(2 * (cal.OWN_BPS.sd**2 + cal.NOISE_BPS.sd**2))
    assert own == pytest.approx(5.56, abs=0.5)


def test_slow_components_have_the_longer_half_lives() -> None:
    ordered = (cal.NOISE_BPS, cal.OWN_BPS, cal.INTRADAY_BPS, cal.VENUE_LEAN_BPS)
    half_lives = [part.half_life_seconds for part in ordered]
    assert half_lives == sorted(half_lives)


def test_staged_dislocations_are_more_frequent_than_measured_ones() -> None:
    assert cal.STAGED_DISLOCATIONS.per_hour > 10 * cal.MEASURED_DISLOCATIONS.per_hour


@pytest.mark.parametrize("tier", [cal.BTC_TIER, cal.ETH_TIER, cal.LARGE_TIER, cal.SMALL_TIER])
def test_every_figure_of_a_tier_is_positive(tier: cal.Tier) -> None:
    assert all(value > 0 for value in msgspec.structs.astuple(tier))


@pytest.mark.realdata
def test_recorded_premium_has_the_documented_deviation_and_persistence() -> None:
    rows = json.loads(read("premium/btc_premium_daily_2017_2026.json.gz"))
    premium = [
        (row["btc_krw_price"] / (row["foreignUsd"] * row["usdt_price"]) - 1) * 1e4
        for row in rows
        if row.get("usdt_price")
    ]
    assert statistics.mean(premium) == pytest.approx(cal.PREMIUM_MEAN_BPS, abs=0.05)
    assert statistics.pstdev(premium) == pytest.approx(10.7, abs=0.05)
    assert autocorrelation(premium) == pytest.approx(0.45, abs=0.01)


@pytest.mark.realdata
def test_recorded_usdt_premium_has_the_documented_deviation() -> None:
    rows = json.loads(read("premium/btc_premium_daily_2017_2026.json.gz"))
    usdt = [(r["usdt_price"] / r["fx_rate"] - 1) * 1e4 for r in rows if r.get("usdt_price")]
    assert statistics.pstdev(usdt) == pytest.approx(cal.FX_BPS.sd, abs=0.5)
    left_after_a_day = 0.5 ** (cal.SECONDS_PER_DAY / cal.FX_BPS.half_life_seconds)
    assert autocorrelation(usdt) == pytest.approx(left_after_a_day, abs=0.01)


@pytest.mark.realdata
def test_recorded_books_have_the_documented_spread() -> None:
    text = read("upbit_bithumb_eth_2024-04-27/upbit_KRW-ETH.csv.gz")
    best: dict[str, list[float]] = {}
    for row in csv.DictReader(text.splitlines(), delimiter="|"):
        touch = best.setdefault(row["timestamp"], [0.0, float("inf")])
        price = float(row["price"])
        touch[0] = max(touch[0], price if row["type"] == "0" else 0.0)
        touch[1] = min(touch[1], price if row["type"] == "1" else float("inf"))
    spreads = [ask - bid for bid, ask in best.values() if 0 < bid < ask < float("inf")]
    ticks = Counter(round(spread / 1000) for spread in spreads)
    mean_mid = statistics.mean(bid for bid, _ in best.values() if bid)
    extra_bps = (statistics.mean(spreads) - 1000) / mean_mid * 1e4
    assert extra_bps == pytest.approx(cal.ETH_TIER.krw_spread_bps, abs=0.1)
    assert ticks[1] / len(spreads) == pytest.approx(0.367, abs=0.01)
