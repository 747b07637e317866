"""Binance spot's market data as JSON objects, built from the core's books and tapes.

Shapes and filters: github.com/binance/binance-spot-api-docs, rest-api.md and filters.md, read
2026-11-22; the bounds of a filter are those of a large market.
"""

from decimal import Decimal
from typing import Final

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import ZERO
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.protocols.binance_depth import DepthBook
from arbitrage.sim.protocols.binance_market import (
    agg_trade_entry,
    day_object,
    quote_object,
    trade_entry,
)
from arbitrage.sim.protocols.binance_order_words import DEFAULT_SELF_TRADE
from arbitrage.sim.protocols.binance_tolls import ORDERS, RAW, WEIGHT, TollRule
from arbitrage.sim.protocols.binance_wire import Figures, Json, money, ms
from arbitrage.sim.venue_core import SimVenueCore

DIGITS: Final = 8  # of every price and quantity
MAX_OPEN_ORDERS: Final = 200
MAX_NOTIONAL: Final = Decimal(9_000_000)
# PERCENT_PRICE_BY_SIDE: a purchase between the first two, a sale between the others, times the
# average price.
BID_BAND: Final = (Decimal("0.2"), Decimal(5))
ASK_BAND: Final = (Decimal("0.2"), Decimal(5))
SELF_TRADE_MODES: Final = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT")

RATE_LIMITS: Final = (
    TollRule(WEIGHT, "MINUTE", 1, 6000),
    TollRule(ORDERS, "SECOND", 10, 50),
    TollRule(ORDERS, "DAY", 1, 160_000),
    TollRule(RAW, "MINUTE", 5, 61_000),
)


# --- rules ---------------------------------------------------------------------------------------


def max_price(rules: Instrument) -> Decimal:
    return rules.tick_size * 10**8


def max_qty(rules: Instrument, *, is_market: bool) -> Decimal:
    """The largest order, native; a market order may be a tenth of it."""
    most = rules.max_qty or rules.lot_size * 10**9
    return most / 10 if is_market else most


def exchange_info(core: SimVenueCore, markets: list[Instrument]) -> Json:
    """`exchangeInfo`: limits and markets."""
    return {
        "timezone": "UTC",
        "serverTime": ms(core.now_ns),
        "rateLimits": [rule.object() for rule in RATE_LIMITS],
        "exchangeFilters": [],
        "symbols": [_symbol(rules) for rules in markets],
    }


def _symbol(rules: Instrument) -> Json:
    return {
        "symbol": rules.symbol,
        "status": "TRADING",
        "baseAsset": rules.base,
        "baseAssetPrecision": DIGITS,
        "quoteAsset": rules.quote,
        "quotePrecision": DIGITS,
        "quoteAssetPrecision": DIGITS,
        "baseCommissionPrecision": DIGITS,
        "quoteCommissionPrecision": DIGITS,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(rules),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": DEFAULT_SELF_TRADE,
        "allowedSelfTradePreventionModes": list(SELF_TRADE_MODES),
    }


def _filters(rules: Instrument) -> list[Json]:
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": money(rules.tick_size),
            "maxPrice": money(max_price(rules)),
            "tickSize": money(rules.tick_size),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": money(rules.min_qty or rules.lot_size),
            "maxQty": money(max_qty(rules, is_market=False)),
            "stepSize": money(rules.lot_size),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": money(ZERO),
            "maxQty": money(max_qty(rules, is_market=True)),
            "stepSize": money(ZERO),
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": str(BID_BAND[1]),
            "bidMultiplierDown": str(BID_BAND[0]),
            "askMultiplierUp": str(ASK_BAND[1]),
            "askMultiplierDown": str(ASK_BAND[0]),
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": money(rules.min_notional),
            "applyMinToMarket": True,
            "maxNotional": money(MAX_NOTIONAL),
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": MAX_OPEN_ORDERS},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
    ]


def average_price(core: SimVenueCore, symbol: str) -> float:
    """What stands here for the average of five minutes: the last price; zero before the first."""
    return core.tape(symbol).last


# --- books, trades, tickers ----------------------------------------------------------------------


def depth_object(depth: DepthBook, figures: Figures, *, limit: int) -> Json:
    """`depth`, and the frames of partial books: the book with the number of its last update."""
    bids, asks = depth.top(limit)
    return {
        "lastUpdateId": depth.last_update_id,
        "bids": figures.levels(bids),
        "asks": figures.levels(asks),
    }


def trade_object(printed: PublicTrade, figures: Figures) -> Json:
    """One entry of `trades`."""
    return {**trade_entry(printed, figures), "isBestMatch": True}


def agg_trade_object(printed: PublicTrade, figures: Figures) -> Json:
    """One entry of `aggTrades`."""
    return {**agg_trade_entry(printed, figures), "M": True}


def ticker_object(
    core: SimVenueCore, rules: Instrument, depth: DepthBook, figures: Figures
) -> Json:
    """One entry of `ticker/24hr`."""
    day = day_object(core, rules, figures)
    return {
        **day,
        "prevClosePrice": day["openPrice"],
        **quote_object(rules.symbol, depth, figures),
    }
