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
from arbitrage.exchanges.okx.answers import failure, read
from arbitrage.exchanges.order_gateway import Answer

AnswerOf = Callable[..., Answer]
NUMBERS = msgspec.json.Decoder(list[int])


def test_a_success_is_read(answer: AnswerOf) -> None:
    assert read(NUMBERS, answer(raw=b'{"code":"0","data":[1,2],"msg":""}'), "numbers") == [1, 2]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[1",
        b"[1]",
        b'{"data":[1]}',
        b'{"code":"0"}',
        b'{"code":"0","data":["x"]}',
        b'{"code":"0","data":' + b"[" * 100_000,
    ],
)
def test_a_success_that_cannot_be_read_is_malformed(raw: bytes, answer: AnswerOf) -> None:
    with pytest.raises(MalformedData, match="numbers"):
        read(NUMBERS, answer(raw=raw), "numbers")


@pytest.mark.parametrize("status", [503, 302])
def test_a_failure_without_words_is_unavailable(status: int, answer: AnswerOf) -> None:
    with pytest.raises(Unavailable, match=f"HTTP {status}, no reason given"):
        read(NUMBERS, answer(status=status, raw=b"<html>"), "numbers")


def test_a_success_in_words_alone_is_a_failure(answer: AnswerOf) -> None:
    with pytest.raises(Unavailable, match="HTTP 500"):
        read(NUMBERS, answer(status=500, raw=b'{"code":"0","data":[1],"msg":""}'), "numbers")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (200, "51001", ConfigError),
        (401, "50111", ConfigError),
        (401, "50113", ConfigError),
        (401, "50102", Unavailable),
        (500, "51001", Unavailable),
        (200, "50001", Unavailable),
        (200, "50026", Unavailable),
        (200, "50011", RateLimited),
        (200, "50061", RateLimited),
        (429, "50011", RateLimited),
    ],
)
def test_who_has_to_act_on_a_failure(
    status: int, code: str, kind: type[ArbitrageError], answer: AnswerOf
) -> None:
    raw = f'{{"code":"{code}","data":[],"msg":"no"}}'.encode()

    error = failure(answer(status=status, raw=raw), "books")

    assert type(error) is kind
    assert code in str(error)
    with pytest.raises(kind):
        read(NUMBERS, answer(status=status, raw=raw), "books")


def test_a_limit_says_how_long(answer: AnswerOf) -> None:
    error = failure(answer(status=429), "books")

    assert isinstance(error, RateLimited)
    assert error.retry_after_ns == 2 * 1_000_000_000
