"""Checks the token of a request as Upbit does: signed with HS256 or HS512, no time in it.

The hash is of the parameters unescaped (docs.upbit.com/kr/reference/auth, read 2026-11-22).
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from arbitrage.sim.protocols.korean_tokens import BadToken, TokenCheck, TokenFault
from arbitrage.sim.protocols.upbit_errors import UpbitRefusal

_NAMES: Final = {
    TokenFault.MISSING: "no_authorization_token",
    TokenFault.INVALID: "jwt_verification",
    TokenFault.UNKNOWN_KEY: "invalid_access_key",
    TokenFault.NONCE_USED: "nonce_used",
    TokenFault.OTHER_QUERY: "invalid_query_payload",
}


class UpbitTokens:
    """The tokens of one account."""

    def __init__(self, access_key: str, secret: str) -> None:
        self._tokens = TokenCheck(access_key, secret, ("HS256", "HS512"))

    def check(self, authorization: str, query: str) -> None:
        """Check a REST request; `query` is what its hash is of. Raises `UpbitRefusal`."""
        try:
            self._tokens.use(self._tokens.verified(authorization), query)
        except BadToken as bad:
            raise UpbitRefusal(_NAMES[bad.fault]) from bad

    def is_valid(self, authorization: str) -> bool:
        """Whether a websocket may be opened. It asks for nothing, so there is no hash; that a
        nonce may come back here, as ccxt's does when it reconnects, is unconfirmed."""
        try:
            self._tokens.verified(authorization)
        except BadToken:
            return False
        return True


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
