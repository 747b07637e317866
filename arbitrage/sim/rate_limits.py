"""Rate limits as venues keep them: a count per fixed window, 429 beyond it, 418 for who goes on.

Sans-I/O: the caller says what a request costs and when it came. Which requests count where, and
what headers say of it, is each protocol's own affair.
"""

from collections.abc import Mapping

import msgspec

from arbitrage.domain.units import NS_PER_SECOND


class RateLimit(msgspec.Struct, frozen=True):
    """At most `limit` (requests or weight) in each window of `window_ns`."""

    limit: int
    window_ns: int = NS_PER_SECOND


class Toll(msgspec.Struct, frozen=True):
    """What a request was told: `status` 200, 429 or 418, and where its budget stands.

    `retry_after_ns` is the time until the window or the ban ends, zero with 200.
    """

    status: int
    used: int
    limit: int
    retry_after_ns: int = 0

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


class RateLimits:
    """The budgets of one venue, by name of the group and by who asks.

    Who is refused `strikes` times within `strike_window_ns` is banned for `ban_ns`, in all groups.
    """

    def __init__(
        self,
        limits: Mapping[str, RateLimit],
        *,
        strikes: int = 10,
        strike_window_ns: int = 10 * NS_PER_SECOND,
        ban_ns: int = 60 * NS_PER_SECOND,
    ) -> None:
        self.limits = dict(limits)
        self._strikes = strikes
        self._strike_window_ns = strike_window_ns
        self._ban_ns = ban_ns
        self._used: dict[tuple[str, str], tuple[int, int]] = {}
        self._refused: dict[str, tuple[int, int]] = {}
        self._banned_until_ns: dict[str, int] = {}

    def take(self, group: str, now_ns: int, *, who: str = "", weight: int = 1) -> Toll:
        """Spend `weight` of the budget of `group`; what is refused is not spent."""
        rule = self.limits[group]
        banned_ns = self._banned_until_ns.get(who, 0) - now_ns
        if banned_ns > 0:
            return Toll(418, rule.limit, rule.limit, banned_ns)
        window = now_ns // rule.window_ns
        seen, used = self._used.get((group, who), (window, 0))
        if seen != window:
            used = 0
        if used + weight > rule.limit:
            return self._refuse(rule, window, used, who, now_ns)
        self._used[group, who] = (window, used + weight)
        return Toll(200, used + weight, rule.limit)

    def _refuse(self, rule: RateLimit, window: int, used: int, who: str, now_ns: int) -> Toll:
        strike_window = now_ns // self._strike_window_ns
        seen, strikes = self._refused.get(who, (strike_window, 0))
        strikes = strikes + 1 if seen == strike_window else 1
        self._refused[who] = (strike_window, strikes)
        if strikes >= self._strikes:
            self._banned_until_ns[who] = now_ns + self._ban_ns
            return Toll(418, used, rule.limit, self._ban_ns)
        return Toll(429, used, rule.limit, (window + 1) * rule.window_ns - now_ns)
