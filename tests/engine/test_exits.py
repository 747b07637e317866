from typing import Any

import pytest
from engine.builders import D, Rig, convergence, krw_usdt, perp, rich, spot, taker
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from arbitrage.domain.decisions import TradeClosing
from arbitrage.domain.events import Command, CommandKind, FundingPayment
from arbitrage.domain.fees import FeeManner
from arbitrage.domain.intents import Purpose
from arbitrage.domain.sides import Side
from arbitrage.domain.trade import ExitReason, TradePhase
from arbitrage.engine.exits import Unwinding, marked_pnl, unwinding

CHEAP_A, DEAR_B = (99.9, 100.0), (102.0, 102.1)
HOLD: dict[str, Any] = {"close_on_spread_reversal": False, "min_seconds_between_entries": 1e6}


def holding(config: Any = None, **more: Any) -> Rig:
    """A trade of ten, bought at 100 and sold at 102."""
    rig = Rig(config or convergence(**HOLD), **more)
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    rig.fill_all()
    assert rig.trade.phase is TradePhase.OPEN
    return rig


def prices(rig: Rig) -> Unwinding:
    rig.tick()
    assert rig.state.holdings is not None
    return unwinding(rig.route, rig.state, rig.state.holdings)


# --- every reason -----------------------------------------------------------------------------


def test_a_trade_that_no_rule_closes_stays_open() -> None:
    rig = holding()
    rig.wait(2.0).show((101.0, 101.1), (101.0, 101.1), qty=10.0)
    assert rig.new_orders == []
    assert rig.trade.phase is TradePhase.OPEN


def test_a_premium_that_came_back_is_a_spread_reversal() -> None:
    rig = holding(convergence(min_seconds_between_entries=1e6))
    rig.show((100.9, 101.0), (101.1, 101.2), qty=10.0)
    assert rig.new_orders == []  # 30 bps under par; half of both spreads, 10 bps, was expected
    rig.show((101.25, 101.35), (101.2, 101.3), qty=10.0)
    assert len(rig.new_orders) == 2
    rig.fill_all()
    assert rig.closed[0].exit_reason is ExitReason.SPREAD_REVERSAL
    assert rig.closed[0].pnl.total == 10 * (D("1.25") + D("0.7"))


@pytest.mark.parametrize(
    ("terms", "a", "b", "reason"),
    [
        ({"take_profit_bps": 150.0}, (101.0, 101.1), (101.3, 101.4), ExitReason.TAKE_PROFIT),
        ({"stop_loss_bps": 100.0}, (99.0, 99.1), (102.0, 102.1), ExitReason.STOP_LOSS),
    ],
)
def test_results_are_judged_net_of_everything_on_the_unwinding_side(
    terms: dict[str, float], a: Any, b: Any, reason: ExitReason
) -> None:
    """Sold at A's bid, bought back at B's ask: the mids or the entry sides would say otherwise."""
    rig = holding(convergence(**HOLD, **terms))
    better = 0.1 if reason is ExitReason.STOP_LOSS else -0.1
    rig.show((a[0] + better, a[1] + better), b, qty=10.0)
    assert rig.new_orders == []
    rig.show(a, b, qty=10.0)
    assert len(rig.new_orders) == 2
    rig.fill_all()
    assert rig.closed[0].exit_reason is reason


def test_a_trade_held_too_long_is_closed() -> None:
    rig = holding(convergence(**HOLD, max_holding_seconds=60.0, max_book_age_seconds=100.0))
    rig.tick(59.9)
    assert rig.new_orders == []
    rig.tick(0.1)
    rig.fill_all()
    assert rig.closed[0].exit_reason is ExitReason.MAX_HOLDING


def test_funding_that_turned_closes_the_trade() -> None:
    rig = holding(convergence(**HOLD, exit_on_funding_bps=5.0))
    b = rig.route.b.instrument
    rig.funding(b, 0.01)  # we are short and are paid
    rig.show((100.0, 100.1), (101.0, 101.1), qty=10.0)
    assert rig.new_orders == []
    rig.funding(b, -0.0005)
    rig.show((100.0, 100.1), (101.0, 101.1), qty=10.0)
    rig.fill_all()
    assert rig.closed[0].exit_reason is ExitReason.FUNDING


@pytest.mark.parametrize("scope", ["", "r"])
def test_a_flattening_closes_the_trade_at_any_price(scope: str) -> None:
    rig = holding()
    rig.feed(Command(rig.now_ns, CommandKind.FLATTEN, scope))
    assert [order.purpose for order in rig.new_orders] == [Purpose.EXIT] * 2
    rig.fill_all()
    assert rig.closed[0].exit_reason is ExitReason.RISK


