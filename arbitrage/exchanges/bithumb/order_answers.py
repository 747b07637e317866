"""What Bithumb says became of an order: accepted, refused, filled, or in doubt.

The answers to a new order and to a cancel tell no state and no totals: they prove that the request
was taken, and the rest is asked for or heard. An order ends by what was executed, never by its
state alone. What cannot be concluded leaves the order in doubt; nothing here raises but for lists.
"""

from decimal import Decimal

import msgspec

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.exchanges.bithumb import facts
from arbitrage.exchanges.bithumb.answers import (
    CREATED,
    NOT_FOUND,
    OK,
    amount,
    error_name,
    read,
    read_answer,
)
from arbitrage.exchanges.order_gateway import Answer

# `watch` waits for its trigger; `trade` is the word of the stream for a fill.
_LIVE_STATES = frozenset({"wait", "watch", "trade"})


class TakenReply(msgspec.Struct, gc=False):
    """`{"order_id":"C0101000003152350309","market":"KRW-BTC","side":"bid","order_type":"limit",
    "created_at":"2026-11-22T14:39:04+09:00","stp_type":"cancel_taker","time_in_force":"ioc",
    "client_order_id":"s00000001"}`; the answer to a cancel may have `order_id` and `created_at`
    alone."""

    order_id: str
    market: str | None = None
    client_order_id: str | None = None


class OrderTotals(msgspec.Struct, gc=False, kw_only=True):
    """What every answer about an order tells, whatever it calls the order's id.

    An order by cost has no volume; `cancel_type` comes with a cancel alone.
    """

    market: str
    state: str
    executed_volume: Decimal
    paid_fee: Decimal
    volume: Decimal | None = None
    executed_funds: Decimal | None = None
    client_order_id: str | None = None
    time_in_force: str | None = None
    cancel_type: str | None = None


class OrderReply(OrderTotals, gc=False, kw_only=True):
    """`{"uuid":"C0101000003152406454","side":"bid","ord_type":"limit","price":"136000000",
    "state":"wait","market":"KRW-BTC","created_at":"2026-11-22T15:05:46+09:00","volume":"0.02",
    "remaining_volume":"0.01","reserved_fee":"6800","remaining_fee":"3400","paid_fee":"3400",
    "locked":"1363400","executed_volume":"0.01","executed_funds":"1360000","trades_count":1,
    "client_order_id":"s00000001","time_in_force":"ioc","stp_type":"cancel_taker",
    "cancel_type":"tif_cancel","trades":[...]}`"""

    uuid: str


class EndedOrder(OrderTotals, gc=False, kw_only=True):
    """`{"order_id":"C0101000003152406454","order_type":"limit","state":"done",...}`: the same in
    the words of the second version."""

    order_id: str


class HistoryReply(msgspec.Struct, gc=False):
    """`{"data":[...],"has_next":false,"next_key":null}`"""

    data: list[EndedOrder]
    has_next: bool


_TAKEN = msgspec.json.Decoder(TakenReply)
_ORDER = msgspec.json.Decoder(OrderReply)
_ORDERS = msgspec.json.Decoder(list[OrderReply])
_HISTORY = msgspec.json.Decoder(HistoryReply)


