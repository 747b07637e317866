"""Recordings of a few books, and what a scan found in them."""

from collections.abc import Iterable
from pathlib import Path

from store.builders import T0, record

from arbitrage.domain.events import BookQuote, BookSnapshot, Levels, MarketEvent
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Direction
from arbitrage.research.scan_result import DirectionResult, ScanResult
from arbitrage.research.scan_route import ScanRoute
from arbitrage.store.recording import Recording

AB, BA = Direction.LONG_A_SHORT_B, Direction.LONG_B_SHORT_A
SECOND = 10**9
ROUTE = ScanRoute(("a", "KRW-ETH"), ("b", "KRW-ETH"))
FREE: dict[str, float] = {}


def book(
    second: float, venue: str, bids: Levels, asks: Levels, symbol: str = "KRW-ETH"
) -> BookSnapshot:
    return BookSnapshot(T0 + int(second * SECOND), venue, symbol, bids, asks)


def touch(second: float, venue: str, bid: float, ask: float, symbol: str = "KRW-ETH") -> BookQuote:
    return BookQuote(T0 + int(second * SECOND), venue, symbol, bid, 1.0, ask, 1.0)


def recorded(path: Path, events: Iterable[MarketEvent], *instruments: Instrument) -> Recording:
    markets = (("a", "KRW-ETH"), ("b", "KRW-ETH"), ("b", "ETH-USDT"), ("fx", "KRW-USDT"))
    return Recording(record(path / "rec", events, markets=markets, instruments=instruments))


def found(result: ScanResult, direction: Direction) -> DirectionResult:
    return result.routes[0].directions[direction]
