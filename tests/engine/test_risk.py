import pytest
from engine.builders import D

from arbitrage.domain.units import NS_PER_SECOND, ZERO
from arbitrage.engine.config import RiskLimits
from arbitrage.engine.risk import Level, RiskLadder

HOUR = 3600 * NS_PER_SECOND
DAY = 24 * HOUR
MIDNIGHT = 19_700 * DAY


def ladder(**limits: float) -> RiskLadder:
    return RiskLadder(RiskLimits(**limits))


def test_the_ladder_only_goes_down_by_itself() -> None:
    risk = ladder()
    assert risk.lower(Level.FLATTEN, "deep")
    assert not risk.lower(Level.REDUCE_ONLY, "shallow")
    assert not risk.lower(Level.FLATTEN, "again")
    assert (risk.level, risk.reason) == (Level.FLATTEN, "deep")


def test_a_person_moves_it_up() -> None:
    risk = ladder()
    risk.lower(Level.HALT, "halt")
    assert risk.resume()
    assert (risk.level, risk.reason) == (Level.NORMAL, "")
    assert not risk.resume()


# --- the loss of the day ----------------------------------------------------------------------


def test_the_loss_of_the_day_stops_entries_when_its_limit_is_reached() -> None:
    risk = ladder(max_daily_loss_usd=100.0)
    risk.book(D("-99.99"))
    assert not risk.judge(ZERO, ZERO)
    risk.book(D("-0.01"))
    assert risk.judge(ZERO, ZERO)
    assert (risk.level, risk.reason) == (Level.REDUCE_ONLY, "max_daily_loss")


def test_open_losses_count_for_the_day_and_open_gains_do_not() -> None:
    risk = ladder(max_daily_loss_usd=100.0)
    risk.book(D(-60))
    assert not risk.judge(D(500), ZERO)
    assert risk.judge(D(-40), ZERO)


def test_a_limit_of_zero_is_passed_by_the_first_loss_not_by_none() -> None:
    risk = ladder(max_daily_loss_usd=0.0)
    assert not risk.judge(ZERO, ZERO)
    risk.book(D("-0.01"))
    assert risk.judge(ZERO, ZERO)


def test_the_loss_of_the_day_ends_at_the_configured_hour() -> None:
    risk = ladder(max_daily_loss_usd=10.0, day_starts_at_hour_utc=9)
    risk.roll_day(MIDNIGHT)
    risk.book(D(-10))
    risk.judge(ZERO, ZERO)
    assert not risk.roll_day(MIDNIGHT + 9 * HOUR - 1)
    assert risk.level is Level.REDUCE_ONLY
    assert risk.roll_day(MIDNIGHT + 9 * HOUR)
    assert (risk.level, risk.reason, risk.day_usd) == (Level.NORMAL, "", 0)
    assert not risk.judge(ZERO, ZERO)


def test_a_new_day_lifts_nothing_else() -> None:
    risk = ladder(max_drawdown_usd=10.0)
    risk.roll_day(MIDNIGHT)
    risk.book(D(-10))
    risk.judge(ZERO, ZERO)
    assert not risk.roll_day(MIDNIGHT + DAY)
    assert risk.level is Level.FLATTEN


def test_a_pause_during_a_lossy_day_outlives_the_day() -> None:
    risk = ladder(max_daily_loss_usd=10.0)
    risk.roll_day(MIDNIGHT)
    risk.book(D(-10))
    risk.judge(ZERO, ZERO)
    risk.order(Level.REDUCE_ONLY, "paused")
    assert not risk.roll_day(MIDNIGHT + DAY)
    assert (risk.level, risk.reason) == (Level.REDUCE_ONLY, "paused")


def test_an_order_never_moves_the_ladder_up() -> None:
    risk = ladder()
    risk.order(Level.HALT, "halt")
    risk.order(Level.REDUCE_ONLY, "paused")
    assert (risk.level, risk.reason) == (Level.HALT, "halt")


# --- drawdown and delta -----------------------------------------------------------------------


def test_drawdown_is_measured_from_the_peak_not_from_the_start() -> None:
    """LESSONS 21: up 80, then down 50 is a drawdown of 50, though 30 are still won."""
    risk = ladder(max_drawdown_usd=50.0)
    risk.book(D(80))
    assert not risk.judge(ZERO, ZERO)
    risk.book(D("-49.99"))
    assert not risk.judge(ZERO, ZERO)
    risk.book(D("-0.01"))
    assert risk.judge(ZERO, ZERO)
    assert (risk.level, risk.reason) == (Level.FLATTEN, "max_drawdown")


def test_the_peak_counts_what_open_trades_were_worth() -> None:
    risk = ladder(max_drawdown_usd=50.0)
    assert not risk.judge(D(70), ZERO)
    assert risk.judge(D(20), ZERO)


def test_a_resume_starts_a_new_peak_and_a_new_day() -> None:
    risk = ladder(max_drawdown_usd=50.0, max_daily_loss_usd=50.0)
    risk.book(D(-60))
    risk.judge(ZERO, ZERO)
    risk.resume()
    assert not risk.judge(ZERO, ZERO)
    assert risk.realised_usd == -60


@pytest.mark.parametrize("delta", [D("100.01"), D("-100.01")])
def test_net_delta_on_either_side_stops_entries(delta: object) -> None:
    risk = ladder(max_net_delta_usd=100.0)
    assert not risk.judge(ZERO, D(100))
    assert risk.judge(ZERO, delta)  # type: ignore[arg-type]
    assert (risk.level, risk.reason) == (Level.REDUCE_ONLY, "max_net_delta")


def test_limits_that_are_off_are_never_passed() -> None:
    risk = ladder()
    risk.book(D(-(10**12)))
    assert not risk.judge(D(-(10**12)), D(10**12))


# --- order rate -------------------------------------------------------------------------------


def test_the_order_rate_leaves_room_for_both_orders_of_a_trade() -> None:
    risk = ladder(max_orders_per_second=4.0)
    for _ in range(2):
        assert risk.may_order_now(MIDNIGHT)
        risk.count_order(MIDNIGHT)
    assert risk.may_order_now(MIDNIGHT)
    risk.count_order(MIDNIGHT)
    assert not risk.may_order_now(MIDNIGHT + NS_PER_SECOND - 1)
    assert risk.may_order_now(MIDNIGHT + NS_PER_SECOND)
