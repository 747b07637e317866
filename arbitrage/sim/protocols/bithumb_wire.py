"""How Bithumb writes numbers and ids, on REST and on its streams."""

from decimal import Decimal
from functools import lru_cache
from typing import Final

import msgspec

from arbitrage.domain.units import NS_PER_SECOND

# Sizes in a book. Live captures of 2026-09-23 published in nemanull/arbitrage-observatory.
BOOK_DECIMALS: Final = 4
_PREFIX: Final = "C0101"
_NUMBER_DIGITS: Final = 9
_SECONDS: Final = 1_000_000


@lru_cache(maxsize=65_536)
def number(value: float) -> msgspec.Raw:
    """A number as Bithumb writes it: whole ones without a point, tiny ones with an exponent.

    >>> bytes(number(95340000.0)), bytes(number(0.0007)), bytes(number(-1.4e-07))
    (b'95340000', b'0.0007', b'-1.4E-7')
    """
    if value == int(value):
        return msgspec.Raw(str(int(value)).encode())
    return msgspec.Raw(str(Decimal(repr(float(value)))).encode())


def book_number(value: float) -> msgspec.Raw:
    """A price or a size in a book; a size below half of the last decimal shows as zero.

    >>> bytes(book_number(0.01234567)), bytes(book_number(0.00004))
    (b'0.0123', b'0')
    """
    return number(round(value, BOOK_DECIMALS))


def order_name(order_id: int, created_ns: int) -> str:
    """The venue's id of an order, such as `C0101000003152350309`; the time keeps ids of two runs
    apart. It ends in the core's number, so that it can be found again."""
    seconds = created_ns // NS_PER_SECOND % _SECONDS
    return f"{_PREFIX}{seconds:06d}{order_id:0{_NUMBER_DIGITS}d}"


def order_id_of(name: str) -> int:
    """The core's number of an order, zero for what cannot be one."""
    digits = name.removeprefix(_PREFIX)[-_NUMBER_DIGITS:]
    is_number = name.startswith(_PREFIX) and digits.isascii() and digits.isdigit()
    return int(digits) if is_number else 0


def trade_name(trade_id: int, ts_ns: int) -> str:
    """The venue's id of a fill."""
    return order_name(trade_id, ts_ns)
