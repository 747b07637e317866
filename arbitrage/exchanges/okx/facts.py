"""What is true of OKX v5, spot and linear swaps: addresses, channels, limits, fees.

Nothing here is code. Each fact names its source and was read 2026-11-22. Sources:

    [D]   www.okx.com/docs-v5/en, page named, in a copy of July 2026
    [C]   ccxt 4.5.90, an independent client, with its threads
    [R]   seen in frames recorded from the venue in 2022
    [K]   general knowledge, unconfirmed: what is built on it fails closed

Spot and swaps are one venue here: they share one account, one wallet and one private stream, and
their symbols differ (`BTC-USDT`, `BTC-USDT-SWAP`).
"""

from enum import Enum

import msgspec

from arbitrage.domain.units import NS_PER_DAY, NS_PER_SECOND

VENUE = "okx"
SWAP_SUFFIX = "-SWAP"

# --- addresses [D overview; demo-trading-services C] ----------------------------------------------

REST_URL = "https://www.okx.com"
WS_URL = "wss://ws.okx.com:8443"
DEMO_WS_URL = "wss://wspap.okx.com:8443"  # demo requests go to REST_URL, with a header

PUBLIC_PATH = "/ws/v5/public"  # every channel of market data that is asked for here
PRIVATE_PATH = "/ws/v5/private"  # orders, account, positions, and orders by websocket

# --- channels [D ws-order-book-channel, funding-rate-channel, mark-price-channel, ...] ------------


class BookStream(Enum):
    """How a book arrives, every 100 ms: 400 levels by snapshot and updates, or 5 levels, whole."""

    UPDATES_400 = "books"
    WHOLE_5 = "books5"


QUOTE_CHANNEL = "bbo-tbt"  # every 10 ms when it changed; about every 60 s when it did not
TRADES_CHANNEL = "trades"
FUNDING_CHANNEL = "funding-rate"  # every 30 to 90 s
MARK_CHANNEL = "mark-price"  # every 200 ms when it changed, else every 10 s

# A quiet book says so about every 60 s. The `checksum` of `books` is 0 in every frame since 2026
# [D, C pull 30299]; recordings of 2022 carry it and no sequence [R].
QUIET_BOOK_NS = 60 * NS_PER_SECOND
CHECKSUM_LEVELS = 25

# --- sessions [D overview-websocket] --------------------------------------------------------------

PING = b"ping"  # as text; answered by PONG
PONG = b"pong"
IDLE_CLOSE_NS = 30 * NS_PER_SECOND  # without a push or a pong, or without a subscription
MAX_CONNECTIONS_PER_SECOND = 3  # per address
MAX_REQUESTS_PER_HOUR = 480  # subscribe, unsubscribe and login, per connection
MAX_ARGUMENTS_BYTES = 64 * 1024  # of all channels of one request
MAX_BOOKS_PER_CONNECTION = 30  # of 400 levels; the venue's advice, not a limit
MAX_CONNECTIONS_PER_PRIVATE_CHANNEL = 30  # per account
CLOSING_SOON = "64008"  # the notice 60 s before the venue closes a connection
CLOSES_AFTER_NOTICE_NS = 60 * NS_PER_SECOND

# --- requests -------------------------------------------------------------------------------------

REQUEST_LIFE_NS = 30 * NS_PER_SECOND  # between its stamp and the venue's clock [D rest-auth]
# Unique among the open orders of the account; asked for, the latest of that name [D order-details].
CLIENT_ID_PATTERN = r"[A-Za-z0-9]{1,32}"
POLL_DEPTH = 50
MAX_DEPTH = 400
MAX_LEVERAGE = 125
ORDERS_PAGE = 100  # rows of one page of orders or fills
MAX_CANCELS_PER_REQUEST = 20
# `cancel-all-after` takes 0, which ends it, or so many seconds [D cancel-all-after].
CANCEL_AFTER_SECONDS = (10, 120)

# Closed orders are listed for 7 days; a cancelled one without a fill is forgotten after 2 hours
# [D order-history]. Until then "no such order" is the venue's word that it never existed.
ORDER_MEMORY_NS = 7 * NS_PER_DAY
UNFILLED_ORDER_MEMORY_NS = 2 * 3600 * NS_PER_SECOND
FILLS_MEMORY_NS = 3 * NS_PER_DAY

# --- limits [D per page, overview-rate-limits] ----------------------------------------------------


class Limit(msgspec.Struct, frozen=True):
    """`count` requests in `window_ns` for each of `per`."""

    count: int
    per: str
    window_ns: int = 2 * NS_PER_SECOND


RATE_WINDOW_NS = 2 * NS_PER_SECOND
PER_ADDRESS, PER_ACCOUNT = "address", "account"
PER_ORDERED_SYMBOL = "account and symbol"
LIMITS = {
    "/api/v5/public/instruments": Limit(20, "address and kind"),
    "/api/v5/market/books": Limit(40, PER_ADDRESS),
    "/api/v5/public/funding-rate": Limit(10, "address and symbol"),
    "/api/v5/public/mark-price": Limit(10, "address and symbol"),
    "/api/v5/public/time": Limit(10, PER_ADDRESS),
    "/api/v5/system/status": Limit(1, PER_ADDRESS, 5 * NS_PER_SECOND),
    "/api/v5/trade/order": Limit(60, PER_ORDERED_SYMBOL),  # to place, and apart from it to ask
    "/api/v5/trade/cancel-order": Limit(60, PER_ORDERED_SYMBOL),
    "/api/v5/trade/cancel-batch-orders": Limit(300, PER_ORDERED_SYMBOL),  # orders, not requests
    "/api/v5/trade/cancel-all-after": Limit(1, PER_ACCOUNT, NS_PER_SECOND),
    "/api/v5/trade/orders-pending": Limit(60, PER_ACCOUNT),
    "/api/v5/trade/orders-history": Limit(40, PER_ACCOUNT),
    "/api/v5/trade/fills": Limit(60, PER_ACCOUNT),
    "/api/v5/account/balance": Limit(10, PER_ACCOUNT),
    "/api/v5/account/positions": Limit(10, PER_ACCOUNT),
    "/api/v5/account/config": Limit(5, PER_ACCOUNT),
    "/api/v5/account/trade-fee": Limit(5, PER_ACCOUNT),
    "/api/v5/account/set-leverage": Limit(20, PER_ACCOUNT),
    "/api/v5/account/set-position-mode": Limit(5, PER_ACCOUNT),
}
# New orders of swaps, all symbols together; spot is exempt. Shared with orders by websocket.
ACCOUNT_ORDERS_2S = 1000

# --- fees [K for the rates: regular users] --------------------------------------------------------

# Spot: out of what is received, unless the account chose the quote. Swaps: in quote on top.
SPOT_TAKER_BPS, SPOT_MAKER_BPS = 10.0, 8.0
SWAP_TAKER_BPS, SWAP_MAKER_BPS = 5.0, 2.0
