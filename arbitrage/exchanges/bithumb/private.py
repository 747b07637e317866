"""Bithumb's private stream, second version: our orders and our balances as they change.

A field that has nothing to say is left out, so totals are believed only where all of them are
there. Numbers were doubles at the venue: beyond 2^26 they do not tell multiples of 1e-8 apart, so
a larger quantity is rounded below the truth and closes no order; the REST answer, whose numbers
are text, does that.
"""

from decimal import ROUND_DOWN, Context, Decimal

import msgspec

from arbitrage.domain.events import BalanceUpdate, Event, OrderUpdate
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.units import EXACT, ZERO
from arbitrage.exchanges.bithumb import facts
from arbitrage.exchanges.bithumb.answers import UNREADABLE, amount
from arbitrage.exchanges.bithumb.order_answers import fees_of, status_of
from arbitrage.exchanges.bithumb.public import notice

# The documented request: every market, plain names. Numbers of a rare frame need no short ones.
SUBSCRIPTION = (
    b'[{"ticket":"arbitrage"},{"type":"myOrder"},{"type":"myAsset"},{"format":"DEFAULT"}]'
)

_EXACT_BELOW = 2**26
_ONE_DOUBLE_LESS = 1 - Decimal(2) ** -52
_SURE_DIGITS = Context(prec=15, rounding=ROUND_DOWN)


class MyOrder(msgspec.Struct, gc=False, tag_field="type", tag="myOrder"):
    """`{"type":"myOrder","code":"KRW-BTC","order_id":"C0101000000001818113",
    "client_order_id":"s00000001","side":"buy","order_type":"limit","state":"trade",
    "order_price":136000000,"order_quantity":0.02,"order_amount":2720000,"time_in_force":"ioc",
    "trade_id":"C0101000000001744207","trade_price":136000000,"trade_quantity":0.01,
    "trade_amount":1360000,"remaining_quantity":0.01,"executed_quantity":0.01,
    "executed_amount":1360000,"reserved_fee":6800,"remaining_fee":3400,"paid_fee":3400,
    "trade_timestamp":1763800000000,"order_timestamp":1763799990000,"timestamp":1763800000001,
    "stream_type":"REALTIME"}`

    A cancel has `cancel_type`, and `canceling_order_id` where we would have met ourselves.
    """

    code: str
    order_id: str
    state: str
    client_order_id: str | None = None
    time_in_force: str | None = None
    order_quantity: Decimal | None = None
    executed_quantity: Decimal | None = None
    executed_amount: Decimal | None = None
    paid_fee: Decimal | None = None
    cancel_type: str | None = None


class Asset(msgspec.Struct, gc=False):
    """`{"currency":"KRW","balance":"1386929.37","locked":"10329.67"}`; `balance` is without
    `locked`."""

    currency: str
    balance: Decimal
    locked: Decimal


class MyAsset(msgspec.Struct, gc=False, tag_field="type", tag="myAsset"):
    """`{"type":"myAsset","assets":[{"currency":"KRW","balance":"1386929.37",
    "locked":"10329.67"}],"asset_timestamp":1763800000000,"timestamp":1763800000001,
    "stream_type":"REALTIME"}`"""

    assets: list[Asset]


_FRAMES = msgspec.json.Decoder(MyOrder | MyAsset)


def decode(frame: bytes, ts_ns: int) -> tuple[Event, ...]:
    """The events of one private frame, stamped `ts_ns`. Raises `MalformedData`."""
    try:
        message = _FRAMES.decode(frame)
    except UNREADABLE as error:
        return notice(frame, ts_ns, error)
    if isinstance(message, MyOrder):
        return (_order(message, ts_ns),)
    return tuple([_balance(asset, ts_ns) for asset in message.assets])


def _order(message: MyOrder, ts_ns: int) -> OrderUpdate:
    """The order's totals; an order that is not ours goes by the venue's own id."""
    client_id = message.client_order_id or message.order_id
    executed = amount(message.executed_quantity, f"order {client_id} executed_quantity")
    cost = amount(message.executed_amount, f"order {client_id} executed_amount")
    paid = amount(message.paid_fee, f"order {client_id} paid_fee")
    if None in (message.executed_quantity, message.executed_amount, message.paid_fee):
        return _without_totals(message, client_id, ts_ns)
    status, reason = status_of(
        message.state,
        executed=executed,
        ordered=amount(message.order_quantity, f"order {client_id} order_quantity"),
        may_end_short=message.time_in_force == "ioc" or bool(message.cancel_type),
    )
    if executed >= _EXACT_BELOW:
        executed = _SURE_DIGITS.multiply(executed, _ONE_DOUBLE_LESS)
        if status is not OrderStatus.OPEN:
            status, reason = OrderStatus.IN_DOUBT, f"{message.state} with inexact totals"
    return OrderUpdate(
        ts_ns,
        client_id,
        status,
        filled_qty=executed,
        filled_cost=cost,
        fees=fees_of(message.code, paid),
        reason=reason,
    )


def _without_totals(message: MyOrder, client_id: str, ts_ns: int) -> OrderUpdate:
    """A message from which no total is read: an order that waits is open, any other is asked
    for."""
    is_waiting = message.state in ("wait", "watch")
    return OrderUpdate(
        ts_ns,
        client_id,
        OrderStatus.OPEN if is_waiting else OrderStatus.IN_DOUBT,
        filled_qty=ZERO,
        reason="" if is_waiting else f"{message.state:.40} without totals",
    )


def _balance(asset: Asset, ts_ns: int) -> BalanceUpdate:
    available = amount(asset.balance, f"{asset.currency} balance")
    locked = amount(asset.locked, f"{asset.currency} locked")
    return BalanceUpdate(ts_ns, facts.VENUE, asset.currency, EXACT.add(available, locked))
