"""Market data by REST: the book as a snapshot, funding and mark price, the venue's clock."""

import msgspec

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import BookSnapshot, Funding
from arbitrage.domain.units import NS_PER_MS
from arbitrage.exchanges.binance_usdm.answers import read
from arbitrage.exchanges.binance_usdm.auth import encoded
from arbitrage.exchanges.binance_usdm.facts import DEPTH_WEIGHTS, VENUE
from arbitrage.exchanges.binance_usdm.market_stream import require_best_first
from arbitrage.exchanges.binance_usdm.wire import Price, Rate, TimeMs, UpdateId, WholeLevels
from arbitrage.exchanges.order_gateway import Answer, Lane, Request

_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)


class _Depth(msgspec.Struct, rename="camel"):
    last_update_id: UpdateId
    bids: WholeLevels
    asks: WholeLevels


class _PremiumIndex(msgspec.Struct, rename="camel"):
    symbol: str
    mark_price: Price
    last_funding_rate: Rate
    next_funding_time: TimeMs


class _Time(msgspec.Struct, rename="camel"):
    server_time: TimeMs


_depth = msgspec.json.Decoder(_Depth, strict=False)
_premium_index = msgspec.json.Decoder(_PremiumIndex, strict=False)
_time = msgspec.json.Decoder(_Time)


def book_request(symbol: str, depth: int) -> Request:
    """Raises `ConfigError` for a depth that the venue does not serve."""
    if depth not in _DEPTHS:
        raise ConfigError(f"{VENUE} {symbol}: depth {depth}; expected one of {_DEPTHS}")
    weight = next(weight for levels, weight in DEPTH_WEIGHTS if depth <= levels)
    return Request(
        "GET",
        f"/fapi/v1/depth?symbol={encoded(symbol)}&limit={depth}",
        lane=Lane.MARKET,
        weight=weight,
    )


def book(symbol: str, answer: Answer, ts_ns: int) -> BookSnapshot:
    """`{"lastUpdateId":1027024,"E":1589436922972,"T":1589436922959,
    "bids":[["4.00000000","431.00000000"]],"asks":[["4.00000200","12.00000000"]]}`

    Raises what `answers.read` raises.
    """
    said = read(_depth, answer, f"{symbol} depth")
    try:
        require_best_first(said.bids, said.asks)
    except ValueError as error:
        raise MalformedData(f"{VENUE} {symbol} depth: {error}; the book is dropped") from error
    return BookSnapshot(ts_ns, VENUE, symbol, said.bids, said.asks, said.last_update_id)


def funding_request(symbol: str) -> Request:
    return Request("GET", f"/fapi/v1/premiumIndex?symbol={encoded(symbol)}", lane=Lane.MARKET)


def funding(answer: Answer, ts_ns: int) -> Funding:
    """`{"symbol":"BTCUSDT","markPrice":"11793.63104562","indexPrice":"11781.80495970",
    "estimatedSettlePrice":"11781.16138815","lastFundingRate":"0.00038246",
    "interestRate":"0.00010000","nextFundingTime":1597392000000,"time":1597370495002}`

    Raises what `answers.read` raises.
    """
    said = read(_premium_index, answer, "premiumIndex")
    return Funding(
        ts_ns,
        VENUE,
        said.symbol,
        said.last_funding_rate,
        said.next_funding_time * NS_PER_MS,
        said.mark_price,
    )


def time_request() -> Request:
    return Request("GET", "/fapi/v1/time", lane=Lane.MARKET)


def server_time_ns(answer: Answer) -> int:
    """`{"serverTime":1499827319559}` in nanoseconds. Raises what `answers.read` raises."""
    return read(_time, answer, "time").server_time * NS_PER_MS
