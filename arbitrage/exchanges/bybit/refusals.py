"""Which of the venue's codes prove that an order does not exist and never will.

An allow-list. What is not on it leaves the order in doubt, whatever its text says: timeouts
(10000, 170007, 170146), server errors (10016, 170001, 170032, 170149, 170234), "submitted to the
system for processing" (170035), overload (429, 10429), a trade socket that restarts (10019), every
5xx, and all that say that an order of this client id is there already (10014, 20006, 110030,
110072, 170141). Codes: [D* error]; 110094 is [C, P]. Read 2026-11-22.
"""

import msgspec

from arbitrage.exchanges.bybit.wire import UNREADABLE, TimeMs
from arbitrage.exchanges.order_gateway import Answer

OK = 0
NO_SUCH_ORDER = frozenset({110001, 170213})
NOTHING_TO_CHANGE = frozenset({110025, 110026, 110043})  # mode, margin, leverage: as asked already
TOO_MANY = frozenset({10006, 10018, 10403, 10429, 170005, 170222})
IP_BANNED = 10009
# Asking again will not help: the key, its rights, the signature or a parameter is wrong.
WRONG_REQUESTS = frozenset(
    {-2015, 10001, 10003, 10004, 10005, 10007, 10008, 10010, 10017, 10024, 10027, 10028, 10029}
    | {33004, 100028}
)

DEFINITE_REFUSALS = {
    # not let in
    -2015: "API_KEY_EXPIRED",
    10002: "REQUEST_OUTSIDE_WINDOW",
    10003: "INVALID_API_KEY",
    10004: "INVALID_SIGNATURE",
    10005: "PERMISSION_DENIED",
    10006: "RATE_LIMIT",
    10007: "AUTHENTICATION_FAILED",
    10008: "ACCOUNT_BANNED",
    10009: "IP_BANNED",
    10010: "UNMATCHED_IP",
    10018: "IP_RATE_LIMIT",
    10024: "COMPLIANCE_RULES",
    10027: "TRADING_BANNED",
    10028: "UNIFIED_ACCOUNT_ONLY",
    10029: "SYMBOL_NOT_WHITELISTED",
    10403: "IP_RATE_LIMIT",
    33004: "API_KEY_EXPIRED",
    100028: "NOT_FOR_UNIFIED_ACCOUNT",
    170005: "TOO_MANY_ORDERS",
    170222: "TOO_MANY_REQUESTS",
    # not understood
    10001: "PARAMETER_ERROR",
    10017: "ROUTE_NOT_FOUND",
    10404: "OP_OR_CATEGORY_NOT_FOUND",
    110018: "USER_ID_ILLEGAL",
    110032: "ORDER_ILLEGAL",
    130000: "INVALID_SIDE",
    170105: "PARAMETER_EMPTY",
    170115: "INVALID_TIME_IN_FORCE",
    170116: "INVALID_ORDER_TYPE",
    170117: "INVALID_SIDE",
    170121: "INVALID_SYMBOL",
    170130: "PARAMETER_NOT_VALID",
    170202: "INVALID_ORDER_FILTER",
    170221: "NO_SUCH_COIN",
    # not allowed to this account or position
    110004: "WALLET_BALANCE_INSUFFICIENT",
    110005: "POSITION_STATUS",
    110006: "POSITION_MARGIN_INSUFFICIENT",
    110007: "AVAILABLE_BALANCE_INSUFFICIENT",
    110011: "WOULD_LIQUIDATE",
    110012: "AVAILABLE_BALANCE_INSUFFICIENT",
    110014: "MARGIN_INSUFFICIENT",
    110016: "RISK_LIMIT",
    110017: "REDUCE_ONLY_REJECT",
    110020: "TOO_MANY_OPEN_ORDERS",
    110021: "OPEN_INTEREST_LIMIT",
    110023: "REDUCE_ONLY_MARKET",
    110040: "WOULD_LIQUIDATE",
    110042: "REDUCE_ONLY_MARKET",
    110044: "MARGIN_INSUFFICIENT",
    110045: "WALLET_BALANCE_INSUFFICIENT",
    110051: "BALANCE_BELOW_LOWEST_PRICE",
    110052: "BALANCE_BELOW_PRICE",
    110053: "BALANCE_BELOW_PRICE_LIMIT",
    110063: "SETTLEMENT_IN_PROGRESS",
    110066: "TRADING_NOT_ALLOWED",
    110067: "NOT_FOR_UNIFIED_ACCOUNT",
    110069: "TRADING_NOT_ALLOWED",
    110070: "NOT_TRADABLE",
    110080: "BEING_LIQUIDATED",
    110085: "RISK_LIMIT_CHANGED",
    110086: "LEVERAGE_TOO_HIGH",
    170031: "FEATURE_SUSPENDED",
    170033: "MARGIN_INSUFFICIENT",
    170036: "MARGIN_TRADING_OFF",
    170037: "NO_MARGIN_FOR_COIN",
    170131: "BALANCE_INSUFFICIENT",
    170151: "MARKET_NOT_OPEN",
    170157: "NOT_FOR_API",
    170159: "NO_MARKET_ORDERS_YET",
    170201: "ACCOUNT_RESTRICTED",
    170210: "NEW_ORDER_REJECTED",
    170217: "POST_ONLY_MARKET",
    170219: "NOT_FOR_THIS_ACCOUNT",
    170224: "NOT_FOR_THIS_ACCOUNT",
    170226: "BEING_LIQUIDATED",
    170227: "NOT_SUPPORTED",
    3400139: "RISK_LIMIT",
    # outside the market's rules
    110003: "PRICE_OUT_OF_RANGE",
    110049: "PRICE_NOT_A_NUMBER",
    110094: "MIN_NOTIONAL",
    170124: "AMOUNT_TOO_LARGE",
    170132: "PRICE_TOO_HIGH",
    170133: "PRICE_TOO_LOW",
    170134: "PRICE_DECIMALS",
    170135: "QTY_TOO_LARGE",
    170136: "QTY_TOO_SMALL",
    170137: "QTY_DECIMALS",
    170140: "MIN_NOTIONAL",
    170148: "COST_DECIMALS",
    170192: "PRICE_TOO_HIGH",
    170193: "BUY_PRICE_TOO_HIGH",
    170194: "SELL_PRICE_TOO_LOW",
    170197: "QTY_MOVES_MARKET",
    170198: "QTY_MOVES_MARKET",
    170218: "POST_ONLY_REJECT",
    170228: "QTY_TOO_LARGE",
    170229: "QTY_TOO_LARGE",
}


