import doctest
import json

from hypothesis import given
from hypothesis import strategies as st

from arbitrage.sim.protocols import bithumb_wire
from arbitrage.sim.protocols.bithumb_wire import number, order_id_of, order_name, trade_name


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_loses_no_digit(value: float) -> None:
    assert json.loads(bytes(number(value))) == value


@given(st.integers(1, 10**9 - 1), st.integers(0, 2**63))
def test_an_order_is_found_by_its_name(order_id: int, created_ns: int) -> None:
    name = order_name(order_id, created_ns)
    assert (len(name), order_id_of(name)) == (20, order_id)


def test_names_of_two_runs_differ_and_nonsense_names_nothing() -> None:
    assert order_name(1, 1) != order_name(1, 2 * 10**9)
    assert trade_name(1, 1).startswith("C0101")
    assert order_id_of("nonsense") == order_id_of("C0101x") == order_id_of("C0101") == 0


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(bithumb_wire).failed == 0
