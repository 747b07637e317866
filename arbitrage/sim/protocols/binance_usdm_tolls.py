"""What requests cost at Binance USD-M: weight by address, orders by account, and who is refused.

Every answer says what is used: `X-MBX-USED-WEIGHT-1M: 40`, for new orders also
`X-MBX-ORDER-COUNT-10S: 2` and `-1M`. Beyond a limit the answer is 429, for who goes on 418, both
with `Retry-After` in seconds (developers.binance.com/docs/derivatives/usds-margined-futures,
general-info, read 2026-11-22; that a refused request costs nothing is unconfirmed).
"""

from math import ceil
from typing import Final

from aiohttp import web

from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.protocols.binance_usdm_errors import BAN_SECONDS, error_answer, trouble_answer
from arbitrage.sim.protocols.binance_usdm_wire import ms
from arbitrage.sim.rate_limits import RateLimit, RateLimits, Toll

_WEIGHT: Final = "weight"
_TEN_SECONDS: Final = "orders of 10 s"
_MINUTE: Final = "orders of 1 min"
_LIMITS: Final = {
    _WEIGHT: RateLimit(2400, 60 * NS_PER_SECOND),
    _TEN_SECONDS: RateLimit(300, 10 * NS_PER_SECOND),
    _MINUTE: RateLimit(1200, 60 * NS_PER_SECOND),
}
_HEADERS: Final = {
    _WEIGHT: "X-MBX-USED-WEIGHT-1M",
    _TEN_SECONDS: "X-MBX-ORDER-COUNT-10S",
    _MINUTE: "X-MBX-ORDER-COUNT-1M",
}
_WINDOWS: Final = {_TEN_SECONDS: "TEN_SECONDS", _MINUTE: "MINUTE"}
_ACCOUNT: Final = "account"


class UsdmTolls:
    """The budgets of one venue."""

    def __init__(self) -> None:
        self._limits = RateLimits(_LIMITS, ban_ns=BAN_SECONDS * NS_PER_SECOND)

    def pay(
        self, address: str, *, weight: int, orders: tuple[int, int], now_ns: int
    ) -> tuple[dict[str, str], web.Response | None]:
        """Count a request; returns the headers of its answer, and the answer if it is refused.

        `orders` are what it counts in the windows of 10 s and of 1 min.
        """
        costs = [(_WEIGHT, address, weight)]
        if any(orders):
            costs += [(_TEN_SECONDS, _ACCOUNT, orders[0]), (_MINUTE, _ACCOUNT, orders[1])]
        headers = {}
        for group, who, cost in costs:
            toll = self._limits.take(group, now_ns, who=who, weight=cost)
            headers[_HEADERS[group]] = str(toll.used)
            if toll.status != 200:
                return headers, _refused(group, toll, address, now_ns)
        return headers, None


def _refused(group: str, toll: Toll, address: str, now_ns: int) -> web.Response:
    seconds = ceil(toll.retry_after_ns / NS_PER_SECOND)
    if toll.status == 418 or group == _WEIGHT:
        return trouble_answer(toll.status, address, now_ms=ms(now_ns), retry_after_seconds=seconds)
    window = _WINDOWS[group]
    message = f"Too many new orders; current limit is {toll.limit} orders per {window}."
    answer = error_answer(429, -1015, message)
    answer.headers["Retry-After"] = str(seconds)
    return answer
