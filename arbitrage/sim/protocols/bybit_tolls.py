"""What requests cost at Bybit: a budget a second per account and endpoint, one per address.

Every private answer says where its budget stands: `X-Bapi-Limit: 10`, `X-Bapi-Limit-Status: 9`,
`X-Bapi-Limit-Reset-Timestamp: 1711001595208`; one that is used up is refused with 10006. Who sends
more than 600 requests in five seconds from one address gets 403 for ten minutes
(bybit-exchange.github.io/docs/v5/rate-limit, read 2026-11-22; that a refused request costs nothing
is unconfirmed).
"""

from typing import Final, NamedTuple

from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.protocols.bybit_wire import Category, ms
from arbitrage.sim.rate_limits import RateLimit, RateLimits

ORDERS_PER_SECOND: Final = {Category.LINEAR: 10, Category.SPOT: 20}
_IP_LIMIT: Final = 600
_IP_WINDOW_NS: Final = 5 * NS_PER_SECOND
_IP_BAN_NS: Final = 600 * NS_PER_SECOND
_ADDRESS: Final = "address"
_NEVER: Final = 1 << 62


class Budget(NamedTuple):
    """Where the budget of an endpoint stands; `is_left` says that it paid for the request."""

    is_left: bool
    headers: dict[str, str]


class BybitTolls:
    """The budgets of one account and of whoever asks."""

    def __init__(self) -> None:
        self._addresses = RateLimits(
            {_ADDRESS: RateLimit(_IP_LIMIT, _IP_WINDOW_NS)}, strikes=1, ban_ns=_IP_BAN_NS
        )
        self._account = RateLimits({}, strikes=_NEVER)

    def let_in(self, address: str, now_ns: int) -> bool:
        """Count a request of an address; False if it is sent away."""
        return self._addresses.take(_ADDRESS, now_ns, who=address).status == 200

    def pay(self, endpoint: str, limit: int, now_ns: int) -> Budget:
        """Count a request of the account to an endpoint; it may be asked `limit` times a second."""
        self._account.limits.setdefault(endpoint, RateLimit(limit))
        toll = self._account.take(endpoint, now_ns)
        headers = {
            "X-Bapi-Limit": str(toll.limit),
            "X-Bapi-Limit-Status": str(toll.left),
            "X-Bapi-Limit-Reset-Timestamp": str(ms(now_ns + toll.retry_after_ns)),
        }
        return Budget(toll.status == 200, headers)
