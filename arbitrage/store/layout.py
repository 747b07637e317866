"""Where a recording keeps what: the folders of its parts and the rules of its instruments.

    REC/instruments.json
    REC/books/venue=upbit/symbol=KRW-ETH/day=2024-04-27/part-000.parquet

Tables are `books`, `deltas`, `quotes`, `trades`, `funding` and `fx`. A folder `key=value` is a
hive partition, which DuckDB and polars turn into a column; values are percent-encoded, and the day
is the UTC day of `ts_ns`. Small parts are merged: `part-000-011` takes the place of the parts 0 to
11. Nothing here reads or writes Parquet.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

import msgspec

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_DAY, NS_PER_SECOND

FORMAT_VERSION = 1
INSTRUMENTS_FILE = "instruments.json"
_EMPTY_VALUE = "__HIVE_DEFAULT_PARTITION__"


class Stream(NamedTuple):
    """The events of one kind of one market. For `fx`, the venue is the rate's source and the
    symbol `BASE/QUOTE`."""

    table: str
    venue: str
    symbol: str


class RecordedInstrument(msgspec.Struct, frozen=True):
    """An instrument's rules, what one integer of its prices and quantities stands for, and, where
    it was known, what trading it cost."""

    instrument: Instrument
    price_unit: Decimal
    qty_unit: Decimal
    fees: FeeSchedule | None = None


class Manifest(msgspec.Struct):
    """The content of `instruments.json`. `next_seq` is the first `seq` that no writer has used."""

    format_version: int = FORMAT_VERSION
    next_seq: int = 0
    instruments: list[RecordedInstrument] = []


class _Header(msgspec.Struct):
    format_version: int


def read_manifest(root: Path) -> Manifest:
    """The manifest of the recording at `root`.

    Raises `ConfigError` if `root` is no recording, `MalformedData` if its manifest cannot be read
    or is of another format version.
    """
    path = root / INSTRUMENTS_FILE
    if not root.is_dir():
        raise ConfigError(f"{root}: no such folder; expected a recording")
    if not path.is_file():
        raise ConfigError(f"{root} is not a recording: it has no {INSTRUMENTS_FILE}")
    content = path.read_bytes()
    try:
        version = msgspec.json.decode(content, type=_Header).format_version
        if version == FORMAT_VERSION:
            return msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError as error:
        raise MalformedData(
            f"{path} cannot be read: {error}; the recording is not opened"
        ) from error
    raise MalformedData(
        f"{path}: format_version is {version}, this program reads {FORMAT_VERSION}; "
        "the recording is not opened"
    )


def write_manifest(root: Path, manifest: Manifest) -> None:
    """Put the manifest in place whole: a reader sees the old one or the new one."""
    staged = root / f".{INSTRUMENTS_FILE}.tmp"
    with staged.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    staged.replace(root / INSTRUMENTS_FILE)


def day_of(ts_ns: int) -> date:
    """The UTC day of `ts_ns`."""
    return datetime.fromtimestamp(ts_ns // NS_PER_DAY * NS_PER_DAY // NS_PER_SECOND, UTC).date()


def partition(root: Path, stream: Stream, day: date) -> Path:
    """The folder of one day of a stream."""
    venue, symbol = _encoded(stream.venue), _encoded(stream.symbol)
    return root / stream.table / f"venue={venue}" / f"symbol={symbol}" / f"day={day.isoformat()}"


def partitions(root: Path) -> Iterator[tuple[Stream, date, Path]]:
    """Every day of every stream in the recording, in the order of the folders' names."""
    for path in sorted(root.glob("*/venue=*/symbol=*/day=*")):
        table, venue, symbol, day = path.relative_to(root).parts
        stream = Stream(table, _decoded(venue), _decoded(symbol))
        try:
            yield stream, date.fromisoformat(day.partition("=")[2]), path
        except ValueError:
            raise MalformedData(
                f"{path}: expected a folder such as day=2024-04-27; the recording is not read"
            ) from None


def part_files(folder: Path) -> list[Path]:
    """The parts in a partition, in the order in which they were written. One that was merged into
    another, and is still there, is left out."""
    parts, covered = [], -1
    for path in sorted(folder.glob("part-*.parquet"), key=_reach):
        _, last = part_numbers(path)
        if last > covered:
            parts.append(path)
            covered = last
    return parts


def next_part(folder: Path) -> Path:
    """The path of the part to be written after those that are there."""
    numbers = [part_numbers(path)[1] for path in part_files(folder)]
    return folder / f"part-{max(numbers, default=-1) + 1:03d}.parquet"


def merged_part(parts: Sequence[Path]) -> Path:
    """The path of the part that takes the place of `parts`, which follow each other."""
    first, last = part_numbers(parts[0])[0], part_numbers(parts[-1])[1]
    return parts[0].with_name(f"part-{first:03d}-{last:03d}.parquet")


def superseded_parts(folder: Path) -> list[Path]:
    """Parts that were merged into another one and are still there."""
    current = set(part_files(folder))
    return [path for path in folder.glob("part-*.parquet") if path not in current]


def part_numbers(path: Path) -> tuple[int, int]:
    """The first and the last number of what is in a part: `part-004`, or `part-000-011` if it was
    merged of twelve. Raises `MalformedData` for another name."""
    first, _, last = path.stem.removeprefix("part-").partition("-")
    if not first.isdecimal() or not (last or first).isdecimal():
        raise MalformedData(f"{path}: expected a name such as part-000.parquet")
    return int(first), int(last or first)


def _reach(path: Path) -> tuple[int, int]:
    """Parts by their first number; of two with the same, the one that reaches further first."""
    first, last = part_numbers(path)
    return first, -last


def _encoded(value: str) -> str:
    return quote(value, safe="") or _EMPTY_VALUE


def _decoded(folder: str) -> str:
    value = folder.partition("=")[2]
    return "" if value == _EMPTY_VALUE else unquote(value)
