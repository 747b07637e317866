"""What the venue's headers say of its budgets, and how long it told us to stay away.

Every account has a budget a second for each endpoint, told by the headers of its answers:
`x-bapi-limit: 10`, `x-bapi-limit-status: 9` (what is left), `x-bapi-limit-reset-timestamp: ...`.
An answer does not name its endpoint, so the caller does. Every address has one budget over all
endpoints, which is told only by the 403 that ends it.
"""

from arbitrage.domain.units import NS_PER_MS
from arbitrage.exchanges.bybit import facts
from arbitrage.exchanges.bybit.refusals import IP_BANNED, TOO_MANY, verdict_of
from arbitrage.exchanges.order_gateway import Answer, BudgetReading

ADDRESS = "address-5s"
_HTTP_FORBIDDEN = 403
_HTTP_TOO_MANY = 429
_MAX_DIGITS = 15


def retry_after_ns(answer: Answer) -> int:
    """How long to send nothing; zero unless the venue said that we ask too often.

    A ban of the address (403, 10009) is taken for ten minutes, also where a 403 had another
    cause. A used-up budget (10006) ends when the header says, else after its window.
    """
    if answer.status == _HTTP_FORBIDDEN:
        return facts.IP_BAN_NS
    if answer.status == _HTTP_TOO_MANY:
        return facts.RATE_WINDOW_NS
    verdict = verdict_of(answer)
    if verdict is None or verdict.ret_code not in TOO_MANY:
        banned = verdict is not None and verdict.ret_code == IP_BANNED
        return facts.IP_BAN_NS if banned else 0
    reset_ms = _number(answer, "x-bapi-limit-reset-timestamp")
    if reset_ms is None or not verdict.time:
        return facts.RATE_WINDOW_NS
    wait_ns = (reset_ms - verdict.time) * NS_PER_MS
    return wait_ns if 0 < wait_ns <= facts.MAX_RESET_NS else facts.RATE_WINDOW_NS


def readings(answer: Answer, endpoint: str = "") -> list[BudgetReading]:
    """Every budget that `answer`, which came from `endpoint`, speaks of.

    A refusal for asking too often always gives a reading, used up if no header says how far; that
    of a ban is the address's.
    """
    wait_ns = retry_after_ns(answer)
    if wait_ns >= facts.IP_BAN_NS:
        limit = facts.IP_LIMIT
        return [BudgetReading(ADDRESS, limit, limit, facts.IP_WINDOW_NS, wait_ns)]
    limit_told = _number(answer, "x-bapi-limit")
    left = _number(answer, "x-bapi-limit-status")
    if limit_told is not None and left is not None:
        used = max(limit_told - left, 0)
        return [BudgetReading(endpoint, used, limit_told, facts.RATE_WINDOW_NS, wait_ns)]
    return [BudgetReading(endpoint, 1, 1, facts.RATE_WINDOW_NS, wait_ns)] if wait_ns else []


def _number(answer: Answer, header: str) -> int | None:
    text = answer.headers.get(header, "")
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS
    return int(text) if is_number else None
