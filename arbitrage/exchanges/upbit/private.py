"""Upbit's private stream: our orders and our balances as they change.

Numbers come as JSON numbers that were doubles at the venue, read here digit by digit into
`Decimal`. A double tells all multiples of 1e-8 apart below 2^26, where its own steps are finer. A
quantity beyond that (67 million coins, a common order in the cheapest markets) is not exact, so it
is rounded below the truth and closes no order: the REST answer, whose numbers are text, does that.
"""

from decimal import ROUND_DOWN, Context, Decimal

import msgspec

from arbitrage.domain.events import BalanceUpdate, Event, OrderUpdate
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.units import EXACT
from arbitrage.exchanges.upbit import facts
from arbitrage.exchanges.upbit.answers import UNREADABLE, amount
from arbitrage.exchanges.upbit.order_answers import fees_of, status_of
from arbitrage.exchanges.upbit.public import notice

# The documented request: every market, plain names. Numbers of a rare frame need no short ones.
SUBSCRIPTION = (
    b'[{"ticket":"arbitrage"},{"type":"myOrder"},{"type":"myAsset"},{"format":"DEFAULT"}]'
)

_EXACT_BELOW = 2**26
_ONE_DOUBLE_LESS = 1 - Decimal(2) ** -52
_SURE_DIGITS = Context(prec=15, rounding=ROUND_DOWN)


class MyOrder(msgspec.Struct, gc=False, tag_field="type", tag="myOrder"):
    """`{"type":"myOrder","code":"KRW-BTC","uuid":"...","ask_bid":"BID","order_type":"limit",
    "state":"trade","trade_uuid":"...","price":136000000.0,"avg_price":136000000.0,"volume":0.01,
    "remaining_volume":0.01,"executed_volume":0.01,"trades_count":1,"reserved_fee":1360.0,
    "remaining_fee":680.0,"paid_fee":680.0,"locked":1360680.0,"executed_funds":1360000.0,
    "time_in_force":null,"trade_fee":680.0,"is_maker":true,"identifier":"s00000001",
    "smp_type":"cancel_maker","prevented_volume":0.0,"prevented_locked":0.0,
    "trade_timestamp":1763800000000,"order_timestamp":1763799990000,"timestamp":1763800000001,
    "stream_type":"REALTIME"}`

    `volume` is what was ordered, but in a message of state `trade` it is the size of the trade.
    """

    code: str
    uuid: str
    state: str
    executed_volume: Decimal
    executed_funds: Decimal
    paid_fee: Decimal
    volume: Decimal | None = None
    prevented_volume: Decimal | None = None
    identifier: str | None = None


class Asset(msgspec.Struct, gc=False):
    """`{"currency":"KRW","balance":1386929.37,"locked":10329.67}`; `balance` is without
    `locked`."""

    currency: str
    balance: Decimal
    locked: Decimal


class MyAsset(msgspec.Struct, gc=False, tag_field="type", tag="myAsset"):
    """`{"type":"myAsset","asset_uuid":"...","assets":[{"currency":"KRW","balance":1386929.37,
    "locked":10329.67}],"asset_timestamp":1763800000000,"timestamp":1763800000001,
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
    client_id = message.identifier or message.uuid
    executed = amount(message.executed_volume, f"order {client_id} executed_volume")
    is_trade = message.state == "trade"
    status, reason = status_of(
        message.state,
        executed=executed,
        ordered=amount(None if is_trade else message.volume, f"order {client_id} volume"),
        prevented=amount(message.prevented_volume, f"order {client_id} prevented_volume"),
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
        filled_cost=amount(message.executed_funds, f"order {client_id} executed_funds"),
        fees=fees_of(message.code, amount(message.paid_fee, f"order {client_id} paid_fee")),
        reason=reason,
    )


def _balance(asset: Asset, ts_ns: int) -> BalanceUpdate:
    available = amount(asset.balance, f"{asset.currency} balance")
    locked = amount(asset.locked, f"{asset.currency} locked")
    return BalanceUpdate(ts_ns, facts.VENUE, asset.currency, EXACT.add(available, locked))
