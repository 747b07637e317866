"""One attribute as columns: what is stored, and which row is named when it cannot be."""

import pyarrow as pa
import pytest
from store.builders import CENT, SATOSHI

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.sides import Side
from arbitrage.store.fields import (
    LEVELS_TYPE,
    Field,
    LevelsField,
    PlainField,
    RefusedRow,
    SideField,
    UnitField,
    Units,
)
from arbitrage.store.integer_units import IntegerUnit

UNITS = Units(IntegerUnit(CENT), IntegerUnit(SATOSHI))
LEVELS = [[(100.5, 1.0), (100.25, 0.5)], [], [(99.99, 3.0)]]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (PlainField("rate", "rate", pa.float64()), [0.1, -0.0003]),
        (PlainField("seq", "book_seq", pa.int64()), [1, 2**62]),
        (UnitField("price", "price_ticks"), [0.01, 12345.67]),
        (UnitField("qty", "qty_lots"), [0.00000001, 5.0]),
        (SideField("side", "is_buy"), [Side.BUY, Side.SELL, Side.BUY]),
        (LevelsField("bids", "bid"), LEVELS),
    ],
)
def test_values_come_back_and_so_does_any_stretch_of_them(field: Field, values: list) -> None:
    columns = field.encode(values, UNITS)
    assert [column.type for column in columns] == list(field.columns.values())
    read = field.reader(columns, UNITS)
    assert read(0, len(values)) == values
    assert read(1, len(values)) == values[1:]
    assert read(0, 1) == values[:1]


def test_prices_are_stored_as_ticks_and_quantities_as_lots() -> None:
    (ticks,) = UnitField("price", "price_ticks").encode([100.5], UNITS)
    (lots,) = UnitField("qty", "qty_lots").encode([0.5], UNITS)
    assert (ticks.to_pylist(), lots.to_pylist()) == ([10050], [50_000_000])


def test_levels_of_a_sliced_column_are_those_of_its_rows() -> None:
    field = LevelsField("bids", "bid")
    columns = [column.slice(1, 2) for column in field.encode(LEVELS, UNITS)]
    assert field.reader(columns, UNITS)(0, 2) == LEVELS[1:]


def test_a_price_off_the_grid_names_its_row() -> None:
    with pytest.raises(RefusedRow, match=r"price of bids: 99\.999 is not a whole number") as error:
        LevelsField("bids", "bid").encode([LEVELS[0], [], [(1.0, 1.0), (99.999, 1.0)]], UNITS)
    assert error.value.row == 2


def test_a_quantity_off_the_grid_names_its_row() -> None:
    with pytest.raises(RefusedRow, match="qty: 1e-09") as error:
        UnitField("qty", "qty_lots").encode([1.0, 1e-9], UNITS)
    assert error.value.row == 1


def test_prices_without_their_quantities_are_refused() -> None:
    ticks, lots = (pa.array(values, LEVELS_TYPE) for values in ([[1, 2]], [[1]]))
    with pytest.raises(MalformedData, match="differ in number"):
        LevelsField("bids", "bid").reader([ticks, lots], UNITS)
