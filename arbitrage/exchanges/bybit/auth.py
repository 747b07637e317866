"""Signing for Bybit v5: HMAC-SHA256 as hex over timestamp, key, window and query or body.

Pure: the clock is an argument, and the secret is kept only as the two hash states that its pads
leave behind (RFC 2104). Keys are the system-generated kind; self-made RSA keys are not supported.
"""

from hashlib import sha256
from urllib.parse import quote

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.units import NS_PER_MS
from arbitrage.exchanges.bybit.facts import AUTH_VALID_MS, RECV_WINDOW_MS
from arbitrage.exchanges.order_gateway import Lane, Request

_BLOCK_BYTES = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
_MAX_RECV_WINDOW_MS = 60_000  # ours: the venue names no bound


class RequestSigner:
    """The credentials of one account. Without an API key it refuses to sign anything.

    `recv_window_ms` is how late a request may reach the venue; later ones are refused. Every
    `now_ns` is the venue's time: our clock plus its measured offset.
    """

    __slots__ = ("_api_key", "_inner", "_key_and_window", "_outer", "recv_window")

    def __init__(self, api_key: str, secret: str, recv_window_ms: int = RECV_WINDOW_MS) -> None:
        if not 0 < recv_window_ms <= _MAX_RECV_WINDOW_MS:
            raise ConfigError(
                f"bybit recv_window_ms is {recv_window_ms}; expected 1 to {_MAX_RECV_WINDOW_MS}"
            )
        if bool(api_key) != bool(secret):
            raise ConfigError("bybit: an API key goes with, and only with, its secret")
        key = secret.encode()
        if len(key) > _BLOCK_BYTES:
            key = sha256(key).digest()
        key = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = sha256(key.translate(_INNER))
        self._outer = sha256(key.translate(_OUTER))
        self._api_key = api_key
        self.recv_window = str(recv_window_ms)
        self._key_and_window = api_key + self.recv_window

    def signature(self, payload: str) -> str:
        """Hex HMAC-SHA256 of `payload` as UTF-8."""
        inner = self._inner.copy()
        inner.update(payload.encode())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.hexdigest()

    def get(self, path: str, query: str, now_ns: int, lane: Lane = Lane.ACCOUNT) -> Request:
        """A signed question. `query` is percent-encoded and goes on the wire as it is signed.

        Raises `ConfigError` without credentials.
        """
        headers = self._headers(path, query, now_ns)
        return Request("GET", f"{path}?{query}", headers, b"", lane)

    def post(self, path: str, body: str, now_ns: int, lane: Lane = Lane.ACCOUNT) -> Request:
        """A signed command; `body` is JSON. Raises `ConfigError` without credentials."""
        headers = self._headers(path, body, now_ns)
        headers["Content-Type"] = "application/json"
        return Request("POST", path, headers, body.encode(), lane)

    def login(self, now_ns: int) -> tuple[str, int, str]:
        """Key, expiry in ms and signature: what a private or trade websocket wants to be told
        first. Raises `ConfigError` without credentials."""
        self._require_key("login")
        expires_ms = now_ns // NS_PER_MS + AUTH_VALID_MS
        return self._api_key, expires_ms, self.signature(f"GET/realtime{expires_ms}")

    def _headers(self, path: str, signed: str, now_ns: int) -> dict[str, str]:
        self._require_key(path)
        timestamp = str(now_ns // NS_PER_MS)
        return {
            "X-BAPI-API-KEY": self._api_key,
            "X-BAPI-TIMESTAMP": timestamp,
            "X-BAPI-RECV-WINDOW": self.recv_window,
            "X-BAPI-SIGN": self.signature(f"{timestamp}{self._key_and_window}{signed}"),
        }

    def _require_key(self, what: str) -> None:
        if not self._api_key:
            raise ConfigError(f"bybit {what}: no API key is configured; nothing was sent")


def encoded(text: str) -> str:
    """`text` percent-encoded for a query; plain letters and digits pass as they are."""
    return text if text.isalnum() and text.isascii() else quote(text, safe="")
