from decimal import Decimal, InvalidOperation
from math import inf, nan, nextafter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arbitrage.domain.grid import Grid, PriceGrid
from arbitrage.domain.instrument import Instrument, TickBand
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ceil_to, decimal_of, floor_to

D = Decimal
SIDES = st.sampled_from(Side)
STEPS = st.builds(
    lambda digits, exponent: D(digits).scaleb(exponent),
    st.integers(1, 10**6) | st.sampled_from([1, 5, 25, 100, 10**14 + 1, 10**17 + 3]),
    st.integers(-12, 6),
)
VALUES = st.floats(min_value=0.0, max_value=1e30)


def same_digits(found: Decimal, expected: Decimal) -> bool:
    return found.as_tuple() == expected.as_tuple()


@given(STEPS, VALUES)
@example(D("0.1"), 0.3)
@example(D("0.1"), 0.1 + 0.2)
@example(D("0.001"), 0.0)
@example(D("1E+3"), 140_030_000.0)
def test_a_float_is_rounded_as_its_decimal_is(step: Decimal, value: float) -> None:
    grid, exact = Grid(step), decimal_of(value)
    assert same_digits(grid.floor(value), floor_to(exact, step))
    assert same_digits(grid.ceil(value), ceil_to(exact, step))


@given(STEPS, st.integers(0, 2**62), st.integers(-3, 3))
def test_neighbours_of_a_multiple_are_told_from_it(step: Decimal, count: int, away: int) -> None:
    value = float(count * step)
    for _ in range(abs(away)):
        value = nextafter(value, inf if away > 0 else 0.0)
    grid, exact = Grid(step), decimal_of(value)
    assert same_digits(grid.floor(value), floor_to(exact, step))
    assert same_digits(grid.ceil(value), ceil_to(exact, step))


@given(STEPS, st.integers(0, 10**6), st.integers(1, 999))
def test_what_lies_between_two_multiples_has_one_below_and_the_next_above(
    step: Decimal, count: int, thousandths: int
) -> None:
    value = float((count + D(thousandths) / 1000) * step)
    grid = Grid(step)
    assert grid.floor_count(value) in (count, count + 1)
    assert grid.ceil_count(value) - grid.floor_count(value) in (0, 1)


def test_a_value_below_zero_is_rounded_downwards_and_upwards() -> None:
    grid = Grid(D("0.5"))
    assert (grid.floor(-0.7), grid.ceil(-0.7)) == (D("-1.0"), D("-0.5"))


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_what_is_no_number_is_refused(value: float) -> None:
    for rounding in (Grid(D(1)).floor, Grid(D(1)).ceil):
        with pytest.raises(InvalidOperation):
            rounding(value)


BANDS = (TickBand(D(1000), D(5)), TickBand(D(100), D(1)), TickBand(D("0.3"), D("0.1")))


def market(bands: tuple[TickBand, ...], tick: str = "0.01") -> Instrument:
    return Instrument(
        venue="x", symbol="KRW-BTC", base="BTC", quote="KRW", tick_size=D(tick), tick_bands=bands
    )


@given(st.floats(min_value=0.0, max_value=1e15) | st.integers(0, 10**6).map(float), SIDES)
@example(0.3, Side.SELL)
@example(nextafter(0.3, 0.0), Side.SELL)
@example(999.9999999, Side.SELL)
@example(100.0, Side.BUY)
def test_a_limit_price_is_that_of_the_instrument(price: float, side: Side) -> None:
    for instrument in (market(BANDS), market(())):
        found = PriceGrid(instrument).limit_price(price, side)
        assert same_digits(found, instrument.limit_price(price, side))


def test_a_band_from_a_price_that_no_float_has_begins_at_the_float_above_it() -> None:
    from_price = D("0.30000000000000000001")
    instrument = market((TickBand(from_price, from_price),), tick=str(from_price / 2))
    for price in (0.3, nextafter(0.3, 1.0), 0.7):
        for side in Side:
            expected = instrument.limit_price(price, side)
            assert same_digits(PriceGrid(instrument).limit_price(price, side), expected)
