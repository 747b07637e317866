"""Answers are values, or they are malformed; amounts are what money can have."""

from contextlib import suppress
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import MalformedData, RateLimited, Unavailable
from arbitrage.exchanges.ccxt import facts
from arbitrage.exchanges.ccxt.answers import amount, error_of, read, read_answer, signed
from arbitrage.exchanges.order_gateway import Answer

NUMBERS = msgspec.json.Decoder(list[int])


def test_a_body_is_read_as_what_was_asked_for() -> None:
    assert read_answer(NUMBERS, Answer(200, b"[1,2]"), "numbers") == [1, 2]
    with pytest.raises(MalformedData, match="ccxt numbers cannot be read"):
        read_answer(NUMBERS, Answer(200, b'{"a":1}'), "numbers")


def test_a_refusal_says_what_ccxt_said() -> None:
    body = b'{"error":"AuthenticationError","message":"upbit jwt_verification"}'
    with pytest.raises(Unavailable, match="numbers: AuthenticationError upbit jwt_verification"):
        read_answer(NUMBERS, Answer(facts.REFUSED, body), "numbers")


def test_being_told_to_stay_away_says_for_how_long() -> None:
    with pytest.raises(RateLimited) as told:
        read_answer(NUMBERS, Answer(429, b'{"error":"DDoSProtection"}'), "numbers")
    assert told.value.retry_after_ns == facts.STAY_AWAY_NS


def test_an_error_without_a_body_has_no_name() -> None:
    assert error_of(Answer(500, b"<html>")).error == ""


@given(st.binary(max_size=40))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with suppress(MalformedData):
        read(NUMBERS, data, "numbers")


def test_amounts_keep_their_digits() -> None:
    assert str(amount("0.10", "qty")) == "0.10"
    assert amount(None, "qty") == 0
    assert signed("-0.39", "funding") == Decimal("-0.39")
    assert signed(None, "funding") == 0


@pytest.mark.parametrize("text", ["-1", "NaN", "Infinity", "1e40", "1e-40", "many", ""])
def test_what_money_cannot_have_is_malformed(text: str) -> None:
    with pytest.raises(MalformedData, match="expected an amount"):
        amount(text, "qty")
