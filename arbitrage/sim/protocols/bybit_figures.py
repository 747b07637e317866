"""Bybit's public figures as JSON objects, built from the core's books, tapes and funding.

Shapes: bybit-exchange.github.io/docs/v5, market/instrument, market/orderbook, market/tickers,
market/recent-trade and websocket/public, read 2026-11-22. The day of a ticker begins when the venue
starts.
"""

from decimal import Decimal
from typing import Final

from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_SECOND, plain
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.protocols.bybit_markets import Market
from arbitrage.sim.protocols.bybit_wire import Category, Json, money, ms
from arbitrage.sim.venue_core import SimVenueCore

FUNDING_NS: Final = 8 * 3_600 * NS_PER_SECOND
MAX_LEVERAGE: Final = 100
# How far from the mark a linear order may cost more, or bring less.
PRICE_BAND: Final = Decimal("0.05")
_LAUNCHED_MS: Final = "1585526400000"


# --- rules ---------------------------------------------------------------------------------------


def max_qty(rules: Instrument) -> Decimal:
    """The largest limit order, native; a market order may be half of it."""
    return rules.max_qty or rules.lot_size * 10**7


def instrument_object(market: Market) -> Json:
    """One entry of `instruments-info`."""
    rules = market.rules
    shared = {
        "symbol": market.symbol,
        "baseCoin": rules.base,
        "quoteCoin": rules.quote,
        "status": "Trading",
    }
    if market.category is Category.SPOT:
        return {**shared, **_spot_rules(rules)}
    return {**shared, **_linear_rules(rules)}


def _spot_rules(rules: Instrument) -> Json:
    most = max_qty(rules)
    return {
        "innovation": "0",
        "symbolId": 1,
        "marginTrading": "none",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": plain(rules.lot_size),
            "quotePrecision": "0.00000001",
            "minOrderQty": plain(rules.min_qty or rules.lot_size),
            "maxOrderQty": plain(most),
            "minOrderAmt": plain(rules.min_notional),
            "maxOrderAmt": "8000000",
            "maxLimitOrderQty": plain(most),
            "maxMarketOrderQty": plain(most / 2),
            "postOnlyMaxLimitOrderSize": plain(most),
        },
        "priceFilter": {"tickSize": plain(rules.tick_size)},
        "riskParameters": {"priceLimitRatioX": "0.05", "priceLimitRatioY": "0.05"},
    }


