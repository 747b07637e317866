"""What a person sees while venues are recorded: a line for each, and what waits for the disk.

Reads plain data; whoever records fills it.
"""

from collections.abc import Sequence

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from arbitrage.monitoring.columns import ALWAYS, Column, fitted_table
from arbitrage.monitoring.figures import clock

_KIB = 1024
_TROUBLE_WIDTH = 20


class VenueProgress(msgspec.Struct, kw_only=True):
    """What was received of a venue so far. `trouble` says why nothing comes now; empty if it
    does."""

    name: str
    symbols: int = 0
    channels: str = ""
    events: int = 0
    frames: int = 0
    bytes: int = 0
    gaps: int = 0
    reconnects: int = 0
    malformed: int = 0
    has_opened: bool = False
    trouble: str = ""


class RecordProgress(msgspec.Struct, kw_only=True):
    """A recording at one moment. `waiting_bytes` were received and are not yet written,
    `raw_file_bytes` is what the messages came to on disk, `refused` counts events that could not
    be stored exactly."""

    out: str
    seconds: float
    venues: list[VenueProgress] = []
    waiting_bytes: int = 0
    raw_file_bytes: int = 0
    refused: int = 0
    first_refusal: str = ""


def record_status(progress: RecordProgress, width: int) -> RenderableType:
    """The recording in a few lines of `width` cells."""
    return Group(_head(progress), _venues(progress, width), *_refusal(progress))


def record_line(progress: RecordProgress) -> str:
    """The same in one line without colour, for logs and pipes."""
    venues = ", ".join(
        f"{each.name} {each.trouble or f'{each.events:,} events, {each.gaps:,} gaps'}"
        for each in progress.venues
    )
    return f"record {clock(progress.seconds)} | {venues}"


def record_summary(progress: RecordProgress, width: int) -> RenderableType:
    """What came of a recording."""
    return Group(
        Text(f"{progress.out}: {clock(progress.seconds)} recorded", "bold"),
        _venues(progress, width),
        *_refusal(progress),
        Text(f"raw messages: {size(progress.raw_file_bytes)} on disk"),
    )


def size(count: int) -> str:
    """Bytes as a person reads them."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < _KIB:
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= _KIB
    return f"{value:.1f} TiB"


def _head(progress: RecordProgress) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append("recording ", "bold").append(progress.out)
    line.append(f"  {clock(progress.seconds)}")
    return line.append(
        f"   {size(progress.raw_file_bytes)} on disk, {size(progress.waiting_bytes)} waiting", "dim"
    )


def _refusal(progress: RecordProgress) -> Sequence[Text]:
    if not progress.refused:
        return ()
    text = f"{progress.refused:,} events left out: {progress.first_refusal}"
    return (Text(text, "yellow", no_wrap=True, overflow="ellipsis"),)


def _venues(progress: RecordProgress, width: int) -> RenderableType:
    venues = progress.venues
    return fitted_table(
        [
            _text("Venue", [Text(each.name) for each in venues], 12),
            _numbers("Markets", [each.symbols for each in venues], 4),
            _numbers("Events", [each.events for each in venues], ALWAYS),
            _numbers("Messages", [each.frames for each in venues], 5),
            Column(heading="Received", cells=[Text(size(each.bytes)) for each in venues], weight=6),
            _numbers("Gaps", [each.gaps for each in venues], 9),
            _numbers("Reconnects", [each.reconnects for each in venues], 8),
            _numbers("Unread", [each.malformed for each in venues], 3),
            _text("State", [_state(each) for each in venues], _TROUBLE_WIDTH),
        ],
        width,
    )


def _text(heading: str, cells: Sequence[Text], width: int) -> Column:
    return Column(heading=heading, cells=cells, text_width=width)


def _numbers(heading: str, values: Sequence[int], weight: int) -> Column:
    return Column(heading=heading, cells=[Text(f"{value:,}") for value in values], weight=weight)


def _state(venue: VenueProgress) -> Text:
    return Text(venue.trouble, "bold red") if venue.trouble else Text("up", "bold green")
