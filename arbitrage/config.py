"""The one TOML file of a user, checked whole before anything starts.

An unknown key, a wrong unit or type, a route to a venue that is not configured: each is refused
with the key, the value and what was expected, all of them at once. Secrets have no place here.
"""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.fx import FixedFx, FxSource
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Direction
from arbitrage.domain.symbols import USD_LIKE
from arbitrage.domain.units import NS_PER_MS, decimal_of
from arbitrage.engine.config import (
    ArbitrageConfig,
    LegConfig,
    RiskLimits,
    RouteConfig,
    RouteKind,
    fx_source,
)

Market = tuple[str, str]
_LEG = r"^[^:,\s]+:[^,\s]+$"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SessionTable(_Table):
    """`[session]`: `id` starts every client order id and must never be used twice on one account;
    `tick_seconds` is how often the engine's timers run."""

    id: str = Field("s", pattern=r"^[A-Za-z0-9]{1,16}$")
    tick_seconds: float = Field(1.0, gt=0)


class FeesTable(_Table):
    """`[venues.NAME.fees]`: basis points of notional, and the currency they are taken in."""

    taker_bps: float = Field(ge=0, lt=10_000)
    maker_bps: float = Field(0.0, gt=-10_000, lt=10_000)
    manner: FeeManner = FeeManner.QUOTE
    third_token: str = ""

    def schedule(self) -> FeeSchedule:
        return FeeSchedule(
            taker_bps=self.taker_bps,
            maker_bps=self.maker_bps,
            manner=self.manner,
            third_token=self.third_token,
        )


class VenueTable(_Table):
    """`[venues.NAME]`: a paper account: what it owns, how far away it is, what it charges."""

    kind: Literal["paper"] = "paper"
    latency_ms: float = Field(50.0, ge=0)
    answer_latency_ms: float | None = Field(None, ge=0)
    balances: dict[str, Decimal] = Field(default_factory=dict)
    fees: FeesTable | None = None

    @property
    def latency_ns(self) -> int:
        """From the intent to its arrival at the venue."""
        return round(self.latency_ms * NS_PER_MS)

    @property
    def answer_latency_ns(self) -> int:
        """From the venue's answer to its arrival here."""
        answer_ms = self.latency_ms if self.answer_latency_ms is None else self.answer_latency_ms
        return round(answer_ms * NS_PER_MS)


class FxTable(_Table):
    """`[fx]`: either `book`, the market that prices the dollar-like quote (`upbit:KRW-USDT`), or
    `rate`, a fixed price of it, for tests and quotes of the same value."""

    book: str | None = Field(None, pattern=_LEG)
    rate: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _is_one(self) -> "FxTable":
        if (self.book is None) == (self.rate is None):
            raise ValueError("expected either book or rate")
        return self


class MarketTable(_Table):
    """`[market]`: the simulated market that `arb paper` trades on.

    `kind` is `kimchi` (KRW spot against USDT perpetuals) or `krw-pair` (two KRW venues); `bases`
    leaves out all other assets; `time_scale` is how many seconds of premium dynamics pass in one;
    `staged` adds dislocations more often than they were measured, so that a demo trades.
    """

    kind: Literal["kimchi", "krw-pair"] = "kimchi"
    seed: int = Field(1, ge=0)
    depth: int = Field(10, ge=1, le=50)
    time_scale: float = Field(1.0, gt=0, le=86_400)
    staged: bool = False
    bases: list[str] | None = Field(None, min_length=1)


class TermsTable(_Table):
    """`[terms]`, and the same keys in any `[[routes]]`: on what terms routes are traded.

    The meaning and unit of each key are those of `RouteConfig`.
    """

    kind: RouteKind | None = None
    min_edge_bps: float | None = None
    slippage_bps: float | None = Field(None, ge=0)
    leg_risk_bps: float | None = Field(None, ge=0)
    max_position_usd: float | None = Field(None, gt=0)
    max_open_trades: int | None = Field(None, ge=1)
    directions: list[Direction] | None = Field(None, min_length=1)
    max_book_age_seconds: float | None = Field(None, gt=0)
    max_leg_skew_seconds: float | None = Field(None, gt=0)
    max_fx_age_seconds: float | None = Field(None, gt=0)
    max_jump_bps: float | None = Field(None, gt=0)
    min_seconds_between_entries: float | None = Field(None, ge=0)
    expected_exit_bps: float | None = None
    exit_half_life_seconds: float | None = Field(None, gt=0)
    expected_holding_seconds: float | None = Field(None, ge=0)
    close_on_spread_reversal: bool | None = None
    take_profit_bps: float | None = Field(None, ge=0)
    stop_loss_bps: float | None = Field(None, ge=0)
    max_holding_seconds: float | None = Field(None, gt=0)
    exit_on_funding_bps: float | None = Field(None, ge=0)
    hedge_band_bps: float | None = Field(None, ge=0)
    hedge_band_step_bps: float | None = Field(None, ge=0)
    hedge_band_max_bps: float | None = Field(None, ge=0)
    hedge_retry_seconds: float | None = Field(None, ge=0)
    answer_timeout_seconds: float | None = Field(None, gt=0)

    def given(self) -> dict[str, Any]:
        """The keys that were written down, as `RouteConfig` takes them."""
        values = {name: getattr(self, name) for name in TermsTable.model_fields}
        given = {name: value for name, value in values.items() if value is not None}
        if "directions" in given:
            given["directions"] = tuple(given["directions"])
        return given


