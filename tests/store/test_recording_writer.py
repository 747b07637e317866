"""Writing: nothing torn is ever readable, nothing is lost that was flushed, nothing is inexact."""

import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from store.builders import CENT, SATOSHI, T0, book, record

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.fx import FxQuote
from arbitrage.domain.instrument import Instrument, TickBand
from arbitrage.domain.units import NS_PER_DAY
from arbitrage.store import recording_writer
from arbitrage.store.layout import INSTRUMENTS_FILE, read_manifest
from arbitrage.store.recording import Recording
from arbitrage.store.recording_writer import RecordingWriter, decimal_step

ETH = Instrument.from_symbol("upbit", "KRW-ETH")


def parts(path: Path) -> list[str]:
    return sorted(str(part.relative_to(path)) for part in path.rglob("*.parquet"))


def events(path: Path) -> list[object]:
    return list(Recording(path).events())


def off_grid(ts_ns: int) -> BookSnapshot:
    return book(ts_ns, bid=100.001)


def test_a_day_of_a_market_is_a_partition(tmp_path: Path) -> None:
    record(tmp_path / "rec", [book(T0), book(T0 + NS_PER_DAY)])
    assert parts(tmp_path / "rec") == [
        f"books/venue=upbit/symbol=KRW-ETH/day=2024-04-{day}/part-000.parquet" for day in (27, 28)
    ]


def test_units_are_recorded_beside_the_rules(tmp_path: Path) -> None:
    path = record(tmp_path / "rec", [])
    (recorded, *_) = read_manifest(path).instruments
    assert (recorded.price_unit, recorded.qty_unit) == (CENT, SATOSHI)


def test_units_default_to_the_finest_decimal_of_ticks_and_lot(tmp_path: Path) -> None:
    bands = (TickBand(Decimal(1000), Decimal("0.5")), TickBand(Decimal(10), Decimal("0.05")))
    instrument = Instrument(
        venue="upbit",
        symbol="KRW-ETH",
        base="ETH",
        quote="KRW",
        tick_size=Decimal(1),
        tick_bands=bands,
        lot_size=Decimal("0.025"),
    )
    with RecordingWriter(tmp_path / "rec") as writer:
        writer.instrument(instrument)
    (recorded,) = read_manifest(tmp_path / "rec").instruments
    assert (recorded.price_unit, recorded.qty_unit) == (CENT, Decimal("0.001"))


@pytest.mark.parametrize(
    ("value", "step"), [("0.05", "0.01"), ("1", "1"), ("30", "1E+1"), ("2.50", "0.1")]
)
def test_a_decimal_step_divides_the_value(value: str, step: str) -> None:
    assert str(decimal_step(Decimal(value))) == step


def test_a_market_keeps_its_units_and_takes_new_rules(tmp_path: Path) -> None:
    path = record(tmp_path / "rec", [book()])
    stricter = Instrument(
        venue="upbit", symbol="KRW-ETH", base="ETH", quote="KRW", min_notional=Decimal(5000)
    )
    with RecordingWriter(path) as writer:
        with pytest.raises(ConfigError, match=r"recorded in units of 0\.01"):
            writer.instrument(stricter, Decimal("0.001"))
        writer.instrument(stricter)
    assert Recording(path).instruments["upbit", "KRW-ETH"] == stricter
    assert events(path) == [book()]


def test_fees_are_recorded_where_they_are_known(tmp_path: Path) -> None:
    path = record(tmp_path / "rec", [])
    assert Recording(path).fees == {}
    with RecordingWriter(path) as writer:
        writer.instrument(ETH, fees=FeeSchedule(taker_bps=5.0))
    with RecordingWriter(path) as writer:
        writer.instrument(ETH)
    assert Recording(path).fees == {("upbit", "KRW-ETH"): FeeSchedule(taker_bps=5.0)}


def test_an_undeclared_market_is_refused(tmp_path: Path) -> None:
    with (
        RecordingWriter(tmp_path / "rec") as writer,
        pytest.raises(ConfigError, match="upbit KRW-ETH: declare its instrument"),
    ):
        writer.write(book())


def test_fx_rates_need_no_instrument(tmp_path: Path) -> None:
    rate = FxQuote(T0, "USDT", "KRW", 1380.1, 1380.9)
    assert events(record(tmp_path / "rec", [rate], markets=())) == [rate]


def test_a_row_off_the_grid_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "rec"
    with pytest.raises(MalformedData, match=rf"ts_ns {T0 + 1}.*100\.001.*\(1 more rows likewise\)"):
        record(path, [book(T0), off_grid(T0 + 1), book(T0 + 2), off_grid(T0 + 3)])
    assert events(path) == [book(T0), book(T0 + 2)]


def test_a_market_of_which_no_row_fits_leaves_no_part(tmp_path: Path) -> None:
    with pytest.raises(MalformedData, match=r"100\.001"):
        record(tmp_path / "rec", [off_grid(T0)])
    assert parts(tmp_path / "rec") == []


def test_a_refusal_while_writing_leaves_the_writer_fit_for_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_writer, "ROW_GROUP_ROWS", 2)
    with RecordingWriter(tmp_path / "rec") as writer:
        writer.instrument(ETH, CENT, SATOSHI)
        writer.write(off_grid(T0))
        with pytest.raises(MalformedData, match=r"100\.001"):
            writer.write(book(T0 + 1))
        writer.write(book(T0 + 2))
    assert events(tmp_path / "rec") == [book(T0 + 1), book(T0 + 2)]


def test_a_refusal_of_yesterday_does_not_cost_todays_first_row(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "rec") as writer:
        writer.instrument(ETH, CENT, SATOSHI)
        writer.write(off_grid(T0))
        with pytest.raises(MalformedData, match=r"100\.001"):
            writer.write(book(T0 + NS_PER_DAY))
    assert events(tmp_path / "rec") == [book(T0 + NS_PER_DAY)]


