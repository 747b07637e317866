from decimal import Decimal
from fractions import Fraction

from arbitrage.exchanges.paper.exact import fee_amount, product, total


def test_a_product_keeps_more_digits_than_the_default_context() -> None:
    price, qty, rate = Decimal("50123456.78901234"), Decimal("0.12345678"), Decimal("1.00049512345")
    exact = Fraction(price) * Fraction(qty) * Fraction(rate)
    assert Fraction(product(price, qty, rate)) == exact
    assert Fraction(price * qty * rate) != exact


def test_a_sum_keeps_both_ends() -> None:
    assert total(Decimal("1E+20"), Decimal("1E-16")) - Decimal("1E+20") == Decimal("1E-16")


def test_nothing_multiplied_is_one_and_nothing_added_is_zero() -> None:
    assert product() == 1
    assert total() == 0


def test_fees_and_rebates_are_rounded_towards_zero() -> None:
    third = Decimal(1) / 3
    assert fee_amount(third) == Decimal("0.3333333333333333")
    assert fee_amount(-third) == Decimal("-0.3333333333333333")
