"""What a person sees of a running session, as plain data: one `SessionView` per look.

A runner fills it; the terminal table and the web dashboard read it, and neither asks for more.
Nothing is computed from books here and nothing flows back: amounts are floats in US dollars, for
eyes only.
"""

from collections.abc import Mapping
from enum import Enum

import msgspec

from arbitrage.domain.sides import Direction


class VenueState(Enum):
    """`STALE`: connected, but its books are older than may be traded on."""

    UP = "up"
    STALE = "stale"
    DOWN = "down"


class Severity(Enum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class PnlView(msgspec.Struct, kw_only=True):
    """A result in US dollars by where it came from; fees paid are negative."""

    price_usd: float = 0.0
    fx_usd: float = 0.0
    fees_usd: float = 0.0
    funding_usd: float = 0.0

    @property
    def total_usd(self) -> float:
        return self.price_usd + self.fx_usd + self.fees_usd + self.funding_usd


class VenueView(msgspec.Struct, kw_only=True):
    """One venue. `last_age_ms` is how old its newest event is, `latency_p50_ms` how long events
    were under way; None is unknown. `reason` says why it is not up."""

    name: str
    state: VenueState = VenueState.DOWN
    last_age_ms: float | None = None
    events: int = 0
    latency_p50_ms: float | None = None
    reason: str = ""


class RouteView(msgspec.Struct, kw_only=True):
    """One route. `label`, if given, is shown instead of `name`.

    `premium_bps` is mid of A over mid of B, in A's quote; `edge_bps` the net edge of the better
    `direction` after every cost; None is unknown. `trades` counts closed ones. `top_refusal` is
    the reason most often given, `top_refusal_count` times.
    """

    name: str
    label: str = ""
    premium_bps: float | None = None
    direction: Direction | None = None
    edge_bps: float | None = None
    open_trades: int = 0
    position_usd: float = 0.0
    pnl: PnlView = msgspec.field(default_factory=PnlView)
    trades: int = 0
    top_refusal: str = ""
    top_refusal_count: int = 0

    @property
    def title(self) -> str:
        return self.label or self.name


class OpenTradeView(msgspec.Struct, kw_only=True):
    """A trade that is not closed; `pnl_usd` is what closing now would make, None if unknown."""

    trade_id: str
    route: str
    direction: Direction
    phase: str
    notional_usd: float
    edge_bps: float
    age_seconds: float
    pnl_usd: float | None = None


class RefusalCount(msgspec.Struct, frozen=True):
    reason: str
    count: int


class Alert(msgspec.Struct, frozen=True):
    """A line for the person: what happened, where, and what happens now."""

    severity: Severity
    text: str


class SessionView(msgspec.Struct, kw_only=True):
    """A session at one moment.

    `refusals` come most frequent first; `alerts` newest last. `note` is what the person must know
    of the whole session, for instance that its market is simulated. The loop figures are the time
    of one step in microseconds, without waiting.
    """

    mode: str
    elapsed_seconds: float
    events: int = 0
    events_per_second: float = 0.0
    venues: list[VenueView] = []
    routes: list[RouteView] = []
    pnl: PnlView = msgspec.field(default_factory=PnlView)
    trades_opened: int = 0
    trades_closed: int = 0
    refusals: list[RefusalCount] = []
    loop_p50_us: float | None = None
    loop_p99_us: float | None = None
    open_trades: list[OpenTradeView] = []
    risk_level: str = "NORMAL"
    alerts: list[Alert] = []
    note: str = ""


def refusal_counts(counts: Mapping[str, int]) -> list[RefusalCount]:
    """Counts by reason as a view shows them: most frequent first, equals by name."""
    return [
        RefusalCount(reason, count)
        for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
