"""What the venue's headers say of its budgets, and how long it told us to stay away.

Weight is counted per address, orders per account. The limits come from `exchangeInfo`; the usage
from the headers of every answer: `x-mbx-used-weight-1m: 40`, `x-mbx-order-count-10s: 2`. Too many
orders (-1015) come without `Retry-After` and stop new orders alone, so cancels go on.
"""

import re
from collections.abc import Mapping

import msgspec

from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.exchanges.binance_spot import facts
from arbitrage.exchanges.binance_spot.refusals import TOO_MANY_ORDERS, error_of
from arbitrage.exchanges.order_gateway import Answer, BudgetReading

WEIGHT_1M = "weight-1m"
ORDERS_10S = "orders-10s"
ORDERS_1D = "orders-1d"
TOO_MANY = frozenset({429, 418})

DEFAULT_LIMITS = {
    WEIGHT_1M: facts.WEIGHT_LIMIT_1M,
    ORDERS_10S: facts.ORDER_LIMIT_10S,
    ORDERS_1D: facts.ORDER_LIMIT_1D,
}

_WINDOWS_NS = {WEIGHT_1M: 60 * NS_PER_SECOND, ORDERS_10S: 10 * NS_PER_SECOND}
_HEADER = re.compile(r"x-mbx-(used-weight|order-count)-([1-9]\d{0,3})([smhd])")
_KINDS = {"used-weight": "weight", "order-count": "orders"}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_RATE_LIMIT_TYPES = {"REQUEST_WEIGHT": "weight", "ORDERS": "orders"}


class RateLimit(msgspec.Struct, rename="camel"):
    """`{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":50}`"""

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


def spent_budget(answer: Answer) -> str:
    """The budget that an answer of 429 or 418 says is used up; nothing for any other answer."""
    if answer.status not in TOO_MANY:
        return ""
    error = error_of(answer)
    is_of_orders = error is not None and error.code == TOO_MANY_ORDERS
    return ORDERS_10S if is_of_orders and answer.status == 429 else WEIGHT_1M


def retry_after_ns(answer: Answer) -> int:
    """How long to stay away; zero unless the venue answered 429 or 418.

    Without a readable `Retry-After` it is a whole window (429) or the shortest ban (418).
    """
    spent = spent_budget(answer)
    if not spent:
        return 0
    seconds = answer.headers.get("retry-after", "")
    if seconds.isdecimal() and len(seconds) < 10:
        return int(seconds) * NS_PER_SECOND
    return facts.BAN_AT_LEAST_NS if answer.status == 418 else _WINDOWS_NS[spent]


def readings(answer: Answer, limits: Mapping[str, int]) -> list[BudgetReading]:
    """Every budget that `answer` speaks of.

    A 429 or 418 always gives a reading of the budget that it is about, used up if the venue did
    not say how far; only readings of that kind say to stay away.
    """
    spent, wait_ns = spent_budget(answer), retry_after_ns(answer)
    kind_spent = spent.partition("-")[0]
    found: dict[str, BudgetReading] = {}
    for header, value in answer.headers.items():
        match = _HEADER.fullmatch(header)
        if match is None or not value.isdecimal() or len(value) > 9:
            continue
        kind, count, unit = match.groups()
        name = f"{_KINDS[kind]}-{count}{unit}"
        window_ns = int(count) * _SECONDS[unit] * NS_PER_SECOND
        stay_ns = wait_ns if _KINDS[kind] == kind_spent else 0
        found[name] = BudgetReading(name, int(value), limits.get(name, 0), window_ns, stay_ns)
    if spent and spent not in found:
        limit = limits.get(spent, DEFAULT_LIMITS[spent])
        found[spent] = BudgetReading(spent, limit, limit, _WINDOWS_NS[spent], wait_ns)
    return list(found.values())
