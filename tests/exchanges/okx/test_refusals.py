from collections.abc import Callable

import pytest

from arbitrage.exchanges.okx.refusals import (
    DEFINITE_REFUSALS,
    NO_SUCH_ORDER,
    WRONG_REQUESTS,
    Verdict,
    definite_refusal,
    verdict_of,
)
from arbitrage.exchanges.order_gateway import Answer

AnswerOf = Callable[..., Answer]
PROVES_NOTHING = [
    "50001",  # service temporarily unavailable
    "50004",  # timeout: "does not mean that the request was successful or failed"
    "50005",  # offline
    "50013",  # busy
    "50026",  # system error
    "50042",  # repeated request
    "50071",  # clOrdId already exists
    "51011",  # duplicated ordId
    "51016",  # duplicated clOrdId
    "51054",  # timed out
    "51149",  # order timed out
    "51400",  # cancellation failed: filled, canceled or does not exist
    "51603",  # order does not exist
    "64007",  # endpoint temporarily unavailable
    "64008",  # about to be closed
    "99999",  # not in the venue's list
]


def of_order(code: str, client_id: str = "s00000001") -> bytes:
    row = f'{{"clOrdId":"{client_id}","ordId":"","sCode":"{code}","sMsg":"said so"}}'
    return f'{{"code":"1","data":[{row}],"msg":"All operations failed"}}'.encode()


def of_request(code: str) -> bytes:
    return f'{{"code":"{code}","data":[],"msg":"said so"}}'.encode()


@pytest.mark.parametrize("code", sorted(DEFINITE_REFUSALS))
def test_a_listed_code_proves_the_order_refused(code: str, answer: AnswerOf) -> None:
    for raw in (of_order(code), of_order(code, ""), of_request(code)):
        refusal = definite_refusal(answer(raw=raw), "s00000001")

        assert refusal is not None
        assert str(refusal) == f"{code} {DEFINITE_REFUSALS[code]}: said so"


@pytest.mark.parametrize("code", ["0", "1", "2", *PROVES_NOTHING])
def test_any_other_code_proves_nothing(code: str, answer: AnswerOf) -> None:
    for raw in (of_order(code), of_request(code)):
        assert definite_refusal(answer(raw=raw), "s00000001") is None


@pytest.mark.parametrize(
    ("status", "is_proof"),
    [(200, True), (400, True), (401, True), (429, True), (302, False), (500, False), (503, False)],
)
def test_a_listed_code_proves_nothing_from_a_server_in_trouble(
    status: int, is_proof: bool, answer: AnswerOf
) -> None:
    refusal = definite_refusal(answer(status=status, raw=of_request("50011")), "s00000001")

    assert (refusal is not None) is is_proof


def test_what_is_said_of_another_order_proves_nothing_of_ours(answer: AnswerOf) -> None:
    assert definite_refusal(answer(raw=of_order("51008", "s00000002")), "s00000001") is None


@pytest.mark.parametrize(
    "raw", [b"", b"<html>403 Forbidden</html>", b"[]", b'{"msg":"x"}', b'{"code":51008}', b"\xff"]
)
def test_a_body_without_a_code_proves_nothing(raw: bytes, answer: AnswerOf) -> None:
    assert verdict_of(raw) is None
    assert definite_refusal(answer(status=403, raw=raw), "s00000001") is None


@pytest.mark.parametrize("data", ["[]", "null", '[{"sCode":1}]', '[{"sCode":"0"},{"sCode":"0"}]'])
def test_a_failure_without_one_order_is_the_requests(data: str) -> None:
    raw = f'{{"code":"1","data":{data},"msg":"All operations failed"}}'.encode()

    assert verdict_of(raw) == Verdict("1", "All operations failed")


def test_the_word_about_the_order_stands_before_that_about_the_request(
    body: Callable[[str], bytes],
) -> None:
    text = "Order failed. Insufficient USDT balance in account"

    assert verdict_of(body("refused")) == Verdict("51008", text, "s00000001")
    assert verdict_of(body("placed")) == Verdict("0", "", "s00000001")


def test_an_unlisted_code_shows_its_number_and_text() -> None:
    assert str(Verdict("50004", "Endpoint request timeout")) == "50004: Endpoint request timeout"
    assert str(Verdict("50004")) == "50004: no reason given"


def test_a_clock_that_is_off_can_be_mended() -> None:
    assert "50102" in DEFINITE_REFUSALS
    assert "50102" not in WRONG_REQUESTS
    assert NO_SUCH_ORDER not in DEFINITE_REFUSALS