class Verdict(msgspec.Struct, frozen=True, rename="camel"):
    """`{"retCode":110007,"retMsg":"ab not enough for new order","result":{},"retExtInfo":{},
    "time":1668838414793}`; `time` is the venue's clock in ms."""

    ret_code: int
    ret_msg: str | None = ""
    result: msgspec.Raw = msgspec.Raw(b"null")
    time: TimeMs = 0

    def __str__(self) -> str:
        name = DEFINITE_REFUSALS.get(self.ret_code, "")
        said = self.ret_msg or "no reason given"
        return f"{self.ret_code} {name}: {said}" if name else f"{self.ret_code}: {said}"


_decode = msgspec.json.Decoder(Verdict, strict=False).decode


def verdict_of(answer: Answer) -> Verdict | None:
    """What the venue itself says in `answer`, whatever the HTTP status, which is 200 for errors
    too. None where the body holds no such word (a gateway's page)."""
    try:
        return _decode(answer.body)
    except UNREADABLE:
        return None


def definite_refusal(answer: Answer) -> Verdict | None:
    """The word that proves the order refused, or None if `answer` proves nothing.

    A 5xx proves nothing, whichever code it carries, and neither does a 403 without one.
    """
    if answer.status != 200 and not 400 <= answer.status < 500:
        return None
    verdict = verdict_of(answer)
    return verdict if verdict is not None and verdict.ret_code in DEFINITE_REFUSALS else None
