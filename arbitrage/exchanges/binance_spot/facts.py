"""What is true of Binance spot: addresses, streams, weights, limits, fees.

Nothing here is code. Each fact names its source and was read 2026-11-22. Sources:

    [D]   the venue's own documents, github.com/binance/binance-spot-api-docs, file named
    [CL]  CHANGELOG.md there, day named
    [R]   seen in frames recorded from the venue
    [K]   general knowledge, unconfirmed: what is built on it fails closed
"""

from enum import Enum

from arbitrage.domain.units import NS_PER_DAY, NS_PER_SECOND

VENUE = "binance-spot"

# --- addresses [D rest-api, web-socket-streams, web-socket-api, demo-mode/general-info] -----------

REST_URL = "https://api.binance.com"
WS_URL = "wss://stream.binance.com:9443"
WS_API_URL = "wss://ws-api.binance.com:443"
DEMO_REST_URL = "https://demo-api.binance.com"
DEMO_WS_URL = "wss://demo-stream.binance.com:9443"
DEMO_WS_API_URL = "wss://demo-ws-api.binance.com"

STREAM_PATH = "/stream"  # every public stream, each frame with the stream's name
WS_API_PATH = "/ws-api/v3"  # orders, and the account's events; listen keys ended 2026-02-20 [CL]


class BookStream(Enum):
    """How a book arrives. Diffs need a snapshot and synchronising; partial books are whole.

    [D web-socket-streams]
    """

    DIFF_100MS = "depth@100ms"
    PARTIAL_20 = "depth20@100ms"


QUOTE_STREAM = "bookTicker"  # in real time, without a time of its own
TRADES_STREAM = "trade"

# --- sessions [D web-socket-streams, web-socket-api] ----------------------------------------------

MAX_STREAMS_PER_CONNECTION = 1024
MAX_MESSAGES_PER_SECOND = 5  # ours to a market stream, pings and pongs included
MAX_CONNECTIONS_PER_5_MINUTES = 300  # attempts, per address
CONNECTION_LIFE_NS = NS_PER_DAY
PING_EVERY_NS = 20 * NS_PER_SECOND  # the venue's ping, to be answered by a pong
PONG_WITHIN_NS = 60 * NS_PER_SECOND

# --- requests -------------------------------------------------------------------------------------

RECV_WINDOW_MS = 5_000  # the venue's default and its advice; at most 60,000 [D rest-api]
SYNC_DEPTH = 1000  # levels of the snapshot that diffs join; deeper ones are learnt as they change
POLL_DEPTH = 100
MAX_DEPTH = 5000
CLIENT_ID_PATTERN = r"[a-zA-Z0-9_-]{1,36}"  # [K, an error text]; must differ among open orders only
MAX_MY_TRADES = 1000  # rows of one answer [D rest-api]
MAX_ALL_ORDERS = 1000  # likewise

# Weight by greatest number of levels asked for [D rest-api].
DEPTH_WEIGHTS = ((100, 5), (500, 25), (1000, 50), (5000, 250))
EXCHANGE_INFO_WEIGHT = 20
ORDER_QUERY_WEIGHT = 4
OPEN_ORDERS_WEIGHT = 6  # of one symbol; 80 of all
MY_TRADES_WEIGHT = 20
ALL_ORDERS_WEIGHT = 20
ACCOUNT_WEIGHT = 20
COMMISSION_WEIGHT = 20

# An order that was cancelled or expired without a fill is archived after 90 days and then answered
# by -2026 [D errors]. Until then "no such order" is the venue's word that it never existed.
UNFILLED_ORDER_MEMORY_NS = 90 * NS_PER_DAY

# --- limits ---------------------------------------------------------------------------------------

# exchangeInfo tells the true ones; these hold until it was read [D rest-api, examples].
WEIGHT_LIMIT_1M = 6000  # per address
ORDER_LIMIT_10S = 50  # per account, of orders not yet filled
ORDER_LIMIT_1D = 160_000
BAN_AT_LEAST_NS = 120 * NS_PER_SECOND  # 418 without Retry-After: bans are 2 minutes to 3 days

# --- fees -----------------------------------------------------------------------------------------

# Of an account without discounts, out of what a trade receives; account/commission tells the
# account's own [K].
TAKER_BPS = 10.0
MAKER_BPS = 10.0
