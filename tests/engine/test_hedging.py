from typing import Any

import pytest
from engine.builders import CHEAP_A, DEAR_B, D, Rig, convergence, opened, perp, route, spot, taker

from arbitrage.domain.events import VenueStatus
from arbitrage.domain.fees import FeeManner
from arbitrage.domain.intents import PlaceOrder, Purpose
from arbitrage.domain.orders import Fill, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.domain.trade import ExitReason, TradePhase
from arbitrage.engine.config import RiskLimits
from arbitrage.engine.hedging import hedge_band_bps, is_dust, is_exhausted

# --- what one leg has and the other has not ---------------------------------------------------


def test_partial_fill_leaves_remainder_to_hedge() -> None:
    rig, a, b = opened()
    rig.answer(a)
    rig.answer(b, "4")
    hedge = rig.new_order
    assert (hedge.venue, hedge.side, hedge.qty) == ("beta", Side.SELL, 6)
    assert hedge.purpose is Purpose.HEDGE
    assert hedge.price == D("102.9")  # 10 bps under the touch, rounded up to the tick


def test_the_lagging_leg_is_hedged_whichever_it_is() -> None:
    rig, a, b = opened()
    rig.answer(b)
    rig.answer(a, "4")
    hedge = rig.new_order
    assert (hedge.venue, hedge.side, hedge.qty) == ("alpha", Side.BUY, 6)
    assert hedge.price == D("100.1")


def test_the_matched_part_is_kept_and_only_the_difference_is_hedged() -> None:
    rig, a, b = opened()
    rig.answer(a, "5")
    rig.answer(b, "4")
    assert rig.new_order.qty == 1


def test_a_refused_leg_is_had_by_a_hedge_not_by_a_market_order() -> None:
    """LESSONS 2 and 3."""
    rig, a, b = opened()
    rig.answer(a)
    rig.reject(b, "min_notional")
    hedge = rig.new_order
    assert (hedge.qty, hedge.venue) == (10, "beta")
    assert hedge.price is not None


def test_a_hedge_that_fills_completes_the_trade() -> None:
    rig, a, b = opened()
    rig.answer(a)
    rig.answer(b, "4")
    rig.answer(rig.new_order)
    (trade,) = rig.closed
    assert (trade.exit_reason, trade.residual_qty) == (ExitReason.COMPLETE, 0)
    assert trade.pnl.total == 4 * 103 + 6 * D("102.9") - 10 * 100


def test_no_leg_filled_is_no_trade() -> None:
    rig, a, b = opened()
    rig.answer(a, "0")
    rig.reject(b)
    (trade,) = rig.closed
    assert (trade.exit_reason, trade.pnl.total) == (ExitReason.UNFILLED, 0)
    assert rig.route.trades == []


def test_while_the_other_leg_may_still_fill_nothing_is_hedged() -> None:
    rig, a, b = opened()
    rig.answer(a)
    assert rig.new_orders == []
    rig.answer(b, "4", status=OrderStatus.OPEN)
    assert rig.new_orders == []


# --- the band ---------------------------------------------------------------------------------


def test_the_band_widens_step_by_step_to_its_bound() -> None:
    config = route(hedge_band_bps=10.0, hedge_band_step_bps=20.0, hedge_band_max_bps=45.0)
    state = Rig(config).route
    assert [hedge_band_bps(state, attempts) for attempts in range(4)] == [10.0, 30.0, 45.0, 45.0]


def test_each_unfilled_hedge_is_followed_by_a_wider_one_after_a_pause() -> None:
    rig, a, b = opened(route(hedge_retry_seconds=0.25))
    rig.answer(a)
    rig.answer(b, "0")
    prices = [rig.new_order.price]
    for _ in range(2):
        rig.answer(rig.placed[-1], "0")
        rig.wait(0.2).b(*DEAR_B)
        assert rig.new_orders == []
        rig.wait(0.05).b(*DEAR_B)
        prices.append(rig.new_order.price)
    assert prices == [D("102.90"), D("102.80"), D("102.70")]


