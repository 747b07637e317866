"""Reading answers: the payload of a success, or the house's error for a failure.

Orders are not read here: what a failed order request means is decided in `order_answers`.
"""

from typing import TypeVar

import msgspec

from arbitrage.domain.errors import (
    ArbitrageError,
    ConfigError,
    MalformedData,
    RateLimited,
    Unavailable,
)
from arbitrage.exchanges.binance_spot.budgets import retry_after_ns
from arbitrage.exchanges.binance_spot.facts import VENUE
from arbitrage.exchanges.binance_spot.refusals import WRONG_REQUESTS, error_of
from arbitrage.exchanges.binance_spot.wire import UNREADABLE
from arbitrage.exchanges.order_gateway import Answer

_T = TypeVar("_T")


def read(decoder: msgspec.json.Decoder[_T], answer: Answer, what: str) -> _T:
    """The payload of a successful `answer`; `what` names it in errors.

    Raises `MalformedData` for a body that is not what it should be, and for a failure what
    `failure` says.
    """
    if answer.status != 200:
        raise failure(answer, what)
    try:
        return decoder.decode(answer.body)
    except UNREADABLE as error:
        raise MalformedData(f"{VENUE} {what}: {error}; the answer is dropped") from error


def failure(answer: Answer, what: str) -> ArbitrageError:
    """What a failed answer means to the one who asked.

    `RateLimited` for 429 and 418, `ConfigError` for a request that the venue will never take
    (unknown symbol, bad key or signature, wrong parameters), else `Unavailable`.
    """
    error = error_of(answer)
    said = str(error) if error is not None else "no reason given"
    wait_ns = retry_after_ns(answer)
    if wait_ns:
        return RateLimited(
            f"{VENUE} {what}: HTTP {answer.status}, {said}; not to be asked again for "
            f"{wait_ns // 1_000_000_000} s",
            wait_ns,
        )
    if error is not None and answer.status < 500 and error.code in WRONG_REQUESTS:
        return ConfigError(f"{VENUE} {what}: refused with {said}; it will not be asked again")
    return Unavailable(f"{VENUE} {what}: HTTP {answer.status}, {said}; to be asked again later")
