import hashlib

import pytest
from sim_upbit import token

from arbitrage.sim.protocols.upbit_auth import UpbitTokens, query_of_body, query_of_url
from arbitrage.sim.protocols.upbit_errors import UpbitRefusal

QUERY = "market=KRW-BTC&states[]=wait"


@pytest.fixture
def check() -> UpbitTokens:
    return UpbitTokens("sim-key", "sim-secret")


def refusal(check: UpbitTokens, authorization: str, query: str = "") -> str:
    with pytest.raises(UpbitRefusal) as refused:
        check.check(authorization, query)
    assert refused.value.status == 401
    return refused.value.name


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
def test_both_documented_algorithms_are_taken(check: UpbitTokens, algorithm: str) -> None:
    check.check(token(QUERY, algorithm=algorithm), QUERY)


def test_a_nonce_is_taken_once(check: UpbitTokens) -> None:
    again = token()
    check.check(again, "")
    assert refusal(check, again) == "nonce_used"


@pytest.mark.parametrize("authorization", ["", "Bearer", "Basic abc"])
def test_without_a_token_nothing_is_told(check: UpbitTokens, authorization: str) -> None:
    assert refusal(check, authorization) == "no_authorization_token"


@pytest.mark.parametrize(
    "authorization",
    [
        token(secret="wrong"),
        token(algorithm="none"),
        token(nonce=""),
        "Bearer abc",
        "Bearer a.b.c",
        "Bearer é.é.é",
        token().replace(".", ".e", 1),
    ],
)
def test_a_token_that_does_not_verify_is_refused(check: UpbitTokens, authorization: str) -> None:
    assert refusal(check, authorization) == "jwt_verification"


def test_a_key_of_nobody_is_refused(check: UpbitTokens) -> None:
    assert refusal(check, token(key="other")) == "invalid_access_key"


@pytest.mark.parametrize(
    "authorization",
    [
        token(),
        token("market=KRW-ETH"),
        token(query_hash=hashlib.sha512(QUERY.encode()).hexdigest(), query_hash_alg="MD5"),
    ],
)
def test_the_hash_must_be_of_what_is_asked(check: UpbitTokens, authorization: str) -> None:
    assert refusal(check, authorization, QUERY) == "invalid_query_payload"


def test_a_stream_may_come_back_with_its_token(check: UpbitTokens) -> None:
    again = token()
    assert check.is_valid(again)
    assert check.is_valid(again)
    assert not check.is_valid(token(secret="wrong"))


def test_what_is_hashed_is_unescaped_and_in_the_order_of_the_request() -> None:
    assert query_of_url("start_time=2026-11-22T00%3A00%3A00%2B09%3A00&states%5B%5D=done") == (
        "start_time=2026-11-22T00:00:00+09:00&states[]=done"
    )
    body = {"market": "KRW-BTC", "price": None, "ids": ["a", "b"], "count": 3}
    assert query_of_body(body) == "market=KRW-BTC&ids[]=a&ids[]=b&count=3"
