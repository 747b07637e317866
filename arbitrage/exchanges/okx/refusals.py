"""Which of the venue's codes prove that an order does not exist and never will.

An allow-list. What is not on it leaves the order in doubt, whatever its text says: timeouts (50004,
51054, 51149), a venue that is busy, offline or upgrading (50001, 50005, 50013, 50026, 64007), a
repeated request (50042), and all that say that an order of this client id is there already (50071,
51011, 51016). Codes: [D error-code-rest-api, error-code-websocket-public], read 2026-11-22.
"""

import msgspec

from arbitrage.exchanges.okx.wire import UNREADABLE
from arbitrage.exchanges.order_gateway import Answer

OK = "0"
# The request as a whole says nothing but that some, or all, of its orders failed.
_SEE_ORDERS = frozenset({OK, "1", "2"})
NO_SUCH_ORDER = "51603"
TOO_MANY = frozenset({"50011", "60014"})
TOO_MANY_OF_ACCOUNT = "50061"
# Asking again will not help: the key, its rights, the signature or a parameter is wrong.
WRONG_REQUESTS = frozenset(
    {"50000", "50002", "50006", "50014", "50015", "50016", "50024", "50025", "50030", "50035"}
    | {str(code) for code in range(50100, 50122)}
    | {"51000", "51001", "51003", "51010", "51015"}
    | {"59000", "59001", "59100", "59101", "59102", "59103", "59104", "59105"}
) - {"50102"}

DEFINITE_REFUSALS = {
    # not let in
    "50007": "USER_BLOCKED",
    "50008": "NO_SUCH_USER",
    "50009": "ACCOUNT_FROZEN",
    "50011": "RATE_LIMIT",
    "50012": "ACCOUNT_STATUS",
    "50027": "RESTRICTED_FROM_TRADING",
    "50029": "RISK_CONTROL",
    "50030": "NO_PERMISSION",
    "50032": "CURRENCY_PROHIBITED",
    "50033": "INSTRUMENT_BLOCKED",
    "50035": "KEY_WITHOUT_ADDRESS",
    "50040": "TOO_FREQUENT",
    "50036": "DEADLINE_PASSED",
    "50037": "ORDER_EXPIRED",
    "50061": "ACCOUNT_ORDER_LIMIT",
    "50100": "API_FROZEN",
    "50101": "WRONG_ENVIRONMENT",
    "50102": "TIMESTAMP_EXPIRED",
    "50103": "KEY_EMPTY",
    "50104": "PASSPHRASE_EMPTY",
    "50105": "WRONG_PASSPHRASE",
    "50106": "SIGNATURE_EMPTY",
    "50107": "TIMESTAMP_EMPTY",
    "50110": "ADDRESS_NOT_LISTED",
    "50111": "INVALID_KEY",
    "50112": "INVALID_TIMESTAMP",
    "50113": "INVALID_SIGNATURE",
    "50114": "INVALID_AUTHORIZATION",
    "50119": "NO_SUCH_KEY",
    "50120": "KEY_WITHOUT_PERMISSION",
    "50121": "ADDRESS_REFUSED",
    "60011": "NOT_LOGGED_IN",
    "60014": "RATE_LIMIT",
    # not understood
    "50000": "BODY_EMPTY",
    "50002": "JSON_SYNTAX",
    "50006": "CONTENT_TYPE",
    "50014": "PARAMETER_EMPTY",
    "50015": "PARAMETER_MISSING",
    "50016": "PARAMETERS_DIFFER",
    "50024": "PARAMETERS_EXCLUDE",
    "50025": "TOO_MANY_PARAMETERS",
    "50115": "INVALID_METHOD",
    "51000": "PARAMETER_ERROR",
    "51001": "NO_SUCH_INSTRUMENT",
    "51002": "INSTRUMENT_UNDERLYING",
    "51015": "INSTRUMENT_TYPE",
    "60012": "INVALID_REQUEST",
    "60013": "INVALID_ARGS",
    "60019": "INVALID_OP",
    "60033": "PARAMETER_ERROR",
    # not allowed to this account or position
    "50017": "POSITION_FROZEN_ADL",
    "50018": "CURRENCY_FROZEN_ADL",
    "50019": "ACCOUNT_FROZEN_ADL",
    "50020": "POSITION_FROZEN_LIQUIDATION",
    "50021": "CURRENCY_FROZEN_LIQUIDATION",
    "50022": "ACCOUNT_FROZEN_LIQUIDATION",
    "50023": "FUNDING_FROZEN",
    "50051": "COMPLIANCE",
    "50052": "COMPLIANCE",
    "51004": "POSITION_LIMIT_OF_LEVERAGE",
    "51008": "INSUFFICIENT_BALANCE",
    "51009": "ORDERS_BLOCKED",
    "51010": "ACCOUNT_MODE",
    "51017": "BORROW_LIMIT",
    "51023": "NO_SUCH_POSITION",
    "51024": "ACCOUNT_BLOCKED",
    "51025": "TOO_MANY_ORDERS",
    "51037": "ONLY_REDUCING_IOC",
    "51112": "CLOSE_SIZE",
    "51127": "NO_BALANCE",
    "51128": "NO_CROSS_MARGIN",
    "51129": "POSITION_LIMIT",
    "51131": "INSUFFICIENT_BALANCE",
    "51133": "REDUCE_ONLY_UNAVAILABLE",
    "51134": "CLOSING_FAILED",
    "51139": "REDUCE_ONLY_UNAVAILABLE",
    "51148": "REDUCE_ONLY_CONFLICT",
    "51155": "COMPLIANCE",
    "51169": "NOTHING_TO_REDUCE",
    "51170": "REDUCE_ONLY_SIDE",
    "51186": "LEVERAGE_LIMIT",
    "51187": "PLATFORM_POSITION_LIMIT",
    "51205": "REDUCE_ONLY_UNAVAILABLE",
    "51206": "REDUCE_ONLY_CONFLICT",
    "54109": "PAIR_NOT_ACTIVATED",
    # outside the market's rules, or no market now
    "51005": "QTY_ABOVE_MAX",
    "51006": "PRICE_LIMIT",
    "51007": "QTY_BELOW_ONE_CONTRACT",
    "51020": "QTY_BELOW_MIN",
    "51021": "NOT_LISTED_YET",
    "51022": "CONTRACT_SUSPENDED",
    "51027": "CONTRACT_EXPIRED",
    "51028": "UNDER_DELIVERY",
    "51029": "BEING_SETTLED",
    "51030": "FUNDING_BEING_SETTLED",
    "51031": "CLOSING_PRICE_RANGE",
    "51033": "ORDER_TOTAL_LIMIT",
    "51087": "LISTING_CANCELED",
    "51101": "QTY_ABOVE_MAX",
    "51102": "TOO_MANY_PENDING_ORDERS",
    "51103": "TOO_MANY_PENDING_ORDERS",
    "51104": "PENDING_QTY_LIMIT",
    "51105": "POSITION_LIMIT",
    "51106": "POSITION_LIMIT",
    "51107": "POSITION_LIMIT",
    "51110": "CALL_AUCTION",
    "51116": "PRICE_LIMIT",
    "51120": "QTY_BELOW_MIN",
    "51121": "LOT_SIZE",
    "51122": "PRICE_BELOW_MIN",
    "51124": "CALL_AUCTION",
    "51135": "PRICE_LIMIT",
    "51136": "PRICE_LIMIT",
    "51137": "PRICE_LIMIT",
    "51138": "PRICE_LIMIT",
    "51150": "PRECISION",
    "51174": "TOO_MANY_PENDING_ORDERS",
    "51185": "ORDER_VALUE_LIMIT",
    "51196": "PRE_QUOTE",
    "51197": "PRE_QUOTE",
    "51201": "MARKET_ORDER_VALUE_LIMIT",
    "51202": "MARKET_ORDER_QTY_LIMIT",
    "51203": "QTY_ABOVE_MAX",
    "51204": "PRICE_EMPTY",
}


