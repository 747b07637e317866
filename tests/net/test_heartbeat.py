"""The pulse of a connection, felt at made-up times."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError
from arbitrage.net.heartbeat import Heartbeat, Pulse, SessionTerms, Verdict


def test_without_terms_a_connection_is_left_alone_for_ever() -> None:
    pulse = Pulse(SessionTerms(), 0.0)
    assert pulse.next_at == inf
    assert pulse.feel(1e9, received=0, data=0) is Verdict.NOTHING


def test_pings_come_at_their_interval_whatever_arrives() -> None:
    pulse = Pulse(SessionTerms(heartbeat=Heartbeat(20.0, 5.0)), 100.0)
    assert pulse.next_at == 120.0
    assert pulse.feel(119.0, received=5, data=5) is Verdict.NOTHING
    assert pulse.feel(120.0, received=6, data=6) is Verdict.PING
    assert pulse.next_at == 125.0
    assert pulse.feel(125.0, received=7, data=6) is Verdict.NOTHING
    assert pulse.next_at == 140.0


def test_nothing_after_a_ping_is_death() -> None:
    pulse = Pulse(SessionTerms(heartbeat=Heartbeat(20.0, 5.0)), 0.0)
    assert pulse.feel(20.0, received=3, data=3) is Verdict.PING
    assert pulse.feel(25.0, received=3, data=3) is Verdict.SILENT


def test_a_second_ping_does_not_postpone_the_first_ones_deadline() -> None:
    pulse = Pulse(SessionTerms(heartbeat=Heartbeat(2.0, 5.0)), 0.0)
    assert pulse.feel(2.0, received=0, data=0) is Verdict.PING
    assert pulse.feel(4.0, received=0, data=0) is Verdict.PING
    assert pulse.feel(6.0, received=0, data=0) is Verdict.PING
    assert pulse.feel(7.0, received=0, data=0) is Verdict.SILENT


def test_only_data_keeps_a_feed_from_being_stale() -> None:
    pulse = Pulse(SessionTerms(stale_seconds=8.0), 0.0)
    assert pulse.next_at == 2.0
    assert pulse.feel(2.0, received=1, data=1) is Verdict.NOTHING
    assert pulse.feel(9.9, received=9, data=1) is Verdict.NOTHING
    assert pulse.next_at == 10.0
    assert pulse.feel(10.0, received=10, data=1) is Verdict.STALE


def test_a_replacement_is_asked_for_once_and_again_when_postponed() -> None:
    pulse = Pulse(SessionTerms(life_seconds=60.0), 0.0)
    assert pulse.feel(60.0, received=1, data=1) is Verdict.RENEW
    assert pulse.feel(61.0, received=2, data=2) is Verdict.NOTHING
    assert pulse.next_at == inf
    pulse.postpone_renewal(70.0)
    assert pulse.next_at == 70.0
    assert pulse.feel(70.0, received=2, data=2) is Verdict.RENEW


@given(
    st.floats(0.5, 100.0),
    st.floats(0.5, 100.0),
    st.floats(0.5, 100.0),
    st.lists(st.booleans(), max_size=30),
)
def test_a_frozen_feed_is_found_soon_after_its_deadline(
    stale: float, ping: float, reply: float, data: list[bool]
) -> None:
    terms = SessionTerms(stale_seconds=stale, heartbeat=Heartbeat(ping, reply))
    pulse, now, count, last = Pulse(terms, 0.0), 0.0, 0, 0.0
    for is_data in [*data, *[False] * 1000]:
        if is_data:
            count, last = count + 1, now
        now = max(now, pulse.next_at)
        if pulse.feel(now, received=10_000 + round(now * 1e6), data=count) is Verdict.STALE:
            break
        assert now < last + 1.5 * stale + 1e-6
    assert now >= last + stale - 1e-6


@pytest.mark.parametrize(
    "make",
    [
        lambda: Heartbeat(0.0),
        lambda: Heartbeat(1.0, 0.0),
        lambda: SessionTerms(stale_seconds=0.0),
        lambda: SessionTerms(life_seconds=-1.0),
        lambda: SessionTerms(overlap_seconds=-1.0),
    ],
)
def test_times_that_are_none_are_refused(make: type) -> None:
    with pytest.raises(ConfigError, match="expected positive"):
        make()