def test_of_several_reasons_risk_comes_first_then_the_loss() -> None:
    config = convergence(
        stop_loss_bps=0.0, max_holding_seconds=0.0, take_profit_bps=0.0, max_open_trades=1
    )
    rig = Rig(config)
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    rig.fill_all()
    rig.tick()
    rig.fill_all()
    assert rig.closed[0].exit_reason is ExitReason.STOP_LOSS


# --- closing sends orders, and a loss is a loss -----------------------------------------------


def test_closing_sends_orders_and_books_only_what_they_fill() -> None:
    """LESSONS 27: closing sent no orders; profit was booked."""
    rig = holding(convergence(min_seconds_between_entries=1e6))
    rig.show((102.0, 102.1), (102.0, 102.1), qty=10.0)
    a, b = rig.new_orders
    assert (a.side, b.side) == (Side.SELL, Side.BUY)
    assert (a.qty, b.qty, a.reduce_only, b.reduce_only) == (10, 10, False, True)
    assert [type(each) for each in rig.last.decisions] == [TradeClosing]
    assert rig.closed == []
    rig.answer(a, "0")
    rig.answer(b, "0")
    assert rig.closed == []  # nothing was had, so nothing is closed and nothing is won
    assert rig.trade.phase is TradePhase.OPEN
    assert rig.trade.pnl.total == -1000 + 0  # bought spot; the perpetual has realised nothing


def test_a_loss_is_booked_as_a_loss() -> None:
    """LESSONS 28: an exit spread that was always zero could never lose."""
    rig = holding(convergence(**HOLD, stop_loss_bps=50.0))
    rig.show((97.0, 97.1), (103.0, 103.1), qty=10.0)
    rig.fill_all()
    (trade,) = rig.closed
    assert trade.pnl.total == 10 * (97 - 100) + 10 * (102 - D("103.1"))
    assert trade.pnl_usd < 0
    assert rig.engine.risk.realised_usd == trade.pnl_usd
    assert rig.route.losses_in_a_row == 1


def test_an_exit_that_did_not_fill_is_tried_again_after_a_pause() -> None:
    rig = holding(convergence(**HOLD, take_profit_bps=10.0, hedge_retry_seconds=0.5))
    rig.show((102.0, 102.1), (102.0, 102.1), qty=10.0)
    for order in rig.new_orders:
        rig.answer(order, "0")
    rig.wait(0.4).show((102.0, 102.1), (102.0, 102.1), qty=10.0)
    assert rig.new_orders == []
    rig.wait(0.1).show((102.0, 102.1), (102.0, 102.1), qty=10.0)
    assert len(rig.new_orders) == 2


def test_while_an_exit_is_in_doubt_no_second_one_is_sent() -> None:
    """LESSONS 8: close orders sent again and again, opening the opposite position."""
    rig = holding(convergence(**HOLD, take_profit_bps=10.0))
    rig.show((102.0, 102.1), (102.0, 102.1), qty=10.0)
    a, b = rig.new_orders
    rig.answer(a)
    rig.doubt(b)
    for _ in range(9):
        rig.wait(1.0).show((102.0, 102.1), (102.0, 102.1), qty=10.0)
    assert len(rig.placed) == 4
    rig.answer(b)
    assert rig.closed[0].residual_qty == 0


def test_books_that_may_not_be_traded_on_close_nothing() -> None:
    rig = holding(convergence(**HOLD, take_profit_bps=10.0))
    rig.a(102.0, 101.0, 10.0)
    assert rig.new_orders == []


# --- at the size of the position --------------------------------------------------------------


def test_the_result_is_that_of_walking_the_books_for_the_whole_position() -> None:
    rig = holding()
    rig.book(rig.route.a.instrument, [(101.0, 4.0), (100.0, 6.0)], [(102.0, 1.0)])
    rig.book(rig.route.b.instrument, [(99.0, 1.0)], [(100.0, 5.0), (101.0, 5.0)])
    found = prices(rig)
    sold, bought = 4 * 101 + 6 * 100, 5 * 100 + 5 * 101
    assert found.edge_bps == pytest.approx((sold / bought - 1) * 1e4, abs=1e-6)
    assert found.result_bps == pytest.approx((sold - 1000 + 1020 - bought) / 1020 * 1e4, abs=1e-6)
    assert (found.worst_price_a, found.worst_price_b, found.share) == (100.0, 101.0, 1.0)


def test_a_position_that_the_books_just_hold_does_not_reach_for_the_next_level() -> None:
    rig = Rig(convergence(**HOLD))
    rig.show(CHEAP_A, DEAR_B, qty=0.4)
    rig.fill_all()
    rig.book(rig.route.a.instrument, [(99.0, 0.3), (98.0, 0.1), (50.0, 9.0)], [(100.0, 1.0)])
    rig.book(rig.route.b.instrument, [(99.0, 1.0)], [(100.0, 0.3), (101.0, 0.1), (200.0, 9.0)])
    found = prices(rig)
    assert (found.worst_price_a, found.worst_price_b, found.share) == (98.0, 101.0, 1.0)


