"""What a person reads of a recording while it goes on, and at its end."""

import io

from rich.console import Console, RenderableType

from arbitrage.monitoring.record_status import (
    RecordProgress,
    VenueProgress,
    record_line,
    record_status,
    record_summary,
    size,
)

PROGRESS = RecordProgress(
    out="rec",
    seconds=75.0,
    venues=[
        VenueProgress(name="upbit", symbols=21, events=12_345, frames=11, bytes=2_048, gaps=3),
        VenueProgress(name="okx", trouble="okx: not there; trying again in 3 s"),
    ],
    waiting_bytes=10,
    raw_file_bytes=3 * 1024 * 1024,
)


def shown(what: RenderableType, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_status_has_a_line_for_each_venue_and_what_waits_for_the_disk() -> None:
    text = shown(record_status(PROGRESS, 120))
    assert "recording rec  00:01:15   3.0 MiB on disk, 10 B waiting" in text
    assert "12,345" in text
    assert "2.0 KiB" in text
    assert "okx: not there; trying again in 3 s" in text
    assert "left out" not in text


def test_a_narrow_terminal_keeps_events_gaps_and_the_state() -> None:
    text = shown(record_status(PROGRESS, 60), 60)
    assert max(map(len, text.splitlines())) <= 60
    assert "12,345" in text
    assert "Gaps" in text
    assert "up" in text


def test_the_summary_tells_what_was_left_out() -> None:
    refused = RecordProgress(out="rec", seconds=1.0, refused=2, first_refusal="off the grid")
    text = shown(record_summary(refused, 120))
    assert "rec: 00:00:01 recorded" in text
    assert "2 events left out: off the grid" in text
    assert "raw messages: 0 B on disk" in text


def test_a_log_gets_one_line() -> None:
    assert record_line(PROGRESS) == (
        "record 00:01:15 | upbit 12,345 events, 3 gaps, okx okx: not there; trying again in 3 s"
    )


def test_sizes_are_told_in_units_of_1024() -> None:
    assert [size(1024**power) for power in range(5)] == [
        *("1 B", "1.0 KiB", "1.0 MiB", "1.0 GiB", "1.0 TiB")
    ]
