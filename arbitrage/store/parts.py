"""One Parquet file of a recording: written whole or not at all, read a row group at a time.

A part holds rows of one stream and one day in the order `(ts_ns, seq)`. Its key-value metadata
name the format version and what one integer of its prices and quantities stands for, so a part
can be read alone. A file that cannot be read as that is `MalformedData`, never skipped; one that
was there and is gone, `Unavailable`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from arbitrage.domain.errors import ArbitrageError, MalformedData, Unavailable
from arbitrage.domain.units import plain
from arbitrage.store.fields import LEVELS_TYPE, Units
from arbitrage.store.integer_units import IntegerUnit
from arbitrage.store.layout import FORMAT_VERSION, Stream
from arbitrage.store.tables import TABLES, Table

ROW_GROUP_ROWS = 4096


def write_part(path: Path, table: Table, batches: list[pa.RecordBatch], units: Units) -> None:
    """Write `batches` to `path`, in order of time, and make them durable."""
    metadata = {
        "format_version": str(FORMAT_VERSION),
        "price_unit": plain(units.price.step),
        "qty_unit": plain(units.qty.step),
    }
    rows = _in_order_of_time(pa.Table.from_batches(batches))
    with path.open("wb") as file:
        with pq.ParquetWriter(
            file,
            table.schema,
            compression="zstd",
            use_dictionary=False,
            column_encoding=_encodings(table.schema),
            write_statistics=["ts_ns"],
            store_schema=False,
        ) as writer:
            writer.write_table(rows, row_group_size=ROW_GROUP_ROWS)
            writer.add_key_value_metadata(metadata)
        file.flush()
        os.fsync(file.fileno())


def _in_order_of_time(rows: pa.Table) -> pa.Table:
    # Rows come in the order of `seq`, so a stable sort by time is the order (ts_ns, seq).
    ts_ns = np.asarray(rows.column("ts_ns"))
    if np.all(ts_ns[:-1] <= ts_ns[1:]):
        return rows
    return rows.take(np.argsort(ts_ns, kind="stable"))


def _encodings(schema: pa.Schema) -> dict[str, str]:
    """Deltas of neighbours, bit-packed, for every integer column."""
    encodings = {}
    for field in schema:
        if field.type == pa.int64():
            encodings[field.name] = "DELTA_BINARY_PACKED"
        elif field.type == LEVELS_TYPE:
            encodings[f"{field.name}.list.element"] = "DELTA_BINARY_PACKED"
    return encodings


class Part:
    """A part on disk. `first_ns` and `last_ns` are the times of its first and last row."""

    def __init__(self, path: Path, stream: Stream) -> None:
        self.path = path
        self.stream = stream
        self.table = TABLES[stream.table]
        with self._malformed():
            self._footer = pq.read_metadata(path)
        self.row_count: int = self._footer.num_rows
        if self.row_count == 0:
            raise MalformedData(f"{path}: holds no rows; expected at least one")
        self.units = self._units()
        self.group_ranges = [self._range(group) for group in range(self._footer.num_row_groups)]
        self.first_ns, self.last_ns = self.group_ranges[0][0], self.group_ranges[-1][1]

    def batches(self, start_ns: int, end_ns: int) -> Iterator[pa.RecordBatch]:
        """The rows with `start_ns <= ts_ns < end_ns`, a row group at a time."""
        for group, (first_ns, last_ns) in enumerate(self.group_ranges):
            if last_ns < start_ns or first_ns >= end_ns:
                continue
            rows = self._read(group)
            if first_ns < start_ns or last_ns >= end_ns:
                ts_ns = np.asarray(rows.column("ts_ns"))
                start, stop = np.searchsorted(ts_ns, (start_ns, end_ns)).tolist()
                rows = rows.slice(start, stop - start)
            yield from rows.combine_chunks().to_batches()

    def _read(self, group: int) -> pa.Table:
        # The file is opened for each row group: a wide recording has more parts under way at a
        # time than a process may have open files.
        with (
            self._malformed(),
            pq.ParquetFile(self.path, metadata=self._footer, pre_buffer=False) as file,
        ):
            return file.read_row_group(group, use_threads=False)

    def _units(self) -> Units:
        metadata = self._footer.metadata or {}
        version = metadata.get(b"format_version", b"missing").decode()
        if version != str(FORMAT_VERSION):
            raise MalformedData(
                f"{self.path}: format_version is {version}, this program reads {FORMAT_VERSION}"
            )
        try:
            price, qty = (
                IntegerUnit(Decimal(metadata[key].decode())) for key in (b"price_unit", b"qty_unit")
            )
        except (KeyError, InvalidOperation, ArbitrageError) as error:
            raise MalformedData(f"{self.path}: no valid unit in its metadata: {error!r}") from error
        return Units(price, qty)

    def _range(self, group: int) -> tuple[int, int]:
        column = self._footer.row_group(group).column(0)
        times: Any = column.statistics
        if column.path_in_schema != "ts_ns" or times is None or not times.has_min_max:
            raise MalformedData(f"{self.path}: expected ts_ns first, with its least and greatest")
        return int(times.min), int(times.max)

    @contextmanager
    def _malformed(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise Unavailable(
                f"{self.path} is no longer there: its writer has merged it into another part since "
                "the recording was opened; open it again"
            ) from error
        except (pa.ArrowException, OSError) as error:
            raise MalformedData(
                f"{self.path} cannot be read ({error}); the file is torn or no Parquet file, "
                "the recording is not read past it"
            ) from error