def test_books_too_thin_for_the_position_close_nothing_by_themselves() -> None:
    rig = holding(convergence(**HOLD, take_profit_bps=10.0))
    rig.show((102.0, 102.1), (102.0, 102.1), qty=4.0)
    assert rig.new_orders == []
    assert prices(rig).share == pytest.approx(0.4)


def test_a_flattening_takes_what_thin_books_give_the_same_of_both() -> None:
    rig = holding()
    rig.a(100.0, 100.1, 4.0)
    rig.b(100.0, 100.1, 8.0)
    rig.command(CommandKind.FLATTEN)
    assert [order.qty for order in rig.new_orders] == [4, 4]
    rig.fill_all()
    assert rig.closed == []
    rig.wait(1.0).show((100.0, 100.1), (100.0, 100.1), qty=10.0)
    assert [order.qty for order in rig.new_orders] == [6, 6]
    rig.fill_all()
    assert rig.closed[0].residual_qty == 0


def test_an_empty_book_closes_nothing() -> None:
    rig = holding()
    rig.book(rig.route.a.instrument, [], [])
    rig.command(CommandKind.FLATTEN)
    assert rig.new_orders == []


def test_where_money_is_short_both_legs_close_the_same_share() -> None:
    """Coin was sold at A and must be bought back with half of the money gone."""
    rig = Rig(convergence(**HOLD, stop_loss_bps=0.0))
    rig.show((102.0, 102.1), (99.9, 100.0), qty=10.0)
    assert rig.placed[0].side is Side.SELL
    ledger = rig.engine.accounts.ledger
    for order in rig.placed:
        rig.answer(order)
        if order.venue == "alpha":
            ledger.transfer("alpha", "opening", "USDT", rig.balance("alpha", "USDT") - D(510))
    rig.tick()
    a, b = rig.new_orders
    assert a.price == D("102.1")
    assert (a.qty, b.qty) == (D("4.995"), D("4.995"))


def test_a_fee_out_of_what_is_bought_back_is_bought_on_top() -> None:
    rig = Rig(convergence(**HOLD, fee_a=taker(100.0, FeeManner.RECEIVED)))
    rig.show((104.0, 104.1), (99.9, 100.0), qty=10.0)
    rig.fill_all()
    rig.show((104.0, 104.1), (99.9, 100.0), qty=20.0)
    rig.command(CommandKind.FLATTEN)
    a, b = rig.new_orders
    assert (a.side, a.qty, b.qty) == (Side.BUY, D("10.101"), 10)
    rig.fill_all()
    assert abs(rig.closed[0].residual_qty) < D("0.001")


def test_exit_limits_stand_half_the_slippage_beyond_the_worst_price() -> None:
    rig = holding(convergence(**HOLD, slippage_bps=20.0, take_profit_bps=10.0))
    rig.show((102.0, 102.1), (102.0, 102.2), qty=10.0)
    a, b = rig.new_orders
    assert (a.price, b.price) == (D("101.90"), D("102.30"))  # 101.898 up, 102.3022 down


def test_a_share_that_a_venue_would_refuse_is_told_and_not_sent() -> None:
    rig = holding(convergence(spot("alpha", min_notional=D(500)), **HOLD))
    rig.a(100.0, 100.1, 4.0)
    rig.command(CommandKind.FLATTEN)
    assert rig.new_orders == []
    assert rig.reasons == ["exit:min_notional"]
    assert rig.trade.phase is TradePhase.OPEN
    rig.wait(1.0).a(100.0, 100.1, 6.0)
    assert [order.qty for order in rig.new_orders] == [6, 6]


def test_a_leg_too_small_for_its_venue_is_left_as_dust_and_the_other_is_closed() -> None:
    rig = holding(convergence(spot("alpha", min_notional=D(900)), **HOLD, max_holding_seconds=5.0))
    rig.wait(6.0).show((80.0, 80.1), (102.0, 102.1), qty=10.0)
    (order,) = rig.new_orders
    assert (order.venue, order.qty) == ("beta", 10)
    rig.answer(order)
    (trade,) = rig.closed
    assert (trade.exit_reason, rig.route.dust) == (ExitReason.MAX_HOLDING, 10)
    assert trade.pnl.total == -1  # what is left over is counted at its price, not at a guess
    rig.show(CHEAP_A, (200.0, 201.0), qty=10.0)
    assert rig.route.trades == []  # it does not open by itself, but the next trade hedges it
    rig.wait(2e6).show((99.9, 100.0), (102.0, 102.1), qty=10.0)
    rig.fill_all()
    assert (rig.route.dust, rig.trade.leg_b.position) == (0, -20)


