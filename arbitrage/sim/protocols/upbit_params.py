"""Parameters of requests to the Upbit simulator, read with the venue's refusals."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from multidict import MultiMapping

from arbitrage.domain.units import NS_PER_MS
from arbitrage.sim.protocols.upbit_errors import UpbitRefusal

Params = Mapping[str, Any]


def params_of(query: MultiMapping[str]) -> dict[str, Any]:
    """Parameters of a query string by name; those that end in `[]` as lists."""
    return {name: query.getall(name) if name.endswith("[]") else query[name] for name in query}


def whole_number(params: Params, name: str, *, default: int, most: int) -> int:
    """A number from 1 to `most`."""
    text = str(params.get(name) or default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise UpbitRefusal("validation_error", f"{name} does not have a valid value")
    return int(text)


def names(params: Params, name: str) -> list[str]:
    """Names separated by commas, in capitals."""
    return [each for each in str(params.get(name) or "").upper().split(",") if each]


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
        raise UpbitRefusal("validation_error", f"{name} does not have a valid value") from error