@pytest.mark.parametrize(
    ("b_now", "venue", "purpose"),
    [((102.0, 103.0), "beta", Purpose.HEDGE), ((97.0, 98.0), "alpha", Purpose.REVERSE)],
)
def test_at_the_bound_the_cheaper_of_proceeding_and_reversing_is_taken(
    b_now: tuple[float, float], venue: str, purpose: Purpose
) -> None:
    rig, a, b = opened(route(hedge_band_bps=10.0, hedge_band_max_bps=10.0))
    rig.answer(a)
    rig.b(*b_now)
    rig.answer(b, "0")
    order = rig.new_order
    assert (order.venue, order.side, order.purpose) == (venue, Side.SELL, purpose)


def test_before_the_bound_the_trade_proceeds_even_where_reversing_is_cheaper() -> None:
    rig, a, b = opened()
    rig.answer(a)
    rig.b(97.0, 98.0)
    rig.answer(b, "0")
    assert rig.new_order.purpose is Purpose.HEDGE


def test_the_cheaper_way_counts_fees_and_fx() -> None:
    config = route(fee_b=taker(500.0), hedge_band_bps=10.0, hedge_band_max_bps=10.0)
    rig = Rig(config)
    rig.show(CHEAP_A, (108.0, 109.0), qty=10.0)
    a, b = rig.placed
    rig.answer(a)
    rig.b(103.0, 104.0)  # 103 less five percent is less than 99
    rig.answer(b, "0")
    assert rig.new_order.purpose is Purpose.REVERSE


def test_a_leader_taken_back_ends_the_trade_at_a_loss() -> None:
    rig, a, b = opened(route(hedge_band_bps=10.0, hedge_band_max_bps=10.0))
    rig.answer(a)
    rig.b(90.0, 91.0)
    rig.answer(b, "0")
    rig.answer(rig.new_order)
    (trade,) = rig.closed
    assert trade.exit_reason is ExitReason.TAKEN_BACK
    assert trade.pnl.total == 10 * D("98.91") - 1000  # 98.901, rounded up to the tick
    assert rig.route.totals.losses == 1


def test_a_leg_that_cannot_be_paid_for_is_not_waited_for() -> None:
    purses = {"alpha": {"USDT": D(10**6), "BTC": D(0)}, "beta": {"USDT": D(0), "BTC": D(10)}}
    rig, a, b = opened(balances=purses)
    rig.answer(a)
    rig.engine.accounts.ledger.transfer("beta", "opening", "BTC", D(10))
    rig.reject(b, "insufficient_balance")
    assert rig.new_order.purpose is Purpose.REVERSE


# --- when nothing works -----------------------------------------------------------------------


def test_when_every_try_failed_the_route_halts_with_the_true_residual() -> None:
    rig, a, b = opened(route(hedge_band_bps=10.0, hedge_band_step_bps=0.0, hedge_retry_seconds=0.0))
    rig.answer(a, "7")
    rig.answer(b, "0")
    for _ in range(6):
        rig.answer(rig.new_order, "0")
    assert rig.new_orders == []
    assert len(rig.placed) == 2 + 6
    (halt,) = rig.risk_changes
    assert (halt.scope, halt.level) == ("r", "HALT")
    assert halt.reason == "unhedged: 7 BTC of s-t1"
    rig.b(*DEAR_B)
    assert rig.reasons == ["risk:unhedged"]


def test_after_a_resume_corrections_begin_anew_with_a_narrow_band() -> None:
    rig, a, b = opened(route(hedge_band_max_bps=10.0, hedge_retry_seconds=0.0))
    rig.answer(a)
    rig.answer(b, "0")
    for _ in range(6):
        rig.answer(rig.new_order, "0")
    assert rig.route.halted_reason == "unhedged"
    rig.resume()
    assert rig.route.halted_reason == ""
    assert rig.new_order.price == D("102.90")


def test_the_number_of_tries_is_bounded() -> None:
    rig, *_ = opened(route(hedge_band_bps=10.0, hedge_band_step_bps=20.0, hedge_band_max_bps=50.0))
    tries = 0
    while not is_exhausted(rig.route, rig.state):
        rig.state.hedge_attempts += 1
        tries += 1
    assert tries == 2 + 6


