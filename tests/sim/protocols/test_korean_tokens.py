import hashlib

import pytest
from sim_upbit import token

from arbitrage.sim.protocols import korean_tokens
from arbitrage.sim.protocols.korean_tokens import BadToken, TokenCheck, TokenFault

QUERY = "market=KRW-BTC"


@pytest.fixture
def check() -> TokenCheck:
    return TokenCheck("sim-key", "sim-secret", ("HS256",))


def fault(check: TokenCheck, authorization: str, query: str = "") -> TokenFault:
    with pytest.raises(BadToken) as bad:
        check.use(check.verified(authorization), query)
    return bad.value.fault


def test_what_a_token_claims_is_read_once_it_is_verified(check: TokenCheck) -> None:
    claims = check.verified(token(QUERY, timestamp=1_795_000_000_000))
    assert (claims.access_key, claims.timestamp) == ("sim-key", 1_795_000_000_000)
    assert claims.query_hash == hashlib.sha512(QUERY.encode()).hexdigest()
    check.use(claims, QUERY)


@pytest.mark.parametrize(
    ("authorization", "what"),
    [
        ("", TokenFault.MISSING),
        ("Basic abc", TokenFault.MISSING),
        ("Bearer abc", TokenFault.INVALID),
        ("Bearer é.é.é", TokenFault.INVALID),
        (token(secret="wrong"), TokenFault.INVALID),
        (token(algorithm="HS512"), TokenFault.INVALID),
        (token(algorithm="none"), TokenFault.INVALID),
        (token(nonce=""), TokenFault.INVALID),
        (token(timestamp="noon"), TokenFault.INVALID),
        (token(key="other"), TokenFault.UNKNOWN_KEY),
    ],
)
def test_a_token_that_opens_nothing_says_what_is_wrong(
    check: TokenCheck, authorization: str, what: TokenFault
) -> None:
    assert fault(check, authorization) is what


def test_a_token_is_for_one_request_of_one_query(check: TokenCheck) -> None:
    again = token()
    check.use(check.verified(again), "")
    assert fault(check, again) is TokenFault.NONCE_USED
    assert fault(check, token("market=KRW-ETH"), QUERY) is TokenFault.OTHER_QUERY
    assert fault(check, token(), QUERY) is TokenFault.OTHER_QUERY


def test_nonces_used_long_ago_are_forgotten(
    check: TokenCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(korean_tokens, "REMEMBERED_NONCES", 1)
    first = check.verified(token())
    check.use(first, "")
    check.use(check.verified(token()), "")
    check.use(first, "")
