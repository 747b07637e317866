"""Our orders to signed requests: place, cancel, ask, list.

One-way position mode throughout: no `positionSide` is sent, so an account in hedge mode refuses
every order (-4061) instead of opening the wrong side.
"""

import re

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
from arbitrage.exchanges.binance_usdm import facts
from arbitrage.exchanges.binance_usdm.auth import RequestSigner, encoded
from arbitrage.exchanges.binance_usdm.facts import VENUE
from arbitrage.exchanges.order_gateway import Lane, Request

_ORDER = "/fapi/v1/order"
_is_client_id = re.compile(facts.CLIENT_ID_PATTERN).fullmatch

TIMES_IN_FORCE = {
    TimeInForce.GTC: "GTC",
    TimeInForce.IOC: "IOC",
    TimeInForce.FOK: "FOK",
    TimeInForce.POST_ONLY: "GTX",
}


def place(signer: RequestSigner, intent: PlaceOrder, now_ns: int) -> Request:
    """`POST /fapi/v1/order?...&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&...`

    Answered with the result (`RESULT`), which for IOC, FOK and MARKET is final. It costs nothing of
    the weight and one of the orders budgets. Raises `OrderRefused` for what can be no order here,
    and then nothing was sent.
    """
    client_id = intent.client_id
    if _is_client_id(client_id) is None:
        raise _refused(intent, "client_id", f"expected {facts.CLIENT_ID_PATTERN}")
    if intent.order_type is OrderType.MARKET:
        terms = f"&type=MARKET&quantity={plain(intent.qty)}"
    elif intent.price is None:
        raise _refused(intent, "price", "a limit order needs one")
    else:
        terms = (
            f"&type=LIMIT&quantity={plain(intent.qty)}&price={plain(intent.price)}"
            f"&timeInForce={TIMES_IN_FORCE[intent.time_in_force]}"
        )
    query = (
        f"&symbol={encoded(intent.symbol)}&side={'BUY' if intent.side is Side.BUY else 'SELL'}"
        f"&newClientOrderId={encoded(client_id)}&newOrderRespType=RESULT{terms}"
        f"{'&reduceOnly=true' if intent.reduce_only else ''}"
    )
    is_entry = intent.purpose is Purpose.ENTRY or intent.purpose is Purpose.MANUAL
    lane = Lane.ENTRY if is_entry else Lane.URGENT
    return signer.request("POST", _ORDER, query, now_ns, lane=lane, weight=1)


def cancel(signer: RequestSigner, intent: CancelOrder, now_ns: int) -> Request:
    query = f"&symbol={encoded(intent.symbol)}&origClientOrderId={encoded(intent.client_id)}"
    return signer.request("DELETE", _ORDER, query, now_ns, lane=Lane.URGENT)


def cancel_all(signer: RequestSigner, symbol: str, now_ns: int) -> Request:
    """Cancels every open order of `symbol`, also those of other programs on the account."""
    query = f"&symbol={encoded(symbol)}"
    return signer.request("DELETE", "/fapi/v1/allOpenOrders", query, now_ns, lane=Lane.URGENT)


def query(signer: RequestSigner, intent: QueryOrder, now_ns: int) -> Request:
    query = f"&symbol={encoded(intent.symbol)}&origClientOrderId={encoded(intent.client_id)}"
    return signer.request("GET", _ORDER, query, now_ns, lane=Lane.ACCOUNT)


def open_orders(signer: RequestSigner, symbol: str, now_ns: int) -> Request:
    query = f"&symbol={encoded(symbol)}"
    return signer.request("GET", "/fapi/v1/openOrders", query, now_ns, lane=Lane.ACCOUNT)


def fills(signer: RequestSigner, symbol: str, since_ns: int, now_ns: int) -> Request:
    """Our trades of `symbol` from `since_ns` on, oldest first, at most `MAX_USER_TRADES`."""
    query = (
        f"&symbol={encoded(symbol)}&startTime={since_ns // NS_PER_MS}&limit={facts.MAX_USER_TRADES}"
    )
    return signer.request(
        "GET",
        "/fapi/v1/userTrades",
        query,
        now_ns,
        lane=Lane.ACCOUNT,
        weight=facts.ACCOUNT_WEIGHT,
    )


def _refused(intent: PlaceOrder, reason: str, expected: str) -> OrderRefused:
    return OrderRefused(
        f"{VENUE} {intent.symbol} order {intent.client_id!r}: {reason}, {expected}; "
        "nothing was sent",
        reason,
    )
