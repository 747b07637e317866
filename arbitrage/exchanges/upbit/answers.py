"""Reading what Upbit answers over REST: its JSON, its errors, its budgets.

Every reader of this folder goes through `read`, so that whatever a venue may send ends as a value
or as `MalformedData`. Amounts are bounded here, so that no arithmetic after this can overflow.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol, TypeVar

import msgspec

from arbitrage.domain.errors import MalformedData, RateLimited, Unavailable
from arbitrage.domain.units import NS_PER_SECOND, ZERO
from arbitrage.exchanges.order_gateway import Answer, BudgetReading
from arbitrage.exchanges.upbit import facts

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

# What msgspec raises for bytes that are not JSON, not of the type, not UTF-8, or nested too deep.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

OK = 200
CREATED = 201
NOT_FOUND = 404
TOO_MANY_REQUESTS = 429
BLOCKED = 418

_SHOWN_CHARACTERS = 120
_LARGEST_AMOUNT_DIGITS = 18
_SMALLEST_AMOUNT_DIGITS = 36
_REMAINING_REQ = re.compile(r"group=([^;\s]{1,64})\s*;.*\bsec=(\d{1,9})(?:\s*;|\s*$)")


class Decoder(Protocol[T_co]):
    """A msgspec decoder of one type."""

    def decode(self, buf: bytes, /) -> T_co: ...


class ErrorBody(msgspec.Struct, gc=False):
    """`name` is a word where money is concerned and a number for market data."""

    name: str | int
    message: str = ""


class ErrorReply(msgspec.Struct, gc=False):
    """`{"error":{"name":"insufficient_funds_bid","message":"..."}}`"""

    error: ErrorBody


_ERRORS = msgspec.json.Decoder(ErrorReply)


def read(decoder: Decoder[T], data: bytes, what: str) -> T:
    """`data` as the decoder's type. Raises `MalformedData` saying what it should have been."""
    try:
        return decoder.decode(data)
    except UNREADABLE as error:
        shown = bytes(data[:_SHOWN_CHARACTERS])
        raise MalformedData(f"upbit {what} cannot be read: {error}; it begins {shown!r}") from error


def read_answer(decoder: Decoder[T], answer: Answer, what: str) -> T:
    """The body of a successful answer.

    Raises `RateLimited` for 429 and 418, `Unavailable` for every other refusal, `MalformedData`
    for a body that is not what was asked for.
    """
    if answer.status == OK:
        return read(decoder, answer.body, what)
    told = f"upbit {what}: http {answer.status} {error_name(answer)}; asked again later"
    if answer.status in (TOO_MANY_REQUESTS, BLOCKED):
        raise RateLimited(told, _retry_after_ns(answer))
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
    raise MalformedData(f"upbit {what} is {value!s:.40}; expected an amount of zero or more")


def budgets(answer: Answer) -> list[BudgetReading]:
    """What the headers of an answer say of the budget it was paid from.

    A group without a known limit is given as that many requests left of as many.
    """
    told = _REMAINING_REQ.search(answer.headers.get("remaining-req", ""))
    is_refused = answer.status in (TOO_MANY_REQUESTS, BLOCKED)
    if told is None and not is_refused:
        return []
    retry_after_ns = _retry_after_ns(answer) if is_refused else 0
    name, left = (told[1], int(told[2])) if told else ("", 0)
    limit = max(facts.RATE_LIMITS.get(name, left), left)
    return [BudgetReading(name, limit - left, limit, facts.RATE_WINDOW_NS, retry_after_ns)]


def _retry_after_ns(answer: Answer) -> int:
    default = facts.BLOCKED_NS if answer.status == BLOCKED else facts.RATE_WINDOW_NS
    return _header_seconds(answer.headers) * NS_PER_SECOND or default


def _header_seconds(headers: Mapping[str, str]) -> int:
    text = headers.get("retry-after", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
