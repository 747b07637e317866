"""The simulated markets carry the venues' rules."""

from decimal import Decimal

import pytest

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeManner
from arbitrage.sim.listings import (
    ASSETS,
    BASES,
    KRW_TICK_BANDS,
    asset,
    krw_spot,
    usdt_perpetual,
    usdt_spot,
)


def test_twenty_assets_are_listed_and_none_twice() -> None:
    assert len(BASES) == len(set(BASES)) == 20


@pytest.mark.parametrize(
    ("price", "tick"),
    [
        ("108000000", "1000"),
        ("1000000", "1000"),
        ("999999", "500"),
        ("350000", "100"),
        ("60000", "50"),
        ("12000", "10"),
        ("5570", "5"),
        ("2800", "1"),
        ("450", "1"),
        ("45", "0.1"),
        ("4", "0.01"),
        ("0.00002", "0.0000001"),
    ],
)
def test_krw_tick_follows_the_price(price: str, tick: str) -> None:
    assert krw_spot("upbit", "BTC").instrument.tick_at(Decimal(price)) == Decimal(tick)


def test_krw_bands_run_from_the_highest_down() -> None:
    starts = [band.from_price for band in KRW_TICK_BANDS]
    assert starts == sorted(starts, reverse=True)


def test_krw_spot_charges_on_top_in_krw_and_refuses_below_5000_krw() -> None:
    listing = krw_spot("upbit", "XRP")
    assert (listing.fees.taker_bps, listing.fees.manner) == (5.0, FeeManner.QUOTE)
    refusal = listing.instrument.refusal(Decimal(1), Decimal(2_800))
    assert refusal == "min_notional"


def test_bithumb_has_its_own_lot_and_fee() -> None:
    listing = krw_spot("bithumb", "ETH")
    assert listing.instrument.lot_size == Decimal("0.0001")
    assert listing.fees.taker_bps == 4.0


@pytest.mark.parametrize(
    ("price", "tick"),
    [("2000000", "1000"), ("215", "1"), ("99", "0.01"), ("9", "0.001"), ("0.5", "0.0001")],
)
def test_bithumb_has_finer_ticks_below_100_krw(price: str, tick: str) -> None:
    assert krw_spot("bithumb", "BTC").instrument.tick_at(Decimal(price)) == Decimal(tick)


@pytest.mark.parametrize("base", BASES)
def test_perpetual_is_linear_and_a_lot_fits_into_a_small_order(base: str) -> None:
    instrument = usdt_perpetual(base).instrument
    assert instrument.is_perpetual
    assert (instrument.symbol, instrument.quote, instrument.settle) == (
        f"{base}USDT",
        "USDT",
        "USDT",
    )
    assert 5 <= instrument.min_notional <= 100
    lot_notional = instrument.lot_size * Decimal(str(ASSETS[base].price_usd))
    assert lot_notional < 100


@pytest.mark.parametrize("venue", ["binance-spot", "bybit-spot", "okx"])
def test_usdt_spot_charges_a_purchase_in_the_coin(venue: str) -> None:
    listing = usdt_spot(venue, "BTC")
    assert not listing.instrument.is_perpetual
    assert (listing.fees.taker_bps, listing.fees.manner) == (10.0, FeeManner.RECEIVED)
    assert listing.instrument.refusal(Decimal("0.00001"), Decimal(78_000)) == "min_notional"


def test_okx_counts_swaps_in_contracts() -> None:
    swap = usdt_perpetual("BTC", "okx").instrument
    assert (swap.symbol, swap.contract_multiplier) == ("BTC-USDT-SWAP", Decimal("0.01"))
    assert swap.base_lot == usdt_perpetual("BTC").instrument.base_lot


def test_unknown_usdt_venue_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"no USDT venue 'upbit'"):
        usdt_spot("upbit", "BTC")


def test_fx_book_is_a_listing_of_its_own() -> None:
    listing = krw_spot("upbit", "USDT")
    assert (listing.instrument.symbol, listing.instrument.base) == ("KRW-USDT", "USDT")


def test_unknown_asset_is_refused_with_what_was_expected() -> None:
    with pytest.raises(ConfigError, match=r"no asset 'NOPE'; expected one of BTC, ETH"):
        asset("NOPE")


def test_unknown_krw_venue_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"no KRW venue 'binance'"):
        krw_spot("binance", "BTC")
