"""The heart: one event in, intents and decisions out.

`step` is a plain function of the events so far: no clock, no I/O, no randomness. What is true is
kept in `route_state`, `market_state`, `accounts` and `trade_state`; what follows from it is asked
of `entry`, `exits` and `hedging`; orders leave through `order_desk` alone. A broken invariant
halts the engine: from then on it only cancels.
"""

from collections.abc import Callable, Iterable
from typing import Any

from arbitrage.domain.decisions import NOTHING, Decision, RiskChanged, Step
from arbitrage.domain.errors import ConfigError, InvariantBroken, MalformedData
from arbitrage.domain.events import (
    BalanceUpdate,
    BookDelta,
    BookQuote,
    Books,
    BookSnapshot,
    Command,
    Event,
    Funding,
    FundingPayment,
    MarketTrade,
    OrderUpdate,
    Tick,
    VenueStatus,
)
from arbitrage.domain.fx import FixedFx, FxFeed, FxQuote, FxSource
from arbitrage.domain.units import decimal_of, plain
from arbitrage.engine import standing_orders
from arbitrage.engine.accounts import Accounts
from arbitrage.engine.config import ArbitrageConfig, RouteConfig
from arbitrage.engine.market_state import FxRate, Market, VenueState
from arbitrage.engine.order_desk import OrderDesk
from arbitrage.engine.risk import Level, RiskLadder
from arbitrage.engine.route_state import LegState, RouteState
from arbitrage.engine.trading import Trading

_NO_MARKETS: dict[str, Market] = {}


