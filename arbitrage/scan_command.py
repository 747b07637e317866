"""Shows the spreads between venues as they change: the body of `arb scan --live`.

The venues are opened as soon as they can be reached; the table says what is missing until then.
With JSON, each look is one line.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import Final

import msgspec
from rich.console import Console
from rich.live import Live

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.units import NS_PER_MS
from arbitrage.engine.market_state import NEVER_NS
from arbitrage.exchanges.order_gateway import Channel
from arbitrage.live_scan import LiveScan, ScanTerms
from arbitrage.monitoring.spread_table import SpreadView, render_spreads
from arbitrage.monitoring.view import VenueState, VenueView
from arbitrage.net.arrival_clock import stamp
from arbitrage.net.background import Background
from arbitrage.public_feed import PublicFeed, until_stopped
from arbitrage.running_session import calm_collector, loop_factory, stopped_by_signals
from arbitrage.simulators import Addresses, simulators

REFRESH_SECONDS: Final = 1.0
_CHANNELS: Final = (Channel.BOOK,)


class LiveScanTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Which venues are watched and how it is shown.

    `top` bounds the routes shown, `seconds` the time. `is_simulated` starts simulators of the
    venues; `addresses` are those of simulators that run.
    """

    venues: tuple[str, ...]
    scan: ScanTerms = ScanTerms()
    top: int | None = None
    seconds: float | None = None
    refresh_seconds: float = REFRESH_SECONDS
    is_simulated: bool = False
    addresses: Mapping[str, Addresses] = {}

    def __post_init__(self) -> None:
        if len(set(self.venues)) != len(self.venues) or len(self.venues) < 2:
            raise ConfigError(
                f"venues are {', '.join(self.venues) or 'none'}; expected two or more, each once"
            )
        unknown = sorted(set(self.scan.taker_bps) - set(self.venues))
        if unknown:
            raise ConfigError(
                f"taker fee of {', '.join(unknown)}: not among {', '.join(self.venues)}"
            )
        if (self.top is not None and self.top < 1) or self.refresh_seconds <= 0:
            raise ConfigError(
                f"top is {self.top}, refresh {self.refresh_seconds} s; expected more than zero"
            )


def run_live_scan(
    terms: LiveScanTerms, *, on_view: Callable[[SpreadView], None] | None = None
) -> SpreadView:
    """Watch until the time has passed or a signal comes; returns the last view.

    Each view goes to `on_view`; without it, to a table on the terminal. Raises `ConfigError` where
    nothing can be compared, `Unavailable` if no venue was ever open.
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        if on_view is not None:
            return runner.run(_scan(terms, on_view))
        console = Console()
        with _table(console) as show:
            last = runner.run(_scan(terms, show))
        console.print(render_spreads(last, width=console.width))
        return last


async def _scan(terms: LiveScanTerms, on_view: Callable[[SpreadView], None]) -> SpreadView:
    stopped, background = asyncio.Event(), Background()
    async with AsyncExitStack() as stack:
        at = terms.addresses
        if terms.is_simulated:
            at = await stack.enter_async_context(simulators(terms.venues))
        watch = _Watch(terms, [PublicFeed(venue, at.get(venue)) for venue in terms.venues])
        try:
            background.start(watch.open(background), "open the venues")
            with stopped_by_signals(stopped.set), calm_collector():
                await until_stopped(
                    stopped,
                    background,
                    seconds=terms.seconds,
                    look=lambda: on_view(watch.view()),
                    every_seconds=terms.refresh_seconds,
                )
            last = watch.view()
        finally:
            await background.stop()
    if not any(feed.has_opened for feed in watch.feeds):
        why = "; ".join(f"{feed.venue}: {feed.trouble}" for feed in watch.feeds)
        raise Unavailable(f"nothing was seen, no venue could be opened: {why}")
    return last


class _Watch:
    """The venues and, once all have told their markets, the routes between them."""

    def __init__(self, terms: LiveScanTerms, feeds: Sequence[PublicFeed]) -> None:
        self.feeds = feeds
        self._terms = terms
        self._scan: LiveScan | None = None
        self._started = time.monotonic()

    async def open(self, background: Background) -> None:
        """Learn the markets of all venues, then follow their books beside everything else."""
        told = await asyncio.gather(*(feed.markets() for feed in self.feeds))
        markets = {feed.venue: of_venue for feed, of_venue in zip(self.feeds, told, strict=True)}
        by_venue = {feed.venue: feed for feed in self.feeds}
        self._scan = scan = LiveScan(
            markets, lambda leg: by_venue[leg.venue].fees(leg.symbol), self._terms.scan
        )
        for feed in self.feeds:
            symbols = scan.symbols[feed.venue]
            work = feed.run(symbols, _CHANNELS, scan.on_event)
            background.start(work, f"watch {feed.venue}")

    def view(self) -> SpreadView:
        """What is seen now."""
        now_ns, scan = stamp(), self._scan
        view = SpreadView(
            ts_ns=now_ns,
            elapsed_seconds=time.monotonic() - self._started,
            notional_usd=self._terms.scan.notional_usd,
            venues=[self._venue(feed, now_ns) for feed in self.feeds],
        )
        if scan is not None:
            for feed in self.feeds:
                scan.venues[feed.venue].is_up = not feed.trouble
            rows = scan.rows(now_ns)
            view.rows, view.route_count = rows[: self._terms.top], len(rows)
            view.fx, view.only_at, view.note = scan.fx(now_ns), scan.only_at, scan.note
        return view

    def _venue(self, feed: PublicFeed, now_ns: int) -> VenueView:
        state = VenueState.DOWN if feed.trouble else VenueState.UP
        view = VenueView(name=feed.venue, state=state, reason=feed.trouble)
        if self._scan is not None:
            view.events = self._scan.events[feed.venue]
            newest_ns = self._scan.last_event_ns[feed.venue]
            if newest_ns != NEVER_NS:
                view.last_age_ms = (now_ns - newest_ns) / NS_PER_MS
                is_stale = view.last_age_ms > self._terms.scan.max_age_seconds * 1_000
                if is_stale and not feed.trouble:
                    view.state = VenueState.STALE
        return view


@contextmanager
def _table(console: Console) -> Iterator[Callable[[SpreadView], None]]:
    """Shows views in place on a terminal; anywhere else only the last one is shown, at the end."""
    if not console.is_terminal or console.is_dumb_terminal:
        yield lambda _view: None
        return
    with Live(console=console, auto_refresh=False, screen=True) as live:

        def show(view: SpreadView) -> None:
            width, height = console.size
            live.update(render_spreads(view, width=width, height=height), refresh=True)

        yield show