class Row(msgspec.Struct, frozen=True, rename="camel"):
    """What one order of a request came to: `{"clOrdId":"s00000001","ordId":"12345689","tag":"",
    "ts":"1695190491421","sCode":"0","sMsg":"","subCode":""}`"""

    s_code: str
    s_msg: str = ""
    cl_ord_id: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """What the venue says of a request with one order: its code and words, and whose they are.

    `client_id` is empty where the words are about the request and not about an order.
    """

    code: str
    msg: str = ""
    client_id: str = ""

    def __str__(self) -> str:
        name = DEFINITE_REFUSALS.get(self.code, "")
        said = self.msg or "no reason given"
        return f"{self.code} {name}: {said}" if name else f"{self.code}: {said}"


class _Envelope(msgspec.Struct):
    code: str
    msg: str = ""


class _Rows(msgspec.Struct):
    data: tuple[Row]


_envelope = msgspec.json.Decoder(_Envelope).decode
_rows = msgspec.json.Decoder(_Rows).decode


def verdict_of(body: bytes) -> Verdict | None:
    """What the venue itself says, whatever the HTTP status, which is 200 for most errors too.

    `{"code":"1","data":[{"clOrdId":"s00000001","ordId":"","tag":"","ts":"1695190491421",
    "sCode":"51008","sMsg":"Order failed. Insufficient USDT balance in account","subCode":"1000"}],
    "msg":"All operations failed","inTime":"...","outTime":"..."}`. None where the body holds no
    such word (a gateway's page).
    """
    try:
        said = _envelope(body)
    except UNREADABLE:
        return None
    if said.code in _SEE_ORDERS:
        try:
            [row] = _rows(body).data
        except UNREADABLE:
            return Verdict(said.code, said.msg)
        return Verdict(row.s_code, row.s_msg, row.cl_ord_id)
    return Verdict(said.code, said.msg)


def definite_refusal(answer: Answer, client_id: str) -> Verdict | None:
    """The word that proves the order of `client_id` refused, or None if `answer` proves nothing.

    A 5xx proves nothing, whichever code it carries, and neither does what is said of another order.
    """
    if answer.status != 200 and not 400 <= answer.status < 500:
        return None
    verdict = verdict_of(answer.body)
    if verdict is None or verdict.client_id not in ("", client_id):
        return None
    return verdict if verdict.code in DEFINITE_REFUSALS else None
