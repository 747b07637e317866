"""OKX refuses with codes: those of requests with a status, those of orders in rows."""

import json

import pytest

from arbitrage.sim.protocols.okx_errors import (
    OkxRefusal,
    order_row,
    overall,
    refusal_of,
    refused,
    trouble_answer,
)


def test_a_refused_request_has_its_status_and_no_data() -> None:
    answer = refused(OkxRefusal("50113"))
    assert isinstance(answer.body, bytes)
    assert answer.status == 401
    assert json.loads(answer.body) == {"code": "50113", "data": [], "msg": "Invalid signature."}


def test_a_message_is_filled_in() -> None:
    assert OkxRefusal("50014", "instId").message == "Parameter instId can not be empty."


def test_what_concerns_an_order_is_told_with_http_200() -> None:
    assert OkxRefusal("51008", "USDT balance").status == 200
    row = order_row("s1", "", 1_695_190_491_421_000_000, OkxRefusal("51016"))
    assert (row["sCode"], row["sMsg"]) == ("51016", "Client order ID already exists.")
    assert order_row("s1", "7", 0, None)["sCode"] == "0"


@pytest.mark.parametrize(
    ("codes", "code"), [(["0", "0"], "0"), (["0", "51008"], "2"), (["51008", "51020"], "1")]
)
def test_a_request_has_failed_whole_or_in_part(codes: list[str], code: str) -> None:
    assert overall([{"sCode": one} for one in codes])[0] == code


@pytest.mark.parametrize(
    ("reason", "code", "about"),
    [
        ("insufficient_balance", "51008", "USDT balance"),
        ("insufficient_margin", "51008", "USDT margin"),
        ("duplicate_client_id", "51016", ""),
        ("reduce_only", "51169", ""),
    ],
)
def test_the_core_s_words_have_codes(reason: str, code: str, about: str) -> None:
    refusal = refusal_of(reason, "USDT")
    assert refusal.code == code
    assert about in refusal.message


@pytest.mark.parametrize(
    ("status", "told", "code"),
    [
        (429, 429, "50011"),
        (418, 429, "50011"),
        (503, 503, "50001"),
        (504, 504, "50004"),
        (500, 500, "50026"),
    ],
)
def test_trouble_is_told_in_the_venue_s_words(status: int, told: int, code: str) -> None:
    answer = trouble_answer(status)
    assert isinstance(answer.body, bytes)
    assert (answer.status, json.loads(answer.body)["code"]) == (told, code)
