"""Which symbols of two exchanges make a route, and under which names their books are asked for.

A provider knows exchanges as `a` and `b`, the engine knows venues by name. Where both exchanges
bear one name, or both legs one symbol, the two are told apart by these keys.
"""

from collections.abc import Iterable, Sequence

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.fx import FxBook, FxSource
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.engine.arithmetic import gross_edge_bps
from arbitrage.engine.config import ArbitrageConfig, fx_source
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.engine.route_state import RouteState
from arbitrage.exchanges.base import Exchange
from arbitrage.exchanges.market_data_provider import (
    MarketDataProvider,
    RestMarketDataProvider,
    WebSocketMarketDataProvider,
)

_MAX_SELECTIONS = 4_096

Books = Sequence[OrderBookSnapshot | None]


class Pair:
    """One route and the names under which its books are asked for.

    `symbols` are A, B and, if the rate comes from a book, FX, in the provider's naming; `venues`
    are the engine's names of where they are.
    """

    __slots__ = ("route", "symbols", "venues")

    def __init__(
        self, route: RouteState, symbols: tuple[str, ...], venues: tuple[str, ...]
    ) -> None:
        self.route = route
        self.symbols = symbols
        self.venues = venues

    def events(self, books: Books) -> list[BookSnapshot]:
        """The books, given in the order of `symbols`, as events; one that is None is left out."""
        return _events(books, self.venues)

    def spread_bps(self) -> float | None:
        """The better gross edge of the two directions at the touch; None if it is not known."""
        route = self.route
        a, b = route.a.market, route.b.market
        fx = route.fx_sell_b
        if not (fx and a.bids and a.asks and b.bids and b.asks):
            return None
        long_a = gross_edge_bps(b.bids[0][0] * fx, a.asks[0][0])
        long_b = gross_edge_bps(a.bids[0][0], b.asks[0][0] * fx)
        return long_a if long_a > long_b else long_b


class Selection:
    """The pairs that one step looks at, and every book it needs, each once.

    `unknown` are symbols that belong to no pair: a step finds out whether both exchanges have
    them.
    """

    __slots__ = ("named", "pairs", "symbols", "unknown", "venues")

    def __init__(
        self, pairs: Sequence[Pair], named: Sequence[str] = (), unknown: Sequence[str] = ()
    ) -> None:
        self.pairs = pairs
        self.named = named
        self.unknown = unknown
        places = {
            symbol: venue
            for pair in pairs
            for symbol, venue in zip(pair.symbols, pair.venues, strict=True)
        }
        self.symbols = tuple(places)
        self.venues = tuple(places.values())

    def events(self, books: Books) -> tuple[list[BookSnapshot], bool]:
        """The books as events, and whether every leg was there.

        Of a pair with a leg missing the other leg is left out too, so that no route is judged by
        half of what it needs. A missing FX book holds nothing back: the engine refuses for it.
        """
        events = _events(books, self.venues)
        if len(events) == len(books):
            return events, True
        return self._events_of_whole_pairs(dict(zip(self.symbols, books, strict=True)))

    def _events_of_whole_pairs(
        self, found: dict[str, OrderBookSnapshot | None]
    ) -> tuple[list[BookSnapshot], bool]:
        whole = [
            pair
            for pair in self.pairs
            if found[pair.symbols[0]] is not None and found[pair.symbols[1]] is not None
        ]
        chosen = Selection(whole)
        books = [found[symbol] for symbol in chosen.symbols]
        return _events(books, chosen.venues), len(whole) == len(self.pairs)


def _events(books: Books, venues: Sequence[str]) -> list[BookSnapshot]:
    return [
        book.event(venue) for book, venue in zip(books, venues, strict=True) if book is not None
    ]


