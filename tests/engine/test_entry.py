from collections.abc import Callable
from typing import Any

import pytest
from engine.builders import (
    CHEAP_A,
    DEAR_B,
    D,
    Rig,
    convergence,
    krw_usdt,
    opened,
    perp,
    route,
    spot,
    taker,
)

from arbitrage.domain.events import BookDelta, Command, CommandKind, VenueStatus
from arbitrage.domain.fx import FxFeed, FxQuote
from arbitrage.domain.sides import Direction
from arbitrage.engine.config import RiskLimits
from arbitrage.engine.entry import kept_for_exits, route_notional_usd

LONG_A, LONG_B = Direction.LONG_A_SHORT_B, Direction.LONG_B_SHORT_A
KRW_LEGS = {"a": spot("alpha", "KRW"), "b": spot("beta")}


def offered(rig: Rig) -> list[str]:
    """The refusals when A is cheap and B is dear; empty if it was traded."""
    rig.show(CHEAP_A, DEAR_B)
    return rig.reasons


# --- each reason, alone -----------------------------------------------------------------------


def test_an_edge_that_nothing_speaks_against_is_traded() -> None:
    rig = Rig(route())
    assert offered(rig) == []
    assert len(rig.new_orders) == 2


def test_no_edge_is_no_refusal() -> None:
    rig = Rig(route())
    rig.show((99.0, 100.0), (99.5, 100.5))
    assert rig.last.decisions == ()


def pause(rig: Rig) -> None:
    rig.feed(Command(rig.now_ns, CommandKind.PAUSE))


def pause_route(rig: Rig) -> None:
    rig.feed(Command(rig.now_ns, CommandKind.PAUSE, "r"))


def halt_route(rig: Rig) -> None:
    rig.route.halted_reason = "unhedged"


def go_down(rig: Rig) -> None:
    rig.feed(VenueStatus(rig.now_ns, "beta", False))


def cool_down(rig: Rig) -> None:
    rig.route.cooldown_until_ns = rig.now_ns + 1


def use_up_the_rate(rig: Rig) -> None:
    for _ in range(49):
        rig.engine.risk.count_order(rig.now_ns)


REASONS: list[tuple[Callable[[Rig], None], str]] = [
    (pause, "risk:paused"),
    (pause_route, "risk:paused"),
    (halt_route, "risk:unhedged"),
    (go_down, "venue_down"),
    (cool_down, "cooldown"),
    (use_up_the_rate, "risk:max_orders_per_second"),
]


@pytest.mark.parametrize(("break_it", "reason"), REASONS, ids=[reason for _, reason in REASONS])
def test_each_reason_is_told_once_and_stops_the_trade(
    break_it: Callable[[Rig], None], reason: str
) -> None:
    rig = Rig(route())
    rig.a(*CHEAP_A)
    break_it(rig)
    rig.b(*DEAR_B)
    assert rig.reasons == [reason]
    assert rig.placed == []
    assert rig.route.refusals == {reason: 1}


def test_a_level_without_a_reason_names_itself() -> None:
    rig = Rig(route())
    rig.engine.risk.level = type(rig.engine.risk.level).FLATTEN
    assert offered(rig) == ["risk:flatten"]


def test_a_stale_leg_stops_the_trade_until_its_next_book() -> None:
    rig = Rig(route(max_book_age_seconds=2.0, max_leg_skew_seconds=9.0))
    rig.a(*CHEAP_A)
    rig.wait(2.5).b(*DEAR_B)
    assert rig.reasons == ["stale_book"]
    rig.a(*CHEAP_A)
    assert rig.reasons == []
    assert len(rig.new_orders) == 2


def test_a_gap_in_the_deltas_stops_the_trade_until_the_next_snapshot() -> None:
    rig = Rig(route())
    a = rig.route.a.instrument
    rig.a(*CHEAP_A)
    rig.feed(BookDelta(rig.now_ns, a.venue, a.symbol, [], [], seq=5, prev_seq=4))
    rig.b(*DEAR_B)
    assert rig.reasons == ["broken_book"]
    rig.feed(BookDelta(rig.now_ns, a.venue, a.symbol, [], [], seq=6, prev_seq=5))
    assert rig.reasons == ["broken_book"]
    rig.a(*CHEAP_A)
    assert len(rig.new_orders) == 2


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        ((100.0, 100.0), (101.0, 102.0), "crossed_book"),
        (CHEAP_A, (990.0, 991.0), "implausible_jump"),
    ],
)
def test_books_that_cannot_be_true_are_not_traded(a: Any, b: Any, reason: str) -> None:
    rig = Rig(route())
    rig.show(a, b)
    assert rig.reasons == [reason]


