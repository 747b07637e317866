"""The compiled arithmetic is the plain one: the same names, the same bits."""

import importlib
import inspect
import struct
import sys
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbitrage.engine import arithmetic

numpy = pytest.importorskip("numpy", reason="numpy comes with the extra 'research'")
pytest.importorskip("numba", reason="numba comes with the extra 'research'")

from arbitrage.engine import compiled  # noqa: E402 - it must not be imported without numba

Book = list[tuple[float, float]]
untimed = settings(deadline=None, max_examples=300)

sides = st.lists(
    st.tuples(st.floats(1e-6, 1e9), st.floats(1e-9, 1e9)),
    max_size=10,
    unique_by=lambda level: level[0],
)
near_sides = st.lists(
    st.tuples(st.floats(99.0, 101.0), st.floats(1e-3, 10.0)),
    max_size=10,
    unique_by=lambda level: level[0],
)
books = sides | near_sides
factors = st.floats(0.99, 1.01)
multipliers = st.sampled_from([1.0, 0.001, 0.01, 10.0]) | st.floats(1e-4, 1e4)
numbers = st.floats(-1e6, 1e6)
durations = st.floats(1e-6, 1e6)


def array(levels: Book):  # type: ignore[no-untyped-def]
    return numpy.array(levels, dtype=numpy.float64).reshape(-1, 2)


def bits(*values: float) -> bytes:
    return struct.pack(f"{len(values)}d", *values)


def test_every_function_of_the_arithmetic_has_a_compiled_twin() -> None:
    plain = {
        name: function
        for name, function in inspect.getmembers(arithmetic, inspect.isfunction)
        if function.__module__ == arithmetic.__name__
    }
    assert plain
    for name, function in plain.items():
        assert getattr(compiled, name).py_func is function


@untimed
@given(
    asks=books.map(sorted),
    bids=books.map(lambda levels: sorted(levels, reverse=True)),
    buy=factors,
    sell=factors,
    min_ratio=factors,
    ask_multiplier=multipliers,
    bid_multiplier=multipliers,
)
def test_the_compiled_walk_gives_the_same_bits(
    asks: Book,
    bids: Book,
    buy: float,
    sell: float,
    min_ratio: float,
    ask_multiplier: float,
    bid_multiplier: float,
) -> None:
    terms = (buy, sell, min_ratio, ask_multiplier, bid_multiplier)
    plain = arithmetic.walk(asks, bids, *terms)
    assert bits(*compiled.walk(array(asks), array(bids), *terms)) == bits(*plain)


@untimed
@given(levels=books.map(sorted), qty=st.floats(0, 1e10), multiplier=multipliers)
def test_the_compiled_price_of_a_size_gives_the_same_bits(
    levels: Book, qty: float, multiplier: float
) -> None:
    plain = arithmetic.take_price(levels, qty, multiplier)
    assert bits(*compiled.take_price(array(levels), qty, multiplier)) == bits(*plain)


@untimed
@given(mean=numbers, value=numbers, elapsed=durations, half_life=durations)
def test_the_compiled_mean_gives_the_same_bits(
    mean: float, value: float, elapsed: float, half_life: float
) -> None:
    plain = arithmetic.decayed_mean(mean, value, elapsed, half_life)
    assert bits(compiled.decayed_mean(mean, value, elapsed, half_life)) == bits(plain)


@untimed
@given(bid=st.floats(1e-6, 1e9), ask=st.floats(1e-6, 1e9))
def test_the_compiled_edge_gives_the_same_bits(bid: float, ask: float) -> None:
    assert bits(compiled.gross_edge_bps(bid, ask)) == bits(arithmetic.gross_edge_bps(bid, ask))


def test_both_speeds_refuse_to_divide_by_zero() -> None:
    for speed in (arithmetic, compiled):
        with pytest.raises(ZeroDivisionError):
            speed.gross_edge_bps(1.0, 0.0)
        with pytest.raises(ZeroDivisionError):
            speed.decayed_mean(1.0, 2.0, 3.0, 0.0)


def test_rows_out_of_a_larger_array_serve_as_a_book() -> None:
    asks = numpy.zeros((4, 4))
    asks[:, 0], asks[:, 2] = [100.0, 101.0, 102.0, 103.0], 1.0
    every_second_column = asks[:, ::2]
    plain = arithmetic.take_price([tuple(row) for row in every_second_column], 2.5, 1.0)
    assert compiled.take_price(every_second_column, 2.5, 1.0) == plain


def test_a_function_whose_source_has_no_place_on_disk_is_compiled_all_the_same() -> None:
    homeless: dict[str, object] = {}
    exec("def double(x):\n    return 2.0 * x\n", homeless)
    assert compiled._for_arrays(homeless["double"])(1.5) == 3.0  # type: ignore[arg-type]


def test_without_numba_the_error_names_the_extra_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    no_module: ModuleType | None = None
    monkeypatch.setitem(sys.modules, "numba", no_module)  # type: ignore[arg-type]
    monkeypatch.delitem(sys.modules, compiled.__name__)
    with pytest.raises(ImportError, match=r"pip install 'arbitrage\[research\]'"):
        importlib.import_module(compiled.__name__)
