"""Checks signatures as Bybit does: of requests by their headers, of sockets by their first message.

A request signs `timestamp + key + recvWindow + (query | body)` as it went on the wire, and is in
time if

    server time - recvWindow <= timestamp < server time + 1000

A socket signs `GET/realtime` and the time until which it may (bybit-exchange.github.io/docs/v5,
guide and ws/connect, read 2026-11-22). The order of the checks (key, signature, time) is
unconfirmed.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

from arbitrage.sim.protocols.bybit_errors import BybitRefusal, wrong

DEFAULT_RECV_WINDOW_MS: Final = 5_000
_AHEAD_MS: Final = 1_000


class AccountCheck:
    """The credentials of one account."""

    def __init__(self, api_key: str, secret: str) -> None:
        self.api_key = api_key
        self._secret = secret.encode()

    def check(self, headers: Mapping[str, str], signed: str, now_ms: int) -> None:
        """Check a request; `signed` is its query or body. Raises `BybitRefusal`."""
        timestamp = headers.get("X-BAPI-TIMESTAMP", "")
        window = headers.get("X-BAPI-RECV-WINDOW", "")
        key = headers.get("X-BAPI-API-KEY", "")
        if key != self.api_key:
            raise BybitRefusal(10003)
        signature = headers.get("X-BAPI-SIGN", "")
        if not self._is_signed(f"{timestamp}{key}{window}{signed}", signature):
            raise BybitRefusal(10004)
        check_time(timestamp, window, now_ms)

    def check_login(self, args: Any, now_ms: int) -> None:
        """Check the `args` of an `auth` message. Raises `BybitRefusal`."""
        if not isinstance(args, list) or len(args) != 3:
            raise wrong("auth needs a key, a time and a signature")
        key, expires, signature = map(str, args)
        if key != self.api_key:
            raise BybitRefusal(10003)
        if not self._is_signed(f"GET/realtime{expires}", signature):
            raise BybitRefusal(10004)
        if not _is_time(expires) or int(expires) <= now_ms:
            raise wrong("expires is over")

    def _is_signed(self, payload: str, signature: str) -> bool:
        expected = hmac.digest(self._secret, payload.encode(), hashlib.sha256).hex()
        return hmac.compare_digest(expected.encode(), signature.lower().encode())


def check_time(timestamp: str, recv_window: str, now_ms: int) -> None:
    """Raises `BybitRefusal` for a request that is too late, too early or not timed."""
    window = int(recv_window) if _is_time(recv_window) else DEFAULT_RECV_WINDOW_MS
    if not _is_time(timestamp) or not now_ms - window <= int(timestamp) < now_ms + _AHEAD_MS:
        raise BybitRefusal(10002)


def _is_time(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20
