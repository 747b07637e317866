"""A recording on disk, read: its instruments, its events in recorded order, its columns.

Days follow each other and never overlap, since a row's day is that of its `ts_ns`; within a day
the parts of all tables, venues and symbols are merged. Memory is bounded by the row groups under
way, not by the length of the recording.
"""

import gc
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import MarketEvent
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.store.fields import Column
from arbitrage.store.layout import Stream, day_of, part_files, partitions, read_manifest
from arbitrage.store.merge import Chunk, Run, merged
from arbitrage.store.parts import Part
from arbitrage.store.tables import TABLES

EARLIEST_NS, LATEST_NS = -(2**63), 2**63 - 1

# A step of about a thousand rows keeps its events in the processor's cache and the cost of a numpy
# call small; many streams share a bound on the events in memory.
_MAX_STEP_ROWS = 1024
_MIN_STEP_ROWS = 128
_MAX_EVENTS = 32_768

Columns = dict[str, npt.NDArray[np.generic]]


class Recording:
    """The recording at `path`.

    Raises `ConfigError` if there is none, `MalformedData` if its rules or, once read, its parts
    cannot be understood.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._manifest = read_manifest(self.path)
        self.instruments: dict[tuple[str, str], Instrument] = {
            (recorded.instrument.venue, recorded.instrument.symbol): recorded.instrument
            for recorded in self._manifest.instruments
        }

    @property
    def fees(self) -> dict[tuple[str, str], FeeSchedule]:
        """What trading each market cost, where that was recorded."""
        return {
            (recorded.instrument.venue, recorded.instrument.symbol): recorded.fees
            for recorded in self._manifest.instruments
            if recorded.fees is not None
        }

    @property
    def venues(self) -> tuple[str, ...]:
        """The venues that have instruments here."""
        return tuple(sorted({venue for venue, _ in self.instruments}))

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        """The symbols of each venue."""
        return {
            venue: tuple(sorted(symbol for of, symbol in self.instruments if of == venue))
            for venue in self.venues
        }

    @cached_property
    def streams(self) -> tuple[Stream, ...]:
        """Every table of every market that holds events."""
        return tuple(sorted({stream for stream, _, _ in self._folders()}))

    def count(self, streams: Collection[Stream] | None = None) -> int:
        """How many events are recorded, in all or in `streams`; reads the footers of all parts."""
        return sum(part.row_count for parts in self._days(streams) for part in parts)

    def time_range(self, streams: Collection[Stream] | None = None) -> tuple[int, int] | None:
        """`ts_ns` of the first and of the last event, in all or in `streams`; None if there is
        no event."""
        parts = [part for parts in self._days(streams) for part in parts]
        if not parts:
            return None
        return min(part.first_ns for part in parts), max(part.last_ns for part in parts)

    def events(
        self,
        start_ns: int | None = None,
        end_ns: int | None = None,
        *,
        streams: Collection[Stream] | None = None,
    ) -> Iterator[MarketEvent]:
        """Every event with `start_ns <= ts_ns < end_ns`, of all or of the given `streams`, in the
        order of time and, where times are equal, of recording."""
        start_ns = EARLIEST_NS if start_ns is None else start_ns
        end_ns = LATEST_NS if end_ns is None else end_ns
        return chain.from_iterable(
            chain.from_iterable(
                _merged(parts, start_ns, end_ns) for parts in self._days(streams, start_ns, end_ns)
            )
        )

    def columns(self, table: str, venue: str, symbol: str) -> Iterator[Columns]:
        """The stored integers of one stream, a row group at a time and in order within each part.

        A list column `x` comes as `x` (all its elements) and `x_offsets` (where each row starts,
        and the end). Raises `ConfigError` for a stream that is not recorded.
        """
        stream = Stream(table, venue, symbol)
        if stream not in self.streams:
            raise ConfigError(
                f"{self.path}: no {table} of {venue} {symbol}; recorded are "
                f"{', '.join(' '.join(known) for known in self.streams) or 'no events'}"
            )
        for part in self.parts(stream):
            for batch in part.batches(EARLIEST_NS, LATEST_NS):
                yield _columns(batch)

    def parts(self, stream: Stream) -> list[Part]:
        """The files of one stream, in order of their first events."""
        return [part for parts in self._days([stream]) for part in parts]

    def _folders(self) -> Iterator[tuple[Stream, date, Path]]:
        for stream, day, folder in partitions(self.path):
            if stream.table not in TABLES:
                raise MalformedData(
                    f"{folder}: no table {stream.table!r}; expected {', '.join(TABLES)}"
                )
            if part_files(folder):
                yield stream, day, folder

    def _days(
        self,
        streams: Collection[Stream] | None = None,
        start_ns: int = EARLIEST_NS,
        end_ns: int = LATEST_NS,
    ) -> Iterator[list[Part]]:
        """The parts that reach into the range, day by day, in order of their first events."""
        first_day = date.min if start_ns == EARLIEST_NS else day_of(start_ns)
        last_day = date.max if end_ns == LATEST_NS else day_of(end_ns)
        folders = sorted(
            (day, stream, folder)
            for stream, day, folder in self._folders()
            if first_day <= day <= last_day and (streams is None or stream in streams)
        )
        for _, of_day in groupby(folders, key=itemgetter(0)):
            parts = [Part(path, stream) for _, stream, at in of_day for path in part_files(at)]
            wanted = [part for part in parts if part.last_ns >= start_ns and part.first_ns < end_ns]
            yield sorted(wanted, key=lambda part: part.first_ns)


def _merged(parts: list[Part], start_ns: int, end_ns: int) -> Iterator[list[MarketEvent]]:
    streams = len({part.stream for part in parts})
    step_rows = max(_MIN_STEP_ROWS, min(_MAX_STEP_ROWS, _MAX_EVENTS // max(1, streams)))
    runs = [Run(part.first_ns, _chunks(part, start_ns, end_ns)) for part in parts]
    steps = merged(runs, step_rows=step_rows, max_rows=2 * step_rows * streams)
    while True:
        with _collector_paused():
            events = next(steps, None)
        if events is None:
            return
        yield events


def _chunks(part: Part, start_ns: int, end_ns: int) -> Iterator[Chunk]:
    for rows in part.batches(start_ns, end_ns):
        ts_ns, seq = (np.asarray(rows.column(name)) for name in ("ts_ns", "seq"))
        yield Chunk(ts_ns, seq, part.table.reader(rows, part.stream, part.units))


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Events are many small objects at once and no cycles. Left on, the collector runs dozens of
    times while a step's events are built, and costs twice the building."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _columns(batch: pa.RecordBatch) -> Columns:
    columns: Columns = {}
    for name in batch.schema.names:
        column: Column = batch.column(name)
        if pa.types.is_list(column.type):
            offsets = np.asarray(column.offsets)
            columns[name] = np.asarray(column.flatten())
            columns[f"{name}_offsets"] = offsets - offsets[0]
        else:
            columns[name] = column.to_numpy(zero_copy_only=False)
    return columns
