"""What the venue's headers say of its budgets, and how long it told us to stay away.

Weight is counted per address, orders per account. The limits come from `exchangeInfo`; the usage
from the headers of every answer: `x-mbx-used-weight-1m: 40`, `x-mbx-order-count-10s: 2`. Too many
orders (-1015) stop new orders alone, so cancels go on; too much of anything else stops everything.
"""

import re
from collections.abc import Mapping

import msgspec

from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.exchanges.binance_usdm import facts
from arbitrage.exchanges.binance_usdm.refusals import error_of
from arbitrage.exchanges.order_gateway import Answer, BudgetReading

WEIGHT_1M = "weight-1m"
ORDERS_10S = "orders-10s"
TOO_MANY = frozenset({429, 418})

DEFAULT_LIMITS = {
    WEIGHT_1M: facts.WEIGHT_LIMIT_1M,
    ORDERS_10S: facts.ORDER_LIMIT_10S,
    "orders-1m": facts.ORDER_LIMIT_1M,
}

_WINDOWS_NS = {WEIGHT_1M: 60 * NS_PER_SECOND, ORDERS_10S: 10 * NS_PER_SECOND}
_TOO_MANY_ORDERS = -1015

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


def stopped(answer: Answer) -> tuple[str, ...]:
    """The budgets that a 429 or 418 stops, the one that is used up first."""
    if answer.status not in TOO_MANY:
        return ()
    error = error_of(answer)
    is_of_orders = error is not None and error.code == _TOO_MANY_ORDERS
    return (ORDERS_10S,) if is_of_orders and answer.status == 429 else (WEIGHT_1M, ORDERS_10S)


def retry_after_ns(answer: Answer) -> int:
    """How long to stay away; zero unless the venue answered 429 or 418.

    Without a readable `Retry-After` it is a whole window (429) or the shortest ban (418).
    """
    stops = stopped(answer)
    if not stops:
        return 0
    seconds = answer.headers.get("retry-after", "")
    if seconds.isdecimal() and len(seconds) < 10:
        return int(seconds) * NS_PER_SECOND
    return facts.BAN_AT_LEAST_NS if answer.status == 418 else _WINDOWS_NS[stops[0]]


def readings(answer: Answer, limits: Mapping[str, int]) -> list[BudgetReading]:
    """Every budget that `answer` speaks of.

    A 429 or 418 always gives readings of what it stops; the first is used up if the venue did not
    say how far.
    """
    stops, wait_ns = stopped(answer), retry_after_ns(answer)
    kinds = {name.partition("-")[0] for name in stops}
    found: dict[str, BudgetReading] = {}
    for header, value in answer.headers.items():
        match = _HEADER.fullmatch(header)
        if match is None or not value.isdecimal() or len(value) > 9:
            continue
        kind, count, unit = match.groups()
        name = f"{_KINDS[kind]}-{count}{unit}"
        window_ns = int(count) * _SECONDS[unit] * NS_PER_SECOND
        stay_ns = wait_ns if _KINDS[kind] in kinds else 0
        found[name] = BudgetReading(name, int(value), limits.get(name, 0), window_ns, stay_ns)
    for place, name in enumerate(stops):
        if name not in found:
            limit = limits.get(name, DEFAULT_LIMITS[name])
            used = 0 if place else limit
            found[name] = BudgetReading(name, used, limit, _WINDOWS_NS[name], wait_ns)
    return list(found.values())