def _linear_rules(rules: Instrument) -> Json:
    most, tick = max_qty(rules), plain(rules.tick_size)
    return {
        "contractType": "LinearPerpetual",
        "launchTime": _LAUNCHED_MS,
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(len(tick.partition(".")[2])),
        "leverageFilter": {
            "minLeverage": "1",
            "maxLeverage": f"{MAX_LEVERAGE}.00",
            "leverageStep": "0.01",
        },
        "priceFilter": {
            "minPrice": tick,
            "maxPrice": plain(rules.tick_size * 10**8),
            "tickSize": tick,
        },
        "lotSizeFilter": {
            "maxOrderQty": plain(most),
            "minOrderQty": plain(rules.min_qty or rules.lot_size),
            "qtyStep": plain(rules.lot_size),
            "postOnlyMaxOrderQty": plain(most),
            "maxMktOrderQty": plain(most / 2),
            "minNotionalValue": plain(rules.min_notional),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "settleCoin": rules.quote,
        "copyTrading": "none",
        "upperFundingRate": "0.00375",
        "lowerFundingRate": "-0.00375",
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": {"priceLimitRatioX": plain(PRICE_BAND), "priceLimitRatioY": "0.1"},
        "displayName": "",
    }


# --- books and trades ----------------------------------------------------------------------------


def book_object(market: Market, book: BookSnapshot | None, *, limit: int, now_ns: int) -> Json:
    """`orderbook`: the best levels. Its `u` counts every change, which no stream does."""
    bids, asks = (book.bids[:limit], book.asks[:limit]) if book else ([], [])
    return {
        "s": market.symbol,
        "b": market.figures.levels(bids),
        "a": market.figures.levels(asks),
        "ts": ms(now_ns),
        "u": book.seq if book else 0,
        "seq": book.seq if book else 0,
        "cts": ms(book.ts_ns if book else now_ns),
    }


def trade_object(printed: PublicTrade, market: Market) -> Json:
    """One entry of `recent-trade`, the newest first."""
    trade = printed.trade
    return {
        "execId": trade_id(printed, market),
        "symbol": market.symbol,
        "price": market.figures.price(trade.price),
        "size": market.figures.qty(trade.qty),
        "side": "Buy" if trade.side is Side.BUY else "Sell",
        "time": str(ms(trade.ts_ns)),
        "isBlockTrade": False,
        "isRPITrade": False,
        "seq": str(printed.trade_id),
    }


def trade_id(printed: PublicTrade, market: Market) -> str:
    number = printed.trade_id
    if market.category is Category.SPOT:
        return str(2_290_000_000_000_000_000 + number)
    return f"{number:08x}-d8dd-5b31-9112-a178eb6023af"


# --- tickers -------------------------------------------------------------------------------------


def ticker_object(core: SimVenueCore, market: Market) -> Json:
    """One entry of `tickers`; the stream tells the same."""
    tape, book, figures = core.tape(market.key), core.book(market.key), market.figures
    change = (tape.last - tape.opening) / tape.opening if tape.opening else 0.0
    (bid, bid_qty), (ask, ask_qty) = (
        _touch(book.bids if book else []),
        _touch(book.asks if book else []),
    )
    ticker = {
        "symbol": market.symbol,
        "lastPrice": figures.price(tape.last),
        "prevPrice24h": figures.price(tape.opening),
        "price24hPcnt": f"{change:.6f}",
        "highPrice24h": figures.price(tape.high),
        "lowPrice24h": figures.price(tape.low),
        "turnover24h": f"{tape.notional:.4f}",
        "volume24h": figures.qty(tape.volume),
        "bid1Price": figures.price(bid),
        "bid1Size": figures.qty(bid_qty),
        "ask1Price": figures.price(ask),
        "ask1Size": figures.qty(ask_qty),
    }
    if market.category is Category.SPOT:
        return ticker | {"usdIndexPrice": figures.price(tape.last)}
    return ticker | _contract_figures(core, market)


def _touch(levels: list[tuple[float, float]]) -> tuple[float, float]:
    return levels[0] if levels else (0.0, 0.0)


def _contract_figures(core: SimVenueCore, market: Market) -> Json:
    mark = mark_price(core, market.key)
    funding = core.funding(market.key)
    index = (funding.mark_price if funding else 0.0) or mark
    return {
        "markPrice": market.figures.price(mark),
        "indexPrice": market.figures.price(index),
        "prevPrice1h": market.figures.price(core.tape(market.key).opening),
        "openInterest": "0",
        "openInterestValue": "0",
        "fundingRate": f"{funding.rate if funding else 0.0:.8f}",
        "nextFundingTime": str(ms(next_funding_ns(core, market.key))),
        "fundingIntervalHour": "8",
        "deliveryTime": "0",
        "basis": "",
        "basisRate": "",
        "deliveryFeeRate": "",
        "predictedDeliveryPrice": "",
    }


def mark_price(core: SimVenueCore, key: str) -> float:
    """The price by which positions are valued: the middle of the book; zero before the first."""
    held, book, funding = core.position(key), core.book(key), core.funding(key)
    if held.position.qty:
        return held.mark_price
    if book is not None and book.bids and book.asks:
        return (book.bids[0][0] + book.asks[0][0]) / 2
    return funding.mark_price if funding else 0.0


def next_funding_ns(core: SimVenueCore, key: str) -> int:
    """The next settlement: the announced one, else the next full eight hours."""
    funding, now_ns = core.funding(key), core.now_ns
    announced = funding.next_ts_ns if funding else 0
    return announced if announced > now_ns else (now_ns // FUNDING_NS + 1) * FUNDING_NS


def usd_price(core: SimVenueCore, coin: str) -> Decimal:
    """What a coin is worth in dollars by its last trade at the venue; zero if it has no market."""
    if coin in ("USDT", "USDC"):
        return Decimal(1)
    for rules in core.instruments.values():
        if rules.base == coin and core.tape(rules.symbol).last:
            return Decimal(money(Decimal(repr(core.tape(rules.symbol).last))))
    return Decimal(0)
