"""Orders as Upbit and Bithumb both mean them: what a request asks for, and the money of an order.

By its type: `limit` price and volume; `price` a market purchase of `price` KRW in all; `market` a
sale of `volume`; `best` at the best opposite price, ioc or fok, bids by cost and asks by volume
(docs.upbit.com/kr/reference/new-order, apidocs.bithumb.com/reference/주문-요청, read 2026-11-22).
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ZERO, plain
from arbitrage.sim.order_records import NewOrder, SelfTrade, SimFill, SimOrder
from arbitrage.sim.protocols.korean_params import Params, choice, number
from arbitrage.sim.protocols.korean_times import korean_time
from arbitrage.sim.venue_core import SimVenueCore

SIDES: Final = {"bid": Side.BUY, "ask": Side.SELL}
SIDE_NAMES: Final = {side: name for name, side in SIDES.items()}
CONDITIONS: Final = {
    "ioc": TimeInForce.IOC,
    "fok": TimeInForce.FOK,
    "post_only": TimeInForce.POST_ONLY,
}
_TYPES: Final = ("limit", "price", "market", "best")
# (type, side) -> which of price and volume is given, and which conditions may be.
_FORMS: Final[Mapping[tuple[str, str], tuple[set[str], set[str]]]] = {
    ("limit", "bid"): ({"price", "volume"}, {"", "ioc", "fok", "post_only"}),
    ("limit", "ask"): ({"price", "volume"}, {"", "ioc", "fok", "post_only"}),
    ("price", "bid"): ({"price"}, {""}),
    ("market", "ask"): ({"volume"}, {""}),
    ("best", "bid"): ({"price"}, {"ioc", "fok"}),
    ("best", "ask"): ({"volume"}, {"ioc", "fok"}),
}


class OrderTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a request says of an order, in the venues' words."""

    market: str
    side: str
    type: str
    condition: str
    price: Decimal | None
    volume: Decimal | None

    @property
    def is_possible(self) -> bool:
        """Whether type, side, condition and the numbers given fit together."""
        numbers = (("price", self.price), ("volume", self.volume))
        given = {name for name, value in numbers if value}
        fields, conditions = _FORMS.get((self.type, self.side), (set(), set()))
        return bool(fields) and given == fields and self.condition in conditions


def read_terms(body: Params, markets: Mapping[str, object], type_name: str) -> OrderTerms:
    """The terms in a request; `type_name` is what the venue calls the type of an order. Raises
    `InvalidValue`."""
    return OrderTerms(
        market=choice(body, "market", markets),
        side=choice(body, "side", SIDES),
        type=choice(body, type_name, _TYPES),
        condition=choice(body, "time_in_force", (*CONDITIONS, "")),
        price=number(body, "price"),
        volume=number(body, "volume"),
    )


def new_order(
    core: SimVenueCore,
    terms: OrderTerms,
    *,
    client_id: str,
    self_trade: SelfTrade,
    wire: Mapping[str, str],
) -> NewOrder | None:
    """The order of possible terms; None for one at the best price where there is none."""
    side = SIDES[terms.side]
    is_best, is_limit = terms.type == "best", terms.type == "limit"
    is_by_cost = terms.type == "price" or (is_best and side is Side.BUY)
    best = _best_price(core, terms.market, side) if is_best else None
    if is_best and best is None:
        return None
    unsaid = TimeInForce.GTC if is_limit else TimeInForce.IOC
    return NewOrder(
        symbol=terms.market,
        side=side,
        order_type=OrderType.LIMIT if is_limit or is_best else OrderType.MARKET,
        time_in_force=CONDITIONS.get(terms.condition, unsaid),
        qty=None if is_by_cost else terms.volume,
        cost=terms.price if is_by_cost else None,
        price=terms.price if is_limit else best,
        client_id=client_id,
        self_trade=self_trade,
        wire={"ord_type": terms.type, "time_in_force": terms.condition, **wire},
    )


def _best_price(core: SimVenueCore, market: str, side: Side) -> Decimal | None:
    book = core.book(market)
    levels = [] if book is None else (book.asks if side is Side.BUY else book.bids)
    return Decimal(repr(levels[0][0])) if levels else None


# --- written -----------------------------------------------------------------------------------


class OrderFigures:
    """The money of an order as both venues count it, after `filled_qty` for `filled_cost`.

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


def figures_now(order: SimOrder, fee_rate: Decimal) -> OrderFigures:
    """The money of an order as it stands."""
    return OrderFigures(
        order,
        fee_rate,
        filled_qty=order.filled_qty,
        filled_cost=order.filled_cost,
        paid_fee=order.fee,
        is_live=order.is_open,
    )


def figures_after(
    order: SimOrder, fee_rate: Decimal, fill: SimFill | None, *, is_live: bool
) -> OrderFigures:
    """The money of an order after one of its fills; as it stands if there is none."""
    return OrderFigures(
        order,
        fee_rate,
        filled_qty=fill.cumulative_qty if fill else order.filled_qty,
        filled_cost=fill.cumulative_cost if fill else order.filled_cost,
        paid_fee=fill.cumulative_fee if fill else order.fee,
        is_live=is_live,
    )


def trade_of_order(order: SimOrder, fill: SimFill, uuid: str) -> dict[str, str]:
    """One fill in the list of an order's trades."""
    side = order.request.side
    return {
        "market": order.request.symbol,
        "uuid": uuid,
        "price": plain(fill.price),
        "volume": plain(fill.qty),
        "funds": plain(fill.cost),
        "trend": "up" if side is Side.BUY else "down",
        "created_at": korean_time(fill.ts_ns),
        "side": SIDE_NAMES[side],
    }


def text(value: Decimal | None) -> str | None:
    """A number as REST answers write it."""
    return None if value is None else plain(value)


def in_order(orders: Iterable[SimOrder], params: Params) -> list[SimOrder]:
    """Newest first unless `order_by` says otherwise."""
    return sorted(orders, key=lambda order: order.id, reverse=params.get("order_by") != "asc")
