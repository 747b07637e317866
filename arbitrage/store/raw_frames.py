"""What venues really sent, byte for byte, beside the events that were made of it.

    REC/frames/venue=upbit/connection=book-1/hour=2026-11-22T23/part-000.zst

A file is a row of independent blocks. Each is a skippable zstd frame that says how long the block
is and what its checksum must be, and a zstd frame of records; so `zstd -d` reads a file as it is,
and a block is there whole or not at all. A writer begins new files and never touches old ones:
what a kill tore off is the end of a file, and everything before it is read.
"""

import heapq
import logging
import os
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import IO, Final, NamedTuple
from urllib.parse import quote
from zlib import crc32

import pyarrow as pa

from arbitrage.domain.units import NS_PER_SECOND

FOLDER: Final = "frames"
NS_PER_HOUR: Final = 3_600 * NS_PER_SECOND
# A block of this size compresses about as well as a longer one.
BLOCK_BYTES: Final = 1024 * 1024

_SKIPPABLE: Final = 0x184D2A50
# Of a block: the magic number and the length of a skippable frame; then the length of the zstd
# frame that follows, the length of what is in it, and the checksum of the frame.
_BLOCK: Final = struct.Struct("<IIIII")
_BLOCK_TELLS: Final = 12
# Of a record: time, place among all records of the venue, kind, length of what follows.
_RECORD: Final = struct.Struct("<qqBI")
_ZSTD: Final = pa.Codec("zstd", compression_level=3)

_log = logging.getLogger(__name__)


class Kind(IntEnum):
    """What a record is: a message as it came, a snapshot that was asked for (symbol and HTTP
    status in lines of their own before the body), or the symbols (one a line) of dropped books."""

    FRAME = 0
    ANSWER = 1
    LOST = 2


class RawRecord(NamedTuple):
    """One record. `order` counts the records of a venue since its writer was opened."""

    ts_ns: int
    order: int
    kind: Kind
    data: bytes


class TornTail(NamedTuple):
    """The last `byte_count` bytes of a file, from `start` on, cannot be read."""

    path: Path
    start: int
    byte_count: int
    reason: str


class RawFrameWriter:
    """Adds to the raw log of `venue` in the recording at `root`.

    What is not flushed is lost with the process. `raw_bytes` counts what was given, `file_bytes`
    what it came to on disk.
    """

    def __init__(self, root: Path, venue: str) -> None:
        self.raw_bytes = self.file_bytes = 0
        self._folder = root / FOLDER / f"venue={_encoded(venue)}"
        self._order = 0
        self._files: dict[str, _File] = {}

    def write(self, connection: str, kind: Kind, data: bytes, ts_ns: int) -> None:
        """Add a record of a connection. An hour that has begun begins another file."""
        hour = ts_ns // NS_PER_HOUR
        file = self._files.get(connection)
        if file is None or file.hour != hour:
            if file is not None:
                self._end(file)
            file = self._files[connection] = _File(self._folder, connection, hour)
        file.pending += _RECORD.pack(ts_ns, self._order, kind, len(data))
        file.pending += data
        self._order += 1
        self.raw_bytes += len(data)
        if len(file.pending) >= BLOCK_BYTES:
            self.file_bytes += file.write_block()

    def flush(self) -> None:
        """Make everything written so far readable and durable."""
        for file in self._files.values():
            self.file_bytes += file.flush()

    def close(self) -> None:
        """Flush and let go of the files."""
        for file in self._files.values():
            self._end(file)
        self._files.clear()

    def _end(self, file: "_File") -> None:
        self.file_bytes += file.flush()
        file.close()