class Pairs:
    """All routes of a runner, by symbol and by name."""

    def __init__(
        self,
        engine: ArbitrageEngine,
        exchange_a: Exchange,
        exchange_b: Exchange,
        terms: ArbitrageConfig,
        keys: tuple[str, str] | None,
    ) -> None:
        """`keys` are the provider's names of the two exchanges; a provider that has none is asked
        for bare symbols, as long as the two legs differ."""
        self._keys = None if keys is None else dict(zip("ab", keys, strict=True))
        # One object on both sides is one account: two markets of one venue.
        same_name = exchange_a.venue == exchange_b.venue and exchange_a is not exchange_b
        self._venues = {
            "a": "a" if same_name else exchange_a.venue,
            "b": "b" if same_name else exchange_b.venue,
        }
        self.exchanges = {self._venues["a"]: exchange_a, self._venues["b"]: exchange_b}
        self._engine = engine
        self._terms = terms
        self._by_symbol: dict[str, list[Pair]] = {}
        self._by_route: dict[str, Pair] = {}
        self._selections: dict[tuple[str, ...], Selection] = {}

    # --- what there is ------------------------------------------------------------------------

    def add(self, symbol_a: str, symbol_b: str) -> Pair:
        """Watch and trade A's `symbol_a` against B's `symbol_b`."""
        terms = self._terms
        a, fees_a = self._market("a", symbol_a, terms.taker_fee_a_bps)
        b, fees_b = self._market("b", symbol_b, terms.taker_fee_b_bps)
        fx = self._fx(a.quote, b.quote)
        terms = msgspec.structs.replace(terms, fx=fx)
        route = self._engine.add_route(terms.route(a, b, fee_a=fees_a, fee_b=fees_b))
        places = [("a", symbol_a), ("b", symbol_b)]
        if isinstance(fx, FxBook):
            places.append(("a" if fx.venue == self._venues["a"] else "b", fx.symbol))
        is_bare = self._keys is None and symbol_a != symbol_b
        pair = Pair(
            route,
            tuple(symbol if is_bare else self.qualified(side, symbol) for side, symbol in places),
            tuple(self._venues[side] for side, _ in places),
        )
        self._by_route[route.name] = pair
        for symbol in {symbol_a: 0, symbol_b: 0}:
            self._by_symbol.setdefault(symbol, []).append(pair)
        self._selections.clear()
        return pair

    def _market(self, key: str, symbol: str, taker_bps: float) -> tuple[Instrument, FeeSchedule]:
        """The rules of a market under the engine's name of its venue, and its fees."""
        venue = self._venues[key]
        exchange = self.exchanges[venue]
        instrument = msgspec.structs.replace(exchange.instrument(symbol), venue=venue)
        exchange.assume_fees(symbol, FeeSchedule(taker_bps=taker_bps))
        return instrument, exchange.fees(symbol)

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

    # --- finding it again ---------------------------------------------------------------------

    def by_route(self, name: str) -> Pair:
        """Raises `KeyError` for a route that is not one of this runner's."""
        return self._by_route[name]

    def everything(self) -> Selection:
        """Every pair."""
        return Selection(tuple(self._by_route.values()))

    def of_symbol(self, symbol: str) -> Sequence[Pair]:
        """Every pair with `symbol` as a leg."""
        return self._by_symbol.get(symbol, ())

    def select(self, symbols: Iterable[str]) -> Selection:
        """Every pair with any of `symbols` as a leg, each once, in the order of naming."""
        named = tuple(symbols)
        known = self._selections.get(named)
        if known is None:
            chosen = {pair.route.name: pair for name in named for pair in self.of_symbol(name)}
            unknown = tuple({name: 0 for name in named if name not in self._by_symbol})
            known = Selection(tuple(chosen.values()), named, unknown)
            if not unknown:
                if len(self._selections) >= _MAX_SELECTIONS:
                    self._selections.clear()
                self._selections[named] = known
        return known

    def venue_of(self, key: str) -> str:
        """The engine's name of the venue that the provider knows by `key`."""
        sides = {} if self._keys is None else {name: side for side, name in self._keys.items()}
        return self._venues[sides.get(key, key)]

    def qualified(self, side: str, symbol: str) -> str:
        """`symbol` on `side` (`a` or `b`), as the provider is asked for it."""
        return f"{side if self._keys is None else self._keys[side]}:{symbol}"


def provider_keys(provider: MarketDataProvider, a: Exchange, b: Exchange) -> tuple[str, str] | None:
    """Under which names `provider` knows the exchanges; None for one that knows no names.

    It may hold these very exchanges, others of the same venues (real books for paper orders), or
    anything at all under `a` and `b`.
    """
    if not isinstance(provider, RestMarketDataProvider | WebSocketMarketDataProvider):
        return None

    def key(exchange: Exchange, side: str) -> str:
        for name, held in provider.exchanges.items():
            if held is exchange:
                return name
        return exchange.venue if exchange.venue in provider.exchanges else side

    return key(a, "a"), key(b, "b")
