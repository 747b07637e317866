"""Numbers as the venue writes them, with the bounds inside which we believe them.

Market data is read to floats, our own orders and money to `Decimal`. What lies outside the bounds
is not data: the decoder refuses it, so no check is left to the reader.
"""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from arbitrage.domain.units import ZERO

# `strict=False` decoders read floats out of the venue's strings; NaN and infinity fail the bounds.
Price = Annotated[float, Meta(gt=0.0, lt=1e15)]
Qty = Annotated[float, Meta(gt=0.0, lt=1e18)]
QtyOrNone = Annotated[float, Meta(ge=0.0, lt=1e18)]  # zero removes a level
Rate = Annotated[float, Meta(gt=-1.0, lt=1.0)]
Counter = Annotated[int, Meta(ge=0, le=2**63 - 1)]
TimeMs = Annotated[int, Meta(ge=0, lt=2**53)]

WholeLevels = list[tuple[Price, Qty]]
ChangedLevels = list[tuple[Price, QtyOrNone]]

# What a decoder may raise: msgspec's errors are ValueErrors, deep nesting is a RecursionError,
# and exact arithmetic on absurd decimals an ArithmeticError.
UNREADABLE = (ValueError, RecursionError, ArithmeticError)

_LARGEST = Decimal("1E24")
_FINEST_EXPONENT = -24


def require_plain(*values: Decimal | None) -> None:
    """Raise `ValueError` unless every value is a finite number of at most 24 + 24 digits."""
    for value in values:
        if value is None:
            continue
        exponent = value.as_tuple().exponent
        if isinstance(exponent, str) or exponent < _FINEST_EXPONENT or abs(value) >= _LARGEST:
            raise ValueError(f"{value!s:.40} is not a number of at most 24 + 24 digits")


def amount(text: str) -> Decimal:
    """`text` as a plain decimal. What does not apply is written as "", which reads as zero.

    Raises an `UNREADABLE` error for what is no such number.
    """
    if not text:
        return ZERO
    value = Decimal(text)
    require_plain(value)
    return value


def require_best_first(bids: WholeLevels, asks: WholeLevels) -> None:
    """Raise `ValueError` unless both sides have their best price first."""
    if sorted(bids, reverse=True) != bids or sorted(asks) != asks:
        raise ValueError("levels out of order; expected the best price first")
