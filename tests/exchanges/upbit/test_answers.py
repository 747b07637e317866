"""Whatever comes back ends as a value or as the right one of the house's errors."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import MalformedData, RateLimited, Unavailable
from arbitrage.domain.units import EXACT
from arbitrage.exchanges.order_gateway import Answer, BudgetReading
from arbitrage.exchanges.upbit import facts
from arbitrage.exchanges.upbit.answers import amount, budgets, error_name, read, read_answer

NUMBERS = msgspec.json.Decoder(list[int])
SECOND = 1_000_000_000


def refused(status: int, **headers: str) -> Answer:
    body = b'{"error":{"name":"out_of_scope","message":"..."}}'
    return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b'["a"]', b"[1,2", b'"\xff"', b"[" * 100_000, b"null"],
    ids=["empty", "torn", "type", "open", "utf-8", "deep", "null"],
)
def test_what_cannot_be_read_says_what_it_should_have_been(data: bytes) -> None:
    with pytest.raises(MalformedData, match=r"^upbit list of numbers cannot be read: "):
        read(NUMBERS, data, "list of numbers")


def test_a_good_answer_is_read() -> None:
    assert read_answer(NUMBERS, Answer(200, b"[1,2]"), "numbers") == [1, 2]


def test_a_refused_request_names_the_venues_reason() -> None:
    with pytest.raises(Unavailable, match="upbit numbers: http 403 out_of_scope") as error:
        read_answer(NUMBERS, refused(403), "numbers")
    assert not isinstance(error.value, RateLimited)


@pytest.mark.parametrize(
    ("answer", "wait_ns"),
    [
        (refused(429), facts.RATE_WINDOW_NS),
        (refused(429, retry_after="3"), 3 * SECOND),
        (refused(418), facts.BLOCKED_NS),
        (refused(418, retry_after="600"), 600 * SECOND),
        (refused(418, retry_after="soon"), facts.BLOCKED_NS),
        (refused(418, retry_after="9" * 5000), facts.BLOCKED_NS),
    ],
)
def test_a_limited_request_says_how_long_to_wait(answer: Answer, wait_ns: int) -> None:
    with pytest.raises(RateLimited) as error:
        read_answer(NUMBERS, answer, "numbers")
    assert error.value.retry_after_ns == wait_ns
    assert budgets(answer)[0].retry_after_ns == wait_ns


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"error":{"name":"nonce_used","message":"..."}}', "nonce_used"),
        (b'{"error":{"name":404,"message":"Code not found"}}', "404"),
        (b'{"error":{}}', ""),
        (b"<html>502</html>", ""),
        (b"", ""),
    ],
)
def test_the_venues_name_of_an_error_is_found_or_empty(body: bytes, name: str) -> None:
    assert error_name(Answer(400, body)) == name


@pytest.mark.parametrize(
    ("told", "reading"),
    [
        ("group=default; min=1800; sec=29", BudgetReading("default", 1, 30, SECOND)),
        ("group=order; min=720; sec=0", BudgetReading("order", 12, 12, SECOND)),
        ("group=market; min=600; sec=9", BudgetReading("market", 1, 10, SECOND)),
        ("group=new; min=1; sec=7", BudgetReading("new", 0, 7, SECOND)),
        ("group=order; min=720; sec=20", BudgetReading("order", 0, 20, SECOND)),
    ],
)
def test_the_header_tells_the_budget(told: str, reading: BudgetReading) -> None:
    assert budgets(Answer(200, b"", {"remaining-req": told})) == [reading]


@pytest.mark.parametrize("told", ["", "group=default", "sec=3", "group=default; min=1; sec=-1"])
def test_a_header_that_cannot_be_read_tells_nothing(told: str) -> None:
    assert budgets(Answer(200, b"", {"remaining-req": told})) == []


@pytest.mark.parametrize(
    "value",
    ["NaN", "sNaN", "Infinity", "-Infinity", "-1", "1E+18", "1E-37", "1E+999999", "1E-999999"],
)
def test_an_amount_that_money_cannot_have_is_refused(value: str) -> None:
    with pytest.raises(MalformedData, match=r"upbit fee is .*; expected an amount"):
        amount(Decimal(value), "fee")


def test_an_absent_amount_is_zero() -> None:
    assert amount(None, "fee") == 0


@given(st.lists(st.decimals(allow_nan=True, allow_infinity=True), min_size=2, max_size=2))
def test_amounts_that_pass_can_be_added_exactly(values: list[Decimal]) -> None:
    try:
        passed = [amount(value, "x") for value in values]
    except MalformedData:
        return
    EXACT.add(*passed)


@given(st.text(max_size=80))
def test_no_header_breaks_the_reading_of_budgets(told: str) -> None:
    budgets(Answer(200, b"", {"remaining-req": told}))
    budgets(Answer(429, b"", {"remaining-req": told, "retry-after": told}))
