"""Binance's refusals on the wire: `{"code":-2019,"msg":"Margin is insufficient."}` and a status.

Codes and messages: developers.binance.com/docs/derivatives/usds-margined-futures/error-code, read
2026-11-22, where the page gives the message; what is in `_UNCONFIRMED` has the right code and a
message from general knowledge.
"""

from typing import Final

from aiohttp import web

from arbitrage.sim.protocols.binance_usdm_wire import encode

BAN_SECONDS: Final = 120

_MESSAGES: Final = {
    -1000: "An unknown error occurred while processing the request.",
    -1007: (
        "Timeout waiting for response from backend server. "
        "Send status unknown; execution status unknown."
    ),
    -1021: "Timestamp for this request is outside of the recvWindow.",
    -1022: "Signature for this request is not valid.",
    -1101: "Duplicate values for a parameter detected.",
    -1111: "Precision is over the maximum defined for this asset.",
    -1115: "Invalid timeInForce.",
    -1116: "Invalid orderType.",
    -1117: "Invalid side.",
    -1121: "Invalid symbol.",
    -1125: "This listenKey does not exist.",
    -2011: "Unknown order sent.",
    -2013: "Order does not exist.",
    -2014: "API-key format invalid.",
    -2015: "Invalid API-key, IP, or permissions for action.",
    -2019: "Margin is insufficient.",
    -2022: "ReduceOnly Order is rejected.",
    -2028: "Leverage is smaller than permitted: insufficient margin balance.",
    -4001: "Price less than 0.",
    -4002: "Price greater than max price.",
    -4003: "Quantity less than or equal to zero.",
    -4004: "Quantity less than min quantity.",
    -4005: "Quantity greater than max quantity.",
    -4014: "Price not increased by tick size.",
    -4015: "Client order id length should be less than 36 chars.",
    -4023: "Qty not increased by step size.",
    -4046: "No need to change margin type.",
    -4059: "No need to change position side.",
    -4061: "Order's position side does not match user's setting.",
    -4116: "ClientOrderId is duplicated.",
    -4120: (
        "Order type not supported for this endpoint. "
        "Please use the Algo Order API endpoints instead."
    ),
    -4131: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
    -5021: "Due to the order could not be filled immediately, the FOK order has been rejected.",
    -5022: (
        "Due to the order could not be executed as maker, the Post Only order will be rejected."
    ),
}
_UNCONFIRMED: Final = {
    -1020: "This operation is not supported.",
    -1131: "recvWindow must be less than 60000.",
    -1136: "Invalid newOrderRespType.",
    -4021: "Invalid depth limit.",
}
_UNAUTHORISED: Final = frozenset({-2014, -2015})

# Words of the core -> codes of the venue. Lots, ticks and minimums are refused by the form before
# the core sees them.
_REASONS: Final = {
    "duplicate_client_id": -4116,
    "unknown_symbol": -1121,
    "no_book": -4131,
    "lot_size": -4023,
    "min_qty": -4004,
    "max_qty": -4005,
    "max_price": -4002,
    "tick_size": -4014,
    "insufficient_margin": -2019,
    "reduce_only": -2022,
    "post_only": -5022,
    "fok_not_filled": -5021,
}


class BinanceRefusal(Exception):
    """A request is refused with one of the venue's codes."""

    def __init__(self, code: int, message: str = "") -> None:
        self.code = code
        self.message = message or _MESSAGES.get(code) or _UNCONFIRMED[code]
        super().__init__(f"{code}: {self.message}")

    @property
    def status(self) -> int:
        return 401 if self.code in _UNAUTHORISED else 400


def refusal_of(reason: str, min_notional: str) -> BinanceRefusal:
    """The venue's refusal for a reason of the core; `min_notional` is that of the market."""
    if reason == "min_notional":
        return too_small(min_notional)
    return BinanceRefusal(_REASONS[reason])


def too_small(min_notional: str) -> BinanceRefusal:
    """An order is worth less than `min_notional`."""
    return BinanceRefusal(
        -4164,
        f"Order's notional must be no smaller than {min_notional} (unless you choose reduce only).",
    )


def missing(name: str) -> BinanceRefusal:
    """A parameter that must be there is not, or cannot be read."""
    return BinanceRefusal(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def error_answer(status: int, code: int, message: str) -> web.Response:
    """The answer that carries an error."""
    body = encode({"code": code, "msg": message})
    return web.Response(status=status, body=body, content_type="application/json")


def trouble_answer(
    status: int, address: str, *, now_ms: int, retry_after_seconds: int
) -> web.Response:
    """The answer to a request that is refused unseen: 429, 418 or 5xx.

    5xx prove nothing about the request. Of 503 the venue knows several bodies; this is the one
    that leaves the execution unknown (general-info, read 2026-11-22).
    """
    if status == 418:
        until = now_ms + retry_after_seconds * 1000
        message = (
            f"Way too many requests; IP({address}) banned until {until}. "
            "Please use the websocket for live updates to avoid bans."
        )
        told = error_answer(status, -1003, message)
    elif status == 429:
        message = (
            f"Too many requests; current limit of IP({address}) is 2400 requests per minute. "
            "Please use the websocket for live updates to avoid polling the API."
        )
        told = error_answer(status, -1003, message)
    elif status == 503:
        message = "Unknown error, please check your request or try again later."
        return error_answer(status, -1000, message)
    else:
        code = -1007 if status in (504, 408) else -1000
        return error_answer(status, code, _MESSAGES[code])
    told.headers["Retry-After"] = str(retry_after_seconds)
    return told
