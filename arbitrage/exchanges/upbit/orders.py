"""The parameters of Upbit's orders, in the order in which they are sent and hashed.

The venue buys at market by cost and sells at market by quantity; what it cannot do is refused here
and never sent. Our client id is its `identifier`, which it takes once and for ever, even for an
order that it refuses. No `smp_type` is sent: since 2026-11-09 the venue then cancels our resting
order rather than let us trade with ourselves (docs.upbit.com/kr/changelog/add-smp-type-default,
read 2026-11-22).
"""

from collections.abc import Mapping
from decimal import Decimal

from arbitrage.domain.errors import OrderRefused
from arbitrage.domain.intents import OrderType, PlaceOrder, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.domain.units import plain

_SIDE_NAMES = {Side.BUY: "bid", Side.SELL: "ask"}
_LIMIT_CONDITIONS = {
    TimeInForce.IOC: "ioc",
    TimeInForce.FOK: "fok",
    TimeInForce.POST_ONLY: "post_only",
}
_BEST_CONDITIONS = {TimeInForce.IOC: "ioc", TimeInForce.FOK: "fok"}


def limit_or_market(intent: PlaceOrder) -> dict[str, str]:
    """The parameters of an order, in the order in which they are hashed.

    A market order sells by quantity. Raises `OrderRefused` for a market purchase, which the venue
    makes by cost alone, and for a condition that it does not take. `reduce_only` says nothing on
    a spot venue.
    """
    params = {"market": intent.symbol, "side": _SIDE_NAMES[intent.side]}
    if intent.order_type is OrderType.LIMIT:
        if intent.price is None:
            raise _refused(intent, "price_missing", "a limit order needs a price")
        params["ord_type"] = "limit"
        params["price"] = plain(intent.price)
        params["volume"] = plain(intent.qty)
        params["identifier"] = intent.client_id
        if intent.time_in_force is not TimeInForce.GTC:
            params["time_in_force"] = _LIMIT_CONDITIONS[intent.time_in_force]
        return params
    if intent.side is Side.BUY:
        raise _refused(intent, "market_buy_by_quantity", "expected a cost, or a limit price")
    _refuse_market_condition(intent)
    params["ord_type"] = "market"
    params["volume"] = plain(intent.qty)
    params["identifier"] = intent.client_id
    return params


def market_by_cost(intent: PlaceOrder, cost: Decimal) -> dict[str, str]:
    """The parameters of a market purchase of `cost` quote, fee on top.

    `intent.qty` is not sent: it is the most that our books reserve, so the caller bounds it from
    below by what `cost` could buy. Raises `OrderRefused` for anything but a market purchase.
    """
    if intent.order_type is not OrderType.MARKET or intent.side is not Side.BUY:
        raise _refused(intent, "cost_without_market_buy", "only market purchases go by cost")
    _refuse_market_condition(intent)
    return {
        "market": intent.symbol,
        "side": "bid",
        "ord_type": "price",
        "price": plain(cost),
        "identifier": intent.client_id,
    }


def at_best(intent: PlaceOrder, cost: Decimal | None) -> dict[str, str]:
    """The parameters of an order at the best opposite price: `cost` quote for a purchase, the
    intent's quantity for a sale. Raises `OrderRefused` unless it is IOC or FOK."""
    condition = _BEST_CONDITIONS.get(intent.time_in_force)
    if condition is None:
        raise _refused(intent, "time_in_force", "an order at the best price is IOC or FOK")
    if (cost is not None) != (intent.side is Side.BUY):
        raise _refused(intent, "cost", "a purchase at the best price goes by cost, a sale does not")
    params = {"market": intent.symbol, "side": _SIDE_NAMES[intent.side], "ord_type": "best"}
    if cost is not None:
        params["price"] = plain(cost)
    else:
        params["volume"] = plain(intent.qty)
    params["identifier"] = intent.client_id
    params["time_in_force"] = condition
    return params


def _refuse_market_condition(intent: PlaceOrder) -> None:
    """A market order takes what there is and drops the rest; it cannot be told otherwise."""
    if intent.time_in_force not in (TimeInForce.IOC, TimeInForce.GTC):
        raise _refused(intent, "time_in_force", "a market order takes no condition")


def _refused(intent: PlaceOrder, reason: str, why: str) -> OrderRefused:
    return OrderRefused(
        f"upbit {intent.symbol} order {intent.client_id}: {why}; it was not sent", reason
    )


def query_of(params: Mapping[str, str]) -> str:
    """Parameters as the unescaped query string that is hashed."""
    return "&".join([f"{name}={value}" for name, value in params.items()])
