"""Our orders to signed requests: place, test, cancel, ask, list.

`reduce_only` says nothing on a spot market. No self-trade prevention is asked for: the market's
default holds, which the venue tells with every order.
"""

import re
from decimal import Decimal

from arbitrage.domain.errors import OrderRefused
from arbitrage.domain.intents import (
    CancelOrder,
    OrderType,
    PlaceOrder,
    Purpose,
    QueryOrder,
    TimeInForce,
)
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_MS, plain
from arbitrage.exchanges.binance_spot import facts
from arbitrage.exchanges.binance_spot.auth import RequestSigner, encoded
from arbitrage.exchanges.binance_spot.facts import VENUE
from arbitrage.exchanges.order_gateway import Lane, Request

_ORDER = "/api/v3/order"
_TEST = "/api/v3/order/test"
_OPEN_ORDERS = "/api/v3/openOrders"
_is_client_id = re.compile(facts.CLIENT_ID_PATTERN).fullmatch

# A post-only order is a type of its own, LIMIT_MAKER.
TIMES_IN_FORCE = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}


def terms(intent: PlaceOrder, cost: Decimal | None = None) -> dict[str, str]:
    """The parameters of an order, the symbol first; `cost` (in quote) stands for the quantity.

    The answer is asked for in full (`FULL`): with the trades so far and their fees. Raises
    `OrderRefused` for what can be no order here.
    """
    if _is_client_id(intent.client_id) is None:
        raise _refused(intent, "client_id", f"expected {facts.CLIENT_ID_PATTERN}")
    said = {
        "symbol": intent.symbol,
        "side": "BUY" if intent.side is Side.BUY else "SELL",
        "newClientOrderId": intent.client_id,
        "newOrderRespType": "FULL",
    }
    if intent.order_type is OrderType.MARKET:
        if intent.time_in_force in (TimeInForce.FOK, TimeInForce.POST_ONLY):
            raise _refused(intent, "time_in_force", "a market order takes no condition")
        said["type"] = "MARKET"
        if cost is None:
            said["quantity"] = plain(intent.qty)
        else:
            said["quoteOrderQty"] = plain(cost)
        return said
    if intent.price is None or cost is not None:
        raise _refused(intent, "price", "a limit order needs one, and goes by quantity")
    is_maker = intent.time_in_force is TimeInForce.POST_ONLY
    said["type"] = "LIMIT_MAKER" if is_maker else "LIMIT"
    said["quantity"] = plain(intent.qty)
    said["price"] = plain(intent.price)
    if not is_maker:
        said["timeInForce"] = TIMES_IN_FORCE[intent.time_in_force]
    return said


def place(
    signer: RequestSigner, intent: PlaceOrder, now_ns: int, cost: Decimal | None = None
) -> Request:
    """`POST /api/v3/order?...&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&...`

    The answer to an IOC, FOK or MARKET order is final. `cost` makes a market order of so much
    quote; `intent.qty` is then not sent, but is the most that our books reserve, so the caller
    bounds it by what `cost` could buy. Raises `OrderRefused` as `terms`, and nothing was sent.
    """
    return _order(signer, _ORDER, intent, now_ns, cost)


def place_test(
    signer: RequestSigner, intent: PlaceOrder, now_ns: int, cost: Decimal | None = None
) -> Request:
    """The same order to the endpoint that checks it and does not place it."""
    return _order(signer, _TEST, intent, now_ns, cost)


def cancel(signer: RequestSigner, intent: CancelOrder, now_ns: int) -> Request:
    return signer.request("DELETE", _ORDER, _by_client_id(intent), now_ns, lane=Lane.URGENT)


def cancel_all(signer: RequestSigner, symbol: str, now_ns: int) -> Request:
    """Cancels every open order of `symbol`, also those of other programs on the account.

    The answer lists them (`order_answers.listed`); without any it is the error -2011.
    """
    query = f"&symbol={encoded(symbol)}"
    return signer.request("DELETE", _OPEN_ORDERS, query, now_ns, lane=Lane.URGENT)


def query(signer: RequestSigner, intent: QueryOrder, now_ns: int) -> Request:
    return signer.request(
        "GET",
        _ORDER,
        _by_client_id(intent),
        now_ns,
        lane=Lane.ACCOUNT,
        weight=facts.ORDER_QUERY_WEIGHT,
    )


def open_orders(signer: RequestSigner, symbol: str, now_ns: int) -> Request:
    return signer.request(
        "GET",
        _OPEN_ORDERS,
        f"&symbol={encoded(symbol)}",
        now_ns,
        lane=Lane.ACCOUNT,
        weight=facts.OPEN_ORDERS_WEIGHT,
    )


def fills(signer: RequestSigner, symbol: str, since_ns: int, now_ns: int) -> Request:
    """Our trades of `symbol` from `since_ns` on, oldest first, at most `MAX_MY_TRADES`."""
    query = (
        f"&symbol={encoded(symbol)}&startTime={since_ns // NS_PER_MS}&limit={facts.MAX_MY_TRADES}"
    )
    return signer.request(
        "GET",
        "/api/v3/myTrades",
        query,
        now_ns,
        lane=Lane.ACCOUNT,
        weight=facts.MY_TRADES_WEIGHT,
    )


def all_orders(signer: RequestSigner, symbol: str, since_ns: int, now_ns: int) -> Request:
    """Orders of `symbol` made since `since_ns`, oldest first, whatever became of them, at most
    `MAX_ALL_ORDERS`. The venue archives those without a fill after
    `facts.UNFILLED_ORDER_MEMORY_NS`."""
    query = (
        f"&symbol={encoded(symbol)}&startTime={since_ns // NS_PER_MS}&limit={facts.MAX_ALL_ORDERS}"
    )
    return signer.request(
        "GET",
        "/api/v3/allOrders",
        query,
        now_ns,
        lane=Lane.ACCOUNT,
        weight=facts.ALL_ORDERS_WEIGHT,
    )


def lane_of(intent: PlaceOrder) -> Lane:
    """The lane of a new order: hedges and reversals have the one that entries never use."""
    is_entry = intent.purpose is Purpose.ENTRY or intent.purpose is Purpose.MANUAL
    return Lane.ENTRY if is_entry else Lane.URGENT


def _order(
    signer: RequestSigner, path: str, intent: PlaceOrder, now_ns: int, cost: Decimal | None
) -> Request:
    said = terms(intent, cost)
    said["symbol"] = encoded(intent.symbol)  # the other values need no escape
    query = "".join([f"&{name}={value}" for name, value in said.items()])
    return signer.request("POST", path, query, now_ns, lane=lane_of(intent), weight=1)


def _by_client_id(intent: CancelOrder | QueryOrder) -> str:
    return f"&symbol={encoded(intent.symbol)}&origClientOrderId={encoded(intent.client_id)}"


def _refused(intent: PlaceOrder, reason: str, expected: str) -> OrderRefused:
    return OrderRefused(
        f"{VENUE} {intent.symbol} order {intent.client_id!r}: {reason}, {expected}; "
        "nothing was sent",
        reason,
    )
