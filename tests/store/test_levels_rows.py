"""Lines become rows, or problems with their number."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.store import levels_rows
from arbitrage.store.import_report import ImportReport
from arbitrage.store.levels_rows import LevelRows, Row
from arbitrage.store.local_time import LocalClock

HEADER = "price|quantity|type|timestamp\n"
TIME = "2024-04-27 08:39:35"
TIME_NS = 1714207175 * 10**9


class Read:
    """A file read to its end."""

    def __init__(self, path: Path, content: bytes | str, zone: str = "UTC") -> None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.report = ImportReport(source=str(path), venue="upbit", symbol="KRW-ETH")
        self.progress: list[float] = []
        rows = LevelRows(path, LocalClock(zone), self.report, self.progress.append)
        with rows:
            self.rows = list(rows)
        self.tear = rows.tear


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books.csv"


def test_a_line_is_a_level_of_a_snapshot(path: Path) -> None:
    read = Read(path, HEADER + f"4612000|5.8973|1|{TIME}\n4610000|7e-05|0|{TIME}\n")
    assert read.rows == [
        Row(2, TIME_NS, True, Decimal(4612000), Decimal("5.8973")),
        Row(3, TIME_NS, False, Decimal(4610000), Decimal("0.00007")),
    ]
    assert read.report.rows == 2
    assert read.report.problem_count == 0


def test_gzip_is_told_by_its_content(path: Path) -> None:
    read = Read(path, gzip.compress(f"{HEADER}1|1|0|{TIME}\n".encode()))
    assert len(read.rows) == 1


def test_columns_may_stand_in_another_order_and_lines_end_as_on_windows(path: Path) -> None:
    content = f"\ufeffTimestamp|type|price|quantity\r\n{TIME}|0|5|7\r\n"
    assert Read(path, content).rows == [Row(2, TIME_NS, False, Decimal(5), Decimal(7))]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "1 fields, expected 4"),
        (f"1|1|{TIME}", "3 fields"),
        (f"1|1|0|{TIME}|x", "5 fields"),
        (f"one|1|0|{TIME}", "'one' is no number"),
        (f"1||0|{TIME}", "'' is no number"),
        (f"1|NaN|0|{TIME}", "NaN is out of range"),
        (f"1|-1|0|{TIME}", "-1 is out of range"),
        (f"1e40|1|0|{TIME}", "out of range"),
        (f"0|1|0|{TIME}", "price is zero"),
        (f"1|1|2|{TIME}", "type '2', expected 0"),
        (f"1|1|bid|{TIME}", "type 'bid'"),
        ("1|1|0|27.04.2024 08:39", "expected YYYY-MM-DD"),
    ],
)
def test_a_line_that_is_no_row_is_reported_and_left_out(path: Path, line: str, reason: str) -> None:
    read = Read(path, f"{HEADER}1|1|0|{TIME}\n{line}\n2|1|1|{TIME}\n")
    assert [row.line for row in read.rows] == [2, 4]
    (problem,) = read.report.problems
    assert (problem.line, problem.kind) == (3, "malformed")
    assert reason in problem.reason
    assert (read.report.rows, read.report.rows_skipped) == (3, 1)


def test_a_time_that_never_was_is_reported(path: Path) -> None:
    read = Read(path, f"{HEADER}1|1|0|2024-03-31 02:30:00\n", "Europe/Berlin")
    assert read.rows == []
    assert read.report.counts == {"no_such_time": 1}
    assert read.report.rows_skipped == 1


def test_a_time_that_passed_twice_is_reported_once_per_timestamp(path: Path) -> None:
    times = ["02:59:59", "02:59:59", "02:00:00", "02:00:01"]
    lines = "".join(f"1|1|0|2024-10-27 {time}\n" for time in times)
    read = Read(path, HEADER + lines, "Europe/Berlin")
    assert [row.ts_ns - read.rows[0].ts_ns for row in read.rows] == [0, 0, 10**9, 2 * 10**9]
    assert read.report.counts == {"ambiguous_time": 3}


def test_a_last_line_without_its_end_may_be_whole(path: Path) -> None:
    read = Read(path, f"{HEADER}1|1|0|{TIME}\n2|1|1|{TIME}")
    assert len(read.rows) == 2
    assert read.tear is None


@pytest.mark.parametrize("last", ["2", "2|1|1|2024-04", "2|1|1|2024-04-27 08:39:35.88"])
def test_a_last_line_that_is_cut_short_is_a_tear(path: Path, last: str) -> None:
    read = Read(path, f"{HEADER}1|1|0|{TIME}.889\n{last}")
    assert len(read.rows) == 1
    assert read.tear is not None
    assert read.tear[0] == 3
    assert "middle of a line" in read.tear[1]
    assert (read.report.rows, read.report.rows_skipped) == (2, 1)


def compressed(rows: int) -> bytes:
    lines = "".join(f"{number + 1}|0.{number * 7919}|0|{TIME}\n" for number in range(rows))
    return gzip.compress((HEADER + lines).encode())


def test_of_a_torn_gzip_everything_whole_is_read(path: Path) -> None:
    content = compressed(20_000)
    read = Read(path, content[: len(content) // 2])
    assert 2_000 < len(read.rows) < 18_000
    assert read.tear is not None
    assert read.tear[0] == len(read.rows) + 2
    assert "compressed data" in read.tear[1]


def test_a_damaged_gzip_is_torn_where_the_damage_is(path: Path) -> None:
    content = bytearray(compressed(20_000))
    content[-8:-4] = b"\0\0\0\0"
    read = Read(path, bytes(content))
    assert read.tear is not None
    assert "CRC" in read.tear[1]


def test_a_file_torn_before_its_first_line_is_refused(path: Path) -> None:
    with pytest.raises(MalformedData, match="torn before its first row"):
        Read(path, compressed(100)[:12])


@pytest.mark.parametrize("content", ["", "a,b,c\n1,2,3\n", f"1|1|0|{TIME}\n", "\x00\xff"])
def test_a_file_of_another_format_is_refused(path: Path, content: str) -> None:
    with pytest.raises(MalformedData, match=r"expected 'price\|quantity\|type\|timestamp'"):
        Read(path, content)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    report = ImportReport(source="", venue="", symbol="")
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(ConfigError, match="cannot be opened"):
            LevelRows(path, LocalClock("UTC"), report).__enter__()


def test_progress_is_told_as_a_share(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels_rows, "_ROWS_PER_PROGRESS", 1000)
    read = Read(path, HEADER + f"1|1|0|{TIME}\n" * 3000)
    assert len(read.progress) == 3
    assert read.progress == sorted(read.progress)
    assert all(0 < share <= 1 for share in read.progress)
