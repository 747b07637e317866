"""A recording on disk, written: events are buffered, encoded in blocks and published in parts.

A part is staged under a hidden folder and renamed into its partition when it is whole and durable,
so whoever reads, and whatever kills the writer, sees whole parts only. What is buffered at that
moment is lost; `flush` bounds it. One writer at a time may have a recording open.
"""

import fcntl
import shutil
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import pyarrow as pa

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.events import MarketEvent
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_DAY
from arbitrage.store.fields import RefusedRow, Units
from arbitrage.store.integer_units import IntegerUnit
from arbitrage.store.layout import (
    INSTRUMENTS_FILE,
    Manifest,
    RecordedInstrument,
    Stream,
    day_of,
    next_part,
    partition,
    read_manifest,
    write_manifest,
)
from arbitrage.store.part_merging import merge_parts
from arbitrage.store.parts import ROW_GROUP_ROWS, write_part
from arbitrage.store.tables import Table, table_of

PART_ROWS = 16 * ROW_GROUP_ROWS
MAX_PENDING_EVENTS = 4 * ROW_GROUP_ROWS
PART_BYTES = 64 * 1024 * 1024
MAX_ENCODED_BYTES = 256 * 1024 * 1024

# A writer takes this many sequence numbers when it opens the recording, so that none is used
# twice, whenever it dies.
_SEQS_PER_WRITER = 2**40
_STAGING = ".staging"
_LOCK = ".lock"
_Key = tuple[Stream, int]  # one day of a stream; days are counted from the epoch
_NO_UNITS = Units(IntegerUnit(Decimal(1)), IntegerUnit(Decimal(1)))


