from decimal import Decimal

import pytest
from sim_usdm import RULES

from arbitrage.sim.protocols.binance_wire import Figures, digits_of, money, ms


@pytest.mark.parametrize(
    ("step", "digits"), [("0.10", 1), ("0.001", 3), ("1", 0), ("10", 0), ("1E-8", 8)]
)
def test_a_step_says_how_many_digits_are_written(step: str, digits: int) -> None:
    assert digits_of(Decimal(step)) == digits


def test_numbers_have_the_digits_of_their_grid() -> None:
    figures = Figures(RULES["BTC"])
    assert figures.price(78_000.0) == "78000.0"
    assert figures.qty(Decimal("0.5")) == "0.500"
    assert figures.average(Decimal("78000.03333333")) == "78000.03333"
    assert figures.levels([(78_000.1, 0.25)]) == [["78000.1", "0.250"]]


def test_money_has_eight_digits_and_no_negative_zero() -> None:
    assert money(Decimal("-0.5")) == "-0.50000000"
    assert money(Decimal("-0")) == "0.00000000"


def test_times_are_milliseconds() -> None:
    assert ms(1_795_000_000_123_999_999) == 1_795_000_000_123