def test_at_the_bound_both_ways_are_tried_in_turn_the_cheaper_first() -> None:
    """What one venue keeps refusing must not stand in the way of the other."""
    rig, a, b = opened(route(hedge_band_max_bps=10.0, hedge_retry_seconds=0.0))
    rig.answer(a)
    rig.answer(b, "0")
    tried = []
    for _ in range(4):
        order = rig.new_order
        tried.append((order.venue, order.purpose))
        rig.answer(order, "0")
    assert tried[:2] == tried[2:]
    assert {purpose for _, purpose in tried} == {Purpose.HEDGE, Purpose.REVERSE}
    assert len({venue for venue, _ in tried}) == 2


def test_a_leg_that_stays_unhedged_too_long_halts_the_route() -> None:
    limits = RiskLimits(max_unhedged_seconds=3.0, price_band_bps=9000.0)
    rig, a, b = opened(limits=limits)
    for venue in ("alpha", "beta"):
        rig.feed(VenueStatus(rig.now_ns, venue, False))
    rig.answer(a)
    rig.answer(b, "0")
    rig.tick(2.9)
    assert rig.route.halted_reason == ""
    rig.tick(0.1)
    rig.tick(1.0)
    assert [(each.scope, each.level) for each in rig.risk_changes[2:]] == [("r", "HALT")]
    assert rig.risk_changes[-1].reason == "max_unhedged: 10 BTC of s-t1"


def test_a_route_that_halted_for_want_of_a_book_still_hedges_when_one_comes() -> None:
    limits = RiskLimits(max_unhedged_seconds=0.0, price_band_bps=9000.0)
    rig, a, b = opened(limits=limits)
    rig.wait(60.0)
    rig.answer(a)
    rig.answer(b, "0")
    assert rig.route.halted_reason == "max_unhedged"
    rig.b(*DEAR_B)
    assert rig.new_order.qty == 10


def test_a_hedge_outside_the_price_band_is_not_sent() -> None:
    limits = RiskLimits(price_band_bps=60.0, max_unhedged_seconds=1.0)
    rig, a, b = opened(route(hedge_band_bps=200.0), limits=limits)
    rig.answer(a)
    rig.answer(b, "0")
    assert rig.new_orders == []
    rig.tick(1.0)
    assert rig.route.halted_reason == "max_unhedged"


def test_the_clock_of_an_unhedged_leg_starts_anew_once_it_is_hedged() -> None:
    limits = RiskLimits(max_unhedged_seconds=5.0, price_band_bps=9000.0)
    rig = Rig(convergence(close_on_spread_reversal=False), limits=limits)
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.placed
    rig.answer(a)
    rig.answer(b, "7")
    rig.answer(rig.new_order)
    assert rig.trade.phase is TradePhase.OPEN
    for late in ("8", "9"):  # each told long after the end, each corrected
        rig.wait(60.0).show(CHEAP_A, DEAR_B)
        rig.answer(b, late, status=OrderStatus.CANCELED)
        rig.answer(rig.new_order)
    rig.wait(60.0)
    rig.answer(b, "10")  # no young book, so nothing can be sent, but not for long yet
    assert rig.new_orders == []
    assert rig.route.halted_reason == ""
    rig.tick(5.0)
    assert rig.route.halted_reason == "max_unhedged"


# --- dust -------------------------------------------------------------------------------------


def test_dust_is_what_neither_leg_could_trade() -> None:
    legs = {"a": spot("alpha", min_notional=D(50)), "b": spot("beta", lot_size=D(1))}
    rig = Rig(route(**legs))
    assert is_dust(rig.route, D(0))
    assert not is_dust(rig.route, D("0.1"))  # without a book nobody knows
    rig.show((100.0, 100.1), (100.0, 100.1))
    assert is_dust(rig.route, D("0.5"))
    assert is_dust(rig.route, D("-0.505"))  # a sale at the end of the band would be too small
    assert not is_dust(rig.route, D("0.51"))
    assert not is_dust(rig.route, D("-1"))


