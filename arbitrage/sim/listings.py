"""The markets that the generator can quote: instruments with the venues' rules, fees, liquidity.

Rules are those published by the venues, rounded to what a simulation needs; a live session reads
them from the venue itself. Prices are round figures to start from, not quotations.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.instrument import Instrument, InstrumentKind, TickBand
from arbitrage.sim import calibration as cal

UPBIT: Final = "upbit"
BITHUMB: Final = "bithumb"
BINANCE_SPOT: Final = "binance-spot"
BINANCE_USDM: Final = "binance-usdm"
BYBIT: Final = "bybit"
BYBIT_SPOT: Final = "bybit-spot"
OKX: Final = "okx"

# KRW tick by price, in force since 2025-07-31; below the last band it is 1e-8.
_KRW_TICKS: Final = (
    *(("1000000", "1000"), ("500000", "500"), ("100000", "100"), ("50000", "50")),
    *(("10000", "10"), ("5000", "5"), ("1000", "1"), ("100", "1"), ("10", "0.1")),
    *(("1", "0.01"), ("0.1", "0.001"), ("0.01", "0.0001"), ("0.001", "0.00001")),
    *(("0.0001", "0.000001"), ("0.00001", "0.0000001")),
)
KRW_TICK_BANDS: Final = tuple(
    TickBand(Decimal(from_price), Decimal(tick)) for from_price, tick in _KRW_TICKS
)
# Bithumb's are the same from 100 KRW on (bithumb-official/bithumb-ai-trade-kit, read 2026-11-22).
_BITHUMB_SMALL_TICKS: Final = (("10", "0.01"), ("1", "0.001"), ("0.0001", "0.0001"))
BITHUMB_TICK_BANDS: Final = (
    *(band for band in KRW_TICK_BANDS if band.from_price >= 100),
    *(TickBand(Decimal(from_price), Decimal(tick)) for from_price, tick in _BITHUMB_SMALL_TICKS),
)
KRW_MIN_NOTIONAL: Final = Decimal(5_000)

_KRW_TICKS_OF: Final = {UPBIT: KRW_TICK_BANDS, BITHUMB: BITHUMB_TICK_BANDS}
_KRW_LOT: Final = {UPBIT: Decimal("0.00000001"), BITHUMB: Decimal("0.0001")}
_KRW_TAKER_BPS: Final = {UPBIT: 5.0, BITHUMB: 4.0}
_SPOT_SYMBOL: Final = {BINANCE_SPOT: "{}USDT", BYBIT_SPOT: "{}USDT", OKX: "{}-USDT"}
_PERPETUAL_SYMBOL: Final = {BINANCE_USDM: "{}USDT", BYBIT: "{}USDT", OKX: "{}-USDT-SWAP"}
_PERPETUAL_TAKER_BPS: Final = {BINANCE_USDM: 5.0, BYBIT: 5.5, OKX: 5.0}
# A spot lot is this share of the perpetual's.
_SPOT_LOT_SHARE: Final = Decimal("0.01")
_SPOT_MIN_NOTIONAL: Final = Decimal(5)
# A contract of OKX holds ten of its lots.
_LOTS_PER_CONTRACT: Final = 10


class Asset(msgspec.Struct, frozen=True):
    """A base asset: where its price starts, how it moves, how its perpetual is traded.

    `daily_sd` is the deviation of its daily return; ticks and minimum notional are in USDT.
    """

    base: str
    price_usd: float
    daily_sd: float
    tier: cal.Tier
    tick_size: str
    lot_size: str
    min_notional: str


# Daily deviation measured for BTC (0.021 to 0.024) and ETH (0.027 to 0.029), assumed for others.
_ASSETS: Final = (
    Asset("BTC", 78_000.0, 0.022, cal.BTC_TIER, "0.1", "0.001", "100"),
    Asset("ETH", 2_600.0, 0.028, cal.ETH_TIER, "0.01", "0.001", "20"),
    Asset("XRP", 2.0, 0.032, cal.LARGE_TIER, "0.0001", "0.1", "5"),
    Asset("SOL", 140.0, 0.034, cal.LARGE_TIER, "0.01", "0.01", "5"),
    Asset("DOGE", 0.16, 0.038, cal.LARGE_TIER, "0.00001", "1", "5"),
    Asset("ADA", 0.76, 0.036, cal.LARGE_TIER, "0.0001", "1", "5"),
    Asset("AVAX", 20.0, 0.038, cal.LARGE_TIER, "0.001", "1", "5"),
    Asset("LINK", 15.0, 0.036, cal.LARGE_TIER, "0.001", "0.01", "20"),
    Asset("DOT", 4.0, 0.036, cal.SMALL_TIER, "0.001", "0.1", "5"),
    Asset("TRX", 0.32, 0.022, cal.LARGE_TIER, "0.00001", "1", "5"),
    Asset("BCH", 520.0, 0.032, cal.LARGE_TIER, "0.01", "0.001", "20"),
    Asset("ETC", 18.0, 0.034, cal.SMALL_TIER, "0.001", "0.01", "20"),
    Asset("NEAR", 2.4, 0.042, cal.SMALL_TIER, "0.001", "1", "5"),
    Asset("ATOM", 4.1, 0.036, cal.SMALL_TIER, "0.001", "0.01", "5"),
    Asset("SUI", 3.0, 0.044, cal.LARGE_TIER, "0.0001", "0.1", "5"),
    Asset("APT", 4.3, 0.042, cal.SMALL_TIER, "0.001", "0.1", "5"),
    Asset("ARB", 0.36, 0.044, cal.SMALL_TIER, "0.0001", "0.1", "5"),
    Asset("SAND", 0.27, 0.042, cal.SMALL_TIER, "0.00001", "1", "5"),
    Asset("XLM", 0.3, 0.036, cal.SMALL_TIER, "0.00001", "1", "5"),
    Asset("HBAR", 0.2, 0.042, cal.SMALL_TIER, "0.00001", "1", "5"),
)
ASSETS: Final = {asset.base: asset for asset in _ASSETS}
BASES: Final = tuple(ASSETS)


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One market of the simulation: its rules and fees, and how thick and how busy its book is.

    `spread_bps` is the mean spread above the least possible, `gap_bps` the mean distance of two
    levels, `level_usd` the median notional of a level in US dollars.
    """

    instrument: Instrument
    fees: FeeSchedule
    books_per_second: float
    spread_bps: float
    gap_bps: float
    level_usd: float


