"""The numbers behind the simulated market, each with how it was measured or that it was not.

Only numbers live here, no recorded data and no behaviour. What was measured: BTC kimchi premium,
daily closes 2017-2026, with the KRW-USDT close from June 2024 (807 days); 5-minute candles of
BTC-KRW and BTCUSDT, summer 2025 (431 hours in common); 5-level books of KRW-ETH at two Korean
venues at the same time, one April evening of 2024 (8,089 books); a few 20-level BTC books of
August 2025; raw frames of KRW pairs and of USDT perpetuals, 2021; perpetual, spot and funding
every 8 hours, 2020-2024. Where a figure says *assumed*, no data supports it and it was chosen.

The *premium* is that of the tradable kind: KRW price over global price times the KRW-USDT book.
Against a bank rate the BTC premium has a standard deviation of 188 bps, but 99.8 % of its moves
are those of USDT itself, so they belong to the FX book here and cancel out of a hedged trade.
"""

from typing import Final

import msgspec

SECONDS_PER_HOUR: Final = 3_600.0
SECONDS_PER_DAY: Final = 86_400.0


class Reversion(msgspec.Struct, frozen=True, kw_only=True):
    """A mean-reverting (Ornstein-Uhlenbeck) process: stationary mean and deviation, half-life."""

    mean: float = 0.0
    sd: float
    half_life_seconds: float


class Dislocations(msgspec.Struct, frozen=True, kw_only=True):
    """Sudden steps of one market's premium, in either direction, that decay with a half-life.

    A step is `min_bps` plus an exponential excess of mean `mean_excess_bps`; `per_hour` counts
    steps of one market in an hour of premium time.
    """

    per_hour: float
    min_bps: float
    mean_excess_bps: float
    half_life_seconds: float


# KRW per USDT. Level and slow reversion: USDT premium over the bank rate, 807 daily closes: sd
# 187.7 bps, autocorrelation 0.93 a day. This implies 73 bps a day; 5-minute moves of the implied
# rate (BTC-KRW over BTCUSDT) give 64. The mean is a bank rate of 1,384 plus the mean premium.
FX_KRW_PER_USDT: Final = 1_398.0
FX_BPS: Final = Reversion(sd=188.0, half_life_seconds=9.3 * SECONDS_PER_DAY)

# The tradable premium of BTC: mean -0.4 bps, sd 10.7 bps, autocorrelation 0.45, 0.40, 0.36, 0.32,
# 0.27, 0.13 at 1, 2, 3, 5, 10, 20 days: a slow part with 47 % of the variance, and a part that is
# gone within the day. The slow part is a venue's own: two Korean venues stood 9.9 bps apart for a
# whole evening, and two independent ones differ by 10.3.
PREMIUM_MEAN_BPS: Final = -0.4
VENUE_LEAN_BPS: Final = Reversion(sd=7.3, half_life_seconds=11.0 * SECONDS_PER_DAY)
# The intraday part, common to all KRW markets: half-life from the variogram of the implied rate
# over 5 minutes to 12 hours (reverting part: half-life 163 min); sd is what remains of 10.7 bps.
INTRADAY_BPS: Final = Reversion(sd=6.9, half_life_seconds=163.0 * 60)
# One market's own part. Variogram of the mid of KRW-ETH at one venue over the other, 6 s to 50
# min: two reverting parts of sd 4.1 bps (half-life 387 s) and 3.2 bps (22 s); a venue's share of
# each is that divided by the square root of two. Other assets: times the tier's `own_factor`.
OWN_BPS: Final = Reversion(sd=2.9, half_life_seconds=387.0)
NOISE_BPS: Final = Reversion(sd=2.2, half_life_seconds=22.0)

# Perpetual over spot, BTC and ETH, every 8 h over 18 months: mean -1.2, robust sd 2.7 to 3.1,
# autocorrelation 0.90 at 8 h, 0.79 at 3 days, 0.60 at 10 days.
PERPETUAL_BASIS_BPS: Final = Reversion(mean=-1.2, sd=3.0, half_life_seconds=13.0 * SECONDS_PER_DAY)
# Assumed; the white part of the same series, 10 % of its variance, bounds it at 1.5 bps.
PERPETUAL_NOISE_BPS: Final = Reversion(sd=0.8, half_life_seconds=22.0)
# Assumed: half of a 1-KRW tick of the KRW-USDT book is 3.6 bps, and the book rarely moves.
FX_NOISE_BPS: Final = Reversion(sd=1.0, half_life_seconds=22.0)

# Funding of BTC and ETH perpetuals, 1,095 payments each: mean 0.72 and 0.75 bps, sd 0.68 and
# 0.78, autocorrelation 0.75 at 8 h and 0.47 at 3 days.
FUNDING_BPS: Final = Reversion(mean=0.74, sd=0.73, half_life_seconds=3.0 * SECONDS_PER_DAY)
FUNDING_HOURS: Final = 8
# Assumed: how often the running rate is announced.
FUNDING_ANNOUNCED_SECONDS: Final = 10.0

