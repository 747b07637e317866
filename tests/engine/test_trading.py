from decimal import Decimal
from typing import Any

import pytest
from engine.builders import (
    CHEAP_A,
    DEAR_B,
    T0,
    D,
    Rig,
    convergence,
    krw_usdt,
    perp,
    rich,
    route,
    spot,
    taker,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from arbitrage.domain.decisions import Refusal, TradeClosed, TradeClosing, TradeOpened
from arbitrage.domain.events import FundingPayment, FxQuote
from arbitrage.domain.fees import FeeManner
from arbitrage.domain.fx import FxFeed
from arbitrage.domain.sides import Direction
from arbitrage.domain.trade import ExitReason, TradePhase
from arbitrage.engine.config import RiskLimits
from arbitrage.engine.risk import Level

# --- looking and opening ----------------------------------------------------------------------


def test_an_opening_is_decided_and_ordered_in_one_step() -> None:
    rig = Rig(route(fee_a=taker(10.0)))
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    (opened,) = rig.last.decisions
    assert isinstance(opened, TradeOpened)
    trade = opened.trade
    assert (trade.trade_id, trade.route, trade.qty) == ("s-t1", "r", 10)
    assert trade.direction is Direction.LONG_A_SHORT_B
    assert trade.edge_bps == pytest.approx((103 / 100.1 - 1) * 1e4)
    assert (trade.opened_ns, trade.phase, trade.is_open) == (T0, TradePhase.OPENING, True)
    assert [(o.venue, o.side.value, o.trade_id) for o in rig.new_orders] == [
        ("alpha", "buy", "s-t1"),
        ("beta", "sell", "s-t1"),
    ]


def test_a_refusal_says_what_why_and_how_much_was_missed() -> None:
    rig = Rig(route(min_edge_bps=500.0))
    rig.show(CHEAP_A, DEAR_B)
    (refusal,) = rig.last.decisions
    assert refusal == Refusal(T0, "r", Direction.LONG_A_SHORT_B, "min_edge", pytest.approx(300.0))
    assert rig.route.refusals == {"min_edge": 1}


def test_each_opportunity_has_exactly_one_reason() -> None:
    rig = Rig(route(max_book_age_seconds=1.0), balances={})
    rig.show(CHEAP_A, DEAR_B)
    assert rig.reasons == ["balance"]
    rig.wait(9.0).b(*DEAR_B)
    assert rig.reasons == ["stale_book"]
    rig.a(99.0, 103.0)  # no edge, no refusal
    assert rig.last.decisions == ()


def test_the_record_of_a_trade_is_what_was_filled_not_what_was_planned() -> None:
    rig = Rig(route())
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.placed
    rig.answer(a, "6", price=99.5)
    rig.answer(b, "6", price="103.5")  # type: ignore[arg-type]
    (trade,) = rig.closed
    assert (trade.qty, trade.qty_a, trade.qty_b) == (10, 6, 6)
    assert (trade.entry_price_a, trade.entry_price_b) == (D("99.5"), D("103.5"))
    assert trade.pnl.total == 24


def test_a_trade_refused_by_a_guard_never_stays_open() -> None:
    """LESSONS 29: refused by the risk guard, it stayed open and later booked profit."""
    rig = Rig(route(), limits=RiskLimits(price_band_bps=0.0))
    rig.show(CHEAP_A, DEAR_B)
    assert rig.reasons == ["risk:price_band"]
    assert rig.route.trades == []
    assert rig.engine.trading.trades_opened == 0


# --- closing ----------------------------------------------------------------------------------


def test_an_inventory_trade_is_complete_when_both_legs_are() -> None:
    rig = Rig(route())
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    for order in rig.placed:
        rig.answer(order)
    assert [type(each) for each in rig.decisions] == [TradeOpened, TradeClosed]
    assert rig.closed[0].exit_reason is ExitReason.COMPLETE
    assert rig.closed[0].closed_ns == T0
    assert rig.route.trades == []


def test_a_convergence_trade_opens_closes_and_counts() -> None:
    rig = Rig(convergence())
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    rig.fill_all()
    rig.wait(1.0).show((102.0, 103.0), (100.0, 101.0), qty=10.0)
    rig.fill_all()
    kinds = [type(each) for each in rig.decisions if not isinstance(each, Refusal)]
    assert kinds == [TradeOpened, TradeClosing, TradeClosed]
    (trade,) = rig.closed
    assert trade.pnl.total == 10 * (102 - 100) + 10 * (103 - 101)
    assert (rig.route.totals.trades, rig.route.totals.losses) == (1, 0)
    assert rig.engine.risk.day_usd == trade.pnl_usd == 40


def test_results_are_told_in_dollars_too() -> None:
    config = route(spot("alpha", "KRW"), spot("beta"), fx=krw_usdt(1000.0))
    rig = Rig(config)
    rig.show((99_000.0, 100_000.0), DEAR_B, qty=10.0)
    rig.fill_all()
    assert rig.closed[0].pnl.total == 30_000
    assert rig.closed[0].pnl_usd == 30


def test_a_streak_of_losses_makes_the_route_cool_down() -> None:
    limits = RiskLimits(max_consecutive_losses=2, cooldown_seconds=30.0, price_band_bps=9000.0)
    rig = Rig(route(), limits=limits)
    for _ in range(2):
        rig.show(CHEAP_A, DEAR_B, qty=10.0)
        for order in rig.new_orders:
            rig.answer(order, price=100)
            rig.engine.accounts.available(order.venue, "USDT")
    assert rig.route.losses_in_a_row == 0  # neither won nor lost
    for expected in (1, 0):  # the second loss starts the pause and a new count
        rig.show(CHEAP_A, DEAR_B, qty=10.0)
        a, b = rig.new_orders
        rig.answer(a)
        rig.answer(b, price=99)
        assert rig.route.losses_in_a_row == expected
    rig.wait(29.9).show(CHEAP_A, DEAR_B, qty=10.0)
    assert rig.reasons == ["cooldown"]
    rig.wait(0.1).show(CHEAP_A, DEAR_B, qty=10.0)
    assert len(rig.new_orders) == 2


def test_a_win_ends_the_streak() -> None:
    rig = Rig(route())
    rig.route.losses_in_a_row = 4
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    rig.fill_all()
    assert rig.route.losses_in_a_row == 0


def test_a_streak_limit_of_zero_is_off() -> None:
    rig = Rig(route(), limits=RiskLimits(max_consecutive_losses=0, price_band_bps=9000.0))
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.placed
    rig.answer(a)
    rig.answer(b, price=90)
    assert rig.route.losses_in_a_row == 1
    assert rig.route.cooldown_until_ns == T0


# --- funding ----------------------------------------------------------------------------------


def pay(rig: Rig, amount: str, venue: str = "beta", symbol: str = "BTC/USDT:USDT") -> None:
    rig.feed(FundingPayment(rig.now_ns, venue, symbol, "USDT", D(amount)))


def test_funding_is_shared_among_the_trades_that_held_the_position() -> None:
    """Two routes on one perpetual, each with its own copy of the instrument."""
    terms = {"close_on_spread_reversal": False, "max_leg_skew_seconds": 9e9}
    rig = Rig(
        convergence(spot("alpha"), perp("beta"), **terms),
        convergence(spot("gamma"), perp("beta"), name="s", **terms),
    )
    rig.show(CHEAP_A, DEAR_B, qty=1.0)
    rig.fill_all()
    rig.b(*DEAR_B, 3.0)
    rig.touch(spot("gamma"), *CHEAP_A, 3.0)
    rig.fill_all()
    pay(rig, "8")
    first, second = (state.trades[0].trade for state in rig.engine.routes.values())
    assert (first.qty, second.qty) == (1, 3)
    assert (first.pnl.funding, second.pnl.funding) == (2, 6)
    assert (first.pnl.leg_b, second.pnl.leg_b) == (2, 6)
    assert rig.balance("beta", "USDT") == 10**10 + 8


def test_funding_in_dollars_is_told_in_as_quote() -> None:
    config = convergence(perp("alpha", "KRW"), perp("beta"), fx=krw_usdt(1000.0))
    rig = Rig(config)
    rig.show((99_000.0, 100_000.0), DEAR_B, qty=1.0)
    rig.fill_all()
    pay(rig, "-2")
    pay(rig, "50", "alpha", "BTC/KRW:KRW")
    assert (rig.trade.pnl.leg_a, rig.trade.pnl.leg_b) == (50, -2000)
    assert rig.trade.pnl.funding == -1950


def test_funding_of_a_position_that_is_nobodys_is_booked_all_the_same() -> None:
    rig = Rig(convergence())
    pay(rig, "-1")
    pay(rig, "-1", symbol="ETH/USDT:USDT")
    assert rig.balance("beta", "USDT") == 10**10 - 2


def test_funding_of_positions_that_cancel_is_shared_by_neither() -> None:
    terms = {"close_on_spread_reversal": False, "max_leg_skew_seconds": 9e9}
    rig = Rig(
        convergence(spot("alpha"), perp("beta"), **terms),
        convergence(spot("gamma"), perp("beta"), name="s", **terms),
    )
    rig.show(CHEAP_A, DEAR_B, qty=1.0)
    rig.fill_all()
    rig.touch(spot("gamma"), 108.0, 109.0, 1.0)
    rig.fill_all()
    pay(rig, "1")
    trades = [state.trades[0].trade for state in rig.engine.routes.values()]
    assert [trade.leg_b.position for trade in trades] == [-1, 1]
    assert [trade.pnl.funding for trade in trades] == [0, 0]
    assert rig.balance("beta", "USDT") == 10**10 - 1 + 1  # netted at a loss of one


# --- the portfolio's limits -------------------------------------------------------------------


def lose(rig: Rig, price: float) -> None:
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.new_orders
    rig.answer(a)
    rig.answer(b, price=price)


def test_the_loss_of_the_day_refuses_until_the_day_is_over() -> None:
    rig = Rig(route(), limits=RiskLimits(max_daily_loss_usd=50.0, price_band_bps=9000.0))
    rig.tick()
    lose(rig, 95.0)
    assert [(each.scope, each.level) for each in rig.risk_changes] == [("portfolio", "REDUCE_ONLY")]
    rig.show(CHEAP_A, DEAR_B)
    assert rig.reasons == ["risk:max_daily_loss"]
    rig.tick(86_400.0)
    assert rig.risk_changes[-1].level == "NORMAL"
    rig.show(CHEAP_A, DEAR_B)
    assert len(rig.new_orders) == 2


def test_a_drawdown_of_open_trades_flattens_them_on_the_next_look() -> None:
    limits = RiskLimits(max_drawdown_usd=100.0, price_band_bps=9000.0)
    rig = Rig(convergence(close_on_spread_reversal=False), limits=limits)
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    rig.fill_all()
    rig.tick()
    rig.show((88.0, 89.0), DEAR_B, qty=10.0)
    rig.tick()
    assert rig.engine.risk.level is Level.FLATTEN
    rig.tick(1.0)
    rig.fill_all()
    assert rig.closed[0].exit_reason is ExitReason.RISK


def test_a_net_delta_stops_entries_and_not_the_hedge() -> None:
    limits = RiskLimits(max_net_delta_usd=300.0, price_band_bps=9000.0)
    rig = Rig(route(), limits=limits)
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.placed
    rig.answer(a)
    rig.tick()
    assert rig.engine.risk.reason == "max_net_delta"
    rig.answer(b, "0")
    assert rig.new_orders[0].qty == 10


# --- results add up to the ledger, whatever the fees, rates and fills -------------------------

sizes = st.integers(1, 10).map(str)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(FeeManner)),
    st.booleans(),
    st.lists(sizes, min_size=4, max_size=4),
    st.floats(900.0, 1100.0),
    st.integers(-3, 3),
)
def test_the_result_of_a_closed_trade_is_what_the_balances_gained(
    manner: FeeManner, is_convergence: bool, fills: list[str], rate: float, funding: int
) -> None:
    """Every currency that moved, converted at the rate of the time; what is left over in coin at
    the price that the trade itself counts it at."""
    token = "BNB" if manner is FeeManner.THIRD_TOKEN else ""
    fee = taker(10.0, manner, token)
    build: Any = convergence if is_convergence else route
    config = build(
        spot("alpha", "KRW"),
        fx=FxFeed("USDT", "KRW"),
        fee_a=fee,
        fee_b=taker(7.0) if is_convergence else fee,
        max_holding_seconds=1.0,
        close_on_spread_reversal=False,
        hedge_retry_seconds=0.0,
    )
    before = rich(config)
    rig = Rig(config, balances=before)
    rig.feed(FxQuote(rig.now_ns, "USDT", "KRW", rate, rate))
    rig.feed(FxQuote(rig.now_ns, "BNB", "USDT", 600.0, 600.0))
    rig.show((80_000.0, 80_100.0), (125.0, 126.0), qty=10.0)
    told = iter(fills)
    for order in list(rig.placed):
        rig.answer(order, min(D(next(told)), order.qty))
    rig.fill_all()
    if is_convergence:
        pay(rig, str(funding))
        rig.wait(1.0).show((90_000.0, 90_100.0), (110.0, 111.0), qty=30.0)
        for order in rig.new_orders:
            rig.answer(order, min(D(next(told)), order.qty))
        while rig.route.trades:
            rig.wait(0.5).show((90_000.0, 90_100.0), (110.0, 111.0), qty=30.0)
            rig.fill_all()
    (trade,) = rig.closed
    assert trade.pnl.total == pytest.approx(gained(rig, before, trade), rel=D("1e-18"))
    assert trade.pnl.unvalued == ()
    assert not any(rig.engine.accounts.ledger.residual().values())


def gained(rig: Rig, before: Any, trade: Any) -> Decimal:
    """What all balances gained in won, coin left over at the price at which the trade counts it
    and coin paid as a fee at the price of its own fill."""
    rate_of = rig.engine.trading.valuation.rate
    total = D(0)
    for venue in ("alpha", "beta"):
        for currency, amount in rig.engine.accounts.ledger.balances(venue).items():
            if currency != "BTC":
                rate = rig.route.fx_of(rig.route.b) if currency == "USDT" else D(1)
                rate = rate_of(currency, "KRW") or rate if currency == "BNB" else rate
                total += (amount - before[venue].get(currency, D(0))) * rate
    for leg, fx in ((trade.leg_a, D(1)), (trade.leg_b, rig.route.fx_of(rig.route.b))):
        if not leg.instrument.is_perpetual:
            total += (leg.entry_qty - leg.exit_qty) * leg.side.sign * trade.entry_price_a
        if "BTC" in leg.fees:
            bought = leg.entry_cost if leg.side.sign > 0 else leg.exit_cost
            total -= bought * D("0.001") * fx
    return total
