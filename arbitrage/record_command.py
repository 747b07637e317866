"""Records what venues publish, from arguments to summary: the body of `arb record`.

Each venue is opened as soon as it can be reached and kept open; what it says is written by a
thread. A recording that was ended in any way is continued by the next run.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.live import Live

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.instrument import Instrument
from arbitrage.exchanges.order_gateway import Channel
from arbitrage.monitoring.record_status import (
    RecordProgress,
    VenueProgress,
    record_line,
    record_status,
    record_summary,
)
from arbitrage.net.background import Background
from arbitrage.public_feed import PublicFeed, until_stopped
from arbitrage.running_session import calm_collector, loop_factory, stopped_by_signals
from arbitrage.simulators import Addresses, simulators
from arbitrage.store.background_writer import FLUSH_SECONDS, BackgroundWriter
from arbitrage.venue_recorder import VenueRecorder

ALL: Final = "all"
DEFAULT_CHANNELS: Final = (Channel.BOOK, Channel.TRADES, Channel.FUNDING)
_LOOK_SECONDS: Final = 0.25
_LINE_SECONDS: Final = 60.0
# The thread that writes gives way to the one that receives at least this often.
_SWITCH_SECONDS: Final = 0.0005


class RecordTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What is recorded, and where.

    `symbols` has those of each venue, with commas between them, or `all`. A channel that a venue
    does not have is left out there. `is_simulated` starts simulators of the venues; `addresses`
    are those of simulators that run. Without `seconds` it ends with a signal.
    """

    symbols: Mapping[str, str]
    out: Path
    channels: tuple[Channel, ...] = DEFAULT_CHANNELS
    seconds: float | None = None
    is_simulated: bool = False
    addresses: Mapping[str, Addresses] = {}
    flush_seconds: float = FLUSH_SECONDS


