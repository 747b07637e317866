"""Parameters of requests to Upbit and Bithumb. Raises `InvalidValue`, which the venue names."""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from multidict import MultiMapping

from arbitrage.domain.units import NS_PER_MS
from arbitrage.sim.protocols.korean_errors import InvalidValue

Params = Mapping[str, Any]


def params_of(query: MultiMapping[str]) -> dict[str, Any]:
    """Parameters of a query string by name; those that end in `[]` as lists."""
    return {name: query.getall(name) if name.endswith("[]") else query[name] for name in query}


def whole_number(params: Params, name: str, *, default: int, most: int) -> int:
    """A number from 1 to `most`."""
    text = str(params.get(name) or default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise InvalidValue(f"{name} does not have a valid value")
    return int(text)


def names(params: Params, name: str) -> list[str]:
    """Names separated by commas, in capitals."""
    return [each for each in str(params.get(name) or "").upper().split(",") if each]


def states(params: Params) -> set[str]:
    """The states of orders asked for, as `state` or as `states[]`."""
    asked = set(params.get("states[]") or [])
    if params.get("state"):
        asked.add(str(params["state"]))
    return asked


def time_ns(params: Params, name: str) -> int | None:
    """A time given as ISO 8601 with offset or as milliseconds since the epoch."""
    text = str(params.get(name) or "")
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return int(text) * NS_PER_MS
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000) * NS_PER_MS
    except ValueError as error:
        raise InvalidValue(f"{name} does not have a valid value") from error


def span_ns(params: Params, now_ns: int, longest_ns: int) -> tuple[int, int]:
    """The span between `start_time` and `end_time`; what is not given lies `longest_ns` from the
    other, and the end is now."""
    start_ns, end_ns = time_ns(params, "start_time"), time_ns(params, "end_time")
    if start_ns is not None:
        return start_ns, start_ns + longest_ns if end_ns is None else end_ns
    end_ns = now_ns if end_ns is None else end_ns
    return end_ns - longest_ns, end_ns


def choice(params: Params, name: str, allowed: Collection[str], *, default: str = "") -> str:
    """The parameter `name`, one of `allowed`; `default`, if there is one, where it is missing."""
    value = params.get(name)
    if value in (None, "") and (default or "" in allowed):
        return default
    if not isinstance(value, str) or value not in allowed:
        raise InvalidValue(f"{name} is missing, {name} does not have a valid value")
    return value


def number(params: Params, name: str) -> Decimal | None:
    """A positive number given as text (or as a number); None where it is not given."""
    value = params.get(name)
    if value in (None, ""):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount <= 0:
        raise InvalidValue(f"{name} does not have a valid value")
    return amount
