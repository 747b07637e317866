"""Our orders to signed requests: place, cancel, ask, list.

Net position mode throughout: swaps are ordered with `posSide` net, so an account that keeps long
and short apart refuses every order (51000) instead of opening the wrong side. Margin is crossed.
Self-trade prevention is left to the account's setting, by default cancelling the resting order.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum

import msgspec

from arbitrage.domain.errors import ConfigError, OrderRefused
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
from arbitrage.exchanges.okx import facts
from arbitrage.exchanges.okx.auth import RequestSigner, encoded
from arbitrage.exchanges.okx.facts import VENUE
from arbitrage.exchanges.okx.instruments import is_swap, kind_of
from arbitrage.exchanges.order_gateway import Lane, Request

_ORDER = "/api/v5/trade/order"
_CANCEL = "/api/v5/trade/cancel-order"
_CANCEL_BATCH = "/api/v5/trade/cancel-batch-orders"
_CANCEL_AFTER = "/api/v5/trade/cancel-all-after"
_is_client_id = re.compile(facts.CLIENT_ID_PATTERN).fullmatch

ORDER_TYPES = {
    TimeInForce.GTC: "limit",
    TimeInForce.IOC: "ioc",
    TimeInForce.FOK: "fok",
    TimeInForce.POST_ONLY: "post_only",
}


class SpotMode(Enum):
    """How spot is traded: without margin, or (multi-currency and portfolio margin) crossed.

    Crossed in any other account mode would borrow; the venue refuses cash in those two.
    """

    CASH = "cash"
    CROSS = "cross"


def place(signer: RequestSigner, spot: SpotMode, intent: PlaceOrder, now_ns: int) -> Request:
    """`POST /api/v5/trade/order`, answered with an acceptance alone; what became of the order is
    told by the private stream or a query. Raises as `terms`."""
    return signer.post(_ORDER, terms(spot, intent, _named(intent.symbol)), now_ns, lane_of(intent))


def place_by_cost(
    signer: RequestSigner, spot: SpotMode, intent: PlaceOrder, cost: Decimal, now_ns: int
) -> Request:
    """A spot market order for `cost` quote; raises `OrderRefused` for anything else.

    `intent.qty` is not sent: it is the most that our books reserve, so the caller bounds it from
    below by what `cost` could buy.
    """
    if intent.order_type is not OrderType.MARKET or is_swap(intent.symbol):
        raise _refused(intent, "cost", "only market orders of spot go by cost")
    body = terms(spot, intent, _named(intent.symbol), cost)
    return signer.post(_ORDER, body, now_ns, lane_of(intent))


def terms(spot: SpotMode, intent: PlaceOrder, name: str, cost: Decimal | None = None) -> str:
    """An order as the JSON that both REST and the websocket take; `name` says which instrument.

    `{"instId":"BTC-USDT-SWAP","side":"buy","ordType":"ioc","sz":"1","posSide":"net",
    "tdMode":"cross","px":"9000.5","clOrdId":"s00000001","reduceOnly":true}`

    The order of keys is free; ours is also ccxt's. A market order of spot says that it is meant
    in base and must not be made smaller by the venue. Raises `OrderRefused` for what can be no
    order here, and then nothing was sent.
    """
    if _is_client_id(intent.client_id) is None:
        raise _refused(intent, "client_id", f"expected {facts.CLIENT_ID_PATTERN}")
    kind, price, unit, fixed = ORDER_TYPES[intent.time_in_force], "", "", ""
    is_market = intent.order_type is OrderType.MARKET
    if is_market:
        if intent.time_in_force not in (TimeInForce.IOC, TimeInForce.GTC):
            raise _refused(intent, "time_in_force", "a market order takes no condition")
        kind = "market"
    elif intent.price is None:
        raise _refused(intent, "price", "a limit order needs one")
    else:
        price = f'"px":"{plain(intent.price)}",'
    if is_swap(intent.symbol):
        mode = '"posSide":"net","tdMode":"cross"'
        fixed = ',"reduceOnly":true' if intent.reduce_only else ""
    else:  # there is nothing to reduce
        mode = f'"tdMode":"{spot.value}"'
        if is_market:
            unit = f'"tgtCcy":"{"base_ccy" if cost is None else "quote_ccy"}",'
            fixed = ',"banAmend":true'
    return (
        f'{{{name},"side":"{"buy" if intent.side is Side.BUY else "sell"}","ordType":"{kind}",'
        f'"sz":"{plain(intent.qty if cost is None else cost)}",{mode},{unit}{price}'
        f'"clOrdId":"{intent.client_id}"{fixed}}}'
    )


def lane_of(intent: PlaceOrder) -> Lane:
    is_entry = intent.purpose is Purpose.ENTRY or intent.purpose is Purpose.MANUAL
    return Lane.ENTRY if is_entry else Lane.URGENT


def cancel(signer: RequestSigner, intent: CancelOrder, now_ns: int) -> Request:
    """Answered when the venue has taken the request; the order may fill until it obeyed."""
    body = cancel_terms(intent, _named(intent.symbol))
    return signer.post(_CANCEL, body, now_ns, Lane.URGENT)


def cancel_batch(signer: RequestSigner, intents: Sequence[CancelOrder], now_ns: int) -> Request:
    """Cancels several orders at once; `weight` is their number, by which the venue counts.

    Raises `ConfigError` for none and for more than `facts.MAX_CANCELS_PER_REQUEST`.
    """
    if not 1 <= len(intents) <= facts.MAX_CANCELS_PER_REQUEST:
        raise ConfigError(
            f"{VENUE}: {len(intents)} cancels in one request; expected 1 to "
            f"{facts.MAX_CANCELS_PER_REQUEST}; nothing was sent"
        )
    orders = ",".join(cancel_terms(intent, _named(intent.symbol)) for intent in intents)
    return signer.post(_CANCEL_BATCH, f"[{orders}]", now_ns, Lane.URGENT, len(intents))


def cancel_all_after(signer: RequestSigner, seconds: int, now_ns: int) -> Request:
    """The venue's dead man's switch: every open order of the account is cancelled unless this is
    sent again within `seconds`; zero ends it. Raises `ConfigError` for what the venue refuses."""
    least, most = facts.CANCEL_AFTER_SECONDS
    if seconds and not least <= seconds <= most:
        raise ConfigError(
            f"{VENUE}: cancel all after {seconds} s; expected {least} to {most}, or 0 to end it"
        )
    return signer.post(_CANCEL_AFTER, f'{{"timeOut":"{seconds}"}}', now_ns, Lane.URGENT)


def query(signer: RequestSigner, intent: QueryOrder, now_ns: int) -> Request:
    by_id = f"instId={encoded(intent.symbol)}&clOrdId={encoded(intent.client_id)}"
    return signer.get(f"{_ORDER}?{by_id}", now_ns)


def open_orders(signer: RequestSigner, symbol: str, now_ns: int, after: str = "") -> Request:
    """One page of the open orders of a symbol, or of all for an empty one, newest first; `after`
    is what `order_answers.next_page` said of the page before."""
    filters = [f"instId={encoded(symbol)}"] if symbol else []
    filters += [f"after={encoded(after)}"] if after else []
    target = "/api/v5/trade/orders-pending"
    return signer.get(f"{target}?{'&'.join(filters)}" if filters else target, now_ns)


def closed_orders(signer: RequestSigner, symbol: str, since_ns: int, now_ns: int) -> Request:
    """The last `facts.ORDERS_PAGE` closed orders of a symbol made since then, within
    `facts.ORDER_MEMORY_NS`; of those cancelled without a fill the last two hours'."""
    return signer.get(f"/api/v5/trade/orders-history?{_since(symbol, since_ns)}", now_ns)


def fills(signer: RequestSigner, symbol: str, since_ns: int, now_ns: int) -> Request:
    """Our last `facts.ORDERS_PAGE` trades of a symbol since then, within `facts.FILLS_MEMORY_NS`,
    newest first."""
    return signer.get(f"/api/v5/trade/fills?{_since(symbol, since_ns)}", now_ns)


def cancel_terms(intent: CancelOrder, name: str) -> str:
    """A cancel as the JSON that both REST and the websocket take."""
    return f'{{{name},"clOrdId":{_quoted(intent.client_id)}}}'


def _named(symbol: str) -> str:
    return f'"instId":{_quoted(symbol)}'


def _since(symbol: str, since_ns: int) -> str:
    kind = kind_of(symbol)
    return f"instId={encoded(symbol)}&instType={kind}&begin={since_ns // NS_PER_MS}"


def _quoted(text: str) -> str:
    """`text` as JSON, whatever it holds."""
    return msgspec.json.encode(text).decode()


def _refused(intent: PlaceOrder, reason: str, expected: str) -> OrderRefused:
    return OrderRefused(
        f"{VENUE} {intent.symbol} order {intent.client_id!r}: {reason}, {expected}; "
        "nothing was sent",
        reason,
    )
