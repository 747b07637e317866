"""Reading what `calls` kept of ccxt's answers: typed, and bounded where money is meant.

Every reader of this folder goes through `read`, so that whatever comes ends as a value or as
`MalformedData`.
"""

from decimal import Decimal, InvalidOperation
from typing import Protocol, TypeVar

import msgspec

from arbitrage.domain.errors import MalformedData, RateLimited, Unavailable
from arbitrage.exchanges.ccxt import facts
from arbitrage.exchanges.order_gateway import Answer

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

OK = 200
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_SHOWN_CHARACTERS = 120
_LARGEST_AMOUNT_DIGITS = 18
_SMALLEST_AMOUNT_DIGITS = 36


class Decoder(Protocol[T_co]):
    """A msgspec decoder of one type."""

    def decode(self, buf: bytes, /) -> T_co: ...


class ErrorReply(msgspec.Struct, gc=False):
    """`{"error":"InsufficientFunds","message":"upbit {...}"}`: ccxt's class and text."""

    error: str
    message: str = ""


_ERRORS = msgspec.json.Decoder(ErrorReply)


def read(decoder: Decoder[T], data: bytes, what: str) -> T:
    """`data` as the decoder's type. Raises `MalformedData` saying what it should have been."""
    try:
        return decoder.decode(data)
    except UNREADABLE as error:
        shown = bytes(data[:_SHOWN_CHARACTERS])
        raise MalformedData(f"ccxt {what} cannot be read: {error}; it begins {shown!r}") from error


def read_answer(decoder: Decoder[T], answer: Answer, what: str) -> T:
    """The body of a successful answer.

    Raises `RateLimited` where the venue told us to stay away, `Unavailable` for every other
    refusal, `MalformedData` for a body that is not what was asked for.
    """
    if answer.status == OK:
        return read(decoder, answer.body, what)
    error = error_of(answer)
    told = f"ccxt {what}: {error.error} {error.message:.300}; asked again later"
    if answer.status == facts.TOO_MANY_REQUESTS:
        raise RateLimited(told, facts.STAY_AWAY_NS)
    raise Unavailable(told)


def error_of(answer: Answer) -> ErrorReply:
    """The exception behind an answer; empty if its body has none."""
    try:
        return _ERRORS.decode(answer.body)
    except UNREADABLE:
        return ErrorReply("")


def amount(text: str | None, what: str) -> Decimal:
    """The amount that `text` shows, zero if there is none.

    Raises `MalformedData` for what is no amount that money can have.
    """
    if text is None:
        return Decimal(0)
    value = signed(text, what)
    if value < 0:
        raise MalformedData(f"ccxt {what} is {text:.40}; expected an amount of zero or more")
    return value


def signed(text: str | None, what: str) -> Decimal:
    """As `amount`, of either sign."""
    if text is None:
        return Decimal(0)
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if value.is_finite() and value.adjusted() < _LARGEST_AMOUNT_DIGITS:
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and exponent >= -_SMALLEST_AMOUNT_DIGITS:
            return value
    raise MalformedData(f"ccxt {what} is {text:.40}; expected an amount")
