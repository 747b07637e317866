from decimal import Decimal
from fractions import Fraction

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.position import Position
from arbitrage.domain.sides import Side

fills = st.lists(
    st.tuples(
        st.sampled_from(Side),
        st.decimals("0.001", "1000", places=3),
        st.decimals("0.01", "1000000", places=12),
    ),
    max_size=12,
)


class AverageCost:
    """The textbook, in fractions: a signed quantity and one average price."""

    def __init__(self) -> None:
        self.qty = Fraction(0)
        self.price = Fraction(0)

    def apply(self, signed: Fraction, price: Fraction) -> Fraction:
        closing = min(abs(signed), abs(self.qty)) if self.qty * signed < 0 else Fraction(0)
        realised = closing * (price - self.price) * (1 if self.qty > 0 else -1)
        opening = abs(signed) - closing
        self.qty += signed
        if opening:
            held = abs(self.qty) - opening
            self.price = (held * self.price + opening * price) / abs(self.qty)
        return realised


@given(fills=fills)
def test_a_position_is_the_textbooks_average_cost(
    fills: list[tuple[Side, Decimal, Decimal]],
) -> None:
    position, textbook = Position(), AverageCost()
    allowed = Fraction(0)
    for side, qty, cost in fills:
        realised = position.apply(side, qty, cost)
        expected = textbook.apply(Fraction(qty) * side.sign, Fraction(cost) / Fraction(qty))
        allowed += Fraction(4, 10**12)
        assert abs(Fraction(realised) - expected) <= allowed
        assert Fraction(position.qty) == textbook.qty
        assert position.entry_cost >= 0
        assert abs(Fraction(position.entry_cost) - abs(textbook.qty) * textbook.price) <= allowed


@given(fills=fills, mark=st.decimals("0.01", "1000", places=2))
def test_realised_and_unrealised_together_are_the_cash_and_what_is_held(
    fills: list[tuple[Side, Decimal, Decimal]], mark: Decimal
) -> None:
    multiplier = Decimal("0.01")
    position = Position()
    realised = cash = Fraction(0)
    for side, qty, cost in fills:
        realised += Fraction(position.apply(side, qty, cost))
        cash -= Fraction(cost) * side.sign
    held = Fraction(position.qty) * Fraction(multiplier) * Fraction(mark)
    assert realised + Fraction(position.unrealised_pnl(mark, multiplier)) == cash + held


def test_a_flat_position_has_neither_cost_nor_price_nor_pnl() -> None:
    position = Position()
    position.apply(Side.BUY, Decimal(3), Decimal(300))
    assert position.apply(Side.SELL, Decimal(3), Decimal(330)) == 30
    assert (position.qty, position.entry_cost) == (0, 0)
    assert position.avg_entry_price(Decimal(1)) == 0
    assert position.unrealised_pnl(Decimal(100), Decimal(1)) == 0


def test_a_short_gains_when_the_price_falls() -> None:
    position = Position()
    position.apply(Side.SELL, Decimal(2), Decimal(200))
    assert position.unrealised_pnl(Decimal(90), Decimal(1)) == 20
    assert position.apply(Side.BUY, Decimal(1), Decimal(90)) == 10
    assert (position.qty, position.entry_cost) == (-1, 100)


def test_a_fill_that_crosses_zero_opens_the_other_side_at_its_own_price() -> None:
    position = Position()
    position.apply(Side.BUY, Decimal(2), Decimal(200))
    assert position.apply(Side.SELL, Decimal(5), Decimal(550)) == 20
    assert position.qty == -3
    assert position.avg_entry_price(Decimal(1)) == 110


def test_the_average_price_is_per_base_unit_not_per_contract() -> None:
    position = Position()
    position.apply(Side.BUY, Decimal(500), Decimal(15_000))
    assert position.avg_entry_price(Decimal("0.01")) == 3000


def test_a_message_of_fees_alone_changes_nothing() -> None:
    position = Position()
    position.apply(Side.BUY, Decimal(2), Decimal(200))
    assert position.apply(Side.SELL, Decimal(0), Decimal(0)) == 0
    assert (position.qty, position.entry_cost) == (2, 200)


def test_what_is_left_of_a_cost_below_the_smallest_amount_is_not_negative() -> None:
    position = Position()
    position.apply(Side.BUY, Decimal(100), Decimal("6E-13"))
    position.apply(Side.SELL, Decimal(99), Decimal(1))
    assert position.entry_cost >= 0


def test_the_cost_of_a_cheap_currency_needs_no_more_digits_than_there_are() -> None:
    position = Position()
    position.apply(Side.BUY, Decimal(3), Decimal("3E+18"))
    assert position.apply(Side.SELL, Decimal(1), Decimal("1E+18") + 1) == 1


def test_thirds_do_not_grow_digits_without_bound() -> None:
    position = Position()
    for _ in range(50):
        position.apply(Side.BUY, Decimal(3), Decimal("10.1"))
        position.apply(Side.SELL, Decimal(1), Decimal("3.4"))
    assert len(position.entry_cost.as_tuple().digits) < 20


def test_two_positions_share_nothing() -> None:
    first, second = Position(), Position()
    first.apply(Side.BUY, Decimal(1), Decimal(1))
    assert second == Position()
    assert msgspec.json.decode(msgspec.json.encode(first), type=Position) == first
