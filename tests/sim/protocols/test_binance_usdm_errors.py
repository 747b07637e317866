import json
from typing import Any

import pytest

from arbitrage.sim.protocols.binance_usdm_errors import (
    BinanceRefusal,
    error_answer,
    missing,
    refusal_of,
    too_small,
    trouble_answer,
)

# Every word that the core has for a perpetual.
REASONS = (
    *("duplicate_client_id", "unknown_symbol", "no_book", "lot_size", "min_qty", "max_qty"),
    *("max_price", "tick_size", "insufficient_margin", "reduce_only", "post_only"),
    *("fok_not_filled", "min_notional"),
)


@pytest.mark.parametrize("reason", REASONS)
def test_every_refusal_of_the_core_has_a_code_and_a_message(reason: str) -> None:
    refusal = refusal_of(reason, "5")
    assert refusal.code < -1000
    assert refusal.message


def test_only_a_wrong_key_is_unauthorised() -> None:
    assert BinanceRefusal(-2014).status == BinanceRefusal(-2015).status == 401
    assert BinanceRefusal(-1022).status == 400


def test_messages_name_the_parameter_or_the_bound() -> None:
    assert "'timestamp'" in missing("timestamp").message
    assert "no smaller than 100 " in too_small("100").message
    assert BinanceRefusal(-1130, "its own words").message == "its own words"


def test_an_error_is_a_code_and_a_message() -> None:
    answer: Any = error_answer(400, -1121, "Invalid symbol.")
    assert json.loads(answer.body) == {"code": -1121, "msg": "Invalid symbol."}


@pytest.mark.parametrize(("status", "word"), [(429, "Too many requests"), (418, "banned until")])
def test_who_asks_too_much_is_told_how_long_to_stay_away(status: int, word: str) -> None:
    answer: Any = trouble_answer(status, "127.0.0.1", now_ms=1_000, retry_after_seconds=120)
    body = json.loads(answer.body)
    assert (answer.status, answer.headers["Retry-After"]) == (status, "120")
    assert body["code"] == -1003
    assert word in body["msg"]
    assert "127.0.0.1" in body["msg"]


def test_a_ban_tells_its_end() -> None:
    answer: Any = trouble_answer(418, "127.0.0.1", now_ms=1_000, retry_after_seconds=120)
    assert "121000" in json.loads(answer.body)["msg"]


@pytest.mark.parametrize(("status", "code"), [(500, -1000), (503, -1000), (504, -1007)])
def test_a_server_error_leaves_the_outcome_unknown(status: int, code: int) -> None:
    answer: Any = trouble_answer(status, "", now_ms=0, retry_after_seconds=0)
    assert (answer.status, json.loads(answer.body)["code"]) == (status, code)
    assert "Retry-After" not in answer.headers
