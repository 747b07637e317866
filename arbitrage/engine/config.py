"""What a user tells the engine: routes, costs, limits. Checked when built, frozen after.

`ArbitrageConfig` is the simple face: one set of costs for legs A and B. It also carries explicit
`RouteConfig`s where a user trades many routes with different terms.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from math import inf, isfinite

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.fx import FixedFx, FxBook, FxFeed, FxSource
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Direction
from arbitrage.domain.symbols import USD_LIKE, venue_and_symbol
from arbitrage.domain.units import BPS


class RouteKind(Enum):
    """`INVENTORY` trades are complete in themselves; `CONVERGENCE` trades are unwound later."""

    INVENTORY = "inventory"
    CONVERGENCE = "convergence"


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the four scopes; amounts in US dollars. `inf` switches a limit off.

    A breach of an order or route limit refuses the order with `risk:<limit>`; a breach of a
    portfolio limit moves the ladder down and a person has to move it up again.
    """

    # order
    max_order_notional_usd: float = inf
    price_band_bps: float = 500.0
    max_orders_per_second: float = 50.0
    # route
    max_route_notional_usd: float = inf
    max_consecutive_losses: int = 5
    cooldown_seconds: float = 60.0
    max_unhedged_seconds: float = 30.0
    # portfolio
    max_gross_notional_usd: float = inf
    max_net_delta_usd: float = inf
    max_daily_loss_usd: float = inf
    max_drawdown_usd: float = inf
    day_starts_at_hour_utc: int = 0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value < 0 or value != value:
                raise ConfigError(f"risk limit {name} is {value}; expected zero or more")
        if not 0 <= self.day_starts_at_hour_utc <= 23:
            raise ConfigError(
                f"day_starts_at_hour_utc is {self.day_starts_at_hour_utc}; expected 0 to 23"
            )

    def stricter(self, other: "RiskLimits") -> "RiskLimits":
        """The tighter of each limit; a cooldown is tighter when it is longer."""
        tighter = {
            name: min(getattr(self, name), getattr(other, name)) for name in self.__struct_fields__
        }
        tighter["cooldown_seconds"] = max(self.cooldown_seconds, other.cooldown_seconds)
        tighter["day_starts_at_hour_utc"] = other.day_starts_at_hour_utc
        return RiskLimits(**tighter)


class LegConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a route: the instrument and what trading it costs."""

    instrument: Instrument
    fees: FeeSchedule = FeeSchedule()


class RouteConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Two legs, the FX between their quotes, and the terms on which they are traded.

    `min_edge_bps` is the least net edge after every cost. `slippage_bps` is how much worse than
    the walked prices both legs together may fill; it is charged once per crossing and bounds the
    limit prices, half on each leg. `expected_exit_bps` is the premium of A over B at which a
    convergence trade is expected to end; `exit_half_life_seconds`, if given, replaces it by the
    running mean of the premium. `leg_risk_bps` is a further allowance.
    """

    name: str
    a: LegConfig
    b: LegConfig
    kind: RouteKind = RouteKind.CONVERGENCE
    fx: FxSource | None = None
    min_edge_bps: float = 30.0
    slippage_bps: float = 5.0
    leg_risk_bps: float = 0.0
    max_position_usd: float = 1000.0
    max_open_trades: int = 1
    directions: tuple[Direction, ...] = tuple(Direction)
    # freshness
    max_book_age_seconds: float = 5.0
    max_leg_skew_seconds: float = 5.0
    max_fx_age_seconds: float = 60.0
    max_jump_bps: float = 2000.0
    # entry and exit
    min_seconds_between_entries: float = 1.0
    expected_exit_bps: float = 0.0
    exit_half_life_seconds: float | None = None
    expected_holding_seconds: float = 3600.0
    close_on_spread_reversal: bool = True
    take_profit_bps: float | None = None
    stop_loss_bps: float | None = None
    max_holding_seconds: float | None = None
    exit_on_funding_bps: float | None = None
    # hedging
    hedge_band_bps: float = 10.0
    hedge_band_step_bps: float = 10.0
    hedge_band_max_bps: float = 100.0
    hedge_retry_seconds: float = 0.25
    answer_timeout_seconds: float = 5.0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            is_number = isinstance(value, float | int) and not isinstance(value, bool)
            may_be_negative = name in ("expected_exit_bps", "min_edge_bps")
            if is_number and (not isfinite(value) or (value < 0 and not may_be_negative)):
                raise ConfigError(f"route {self.name}: {name} is {value}; expected zero or more")
        if self.a.instrument.base != self.b.instrument.base:
            raise ConfigError(
                f"route {self.name}: leg A trades {self.a.instrument.base}, leg B "
                f"{self.b.instrument.base}; both legs of a route trade the same asset"
            )
        for name in ("slippage_bps", "hedge_band_max_bps"):
            if getattr(self, name) >= BPS:
                raise ConfigError(
                    f"route {self.name}: {name} is {getattr(self, name)}; expected less than "
                    "10000, or a sale could be for nothing"
                )
        if self.max_open_trades < 1:
            raise ConfigError(f"route {self.name}: max_open_trades is {self.max_open_trades}")
        if self.exit_half_life_seconds is not None and self.exit_half_life_seconds <= 0:
            raise ConfigError(f"route {self.name}: exit_half_life_seconds must be above zero")
        if not self.directions:
            raise ConfigError(f"route {self.name}: directions is empty; nothing could be traded")
        self._check_fx()

    def _check_fx(self) -> None:
        quotes = {self.a.instrument.quote, self.b.instrument.quote}
        if self.fx is None or len(quotes) == 1:
            return
        currencies = (
            self.fx.currencies if isinstance(self.fx, FxBook) else (self.fx.base, self.fx.quote)
        )
        if set(currencies) != quotes:
            raise ConfigError(
                f"route {self.name}: fx is {'/'.join(currencies)}, the legs are quoted in "
                f"{' and '.join(sorted(quotes))}"
            )


