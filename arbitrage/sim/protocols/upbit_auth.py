"""Checks the token of a request as Upbit does.

`Authorization: Bearer <JWT>`, signed with HS256 or HS512 and the raw secret. Claims: `access_key`,
`nonce` (used once), and with parameters `query_hash`, the SHA-512 in hex of the parameters as an
unescaped query string in the order of the request (docs.upbit.com/kr/reference/auth, read
2026-11-22).
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections import deque
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from arbitrage.sim.protocols.upbit_errors import UpbitRefusal

REMEMBERED_NONCES: Final = 100_000
_DIGESTS: Final = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}


class _Header(msgspec.Struct):
    alg: str


class _Claims(msgspec.Struct):
    access_key: str = ""
    nonce: str = ""
    query_hash: str = ""
    query_hash_alg: str = "SHA512"


class TokenCheck:
    """The tokens of one account. Nonces are remembered, the latest `REMEMBERED_NONCES` of them."""

    def __init__(self, access_key: str, secret: str) -> None:
        self._access_key = access_key
        self._secret = secret.encode()
        self._nonces: set[str] = set()
        self._order: deque[str] = deque()

    def check(self, authorization: str, query: str) -> None:
        """Check a REST request; `query` is what its hash is of. Raises `UpbitRefusal`."""
        claims = self._verified(authorization)
        if claims.nonce in self._nonces:
            raise UpbitRefusal("nonce_used")
        self._remember(claims.nonce)
        if query and not self._is_hash_of(claims, query):
            raise UpbitRefusal("invalid_query_payload")

    def is_valid(self, authorization: str) -> bool:
        """Whether a websocket may be opened. It asks for nothing, so there is no hash; that a
        nonce may come back here, as ccxt's does when it reconnects, is unconfirmed."""
        try:
            self._verified(authorization)
        except UpbitRefusal:
            return False
        return True

    def _verified(self, authorization: str) -> _Claims:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise UpbitRefusal("no_authorization_token")
        signed, _, signature = token.rpartition(".")
        try:
            header = msgspec.json.decode(_unpacked(signed.partition(".")[0]), type=_Header)
            claims = msgspec.json.decode(_unpacked(signed.partition(".")[2]), type=_Claims)
            given = _unpacked(signature)
        except (msgspec.DecodeError, Base64Error, UnicodeError) as error:
            raise UpbitRefusal("jwt_verification") from error
        if claims.access_key != self._access_key:
            raise UpbitRefusal("invalid_access_key")
        digest = _DIGESTS.get(header.alg)
        if digest is None or not claims.nonce:
            raise UpbitRefusal("jwt_verification")
        if not hmac.compare_digest(hmac.digest(self._secret, signed.encode(), digest), given):
            raise UpbitRefusal("jwt_verification")
        return claims

    def _is_hash_of(self, claims: _Claims, query: str) -> bool:
        expected = hashlib.sha512(query.encode()).hexdigest()
        return claims.query_hash_alg == "SHA512" and claims.query_hash == expected

    def _remember(self, nonce: str) -> None:
        self._nonces.add(nonce)
        self._order.append(nonce)
        if len(self._order) > REMEMBERED_NONCES:
            self._nonces.discard(self._order.popleft())


def _unpacked(part: str) -> bytes:
    return urlsafe_b64decode(part.encode("ascii") + b"=" * (-len(part) % 4))


def query_of_url(raw_query: str) -> str:
    """What is hashed of a request without body: its query string, unescaped."""
    return unquote(raw_query)


def query_of_body(body: Mapping[str, Any]) -> str:
    """What is hashed of a request with a body: its keys and values as a query string."""
    pairs: list[str] = []
    for name, value in body.items():
        if isinstance(value, list):
            pairs.extend(f"{name}[]={each}" for each in value)
        elif value is not None:
            pairs.append(f"{name}={value}")
    return "&".join(pairs)
