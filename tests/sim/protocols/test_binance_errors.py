import json
from typing import Any

import pytest

from arbitrage.sim.protocols.binance_errors import (
    BinanceRefusal,
    Trouble,
    TroubleWords,
    error_answer,
    missing,
    trouble,
)

WORDS = TroubleWords("IP({address}) too many", "IP({address}) banned until {until}")


def befallen(status: int) -> Trouble:
    return trouble(status, WORDS, "127.0.0.1", now_ms=1_000, retry_after_seconds=120)


def test_only_a_wrong_key_is_unauthorised() -> None:
    assert BinanceRefusal(-2014).status == BinanceRefusal(-2015).status == 401
    assert BinanceRefusal(-1022).status == 400


def test_a_message_is_the_usual_one_or_its_own() -> None:
    assert "'timestamp'" in missing("timestamp").message
    assert BinanceRefusal(-1130, "its own words").message == "its own words"
    assert BinanceRefusal(-1020).message == "This operation is not supported."


def test_an_error_is_a_code_and_a_message() -> None:
    answer: Any = error_answer(400, -1121, "Invalid symbol.")
    assert json.loads(answer.body) == {"code": -1121, "msg": "Invalid symbol."}


@pytest.mark.parametrize(
    ("status", "message"),
    [(429, "IP(127.0.0.1) too many"), (418, "IP(127.0.0.1) banned until 121000")],
)
def test_who_asks_too_much_is_told_how_long_to_stay_away(status: int, message: str) -> None:
    answer: Any = befallen(status).answer()
    assert (answer.status, answer.headers["Retry-After"]) == (status, "120")
    assert json.loads(answer.body) == {"code": -1003, "msg": message}


@pytest.mark.parametrize(("status", "code"), [(500, -1000), (503, -1000), (504, -1007)])
def test_a_server_error_leaves_the_outcome_unknown(status: int, code: int) -> None:
    answer: Any = befallen(status).answer()
    assert (answer.status, json.loads(answer.body)["code"]) == (status, code)
    assert "Retry-After" not in answer.headers
