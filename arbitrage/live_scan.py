"""The spreads between venues as they are now: which routes there are, and what each looks like.

Every asset that two of the venues list, in the quote that each venue mostly uses, is a route. The
books, the looks and the fees are those of `arb scan`; whether a route could be traded on now is
judged by the engine's own proofs.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from math import isfinite, isnan
from typing import Final

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import BookDelta, BookQuote, BookSnapshot, Event
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.fx import FixedFx, FxBook, FxSource
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Direction
from arbitrage.domain.symbols import USD_LIKE
from arbitrage.domain.units import BPS, NS_PER_MS, seconds_to_ns
from arbitrage.engine.config import LegConfig, fx_source
from arbitrage.engine.freshness import unfit
from arbitrage.engine.market_state import NEVER_NS, FxRate, Market, VenueState
from arbitrage.engine.route_state import RouteState
from arbitrage.engine.sizing import net_edge_bps
from arbitrage.monitoring.spread_table import CrossingView, FxView, SpreadRow
from arbitrage.research.route_watch import RouteBooks, RouteWatch, watched_route

Markets = Mapping[str, Mapping[str, Instrument]]  # by venue and symbol
Legs = tuple[Instrument, Instrument]
_BOOK_EVENTS = (BookSnapshot, BookDelta, BookQuote)
DEFAULT_MAX_AGE_SECONDS: Final = 10.0


class ScanTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What is compared, and how.

    Without `bases` every common asset is. `fx` is `venue:symbol` of an FX market or a number;
    without it a market of the venues themselves is looked for. `taker_bps` replaces the fees that
    venues document. `notional_usd` is the size that edges are told for.
    """

    bases: tuple[str, ...] = ()
    fx: str | float | None = None
    taker_bps: Mapping[str, float] = {}
    notional_usd: float = 1_000.0
    min_edge_bps: float = 0.0
    max_age_seconds: float = DEFAULT_MAX_AGE_SECONDS

    def __post_init__(self) -> None:
        if not (isfinite(self.notional_usd) and self.notional_usd > 0):
            raise ConfigError(f"notional is {self.notional_usd}; expected dollars above zero")


def main_quote(markets: Mapping[str, Instrument]) -> str:
    """The quote in which a venue lists most of its markets."""
    counts = Counter(each.quote for each in markets.values())
    return max(counts, key=lambda quote: (counts[quote], quote), default="")


def common_routes(
    markets: Markets, bases: Sequence[str] = ()
) -> tuple[list[Legs], dict[str, list[str]]]:
    """Every pair of markets of one asset at two venues, and what is listed at one venue alone.

    Legs stand in the order of the venues. Raises `ConfigError` if there is no pair, and for one of
    `bases` that no venue lists.
    """
    listed = {venue: _legs(of_venue) for venue, of_venue in markets.items()}
    known = {base for legs in listed.values() for base in legs}
    unknown = [base for base in bases if base not in known]
    if unknown:
        raise ConfigError(f"no market of {', '.join(unknown)} at {', '.join(markets)}")
    wanted = known.intersection(bases) if bases else known
    pairs = [
        (a, b)
        for first, second in combinations(listed, 2)
        for base in sorted(wanted)
        for a in listed[first].get(base, ())
        for b in listed[second].get(base, ())
    ]
    if not pairs:
        raise ConfigError(f"no asset is listed at two of {', '.join(markets)}; nothing to compare")
    matched = {leg.base for pair in pairs for leg in pair}
    alone = {venue: sorted(wanted.intersection(legs) - matched) for venue, legs in listed.items()}
    return pairs, alone


def _legs(markets: Mapping[str, Instrument]) -> dict[str, list[Instrument]]:
    """A venue's markets in its main quote by asset: spot, perpetuals, or both."""
    quote, legs = main_quote(markets), dict[str, list[Instrument]]()
    for symbol in sorted(markets):
        if markets[symbol].quote == quote:
            legs.setdefault(markets[symbol].base, []).append(markets[symbol])
    return legs


def fx_between(markets: Markets, quote_a: str, quote_b: str) -> FxBook | None:
    """The first market of the venues that trades one of two currencies for the other."""
    for venue, of_venue in markets.items():
        for symbol in sorted(of_venue):
            listed = of_venue[symbol]
            if {listed.base, listed.quote} == {quote_a, quote_b} and not listed.is_perpetual:
                return FxBook(venue, symbol)
    return None


