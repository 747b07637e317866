"""What ccxt says became of an order: taken, refused, ended with its trades, or in doubt.

Totals come from the trades of an order that was asked for, and only if they add up to what it has
filled. Every other word (the answer to a new order, a push, a list) says that an order lives or
that there is news; news leaves it in doubt, and it is asked for at once.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.units import EXACT, ZERO
from arbitrage.exchanges.ccxt import facts
from arbitrage.exchanges.ccxt.answers import (
    OK,
    ErrorReply,
    amount,
    error_of,
    read,
    read_answer,
    signed,
)
from arbitrage.exchanges.order_gateway import Answer

REMEMBERED_ORDERS = 10_000

_STATUSES: Mapping[str | None, OrderStatus] = {
    "open": OrderStatus.OPEN,
    "canceling": OrderStatus.OPEN,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "expired": OrderStatus.CANCELED,
    "rejected": OrderStatus.REJECTED,
}


class FeePaid(msgspec.Struct, gc=False):
    currency: str
    cost: str


class TradeReply(msgspec.Struct):
    """`{"id":"a08f...","amount":"0.5","cost":"50000500","fees":[{"currency":"KRW","cost":"25"}]}`

    A venue may tell fees of the order alone; then its trades have none.
    """

    amount: str | None
    cost: str | None
    id: str | None = None
    fees: list[FeePaid] = []


class OrderReply(msgspec.Struct):
    """`{"id":"cdd9...","client_id":"s00000001","symbol":"BTC/KRW","status":"canceled",
    "amount":"1","filled":"0.5","fees":[],"trades":[...]}`"""

    id: str | None
    client_id: str | None
    symbol: str | None
    status: str | None
    filled: str | None
    amount: str | None = None
    fees: list[FeePaid] = []
    trades: list[TradeReply] = []


_doubtful = re.compile(facts.DOUBTFUL).search
_ORDER = msgspec.json.Decoder(OrderReply)
_FOUND = msgspec.json.Decoder(OrderReply | None)
_ORDERS = msgspec.json.Decoder(list[OrderReply])


class _Known(msgspec.Struct):
    """The venue's id of an order of ours, once told, and what it had filled when last asked."""

    order_id: str = ""
    filled: Decimal = ZERO


class OrderMemory:
    """Our orders by client id and by the venue's id, as long as a word about them may come."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._names: dict[str, str] = {}

    def expect(self, client_id: str) -> None:
        """An order of ours is about to be sent."""
        self._known.setdefault(client_id, _Known())
        if len(self._known) > REMEMBERED_ORDERS:
            oldest = next(iter(self._known))
            self._names.pop(self._known.pop(oldest).order_id, None)

    def learn(self, client_id: str, order_id: str | None) -> None:
        known = self._known.get(client_id)
        if known is not None and order_id:
            known.order_id = order_id
            self._names[order_id] = client_id

    def order_id(self, client_id: str) -> str:
        """The venue's id, empty while it is not known."""
        known = self._known.get(client_id)
        return "" if known is None else known.order_id

    def name(self, reply: OrderReply) -> str:
        """Our client id of an order, else whatever tells it from others."""
        named = (reply.client_id or "").removeprefix(facts.CLIENT_ID_PREFIX)
        if named in self._known:
            return named
        return self._names.get(reply.id or "") or reply.client_id or reply.id or ""

    def is_ours(self, client_id: str) -> bool:
        return client_id in self._known

    def has_told(self, client_id: str, filled: Decimal) -> None:
        if client_id in self._known:
            self._known[client_id].filled = filled

    def told(self, client_id: str) -> Decimal:
        return self._known[client_id].filled


def outcome(
    intent: PlaceOrder, answer: Answer | None, ts_ns: int, memory: OrderMemory
) -> OrderUpdate:
    """What the answer to a new order proves: taken, refused for good, or in doubt.

    Venues answer before the order has ended, and ccxt fills in what they leave out; so a taken
    order is open, whatever else is said, until it is asked for.
    """
    if answer is None:
        return _in_doubt(intent.client_id, "no answer", ts_ns)
    if answer.status != OK:
        error = error_of(answer)
        if _is_refusal(answer, error):
            return OrderUpdate(
                ts_ns,
                intent.client_id,
                OrderStatus.REJECTED,
                reason=f"{error.error} {error.message:.200}".rstrip(),
            )
        return _in_doubt(intent.client_id, f"{error.error} {error.message:.200}", ts_ns)
    try:
        reply = read(_ORDER, answer.body, f"answer about order {intent.client_id}")
    except MalformedData as error:
        return _in_doubt(intent.client_id, str(error), ts_ns)
    if not reply.id or not _is_about(reply, intent):
        return _in_doubt(intent.client_id, f"the answer is about {reply.client_id!r}", ts_ns)
    memory.learn(intent.client_id, reply.id)
    return OrderUpdate(ts_ns, intent.client_id, OrderStatus.OPEN)


def _is_refusal(answer: Answer, error: ErrorReply) -> bool:
    if answer.status != facts.REFUSED or error.error not in facts.REFUSALS:
        return False
    return error.error != facts.INVALID_ORDER or _doubtful(error.message) is None


