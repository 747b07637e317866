"""What Upbit says became of an order: accepted, refused, filled, or in doubt.

An order ends by what was executed, never by its state alone: an IOC or market order that leaves a
residue ends as `cancel`, and `done` is believed only if the numbers agree. What cannot be
concluded from an answer leaves the order in doubt; nothing here raises but for lists.
"""

from decimal import Decimal

import msgspec

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.units import EXACT, ZERO
from arbitrage.exchanges.order_gateway import Answer
from arbitrage.exchanges.upbit import facts
from arbitrage.exchanges.upbit.answers import (
    CREATED,
    NOT_FOUND,
    OK,
    amount,
    error_name,
    read,
    read_answer,
)

# `watch` waits for its trigger; `trade` and `prevented` are words of the stream for a fill and for
# a quantity taken off to keep us from trading with ourselves.
_LIVE_STATES = frozenset({"wait", "watch", "trade", "prevented"})


class Trade(msgspec.Struct, gc=False):
    """`{"market":"KRW-BTC","uuid":"...","price":"136000000","volume":"0.01","funds":"1360000",
    "side":"bid",...}`"""

    volume: Decimal
    funds: Decimal


class OrderReply(msgspec.Struct, gc=False):
    """`{"market":"KRW-BTC","uuid":"9ca0...","side":"bid","ord_type":"limit","price":"136000000",
    "state":"wait","created_at":"2026-11-22T15:42:25+09:00","volume":"0.02",
    "remaining_volume":"0.01","executed_volume":"0.01","executed_funds":"1360000",
    "reserved_fee":"1360","remaining_fee":"680","paid_fee":"680","locked":"1360680",
    "prevented_volume":"0","prevented_locked":"0","trades_count":1,"time_in_force":"ioc",
    "identifier":"s00000001"}`

    An order by cost has no volume. A single order asked for has `trades` and may lack
    `executed_funds`; the answers to a new order and to a cancel may lack both.
    """

    market: str
    uuid: str
    state: str
    executed_volume: Decimal
    paid_fee: Decimal
    volume: Decimal | None = None
    executed_funds: Decimal | None = None
    prevented_volume: Decimal | None = None
    identifier: str | None = None
    trades: list[Trade] | None = None


_ORDER = msgspec.json.Decoder(OrderReply)
_ORDERS = msgspec.json.Decoder(list[OrderReply])


