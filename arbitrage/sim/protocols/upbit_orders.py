"""Upbit's orders: requests read into core orders, core orders written as the venue's objects.

Without `smp_type` an order at rest of the same account is cancelled (since 2026-11-09), unless
the new one is post_only (docs.upbit.com/kr/reference/new-order, read 2026-11-22).
"""

from decimal import Decimal
from typing import Any, Final

from arbitrage.domain.intents import OrderType
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.units import ZERO
from arbitrage.sim.order_records import NewOrder, SelfTrade, SimOrder
from arbitrage.sim.protocols.korean_orders import (
    SIDE_NAMES,
    figures_now,
    new_order,
    read_terms,
    text,
    trade_of_order,
)
from arbitrage.sim.protocols.korean_params import Params, choice
from arbitrage.sim.protocols.korean_times import korean_time
from arbitrage.sim.protocols.upbit_errors import UpbitRefusal
from arbitrage.sim.protocols.upbit_wire import order_uuid, trade_uuid
from arbitrage.sim.venue_core import SimVenueCore

_SELF_TRADE: Final = {
    "none": SelfTrade.MEET,
    "cancel_maker": SelfTrade.CANCEL_MAKER,
    "cancel_taker": SelfTrade.CANCEL_TAKER,
    "reduce": SelfTrade.REDUCE,
}


class OrderForm:
    """Reads an order from the parameters of a request. Raises `InvalidValue` for a value that
    cannot be, `UpbitRefusal` for a combination."""

    def __init__(self, core: SimVenueCore) -> None:
        self._core = core

    def read(self, body: Params) -> NewOrder:
        """The order that the parameters ask for."""
        terms = read_terms(body, self._core.instruments, "ord_type")
        default_smp = "none" if terms.condition == "post_only" else "cancel_maker"
        smp_type = choice(body, "smp_type", _SELF_TRADE, default=default_smp)
        if not terms.is_possible:
            raise _unfit(terms.side)
        if terms.condition == "post_only" and smp_type != "none":
            raise UpbitRefusal("invalid_post_only")
        wanted = new_order(
            self._core,
            terms,
            client_id=str(body.get("identifier") or ""),
            self_trade=_SELF_TRADE[smp_type],
            wire={"smp_type": smp_type},
        )
        if wanted is None:
            raise UpbitRefusal(f"create_{terms.side}_error", "no orders to meet")
        return wanted

    def is_too_large(self, wanted: NewOrder) -> bool:
        """Whether a market order is larger than all that is displayed against it."""
        book = self._core.book(wanted.symbol)
        if wanted.order_type is not OrderType.MARKET or book is None:
            return False
        if wanted.cost is not None:
            return float(wanted.cost) > sum(price * qty for price, qty in book.asks)
        return float(wanted.qty or ZERO) > sum(qty for _, qty in book.bids)


def _unfit(side: str) -> UpbitRefusal:
    return UpbitRefusal(f"create_{side}_error", "주문 요청 정보가 올바르지 않습니다.")


# --- written -----------------------------------------------------------------------------------


def state_of(order: SimOrder) -> str:
    """`wait`, `done` or `cancel`. A market purchase that could not spend its last KRW is
    cancelled, as is whatever else ends with a rest."""
    if order.is_open:
        return "wait"
    is_spent = order.request.cost is None or order.filled_cost == order.request.cost
    return "done" if order.status is OrderStatus.FILLED and is_spent else "cancel"


def as_accepted(order: SimOrder) -> SimOrder:
    """An order as it was when it was taken in: that, and never a fill, is the answer to a new
    order, since matching comes after."""
    return SimOrder(
        id=order.id,
        request=order.request,
        qty=order.qty,
        created_ns=order.created_ns,
        updated_ns=order.created_ns,
    )


def order_object(
    order: SimOrder, fee_rate: Decimal, *, has_trades: bool = False, has_funds: bool = False
) -> dict[str, Any]:
    """An order as REST answers tell it: every number as text but `trades_count`.

    A single order that is asked for has its trades, one in a list has `executed_funds`; the
    answers to a new order and to a cancel have neither.
    """
    figures = figures_now(order, fee_rate)
    wire = order.request.wire
    told: dict[str, Any] = {
        "uuid": order_uuid(order.id, order.created_ns),
        "side": SIDE_NAMES[order.request.side],
        "ord_type": wire["ord_type"],
        "price": text(figures.price),
        "state": state_of(order),
        "market": order.request.symbol,
        "created_at": korean_time(order.created_ns),
        "volume": text(figures.volume),
        "remaining_volume": text(figures.remaining_volume),
        "executed_volume": text(figures.executed_volume),
        "reserved_fee": text(figures.reserved_fee),
        "remaining_fee": text(figures.remaining_fee),
        "paid_fee": text(figures.paid_fee),
        "locked": text(figures.locked),
        "trades_count": len(order.fills),
        "smp_type": wire["smp_type"],
        "prevented_volume": text(figures.prevented_volume),
        "prevented_locked": text(figures.prevented_locked),
    }
    if wire["time_in_force"]:
        told["time_in_force"] = wire["time_in_force"]
    if order.request.client_id:
        told["identifier"] = order.request.client_id
    if has_funds:
        told["executed_funds"] = text(figures.executed_funds)
    if has_trades:
        told["trades"] = [
            trade_of_order(order, fill, trade_uuid(fill.trade_id, fill.ts_ns))
            for fill in order.fills
        ]
    return told
