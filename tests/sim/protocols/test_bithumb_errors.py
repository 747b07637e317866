import json

import pytest

from arbitrage.sim.protocols.bithumb_errors import BithumbRefusal, refusal_of, trouble_answer
from arbitrage.sim.protocols.korean_errors import InvalidValue


@pytest.mark.parametrize(
    ("name", "status"),
    [("order_not_found", 404), ("jwt_verification", 401), ("invalid_price_bid", 400)],
)
def test_every_name_has_its_status(name: str, status: int) -> None:
    assert BithumbRefusal(name).status == status


def test_reasons_of_the_core_get_the_venues_names() -> None:
    assert refusal_of("tick_size", "ask").name == "invalid_price_ask"
    assert refusal_of("insufficient_balance", "bid").name == "insufficient_funds_bid"
    assert refusal_of("lot_size", "bid").message == "잘못된 파라미터 입니다."


def test_a_wrong_value_has_a_name_and_a_refusal_keeps_its_own() -> None:
    named = BithumbRefusal.of(InvalidValue("count does not have a valid value"))
    assert (named.name, named.message) == ("invalid_parameter", "count does not have a valid value")
    refusal = BithumbRefusal("out_of_scope")
    assert BithumbRefusal.of(refusal) is refusal


@pytest.mark.parametrize(
    ("status", "is_market_data", "told", "name"),
    [
        (429, True, 429, 429),
        (429, False, 429, "too_many_requests"),
        (418, False, 429, "too_many_requests"),
        (503, False, 503, "service_unavailable"),
        (500, False, 500, "server_error"),
    ],
)
def test_trouble_is_told_in_the_manner_of_each_api(
    status: int, is_market_data: bool, told: int, name: str | int
) -> None:
    answer = trouble_answer(status, is_market_data=is_market_data)
    assert isinstance(answer.body, bytes)
    assert (answer.status, json.loads(answer.body)["error"]["name"]) == (told, name)
