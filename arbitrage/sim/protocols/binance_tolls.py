"""What requests cost at Binance: weight by address, orders by account, and who is refused.

Every answer says what is used: by REST in headers (`X-MBX-USED-WEIGHT-1M: 40`, for new orders also
`X-MBX-ORDER-COUNT-10S: 2`), by websocket as a list of limits with their counts. Beyond a limit the
answer is 429, for who goes on 418, both with the time to stay away
(developers.binance.com/docs/derivatives/usds-margined-futures, general-info, and
github.com/binance/binance-spot-api-docs, rest-api and web-socket-api, read 2026-11-22; that a
refused request costs nothing is unconfirmed).
"""

from collections.abc import Sequence
from math import ceil
from typing import Final, NamedTuple

from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.protocols.binance_errors import BAN_SECONDS, Trouble, TroubleWords, trouble
from arbitrage.sim.protocols.binance_wire import Json, ms
from arbitrage.sim.rate_limits import RateLimit, RateLimits, Toll

WEIGHT: Final = "REQUEST_WEIGHT"
ORDERS: Final = "ORDERS"
RAW: Final = "RAW_REQUESTS"
_HEADERS: Final = {WEIGHT: "X-MBX-USED-WEIGHT", ORDERS: "X-MBX-ORDER-COUNT"}
_SECONDS: Final = {"SECOND": 1, "MINUTE": 60, "DAY": 86_400}
_NUMBERS: Final = {10: "TEN_SECONDS"}
_ACCOUNT: Final = "account"


class TollRule(NamedTuple):
    """A limit as `exchangeInfo` tells it. `header` stands for the usual one."""

    kind: str
    interval: str
    number: int
    limit: int
    header: str = ""

    @property
    def window(self) -> str:
        """Its window in the words of refusals: `MINUTE`, `TEN_SECONDS`."""
        return self.interval if self.number == 1 else _NUMBERS.get(self.number, self.interval)

    @property
    def used_header(self) -> str:
        """Where REST answers tell its use; empty where they do not."""
        usual = _HEADERS.get(self.kind)
        return self.header or (f"{usual}-{self.number}{self.interval[0]}" if usual else "")

    def object(self) -> Json:
        return {
            "rateLimitType": self.kind,
            "interval": self.interval,
            "intervalNum": self.number,
            "limit": self.limit,
        }


class Paid(NamedTuple):
    """What a request was told: how far the limits that it touched are used, and why it was
    refused, if it was."""

    used: list[tuple[TollRule, int]]
    trouble: Trouble | None = None

    def headers(self) -> dict[str, str]:
        return {rule.used_header: str(used) for rule, used in self.used if rule.used_header}

    def rate_limits(self) -> list[Json]:
        return [{**rule.object(), "count": used} for rule, used in self.used if rule.used_header]


class BinanceTolls:
    """The budgets of one venue."""

    def __init__(self, rules: Sequence[TollRule], words: TroubleWords) -> None:
        self._rules = {f"{rule.kind} {rule.window}": rule for rule in rules}
        self._words = words
        self._limits = RateLimits(
            {
                name: RateLimit(rule.limit, rule.number * _SECONDS[rule.interval] * NS_PER_SECOND)
                for name, rule in self._rules.items()
            },
            ban_ns=BAN_SECONDS * NS_PER_SECOND,
        )

    def pay(self, address: str, *, weight: int, now_ns: int, orders: tuple[int, ...] = ()) -> Paid:
        """Count a request. `orders` are what it counts in each window of orders, none if empty."""
        paid = Paid([])
        counts = iter(orders)
        for name, rule in self._rules.items():
            if rule.kind == ORDERS and not orders:
                continue
            who, cost = address, 1 if rule.kind == RAW else weight
            if rule.kind == ORDERS:
                who, cost = _ACCOUNT, next(counts)
            toll = self._limits.take(name, now_ns, who=who, weight=cost)
            paid.used.append((rule, toll.used))
            if toll.status != 200:
                return paid._replace(trouble=self._refused(rule, toll, address, now_ns))
        return paid

    def order_counts(self, now_ns: int) -> list[Json]:
        """How far the limits of orders are used now."""
        return [
            {**rule.object(), "count": self._limits.take(name, now_ns, who=_ACCOUNT, weight=0).used}
            for name, rule in self._rules.items()
            if rule.kind == ORDERS
        ]

    def _refused(self, rule: TollRule, toll: Toll, address: str, now_ns: int) -> Trouble:
        seconds = ceil(toll.retry_after_ns / NS_PER_SECOND)
        if toll.status == 418 or rule.kind != ORDERS:
            return trouble(
                toll.status, self._words, address, now_ms=ms(now_ns), retry_after_seconds=seconds
            )
        message = f"Too many new orders; current limit is {toll.limit} orders per {rule.window}."
        return Trouble(429, -1015, message, seconds)
