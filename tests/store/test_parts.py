"""One file of a recording: durable, self-describing, in order, and refused when torn."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from store.builders import CENT, SATOSHI, T0, book

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import BookQuote
from arbitrage.store.fields import Units
from arbitrage.store.integer_units import IntegerUnit
from arbitrage.store.layout import Stream
from arbitrage.store.parts import ROW_GROUP_ROWS, Part, write_part
from arbitrage.store.tables import TABLES

BOOKS = TABLES["books"]
UNITS = Units(IntegerUnit(CENT), IntegerUnit(SATOSHI))
STREAM = Stream("books", "upbit", "KRW-ETH")
EVER = (-(2**63), 2**63 - 1)


def write(path: Path, times: list[int]) -> Part:
    books = [book(ts_ns) for ts_ns in times]
    write_part(path, BOOKS, [BOOKS.batch(books, range(len(books)), UNITS)], UNITS)
    return Part(path, STREAM)


def times(part: Part, start_ns: int = EVER[0], end_ns: int = EVER[1]) -> list[list[int]]:
    return [batch.column("ts_ns").to_pylist() for batch in part.batches(start_ns, end_ns)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "part-000.parquet"


def test_a_part_says_what_its_integers_stand_for(path: Path) -> None:
    part = write(path, [T0, T0 + 5])
    metadata = pq.read_metadata(path).metadata
    assert metadata[b"format_version"] == b"1"
    assert metadata[b"price_unit"] == b"0.01"
    assert metadata[b"qty_unit"] == b"0.00000001"
    assert part.units.price.step == CENT
    assert (part.row_count, part.first_ns, part.last_ns) == (2, T0, T0 + 5)


def test_integers_are_delta_packed_and_compressed(path: Path) -> None:
    write(path, [T0])
    row_group = pq.read_metadata(path).row_group(0)
    columns = [row_group.column(index) for index in range(row_group.num_columns)]
    assert all("DELTA_BINARY_PACKED" in column.encodings for column in columns)
    assert {column.compression for column in columns} == {"ZSTD"}


def test_rows_that_came_late_are_put_in_order(path: Path) -> None:
    part = write(path, [T0 + 2, T0, T0 + 2, T0 + 1])
    (batch,) = part.batches(*EVER)
    assert batch.column("ts_ns").to_pylist() == [T0, T0 + 1, T0 + 2, T0 + 2]
    assert batch.column("seq").to_pylist() == [1, 3, 0, 2]


def test_only_row_groups_and_rows_in_the_range_are_read(path: Path) -> None:
    part = write(path, [T0 + number for number in range(2 * ROW_GROUP_ROWS)])
    assert [len(group) for group in times(part)] == [ROW_GROUP_ROWS] * 2
    second = T0 + ROW_GROUP_ROWS
    assert times(part, second, second + 2) == [[second, second + 1]]
    assert times(part, second - 1, second + 1) == [[second - 1], [second]]
    assert times(part, T0 - 9, T0) == []


def test_a_quote_takes_at_most_twelve_bytes(path: Path) -> None:
    random = np.random.default_rng(1)
    count = 20_000
    ts_ns = T0 + np.cumsum(random.exponential(20e6, count)).astype(int)
    ticks = 650_000 + np.cumsum(random.integers(-3, 4, count))
    lots = random.lognormal(6, 1.5, (2, count)).astype(int)
    quotes = [
        BookQuote(
            int(t), "binance", "BTCUSDT", int(p) / 10, int(b) / 1000, int(p + 1) / 10, a / 1e3
        )
        for t, p, b, a in zip(ts_ns, ticks, lots[0], lots[1].tolist(), strict=True)
    ]
    units = Units(IntegerUnit(Decimal("0.1")), IntegerUnit(Decimal("0.001")))
    write_part(path, TABLES["quotes"], [TABLES["quotes"].batch(quotes, range(count), units)], units)
    assert path.stat().st_size / count <= 12


@pytest.mark.parametrize("keeps", [0, 4, 0.5, -1])
def test_a_torn_file_is_refused_by_name(path: Path, keeps: float) -> None:
    write(path, [T0, T0 + 1])
    content = path.read_bytes()
    path.write_bytes(content[: int(keeps * len(content)) if keeps == 0.5 else int(keeps)])
    with pytest.raises(MalformedData, match=r"part-000\.parquet cannot be read .* torn"):
        Part(path, STREAM)


def test_a_file_damaged_inside_is_refused_when_it_is_read(path: Path) -> None:
    part = write(path, [T0 + number for number in range(1000)])
    content = bytearray(path.read_bytes())
    content[4:400] = bytes(396)
    path.write_bytes(bytes(content))
    with pytest.raises(MalformedData, match="torn"):
        list(part.batches(*EVER))


def rewrite(path: Path, metadata: dict[str, str] | None, rows: int = 1, **options: object) -> None:
    books = [book(T0 + number) for number in range(rows)]
    table = pa.Table.from_batches([BOOKS.batch(books, range(rows), UNITS)])
    pq.write_table(table.replace_schema_metadata(metadata), path, **options)


UNIT_METADATA = {"price_unit": "0.01", "qty_unit": "1"}


@pytest.mark.parametrize(
    ("metadata", "complaint"),
    [
        (None, "format_version is missing"),
        ({"format_version": "2", **UNIT_METADATA}, "format_version is 2, this program reads 1"),
        ({"format_version": "1"}, "no valid unit"),
        ({"format_version": "1", "price_unit": "much", "qty_unit": "1"}, "no valid unit"),
        ({"format_version": "1", "price_unit": "0", "qty_unit": "1"}, "no valid unit"),
    ],
)
def test_a_part_of_another_format_is_refused(
    path: Path, metadata: dict[str, str] | None, complaint: str
) -> None:
    rewrite(path, metadata)
    with pytest.raises(MalformedData, match=complaint):
        Part(path, STREAM)


def test_a_part_without_rows_or_times_is_refused(path: Path) -> None:
    good = {"format_version": "1", **UNIT_METADATA}
    rewrite(path, good, rows=0)
    with pytest.raises(MalformedData, match="holds no rows"):
        Part(path, STREAM)
    rewrite(path, good, write_statistics=False)
    with pytest.raises(MalformedData, match="expected ts_ns first"):
        Part(path, STREAM)
