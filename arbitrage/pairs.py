"""Which symbols of two exchanges make a route, and how the runner reaches their books and orders.

A provider knows exchanges as `a` and `b`, the engine knows venues by name. Where both exchanges
bear one name, or both legs one symbol, the two are told apart by these keys.
"""

from collections.abc import Sequence

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.fx import FxBook, FxSource
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, Intent, PlaceOrder, QueryOrder
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.engine.arithmetic import gross_edge_bps
from arbitrage.engine.config import ArbitrageConfig, fx_source
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.engine.route_state import RouteState
from arbitrage.exchanges.base import Exchange


class Pair:
    """One route and the names under which its books are asked for: A, B and, if any, FX."""

    __slots__ = ("_fx_venue", "route", "symbols")

    def __init__(self, route: RouteState, symbols: tuple[str, ...], fx_venue: str) -> None:
        self.route = route
        self.symbols = symbols
        self._fx_venue = fx_venue

    def books(
        self, a: OrderBookSnapshot, b: OrderBookSnapshot, fx: OrderBookSnapshot | None = None
    ) -> list[BookSnapshot]:
        """The books as events of the engine's venues, FX first so that the legs meet its rate."""
        legs = self.route
        books = [a.event(legs.a.market.venue), b.event(legs.b.market.venue)]
        if fx is not None:
            books.insert(0, fx.event(self._fx_venue))
        return books

    def spread_bps(self) -> float:
        """The better gross edge of the two directions at the touch; zero if it is not known."""
        a, b = self.route.a.market, self.route.b.market
        fx = self.route.fx_sell_b
        if not (fx and a.bids and a.asks and b.bids and b.asks):
            return 0.0
        return max(
            gross_edge_bps(b.bids[0][0] * fx, a.asks[0][0]),
            gross_edge_bps(a.bids[0][0], b.asks[0][0] * fx),
        )


class Pairs:
    """All routes of a runner, by symbol and by name."""

    def __init__(
        self,
        engine: ArbitrageEngine,
        exchange_a: Exchange,
        exchange_b: Exchange,
        terms: ArbitrageConfig,
        *,
        qualifies: bool,
    ) -> None:
        """`qualifies` says that the provider understands `a:SYMBOL`; one that does not is asked
        for bare symbols, as long as the two legs differ."""
        self._qualifies = qualifies
        # One object on both sides is one account: two markets of one venue.
        same_name = exchange_a.venue == exchange_b.venue and exchange_a is not exchange_b
        self._venues = {
            "a": "a" if same_name else exchange_a.venue,
            "b": "b" if same_name else exchange_b.venue,
        }
        self.exchanges = {self._venues["a"]: exchange_a, self._venues["b"]: exchange_b}
        self.in_memory = exchange_a.in_memory is True and exchange_b.in_memory is True
        self._engine = engine
        self._terms = terms
        self._by_symbol: dict[str, list[Pair]] = {}
        self._by_route: dict[str, Pair] = {}
        self._of_symbols: dict[tuple[str, ...], tuple[Pair, ...]] = {}

    def add(self, symbol_a: str, symbol_b: str) -> Pair:
        """Watch and trade A's `symbol_a` against B's `symbol_b`."""
        a = self._instrument("a", symbol_a)
        b = self._instrument("b", symbol_b)
        fx = self._fx(a.quote, b.quote)
        terms = msgspec.structs.replace(self._terms, fx=fx)
        exchange_a, exchange_b = (self.exchanges[self._venues[key]] for key in "ab")
        route = self._engine.add_route(
            terms.route(a, b, fee_a=exchange_a.fees(symbol_a), fee_b=exchange_b.fees(symbol_b))
        )
        symbols = [symbol_a, symbol_b]
        if self._qualifies or symbol_a == symbol_b:
            symbols = [f"a:{symbol_a}", f"b:{symbol_b}"]
        fx_venue = ""
        if isinstance(fx, FxBook):
            fx_venue = fx.venue
            key = "a" if fx_venue == self._venues["a"] else "b"
            symbols.append(f"{key}:{fx.symbol}" if self._qualifies else fx.symbol)
        pair = Pair(route, tuple(symbols), fx_venue)
        self._by_route[route.name] = pair
        for symbol in {symbol_a: 0, symbol_b: 0}:
            self._by_symbol.setdefault(symbol, []).append(pair)
        self._of_symbols.clear()
        return pair

    def _instrument(self, key: str, symbol: str) -> Instrument:
        venue = self._venues[key]
        return msgspec.structs.replace(self.exchanges[venue].instrument(symbol), venue=venue)

    def _fx(self, quote_a: str, quote_b: str) -> FxSource | None:
        """The configured FX with `a` and `b` replaced by the venues they stand for."""
        fx = fx_source(self._terms.fx, quote_a, quote_b)
        if not isinstance(fx, FxBook):
            return fx
        venue = self._venues.get(fx.venue, fx.venue)
        if venue not in self.exchanges:
            raise ConfigError(
                f"fx {fx.venue}:{fx.symbol}: no such venue here; expected one of a, b, "
                f"{', '.join(self.exchanges)}"
            )
        return FxBook(venue, fx.symbol)

    def by_route(self, name: str) -> Pair:
        """Raises `KeyError` for a route that is not one of this runner's."""
        return self._by_route[name]

    def of_symbol(self, symbol: str) -> Sequence[Pair]:
        """Every route with `symbol` as a leg; one symbol on both venues is a route of its own."""
        known = self._by_symbol.get(symbol)
        return known if known is not None else (self.add(symbol, symbol),)

    def of_symbols(self, symbols: Sequence[str]) -> Sequence[Pair]:
        """Every route with any of `symbols` as a leg, each once, in the order of naming."""
        key = tuple(symbols)
        known = self._of_symbols.get(key)
        if known is None:
            chosen = {pair.route.name: pair for symbol in key for pair in self.of_symbol(symbol)}
            known = self._of_symbols[key] = tuple(chosen.values())
        return known

    @staticmethod
    def symbols(pairs: Sequence[Pair]) -> Sequence[str]:
        """Every symbol to ask for, each once."""
        if len(pairs) == 1:
            return pairs[0].symbols
        return tuple({symbol: None for pair in pairs for symbol in pair.symbols})

    def venue_of(self, key: str) -> str:
        """The engine's name for a provider's exchange key."""
        return self._venues.get(key, key)

    def carry(self, intent: Intent) -> Order:
        """Do what `intent` says at its exchange; returns the order as the exchange sees it."""
        exchange = self.exchanges[intent.venue]
        if isinstance(intent, PlaceOrder):
            return exchange.submit(msgspec.structs.replace(intent, venue=exchange.venue))
        if isinstance(intent, CancelOrder):
            return exchange.cancel_order(intent.client_id)
        try:
            return exchange.get_order(intent.client_id)
        except KeyError:
            return self._never_existed(intent)

    async def acarry(self, intent: Intent) -> Order:
        """`carry` without blocking."""
        exchange = self.exchanges[intent.venue]
        if isinstance(intent, PlaceOrder):
            return await exchange.asubmit(msgspec.structs.replace(intent, venue=exchange.venue))
        if isinstance(intent, CancelOrder):
            return await exchange.acancel_order(intent.client_id)
        try:
            return await exchange.aget_order(intent.client_id)
        except KeyError:
            return self._never_existed(intent)

    def _never_existed(self, question: QueryOrder) -> Order:
        """The record of an order that its exchange has never seen."""
        order = self._engine.desk.order(question.client_id)
        return msgspec.structs.replace(order, status=OrderStatus.NEVER_EXISTED)
