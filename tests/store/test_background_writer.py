"""The thread that writes: what is handed over is on disk, in order, or the reason is told."""

import threading
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from store.builders import T0, book

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.store.background_writer import BackgroundWriter
from arbitrage.store.raw_frames import Kind, venue_records
from arbitrage.store.recording import Recording

MARKET = Instrument.from_symbol("upbit", "KRW-ETH")


class Failures:
    """Counts, and can be waited for."""

    def __init__(self) -> None:
        self.count = 0
        self.came = threading.Event()

    def __call__(self) -> None:
        self.count += 1
        self.came.set()


def opened(path: Path, failures: Failures | None = None, **settings: object) -> BackgroundWriter:
    return BackgroundWriter(path, on_failure=failures or Failures(), **settings)  # type: ignore[arg-type]


def test_events_and_messages_are_on_disk_in_order_when_it_is_closed(tmp_path: Path) -> None:
    writer = opened(tmp_path / "rec")
    writer.market(MARKET, FeeSchedule(taker_bps=5.0))
    books = [book(T0 + number) for number in range(50)]
    for number, each in enumerate(books):
        writer.raw("upbit", "book 1", Kind.FRAME, b"%d" % number, each.ts_ns)
        writer.event(each)
    writer.close()
    recording = Recording(tmp_path / "rec")
    assert list(recording.events()) == books
    assert recording.fees == {("upbit", "KRW-ETH"): FeeSchedule(taker_bps=5.0)}
    records = list(venue_records(tmp_path / "rec", "upbit"))
    assert [record.data for record in records] == [b"%d" % number for number in range(50)]
    assert writer.waiting_bytes == 0
    assert writer.raw_bytes == sum(len(record.data) for record in records)
    assert writer.raw_file_bytes > 0


def test_it_flushes_by_itself(tmp_path: Path) -> None:
    writer = opened(tmp_path / "rec", flush_seconds=0.01)
    writer.market(MARKET, FeeSchedule())
    writer.event(book())
    parts = tmp_path / "rec" / "books" / "venue=upbit"
    for _ in range(500):
        if list(parts.glob("symbol=*/day=*/part-*.parquet")):
            break
        threading.Event().wait(0.01)
    assert list(Recording(tmp_path / "rec").events()) == [book()]
    writer.close()


def test_what_does_not_fit_the_grid_is_left_out_and_counted(tmp_path: Path) -> None:
    rules = msgspec.structs.replace(MARKET, tick_size=Decimal(1))
    writer = opened(tmp_path / "rec")
    writer.market(rules, FeeSchedule())
    off_grid = BookSnapshot(T0, "upbit", "KRW-ETH", [(100.5, 1.0)], [(101.0, 1.0)])
    for event in (off_grid, book(T0 + 1), off_grid):
        writer.event(event)
    writer.close()
    assert list(Recording(tmp_path / "rec").events()) == [book(T0 + 1)]
    assert writer.refused_count == 2
    assert "100.5" in writer.first_refusal


def test_a_disk_that_cannot_keep_up_ends_it_once_and_says_so(tmp_path: Path) -> None:
    failures = Failures()
    writer = opened(tmp_path / "rec", failures, max_waiting_bytes=1_000)
    writer.market(MARKET, FeeSchedule())
    for number in range(40):  # in one go: the thread looks more rarely
        writer.raw("upbit", "book 1", Kind.FRAME, bytes(100), T0 + number)
        writer.event(book(T0 + number))
    assert failures.count == 1
    with pytest.raises(Unavailable, match=r"cannot keep up.*limit 1,000"):
        writer.close()
    kept = [event.ts_ns - T0 for event in Recording(tmp_path / "rec").events()]
    assert kept == list(range(len(kept)))
    assert 0 < len(kept) < 40


def test_an_event_of_no_declared_market_ends_it(tmp_path: Path) -> None:
    failures = Failures()
    writer = opened(tmp_path / "rec", failures)
    writer.event(book())
    assert failures.came.wait(5.0)
    writer.event(book(T0 + 1))  # too late, and ignored
    with pytest.raises(ConfigError, match="declare"):
        writer.close()


def test_a_disk_that_is_full_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("arbitrage.store.recording_writer.write_part", full)
    failures = Failures()
    writer = opened(tmp_path / "rec", failures, flush_seconds=0.0)
    writer.market(MARKET, FeeSchedule())
    writer.event(book())
    assert failures.came.wait(5.0)
    with pytest.raises(OSError, match="No space left"):
        writer.close()
