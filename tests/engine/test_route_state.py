from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from engine.builders import T0, D, Rig, at, convergence, krw_usdt, perp, route, spot, taker
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.fx import FxFeed, FxQuote
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Direction, Side
from arbitrage.domain.trade import ArbitrageTrade, TradeLeg, TradePnl
from arbitrage.engine.route_state import RouteState, RouteTotals, _common_lot

LONG_A, LONG_B = Direction.LONG_A_SHORT_B, Direction.LONG_B_SHORT_A
prices = st.floats(50.0, 200.0)
bps = st.sampled_from([0.0, 4.0, 10.0, 25.0])
manners = st.sampled_from(["quote", "received", "third"])


def fees_in(manner: str, rate_bps: float) -> FeeSchedule:
    if manner == "third":
        return taker(rate_bps, FeeManner.THIRD_TOKEN, "BNB")
    return taker(rate_bps, FeeManner(manner))


def paid_for_one(ask: float, fees: FeeSchedule) -> float:
    """What one base unit in hand costs: more is bought where the fee is taken out of it."""
    rate = fees.taker_bps / 10_000
    if fees.manner is FeeManner.RECEIVED:
        return ask * (1 / (1 - rate))
    return ask + ask * rate


def had_for_one(bid: float, fees: FeeSchedule) -> float:
    return bid - bid * fees.taker_bps / 10_000


def state_of(rig: Rig, fx: tuple[float, float] | None = None) -> RouteState:
    if fx is not None:
        rig.feed(FxQuote(rig.now_ns, "USDT", "KRW", *fx))
    return rig.route


# --- edges and FX -----------------------------------------------------------------------------


@given(prices, prices, manners, manners, bps, bps, st.floats(900.0, 1100.0), st.floats(0.0, 20.0))
def test_edge_at_the_touch_is_what_a_round_of_money_brings(
    price_a: float,
    price_b: float,
    manner_a: str,
    manner_b: str,
    bps_a: float,
    bps_b: float,
    fx_bid: float,
    fx_spread: float,
) -> None:
    """Spot against spot: what is left over in the other currency is traded at its own side."""
    fx_ask = fx_bid + fx_spread
    fee_a, fee_b = fees_in(manner_a, bps_a), fees_in(manner_b, bps_b)
    for quote_a, quote_b in (("KRW", "USDT"), ("USDT", "KRW")):
        legs = spot("alpha", quote_a), spot("beta", quote_b)
        rig = Rig(route(*legs, fee_a=fee_a, fee_b=fee_b, fx=FxFeed("USDT", "KRW")))
        rig.show((price_a, price_a * 1.01), (price_b, price_b * 1.01))
        state = state_of(rig, (fx_bid, fx_ask))
        if quote_a == "KRW":  # dollars that a sale at B brings are sold, that it costs are bought
            sells_b, buys_b = fx_bid, fx_ask
        else:
            sells_b, buys_b = 1 / fx_ask, 1 / fx_bid
        long_a = had_for_one(price_b, fee_b) * sells_b / paid_for_one(price_a * 1.01, fee_a)
        long_b = had_for_one(price_a, fee_a) / (paid_for_one(price_b * 1.01, fee_b) * buys_b)
        assert state.touch_edge_bps(LONG_A) == pytest.approx((long_a - 1) * 1e4, abs=1e-6)
        assert state.touch_edge_bps(LONG_B) == pytest.approx((long_b - 1) * 1e4, abs=1e-6)


@pytest.mark.parametrize(
    "legs",
    [
        (spot("alpha", "KRW"), perp("beta", "USDT")),
        (perp("alpha", "USDT"), spot("beta", "KRW")),
    ],
)
def test_a_perpetual_leaves_us_with_no_other_currency_so_the_mid_converts(legs: Any) -> None:
    state = state_of(Rig(convergence(*legs, fx=FxFeed("USDT", "KRW"))), (990.0, 1010.0))
    assert state.fx_sell_b == state.fx_buy_b
    assert state.fx_sell_b in (1000.0, pytest.approx(0.001))
    assert state.fx_of(state.b) in (D(1000), D("0.001"))


def test_the_mid_of_both_sides_values_a_spot_leg() -> None:
    legs = spot("alpha", "KRW"), spot("beta", "USDT")
    state = state_of(Rig(route(*legs, fx=FxFeed("USDT", "KRW"))), (990.0, 1010.0))
    assert (state.fx_of(state.a), state.fx_of(state.b)) == (1, 1000)


def test_without_a_rate_nothing_is_comparable_until_one_comes() -> None:
    rig = Rig(route(spot("alpha", "KRW"), spot("beta"), fx=FxFeed("USDT", "KRW")))
    rig.show((99.0, 100.0), (1.0, 1.1))
    assert rig.route.lacks_fx
    assert not rig.route.has_edge()
    assert rig.route.premium() is None
    assert rig.route.fx_of(rig.route.b) == 0
    rig.feed(FxQuote(T0, "USDT", "KRW", 1000.0, 1001.0))
    assert not rig.route.lacks_fx
    assert rig.route.has_edge()


