from collections.abc import Sequence

import pytest
from engine.builders import CHEAP_A, DEAR_B, D, Rig, convergence, opened, route
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import PlaceOrder, Purpose
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.domain.trade import ExitReason, TradePhase
from arbitrage.engine.risk import Level

# --- in doubt ---------------------------------------------------------------------------------


def test_in_doubt_nothing_is_placed_and_nothing_is_sent_again() -> None:
    rig, a, b = opened()
    rig.answer(a)
    rig.doubt(b)
    for _ in range(8):
        rig.tick(1.0)
        rig.show(CHEAP_A, DEAR_B)
    assert len(rig.placed) == 2
    assert rig.reasons == ["in_doubt"]
    assert {query.client_id for query in rig.queries} == {b.client_id}


@pytest.mark.parametrize(
    ("status", "filled", "hedged"),
    [
        (OrderStatus.NEVER_EXISTED, "0", 10),
        (OrderStatus.CANCELED, "7", 3),
        (OrderStatus.FILLED, "10", None),
    ],
)
def test_what_was_in_doubt_is_hedged_once_it_is_known(
    status: OrderStatus, filled: str, hedged: int | None
) -> None:
    rig, a, b = opened()
    rig.answer(a)
    rig.doubt(b)
    rig.answer(b, filled, status=status)
    assert [order.qty for order in rig.new_orders] == ([] if hedged is None else [hedged])


def test_a_correction_goes_on_beside_a_doubt_as_far_as_every_outcome_allows() -> None:
    purses = {"alpha": {"USDT": D(10_000), "BTC": D(99)}, "beta": {"USDT": D(9), "BTC": D(10)}}
    rig, a, b = opened(balances=purses)
    rig.answer(a)
    rig.answer(b, "0")
    rig.engine.accounts.ledger.transfer("beta", "opening", "BTC", D(7))
    # Three can be had at B; they are in doubt, so seven at most are still to be taken back.
    state = rig.state
    first = rig.new_order
    assert first.qty == 10
    rig.answer(first, "0")
    rig.wait(0.3).show(CHEAP_A, DEAR_B)
    second = rig.new_order
    assert (second.venue, second.qty) == ("beta", 3)
    rig.doubt(second)
    rig.wait(0.3).show(CHEAP_A, DEAR_B)
    third = rig.new_order
    assert (third.venue, third.side, third.qty) == ("alpha", Side.SELL, 7)
    assert third.purpose is Purpose.REVERSE
    assert state.residual_range() == (0, 10)
    rig.wait(0.3).show(CHEAP_A, DEAR_B)
    assert rig.new_orders == []


# --- races, repetitions, disorder -------------------------------------------------------------


def test_a_fill_that_races_its_cancel_is_taken_back() -> None:
    """LESSONS 1: the fill comes after the order was said to be cancelled, and after its hedge."""
    rig, a, b = opened()
    rig.answer(a)
    rig.answer(b, "4")
    hedge = rig.new_order
    rig.answer(b, "7", status=OrderStatus.CANCELED)
    assert rig.new_orders == []  # the hedge of six is under way, three more make one too many
    rig.answer(hedge)
    rig.wait(0.25).tick()
    late = rig.new_order
    assert (late.side, late.qty) == (Side.BUY, 3)
    rig.answer(late)
    assert rig.closed[-1].residual_qty == 0


def test_a_fill_after_the_close_is_corrected_and_booked_once() -> None:
    rig, a, b = opened()
    rig.answer(a)
    rig.answer(b, "4")
    rig.answer(rig.new_order)
    (trade,) = rig.closed
    rig.answer(b, "7", status=OrderStatus.CANCELED)
    assert trade.is_open
    assert rig.route.totals.trades == 0
    late = rig.new_order
    assert (late.venue, late.side, late.qty) == ("alpha", Side.BUY, 3)  # go on, at a profit
    rig.answer(late)
    assert trade.phase is TradePhase.CLOSED
    assert trade.exit_reason is ExitReason.COMPLETE
    earned = 7 * 103 + 6 * D("102.9") - 10 * 100 - 3 * D("100.1")
    assert trade.pnl.total == earned
    totals = rig.route.totals
    assert (totals.trades, totals.price, totals.pnl_usd) == (1, earned, earned)
    assert rig.engine.risk.realised_usd == earned
    cash = rig.balance("alpha", "USDT") + rig.balance("beta", "USDT") - 2 * 10**10
    assert cash == earned


def test_a_fee_that_comes_after_the_close_is_booked_once() -> None:
    rig, a, b = opened()
    rig.answer(a)
    rig.answer(b)
    (trade,) = rig.closed
    rig.answer(a, fees={"USDT": D(2)})
    assert trade.phase is TradePhase.CLOSED
    assert trade.pnl.total == 28
    assert (rig.route.totals.trades, rig.route.totals.fees) == (1, -2)
    assert rig.engine.risk.realised_usd == 28
    assert rig.placed == [a, b]


