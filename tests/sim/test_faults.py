from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.faults import Fault, FaultKind, FaultPlan, Point

SECOND = NS_PER_SECOND
FRAME, REQUEST = Point.FRAME, Point.REQUEST


def plan_of(kind: FaultKind, seed: int = 1, **options: object) -> FaultPlan:
    return FaultPlan(seed=seed, fault=(Fault(kind=kind, **options),))  # type: ignore[arg-type]


def struck(plan: FaultPlan, count: int = 200, subject: str = "orderbook") -> list[int]:
    return [n for n in range(1, count + 1) if plan.decide("upbit", FRAME, subject, n, 0)]


# --- the script ----------------------------------------------------------------------------------


def test_a_script_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(
        """
        seed = 7
        [[fault]]
        venue = "upbit"
        kind = "drop"
        on = "frame"
        what = "orderbook"
        from_seconds = 1.5
        until_seconds = 2
        share = 0.25
        nth = [1, 2]
        [[fault]]
        kind = "429"
        """
    )
    plan = FaultPlan.read(path)
    first, second = plan.fault
    assert (plan.seed, first.kind, first.on, first.nth) == (7, FaultKind.DROP, FRAME, (1, 2))
    assert (second.kind, second.venue) == (FaultKind.RATE_LIMITED, "*")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("seed = ", "Invalid value"),
        ("speed = 1", "unknown field `speed`"),
        ('[[fault]]\nkind = "sulk"', "Invalid enum value 'sulk'"),
        ('[[fault]]\nkind = "drop"\nshare = 2.0', "share is 2.0"),
        ('[[fault]]\nkind = "drop"\nfrom_seconds = -1.0', "from_seconds is -1.0"),
        ('[[fault]]\nkind = "drop"\nnth = [0]', "nth is (0,)"),
        ('[[fault]]\nkind = "429"\non = "frame"', "strikes in one way only"),
        ('[[fault]]\nkind = "5xx"\nstatus = 404', "status is 404"),
    ],
)
def test_a_wrong_script_is_refused_with_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        FaultPlan.parse(text)
    assert complaint in str(refused.value)


def test_a_script_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no venue is started"):
        FaultPlan.read(tmp_path / "none.toml")


# --- decisions -----------------------------------------------------------------------------------


def test_an_empty_plan_never_strikes() -> None:
    assert struck(FaultPlan()) == []


@given(seed=st.integers(0, 2**63 - 1), share=st.floats(0, 1), kind=st.sampled_from(FaultKind))
def test_the_same_script_decides_the_same(seed: int, share: float, kind: FaultKind) -> None:
    plan, again = (plan_of(kind, seed, share=share) for _ in range(2))
    assert struck(plan, 30) == struck(again, 30)


def test_another_seed_decides_otherwise() -> None:
    assert struck(plan_of(FaultKind.DROP, 1, share=0.5)) != struck(
        plan_of(FaultKind.DROP, 2, share=0.5)
    )


def test_a_share_of_what_matches_is_struck() -> None:
    hits = len(struck(plan_of(FaultKind.DROP, share=0.25), 2_000))
    assert 400 < hits < 600


def test_a_numbered_fault_strikes_exactly_those() -> None:
    assert struck(plan_of(FaultKind.DROP, nth=(2, 5))) == [2, 5]


def test_a_fault_strikes_its_venue_its_subject_and_its_time() -> None:
    plan = plan_of(
        FaultKind.DROP, venue="upbit", what="KRW-BTC", from_seconds=1.0, until_seconds=2.0
    )
    assert plan.decide("upbit", FRAME, "orderbook KRW-BTC", 1, SECOND)
    assert plan.decide("bithumb", FRAME, "orderbook KRW-BTC", 1, SECOND) is None
    assert plan.decide("upbit", FRAME, "orderbook KRW-ETH", 1, SECOND) is None
    assert plan.decide("upbit", FRAME, "orderbook KRW-BTC", 1, SECOND - 1) is None
    assert plan.decide("upbit", FRAME, "orderbook KRW-BTC", 1, 2 * SECOND) is None


def test_the_first_of_several_faults_strikes() -> None:
    plan = FaultPlan(fault=(Fault(kind=FaultKind.DELAY), Fault(kind=FaultKind.DROP)))
    fault = plan.decide("upbit", FRAME, "x", 1, 0)
    assert fault is not None
    assert fault.kind is FaultKind.DELAY


@pytest.mark.parametrize(
    ("kind", "points"),
    [
        (FaultKind.DROP, {FRAME, REQUEST}),
        (FaultKind.DISCONNECT, {FRAME, REQUEST}),
        (FaultKind.REORDER, {FRAME}),
        (FaultKind.DUPLICATE, {FRAME}),
        (FaultKind.RATE_LIMITED, {REQUEST}),
        (FaultKind.TIMEOUT, {REQUEST}),
        (FaultKind.CANCEL_RACE, {REQUEST}),
        (FaultKind.MAINTENANCE, set()),
        (FaultKind.FROZEN_BOOK, set()),
    ],
)
def test_every_kind_strikes_where_it_can(kind: FaultKind, points: set[Point]) -> None:
    plan = plan_of(kind)
    assert {point for point in Point if plan.decide("upbit", point, "x", 1, 0)} == points


def test_a_fault_may_be_kept_to_frames() -> None:
    plan = plan_of(FaultKind.DROP, on=FRAME)
    assert plan.decide("upbit", REQUEST, "x", 1, 0) is None


def test_a_gap_befalls_books_alone() -> None:
    plan = plan_of(FaultKind.GAP)
    assert plan.decide("upbit", FRAME, "trade", 1, 0) is None
    assert plan.decide("upbit", FRAME, "depth", 1, 0, is_book=True)


# --- what lasts ----------------------------------------------------------------------------------


def test_what_lasts_begins_and_ends() -> None:
    plan = FaultPlan(
        fault=(
            Fault(kind=FaultKind.CLOCK_SKEW, skew_seconds=-1.5, until_seconds=1.0),
            Fault(kind=FaultKind.CLOCK_SKEW, skew_seconds=0.5, until_seconds=2.0),
            Fault(kind=FaultKind.RESTART, from_seconds=3.0, until_seconds=4.0, venue="upbit"),
            Fault(kind=FaultKind.MAINTENANCE, from_seconds=5.0),
            Fault(kind=FaultKind.FROZEN_BOOK, what="BTC", from_seconds=1.0, until_seconds=2.0),
        )
    )
    assert [plan.skew_ns("upbit", at * SECOND) for at in (0, 1, 2)] == [-SECOND, SECOND // 2, 0]
    assert [plan.is_down("upbit", at * SECOND) for at in (2, 3, 4)] == [False, True, False]
    assert not plan.is_down("okx", 3 * SECOND)
    assert [plan.is_in_maintenance("okx", at * SECOND) for at in (4, 5, 9)] == [False, True, True]
    assert plan.is_frozen("upbit", "KRW-BTC", SECOND)
    assert not plan.is_frozen("upbit", "KRW-ETH", SECOND)
    assert plan.boundaries_ns("okx") == [at * SECOND for at in (0, 1, 2, 5)]


def test_delays_have_a_length_of_their_own_kind() -> None:
    assert Fault(kind=FaultKind.DELAY).delay == 0.1
    assert Fault(kind=FaultKind.TIMEOUT).delay == 5.0
    assert Fault(kind=FaultKind.TIMEOUT, delay_seconds=0.5).delay == 0.5
