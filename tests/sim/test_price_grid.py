"""Grid prices are those that the instrument's own rules accept."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import decimal_of
from arbitrage.sim.listings import krw_spot, usdt_perpetual
from arbitrage.sim.price_grid import PriceGrid

KRW = krw_spot("upbit", "BTC").instrument
USDT = usdt_perpetual("BTC").instrument
prices = st.floats(min_value=0.001, max_value=2e8, allow_nan=False)


def is_on_tick(instrument: Instrument, price: float) -> bool:
    exact = decimal_of(price)
    return exact % instrument.tick_at(exact) == 0


@given(prices)
def test_floor_is_on_the_tick_grid_and_not_above(price: float) -> None:
    grid = PriceGrid(KRW)
    floored = grid.price(grid.floor(price))
    assert is_on_tick(KRW, floored)
    assert floored <= price


@given(prices)
def test_above_is_the_very_next_price_of_the_grid(price: float) -> None:
    grid = PriceGrid(KRW)
    units = grid.floor(price)
    above = grid.above(units)
    assert is_on_tick(KRW, grid.price(above))
    assert grid.on_grid(above - 1) == units


def test_the_step_changes_where_the_band_does() -> None:
    grid = PriceGrid(KRW)
    million = grid.floor(1_000_000.0)
    assert grid.price(grid.above(million)) == 1_001_000.0
    assert grid.price(grid.on_grid(million - 1)) == 999_500.0


def test_a_market_of_one_tick_has_one_step() -> None:
    grid = PriceGrid(USDT)
    assert grid.per_unit == 10
    assert grid.price(grid.above(grid.floor(78_000.05))) == 78_000.1


def test_prices_are_the_floats_nearest_to_their_decimals() -> None:
    grid = PriceGrid(USDT)
    assert decimal_of(grid.price(grid.floor(78_000.3 + 1e-9))) == Decimal("78000.3")
