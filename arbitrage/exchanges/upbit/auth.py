"""Signing for Upbit: a JWT whose claims name the key, a nonce and the hash of what is asked.

Pure but for the nonce, which comes from outside. The hash is SHA-512 of the parameters as an
unescaped query string in the order of the request; a JSON body is hashed as if it were one. The
venue recommends HS512 and takes HS256 too (docs.upbit.com/kr/reference/auth, read 2026-11-22).
"""

import hashlib
import os
from binascii import b2a_base64
from collections.abc import Callable

from arbitrage.domain.errors import ConfigError

_HASHES = {"HS512": hashlib.sha512, "HS256": hashlib.sha256}
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def new_nonce() -> str:
    """A random UUID (version 4) as text. The venue takes each nonce once."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _base64url(data: bytes) -> bytes:
    return b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=")


class JwtSigner:
    """Signs for one account. The secret is used as it was issued, not base64-decoded.

    Everything that is the same for every request is done here once: the encoded header and the
    two padded keys of the HMAC, which are copied instead of hashed again. Raises `ConfigError`
    for empty keys and unknown algorithms.
    """

    __slots__ = ("_access_key", "_header", "_inner", "_nonces", "_outer")

    def __init__(
        self,
        access_key: str,
        secret_key: str,
        *,
        algorithm: str = "HS512",
        nonces: Callable[[], str] = new_nonce,
    ) -> None:
        if not access_key or not secret_key:
            raise ConfigError("upbit: access key or secret key is empty; nothing can be signed")
        if algorithm not in _HASHES:
            raise ConfigError(f"upbit: algorithm {algorithm!r}; expected HS512 or HS256")
        if not access_key.isascii() or '"' in access_key or "\\" in access_key:
            raise ConfigError("upbit: the access key holds characters that no key has")
        new_hash = _HASHES[algorithm]
        key = secret_key.encode()
        block_size = new_hash().block_size
        if len(key) > block_size:
            key = new_hash(key).digest()
        key = key.ljust(block_size, b"\0")
        self._inner = new_hash(bytes(byte ^ 0x36 for byte in key))
        self._outer = new_hash(bytes(byte ^ 0x5C for byte in key))
        self._header = _base64url(b'{"alg":"%s","typ":"JWT"}' % algorithm.encode()) + b"."
        self._access_key = access_key
        self._nonces = nonces

    def authorization(self, query: str = "") -> str:
        """The `Authorization` header of a request with these parameters, unescaped."""
        return f"Bearer {self.token(query)}"

    def token(self, query: str = "") -> str:
        """The JWT alone. Without `query` it fits requests without parameters and websockets."""
        claims = f'{{"access_key":"{self._access_key}","nonce":"{self._nonces()}"'
        if query:
            query_hash = hashlib.sha512(query.encode()).hexdigest()
            claims += f',"query_hash":"{query_hash}","query_hash_alg":"SHA512"'
        signed = self._header + _base64url(f"{claims}}}".encode())
        inner = self._inner.copy()
        inner.update(signed)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return (signed + b"." + _base64url(outer.digest())).decode()
