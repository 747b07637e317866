from collections.abc import Sequence
from decimal import Decimal
from itertools import product

import pytest
from engine.builders import T0, D, perp, spot
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import InvariantBroken
from arbitrage.domain.intents import PlaceOrder, Purpose
from arbitrage.domain.orders import Fill, Order, OrderStatus
from arbitrage.domain.sides import Direction, Side
from arbitrage.domain.trade import ArbitrageTrade, TradeLeg
from arbitrage.engine.trade_state import TradeState

BUY, SELL = Side.BUY, Side.SELL


def state_of(filled_a: str = "0", filled_b: str = "0", carry: str = "0") -> TradeState:
    """A trade that has bought `filled_a` at A and sold `filled_b` contracts of 0.1 at B."""
    trade = ArbitrageTrade(
        trade_id="s-t1",
        route="r",
        direction=Direction.LONG_A_SHORT_B,
        leg_a=TradeLeg(spot("alpha"), BUY),
        leg_b=TradeLeg(perp("beta", contract_multiplier=D("0.1")), SELL),
        qty=D(1),
        edge_bps=10.0,
        opened_ns=T0,
    )
    trade.leg_a.add(BUY, Fill(D(filled_a), D(filled_a) * 100, ()))
    trade.leg_b.add(SELL, Fill(D(filled_b), D(filled_b) * 10, ()))
    return TradeState(trade, entry_fx_b=D(1), exit_edge_bps=0.0, carry=D(carry))


def add(
    state: TradeState,
    leg: TradeLeg,
    side: Side,
    qty: str,
    filled: str = "0",
    status: OrderStatus = OrderStatus.OPEN,
) -> Order:
    client_id = f"s{len(state.orders) + 1}"
    intent = PlaceOrder(
        client_id=client_id,
        venue=leg.instrument.venue,
        symbol=leg.instrument.symbol,
        side=side,
        qty=D(qty),
        price=D(100),
    )
    order = Order(intent=intent, sent_ns=T0, status=status, filled_qty=D(filled))
    state.orders[client_id] = (order, leg)
    return order


def test_the_residual_is_both_legs_in_base_units_and_the_dust_carried_in() -> None:
    assert state_of("1", "8").residual == D("0.2")
    assert state_of("1", "8", carry="-0.3").residual == D("-0.1")


def test_the_matched_part_is_an_arbitrage_and_only_the_rest_a_residual() -> None:
    """0.5 filled against 0.4 filled (LESSONS 4)."""
    state = state_of("0.5", "4")
    assert state.correction() == D("-0.1")


def test_with_nothing_unresolved_the_whole_residual_is_corrected() -> None:
    assert state_of("1", "0").correction() == -1
    assert state_of("0", "10").correction() == 1
    assert state_of("1", "10").correction() == 0


def test_what_is_unresolved_widens_the_residual_to_a_range() -> None:
    state = state_of("1", "2")
    add(state, state.trade.leg_b, SELL, "8", filled="2")
    assert state.residual_range() == (D("0.2"), D("0.8"))
    assert state.correction() == D("-0.2")
    add(state, state.trade.leg_a, BUY, "1")
    assert state.residual_range() == (D("0.2"), D("1.8"))


def test_a_range_across_zero_is_not_corrected() -> None:
    state = state_of("1", "0")
    add(state, state.trade.leg_b, SELL, "20")
    assert state.correction() == 0


quantities = st.integers(0, 20).map(lambda tenths: str(D(tenths) / 10))
live_orders = st.lists(st.tuples(st.booleans(), st.booleans(), quantities), max_size=4)


@given(quantities, quantities, quantities, live_orders)
def test_no_outcome_of_anything_unresolved_makes_a_correction_too_much(
    filled_a: str, filled_b: str, carry: str, live: Sequence[tuple[bool, bool, str]]
) -> None:
    state = state_of(filled_a, filled_b, carry)
    for is_a, is_purchase, qty in live:
        leg = state.trade.leg_a if is_a else state.trade.leg_b
        add(state, leg, BUY if is_purchase else SELL, qty)
    correction = state.correction()
    outcomes = [
        [D(0), order.unresolved_qty * leg.instrument.contract_multiplier * order.intent.side.sign]
        for order, leg in state.orders.values()
    ]
    for outcome in product(*outcomes):
        residual = state.residual + sum(outcome, D(0))
        assert residual * (residual + correction) >= 0  # it never turns over
        assert abs(residual + correction) <= abs(residual)  # and never grows


