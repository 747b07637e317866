from collections.abc import Callable

import pytest

from arbitrage.exchanges.binance_usdm.refusals import (
    DEFINITE_REFUSALS,
    VenueError,
    definite_refusal,
    error_of,
)
from arbitrage.exchanges.order_gateway import Answer

PROVES_NOTHING = [
    -1000,  # UNKNOWN
    -1001,  # DISCONNECTED
    -1006,  # UNEXPECTED_RESP: execution status unknown
    -1007,  # TIMEOUT: execution status unknown
    -1008,  # overloaded
    -1010,  # ERROR_MSG_RECEIVED
    -1016,  # SERVICE_SHUTTING_DOWN
    -2011,  # CANCEL_REJECTED
    -2013,  # NO_SUCH_ORDER
    -2020,  # UNABLE_TO_FILL
    -4116,  # an order of this client id is there already
    -9999,  # not in the venue's list
]


def error(code: int) -> bytes:
    return b'{"code":%d,"msg":"said so"}' % code


@pytest.mark.parametrize("code", sorted(DEFINITE_REFUSALS))
def test_a_listed_code_proves_the_order_refused(code: int, answer: Callable[..., Answer]) -> None:
    refusal = definite_refusal(answer(status=400, raw=error(code)))

    assert refusal == VenueError(code, "said so")
    assert str(refusal) == f"{code} {DEFINITE_REFUSALS[code]}: said so"


@pytest.mark.parametrize("code", PROVES_NOTHING)
def test_any_other_code_proves_nothing(code: int, answer: Callable[..., Answer]) -> None:
    assert definite_refusal(answer(status=400, raw=error(code))) is None


@pytest.mark.parametrize("status", [200, 302, 500, 502, 503, 504])
def test_a_listed_code_proves_nothing_outside_4xx(
    status: int, answer: Callable[..., Answer]
) -> None:
    assert definite_refusal(answer(status=status, raw=error(-2019))) is None


@pytest.mark.parametrize(
    "raw", [b"", b"<html>403 Forbidden</html>", b"[]", b'{"msg":"x"}', b'{"code":"-2019"}', b"\xff"]
)
def test_a_body_without_a_code_proves_nothing(raw: bytes, answer: Callable[..., Answer]) -> None:
    said = answer(status=403, raw=raw)

    assert error_of(said) is None
    assert definite_refusal(said) is None


def test_an_unlisted_error_shows_its_number_and_text() -> None:
    assert str(VenueError(-1007, "Timeout")) == "-1007: Timeout"
