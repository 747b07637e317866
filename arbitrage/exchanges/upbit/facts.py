"""What is true of Upbit today: addresses, limits, ticks, minimums, fees, names of errors.

Each fact stands with its source and the day it was read; nothing here is computed. `docs` is
https://docs.upbit.com/kr. A fact marked unconfirmed is not in the venue's documentation, and the
code that meets it fails closed.
"""

from collections.abc import Mapping
from decimal import Decimal

from arbitrage.domain.instrument import TickBand
from arbitrage.domain.units import NS_PER_DAY, NS_PER_SECOND

VENUE = "upbit"

# Addresses. docs/reference/rest-api-guide and websocket-guide, read 2026-11-22.
REST_URL = "https://api.upbit.com"
WS_URL = "wss://api.upbit.com"
WS_PUBLIC_PATH = "/websocket/v1"
WS_PRIVATE_PATH = "/websocket/v1/private"

MARKETS_PATH = "/v1/market/all"
TICK_SIZES_PATH = "/v1/orderbook/instruments"
BOOK_PATH = "/v1/orderbook"
ACCOUNTS_PATH = "/v1/accounts"
CHANCE_PATH = "/v1/orders/chance"
ORDERS_PATH = "/v1/orders"
ORDER_PATH = "/v1/order"
OPEN_ORDERS_PATH = "/v1/orders/open"
CLOSED_ORDERS_PATH = "/v1/orders/closed"

# Levels a side of a book: 1, 5, 15 or 30; 30 unless asked otherwise.
# docs/reference/websocket-orderbook, read 2026-11-22.
BOOK_LEVELS = 30

# Orders in one answer at most. docs/reference/list-open-orders and list-closed-orders, read
# 2026-11-22. A list of closed orders spans seven days at most.
OPEN_ORDERS_PAGE = 100
CLOSED_ORDERS_PAGE = 1000
CLOSED_ORDERS_SPAN_NS = 7 * NS_PER_DAY

# Orders that one cancel-all takes at most, oldest or newest first, once in two seconds; without a
# count it takes 20. docs/reference/batch-cancel-orders, read 2026-11-22.
CANCEL_ALL_COUNT = 300

# A silent connection is cut after 120 s by docs/reference/websocket-guide, read 2026-11-22; live
# probes of 2026-07 saw 60 s. Protocol pings and the text PING both count as noise.
IDLE_CLOSE_SECONDS = 60.0
PING = b"PING"
# {"status":"UP"} answers a PING. Other words are not documented.
STATUS_UP = "UP"

# Requests per window. docs/reference/rate-limits, read 2026-11-22: all limits hold per second and
# are told by the header `Remaining-Req: group=default; min=1800; sec=29`, of which `min` means
# nothing. Market data counts by IP, the rest by account. `order` was 8 until 2026-08-21.
RATE_LIMITS: Mapping[str, int] = {
    "market": 10,
    "candles": 10,
    "ticker": 10,
    "trades": 10,
    "orderbook": 10,
    "default": 30,
    "order": 12,
    "order-test": 8,
}
RATE_WINDOW_NS = NS_PER_SECOND
# A 418 says in its body for how long we are blocked, in words that are not documented
# (unconfirmed): without a Retry-After header we stay away this long.
BLOCKED_NS = 60 * NS_PER_SECOND

# Tick sizes by price, in quote. KRW: docs/docs/krw-market-info of 2026-05-04; BTC and USDT:
# docs/docs/btc-market-info and usdt-market-info; all read 2026-11-22. Some KRW markets have other
# ticks (USDT and USDC: 0.5 between 1,000 and 10,000), so what TICK_SIZES_PATH says comes on top.
_KRW_BANDS = (
    ("1000000", "1000"),
    ("500000", "500"),
    ("100000", "100"),
    ("50000", "50"),
    ("10000", "10"),
    ("5000", "5"),
    ("100", "1"),
    ("10", "0.1"),
    ("1", "0.01"),
    ("0.1", "0.001"),
    ("0.01", "0.0001"),
    ("0.001", "0.00001"),
    ("0.0001", "0.000001"),
    ("0.00001", "0.0000001"),
)
_USDT_BANDS = (
    ("10", "0.01"),
    ("1", "0.001"),
    ("0.1", "0.0001"),
    ("0.01", "0.00001"),
    ("0.001", "0.000001"),
    ("0.0001", "0.0000001"),
)
FINEST_TICK = Decimal("0.00000001")
TICK_BANDS: Mapping[str, tuple[TickBand, ...]] = {
    quote: tuple(TickBand(Decimal(price), Decimal(tick)) for price, tick in bands)
    for quote, bands in (("KRW", _KRW_BANDS), ("BTC", ()), ("USDT", _USDT_BANDS))
}

# Quantities have eight decimals. Least totals of an order: the same three pages.
LOT_SIZE = Decimal("0.00000001")
MIN_NOTIONAL: Mapping[str, Decimal] = {
    "KRW": Decimal(5000),
    "BTC": Decimal("0.00005"),
    "USDT": Decimal("0.5"),
}

# Fees of both sides in basis points of notional, charged in the quote currency on top. KRW agrees
# with recorded fills of 2026; BTC and USDT are the rates after the promotion that ended 2026-11-20
# (unconfirmed). The account's own rates come from CHANCE_PATH.
FEE_BPS: Mapping[str, float] = {"KRW": 5.0, "BTC": 25.0, "USDT": 25.0}

# Names of errors that mean: this order was not taken and never will be. An allow-list; what is not
# on it leaves an order in doubt. docs/reference/rest-api-guide of 2026-10-06, read 2026-11-22,
# unless said otherwise. Three names are left out on purpose: `duplicated_identifier` and
# `nonce_used` say that the venue has met this request before, so the first one may live;
# `order_not_found` is no answer to a new order.
REFUSALS = frozenset(
    {
        "create_ask_error",
        "create_bid_error",
        "insufficient_funds_ask",
        "insufficient_funds_bid",
        "under_min_total_ask",
        "under_min_total_bid",
        "validation_error",
        "invalid_parameter",
        "invalid_post_only",
        "invalid_query_payload",
        "jwt_verification",
        "expired_access_key",
        "no_authorization_ip",
        "no_authorization_token",
        "out_of_scope",
        # docs/changelog/orderbook-instruments, read 2026-11-22
        "invalid_price_ask",
        "invalid_price_bid",
        # docs/docs/api-주요-에러-코드-목록, an older list, read 2026-11-22
        "no_authorization_i_p",
        # ccxt 4.5.90, read 2026-11-22
        "invalid_access_key",
        "thirdparty_agreement_required",
    }
)
ORDER_NOT_FOUND = "order_not_found"
