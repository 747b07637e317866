"""How long the venue told us to stay away.

No header tells how much of a budget is left, so we count ourselves (`facts.LIMITS`, per endpoint
and mostly per symbol) and hear of a budget only when it is used up: HTTP 429 and 50011 end that of
an endpoint, 50061 that of all new swap orders of the account.
"""

from arbitrage.exchanges.okx import facts
from arbitrage.exchanges.okx.refusals import TOO_MANY, TOO_MANY_OF_ACCOUNT, verdict_of
from arbitrage.exchanges.order_gateway import Answer, BudgetReading

ACCOUNT_ORDERS = "orders-2s"
_HTTP_TOO_MANY = 429


def retry_after_ns(answer: Answer) -> int:
    """How long to send nothing of that kind: a whole window, zero if the venue did not complain."""
    if answer.status == _HTTP_TOO_MANY:
        return facts.RATE_WINDOW_NS
    verdict = verdict_of(answer.body) if answer.status == 200 else None
    is_told = verdict is not None and (
        verdict.code in TOO_MANY or verdict.code == TOO_MANY_OF_ACCOUNT
    )
    return facts.RATE_WINDOW_NS if is_told else 0


def readings(answer: Answer, endpoint: str = "") -> list[BudgetReading]:
    """The budget that `answer`, which came from `endpoint` (its path), says is used up, if any.

    An answer does not name its endpoint, so the caller does.
    """
    wait_ns = retry_after_ns(answer)
    if not wait_ns:
        return []
    verdict = verdict_of(answer.body)
    if verdict is not None and verdict.code == TOO_MANY_OF_ACCOUNT:
        most = facts.ACCOUNT_ORDERS_2S
        return [BudgetReading(ACCOUNT_ORDERS, most, most, facts.RATE_WINDOW_NS, wait_ns)]
    limit = facts.LIMITS.get(endpoint, facts.Limit(1, facts.PER_ADDRESS))
    wait_ns = max(wait_ns, limit.window_ns)
    return [BudgetReading(endpoint, limit.count, limit.count, limit.window_ns, wait_ns)]
