from collections.abc import Callable

import msgspec
import pytest

from arbitrage.domain.errors import (
    ArbitrageError,
    ConfigError,
    MalformedData,
    RateLimited,
    Unavailable,
)
from arbitrage.exchanges.bybit.answers import failure, next_cursor, read
from arbitrage.exchanges.order_gateway import Answer

AnswerOf = Callable[..., Answer]
NUMBERS = msgspec.json.Decoder(list[int])


def result(raw: bytes) -> bytes:
    return b'{"retCode":0,"retMsg":"OK","result":%s,"retExtInfo":{},"time":7}' % raw


def test_the_result_of_a_success_is_read(answer: AnswerOf) -> None:
    assert read(NUMBERS, answer(raw=result(b"[1,2]")), "numbers") == [1, 2]


@pytest.mark.parametrize(
    "raw",
    [b"", b"[1", b"{}", b"null", b"[" * 100_000, result(b'["x"]'), result(b"null"), result(b"{}")],
)
def test_a_success_that_cannot_be_read_is_malformed(raw: bytes, answer: AnswerOf) -> None:
    with pytest.raises(MalformedData, match="numbers"):
        read(NUMBERS, answer(raw=raw), "numbers")


def test_a_failure_in_a_200_is_raised_as_what_it_means(answer: AnswerOf) -> None:
    with pytest.raises(Unavailable, match="HTTP 200, 10016: no"):
        read(NUMBERS, answer(code=10016), "numbers")


def test_a_success_under_another_status_is_none(answer: AnswerOf) -> None:
    with pytest.raises(Unavailable, match="HTTP 502, no reason given"):
        read(NUMBERS, answer(status=502, raw=b"<html>"), "numbers")
    with pytest.raises(Unavailable, match="HTTP 502"):
        read(NUMBERS, answer(status=502, raw=result(b"[1]")), "numbers")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (200, 10001, ConfigError),
        (200, 10003, ConfigError),
        (200, 10004, ConfigError),
        (400, 10001, ConfigError),
        (401, 0, ConfigError),
        (500, 10001, Unavailable),
        (200, 10002, Unavailable),
        (200, 10000, Unavailable),
        (404, 0, Unavailable),
        (200, 10006, RateLimited),
        (403, 0, RateLimited),
        (429, 0, RateLimited),
    ],
)
def test_who_has_to_act_on_a_failure(
    status: int, code: int, kind: type[ArbitrageError], answer: AnswerOf
) -> None:
    error = failure(answer(status=status, code=code), "orderbook")

    assert type(error) is kind
    assert str(code) in str(error)


def test_an_unauthorized_page_is_a_matter_of_the_key(answer: AnswerOf) -> None:
    assert type(failure(answer(status=401, raw=b"<html>"), "wallet")) is ConfigError


def test_a_ban_says_how_long(answer: AnswerOf) -> None:
    error = failure(answer(status=403, raw=b"access too frequent"), "orderbook")

    assert isinstance(error, RateLimited)
    assert error.retry_after_ns == 600 * 1_000_000_000
    assert "nothing is sent for 600 s" in str(error)


def test_a_cursor_leads_to_the_next_page(answer: AnswerOf) -> None:
    assert next_cursor(answer("executions")) == "132766%3A2%2C132766%3A2"
    assert next_cursor(answer("no_order")) == ""
    assert next_cursor(answer("spot")) == ""
    assert next_cursor(answer(raw=result(b'{"nextPageCursor":null}'))) == ""


@pytest.mark.parametrize("cursor", [b"a&symbol=X", b"a b", b"a?b", b"x" * 2001])
def test_a_cursor_that_would_change_the_question_is_refused(
    cursor: bytes, answer: AnswerOf
) -> None:
    said = answer(raw=result(b'{"nextPageCursor":"%s"}' % cursor))

    with pytest.raises(MalformedData, match="cursor"):
        next_cursor(said)