def test_quotes_that_differ_without_a_rate_are_never_traded() -> None:
    """LESSONS 17: a missing rate is no 1.0."""
    rig = Rig(route(**KRW_LEGS))
    rig.show(CHEAP_A, DEAR_B)
    assert rig.reasons == ["no_fx"]
    assert rig.placed == []


def test_a_stale_rate_is_not_used_for_ever() -> None:
    rig = Rig(route(**KRW_LEGS, fx=FxFeed("USDT", "KRW"), max_fx_age_seconds=3.0))
    rig.feed(FxQuote(rig.now_ns, "USDT", "KRW", 1.0, 1.0))
    rig.wait(3.5).show(CHEAP_A, DEAR_B)
    assert rig.reasons == ["stale_fx"]
    rig.feed(FxQuote(rig.now_ns, "USDT", "KRW", 1.0, 1.0))
    rig.b(*DEAR_B)
    assert len(rig.new_orders) == 2


def test_legs_in_a_currency_that_no_one_can_value_in_dollars_are_not_traded() -> None:
    legs = {"a": spot("alpha", "KRW"), "b": spot("beta", "KRW")}
    assert offered(Rig(route(**legs))) == ["no_fx"]
    assert offered(Rig(route(**legs, fx=krw_usdt()))) == []


def test_what_the_route_is_already_doing_comes_before_the_edge() -> None:
    rig = Rig(convergence(max_open_trades=3, close_on_spread_reversal=False))
    rig.show(CHEAP_A, DEAR_B)
    first = rig.placed[0]
    rig.b(*DEAR_B)
    assert rig.reasons == ["busy"]
    rig.doubt(first)
    rig.b(*DEAR_B)
    assert rig.reasons == ["in_doubt"]
    rig.fill_all()
    rig.show((104.0, 105.0), (100.0, 101.0))
    assert rig.reasons == ["opposite_open"]
    rig.show(CHEAP_A, DEAR_B)
    assert len(rig.new_orders) == 2


def test_as_many_trades_as_are_allowed_are_open_at_once() -> None:
    rig = Rig(convergence(max_open_trades=1, close_on_spread_reversal=False))
    rig.show(CHEAP_A, DEAR_B)
    rig.fill_all()
    rig.b(*DEAR_B)
    assert rig.reasons == ["risk:max_open_trades"]


def test_entries_keep_their_distance() -> None:
    """In and out fifteen times in a minute around one threshold (LESSONS 9)."""
    rig = Rig(route(min_seconds_between_entries=2.0))
    assert offered(rig) == []
    rig.fill_all()
    rig.wait(1.9)
    assert offered(rig) == ["cooldown"]
    rig.wait(0.1)
    assert offered(rig) == []


# --- the order of the reasons -----------------------------------------------------------------


def test_of_many_reasons_the_first_in_order_is_the_one() -> None:
    rig = Rig(route(max_open_trades=1), limits=RiskLimits(max_orders_per_second=2.0))
    rig.show(CHEAP_A, DEAR_B)
    rig.doubt(rig.placed[0])
    rig.wait(0.5)
    cool_down(rig)
    pause(rig)
    pause_route(rig)
    halt_route(rig)
    go_down(rig)

    told = []

    def tell() -> None:
        rig.show(CHEAP_A, DEAR_B)
        told.extend(rig.reasons[-1:])

    tell()
    rig.engine.risk.resume()
    tell()
    rig.route.is_paused = False
    tell()
    rig.route.halted_reason = ""
    tell()
    rig.engine.venues["beta"].is_up = True
    tell()
    rig.answer(rig.placed[0], "0")
    tell()
    rig.answer(rig.placed[1], "0")
    rig.route.cooldown_until_ns = rig.now_ns + 1
    tell()
    rig.route.cooldown_until_ns = 0
    tell()
    rig.wait(0.6)
    tell()
    assert told == [
        "risk:paused",
        "risk:paused",
        "risk:unhedged",
        "venue_down",
        "in_doubt",
        "busy",
        "cooldown",
        "risk:max_orders_per_second",
    ]
    assert len(rig.new_orders) == 2


# --- the size ---------------------------------------------------------------------------------


def test_the_least_edge_is_net_of_every_cost() -> None:
    fees = {"fee_a": taker(10.0), "fee_b": taker(10.0)}
    rig = Rig(route(min_edge_bps=270.0, slippage_bps=5.0, **fees))
    assert offered(rig) == []  # 300 gross, 20 of fees, 5 of slippage
    rig = Rig(route(min_edge_bps=275.0, slippage_bps=5.0, **fees))
    assert offered(rig) == ["min_edge"]


