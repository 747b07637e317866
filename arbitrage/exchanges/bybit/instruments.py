"""What the venue lists and by which rules.

Spot markets and linear perpetuals that are trading become instruments; dated futures, contracts
before their market and those settled in another coin than their quote do not. The leverage of a
symbol is left aside: margin follows the account's settings and its risk tiers.
"""

from decimal import Decimal

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.units import ZERO
from arbitrage.exchanges.bybit.answers import read
from arbitrage.exchanges.bybit.facts import INSTRUMENTS_PAGE, VENUES, Category
from arbitrage.exchanges.bybit.wire import UNREADABLE, amount
from arbitrage.exchanges.order_gateway import Answer, Lane, Request


class _PriceFilter(msgspec.Struct, rename="camel"):
    tick_size: str = ""


class _LotSizeFilter(msgspec.Struct, rename="camel"):
    """Spot and linear name the same things differently; each has its own and no others."""

    base_precision: str = ""  # spot
    max_limit_order_qty: str = ""
    max_market_order_qty: str = ""
    min_order_amt: str = ""
    qty_step: str = ""  # linear
    min_order_qty: str = ""
    max_order_qty: str = ""
    max_mkt_order_qty: str = ""
    min_notional_value: str = ""


class _Symbol(msgspec.Struct, rename="camel"):
    symbol: str
    status: str
    base_coin: str
    quote_coin: str
    price_filter: _PriceFilter
    lot_size_filter: _LotSizeFilter
    contract_type: str = ""
    settle_coin: str = ""
    is_pre_listing: bool = False


class _InstrumentsInfo(msgspec.Struct, rename="camel"):
    list: list[_Symbol]


class Listing(msgspec.Struct):
    """One page: tradable `instruments`, and the symbols that are `unreadable`, each with the
    reason; those are not traded."""

    instruments: list[Instrument]
    unreadable: dict[str, str]


_decoder = msgspec.json.Decoder(_InstrumentsInfo)


def instruments_request(category: Category, cursor: str = "") -> Request:
    """One page of the listing; spot has but one."""
    page = "" if category is Category.SPOT else f"&limit={INSTRUMENTS_PAGE}"
    more = f"&cursor={cursor}" if cursor else ""
    target = f"/v5/market/instruments-info?category={category.value}{page}{more}"
    return Request("GET", target, lane=Lane.MARKET)


def listing(category: Category, answer: Answer) -> Listing:
    """What a page of the listing holds. Raises what `answers.read` raises.

    Linear: `{"symbol":"BTCUSDT","contractType":"LinearPerpetual","status":"Trading",
    "baseCoin":"BTC","quoteCoin":"USDT","settleCoin":"USDT","isPreListing":false,
    "priceFilter":{"tickSize":"0.10",...},"lotSizeFilter":{"qtyStep":"0.001","minOrderQty":"0.001",
    "maxOrderQty":"1190.000","maxMktOrderQty":"500.000","minNotionalValue":"5",...},...}`

    Spot: `{"symbol":"BTCUSDT","status":"Trading","baseCoin":"BTC","quoteCoin":"USDT",
    "priceFilter":{"tickSize":"0.1"},"lotSizeFilter":{"basePrecision":"0.000001",
    "minOrderAmt":"5","maxLimitOrderQty":"83","maxMarketOrderQty":"41.5",...},...}`
    """
    found = Listing([], {})
    for symbol in read(_decoder, answer, f"{category.value} instruments").list:
        if not _is_traded(category, symbol):
            continue
        try:
            found.instruments.append(_instrument(category, symbol))
        except UNREADABLE as error:
            found.unreadable[symbol.symbol] = str(error)
    return found


def _is_traded(category: Category, symbol: _Symbol) -> bool:
    if symbol.status != "Trading" or category is Category.SPOT:
        return symbol.status == "Trading"
    is_perpetual = symbol.contract_type == "LinearPerpetual" and not symbol.is_pre_listing
    return is_perpetual and symbol.settle_coin == symbol.quote_coin


def _instrument(category: Category, symbol: _Symbol) -> Instrument:
    """One limit stands for limit and market orders, so the greatest quantity is the smaller one."""
    lot = symbol.lot_size_filter
    tick_size = amount(symbol.price_filter.tick_size)
    is_spot = category is Category.SPOT
    lot_size = amount(lot.base_precision if is_spot else lot.qty_step)
    if not tick_size or not lot_size:
        raise ConfigError(
            f"{VENUES[category]} {symbol.symbol}: no tick or no step of quantity is listed; "
            "the instrument is refused"
        )
    return Instrument(
        venue=VENUES[category],
        symbol=symbol.symbol,
        base=symbol.base_coin,
        quote=symbol.quote_coin,
        kind=InstrumentKind.SPOT if is_spot else InstrumentKind.PERPETUAL,
        settle=symbol.settle_coin,
        tick_size=tick_size,
        lot_size=lot_size,
        # The venue lists a least quantity for spot too and says that it no longer looks at it.
        min_qty=ZERO if is_spot else amount(lot.min_order_qty),
        max_qty=_smaller(lot.max_limit_order_qty, lot.max_market_order_qty)
        if is_spot
        else _smaller(lot.max_order_qty, lot.max_mkt_order_qty),
        min_notional=amount(lot.min_order_amt if is_spot else lot.min_notional_value),
    )


def _smaller(first: str, second: str) -> Decimal | None:
    """The smaller of two quantities of which either may be missing."""
    told = [qty for qty in (amount(first), amount(second)) if qty]
    return min(told) if told else None
