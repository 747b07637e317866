from collections.abc import Callable

import pytest

from arbitrage.exchanges.binance_spot.refusals import (
    DEFINITE_REFUSALS,
    REJECTIONS,
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
    -1008,  # SERVER_BUSY
    -1010,  # ERROR_MSG_RECEIVED
    -1016,  # SERVICE_SHUTTING_DOWN
    -2010,  # NEW_ORDER_REJECTED, but with a text that is not on the list
    -2011,  # CANCEL_REJECTED
    -2013,  # NO_SUCH_ORDER
    -2021,  # cancel-replace partially failed
    -9999,  # not in the venue's list
]


def error(code: int, text: str = "said so") -> bytes:
    return b'{"code":%d,"msg":"%s"}' % (code, text.encode())


@pytest.mark.parametrize("code", sorted(DEFINITE_REFUSALS))
def test_a_listed_code_proves_the_order_refused(code: int, answer: Callable[..., Answer]) -> None:
    refusal = definite_refusal(answer(status=400, raw=error(code)))

    assert refusal == VenueError(code, "said so")
    assert str(refusal) == f"{code} {DEFINITE_REFUSALS[code]}: said so"


@pytest.mark.parametrize("text", sorted(REJECTIONS))
@pytest.mark.parametrize("end", ["", "."])
def test_a_listed_text_of_the_matching_engine_proves_the_order_rejected(
    text: str, end: str, answer: Callable[..., Answer]
) -> None:
    refusal = definite_refusal(answer(status=400, raw=error(-2010, text + end)))

    assert str(refusal) == f"-2010: {text}{end}"


def test_a_listed_text_may_come_in_the_marks_of_the_documentation(
    answer: Callable[..., Answer],
) -> None:
    text = "Order book liquidity is less than `LOT_SIZE` filter minimum quantity."

    assert definite_refusal(answer(status=400, raw=error(-2010, text))) is not None


def test_a_duplicate_order_proves_that_one_of_this_id_lives(answer: Callable[..., Answer]) -> None:
    assert definite_refusal(answer(status=400, raw=error(-2010, "Duplicate order sent."))) is None


@pytest.mark.parametrize("code", PROVES_NOTHING)
def test_any_other_code_proves_nothing(code: int, answer: Callable[..., Answer]) -> None:
    assert definite_refusal(answer(status=400, raw=error(code))) is None


@pytest.mark.parametrize("status", [200, 302, 500, 502, 503, 504])
def test_a_listed_code_proves_nothing_outside_4xx(
    status: int, answer: Callable[..., Answer]
) -> None:
    assert definite_refusal(answer(status=status, raw=error(-1013))) is None


@pytest.mark.parametrize(
    "raw", [b"", b"<html>403 Forbidden</html>", b"[]", b'{"msg":"x"}', b'{"code":"-1013"}', b"\xff"]
)
def test_a_body_without_a_code_proves_nothing(raw: bytes, answer: Callable[..., Answer]) -> None:
    said = answer(status=403, raw=raw)

    assert error_of(said) is None
    assert definite_refusal(said) is None


def test_an_unlisted_error_shows_its_number_and_text() -> None:
    assert str(VenueError(-1007, "Timeout")) == "-1007: Timeout"