def canceled(intent: CancelOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
    """The answer to a cancel has no final totals, whatever it says: the order is asked for."""
    said = "no answer to the cancel"
    if answer is not None:
        said = "cancel taken" if answer.status == OK else f"cancel: {error_of(answer).error}"
    return _in_doubt(intent.client_id, said, ts_ns)


def queried(
    intent: QueryOrder, answer: Answer, ts_ns: int, memory: OrderMemory
) -> OrderUpdate | None:
    """What the venue says of an order asked for, or None if it knows no such order."""
    client_id = intent.client_id
    if answer.status != OK:
        error = error_of(answer).error
        if answer.status == facts.NOT_FOUND and error == facts.ORDER_NOT_FOUND:
            return None
        return _in_doubt(client_id, error or f"status {answer.status}", ts_ns)
    try:
        reply = read(_FOUND, answer.body, f"order {client_id}")
        if reply is None:
            return None
        if not _is_about(reply, intent):
            return _in_doubt(client_id, f"the answer is about {reply.client_id!r}", ts_ns)
        memory.learn(client_id, reply.id)
        return _whole(reply, client_id, ts_ns, memory)
    except MalformedData as error:
        return _in_doubt(client_id, str(error), ts_ns)


def listed(answer: Answer, ts_ns: int, memory: OrderMemory) -> list[OrderUpdate]:
    """The orders of a list. Of ours only whether they live, or that there is news."""
    replies = read_answer(_ORDERS, answer, "list of orders")
    return [update for reply in replies for update in heard(reply, ts_ns, memory)[-1:]]


def heard(reply: OrderReply, ts_ns: int, memory: OrderMemory) -> list[OrderUpdate]:
    """What a push or a line of a list says: that an order is open, and then that it is in doubt,
    if anything but that is news. Someone else's order is told with what it filled."""
    client_id = memory.name(reply)
    filled = amount(reply.filled, f"order {client_id} filled")
    if not memory.is_ours(client_id):
        # Without a client id it may be one of ours of which the answer is still on its way.
        seen = filled if reply.client_id else ZERO
        return [OrderUpdate(ts_ns, client_id, OrderStatus.OPEN, filled_qty=seen)]
    memory.learn(client_id, reply.id)
    updates = [OrderUpdate(ts_ns, client_id, OrderStatus.OPEN)]
    if _STATUSES.get(reply.status) is not OrderStatus.OPEN or filled != memory.told(client_id):
        updates.append(_in_doubt(client_id, f"{reply.status} with {filled} filled", ts_ns))
    return updates


def _is_about(reply: OrderReply, intent: PlaceOrder | QueryOrder) -> bool:
    """A venue may leave the client id or the symbol out, but not name another one."""
    is_same_symbol = reply.symbol in (None, intent.symbol)
    said = reply.client_id or intent.client_id
    return is_same_symbol and said.removeprefix(facts.CLIENT_ID_PREFIX) == intent.client_id


def _whole(reply: OrderReply, client_id: str, ts_ns: int, memory: OrderMemory) -> OrderUpdate:
    """The order with its totals. Raises `MalformedData` if its trades do not add up to them."""
    status = _STATUSES.get(reply.status)
    if status is None or reply.filled is None:
        return _in_doubt(client_id, f"{reply.status} with {reply.filled} filled", ts_ns)
    filled = amount(reply.filled, f"order {client_id} filled")
    told = cost = ZERO
    for trade in reply.trades:
        if trade.cost is None:
            raise MalformedData(f"ccxt order {client_id}: a trade without its cost")
        told = EXACT.add(told, amount(trade.amount, f"order {client_id} trade amount"))
        cost = EXACT.add(cost, amount(trade.cost, f"order {client_id} trade cost"))
    if told != filled:
        raise MalformedData(
            f"ccxt order {client_id}: {filled} filled, but its trades sum to {told}; their cost is "
            "not known yet"
        )
    memory.has_told(client_id, filled)
    return OrderUpdate(
        ts_ns,
        client_id,
        status,
        filled_qty=filled,
        filled_cost=cost,
        fees=_fees(reply, client_id),
        reason="" if status is not OrderStatus.REJECTED else "rejected",
    )


def _fees(reply: OrderReply, client_id: str) -> tuple[tuple[str, Decimal], ...]:
    """What all trades paid; of the order where its trades tell nothing; nothing if some do not."""
    paid = [fee for trade in reply.trades for fee in trade.fees]
    if not paid:
        paid = reply.fees if reply.trades else []
    elif not all(trade.fees for trade in reply.trades):
        return ()
    totals: dict[str, Decimal] = {}
    for fee in paid:
        cost = signed(fee.cost, f"order {client_id} fee")
        totals[fee.currency] = EXACT.add(totals.get(fee.currency, ZERO), cost)
    return tuple(sorted((currency, total) for currency, total in totals.items() if total))


def _in_doubt(client_id: str, reason: str, ts_ns: int) -> OrderUpdate:
    return OrderUpdate(ts_ns, client_id, OrderStatus.IN_DOUBT, reason=reason)
