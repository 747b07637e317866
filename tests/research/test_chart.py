"""Charts: round ticks, everything visible, lines broken where nothing was known."""

import re
from datetime import UTC, datetime
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.sides import Direction
from arbitrage.research.chart import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    edge_chart,
    edge_ticks,
    scale_of,
    time_ticks,
)
from arbitrage.research.edge_series import EdgeSeries

AB, BA = Direction.LONG_A_SHORT_B, Direction.LONG_B_SHORT_A
SECOND, HOUR, DAY = 10**9, 3600 * 10**9, 86_400 * 10**9
T0 = int(datetime(2024, 4, 27, 8, 40, tzinfo=UTC).timestamp()) * SECOND
EVEN = {AB: 9.0, BA: 9.0}


def series(*edges: float, seconds: float = 100.0, count: int = 10) -> EdgeSeries:
    it = EdgeSeries(T0, T0 + int(seconds * SECOND), count)
    for number, edge in enumerate(edges):
        it.add(AB, T0 + number * 10 * SECOND, edge, None)
    return it


def paths(svg: str) -> dict[str, str]:
    root = ElementTree.fromstring(svg)
    return {path.get("class", ""): path.get("d", "") for path in root.iter("path")}


@given(low=st.floats(-500, 0), span=st.floats(0.01, 2000))
def test_edge_ticks_are_few_round_and_inside(low: float, span: float) -> None:
    ticks = edge_ticks(low, low + span)
    assert 2 <= len(ticks) <= 9
    steps = {round(b - a, 9) for a, b in pairwise(ticks)}
    assert len(steps) == 1
    assert f"{steps.pop():e}"[0] in "125"
    assert low - 1e-9 <= ticks[0] <= ticks[-1] <= low + span + 1e-9


@given(start=st.integers(0, 2 * 10**18), seconds=st.integers(1, 400_000_000))
def test_time_ticks_are_few_and_inside(start: int, seconds: int) -> None:
    ticks = time_ticks(start, start + seconds * SECOND)
    assert 1 <= len(ticks) <= 15
    assert all(start <= time <= start + seconds * SECOND for time, _ in ticks)


@pytest.mark.parametrize(
    ("span", "first", "second"),
    [
        (5 * SECOND, "Apr 27 08:40:00", "08:40:01"),
        (6 * HOUR, "Apr 27 09:00", "09:30"),
        (2 * DAY, "Apr 27 12:00", "18:00"),
        (10 * DAY, "2024-04-28", "2024-04-29"),
    ],
)
def test_times_are_written_as_finely_as_needed(span: int, first: str, second: str) -> None:
    assert [label for _, label in time_ticks(T0, T0 + span)][:2] == [first, second]


def test_a_day_is_named_where_it_begins() -> None:
    labels = [label for _, label in time_ticks(T0, T0 + 2 * DAY)]
    assert "Apr 28 00:00" in labels


def test_everything_lies_inside_the_axes() -> None:
    scale = scale_of(series(-40.0, 30.0), 9.0)
    assert scale is not None
    for edge in (-40.0, 0.0, 9.0, 30.0):
        assert TOP < scale.y(edge) < HEIGHT - BOTTOM
    assert scale.x(T0) == LEFT
    assert scale.x(T0 + 100 * SECOND) == WIDTH - RIGHT


@pytest.mark.parametrize(("breakeven", "is_shown"), [(9.0, True), (50.0, True), (300.0, False)])
def test_the_breakeven_is_shown_unless_it_is_far_off(breakeven: float, is_shown: bool) -> None:
    svg = edge_chart(series(-40.0, 5.0), {AB: breakeven, BA: breakeven}, 0)
    assert ("breakeven" in paths(svg)) is is_shown


def test_a_flat_edge_of_zero_can_be_drawn() -> None:
    assert "line ab" in paths(edge_chart(series(0.0), {AB: 0.0, BA: 0.0}, 0))


def test_a_line_shows_every_turn_within_a_bucket() -> None:
    it = EdgeSeries(T0, T0 + 100 * SECOND, 10)
    for edge in (1.0, -5.0, 7.0, 2.0):
        it.add(AB, T0 + 5 * SECOND, edge, None)
    assert len(re.findall("[MLV]", paths(edge_chart(it, EVEN, 0))["line ab"])) == 4


@pytest.mark.parametrize(("gap_seconds", "strokes"), [(39, 2), (40, 1)])
def test_a_line_is_broken_where_nothing_was_known_for_too_long(
    gap_seconds: int, strokes: int
) -> None:
    it = series(1.0, 2.0)
    it.add(AB, T0 + 65 * SECOND, 3.0, None)
    svg = edge_chart(it, EVEN, gap_seconds * SECOND)
    assert paths(svg)["line ab"].count("M") == strokes


def test_every_bucket_with_opportunities_has_one_dot() -> None:
    it = series(1.0, 2.0)
    for second in (20, 21, 40):
        it.add(BA, T0 + second * SECOND, 12.0, 5.0)
    drawn = paths(edge_chart(it, EVEN, 0))
    assert drawn["dots ba"].count("h0") == 2
    assert drawn["dots ab"] == ""


def test_a_series_without_evaluations_says_so() -> None:
    assert "never both fresh" in edge_chart(series(), EVEN, 0)
