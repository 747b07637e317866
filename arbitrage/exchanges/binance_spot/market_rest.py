"""Market data by REST: the book as a snapshot, the venue's clock."""

import msgspec

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.units import NS_PER_MS
from arbitrage.exchanges.binance_spot.answers import read
from arbitrage.exchanges.binance_spot.auth import encoded
from arbitrage.exchanges.binance_spot.facts import DEPTH_WEIGHTS, MAX_DEPTH, VENUE
from arbitrage.exchanges.binance_spot.market_stream import WholeBook, require_best_first
from arbitrage.exchanges.binance_spot.wire import TimeMs
from arbitrage.exchanges.order_gateway import Answer, Lane, Request


class _Time(msgspec.Struct, rename="camel"):
    server_time: TimeMs


_depth = msgspec.json.Decoder(WholeBook, strict=False)
_time = msgspec.json.Decoder(_Time)


def book_request(symbol: str, depth: int) -> Request:
    """Raises `ConfigError` for a depth that the venue does not serve."""
    if not 1 <= depth <= MAX_DEPTH:
        raise ConfigError(f"{VENUE} {symbol}: depth {depth}; expected 1 to {MAX_DEPTH}")
    weight = next(weight for levels, weight in DEPTH_WEIGHTS if depth <= levels)
    return Request(
        "GET",
        f"/api/v3/depth?symbol={encoded(symbol)}&limit={depth}",
        lane=Lane.MARKET,
        weight=weight,
    )


def book(symbol: str, answer: Answer, ts_ns: int) -> BookSnapshot:
    """`{"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],
    "asks":[["4.00000200","12.00000000"]]}`

    Raises what `answers.read` raises.
    """
    said = read(_depth, answer, f"{symbol} depth")
    try:
        require_best_first(said.bids, said.asks)
    except ValueError as error:
        raise MalformedData(f"{VENUE} {symbol} depth: {error}; the book is dropped") from error
    return BookSnapshot(ts_ns, VENUE, symbol, said.bids, said.asks, said.last_update_id)


def time_request() -> Request:
    return Request("GET", "/api/v3/time", lane=Lane.MARKET)


def server_time_ns(answer: Answer) -> int:
    """`{"serverTime":1499827319559}` in nanoseconds. Raises what `answers.read` raises."""
    return read(_time, answer, "time").server_time * NS_PER_MS