def test_a_residual_too_small_for_any_venue_is_carried_into_the_next_hedge() -> None:
    """LESSONS 5."""
    legs = {"a": spot("alpha", min_notional=D(50)), "b": spot("beta", min_notional=D(50))}
    rig, a, b = opened(route(**legs))
    rig.answer(a)
    rig.answer(b, "9.7")
    assert rig.closed[-1].exit_reason is ExitReason.COMPLETE
    assert rig.route.dust == D("0.3")
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.placed[2:]
    assert rig.route.dust == 0
    assert rig.state.carry == D("0.3")
    rig.answer(a)
    rig.answer(b, "9.7")
    assert (rig.new_order.venue, rig.new_order.qty) == ("beta", D("0.6"))
    rig.answer(rig.new_order)
    assert (rig.route.dust, rig.closed[-1].residual_qty) == (0, D("-0.3"))


def test_dust_of_a_trade_that_never_filled_goes_back_to_the_route() -> None:
    rig = Rig(route(spot("alpha", lot_size=D("0.5")), spot("beta", lot_size=D("0.5"))))
    rig.route.dust = D("0.2")
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    assert rig.route.dust == 0
    for order in rig.placed:
        rig.answer(order, "0")
    assert rig.closed[-1].exit_reason is ExitReason.UNFILLED
    assert rig.route.dust == D("0.2")


def test_a_fee_out_of_what_was_bought_leaves_dust_not_a_second_order() -> None:
    fee = taker(10.0, FeeManner.RECEIVED)
    legs = {"a": spot("alpha", lot_size=D("0.1")), "b": spot("beta", lot_size=D("0.1"))}
    rig = Rig(route(**legs, fee_a=fee))
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.placed
    assert (a.qty, b.qty) == (D("9.9"), D("9.9"))
    rig.answer(a)
    rig.answer(b)
    assert rig.route.dust == D("-0.0099")
    assert len(rig.placed) == 2


# --- while closing ----------------------------------------------------------------------------


def closing(**terms: Any) -> tuple[Rig, PlaceOrder, PlaceOrder]:
    """A convergence trade of ten with both exit orders out."""
    rig = Rig(convergence(spot("alpha"), perp("beta"), **terms))
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    rig.fill_all()
    rig.show((104.0, 105.0), (100.0, 101.0))
    a, b = rig.new_orders
    return rig, a, b


def test_a_partial_exit_is_hedged_on_the_leg_that_lags() -> None:
    rig, a, b = closing()
    rig.answer(a)
    rig.answer(b, "4")
    hedge = rig.new_order
    assert (hedge.venue, hedge.side, hedge.qty) == ("beta", Side.BUY, 6)
    assert (hedge.purpose, hedge.reduce_only) == (Purpose.HEDGE, True)


def test_what_an_exit_sold_too_early_is_bought_back_where_that_is_cheaper() -> None:
    rig, a, b = closing(hedge_band_max_bps=10.0)
    rig.answer(b)
    rig.a(90.0, 91.0)
    rig.b(104.0, 105.0)
    rig.answer(a, "4")
    order = rig.new_order
    assert (order.venue, order.side, order.qty) == ("beta", Side.SELL, 6)
    # It opens what was closed, so it must not be marked as one that may only reduce.
    assert (order.purpose, order.reduce_only) == (Purpose.REVERSE, False)


def test_an_open_trade_of_which_late_fills_left_nothing_is_closed() -> None:
    rig = Rig(convergence(close_on_spread_reversal=False))
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    rig.fill_all()
    for leg in (rig.trade.leg_a, rig.trade.leg_b):
        leg.add(leg.side.opposite, Fill(D(10), D(1000), ()))
    rig.state.wake()
    rig.tick()
    assert rig.closed[0].exit_reason is ExitReason.TAKEN_BACK
    assert rig.route.trades == []


def test_a_correction_during_an_exit_goes_out_at_once() -> None:
    rig, a, b = closing()
    rig.answer(a)
    rig.answer(b, "0")
    assert rig.new_order.qty == 10
