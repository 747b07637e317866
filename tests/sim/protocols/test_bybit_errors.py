import json

import pytest

from arbitrage.sim.protocols.bybit_errors import (
    BybitRefusal,
    answer,
    banned_answer,
    refusal_of,
    refused,
    told,
    trouble_answer,
    wrong,
)
from arbitrage.sim.protocols.bybit_wire import Category

NOW_NS = 1_795_004_000_000_000_000


def body(response: object) -> dict[str, object]:
    found: dict[str, object] = json.loads(response.body)  # type: ignore[attr-defined]
    return found


def test_an_answer_comes_in_an_envelope() -> None:
    assert told({"a": 1}, NOW_NS) == {
        "retCode": 0,
        "retMsg": "OK",
        "result": {"a": 1},
        "retExtInfo": {},
        "time": 1_795_004_000_000,
    }


def test_a_refusal_comes_with_200() -> None:
    response = answer(refused(BybitRefusal(110007), NOW_NS))
    assert response.status == 200
    assert body(response)["retCode"] == 110007
    assert body(response)["result"] == {}


@pytest.mark.parametrize(
    ("reason", "linear", "spot"),
    [
        ("duplicate_client_id", 110072, 170141),
        ("insufficient_margin", 110007, 10001),
        ("insufficient_balance", 10001, 170131),
        ("reduce_only", 110017, 10001),
        ("min_notional", 110094, 170140),
        ("lot_size", 10001, 170137),
        ("tick_size", 10001, 170134),
        ("max_qty", 10001, 170135),
        ("price_missing", 10001, 10001),
    ],
)
def test_each_reason_of_the_core_has_a_code_by_category(
    reason: str, linear: int, spot: int
) -> None:
    assert refusal_of(reason, Category.LINEAR).code == linear
    assert refusal_of(reason, Category.SPOT).code == spot


def test_a_wrong_parameter_is_named() -> None:
    assert wrong("qty invalid").message == "params error: qty invalid"


def test_trouble_proves_no_more_than_the_venue_would() -> None:
    assert body(trouble_answer(429, NOW_NS))["retCode"] == 10006
    assert (trouble_answer(418, NOW_NS).status, banned_answer().status) == (403, 403)
    for status in (500, 503, 504):
        response = trouble_answer(status, NOW_NS)
        assert (response.status, response.content_type) == (status, "text/plain")
