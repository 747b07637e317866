"""Binance USD-M's market data as JSON objects, built from the core's books, tapes and funding.

Shapes: developers.binance.com/docs/derivatives/usds-margined-futures, the pages of market data and
of the market streams, read 2026-11-22.
"""

from decimal import Decimal
from typing import Final

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_SECOND, plain
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.protocols.binance_depth import DepthBook
from arbitrage.sim.protocols.binance_market import agg_trade_entry, quote_object
from arbitrage.sim.protocols.binance_tolls import ORDERS, WEIGHT, TollRule
from arbitrage.sim.protocols.binance_wire import Figures, Json, digits_of, ms
from arbitrage.sim.venue_core import SimVenueCore

FUNDING_NS: Final = 8 * 3_600 * NS_PER_SECOND
MAX_OPEN_ORDERS: Final = 200
PRICE_BAND: Final = Decimal("0.05")
MAX_LEVERAGE: Final = 125
# The venue's own word for contracts that never expire.
_NEVER_MS: Final = 4_133_404_800_000

RATE_LIMITS: Final = (
    TollRule(WEIGHT, "MINUTE", 1, 2400),
    TollRule(ORDERS, "SECOND", 10, 300),
    TollRule(ORDERS, "MINUTE", 1, 1200),
)


# --- rules ---------------------------------------------------------------------------------------


def price_digits(rules: Instrument) -> int:
    """How many digits a price may have: two at least, as the venue has it, also on a tick of 0.1;
    what is finer than the tick is then refused for the tick, what is finer than this for that."""
    return max(digits_of(rules.tick_size), 2)


def max_price(rules: Instrument) -> Decimal:
    return rules.tick_size * 10**8


def max_qty(rules: Instrument, *, is_market: bool) -> Decimal:
    """The largest order, native; a market order may be a tenth of it."""
    most = rules.max_qty or rules.lot_size * 10**7
    return most / 10 if is_market else most


def exchange_info(core: SimVenueCore) -> Json:
    """`exchangeInfo`: limits, assets, and every market."""
    assets = sorted({rules.quote for rules in core.instruments.values()})
    return {
        "timezone": "UTC",
        "serverTime": ms(core.now_ns),
        "futuresType": "U_MARGINED",
        "rateLimits": [rule.object() for rule in RATE_LIMITS],
        "exchangeFilters": [],
        "assets": [
            {"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"}
            for asset in assets
        ],
        "symbols": [_symbol(rules) for rules in core.instruments.values()],
    }


def _symbol(rules: Instrument) -> Json:
    return {
        "symbol": rules.symbol,
        "pair": rules.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": _NEVER_MS,
        "onboardDate": 1_569_398_400_000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": rules.base,
        "quoteAsset": rules.quote,
        "marginAsset": rules.quote,
        "pricePrecision": price_digits(rules),
        "quantityPrecision": digits_of(rules.lot_size),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": plain(PRICE_BAND),
        "maxMoveOrderLimit": 10_000,
        "filters": _filters(rules),
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def _filters(rules: Instrument) -> list[Json]:
    tick, lot = plain(rules.tick_size), plain(rules.lot_size)
    least = plain(rules.min_qty or rules.lot_size)
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": tick,
            "maxPrice": plain(max_price(rules)),
            "tickSize": tick,
        },
        *(
            {
                "filterType": name,
                "minQty": least,
                "maxQty": plain(max_qty(rules, is_market=name == "MARKET_LOT_SIZE")),
                "stepSize": lot,
            }
            for name in ("LOT_SIZE", "MARKET_LOT_SIZE")
        ),
        {"filterType": "MAX_NUM_ORDERS", "limit": MAX_OPEN_ORDERS},
        {"filterType": "MIN_NOTIONAL", "notional": plain(rules.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": f"{1 + PRICE_BAND:.4f}",
            "multiplierDown": f"{1 - PRICE_BAND:.4f}",
            "multiplierDecimal": "4",
        },
    ]


# --- books ---------------------------------------------------------------------------------------


def depth_object(depth: DepthBook, figures: Figures, *, limit: int, now_ns: int) -> Json:
    """`depth`: the book with the number of its last update."""
    bids, asks = depth.top(limit)
    return {
        "lastUpdateId": depth.last_update_id,
        "E": ms(now_ns),
        "T": ms(depth.book.ts_ns if depth.book else now_ns),
        "bids": figures.levels(bids),
        "asks": figures.levels(asks),
    }


def book_ticker_object(symbol: str, depth: DepthBook, figures: Figures) -> Json:
    """One entry of `ticker/bookTicker`."""
    return {
        **quote_object(symbol, depth, figures),
        "time": ms(depth.book.ts_ns) if depth.book else 0,
        "lastUpdateId": depth.last_update_id,
    }


# --- trades and tickers --------------------------------------------------------------------------


def agg_trade_object(printed: PublicTrade, figures: Figures) -> Json:
    """One entry of `aggTrades`; `nq` is the quantity without that of retail orders."""
    told = agg_trade_entry(printed, figures)
    return {**told, "nq": told["q"]}


def price_object(core: SimVenueCore, rules: Instrument, figures: Figures) -> Json:
    """One entry of `ticker/price`."""
    last = core.tape(rules.symbol).last
    return {"symbol": rules.symbol, "price": figures.price(last), "time": ms(core.now_ns)}


# --- mark price and funding ----------------------------------------------------------------------


def mark_price(core: SimVenueCore, symbol: str) -> float:
    """The price by which positions are valued: the middle of the book; zero before the first."""
    held, book, funding = core.position(symbol), core.book(symbol), core.funding(symbol)
    if held.position.qty:
        return held.mark_price
    if book is not None and book.bids and book.asks:
        return (book.bids[0][0] + book.asks[0][0]) / 2
    return funding.mark_price if funding else 0.0


def next_funding_ns(core: SimVenueCore, symbol: str) -> int:
    """The next settlement: the announced one, else the next full eight hours."""
    funding, now_ns = core.funding(symbol), core.now_ns
    announced = funding.next_ts_ns if funding else 0
    return announced if announced > now_ns else (now_ns // FUNDING_NS + 1) * FUNDING_NS


def funding_rate(core: SimVenueCore, symbol: str) -> str:
    """The announced rate; zero before the first."""
    funding = core.funding(symbol)
    return f"{funding.rate if funding else 0.0:.8f}"


def index_price(core: SimVenueCore, symbol: str) -> float:
    """What the announced funding calls the mark: the fair value; the mark before the first."""
    funding = core.funding(symbol)
    return (funding.mark_price if funding else 0.0) or mark_price(core, symbol)


def premium_object(core: SimVenueCore, symbol: str) -> Json:
    """One entry of `premiumIndex`."""
    index = f"{index_price(core, symbol):.8f}"
    return {
        "symbol": symbol,
        "markPrice": f"{mark_price(core, symbol):.8f}",
        "indexPrice": index,
        "estimatedSettlePrice": index,
        "lastFundingRate": funding_rate(core, symbol),
        "interestRate": "0.00010000",
        "nextFundingTime": ms(next_funding_ns(core, symbol)),
        "time": ms(core.now_ns),
    }


def funding_info_object(symbol: str) -> Json:
    """One entry of `fundingInfo`."""
    return {
        "symbol": symbol,
        "adjustedFundingRateCap": "0.02000000",
        "adjustedFundingRateFloor": "-0.02000000",
        "fundingIntervalHours": 8,
        "disclaimer": False,
    }
