"""How often, and for how much, two venues' books were worth trading against each other.

At every book event of a route's legs both directions are evaluated with the latest book of each
venue, where both are young enough. Nothing is consumed between evaluations, so the totals say what
was on offer, each time anew; they are no trading result. The arithmetic is the engine's.
"""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite, nan

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import BookDelta, BookQuote, BookSnapshot, MarketEvent
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.fx import FixedFx, FxBook, FxFeed, FxQuote, FxSource
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Direction
from arbitrage.domain.units import BPS, ZERO, decimal_of, floor_to, seconds_to_ns
from arbitrage.engine.arithmetic import gross_edge_bps, take_price, walk
from arbitrage.engine.config import LegConfig, RouteConfig, RouteKind, fx_source
from arbitrage.engine.market_state import NEVER_NS, FxRate, Market
from arbitrage.engine.route_state import LegState, RouteState
from arbitrage.research.edge_series import EdgeSeries
from arbitrage.research.scan_result import THRESHOLDS_BPS, RouteResult, ScanResult
from arbitrage.research.scan_route import ScanRoute
from arbitrage.store.layout import Stream
from arbitrage.store.recording import Recording

_BOOK_TABLES = ("books", "deltas", "quotes")
_EVENTS_PER_PROGRESS = 10_000
# What lies this little under a lot or a minimum does so only by the rounding of sums of floats.
_ROUNDING = 1.0 + 1e-12


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
    books = _Books()
    watches = []
    for route in routes:
        config = _config(recording, route, taker_bps, min_edge_bps)
        watches.append(_Watch(config, books, seconds_to_ns(max_age_seconds), ignore_rules))
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
    recording: Recording, route: ScanRoute, taker_bps: Mapping[str, float], min_edge_bps: float
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
    return RouteConfig(
        name=route.name,
        a=LegConfig(instrument=a, fees=FeeSchedule(taker_bps=taker_bps.get(a.venue, 0.0))),
        b=LegConfig(instrument=b, fees=FeeSchedule(taker_bps=taker_bps.get(b.venue, 0.0))),
        kind=RouteKind.INVENTORY,
        fx=None if a.quote == b.quote else fx,
        min_edge_bps=min_edge_bps,
        slippage_bps=0.0,
    )


def _instrument(recording: Recording, venue: str, symbol: str) -> Instrument:
    instrument = recording.instruments.get((venue, symbol))
    if instrument is None:
        known = ", ".join(f"{v}:{s}" for v, s in sorted(recording.instruments)) or "nothing"
        raise ConfigError(f"{venue}:{symbol} is not in {recording.path}; recorded is {known}")
    return instrument


class _Books:
    """The latest book of every leg and FX market, and who looks at it."""

    def __init__(self) -> None:
        self._markets: dict[tuple[str, str], Market] = {}
        self._watches: dict[tuple[str, str], list[_Watch]] = {}
        self._feeds: dict[tuple[str, str], FxRate] = {}

    def leg(self, config: LegConfig, watch: "_Watch") -> LegState:
        """The leg of a route; `watch` is told of its books from now on."""
        key = (config.instrument.venue, config.instrument.symbol)
        self._watches.setdefault(key, []).append(watch)
        return LegState(config, self._market(key))

    def rate(self, source: FxSource) -> FxRate:
        """The rate that `source` names, kept current."""
        if isinstance(source, FixedFx):
            fixed = FxRate(source.base, source.quote)
            fixed.set(source.rate, source.rate, 0)
            fixed.is_fixed = True
            return fixed
        if isinstance(source, FxFeed):
            pair = (source.base, source.quote)
            return self._feeds.setdefault(pair, FxRate(*pair))
        market = self._market((source.venue, source.symbol))
        if market.fx_rate is None:
            market.fx_rate = FxRate(*source.currencies)
        return market.fx_rate

    def _market(self, key: tuple[str, str]) -> Market:
        return self._markets.setdefault(key, Market(*key, None))

    def streams(self, recording: Recording) -> list[Stream]:
        """What has to be read."""
        pairs = {"/".join(pair) for pair in self._feeds}
        return [
            stream
            for stream in recording.streams
            if (stream.table in _BOOK_TABLES and (stream.venue, stream.symbol) in self._markets)
            or (stream.table == "fx" and stream.symbol in pairs)
        ]

    def take_in(self, event: MarketEvent) -> Sequence["_Watch"]:
        """Make the event's book or rate the latest; returns who has a leg there."""
        if isinstance(event, FxQuote):
            rate = self._feeds[event.base, event.quote]
            _set_rate(rate, event.bid, event.ask, event.ts_ns)
            return ()
        key = (event.venue, event.symbol)
        market = self._markets[key]
        if isinstance(event, BookSnapshot):
            market.replace(event.bids, event.asks, event.seq, event.ts_ns)
        elif isinstance(event, BookDelta):
            market.change(event.bids, event.asks, event.seq, event.prev_seq, event.ts_ns)
        else:
            assert isinstance(event, BookQuote)  # no other table is read
            bids, asks = [(event.bid, event.bid_qty)], [(event.ask, event.ask_qty)]
            market.replace(bids, asks, 0, event.ts_ns)
        if market.fx_rate is not None and not market.is_broken and market.bids and market.asks:
            _set_rate(market.fx_rate, market.bids[0][0], market.asks[0][0], event.ts_ns)
        return self._watches.get(key, ())


