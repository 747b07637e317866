"""Which of the venue's errors prove that an order does not exist and never will.

An allow-list, of codes and, for what the matching engine itself rejects (-2010), of messages. What
is not on it leaves the order in doubt, whatever its text says: timeouts (-1007), overload (-1008),
internal errors (-1000, -1001, -1006), every 5xx, and "Duplicate order sent.", which says that an
order of this client id is there already. Codes and texts: [D errors], read 2026-11-22.
"""

import msgspec

from arbitrage.exchanges.binance_spot.wire import UNREADABLE
from arbitrage.exchanges.order_gateway import Answer

NEW_ORDER_REJECTED = -2010
TOO_MANY_ORDERS = -1015
NO_SUCH_ORDER = -2013
# Asking again will not help: the key, the signature or a parameter is wrong.
WRONG_REQUESTS = frozenset({-1002, -1022, -2014, -2015, *range(-1136, -1099)})

DEFINITE_REFUSALS = {
    # not let in
    -1002: "UNAUTHORIZED",
    -1003: "TOO_MANY_REQUESTS",
    -1015: "TOO_MANY_ORDERS",
    -1021: "INVALID_TIMESTAMP",
    -1022: "INVALID_SIGNATURE",
    -2014: "BAD_API_KEY_FMT",
    -2015: "REJECTED_MBX_KEY",
    # outside the market's rules: it did not reach the matching engine
    -1013: "INVALID_MESSAGE",
    # not understood
    -1014: "UNKNOWN_ORDER_COMPOSITION",
    -1020: "UNSUPPORTED_OPERATION",
    -1100: "ILLEGAL_CHARS",
    -1101: "TOO_MANY_PARAMETERS",
    -1102: "MANDATORY_PARAM_EMPTY_OR_MALFORMED",
    -1103: "UNKNOWN_PARAM",
    -1104: "UNREAD_PARAMETERS",
    -1105: "PARAM_EMPTY",
    -1106: "PARAM_NOT_REQUIRED",
    -1108: "PARAM_OVERFLOW",
    -1111: "BAD_PRECISION",
    -1114: "TIF_NOT_REQUIRED",
    -1115: "INVALID_TIF",
    -1116: "INVALID_ORDER_TYPE",
    -1117: "INVALID_SIDE",
    -1118: "EMPTY_NEW_CL_ORD_ID",
    -1121: "BAD_SYMBOL",
    -1128: "OPTIONAL_PARAMS_BAD_COMBO",
    -1130: "INVALID_PARAMETER",
}

# Texts of -2010 for the orders that we send, without the full stop that some have. The two about
# phases: [CL 2023-03-13].
REJECTIONS = frozenset(
    {
        "Market is closed",
        "Account has insufficient balance for requested action",
        "Market orders are not supported for this symbol",
        "Price * QTY is zero or less",
        "This action is disabled on this account",
        "This account may not place or cancel orders",
        "Unsupported order combination",
        "This order type is not possible in this trading phase",
        "Limit orders require GTC for this phase",
        "Order would immediately match and take",
        "Quote order qty market orders are not support for this symbol",
        "This symbol is not permitted for this account",
        "This symbol is restricted for this account",
        "Rest API trading is not enabled",
        "WebSocket API trading is not enabled",
        "Order book liquidity is less than LOT_SIZE filter minimum quantity",
        "Order book liquidity is less than MARKET_LOT_SIZE filter minimum quantity",
        "Order book liquidity is less than symbol minimum quantity",
    }
)


class VenueError(msgspec.Struct, frozen=True):
    """`{"code":-1013,"msg":"Filter failure: LOT_SIZE"}`"""

    code: int
    msg: str = ""

    def __str__(self) -> str:
        name = DEFINITE_REFUSALS.get(self.code, "")
        return f"{self.code} {name}: {self.msg}" if name else f"{self.code}: {self.msg}"

    @property
    def proves_refusal(self) -> bool:
        """Whether an order answered so was not taken, if the answer is a 4xx."""
        if self.code == NEW_ORDER_REJECTED:
            return self.msg.replace("`", "").rstrip(".") in REJECTIONS
        return self.code in DEFINITE_REFUSALS


_decode = msgspec.json.Decoder(VenueError).decode


def error_of(answer: Answer) -> VenueError | None:
    """The venue's own error in `answer`, or None where the body holds none (a gateway's page)."""
    try:
        return _decode(answer.body)
    except UNREADABLE:
        return None


def definite_refusal(answer: Answer) -> VenueError | None:
    """The error that proves the order refused, or None if `answer` proves nothing.

    A 5xx proves nothing, whichever code it carries.
    """
    if not 400 <= answer.status < 500:
        return None
    error = error_of(answer)
    return error if error is not None and error.proves_refusal else None
