"""Budgets: no window holds more than its limit, and the urgent share is never touched."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError, RateLimited
from arbitrage.exchanges.order_gateway import BudgetReading, Lane, Request
from arbitrage.net.budgets import BudgetRule, Budgets

SECOND = 1_000_000_000


def weight(request: Request) -> int:
    return request.weight


def orders_only(request: Request) -> int:
    return 1 if request.method == "POST" else 0


def poll(units: int = 1) -> Request:
    return Request("GET", "/book?symbol=BTC", weight=units)


def entry() -> Request:
    return Request("POST", "/order", lane=Lane.ENTRY)


def urgent() -> Request:
    return Request("POST", "/order", lane=Lane.URGENT)


def budgets(limit: int = 8, *, share: float = 0.25) -> Budgets:
    rules = [
        BudgetRule("weight", limit, SECOND, weight),
        BudgetRule("orders", 4, SECOND, orders_only),
    ]
    return Budgets(rules, urgent_share=share)


def spent(subject: Budgets, request: Request, now_ns: int = 0) -> int:
    """How many such requests fit at one moment."""
    for count in range(1_000):
        try:
            subject.spend(request, now_ns)
        except RateLimited:
            return count
    raise AssertionError("no limit")


def test_what_fits_is_sent_and_what_does_not_is_told_how_long_to_wait() -> None:
    subject = budgets()
    subject.spend(poll(4), 0)
    subject.spend(poll(2), SECOND // 2)
    with pytest.raises(RateLimited, match=r"GET /book: .*nothing was sent") as error:
        subject.spend(poll(2), SECOND // 2)
    assert error.value.retry_after_ns == SECOND // 2
    subject.spend(poll(2), SECOND)


def test_a_refused_request_costs_nothing() -> None:
    subject = budgets()
    assert spent(subject, poll(5)) == 1
    assert subject.used(0)["weight"] == (5, 8)
    subject.spend(poll(1), 0)
    assert subject.used(0) == {"weight": (6, 8), "orders": (0, 4)}


def test_entries_and_polls_leave_the_urgent_share() -> None:
    subject = budgets()
    assert spent(subject, entry()) == 3
    assert spent(subject, urgent()) == 1
    assert spent(subject, poll()) == 2
    assert subject.used(0) == {"weight": (6, 8), "orders": (4, 4)}
    subject.spend(Request("DELETE", "/order", lane=Lane.URGENT, weight=2), 0)


def test_a_request_larger_than_the_share_goes_alone() -> None:
    subject = Budgets([BudgetRule("cancel-all", 1, SECOND, weight)])
    subject.spend(poll(), 0)
    with pytest.raises(RateLimited):
        subject.spend(poll(), SECOND - 1)
    subject.spend(poll(), SECOND)


def test_what_the_venue_counted_beyond_ours_is_charged() -> None:
    subject = budgets()
    subject.spend(poll(2), 0)
    subject.take_in([BudgetReading("weight", 6, 8, SECOND)], 10)
    assert subject.used(10)["weight"] == (6, 8)
    subject.take_in([BudgetReading("weight", 1, 8, SECOND)], 20)
    assert subject.used(20)["weight"] == (6, 8)
    with pytest.raises(RateLimited):
        subject.spend(poll(), 20)
    subject.spend(urgent(), 20)


def test_the_venues_own_limit_is_taken_over() -> None:
    subject = budgets()
    subject.take_in([BudgetReading("weight", 0, 100, SECOND)], 0)
    assert spent(subject, poll()) == 75
    subject.take_in([BudgetReading("weight", 0, 0, SECOND)], 0)
    assert subject.used(0)["weight"] == (75, 100)


def test_too_many_requests_block_the_budget_that_is_named() -> None:
    subject = budgets()
    subject.take_in([BudgetReading("orders", 4, 4, SECOND, retry_after_ns=5 * SECOND)], 0)
    with pytest.raises(RateLimited) as error:
        subject.spend(urgent(), 2 * SECOND)
    assert error.value.retry_after_ns == 3 * SECOND
    subject.spend(poll(), 2 * SECOND)
    subject.spend(urgent(), 5 * SECOND)


@pytest.mark.parametrize(("name", "is_ban"), [("", False), ("unheard-of", False), ("orders", True)])
def test_a_ban_and_an_unknown_budget_block_everything(name: str, is_ban: bool) -> None:
    subject = budgets()
    reading = BudgetReading(name, 0, 0, SECOND, retry_after_ns=5 * SECOND)
    subject.take_in([reading], 0, is_ban=is_ban)
    assert subject.blocked_until_ns == 5 * SECOND
    for request in (poll(), urgent()):
        with pytest.raises(RateLimited):
            subject.spend(request, 5 * SECOND - 1)
        subject.spend(request, 5 * SECOND)


def test_an_unknown_budget_that_blocks_nothing_is_passed_over() -> None:
    subject = budgets()
    subject.take_in([BudgetReading("raw-5m", 1, 2, SECOND)], 0)
    subject.spend(poll(), 0)
    assert subject.blocked_until_ns == 0


steps = st.lists(
    st.tuples(
        st.integers(0, SECOND // 2),
        st.sampled_from([Lane.MARKET, Lane.ENTRY, Lane.URGENT]),
        st.integers(1, 3),
        st.integers(0, 12),
    ),
    max_size=60,
)


@given(st.integers(3, 20), st.floats(0.0, 0.9), steps)
def test_no_window_ever_holds_more_than_its_limit(
    limit: int, share: float, sequence: list[tuple[int, Lane, int, int]]
) -> None:
    subject = Budgets([BudgetRule("weight", limit, SECOND, weight)], urgent_share=share)
    now, sent = 0, []
    for pause, lane, units, told in sequence:
        now += pause
        request = Request("GET", "/x", lane=lane, weight=min(units, limit))
        window = sum(cost for at, cost, _ in sent if now - at < SECOND)
        try:
            subject.spend(request, now)
        except RateLimited:
            continue
        sent.append((now, request.weight, lane))
        window += request.weight
        assert window <= limit
        if lane is not Lane.URGENT:
            assert window <= max(limit - ceil(limit * share), request.weight)
        if told:
            subject.take_in([BudgetReading("weight", told, 0, SECOND)], now)


@given(st.integers(1, 20), st.lists(st.integers(1, 5), min_size=1, max_size=30))
def test_waiting_as_long_as_told_is_enough(limit: int, costs: list[int]) -> None:
    subject, now = Budgets([BudgetRule("weight", limit, SECOND, weight)]), 0
    for cost in costs:
        request = poll(min(cost, limit))
        for _ in range(2):
            try:
                subject.spend(request, now)
                break
            except RateLimited as error:
                now += error.retry_after_ns
        else:
            raise AssertionError("waited as long as told and still refused")


def test_rules_that_are_none_are_refused() -> None:
    for name, limit, window in (("", 1, 1), ("a", 0, 1), ("a", 1, 0)):
        with pytest.raises(ConfigError):
            BudgetRule(name, limit, window, weight)
    with pytest.raises(ConfigError, match="urgent_share"):
        Budgets([], urgent_share=1.0)
