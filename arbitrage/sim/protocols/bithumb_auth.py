"""Checks the token of a request as Bithumb does: signed with HS256, with the time in milliseconds.

The hash is of the parameters escaped, as they are in the URL; a JSON body is hashed as if it were
one, its lists as `name[]`, objects in them as JSON (apidocs.bithumb.com/docs/인증-토큰-생성하기 and
ccxt 4.5.90, read 2026-11-22). Unconfirmed: for how long a token is good, and what a nonce that is
used twice and a key of nobody are called.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import msgspec

from arbitrage.domain.units import NS_PER_MS, NS_PER_SECOND
from arbitrage.sim.protocols.bithumb_errors import BithumbRefusal
from arbitrage.sim.protocols.korean_tokens import BadToken, Claims, TokenCheck, TokenFault

TOKEN_LIFE_NS: Final = 30 * NS_PER_SECOND

_NAMES: Final = {
    TokenFault.OTHER_QUERY: "invalid_query_payload",
    TokenFault.EXPIRED: "expired_jwt",
}
# What JavaScript's encodeURIComponent leaves as it is, besides letters and digits.
_UNESCAPED: Final = "!'()*-._~"


class BithumbTokens:
    """The tokens of one account; `clock_ns` is the venue's."""

    def __init__(self, access_key: str, secret: str, clock_ns: Callable[[], int]) -> None:
        self._tokens = TokenCheck(access_key, secret, ("HS256",))
        self._clock_ns = clock_ns

    def check(self, authorization: str, query: str) -> None:
        """Check a REST request; `query` is what its hash is of. Raises `BithumbRefusal`."""
        try:
            self._tokens.use(self._timely(authorization), query)
        except BadToken as bad:
            raise BithumbRefusal(_NAMES.get(bad.fault, "jwt_verification")) from bad

    def is_valid(self, authorization: str) -> bool:
        """Whether a websocket may be opened. It asks for nothing, so there is no hash; that a
        nonce may come back here, as ccxt's does when it reconnects, is unconfirmed."""
        try:
            self._timely(authorization)
        except BadToken:
            return False
        return True

    def _timely(self, authorization: str) -> Claims:
        claims = self._tokens.verified(authorization)
        if abs(self._clock_ns() - claims.timestamp * NS_PER_MS) > TOKEN_LIFE_NS:
            raise BadToken(TokenFault.EXPIRED)
        return claims


def query_of_body(body: Mapping[str, Any]) -> str:
    """What is hashed of a request with a body."""
    pairs: list[str] = []
    for name, value in body.items():
        many = value if isinstance(value, list) else [value]
        suffix = "[]" if isinstance(value, list) else ""
        pairs.extend(f"{name}{suffix}={_escaped(each)}" for each in many)
    return "&".join(pairs)


def _escaped(value: Any) -> str:
    text = msgspec.json.encode(value).decode() if isinstance(value, dict) else str(value)
    return quote(text, safe=_UNESCAPED)
