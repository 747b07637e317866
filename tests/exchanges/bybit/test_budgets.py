from collections.abc import Callable

import pytest

from arbitrage.exchanges.bybit import facts
from arbitrage.exchanges.bybit.budgets import ADDRESS, readings, retry_after_ns
from arbitrage.exchanges.order_gateway import Answer, BudgetReading

AnswerOf = Callable[..., Answer]
SECOND = 1_000_000_000
PATH = "/v5/order/create"
HEADERS = {
    "x-bapi-limit": "10",
    "x-bapi-limit-status": "7",
    "x-bapi-limit-reset-timestamp": "7400",
}


def test_headers_become_a_reading_of_used_against_limit(answer: AnswerOf) -> None:
    said = answer("created", headers=HEADERS)

    assert readings(said, PATH) == [BudgetReading(PATH, 3, 10, SECOND)]
    assert readings(said) == [BudgetReading("", 3, 10, SECOND)]


def test_public_answers_speak_of_no_budget(answer: AnswerOf) -> None:
    assert readings(answer("orderbook")) == []


@pytest.mark.parametrize(
    "headers",
    [
        HEADERS | {"x-bapi-limit": "ten"},
        HEADERS | {"x-bapi-limit-status": "9" * 30},
        HEADERS | {"x-bapi-limit-status": "-1"},
        HEADERS | {"x-bapi-limit": "²"},
        {"x-bapi-limit": "10"},
    ],
)
def test_headers_that_mean_nothing_are_passed_over(
    headers: dict[str, str], answer: AnswerOf
) -> None:
    assert readings(answer("created", headers=headers)) == []


def test_more_left_than_there_is_counts_as_nothing_used(answer: AnswerOf) -> None:
    [reading] = readings(answer("created", headers=HEADERS | {"x-bapi-limit-status": "11"}))

    assert reading.used == 0


def test_a_used_up_budget_ends_when_the_header_says(answer: AnswerOf) -> None:
    said = answer(
        code=10006, headers=HEADERS | {"x-bapi-limit-status": "0"}
    )  # the body's time: 7 s

    assert readings(said, PATH) == [BudgetReading(PATH, 10, 10, SECOND, SECOND * 4 // 10)]


def test_a_refusal_without_headers_counts_as_used_up(answer: AnswerOf) -> None:
    assert readings(answer(code=10006), PATH) == [BudgetReading(PATH, 1, 1, SECOND, SECOND)]


@pytest.mark.parametrize("reset", ["6999", "7000", "67001", "soon", ""])
def test_a_reset_that_is_past_or_absurd_is_not_believed(reset: str, answer: AnswerOf) -> None:
    said = answer(code=10006, headers={"x-bapi-limit-reset-timestamp": reset})

    assert retry_after_ns(said) == SECOND


def test_without_the_venues_clock_a_reset_says_nothing(answer: AnswerOf) -> None:
    said = answer(raw=b'{"retCode":10006}', headers=HEADERS)

    assert retry_after_ns(said) == SECOND


@pytest.mark.parametrize(
    ("status", "code", "wait_ns"),
    [
        (200, 0, 0),
        (200, 110007, 0),
        (200, 10016, 0),
        (503, 0, 0),
        (200, 10018, SECOND),
        (200, 170222, SECOND),
        (429, 0, SECOND),
        (403, 0, facts.IP_BAN_NS),
        (200, 10009, facts.IP_BAN_NS),
    ],
)
def test_how_long_to_stay_away(status: int, code: int, wait_ns: int, answer: AnswerOf) -> None:
    assert retry_after_ns(answer(status=status, code=code)) == wait_ns


def test_a_ban_of_the_address_is_the_addresses_budget(answer: AnswerOf) -> None:
    said = answer(status=403, raw=b"access too frequent", headers=HEADERS)

    limit = facts.IP_LIMIT
    assert readings(said, PATH) == [
        BudgetReading(ADDRESS, limit, limit, 5 * SECOND, facts.IP_BAN_NS)
    ]


def test_a_page_without_a_verdict_says_nothing(answer: AnswerOf) -> None:
    assert retry_after_ns(answer(status=502, raw=b"<html>")) == 0
