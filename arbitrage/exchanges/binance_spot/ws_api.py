"""Orders by websocket: the frames that ask, and the answers that come back.

A frame is one request, `{"id":...,"method":"order.place","params":{...}}`; the venue repeats the id
and otherwise answers as it does by REST. So an answer becomes an `Answer`, its rate limits become
the headers that REST has, and `order_answers` and `budgets` read both alike. Ids are the caller's:
one answer each, as long as no two requests under way share one.
"""

from decimal import Decimal

import msgspec

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.exchanges.binance_spot.auth import RequestSigner
from arbitrage.exchanges.binance_spot.facts import VENUE
from arbitrage.exchanges.binance_spot.orders import terms
from arbitrage.exchanges.binance_spot.user_stream import SUBSCRIPTION_ID
from arbitrage.exchanges.binance_spot.wire import UNREADABLE, TimeMs
from arbitrage.exchanges.order_gateway import Answer

_KINDS = {"REQUEST_WEIGHT": "x-mbx-used-weight", "ORDERS": "x-mbx-order-count"}


class _RateLimit(msgspec.Struct, rename="camel"):
    rate_limit_type: str
    interval: str
    interval_num: int
    count: int


class _Answer(msgspec.Struct, rename="camel"):
    id: str | int | None = None
    status: int | None = None
    result: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()
    rate_limits: list[_RateLimit] = []


class _Ban(msgspec.Struct, rename="camel"):
    server_time: TimeMs
    retry_after: TimeMs


class _Refused(msgspec.Struct):
    data: _Ban | None = None


_encode = msgspec.json.Encoder().encode
_answer = msgspec.json.Decoder(_Answer).decode
_refused = msgspec.json.Decoder(_Refused).decode


def subscribe(signer: RequestSigner, now_ns: int) -> bytes:
    """The frame that starts the user stream on this connection, once; it needs no renewal.

    Answered `{"id":"user-data","status":200,"result":{"subscriptionId":0}}`.
    """
    return _frame(signer, SUBSCRIPTION_ID, "userDataStream.subscribe.signature", {}, now_ns)


def place(
    signer: RequestSigner,
    intent: PlaceOrder,
    request_id: str,
    now_ns: int,
    cost: Decimal | None = None,
) -> bytes:
    """A new order, on the terms of `orders.place`. Raises as that does."""
    return _frame(signer, request_id, "order.place", terms(intent, cost), now_ns)


def cancel(signer: RequestSigner, intent: CancelOrder, request_id: str, now_ns: int) -> bytes:
    return _frame(signer, request_id, "order.cancel", _by_client_id(intent), now_ns)


def query(signer: RequestSigner, intent: QueryOrder, request_id: str, now_ns: int) -> bytes:
    return _frame(signer, request_id, "order.status", _by_client_id(intent), now_ns)


def answer_of(frame: bytes) -> tuple[str, Answer] | None:
    """The id of a request and its answer, or None for a frame that answers none.

    `{"id":"7","status":200,"result":{...},"rateLimits":[{"rateLimitType":"ORDERS",
    "interval":"SECOND","intervalNum":10,"limit":50,"count":12},...]}`, or with an `error`:
    `{"code":-1003,"msg":"...","data":{"serverTime":1659142907531,"retryAfter":1659146400000}}`.
    Raises `MalformedData`.
    """
    try:
        said = _answer(frame)
        if said.status is None or said.id is None:
            return None
        headers = {
            f"{_KINDS[one.rate_limit_type]}-{one.interval_num}{one.interval[:1].lower()}": (
                str(one.count)
            )
            for one in said.rate_limits
            if one.rate_limit_type in _KINDS
        }
        ban = _refused(said.error).data if bytes(said.error) else None
    except UNREADABLE as error:
        raise MalformedData(
            f"{VENUE} websocket API: {error} in {frame[:60]!r}...; what it answered is in doubt"
        ) from error
    if ban is not None:
        wait_ms = max(0, ban.retry_after - ban.server_time)
        headers["retry-after"] = str(-(-wait_ms // 1000))
    return str(said.id), Answer(said.status, bytes(said.error or said.result), headers)


def _frame(
    signer: RequestSigner, request_id: str, method: str, said: dict[str, str], now_ns: int
) -> bytes:
    return _encode({"id": request_id, "method": method, "params": signer.parameters(said, now_ns)})


def _by_client_id(intent: CancelOrder | QueryOrder) -> dict[str, str]:
    return {"symbol": intent.symbol, "origClientOrderId": intent.client_id}
