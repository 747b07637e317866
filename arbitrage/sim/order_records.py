"""What a simulated venue knows of orders: what was asked, what became of it, fill by fill.

Records are the venue's truth in exact decimals; how they look on the wire is each protocol's own
affair. Live orders are kept without bound, since balances bound them; of the closed ones the
latest `CLOSED_LIMIT` are kept.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum

import msgspec

from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ZERO
from arbitrage.exchanges.paper.history import UsedIds

CLOSED_LIMIT = 10_000


class ClientIdRule(Enum):
    """When a client id may be used again: never, or as soon as its order is closed."""

    FOREVER = "forever"
    AMONG_OPEN = "among_open"


class SelfTrade(Enum):
    """What happens where an order would meet another of the same account.

    `MEET` lets them trade. The others prevent it: by cancelling the order at rest, the one that
    arrives, both, or from each the quantity in which they overlap.
    """

    MEET = "meet"
    CANCEL_MAKER = "cancel_maker"
    CANCEL_TAKER = "cancel_taker"
    CANCEL_BOTH = "cancel_both"
    REDUCE = "reduce"


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it arrives: `qty` native or `cost` in quote, one of the two.

    `price` is None for a market order. `wire` holds what the protocol wants to remember of the
    request, in its own words.
    """

    symbol: str
    side: Side
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    qty: Decimal | None = None
    cost: Decimal | None = None
    price: Decimal | None = None
    client_id: str = ""
    reduce_only: bool = False
    self_trade: SelfTrade = SelfTrade.MEET
    wire: Mapping[str, str] = {}


class SimFill(msgspec.Struct, frozen=True, kw_only=True):
    """One trade of one of our orders: native `qty`, its quote value, its fee.

    `cumulative_qty`, `cumulative_cost` and `cumulative_fee` are the order's totals after this
    fill. `realised_pnl` is that of a perpetual's position, before the fee.
    """

    trade_id: int
    ts_ns: int
    price: Decimal
    qty: Decimal
    cost: Decimal
    fee: Decimal
    fee_currency: str
    is_maker: bool
    realised_pnl: Decimal
    cumulative_qty: Decimal
    cumulative_cost: Decimal
    cumulative_fee: Decimal


class SimOrder(msgspec.Struct, kw_only=True):
    """One order at the venue. `status` is `OPEN`, `FILLED`, `CANCELED` or `REJECTED`.

    `qty` is the native quantity; of an order by cost, what the cost bought when it arrived.
    `prevented_qty` was taken off by self-trade prevention. `reason` says why it was closed:
    empty when asked for, else a word of the paper venue, `self_trade` or `withdrawn`.
    """

    id: int
    request: NewOrder
    qty: Decimal
    created_ns: int
    updated_ns: int
    status: OrderStatus = OrderStatus.OPEN
    reason: str = ""
    filled_qty: Decimal = ZERO
    filled_cost: Decimal = ZERO
    fee: Decimal = ZERO
    prevented_qty: Decimal = ZERO
    fills: list[SimFill] = []

    @property
    def is_open(self) -> bool:
        return self.status is OrderStatus.OPEN

    @property
    def remaining_qty(self) -> Decimal:
        """Native quantity neither filled nor prevented."""
        return self.qty - self.filled_qty - self.prevented_qty


class OrderRecords:
    """The orders of one account by venue id and by client id."""

    def __init__(self, rule: ClientIdRule, closed_limit: int = CLOSED_LIMIT) -> None:
        self._rule = rule
        self._orders: dict[int, SimOrder] = {}
        self._open: dict[int, SimOrder] = {}
        self._by_client_id: dict[str, int] = {}
        self._used = UsedIds()
        self._closed: deque[int] = deque()
        self._closed_limit = closed_limit

    def is_taken(self, client_id: str) -> bool:
        """Whether a new order may not have this client id."""
        if self._rule is ClientIdRule.FOREVER:
            return client_id in self._used
        known = self._by_client_id.get(client_id)
        return known in self._open

    def claim(self, client_id: str) -> None:
        """Use up a client id, whatever becomes of its order."""
        self._used.add(client_id)

    def add(self, order: SimOrder) -> None:
        self._orders[order.id] = order
        self._open[order.id] = order
        if order.request.client_id:
            self._by_client_id[order.request.client_id] = order.id

    def closed(self, order: SimOrder) -> None:
        """Count an order as closed; the one closed longest ago is forgotten beyond the limit."""
        del self._open[order.id]
        self._closed.append(order.id)
        if len(self._closed) > self._closed_limit:
            forgotten = self._orders.pop(self._closed.popleft())
            if self._by_client_id.get(forgotten.request.client_id) == forgotten.id:
                del self._by_client_id[forgotten.request.client_id]

    def get(self, order_id: int) -> SimOrder | None:
        return self._orders.get(order_id)

    def by_client_id(self, client_id: str) -> SimOrder | None:
        """The latest order with this client id."""
        order_id = self._by_client_id.get(client_id)
        return None if order_id is None else self._orders[order_id]

    def open(self, symbol: str = "") -> list[SimOrder]:
        """Open orders, oldest first; of one symbol if it is given."""
        return [o for o in self._open.values() if symbol in ("", o.request.symbol)]

    def all(self, symbol: str = "") -> Iterator[SimOrder]:
        """Every order that is remembered, oldest first; of one symbol if it is given."""
        return (o for o in self._orders.values() if symbol in ("", o.request.symbol))
