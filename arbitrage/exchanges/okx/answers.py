"""Reading REST answers: the payload of a success, or the house's error for a failure.

Everything comes as `{"code":"0","msg":"","data":[...]}`, mostly with HTTP 200, failures too. What a
failed order request means is not decided here but in `order_answers`.
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
from arbitrage.exchanges.okx.budgets import retry_after_ns
from arbitrage.exchanges.okx.facts import VENUE
from arbitrage.exchanges.okx.refusals import OK, WRONG_REQUESTS, verdict_of
from arbitrage.exchanges.okx.wire import UNREADABLE
from arbitrage.exchanges.order_gateway import Answer

_T = TypeVar("_T")


class _Payload(msgspec.Struct):
    code: str
    data: msgspec.Raw = msgspec.Raw(b"null")


_payload = msgspec.json.Decoder(_Payload).decode


def read(decoder: msgspec.json.Decoder[_T], answer: Answer, what: str) -> _T:
    """The payload of a successful `answer`; `what` names it in errors.

    Raises `MalformedData` for a body that is not what it should be, and for a failure what
    `failure` says.
    """
    try:
        said = _payload(answer.body)
        if answer.status == 200 and said.code == OK:
            return decoder.decode(said.data)
    except UNREADABLE as error:
        if answer.status == 200:
            raise MalformedData(f"{VENUE} {what}: {error}; the answer is dropped") from error
    raise failure(answer, what)


def failure(answer: Answer, what: str) -> ArbitrageError:
    """What a failed answer means to the one who asked.

    `RateLimited` where we ask too often, `ConfigError` for a request that the venue will never
    take (unknown symbol, bad key or signature, wrong parameters), else `Unavailable`.
    """
    verdict = verdict_of(answer.body)
    said = str(verdict) if verdict is not None else "no reason given"
    wait_ns = retry_after_ns(answer)
    if wait_ns:
        return RateLimited(f"{VENUE} {what}: {said}; nothing is sent for a window", wait_ns)
    if verdict is not None and answer.status < 500 and verdict.code in WRONG_REQUESTS:
        return ConfigError(f"{VENUE} {what}: refused with {said}; it will not be asked again")
    return Unavailable(f"{VENUE} {what}: HTTP {answer.status}, {said}; to be asked again later")
