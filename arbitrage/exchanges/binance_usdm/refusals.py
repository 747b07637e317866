"""Which of the venue's errors prove that an order does not exist and never will.

An allow-list. What is not on it leaves the order in doubt, whatever its text says: timeouts
(-1007), overload (-1008), internal errors (-1000, -1001, -1006), every 5xx, and -4116, which says
that an order of this client id is there already. Codes and names: [D error-code], read 2026-11-22.
"""

import msgspec

from arbitrage.exchanges.binance_usdm.wire import UNREADABLE
from arbitrage.exchanges.order_gateway import Answer

NO_SUCH_ORDER = -2013
UNKNOWN_ORDER_SENT = -2011
NOTHING_TO_CHANGE = frozenset({-4046, -4059})  # margin type, position mode: already as asked
# Asking again will not help: the key, the signature or a parameter is wrong.
WRONG_REQUESTS = frozenset({-1002, -1022, -2014, -2015, -2017, *range(-1136, -1099)})

DEFINITE_REFUSALS = {
    # not let in
    -1002: "UNAUTHORIZED",
    -1003: "TOO_MANY_REQUESTS",
    -1011: "NON_WHITE_LIST",
    -1015: "TOO_MANY_ORDERS",
    -1021: "INVALID_TIMESTAMP",
    -1022: "INVALID_SIGNATURE",
    -2014: "BAD_API_KEY_FMT",
    -2015: "REJECTED_MBX_KEY",
    -2017: "API_KEYS_LOCKED",
    -4109: "INACTIVE_ACCOUNT",
    -5028: "ME_RECVWINDOW_REJECT",
    # not understood
    -1013: "INVALID_MESSAGE",
    -1014: "UNKNOWN_ORDER_COMPOSITION",
    -1020: "UNSUPPORTED_OPERATION",
    -1100: "ILLEGAL_CHARS",
    -1101: "TOO_MANY_PARAMETERS",
    -1102: "MANDATORY_PARAM_EMPTY_OR_MALFORMED",
    -1103: "UNKNOWN_PARAM",
    -1104: "UNREAD_PARAMETERS",
    -1105: "PARAM_EMPTY",
    -1106: "PARAM_NOT_REQUIRED",
    -1111: "BAD_PRECISION",
    -1114: "TIF_NOT_REQUIRED",
    -1115: "INVALID_TIF",
    -1116: "INVALID_ORDER_TYPE",
    -1117: "INVALID_SIDE",
    -1118: "EMPTY_NEW_CL_ORD_ID",
    -1121: "BAD_SYMBOL",
    -1122: "INVALID_SYMBOL_STATUS",
    -1128: "OPTIONAL_PARAMS_BAD_COMBO",
    -1130: "INVALID_PARAMETER",
    -1136: "INVALID_NEW_ORDER_RESP_TYPE",
    # not allowed to this account or position
    -2010: "NEW_ORDER_REJECTED",
    -2018: "BALANCE_NOT_SUFFICIENT",
    -2019: "MARGIN_NOT_SUFFICIEN",
    -2021: "ORDER_WOULD_IMMEDIATELY_TRIGGER",
    -2022: "REDUCE_ONLY_REJECT",
    -2023: "USER_IN_LIQUIDATION",
    -2024: "POSITION_NOT_SUFFICIENT",
    -2025: "MAX_OPEN_ORDER_EXCEEDED",
    -2026: "REDUCE_ONLY_ORDER_TYPE_NOT_SUPPORTED",
    -2027: "MAX_LEVERAGE_RATIO",
    -2028: "MIN_LEVERAGE_RATIO",
    -4050: "CROSS_BALANCE_INSUFFICIENT",
    -4051: "ISOLATED_BALANCE_INSUFFICIENT",
    -4060: "INVALID_POSITION_SIDE",
    -4061: "POSITION_SIDE_NOT_MATCH",
    -4062: "REDUCE_ONLY_CONFLICT",
    -4087: "REDUCE_ONLY_ORDER_PERMISSION",
    -4088: "NO_PLACE_ORDER_PERMISSION",
    -4118: "REDUCE_ONLY_MARGIN_CHECK_FAILED",
    -4192: "COOLING_OFF_PERIOD",
    -4400: "TRADING_QUANTITATIVE_RULE",
    -4401: "LARGE_POSITION_SYM_RULE",
    -4402: "COMPLIANCE_BLACK_SYMBOL_RESTRICTION",
    # outside the market's rules
    -4001: "PRICE_LESS_THAN_ZERO",
    -4002: "PRICE_GREATER_THAN_MAX_PRICE",
    -4003: "QTY_LESS_THAN_ZERO",
    -4004: "QTY_LESS_THAN_MIN_QTY",
    -4005: "QTY_GREATER_THAN_MAX_QTY",
    -4013: "PRICE_LESS_THAN_MIN_PRICE",
    -4014: "PRICE_NOT_INCREASED_BY_TICK_SIZE",
    -4015: "INVALID_CL_ORD_ID_LEN",
    -4016: "PRICE_HIGHTER_THAN_MULTIPLIER_UP",
    -4023: "QTY_NOT_INCREASED_BY_STEP_SIZE",
    -4024: "PRICE_LOWER_THAN_MULTIPLIER_DOWN",
    -4120: "STOP_ORDER_SWITCH_ALGO",
    -4131: "MARKET_ORDER_REJECT",
    -4140: "INVALID_OPENING_POSITION_STATUS",
    -4141: "SYMBOL_ALREADY_CLOSED",
    -4164: "MIN_NOTIONAL",
    -5021: "FOK_ORDER_REJECT",
    -5022: "GTX_ORDER_REJECT",
}


class VenueError(msgspec.Struct, frozen=True):
    """`{"code":-2019,"msg":"Margin is insufficient."}`"""

    code: int
    msg: str = ""

    def __str__(self) -> str:
        name = DEFINITE_REFUSALS.get(self.code, "")
        return f"{self.code} {name}: {self.msg}" if name else f"{self.code}: {self.msg}"


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
    return error if error is not None and error.code in DEFINITE_REFUSALS else None
