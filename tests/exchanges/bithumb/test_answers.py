"""Whatever comes back ends as a value or as the right one of the house's errors."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import MalformedData, RateLimited, Unavailable
from arbitrage.domain.units import EXACT
from arbitrage.exchanges.bithumb.answers import amount, budgets, error_name, read, read_answer
from arbitrage.exchanges.order_gateway import Answer, BudgetReading

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
    with pytest.raises(MalformedData, match=r"^bithumb list of numbers cannot be read: "):
        read(NUMBERS, data, "list of numbers")
    with pytest.raises(MalformedData):
        read_answer(NUMBERS, Answer(200, data), "list of numbers")


def test_a_good_answer_is_read() -> None:
    assert read_answer(NUMBERS, Answer(200, b"[1,2]"), "numbers") == [1, 2]


@pytest.mark.parametrize("status", [200, 403, 500])
def test_an_error_is_an_error_whatever_its_status(status: int) -> None:
    with pytest.raises(Unavailable, match=f"bithumb numbers: http {status} out_of_scope") as error:
        read_answer(NUMBERS, refused(status), "numbers")
    assert not isinstance(error.value, RateLimited)


@pytest.mark.parametrize(
    ("answer", "wait_ns"),
    [
        (refused(429), SECOND),
        (refused(429, retry_after="3"), 3 * SECOND),
        (refused(429, retry_after="soon"), SECOND),
        (refused(429, retry_after="9" * 5000), SECOND),
    ],
)
def test_a_limited_request_says_how_long_to_wait(answer: Answer, wait_ns: int) -> None:
    with pytest.raises(RateLimited) as error:
        read_answer(NUMBERS, answer, "numbers")
    assert error.value.retry_after_ns == wait_ns
    assert budgets(answer) == [BudgetReading("", 0, 0, SECOND, wait_ns)]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"error":{"name":"order_not_found","message":"..."}}', "order_not_found"),
        (b'{"error":{"name":404,"message":"Code not found"}}', "404"),
        (b'{"error":{}}', ""),
        (b"<html>502</html>", ""),
        (b"", ""),
    ],
)
def test_the_venues_name_of_an_error_is_found_or_empty(body: bytes, name: str) -> None:
    assert error_name(Answer(400, body)) == name


@pytest.mark.parametrize(
    ("capacity", "left", "reading"),
    [
        ("140", "139", BudgetReading("private", 1, 140, SECOND)),
        ("150", "0", BudgetReading("public", 150, 150, SECOND)),
        ("20", "20", BudgetReading("batch", 0, 20, SECOND)),
        ("77", "70", BudgetReading("", 7, 77, SECOND)),
        ("140", "999", BudgetReading("private", 0, 140, SECOND)),
        ("140", "-1", BudgetReading("private", 140, 140, SECOND)),
    ],
)
def test_headers_tell_the_bucket(capacity: str, left: str, reading: BudgetReading) -> None:
    headers = {"x-ratelimit-burst-capacity": capacity, "x-ratelimit-remaining": left}
    assert budgets(Answer(200, b"", headers)) == [reading]


@pytest.mark.parametrize("headers", [{}, {"x-ratelimit-remaining": "3"}])
def test_headers_without_a_bucket_tell_nothing(headers: dict[str, str]) -> None:
    assert budgets(Answer(200, b"", headers)) == []


@pytest.mark.parametrize(
    "value",
    ["NaN", "sNaN", "Infinity", "-Infinity", "-1", "1E+18", "1E-37", "1E+999999", "1E-999999"],
)
def test_an_amount_that_money_cannot_have_is_refused(value: str) -> None:
    with pytest.raises(MalformedData, match=r"bithumb fee is .*; expected an amount"):
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
    names = ("x-ratelimit-burst-capacity", "x-ratelimit-remaining", "retry-after")
    budgets(Answer(429, b"", dict.fromkeys(names, told)))
