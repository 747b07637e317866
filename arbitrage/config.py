"""The one TOML file of a user, checked whole before anything starts.

An unknown key, a wrong unit or type, a route to a venue that is not configured: each is refused
with the key, the value and what was expected, all of them at once. Secrets have no place here.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field, ValidationError, field_validator, model_validator

from arbitrage.config_problems import problems, unknown_market
from arbitrage.config_tables import (
    FxTable,
    Market,
    MarketTable,
    RiskTable,
    RouteTable,
    SessionTable,
    Table,
    TermsTable,
    VenueTable,
    market,
)
from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.fx import FxSource
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.ledger import CONTRA_ACCOUNTS
from arbitrage.domain.symbols import USD_LIKE
from arbitrage.domain.units import decimal_of
from arbitrage.engine.config import ArbitrageConfig, LegConfig, RouteConfig, fx_source

_VENUE = re.compile(r"[^:,\s]+")


class Settings(Table):
    """The whole file."""

    session: SessionTable = SessionTable()
    market: MarketTable = MarketTable()
    venues: dict[str, VenueTable] = Field(min_length=1)
    fx: FxTable | None = None
    terms: TermsTable = TermsTable()
    routes: list[RouteTable] = Field(min_length=1)
    risk: RiskTable = RiskTable()

    @field_validator("venues")
    @classmethod
    def _names_are_free(cls, venues: dict[str, VenueTable]) -> dict[str, VenueTable]:
        for name in venues:
            if name in CONTRA_ACCOUNTS:
                raise ValueError(
                    f"no venue may be called {name!r}, which is an account of the ledger; "
                    f"so are {', '.join(sorted(CONTRA_ACCOUNTS - {name}))}"
                )
            if not _VENUE.fullmatch(name):
                raise ValueError(f"venue {name!r}: expected a name without colon, comma or space")
        return venues

    @model_validator(mode="after")
    def _fits_together(self) -> "Settings":
        wrong = [*self._unknown_venues(), *self._names_taken_twice()]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    def _unknown_venues(self) -> Iterator[str]:
        named = [("fx.book", self.fx and self.fx.book)]
        for position, route in enumerate(self.routes):
            named += [
                (f"routes[{position}].a", route.a),
                (f"routes[{position}].b", route.b),
                (f"routes[{position}].fx.book", route.fx and route.fx.book),
            ]
        for key, text in named:
            if text and market(text)[0] not in self.venues:
                known = ", ".join(self.venues)
                yield f"{key} is {text!r}: expected a venue of [venues]: {known}"

    def _names_taken_twice(self) -> Iterator[str]:
        taken: dict[str, str] = {}
        for position, table in enumerate(self.routes):
            for route in table.expanded():
                key = f"routes[{position}]"
                if route.route_name in taken:
                    first = taken[route.route_name]
                    yield f"{key}: {route.route_name!r} is the name of {first} already"
                taken.setdefault(route.route_name, key)

    def symbols(self) -> dict[str, list[str]]:
        """By venue every symbol that a route or its FX needs, each once."""
        wanted: dict[str, dict[str, None]] = {venue: {} for venue in self.venues}
        for table in self.routes:
            for route in table.expanded():
                for venue, symbol in route.markets:
                    wanted.setdefault(venue, {})[symbol] = None
        for fx in (self.fx, *(table.fx for table in self.routes)):
            if fx is not None and fx.book is not None:
                venue, symbol = market(fx.book)
                wanted.setdefault(venue, {})[symbol] = None
        return {venue: list(symbols) for venue, symbols in wanted.items()}

    def engine_config(
        self,
        instruments: Mapping[Market, Instrument],
        fees: Mapping[Market, FeeSchedule] | None = None,
    ) -> ArbitrageConfig:
        """The engine's configuration for markets that exist.

        `fees` are a market's own fees where the file names none for its venue. Raises
        `ConfigError` for a route to a market that is not among `instruments`.
        """
        routes = tuple(
            self._route(position, route, instruments, fees or {})
            for position, table in enumerate(self.routes)
            for route in table.expanded()
        )
        return ArbitrageConfig(
            routes=routes,
            risk_limits=self.risk.limits(),
            session=self.session.id,
            tick_seconds=self.session.tick_seconds,
            opening_balances={name: venue.balances for name, venue in self.venues.items()},
        )

    def _route(
        self,
        position: int,
        route: RouteTable,
        instruments: Mapping[Market, Instrument],
        fees: Mapping[Market, FeeSchedule],
    ) -> RouteConfig:
        legs = []
        for leg, its_market in zip("ab", route.markets, strict=True):
            instrument = instruments.get(its_market)
            if instrument is None:
                key = f"routes[{position}].{leg}"
                raise ConfigError(unknown_market(key, its_market, instruments))
            schedule = self.fees_of(its_market, fees)
            if schedule is None:
                raise ConfigError(
                    f"routes[{position}].{leg} is '{':'.join(its_market)}': what it costs to trade "
                    f"is not known; write it down, for instance [venues.{its_market[0]}] "
                    "fees = { taker_bps = 5 }; nothing was started"
                )
            legs.append(LegConfig(instrument=instrument, fees=schedule))
        a, b = legs
        quotes = a.instrument.quote, b.instrument.quote
        return RouteConfig(
            name=route.route_name,
            a=a,
            b=b,
            fx=self._fx(position, route, quotes, instruments),
            **{**self.terms.given(), **route.given()},
        )

    def fees_of(self, its_market: Market, fees: Mapping[Market, FeeSchedule]) -> FeeSchedule | None:
        """What trading a market costs: the file's word first, then the market's own; None if
        neither says. A cost is never taken for zero."""
        table = self.venues[its_market[0]].fees
        if table is not None:
            return table.schedule()
        return fees.get(its_market)

    def _fx(
        self,
        position: int,
        route: RouteTable,
        quotes: tuple[str, str],
        instruments: Mapping[Market, Instrument],
    ) -> FxSource | None:
        key = "fx.book" if route.fx is None else f"routes[{position}].fx.book"
        table = route.fx or self.fx
        if table is None or (quotes[0] == quotes[1] and quotes[0] in USD_LIKE):
            return None
        if table.book is not None and market(table.book) not in instruments:
            raise ConfigError(unknown_market(key, market(table.book), instruments))
        return fx_source(table.rate if table.book is None else table.book, *quotes)


def load(path: Path) -> Settings:
    """Read and check a file. Raises `ConfigError` naming every key that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); nothing was started") from error
    return parse(text, str(path))


def parse(text: str, name: str = "config") -> Settings:
    """Check the text of a file; `name` stands in the messages."""
    try:
        # TOML floats are read as decimals, so that balances stay exact.
        raw = tomllib.loads(text, parse_float=decimal_of)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: not TOML ({error}); nothing was started") from error
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        lines = problems(error, Settings)
        raise ConfigError(
            f"{name}: {len(lines)} problem(s), nothing was started\n  " + "\n  ".join(lines)
        ) from None
