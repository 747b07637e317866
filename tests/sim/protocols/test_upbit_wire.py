import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.sim.protocols import upbit_wire
from arbitrage.sim.protocols.upbit_wire import (
    double,
    exact,
    order_id_of,
    order_uuid,
    plain_double,
    trade_uuid,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (116_539_000.0, "1.16539E8"),
        (100_000_000.0, "1.0E8"),
        (9_999_999.0, "9999999.0"),
        (127.0, "127.0"),
        (0.0, "0.0"),
        (0.001, "0.001"),
        (0.0005, "5.0E-4"),
        (-12_345_678.9, "-1.23456789E7"),
    ],
)
def test_doubles_are_written_as_java_writes_them(value: float, text: str) -> None:
    assert bytes(double(value)).decode() == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_way_of_writing_loses_a_digit(value: float) -> None:
    assert json.loads(bytes(double(value))) == value
    assert json.loads(bytes(plain_double(value))) == value


def test_plain_doubles_have_a_point_and_no_exponent() -> None:
    assert bytes(plain_double(116_539_000.0)) == b"116539000.0"
    assert bytes(plain_double(1e-8)) == b"0.00000001"
    assert bytes(exact(Decimal("1E+2"))) == b"100"


@given(st.integers(1, 2**48 - 1), st.integers(0, 2**63))
def test_an_order_is_found_by_its_uuid(order_id: int, created_ns: int) -> None:
    assert order_id_of(order_uuid(order_id, created_ns)) == order_id


def test_ids_of_two_runs_differ() -> None:
    assert order_uuid(1, 1) != order_uuid(1, 2)
    assert trade_uuid(1, 1) != trade_uuid(1, 2)
    assert order_id_of("nonsense") == 0


def test_the_examples_in_the_docstrings_hold() -> None:
    import doctest

    assert doctest.testmod(upbit_wire).failed == 0
