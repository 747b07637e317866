"""How Binance writes numbers and times: amounts as text, times in milliseconds.

On futures prices have the digits of the tick and quantities those of the lot; on spot both have
eight, as money has on either.
"""

from decimal import Decimal
from typing import Any, Final

import msgspec

from arbitrage.domain.events import Levels
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_MS, ZERO, plain

_MIN_AVG_DIGITS: Final = 5

encode = msgspec.json.Encoder().encode


def ms(ts_ns: int) -> int:
    return ts_ns // NS_PER_MS


def digits_of(step: Decimal) -> int:
    """How many digits after the point a multiple of `step` needs.

    >>> digits_of(Decimal("0.10")), digits_of(Decimal(5))
    (1, 0)
    """
    return len(plain(step).partition(".")[2])


def money(value: Decimal) -> str:
    """An amount of a currency.

    >>> money(Decimal("-0.5"))
    '-0.50000000'
    """
    return f"{value if value else ZERO:.8f}"


class Figures:
    """Writes the numbers of one market, prices and quantities with `least_digits` at least."""

    __slots__ = ("_avg", "_price", "_qty")

    def __init__(self, rules: Instrument, least_digits: int = 0) -> None:
        price_digits = max(digits_of(rules.tick_size), least_digits)
        self._price = f".{price_digits}f"
        self._avg = f".{max(price_digits, _MIN_AVG_DIGITS)}f"
        self._qty = f".{max(digits_of(rules.lot_size), least_digits)}f"

    def price(self, value: float | Decimal) -> str:
        return format(value, self._price)

    def qty(self, value: float | Decimal) -> str:
        return format(value, self._qty)

    def average(self, value: float | Decimal) -> str:
        """An average of prices, which is on no grid."""
        return format(value, self._avg)

    def levels(self, levels: Levels) -> list[list[str]]:
        return [[format(price, self._price), format(qty, self._qty)] for price, qty in levels]


Json = dict[str, Any]
