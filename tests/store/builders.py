"""Events and recordings for the tests of the store."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from arbitrage.domain.events import (
    BookDelta,
    BookQuote,
    BookSnapshot,
    Funding,
    MarketEvent,
    MarketTrade,
)
from arbitrage.domain.fx import FxQuote
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_DAY, NS_PER_SECOND
from arbitrage.store.recording_writer import RecordingWriter

DAY0 = 19_840 * NS_PER_DAY  # 2024-04-27 00:00 UTC
T0 = DAY0 + 9 * 3600 * NS_PER_SECOND
CENT = Decimal("0.01")
SATOSHI = Decimal("0.00000001")
MARKETS = (("upbit", "KRW-ETH"), ("bithumb", "KRW-ETH"), ("binance", "BTC/USDT:USDT"))


def book(
    ts_ns: int = T0,
    bid: float = 100.0,
    ask: float = 101.0,
    *,
    venue: str = "upbit",
    symbol: str = "KRW-ETH",
    seq: int = 0,
) -> BookSnapshot:
    """A book of two levels a side around `bid` and `ask`."""
    bids = [(bid, 1.5), (bid - 1.0, 0.25)]
    asks = [(ask, 2.0), (ask + 1.0, 0.00000001)]
    return BookSnapshot(ts_ns, venue, symbol, bids, asks, seq)


def record(
    path: Path,
    events: Iterable[MarketEvent],
    *,
    markets: Sequence[tuple[str, str]] = MARKETS,
    instruments: Sequence[Instrument] = (),
) -> Path:
    """A recording of `events` at `path`, of `instruments` or of `markets` with default rules."""
    with RecordingWriter(path) as writer:
        for instrument in instruments or [Instrument.from_symbol(*market) for market in markets]:
            writer.instrument(instrument, CENT, SATOSHI)
        for event in events:
            writer.write(event)
    return path


def _multiples(unit: Decimal, most: int) -> st.SearchStrategy[float]:
    return st.integers(0, most).map(lambda count: float(count * unit))


PRICES = _multiples(CENT, 10**12)
QTYS = _multiples(SATOSHI, 10**14)
RATES = st.floats(-1.0, 1e6, allow_nan=False)
LEVELS = st.lists(st.tuples(PRICES, QTYS), max_size=6)
TIMES = st.integers(DAY0, DAY0 + 2 * NS_PER_DAY) | st.sampled_from([T0, T0 + 1])
SEQS = st.integers(0, 2**62)


def _of_market(kind: type[Any], *fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(TIMES, st.sampled_from(MARKETS), *fields).map(
        lambda values: kind(values[0], *values[1], *values[2:])
    )


EVENTS: st.SearchStrategy[MarketEvent] = st.one_of(
    _of_market(BookSnapshot, LEVELS, LEVELS, SEQS),
    _of_market(BookDelta, LEVELS, LEVELS, SEQS, SEQS),
    _of_market(BookQuote, PRICES, QTYS, PRICES, QTYS),
    _of_market(MarketTrade, PRICES, QTYS, st.sampled_from(Side)),
    _of_market(Funding, RATES, SEQS, RATES),
    st.builds(
        FxQuote,
        TIMES,
        st.sampled_from(["USDT", "USD"]),
        st.just("KRW"),
        RATES,
        RATES,
        st.sampled_from(["", "upbit", "bank: a/b"]),
    ),
)
