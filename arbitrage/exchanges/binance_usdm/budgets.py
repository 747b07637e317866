"""What the venue's headers say of its budgets, and how long it told us to stay away.

Weight is counted per address, orders per account. The limits come from `exchangeInfo`; the usage
from the headers of every answer: `x-mbx-used-weight-1m: 40`, `x-mbx-order-count-10s: 2`.
"""

import re
from collections.abc import Mapping

import msgspec

from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.exchanges.binance_usdm import facts
from arbitrage.exchanges.order_gateway import Answer, BudgetReading

WEIGHT_1M = "weight-1m"
TOO_MANY = frozenset({429, 418})

DEFAULT_LIMITS = {
    WEIGHT_1M: facts.WEIGHT_LIMIT_1M,
    "orders-10s": facts.ORDER_LIMIT_10S,
    "orders-1m": facts.ORDER_LIMIT_1M,
}

_HEADER = re.compile(r"x-mbx-(used-weight|order-count)-([1-9]\d{0,3})([smhd])")
_KINDS = {"used-weight": "weight", "order-count": "orders"}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_RATE_LIMIT_TYPES = {"REQUEST_WEIGHT": "weight", "ORDERS": "orders"}


class RateLimit(msgspec.Struct, rename="camel"):
    """`{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":300}`"""

    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int


def limits_of(rate_limits: list[RateLimit]) -> dict[str, int]:
    """Limits by the names of our readings; kinds that no header reports are left out."""
    return {
        f"{_RATE_LIMIT_TYPES[one.rate_limit_type]}-{one.interval_num}{one.interval[:1].lower()}": (
            one.limit
        )
        for one in rate_limits
        if one.rate_limit_type in _RATE_LIMIT_TYPES
    }


def retry_after_ns(answer: Answer) -> int:
    """How long to send nothing at all; zero unless the venue answered 429 or 418.

    Without a readable `Retry-After` it is a whole window (429) or the shortest ban (418).
    """
    if answer.status not in TOO_MANY:
        return 0
    seconds = answer.headers.get("retry-after", "")
    if seconds.isdecimal() and len(seconds) < 10:
        return int(seconds) * NS_PER_SECOND
    return facts.BAN_AT_LEAST_NS if answer.status == 418 else 60 * NS_PER_SECOND


def readings(answer: Answer, limits: Mapping[str, int]) -> list[BudgetReading]:
    """Every budget that `answer` speaks of.

    A 429 or 418 always gives a reading of the weight, used up if the venue did not say how far.
    """
    wait_ns = retry_after_ns(answer)
    found: dict[str, BudgetReading] = {}
    for header, value in answer.headers.items():
        match = _HEADER.fullmatch(header)
        if match is None or not value.isdecimal() or len(value) > 9:
            continue
        kind, count, unit = match.groups()
        name = f"{_KINDS[kind]}-{count}{unit}"
        window_ns = int(count) * _SECONDS[unit] * NS_PER_SECOND
        found[name] = BudgetReading(name, int(value), limits.get(name, 0), window_ns, wait_ns)
    if wait_ns and WEIGHT_1M not in found:
        limit = limits.get(WEIGHT_1M, facts.WEIGHT_LIMIT_1M)
        found[WEIGHT_1M] = BudgetReading(WEIGHT_1M, limit, limit, 60 * NS_PER_SECOND, wait_ns)
    return list(found.values())
