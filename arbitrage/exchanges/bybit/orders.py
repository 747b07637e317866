"""Our orders to signed requests: place, cancel, ask, list.

One-way position mode throughout: no `positionIdx` is sent, so an account in hedge mode refuses
every order (10001) instead of opening the wrong side. Nothing is borrowed: no `isLeverage` is sent.
"""

import re
from decimal import Decimal

import msgspec

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
from arbitrage.exchanges.bybit import facts
from arbitrage.exchanges.bybit.auth import RequestSigner, encoded
from arbitrage.exchanges.bybit.facts import VENUES, Category
from arbitrage.exchanges.order_gateway import Lane, Request

CREATE_PATH = "/v5/order/create"
CANCEL_PATH = "/v5/order/cancel"
CANCEL_ALL_PATH = "/v5/order/cancel-all"
REALTIME_PATH = "/v5/order/realtime"
HISTORY_PATH = "/v5/order/history"
EXECUTIONS_PATH = "/v5/execution/list"

TIMES_IN_FORCE = {
    TimeInForce.GTC: "GTC",
    TimeInForce.IOC: "IOC",
    TimeInForce.FOK: "FOK",
    TimeInForce.POST_ONLY: "PostOnly",
}

_is_client_id = re.compile(facts.CLIENT_ID_PATTERN).fullmatch


def place(signer: RequestSigner, category: Category, intent: PlaceOrder, now_ns: int) -> Request:
    """`POST /v5/order/create`, answered with an acceptance alone; what became of the order is told
    by the private stream or a query. Raises as `terms`."""
    return signer.post(CREATE_PATH, terms(category, intent), now_ns, lane_of(intent))


def place_by_cost(signer: RequestSigner, intent: PlaceOrder, cost: Decimal, now_ns: int) -> Request:
    """A spot market order for `cost` quote; raises `OrderRefused` for anything else.

    `intent.qty` is not sent: it is the most that our books reserve, so the caller bounds it from
    below by what `cost` could buy.
    """
    if intent.order_type is not OrderType.MARKET:
        raise _refused(Category.SPOT, intent, "cost", "only market orders go by cost")
    body = terms(Category.SPOT, intent, cost)
    return signer.post(CREATE_PATH, body, now_ns, lane_of(intent))


def terms(category: Category, intent: PlaceOrder, cost: Decimal | None = None) -> str:
    """An order as the JSON that both REST and the trade websocket take.

    `{"symbol":"BTCUSDT","side":"Buy","orderType":"Limit","timeInForce":"IOC",
    "orderLinkId":"s00000001","price":"9000.5","category":"linear","qty":"0.01"}`

    The order of keys is free; ours is also ccxt's. A market order takes what there is and drops
    the rest, whatever it is told. Raises `OrderRefused` for what can be no order here, and then
    nothing was sent.
    """
    client_id = intent.client_id
    if _is_client_id(client_id) is None:
        raise _refused(category, intent, "client_id", f"expected {facts.CLIENT_ID_PATTERN}")
    unit = ""
    if intent.order_type is OrderType.MARKET:
        if intent.time_in_force not in (TimeInForce.IOC, TimeInForce.GTC):
            raise _refused(category, intent, "time_in_force", "a market order takes no condition")
        kind, condition, price = "Market", "", ""
        if category is Category.SPOT:  # without it a purchase would go by cost
            unit = f'"marketUnit":"{"baseCoin" if cost is None else "quoteCoin"}",'
    elif intent.price is None:
        raise _refused(category, intent, "price", "a limit order needs one")
    else:
        kind, price = "Limit", f'"price":"{plain(intent.price)}",'
        condition = f'"timeInForce":"{TIMES_IN_FORCE[intent.time_in_force]}",'
    is_reducing = intent.reduce_only and category is Category.LINEAR
    reducing = ',"reduceOnly":true' if is_reducing else ""
    return (
        f'{{"symbol":{_quoted(intent.symbol)},'
        f'"side":"{"Buy" if intent.side is Side.BUY else "Sell"}","orderType":"{kind}",'
        f'{condition}"orderLinkId":"{client_id}",{price}"category":"{category.value}",{unit}'
        f'"qty":"{plain(intent.qty if cost is None else cost)}"{reducing}}}'
    )


