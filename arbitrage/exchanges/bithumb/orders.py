"""The parameters of Bithumb's orders, in the order in which they are sent and hashed.

The venue buys at market by cost and sells at market by quantity; what it cannot do is refused here
and never sent. It keeps us from trading with ourselves by cancelling the newer order's quantity
(docs/changelog of 2026-05-07), which cannot be asked otherwise.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import quote

from arbitrage.domain.errors import OrderRefused
from arbitrage.domain.intents import OrderType, PlaceOrder, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.domain.units import plain
from arbitrage.exchanges.bithumb import facts

_SIDE_NAMES = {Side.BUY: "bid", Side.SELL: "ask"}
_LIMIT_CONDITIONS = {
    TimeInForce.IOC: "ioc",
    TimeInForce.FOK: "fok",
    TimeInForce.POST_ONLY: "post_only",
}
_BEST_CONDITIONS = {TimeInForce.IOC: "ioc", TimeInForce.FOK: "fok"}
_CLIENT_ID = re.compile(facts.CLIENT_ID_FORM)


def limit_or_market(intent: PlaceOrder) -> dict[str, str]:
    """The parameters of an order, in the order in which they are hashed.

    A market order sells by quantity. Raises `OrderRefused` for a market purchase, which the venue
    makes by cost alone, for a condition that it does not take, and for a client id of another
    form. `reduce_only` says nothing on a spot venue.
    """
    params = _begun(intent)
    if intent.order_type is OrderType.LIMIT:
        if intent.price is None:
            raise _refused(intent, "price_missing", "a limit order needs a price")
        if intent.time_in_force is not TimeInForce.GTC:
            params["time_in_force"] = _LIMIT_CONDITIONS[intent.time_in_force]
        params["price"] = plain(intent.price)
        params["volume"] = plain(intent.qty)
        return _ended(params, "limit", intent)
    if intent.side is Side.BUY:
        raise _refused(intent, "market_buy_by_quantity", "expected a cost, or a limit price")
    _refuse_market_condition(intent)
    params["volume"] = plain(intent.qty)
    return _ended(params, "market", intent)


def market_by_cost(intent: PlaceOrder, cost: Decimal) -> dict[str, str]:
    """The parameters of a market purchase of `cost` quote, fee on top.

    `intent.qty` is not sent: it is the most that our books reserve, so the caller bounds it from
    below by what `cost` could buy. Raises `OrderRefused` for anything but a market purchase.
    """
    if intent.order_type is not OrderType.MARKET or intent.side is not Side.BUY:
        raise _refused(intent, "cost_without_market_buy", "only market purchases go by cost")
    _refuse_market_condition(intent)
    return _ended({**_begun(intent), "price": plain(cost)}, "price", intent)


def at_best(intent: PlaceOrder, cost: Decimal | None) -> dict[str, str]:
    """The parameters of an order at the best opposite price: `cost` quote for a purchase, the
    intent's quantity for a sale. Raises `OrderRefused` unless it is IOC or FOK."""
    condition = _BEST_CONDITIONS.get(intent.time_in_force)
    if condition is None:
        raise _refused(intent, "time_in_force", "an order at the best price is IOC or FOK")
    if (cost is not None) != (intent.side is Side.BUY):
        raise _refused(intent, "cost", "a purchase at the best price goes by cost, a sale does not")
    params = _begun(intent)
    params["time_in_force"] = condition
    if cost is not None:
        params["price"] = plain(cost)
    else:
        params["volume"] = plain(intent.qty)
    return _ended(params, "best", intent)


def query_of(params: Mapping[str, str]) -> str:
    """Parameters as the escaped query string that is sent and hashed."""
    return "&".join([f"{name}={quote(value, safe='')}" for name, value in params.items()])


def _begun(intent: PlaceOrder) -> dict[str, str]:
    if not _CLIENT_ID.fullmatch(intent.client_id):
        raise _refused(intent, "client_order_id", f"its id is not {facts.CLIENT_ID_FORM}")
    return {"market": intent.symbol, "side": _SIDE_NAMES[intent.side]}


def _ended(params: dict[str, str], order_type: str, intent: PlaceOrder) -> dict[str, str]:
    params["order_type"] = order_type
    params["client_order_id"] = intent.client_id
    return params


def _refuse_market_condition(intent: PlaceOrder) -> None:
    """A market order takes what there is and drops the rest; it cannot be told otherwise."""
    if intent.time_in_force not in (TimeInForce.IOC, TimeInForce.GTC):
        raise _refused(intent, "time_in_force", "a market order takes no condition")


def _refused(intent: PlaceOrder, reason: str, why: str) -> OrderRefused:
    return OrderRefused(
        f"bithumb {intent.symbol} order {intent.client_id}: {why}; it was not sent", reason
    )
