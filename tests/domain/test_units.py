from collections.abc import Callable
from decimal import Decimal, InvalidOperation, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.units import (
    NS_PER_DAY,
    ceil_to,
    decimal_of,
    floor_to,
    ns_to_seconds,
    plain,
    seconds_to_ns,
)

values = st.decimals("-1e18", "1e18", places=15) | st.decimals("-1e-6", "1e-6", places=20)
finite = st.decimals(allow_nan=False, allow_infinity=False, min_value="-1e30", max_value="1e30")
steps = st.builds(
    lambda digit, exponent: Decimal(digit).scaleb(exponent),
    st.sampled_from([1, 2, 3, 5, 7, 25]),
    st.integers(-12, 6),
)


@given(value=values, step=steps)
def test_floor_is_the_largest_multiple_that_is_not_above(value: Decimal, step: Decimal) -> None:
    floor = Fraction(floor_to(value, step))
    assert (floor / Fraction(step)).denominator == 1
    assert floor <= Fraction(value) < floor + Fraction(step)


@given(value=values, step=steps)
def test_ceil_is_the_smallest_multiple_that_is_not_below(value: Decimal, step: Decimal) -> None:
    ceil = Fraction(ceil_to(value, step))
    assert (ceil / Fraction(step)).denominator == 1
    assert ceil - Fraction(step) < Fraction(value) <= ceil


@given(value=values, step=steps)
def test_a_multiple_stays_where_it_is(value: Decimal, step: Decimal) -> None:
    multiple = floor_to(value, step)
    assert floor_to(multiple, step) == multiple == ceil_to(multiple, step)


def test_a_value_of_more_digits_than_the_default_context_is_not_rounded_up() -> None:
    nearly_one = Decimal("0." + "9" * 32)
    assert floor_to(nearly_one, Decimal(1)) == 0
    assert ceil_to(Decimal("1." + "0" * 31 + "1"), Decimal(1)) == 2


def test_a_narrow_context_of_the_caller_changes_nothing() -> None:
    with localcontext(prec=4):
        assert floor_to(Decimal("123456.789"), Decimal("0.01")) == Decimal("123456.78")
        assert ceil_to(Decimal("-123456.789"), Decimal("0.01")) == Decimal("-123456.78")


@given(value=values, step=steps)
def test_the_digits_written_are_those_of_the_step(value: Decimal, step: Decimal) -> None:
    assert floor_to(value, step).as_tuple().exponent == step.as_tuple().exponent


@pytest.mark.parametrize("rounded", [floor_to, ceil_to])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_what_is_not_a_finite_number_cannot_be_rounded(
    rounded: Callable[[Decimal, Decimal], Decimal], value: str
) -> None:
    with pytest.raises(InvalidOperation):
        rounded(Decimal(value), Decimal("0.1"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("3.5E-8"), "0.000000035"),
        (Decimal("1E+3"), "1000"),
        (Decimal("100"), "100"),
        (Decimal("100.00"), "100"),
        (Decimal("0.10"), "0.1"),
        (Decimal("-0.00"), "0"),
        (Decimal("0E-8"), "0"),
        (Decimal("0E+8"), "0"),
        (Decimal("-1.50"), "-1.5"),
        (Decimal("1" + "0" * 40), "1" + "0" * 40),
    ],
)
def test_a_decimal_is_written_as_venues_accept_it(value: Decimal, text: str) -> None:
    assert plain(value) == text


@given(value=finite)
def test_plain_text_has_no_exponent_and_reads_back_exactly(value: Decimal) -> None:
    text = plain(value)
    assert set(text) <= set("-.0123456789")
    assert Decimal(text) == value
    assert "." not in text or not text.endswith(("0", "."))


@given(value=st.floats(allow_nan=False))
def test_a_float_becomes_the_shortest_decimal_that_reads_back(value: float) -> None:
    assert float(decimal_of(value)) == value


def test_decimal_of_takes_every_kind_of_number() -> None:
    exact = Decimal("0.1")
    assert decimal_of(0.1) == decimal_of("0.1") == exact
    assert decimal_of(3) == Decimal(3)
    assert decimal_of(exact) is exact


def test_a_float_out_of_an_array_is_a_float_like_any_other() -> None:
    numpy = pytest.importorskip("numpy", reason="numpy comes with the extra 'research'")
    assert decimal_of(numpy.float64(0.1)) == Decimal("0.1")


@given(seconds=st.floats(0, 4e9))
def test_seconds_become_whole_microseconds(seconds: float) -> None:
    ts_ns = seconds_to_ns(seconds)
    assert ts_ns % 1_000 == 0
    assert abs(ts_ns - Fraction(seconds) * 10**9) <= 1_000


@given(ts_us=st.integers(0, 4_000_000_000_000_000))
def test_microseconds_survive_the_way_through_seconds(ts_us: int) -> None:
    assert seconds_to_ns(ns_to_seconds(ts_us * 1_000)) == ts_us * 1_000


def test_a_day_has_86400_seconds() -> None:
    assert ns_to_seconds(NS_PER_DAY) == 86_400.0
