from decimal import Decimal

import pytest
from sim_bybit import RULES

from arbitrage.sim.protocols.bybit_wire import Category, Figures, Ids, average, digits_of, money

BOTH = pytest.mark.parametrize("category", Category)


def test_numbers_have_the_digits_of_tick_and_lot() -> None:
    figures = Figures(RULES[0])
    assert figures.price(78_000.0) == "78000.0"
    assert figures.qty(Decimal("0.5")) == "0.500"
    assert figures.levels([(78_000.1, 0.25)]) == [["78000.1", "0.250"]]
    assert digits_of(Decimal("0.10")) == 1


def test_money_is_plain_and_never_negative_zero() -> None:
    assert money(Decimal("-0.00")) == "0"
    assert money(Decimal("0.0197989000")) == "0.0197989"


def test_an_average_of_nothing_is_empty() -> None:
    assert average(Decimal(0), Decimal(0)) == ""
    assert average(Decimal(10), Decimal(3)) == "3.33333333"


@BOTH
def test_an_id_leads_back_to_its_number(category: Category) -> None:
    ids = Ids(1_795_004_000_000)
    assert ids.order_number(category, ids.order(category, 7)) == 7
    assert ids.order(category, 7) != ids.order(category, 8)
    assert ids.order(category, 7) != ids.execution(category, 7)


@BOTH
@pytest.mark.parametrize("text", ["", "7", "nonsense", "9" * 100, "00000007-5151-4515-8515-0"])
def test_an_id_that_was_never_given_leads_nowhere(category: Category, text: str) -> None:
    assert Ids(1_795_004_000_000).order_number(category, text) is None


@BOTH
def test_ids_of_another_run_lead_nowhere(category: Category) -> None:
    before, now = Ids(1_795_004_000_000), Ids(1_795_004_000_001)
    assert now.order_number(category, before.order(category, 7)) is None