def outcome(intent: PlaceOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
    """What the answer to a new order proves: taken, refused for good, or in doubt.

    No answer, one that cannot be read, one about another order, and every error that is not on
    the list of refusals leave the order in doubt.
    """
    if answer is None:
        return _in_doubt(intent.client_id, "no answer", ts_ns)
    name = error_name(answer)
    if (answer.status == OK or 400 <= answer.status < 500) and name in facts.REFUSALS:
        return OrderUpdate(ts_ns, intent.client_id, OrderStatus.REJECTED, reason=name)
    return _taken(intent, answer, ts_ns)


def canceled(intent: CancelOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
    """What the answer to a cancel says of the order.

    The venue answers that it took the request, so the order stays open until its end is heard or
    asked for. A refusal proves only that it cannot be cancelled, so it is asked for.
    """
    if answer is None:
        return _in_doubt(intent.client_id, "no answer to the cancel", ts_ns)
    return _taken(intent, answer, ts_ns)


def queried(intent: QueryOrder, answer: Answer, ts_ns: int) -> OrderUpdate | None:
    """What the venue says of an order asked for by client id, or None if it knows no such order.

    Whether that proves that it never existed is for the caller, who knows when it was sent.
    """
    if answer.status in (OK, NOT_FOUND) and error_name(answer) == facts.ORDER_NOT_FOUND:
        return None
    refused = _refusal(intent.client_id, answer, ts_ns)
    if refused is not None:
        return refused
    try:
        reply = read(_ORDER, answer.body, f"answer about order {intent.client_id}")
        stranger = _stranger(intent, reply.market, reply.client_order_id, ts_ns)
        return stranger or _update(reply, intent.client_id, ts_ns)
    except MalformedData as error:
        return _in_doubt(intent.client_id, str(error), ts_ns)


def listed(answer: Answer, ts_ns: int) -> list[OrderUpdate]:
    """The orders of a list of open ones; a stranger's goes by the venue's own id."""
    replies = read_answer(_ORDERS, answer, "list of orders")
    return [_update(reply, reply.client_order_id or reply.uuid, ts_ns) for reply in replies]


def ended(answer: Answer, ts_ns: int) -> list[OrderUpdate]:
    """The orders of a list of those that ended. Raises as `read_answer`, and `MalformedData` for a
    list that goes on elsewhere: what is not in it proves nothing."""
    reply = read_answer(_HISTORY, answer, "list of orders that ended")
    if reply.has_next:
        raise MalformedData(
            f"bithumb list of orders that ended: {len(reply.data)} of them, and there are more; "
            "expected them all; nothing is concluded from it"
        )
    return [_update(order, order.client_order_id or order.order_id, ts_ns) for order in reply.data]


def _in_doubt(client_id: str, reason: str, ts_ns: int) -> OrderUpdate:
    return OrderUpdate(ts_ns, client_id, OrderStatus.IN_DOUBT, reason=reason)


def _refusal(client_id: str, answer: Answer, ts_ns: int) -> OrderUpdate | None:
    """The doubt that an error leaves behind, or None if the answer is none."""
    name = error_name(answer)
    if answer.status in (OK, CREATED) and not name:
        return None
    return _in_doubt(client_id, f"http {answer.status} {name}", ts_ns)


def _stranger(
    intent: PlaceOrder | CancelOrder | QueryOrder,
    market: str | None,
    client_id: str | None,
    ts_ns: int,
) -> OrderUpdate | None:
    """The doubt that an answer about another order leaves behind, or None if it is about ours."""
    if market in (None, intent.symbol) and client_id in (None, intent.client_id):
        return None
    return _in_doubt(intent.client_id, f"the answer is about {market} {client_id}", ts_ns)


def _taken(intent: PlaceOrder | CancelOrder, answer: Answer, ts_ns: int) -> OrderUpdate:
    """The order as the answer to a request about it tells: alive, or in doubt."""
    refused = _refusal(intent.client_id, answer, ts_ns)
    if refused is not None:
        return refused
    try:
        reply = read(_TAKEN, answer.body, f"answer about order {intent.client_id}")
    except MalformedData as error:
        return _in_doubt(intent.client_id, str(error), ts_ns)
    stranger = _stranger(intent, reply.market, reply.client_order_id, ts_ns)
    return stranger or OrderUpdate(ts_ns, intent.client_id, OrderStatus.OPEN)


def _update(reply: OrderTotals, client_id: str, ts_ns: int) -> OrderUpdate:
    """The order's totals. Raises `MalformedData` for fills without their cost."""
    executed = amount(reply.executed_volume, f"order {client_id} executed_volume")
    if executed and reply.executed_funds is None:
        raise MalformedData(
            f"bithumb order {client_id}: {executed} executed, but the answer has no "
            "executed_funds; their cost is not known yet"
        )
    status, reason = status_of(
        reply.state,
        executed=executed,
        ordered=amount(reply.volume, f"order {client_id} volume"),
        may_end_short=reply.time_in_force == "ioc" or bool(reply.cancel_type),
    )
    return OrderUpdate(
        ts_ns,
        client_id,
        status,
        filled_qty=executed,
        filled_cost=amount(reply.executed_funds, f"order {client_id} executed_funds"),
        fees=fees_of(reply.market, amount(reply.paid_fee, f"order {client_id} paid_fee")),
        reason=reason,
    )


def status_of(
    state: str, *, executed: Decimal, ordered: Decimal, may_end_short: bool
) -> tuple[OrderStatus, str]:
    """Our status and why, from the venue's state and base quantities.

    `may_end_short`: an IOC order that was filled in part ends as `done`, and so may one of which
    the venue cancelled a quantity and says why. An order by cost has `ordered` zero: nothing says
    when it is full, so it ends as `CANCELED` with what it bought. An unknown state, any other
    `done` without the quantity, and more executed than ordered are in doubt.
    """
    if ordered and executed > ordered:
        return OrderStatus.IN_DOUBT, f"{state} with {executed} executed of {ordered}"
    if state in _LIVE_STATES:
        return OrderStatus.OPEN, ""
    if state not in ("done", "cancel"):
        return OrderStatus.IN_DOUBT, f"unknown state {state:.40}"
    if ordered and executed == ordered:
        return OrderStatus.FILLED, ""
    if state == "done" and not (executed and (may_end_short or not ordered)):
        return OrderStatus.IN_DOUBT, f"done with {executed} executed of {ordered}"
    return OrderStatus.CANCELED, ""


def fees_of(market: str, paid: Decimal) -> tuple[tuple[str, Decimal], ...]:
    """The fee in the market's quote currency, in which the venue charges both sides."""
    return ((market.partition("-")[0], paid),) if paid else ()
