from collections.abc import Callable

import pytest

from arbitrage.exchanges.binance_usdm.budgets import (
    DEFAULT_LIMITS,
    RateLimit,
    limits_of,
    readings,
    retry_after_ns,
)
from arbitrage.exchanges.order_gateway import Answer, BudgetReading

SECOND = 1_000_000_000


def test_headers_become_readings_of_used_against_limit(answer: Callable[..., Answer]) -> None:
    said = answer(
        headers={
            "x-mbx-used-weight-1m": "40",
            "x-mbx-order-count-10s": "2",
            "x-mbx-order-count-1m": "7",
            "content-type": "application/json",
        }
    )

    assert readings(said, DEFAULT_LIMITS) == [
        BudgetReading("weight-1m", 40, 2400, 60 * SECOND),
        BudgetReading("orders-10s", 2, 300, 10 * SECOND),
        BudgetReading("orders-1m", 7, 1200, 60 * SECOND),
    ]


def test_a_budget_without_a_known_limit_has_limit_zero(answer: Callable[..., Answer]) -> None:
    [reading] = readings(answer(headers={"x-mbx-used-weight-1h": "9"}), DEFAULT_LIMITS)

    assert reading == BudgetReading("weight-1h", 9, 0, 3600 * SECOND)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-mbx-used-weight-1m": "forty"},
        {"x-mbx-used-weight-1m": "9" * 30},
        {"x-mbx-used-weight-1y": "40"},
        {"x-mbx-used-weight": "40"},
        {},
    ],
)
def test_headers_that_mean_nothing_are_passed_over(
    headers: dict[str, str], answer: Callable[..., Answer]
) -> None:
    assert readings(answer(headers=headers), DEFAULT_LIMITS) == []


def test_429_obeys_retry_after(answer: Callable[..., Answer]) -> None:
    said = answer(status=429, headers={"retry-after": "7", "x-mbx-used-weight-1m": "2401"})

    assert readings(said, DEFAULT_LIMITS) == [
        BudgetReading("weight-1m", 2401, 2400, 60 * SECOND, 7 * SECOND),
        BudgetReading("orders-10s", 0, 300, 10 * SECOND, 7 * SECOND),
    ]


def test_a_429_without_usage_counts_as_used_up(answer: Callable[..., Answer]) -> None:
    said = answer(status=429, headers={"retry-after": "7"})

    assert readings(said, {}) == [
        BudgetReading("weight-1m", 2400, 2400, 60 * SECOND, 7 * SECOND),
        BudgetReading("orders-10s", 0, 300, 10 * SECOND, 7 * SECOND),
    ]


def test_too_many_orders_stop_new_orders_alone(answer: Callable[..., Answer]) -> None:
    said = answer(
        raw=b'{"code":-1015,"msg":"Too many new orders"}',
        status=429,
        headers={"x-mbx-used-weight-1m": "40", "x-mbx-order-count-1m": "1200"},
    )

    assert readings(said, DEFAULT_LIMITS) == [
        BudgetReading("weight-1m", 40, 2400, 60 * SECOND),
        BudgetReading("orders-1m", 1200, 1200, 60 * SECOND, 10 * SECOND),
        BudgetReading("orders-10s", 300, 300, 10 * SECOND, 10 * SECOND),
    ]


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (200, {"retry-after": "7"}, 0),
        (503, {}, 0),
        (429, {}, 60),
        (429, {"retry-after": "soon"}, 60),
        (418, {}, 120),
        (418, {"retry-after": "259200"}, 259_200),
        (418, {"retry-after": "9" * 40}, 120),
    ],
)
def test_how_long_to_stay_away(
    status: int, headers: dict[str, str], seconds: int, answer: Callable[..., Answer]
) -> None:
    assert retry_after_ns(answer(status=status, headers=headers)) == seconds * SECOND


def test_limits_are_named_as_the_readings_are() -> None:
    said = [
        RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 6000),
        RateLimit("ORDERS", "SECOND", 10, 100),
        RateLimit("ORDERS", "DAY", 1, 200_000),
        RateLimit("RAW_REQUESTS", "MINUTE", 5, 61_000),
    ]

    assert limits_of(said) == {"weight-1m": 6000, "orders-10s": 100, "orders-1d": 200_000}
