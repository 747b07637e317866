"""The books of routes kept current, and what a look at one of them finds.

Whoever has events, of a recording or of live venues, passes them in, and asks. The arithmetic is
the engine's.
"""

from collections.abc import Sequence
from math import nan
from typing import NamedTuple

from arbitrage.domain.events import BookDelta, BookQuote, BookSnapshot, MarketEvent
from arbitrage.domain.fx import FixedFx, FxFeed, FxQuote, FxSource
from arbitrage.domain.sides import Direction
from arbitrage.domain.units import BPS, ZERO, decimal_of, floor_to
from arbitrage.engine.arithmetic import gross_edge_bps, take_price, walk
from arbitrage.engine.config import LegConfig, RouteConfig, RouteKind
from arbitrage.engine.market_state import NEVER_NS, FxRate, Market
from arbitrage.engine.route_state import LegState, RouteState
from arbitrage.research.scan_result import THRESHOLDS_BPS, RouteResult
from arbitrage.store.layout import Stream
from arbitrage.store.recording import Recording

_BOOK_TABLES = ("books", "deltas", "quotes")
# What lies this little under a lot or a minimum does so only by the rounding of sums of floats.
_ROUNDING = 1.0 + 1e-12


class Look(NamedTuple):
    """What one direction offers at one moment: the gross edge at the touch (no number for a
    one-sided book), and the size that is worth taking with its net profit in A's quote."""

    edge_bps: float
    qty: float
    profit: float


def watched_route(
    a: LegConfig, b: LegConfig, fx: FxSource | None, *, min_edge_bps: float, max_age_seconds: float
) -> RouteConfig:
    """A route that is looked at and not traded: every trade complete in itself, and nothing of it
    older than `max_age_seconds`."""
    legs = (a.instrument, b.instrument)
    return RouteConfig(
        name=",".join(f"{leg.venue}:{leg.symbol}" for leg in legs),
        a=a,
        b=b,
        kind=RouteKind.INVENTORY,
        fx=fx,
        min_edge_bps=min_edge_bps,
        slippage_bps=0.0,
        max_book_age_seconds=max_age_seconds,
        max_leg_skew_seconds=max_age_seconds,
        max_fx_age_seconds=max_age_seconds,
    )


class RouteBooks:
    """The latest book of every leg and FX market, and who looks at it."""

    def __init__(self) -> None:
        self._markets: dict[tuple[str, str], Market] = {}
        self._watches: dict[tuple[str, str], list[RouteWatch]] = {}
        self._feeds: dict[tuple[str, str], FxRate] = {}

    def leg(self, config: LegConfig, watch: "RouteWatch") -> LegState:
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
            market.fx_rate.venue = source.venue
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

    def take_in(self, event: MarketEvent) -> Sequence["RouteWatch"]:
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


class RouteWatch:
    """One route: looks at both directions, and counts what it found. `route` is its state."""

    def __init__(
        self, config: RouteConfig, books: RouteBooks, max_age_ns: int, ignore_rules: bool
    ) -> None:
        rate = None if config.fx is None else books.rate(config.fx)
        a, b = books.leg(config.a, self), books.leg(config.b, self)
        self.route = RouteState(config, a, b, rate)
        if rate is not None:
            rate.routes.append(self.route)
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
        route = self.route
        if not all(map(self._is_fit, (route.a.market, route.b.market), (now_ns, now_ns))):
            return
        if not self._has_rate(now_ns):
            return
        self.result.evaluations += 1
        for direction in Direction:
            self._count(direction, self.look(direction), now_ns)

    def _count(self, direction: Direction, look: Look, now_ns: int) -> None:
        found = self.result.directions[direction]
        if look.edge_bps > THRESHOLDS_BPS[0]:
            for threshold in THRESHOLDS_BPS:
                found.above[threshold] += look.edge_bps > threshold
        if look.qty > 0.0:
            found.opportunities += 1
            found.qty += look.qty
            found.net_profit += look.profit
        if self.result.series is not None:
            profit = look.profit if look.qty > 0.0 else None
            self.result.series.add(direction, now_ns, look.edge_bps, profit)

    def _is_fit(self, market: Market, now_ns: int) -> bool:
        is_known = market.ts_ns > NEVER_NS and not market.is_broken
        return is_known and now_ns - market.ts_ns <= self._max_age_ns

    def _has_rate(self, now_ns: int) -> bool:
        rate = self.route.fx
        if rate is None or rate.is_fixed:
            return True
        return rate.is_known and now_ns - rate.ts_ns <= self._max_age_ns

    def look(self, direction: Direction) -> Look:
        """What buying at one leg and selling at the other offers with the latest books, however
        old they are."""
        route = self.route
        if route.lacks_fx:
            return Look(nan, 0.0, 0.0)
        # The rates turn each leg's quote into that of leg A.
        if direction is Direction.LONG_A_SHORT_B:
            long, short, fx_bought, fx_sold = route.a, route.b, 1.0, route.fx_sell_b
        else:
            long, short, fx_bought, fx_sold = route.b, route.a, route.fx_buy_b, 1.0
        asks, bids = long.market.asks, short.market.bids
        edge_bps = nan
        if asks and bids:
            edge_bps = gross_edge_bps(bids[0][0] * fx_sold, asks[0][0] * fx_bought)
        buy_factor, sell_factor = long.buy_factor * fx_bought, short.sell_factor * fx_sold
        qty, cost, proceeds, _, _ = walk(
            asks, bids, buy_factor, sell_factor, self._min_ratio, long.multiplier, short.multiplier
        )
        if qty > 0.0 and not self._ignore_rules:
            return Look(edge_bps, *self._within_rules(long, short, qty, buy_factor, sell_factor))
        return Look(edge_bps, qty, proceeds - cost)

    def _within_rules(
        self, long: LegState, short: LegState, depth: float, buy_factor: float, sell_factor: float
    ) -> tuple[float, float]:
        """`(qty, profit)` of the largest part of `depth` that both venues would take; zeros if
        they would take none."""
        exact = decimal_of(depth * _ROUNDING)
        for leg in (long, short):
            if leg.instrument.max_qty is not None:
                exact = min(exact, leg.instrument.max_qty * leg.instrument.contract_multiplier)
        exact = floor_to(exact, self.route.common_lot)
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
