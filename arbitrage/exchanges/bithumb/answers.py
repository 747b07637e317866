"""Reading what Bithumb answers over REST: its JSON, its errors, its budgets.

The status of an answer says little: an error may come with 200. So an answer is read as what was
asked for, and where it is not that, as an error. Amounts are bounded here, so that no arithmetic
after this can overflow.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol, TypeVar

import msgspec

from arbitrage.domain.errors import MalformedData, RateLimited, Unavailable
from arbitrage.domain.units import NS_PER_SECOND, ZERO
from arbitrage.exchanges.bithumb import facts
from arbitrage.exchanges.order_gateway import Answer, BudgetReading

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

# What msgspec raises for bytes that are not JSON, not of the type, not UTF-8, or nested too deep.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

OK = 200
CREATED = 201
NOT_FOUND = 404
TOO_MANY_REQUESTS = 429

_SHOWN_CHARACTERS = 120
_LARGEST_AMOUNT_DIGITS = 18
_SMALLEST_AMOUNT_DIGITS = 36
_LONGEST_HEADER_NUMBER = 9
_KINDS = {limit: kind for kind, limit in facts.RATE_LIMITS.items()}


class Decoder(Protocol[T_co]):
    """A msgspec decoder of one type."""

    def decode(self, buf: bytes, /) -> T_co: ...


class ErrorBody(msgspec.Struct, gc=False):
    """`name` is a word where money is concerned and a number for market data."""

    name: str | int
    message: str = ""


class ErrorReply(msgspec.Struct, gc=False):
    """`{"error":{"name":"order_not_found","message":"..."}}`, perhaps with status 200"""

    error: ErrorBody


_ERRORS = msgspec.json.Decoder(ErrorReply)


def read(decoder: Decoder[T], data: bytes, what: str) -> T:
    """`data` as the decoder's type. Raises `MalformedData` saying what it should have been."""
    try:
        return decoder.decode(data)
    except UNREADABLE as error:
        shown = bytes(data[:_SHOWN_CHARACTERS])
        raise MalformedData(
            f"bithumb {what} cannot be read: {error}; it begins {shown!r}"
        ) from error


def read_answer(decoder: Decoder[T], answer: Answer, what: str) -> T:
    """The body of a successful answer.

    Raises `RateLimited` for 429, `Unavailable` for every other refusal whatever its status,
    `MalformedData` for a body that is neither what was asked for nor a refusal.
    """
    name = error_name(answer)
    if answer.status == OK and not name:
        return read(decoder, answer.body, what)
    told = f"bithumb {what}: http {answer.status} {name}; asked again later"
    if answer.status == TOO_MANY_REQUESTS:
        raise RateLimited(told, _retry_after_ns(answer.headers))
    raise Unavailable(told)


def error_name(answer: Answer) -> str:
    """The venue's own name of the error, or nothing if the body has none."""
    try:
        return str(_ERRORS.decode(answer.body).error.name)
    except UNREADABLE:
        return ""


def amount(value: Decimal | None, what: str) -> Decimal:
    """`value`, zero if absent. Raises `MalformedData` if it is no amount that money can have."""
    if value is None:
        return ZERO
    if value.is_finite() and value >= 0 and value.adjusted() < _LARGEST_AMOUNT_DIGITS:
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and exponent >= -_SMALLEST_AMOUNT_DIGITS:
            return value
    raise MalformedData(f"bithumb {what} is {value!s:.40}; expected an amount of zero or more")


def budgets(answer: Answer) -> list[BudgetReading]:
    """What the headers of an answer say of the bucket it was paid from.

    The bucket is named by its kind, so a reading of one category stands for all of its kind: we
    may do too little, never too much. One of an unknown size has no name.
    """
    limit = _header_number(answer.headers, "x-ratelimit-burst-capacity")
    is_refused = answer.status == TOO_MANY_REQUESTS
    if not limit and not is_refused:
        return []
    left = min(_header_number(answer.headers, "x-ratelimit-remaining"), limit)
    return [
        BudgetReading(
            _KINDS.get(limit, ""),
            limit - left,
            limit,
            facts.RATE_WINDOW_NS,
            _retry_after_ns(answer.headers) if is_refused else 0,
        )
    ]


def _retry_after_ns(headers: Mapping[str, str]) -> int:
    return _header_number(headers, "retry-after") * NS_PER_SECOND or facts.RATE_WINDOW_NS


def _header_number(headers: Mapping[str, str], name: str) -> int:
    """The whole number that a header tells, zero if it tells none."""
    text = headers.get(name, "")
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_HEADER_NUMBER
    return int(text) if is_number else 0
