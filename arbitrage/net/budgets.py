"""Rate limits as budgets: what may be sent now, what must wait, and what is kept for emergencies.

We count ourselves what we send, in sliding windows, so that no window of the venue, wherever it
begins, can hold more than its limit. What the venue's headers say on top of that was spent by
someone else on the account and is charged too. A share of every budget is for cancels and hedges
alone. No clock is read here.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil

import msgspec

from arbitrage.domain.errors import ConfigError, RateLimited
from arbitrage.domain.units import NS_PER_MS
from arbitrage.exchanges.order_gateway import BudgetReading, Lane, Request

URGENT_SHARE = 0.25


class BudgetRule(msgspec.Struct, frozen=True):
    """One limit of a venue: `limit` units in `window_ns`. `cost` is what a request takes of it,
    zero if it is not touched. `name` is that of the venue's readings."""

    name: str
    limit: int
    window_ns: int
    cost: Callable[[Request], int]

    def __post_init__(self) -> None:
        if not self.name or self.limit < 1 or self.window_ns < 1:
            raise ConfigError(f"budget {self.name!r}: {self.limit} in {self.window_ns} ns")


class _Budget:
    """What was spent of one rule in the last window, as `(time, units)`."""

    __slots__ = ("_spent", "blocked_until_ns", "limit", "rule", "used")

    def __init__(self, rule: BudgetRule) -> None:
        self.rule = rule
        self.limit = rule.limit
        self.used = 0
        self.blocked_until_ns = 0
        self._spent: deque[tuple[int, int]] = deque()

    def forget(self, now_ns: int) -> None:
        """Drop what is older than the window."""
        while self._spent and now_ns - self._spent[0][0] >= self.rule.window_ns:
            self.used -= self._spent.popleft()[1]

    def wait_ns(self, units: int, kept: int, now_ns: int) -> int:
        """How long until `units` fit beside `kept`; zero if they do now."""
        wait_ns = max(0, self.blocked_until_ns - now_ns)
        excess = self.used + units - max(units, self.limit - kept)
        for spent_ns, spent in self._spent:
            if excess <= 0:
                break
            wait_ns = max(wait_ns, spent_ns + self.rule.window_ns - now_ns)
            excess -= spent
        return wait_ns

    def charge(self, units: int, now_ns: int) -> None:
        self._spent.append((now_ns, units))
        self.used += units


class Budgets:
    """The budgets of one account at one venue. Times are nanoseconds and never go back."""

    def __init__(self, rules: Sequence[BudgetRule], *, urgent_share: float = URGENT_SHARE) -> None:
        if not 0.0 <= urgent_share < 1.0:
            raise ConfigError(f"urgent_share is {urgent_share}; expected 0 to below 1")
        self.blocked_until_ns = 0
        self._budgets = {rule.name: _Budget(rule) for rule in rules}
        self._urgent_share = urgent_share

    def spend(self, request: Request, now_ns: int) -> None:
        """Charge `request`, which is going to be sent now.

        Raises `RateLimited`, and charges nothing, if it does not fit or the venue told us to stay
        away. Only the urgent lane may take the share that is kept.
        """
        wait_ns = max(0, self.blocked_until_ns - now_ns)
        charges: list[tuple[_Budget, int]] = []
        for budget in self._budgets.values():
            units = budget.rule.cost(request)
            if not units:
                continue
            budget.forget(now_ns)
            kept = 0 if request.lane is Lane.URGENT else ceil(budget.limit * self._urgent_share)
            wait_ns = max(wait_ns, budget.wait_ns(units, kept, now_ns))
            charges.append((budget, units))
        if wait_ns:
            raise RateLimited(
                f"{request.method} {request.target.partition('?')[0]}: its budget is used up for "
                f"{wait_ns / NS_PER_MS:.0f} ms; nothing was sent",
                wait_ns,
            )
        for budget, units in charges:
            budget.charge(units, now_ns)

    def take_in(
        self, readings: Iterable[BudgetReading], now_ns: int, *, is_ban: bool = False
    ) -> None:
        """Believe what the venue's headers said at `now_ns`, where it is more than we counted.

        Told to stay away, we do: from one budget if it is named, from all of them if it is a ban
        or of no budget that we know.
        """
        for reading in readings:
            budget = self._budgets.get(reading.name)
            until_ns = now_ns + reading.retry_after_ns if reading.retry_after_ns else 0
            if budget is None or is_ban:
                self.blocked_until_ns = max(self.blocked_until_ns, until_ns)
            if budget is None:
                continue
            budget.blocked_until_ns = max(budget.blocked_until_ns, until_ns)
            if reading.limit > 0:
                budget.limit = reading.limit
            budget.forget(now_ns)
            if reading.used > budget.used:
                budget.charge(reading.used - budget.used, now_ns)

    def used(self, now_ns: int) -> Mapping[str, tuple[int, int]]:
        """By name what was spent of each budget in its last window, and its limit."""
        for budget in self._budgets.values():
            budget.forget(now_ns)
        return {name: (budget.used, budget.limit) for name, budget in self._budgets.items()}
