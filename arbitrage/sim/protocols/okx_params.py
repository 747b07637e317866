"""Parameters of requests to the OKX simulator, read with the venue's refusals."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from arbitrage.domain.units import NS_PER_MS
from arbitrage.sim.protocols.okx_errors import OkxRefusal
from arbitrage.sim.protocols.okx_wire import Params

Row = TypeVar("Row")

INST_TYPES: Final = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION")
MAX_ROWS: Final = 100

_is_number = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?").fullmatch


def of_query(query: str) -> Params:
    return dict(parse_qsl(query))


def of_body(body: str) -> Any:
    """The JSON of a POST. Raises `OkxRefusal`."""
    if not body:
        raise OkxRefusal("50000")
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise OkxRefusal("50002") from error


def one_of_body(body: Any) -> Params:
    """The parameters of a POST that takes an object, as text whatever they were."""
    if not isinstance(body, dict):
        raise OkxRefusal("50002")
    return {name: _text(value) for name, value in body.items()}


def many_of_body(body: Any, *, most: int) -> list[Params]:
    """Those of a POST that takes a list of up to `most`."""
    if not isinstance(body, list):
        raise OkxRefusal("50002")
    if not 1 <= len(body) <= most:
        raise OkxRefusal("51000", "list")
    return [one_of_body(each) for each in body]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def needed(params: Params, name: str) -> str:
    """A parameter that must be there."""
    if not params.get(name):
        raise OkxRefusal("50014", name)
    return params[name]


def positive(params: Params, name: str) -> Decimal:
    """A decimal number above zero, which must be there."""
    text = needed(params, name)
    if _is_number(text) is None or not Decimal(text):
        raise OkxRefusal("51000", name)
    return Decimal(text)


def whole(params: Params, name: str) -> int | None:
    """A whole number; None where it is not given."""
    text = params.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise OkxRefusal("51000", name)
    return int(text)


def number_of(text: str) -> int:
    """A number that stands for a place in a list."""
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise OkxRefusal("51000", "after")
    return int(text)


def count_of(params: Params, name: str, *, default: int, most: int) -> int:
    """How many rows or levels are asked for: from 1 to `most`."""
    count = whole(params, name)
    if count is None:
        return default
    if not 1 <= count <= most:
        raise OkxRefusal("51000", name)
    return count


def inst_type_of(params: Params, *, is_needed: bool = False) -> str:
    """The kind of instruments that is meant, empty for all."""
    kind = needed(params, "instType") if is_needed else params.get("instType", "")
    if kind and kind not in INST_TYPES:
        raise OkxRefusal("51000", "instType")
    return kind


class Page:
    """The part of a list that is asked for, by number (`after` older, `before` newer), by time
    (`begin` to `end`, both included), and by length."""

    def __init__(self, params: Params, number: Callable[[str], int]) -> None:
        after, before = params.get("after", ""), params.get("before", "")
        self._older_than = number(after) if after else None
        self._newer_than = number(before) if before else None
        begin, end = whole(params, "begin"), whole(params, "end")
        self._begin_ns = 0 if begin is None else begin * NS_PER_MS
        self._end_ns = None if end is None else (end + 1) * NS_PER_MS
        self._limit = count_of(params, "limit", default=MAX_ROWS, most=MAX_ROWS)

    def rows(self, found: Iterable[tuple[int, int, Row]]) -> list[Row]:
        """Of (number, time, row) in the order of numbers the newest that are meant, newest
        first."""
        meant = [
            row
            for number, ts_ns, row in found
            if (self._older_than is None or number < self._older_than)
            and (self._newer_than is None or number > self._newer_than)
            and ts_ns >= self._begin_ns
            and (self._end_ns is None or ts_ns < self._end_ns)
        ]
        return meant[::-1][: self._limit]
