"""Everything that can happen to the engine, as tagged structs.

An event carries the time it was stamped at the door (`ts_ns`, nanoseconds since the epoch, never
going back within a session). Prices and quantities of books are floats; everything of our own
orders and balances is `Decimal`. Quantities are native to the instrument.
"""

from decimal import Decimal
from enum import Enum

import msgspec

from arbitrage.domain.fx import FxQuote
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side

Level = tuple[float, float]
Levels = list[Level]


class BookSnapshot(msgspec.Struct, gc=False, tag="book"):
    """A whole book; it replaces what was known.

    Levels are `(price, qty)`, best first, both above zero: a codec drops a venue's padding.
    """

    ts_ns: int
    venue: str
    symbol: str
    bids: Levels
    asks: Levels
    seq: int = 0


class BookDelta(msgspec.Struct, gc=False, tag="delta"):
    """Changed levels; a quantity of zero removes the level.

    `prev_seq` is the `seq` that this delta follows. A delta that does not follow breaks the book
    until the next snapshot.
    """

    ts_ns: int
    venue: str
    symbol: str
    bids: Levels
    asks: Levels
    seq: int
    prev_seq: int


class BookQuote(msgspec.Struct, gc=False, tag="quote"):
    """The best bid and ask alone; it replaces the book by one of a single level a side."""

    ts_ns: int
    venue: str
    symbol: str
    bid: float
    bid_qty: float
    ask: float
    ask_qty: float


class Books(msgspec.Struct, gc=False, tag="books"):
    """Several books asked for together: all are taken in before any route is looked at.

    `ts_ns` is the time of looking; each book keeps the time at which it was received.
    """

    ts_ns: int
    books: list[BookSnapshot]


class MarketTrade(msgspec.Struct, gc=False, tag="trade"):
    """A public trade; `side` is the taker's."""

    ts_ns: int
    venue: str
    symbol: str
    price: float
    qty: float
    side: Side


class Funding(msgspec.Struct, gc=False, tag="funding"):
    """The announced funding of a perpetual: `rate` is the share of notional that longs pay."""

    ts_ns: int
    venue: str
    symbol: str
    rate: float
    next_ts_ns: int
    mark_price: float = 0.0


class FundingPayment(msgspec.Struct, tag="funding_payment"):
    """Funding booked on our account; a positive `amount` was received."""

    ts_ns: int
    venue: str
    symbol: str
    currency: str
    amount: Decimal


class OrderUpdate(msgspec.Struct, tag="order"):
    """What the venue says of one of our orders, as running totals.

    `filled_qty` is native, `filled_cost` is the quote value of all fills, `fees` holds
    `(currency, amount)` totals. Totals never shrink, so a repeated or late update changes nothing.
    A closing status carries the final totals; where the venue's message has none (the mere answer
    to a cancel), the order is asked for first.
    """

    ts_ns: int
    client_id: str
    status: OrderStatus
    filled_qty: Decimal = Decimal(0)
    filled_cost: Decimal = Decimal(0)
    fees: tuple[tuple[str, Decimal], ...] = ()
    reason: str = ""


class BalanceUpdate(msgspec.Struct, tag="balance"):
    """What the venue says we own of `currency`: `total` includes what open orders lock."""

    ts_ns: int
    venue: str
    currency: str
    total: Decimal


class VenueStatus(msgspec.Struct, tag="venue"):
    """Whether a venue may be traded on, with the reason if not."""

    ts_ns: int
    venue: str
    is_up: bool
    reason: str = ""


class Tick(msgspec.Struct, gc=False, tag="tick"):
    """Time passes. Timers of the engine run on these."""

    ts_ns: int


class CommandKind(Enum):
    """What a person can order; a step up the risk ladder is always one of these."""

    PAUSE = "pause"
    RESUME = "resume"
    FLATTEN = "flatten"
    HALT = "halt"


class Command(msgspec.Struct, tag="command"):
    """A standing order of a person, for one route or, with an empty `route`, for all."""

    ts_ns: int
    kind: CommandKind
    route: str = ""


MarketEvent = BookSnapshot | BookDelta | BookQuote | MarketTrade | Funding | FxQuote
Event = (
    MarketEvent
    | Books
    | FundingPayment
    | OrderUpdate
    | BalanceUpdate
    | VenueStatus
    | Tick
    | Command
)
