"""Reading REST answers: the payload of a success, or the house's error for a failure.

Orders are not read here: what a failed order request means is decided in `order_answers`.
"""

import re
from typing import TypeVar

import msgspec

from arbitrage.domain.errors import (
    ArbitrageError,
    ConfigError,
    MalformedData,
    RateLimited,
    Unavailable,
)
from arbitrage.exchanges.bybit.budgets import retry_after_ns
from arbitrage.exchanges.bybit.refusals import OK, WRONG_REQUESTS, verdict_of
from arbitrage.exchanges.bybit.wire import UNREADABLE
from arbitrage.exchanges.order_gateway import Answer

_T = TypeVar("_T")
_HTTP_UNAUTHORIZED = 401

# A cursor is percent-encoded already and goes back as it came.
_is_cursor = re.compile(r"[A-Za-z0-9%._~:,;*+/=-]{0,2000}").fullmatch


class _Page(msgspec.Struct, rename="camel"):
    next_page_cursor: str | None = ""


_page = msgspec.json.Decoder(_Page)


def read(decoder: msgspec.json.Decoder[_T], answer: Answer, what: str) -> _T:
    """The `result` of a successful `answer`; `what` names it in errors.

    Raises `MalformedData` for a body that is not what it should be, and for a failure what
    `failure` says.
    """
    verdict = verdict_of(answer) if answer.status == 200 else None
    if verdict is None and answer.status == 200:
        raise MalformedData(
            f"bybit {what}: no verdict in {answer.body[:120]!r}; the answer is dropped"
        )
    if verdict is None or verdict.ret_code != OK:
        raise failure(answer, what)
    try:
        return decoder.decode(verdict.result)
    except UNREADABLE as error:
        raise MalformedData(f"bybit {what}: {error}; the answer is dropped") from error


def next_cursor(answer: Answer) -> str:
    """Where the next page of a list begins; empty on the last. Raises as `read`."""
    cursor = read(_page, answer, "list").next_page_cursor or ""
    if _is_cursor(cursor) is None:
        raise MalformedData(f"bybit list: cursor {cursor[:120]!r}; the next page is not asked for")
    return cursor


def failure(answer: Answer, what: str) -> ArbitrageError:
    """What a failed answer means to the one who asked.

    `RateLimited` where we asked too often, `ConfigError` for a request that the venue will never
    take (unknown symbol, bad key or signature, wrong parameters), else `Unavailable`.
    """
    verdict = verdict_of(answer)
    said = str(verdict) if verdict is not None else "no reason given"
    wait_ns = retry_after_ns(answer)
    if wait_ns:
        return RateLimited(
            f"bybit {what}: HTTP {answer.status}, {said}; nothing is sent for {wait_ns / 1e9:g} s",
            wait_ns,
        )
    is_wrong = verdict is not None and verdict.ret_code in WRONG_REQUESTS
    if answer.status == _HTTP_UNAUTHORIZED or (is_wrong and answer.status < 500):
        return ConfigError(f"bybit {what}: refused with {said}; it will not be asked again")
    return Unavailable(f"bybit {what}: HTTP {answer.status}, {said}; to be asked again later")
