from collections.abc import Callable

import pytest

from arbitrage.exchanges.bybit.refusals import (
    DEFINITE_REFUSALS,
    IP_BANNED,
    NO_SUCH_ORDER,
    NOTHING_TO_CHANGE,
    OK,
    TOO_MANY,
    WRONG_REQUESTS,
    definite_refusal,
    verdict_of,
)
from arbitrage.exchanges.order_gateway import Answer

AnswerOf = Callable[..., Answer]

# Codes after which an order of this client id may be alive.
AMBIGUOUS = [
    *(429, 5004, 10000, 10014, 10016, 10019, 10429, 20006, 110030, 110072, 110079),
    *(170001, 170007, 170032, 170035, 170141, 170146, 170149, 170234),
]


@pytest.mark.parametrize("code", sorted(DEFINITE_REFUSALS))
def test_a_code_on_the_list_proves_the_refusal(code: int, answer: AnswerOf) -> None:
    verdict = definite_refusal(answer(code=code))

    assert verdict is not None
    assert str(verdict) == f"{code} {DEFINITE_REFUSALS[code]}: no"


@pytest.mark.parametrize("code", AMBIGUOUS)
def test_a_code_that_may_leave_an_order_behind_proves_nothing(code: int, answer: AnswerOf) -> None:
    assert definite_refusal(answer(code=code)) is None


def test_a_code_never_heard_of_proves_nothing(answer: AnswerOf) -> None:
    assert definite_refusal(answer(code=777777)) is None


@pytest.mark.parametrize("status", [500, 502, 503, 504, 302])
def test_trouble_at_the_door_proves_nothing_whatever_it_says(status: int, answer: AnswerOf) -> None:
    assert definite_refusal(answer(status=status, code=110007)) is None


@pytest.mark.parametrize("raw", [b"", b"<html>", b"{}", b"[" * 100_000, b"\xff", b"null"])
def test_a_page_of_a_gateway_is_no_verdict(raw: bytes, answer: AnswerOf) -> None:
    assert verdict_of(answer(status=403, raw=raw)) is None
    assert definite_refusal(answer(status=403, raw=raw)) is None


def test_success_is_no_refusal(answer: AnswerOf) -> None:
    assert definite_refusal(answer("created")) is None
    assert OK not in DEFINITE_REFUSALS


def test_a_verdict_without_a_message_says_so(answer: AnswerOf) -> None:
    raw = b'{"retCode":"42","retMsg":null,"result":null,"time":"1684765770483"}'

    verdict = verdict_of(answer(raw=raw))

    assert verdict is not None
    assert (str(verdict), verdict.time) == ("42: no reason given", 1684765770483)


def test_no_list_contradicts_another() -> None:
    assert not NO_SUCH_ORDER & set(DEFINITE_REFUSALS)
    assert not NOTHING_TO_CHANGE & (set(DEFINITE_REFUSALS) | WRONG_REQUESTS)
    assert not TOO_MANY & WRONG_REQUESTS
    assert IP_BANNED in DEFINITE_REFUSALS
