"""Signing for OKX v5: HMAC-SHA256 as base64 over timestamp, method, path with query, and body.

Pure: the clock is an argument, and the secret is kept only as the two hash states that its pads
leave behind (RFC 2104). A request is taken for `facts.REQUEST_LIFE_NS` around its timestamp.
"""

from binascii import b2a_base64
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.units import NS_PER_MS, NS_PER_SECOND
from arbitrage.exchanges.okx.facts import VENUE
from arbitrage.exchanges.order_gateway import Lane, Request

_BLOCK_BYTES = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
_LOGIN = "GET/users/self/verify"


class RequestSigner:
    """The credentials of one account. Without an API key it refuses to sign anything.

    `is_demo` sends everything to the venue's demo account.
    """

    __slots__ = ("_api_key", "_headers", "_inner", "_outer", "_passphrase", "_second", "_second_ns")

    def __init__(
        self, api_key: str = "", secret: str = "", passphrase: str = "", *, is_demo: bool = False
    ) -> None:
        if len({bool(api_key), bool(secret), bool(passphrase)}) > 1:
            raise ConfigError(
                f"{VENUE}: an API key goes with, and only with, its secret and its passphrase"
            )
        key = secret.encode()
        if len(key) > _BLOCK_BYTES:
            key = sha256(key).digest()
        key = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = sha256(key.translate(_INNER))
        self._outer = sha256(key.translate(_OUTER))
        self._api_key = api_key
        self._passphrase = passphrase
        self._headers = {"OK-ACCESS-KEY": api_key, "OK-ACCESS-PASSPHRASE": passphrase}
        if is_demo:
            self._headers["x-simulated-trading"] = "1"
        self._second_ns = -1
        self._second = ""

    def signature(self, payload: str) -> str:
        """Base64 HMAC-SHA256 of `payload`."""
        inner = self._inner.copy()
        inner.update(payload.encode())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return b2a_base64(outer.digest(), newline=False).decode()

    def timestamp(self, now_ns: int) -> str:
        """`2020-12-08T09:08:57.715Z`; the part up to the second is written once a second."""
        second_ns, rest_ns = divmod(now_ns, NS_PER_SECOND)
        if second_ns != self._second_ns:
            moment = datetime.fromtimestamp(second_ns, UTC)
            self._second_ns, self._second = second_ns, moment.strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._second}.{rest_ns // NS_PER_MS:03d}Z"

    def get(self, target: str, now_ns: int, lane: Lane = Lane.ACCOUNT) -> Request:
        """A signed question; `target` is path and query. Raises as `headers`."""
        return Request("GET", target, self.headers("GET", target, "", now_ns), b"", lane)

    def post(self, path: str, body: str, now_ns: int, lane: Lane, weight: int = 1) -> Request:
        """A signed request with a JSON body. Raises as `headers`."""
        headers = self.headers("POST", path, body, now_ns)
        headers["Content-Type"] = "application/json"
        return Request("POST", path, headers, body.encode(), lane, weight)

    def headers(self, method: str, target: str, body: str, now_ns: int) -> dict[str, str]:
        """What makes a request ours. `now_ns` is the venue's time: our clock plus its measured
        offset. Raises `ConfigError` without credentials."""
        self._require_key(f"{method} {target}")
        timestamp = self.timestamp(now_ns)
        return {
            **self._headers,
            "OK-ACCESS-TIMESTAMP": timestamp,
            "OK-ACCESS-SIGN": self.signature(f"{timestamp}{method}{target}{body}"),
        }

    def login(self, now_ns: int) -> bytes:
        """The frame that opens a private session, before anything else is sent on it.

        `{"op":"login","args":[{"apiKey":"...","passphrase":"...","timestamp":"1538054050",
        "sign":"7L+zFQ+CEgGu5rzCj4+BdV2/uUHGqddA9pI6ztsRRPs="}]}`, answered
        `{"event":"login","code":"0","msg":"","connId":"a4d3ae55"}`. Raises as `headers`.
        """
        self._require_key("login")
        timestamp = str(now_ns // NS_PER_SECOND)
        credentials = {
            "apiKey": self._api_key,
            "passphrase": self._passphrase,
            "timestamp": timestamp,
            "sign": self.signature(f"{timestamp}{_LOGIN}"),
        }
        return msgspec.json.encode({"op": "login", "args": [credentials]})

    def _require_key(self, what: str) -> None:
        if not self._api_key:
            raise ConfigError(f"{VENUE} {what}: no API key is configured; nothing was sent")


def encoded(text: str) -> str:
    """`text` percent-encoded for a query; symbols as the venue writes them pass as they are."""
    return quote(text, safe="")