class _File:
    """One file that is being written; it is made with its first block."""

    def __init__(self, folder: Path, connection: str, hour: int) -> None:
        self.hour = hour
        self.pending = bytearray()
        begin = datetime.fromtimestamp(hour * NS_PER_HOUR // NS_PER_SECOND, UTC)
        self._folder = folder / f"connection={_encoded(connection)}" / f"hour={begin:%Y-%m-%dT%H}"
        self._out: IO[bytes] | None = None
        self._is_durable = True

    def write_block(self) -> int:
        """Write what is pending as a block; returns its length."""
        if not self.pending:
            return 0
        if self._out is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            numbers = [_part_number(path) for path in self._folder.glob("part-*.zst")]
            name = f"part-{max(numbers, default=-1) + 1:03d}.zst"
            self._out = (self._folder / name).open("xb", buffering=0)
        block = bytes(_ZSTD.compress(bytes(self.pending)))
        lengths = (len(block), len(self.pending), crc32(block))
        self.pending.clear()
        self._is_durable = False
        return self._write(_BLOCK.pack(_SKIPPABLE, _BLOCK_TELLS, *lengths) + block)

    def _write(self, block: bytes) -> int:
        assert self._out is not None
        written = 0
        while written < len(block):
            written += self._out.write(block[written:])
        return written

    def flush(self) -> int:
        written = self.write_block()
        if self._out is not None and not self._is_durable:
            os.fsync(self._out.fileno())
            self._is_durable = True
        return written

    def close(self) -> None:
        if self._out is not None:
            self._out.close()


# --- reading ------------------------------------------------------------------------------------


def _say(tail: TornTail) -> None:
    _log.warning(
        "%s: the last %d bytes are torn off (%s); what is before them is read",
        tail.path,
        tail.byte_count,
        tail.reason,
    )


def read_records(path: Path, on_torn: Callable[[TornTail], None] = _say) -> Iterator[RawRecord]:
    """The records of one file, in order. `on_torn` is told of an end that cannot be read."""
    for block in _blocks(path, on_torn):
        start = 0
        while start < len(block):
            ts_ns, order, kind, length = _RECORD.unpack_from(block, start)
            start += _RECORD.size
            yield RawRecord(ts_ns, order, Kind(kind), block[start : start + length])
            start += length


def read_frames(
    path: Path, on_torn: Callable[[TornTail], None] = _say
) -> Iterator[tuple[int, bytes]]:
    """The messages in one file, each with the time at which it was received."""
    return (
        (record.ts_ns, record.data)
        for record in read_records(path, on_torn)
        if record.kind is Kind.FRAME
    )


def venue_records(
    root: Path, venue: str, on_torn: Callable[[TornTail], None] = _say
) -> Iterator[RawRecord]:
    """Everything that was recorded of `venue`, all connections together, as it happened."""
    folder = root / FOLDER / f"venue={_encoded(venue)}"
    return heapq.merge(
        *(_connection_records(one, on_torn) for one in sorted(folder.glob("connection=*")))
    )


def raw_files(connection: Path) -> list[Path]:
    """The files in the folder of a connection, in the order in which they were written."""
    return sorted(
        connection.glob("hour=*/part-*.zst"), key=lambda path: (path.parent, _part_number(path))
    )


def _connection_records(
    connection: Path, on_torn: Callable[[TornTail], None]
) -> Iterator[RawRecord]:
    for path in raw_files(connection):
        yield from read_records(path, on_torn)


def _blocks(path: Path, on_torn: Callable[[TornTail], None]) -> Iterator[bytes]:
    size = path.stat().st_size
    with path.open("rb") as file:
        start = 0
        while start < size:
            head = file.read(_BLOCK.size)
            reason = "the head of a block is cut"
            if len(head) == _BLOCK.size:
                magic, tells, length, content, checksum = _BLOCK.unpack(head)
                reason = "no block begins here"
                if (magic, tells) == (_SKIPPABLE, _BLOCK_TELLS):
                    block = file.read(length)
                    reason = "a block is cut or its checksum is wrong"
                    if len(block) == length and crc32(block) == checksum:
                        yield bytes(_ZSTD.decompress(block, decompressed_size=content))
                        start += _BLOCK.size + length
                        continue
            on_torn(TornTail(path, start, size - start, reason))
            return


def _part_number(path: Path) -> int:
    return int(path.stem.partition("-")[2])


def _encoded(value: str) -> str:
    return quote(value.replace(" ", "-"), safe="+")
