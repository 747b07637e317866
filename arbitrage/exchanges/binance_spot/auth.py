"""Signing for Binance spot: HMAC-SHA256 as hex, over the query by REST, over the parameters by
websocket.

Pure: the clock is an argument, and the secret is kept only as the two hash states that its pads
leave behind (RFC 2104). A query is signed as it is sent, percent-encoded, in an order that is free;
ours is ccxt's, so the signed strings of both are equal. The parameters of a websocket request are
signed in alphabetical order and as they are, in UTF-8.
"""

from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import quote

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.units import NS_PER_MS
from arbitrage.exchanges.binance_spot.facts import RECV_WINDOW_MS, VENUE
from arbitrage.exchanges.order_gateway import Lane, Request

_BLOCK_BYTES = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
_MAX_RECV_WINDOW_MS = 60_000
_KEY_HEADER = "X-MBX-APIKEY"


class RequestSigner:
    """The credentials of one account. Without an API key it refuses to sign anything.

    `recv_window_ms` is how late a request may reach the matching engine; later ones are refused.
    """

    __slots__ = ("_inner", "_outer", "_recv_window_ms", "_tail", "headers")

    def __init__(self, api_key: str, secret: str, recv_window_ms: int = RECV_WINDOW_MS) -> None:
        if not 0 < recv_window_ms <= _MAX_RECV_WINDOW_MS:
            raise ConfigError(
                f"{VENUE} recv_window_ms is {recv_window_ms}; expected 1 to {_MAX_RECV_WINDOW_MS}"
            )
        if bool(api_key) != bool(secret):
            raise ConfigError(f"{VENUE}: an API key goes with, and only with, its secret")
        key = secret.encode()
        if len(key) > _BLOCK_BYTES:
            key = sha256(key).digest()
        key = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = sha256(key.translate(_INNER))
        self._outer = sha256(key.translate(_OUTER))
        self._recv_window_ms = recv_window_ms
        self._tail = f"&recvWindow={recv_window_ms}"
        self.headers = {_KEY_HEADER: api_key} if api_key else {}

    def signature(self, payload: str) -> str:
        """Hex HMAC-SHA256 of `payload` in UTF-8."""
        inner = self._inner.copy()
        inner.update(payload.encode())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.hexdigest()

    def request(
        self, method: str, path: str, query: str, now_ns: int, *, lane: Lane, weight: int = 1
    ) -> Request:
        """A signed request. `query` is percent-encoded and, unless empty, starts with `&`.

        `now_ns` is the venue's time: our clock plus its measured offset. Raises `ConfigError`
        without credentials.
        """
        if not self.headers:
            raise _no_key(f"{method} {path}")
        payload = f"timestamp={now_ns // NS_PER_MS}{query}{self._tail}"
        target = f"{path}?{payload}&signature={self.signature(payload)}"
        return Request(method, target, self.headers, b"", lane, weight)

    def parameters(self, terms: Mapping[str, str], now_ns: int) -> dict[str, str | int]:
        """The parameters of a signed websocket request, `signature` last. Raises as `request`."""
        if not self.headers:
            raise _no_key("websocket API")
        unsigned: dict[str, str | int] = {
            **terms,
            "apiKey": self.headers[_KEY_HEADER],
            "recvWindow": self._recv_window_ms,
            "timestamp": now_ns // NS_PER_MS,
        }
        signed = {name: unsigned[name] for name in sorted(unsigned)}
        payload = "&".join([f"{name}={value}" for name, value in signed.items()])
        signed["signature"] = self.signature(payload)
        return signed


def encoded(text: str) -> str:
    """`text` percent-encoded for a query; plain letters and digits pass as they are.

    Symbols may hold any letters (change log 2025-12-15).
    """
    return text if text.isalnum() and text.isascii() else quote(text, safe="")


def _no_key(what: str) -> ConfigError:
    return ConfigError(f"{VENUE} {what}: no API key is configured; nothing was sent")
