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
from arbitrage.exchanges.binance_spot.answers import failure, read
from arbitrage.exchanges.order_gateway import Answer

NUMBERS = msgspec.json.Decoder(list[int])


def test_a_success_is_read(answer: Callable[..., Answer]) -> None:
    assert read(NUMBERS, answer(raw=b"[1,2]"), "numbers") == [1, 2]


@pytest.mark.parametrize("raw", [b"", b"[1", b'["x"]', b"[" * 100_000, b"null"])
def test_a_success_that_cannot_be_read_is_malformed(
    raw: bytes, answer: Callable[..., Answer]
) -> None:
    with pytest.raises(MalformedData, match="numbers"):
        read(NUMBERS, answer(raw=raw), "numbers")


def test_a_failure_is_raised_as_what_it_means(answer: Callable[..., Answer]) -> None:
    with pytest.raises(Unavailable, match="HTTP 503, no reason given"):
        read(NUMBERS, answer(status=503, raw=b"<html>"), "numbers")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, -1121, ConfigError),
        (401, -2015, ConfigError),
        (400, -1022, ConfigError),
        (400, -1021, Unavailable),
        (500, -1121, Unavailable),
        (400, -2011, Unavailable),
        (429, -1003, RateLimited),
        (429, -1015, RateLimited),
        (418, -1003, RateLimited),
    ],
)
def test_who_has_to_act_on_a_failure(
    status: int, code: int, kind: type[ArbitrageError], answer: Callable[..., Answer]
) -> None:
    error = failure(answer(status=status, raw=b'{"code":%d,"msg":"no"}' % code), "depth")

    assert type(error) is kind
    assert str(code) in str(error)


def test_a_ban_says_how_long(answer: Callable[..., Answer]) -> None:
    error = failure(answer(status=418, headers={"retry-after": "300"}), "depth")

    assert isinstance(error, RateLimited)
    assert error.retry_after_ns == 300 * 1_000_000_000
