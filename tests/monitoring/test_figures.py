"""Numbers read alike with and without colour."""

import pytest

from arbitrage.monitoring.figures import clock, count, figure, money, sign_style, signed, whole


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234.5, "+1,234.50"), (-0.5, "-0.50"), (0.0, "0.00"), (0.004, "0.00"), (-0.004, "0.00")],
)
def test_a_number_has_a_sign_unless_it_rounds_to_zero(value: float, text: str) -> None:
    assert signed(value) == text


@pytest.mark.parametrize(("value", "style"), [(1.0, "green"), (-1.0, "red"), (0.0, "")])
def test_colour_repeats_the_sign(value: float, style: str) -> None:
    assert sign_style(value) == style


@pytest.mark.parametrize("value", [None, 0.0])
def test_unknown_and_nothing_are_a_dim_dash(value: float | None) -> None:
    text = money(value)
    assert (text.plain, text.style) == ("-", "dim")


def test_a_style_given_replaces_the_colour_of_the_sign() -> None:
    assert figure(-3.14, digits=1).style == "red"
    assert figure(-3.14, digits=1, style="").style == ""


def test_counts_have_thousands_and_no_zeros() -> None:
    assert [count(value).plain for value in (0, 7, 12_345)] == ["-", "7", "12,345"]


def test_whole_numbers_know_the_unknown() -> None:
    assert [whole(value) for value in (None, 0.0, 5123.4)] == ["-", "0", "5,123"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.9, "00:00:00"), (75.0, "00:01:15"), (360_000.0, "100:00:00")]
)
def test_a_clock_shows_hours_minutes_seconds(seconds: float, text: str) -> None:
    assert clock(seconds) == text
