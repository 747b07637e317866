"""Bybit's refusals on the wire: HTTP 200 and `{"retCode":110007,"retMsg":"...","result":{},...}`.

Codes: bybit-exchange.github.io/docs/v5/error, read 2026-11-22. Texts are the venue's where its
documentation or public bug reports show them, and else name the same thing; clients go by codes.
"""

from typing import Final

from aiohttp import web

from arbitrage.sim.protocols.bybit_wire import Category, Json, encode, ms

OK: Final = 0
TOO_MANY: Final = 10006

_MESSAGES: Final = {
    10001: "params error",
    10002: "invalid request, please check your server timestamp or recv_window param.",
    10003: "API key is invalid.",
    10004: "error sign! please check your signature generation algorithm.",
    10005: "Permission denied, please check your API key permissions.",
    TOO_MANY: "Too many visits. Exceeded the API Rate Limit.",
    10016: "Server error.",
    10017: "Route not found.",
    10404: "op type is not found, or category is not supported.",
    20001: "Repeat auth.",
    20006: "Duplicate reqId",
    110001: "order not exists or too late to cancel",
    110003: "Order price exceeds the allowable range.",
    110007: "ab not enough for new order",
    110017: "current position is zero, cannot fix reduce-only order qty",
    110020: "You can't place more than 500 orders.",
    110025: "Position mode is not modified",
    110043: "leverage not modified",
    110072: "OrderLinkedID is duplicate",
    110094: "Order does not meet minimum order value 5USDT",
    170036: "Spot margin trading is not switched on.",
    170115: "Invalid timeInForce.",
    170116: "Invalid orderType.",
    170117: "Invalid side.",
    170121: "Invalid symbol.",
    170130: "Data sent for paramter 'price' is not valid.",
    170131: "Insufficient balance.",
    170134: "Order price decimal too long.",
    170135: "Order quantity exceeded upper limit.",
    170136: "Order quantity exceeded lower limit.",
    170137: "Order volume decimal too long.",
    170140: "Order value exceeded lower limit.",
    170141: "Duplicate clientOrderId",
    170210: "New order rejected.",
    170213: "Order does not exist.",
}

# Words of the core -> codes of the venue. Every other word is a parameter error.
_REASONS: Final = {
    Category.LINEAR: {
        "duplicate_client_id": 110072,
        "insufficient_margin": 110007,
        "reduce_only": 110017,
        "min_notional": 110094,
    },
    Category.SPOT: {
        "duplicate_client_id": 170141,
        "insufficient_balance": 170131,
        "min_notional": 170140,
        "min_qty": 170136,
        "max_qty": 170135,
        "lot_size": 170137,
        "tick_size": 170134,
    },
}
_PARAMETERS: Final = {
    "lot_size": "Qty invalid",
    "min_qty": "The number of contracts exceeds minimum limit allowed",
    "max_qty": "The number of contracts exceeds maximum limit allowed: too large",
    "tick_size": "Price invalid",
}
NO_ORDER: Final = {Category.LINEAR: 110001, Category.SPOT: 170213}


class BybitRefusal(Exception):
    """A request is refused with one of the venue's codes."""

    def __init__(self, code: int, message: str = "") -> None:
        self.code = code
        self.message = message or _MESSAGES[code]
        super().__init__(f"{code}: {self.message}")


def wrong(what: str) -> BybitRefusal:
    """A parameter is missing or is not what it should be."""
    return BybitRefusal(10001, f"params error: {what}")


def refusal_of(reason: str, category: Category) -> BybitRefusal:
    """The venue's refusal for a reason of the core."""
    code = _REASONS[category].get(reason)
    return BybitRefusal(code) if code else wrong(_PARAMETERS.get(reason, reason))


def told(result: Json, now_ns: int, *, code: int = OK, message: str = "OK") -> Json:
    """The envelope of every answer."""
    return {
        "retCode": code,
        "retMsg": message,
        "result": result,
        "retExtInfo": {},
        "time": ms(now_ns),
    }


def refused(refusal: BybitRefusal, now_ns: int) -> Json:
    """The envelope of a refusal."""
    return told({}, now_ns, code=refusal.code, message=refusal.message)


def answer(content: Json, status: int = 200) -> web.Response:
    return web.Response(status=status, body=encode(content), content_type="application/json")


def banned_answer() -> web.Response:
    """What an address gets that asks too often, from a gateway before the venue itself."""
    return web.Response(status=403, text="access too frequent")


def trouble_answer(status: int, now_ns: int) -> web.Response:
    """The answer to a request that is refused unseen: 429, 418 or 5xx.

    A used-up budget is told in an envelope, a ban as 403; of 5xx a gateway in front of the venue
    tells nothing, so they prove nothing about the request.
    """
    if status == 429:
        return answer(refused(BybitRefusal(TOO_MANY), now_ns))
    if status == 418:
        return banned_answer()
    return web.Response(status=status, text=f"<html><body>{status}</body></html>")
