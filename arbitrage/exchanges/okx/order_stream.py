"""Orders by websocket: their frames on a private connection, and its answers as REST gives them.

A frame carries the same terms as a REST order and no signature, for the connection was logged in
before; so that it cannot take effect later than a signed one, it says until when it holds [D
overview-transaction-timeouts]. A cancel may come late. Instruments are named by their number: since
2026-02 the venue refuses their name here [C issue nautilus 3507].
"""

import msgspec

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.intents import CancelOrder, PlaceOrder
from arbitrage.domain.units import NS_PER_MS
from arbitrage.exchanges.okx.facts import PONG, REQUEST_LIFE_NS, VENUE
from arbitrage.exchanges.okx.market_stream import said_of_session
from arbitrage.exchanges.okx.orders import SpotMode, cancel_terms, terms
from arbitrage.exchanges.okx.wire import UNREADABLE
from arbitrage.exchanges.order_gateway import Answer

_OPS = ("order", "cancel-order")
_SHOWN_BYTES = 120


class _Head(msgspec.Struct):
    id: str = ""
    op: str = ""
    event: str = ""
    code: str = ""
    msg: str = ""


_head = msgspec.json.Decoder(_Head).decode


def place_frame(
    spot: SpotMode, intent: PlaceOrder, code: int, request_id: str, now_ns: int
) -> bytes:
    """`{"id":"1a2bx1","op":"order","expTime":"1597026413085","args":[{"instIdCode":10459,
    "side":"buy",...}]}`

    `request_id` is of at most 32 letters and digits, `code` the number of the instrument. Raises
    `OrderRefused` as `orders.terms`, `ConfigError` for an instrument without a number.
    """
    until = f'"expTime":"{(now_ns + REQUEST_LIFE_NS) // NS_PER_MS}",'
    return _frame(request_id, "order", until, terms(spot, intent, _coded(intent.symbol, code)))


def cancel_frame(intent: CancelOrder, code: int, request_id: str) -> bytes:
    """`{"id":"1a2bx2","op":"cancel-order","args":[{"instIdCode":10459,"clOrdId":"s00000001"}]}`

    Raises `ConfigError` for an instrument without a number.
    """
    body = cancel_terms(intent, _coded(intent.symbol, code))
    return _frame(request_id, "cancel-order", "", body)


def reply(frame: bytes) -> tuple[str, Answer] | None:
    """Which request a frame answers, and how REST would have; None if it answers none.

    `{"id":"1a2bx1","op":"order","data":[{"clOrdId":"s00000001","ordId":"12345689","tag":"",
    "ts":"1695190491421","sCode":"0","sMsg":""}],"code":"0","msg":"","inTime":"1695190491421339",
    "outTime":"1695190491423240"}`. Raises `Unavailable` for a word that ends the session (an error
    that answers no request, a notice that it will be closed), `MalformedData` for what cannot be
    read.
    """
    if frame == PONG:
        return None
    try:
        said = _head(frame)
    except UNREADABLE as error:
        raise MalformedData(
            f"{VENUE} order stream: {error} in {frame[:_SHOWN_BYTES]!r}; orders must be asked for"
        ) from error
    if said.id and (said.op in _OPS or said.event == "error"):
        return said.id, Answer(200, frame)
    for status in said_of_session(said.event, said.code, said.msg, 0) if said.event else ():
        raise Unavailable(f"{VENUE} order stream: {status.reason}")
    return None


def _frame(request_id: str, op: str, until: str, body: str) -> bytes:
    return f'{{"id":"{request_id}","op":"{op}",{until}"args":[{body}]}}'.encode()


def _coded(symbol: str, code: int) -> str:
    if not code:
        raise ConfigError(
            f"{VENUE} {symbol}: its number is not known, so no order goes by websocket; read the "
            "instruments first, or order by REST"
        )
    return f'"instIdCode":{code}'
