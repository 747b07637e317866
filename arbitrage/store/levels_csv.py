"""Import of `levels-csv`: one text line per level, one snapshot per timestamp.

    price|quantity|type|timestamp
    4612000|5.89731405|1|2024-04-27 17:39:35

Type 0 is a bid, 1 an ask; the timestamp is local time of a given zone. The rows of one timestamp
are one snapshot, in whatever order they stand. Either the whole file is imported or nothing of it,
and whatever is wrong with a row or a snapshot is reported with its line:

    malformed         the row is left out: its fields, number, type or time cannot be read
    too_large         the level is left out: 64 bits do not hold it in the recording's unit
    no_such_time      the row is left out: the clock was put forward over this local time
    too_late          the row is left out: its snapshot lies too far back and is written already
    torn              the file ends in the middle; its last snapshot may lack rows and is left out
    time_back         the row is earlier than the one before; it joins its snapshot all the same
    ambiguous_time    the clock was put back: the first passing of this local time is taken, or the
                      second where time would go back otherwise
    duplicate_price   the side has the price twice; the last row holds
    zero_quantity     the level is kept as it was published
    rounded           the number has more digits than the recording's unit and is rounded to it
    one_sided         the snapshot has no bids or no asks; it is kept
    crossed           the best bid is not below the best ask; the snapshot is kept
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from heapq import heappop, heappush
from pathlib import Path

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import BookSnapshot, Levels
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_SECOND, plain
from arbitrage.store.import_report import ImportReport
from arbitrage.store.integer_units import LARGEST_COUNT
from arbitrage.store.layout import Stream
from arbitrage.store.levels_rows import LevelRows, Row
from arbitrage.store.local_time import LocalClock
from arbitrage.store.recording import Recording
from arbitrage.store.recording_writer import RecordingWriter

# A row may come this many snapshots after its own and still join it.
SNAPSHOTS_HELD = 1024

_SPARE_DIGITS = 2
_MOST_DIGITS = 18
_HEADROOM = 10
_EXACT_IN_DOUBLE = 2**53


def import_levels_csv(
    source: str | Path,
    dest: str | Path,
    *,
    venue: str,
    symbol: str,
    timezone: str,
    instrument: Instrument | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> ImportReport:
    """Add the books in the file at `source` to the recording at `dest`.

    `instrument` gives the market's rules; without it they stay as recorded, or are read from the
    symbol alone. `on_progress` is called now and then with the share of the file read. Raises
    `ConfigError` for a wrong argument and where the recording already holds the market's books of
    the same time, `MalformedData` for a file of another format, `Unavailable` while another
    process writes to the recording; nothing is imported then.
    """
    report = ImportReport(source=str(source), venue=venue, symbol=symbol)
    rows = LevelRows(Path(source), LocalClock(timezone), report, on_progress)
    with rows, RecordingWriter(dest, publishes_at_end=True) as writer:
        known = writer.recorded(venue, symbol)
        if instrument is None:
            instrument = known.instrument if known else Instrument.from_symbol(venue, symbol)
        snapshots = _Snapshots(writer, instrument, report)
        for row in rows:
            snapshots.add(row)
        snapshots.finish(rows.tear)
    return report


class _Draft:
    """The rows of one timestamp so far; a side is `{price: quantity}`."""

    __slots__ = ("asks", "bids", "line", "row_count", "ts_ns")

    def __init__(self, ts_ns: int, line: int) -> None:
        self.ts_ns = ts_ns
        self.line = line
        self.row_count = 0
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}


class _Snapshots:
    """Gathers rows into snapshots and writes these in order of time."""

    def __init__(
        self, writer: RecordingWriter, instrument: Instrument, report: ImportReport
    ) -> None:
        self._writer = writer
        self._instrument = instrument
        self._report = report
        self._stored = Recording(writer.path).parts(
            Stream("books", instrument.venue, instrument.symbol)
        )
        self._units: tuple[Decimal, Decimal] | None = None
        self._drafts: dict[int, _Draft] = {}
        self._times: list[int] = []  # a heap of the drafts' times
        self._latest_ns: int | None = None  # of the row before

    def add(self, row: Row) -> None:
        if self._latest_ns is not None and row.ts_ns < self._latest_ns:
            self._report.add(row.line, "time_back", f"{_utc(row.ts_ns)} is before the last row")
        self._latest_ns = row.ts_ns
        draft = self._drafts.get(row.ts_ns)
        if draft is None:
            written_ns = self._report.last_ns
            if written_ns is not None and row.ts_ns <= written_ns:
                reason = f"{_utc(row.ts_ns)} is too far before the last row"
                self._report.add(row.line, "too_late", reason, rows_skipped=1)
                return
            draft = self._drafts[row.ts_ns] = _Draft(row.ts_ns, row.line)
            heappush(self._times, row.ts_ns)
            if len(self._times) > SNAPSHOTS_HELD:
                self._write_first()
        self._add_level(draft, row)

    def finish(self, tear: tuple[int, str] | None) -> None:
        """Write what is held; the snapshot in which the file was torn is left out."""
        if tear is not None:
            line, reason = tear
            lost = self._drafts.pop(self._latest_ns, None) if self._latest_ns is not None else None
            row_count = lost.row_count if lost is not None else 0
            if lost is not None:
                reason += f"; the {row_count} rows of its last snapshot are left out"
            self._report.add(line, "torn", reason, rows_skipped=row_count)
        while self._times:
            self._write_first()

    def _add_level(self, draft: _Draft, row: Row) -> None:
        draft.row_count += 1
        side = draft.asks if row.is_ask else draft.bids
        if row.price in side:
            self._report.add(
                row.line,
                "duplicate_price",
                f"price {row.price} again, with {row.qty} after {side[row.price]}",
                rows_skipped=1,
            )
        if row.qty == 0:
            self._report.add(row.line, "zero_quantity", f"price {row.price} has quantity 0")
        side[row.price] = row.qty

    def _write_first(self) -> None:
        draft = self._drafts.get(heappop(self._times))
        if draft is None:
            return  # it was torn
        units = self._units or self._declare()
        del self._drafts[draft.ts_ns]
        self._refuse_overlap(draft.ts_ns)
        bids = self._levels(draft, draft.bids, units, is_best_highest=True)
        asks = self._levels(draft, draft.asks, units, is_best_highest=False)
        report = self._report
        if not bids or not asks:
            report.add(draft.line, "one_sided", f"no {'asks' if bids else 'bids'}")
        elif bids[0][0] >= asks[0][0]:
            reason = f"best bid {bids[0][0]} is not below best ask {asks[0][0]}"
            report.add(draft.line, "crossed", reason)
        instrument = self._instrument
        self._writer.write(
            BookSnapshot(draft.ts_ns, instrument.venue, instrument.symbol, bids, asks)
        )
        report.snapshots += 1
        report.first_ns = draft.ts_ns if report.first_ns is None else report.first_ns
        report.last_ns = draft.ts_ns

    def _declare(self) -> tuple[Decimal, Decimal]:
        """Choose units from what is held, unless the market is recorded already."""
        instrument = self._instrument
        known = self._writer.recorded(instrument.venue, instrument.symbol)
        if known is not None:
            self._units = known.price_unit, known.qty_unit
        else:
            sides = [side for draft in self._drafts.values() for side in (draft.bids, draft.asks)]
            self._units = (
                _unit_of([price for side in sides for price in side]),
                _unit_of([qty for side in sides for qty in side.values()]),
            )
        self._writer.instrument(instrument, *self._units)
        return self._units

    def _levels(
        self,
        draft: _Draft,
        side: dict[Decimal, Decimal],
        units: tuple[Decimal, Decimal],
        *,
        is_best_highest: bool,
    ) -> Levels:
        levels: Levels = []
        for level in sorted(side.items(), reverse=is_best_highest):
            price, qty = map(self._on_grid, (draft, draft), level, units)
            if price is None or qty is None:
                self._report.rows_skipped += 1
            else:
                levels.append((float(price), float(qty)))
        return levels

    def _on_grid(self, draft: _Draft, value: Decimal, unit: Decimal) -> Decimal | None:
        count = (value / unit).to_integral_value()
        if count > LARGEST_COUNT:
            reason = f"{value} is more than 64 bits hold in units of {plain(unit)}"
            self._report.add(draft.line, "too_large", reason)
            return None
        if count * unit != value:
            self._report.add(draft.line, "rounded", f"{value} to a multiple of {plain(unit)}")
        return count * unit

    def _refuse_overlap(self, ts_ns: int) -> None:
        for part in self._stored:
            if part.first_ns <= ts_ns <= part.last_ns:
                instrument = self._instrument
                raise ConfigError(
                    f"{self._report.source} has a book at {_utc(ts_ns)}, but books of "
                    f"{instrument.venue} {instrument.symbol} from {_utc(part.first_ns)} to "
                    f"{_utc(part.last_ns)} are recorded in {part.path}; nothing is imported. "
                    "Delete that file to import this one in its place"
                )


def _unit_of(values: list[Decimal]) -> Decimal:
    """A power of ten that divides all `values`, with digits to spare while doubles hold the
    counts; coarser only where 64 bits would not hold them. A few wild values have no say."""
    finest = min(0, *(int(value.normalize().as_tuple().exponent) for value in values))
    large = sorted(values)[len(values) * 99 // 100] * _HEADROOM
    exponents = range(max(finest - _SPARE_DIGITS, -_MOST_DIGITS), 1)
    return next(
        unit
        for exponent, unit in ((n, Decimal(1).scaleb(n)) for n in exponents)
        if large <= unit * (LARGEST_COUNT if exponent >= finest else _EXACT_IN_DOUBLE)
    )


def _utc(ts_ns: int) -> str:
    seconds, rest = divmod(ts_ns, NS_PER_SECOND)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}{fraction} UTC"
