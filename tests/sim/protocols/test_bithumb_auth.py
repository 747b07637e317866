import pytest
from sim_bithumb import NOW_MS, NOW_NS, token

from arbitrage.sim.protocols.bithumb_auth import BithumbTokens, query_of_body
from arbitrage.sim.protocols.bithumb_errors import BithumbRefusal

QUERY = "market=KRW-BTC"


@pytest.fixture
def tokens() -> BithumbTokens:
    return BithumbTokens("sim-key", "sim-secret", lambda: NOW_NS)


def refusal(tokens: BithumbTokens, authorization: str, query: str = "") -> str:
    with pytest.raises(BithumbRefusal) as refused:
        tokens.check(authorization, query)
    assert refused.value.status == 401
    return refused.value.name


def test_a_token_opens_the_account_once(tokens: BithumbTokens) -> None:
    again = token(QUERY)
    tokens.check(again, QUERY)
    assert refusal(tokens, again, QUERY) == "jwt_verification"


@pytest.mark.parametrize(
    ("authorization", "name"),
    [
        ("", "jwt_verification"),
        (token(key="other"), "jwt_verification"),
        (token(secret="wrong"), "jwt_verification"),
        (token(algorithm="HS512"), "jwt_verification"),
        (token("market=KRW-ETH"), "invalid_query_payload"),
        (token(QUERY, timestamp=NOW_MS - 31_000), "expired_jwt"),
        (token(QUERY, timestamp=NOW_MS + 31_000), "expired_jwt"),
        (token(QUERY, timestamp=0), "expired_jwt"),
    ],
)
def test_a_wrong_token_is_refused_by_its_name(
    tokens: BithumbTokens, authorization: str, name: str
) -> None:
    assert refusal(tokens, authorization, QUERY) == name


def test_a_stream_may_come_back_with_its_token_while_it_is_young(tokens: BithumbTokens) -> None:
    again = token()
    assert tokens.is_valid(again)
    assert tokens.is_valid(again)
    assert not tokens.is_valid(token(timestamp=NOW_MS - 31_000))


def test_a_body_is_hashed_escaped_with_lists_and_objects() -> None:
    body = {"market": "KRW-BTC", "note": "a b+c", "ids": ["x", "y"], "orders": [{"side": "bid"}]}
    assert query_of_body(body) == (
        "market=KRW-BTC&note=a%20b%2Bc&ids[]=x&ids[]=y&orders[]=%7B%22side%22%3A%22bid%22%7D"
    )
