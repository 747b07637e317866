"""What is true of Binance USD-M futures: addresses, streams, weights, limits, fees.

Nothing here is code. Each fact names its source and was read 2026-11-22. Sources:

    [D]   developers.binance.com/docs/derivatives/usds-margined-futures, page named
    [CL]  developers.binance.com/docs/derivatives/change-log, day named
    [SDK] binance-sdk-derivatives-trading-usds-futures, the venue's own Python client
    [R]   seen in frames recorded from the venue
    [K]   general knowledge, unconfirmed: what is built on it fails closed

A star ([CL*], [SDK*]) marks a page read in another's excerpt; confirm it before live use.
"""

from enum import Enum

from arbitrage.domain.units import NS_PER_SECOND

VENUE = "binance-usdm"

# --- addresses [D general-info, Important-WebSocket-Change-Notice] --------------------------------

REST_URL = "https://fapi.binance.com"
WS_URL = "wss://fstream.binance.com"
WALLET_URL = "https://api.binance.com"  # rights of API keys; the demo venue has none [K, as ccxt]
DEMO_REST_URL = "https://demo-fapi.binance.com"
DEMO_WS_URL = "wss://demo-fstream.binance.com"  # [K] for the private path of the demo venue

# A stream asked for on the wrong path is accepted and stays silent [CL* 2026-04-02].
PUBLIC_PATH = "/public/stream"  # bookTicker, depth
MARKET_PATH = "/market/stream"  # aggTrade, markPrice
PRIVATE_PATH = "/private/ws"  # ?listenKey=...; without `events` every event is sent [K, as ccxt]


class BookStream(Enum):
    """How a book arrives. Diffs need a snapshot and synchronising; partial books are whole.

    [D Diff-Book-Depth-Streams, Partial-Book-Depth-Streams]; `@0ms` is [CL 2020-01-06] alone.
    """

    DIFF_100MS = "depth@100ms"
    DIFF_0MS = "depth@0ms"
    PARTIAL_20 = "depth20@100ms"


QUOTE_STREAM = "bookTicker"
TRADES_STREAM = "aggTrade"
FUNDING_STREAM = "markPrice@1s"

# --- sessions [D Connect, websocket-market-streams; CL 2025-07-02] --------------------------------

MAX_STREAMS_PER_CONNECTION = 1024
MAX_MESSAGES_PER_SECOND = 10  # ours to the venue, pings and pongs included
CONNECTION_LIFE_NS = 24 * 3600 * NS_PER_SECOND
PING_EVERY_NS = 180 * NS_PER_SECOND  # the venue's ping, to be answered by a pong
PONG_WITHIN_NS = 600 * NS_PER_SECOND
LISTEN_KEY_LIFE_NS = 3600 * NS_PER_SECOND  # PUT starts it anew; DELETE ends it

# --- requests -------------------------------------------------------------------------------------

RECV_WINDOW_MS = 5_000  # the venue's default and its advice; at most 60,000 [D general-info]
SYNC_DEPTH = 1000  # levels of the snapshot that diffs join [D How-to-manage-a-local-order-book]
POLL_DEPTH = 50
CLIENT_ID_PATTERN = r"[.A-Z:/a-z0-9_-]{1,36}"  # [D New-Order]; must differ among open orders only
MAX_USER_TRADES = 1000  # rows of one answer; a question spans at most 7 days [D Account-Trade-List]

# Weight by greatest number of levels asked for [D Order-Book].
DEPTH_WEIGHTS = ((50, 2), (100, 5), (500, 10), (1000, 20))
ACCOUNT_WEIGHT = 5  # account, positionRisk, accountConfig, userTrades [D per page]
COMMISSION_RATE_WEIGHT = 20  # [D User-Commission-Rate]
POSITION_MODE_WEIGHT = 30  # to read it; 1 to set it [D Get-Current-Position-Mode]

# A cancelled or expired order without a fill is forgotten after 3 days, any order after 90
# [D Query-Order]. Until then "no such order" is the venue's word that it never existed.
UNFILLED_ORDER_MEMORY_NS = 3 * 24 * 3600 * NS_PER_SECOND

# --- limits ---------------------------------------------------------------------------------------

# exchangeInfo tells the true ones; these hold until it was read [R, D general-info].
WEIGHT_LIMIT_1M = 2400  # per address
ORDER_LIMIT_10S = 300  # per account
ORDER_LIMIT_1M = 1200
BAN_AT_LEAST_NS = 120 * NS_PER_SECOND  # 418 without Retry-After: bans are 2 minutes to 3 days

# --- fees -----------------------------------------------------------------------------------------

# Of an account without discounts, in quote on top; commissionRate tells the account's own [K].
TAKER_BPS = 5.0
MAKER_BPS = 2.0
