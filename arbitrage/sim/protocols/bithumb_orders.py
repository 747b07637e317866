"""Bithumb's orders: requests read into core orders, core orders written as the venue's objects.

The first version says `uuid` and `ord_type`, the second `order_id` and `order_type`. Orders of one
account never trade with each other: the one that arrives is cancelled where they meet (since
2026-05-07), and its `stp_type` says so. An IOC order that was filled in part ends as `done`
(apidocs.bithumb.com/reference/주문-요청, read 2026-11-22).
"""

import re
from decimal import Decimal
from typing import Any, Final

from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.sim.order_records import NewOrder, SelfTrade, SimOrder
from arbitrage.sim.protocols.bithumb_errors import BithumbRefusal
from arbitrage.sim.protocols.bithumb_wire import order_name, trade_name
from arbitrage.sim.protocols.korean_errors import InvalidValue
from arbitrage.sim.protocols.korean_orders import (
    SIDE_NAMES,
    figures_now,
    new_order,
    read_terms,
    text,
    trade_of_order,
)
from arbitrage.sim.protocols.korean_params import Params
from arbitrage.sim.protocols.korean_times import korean_time
from arbitrage.sim.venue_core import SimVenueCore

STP_TYPE: Final = "cancel_taker"
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,36}")
# Why an order was cancelled by itself. `tif_cancel` is documented (changelog of 2026-06-30), these
# are unconfirmed.
_CANCEL_TYPES: Final = {"self_trade": "stp_cancel", "withdrawn": "system"}
_SECOND_VERSION: Final = {
    "uuid": "order_id",
    "ord_type": "order_type",
    "canceling_uuid": "canceling_order_id",
}


def read_order(core: SimVenueCore, body: Params) -> NewOrder:
    """The order that a request asks for. Raises `InvalidValue` for a value that cannot be,
    `BithumbRefusal` for a combination or a market that there is not."""
    if body.get("market") and body["market"] not in core.instruments:
        raise BithumbRefusal("currency does not have a valid value")
    terms = read_terms(body, core.instruments, "order_type")
    if not terms.is_possible:
        raise InvalidValue("price, volume and time_in_force do not fit the order_type")
    client_id = str(body.get("client_order_id") or "")
    if client_id and not _CLIENT_ID.fullmatch(client_id):
        raise InvalidValue("client_order_id does not have a valid value")
    wanted = new_order(core, terms, client_id=client_id, self_trade=SelfTrade.CANCEL_TAKER, wire={})
    if wanted is None:
        raise InvalidValue("no orders to meet")
    return wanted


# --- written -----------------------------------------------------------------------------------


def state_of(order: SimOrder) -> str:
    """`wait`, `done` or `cancel`. What bought or sold something and could not rest is done,
    however little it was; for market orders that is unconfirmed."""
    if order.is_open:
        return "wait"
    is_done = order.status is OrderStatus.FILLED or (order.filled_qty and not _may_rest(order))
    return "done" if is_done else "cancel"


def _may_rest(order: SimOrder) -> bool:
    wanted = order.request
    lasting = (TimeInForce.GTC, TimeInForce.POST_ONLY)
    return wanted.order_type is OrderType.LIMIT and wanted.time_in_force in lasting


def cancel_marks(core: SimVenueCore, order: SimOrder) -> dict[str, str]:
    """Why the venue cancelled something of an order, and which one stood in its way."""
    if order.is_open or order.status is OrderStatus.FILLED:
        return {}
    is_asked_for = _may_rest(order) and not order.reason
    kind = "user" if is_asked_for else _CANCEL_TYPES.get(order.reason, "tif_cancel")
    met = _met_by(core, order) if order.reason == "self_trade" else None
    told = {"cancel_type": kind}
    return told if met is None else told | {"canceling_uuid": order_name(met.id, met.created_ns)}


def _met_by(core: SimVenueCore, order: SimOrder) -> SimOrder | None:
    """The order at rest of the same account that an arriving one would have met first."""
    sign = order.request.side.sign
    across = [
        each
        for each in core.orders.open(order.request.symbol)
        if each.request.side is not order.request.side and each.request.price is not None
    ]
    return min(across, key=lambda each: (each.request.price or 0) * sign, default=None)


def taken_object(order: SimOrder) -> dict[str, Any]:
    """The answer to a new order: that it was taken in, and nothing of what became of it."""
    wanted = order.request
    told = {
        "order_id": order_name(order.id, order.created_ns),
        "market": wanted.symbol,
        "side": SIDE_NAMES[wanted.side],
        "order_type": wanted.wire["ord_type"],
        "created_at": korean_time(order.created_ns),
        "stp_type": STP_TYPE,
    }
    if wanted.wire["time_in_force"]:
        told["time_in_force"] = wanted.wire["time_in_force"]
    return told | _own_id(order)


def cancel_object(order: SimOrder) -> dict[str, str]:
    """The answer to a cancel: that it was taken in."""
    told = {
        "order_id": order_name(order.id, order.created_ns),
        "created_at": korean_time(order.created_ns),
    }
    return told | _own_id(order)


def _own_id(order: SimOrder) -> dict[str, str]:
    client_id = order.request.client_id
    return {"client_order_id": client_id} if client_id else {}


def order_object(
    core: SimVenueCore, order: SimOrder, *, has_trades: bool = False
) -> dict[str, Any]:
    """An order as answers of the first version tell it: every number as text but
    `trades_count`. A single order that is asked for has its trades."""
    wanted = order.request
    figures = figures_now(order, fee_rate(core, order))
    told: dict[str, Any] = {
        "uuid": order_name(order.id, order.created_ns),
        "side": SIDE_NAMES[wanted.side],
        "ord_type": wanted.wire["ord_type"],
        "price": text(figures.price),
        "state": state_of(order),
        "market": wanted.symbol,
        "created_at": korean_time(order.created_ns),
        "volume": text(figures.volume),
        "remaining_volume": text(figures.remaining_volume),
        "reserved_fee": text(figures.reserved_fee),
        "remaining_fee": text(figures.remaining_fee),
        "paid_fee": text(figures.paid_fee),
        "locked": text(figures.locked),
        "executed_volume": text(figures.executed_volume),
        "executed_funds": text(figures.executed_funds),
        "trades_count": len(order.fills),
        "stp_type": STP_TYPE,
    }
    if wanted.wire["time_in_force"]:
        told["time_in_force"] = wanted.wire["time_in_force"]
    told |= _own_id(order) | cancel_marks(core, order)
    if has_trades:
        told["trades"] = [
            trade_of_order(order, fill, trade_name(fill.trade_id, fill.ts_ns))
            for fill in order.fills
        ]
    return told


def second_version(told: dict[str, Any]) -> dict[str, Any]:
    """The same order as answers of the second version tell it."""
    return {_SECOND_VERSION.get(name, name): value for name, value in told.items()}


def fee_rate(core: SimVenueCore, order: SimOrder) -> Decimal:
    """The share of its notional that an order may cost."""
    return core.fees(order.request.symbol).rate(is_maker=False)


def stream_side(order: SimOrder) -> str:
    return "buy" if order.request.side is Side.BUY else "sell"
