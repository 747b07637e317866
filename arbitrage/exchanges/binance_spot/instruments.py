"""`exchangeInfo`: the spot markets that can be traded, and the venue's rate limits.

The bounds of an instrument hold for limit and market orders alike: where LOT_SIZE and
MARKET_LOT_SIZE differ, the tighter one counts. What an `Instrument` has no place for is left to the
venue to refuse: the greatest notional, price bands, greatest positions, numbers of open orders.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import EXACT, ZERO
from arbitrage.exchanges.binance_spot.answers import read
from arbitrage.exchanges.binance_spot.budgets import RateLimit, limits_of
from arbitrage.exchanges.binance_spot.facts import EXCHANGE_INFO_WEIGHT, VENUE
from arbitrage.exchanges.binance_spot.wire import require_plain
from arbitrage.exchanges.order_gateway import Answer, Lane, Request


class _Filter(msgspec.Struct, rename="camel"):
    filter_type: str
    tick_size: Decimal | None = None
    step_size: Decimal | None = None
    min_qty: Decimal | None = None
    max_qty: Decimal | None = None
    min_notional: Decimal | None = None

    def __post_init__(self) -> None:
        require_plain(self.tick_size, self.step_size, self.min_qty, self.max_qty, self.min_notional)


class _Symbol(msgspec.Struct, rename="camel"):
    symbol: str
    status: str
    base_asset: str
    quote_asset: str
    filters: list[_Filter]
    is_spot_trading_allowed: bool = False


class _ExchangeInfo(msgspec.Struct, rename="camel"):
    symbols: list[_Symbol]
    rate_limits: list[RateLimit] = []


class Listing(msgspec.Struct):
    """What `exchangeInfo` said: tradable `instruments`, budget `limits` by name, and the symbols
    that are `unreadable`, each with the reason; those are not traded."""

    instruments: list[Instrument]
    limits: dict[str, int]
    unreadable: dict[str, str]


_decoder = msgspec.json.Decoder(_ExchangeInfo)


def instruments_request() -> Request:
    return Request("GET", "/api/v3/exchangeInfo", lane=Lane.MARKET, weight=EXCHANGE_INFO_WEIGHT)


def listing(answer: Answer) -> Listing:
    """What the venue lists. Raises what `answers.read` raises.

    A symbol: `{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT",
    "isSpotTradingAllowed":true,"filters":[{"filterType":"PRICE_FILTER","tickSize":"0.01",...},
    {"filterType":"LOT_SIZE","minQty":"0.00001","maxQty":"9000","stepSize":"0.00001"},
    {"filterType":"MARKET_LOT_SIZE","minQty":"0","maxQty":"120.5","stepSize":"0"},
    {"filterType":"NOTIONAL","minNotional":"5.0","applyMinToMarket":true,...},...],...}`
    """
    info = read(_decoder, answer, "exchangeInfo")
    found = Listing([], limits_of(info.rate_limits), {})
    for symbol in info.symbols:
        if symbol.status != "TRADING" or not symbol.is_spot_trading_allowed:
            continue
        try:
            found.instruments.append(_instrument(symbol))
        except ConfigError as error:
            found.unreadable[symbol.symbol] = str(error)
    return found


def _instrument(symbol: _Symbol) -> Instrument:
    filters = {one.filter_type: one for one in symbol.filters}
    price, lot = filters.get("PRICE_FILTER"), filters.get("LOT_SIZE")
    if price is None or price.tick_size is None or lot is None or lot.step_size is None:
        raise ConfigError(
            f"{VENUE} {symbol.symbol}: no PRICE_FILTER with a tick or no LOT_SIZE with a step; "
            "the instrument is refused"
        )
    lots = [one for one in (lot, filters.get("MARKET_LOT_SIZE")) if one is not None]
    notionals = (filters.get("NOTIONAL"), filters.get("MIN_NOTIONAL"))  # the latter is the older
    return Instrument(
        venue=VENUE,
        symbol=symbol.symbol,
        base=symbol.base_asset,
        quote=symbol.quote_asset,
        tick_size=price.tick_size,
        lot_size=_coarsest(symbol.symbol, [one.step_size for one in lots if one.step_size]),
        min_qty=max(one.min_qty or ZERO for one in lots),
        max_qty=min((one.max_qty for one in lots if one.max_qty), default=None),
        min_notional=max((one.min_notional or ZERO for one in notionals if one), default=ZERO),
    )


def _coarsest(symbol: str, steps: Iterable[Decimal]) -> Decimal:
    """The largest step if it is a multiple of every other; zero, which is refused, without one."""
    coarsest = max(steps, default=ZERO)
    if any(EXACT.remainder(coarsest, step) for step in steps):
        raise ConfigError(
            f"{VENUE} {symbol}: LOT_SIZE and MARKET_LOT_SIZE have steps that do not fit "
            f"({', '.join(str(step) for step in steps)}); the instrument is refused"
        )
    return coarsest
