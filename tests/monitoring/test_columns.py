"""Tables never wrap, never cut a number, and line up in double-width scripts."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from arbitrage.monitoring.columns import Column, fitted_table


def lines(columns: list[Column], width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(fitted_table(columns, width))
    return capture.get().splitlines()


def texts(*values: str) -> list[Text]:
    return [Text(value) for value in values]


NAME = Column(heading="Name", cells=texts("a rather long name", "b"), text_width=6)
PNL = Column(heading="PnL", cells=texts("+1,234.50", "-3.00"))
EXTRA = Column(heading="Extra", cells=texts("12345678", "9"), weight=1)
MORE = Column(heading="More", cells=texts("4321", "8"), weight=2)


def test_everything_is_whole_where_there_is_room() -> None:
    header, _, first, second = lines([NAME, PNL, EXTRA], 60)
    assert header.split() == ["Name", "PnL", "Extra"]
    assert first.split() == ["a", "rather", "long", "name", "+1,234.50", "12345678"]
    assert second.split() == ["b", "-3.00", "9"]


def test_the_lightest_column_goes_first() -> None:
    header, *_ = lines([NAME, PNL, EXTRA, MORE], 24)
    assert header.split() == ["Name", "PnL", "More"]


def test_text_is_cut_only_once_nothing_more_can_go() -> None:
    _, _, first, _ = lines([NAME, PNL, EXTRA, MORE], 18)
    assert first.rstrip() == "a rath…  +1,234.50"


def test_text_takes_the_room_that_is_left() -> None:
    _, _, first, _ = lines([NAME, PNL], 24)
    assert first.rstrip() == "a rather lon…  +1,234.50"


def test_columns_that_always_stay_are_squeezed_rather_than_wrapped() -> None:
    printed = lines([NAME, PNL, EXTRA], 10)
    assert len(printed) == 4
    assert max(map(cell_len, printed)) <= 10


@pytest.mark.parametrize("width", range(18, 60))
def test_no_line_is_wider_than_asked_and_none_is_wrapped(width: int) -> None:
    printed = lines([NAME, PNL, EXTRA, MORE], width)
    assert len(printed) == 4
    assert max(map(cell_len, printed)) <= width
    assert "+1,234.50" in printed[2]


def test_double_width_headings_line_up_with_their_numbers() -> None:
    pnl = Column(heading="손익 $", cells=texts("+1.00", "-22.00"))
    trades = Column(heading="거래", cells=texts("3", "14"))
    printed = lines([pnl, trades], 40)
    assert {cell_len(line.rstrip()) for line in printed} == {12}


def test_footers_stand_under_their_columns() -> None:
    column = Column(heading="PnL", cells=texts("+1.00", "+2.00"), footer=Text("+3.00"))
    assert lines([column], 40)[-1].strip() == "+3.00"


def test_a_table_without_rows_still_has_its_headings() -> None:
    assert lines([Column(heading="PnL", cells=[])], 40)[0].strip() == "PnL"
