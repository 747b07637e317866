"""Names of market streams: `btcusdt@depth@100ms` is a kind, a symbol and a pace.

A name belongs to one path: depth, bookTicker and trade to `/public`, the rest to `/market`. Asked
for on the other path, or in capitals, or of a symbol that nobody lists, it is taken and stays
silent (developers.binance.com/docs/derivatives/change-log of 2026-04-02, and the pages of
websocket-market-streams, read 2026-11-22; `@0ms` is from the change log of 2020-01-06).
"""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

from arbitrage.sim.protocols.binance_stream_names import Kind, StreamName

_DEFAULT_DEPTH_MS: Final = 250
_DEPTH_PACES: Final = frozenset({0, 100, 250, 500})
_ON_MARKET: Final = frozenset({Kind.AGG_TRADE, Kind.MARK_PRICE})
_is_depth = re.compile(r"depth(5|10|20)?(?:@(\d{1,3})ms)?").fullmatch


class Path(Enum):
    """The two paths of market data."""

    PUBLIC = "public"
    MARKET = "market"


_PLAIN: Final = {
    "bookTicker": (Kind.BOOK_TICKER, 0),
    "trade": (Kind.TRADE, 0),
    "aggTrade": (Kind.AGG_TRADE, 0),
    "markPrice": (Kind.MARK_PRICE, 3000),
    "markPrice@1s": (Kind.MARK_PRICE, 1000),
}


def read_stream(name: str, symbols: Mapping[str, str], path: Path) -> StreamName | None:
    """What `name` asks for on `path`, None if nothing comes of it; `symbols` are by their names
    in small letters."""
    lower, _, what = name.partition("@")
    symbol = symbols.get(lower)
    if symbol is None:
        return None
    found = _plain(name, symbol, what) or _depth(name, symbol, what)
    if found is None or (found.kind in _ON_MARKET) is not (path is Path.MARKET):
        return None
    return found


def _plain(name: str, symbol: str, what: str) -> StreamName | None:
    if what not in _PLAIN:
        return None
    kind, pace_ms = _PLAIN[what]
    return StreamName(name, kind, symbol, pace_ms)


def _depth(name: str, symbol: str, what: str) -> StreamName | None:
    match = _is_depth(what)
    if match is None:
        return None
    levels, pace = match.groups()
    pace_ms = _DEFAULT_DEPTH_MS if pace is None else int(pace)
    if pace_ms not in _DEPTH_PACES:
        return None
    if levels is None:
        return StreamName(name, Kind.DEPTH, symbol, pace_ms)
    return StreamName(name, Kind.PARTIAL_DEPTH, symbol, pace_ms, int(levels))
