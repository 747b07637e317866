"""Numbers as the venue writes them, with the bounds inside which we believe them.

Market data is read to floats, our own orders and money to `Decimal`. What lies outside the bounds
is not data: the decoder refuses it, so no check is left to the reader.
"""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

# `strict=False` decoders read floats out of the venue's strings; NaN and infinity fail the bounds.
Price = Annotated[float, Meta(gt=0.0, lt=1e15)]
Qty = Annotated[float, Meta(gt=0.0, lt=1e18)]
PriceOrNone = Annotated[float, Meta(ge=0.0, lt=1e15)]  # zero where a side is empty
QtyOrNone = Annotated[float, Meta(ge=0.0, lt=1e18)]  # zero removes a level
UpdateId = Annotated[int, Meta(ge=0, le=2**63 - 1)]
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


def require_total(qty: Decimal, cost: Decimal) -> None:
    """Raise `ValueError` unless `qty` filled for `cost` can be: both plain, both zero or above.

    The venue writes a cost below zero where it no longer knows it.
    """
    require_plain(qty, cost)
    if qty < 0 or cost < 0 or (qty > 0) != (cost > 0):
        raise ValueError(f"{qty} filled for {cost}; expected both zero or both above it")
