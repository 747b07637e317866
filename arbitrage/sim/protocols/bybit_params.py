"""Parameters of requests to the Bybit simulator, and the pages in which it answers lists.

Parameters are the same in a query, in a JSON body and in a message of the trade socket; values may
be numbers or text. A page's cursor is percent-encoded, as the venue writes it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, quote

import msgspec

from arbitrage.domain.units import NS_PER_MS
from arbitrage.sim.protocols.bybit_errors import BybitRefusal, wrong
from arbitrage.sim.protocols.bybit_wire import Category

Params = Mapping[str, str]
Row = TypeVar("Row")

_CURSOR: Final = "page_token="
_is_number = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?").fullmatch
_NUMBERS: Final = 20


def read_query(query: str) -> dict[str, str]:
    """The parameters of a query; empty values count as not sent."""
    return dict(parse_qsl(query))


def read_body(body: str) -> dict[str, str]:
    """The parameters of a JSON object. Raises `BybitRefusal` for anything else."""
    try:
        found = msgspec.json.decode(body or "{}", type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise wrong("the body is no JSON object") from error
    return texts(found)


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    """JSON values as text; empty ones count as not sent."""
    found = {}
    for name, value in values.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if value is not None and text:
            found[name] = text
    return found


def category_of(params: Params) -> Category:
    """The category that must be named."""
    try:
        return Category(params.get("category", ""))
    except ValueError:
        raise wrong("Category is invalid") from None


def choice(params: Params, name: str, allowed: Iterable[str], refusal: BybitRefusal) -> str:
    """One of `allowed`, which must be given; else `refusal`."""
    text = params.get(name, "")
    if text not in allowed:
        raise refusal
    return text


def number(params: Params, name: str) -> Decimal | None:
    """A decimal number, zero or more; None where it is not given."""
    text = params.get(name)
    if text is None:
        return None
    if _is_number(text) is None:
        raise wrong(f"{name} invalid")
    return Decimal(text)


def whole(params: Params, name: str) -> int | None:
    """A whole number; None where it is not given."""
    text = params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _NUMBERS):
        raise wrong(f"{name} invalid")
    return int(text)


def limit_of(params: Params, *, default: int, most: int) -> int:
    """How many rows are asked for: from 1 to `most`."""
    limit = whole(params, "limit")
    if limit is None:
        return default
    if not 1 <= limit <= most:
        raise wrong(f"limit must be from 1 to {most}")
    return limit


class Span:
    """The time that a list is asked for: `startTime` to `endTime`, both included; with a start
    alone, `span_ns` from there on."""

    def __init__(self, params: Params, span_ns: int) -> None:
        start, end = whole(params, "startTime"), whole(params, "endTime")
        self._start_ns = 0 if start is None else start * NS_PER_MS
        if end is not None:
            self._end_ns = (end + 1) * NS_PER_MS
        else:
            self._end_ns = self._start_ns + span_ns if start is not None else 1 << 62

    def covers(self, ts_ns: int) -> bool:
        return self._start_ns <= ts_ns < self._end_ns


def page(
    rows: Iterable[Row], number_of: Callable[[Row], int], params: Params, *, default: int, most: int
) -> tuple[list[Row], str]:
    """The page of `rows` that is asked for, the highest numbers first, and the cursor to the next.

    A page that has rows has a cursor, also the last one, which leads to an empty page: so does the
    venue's.
    """
    limit, cursor = limit_of(params, default=default, most=most), params.get("cursor", "")
    before = 1 << 62
    if cursor:
        text = cursor.removeprefix(_CURSOR)
        if not text.isdecimal():
            raise wrong("cursor invalid")
        before = int(text)
    ordered = sorted(rows, key=number_of, reverse=True)
    chosen = [row for row in ordered if number_of(row) < before][:limit]
    return chosen, quote(f"{_CURSOR}{number_of(chosen[-1])}", safe="") if chosen else ""
