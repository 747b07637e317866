"""The risk ladder and the limits that move it: `NORMAL -> REDUCE_ONLY -> FLATTEN -> HALT`.

Each step down is automatic on its trigger. A step up needs a person, except after the loss of the
day, which ends with the day. Money here is US dollars as `Decimal`.
"""

from collections import deque
from decimal import Decimal
from enum import IntEnum

from arbitrage.domain.units import NS_PER_DAY, NS_PER_SECOND, ZERO, decimal_of
from arbitrage.engine.config import RiskLimits

_NS_PER_HOUR = 3600 * NS_PER_SECOND
DAILY_LOSS = "max_daily_loss"
DRAWDOWN = "max_drawdown"
NET_DELTA = "max_net_delta"
_LEAST_LOSS_USD = Decimal("1E-9")


class Level(IntEnum):
    """What may be sent: everything, only what reduces, only unwinding, nothing."""

    NORMAL = 0
    REDUCE_ONLY = 1
    FLATTEN = 2
    HALT = 3


class RiskLadder:
    """The level of the whole portfolio, why it is there, and the money it is judged on."""

    def __init__(self, limits: RiskLimits) -> None:
        self.limits = limits
        self.level = Level.NORMAL
        self.reason = ""
        self.realised_usd = ZERO
        self.day_usd = ZERO
        self.peak_usd = ZERO
        self._day = -1
        self._sent_ns: deque[int] = deque()

    def lower(self, level: Level, reason: str) -> bool:
        """Step down to `level`, never up; returns whether that changed anything."""
        if level <= self.level:
            return False
        self.level, self.reason = level, reason
        return True

    def order(self, level: Level, reason: str) -> None:
        """A person's step down: it stands until a person lifts it, so its reason replaces one that
        would end by itself."""
        if not self.lower(level, reason) and level is self.level:
            self.reason = reason

    def resume(self) -> bool:
        """A person's step back up to `NORMAL`; losses so far no longer count against it."""
        changed = self.level is not Level.NORMAL
        self.level, self.reason = Level.NORMAL, ""
        self.peak_usd = self.realised_usd
        self.day_usd = ZERO
        return changed

    def roll_day(self, now_ns: int) -> bool:
        """Start a new day at the configured hour; returns whether that lifted a stop."""
        day = (now_ns - self.limits.day_starts_at_hour_utc * _NS_PER_HOUR) // NS_PER_DAY
        if day == self._day:
            return False
        self._day = day
        self.day_usd = ZERO
        if self.level is Level.REDUCE_ONLY and self.reason == DAILY_LOSS:
            self.level, self.reason = Level.NORMAL, ""
            return True
        return False

    def book(self, pnl_usd: Decimal) -> None:
        """Take in the result of a closed trade."""
        self.realised_usd += pnl_usd
        self.day_usd += pnl_usd

    def judge(self, open_usd: Decimal, net_delta_usd: Decimal) -> bool:
        """Move the ladder if a portfolio limit is passed; returns whether it moved.

        `open_usd` is what open trades would bring if marked now. The drawdown is measured from
        the highest equity ever seen, not from the start.
        """
        equity = self.realised_usd + open_usd
        self.peak_usd = max(self.peak_usd, equity)
        limits = self.limits
        if self.peak_usd - equity >= _limit(limits.max_drawdown_usd):
            return self.lower(Level.FLATTEN, DRAWDOWN)
        if -(self.day_usd + min(open_usd, ZERO)) >= _limit(limits.max_daily_loss_usd):
            return self.lower(Level.REDUCE_ONLY, DAILY_LOSS)
        if abs(net_delta_usd) > _limit(limits.max_net_delta_usd):
            return self.lower(Level.REDUCE_ONLY, NET_DELTA)
        return False

    def may_order_now(self, now_ns: int) -> bool:
        """Whether the order rate of the last second leaves room for a trade's two orders.

        Hedges do not ask: their lane is always free.
        """
        sent_ns = self._sent_ns
        if sent_ns:
            self._forget_before(now_ns - NS_PER_SECOND)
        return len(sent_ns) + 2 <= self.limits.max_orders_per_second

    def count_order(self, now_ns: int) -> None:
        if self._sent_ns:
            self._forget_before(now_ns - NS_PER_SECOND)
        self._sent_ns.append(now_ns)

    def _forget_before(self, ts_ns: int) -> None:
        sent_ns = self._sent_ns
        while sent_ns and sent_ns[0] <= ts_ns:
            sent_ns.popleft()


def _limit(value: float) -> Decimal:
    """A limit as an amount; a limit of zero is passed by the first loss, not by none."""
    return decimal_of(value) if value else _LEAST_LOSS_USD
