"""The tables of the one TOML file, each with its keys, units and bounds; `config` joins them.

Types are taken strictly: a number in quotes, a `true` for a number or an unknown key is a mistake.
What a key means is said where the engine takes it: `RouteConfig`, `RiskLimits`, `FeeSchedule`.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.sides import Direction
from arbitrage.domain.symbols import venue_and_symbol
from arbitrage.domain.units import NS_PER_MS
from arbitrage.engine.config import RiskLimits, RouteKind

Market = tuple[str, str]
_LEG = r"^[^:,\s]+:[^,\s]+$"


def market(text: str) -> Market:
    """`venue:symbol` as a pair; the symbol may hold colons of its own."""
    return venue_and_symbol(text)


def _unquoted(value: Any) -> Any:
    """Pydantic would read "5" and true as numbers; in this file they are mistakes."""
    if isinstance(value, bool | str):
        raise ValueError("expected a number, without quotes")
    return value


Amount = Annotated[Decimal, Field(ge=0), BeforeValidator(_unquoted)]


class Table(BaseModel):
    """What all tables share: no unknown key, no infinite number, nothing read as what it is not."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _is_of_its_kind(cls, value: Any, info: ValidationInfo) -> Any:
        annotation = cls.model_fields[str(info.field_name)].annotation
        kinds = {annotation, *get_args(annotation)}
        if bool in kinds and not isinstance(value, bool):
            raise ValueError("expected true or false, without quotes")
        return value if kinds.isdisjoint({int, float}) else _unquoted(value)


class SessionTable(Table):
    """`[session]`: `id` starts every client order id and must never be used twice on one account;
    `tick_seconds` is how often the engine's timers run."""

    id: str = Field("s", pattern=r"^[A-Za-z0-9]{1,16}$")
    tick_seconds: float = Field(1.0, gt=0)


class FeesTable(Table):
    """`[venues.NAME.fees]`: basis points of notional, and the currency they are taken in."""

    taker_bps: float = Field(ge=0, lt=10_000)
    maker_bps: float = Field(0.0, gt=-10_000, lt=10_000)
    manner: FeeManner = FeeManner.QUOTE
    third_token: str = ""

    @model_validator(mode="after")
    def _is_sound(self) -> "FeesTable":
        self.schedule()
        return self

    def schedule(self) -> FeeSchedule:
        return FeeSchedule(
            taker_bps=self.taker_bps,
            maker_bps=self.maker_bps,
            manner=self.manner,
            third_token=self.third_token,
        )


class VenueTable(Table):
    """`[venues.NAME]`: a paper account: what it owns, how far away it is, what it charges."""

    kind: Literal["paper"] = "paper"
    latency_ms: float = Field(50.0, ge=0)
    answer_latency_ms: float | None = Field(None, ge=0)
    balances: dict[str, Amount] = Field(default_factory=dict)
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


class FxTable(Table):
    """`[fx]`: either `book`, the market that prices the dollar-like quote (`upbit:KRW-USDT`), or
    `rate`, a fixed price of it, for tests and quotes of the same value."""

    book: str | None = Field(None, pattern=_LEG)
    rate: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _is_one(self) -> "FxTable":
        if (self.book is None) == (self.rate is None):
            raise ValueError("expected either book or rate")
        return self


class MarketTable(Table):
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


class TermsTable(Table):
    """`[terms]`, and the same keys in any `[[routes]]`: on what terms routes are traded.

    The meaning and unit of each key are those of `RouteConfig`.
    """

    kind: RouteKind | None = None
    min_edge_bps: float | None = None
    slippage_bps: float | None = Field(None, ge=0, lt=10_000)
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
    hedge_band_max_bps: float | None = Field(None, ge=0, lt=10_000)
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

    @property
    def route_name(self) -> str:
        return self.name or f"{self.a},{self.b}"

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


class RiskTable(Table):
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
