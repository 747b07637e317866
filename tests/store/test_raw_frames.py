"""The raw log: what is written is read, and what a kill tears off costs nothing before it."""

import logging
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store.builders import T0

from arbitrage.store.raw_frames import (
    BLOCK_BYTES,
    NS_PER_HOUR,
    Kind,
    RawFrameWriter,
    RawRecord,
    TornTail,
    raw_files,
    read_frames,
    read_records,
    venue_records,
)

BOOKS = "book+trades 1"


def files(root: Path) -> list[Path]:
    return sorted(root.glob("frames/venue=*/connection=*/hour=*/part-*.zst"))


def written(root: Path, flushes: list[list[bytes]]) -> list[RawRecord]:
    """One connection's messages, flushed after each list."""
    writer, records = RawFrameWriter(root, "upbit"), []
    for messages in flushes:
        for data in messages:
            order = len(records)
            writer.write(BOOKS, Kind.FRAME, data, T0 + order)
            records.append(RawRecord(T0 + order, order, Kind.FRAME, data))
        writer.flush()
    writer.close()
    return records


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.binary(max_size=200), max_size=5), max_size=5))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, flushes: list[list[bytes]]
) -> None:
    root = tmp_path_factory.mktemp("raw")
    records = written(root, flushes)
    assert list(venue_records(root, "upbit")) == records
    for path in files(root):
        assert list(read_frames(path)) == [(each.ts_ns, each.data) for each in records]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_file_that_is_cut_anywhere_gives_every_whole_block(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("raw")
    records = written(root, [[b"one", b"two"], [b"three"], [b"four" * 100]])
    (path,) = files(root)
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:cut])
    torn: list[TornTail] = []
    read = list(read_records(path, torn.append))
    assert read == records[: len(read)]
    assert len(read) in (0, 2, 3)
    if torn:
        assert torn[0].start + torn[0].byte_count == cut
        assert torn[0].path == path


def test_what_is_flushed_is_there_without_an_end(tmp_path: Path) -> None:
    writer = RawFrameWriter(tmp_path, "upbit")
    writer.write(BOOKS, Kind.FRAME, b"seen", T0)
    writer.flush()
    writer.write(BOOKS, Kind.FRAME, b"lost with the process", T0 + 1)
    assert [record.data for record in venue_records(tmp_path, "upbit")] == [b"seen"]


def test_bytes_that_were_changed_are_not_believed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written(tmp_path, [[b"one"], [b"two"]])
    (path,) = files(tmp_path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert [data for _, data in read_frames(path)] == [b"one"]
    assert "torn off" in caplog.text
    path.write_bytes(b"no log at all, but long enough")
    assert list(read_frames(path)) == []


def test_an_hour_a_connection_and_a_run_have_files_of_their_own(tmp_path: Path) -> None:
    writer = RawFrameWriter(tmp_path, "upbit")
    hour_ns = T0 // NS_PER_HOUR * NS_PER_HOUR
    writer.write(BOOKS, Kind.FRAME, b"a", hour_ns)
    writer.write("session", Kind.LOST, b"KRW-BTC", hour_ns + 1)
    writer.write(BOOKS, Kind.FRAME, b"b", hour_ns + NS_PER_HOUR)
    writer.close()
    again = RawFrameWriter(tmp_path, "upbit")
    again.write(BOOKS, Kind.FRAME, b"c", hour_ns + NS_PER_HOUR + 1)
    again.close()
    names = [
        path.relative_to(tmp_path / "frames" / "venue=upbit").parts for path in files(tmp_path)
    ]
    assert [(name[0], name[2]) for name in names] == [
        ("connection=book+trades-1", "part-000.zst"),
        ("connection=book+trades-1", "part-000.zst"),
        ("connection=book+trades-1", "part-001.zst"),
        ("connection=session", "part-000.zst"),
    ]
    assert [record.data for record in venue_records(tmp_path, "upbit")] == [
        *(b"a", b"KRW-BTC", b"b", b"c")
    ]
    connection = files(tmp_path)[0].parent.parent
    assert raw_files(connection) == files(tmp_path)[:3]


def test_records_of_several_connections_are_read_as_they_happened(tmp_path: Path) -> None:
    writer = RawFrameWriter(tmp_path, "upbit")
    for number in range(10):
        writer.write(f"book {number % 3}", Kind.FRAME, b"%d" % number, T0)  # all at one moment
    writer.close()
    assert [int(record.data) for record in venue_records(tmp_path, "upbit")] == list(range(10))


def test_a_long_block_is_written_before_it_is_flushed(tmp_path: Path) -> None:
    writer = RawFrameWriter(tmp_path, "upbit")
    writer.write(BOOKS, Kind.FRAME, bytes(BLOCK_BYTES), T0)
    assert writer.file_bytes == files(tmp_path)[0].stat().st_size
    assert writer.raw_bytes == BLOCK_BYTES
    writer.close()
    assert writer.file_bytes < 1000


@pytest.mark.skipif(shutil.which("zstd") is None, reason="the zstd command is not installed")
def test_the_zstd_command_reads_a_file(tmp_path: Path) -> None:
    written(tmp_path, [[b"one"], [b"two"]])
    done = subprocess.run(["zstd", "-dc", str(files(tmp_path)[0])], capture_output=True, check=True)
    assert done.stdout.endswith(b"two")
    assert b"one" in done.stdout
