"""What a simulated venue tells those who listen to it; protocols turn it into frames.

Times are the venue's own clock. The public side carries shared lists: do not change them.
"""

from decimal import Decimal
from enum import Enum

import msgspec

from arbitrage.domain.events import BookSnapshot, Funding, MarketTrade
from arbitrage.sim.order_records import SimFill, SimOrder


class PublicTrade(msgspec.Struct, frozen=True):
    """A trade on the tape; ids rise by one per symbol, `side` is the taker's."""

    trade: MarketTrade
    trade_id: int


class Change(Enum):
    """What just happened to an order: taken in, filled in part or whole, made smaller by
    self-trade prevention (and still alive), or closed."""

    NEW = "new"
    TRADE = "trade"
    PREVENTED = "prevented"
    CLOSED = "closed"


class OrderChanged(msgspec.Struct, frozen=True):
    """One step in the life of an order: NEW, any number of TRADE and PREVENTED, CLOSED.

    A taker's steps come one after the other when all is done, so of a TRADE read the totals in
    `fill`, not those of the order.
    """

    ts_ns: int
    order: SimOrder
    change: Change
    fill: SimFill | None = None


class BalanceChanged(msgspec.Struct, frozen=True):
    """A currency of the account after something changed it; `delta` is that of the total."""

    ts_ns: int
    currency: str
    available: Decimal
    locked: Decimal
    delta: Decimal


class PositionChanged(msgspec.Struct, frozen=True):
    """A perpetual position was moved; ask the core for what it is now."""

    ts_ns: int
    symbol: str


class FundingPaid(msgspec.Struct, frozen=True):
    """Funding was booked; a positive `amount` was received."""

    ts_ns: int
    symbol: str
    currency: str
    amount: Decimal
    rate: Decimal


class Liquidated(msgspec.Struct, frozen=True):
    """The venue closed what margin no longer covered; `symbols` are the positions closed."""

    ts_ns: int
    symbols: tuple[str, ...]


PublicEvent = BookSnapshot | PublicTrade | Funding
PrivateEvent = OrderChanged | BalanceChanged | PositionChanged | FundingPaid | Liquidated
CoreEvent = PublicEvent | PrivateEvent