def run_record(terms: RecordTerms, *, shows_status: bool) -> RecordProgress:
    """Record until the time has passed or a signal comes; returns what was recorded.

    Raises `ConfigError` for what no venue has, `Unavailable` if no venue was ever open or the
    disk cannot keep up.
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        progress = runner.run(_record(terms, shows_status=shows_status))
    if shows_status:
        console = Console()
        console.print(record_summary(progress, console.width))
    return progress


def parse_symbols(venues: Sequence[str], symbols: Sequence[str]) -> dict[str, str]:
    """The symbols of each venue: the n-th list is the n-th venue's; without lists, all of them.

    Raises `ConfigError` for no venue, one named twice, and another number of lists.
    """
    if not venues or len(set(venues)) != len(venues):
        raise ConfigError(f"venues are {', '.join(venues) or 'none'}; expected each once")
    if symbols and len(symbols) != len(venues):
        raise ConfigError(
            f"{len(symbols)} lists of symbols for {len(venues)} venues; expected one --symbols "
            "after each --venue, or none for all symbols of all venues"
        )
    return dict(zip(venues, symbols or [ALL] * len(venues), strict=True))


def parse_channels(text: str) -> tuple[Channel, ...]:
    """`book,trades` as channels. Raises `ConfigError` for an unknown one."""
    known = {channel.value: channel for channel in Channel}
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise ConfigError(f"channels are {text!r}; expected some of {', '.join(known)}")
    return tuple(known[name] for name in dict.fromkeys(names))


def chosen_symbols(venue: str, markets: Mapping[str, Instrument], text: str) -> list[str]:
    """The symbols that `text` names. Raises `ConfigError` for one that is not listed."""
    if text == ALL:
        return sorted(markets)
    symbols = [name.strip() for name in text.split(",") if name.strip()]
    missing = [symbol for symbol in symbols if symbol not in markets]
    if missing or not symbols:
        raise ConfigError(
            f"{venue} does not list {', '.join(missing) or 'nothing'}; expected symbols as it "
            f"writes them, for instance {', '.join(sorted(markets)[:3])}, or {ALL}; "
            "the recording ends"
        )
    return list(dict.fromkeys(symbols))


class _RecordedVenue:
    """One venue from its address to the writer."""

    def __init__(self, feed: PublicFeed, terms: RecordTerms, writer: BackgroundWriter) -> None:
        self.feed = feed
        self.channels = [channel for channel in terms.channels if channel in feed.served]
        self.symbols: list[str] = []
        self.recorder = VenueRecorder(feed.venue, writer)
        self._wanted = terms.symbols[feed.venue]
        self._writer = writer

    async def run(self) -> None:
        """Learn the markets, declare the chosen ones, and record them until cancelled."""
        markets = await self.feed.markets()
        self.symbols = chosen_symbols(self.feed.venue, markets, self._wanted)
        for symbol in self.symbols:
            self._writer.market(markets[symbol], self.feed.fees(symbol))
        await self.feed.run(self.symbols, self.channels, self.recorder.on_event, self.recorder)

    def progress(self) -> VenueProgress:
        counts = self.recorder.counts
        return VenueProgress(
            name=self.feed.venue,
            symbols=len(self.symbols),
            channels=",".join(channel.value for channel in self.channels),
            events=counts.events,
            frames=counts.frames,
            bytes=counts.bytes,
            gaps=counts.gaps,
            reconnects=self.feed.reconnects,
            malformed=self.feed.malformed,
            has_opened=self.feed.has_opened,
            trouble=self.feed.trouble,
        )


async def _record(terms: RecordTerms, *, shows_status: bool) -> RecordProgress:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()

    def on_failure() -> None:
        loop.call_soon_threadsafe(stopped.set)

    async with AsyncExitStack() as stack:
        at = terms.addresses
        if terms.is_simulated:
            at = await stack.enter_async_context(simulators(list(terms.symbols)))
        feeds = [PublicFeed(venue, at.get(venue)) for venue in terms.symbols]
        _refuse_unserved(feeds, terms.channels)
        writer = BackgroundWriter(
            terms.out, on_failure=on_failure, flush_seconds=terms.flush_seconds
        )
        venues = [_RecordedVenue(feed, terms, writer) for feed in feeds]
        session = _Session(terms.out, venues, writer, stopped)
        with _status(session.progress, is_shown=shows_status) as show:
            await session.run(terms.seconds, show)
    return session.ended()


def _refuse_unserved(feeds: Sequence[PublicFeed], channels: tuple[Channel, ...]) -> None:
    """Every venue must have one of the channels, and every channel a venue, but for those that
    nobody asked for."""
    served = frozenset[Channel]().union(*(feed.served for feed in feeds))
    missing = [channel.value for channel in channels if channel not in served]
    unserved = [feed.venue for feed in feeds if not feed.served.intersection(channels)]
    if unserved or (missing and channels != DEFAULT_CHANNELS):
        raise ConfigError(
            f"no stream of {', '.join(missing)} at {', '.join(unserved) or 'any of the venues'}; "
            f"served are {', '.join(sorted(channel.value for channel in served))}"
        )


class _Session:
    """The venues of one recording, from the first to the last."""

    def __init__(
        self,
        out: Path,
        venues: Sequence[_RecordedVenue],
        writer: BackgroundWriter,
        stopped: asyncio.Event,
    ) -> None:
        self._out = out
        self._venues = venues
        self._writer = writer
        self._stopped = stopped
        self._started = time.monotonic()
        self._troubles: list[str] = []

    async def run(self, seconds: float | None, show: Callable[[], None]) -> None:
        """Record until the end; raises what broke, with everything until then written."""
        background = Background()
        try:
            for venue in self._venues:
                background.start(venue.run(), f"record {venue.feed.venue}")
            with stopped_by_signals(self._stopped.set), calm_collector(), _gives_way():
                await until_stopped(
                    self._stopped,
                    background,
                    seconds=seconds,
                    look=show,
                    every_seconds=_LOOK_SECONDS,
                )
        finally:
            # What is closed by us is no trouble.
            self._troubles = [venue.feed.trouble for venue in self._venues]
            await background.stop()
            self._writer.close()

    def progress(self) -> RecordProgress:
        """The recording as it stands now."""
        return RecordProgress(
            out=str(self._out),
            seconds=time.monotonic() - self._started,
            venues=[venue.progress() for venue in self._venues],
            waiting_bytes=self._writer.waiting_bytes,
            raw_file_bytes=self._writer.raw_file_bytes,
            refused=self._writer.refused_count,
            first_refusal=self._writer.first_refusal,
        )

    def ended(self) -> RecordProgress:
        """The recording at its end. Raises `Unavailable` if no venue was ever open."""
        last = self.progress()
        for venue, trouble in zip(last.venues, self._troubles, strict=True):
            venue.trouble = trouble
        if not any(venue.has_opened for venue in last.venues):
            why = "; ".join(f"{venue.name}: {venue.trouble}" for venue in last.venues)
            raise Unavailable(f"nothing was recorded, no venue could be opened: {why}")
        return last


@contextmanager
def _gives_way() -> Iterator[None]:
    """Inside, threads take turns more often, so that stamps are not late by a turn of another."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def _status(
    progress: Callable[[], RecordProgress], *, is_shown: bool
) -> Iterator[Callable[[], None]]:
    """Shows the progress as it goes: in place on a terminal, else a line a minute."""
    console = Console(stderr=True)
    if not is_shown or not console.is_terminal:
        yield _LineEachMinute(progress, console)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield lambda: live.update(record_status(progress(), console.width), refresh=True)


class _LineEachMinute:
    """A line a minute, and one whenever a venue comes or goes."""

    def __init__(self, progress: Callable[[], RecordProgress], console: Console) -> None:
        self._progress = progress
        self._console = console
        self._next = _LINE_SECONDS
        self._troubles: dict[str, str] = {}

    def __call__(self) -> None:
        now = self._progress()
        troubles = {venue.name: venue.trouble for venue in now.venues if venue.trouble}
        if troubles != self._troubles or now.seconds >= self._next:
            self._troubles, self._next = troubles, now.seconds + _LINE_SECONDS
            self._console.print(record_line(now), highlight=False, soft_wrap=True)
