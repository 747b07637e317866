"""What is true of Bithumb today: addresses, limits, ticks, minimums, fees, names of errors.

Each fact stands with its source and the day it was read; nothing here is computed. `docs` is
https://apidocs.bithumb.com (version 2.1.5); `probes` are live captures of 2026-09-23 published in
nemanull/arbitrage-observatory. A fact marked unconfirmed is in neither, and the code that meets it
fails closed.
"""

from collections.abc import Mapping
from decimal import Decimal

from arbitrage.domain.instrument import TickBand
from arbitrage.domain.units import NS_PER_DAY, NS_PER_SECOND

VENUE = "bithumb"
QUOTE = "KRW"

# Addresses. docs/reference, read 2026-11-22. The first version of the private websocket ended on
# 2026-10-30 (docs/changelog of 2026-09-07); the public one has only the first.
REST_URL = "https://api.bithumb.com"
WS_URL = "wss://ws-api.bithumb.com"
WS_PUBLIC_PATH = "/websocket/v1"
WS_PRIVATE_PATH = "/websocket/v2/private"

# Orders are placed, cancelled and, once they have ended, listed in the second version; all other
# questions stay in the first.
MARKETS_PATH = "/v1/market/all"
BOOK_PATH = "/v1/orderbook"
ACCOUNTS_PATH = "/v1/accounts"
CHANCE_PATH = "/v1/orders/chance"
ORDER_PATH = "/v1/order"
ORDERS_PATH = "/v1/orders"
PLACE_PATH = "/v2/orders"
CANCEL_PATH = "/v2/order"
HISTORY_PATH = "/v2/orders/history"
WALLETS_PATH = "/v1/status/wallet"

# Levels a side: at most 15 on the websocket, 30 over REST where one market is asked for. Sizes are
# printed with four decimals, so an order below half of the last one shows as a level of size zero,
# even at the touch; a thin side is padded with prices of zero. probes, read 2026-11-22.
WS_BOOK_LEVELS = 15
REST_BOOK_LEVELS = 30

# The clocks disagree: a ticker over REST tells Korean time as if it were UTC (nine hours ahead), a
# book over REST true milliseconds, a book on the websocket microseconds. probes, read 2026-11-22.
# None is read: every event is stamped on arrival.

# Orders in one answer at most: ccxt 4.5.90; those that have ended: docs/changelog of 2026-07-09, at
# most seven days of them in one question. Read 2026-11-22.
ORDERS_PAGE = 100
HISTORY_PAGE = 1000
HISTORY_SPAN_NS = 7 * NS_PER_DAY

# Our own ids: docs/reference/다건-주문-취소-접수, read 2026-11-22. Unique per account; a second use
# of one brings back the first order and makes none (bithumb-official/bithumb-ai-trade-kit, read
# 2026-11-22; the documentation of the API is silent).
CLIENT_ID_FORM = r"[A-Za-z0-9_-]{1,36}"

# A silent connection is cut after 120 s by the docs, after 60 s by the probes. Protocol pings and
# the text PING both count as noise; the latter is answered every ten seconds.
IDLE_CLOSE_SECONDS = 60.0
PING = b"PING"
STATUS_UP = "UP"

# Requests per second of an address, for each category of its kind; headers name no category but
# tell the size of its bucket, by which the kind is known. docs of 2026-10-27, read 2026-11-22:
# public (candles, books, tickers, trades, other), private (orders, cancels, other), batches for
# themselves. More than 20 orders and cancels a second of one coin may be restricted.
RATE_LIMITS: Mapping[str, int] = {"public": 150, "private": 140, "batch": 20}
RATE_WINDOW_NS = NS_PER_SECOND

# Ticks by price in KRW: bithumb-official/bithumb-ai-trade-kit, read 2026-11-22; KRW-USDT has a tick
# of 1 at 1,343 (probes). The least total of an order is unconfirmed: the documentation of the API
# has none. A wrong one is refused by the venue; the true one comes from CHANCE_PATH.
_KRW_BANDS = (
    ("1000000", "1000"),
    ("500000", "500"),
    ("100000", "100"),
    ("50000", "50"),
    ("10000", "10"),
    ("5000", "5"),
    ("100", "1"),
    ("10", "0.01"),
    ("1", "0.001"),
)
FINEST_TICK = Decimal("0.0001")
TICK_BANDS = tuple(TickBand(Decimal(price), Decimal(tick)) for price, tick in _KRW_BANDS)
MIN_NOTIONAL = Decimal(5000)

# Quantities of an order: four decimals, as the book prints them and ccxt 4.5.90 truncates them
# (read 2026-11-22). Finer ones may be taken; a coarse one is on both grids.
LOT_SIZE = Decimal("0.0001")

# The fee of both sides in basis points of notional, charged in KRW on top, for an account without
# a coupon (with one: 4). ccxt 4.5.90, read 2026-11-22. The account's own come from CHANCE_PATH.
FEE_BPS = 25.0

# Names of errors that mean: this order was not taken and never will be. An allow-list; what is not
# on it leaves an order in doubt. docs/docs/api-주요-에러-코드 of 2026-10-27, read 2026-11-22.
# Left out on purpose: `invalid_parameter` and `jwt_verification`, since a client id or a nonce that
# is used twice has no name of its own and may be told by these; `order_not_found`, which is no
# answer to a new order; and every name of other venues for missing funds and small totals, which
# are likely but unconfirmed here.
REFUSALS = frozenset(
    {
        "invalid_price",
        "invalid_price_ask",
        "invalid_price_bid",
        "under_price_limit_ask",
        "under_price_limit_bid",
        "bank_account_required",
        "currency does not have a valid value",
        "cross_trading",
        "invalid_query_payload",
        "expired_jwt",
        "NotAllowIP",
        "out_of_scope",
        "blocked_member_id",
    }
)
# Also documented: 422 `order_not_ready`, the order is still being taken in. It is no answer yet.
ORDER_NOT_FOUND = "order_not_found"
