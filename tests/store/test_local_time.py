"""Local time becomes time; what passed twice or never is said to have."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError
from arbitrage.store.local_time import LocalClock, Moment, NoSuchTime

NEVER = -(2**63)


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


def test_seoul_is_nine_hours_ahead() -> None:
    moment = LocalClock("Asia/Seoul").moment("2024-04-27 17:39:35", NEVER)
    assert moment == Moment(ns("2024-04-27 08:39:35"), False)


@pytest.mark.parametrize(
    ("fraction", "expected"), [(".5", 500_000_000), (".068", 68_000_000), (".123456789", 123456789)]
)
def test_fractions_are_read_to_the_nanosecond(fraction: str, expected: int) -> None:
    moment = LocalClock("UTC").moment(f"2024-04-27T17:40:20{fraction}", NEVER)
    assert moment.ts_ns == ns("2024-04-27 17:40:20") + expected


@given(micros=st.integers(-8_000_000_000_000_000, 8_000_000_000_000_000))
def test_utc_is_what_it_says(micros: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    text = f"{moment:%Y-%m-%d %H:%M:%S.%f}"
    assert LocalClock("UTC").moment(text, NEVER) == Moment(micros * 1000, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2024-04-27",
        "2024-04-27 17:39",
        "2024-13-01 00:00:00",
        "2024-04-27 24:00:00",
        "2024-04-27 17:39:35.1234567891",
        "2024-04-27 17:39:35Z",
        "1400-01-01 00:00:00",
    ],
)
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        LocalClock("UTC").moment(text, NEVER)


BERLIN = LocalClock("Europe/Berlin")
FIRST, SECOND = ns("2024-10-27 00:30:00"), ns("2024-10-27 01:30:00")


@pytest.mark.parametrize(
    ("not_before", "expected"),
    [(NEVER, FIRST), (FIRST, FIRST), (FIRST + 1, SECOND), (SECOND, SECOND), (SECOND + 1, FIRST)],
)
def test_an_hour_that_passed_twice_is_read_in_order(not_before: int, expected: int) -> None:
    assert BERLIN.moment("2024-10-27 02:30:00", not_before) == Moment(expected, True)


def test_an_hour_that_was_put_forward_over_never_was() -> None:
    with pytest.raises(NoSuchTime, match="put forward"):
        BERLIN.moment("2024-03-31 02:30:00", NEVER)


@pytest.mark.parametrize("zone", ["Asia/Soul", "", "/etc/passwd", "../x"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(ConfigError, match="expected a name such as Asia/Seoul"):
        LocalClock(zone)
