"""Floats become whole numbers of a unit exactly, or not at all."""

from decimal import Decimal
from fractions import Fraction
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError
from arbitrage.store.integer_units import LARGEST_COUNT, IntegerUnit, OffGrid

POWERS = st.integers(-12, 3).map(lambda exponent: Decimal(1).scaleb(exponent))
STEPS = POWERS | st.sampled_from([Decimal(text) for text in ("0.05", "0.25", "2.5", "30", "0.003")])


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


@given(step=STEPS, count=st.integers(-(2**53), 2**53) | st.integers(-LARGEST_COUNT, LARGEST_COUNT))
def test_a_count_reads_as_the_double_nearest_to_the_decimal(step: Decimal, count: int) -> None:
    assert IntegerUnit(step).floats(np.array([count])).tolist() == [float(count * step)]


@given(step=STEPS, counts=st.lists(st.integers(0, 10**15), max_size=8))
def test_multiples_of_the_unit_survive_bit_for_bit(step: Decimal, counts: list[int]) -> None:
    unit = IntegerUnit(step)
    values = array(*(float(count * step) for count in counts))
    assert unit.floats(unit.counts(values)).tobytes() == values.tobytes()


@given(value=st.floats(allow_nan=False, allow_infinity=False), step=POWERS)
def test_any_float_is_exact_or_refused(value: float, step: Decimal) -> None:
    unit = IntegerUnit(step)
    try:
        counts = unit.counts(array(value))
    except OffGrid:
        count = Fraction(Decimal(repr(value))) / Fraction(step)
        assert count.denominator != 1 or abs(count) > LARGEST_COUNT
    else:
        assert unit.floats(counts)[0] == value


@pytest.mark.parametrize("value", [0.1 + 0.2, 0.005, nan, inf, -inf, 1e300])
def test_a_value_off_the_grid_is_refused_with_its_place(value: float) -> None:
    with pytest.raises(OffGrid, match=r"whole number of units of 0\.01") as refused:
        IntegerUnit(Decimal("0.01")).counts(array(1.0, value, 0.5))
    assert refused.value.position == 1


def test_large_quantities_of_small_units_are_exact_beyond_the_doubles_integers() -> None:
    unit = IntegerUnit(Decimal("0.00000001"))
    values = array(12345678901.5, 0.00000001)
    assert unit.counts(values).tolist() == [1234567890150000000, 1]
    assert unit.floats(unit.counts(values)).tolist() == values.tolist()


@pytest.mark.parametrize("step", ["0", "-0.01", "NaN", "Infinity", "1E-19", "1E+19"])
def test_a_unit_that_is_no_usable_number_is_refused(step: str) -> None:
    with pytest.raises(ConfigError, match="unit is"):
        IntegerUnit(Decimal(step))


def test_an_empty_column_stays_empty() -> None:
    unit = IntegerUnit(Decimal("0.01"))
    assert unit.floats(unit.counts(array())).tolist() == []