def test_a_loss_that_grows_after_the_close_is_one_loss_in_the_streak() -> None:
    rig, a, b = opened()
    rig.answer(a)
    rig.answer(b, price=90)
    assert rig.route.losses_in_a_row == 1
    rig.answer(a, fees={"USDT": D(2)})
    assert rig.route.losses_in_a_row == 1
    assert rig.route.totals.losses == 1


def test_an_unparsed_or_unknown_word_is_never_taken_for_not_filled() -> None:
    """LESSONS 6: "filled" of less than was ordered cannot be true, so the order is in doubt."""
    rig, a, b = opened()
    rig.answer(a)
    rig.answer(b, "4", status=OrderStatus.FILLED)
    assert rig.new_orders == []
    assert rig.state.is_in_doubt


messages = st.lists(st.integers(0, 5), min_size=0, max_size=20)


@given(messages)
def test_repetition_and_disorder_change_nothing(noise: Sequence[int]) -> None:
    """Old words of both orders come again and again between the new ones."""
    rig, a, b = opened()
    truth = [
        (a, "3", OrderStatus.OPEN),
        (b, "2", OrderStatus.OPEN),
        (a, "8", OrderStatus.CANCELED),
        (b, "5", OrderStatus.CANCELED),
    ]
    said = [update(rig, *word) for word in truth]
    told: list[OrderUpdate] = []
    for index, word in enumerate(said):
        rig.feed(word)
        told.append(word)
        for pick in noise[index * 5 : index * 5 + 5]:
            rig.feed(told[pick % len(told)])
    assert [(order.venue, order.qty) for order in rig.placed[2:]] == [("beta", 3)]
    assert (rig.trade.qty_a, rig.trade.qty_b) == (8, 5)
    assert rig.engine.risk.level.name == "NORMAL"


def update(rig: Rig, order: PlaceOrder, qty: str, status: OrderStatus) -> OrderUpdate:
    assert order.price is not None
    return OrderUpdate(rig.now_ns, order.client_id, status, D(qty), D(qty) * order.price)


# --- fills after the close, in the phase that it ended in -------------------------------------


def test_a_late_fill_of_an_unfilled_trade_makes_it_a_trade() -> None:
    rig = Rig(convergence(close_on_spread_reversal=False))
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.placed
    rig.answer(a, "0")
    rig.answer(b, "0")
    assert rig.closed[0].exit_reason is ExitReason.UNFILLED
    rig.answer(a, "4", status=OrderStatus.CANCELED)
    hedge = rig.new_orders[0]
    assert (hedge.venue, hedge.qty) == ("beta", 4)
    rig.answer(hedge)
    assert rig.trade.phase is TradePhase.OPEN
    assert rig.route.totals.trades == 0


def test_a_late_fill_of_an_inventory_trade_never_makes_it_one_to_unwind() -> None:
    rig = Rig(route())
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.placed
    rig.answer(a, "6")
    rig.answer(b, "6")
    rig.answer(a, "8", status=OrderStatus.CANCELED)
    rig.answer(rig.new_orders[0])
    rig.wait(60.0).show((104.0, 105.0), (99.0, 100.0), qty=1.0)
    assert rig.closed[-1].exit_reason is ExitReason.COMPLETE
    assert rig.closed[-1].qty_b == 8
    assert [state.trade.trade_id for state in rig.route.trades] == ["s-t2"]


def test_a_late_fill_of_an_exit_is_closed_again() -> None:
    rig = Rig(convergence(max_holding_seconds=1.0, close_on_spread_reversal=False))
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    rig.fill_all()
    rig.wait(1.0).show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.new_orders
    rig.answer(b)
    rig.answer(a, "7")
    hedge = rig.new_orders[0]
    rig.answer(hedge)
    assert rig.closed[0].exit_reason is ExitReason.MAX_HOLDING
    rig.answer(a, "8", status=OrderStatus.CANCELED)
    (again,) = rig.new_orders
    assert (again.venue, again.side.value, again.qty) == ("alpha", "buy", 1)
    rig.answer(again)
    assert rig.closed[0].exit_reason is ExitReason.MAX_HOLDING
    assert rig.closed[0].residual_qty == 0
    assert rig.route.totals.trades == 1


def test_a_late_fill_after_a_kill_is_booked_and_shown_not_traded() -> None:
    rig = Rig(route())
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.placed
    rig.answer(a, "6")
    rig.answer(b, "6")
    rig.engine.risk.lower(Level.HALT, "halt")
    rig.answer(a, "7", status=OrderStatus.CANCELED)
    assert rig.new_orders == []
    assert rig.trade.residual_qty == 1
    assert rig.balance("alpha", "BTC") == 10_007
