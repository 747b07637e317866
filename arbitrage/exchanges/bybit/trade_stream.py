"""Orders by websocket: the frames of the trade connection, and its answers as REST would give them.

A frame carries the same terms as a REST order and no signature: the connection was logged in
before. Its answer is turned into an `Answer`, so that the codec's `outcome` and `canceled` read it,
and its headers feed the same budgets.
"""

import msgspec

from arbitrage.domain.errors import MalformedData, Unavailable
from arbitrage.domain.intents import CancelOrder, PlaceOrder
from arbitrage.domain.units import NS_PER_MS
from arbitrage.exchanges.bybit.auth import RequestSigner
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.bybit.orders import cancel_terms, terms
from arbitrage.exchanges.bybit.refusals import OK, verdict_of
from arbitrage.exchanges.bybit.wire import UNREADABLE
from arbitrage.exchanges.order_gateway import Answer


class TradeReply(msgspec.Struct, frozen=True):
    """The answer to the frame of `request_id`; `op` is `order.create`, `order.cancel`, `auth` or
    `pong`."""

    op: str
    request_id: str
    answer: Answer


class _Reply(msgspec.Struct, rename="camel"):
    op: str
    ret_code: int
    ret_msg: str = ""
    req_id: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")
    header: dict[str, str] = {}


class _Verdict(msgspec.Struct, rename="camel"):
    ret_code: int
    ret_msg: str
    result: msgspec.Raw
    time: int


_TIME_DIGITS = 15  # of milliseconds; more are no time

_reply = msgspec.json.Decoder(_Reply, strict=False).decode


def is_logged_in(frame: bytes) -> bool:
    """Whether a frame confirms the login: `{"retCode":0,"retMsg":"OK","op":"auth","connId":"..."}`.
    Raises `Unavailable` if it refuses it, `MalformedData` as `reply`."""
    said = reply(frame)
    if said.op != "auth":
        return False
    verdict = verdict_of(said.answer)
    if verdict is None or verdict.ret_code != OK:
        raise Unavailable(f"bybit: login of the trade stream refused: {verdict}")
    return True


def place_frame(
    signer: RequestSigner, category: Category, intent: PlaceOrder, request_id: str, now_ns: int
) -> bytes:
    """`{"reqId":"s00000001","header":{"X-BAPI-TIMESTAMP":"1711001595207",
    "X-BAPI-RECV-WINDOW":"5000"},"op":"order.create","args":[{...}]}`

    The venue takes a `request_id` once: at most 36 letters, digits, dashes and underscores.
    Raises `OrderRefused` as `orders.terms`.
    """
    order = terms(category, intent)
    return _frame(signer, request_id, "order.create", order, now_ns)


def cancel_frame(
    signer: RequestSigner, category: Category, intent: CancelOrder, request_id: str, now_ns: int
) -> bytes:
    """As `place_frame`; a cancel may be sent again, each time with a new `request_id`."""
    order = cancel_terms(category, intent)
    return _frame(signer, request_id, "order.cancel", order, now_ns)


def _frame(signer: RequestSigner, request_id: str, op: str, order: str, now_ns: int) -> bytes:
    return (
        f'{{"reqId":"{request_id}","header":{{"X-BAPI-TIMESTAMP":"{now_ns // NS_PER_MS}",'
        f'"X-BAPI-RECV-WINDOW":"{signer.recv_window}"}},"op":"{op}","args":[{order}]}}'
    ).encode()


def reply(frame: bytes) -> TradeReply:
    """What a frame of the trade connection answers. Raises `MalformedData`.

    `{"reqId":"s00000001","retCode":0,"retMsg":"OK","op":"order.create","data":{
    "orderId":"a4c1718e-...","orderLinkId":"s00000001"},"retExtInfo":{},"header":{
    "X-Bapi-Limit":"10","X-Bapi-Limit-Status":"9","X-Bapi-Limit-Reset-Timestamp":"1711001595208",
    "Traceid":"38b7...","Timenow":"1711001595209"},"connId":"cnt5leec0hvan15eukcg-2v"}`
    """
    try:
        said = _reply(frame)
    except UNREADABLE as error:
        raise MalformedData(
            f"bybit trade stream: {error} in {frame[:120]!r}; orders must be asked for"
        ) from error
    now = said.header.get("Timenow", "")
    is_time = now.isascii() and now.isdecimal() and len(now) <= _TIME_DIGITS
    verdict = _Verdict(said.ret_code, said.ret_msg, said.data, int(now) if is_time else 0)
    headers = {name.lower(): value for name, value in said.header.items()}
    answer = Answer(200, msgspec.json.encode(verdict), headers)
    return TradeReply(said.op, said.req_id, answer)
