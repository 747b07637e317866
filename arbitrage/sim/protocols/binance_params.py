"""Parameters of requests to the Binance USD-M simulator, read with the venue's refusals."""

import re
from collections.abc import Collection
from decimal import Decimal
from typing import Final, TypeVar

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_MS
from arbitrage.sim.protocols.binance_auth import Params
from arbitrage.sim.protocols.binance_errors import BinanceRefusal, missing
from arbitrage.sim.venue_core import SimVenueCore

Row = TypeVar("Row")

_NUMBER: Final = r"([0-9]{1,20})(\.[0-9]{1,20})?"
_is_number = re.compile(_NUMBER).fullmatch


def illegal(name: str, legal: str) -> BinanceRefusal:
    """A value has characters that it may not have."""
    return BinanceRefusal(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '^{legal}$'."
    )


def market_of(params: Params, core: SimVenueCore) -> Instrument:
    """The market that `symbol` names, which must be there."""
    symbol = params.get("symbol")
    if not symbol:
        raise missing("symbol")
    rules = core.instruments.get(symbol)
    if rules is None:
        raise BinanceRefusal(-1121)
    return rules


def markets_of(params: Params, core: SimVenueCore) -> list[Instrument]:
    """The market that `symbol` names, or every market without one."""
    return [market_of(params, core)] if "symbol" in params else list(core.instruments.values())


def number(params: Params, name: str) -> Decimal:
    """A decimal number that must be there, zero or more."""
    text = params.get(name)
    if not text:
        raise missing(name)
    if _is_number(text) is None:
        raise illegal(name, _NUMBER)
    return Decimal(text)


def whole(params: Params, name: str) -> int | None:
    """A whole number; None where it is not given."""
    text = params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise illegal(name, "[0-9]{1,20}")
    return int(text)


def limit_of(params: Params, *, default: int, most: int) -> int:
    """How many rows are asked for: from 1 to `most`."""
    limit = whole(params, "limit")
    if limit is None:
        return default
    if not 1 <= limit <= most:
        raise BinanceRefusal(-1130, f"Data sent for parameter 'limit' is not valid; 1 to {most}.")
    return limit


def flag(params: Params, name: str) -> bool:
    """`true` or `false`, in any letters; false where it is not given."""
    text = params.get(name, "false").lower()
    if text not in ("true", "false"):
        raise illegal(name, "(true|false)")
    return text == "true"


def choice(params: Params, name: str, allowed: Collection[str], code: int) -> str:
    """One of `allowed`, which must be given; the refusal of another value has `code`."""
    text = params.get(name)
    if not text:
        raise missing(name)
    if text not in allowed:
        raise BinanceRefusal(code)
    return text


class Span:
    """The time and rows that a list is asked for: `startTime` to `endTime`, both included."""

    def __init__(self, params: Params, *, default: int, most: int) -> None:
        start, end = whole(params, "startTime"), whole(params, "endTime")
        self._start_ns = 0 if start is None else start * NS_PER_MS
        self._end_ns = None if end is None else (end + 1) * NS_PER_MS
        self._limit = limit_of(params, default=default, most=most)
        self._is_from_start = start is not None

    def covers(self, ts_ns: int) -> bool:
        return ts_ns >= self._start_ns and (self._end_ns is None or ts_ns < self._end_ns)

    def rows(self, found: list[Row], *, is_from_start: bool = False) -> list[Row]:
        """Of rows in the order of time, the first if a start was given, else the latest."""
        if is_from_start or self._is_from_start:
            return found[: self._limit]
        return found[-self._limit :]
