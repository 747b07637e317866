"""What the engine decided, as data: trades opened and closed, refusals with their one reason.

A reason is a plain word (`min_edge`, `stale_book`, `balance`, `in_doubt`) or `risk:<limit>`.
"""

import msgspec

from arbitrage.domain.intents import Intent
from arbitrage.domain.sides import Direction
from arbitrage.domain.trade import ArbitrageTrade


class Refusal(msgspec.Struct, frozen=True, gc=False, tag="refusal"):
    """An opportunity above zero that is not traded. `edge_bps` is its net edge at the touch."""

    ts_ns: int
    route: str
    direction: Direction | None
    reason: str
    edge_bps: float


class TradeOpened(msgspec.Struct, frozen=True, tag="opened"):
    ts_ns: int
    trade: ArbitrageTrade


class TradeClosing(msgspec.Struct, frozen=True, tag="closing"):
    """An exit was decided; its orders are among the intents of the same step."""

    ts_ns: int
    trade: ArbitrageTrade


class TradeClosed(msgspec.Struct, frozen=True, tag="closed"):
    """A trade has ended. It comes again, corrected, for one that a late fill or fee reopened."""

    ts_ns: int
    trade: ArbitrageTrade


class RiskChanged(msgspec.Struct, frozen=True, tag="risk"):
    """The ladder moved to `level` for `scope`: a route, a venue or `portfolio`."""

    ts_ns: int
    scope: str
    level: str
    reason: str


Decision = Refusal | TradeOpened | TradeClosing | TradeClosed | RiskChanged


class Step(msgspec.Struct, frozen=True, gc=False):
    """The answer to one event."""

    intents: tuple[Intent, ...] = ()
    decisions: tuple[Decision, ...] = ()


NOTHING = Step()
