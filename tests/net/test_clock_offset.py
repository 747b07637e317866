"""The venue's clock, from samples with every delay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import MalformedData
from arbitrage.net.clock_offset import ClockOffset

MS = 1_000_000
SECOND = 1_000 * MS


def test_before_the_first_sample_the_clocks_agree() -> None:
    clock = ClockOffset()
    assert clock.venue_ns(5) == 5
    assert clock.uncertainty_ns is None


def test_the_quickest_answer_is_believed() -> None:
    clock = ClockOffset()
    clock.add(sent_ns=0, venue_ns=1_000 * MS, received_ns=400 * MS)
    assert (clock.offset_ns, clock.uncertainty_ns) == (800 * MS, 200 * MS)
    clock.add(sent_ns=SECOND, venue_ns=1_905 * MS, received_ns=1_010 * MS)
    assert (clock.offset_ns, clock.uncertainty_ns) == (900 * MS, 5 * MS)
    clock.add(sent_ns=2 * SECOND, venue_ns=2_950 * MS, received_ns=2_100 * MS)
    assert clock.offset_ns == 900 * MS
    assert clock.venue_ns(SECOND) == 1_900 * MS


def test_of_two_equally_quick_answers_the_later_one_counts() -> None:
    clock = ClockOffset()
    clock.add(sent_ns=0, venue_ns=10 * MS, received_ns=10 * MS)
    clock.add(sent_ns=SECOND, venue_ns=1_012 * MS, received_ns=1_010 * MS)
    assert clock.offset_ns == 7 * MS


def test_a_clock_that_was_set_makes_older_samples_void() -> None:
    clock = ClockOffset()
    clock.add(sent_ns=0, venue_ns=5 * MS, received_ns=2 * MS)
    clock.add(sent_ns=SECOND, venue_ns=4_060 * MS, received_ns=1_100 * MS)
    assert clock.offset_ns == 3_010 * MS
    assert clock.uncertainty_ns == 50 * MS


def test_an_answer_before_its_question_is_refused() -> None:
    clock = ClockOffset()
    with pytest.raises(MalformedData, match="after the question"):
        clock.add(sent_ns=2, venue_ns=1, received_ns=1)
    assert clock.uncertainty_ns is None


@given(
    st.integers(-(10**15), 10**15),
    st.lists(st.tuples(st.integers(0, SECOND), st.integers(0, SECOND)), min_size=1, max_size=40),
)
def test_the_true_offset_is_within_the_uncertainty(
    true: int, delays: list[tuple[int, int]]
) -> None:
    clock, now = ClockOffset(), 10**18
    for there, back in delays:
        clock.add(sent_ns=now, venue_ns=now + there + true, received_ns=now + there + back)
        now += there + back + SECOND
        assert clock.uncertainty_ns is not None
        assert abs(clock.offset_ns - true) <= clock.uncertainty_ns
