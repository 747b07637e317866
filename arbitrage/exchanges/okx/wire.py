"""Numbers as the venue writes them, with the bounds inside which we believe them.

Market data is read to floats, our own orders and money to `Decimal`. What lies outside the bounds
is not data: the decoder refuses it, so no check is left to the reader.
"""

from decimal import Decimal
from math import inf
from typing import Annotated

import msgspec
from msgspec import Meta

from arbitrage.domain.events import Levels
from arbitrage.domain.units import ZERO

# `strict=False` decoders read floats out of the venue's strings; NaN and infinity fail the bounds.
Price = Annotated[float, Meta(gt=0.0, lt=1e15)]
Qty = Annotated[float, Meta(gt=0.0, lt=1e18)]
QtyOrNone = Annotated[float, Meta(ge=0.0, lt=1e18)]  # zero removes a level
Rate = Annotated[float, Meta(gt=-1.0, lt=1.0)]
SeqId = Annotated[int, Meta(ge=-1, le=2**63 - 1)]
TimeMs = Annotated[int, Meta(ge=0, lt=2**53)]


class WholeLevel(msgspec.Struct, array_like=True, gc=False):
    """`["8476.98","415","0","13"]`: price, quantity, nothing any more, number of orders."""

    px: Price
    sz: Qty


class ChangedLevel(msgspec.Struct, array_like=True, gc=False):
    px: Price
    sz: QtyOrNone


# What a decoder may raise: msgspec's errors are ValueErrors, deep nesting is a RecursionError,
# and exact arithmetic on absurd decimals an ArithmeticError.
UNREADABLE = (ValueError, RecursionError, ArithmeticError)

_LARGEST = Decimal("1E24")
_FINEST_EXPONENT = -24


def amount(text: str) -> Decimal:
    """`text` as a plain decimal. What does not apply is written as "", which reads as zero.

    Raises an `UNREADABLE` error for what is not a number of at most 24 + 24 digits.
    """
    if not text:
        return ZERO
    value = Decimal(text)
    exponent = value.as_tuple().exponent
    if isinstance(exponent, str) or exponent < _FINEST_EXPONENT or abs(value) >= _LARGEST:
        raise ValueError(f"{text:.40} is not a number of at most 24 + 24 digits")
    return value


def bids_of(levels: list[WholeLevel]) -> Levels:
    """Levels as tuples. Raises `ValueError` unless prices fall."""
    pairs: Levels = []
    last = inf
    for level in levels:
        price = level.px
        if price >= last:
            raise ValueError(f"bid {price} after {last}; expected the best price first")
        last = price
        pairs.append((price, level.sz))
    return pairs


def asks_of(levels: list[WholeLevel]) -> Levels:
    """Levels as tuples. Raises `ValueError` unless prices rise."""
    pairs: Levels = []
    last = 0.0
    for level in levels:
        price = level.px
        if price <= last:
            raise ValueError(f"ask {price} after {last}; expected the best price first")
        last = price
        pairs.append((price, level.sz))
    return pairs


def changed(levels: list[ChangedLevel]) -> Levels:
    """Levels as tuples, in the order in which they were sent."""
    return [(level.px, level.sz) for level in levels]
