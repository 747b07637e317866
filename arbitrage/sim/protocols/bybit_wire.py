"""How Bybit writes numbers, times and ids: amounts as text, times in milliseconds.

Prices have the digits of the tick, quantities those of the lot; money and averages are written
without trailing zeros. Ids of linear perpetuals look like UUIDs, those of spot are long numbers.
"""

import re
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import msgspec

from arbitrage.domain.events import Levels
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_MS, ZERO, plain

_AVERAGE_DIGITS: Final = 8
_SPOT_IDS: Final = 1_000_000

Json = dict[str, Any]
encode = msgspec.json.Encoder().encode


class Category(Enum):
    """The venue's word for a kind of product."""

    SPOT = "spot"
    LINEAR = "linear"


def ms(ts_ns: int) -> int:
    return ts_ns // NS_PER_MS


def digits_of(step: Decimal) -> int:
    """How many digits after the point a multiple of `step` needs.

    >>> digits_of(Decimal("0.10")), digits_of(Decimal(5))
    (1, 0)
    """
    return len(plain(step).partition(".")[2])


def money(value: Decimal) -> str:
    """An amount of a currency; never a negative zero.

    >>> money(Decimal("-0.50")), money(Decimal("-0"))
    ('-0.5', '0')
    """
    return plain(value if value else ZERO)


def average(cost: Decimal, qty: Decimal) -> str:
    """The average price of what was filled, empty for nothing."""
    return plain(round(cost / qty, _AVERAGE_DIGITS)) if qty else ""


class Figures:
    """Writes the numbers of one market."""

    __slots__ = ("_price", "_qty")

    def __init__(self, rules: Instrument) -> None:
        self._price = f".{digits_of(rules.tick_size)}f"
        self._qty = f".{digits_of(rules.lot_size)}f"

    def price(self, value: float | Decimal) -> str:
        return format(value, self._price)

    def qty(self, value: float | Decimal) -> str:
        return format(value, self._qty)

    def levels(self, levels: Levels) -> list[list[str]]:
        return [[format(price, self._price), format(qty, self._qty)] for price, qty in levels]


class Ids:
    """Names orders and executions for clients; `started_ms` keeps two runs of a venue apart.

    Numbers are those of the core, which count from one.
    """

    def __init__(self, started_ms: int) -> None:
        self._tail = f"4515-8515-{started_ms:012x}"
        self._spot_base = started_ms * _SPOT_IDS
        self._is_linear = re.compile(rf"([0-9a-f]{{8}})-5151-{self._tail}").fullmatch

    def order(self, category: Category, number: int) -> str:
        if category is Category.SPOT:
            return str(self._spot_base + number)
        return f"{number:08x}-5151-{self._tail}"

    def execution(self, category: Category, number: int) -> str:
        if category is Category.SPOT:
            return str(2 * self._spot_base + number)
        return f"{number:08x}-e8ec-{self._tail}"

    def order_number(self, category: Category, text: str) -> int | None:
        """The number behind an id; None for one that was never given."""
        if category is Category.SPOT:
            number = int(text) - self._spot_base if text.isdecimal() and len(text) < 25 else 0
            return number if 0 < number < _SPOT_IDS else None
        found = self._is_linear(text)
        return int(found[1], 16) if found else None
