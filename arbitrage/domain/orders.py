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
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ONE, ZERO

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

    def __init__(self, word: str) -> None:
        self.is_live = word in ("in_flight", "open", "in_doubt")


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
    """Our record of one order. `filled_cost` is in quote; `fees` are totals by currency.

    `contract_multiplier` is that of the instrument: base units per native unit.
    """

    intent: PlaceOrder
    sent_ns: int
    status: OrderStatus = OrderStatus.IN_FLIGHT
    filled_qty: Decimal = ZERO
    filled_cost: Decimal = ZERO
    fees: dict[str, Decimal] = {}
    reason: str = ""
    updated_ns: int = 0
    contract_multiplier: Decimal = ONE

    @property
    def order_id(self) -> str:
        """What the order is asked for and cancelled by: our own client id."""
        return self.intent.client_id

    @property
    def client_id(self) -> str:
        return self.intent.client_id

    @property
    def symbol(self) -> str:
        return self.intent.symbol

    @property
    def side(self) -> Side:
        return self.intent.side

    @property
    def qty(self) -> Decimal:
        """The quantity ordered, native."""
        return self.intent.qty

    @property
    def price(self) -> Decimal | None:
        """The limit in quote per base; None for a market order."""
        return self.intent.price

    @property
    def avg_fill_price(self) -> Decimal | None:
        """Volume-weighted price of all fills in quote per base; None before the first."""
        base = self.filled_qty * self.contract_multiplier
        return self.filled_cost / base if base else None

    @property
    def is_live(self) -> bool:
        return self.status.is_live

    @property
    def reserved_qty(self) -> Decimal:
        """The most that this order can ever have filled, native."""
        return self.intent.qty if self.status.is_live else self.filled_qty

    @property
    def unresolved_qty(self) -> Decimal:
        """What may still fill on top of what has, native."""
        return self.reserved_qty - self.filled_qty

    def apply(self, update: "OrderUpdate") -> Fill | None:
        """Take in what the venue says; returns what it added, or None.

        Raises `InvariantBroken` when a total shrinks, when more was filled than ordered, or when
        an order proven never to have existed turns out to live or to have filled: then our books
        and the venue's cannot both be true. An update that is merely older than what we know
        changes nothing. One that says "filled" of less than was ordered leaves the order in doubt.
        """
        self._refuse_contradiction(update)
        fill = self._fill_of(update)
        status = update.status
        if status is OrderStatus.FILLED and self.filled_qty < self.intent.qty:
            status = OrderStatus.IN_DOUBT
        if status in MAY_BECOME[self.status]:
            self.status = status
            self.reason = update.reason
        self.updated_ns = max(self.updated_ns, update.ts_ns)
        return fill

    def _refuse_contradiction(self, update: "OrderUpdate") -> None:
        """Raise if `update` and this record cannot both be true."""
        known, said = self.status, update.status
        is_news = update.filled_qty > self.filled_qty
        contradictions = (
            update.filled_qty > self.intent.qty,
            update.filled_qty < self.filled_qty and known.is_live and not said.is_live,
            is_news and update.filled_cost < self.filled_cost,
            is_news and OrderStatus.NEVER_EXISTED in (known, said),
            known is OrderStatus.NEVER_EXISTED and said in (OrderStatus.OPEN, OrderStatus.FILLED),
        )
        if any(contradictions):
            raise InvariantBroken(
                f"order {self.intent.client_id} at {self.intent.venue}: {known.value} with "
                f"{self.filled_qty} of {self.intent.qty} filled for {self.filled_cost}, then "
                f"{said.value} with {update.filled_qty} for {update.filled_cost}; fills "
                "never shrink nor pass the order, halting"
            )

    def _fill_of(self, update: "OrderUpdate") -> Fill | None:
        """What `update` adds, taken into the totals."""
        if update.filled_qty < self.filled_qty:
            return None
        # The cost of a quantity is read once: two messages of a venue may round it differently.
        qty = update.filled_qty - self.filled_qty
        cost = update.filled_cost - self.filled_cost if qty else ZERO
        fees = self._added_fees(update, is_late=not qty)
        if not qty and not fees:
            return None
        if qty:
            self.filled_qty, self.filled_cost = update.filled_qty, update.filled_cost
        return Fill(qty, cost, fees)

    def _added_fees(
        self, update: "OrderUpdate", *, is_late: bool
    ) -> tuple[tuple[str, Decimal], ...]:
        """Fees beyond those known. With no new fill, only a larger total is news: a smaller one is
        an older message. (A rebate is negative, and larger is further from zero.)"""
        added = []
        for currency, total in update.fees:
            known = self.fees.get(currency, ZERO)
            if total == known or (is_late and abs(total) < abs(known)):
                continue
            self.fees[currency] = total
            added.append((currency, total - known))
        return tuple(added)
