"""What is known of ccxt, and of the exchanges that were looked up in it.

Read in the source of ccxt 4.5.90 on 2026-11-22, unless another source is named. ccxt says little of
what a venue proves by an answer, so an exchange without a line here can be traded, but an order of
it that was lost stays in doubt until a person looks.
"""

from collections.abc import Mapping

import msgspec

from arbitrage.domain.units import NS_PER_SECOND

VENUE = "ccxt"
INSTALL = "pip install 'arbitrage[ccxt]'"

# Words that no refusal has. ccxt calls these `InvalidOrder` too: bybit's 170146, "Order creation
# timeout", and binance's -4116 and bybit's 110072, which say that the client id lives.
INVALID_ORDER = "InvalidOrder"
DOUBTFUL = "(?i)duplic|time.?out|timed out|already|process|pending|unknown"

# ccxt's class names of what a venue answers to an order that it did not take. Compared by the exact
# class: subclasses such as `DuplicateOrderId` may be about an order that lives. `BadRequest` is not
# here: bybit's 170035, "Submitted to the system for processing!", is one.
REFUSALS = frozenset(
    {
        "AccountNotEnabled",
        "AccountSuspended",
        "ArgumentsRequired",
        "AuthenticationError",
        "BadSymbol",
        "ContractUnavailable",
        "InsufficientFunds",
        INVALID_ORDER,
        "MarketClosed",
        "NotSupported",
        "OrderImmediatelyFillable",
        "OrderNotFillable",
        "PermissionDenied",
        "RestrictedLocation",
    }
)
ORDER_NOT_FOUND = "OrderNotFound"

# The HTTP statuses under which ccxt's exceptions are passed on.
REFUSED = 400
NOT_FOUND = 404
TOO_MANY_REQUESTS = 429
FAILED = 500
STATUSES: Mapping[str, int] = {
    **dict.fromkeys(REFUSALS, REFUSED),
    ORDER_NOT_FOUND: NOT_FOUND,
    "RateLimitExceeded": TOO_MANY_REQUESTS,
    "DDoSProtection": TOO_MANY_REQUESTS,
}
# ccxt does not pass on how long to stay away.
STAY_AWAY_NS = 30 * NS_PER_SECOND
BUDGET = "calls"
BUDGET_WINDOW_NS = 10 * NS_PER_SECOND
# The least that is taken for a window; below it a venue could not even be started.
LEAST_CALLS = 10

# No request of a venue that was looked up takes effect later than this after it was written; it is
# the longest idle close among them (unconfirmed).
LINGERING_NS = 120 * NS_PER_SECOND

# Which client ids every venue looked up takes; gate has the shortest (28 with its prefix `t-`).
CLIENT_ID_PATTERN = "[A-Za-z0-9]{1,26}"
# What gate has before every client id.
CLIENT_ID_PREFIX = "t-"

# Funding that was paid is asked for so often, and so far back.
FUNDING_SECONDS = 20.0
FUNDING_LOOK_BACK_MS = 3_600_000

ORDERS_PER_LIST = 100
# Where the length of a full list is not told, one of this many orders may have been cut. No venue
# is known whose lists are shorter.
SHORTEST_FULL_LIST = 20
BOOK_LEVELS = 50


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """What ccxt leaves to its user at one exchange.

    `client_id_param` is how an order is asked for and cancelled by client id; empty where it
    cannot be. `lists_are_whole` says that open, closed and cancelled orders are all listed with
    their client ids, so that their lists prove what never existed. `total_has_pnl` says that the
    total of a balance includes what open positions would make. `orders_hold_trades` says that an
    order that is asked for comes with all of its trades.
    """

    client_id_param: str = ""
    lists_are_whole: bool = False
    total_has_pnl: bool = False
    orders_hold_trades: bool = False


UNKNOWN = Dialect()
DIALECTS: Mapping[str, Dialect] = {
    # Tried on our simulators.
    "binanceusdm": Dialect(
        client_id_param="clientOrderId", lists_are_whole=True, total_has_pnl=True
    ),
    "upbit": Dialect(client_id_param="identifier", lists_are_whole=True, orders_hold_trades=True),
    # Read, not tried.
    "binance": Dialect(client_id_param="clientOrderId", lists_are_whole=True),
    "bitget": Dialect(client_id_param="clientOrderId"),
    "bithumb": Dialect(client_id_param="clientOrderId"),
    "bitstamp": Dialect(client_id_param="clientOrderId"),
    "mexc": Dialect(client_id_param="clientOrderId"),
    "okx": Dialect(client_id_param="clientOrderId"),
}