def lane_of(intent: PlaceOrder) -> Lane:
    is_entry = intent.purpose is Purpose.ENTRY or intent.purpose is Purpose.MANUAL
    return Lane.ENTRY if is_entry else Lane.URGENT


def cancel(signer: RequestSigner, category: Category, intent: CancelOrder, now_ns: int) -> Request:
    return signer.post(CANCEL_PATH, cancel_terms(category, intent), now_ns, Lane.URGENT)


def cancel_terms(category: Category, intent: CancelOrder) -> str:
    """`{"symbol":"BTCUSDT","category":"linear","orderLinkId":"s00000001"}`"""
    order_filter = '"orderFilter":"Order",' if category is Category.SPOT else ""
    return (
        f'{{"symbol":{_quoted(intent.symbol)},{order_filter}"category":"{category.value}",'
        f'"orderLinkId":{_quoted(intent.client_id)}}}'
    )


def cancel_all(signer: RequestSigner, category: Category, symbol: str, now_ns: int) -> Request:
    """Cancels every open order of `symbol`, also those of other programs on the account; of linear
    at most 500."""
    body = f'{{"symbol":{_quoted(symbol)},"category":"{category.value}"}}'
    return signer.post(CANCEL_ALL_PATH, body, now_ns, Lane.URGENT)


def query(
    signer: RequestSigner, category: Category, intent: QueryOrder, path: str, now_ns: int
) -> Request:
    """Asks for one order by client id: among the open and recent ones (`REALTIME_PATH`) or among
    the closed ones (`HISTORY_PATH`)."""
    by_id = f"{_market(category, intent.symbol)}&orderLinkId={encoded(intent.client_id)}"
    return signer.get(path, by_id, now_ns)


def open_orders(
    signer: RequestSigner, category: Category, symbol: str, now_ns: int, cursor: str = ""
) -> Request:
    """One page of the open orders of a symbol."""
    page = f"{_market(category, symbol)}&limit={facts.OPEN_ORDERS_PAGE}{_more(cursor)}"
    return signer.get(REALTIME_PATH, page, now_ns)


def closed_since(
    signer: RequestSigner, category: Category, symbol: str, since_ns: int, now_ns: int
) -> Request:
    """The closed orders of a symbol that were made in the seven days from `since_ns` on, the newest
    first; one page, and the venue may list them late."""
    page = (
        f"{_market(category, symbol)}&limit={facts.OPEN_ORDERS_PAGE}"
        f"&startTime={since_ns // NS_PER_MS}"
    )
    return signer.get(HISTORY_PATH, page, now_ns)


def executions(
    signer: RequestSigner,
    category: Category,
    symbol: str,
    since_ns: int,
    now_ns: int,
    cursor: str = "",
) -> Request:
    """One page of our fills and funding of a symbol in the `EXECUTIONS_SPAN_NS` from `since_ns`
    on, the newest first."""
    page = (
        f"{_market(category, symbol)}&limit={facts.EXECUTIONS_PAGE}"
        f"&startTime={since_ns // NS_PER_MS}{_more(cursor)}"
    )
    return signer.get(EXECUTIONS_PATH, page, now_ns)


def _market(category: Category, symbol: str) -> str:
    return f"symbol={encoded(symbol)}&category={category.value}"


def _more(cursor: str) -> str:
    return f"&cursor={cursor}" if cursor else ""


def _quoted(text: str) -> str:
    """`text` as JSON, whatever it holds."""
    return msgspec.json.encode(text).decode()


def _refused(category: Category, intent: PlaceOrder, reason: str, expected: str) -> OrderRefused:
    return OrderRefused(
        f"{VENUES[category]} {intent.symbol} order {intent.client_id!r}: {reason}, {expected}; "
        "nothing was sent",
        reason,
    )
