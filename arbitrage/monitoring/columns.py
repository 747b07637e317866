"""Tables that fit: numbers are never cut, text is cut with an ellipsis, columns go before either.

A column that holds numbers always has the width it needs. If the width given does not do, the
columns of the least weight are left out whole, and only then is text shortened. Widths are
counted in terminal cells, so that Korean lines up.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from rich import box
from rich.table import Table
from rich.text import Text

ALWAYS: Final = 100
_GAP: Final = 2


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column with its cells; `weight` decides what is left out first, `ALWAYS` never is.

    A column with a `text_width` holds text, which may be cut down to that many cells.
    """

    heading: str
    cells: Sequence[Text]
    footer: Text | None = None
    weight: int = ALWAYS
    text_width: int | None = None

    @property
    def natural_width(self) -> int:
        """Cells that the widest entry takes."""
        entries = [Text(self.heading), *self.cells, self.footer or Text()]
        return max(entry.cell_len for entry in entries)

    @property
    def needed_width(self) -> int:
        natural = self.natural_width
        return natural if self.text_width is None else min(natural, self.text_width)


def fitted_table(columns: Sequence[Column], width: int) -> Table:
    """A table of the columns that fit into `width` cells, in the order given."""
    shown = _columns_that_fit(columns, width)
    spare = width - _needed(shown)
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, _GAP - 1, 0, 0),
        show_footer=any(column.footer is not None for column in shown),
        header_style="bold",
        footer_style="bold",
    )
    for column in shown:
        extra = min(column.natural_width - column.needed_width, max(spare, 0))
        spare -= extra
        table.add_column(
            column.heading,
            column.footer or "",
            justify="right" if column.text_width is None else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=column.needed_width + extra,
        )
    for cells in zip(*(column.cells for column in shown), strict=True):
        table.add_row(*cells)
    return table


def _columns_that_fit(columns: Sequence[Column], width: int) -> list[Column]:
    shown = list(columns)
    while _needed(shown) > width:
        lightest = min(shown, key=lambda column: column.weight)
        if lightest.weight == ALWAYS:
            break
        shown.remove(lightest)
    return shown


def _needed(columns: Sequence[Column]) -> int:
    return sum(column.needed_width + _GAP for column in columns) - _GAP