# 5-minute moves of BTC-KRW over BTCUSDT above five robust deviations (25 bps): 4 in 431 hours, 27
# bps on average, up and down alike; half was gone after one to two hours.
MEASURED_DISLOCATIONS: Final = Dislocations(
    per_hour=0.01, min_bps=25.0, mean_excess_bps=2.5, half_life_seconds=100.0 * 60
)
# Staged, not measured: makes trades open and close within half a minute at `DEMO_TIME_SCALE`.
STAGED_DISLOCATIONS: Final = Dislocations(
    per_hour=1.5, min_bps=40.0, mean_excess_bps=25.0, half_life_seconds=8.0 * 60
)
DEMO_TIME_SCALE: Final = 60.0

# 8-hour returns of BTC and ETH, 18 months: correlation 0.82.
MARKET_CORRELATION: Final = 0.82

# KRW-ETH books: spread above the least possible is none in about a quarter of the books; the rest
# is about exponential. Autocorrelation of the spread 0.70 after 6 s: redrawn every 17 s.
NO_EXTRA_SPREAD_SHARE: Final = 0.25
SPREAD_REDRAWN_SECONDS: Final = 17.0
# Notional of a level: log-normal, robust log deviation 1.15 to 1.35, at the touch 1.66; medians of
# the first five levels, as shares of the fifth: 0.54, 0.71, 0.82, 0.98, 1.
LEVEL_LOG_SD: Final = 1.2
TOUCH_LOG_SD: Final = 1.66
TOUCH_SHARE: Final = 0.6
# The same books: 91 % of neighbouring levels are one tick apart, 7 % two. Perpetuals: 1.0 to 1.2.
LEAST_GAP_TICKS: Final = 1.1

# Frames of two KRW pairs: a book every 0.31 and 0.61 s. Four perpetuals: 107 to 135 ms. Per level
# and second 0.095 quantities change (0.185 at the touch), which one level an update comes to.
KRW_BOOKS_PER_SECOND: Final = 3.0
PERPETUAL_BOOKS_PER_SECOND: Final = 8.0
# Public trades per book update of four perpetuals: 0.03 to 0.21.
TRADES_PER_BOOK: Final = 0.12
# Assumed: the median trade takes this share of the median level.
TRADE_SIZE_SHARE: Final = 0.1


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """How liquid an asset is.

    Spreads are the mean above the least possible, level gaps the mean distance of two levels
    (never less than a tick), both in bps; notionals are the median of a level, in US dollars.
    `own_factor` multiplies the market's own premium noise.
    """

    krw_spread_bps: float
    krw_gap_bps: float
    krw_level_usd: float
    perpetual_spread_bps: float
    perpetual_gap_bps: float
    perpetual_level_usd: float
    own_factor: float


# Measured: BTC at the KRW venue (spread 0.4 to 0.9 bps, a level every 0.26 bps, 1,500 USD), top
# of the USDT book 588,000 USD at one tick; ETH at two KRW venues (mean spread 5.4 and 5.8 bps at
# a tick of 2.1; 91 % of levels one tick apart; 4,600 USD at the touch, 8,600 behind). Perpetuals
# of the small tier: four of 2021 (spread 1 to 2.6 ticks, 2,000 to 13,000 USD a level). Assumed:
# everything else, between those.
BTC_TIER: Final = Tier(
    krw_spread_bps=0.6,
    krw_gap_bps=0.26,
    krw_level_usd=1_500.0,
    perpetual_spread_bps=0.005,
    perpetual_gap_bps=0.02,
    perpetual_level_usd=60_000.0,
    own_factor=1.0,
)
ETH_TIER: Final = Tier(
    krw_spread_bps=3.2,
    krw_gap_bps=2.3,
    krw_level_usd=8_600.0,
    perpetual_spread_bps=0.02,
    perpetual_gap_bps=0.05,
    perpetual_level_usd=40_000.0,
    own_factor=1.0,
)
LARGE_TIER: Final = Tier(
    krw_spread_bps=3.0,
    krw_gap_bps=2.5,
    krw_level_usd=7_000.0,
    perpetual_spread_bps=0.3,
    perpetual_gap_bps=0.8,
    perpetual_level_usd=20_000.0,
    own_factor=1.3,
)
SMALL_TIER: Final = Tier(
    krw_spread_bps=5.0,
    krw_gap_bps=4.0,
    krw_level_usd=3_000.0,
    perpetual_spread_bps=1.0,
    perpetual_gap_bps=1.5,
    perpetual_level_usd=8_000.0,
    own_factor=1.7,
)
# KRW-USDT: tick 1 KRW (7 bps) in every daily close since August 2025. Depth assumed.
FX_SPREAD_BPS: Final = 0.5
FX_GAP_BPS: Final = 7.0
FX_LEVEL_USD: Final = 60_000.0