def test_equal_quotes_need_no_rate_even_if_one_is_given() -> None:
    state = Rig(route(spot("alpha", "KRW"), spot("beta", "KRW"), fx=krw_usdt(5.0))).route
    assert (state.fx_sell_b, state.fx_buy_b, state.fx_of(state.b)) == (1.0, 1.0, 1)


@given(prices, prices, st.sampled_from([0.0, 5.0, 40.0]), st.booleans(), bps)
def test_the_early_exit_never_hides_an_edge_above_zero(
    price_a: float, price_b: float, slippage_bps: float, is_convergence: bool, fee_bps: float
) -> None:
    build = convergence if is_convergence else route
    fee = taker(fee_bps)
    rig = Rig(build(slippage_bps=slippage_bps, leg_risk_bps=3.0, fee_a=fee, fee_b=fee))
    rig.show((price_a, price_a * 1.001), (price_b, price_b * 1.001))
    state = rig.route
    edges = [
        state.touch_edge_bps(direction) - state.cost_bps(direction, spread_bps=0.0)
        for direction in Direction
    ]
    if abs(max(edges)) > 1e-6:
        assert state.has_edge() == (max(edges) > 0.0)


def test_a_direction_that_is_not_wanted_is_no_edge() -> None:
    rig = Rig(route(directions=(LONG_B,)))
    rig.show((99.0, 100.0), (120.0, 121.0))
    assert not rig.route.has_edge()
    rig.show((120.0, 121.0), (99.0, 100.0))
    assert rig.route.has_edge()


# --- costs ------------------------------------------------------------------------------------


def test_an_inventory_trade_pays_its_slippage_once() -> None:
    state = Rig(route(slippage_bps=5.0, leg_risk_bps=2.0, fee_a=taker(9.0))).route
    assert state.cost_bps(LONG_A, spread_bps=100.0) == 7.0


@given(
    st.sampled_from([LONG_A, LONG_B]),
    st.floats(-200.0, 200.0),
    st.floats(0.0, 10.0),
    st.floats(0.0, 10.0),
    bps,
    bps,
)
def test_the_expected_exit_is_the_edge_of_crossing_back_at_the_expected_premium(
    direction: Direction,
    premium_bps: float,
    half_spread_a: float,
    half_spread_b: float,
    bps_a: float,
    bps_b: float,
) -> None:
    config = convergence(expected_exit_bps=premium_bps, fee_a=taker(bps_a), fee_b=taker(bps_b))
    rig = Rig(config)
    mid_a = 100.0 * (1 + premium_bps / 1e4)
    a, b = mid_a * half_spread_a / 1e4, 100.0 * half_spread_b / 1e4
    rig.show((mid_a - a, mid_a + a), (100.0 - b, 100.0 + b))
    state = rig.route
    assert state.spread_bps() == pytest.approx(half_spread_a + half_spread_b, abs=1e-6)
    back = LONG_B if direction is LONG_A else LONG_A
    expected = state.expected_exit_edge_bps(direction, spread_bps=state.spread_bps())
    assert expected == pytest.approx(state.touch_edge_bps(back), abs=0.05)


def test_a_convergence_trade_is_charged_four_fees_both_spreads_and_two_slippages() -> None:
    config = convergence(fee_a=taker(3.0), fee_b=taker(4.0), slippage_bps=5.0, leg_risk_bps=1.0)
    rig = Rig(config)
    rig.show((99.95, 100.05), (99.9, 100.1))
    state = rig.route
    at_zero = state.cost_bps(LONG_A, spread_bps=state.spread_bps())
    # Two fees of the entry are in the touch edge; two of the exit, half a spread on each book,
    # the slippage of both crossings and the allowance are here.
    assert at_zero == pytest.approx(3.0 + 4.0 + 5.0 + 10.0 + 10.0 + 1.0, abs=0.02)


@pytest.mark.parametrize(("rate", "direction", "paid_bps"), [
    (0.0004, LONG_A, -4.0),  # the short perpetual is paid
    (0.0004, LONG_B, 4.0),
    (-0.0004, LONG_A, 4.0),
])  # fmt: skip
def test_expected_funding_is_paid_by_the_long_of_a_perpetual(
    rate: float, direction: Direction, paid_bps: float
) -> None:
    rig = Rig(convergence(expected_holding_seconds=8 * 3600.0))
    rig.funding(rig.route.b.instrument, rate)
    assert rig.route.expected_funding_bps(direction) == pytest.approx(paid_bps)
    assert rig.route.cost_bps(direction, spread_bps=0.0) == pytest.approx(paid_bps)


def test_funding_of_two_perpetuals_nets() -> None:
    rig = Rig(convergence(perp("alpha"), perp("beta"), expected_holding_seconds=4 * 3600.0))
    rig.funding(rig.route.a.instrument, 0.0003)
    rig.funding(rig.route.b.instrument, 0.0001)
    assert rig.route.expected_funding_bps(LONG_A) == pytest.approx((3.0 - 1.0) / 2)


def test_spread_of_a_one_sided_book_is_infinite() -> None:
    rig = Rig(route())
    rig.a(99.0, 101.0)
    assert rig.route.spread_bps() == float("inf")
    assert rig.route.premium() is None
    assert not rig.route.has_edge()


