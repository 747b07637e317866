"""How OKX writes numbers, times and ids: all of them as text, numbers without trailing zeros."""

from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import msgspec

from arbitrage.domain.events import Levels
from arbitrage.domain.units import NS_PER_MS, decimal_of, plain

Json = dict[str, Any]
Params = dict[str, str]

encode = msgspec.json.Encoder().encode

_NS_PER_US: Final = 1_000
_AVERAGE_STEP: Final = Decimal("1E-16")
_IDS_PER_MS: Final = 1_000_000


def ms(ts_ns: int) -> str:
    """A time in milliseconds."""
    return str(ts_ns // NS_PER_MS)


def us(ts_ns: int) -> str:
    """A time in microseconds, as gateways stamp orders."""
    return str(ts_ns // _NS_PER_US)


@lru_cache(maxsize=65_536)
def figure(value: float) -> str:
    """A price or quantity of the market.

    >>> figure(78000.0), figure(0.00001)
    ('78000', '0.00001')
    """
    return plain(decimal_of(value))


def average(cost: Decimal, qty: Decimal) -> str:
    """The average price of `qty` base units that cost `cost`, to the sixteenth decimal."""
    return plain((cost / qty).quantize(_AVERAGE_STEP))


def level_rows(levels: Levels) -> list[list[str]]:
    """`[["41006.8","0.6","0","1"]]`: the third is always 0, the last the number of orders, which
    the simulation does not know."""
    return [[figure(price), figure(qty), "0", "1"] for price, qty in levels]


class Ids:
    """The venue's numbers of orders and bills; they begin with its start, so that those of two
    runs differ."""

    def __init__(self, started_ns: int) -> None:
        self._first = started_ns // NS_PER_MS * _IDS_PER_MS

    def text(self, number: int) -> str:
        """The venue's id of what the core counts as `number`."""
        return str(self._first + number)

    def number(self, text: str) -> int:
        """What the core counts the bearer of an id as; never that of an order for other texts."""
        is_number = text.isascii() and text.isdigit() and len(text) <= 20
        return int(text) - self._first if is_number else -1
