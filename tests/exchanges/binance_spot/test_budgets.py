from collections.abc import Callable

import pytest

from arbitrage.exchanges.binance_spot.budgets import (
    DEFAULT_LIMITS,
    RateLimit,
    limits_of,
    readings,
    retry_after_ns,
    spent_budget,
)
from arbitrage.exchanges.order_gateway import Answer, BudgetReading

SECOND = 1_000_000_000
TOO_MANY_ORDERS = b'{"code":-1015,"msg":"Too many new orders; current limit is 50 orders per 10 S"}'


def test_headers_become_readings_of_used_against_limit(answer: Callable[..., Answer]) -> None:
    said = answer(
        headers={
            "x-mbx-used-weight-1m": "40",
            "x-mbx-order-count-10s": "2",
            "x-mbx-order-count-1d": "7",
            "content-type": "application/json",
        }
    )

    assert readings(said, DEFAULT_LIMITS) == [
        BudgetReading("weight-1m", 40, 6000, 60 * SECOND),
        BudgetReading("orders-10s", 2, 50, 10 * SECOND),
        BudgetReading("orders-1d", 7, 160_000, 86_400 * SECOND),
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


def test_429_obeys_retry_after_and_orders_are_another_budget(
    answer: Callable[..., Answer],
) -> None:
    headers = {
        "retry-after": "7",
        "x-mbx-used-weight-1m": "6001",
        "x-mbx-order-count-10s": "1",
    }

    assert readings(answer(status=429, headers=headers), DEFAULT_LIMITS) == [
        BudgetReading("weight-1m", 6001, 6000, 60 * SECOND, 7 * SECOND),
        BudgetReading("orders-10s", 1, 50, 10 * SECOND),
    ]


def test_a_429_without_usage_counts_as_used_up(answer: Callable[..., Answer]) -> None:
    said = answer(status=429, headers={"retry-after": "7"})

    assert readings(said, {}) == [BudgetReading("weight-1m", 6000, 6000, 60 * SECOND, 7 * SECOND)]


def test_too_many_orders_stop_orders_and_nothing_else(answer: Callable[..., Answer]) -> None:
    said = answer(status=429, raw=TOO_MANY_ORDERS, headers={"x-mbx-used-weight-1m": "40"})

    assert readings(said, DEFAULT_LIMITS) == [
        BudgetReading("weight-1m", 40, 6000, 60 * SECOND),
        BudgetReading("orders-10s", 50, 50, 10 * SECOND, 10 * SECOND),
    ]


@pytest.mark.parametrize(
    ("status", "raw", "budget"),
    [
        (200, b"{}", ""),
        (429, b"", "weight-1m"),
        (429, b'{"code":-1003,"msg":"Too many"}', "weight-1m"),
        (429, TOO_MANY_ORDERS, "orders-10s"),
        (418, TOO_MANY_ORDERS, "weight-1m"),
    ],
)
def test_which_budget_is_used_up(
    status: int, raw: bytes, budget: str, answer: Callable[..., Answer]
) -> None:
    assert spent_budget(answer(status=status, raw=raw)) == budget


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