# --- exits ------------------------------------------------------------------------------------


def test_an_exit_orders_what_is_held_less_what_is_under_way() -> None:
    state = state_of("1", "10")
    leg_a, leg_b = state.trade.leg_a, state.trade.leg_b
    assert (state.exit_qty(leg_a), state.exit_qty(leg_b)) == (1, 1)
    add(state, leg_a, SELL, "0.4")
    add(state, leg_a, BUY, "5")  # adds, takes nothing off
    assert (state.exit_qty(leg_a), state.exit_qty(leg_b)) == (D("0.6"), 1)
    add(state, leg_a, SELL, "0.6")
    assert state.exit_qty(leg_a) == 0


def test_an_exit_leaves_what_lies_against_something_else() -> None:
    """What was laid aside as dust is hedged elsewhere by now."""
    state = state_of("1", "8", carry="-0.2")
    assert [state.exit_qty(leg) for leg in (state.trade.leg_a, state.trade.leg_b)] == [D("0.8")] * 2
    wrong_way = state_of("-0.3", "-5", carry="-0.2")
    assert wrong_way.residual == 0
    assert wrong_way.exit_qty(wrong_way.trade.leg_a) == 0


@pytest.mark.parametrize(("carry", "most"), [("0", "1"), ("0.3", "1.3"), ("-0.3", "0.7")])
def test_a_leg_may_be_sold_down_to_zero_with_the_dust_that_is_with_it(
    carry: str, most: str
) -> None:
    state = state_of("1", "10", carry=carry)
    leg_a = state.trade.leg_a
    assert state.returnable(leg_a, SELL) == D(most)
    assert state.returnable(leg_a, BUY) == 0
    add(state, leg_a, SELL, "0.5")
    assert state.returnable(leg_a, SELL) == D(most) - D("0.5")


def test_only_what_was_sold_too_much_is_bought_back() -> None:
    state = state_of("-0.4", "0", carry="0.4")
    assert state.returnable(state.trade.leg_a, BUY) == D("0.4")
    assert state.returnable(state.trade.leg_b, BUY) == 0


def test_in_doubt_is_known_of_each_order() -> None:
    state = state_of()
    assert not state.is_in_doubt
    order = add(state, state.trade.leg_a, BUY, "1")
    assert not state.is_in_doubt
    order.status = OrderStatus.IN_DOUBT
    assert state.is_in_doubt


def test_attempts_forgotten_start_anew() -> None:
    state = state_of()
    state.hedge_attempts, state.unhedged_since_ns = 4, T0
    state.forget_attempts()
    assert (state.hedge_attempts, state.unhedged_since_ns) == (0, 0)


# --- the two bounds ---------------------------------------------------------------------------


def test_acquiring_up_to_the_target_is_allowed_and_beyond_it_halts() -> None:
    state = state_of("0.5", "0")
    leg = state.trade.leg_a
    add(state, leg, BUY, "0.4", filled="0.1")
    add(state, leg, SELL, "7")
    state.check_acquired(leg, D("0.2"), target=D(1))
    with pytest.raises(InvariantBroken, match=r"s-t1 at alpha.*halting"):
        state.check_acquired(leg, D("0.201"), target=D(1))


@pytest.mark.parametrize("qty", ["-0.2", "-0.1", "0"])
def test_a_correction_within_what_is_safe_is_allowed(qty: str) -> None:
    state_of("1", "8").check_correction(D(qty), Purpose.HEDGE)


@pytest.mark.parametrize("qty", ["-0.201", "0.1"])
def test_a_correction_beyond_what_is_safe_or_the_wrong_way_halts(qty: str) -> None:
    with pytest.raises(InvariantBroken, match="hedge of"):
        state_of("1", "8").check_correction(D(qty), Purpose.HEDGE)


def test_with_nothing_to_correct_any_correction_halts() -> None:
    with pytest.raises(InvariantBroken):
        state_of("1", "10").check_correction(Decimal("0.1"), Purpose.REVERSE)