@pytest.mark.parametrize(
    ("limits", "terms", "reason"),
    [
        ({}, {"max_position_usd": 0.05}, "risk:max_position"),
        ({"max_order_notional_usd": 0.05}, {}, "risk:max_order_notional"),
        ({"max_route_notional_usd": 0.05}, {}, "risk:max_route_notional"),
        ({"max_gross_notional_usd": 0.1}, {}, "risk:max_gross_notional"),
    ],
)
def test_a_limit_that_leaves_nothing_is_the_reason(
    limits: dict[str, float], terms: dict[str, float], reason: str
) -> None:
    rig = Rig(route(**terms), limits=RiskLimits(price_band_bps=9000.0, **limits))
    assert offered(rig) == [reason]


def test_limits_count_what_is_open_already() -> None:
    config = convergence(max_open_trades=9, max_position_usd=600.0, close_on_spread_reversal=False)
    rig = Rig(config, limits=RiskLimits(max_route_notional_usd=1000.0))
    rig.show(CHEAP_A, DEAR_B)
    rig.fill_all()
    first = rig.trade.qty
    assert first == D("5.825")  # 600 dollars at the dearer leg
    assert route_notional_usd(rig.route, 1.0) == pytest.approx(5.825 * 99.5)
    rig.b(*DEAR_B)
    assert rig.new_orders[0].qty == D("4.081")  # (1000 - 579.59) / 103, rounded down
    assert rig.engine.trading.valuation.gross_usd() == pytest.approx(2 * 5.825 * 99.5)


def test_an_inventory_trade_is_no_open_notional() -> None:
    rig = Rig(route())
    rig.show(CHEAP_A, DEAR_B)
    assert route_notional_usd(rig.route, 1.0) == 0.0


def test_a_direction_that_the_inventory_cannot_serve_is_counted_as_balance() -> None:
    purses = {"alpha": {"USDT": D(1000), "BTC": D(5)}, "beta": {"USDT": D(1000)}}
    rig = Rig(route(), balances=purses)
    assert offered(rig) == ["balance"]
    rig.show((103.0, 104.0), (99.0, 100.0))
    assert rig.reasons == []
    assert {(order.venue, order.side.value) for order in rig.new_orders} == {
        ("alpha", "sell"),
        ("beta", "buy"),
    }


def test_shorting_a_perpetual_needs_no_coin() -> None:
    rig = Rig(convergence(), balances={"alpha": {"USDT": D(1000)}, "beta": {"USDT": D(1000)}})
    assert offered(rig) == []


def test_the_price_band_is_the_last_guard() -> None:
    legs = {"a": perp("alpha"), "b": perp("beta")}
    rig = Rig(route(**legs), limits=RiskLimits(price_band_bps=100.0))
    rig.show((90.0, 100.0), DEAR_B)  # to buy at 100 is 5 % above a mid of 95
    assert rig.reasons == ["risk:price_band"]


# --- what open trades need for their way back -------------------------------------------------


def test_the_coin_of_an_open_trade_is_not_sold_by_another_route() -> None:
    """LESSONS 7: the same balance used twice. The exit would find nothing to sell."""
    unwound = convergence(close_on_spread_reversal=False)
    inventory = route(spot("gamma"), spot("alpha"), name="s", max_leg_skew_seconds=9e9)
    purses = {
        "alpha": {"USDT": D(10_000)},
        "beta": {"USDT": D(10_000)},
        "gamma": {"USDT": D(10_000), "BTC": D(100)},
    }
    rig = Rig(unwound, inventory, balances=purses)
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    rig.fill_all()
    assert rig.balance("alpha", "BTC") == 10
    assert kept_for_exits(rig.engine.routes.values()) == {("alpha", "BTC"): 10}
    rig.touch(spot("gamma"), 90.0, 91.0)
    assert "balance" in rig.reasons
    assert rig.new_orders == []


def test_the_money_for_coin_sold_short_of_the_inventory_is_not_spent_by_another_route() -> None:
    rig = Rig(convergence(close_on_spread_reversal=False))
    rig.show((104.0, 105.0), (99.0, 100.0), qty=10.0)
    rig.fill_all()
    kept = kept_for_exits(rig.engine.routes.values())
    assert kept == {("alpha", "USDT"): 1040}


def test_a_complete_inventory_trade_needs_nothing_back() -> None:
    rig, a, _ = opened()
    rig.answer(a)
    assert kept_for_exits(rig.engine.routes.values()) == {}
