"""Checks requests and logins as OKX does: key, timestamp, passphrase, signature.

The signature is base64 of HMAC-SHA256 over timestamp, method, path with query, and body; of a
login over its timestamp in seconds and `GET/users/self/verify`. Both expire 30 seconds after their
timestamp, and the same one may come twice (www.okx.com/docs-v5/en, overview-rest-authentication,
overview-websocket-login, read 2026-11-22). The order of the checks is unconfirmed.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from arbitrage.domain.units import NS_PER_MS, NS_PER_SECOND
from arbitrage.sim.protocols.okx_errors import OkxRefusal

LIFE_NS: Final = 30 * NS_PER_SECOND
_HEADERS: Final = {
    "OK-ACCESS-KEY": "50103",
    "OK-ACCESS-SIGN": "50106",
    "OK-ACCESS-TIMESTAMP": "50107",
    "OK-ACCESS-PASSPHRASE": "50104",
}


class AccountCheck:
    """The credentials of one account."""

    def __init__(self, api_key: str, secret: str, passphrase: str) -> None:
        self._api_key = api_key
        self._secret = secret.encode()
        self._passphrase = passphrase

    def check_request(
        self, headers: Mapping[str, str], method: str, target: str, body: str, now_ns: int
    ) -> None:
        """Raises `OkxRefusal` unless `headers` sign this very request in time."""
        for name, code in _HEADERS.items():
            if not headers.get(name):
                raise OkxRefusal(code)
        if headers["OK-ACCESS-KEY"] != self._api_key:
            raise OkxRefusal("50111")
        if headers.get("x-simulated-trading") == "1":
            raise OkxRefusal("50101")
        timestamp = headers["OK-ACCESS-TIMESTAMP"]
        if abs(_iso_ns(timestamp) - now_ns) > LIFE_NS:
            raise OkxRefusal("50102")
        if headers["OK-ACCESS-PASSPHRASE"] != self._passphrase:
            raise OkxRefusal("50105")
        if not self._is_signed(f"{timestamp}{method}{target}{body}", headers["OK-ACCESS-SIGN"]):
            raise OkxRefusal("50113")

    def check_login(self, login: Mapping[str, Any], now_ns: int) -> None:
        """Raises `OkxRefusal` for credentials that do not open a session."""
        for name in ("apiKey", "passphrase", "timestamp", "sign"):
            if not login.get(name):
                raise OkxRefusal("60027", name)
        timestamp = str(login["timestamp"])
        if login["apiKey"] != self._api_key:
            raise OkxRefusal("60005")
        if login["passphrase"] != self._passphrase:
            raise OkxRefusal("60024")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise OkxRefusal("60004")
        if abs(int(timestamp) * NS_PER_SECOND - now_ns) > LIFE_NS:
            raise OkxRefusal("60006")
        if not self._is_signed(f"{timestamp}GET/users/self/verify", str(login["sign"])):
            raise OkxRefusal("60007")

    def _is_signed(self, payload: str, signature: str) -> bool:
        digest = hmac.digest(self._secret, payload.encode(), hashlib.sha256)
        return hmac.compare_digest(b64encode(digest), signature.encode())


def _iso_ns(text: str) -> int:
    """`2020-12-08T09:08:57.715Z` in nanoseconds. Raises `OkxRefusal`."""
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise OkxRefusal("50112") from error
    return round(moment.timestamp() * 1000) * NS_PER_MS
