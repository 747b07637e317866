"""Signing for Bithumb: a JWT whose claims name the key, a nonce, the time and what is asked.

Pure but for the nonce, which comes from outside. The hash is SHA-512 of the parameters as a query
string, escaped and in the order of the request; a JSON body is hashed as if it were one. Only
HS256 is documented (apidocs.bithumb.com/docs, read 2026-11-22).
"""

import hashlib
import os
from binascii import b2a_base64
from collections.abc import Callable

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.units import NS_PER_MS

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def new_nonce() -> str:
    """A random UUID (version 4) as text."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _base64url(data: bytes) -> bytes:
    return b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=")


_HEADER = _base64url(b'{"alg":"HS256","typ":"JWT"}') + b"."


class JwtSigner:
    """Signs for one account. The secret is used as it was issued, not base64-decoded.

    The two padded keys of the HMAC are hashed once and copied for every request. Raises
    `ConfigError` for keys that no account has.
    """

    __slots__ = ("_access_key", "_inner", "_nonces", "_outer")

    def __init__(
        self, access_key: str, secret_key: str, *, nonces: Callable[[], str] = new_nonce
    ) -> None:
        if not access_key or not secret_key:
            raise ConfigError("bithumb: access key or secret key is empty; nothing can be signed")
        if not access_key.isascii() or '"' in access_key or "\\" in access_key:
            raise ConfigError("bithumb: the access key holds characters that no key has")
        key = secret_key.encode()
        block_size = hashlib.sha256().block_size
        if len(key) > block_size:
            key = hashlib.sha256(key).digest()
        key = key.ljust(block_size, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key))
        self._access_key = access_key
        self._nonces = nonces

    def authorization(self, query: str, now_ns: int) -> str:
        """The `Authorization` header of a request with these parameters, escaped."""
        return f"Bearer {self.token(query, now_ns)}"

    def token(self, query: str, now_ns: int) -> str:
        """The JWT alone. An empty `query` fits requests without parameters and websockets.

        `now_ns` is sent in milliseconds; the venue refuses a time that is too far from its own.
        """
        claims = (
            f'{{"access_key":"{self._access_key}","nonce":"{self._nonces()}",'
            f'"timestamp":{now_ns // NS_PER_MS}'
        )
        if query:
            query_hash = hashlib.sha512(query.encode()).hexdigest()
            claims += f',"query_hash":"{query_hash}","query_hash_alg":"SHA512"'
        signed = _HEADER + _base64url(f"{claims}}}".encode())
        inner = self._inner.copy()
        inner.update(signed)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return (signed + b"." + _base64url(outer.digest())).decode()
