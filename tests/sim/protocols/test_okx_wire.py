"""OKX writes everything as text."""

from decimal import Decimal

from sim_okx import NOW_NS

from arbitrage.sim.protocols.okx_wire import Ids, average, figure, level_rows, ms, us


def test_figures_have_neither_exponent_nor_trailing_zeros() -> None:
    assert [figure(value) for value in (78_000.0, 0.5, 1e-8, -0.0001)] == [
        "78000",
        "0.5",
        "0.00000001",
        "-0.0001",
    ]


def test_times_are_milliseconds_and_those_of_gateways_microseconds() -> None:
    assert (ms(1_695_190_491_421_339_999), us(1_695_190_491_421_339_999)) == (
        "1695190491421",
        "1695190491421339",
    )


def test_an_average_has_sixteen_decimals_at_most() -> None:
    assert average(Decimal(100), Decimal(3)) == "33.3333333333333333"
    assert average(Decimal(100), Decimal(4)) == "25"


def test_a_level_has_four_columns() -> None:
    assert level_rows([(41006.8, 0.6)]) == [["41006.8", "0.6", "0", "1"]]


def test_ids_are_read_back_and_differ_between_runs() -> None:
    ids, later = Ids(NOW_NS), Ids(NOW_NS + 10**9)
    assert ids.number(ids.text(7)) == 7
    assert ids.text(7) != later.text(7)
    assert ids.number("c1") == ids.number("9" * 40) == -1
    assert ids.text(7).isdigit()