class LiveScan:
    """The routes between the venues of `markets`, kept current by `on_event`.

    `symbols` has what must be subscribed to at each venue, `only_at` the assets without a second
    venue. Raises `ConfigError` where nothing can be compared.
    """

    def __init__(
        self,
        markets: Markets,
        fees: Callable[[Instrument], FeeSchedule],
        terms: ScanTerms,
    ) -> None:
        pairs, self.only_at = common_routes(markets, terms.bases)
        self.terms = terms
        self.venues = {venue: VenueState() for venue in markets}
        self.events: dict[str, int] = dict.fromkeys(markets, 0)
        self.last_event_ns: dict[str, int] = dict.fromkeys(markets, NEVER_NS)
        self.symbols: dict[str, list[str]] = {venue: [] for venue in markets}
        self._markets = markets
        self._fees = fees
        self._books = RouteBooks()
        self._rates: dict[str, FxRate] = {}
        kinds = {(leg.venue, leg.kind) for pair in pairs for leg in pair}
        self._mixed = {venue for venue in markets if sum(of == venue for of, _ in kinds) > 1}
        self.watches = [self._watch(a, b) for a, b in pairs]
        for quote in sorted({leg.quote for pair in pairs for leg in pair} - USD_LIKE):
            self._learn_dollars(quote)
        self._drop_fx_markets()

    def _watch(self, a: Instrument, b: Instrument) -> RouteWatch:
        config = watched_route(
            LegConfig(instrument=a, fees=self._taker(a)),
            LegConfig(instrument=b, fees=self._taker(b)),
            self._fx(a.quote, b.quote),
            min_edge_bps=self.terms.min_edge_bps,
            max_age_seconds=self.terms.max_age_seconds,
        )
        for leg in (a, b):
            self._subscribe(leg.venue, leg.symbol)
        max_age_ns = seconds_to_ns(self.terms.max_age_seconds)
        return RouteWatch(config, self._books, max_age_ns, ignore_rules=False)

    def _taker(self, leg: Instrument) -> FeeSchedule:
        known = self._fees(leg)
        if leg.venue in self.terms.taker_bps:
            return FeeSchedule(taker_bps=self.terms.taker_bps[leg.venue])
        return known

    def _subscribe(self, venue: str, symbol: str) -> None:
        if symbol not in self.symbols[venue]:
            self.symbols[venue].append(symbol)

    # --- rates --------------------------------------------------------------------------------

    def _fx(self, quote_a: str, quote_b: str) -> FxSource | None:
        if quote_a == quote_b:
            return None
        source = self._source(quote_a, quote_b)
        if source is None:
            raise ConfigError(
                f"markets are quoted in {quote_a} and in {quote_b}, and none of "
                f"{', '.join(self._markets)} trades one for the other; give the FX between them as "
                "venue:symbol of its market, or as a number"
            )
        self._rate(source)
        return source

    def _source(self, quote_a: str, quote_b: str) -> FxSource | None:
        source: FxSource | None
        if self.terms.fx is None:
            source = fx_between(self._markets, quote_a, quote_b)
        else:
            source = fx_source(self.terms.fx, quote_a, quote_b)
        if isinstance(source, FxBook):
            if source.symbol not in self._markets.get(source.venue, {}):
                raise ConfigError(
                    f"fx {source.venue}:{source.symbol} is no market of "
                    f"{', '.join(self._markets)}; expected one of theirs, or a number"
                )
            self._subscribe(source.venue, source.symbol)
        return source

    def _rate(self, source: FxSource) -> None:
        if isinstance(source, FxBook):
            name = f"{source.venue}:{source.symbol}"
        else:
            name = f"{source.base}/{source.quote} fixed"
        self._rates.setdefault(name, self._books.rate(source))

    def _learn_dollars(self, quote: str) -> None:
        """A rate that says what a size in dollars is in `quote`, if the venues have one."""
        if any(quote in (rate.base, rate.quote) for rate in self._rates.values()):
            return
        for dollar in sorted(USD_LIKE):
            source = self._source(dollar, quote)
            if isinstance(source, FixedFx | FxBook) and _is_between(source, dollar, quote):
                self._rate(source)
                return

    def _dollars(self, currency: str) -> float:
        """Dollars per unit of `currency`; zero if no rate is known."""
        if currency in USD_LIKE:
            return 1.0
        for rate in self._rates.values():
            if rate.is_known and rate.quote == currency and rate.base in USD_LIKE:
                return 1.0 / rate.mid
            if rate.is_known and rate.base == currency and rate.quote in USD_LIKE:
                return rate.mid
        return 0.0

    def _drop_fx_markets(self) -> None:
        """A currency that is there for its rate is no asset without a match."""
        for rate in self._rates.values():
            for bases in self.only_at.values():
                if rate.base in bases:
                    bases.remove(rate.base)

    # --- what happens -------------------------------------------------------------------------

    def on_event(self, event: Event) -> None:
        """Take in what a venue said."""
        if isinstance(event, _BOOK_EVENTS):
            self.events[event.venue] += 1
            self.last_event_ns[event.venue] = event.ts_ns
            self._books.take_in(event)

    # --- what it looks like -------------------------------------------------------------------

    def rows(self, now_ns: int) -> list[SpreadRow]:
        """Every route as it is now, the best first."""
        rows = [self._row(watch, now_ns) for watch in self.watches]
        return sorted(rows, key=lambda row: row.rank, reverse=True)

    def fx(self, now_ns: int) -> list[FxView]:
        """The rates in use."""
        return [
            FxView(
                source=name,
                bid=rate.bid or None,
                ask=rate.ask or None,
                age_ms=None if rate.is_fixed else _age_ms(rate.ts_ns, now_ns),
            )
            for name, rate in self._rates.items()
        ]

    @property
    def note(self) -> str:
        """What keeps edges of a notional from being told, if anything does."""
        quotes = {watch.route.a.instrument.quote for watch in self.watches}
        known = USD_LIKE.union(*((rate.base, rate.quote) for rate in self._rates.values()))
        lacking = ", ".join(sorted(quotes - known))
        return lacking and f"no rate of {lacking} in dollars: edges at the touch only; see --fx"

    def _row(self, watch: RouteWatch, now_ns: int) -> SpreadRow:
        route = watch.route
        premium = route.premium()
        fx = route.fx
        return SpreadRow(
            route=route.name,
            base=route.a.instrument.base,
            leg_a=self._called(route.a.instrument),
            leg_b=self._called(route.b.instrument),
            premium_bps=None if premium is None else premium * BPS,
            ab=self._crossing(watch, Direction.LONG_A_SHORT_B),
            ba=self._crossing(watch, Direction.LONG_B_SHORT_A),
            age_a_ms=_age_ms(route.a.market.ts_ns, now_ns),
            age_b_ms=_age_ms(route.b.market.ts_ns, now_ns),
            fx_mid=fx.mid if fx is not None and fx.is_known else None,
            state=unfit(route, self.venues, now_ns) or "",
        )

    def _called(self, leg: Instrument) -> str:
        if leg.venue not in self._mixed:
            return leg.venue
        return f"{leg.venue} {'perp' if leg.is_perpetual else 'spot'}"

    def _crossing(self, watch: RouteWatch, direction: Direction) -> CrossingView:
        route = watch.route
        is_ab = direction is Direction.LONG_A_SHORT_B
        long, short = (route.a, route.b) if is_ab else (route.b, route.a)
        asks, bids = long.market.asks, short.market.bids
        if not asks or not bids or route.lacks_fx or _is_broken(long.market, short.market):
            return CrossingView()
        look = watch.look(direction)
        usd = self._dollars(route.a.instrument.quote)
        fx_a, fx_b = (1.0, route.fx_sell_b) if is_ab else (route.fx_buy_b, 1.0)
        buy_price, sell_price = asks[0][0] * fx_a, bids[0][0] * fx_b  # in A's quote
        held = min(
            asks[0][1] * long.multiplier * buy_price, bids[0][1] * short.multiplier * sell_price
        )
        return CrossingView(
            edge_bps=self._edge_of_notional(route, direction, buy_price, usd),
            touch_bps=route.touch_edge_bps(direction),
            gross_bps=None if isnan(look.edge_bps) else look.edge_bps,
            qty=look.qty,
            profit=look.profit,
            depth_usd=held * usd if usd else None,
        )

    def _edge_of_notional(
        self, route: RouteState, direction: Direction, price: float, usd: float
    ) -> float | None:
        """The net edge of as many base units as the notional buys at the touch."""
        if not usd:
            return None
        edge_bps = net_edge_bps(route, direction, self.terms.notional_usd / usd / price)
        return edge_bps if isfinite(edge_bps) else None


def _is_broken(*markets: Market) -> bool:
    return any(market.is_broken for market in markets)


def _is_between(source: FixedFx | FxBook, *currencies: str) -> bool:
    pair = source.currencies if isinstance(source, FxBook) else (source.base, source.quote)
    return set(pair) == set(currencies)


def _age_ms(ts_ns: int, now_ns: int) -> float | None:
    return None if ts_ns == NEVER_NS else max(0.0, (now_ns - ts_ns) / NS_PER_MS)