def test_parts_are_published_as_they_fill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_writer, "ROW_GROUP_ROWS", 2)
    monkeypatch.setattr(recording_writer, "PART_ROWS", 4)
    with RecordingWriter(tmp_path / "rec") as writer:
        writer.instrument(ETH, CENT, SATOSHI)
        for number in range(7):
            writer.write(book(T0 + number))
        assert events(tmp_path / "rec") == [book(T0 + number) for number in range(4)]
    assert events(tmp_path / "rec") == [book(T0 + number) for number in range(7)]


def test_buffers_of_many_markets_are_bounded_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_writer, "MAX_PENDING_EVENTS", 6)
    monkeypatch.setattr(recording_writer, "MAX_ENCODED_BYTES", 800)
    written = [book(T0 + n, venue="upbit" if n % 3 else "bithumb") for n in range(20)]
    with RecordingWriter(tmp_path / "rec") as writer:
        for venue in ("upbit", "bithumb"):
            writer.instrument(Instrument.from_symbol(venue, "KRW-ETH"), CENT, SATOSHI)
        for event in written:
            writer.write(event)
        assert len(parts(tmp_path / "rec")) >= 2
    assert events(tmp_path / "rec") == written


def test_flushed_rows_can_be_read_while_writing_goes_on(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "rec") as writer:
        writer.instrument(ETH, CENT, SATOSHI)
        writer.write(book(T0))
        writer.flush()
        assert events(tmp_path / "rec") == [book(T0)]
        writer.write(book(T0 + 1))
    assert events(tmp_path / "rec") == [book(T0), book(T0 + 1)]


def test_what_was_written_before_an_error_is_kept(tmp_path: Path) -> None:
    path = record(tmp_path / "rec", [])
    with pytest.raises(ZeroDivisionError):
        _fail_after(RecordingWriter(path), book())
    assert events(path) == [book()]


def _fail_after(writer: RecordingWriter, event: BookSnapshot) -> None:
    with writer:
        writer.write(event)
        raise ZeroDivisionError


def test_all_or_nothing_shows_nothing_before_its_end(tmp_path: Path) -> None:
    path = record(tmp_path / "rec", [book(T0)])
    with RecordingWriter(path, publishes_at_end=True) as writer:
        writer.write(book(T0 + 1))
        writer.flush()
        assert events(path) == [book(T0)]
    assert events(path) == [book(T0), book(T0 + 1)]


def test_all_or_nothing_leaves_nothing_after_an_error(tmp_path: Path) -> None:
    path = record(tmp_path / "rec", [book(T0)])
    before = sorted(path.rglob("*"))
    with pytest.raises(ZeroDivisionError):
        _fail_after(RecordingWriter(path, publishes_at_end=True), book(T0 + 1))
    assert sorted(path.rglob("*")) == before


def test_a_second_writer_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    with (
        RecordingWriter(tmp_path / "rec"),
        pytest.raises(Unavailable, match="is being written by another process"),
    ):
        RecordingWriter(tmp_path / "rec")
    RecordingWriter(tmp_path / "rec").close()


def test_sequence_numbers_of_a_later_writer_come_after(tmp_path: Path) -> None:
    path = record(tmp_path / "rec", [book(T0), book(T0)])
    record(path, [book(T0, venue="bithumb")])
    columns = Recording(path).columns
    (first,) = columns("books", "upbit", "KRW-ETH")
    (second,) = columns("books", "bithumb", "KRW-ETH")
    assert first["seq"].tolist() == [0, 1]
    assert second["seq"].tolist() == [2**40]


def test_a_closed_writer_takes_nothing_more(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "rec")
    writer.instrument(ETH)
    writer.close()
    writer.close()
    with pytest.raises(ConfigError, match="writer is closed"):
        writer.write(book())


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(ConfigError, match="holds something else"):
        RecordingWriter(tmp_path)
    with pytest.raises(ConfigError, match="is a file"):
        RecordingWriter(tmp_path / "thesis.txt")
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_rules_that_cannot_be_read_do_not_lock_the_recording(tmp_path: Path) -> None:
    path = record(tmp_path / "rec", [])
    good = (path / INSTRUMENTS_FILE).read_bytes()
    (path / INSTRUMENTS_FILE).write_bytes(b"?")
    with pytest.raises(MalformedData):
        RecordingWriter(path)
    (path / INSTRUMENTS_FILE).write_bytes(good)
    RecordingWriter(path).close()


KILLED = """
import os, signal, sys
from decimal import Decimal
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from store.builders import CENT, SATOSHI, T0, book
from arbitrage.domain.instrument import Instrument
from arbitrage.store import recording_writer
from arbitrage.store.recording_writer import RecordingWriter

real = recording_writer.write_part
def killed_inside(path, *args):
    real(path, *args)
    path.write_bytes(path.read_bytes()[:-20])
    os.kill(os.getpid(), signal.SIGKILL)

writer = RecordingWriter(sys.argv[1])
writer.instrument(Instrument.from_symbol("upbit", "KRW-ETH"), CENT, SATOSHI)
writer.write(book(T0))
writer.flush()
recording_writer.write_part = killed_inside
writer.write(book(T0 + 1))
writer.flush()
"""


def test_a_kill_in_the_middle_of_a_part_leaves_only_whole_parts(tmp_path: Path) -> None:
    path = tmp_path / "rec"
    tests = str(Path(__file__).parent.parent)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path), tests], env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    assert events(path) == [book(T0)]
    assert any((path / ".staging").iterdir())
    record(path, [book(T0 + 2)])
    assert events(path) == [book(T0), book(T0 + 2)]
    assert not (path / ".staging").exists()