class ArbitrageEngine:
    """Finds, sizes, trades and hedges price differences on any number of routes.

    Build it from an `ArbitrageConfig`; feed it events; do what its steps intend.
    """

    def __init__(self, config: ArbitrageConfig | None = None) -> None:
        self.config = config or ArbitrageConfig()
        self.now_ns = 0
        self.venues: dict[str, VenueState] = {}
        self.routes: dict[str, RouteState] = {}
        self.markets: dict[str, dict[str, Market]] = {}
        self.rates: dict[tuple[str, str], FxRate] = {}
        self._fed_rates: dict[tuple[str, str], FxRate] = {}
        self.accounts = Accounts()
        self.risk = RiskLadder(self.config.risk_limits)
        self.desk = OrderDesk(self.config.session, self.accounts, self.risk)
        self.decisions: list[Decision] = []
        self.trading = Trading(self)
        self._handlers: dict[type, Callable[[Any], None]] = {
            BookSnapshot: self._on_book,
            BookDelta: self._on_delta,
            BookQuote: self._on_quote,
            Books: self._on_books,
            FxQuote: self._on_fx,
            Funding: self._on_funding,
            FundingPayment: self.trading.on_funding_payment,
            MarketTrade: self._on_market_trade,
            OrderUpdate: self.trading.on_order_update,
            BalanceUpdate: self._on_balance,
            VenueStatus: self._on_venue_status,
            Tick: self._on_tick,
            Command: self._on_command,
        }
        for route in self.config.routes:
            self.add_route(route)
        for venue, balances in self.config.opening_balances.items():
            for currency, amount in balances.items():
                self.accounts.open(venue, currency, decimal_of(amount))

    def step(self, event: Event) -> Step:
        """Take in one event; returns what to do and what was decided.

        Raises `MalformedData`, and changes nothing, if time went back or the event is of no known
        kind. A broken invariant does not raise: it halts the engine, and the step says so.
        """
        handler = self._handlers.get(type(event))
        if handler is None or event.ts_ns < self.now_ns:
            raise MalformedData(self._complaint(event))
        self.now_ns = event.ts_ns
        try:
            handler(event)
        except InvariantBroken as broken:
            self._halt(str(broken))
        intents, decisions = self.desk.intents, self.decisions
        if not intents and not decisions:
            return NOTHING
        step = Step(tuple(intents), tuple(decisions))
        intents.clear()
        decisions.clear()
        return step

    def _complaint(self, event: Event) -> str:
        if type(event) not in self._handlers:
            return f"{type(event).__name__} is not an event of this engine; it is not processed"
        return (
            f"{type(event).__name__} at {event.ts_ns} ns is older than the event before it "
            f"({self.now_ns} ns); time never goes back, it is not processed"
        )

    def _halt(self, reason: str) -> None:
        self.desk.intents.clear()
        if self.risk.lower(Level.HALT, "invariant"):
            self.decisions.append(RiskChanged(self.now_ns, "portfolio", "HALT", reason))
        self.desk.cancel_all()

    # --- what is set up -----------------------------------------------------------------------

    def add_route(self, config: RouteConfig) -> RouteState:
        """Watch and trade one more route. Raises `ConfigError` if its name is taken."""
        if config.name in self.routes:
            raise ConfigError(f"route {config.name!r} exists already; nothing was added")
        legs = []
        for leg in (config.a, config.b):
            instrument = leg.instrument
            market = self._market(instrument.venue, instrument.symbol)
            market.instrument = instrument
            legs.append(LegState(leg, market))
        rate = None if config.fx is None else self._rate(config.fx)
        route = RouteState(config, legs[0], legs[1], rate)
        for leg_state in legs:
            leg_state.market.routes.append(route)
        if rate is not None:
            rate.routes.append(route)
        self.routes[config.name] = route
        return route

    def _market(self, venue: str, symbol: str) -> Market:
        self.venues.setdefault(venue, VenueState())
        by_symbol = self.markets.setdefault(venue, {})
        if symbol not in by_symbol:
            by_symbol[symbol] = Market(venue, symbol, None)
        return by_symbol[symbol]

    def _rate(self, source: FxSource) -> FxRate:
        """The live rate of a source. Two routes on one source share it."""
        if isinstance(source, FixedFx):
            rate = FxRate(source.base, source.quote)
            rate.set(source.rate, source.rate, 0)
            rate.is_fixed = True
            self.rates.setdefault((source.base, source.quote), rate)
            return rate
        if isinstance(source, FxFeed):
            return self._fed_rate(source.base, source.quote)
        market = self._market(source.venue, source.symbol)
        if market.fx_rate is None:
            market.fx_rate = FxRate(*source.currencies)
            market.fx_rate.venue = source.venue
            self.rates.setdefault(source.currencies, market.fx_rate)
        return market.fx_rate

    def _fed_rate(self, base: str, quote: str) -> FxRate:
        """The rate that `FxQuote` events set, apart from any book or fixed rate of the pair."""
        key = (base, quote)
        if key not in self._fed_rates:
            self._fed_rates[key] = FxRate(base, quote)
            self.rates.setdefault(key, self._fed_rates[key])
        return self._fed_rates[key]

    # --- what happens in the markets ----------------------------------------------------------

    def _on_book(self, event: BookSnapshot) -> None:
        market = self.markets.get(event.venue, _NO_MARKETS).get(event.symbol)
        if market is None:
            return
        market.replace(event.bids, event.asks, event.seq, event.ts_ns)
        if market.fx_rate is not None:
            self._follow_fx(market)
        for route in market.routes:
            if route.trades or route.observes or route.lacks_fx:
                self.trading.tend(route)
            if route.has_edge():
                self.trading.seek(route)

    def _on_delta(self, event: BookDelta) -> None:
        market = self.markets.get(event.venue, _NO_MARKETS).get(event.symbol)
        if market is None:
            return
        market.change(event.bids, event.asks, event.seq, event.prev_seq, event.ts_ns)
        self._look(market)

    def _on_quote(self, event: BookQuote) -> None:
        market = self.markets.get(event.venue, _NO_MARKETS).get(event.symbol)
        if market is None:
            return
        bid, bid_qty, ask, ask_qty = event.bid, event.bid_qty, event.ask, event.ask_qty
        # A side of no price or no size is how venues quote an empty one; as a level it would pass
        # for a gift.
        bids = [(bid, bid_qty)] if bid > 0.0 and bid_qty > 0.0 else []
        asks = [(ask, ask_qty)] if ask > 0.0 and ask_qty > 0.0 else []
        market.replace(bids, asks, 0, event.ts_ns)
        if market.fx_rate is not None:
            self._follow_fx(market)
        for route in market.routes:
            if route.trades or route.observes or route.lacks_fx:
                self.trading.tend(route)
            if route.has_edge():
                self.trading.seek(route)

    def _on_books(self, event: Books) -> None:
        """Take all books in, then look at each route once: no route ever sees half of a step."""
        seen: dict[str, RouteState] = {}
        for book in event.books:
            market = self.markets.get(book.venue, _NO_MARKETS).get(book.symbol)
            if market is None:
                continue
            market.replace(book.bids, book.asks, book.seq, book.ts_ns)
            if market.fx_rate is not None:
                for route in self._changed_fx(market):
                    seen[route.name] = route
            for route in market.routes:
                seen[route.name] = route
        self._look_at_all(seen.values())

    def _look(self, market: Market) -> None:
        if market.fx_rate is not None:
            self._follow_fx(market)
        self._look_at_all(market.routes)

    def _look_at_all(self, routes: Iterable[RouteState]) -> None:
        for route in routes:
            if route.trades or route.observes or route.lacks_fx:
                self.trading.tend(route)
            if route.has_edge():
                self.trading.seek(route)

    def _follow_fx(self, market: Market) -> None:
        """Pass a changed FX book on to the routes that use it."""
        changed = self._changed_fx(market)
        self._look_at_all(changed)

    def _changed_fx(self, market: Market) -> list[RouteState]:
        """The routes whose rate differs after this book; their costs are folded anew."""
        rate = market.fx_rate
        if rate is None or market.is_broken or not market.bids or not market.asks:
            return []
        if not rate.set(market.bids[0][0], market.asks[0][0], market.ts_ns):
            return []
        for route in rate.routes:
            route.refold()
        return rate.routes

    def _on_fx(self, event: FxQuote) -> None:
        """A quote of a pair that no route needs still values fees paid in it."""
        rate = self._fed_rate(event.base, event.quote)
        if rate.set(event.bid, event.ask, event.ts_ns):
            for route in rate.routes:
                route.refold()
            self._look_at_all(rate.routes)

    def _on_funding(self, event: Funding) -> None:
        market = self.markets.get(event.venue, _NO_MARKETS).get(event.symbol)
        if market is None:
            return
        market.funding_rate, market.next_funding_ns = event.rate, event.next_ts_ns
        for route in market.routes:
            route.refold()

    def _on_market_trade(self, event: MarketTrade) -> None:
        """Public trades change nothing that the engine decides on."""

    # --- what happens to us -------------------------------------------------------------------

    def _on_balance(self, event: BalanceUpdate) -> None:
        difference = self.accounts.confirm(event.venue, event.currency, event.total)
        if difference:
            venue = self.venues.setdefault(event.venue, VenueState())
            amount = f"{plain(difference)} {event.currency}"
            reason = f"{amount} at {event.venue} is not ours by any fill"
            venue.unexplained[event.currency] = reason
            self.decisions.append(RiskChanged(self.now_ns, event.venue, "REDUCE_ONLY", reason))

    def _on_venue_status(self, event: VenueStatus) -> None:
        venue = self.venues.setdefault(event.venue, VenueState())
        if venue.is_up != event.is_up:
            level = "NORMAL" if event.is_up else "REDUCE_ONLY"
            self.decisions.append(RiskChanged(self.now_ns, event.venue, level, event.reason))
        venue.is_up, venue.reason = event.is_up, event.reason

    def _on_tick(self, event: Tick) -> None:
        self.trading.on_tick(event.ts_ns)

    def _on_command(self, event: Command) -> None:
        standing_orders.obey(self, event)
