"""A bucket keeps what a line through all of its points would show."""

from math import isnan, nan

from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.sides import Direction
from arbitrage.research.edge_series import EdgeSeries

AB, BA = Direction.LONG_A_SHORT_B, Direction.LONG_B_SHORT_A


@given(
    points=st.lists(st.tuples(st.integers(0, 1000), st.integers(-50, 50)), min_size=1, max_size=60),
    count=st.integers(1, 20),
)
def test_a_bucket_keeps_first_least_greatest_and_last(
    points: list[tuple[int, int]], count: int
) -> None:
    points.sort(key=lambda point: point[0])
    series = EdgeSeries(0, 1000, count)
    buckets: dict[int, list[float]] = {}
    for time, edge in points:
        series.add(AB, time, float(edge), None)
        buckets.setdefault(min(count - 1, time * count // 1000), []).append(edge)
    line = series.lines[AB]
    for bucket in range(count):
        edges = buckets.get(bucket)
        if edges is None:
            assert isnan(line.first[bucket])
        else:
            kept = (
                line.first[bucket],
                line.least[bucket],
                line.greatest[bucket],
                line.last[bucket],
            )
            assert kept == (edges[0], min(edges), max(edges), edges[-1])


def test_opportunities_are_counted_with_the_best_profit() -> None:
    series = EdgeSeries(0, 100, 10)
    for profit in (5.0, None, 9.0, 2.0):
        series.add(BA, 55, 12.0, profit)
    assert series.lines[BA].opportunities[5] == 3
    assert series.lines[BA].best_profit[5] == 9.0
    assert sum(series.lines[AB].opportunities) == 0


def test_an_evaluation_without_an_edge_leaves_no_trace() -> None:
    series = EdgeSeries(0, 100, 2)
    series.add(AB, 10, nan, None)
    assert all(isnan(edge) for edge in series.lines[AB].first)


def test_a_series_of_one_moment_has_one_bucket_for_it() -> None:
    series = EdgeSeries(7, 7)
    assert series.bucket(7) == 0
    assert series.middle_ns(0) == 7


def test_the_middle_of_a_bucket_lies_in_it() -> None:
    series = EdgeSeries(1000, 2000, 10)
    assert [series.bucket(series.middle_ns(bucket)) for bucket in range(10)] == list(range(10))
