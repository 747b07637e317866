"""Pauses grow, are bounded, and are not in step."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError
from arbitrage.net.backoff import Backoff


@given(st.integers(0, 10**6), st.integers(0, 2**32))
def test_a_pause_is_half_to_all_of_its_bound(attempt: int, seed: int) -> None:
    backoff = Backoff(0.2, 30.0)
    bound = min(30.0, 0.2 * 2 ** min(attempt, 20))
    assert bound / 2 <= backoff.seconds(attempt, Random(seed)) <= bound


def test_pauses_of_two_streams_differ() -> None:
    backoff = Backoff()
    assert backoff.seconds(5, Random(1)) != backoff.seconds(5, Random(2))


@pytest.mark.parametrize(("first", "most"), [(0.0, 1.0), (-1.0, 1.0), (2.0, 1.0)])
def test_bounds_that_are_none_are_refused(first: float, most: float) -> None:
    with pytest.raises(ConfigError, match="expected positive"):
        Backoff(first, most)
