"""Upbit's orders: requests read into core orders, core orders written as the venue's objects.

What an order means by its `ord_type` (docs.upbit.com/kr/reference/new-order, read 2026-11-22):
`limit` price and volume; `price` a market purchase of `price` KRW in all; `market` a sale of
`volume`; `best` at the best opposite price, ioc or fok, bids by cost and asks by volume.
Without `smp_type` an order at rest of the same account is cancelled (since 2026-11-09), unless
the new one is post_only.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ZERO, plain
from arbitrage.sim.order_records import NewOrder, SelfTrade, SimFill, SimOrder
from arbitrage.sim.protocols.upbit_errors import UpbitRefusal
from arbitrage.sim.protocols.upbit_wire import korean_time, order_uuid, trade_uuid
from arbitrage.sim.venue_core import SimVenueCore

_SIDES: Final = {"bid": Side.BUY, "ask": Side.SELL}
SIDE_NAMES: Final = {side: name for name, side in _SIDES.items()}
_CONDITIONS: Final = {
    "ioc": TimeInForce.IOC,
    "fok": TimeInForce.FOK,
    "post_only": TimeInForce.POST_ONLY,
}
_SELF_TRADE: Final = {
    "none": SelfTrade.MEET,
    "cancel_maker": SelfTrade.CANCEL_MAKER,
    "cancel_taker": SelfTrade.CANCEL_TAKER,
    "reduce": SelfTrade.REDUCE,
}
# (ord_type, side) -> which of price and volume is given, and which conditions may be.
_FORMS: Final = {
    ("limit", "bid"): ({"price", "volume"}, {"", "ioc", "fok", "post_only"}),
    ("limit", "ask"): ({"price", "volume"}, {"", "ioc", "fok", "post_only"}),
    ("price", "bid"): ({"price"}, {""}),
    ("market", "ask"): ({"volume"}, {""}),
    ("best", "bid"): ({"price"}, {"ioc", "fok"}),
    ("best", "ask"): ({"volume"}, {"ioc", "fok"}),
}


class OrderForm:
    """Reads an order from the parameters of a request. Raises `UpbitRefusal` where they are
    wrong: `validation_error` for a value, `create_bid_error` for a combination."""

    def __init__(self, core: SimVenueCore) -> None:
        self._core = core

    def read(self, body: Mapping[str, Any]) -> NewOrder:
        """The order that the parameters ask for."""
        market = _choice(body, "market", self._core.instruments)
        side = _choice(body, "side", _SIDES)
        ord_type = _choice(body, "ord_type", {"limit", "price", "market", "best"})
        condition = _choice(body, "time_in_force", _CONDITIONS, default="")
        default_smp = "none" if condition == "post_only" else "cancel_maker"
        smp_type = _choice(body, "smp_type", _SELF_TRADE, default=default_smp)
        price, volume = _number(body, "price"), _number(body, "volume")
        given = {name for name, value in (("price", price), ("volume", volume)) if value}
        fields, conditions = _FORMS.get((ord_type, side), (set(), set()))
        if given != fields or condition not in conditions:
            raise UpbitRefusal(f"create_{side}_error", "주문 요청 정보가 올바르지 않습니다.")
        if condition == "post_only" and smp_type != "none":
            raise UpbitRefusal("invalid_post_only")
        is_by_cost = ord_type == "price" or (ord_type == "best" and side == "bid")
        best = self._best_price(market, _SIDES[side]) if ord_type == "best" else None
        return NewOrder(
            symbol=market,
            side=_SIDES[side],
            order_type=OrderType.LIMIT if ord_type in ("limit", "best") else OrderType.MARKET,
            time_in_force=_CONDITIONS.get(
                condition, TimeInForce.GTC if ord_type == "limit" else TimeInForce.IOC
            ),
            qty=None if is_by_cost else volume,
            cost=price if is_by_cost else None,
            price=price if ord_type == "limit" else best,
            client_id=str(body.get("identifier") or ""),
            self_trade=_SELF_TRADE[smp_type],
            wire={"ord_type": ord_type, "time_in_force": condition, "smp_type": smp_type},
        )

    def _best_price(self, market: str, side: Side) -> Decimal:
        book = self._core.book(market)
        levels = [] if book is None else (book.asks if side is Side.BUY else book.bids)
        if not levels:
            raise UpbitRefusal(f"create_{SIDE_NAMES[side]}_error", "no orders to meet")
        return Decimal(repr(levels[0][0]))

    def is_too_large(self, wanted: NewOrder) -> bool:
        """Whether a market order is larger than all that is displayed against it."""
        book = self._core.book(wanted.symbol)
        if wanted.order_type is not OrderType.MARKET or book is None:
            return False
        if wanted.cost is not None:
            return float(wanted.cost) > sum(price * qty for price, qty in book.asks)
        return float(wanted.qty or ZERO) > sum(qty for _, qty in book.bids)


def _choice(body: Mapping[str, Any], name: str, allowed: Any, *, default: str | None = None) -> str:
    """The parameter `name`, one of `allowed`; `default` where it is not given."""
    value = body.get(name)
    if value in (None, "") and default is not None:
        return default
    if not isinstance(value, str) or value not in allowed:
        raise UpbitRefusal(
            "validation_error", f"{name} is missing, {name} does not have a valid value"
        )
    return value


def _number(body: Mapping[str, Any], name: str) -> Decimal | None:
    """A number given as text (or as a number); None where it is not given."""
    value = body.get(name)
    if value in (None, ""):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number <= 0:
        raise UpbitRefusal("validation_error", f"{name} does not have a valid value")
    return number


# --- written -----------------------------------------------------------------------------------


class OrderFigures:
    """The money of an order as Upbit counts it, after `filled_qty` for `filled_cost`.

    Fees are in the quote currency, on top of a purchase and out of a sale; what a purchase may
    cost with its fee is locked, of a sale the volume. Nothing is reserved for the fee of a sale.
    """

    def __init__(
        self,
        order: SimOrder,
        fee_rate: Decimal,
        *,
        filled_qty: Decimal,
        filled_cost: Decimal,
        paid_fee: Decimal,
        is_live: bool,
    ) -> None:
        wanted = order.request
        is_bid = wanted.side is Side.BUY
        price = wanted.price or ZERO
        whole = wanted.cost if wanted.cost is not None else order.qty * price
        rest_qty = order.qty - filled_qty - order.prevented_qty
        rest = wanted.cost - filled_cost if wanted.cost is not None else rest_qty * price
        self.executed_volume = filled_qty
        self.executed_funds = filled_cost
        self.paid_fee = paid_fee
        self.volume = None if wanted.cost is not None else order.qty
        self.remaining_volume = None if wanted.cost is not None else rest_qty
        self.price = wanted.cost if wanted.cost is not None else wanted.price
        if wanted.wire["ord_type"] == "best" and wanted.cost is None:
            self.price = None
        self.reserved_fee = whole * fee_rate if is_bid else ZERO
        self.remaining_fee = rest * fee_rate if is_bid and is_live else ZERO
        locked = rest + self.remaining_fee if is_bid else rest_qty
        self.locked = locked if is_live else ZERO
        self.prevented_volume = order.prevented_qty
        self.prevented_locked = order.prevented_qty * price if is_bid else order.prevented_qty
        self.avg_price = filled_cost / filled_qty if filled_qty else ZERO


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
    figures = OrderFigures(
        order,
        fee_rate,
        filled_qty=order.filled_qty,
        filled_cost=order.filled_cost,
        paid_fee=order.fee,
        is_live=order.is_open,
    )
    wire = order.request.wire
    told: dict[str, Any] = {
        "uuid": order_uuid(order.id, order.created_ns),
        "side": SIDE_NAMES[order.request.side],
        "ord_type": wire["ord_type"],
        "price": _text(figures.price),
        "state": state_of(order),
        "market": order.request.symbol,
        "created_at": korean_time(order.created_ns),
        "volume": _text(figures.volume),
        "remaining_volume": _text(figures.remaining_volume),
        "executed_volume": _text(figures.executed_volume),
        "reserved_fee": _text(figures.reserved_fee),
        "remaining_fee": _text(figures.remaining_fee),
        "paid_fee": _text(figures.paid_fee),
        "locked": _text(figures.locked),
        "trades_count": len(order.fills),
        "smp_type": wire["smp_type"],
        "prevented_volume": _text(figures.prevented_volume),
        "prevented_locked": _text(figures.prevented_locked),
    }
    if wire["time_in_force"]:
        told["time_in_force"] = wire["time_in_force"]
    if order.request.client_id:
        told["identifier"] = order.request.client_id
    if has_funds:
        told["executed_funds"] = _text(figures.executed_funds)
    if has_trades:
        told["trades"] = [_trade_object(order, fill) for fill in order.fills]
    return told


def _trade_object(order: SimOrder, fill: SimFill) -> dict[str, str]:
    side = order.request.side
    return {
        "market": order.request.symbol,
        "uuid": trade_uuid(fill.trade_id, fill.ts_ns),
        "price": plain(fill.price),
        "volume": plain(fill.qty),
        "funds": plain(fill.cost),
        "trend": "up" if side is Side.BUY else "down",
        "created_at": korean_time(fill.ts_ns),
        "side": SIDE_NAMES[side],
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
