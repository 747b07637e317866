"""How one attribute of an event is stored: as one column, or as lists of levels in two.

Events are encoded and decoded many rows at a time: a column becomes numbers once, and a stretch of
it a Python list in one call, never value by value. Prices are whole numbers of the market's price
unit (`ticks`), quantities of its quantity unit (`lots`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import Levels
from arbitrage.domain.sides import Side
from arbitrage.store.integer_units import FloatArray, IntArray, IntegerUnit, OffGrid

# The values of the rows from the first up to, not including, the second number.
Reader = Callable[[int, int], list[Any]]

# A `pyarrow.Array`; which kind depends on the column, and no annotation says it well.
Column = Any


class Units(NamedTuple):
    """What one integer stands for in a market's price and quantity columns."""

    price: IntegerUnit
    qty: IntegerUnit


class RefusedRow(MalformedData):
    """The event at `row` of a block cannot be stored exactly."""

    def __init__(self, row: int, what: str) -> None:
        super().__init__(what)
        self.row = row


class Field(ABC):
    """One attribute of an event. `columns` are the names and types that it is stored as."""

    def __init__(self, attribute: str, columns: dict[str, pa.DataType]) -> None:
        self.attribute = attribute
        self.columns = columns

    @abstractmethod
    def encode(self, values: list[Any], units: Units, /) -> list[Column]:
        """The columns of `values`, one value a row. Raises `RefusedRow` for one off the grid."""

    @abstractmethod
    def reader(self, columns: list[Column], units: Units, /) -> Reader:
        """Reads the values of any stretch of the rows in `columns`."""


class PlainField(Field):
    """Stored as it is: a whole number or a float64."""

    def __init__(self, attribute: str, column: str, kind: pa.DataType) -> None:
        super().__init__(attribute, {column: kind})
        self._kind = kind

    def encode(self, values: list[Any], _units: Units, /) -> list[Column]:
        return [pa.array(values, self._kind)]

    def reader(self, columns: list[Column], _units: Units, /) -> Reader:
        values = np.asarray(columns[0])
        return lambda start, stop: values[start:stop].tolist()


class UnitField(Field):
    """A price (`ticks`) or a quantity (`lots`), stored as a count of units."""

    def __init__(self, attribute: str, column: str) -> None:
        super().__init__(attribute, {column: pa.int64()})
        self._is_price = column.endswith("ticks")

    def encode(self, values: list[Any], units: Units, /) -> list[Column]:
        unit = units.price if self._is_price else units.qty
        return [pa.array(_counts(self.attribute, np.array(values, np.float64), unit))]

    def reader(self, columns: list[Column], units: Units, /) -> Reader:
        unit = units.price if self._is_price else units.qty
        values = unit.floats(np.asarray(columns[0]))
        return lambda start, stop: values[start:stop].tolist()


class SideField(Field):
    """The taker's side, stored as whether it bought."""

    def __init__(self, attribute: str, column: str) -> None:
        super().__init__(attribute, {column: pa.bool_()})

    def encode(self, values: list[Any], _units: Units, /) -> list[Column]:
        return [pa.array([side is Side.BUY for side in values], pa.bool_())]

    def reader(self, columns: list[Column], _units: Units, /) -> Reader:
        sides = [Side.BUY if is_buy else Side.SELL for is_buy in columns[0].to_pylist()]
        return lambda start, stop: sides[start:stop]


LEVELS_TYPE = pa.list_(pa.field("element", pa.int64(), nullable=False))


class LevelsField(Field):
    """One side of a book, stored as a list of prices and a list of quantities, best first."""

    def __init__(self, attribute: str, side: str) -> None:
        super().__init__(attribute, {f"{side}_ticks": LEVELS_TYPE, f"{side}_lots": LEVELS_TYPE})

    def encode(self, values: list[Any], units: Units, /) -> list[Column]:
        depths = np.array([len(levels) for levels in values], dtype=np.int64)
        pairs = np.array(list(chain.from_iterable(values)), dtype=np.float64).reshape(-1, 2)
        offsets: Column = pa.array(np.concatenate(([0], np.cumsum(depths))).astype(np.int32))
        rows = np.repeat(np.arange(len(values)), depths)
        columns: list[Column] = []
        for what, numbers, unit in (
            (f"price of {self.attribute}", pairs[:, 0], units.price),
            (f"quantity of {self.attribute}", pairs[:, 1], units.qty),
        ):
            counts: Column = pa.array(_counts(what, numbers, unit, rows))
            columns.append(pa.ListArray.from_arrays(offsets, counts, type=LEVELS_TYPE))
        return columns

    def reader(self, columns: list[Column], units: Units, /) -> Reader:
        ticks, lots = columns
        offsets = np.asarray(ticks.offsets)
        if not np.array_equal(np.diff(offsets), np.diff(np.asarray(lots.offsets))):
            raise MalformedData(f"{self.attribute}: prices and quantities differ in number")
        offsets = offsets - offsets[0]
        prices = units.price.floats(np.asarray(ticks.flatten()))
        qtys = units.qty.floats(np.asarray(lots.flatten()))

        def levels(start: int, stop: int) -> list[Levels]:
            ends = offsets[start : stop + 1]
            first, last = int(ends[0]), int(ends[-1])
            pairs = list(zip(prices[first:last].tolist(), qtys[first:last].tolist(), strict=True))
            return [pairs[begin:end] for begin, end in pairwise((ends - first).tolist())]

        return levels


def _counts(
    what: str, values: FloatArray, unit: IntegerUnit, rows: IntArray | None = None
) -> IntArray:
    """`values` in units; `rows[i]` is the row of the i-th value, where that is not i itself."""
    try:
        return unit.counts(values)
    except OffGrid as error:
        row = error.position if rows is None else int(rows[error.position])
        raise RefusedRow(row, f"{what}: {error}") from error
