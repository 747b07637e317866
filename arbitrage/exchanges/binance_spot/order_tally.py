"""What the venue has said of our orders, as totals that never shrink.

Three sources speak of one order: answers (totals, to a new order with its trades), the user stream
(totals and one trade with its fee at a time) and the list of our trades. All meet here. A trade
counts once, by its id, so its repetition changes nothing; a total counts only upwards. The cost is
the venue's own total, which is what our balance moved by. Where a trade is missing fees are not
given at all, for half a total would read as a refund.
"""

from collections import deque
from decimal import Decimal

from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.units import EXACT, ZERO

# So many closed orders are kept for their late and repeated messages.
MAX_CLOSED_ORDERS = 4096

_STATUSES = {
    "NEW": OrderStatus.OPEN,
    "PENDING_NEW": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.OPEN,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "EXPIRED": OrderStatus.CANCELED,
    "EXPIRED_IN_MATCH": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
}


def status_of(word: str, *, is_by_cost: bool) -> OrderStatus:
    """What the venue's word means. One that we do not know leaves the order in doubt.

    An order by cost that filled has bought what its cost could buy, and no quantity says that it
    is full: it ends as `CANCELED`, with what it bought.
    """
    status = _STATUSES.get(word, OrderStatus.IN_DOUBT)
    return OrderStatus.CANCELED if is_by_cost and status is OrderStatus.FILLED else status


class OrderTally:
    """One order. Its status starts as `OPEN`, which every message about it implies."""

    __slots__ = (
        "_fees",
        "_reason",
        "_said_cost",
        "_said_qty",
        "_trades",
        "_trades_cost",
        "_trades_qty",
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
        self._fees: dict[str, Decimal] = {}
        self._trades: set[int] = set()
        self._trades_qty = ZERO
        self._trades_cost = ZERO

    def trade(
        self, trade_id: int, qty: Decimal, cost: Decimal, fee_currency: str, fee: Decimal
    ) -> None:
        """Count a trade, once. A negative `fee` is a rebate; without a currency there is none.

        Raises `ValueError` for a trade of nothing or for nothing.
        """
        if qty <= 0 or cost <= 0:
            raise ValueError(f"trade {trade_id} of {qty} for {cost}; expected positive numbers")
        if trade_id in self._trades:
            return
        trades_qty = EXACT.add(self._trades_qty, qty)
        trades_cost = EXACT.add(self._trades_cost, cost)
        if fee_currency:
            total = EXACT.add(self._fees.get(fee_currency, ZERO), fee)
            self._fees[fee_currency] = total
        self._trades_qty, self._trades_cost = trades_qty, trades_cost
        self._trades.add(trade_id)

    def hear(
        self, word: str, reason: str, qty: Decimal, cost: Decimal, *, is_by_cost: bool
    ) -> None:
        """Take in the venue's status and totals.

        What is older than what we know changes nothing. A closing word that says less was filled
        than our trades show leaves the order in doubt.
        """
        status = status_of(word, is_by_cost=is_by_cost)
        known_qty = max(self._said_qty, self._trades_qty)
        if self.status.is_live and (qty >= known_qty or not status.is_live):
            self.status = status if qty >= known_qty else OrderStatus.IN_DOUBT
            self._reason = reason or word
        if qty > self._said_qty:
            self._said_qty, self._said_cost = qty, cost

    def update(self, ts_ns: int) -> OrderUpdate:
        """All that is known by now."""
        qty, cost, fees = self._said_qty, self._said_cost, tuple(sorted(self._fees.items()))
        if self._trades_qty > qty:
            qty, cost = self._trades_qty, self._trades_cost
        elif self._trades_qty < qty:
            fees = ()
        return OrderUpdate(ts_ns, self.client_id, self.status, qty, cost, fees, self._reason)


class OrderTallies:
    """The tallies of one account by symbol and order id. Closed ones are forgotten in turn."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, int], OrderTally] = {}
        self._closed: deque[tuple[str, int]] = deque()

    def of(self, symbol: str, order_id: int, client_id: str) -> OrderTally:
        """The tally of an order, new if it was never spoken of."""
        tally = self._tallies.get((symbol, order_id))
        if tally is None:
            tally = self._tallies[symbol, order_id] = OrderTally(client_id)
        return tally

    def known(self, symbol: str, order_id: int) -> OrderTally | None:
        """The tally of an order that was spoken of before, or None."""
        return self._tallies.get((symbol, order_id))

    def update(self, symbol: str, order_id: int, ts_ns: int) -> OrderUpdate:
        """What is known of an order by now. Raises `KeyError` if it was never spoken of."""
        tally = self._tallies[symbol, order_id]
        if not tally.status.is_live and not tally.is_kept_as_closed:
            tally.is_kept_as_closed = True
            self._closed.append((symbol, order_id))
            if len(self._closed) > MAX_CLOSED_ORDERS:
                del self._tallies[self._closed.popleft()]
        return tally.update(ts_ns)

    def __len__(self) -> int:
        return len(self._tallies)
