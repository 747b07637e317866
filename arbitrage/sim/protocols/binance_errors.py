"""Binance's refusals on the wire: `{"code":-2019,"msg":"Margin is insufficient."}` and a status.

Codes and messages: developers.binance.com/docs/derivatives/usds-margined-futures/error-code and
github.com/binance/binance-spot-api-docs/errors.md, read 2026-11-22, where the page gives the
message; what is in `_UNCONFIRMED` has the right code and a message from general knowledge. Codes
from -4000 on are those of futures alone; where both venues know a code by other words, whoever
raises it brings them.
"""

from typing import Final, NamedTuple

from aiohttp import web

from arbitrage.sim.protocols.binance_wire import encode

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


class BinanceRefusal(Exception):
    """A request is refused with one of the venue's codes."""

    def __init__(self, code: int, message: str = "") -> None:
        self.code = code
        self.message = message or _MESSAGES.get(code) or _UNCONFIRMED[code]
        super().__init__(f"{code}: {self.message}")

    @property
    def status(self) -> int:
        return 401 if self.code in _UNAUTHORISED else 400


def missing(name: str) -> BinanceRefusal:
    """A parameter that must be there is not, or cannot be read."""
    return BinanceRefusal(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def error_answer(status: int, code: int, message: str) -> web.Response:
    """The answer that carries an error."""
    body = encode({"code": code, "msg": message})
    return web.Response(status=status, body=body, content_type="application/json")


class Trouble(NamedTuple):
    """Why a request was refused unseen, and for how many seconds to stay away; zero if the venue
    does not say."""

    status: int
    code: int
    message: str
    retry_after_seconds: int = 0

    def answer(self) -> web.Response:
        """By REST."""
        told = error_answer(self.status, self.code, self.message)
        if self.retry_after_seconds:
            told.headers["Retry-After"] = str(self.retry_after_seconds)
        return told


class TroubleWords(NamedTuple):
    """How a venue says that an `{address}` asked too much, and that it is banned `{until}`."""

    too_many: str
    banned: str


def trouble(
    status: int, words: TroubleWords, address: str, *, now_ms: int, retry_after_seconds: int
) -> Trouble:
    """What befalls a request that is refused unseen: 429, 418 or 5xx.

    5xx prove nothing about the request. Of 503 the venue knows several bodies; this is the one
    that leaves the execution unknown (general-info, read 2026-11-22).
    """
    if status == 418:
        until = now_ms + retry_after_seconds * 1000
        message = words.banned.format(address=address, until=until)
        return Trouble(status, -1003, message, retry_after_seconds)
    if status == 429:
        return Trouble(status, -1003, words.too_many.format(address=address), retry_after_seconds)
    if status == 503:
        return Trouble(
            status, -1000, "Unknown error, please check your request or try again later."
        )
    code = -1007 if status in (504, 408) else -1000
    return Trouble(status, code, _MESSAGES[code])
