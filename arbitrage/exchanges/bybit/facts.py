"""What is true of Bybit v5, spot and linear: addresses, topics, limits, fees.

Nothing here is code. Each fact names its source and was read 2026-11-22. Sources:

    [D]   bybit-exchange.github.io/docs/v5, page named, as published
    [D*]  the same, as the page's text in the venue's repository bybit-exchange/docs, perhaps of
          an older edition: confirm before live use
    [C]   ccxt 4.5.90, an independent client
    [P]   live probes of 2026-07/09
    [K]   general knowledge, unconfirmed: what is built on it fails closed

One account (UTA 2.0) holds one wallet for all categories. A category is a venue of its own here,
because spot and linear share symbols: `BTCUSDT` is both. Whoever trades both at once does so from
two sub-accounts, or gives each its share of the one wallet (`wallet_share`); otherwise each sees
the other's fills as balances that nobody explains, and stops.
"""

from enum import Enum

from arbitrage.domain.units import NS_PER_DAY, NS_PER_MS, NS_PER_SECOND


class Category(Enum):
    """The venue's word for a kind of product; `linear` are perpetuals settled in their quote."""

    SPOT = "spot"
    LINEAR = "linear"


VENUES = {Category.SPOT: "bybit-spot", Category.LINEAR: "bybit"}

# --- addresses [D* guide, ws/connect, websocket/trade/guideline] ----------------------------------

REST_URL = "https://api.bybit.com"
WS_URL = "wss://stream.bybit.com"
TESTNET_REST_URL = "https://api-testnet.bybit.com"
TESTNET_WS_URL = "wss://stream-testnet.bybit.com"

PUBLIC_PATHS = {Category.SPOT: "/v5/public/spot", Category.LINEAR: "/v5/public/linear"}
PRIVATE_PATH = "/v5/private"
TRADE_PATH = "/v5/trade"

# --- topics [D websocket/public/orderbook; D* trade, ticker, websocket/private/*] -----------------


class BookStream(Enum):
    """How a book arrives: a snapshot, then deltas, of so many levels a side.

    Every 20 ms, 200 ms (linear 100 ms) and 200 ms.
    """

    LEVELS_50 = "orderbook.50"
    LEVELS_200 = "orderbook.200"
    LEVELS_1000 = "orderbook.1000"


# Snapshots only, every 10 ms; without a change the last one is said again after 3 s.
QUOTE_TOPIC = "orderbook.1"
QUOTE_REPEATED_NS = 3 * NS_PER_SECOND
TRADES_TOPIC = "publicTrade"
FUNDING_TOPIC = "tickers"
PRIVATE_TOPICS = ("order", "execution", "position", "wallet")  # of all categories together

# Orders that the venue places on our position, and executions without an order of ours, which are
# all but these two kinds [D* enum createType, execType].
VENUE_CREATE_TYPES = frozenset(
    {
        "CreateByAdminClosing",
        "CreateByAdl_PassThrough",
        "CreateByLiq",
        "CreateByMmRateClose",
        "CreateBySettle",
        "CreateByTakeOver_PassThrough",
    }
)
TRADE_EXECUTION = "Trade"
FUNDING_EXECUTION = "Funding"
SETTLE_BY_ENDING = {"USDT": "USDT", "PERP": "USDC"}  # of linear perpetuals [D* enum symbol]

# --- sessions [D* ws/connect] ---------------------------------------------------------------------

PING = b'{"op":"ping"}'
PING_EVERY_NS = 20 * NS_PER_SECOND
IDLE_CLOSE_NS = 600 * NS_PER_SECOND  # without a ping or a push, private connections
AUTH_VALID_MS = 10_000  # how far ahead `expires` lies; the venue only wants it in the future
MAX_TOPIC_CHARACTERS = 21_000  # of all topics of one public connection
MAX_TOPICS_PER_REQUEST = {Category.SPOT: 10, Category.LINEAR: 200}  # linear: ours, no limit told
# The snapshot comes with the acknowledgement. A book still without one is subscribed to anew.
SNAPSHOT_WITHIN_NS = 2 * NS_PER_SECOND
MAX_CONNECTIONS_5MIN = 500  # new ones, per address [D rate-limit]

# --- requests -------------------------------------------------------------------------------------

RECV_WINDOW_MS = 5_000  # the venue's default; a stamp may lie at most 1 s ahead [D* guide]
CLIENT_ID_PATTERN = r"[A-Za-z0-9_-]{1,36}"  # always unique [D order/create-order]
POLL_DEPTH = 50
MAX_DEPTH = {Category.SPOT: 200, Category.LINEAR: 500}  # [D* market/orderbook]

# Rows of one page; `nextPageCursor` leads to the next [D* per page].
INSTRUMENTS_PAGE = 1000
OPEN_ORDERS_PAGE = 50
EXECUTIONS_PAGE = 100
POSITIONS_PAGE = 200

# `realtime` has open orders and the last 500 closed ones, until the service restarts; `history`
# has closed ones, filled for 2 years, any for 7 days, and lags [D* order/open-order, order-list].
RECENT_CLOSED_ORDERS = 500
UNFILLED_ORDER_MEMORY_NS = 7 * NS_PER_DAY
ANSWER_WITHIN_NS = 30 * NS_PER_SECOND  # ours: a question older than this gets no answer any more
EXECUTIONS_SPAN_NS = 7 * NS_PER_DAY  # from `startTime` on, where no `endTime` is given

# --- limits [D rate-limit] ------------------------------------------------------------------------

# Per account, endpoint and second; headers tell the account's own on every answer.
RATE_WINDOW_NS = NS_PER_SECOND
ORDERS_PER_SECOND = {Category.SPOT: 20, Category.LINEAR: 10}
# Others that we use; as remembered [K], but every answer tells the account's own.
QUESTIONS_PER_SECOND = {
    "/v5/order/realtime": 50,
    "/v5/order/history": 50,
    "/v5/execution/list": 50,
    "/v5/position/list": 50,
    "/v5/account/wallet-balance": 50,
    "/v5/account/transaction-log": 30,
    "/v5/account/fee-rate": 5,
    "/v5/user/query-api": 10,
    "/v5/asset/coin/query-info": 5,
}
# Per address, over all endpoints. Beyond it 403 "access too frequent", for at least ten minutes.
IP_LIMIT = 600
IP_WINDOW_NS = 5 * NS_PER_SECOND
IP_BAN_NS = 600 * NS_PER_SECOND
# A reset that lies further off than this is not believed.
MAX_RESET_NS = 60_000 * NS_PER_MS

# --- fees [D* enum, spot fee currency; rates of accounts without a level P, C] --------------------

# Spot: out of what is received. Linear: in quote on top. Some accounts pay in MNT instead, which
# `cumFeeDetail` of their orders shows.
TAKER_BPS = {Category.SPOT: 10.0, Category.LINEAR: 5.5}
MAKER_BPS = {Category.SPOT: 10.0, Category.LINEAR: 2.0}
