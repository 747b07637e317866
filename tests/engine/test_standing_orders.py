import pytest
from engine.builders import CHEAP_A, DEAR_B, Rig, convergence, route, spot

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import BalanceUpdate, CommandKind
from arbitrage.domain.trade import TradePhase
from arbitrage.domain.units import ZERO
from arbitrage.engine.config import RiskLimits
from arbitrage.engine.risk import Level

PAUSE, RESUME = CommandKind.PAUSE, CommandKind.RESUME
FLATTEN, HALT = CommandKind.FLATTEN, CommandKind.HALT


def two_routes() -> Rig:
    second = route(spot("gamma"), spot("delta"), name="s")
    return Rig(route(), second)


def holding() -> Rig:
    rig = Rig(convergence(close_on_spread_reversal=False))
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    rig.fill_all()
    return rig


@pytest.mark.parametrize(
    ("kind", "level"),
    [
        (PAUSE, Level.REDUCE_ONLY),
        (FLATTEN, Level.FLATTEN),
        (HALT, Level.HALT),
        (RESUME, Level.NORMAL),
    ],
)
def test_a_command_to_all_moves_the_ladder_and_is_told(kind: CommandKind, level: Level) -> None:
    rig = two_routes()
    rig.command(kind)
    assert rig.engine.risk.level is level
    (told,) = rig.risk_changes
    assert (told.scope, told.level, told.reason) == ("portfolio", level.name, kind.value)


def test_a_command_to_one_route_leaves_the_others_alone() -> None:
    rig = two_routes()
    rig.command(PAUSE, "r")
    assert rig.engine.routes["r"].is_paused
    assert not rig.engine.routes["s"].is_paused
    assert rig.engine.risk.level is Level.NORMAL
    assert rig.risk_changes[0].scope == "r"
    rig.command(RESUME, "r")
    assert not rig.engine.routes["r"].is_paused


def test_a_command_to_a_route_that_does_not_exist_changes_nothing() -> None:
    rig = two_routes()
    with pytest.raises(MalformedData, match=r"'x'.*known: r, s"):
        rig.command(HALT, "x")
    assert rig.engine.risk.level is Level.NORMAL
    with pytest.raises(MalformedData, match="known: none"):
        Rig().command(HALT, "x")


def test_a_pause_opens_nothing_and_goes_on_hedging() -> None:
    rig = Rig(route())
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.placed
    rig.command(PAUSE)
    rig.answer(a)
    rig.answer(b, "4")
    assert rig.new_orders[0].qty == 6


def test_a_paused_route_goes_on_exiting() -> None:
    rig = Rig(convergence(max_holding_seconds=5.0, close_on_spread_reversal=False))
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    rig.fill_all()
    rig.command(PAUSE, "r")
    rig.wait(5.0).show(CHEAP_A, DEAR_B, qty=10.0)
    assert len(rig.new_orders) == 2


@pytest.mark.parametrize(
    ("kind", "scope"), [(FLATTEN, ""), (FLATTEN, "r"), (HALT, "r")]
)  # one route is halted by leaving it
def test_a_flattening_closes_in_the_same_step(kind: CommandKind, scope: str) -> None:
    rig = holding()
    rig.command(kind, scope)
    assert len(rig.new_orders) == 2
    assert rig.trade.phase is TradePhase.CLOSING
    rig.fill_all()
    rig.show(CHEAP_A, DEAR_B)
    assert rig.new_orders == []


def test_a_kill_cancels_what_is_live_and_stops_for_good() -> None:
    """LESSONS 21: fired but did not stop, or stopped and left orders resting."""
    rig = Rig(route())
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.placed
    rig.command(HALT)
    assert [cancel.client_id for cancel in rig.cancels] == [a.client_id, b.client_id]
    rig.answer(a)
    rig.answer(b, "4")
    rig.show(CHEAP_A, DEAR_B)
    rig.tick(60.0)
    assert len(rig.placed) == 2
    assert rig.trade.residual_qty == 6  # shown, not traded
    assert rig.engine.accounts.ledger.residual() == {"BTC": ZERO, "USDT": ZERO}


def test_a_resume_after_a_kill_goes_on_where_it_stood() -> None:
    rig = Rig(route())
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.placed
    rig.command(HALT)
    rig.answer(a)
    rig.answer(b, "4")
    rig.resume()
    assert [(order.venue, order.qty) for order in rig.new_orders] == [("beta", 6)]


def test_a_resume_forgives_cooldowns_streaks_halts_and_riddles() -> None:
    rig = two_routes()
    rig.feed(BalanceUpdate(rig.now_ns, "alpha", "USDT", ZERO))
    for each in rig.engine.routes.values():
        each.is_paused = each.is_flattening = True
        each.halted_reason = "unhedged"
        each.cooldown_until_ns = rig.now_ns + 10**12
        each.losses_in_a_row = 3
    rig.resume()
    for each in rig.engine.routes.values():
        assert (each.is_paused, each.is_flattening, each.halted_reason) == (False, False, "")
        assert each.cooldown_until_ns == each.losses_in_a_row == 0
    assert not rig.engine.venues["alpha"].unexplained


def test_a_resume_of_one_route_does_not_lift_the_portfolio() -> None:
    rig = two_routes()
    rig.command(PAUSE)
    rig.command(RESUME, "r")
    assert rig.engine.risk.level is Level.REDUCE_ONLY


def test_a_pause_in_a_lossy_day_is_not_lifted_by_midnight() -> None:
    rig = Rig(route(), limits=RiskLimits(max_daily_loss_usd=10.0))
    rig.tick()
    rig.engine.risk.lower(Level.REDUCE_ONLY, "max_daily_loss")
    rig.command(PAUSE)
    rig.tick(86_400.0)
    assert (rig.engine.risk.level, rig.engine.risk.reason) == (Level.REDUCE_ONLY, "paused")
