"""What the venue has said of our orders, as totals that never shrink.

Two sources speak of one order: messages about the order (running totals of quantity, value and,
mostly, fees by currency) and messages about its executions (one each, sometimes told twice). Both
meet here. An execution counts once, by its id; a total counts only upwards. The executions together
are believed only as long as none is missing between them, which each tells by what the order had
filled after it: the sum of some others could not be compared with any total. Where both sources
tell of the same quantity, the order's own totals hold. Fees that are not complete for the quantity
told are not given at all, for half a total would read as a refund; and the currency of a fee is
never guessed.
"""

from collections import deque
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.units import EXACT, ZERO

# So many closed orders are kept for their late and repeated messages.
MAX_CLOSED_ORDERS = 4096

_STATUSES = {
    "New": OrderStatus.OPEN,
    "PartiallyFilled": OrderStatus.OPEN,
    "Filled": OrderStatus.FILLED,
    "Cancelled": OrderStatus.CANCELED,
    "PartiallyFilledCanceled": OrderStatus.CANCELED,
    "Deactivated": OrderStatus.CANCELED,
    "Rejected": OrderStatus.REJECTED,
}


def status_of(word: str) -> OrderStatus:
    """What the venue's word means. One that we do not know leaves the order in doubt."""
    return _STATUSES.get(word, OrderStatus.IN_DOUBT)


class Execution(msgspec.Struct, frozen=True):
    """One fill. `qty` and `cost` (its quote value) are positive; `filled_qty` is what the order had
    filled after it, None where the venue does not tell; a negative `fee` is a rebate, and its
    `currency` is empty where the venue does not tell it."""

    execution_id: str
    qty: Decimal
    cost: Decimal
    filled_qty: Decimal | None
    currency: str
    fee: Decimal


class OrderTally:
    """One order. Its status starts as `OPEN`, which the acceptance and every execution imply."""

    __slots__ = (
        "_executed",
        "_executed_cost",
        "_executed_fees",
        "_executed_qty",
        "_has_unknown_fee",
        "_latest_qty",
        "_reason",
        "_said_cost",
        "_said_fees",
        "_said_qty",
        "client_id",
        "is_kept_as_closed",
        "status",
    )

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        self.status = OrderStatus.OPEN
        self.is_kept_as_closed = False
        self._reason = ""
        self._said_qty = ZERO
        self._said_cost = ZERO
        self._said_fees: Mapping[str, Decimal] = {}
        self._executed: set[str] = set()
        self._executed_qty = ZERO
        self._executed_cost = ZERO
        self._executed_fees: dict[str, Decimal] = {}
        self._has_unknown_fee = False
        self._latest_qty = ZERO  # what the order had filled after the latest execution

    def execute(self, one: Execution) -> None:
        """Count an execution, once."""
        if one.execution_id in self._executed:
            return
        self._executed.add(one.execution_id)
        self._executed_qty = EXACT.add(self._executed_qty, one.qty)
        self._executed_cost = EXACT.add(self._executed_cost, one.cost)
        if one.filled_qty is not None:
            self._latest_qty = max(self._latest_qty, one.filled_qty)
        if one.currency:
            known = self._executed_fees.get(one.currency, ZERO)
            self._executed_fees[one.currency] = EXACT.add(known, one.fee)
        elif one.fee:
            self._has_unknown_fee = True

    @property
    def _has_every_execution(self) -> bool:
        return self._executed_qty == self._latest_qty

    def hear(
        self, word: str, reason: str, qty: Decimal, cost: Decimal, fees: Mapping[str, Decimal]
    ) -> None:
        """Take in the venue's status and totals; `fees` is empty where it gave none.

        `qty` and `cost` are both zero or both positive. What is older than what we know changes
        nothing. A closing word that says less was filled than our executions show leaves the order
        in doubt.
        """
        status = status_of(word)
        is_news = qty >= max(self._said_qty, self._executed_qty)
        if self.status.is_live and (is_news or not status.is_live):
            self.status = status if is_news else OrderStatus.IN_DOUBT
            self._reason = reason or word
        if qty > self._said_qty:
            self._said_qty, self._said_cost, self._said_fees = qty, cost, fees
        elif qty == self._said_qty and fees:
            self._said_fees = fees

    def update(self, ts_ns: int) -> OrderUpdate:
        """All that is known by now."""
        qty, cost, fees = self._said_qty, self._said_cost, self._said_fees
        if self._has_every_execution:
            if self._executed_qty > qty:
                qty, cost, fees = self._executed_qty, self._executed_cost, {}
            if not fees and self._executed_qty == qty and not self._has_unknown_fee:
                fees = self._executed_fees
        told = tuple(sorted((currency, total) for currency, total in fees.items() if total))
        return OrderUpdate(ts_ns, self.client_id, self.status, qty, cost, told, self._reason)


class OrderTallies:
    """The tallies of one account by order id. Closed ones are forgotten in turn."""

    def __init__(self) -> None:
        self._tallies: dict[str, OrderTally] = {}
        self._closed: deque[str] = deque()

    def of(self, order_id: str, client_id: str) -> OrderTally:
        """The tally of an order, new if it was never spoken of."""
        tally = self._tallies.get(order_id)
        if tally is None:
            tally = self._tallies[order_id] = OrderTally(client_id)
        return tally

    def known(self, order_id: str) -> OrderTally | None:
        """The tally of an order that was spoken of before, or None."""
        return self._tallies.get(order_id)

    def update(self, order_id: str, ts_ns: int) -> OrderUpdate:
        """What is known of an order by now. Raises `KeyError` if it was never spoken of."""
        tally = self._tallies[order_id]
        if not tally.status.is_live and not tally.is_kept_as_closed:
            tally.is_kept_as_closed = True
            self._closed.append(order_id)
            if len(self._closed) > MAX_CLOSED_ORDERS:
                del self._tallies[self._closed.popleft()]
        return tally.update(ts_ns)

    def __len__(self) -> int:
        return len(self._tallies)
