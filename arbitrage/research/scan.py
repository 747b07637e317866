"""How often, and for how much, two venues' books were worth trading against each other.

At every book event of a route's legs both directions are evaluated with the latest book of each
venue, where both are young enough. Nothing is consumed between evaluations, so the totals say what
was on offer, each time anew; they are no trading result. The arithmetic is the engine's.
"""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.fx import FxBook
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import seconds_to_ns
from arbitrage.engine.config import LegConfig, RouteConfig, fx_source
from arbitrage.research.edge_series import EdgeSeries
from arbitrage.research.route_watch import RouteBooks, RouteWatch, watched_route
from arbitrage.research.scan_result import ScanResult
from arbitrage.research.scan_route import ScanRoute
from arbitrage.store.recording import Recording

_EVENTS_PER_PROGRESS = 10_000


def scan(
    recording: Recording,
    routes: Sequence[ScanRoute],
    *,
    taker_bps: Mapping[str, float],
    min_edge_bps: float = 0.0,
    max_age_seconds: float = 10.0,
    ignore_rules: bool = False,
    keeps_series: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> ScanResult:
    """Evaluate `routes` at every book of their legs in `recording`.

    An event of a leg counts as an evaluation when both books, and the FX where the legs' quotes
    differ, are at most `max_age_seconds` old. An opportunity is an evaluation whose walk of both
    books, while the marginal edge after `taker_bps` (by venue, zero where not named) is above
    `min_edge_bps`, has a size; unless `ignore_rules`, that size is rounded down to what both
    venues can trade and dropped under a minimum of either. `keeps_series` keeps what a chart
    needs. `on_progress` is called now and then with the number of events so far. Raises
    `ConfigError` for a market that is not recorded and for quotes that cannot be compared.
    """
    for name, value in (("min_edge_bps", min_edge_bps), ("max_age_seconds", max_age_seconds)):
        if not isfinite(value) or (value < 0 and name == "max_age_seconds"):
            raise ConfigError(f"{name} is {value}; expected a number, and no age below zero")
    _refuse_unknown_venues(routes, taker_bps)
    books = RouteBooks()
    watches = []
    for route in routes:
        config = _config(recording, route, taker_bps, min_edge_bps, max_age_seconds)
        watches.append(RouteWatch(config, books, seconds_to_ns(max_age_seconds), ignore_rules))
    streams = books.streams(recording)
    time_range = recording.time_range(streams) if keeps_series else None
    if time_range is not None:
        for watch in watches:
            watch.result.series = EdgeSeries(*time_range)
    for count, event in enumerate(recording.events(streams=streams), start=1):
        for watch in books.take_in(event):
            watch.evaluate(event.ts_ns)
        if on_progress is not None and count % _EVENTS_PER_PROGRESS == 0:
            on_progress(count)
    return ScanResult([watch.result for watch in watches])


def _refuse_unknown_venues(routes: Sequence[ScanRoute], taker_bps: Mapping[str, float]) -> None:
    venues = {venue for route in routes for venue, _ in (route.a, route.b)}
    unknown = sorted(set(taker_bps) - venues)
    if unknown:
        raise ConfigError(
            f"taker fee of {', '.join(unknown)}: no route has a leg there; the legs are at "
            f"{', '.join(sorted(venues)) or 'no venue'}"
        )


def _config(
    recording: Recording,
    route: ScanRoute,
    taker_bps: Mapping[str, float],
    min_edge_bps: float,
    max_age_seconds: float,
) -> RouteConfig:
    """The route in the engine's own terms, so that fees, lots and FX are read as it reads them."""
    a, b = (_instrument(recording, *leg) for leg in (route.a, route.b))
    fx = fx_source(route.fx, a.quote, b.quote)
    if a.quote != b.quote and fx is None:
        raise ConfigError(
            f"route {route.name}: {a.symbol} is quoted in {a.quote}, {b.symbol} in {b.quote}; "
            "give the FX between them as venue:symbol of its market, or as a number"
        )
    if isinstance(fx, FxBook):
        _instrument(recording, fx.venue, fx.symbol)
    return watched_route(
        LegConfig(instrument=a, fees=FeeSchedule(taker_bps=taker_bps.get(a.venue, 0.0))),
        LegConfig(instrument=b, fees=FeeSchedule(taker_bps=taker_bps.get(b.venue, 0.0))),
        None if a.quote == b.quote else fx,
        min_edge_bps=min_edge_bps,
        max_age_seconds=max_age_seconds,
    )


def _instrument(recording: Recording, venue: str, symbol: str) -> Instrument:
    instrument = recording.instruments.get((venue, symbol))
    if instrument is None:
        known = ", ".join(f"{v}:{s}" for v, s in sorted(recording.instruments)) or "nothing"
        raise ConfigError(f"{venue}:{symbol} is not in {recording.path}; recorded is {known}")
    return instrument
