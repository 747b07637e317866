"""The lines of a `levels-csv` file as rows, and what is wrong with those that are none.

Reading ends at the end of the file or where it is torn. Plain text and gzip are told apart by
their first bytes.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple, Self

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.store.import_report import ImportReport
from arbitrage.store.local_time import LocalClock, Moment, NoSuchTime

COLUMNS = ("price", "quantity", "type", "timestamp")

_SIDES = {"0": False, "1": True}
_LARGEST = Decimal(10) ** 15
_ROWS_PER_PROGRESS = 10_000
_TEARS = (EOFError, zlib.error, gzip.BadGzipFile)


class Row(NamedTuple):
    """One level of one snapshot, exactly as written. `line` is its number in the file."""

    line: int
    ts_ns: int
    is_ask: bool
    price: Decimal
    qty: Decimal


class LevelRows:
    """The rows of the file at `source`, open within a `with` block and read once.

    What cannot be read goes to `report`. `tear` then says where and how the file was torn, if it
    was. `on_progress` is called now and then with the share of the file read so far. Raises
    `ConfigError` if there is no such file, `MalformedData` if it is no `levels-csv`.
    """

    def __init__(
        self,
        source: Path,
        clock: LocalClock,
        report: ImportReport,
        on_progress: Callable[[float], None] | None = None,
    ) -> None:
        self.tear: tuple[int, str] | None = None
        self._source = source
        self._clock = clock
        self._report = report
        self._on_progress = on_progress
        self._time_text = ""
        self._moment = Moment(0, False)
        self._latest_ns = -(2**63)

    def __enter__(self) -> Self:
        try:
            self._file = self._source.open("rb")
        except OSError as error:
            raise ConfigError(f"{self._source} cannot be opened: {error.strerror}") from error
        try:
            self._size = max(1, self._source.stat().st_size)
            is_gzip = self._file.read(2) == b"\x1f\x8b"
            self._file.seek(0)
            content = gzip.GzipFile(fileobj=self._file) if is_gzip else self._file
            self._text = TextIOWrapper(content, encoding="utf-8-sig", errors="replace")
            self._order = self._read_header()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Row]:
        line = 1
        try:
            for content in self._text:
                line += 1
                self._report.rows += 1
                row = self._row(line, content)
                if row is not None:
                    yield row
                if self._on_progress is not None and line % _ROWS_PER_PROGRESS == 0:
                    self._on_progress(self._file.tell() / self._size)
        except _TEARS as error:
            self.tear = (line + 1, f"the file ends in the middle of its compressed data ({error})")

    def _read_header(self) -> tuple[int, ...]:
        """Where in a line each of `COLUMNS` stands."""
        try:
            header = self._text.readline()
        except _TEARS as error:
            raise MalformedData(f"{self._source} is torn before its first row") from error
        names = [name.strip().lower() for name in header.split("|")]
        if sorted(names) != sorted(COLUMNS):
            raise MalformedData(
                f"{self._source}: the first line is {header.strip()[:80]!r}, expected "
                f"{'|'.join(COLUMNS)!r}; nothing is imported"
            )
        return tuple(names.index(name) for name in COLUMNS)

    def _row(self, line: int, content: str) -> Row | None:
        """The row on a line, or None once its problem is reported."""
        is_whole = content.endswith("\n")
        try:
            price, qty, kind, time = self._fields(content)
            if not is_whole and time != self._time_text and self._time_text.startswith(time):
                raise ValueError(f"timestamp {time!r} is cut short")
            is_ask = _side(kind)
            row = Row(line, self._ts_ns(line, time), is_ask, _price(price), _number(qty))
        except NoSuchTime as error:
            self._report.add(line, "no_such_time", str(error), rows_skipped=1)
            return None
        except ValueError as error:
            if is_whole:
                self._report.add(line, "malformed", str(error), rows_skipped=1)
            else:
                self._report.rows_skipped += 1
                self.tear = (line, f"the file ends in the middle of a line: {error}")
            return None
        self._latest_ns = row.ts_ns
        return row

    def _fields(self, content: str) -> list[str]:
        fields = content.rstrip("\r\n").split("|")
        if len(fields) != len(COLUMNS):
            raise ValueError(f"{len(fields)} fields, expected {len(COLUMNS)}")
        return [fields[position].strip() for position in self._order]

    def _ts_ns(self, line: int, time: str) -> int:
        if time != self._time_text:
            self._moment = self._clock.moment(time, self._latest_ns)
            self._time_text = time
            if self._moment.is_ambiguous:
                self._report.add(line, "ambiguous_time", f"{time!r} passed twice")
        return self._moment.ts_ns


def _side(kind: str) -> bool:
    if kind not in _SIDES:
        raise ValueError(f"type {kind!r}, expected 0 (bid) or 1 (ask)")
    return _SIDES[kind]


def _price(text: str) -> Decimal:
    price = _number(text)
    if price == 0:
        raise ValueError("price is zero, expected a positive number")
    return price


def _number(text: str) -> Decimal:
    """A finite number of at least zero that a unit of the recording can hold."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number") from None
    if not number.is_finite() or number < 0 or number > _LARGEST:
        raise ValueError(f"{text} is out of range, expected 0 to {_LARGEST:.0e}")
    return number
