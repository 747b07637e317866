from collections.abc import Callable
from decimal import Decimal
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.sides import Side
from arbitrage.exchanges.paper.margin import Margin, PerpetualPosition


def rules(symbol: str, maintenance: str = "0.05") -> Instrument:
    return Instrument(
        venue="v",
        symbol=symbol,
        base=symbol,
        quote="USDT",
        kind=InstrumentKind.PERPETUAL,
        contract_multiplier=Decimal("0.1"),
        initial_margin=Decimal("0.2"),
        maintenance_margin=Decimal(maintenance),
    )


def hold(margin: Margin, symbol: str, side: Side, qty: int, price: int) -> PerpetualPosition:
    """A position of `qty` contracts of a tenth, marked at its entry."""
    held = margin.position(rules(symbol))
    held.position.apply(side, Decimal(qty), Decimal(qty) * price / 10)
    held.mark_price = float(price)
    return held


def test_a_position_locks_its_share_of_the_entry_cost() -> None:
    margin = Margin()
    hold(margin, "A", Side.BUY, 10, 100)
    hold(margin, "B", Side.SELL, 20, 50)
    assert margin.used("USDT") == 40
    assert margin.used("USDC") == 0


def test_losses_use_balance_up_and_profits_do_not_give_any() -> None:
    margin = Margin()
    held = hold(margin, "A", Side.BUY, 10, 100)
    held.mark_price = 90.0
    assert margin.used("USDT") == 20 + 10
    held.mark_price = 110.0
    assert margin.used("USDT") == 20


def test_orders_at_rest_lock_margin_and_give_it_back() -> None:
    margin = Margin()
    margin.lock("USDT", Decimal(5))
    assert margin.used("USDT") == 5
    margin.lock("USDT", Decimal(-5))
    assert margin.used("USDT") == 0


def test_headroom_is_equity_above_maintenance() -> None:
    margin = Margin()
    held = hold(margin, "A", Side.SELL, 10, 100)
    assert margin.headroom("USDT", Decimal(30)) == 30 - 5
    held.mark_price = 120.0
    assert margin.headroom("USDT", Decimal(30)) == 30 - 20 - 6


def test_flat_positions_need_nothing_and_are_not_open() -> None:
    margin = Margin()
    held = hold(margin, "A", Side.BUY, 10, 100)
    held.position.apply(Side.SELL, Decimal(10), Decimal(100))
    assert margin.open_in("USDT") == []
    assert list(margin.open_positions()) == []
    assert margin.guard("USDT", Decimal(0))
    assert margin.currencies == ["USDT"]


def test_what_can_be_reduced_is_the_opposite_position() -> None:
    margin = Margin()
    held = hold(margin, "A", Side.BUY, 10, 100)
    assert held.reducible(Side.SELL) == 10
    assert held.reducible(Side.BUY) == 0


def test_without_headroom_no_mark_is_inside_the_band() -> None:
    margin = Margin()
    held = hold(margin, "A", Side.BUY, 10, 100)
    assert (held.guard_low, held.guard_high) == (-inf, inf)
    assert not margin.guard("USDT", Decimal(1))
    assert held.guard_low > held.guard_high


sides = st.sampled_from(Side)


@settings(max_examples=60)
@given(
    held=st.lists(
        st.tuples(sides, st.integers(1, 50), st.integers(10, 200)), min_size=1, max_size=3
    ),
    cash=st.integers(1, 3000),
    moves=st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=3),
)
def test_marks_inside_their_bands_never_hide_a_liquidation(
    held: list[tuple[Side, int, int]], cash: int, moves: list[float]
) -> None:
    margin = Margin()
    positions = [
        hold(margin, f"S{index}", side, qty, price) for index, (side, qty, price) in enumerate(held)
    ]
    if not margin.guard("USDT", Decimal(cash)):
        return
    for position, move in zip(positions, moves, strict=False):
        reach = (position.guard_high - position.guard_low) / 2
        position.mark_price = max(0.0, position.mark_price + move * reach)
    assert margin.headroom("USDT", Decimal(cash)) >= Decimal("-1e-9")


def test_the_notional_is_at_the_mark(perpetual_of: Callable[..., Instrument]) -> None:
    margin = Margin()
    instrument = perpetual_of(contract_multiplier="0.01")
    held = margin.position(instrument)
    held.position.apply(Side.SELL, Decimal(3), Decimal(3))
    held.mark_price = 200.0
    assert held.notional == 6
    assert margin.position(instrument) is held
