"""`exchangeInfo`: the perpetuals that can be traded, and the venue's rate limits.

Only linear perpetuals that are trading become instruments. The margin percentages of a symbol are
left aside, as the venue's page asks: margin follows the account's leverage and its brackets.
"""

from decimal import Decimal

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.units import ZERO
from arbitrage.exchanges.binance_usdm.answers import read
from arbitrage.exchanges.binance_usdm.budgets import RateLimit, limits_of
from arbitrage.exchanges.binance_usdm.facts import VENUE
from arbitrage.exchanges.binance_usdm.wire import require_plain
from arbitrage.exchanges.order_gateway import Answer, Lane, Request


class _Filter(msgspec.Struct, rename="camel"):
    filter_type: str
    tick_size: Decimal | None = None
    step_size: Decimal | None = None
    min_qty: Decimal | None = None
    max_qty: Decimal | None = None
    notional: Decimal | None = None

    def __post_init__(self) -> None:
        require_plain(self.tick_size, self.step_size, self.min_qty, self.max_qty, self.notional)


class _Symbol(msgspec.Struct, rename="camel"):
    symbol: str
    contract_type: str
    status: str
    base_asset: str
    quote_asset: str
    margin_asset: str
    filters: list[_Filter]


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
    return Request("GET", "/fapi/v1/exchangeInfo", lane=Lane.MARKET, weight=1)


def listing(answer: Answer) -> Listing:
    """What the venue lists. Raises what `answers.read` raises.

    A symbol: `{"symbol":"BTCUSDT","contractType":"PERPETUAL","status":"TRADING","baseAsset":"BTC",
    "quoteAsset":"USDT","marginAsset":"USDT","filters":[{"filterType":"PRICE_FILTER",
    "tickSize":"0.10",...},{"filterType":"LOT_SIZE","stepSize":"0.001","minQty":"0.001",
    "maxQty":"1000"},{"filterType":"MIN_NOTIONAL","notional":"50"},...],...}`
    """
    info = read(_decoder, answer, "exchangeInfo")
    found = Listing([], limits_of(info.rate_limits), {})
    for symbol in info.symbols:
        if symbol.contract_type != "PERPETUAL" or symbol.status != "TRADING":
            continue
        if symbol.margin_asset != symbol.quote_asset:
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
    notional = filters.get("MIN_NOTIONAL")
    return Instrument(
        venue=VENUE,
        symbol=symbol.symbol,
        base=symbol.base_asset,
        quote=symbol.quote_asset,
        kind=InstrumentKind.PERPETUAL,
        settle=symbol.margin_asset,
        tick_size=price.tick_size,
        lot_size=lot.step_size,
        min_qty=lot.min_qty or ZERO,
        max_qty=lot.max_qty or None,
        min_notional=(notional.notional if notional is not None else None) or ZERO,
    )