def test_a_position_that_both_venues_find_too_small_by_now_is_dust() -> None:
    least = {"min_notional": D(900)}
    rig = holding(convergence(spot("alpha", **least), perp("beta", **least), **HOLD))
    rig.show((50.0, 50.1), (50.0, 50.1), qty=10.0)
    rig.command(CommandKind.FLATTEN)
    assert rig.new_orders == []
    rig.tick()
    assert rig.closed[0].exit_reason is ExitReason.RISK
    assert rig.route.dust == 0


# --- what it would bring is what it brings ----------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([(99.9, 100.0, 102.0, 102.1), (104.0, 104.2, 100.0, 100.3)]),
    st.floats(80.0, 120.0),
    st.floats(80.0, 120.0),
    st.sampled_from([0.0, 12.0, 80.0]),
    st.sampled_from(list(FeeManner)),
    st.booleans(),
    st.integers(-5, 5),
)
def test_the_result_foretold_is_the_result_booked(
    entry: tuple[float, float, float, float],
    exit_a: float,
    exit_b: float,
    fee_bps: float,
    manner: FeeManner,
    is_in_won: bool,
    funding: int,
) -> None:
    """Every fee that was really paid, funding and FX inside, in both directions."""
    bid_a, ask_a, bid_b, ask_b = entry
    scale = 1000.0 if is_in_won else 1.0
    fee = taker(fee_bps, manner, "BNB" if manner is FeeManner.THIRD_TOKEN else "")
    config = convergence(
        spot("alpha", "KRW" if is_in_won else "USDT"),
        perp("beta"),
        fx=krw_usdt(1000.0),
        fee_a=fee,
        fee_b=taker(fee_bps),
        **HOLD,
    )
    rig = Rig(config, balances=rich(config))
    rig.show((bid_a * scale, ask_a * scale), (bid_b, ask_b), qty=10.0)
    assume(rig.placed)
    rig.fill_all()
    quote = D(funding)
    b = rig.route.b.instrument
    rig.feed(FundingPayment(rig.now_ns, "beta", b.symbol, "USDT", quote))
    for leg, bid, unit in ((rig.route.a, exit_a, scale), (rig.route.b, exit_b, 1.0)):
        rig.touch(leg.instrument, round(bid * unit, 2), round((bid + 0.1) * unit, 2), qty=20.0)
    foretold = prices(rig)
    notional = float(max(rig.trade.leg_a.entry_cost, rig.trade.leg_b.entry_cost * D(scale)))
    rig.command(CommandKind.FLATTEN)
    rig.fill_all()
    booked = rig.closed[0].pnl.total
    if manner is FeeManner.THIRD_TOKEN:  # not valued: no rate of BNB is known
        booked -= rig.closed[0].leg_a.exit_cost * D(fee_bps) / 10_000
    # Bought on top for a fee and left over at another price than it was charged at: a fee of a fee.
    tolerance = fee_bps / 3 if manner is FeeManner.RECEIVED else 0.0
    assert foretold.result_bps == pytest.approx(
        float(booked) / notional * 1e4, abs=tolerance + 1e-6
    )


def test_a_fee_out_of_the_received_asset_is_charged_once() -> None:
    rig = Rig(convergence(**HOLD, fee_a=taker(1000.0, FeeManner.RECEIVED)))
    rig.show((99.9, 100.0), (130.0, 131.0), qty=10.0)
    rig.fill_all()
    rig.show((100.0, 100.1), (129.9, 130.0), qty=10.0)
    # Ten bought, nine had and sold short: a loss of one, and a tenth of the sale at A.
    assert prices(rig).result_bps == pytest.approx(-(100 + 90) / (9 * 130) * 1e4, rel=1e-9)


# --- marking ----------------------------------------------------------------------------------


def test_an_open_trade_is_marked_at_the_mids() -> None:
    rig = holding()
    rig.show((101.0, 103.0), (100.0, 102.0), qty=10.0)
    assert marked_pnl(rig.route, rig.state) == 10 * 2 + 10 * 1


def test_a_leg_without_a_mid_is_left_out_of_the_mark() -> None:
    rig = holding()
    rig.show((101.0, 103.0), (100.0, 102.0), qty=10.0)
    rig.book(rig.route.b.instrument, [], [])
    assert marked_pnl(rig.route, rig.state) == 10 * 2


def test_marks_are_in_as_quote() -> None:
    config = convergence(spot("alpha", "KRW"), perp("beta"), fx=krw_usdt(1000.0), **HOLD)
    rig = Rig(config)
    rig.show((99_900.0, 100_000.0), (102.0, 102.1), qty=10.0)
    rig.fill_all()
    rig.show((99_000.0, 101_000.0), (100.0, 102.0), qty=10.0)
    assert marked_pnl(rig.route, rig.state) == 10 * 1 * 1000
