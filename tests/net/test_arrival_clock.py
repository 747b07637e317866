"""Stamps never go back, whatever is done to the wall clock."""

from hypothesis import given
from hypothesis import strategies as st

from arbitrage.net.arrival_clock import ArrivalClock, stamp


def clock_of(*walls: int) -> ArrivalClock:
    return ArrivalClock(iter(walls).__next__)


def test_stamps_follow_the_wall_clock_forwards() -> None:
    clock = clock_of(10, 25, 1_000_000)
    assert [clock() for _ in range(3)] == [10, 25, 1_000_000]


def test_a_wall_clock_set_back_stops_no_time() -> None:
    clock = clock_of(1000, 400, 450, 500)
    assert [clock() for _ in range(4)] == [1000, 1000, 1050, 1100]


@given(st.lists(st.integers(0, 2**62), min_size=1))
def test_stamps_never_go_back(walls: list[int]) -> None:
    clock = clock_of(*walls)
    stamps = [clock() for _ in walls]
    assert stamps == sorted(stamps)
    assert all(at >= wall for at, wall in zip(stamps, walls, strict=True))


def test_the_clock_of_the_process_tells_the_time() -> None:
    assert 1_700_000_000 * 10**9 < stamp() <= stamp()
