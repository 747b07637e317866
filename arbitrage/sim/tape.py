"""The tape of one market: its latest public trades, and the figures of the day that follow.

The day begins when the venue starts. Prices and quantities are floats, as on every public feed.
"""

from collections import deque

from arbitrage.domain.events import MarketTrade
from arbitrage.sim.core_events import PublicTrade

REMEMBERED_TRADES = 500


class Tape:
    """`opening`, `high`, `low` and `last` are prices in quote per base, zero before the first."""

    def __init__(self) -> None:
        self.trades: deque[PublicTrade] = deque(maxlen=REMEMBERED_TRADES)
        self.opening = self.high = self.low = self.last = 0.0
        self.volume = self.notional = 0.0

    def open_at(self, price: float) -> None:
        """Start the day at `price`, if it has not begun: before any trade a venue shows one."""
        if not self.opening:
            self.opening = self.high = self.low = self.last = price

    def print(self, trade: MarketTrade, trade_id: int) -> PublicTrade:
        """Put a trade on the tape."""
        self.open_at(trade.price)
        printed = PublicTrade(trade, trade_id)
        self.trades.append(printed)
        self.last = trade.price
        self.high = max(self.high, trade.price)
        self.low = min(self.low, trade.price)
        self.volume += trade.qty
        self.notional += trade.qty * trade.price
        return printed
