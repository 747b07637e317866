"""OKX's refusals on the wire: `{"code":"50113","data":[],"msg":"Invalid signature."}` and a status.

An order that is refused is told in a row of its own with HTTP 200, under a request whose code is 1
(all failed) or 2 (some did). Codes, messages and statuses: www.okx.com/docs-v5/en,
error-code-rest-api-public and error-code-websocket-public, read 2026-11-22. Which of two possible
codes the venue chooses is unconfirmed.
"""

from typing import Final

from aiohttp import web

from arbitrage.sim.protocols.okx_wire import Json, encode, ms

# By code the HTTP status and the message; `{}` is filled in.
_REQUESTS: Final = {
    "50000": (400, "Body for POST request cannot be empty."),
    "50001": (503, "Service temporarily unavailable. Please try again later."),
    "50002": (400, "JSON syntax error"),
    "50004": (
        400,
        "API endpoint request timeout. (does not mean that the request was successful or failed, "
        "please check the request result).",
    ),
    "50006": (400, 'Invalid Content-Type. Please use "application/JSON".'),
    "50011": (429, "Too Many Requests"),
    "50014": (400, "Parameter {} can not be empty."),
    "50015": (400, "Either parameter {} is required"),
    "50026": (500, "System error. Try again later"),
    "50036": (
        200,
        "The expTime can't be earlier than the current system time. Please adjust the expTime and "
        "try again.",
    ),
    "50061": (200, "You've reached the maximum order rate limit for this account."),
    "50101": (401, "APIKey does not match current environment."),
    "50102": (401, "Timestamp request expired."),
    "50103": (401, 'Request header "OK-ACCESS-KEY" cannot be empty.'),
    "50104": (401, 'Request header "OK-ACCESS-PASSPHRASE" cannot be empty.'),
    "50105": (401, 'Request header "OK-ACCESS-PASSPHRASE" incorrect.'),
    "50106": (401, 'Request header "OK-ACCESS-SIGN" cannot be empty.'),
    "50107": (401, 'Request header "OK-ACCESS-TIMESTAMP" cannot be empty.'),
    "50111": (401, "Invalid OK-ACCESS-KEY."),
    "50112": (401, "Invalid OK-ACCESS-TIMESTAMP."),
    "50113": (401, "Invalid signature."),
    "51000": (400, "Parameter {} error"),
    "51001": (200, "Instrument ID, Instrument ID code or Spread ID doesn't exist."),
    "51603": (200, "Order does not exist"),
    "59000": (
        200,
        "Settings failed. Close any open positions or orders before modifying settings.",
    ),
    "59102": (200, "Leverage exceeds the maximum limit. Please lower the leverage."),
    "59108": (200, "Your account leverage is too low and has insufficient margins."),
}
_ORDERS: Final = {
    "51003": "Either client order ID or order ID is required.",
    "51006": "Order price is not within the price limit (max buy price: {} min sell price: {})",
    "51008": "Order failed. Insufficient {} in account",
    "51016": "Client order ID already exists.",
    "51020": "Your order should meet or exceed the minimum order amount.",
    "51101": "Order failed, the sz of the current order can't be more than {} (contracts).",
    "51121": "Order quantity must be a multiple of the lot size.",
    "51150": "The precision of the number of trades or the price exceeds the limit.",
    "51169": (
        "Order failed because you don't have any positions in this direction for this contract to "
        "reduce or close."
    ),
    "51202": "Market order amount exceeds the maximum amount.",
    "51203": "Order amount exceeds the limit {}.",
    "51204": "The price for the limit order cannot be empty.",
    "51205": "Reduce Only is not available.",
    "51400": "Order cancellation failed as the order has been filled, canceled or does not exist.",
}
_SESSIONS: Final = {
    "60004": "Invalid timestamp",
    "60005": "Invalid apiKey",
    "60006": "Timestamp request expired",
    "60007": "Invalid sign",
    "60011": "Please log in",
    "60012": "Invalid request: {}",
    "60013": "Invalid args",
    "60014": "Requests too frequent",
    "60018": (
        "Wrong URL or {} doesn't exist. Please use the correct URL, channel and parameters "
        "referring to API document."
    ),
    "60019": "Invalid op: {}",
    "60024": "Wrong passphrase",
    "60027": "Parameter {} can not be empty.",
    "60028": (
        "The current operation is not supported by this URL. Please use the correct WebSocket URL "
        "for the operation."
    ),
    "60031": "The WebSocket endpoint does not allow multiple or repeated logins.",
    "60033": "Parameter {} error.",
}
_MESSAGES: Final = {code: text for code, (_, text) in _REQUESTS.items()} | _ORDERS | _SESSIONS

# Words of the core -> codes of the venue; the others never reach the core, or are taken in.
_REASONS: Final = {
    "duplicate_client_id": "51016",
    "reduce_only": "51169",
    "min_qty": "51020",
    "min_notional": "51020",
    "lot_size": "51121",
    "tick_size": "51150",
}


class OkxRefusal(Exception):
    """Something is refused with one of the venue's codes; `about` fills in its message."""

    def __init__(self, code: str, *about: str) -> None:
        self.code = code
        self.message = _MESSAGES[code].format(*about)
        super().__init__(f"{code}: {self.message}")

    @property
    def status(self) -> int:
        return _REQUESTS[self.code][0] if self.code in _REQUESTS else 200


def refusal_of(reason: str, currency: str) -> OkxRefusal:
    """The venue's refusal for a reason of the core; `currency` is what the order is paid with."""
    if reason == "insufficient_balance":
        return OkxRefusal("51008", f"{currency} balance")
    if reason == "insufficient_margin":
        return OkxRefusal("51008", f"{currency} margin")
    return OkxRefusal(_REASONS[reason])


def order_row(client_id: str, order_id: str, now_ns: int, refusal: OkxRefusal | None) -> Json:
    """What became of one order of a request."""
    return {
        "clOrdId": client_id,
        "ordId": order_id,
        "tag": "",
        "ts": ms(now_ns),
        "sCode": refusal.code if refusal else "0",
        "sMsg": refusal.message if refusal else "",
        "subCode": "",
    }


def overall(rows: list[Json]) -> tuple[str, str]:
    """Code and message of a request by what became of its orders."""
    failed = sum(row["sCode"] != "0" for row in rows)
    if failed == len(rows):
        return "1", "All operations failed"
    return ("2", "Bulk operation partially succeeded.") if failed else ("0", "")


def envelope(data: list[Json], code: str = "0", message: str = "") -> Json:
    return {"code": code, "data": data, "msg": message}


def json_answer(status: int, body: Json) -> web.Response:
    return web.Response(status=status, body=encode(body), content_type="application/json")


def refused(refusal: OkxRefusal) -> web.Response:
    """The answer to a request that is refused as a whole."""
    return json_answer(refusal.status, envelope([], refusal.code, refusal.message))


def trouble_answer(status: int) -> web.Response:
    """The answer to a request that is refused unseen. The venue knows no 418; who is told to stay
    away is told 429."""
    if status in (418, 429):
        return refused(OkxRefusal("50011"))
    code = {503: "50001", 408: "50004", 504: "50004"}.get(status, "50026")
    refusal = OkxRefusal(code)
    return json_answer(status, envelope([], refusal.code, refusal.message))
