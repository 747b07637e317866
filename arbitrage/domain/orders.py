"""The life of one of our orders: a table of what may follow what, and totals that never shrink.

An order is *live* while the venue might still fill it: in flight, open, or in doubt. Its
reservation is its whole quantity while live, its filled quantity once closed, zero once proven
never to have existed. Everything that sizes or bounds anything folds over these, so a lost
message can only make us do too little.
"""

from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

import msgspec

from arbitrage.domain.errors import InvariantBroken
from arbitrage.domain.intents import PlaceOrder
from arbitrage.domain.units import ZERO

if TYPE_CHECKING:
    from arbitrage.domain.events import OrderUpdate


class OrderStatus(Enum):
    IN_FLIGHT = "in_flight"
    OPEN = "open"
    IN_DOUBT = "in_doubt"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    NEVER_EXISTED = "never_existed"

    @property
    def is_live(self) -> bool:
        return self in LIVE


LIVE = frozenset({OrderStatus.IN_FLIGHT, OrderStatus.OPEN, OrderStatus.IN_DOUBT})
_CLOSED = frozenset({OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED})

# What a message may make of an order. A closed order stays closed: a late "open" is an echo, and
# only its totals are read. What is in doubt may turn out to be anything.
MAY_BECOME: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.IN_FLIGHT: frozenset(OrderStatus) - {OrderStatus.IN_FLIGHT},
    OrderStatus.OPEN: _CLOSED | {OrderStatus.IN_DOUBT},
    OrderStatus.IN_DOUBT: _CLOSED | {OrderStatus.OPEN, OrderStatus.NEVER_EXISTED},
    OrderStatus.FILLED: frozenset(),
    OrderStatus.CANCELED: frozenset(),
    OrderStatus.REJECTED: frozenset(),
    OrderStatus.NEVER_EXISTED: frozenset(),
}


class Fill(msgspec.Struct, frozen=True):
    """What one update added: native quantity, its quote value, and fees by currency."""

    qty: Decimal
    cost: Decimal
    fees: tuple[tuple[str, Decimal], ...]


class Order(msgspec.Struct, kw_only=True):
    """Our record of one order. `filled_cost` is in quote; `fees` are totals by currency."""

    intent: PlaceOrder
    sent_ns: int
    status: OrderStatus = OrderStatus.IN_FLIGHT
    filled_qty: Decimal = ZERO
    filled_cost: Decimal = ZERO
    fees: dict[str, Decimal] = {}
    reason: str = ""
    updated_ns: int = 0

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def reserved_qty(self) -> Decimal:
        """The most that this order can ever have filled, native."""
        return self.intent.qty if self.status in LIVE else self.filled_qty

    @property
    def unresolved_qty(self) -> Decimal:
        """What may still fill on top of what has, native."""
        return self.reserved_qty - self.filled_qty

    def apply(self, update: "OrderUpdate") -> Fill | None:
        """Take in what the venue says; returns what it added, or None.

        Raises `InvariantBroken` when a total shrinks, when more was filled than ordered, or when
        an order proven never to have existed has a fill: then our books and the venue's cannot
        both be true. An update that is merely older than what we know changes nothing.
        """
        fill = self._fill_of(update)
        if update.status in MAY_BECOME[self.status]:
            self.status = update.status
            self.reason = update.reason
        self.updated_ns = max(self.updated_ns, update.ts_ns)
        return fill

    def _fill_of(self, update: "OrderUpdate") -> Fill | None:
        if update.filled_qty <= self.filled_qty:
            is_echo = self.status not in LIVE or update.status in LIVE
            if update.filled_qty < self.filled_qty and not is_echo:
                raise InvariantBroken(
                    f"order {self.intent.client_id} at {self.intent.venue}: filled {self.filled_qty}"
                    f" before, closed with {update.filled_qty} now; fills never shrink, halting"
                )
            return self._late_fees(update)
        if update.filled_qty > self.intent.qty or self.status is OrderStatus.NEVER_EXISTED:
            raise InvariantBroken(
                f"order {self.intent.client_id} at {self.intent.venue}: filled {update.filled_qty} "
                f"of {self.intent.qty} while {self.status.value}; halting"
            )
        fill = Fill(
            update.filled_qty - self.filled_qty,
            update.filled_cost - self.filled_cost,
            self._added_fees(update),
        )
        self.filled_qty, self.filled_cost = update.filled_qty, update.filled_cost
        return fill

    def _late_fees(self, update: "OrderUpdate") -> Fill | None:
        if update.filled_qty < self.filled_qty:
            return None
        added = self._added_fees(update)
        return Fill(ZERO, ZERO, added) if added else None

    def _added_fees(self, update: "OrderUpdate") -> tuple[tuple[str, Decimal], ...]:
        added = []
        for currency, total in update.fees:
            more = total - self.fees.get(currency, ZERO)
            if more != 0:
                self.fees[currency] = total
                added.append((currency, more))
        return tuple(added)