# --- the premium ------------------------------------------------------------------------------


def test_premium_is_as_mid_over_bs_in_as_quote() -> None:
    rig = Rig(route(spot("alpha", "KRW"), spot("beta"), fx=krw_usdt(1000.0)))
    rig.show((102_000.0, 104_000.0), (99.0, 101.0))
    assert rig.route.premium() == pytest.approx(0.03)


def test_the_running_mean_forgets_half_of_the_past_in_each_half_life() -> None:
    rig = Rig(convergence(exit_half_life_seconds=10.0, expected_exit_bps=77.0))
    assert rig.route.expected_premium_bps() == 77.0  # until something was observed
    rig.show((99.0, 101.0), (99.0, 101.0))
    assert rig.route.expected_premium_bps() == pytest.approx(0.0)
    rig.wait(10.0).show((107.0, 109.0), (99.0, 101.0))
    assert rig.route.expected_premium_bps() == pytest.approx(400.0)
    rig.wait(10.0).show((107.0, 109.0), (99.0, 101.0))
    assert rig.route.expected_premium_bps() == pytest.approx(600.0)


def test_books_that_may_not_be_traded_on_teach_nothing() -> None:
    rig = Rig(convergence(exit_half_life_seconds=10.0, max_jump_bps=1000.0))
    rig.show((99.0, 101.0), (99.0, 101.0))
    rig.wait(60.0).a(107.0, 109.0)  # B is an old book
    rig.show((120.0, 121.0), (99.0, 101.0))  # implausible
    rig.show((107.0, 106.0), (99.0, 101.0))  # crossed
    assert rig.route.expected_premium_bps() == pytest.approx(0.0)


def test_the_early_exit_follows_the_running_mean() -> None:
    rig = Rig(convergence(exit_half_life_seconds=10.0))
    rig.show((98.0, 98.2), (99.9, 100.1))
    # The first look learns that the premium is where it always was, so there is nothing to earn.
    assert rig.route.premium_mean == pytest.approx(-0.019)
    assert not rig.route.has_edge()


def test_a_route_without_a_half_life_learns_nothing() -> None:
    rig = Rig(convergence())
    rig.show((98.0, 98.2), (99.9, 100.1))
    rig.route.observe_premium(at(1))
    assert rig.route.premium_mean is None


# --- legs and lots ----------------------------------------------------------------------------


def test_the_leg_of_a_side_depends_on_the_direction() -> None:
    state = Rig(route()).route
    assert state.long_and_short(LONG_A) == (state.a, state.b)
    assert state.long_and_short(LONG_B) == (state.b, state.a)


@pytest.mark.parametrize(
    ("instrument", "manner", "gross"),
    [
        (spot("alpha"), FeeManner.QUOTE, "1"),
        (spot("alpha"), FeeManner.RECEIVED, "1.25"),
        (perp("alpha"), FeeManner.RECEIVED, "1"),
    ],
)
def test_only_a_fee_out_of_received_spot_makes_one_buy_more(
    instrument: Instrument, manner: FeeManner, gross: str
) -> None:
    state = Rig(route(instrument, fee_a=taker(2000.0, manner))).route
    assert state.a.gross_of_fee(D(1)) == D(gross)
    assert state.a.buy_multiplier == 1 / float(gross)


lots = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places), st.integers(1, 60), st.integers(-2, 4)
)


@given(lots, lots)
def test_the_common_lot_is_the_least_that_both_can_trade(lot_a: Decimal, lot_b: Decimal) -> None:
    common = _common_lot(lot_a, lot_b)
    assert common % lot_a == 0
    assert common % lot_b == 0
    ratio = Fraction(lot_a) / Fraction(lot_b)
    assert Fraction(common) == Fraction(lot_a) * ratio.denominator


# --- totals -----------------------------------------------------------------------------------


def closed_trade(pnl_usd: str) -> ArbitrageTrade:
    return ArbitrageTrade(
        trade_id="t",
        route="r",
        direction=LONG_A,
        leg_a=TradeLeg(spot("alpha"), Side.BUY),
        leg_b=TradeLeg(spot("beta"), Side.SELL),
        qty=D(1),
        edge_bps=1.0,
        opened_ns=T0,
        pnl=TradePnl(price=D(5), fx=D(1), fees=D(-2), funding=D(3)),
        pnl_usd=D(pnl_usd),
    )


def test_totals_count_trades_losses_and_each_part_of_the_result() -> None:
    totals = RouteTotals()
    totals.add(closed_trade("7"))
    totals.add(closed_trade("-1"))
    assert (totals.trades, totals.losses, totals.pnl_usd) == (2, 1, 6)
    assert (totals.price, totals.fx, totals.fees, totals.funding) == (10, 2, -4, 6)


@pytest.mark.parametrize("pnl_usd", ["7", "-1"])
def test_a_trade_taken_back_leaves_the_totals_as_they_were(pnl_usd: str) -> None:
    totals = RouteTotals()
    totals.add(closed_trade(pnl_usd))
    totals.add(closed_trade(pnl_usd), times=-1)
    assert totals == RouteTotals()