def asset(base: str) -> Asset:
    """The asset called `base`. Raises `ConfigError` if the simulation does not know it."""
    if base not in ASSETS:
        raise ConfigError(
            f"simulated market: no asset {base!r}; expected one of {', '.join(BASES)}"
        )
    return ASSETS[base]


def krw_spot(venue: str, base: str) -> Listing:
    """KRW spot of `base`, or of USDT (the FX book), at `upbit` or `bithumb`."""
    if venue not in _KRW_LOT:
        raise ConfigError(f"simulated market: no KRW venue {venue!r}; expected upbit or bithumb")
    instrument = Instrument(
        venue=venue,
        symbol=f"KRW-{base}",
        base=base,
        quote="KRW",
        tick_bands=_KRW_TICKS_OF[venue],
        lot_size=_KRW_LOT[venue],
        min_notional=KRW_MIN_NOTIONAL,
    )
    fees = FeeSchedule(taker_bps=_KRW_TAKER_BPS[venue], maker_bps=_KRW_TAKER_BPS[venue])
    if base == "USDT":
        spread, gap, level_usd = cal.FX_SPREAD_BPS, cal.FX_GAP_BPS, cal.FX_LEVEL_USD
    else:
        tier = asset(base).tier
        spread, gap, level_usd = tier.krw_spread_bps, tier.krw_gap_bps, tier.krw_level_usd
    return Listing(
        instrument=instrument,
        fees=fees,
        books_per_second=cal.KRW_BOOKS_PER_SECOND,
        spread_bps=spread,
        gap_bps=gap,
        level_usd=level_usd,
    )


def usdt_spot(venue: str, base: str) -> Listing:
    """USDT spot of `base`; a purchase pays its fee in the coin that it receives."""
    known = asset(base)
    lot_size = Decimal(known.lot_size) * _SPOT_LOT_SHARE
    instrument = Instrument(
        venue=venue,
        symbol=_symbol(_SPOT_SYMBOL, venue, base),
        base=base,
        quote="USDT",
        tick_size=Decimal(known.tick_size),
        lot_size=lot_size,
        min_qty=lot_size,
        min_notional=_SPOT_MIN_NOTIONAL,
    )
    return Listing(
        instrument=instrument,
        fees=FeeSchedule(taker_bps=10.0, maker_bps=10.0, manner=FeeManner.RECEIVED),
        books_per_second=cal.PERPETUAL_BOOKS_PER_SECOND,
        spread_bps=known.tier.perpetual_spread_bps,
        gap_bps=known.tier.perpetual_gap_bps,
        level_usd=known.tier.perpetual_level_usd,
    )


def usdt_perpetual(base: str, venue: str = BINANCE_USDM) -> Listing:
    """The USDT perpetual of `base`, margined in USDT at five times leverage.

    Its quantities are base units, but at OKX contracts.
    """
    known = asset(base)
    lot_size, multiplier = Decimal(known.lot_size), Decimal(1)
    if venue == OKX:
        multiplier = lot_size * _LOTS_PER_CONTRACT
        lot_size /= multiplier
    instrument = Instrument(
        venue=venue,
        symbol=_symbol(_PERPETUAL_SYMBOL, venue, base),
        base=base,
        quote="USDT",
        kind=InstrumentKind.PERPETUAL,
        settle="USDT",
        tick_size=Decimal(known.tick_size),
        lot_size=lot_size,
        min_qty=lot_size,
        min_notional=Decimal(known.min_notional) if venue != OKX else Decimal(0),
        contract_multiplier=multiplier,
        initial_margin=Decimal("0.2"),
    )
    return Listing(
        instrument=instrument,
        fees=FeeSchedule(taker_bps=_PERPETUAL_TAKER_BPS[venue], maker_bps=2.0),
        books_per_second=cal.PERPETUAL_BOOKS_PER_SECOND,
        spread_bps=known.tier.perpetual_spread_bps,
        gap_bps=known.tier.perpetual_gap_bps,
        level_usd=known.tier.perpetual_level_usd,
    )


def _symbol(symbols: Mapping[str, str], venue: str, base: str) -> str:
    if venue not in symbols:
        raise ConfigError(
            f"simulated market: no USDT venue {venue!r}; expected one of {', '.join(symbols)}"
        )
    return symbols[venue].format(base)