def _set_rate(rate: FxRate, bid: float, ask: float, ts_ns: int) -> None:
    if rate.set(bid, ask, ts_ns):
        for route in rate.routes:
            route.refold()


class _Watch:
    """One route: looks at both directions and counts."""

    def __init__(
        self, config: RouteConfig, books: _Books, max_age_ns: int, ignore_rules: bool
    ) -> None:
        rate = None if config.fx is None else books.rate(config.fx)
        a, b = books.leg(config.a, self), books.leg(config.b, self)
        self._route = RouteState(config, a, b, rate)
        if rate is not None:
            rate.routes.append(self._route)
        self._min_ratio = 1.0 + config.min_edge_bps / BPS
        self._max_age_ns = max_age_ns
        self._ignore_rules = ignore_rules
        self.result = RouteResult(
            route=config.name,
            base=a.instrument.base,
            quote=a.instrument.quote,
            max_age_ns=max_age_ns,
            breakeven_bps={
                Direction.LONG_A_SHORT_B: self._breakeven_bps(a, b),
                Direction.LONG_B_SHORT_A: self._breakeven_bps(b, a),
            },
        )

    def _breakeven_bps(self, long: LegState, short: LegState) -> float:
        return (long.buy_factor * self._min_ratio / short.sell_factor - 1.0) * BPS

    def evaluate(self, now_ns: int) -> None:
        """Count both directions at this moment, if the books allow it."""
        route = self._route
        if not all(map(self._is_fit, (route.a.market, route.b.market), (now_ns, now_ns))):
            return
        if not self._has_rate(now_ns):
            return
        self.result.evaluations += 1
        a, b = route.a, route.b
        self._look(Direction.LONG_A_SHORT_B, a, b, 1.0, route.fx_sell_b, now_ns)
        self._look(Direction.LONG_B_SHORT_A, b, a, route.fx_buy_b, 1.0, now_ns)

    def _is_fit(self, market: Market, now_ns: int) -> bool:
        is_known = market.ts_ns > NEVER_NS and not market.is_broken
        return is_known and now_ns - market.ts_ns <= self._max_age_ns

    def _has_rate(self, now_ns: int) -> bool:
        rate = self._route.fx
        if rate is None or rate.is_fixed:
            return True
        return rate.is_known and now_ns - rate.ts_ns <= self._max_age_ns

    def _look(
        self,
        direction: Direction,
        long: LegState,
        short: LegState,
        fx_bought: float,
        fx_sold: float,
        now_ns: int,
    ) -> None:
        """Evaluate buying at `long` and selling at `short`; the rates turn each leg's quote into
        that of leg A."""
        asks, bids = long.market.asks, short.market.bids
        edge_bps = nan
        if asks and bids:
            edge_bps = gross_edge_bps(bids[0][0] * fx_sold, asks[0][0] * fx_bought)
        found = self.result.directions[direction]
        if edge_bps > THRESHOLDS_BPS[0]:
            for threshold in THRESHOLDS_BPS:
                found.above[threshold] += edge_bps > threshold
        buy_factor, sell_factor = long.buy_factor * fx_bought, short.sell_factor * fx_sold
        qty, cost, proceeds, _, _ = walk(
            asks, bids, buy_factor, sell_factor, self._min_ratio, long.multiplier, short.multiplier
        )
        profit = proceeds - cost
        if qty > 0.0 and not self._ignore_rules:
            qty, profit = self._within_rules(long, short, qty, buy_factor, sell_factor)
        if qty > 0.0:
            found.opportunities += 1
            found.qty += qty
            found.net_profit += profit
        if self.result.series is not None:
            self.result.series.add(direction, now_ns, edge_bps, profit if qty > 0.0 else None)

    def _within_rules(
        self, long: LegState, short: LegState, depth: float, buy_factor: float, sell_factor: float
    ) -> tuple[float, float]:
        """`(qty, profit)` of the largest part of `depth` that both venues would take; zeros if
        they would take none."""
        exact = decimal_of(depth * _ROUNDING)
        for leg in (long, short):
            if leg.instrument.max_qty is not None:
                exact = min(exact, leg.instrument.max_qty * leg.instrument.contract_multiplier)
        exact = floor_to(exact, self._route.common_lot)
        qty = float(exact)
        buy_price, _, _ = take_price(long.market.asks, qty, long.multiplier)
        sell_price, _, _ = take_price(short.market.bids, qty, short.multiplier)
        for leg, price in ((long, buy_price), (short, sell_price)):
            instrument = leg.instrument
            is_enough = (
                exact >= instrument.min_qty * instrument.contract_multiplier
                and qty * price * _ROUNDING >= instrument.min_notional
            )
            if exact == ZERO or not is_enough:
                return 0.0, 0.0
        return qty, qty * (sell_price * sell_factor - buy_price * buy_factor)
