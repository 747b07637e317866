import pytest

from arbitrage.domain.sides import Direction, Side


def test_the_opposite_of_a_side_is_the_other_and_back() -> None:
    assert Side.BUY.opposite is Side.SELL
    assert Side.SELL.opposite is Side.BUY


def test_a_purchase_adds_and_a_sale_takes_away() -> None:
    assert Side.BUY.sign == 1
    assert Side.SELL.sign == -1
    assert (Side.BUY.is_buy, Side.SELL.is_buy) == (True, False)


def test_sides_are_read_from_their_lower_case_words_only() -> None:
    assert Side("buy") is Side.BUY
    with pytest.raises(ValueError, match="BUY"):
        Side("BUY")


def test_long_a_short_b_buys_a_and_sells_b() -> None:
    assert Direction.LONG_A_SHORT_B.side_a is Side.BUY
    assert Direction.LONG_A_SHORT_B.side_b is Side.SELL
    assert Direction.LONG_A_SHORT_B.is_long_a


def test_long_b_short_a_sells_a_and_buys_b() -> None:
    assert Direction.LONG_B_SHORT_A.side_a is Side.SELL
    assert Direction.LONG_B_SHORT_A.side_b is Side.BUY
    assert not Direction.LONG_B_SHORT_A.is_long_a
