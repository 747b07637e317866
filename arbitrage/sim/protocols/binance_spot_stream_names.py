"""Names of Binance spot's market streams: `btcusdt@depth@100ms` is a kind, a symbol and a pace.

Asked for in capitals, or of a symbol that nobody lists, a stream is taken and stays silent
(github.com/binance/binance-spot-api-docs/web-socket-streams.md, read 2026-11-22).
"""

import re
from collections.abc import Mapping
from typing import Final

from arbitrage.sim.protocols.binance_stream_names import Kind, StreamName

_SLOW_MS: Final = 1000
_is_depth = re.compile(r"depth(5|10|20)?(@100ms|@1000ms)?").fullmatch
_PLAIN: Final = {
    "bookTicker": (Kind.BOOK_TICKER, 0),
    "trade": (Kind.TRADE, 0),
    "aggTrade": (Kind.AGG_TRADE, 0),
    "ticker": (Kind.TICKER, _SLOW_MS),
    "miniTicker": (Kind.MINI_TICKER, _SLOW_MS),
}


def read_stream(name: str, symbols: Mapping[str, str]) -> StreamName | None:
    """What `name` asks for, None if nothing comes of it; `symbols` are by their names in small
    letters."""
    lower, _, what = name.partition("@")
    symbol = symbols.get(lower)
    if symbol is None:
        return None
    if what in _PLAIN:
        kind, pace_ms = _PLAIN[what]
        return StreamName(name, kind, symbol, pace_ms)
    match = _is_depth(what)
    if match is None:
        return None
    levels, pace = match.groups()
    pace_ms = 100 if pace == "@100ms" else _SLOW_MS
    if levels is None:
        return StreamName(name, Kind.DEPTH, symbol, pace_ms)
    return StreamName(name, Kind.PARTIAL_DEPTH, symbol, pace_ms, int(levels))