def outcome(intent: PlaceOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
    """What the answer to a new order proves: taken, refused for good, or in doubt.

    No answer, one that cannot be read, one about another order, and every error that is not on
    the list of refusals leave the order in doubt.
    """
    if answer is None:
        return _in_doubt(intent.client_id, "no answer", ts_ns)
    name = error_name(answer)
    if 400 <= answer.status < 500 and name in facts.REFUSALS:
        return OrderUpdate(ts_ns, intent.client_id, OrderStatus.REJECTED, reason=name)
    return _heard(intent, answer, ts_ns)


def canceled(intent: CancelOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
    """What the answer to a cancel says of the order.

    The venue answers that it took the request; the order is then usually still `wait`, so it
    stays open. A refusal proves only that it cannot be cancelled, so it is asked for.
    """
    if answer is None:
        return _in_doubt(intent.client_id, "no answer to the cancel", ts_ns)
    return _heard(intent, answer, ts_ns)


def queried(intent: QueryOrder, answer: Answer, ts_ns: int) -> OrderUpdate | None:
    """What the venue says of an order asked for by client id, or None if it knows no such order.

    Whether that proves that it never existed is for the caller, who knows when it was sent.
    """
    if answer.status == NOT_FOUND and error_name(answer) == facts.ORDER_NOT_FOUND:
        return None
    return _heard(intent, answer, ts_ns)


def listed(answer: Answer, ts_ns: int) -> list[OrderUpdate]:
    """The orders of a list of open or closed ones; a stranger's goes by the venue's own id."""
    replies = read_answer(_ORDERS, answer, "list of orders")
    return [_update(reply, reply.identifier or reply.uuid, ts_ns) for reply in replies]


def _in_doubt(client_id: str, reason: str, ts_ns: int) -> OrderUpdate:
    return OrderUpdate(ts_ns, client_id, OrderStatus.IN_DOUBT, reason=reason)


def _heard(
    intent: PlaceOrder | CancelOrder | QueryOrder, answer: Answer, ts_ns: int
) -> OrderUpdate:
    """The order as an answer tells it, if it is about the order that was meant."""
    client_id = intent.client_id
    if answer.status not in (OK, CREATED):
        return _in_doubt(client_id, f"http {answer.status} {error_name(answer)}", ts_ns)
    try:
        reply = read(_ORDER, answer.body, f"answer about order {client_id}")
        if reply.market != intent.symbol or reply.identifier not in (None, client_id):
            other = f"{reply.market} {reply.identifier}"
            return _in_doubt(client_id, f"the answer is about {other}", ts_ns)
        return _update(reply, client_id, ts_ns)
    except MalformedData as error:
        return _in_doubt(client_id, str(error), ts_ns)


def _update(reply: OrderReply, client_id: str, ts_ns: int) -> OrderUpdate:
    executed = amount(reply.executed_volume, f"order {client_id} executed_volume")
    status, reason = status_of(
        reply.state,
        executed=executed,
        ordered=amount(reply.volume, f"order {client_id} volume"),
        prevented=amount(reply.prevented_volume, f"order {client_id} prevented_volume"),
    )
    return OrderUpdate(
        ts_ns,
        client_id,
        status,
        filled_qty=executed,
        filled_cost=_cost(reply, client_id, executed),
        fees=fees_of(reply.market, amount(reply.paid_fee, f"order {client_id} paid_fee")),
        reason=reason,
    )


def status_of(
    state: str, *, executed: Decimal, ordered: Decimal, prevented: Decimal
) -> tuple[OrderStatus, str]:
    """Our status and why, from the venue's state and base quantities.

    An order by cost has `ordered` zero: nothing says when it is full, so it ends as `CANCELED`
    with what it bought. An unknown state, `done` without the quantity, and more executed than
    ordered are in doubt.
    """
    if ordered and executed > ordered:
        return OrderStatus.IN_DOUBT, f"{state} with {executed} executed of {ordered}"
    if state in _LIVE_STATES:
        return OrderStatus.OPEN, ""
    if state not in ("done", "cancel"):
        return OrderStatus.IN_DOUBT, f"unknown state {state:.40}"
    if ordered and executed == ordered:
        return OrderStatus.FILLED, ""
    if state == "done" and EXACT.add(executed, prevented) < ordered:
        return OrderStatus.IN_DOUBT, f"done with {executed} executed of {ordered}"
    return OrderStatus.CANCELED, ""


def fees_of(market: str, paid: Decimal) -> tuple[tuple[str, Decimal], ...]:
    """The fee in the market's quote currency, in which the venue charges both sides."""
    return ((market.partition("-")[0], paid),) if paid else ()


def _cost(reply: OrderReply, client_id: str, executed: Decimal) -> Decimal:
    """The quote value of all fills. Raises `MalformedData` if the answer does not hold it."""
    if not executed:
        return ZERO
    if reply.executed_funds is not None:
        return amount(reply.executed_funds, f"order {client_id} executed_funds")
    volume = funds = ZERO
    for trade in reply.trades or ():
        volume = EXACT.add(volume, amount(trade.volume, f"order {client_id} trade volume"))
        funds = EXACT.add(funds, amount(trade.funds, f"order {client_id} trade funds"))
    if volume != executed:
        raise MalformedData(
            f"upbit order {client_id}: {executed} executed, but its trades sum to {volume}; "
            "their cost is not known yet"
        )
    return funds