class ArbitrageConfig(msgspec.Struct, frozen=True):
    """The simple face: the terms of a pair of legs A and B, and of every pair added later.

    `fx` is the FX of legs whose quotes differ: the book of an FX market
    (`FxBook("upbit", "KRW-USDT")` or `"a:KRW-USDT"`), a `FixedFx`, or a number (the price of one
    unit of the dollar-like quote in the other). Without one such legs are never traded and the
    refusal reads `no_fx`. `max_position_usd` needs the same rate to bound legs that are both
    quoted in a currency other than the dollar. `min_spread_bps` is the least net edge after every
    cost. `session` makes client ids unique; `opening_balances` is `{venue: {currency: amount}}`.
    """

    min_spread_bps: float = 30.0
    taker_fee_a_bps: float = 5.0
    taker_fee_b_bps: float = 5.0
    slippage_bps: float = 5.0
    max_position_usd: float = 1000.0
    max_open_trades: int = 1
    close_on_spread_reversal: bool = True
    kind: RouteKind = RouteKind.CONVERGENCE
    fx: FxSource | str | float | Decimal | None = None
    max_book_age_seconds: float = 5.0
    expected_exit_bps: float = 0.0
    exit_half_life_seconds: float | None = None
    take_profit_bps: float | None = None
    stop_loss_bps: float | None = None
    max_holding_seconds: float | None = None
    min_seconds_between_entries: float = 0.0
    risk_limits: RiskLimits = RiskLimits()
    routes: tuple[RouteConfig, ...] = ()
    opening_balances: Mapping[str, Mapping[str, Decimal]] = {}
    session: str = "s"
    tick_seconds: float = 1.0

    def __post_init__(self) -> None:
        for name in ("taker_fee_a_bps", "taker_fee_b_bps", "slippage_bps", "max_position_usd"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise ConfigError(f"{name} is {value}; expected zero or more")
        if not isfinite(self.min_spread_bps):
            raise ConfigError(f"min_spread_bps is {self.min_spread_bps}; expected a number")
        if self.max_open_trades < 1:
            raise ConfigError(f"max_open_trades is {self.max_open_trades}; expected one or more")
        if not (isfinite(self.tick_seconds) and self.tick_seconds > 0):
            raise ConfigError(f"tick_seconds is {self.tick_seconds}; expected more than zero")
        if not self.session.isalnum() or not self.session.isascii() or len(self.session) > 16:
            raise ConfigError(
                f"session {self.session!r}: expected 1 to 16 ASCII letters and digits, since it "
                "starts every client order id"
            )
        names = [route.name for route in self.routes]
        if len(set(names)) != len(names):
            raise ConfigError(f"route names must differ: {sorted(names)}")

    def route(
        self,
        a: Instrument,
        b: Instrument,
        *,
        fee_a: FeeSchedule | None = None,
        fee_b: FeeSchedule | None = None,
    ) -> RouteConfig:
        """The route of two instruments on the terms of this configuration.

        A venue's own fee schedule keeps its manner; its rate is raised to the configured one
        where that is higher, so that a cost is never understated.
        """
        return RouteConfig(
            name=f"{a.venue}:{a.symbol},{b.venue}:{b.symbol}",
            a=LegConfig(instrument=a, fees=_dearer(fee_a, self.taker_fee_a_bps)),
            b=LegConfig(instrument=b, fees=_dearer(fee_b, self.taker_fee_b_bps)),
            kind=self.kind,
            fx=fx_source(self.fx, a.quote, b.quote),
            min_edge_bps=self.min_spread_bps,
            slippage_bps=self.slippage_bps,
            max_position_usd=self.max_position_usd,
            max_open_trades=self.max_open_trades,
            max_book_age_seconds=self.max_book_age_seconds,
            max_leg_skew_seconds=self.max_book_age_seconds,
            expected_exit_bps=self.expected_exit_bps,
            exit_half_life_seconds=self.exit_half_life_seconds,
            close_on_spread_reversal=self.close_on_spread_reversal,
            take_profit_bps=self.take_profit_bps,
            stop_loss_bps=self.stop_loss_bps,
            max_holding_seconds=self.max_holding_seconds,
            min_seconds_between_entries=self.min_seconds_between_entries,
        )


def _dearer(fees: FeeSchedule | None, taker_bps: float) -> FeeSchedule:
    if fees is None:
        return FeeSchedule(taker_bps=taker_bps)
    return msgspec.structs.replace(fees, taker_bps=max(fees.taker_bps, taker_bps))


def fx_source(
    fx: FxSource | str | float | Decimal | None, quote_a: str, quote_b: str
) -> FxSource | None:
    """The FX between two quotes as a source; a number is the price of the dollar-like one.

    Raises `ConfigError` for text that is not `venue:symbol`.
    """
    if fx is None or isinstance(fx, FixedFx | FxBook | FxFeed):
        return fx
    if isinstance(fx, str):
        venue, symbol = venue_and_symbol(fx)
        if not venue or not symbol:
            raise ConfigError(f"fx {fx!r}: expected venue:symbol, for instance upbit:KRW-USDT")
        return FxBook(venue, symbol)
    dollar, other = dollar_and_other(quote_a, quote_b)
    return FixedFx(dollar, other, float(fx))


def dollar_and_other(quote_a: str, quote_b: str) -> tuple[str, str]:
    """Which of two quotes a bare rate prices: the dollar-like one, else B's in A's."""
    if quote_a == quote_b:
        return ("USD", quote_a)
    if quote_a in USD_LIKE and quote_b not in USD_LIKE:
        return quote_a, quote_b
    return quote_b, quote_a
