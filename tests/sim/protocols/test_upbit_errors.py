import json

import pytest

from arbitrage.sim.protocols.korean_errors import InvalidValue
from arbitrage.sim.protocols.upbit_errors import UpbitRefusal, refusal_of, trouble_answer


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("order_not_found", 404),
        ("nonce_used", 401),
        ("out_of_scope", 403),
        ("validation_error", 400),
    ],
)
def test_every_name_has_its_status(name: str, status: int) -> None:
    assert UpbitRefusal(name).status == status


def test_reasons_of_the_core_get_the_venues_names() -> None:
    assert refusal_of("insufficient_balance", "bid").name == "insufficient_funds_bid"
    assert refusal_of("tick_size", "ask").name == "invalid_price_ask"


def test_a_wrong_value_has_a_name_and_a_refusal_keeps_its_own() -> None:
    named = UpbitRefusal.of(InvalidValue("count does not have a valid value"))
    assert (named.name, named.status) == ("validation_error", 400)
    refusal = UpbitRefusal("order_not_found")
    assert UpbitRefusal.of(refusal) is refusal


@pytest.mark.parametrize(
    ("status", "is_quotation", "name"),
    [
        (429, True, 429),
        (429, False, "too_many_requests"),
        (418, False, "blocked"),
        (503, False, "service_unavailable"),
        (500, False, "server_error"),
        (500, True, 500),
    ],
)
def test_trouble_is_told_in_the_manner_of_each_api(
    status: int, is_quotation: bool, name: str | int
) -> None:
    answer = trouble_answer(status, is_quotation=is_quotation, ban_seconds=60)
    assert isinstance(answer.body, bytes)
    error = json.loads(answer.body)["error"]
    assert error["name"] == name
    assert ("60" in error["message"]) == (status == 418)
