"""What requests cost at OKX: a count per endpoint in two seconds, by address or by account, orders
by symbol besides.

No header tells what is left. Beyond a limit the answer is 429 with 50011, beyond the 1000 orders of
an account in two seconds 50061 with HTTP 200; nobody is banned for going on
(www.okx.com/docs-v5/en, overview-rate-limits and the page of each endpoint, read 2026-11-22; that a
refused request costs nothing is unconfirmed).
"""

from collections.abc import Sequence
from typing import Final

from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.protocols.okx_errors import OkxRefusal
from arbitrage.sim.protocols.okx_wire import Params
from arbitrage.sim.rate_limits import RateLimit, RateLimits

_WINDOW_NS: Final = 2 * NS_PER_SECOND
_ALL_ORDERS: Final = "orders of the account"
_DEFAULT: Final = 20
# Requests in two seconds; what is not here may be asked 20 times.
_COUNTS: Final = {
    "GET /api/v5/market/books": 40,
    "GET /api/v5/market/trades": 100,
    "GET /api/v5/public/time": 10,
    "GET /api/v5/public/mark-price": 10,
    "GET /api/v5/public/funding-rate": 10,
    "GET /api/v5/public/funding-rate-history": 10,
    "GET /api/v5/trade/order": 60,
    "GET /api/v5/trade/orders-pending": 60,
    "GET /api/v5/trade/orders-history": 40,
    "GET /api/v5/trade/fills": 60,
    "GET /api/v5/trade/fills-history": 10,
    "GET /api/v5/account/balance": 10,
    "GET /api/v5/account/positions": 10,
    "GET /api/v5/account/config": 5,
    "GET /api/v5/account/trade-fee": 5,
    "POST /api/v5/account/set-position-mode": 5,
    "GET /api/v5/asset/currencies": 12,
    "GET /api/v5/asset/balances": 12,
}
_ORDERS: Final = {"order": 60, "batch-orders": 300, "cancel-order": 60, "cancel-batch-orders": 300}
_NEW_ORDERS: Final = ("order", "batch-orders")
_ORDERS_OF_ACCOUNT: Final = 1_000
_RULES: Final = {
    **{name: RateLimit(count, _WINDOW_NS) for name, count in {**_COUNTS, **_ORDERS}.items()},
    _ALL_ORDERS: RateLimit(_ORDERS_OF_ACCOUNT, _WINDOW_NS),
    "GET /api/v5/system/status": RateLimit(1, 5 * NS_PER_SECOND),
    "POST /api/v5/trade/cancel-all-after": RateLimit(1, NS_PER_SECOND),
}


class OkxTolls:
    """The budgets of one venue. REST and websocket share those of orders."""

    def __init__(self) -> None:
        # Who is refused a million times is not banned either.
        self._limits = RateLimits(_RULES, strikes=1 << 30)

    def pay(self, endpoint: str, payer: str, now_ns: int) -> None:
        """Count a request to `endpoint`, method and path. Raises `OkxRefusal` beyond its limit."""
        if endpoint not in self._limits.limits:
            self._limits.limits[endpoint] = RateLimit(_DEFAULT, _WINDOW_NS)
        self._take(endpoint, payer, 1, now_ns, "50011")

    def pay_orders(self, what: str, orders: Sequence[Params], now_ns: int) -> None:
        """Count orders or cancels; `what` is the word for them that REST and websocket share.

        New orders of swaps count for the account as well. Raises `OkxRefusal`.
        """
        named = [one.get("instId") or one.get("instIdCode", "") for one in orders]
        self._take(what, named[0] if named else "", len(orders), now_ns, "50011")
        swaps = sum(name.endswith("-SWAP") for name in named)
        if what in _NEW_ORDERS and swaps:
            self._take(_ALL_ORDERS, "", swaps, now_ns, "50061")

    def _take(self, group: str, who: str, weight: int, now_ns: int, code: str) -> None:
        if self._limits.take(group, now_ns, who=who, weight=weight).status != 200:
            raise OkxRefusal(code)
