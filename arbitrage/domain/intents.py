"""What the engine wants done, and the digest that proves two runs wanted the same.

Intents are values: exact decimals on the venue's grid, native quantities, our own client id.
"""

import hashlib
from decimal import Decimal
from enum import Enum

import msgspec

from arbitrage.domain.sides import Side


class OrderType(Enum):
    LIMIT = "limit"
    MARKET = "market"


class TimeInForce(Enum):
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    POST_ONLY = "post_only"


class Purpose(Enum):
    """Why an order exists. `HEDGE` brings the lagging leg up, `REVERSE` takes the leader back."""

    ENTRY = "entry"
    EXIT = "exit"
    HEDGE = "hedge"
    REVERSE = "reverse"
    MANUAL = "manual"


class PlaceOrder(msgspec.Struct, frozen=True, kw_only=True, tag="place"):
    """Place an order. `qty` is native; `price` (quote per base) is None for market orders."""

    client_id: str
    venue: str
    symbol: str
    side: Side
    qty: Decimal
    price: Decimal | None = None
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.IOC
    reduce_only: bool = False
    purpose: Purpose = Purpose.MANUAL
    trade_id: str = ""


class CancelOrder(msgspec.Struct, frozen=True, kw_only=True, tag="cancel"):
    client_id: str
    venue: str
    symbol: str


class QueryOrder(msgspec.Struct, frozen=True, kw_only=True, tag="query"):
    """Ask the venue what became of an order whose outcome is unknown."""

    client_id: str
    venue: str
    symbol: str


Intent = PlaceOrder | CancelOrder | QueryOrder


class IntentDigest:
    """A running SHA-256 over intents and the time of the step that wanted them."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._encoder = msgspec.json.Encoder(decimal_format="string")
        self.count = 0

    def add(self, ts_ns: int, intents: tuple[Intent, ...]) -> None:
        for intent in intents:
            self._hash.update(b"%d " % ts_ns)
            self._hash.update(self._encoder.encode(intent))
            self._hash.update(b"\n")
            self.count += 1

    def hexdigest(self) -> str:
        return self._hash.hexdigest()
