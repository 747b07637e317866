from collections.abc import Callable

import pytest

from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.exchanges.okx.budgets import ACCOUNT_ORDERS, readings, retry_after_ns
from arbitrage.exchanges.order_gateway import Answer, BudgetReading

AnswerOf = Callable[..., Answer]
WINDOW_NS = 2 * NS_PER_SECOND
TOO_MANY = b'{"code":"50011","data":[],"msg":"Too Many Requests"}'
OF_ACCOUNT = (
    b'{"code":"1","data":[{"clOrdId":"s00000001","ordId":"","sCode":"50061","sMsg":"Order rate '
    b'limit reached"}],"msg":""}'
)


@pytest.mark.parametrize(
    ("status", "raw", "wait_ns"),
    [
        (200, b'{"code":"0","data":[],"msg":""}', 0),
        (200, b"", 0),
        (503, TOO_MANY, 0),
        (200, TOO_MANY, WINDOW_NS),
        (429, TOO_MANY, WINDOW_NS),
        (429, b"", WINDOW_NS),
        (200, OF_ACCOUNT, WINDOW_NS),
        (200, b'{"code":"60014","data":[],"msg":"Requests too frequent"}', WINDOW_NS),
    ],
)
def test_how_long_to_stay_away(status: int, raw: bytes, wait_ns: int, answer: AnswerOf) -> None:
    assert retry_after_ns(answer(status=status, raw=raw)) == wait_ns


def test_an_answer_that_does_not_complain_says_nothing(answer: AnswerOf) -> None:
    assert readings(answer("placed"), "/api/v5/trade/order") == []


def test_a_used_up_budget_is_that_of_its_endpoint(answer: AnswerOf) -> None:
    said = answer(status=429, raw=TOO_MANY)

    assert readings(said, "/api/v5/trade/order") == [
        BudgetReading("/api/v5/trade/order", 60, 60, WINDOW_NS, WINDOW_NS)
    ]


def test_a_longer_window_is_waited_out(answer: AnswerOf) -> None:
    [reading] = readings(answer(status=429), "/api/v5/system/status")

    assert reading.retry_after_ns == reading.window_ns == 5 * NS_PER_SECOND


def test_an_endpoint_that_is_not_named_counts_as_used_up(answer: AnswerOf) -> None:
    assert readings(answer(status=429)) == [BudgetReading("", 1, 1, WINDOW_NS, WINDOW_NS)]


def test_the_accounts_budget_is_that_of_all_new_swap_orders(answer: AnswerOf) -> None:
    assert readings(answer(raw=OF_ACCOUNT), "/api/v5/trade/order") == [
        BudgetReading(ACCOUNT_ORDERS, 1000, 1000, WINDOW_NS, WINDOW_NS)
    ]
