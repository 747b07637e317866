"""Market data by REST: the book as a snapshot, funding and mark price, the venue's clock."""

import msgspec

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import BookSnapshot, Funding
from arbitrage.domain.units import NS_PER_MS
from arbitrage.exchanges.bybit.answers import read
from arbitrage.exchanges.bybit.auth import encoded
from arbitrage.exchanges.bybit.facts import MAX_DEPTH, VENUES, Category
from arbitrage.exchanges.bybit.wire import (
    Counter,
    Price,
    Rate,
    TimeMs,
    WholeLevels,
    require_best_first,
)
from arbitrage.exchanges.order_gateway import Answer, Lane, Request


class _Depth(msgspec.Struct):
    s: str
    b: WholeLevels
    a: WholeLevels


class _Ticker(msgspec.Struct, rename="camel"):
    symbol: str
    mark_price: Price
    funding_rate: Rate
    next_funding_time: TimeMs


class _Tickers(msgspec.Struct):
    list: list[_Ticker]


class _Time(msgspec.Struct, rename="camel"):
    time_nano: Counter


_depth = msgspec.json.Decoder(_Depth, strict=False)
_tickers = msgspec.json.Decoder(_Tickers, strict=False)
_time = msgspec.json.Decoder(_Time, strict=False)


def book_request(category: Category, symbol: str, depth: int) -> Request:
    """Raises `ConfigError` for a depth that the venue does not serve."""
    if not 1 <= depth <= MAX_DEPTH[category]:
        raise ConfigError(
            f"{VENUES[category]} {symbol}: depth {depth}; expected 1 to {MAX_DEPTH[category]}"
        )
    query = f"symbol={encoded(symbol)}&category={category.value}&limit={depth}"
    return Request("GET", f"/v5/market/orderbook?{query}", lane=Lane.MARKET)


def book(category: Category, symbol: str, answer: Answer, ts_ns: int) -> BookSnapshot:
    """`{"s":"BTCUSDT","a":[["65557.7","16.606555"]],"b":[["65485.47","47.081829"]],
    "ts":1716863719031,"u":230704,"seq":1432604333,"cts":1716863718905}`

    Its `u` counts another depth than our stream, so the snapshot has no sequence and no delta
    follows it. Raises what `answers.read` raises, and `MalformedData` for another market's book.
    """
    said = read(_depth, answer, f"{category.value} {symbol} orderbook")
    try:
        require_best_first(said.b, said.a)
        if said.s != symbol:
            raise ValueError(f"the answer is about {said.s}")
    except ValueError as error:
        raise MalformedData(
            f"{VENUES[category]} {symbol} orderbook: {error}; the book is dropped", symbol
        ) from error
    return BookSnapshot(ts_ns, VENUES[category], symbol, said.b, said.a)


def funding_request(symbol: str) -> Request:
    query = f"symbol={encoded(symbol)}&category={Category.LINEAR.value}"
    return Request("GET", f"/v5/market/tickers?{query}", lane=Lane.MARKET)


def funding(answer: Answer, ts_ns: int) -> list[Funding]:
    """`{"category":"linear","list":[{"symbol":"BTCUSDT","markPrice":"17217.33",
    "fundingRate":"-0.000212","nextFundingTime":"1673280000000",...}]}`

    Raises what `answers.read` raises.
    """
    return [
        Funding(
            ts_ns,
            VENUES[Category.LINEAR],
            one.symbol,
            one.funding_rate,
            one.next_funding_time * NS_PER_MS,
            one.mark_price,
        )
        for one in read(_tickers, answer, "tickers").list
    ]


def time_request() -> Request:
    return Request("GET", "/v5/market/time", lane=Lane.MARKET)


def server_time_ns(answer: Answer) -> int:
    """`{"timeSecond":"1688639403","timeNano":"1688639403423213947"}`. Raises what `answers.read`
    raises."""
    return read(_time, answer, "time").time_nano