class RouteTable(TermsTable):
    """One `[[routes]]`: legs `a` and `b` as `venue:symbol`, a name, and terms of its own.

    With `bases`, a list of assets, it stands for one route each: `{base}` in `a` and `b` is
    replaced.
    """

    a: str = Field(pattern=_LEG)
    b: str = Field(pattern=_LEG)
    name: str | None = None
    fx: FxTable | None = None
    bases: list[str] | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _has_places_for_bases(self) -> "RouteTable":
        has_places = "{base}" in self.a and "{base}" in self.b
        if (self.bases is not None) != has_places:
            raise ValueError("bases goes with, and only with, {base} in both a and b")
        return self

    @property
    def markets(self) -> tuple[Market, Market]:
        return market(self.a), market(self.b)

    def expanded(self) -> list["RouteTable"]:
        """One route for each of `bases`, or this one alone."""
        if self.bases is None:
            return [self]
        return [
            self.model_copy(
                update={
                    "a": self.a.replace("{base}", base),
                    "b": self.b.replace("{base}", base),
                    "name": None if self.name is None else f"{self.name} {base}",
                    "bases": None,
                }
            )
            for base in self.bases
        ]


class RiskTable(_Table):
    """`[risk]`: the keys and units of `RiskLimits`; a key that is left out keeps its default."""

    max_order_notional_usd: float | None = Field(None, ge=0)
    price_band_bps: float | None = Field(None, ge=0)
    max_orders_per_second: float | None = Field(None, ge=0)
    max_route_notional_usd: float | None = Field(None, ge=0)
    max_consecutive_losses: int | None = Field(None, ge=0)
    cooldown_seconds: float | None = Field(None, ge=0)
    max_unhedged_seconds: float | None = Field(None, ge=0)
    max_gross_notional_usd: float | None = Field(None, ge=0)
    max_net_delta_usd: float | None = Field(None, ge=0)
    max_daily_loss_usd: float | None = Field(None, ge=0)
    max_drawdown_usd: float | None = Field(None, ge=0)
    day_starts_at_hour_utc: int | None = Field(None, ge=0, le=23)

    def limits(self) -> RiskLimits:
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return RiskLimits(**{name: value for name, value in values.items() if value is not None})


class Settings(_Table):
    """The whole file."""

    session: SessionTable = SessionTable()
    market: MarketTable = MarketTable()
    venues: dict[str, VenueTable] = Field(min_length=1)
    fx: FxTable | None = None
    terms: TermsTable = TermsTable()
    routes: list[RouteTable] = Field(min_length=1)
    risk: RiskTable = RiskTable()

    @model_validator(mode="after")
    def _venues_exist(self) -> "Settings":
        for position, route in enumerate(self.routes):
            for key, (venue, _) in zip("ab", route.markets, strict=True):
                if venue not in self.venues:
                    raise ValueError(
                        f"routes[{position}].{key} is {getattr(route, key)!r}; expected a venue "
                        f"of [venues]: {', '.join(self.venues)}"
                    )
        return self

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
        for key, its_market in zip("ab", route.markets, strict=True):
            instrument = instruments.get(its_market)
            if instrument is None:
                raise ConfigError(
                    _unknown_market(f"routes[{position}].{key}", its_market, instruments)
                )
            schedule = self.fees_of(its_market, fees)
            legs.append(LegConfig(instrument=instrument, fees=schedule))
        a, b = legs
        fx = self._fx(route.fx or self.fx, a.instrument.quote, b.instrument.quote)
        return RouteConfig(
            name=route.name or f"{route.a},{route.b}",
            a=a,
            b=b,
            fx=fx,
            **{**self.terms.given(), **route.given()},
        )

    def fees_of(self, its_market: Market, fees: Mapping[Market, FeeSchedule]) -> FeeSchedule:
        """What trading a market costs: the file's word first, then the market's own."""
        table = self.venues[its_market[0]].fees
        if table is not None:
            return table.schedule()
        return fees.get(its_market, FeeSchedule())

    @staticmethod
    def _fx(table: FxTable | None, quote_a: str, quote_b: str) -> FxSource | None:
        if table is None:
            return None
        needs_one = quote_a != quote_b or quote_a not in USD_LIKE
        if table.rate is not None:
            if not needs_one:
                return None
            source = fx_source(table.rate, quote_a, quote_b)
            assert isinstance(source, FixedFx)
            return source
        return fx_source(table.book, quote_a, quote_b) if needs_one else None


def market(text: str) -> Market:
    """`venue:symbol` as a pair; the symbol may hold colons of its own."""
    venue, _, symbol = text.partition(":")
    return venue, symbol


def _unknown_market(key: str, its_market: Market, instruments: Mapping[Market, Instrument]) -> str:
    venue, symbol = its_market
    known = [other for name, other in instruments if name == venue]
    if not known:
        venues = ", ".join(sorted({name for name, _ in instruments})) or "none"
        return f"{key} is '{venue}:{symbol}': no market of {venue} is known here; venues: {venues}"
    shown = ", ".join(sorted(known)[:8]) + (", ..." if len(known) > 8 else "")
    return f"{key} is '{venue}:{symbol}': {venue} has no such symbol; expected one of {shown}"


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
        lines = [f"  {_where(problem)}" for problem in error.errors()]
        raise ConfigError(
            f"{name}: {len(lines)} problem(s), nothing was started\n" + "\n".join(lines)
        ) from None


def _where(problem: Any) -> str:
    key = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]
    ).lstrip(".")
    message: str = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        message = "no such key"
    if not key:
        return message
    value = problem["input"]
    shown = "" if isinstance(value, dict) else f" is {str(value)!r}"
    return f"{key}{shown}: {message}"
