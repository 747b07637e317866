"""What the venue has said of our orders, as totals that never shrink.

Three sources speak of one order: REST answers (totals, no fees), the user stream (totals and one
trade with its fee at a time, sometimes twice) and the list of our trades. All meet here. A trade
counts once, by its id, so its repetition changes nothing; a total counts only upwards. Where every
trade is known the cost is their exact sum; where some are missing it is the venue's rounded
average, and fees are not given at all, for half a total would read as a refund.
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
    "PARTIALLY_FILLED": OrderStatus.OPEN,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "EXPIRED": OrderStatus.CANCELED,
    "EXPIRED_IN_MATCH": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
}


def status_of(word: str) -> OrderStatus:
    """What the venue's word means. One that we do not know leaves the order in doubt."""
    return _STATUSES.get(word, OrderStatus.IN_DOUBT)


class OrderTally:
    """One order. Its status starts as `OPEN`, which every message about it implies."""

    __slots__ = (
        "_charged",
        "_fees",
        "_reason",
        "_said_cost",
        "_said_qty",
        "_told_cost",
        "_told_qty",
        "_traded",
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
        self._said_cost: Decimal | None = ZERO
        self._fees: dict[str, Decimal] = {}
        self._trades_qty = ZERO
        self._trades_cost = ZERO
        self._told_qty = ZERO
        self._told_cost = ZERO
        self._traded: set[int] = set()
        self._charged: set[int] = set()

    def trade(self, trade_id: int, qty: Decimal, price: Decimal) -> None:
        """Count a trade, once. Raises `ValueError` for one of nothing or for nothing."""
        if qty <= 0 or price <= 0:
            raise ValueError(f"trade {trade_id} of {qty} at {price}; expected positive numbers")
        if trade_id not in self._traded:
            trades_qty = EXACT.add(self._trades_qty, qty)
            self._trades_cost = EXACT.add(self._trades_cost, EXACT.multiply(qty, price))
            self._trades_qty = trades_qty
            self._traded.add(trade_id)

    def charge(self, trade_id: int, currency: str, amount: Decimal) -> None:
        """Count the fee of a trade, once. A negative `amount` is a rebate."""
        if trade_id not in self._charged:
            self._fees[currency] = EXACT.add(self._fees.get(currency, ZERO), amount)
            self._charged.add(trade_id)

    def hear(self, word: str, reason: str, qty: Decimal, cost: Decimal | None) -> None:
        """Take in the venue's status and totals; `cost` is None where it gave none.

        What is older than what we know changes nothing. A closing word that says less was filled
        than our trades show leaves the order in doubt.
        """
        status = status_of(word)
        known_qty = max(self._said_qty, self._trades_qty)
        if self.status.is_live and (qty >= known_qty or not status.is_live):
            self.status = status if qty >= known_qty else OrderStatus.IN_DOUBT
            self._reason = reason or word
        if qty > self._said_qty or (qty == self._said_qty and self._said_cost is None):
            self._said_qty, self._said_cost = qty, cost

    def update(self, ts_ns: int) -> OrderUpdate:
        """All that is known by now. In doubt while something was filled at a price not told, and
        while a trade that came before its elders makes an older total look like less money."""
        status, reason, fees = self.status, self._reason, tuple(sorted(self._fees.items()))
        qty, cost = self._trades_qty, self._trades_cost
        if self._said_qty > qty:
            fees = ()
            if self._said_cost is None:
                status = OrderStatus.IN_DOUBT
                reason = f"{self._said_qty} filled at a price not told"
            else:
                qty, cost = self._said_qty, self._said_cost
        if cost < self._told_cost:
            status, reason, fees = OrderStatus.IN_DOUBT, "totals do not agree yet", ()
            qty, cost = self._told_qty, self._told_cost
        self._told_qty, self._told_cost = qty, cost
        return OrderUpdate(ts_ns, self.client_id, status, qty, cost, fees, reason)


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