class RecordingWriter:
    """Adds events to the recording at `path`, which is created if there is none.

    `refused_count` counts the rows that were left out because they could not be stored exactly.
    Events are encoded `block_rows` at a time: many cost less, few keep other threads waiting for
    less. As a context manager it closes at the end of the block. With `publishes_at_end` nothing
    can be read before that, and nothing ever if the block raises. Raises `ConfigError` for a
    folder that holds something else, `Unavailable` while another writer has it open.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        publishes_at_end: bool = False,
        block_rows: int | None = None,
    ) -> None:
        self.path = Path(path)
        self._block_rows = ROW_GROUP_ROWS if block_rows is None else block_rows
        self._publishes_at_end = publishes_at_end
        self._lock = _locked(self.path)
        try:
            self._manifest = _opened_manifest(self.path)
        except BaseException:
            self._lock.close()
            raise
        self._next_seq = self._manifest.next_seq - _SEQS_PER_WRITER
        self._recorded = {
            (recorded.instrument.venue, recorded.instrument.symbol): recorded
            for recorded in self._manifest.instruments
        }
        self._is_manifest_stale = False
        self._buffers: dict[_Key, _Buffer] = {}
        self._pending = 0
        self.refused_count = 0
        self._staging = self.path / _STAGING
        self._staged: list[tuple[Path, _Buffer]] = []
        self._staged_count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self._finish(is_kept=not self._publishes_at_end)

    def instrument(
        self,
        instrument: Instrument,
        price_unit: Decimal | None = None,
        qty_unit: Decimal | None = None,
        fees: FeeSchedule | None = None,
    ) -> None:
        """Declare a market before its first event, or its new rules later.

        The units are the finest decimal steps of its prices and quantities; by default those of
        its ticks and its lot. `fees` are what trading it costs, where that is known. Raises
        `ConfigError` for units other than it is recorded in.
        """
        key = (instrument.venue, instrument.symbol)
        known = self._recorded.get(key)
        if known is not None:
            price_unit = known.price_unit if price_unit is None else price_unit
            qty_unit = known.qty_unit if qty_unit is None else qty_unit
            fees = known.fees if fees is None else fees
            if (price_unit, qty_unit) != (known.price_unit, known.qty_unit):
                raise ConfigError(
                    f"{self.path}: {' '.join(key)} is recorded in units of {known.price_unit} and "
                    f"{known.qty_unit}, not {price_unit} and {qty_unit}; use another recording"
                )
        if price_unit is None:
            ticks = [instrument.tick_size, *(band.tick_size for band in instrument.tick_bands)]
            price_unit = min(map(decimal_step, ticks))
        if qty_unit is None:
            qty_unit = decimal_step(instrument.lot_size)
        recorded = RecordedInstrument(instrument, price_unit, qty_unit, fees)
        if recorded != known:
            _units_of(recorded)
            self._recorded[key] = recorded
            self._is_manifest_stale = True

    def recorded(self, venue: str, symbol: str) -> RecordedInstrument | None:
        """A market's rules and units, if it was ever declared."""
        return self._recorded.get((venue, symbol))

    def write(self, event: MarketEvent) -> None:
        """Add an event, which must not be changed afterwards.

        Raises `ConfigError` for a market that was not declared. Blocks are encoded now and then;
        `MalformedData` then names the first row of a block that is off its market's grid. Such
        rows are left out, all others are kept.
        """
        table = table_of(event)
        stream = table.stream(event)
        key = (stream, event.ts_ns // NS_PER_DAY)
        refused: list[RefusedRow] = []
        buffer = self._buffers.get(key)
        if buffer is None:
            units = self._units(stream)
            refused += self._end_days(stream)
            folder = partition(self.path, stream, day_of(event.ts_ns))
            buffer = self._buffers[key] = _Buffer(table, stream, folder, units)
        buffer.pending.append(event)
        buffer.seqs.append(self._next_seq)
        self._next_seq += 1
        self._pending += 1
        if len(buffer.pending) >= self._block_rows:
            refused += self._encode([key])
        elif self._pending >= MAX_PENDING_EVENTS:
            refused += self._encode(list(self._buffers))
        self._raise_first(refused)

    def flush(self) -> None:
        """Make parts of everything written so far. Raises as `write` does."""
        self._raise_first(self._stage(list(self._buffers)))

    def close(self) -> None:
        """Publish what is left and let go of the recording. Raises as `write` does."""
        self._raise_first(self._finish(is_kept=True))

    def _finish(self, *, is_kept: bool) -> list[RefusedRow]:
        try:
            if not is_kept:
                return []
            refused = self._stage(list(self._buffers))
            self._publish()
            return refused
        finally:
            self._buffers.clear()
            shutil.rmtree(self._staging, ignore_errors=True)
            self._lock.close()

    def _units(self, stream: Stream) -> Units:
        if self._lock.closed:
            raise ConfigError(f"{self.path}: this writer is closed; nothing more is recorded")
        if stream.table == "fx":
            return _NO_UNITS
        recorded = self._recorded.get((stream.venue, stream.symbol))
        if recorded is None:
            raise ConfigError(
                f"{stream.venue} {stream.symbol}: declare its instrument before its events"
            )
        return _units_of(recorded)

    def _end_days(self, stream: Stream) -> list[RefusedRow]:
        """Another day of a stream begins: what is buffered of it is a part."""
        return self._stage([key for key in self._buffers if key[0] == stream])

    def _encode(self, keys: list[_Key]) -> list[RefusedRow]:
        """Turn pending events into columns, and these into parts where there are enough."""
        refused = []
        for key in keys:
            buffer = self._buffers[key]
            self._pending -= len(buffer.pending)
            refused += buffer.encode()
            if buffer.row_count >= PART_ROWS or buffer.byte_count >= PART_BYTES:
                refused += self._stage([key])
        while sum(buffer.byte_count for buffer in self._buffers.values()) > MAX_ENCODED_BYTES:
            largest = max(self._buffers, key=lambda key: self._buffers[key].byte_count)
            refused += self._stage([largest])
        return refused

    def _stage(self, keys: list[_Key]) -> list[RefusedRow]:
        """Write buffers to files of their own, and make these parts unless that is for the end."""
        refused = []
        for key in keys:
            buffer = self._buffers.pop(key)
            self._pending -= len(buffer.pending)
            refused += buffer.encode()
            if buffer.batches:
                self._staging.mkdir(exist_ok=True)
                path = self._staging / f"{self._staged_count}.part"
                self._staged_count += 1
                write_part(path, buffer.table, buffer.batches, buffer.units)
                self._staged.append((path, buffer))
        if not self._publishes_at_end:
            self._publish()
        return refused

    def _raise_first(self, refused: list[RefusedRow]) -> None:
        self.refused_count += len(refused)
        if refused:
            more = f" ({len(refused) - 1} more rows likewise)" if len(refused) > 1 else ""
            raise MalformedData(f"{refused[0]}{more}") from refused[0]

    def _publish(self) -> None:
        # Rules first: a part is never there without them.
        if self._is_manifest_stale:
            self._manifest.instruments = list(self._recorded.values())
            write_manifest(self.path, self._manifest)
            self._is_manifest_stale = False
        while self._staged:
            staged, buffer = self._staged[0]
            folder = buffer.folder
            folder.mkdir(parents=True, exist_ok=True)
            staged.rename(next_part(folder))
            del self._staged[0]
            merge_parts(folder, buffer.stream, buffer.units, staged)


class _Buffer:
    """What was written to one day of a stream and is in no part yet."""

    def __init__(self, table: Table, stream: Stream, folder: Path, units: Units) -> None:
        self.table = table
        self.stream = stream
        self.folder = folder
        self.units = units
        self.pending: list[MarketEvent] = []
        self.seqs: list[int] = []
        self.batches: list[pa.RecordBatch] = []
        self.row_count = 0
        self.byte_count = 0

    def encode(self) -> list[RefusedRow]:
        """Turn pending events into columns; returns the refusals of those that do not fit."""
        events, seqs = self.pending, self.seqs
        self.pending, self.seqs = [], []
        if not events:
            return []
        try:
            self._add(self.table.batch(events, seqs, self.units))
        except RefusedRow:
            return self._encode_what_fits(events, seqs)
        return []

    def _encode_what_fits(self, events: list[MarketEvent], seqs: list[int]) -> list[RefusedRow]:
        refused, fits = [], []
        for row, event in enumerate(events):
            try:
                self.table.batch([event], [seqs[row]], self.units)
                fits.append(row)
            except RefusedRow as error:
                refused.append(error)
        if fits:
            kept, kept_seqs = [events[row] for row in fits], [seqs[row] for row in fits]
            self._add(self.table.batch(kept, kept_seqs, self.units))
        return refused

    def _add(self, batch: pa.RecordBatch) -> None:
        self.batches.append(batch)
        self.row_count += batch.num_rows
        self.byte_count += batch.nbytes


def decimal_step(value: Decimal) -> Decimal:
    """The largest power of ten of which `value` is a multiple: 0.05 gives 0.01."""
    return Decimal(1).scaleb(int(value.normalize().as_tuple().exponent))


def _units_of(recorded: RecordedInstrument) -> Units:
    return Units(IntegerUnit(recorded.price_unit), IntegerUnit(recorded.qty_unit))


def _locked(root: Path) -> IO[bytes]:
    """Make sure that `root` is or may become a recording, and take it for this process."""
    ours = (INSTRUMENTS_FILE, f".{INSTRUMENTS_FILE}.tmp", _STAGING, _LOCK)
    if root.exists() and not root.is_dir():
        raise ConfigError(f"{root} is a file; expected a recording or a new folder")
    if (
        root.is_dir()
        and not (root / INSTRUMENTS_FILE).exists()
        and any(entry.name not in ours for entry in root.iterdir())
    ):
        raise ConfigError(f"{root} holds something else; expected a recording or a new folder")
    root.mkdir(parents=True, exist_ok=True)
    lock = (root / _LOCK).open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise Unavailable(
            f"{root} is being written by another process; try again when it has ended"
        ) from error
    return lock


def _opened_manifest(root: Path) -> Manifest:
    """The manifest, with sequence numbers taken; what a killed writer left is cleared away."""
    shutil.rmtree(root / _STAGING, ignore_errors=True)
    manifest = read_manifest(root) if (root / INSTRUMENTS_FILE).exists() else Manifest()
    manifest.next_seq += _SEQS_PER_WRITER
    write_manifest(root, manifest)
    return manifest
