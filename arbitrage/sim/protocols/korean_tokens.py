"""Checks the token of a request as Upbit and Bithumb both do.

`Authorization: Bearer <JWT>`, signed with the raw secret. Claims: `access_key`, `nonce` (used
once), and with parameters `query_hash`, the SHA-512 in hex of the parameters as a query string in
the order of the request. How that string is written, which algorithms are taken and what a wrong
token is called, is each venue's own.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections import deque
from collections.abc import Collection
from enum import Enum
from typing import Final

import msgspec

REMEMBERED_NONCES: Final = 100_000
_DIGESTS: Final = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}


class TokenFault(Enum):
    """What is wrong with a token."""

    MISSING = "missing"
    INVALID = "invalid"
    UNKNOWN_KEY = "unknown_key"
    NONCE_USED = "nonce_used"
    OTHER_QUERY = "other_query"
    EXPIRED = "expired"


class BadToken(Exception):
    """A request has no token that opens the account."""

    def __init__(self, fault: TokenFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class _Header(msgspec.Struct):
    alg: str


class Claims(msgspec.Struct):
    """What a token says; `timestamp` is in milliseconds."""

    access_key: str = ""
    nonce: str = ""
    timestamp: int = 0
    query_hash: str = ""
    query_hash_alg: str = "SHA512"


class TokenCheck:
    """The tokens of one account. Nonces are remembered, the latest `REMEMBERED_NONCES` of them."""

    def __init__(self, access_key: str, secret: str, algorithms: Collection[str]) -> None:
        self._access_key = access_key
        self._secret = secret.encode()
        self._algorithms = algorithms
        self._nonces: set[str] = set()
        self._order: deque[str] = deque()

    def verified(self, authorization: str) -> Claims:
        """The claims of a token with the account's signature. Raises `BadToken`."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise BadToken(TokenFault.MISSING)
        signed, _, signature = token.rpartition(".")
        try:
            header = msgspec.json.decode(_unpacked(signed.partition(".")[0]), type=_Header)
            claims = msgspec.json.decode(_unpacked(signed.partition(".")[2]), type=Claims)
            given = _unpacked(signature)
        except (msgspec.DecodeError, Base64Error, UnicodeError) as error:
            raise BadToken(TokenFault.INVALID) from error
        if claims.access_key != self._access_key:
            raise BadToken(TokenFault.UNKNOWN_KEY)
        if header.alg not in self._algorithms or not claims.nonce:
            raise BadToken(TokenFault.INVALID)
        digest = hmac.digest(self._secret, signed.encode(), _DIGESTS[header.alg])
        if not hmac.compare_digest(digest, given):
            raise BadToken(TokenFault.INVALID)
        return claims

    def use(self, claims: Claims, query: str) -> None:
        """Use up a token for a request; `query` is what its hash is of. Raises `BadToken`."""
        if claims.nonce in self._nonces:
            raise BadToken(TokenFault.NONCE_USED)
        self._nonces.add(claims.nonce)
        self._order.append(claims.nonce)
        if len(self._order) > REMEMBERED_NONCES:
            self._nonces.discard(self._order.popleft())
        if query and not _is_hash_of(claims, query):
            raise BadToken(TokenFault.OTHER_QUERY)


def _is_hash_of(claims: Claims, query: str) -> bool:
    expected = hashlib.sha512(query.encode()).hexdigest()
    return claims.query_hash_alg == "SHA512" and claims.query_hash == expected


def _unpacked(part: str) -> bytes:
    return urlsafe_b64decode(part.encode("ascii") + b"=" * (-len(part) % 4))
