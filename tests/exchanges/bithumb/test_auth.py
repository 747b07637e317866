"""Tokens equal PyJWT's and ccxt's; the venue publishes no example that could be made again."""

import hashlib
import re

import ccxt
import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError
from arbitrage.exchanges.bithumb.auth import JwtSigner, new_nonce

NONCE = "b2f1e3f8-2dc1-4d6f-a838-c74c49b0e39a"
ACCESS_KEY = "a7Xd92LmQW3vBtRzYpMj5CxNKeT1HuVs0fFgJcAw"
SECRET_KEY = "not-a-secret-but-long-enough-for-a-signature"
NOW_MS = 1_763_800_000_123
NOW_NS = NOW_MS * 1_000_000 + 999_999


def signer(secret: str = SECRET_KEY) -> JwtSigner:
    return JwtSigner(ACCESS_KEY, secret, nonces=lambda: NONCE)


@pytest.mark.parametrize("secret", ["short", SECRET_KEY, "long" * 100, "한글 비밀"])
@pytest.mark.filterwarnings("ignore:The HMAC key is")
def test_another_library_verifies_our_token(secret: str) -> None:
    claims = jwt.decode(signer(secret).token("market=KRW-BTC", NOW_NS), secret, ["HS256"])
    assert claims == {
        "access_key": ACCESS_KEY,
        "nonce": NONCE,
        "timestamp": NOW_MS,
        "query_hash": hashlib.sha512(b"market=KRW-BTC").hexdigest(),
        "query_hash_alg": "SHA512",
    }


def test_a_request_without_parameters_carries_no_hash() -> None:
    claims = jwt.decode(signer().token("", NOW_NS), SECRET_KEY, ["HS256"])
    assert claims == {"access_key": ACCESS_KEY, "nonce": NONCE, "timestamp": NOW_MS}


def test_the_header_is_a_bearer_token() -> None:
    assert signer().authorization("a=b", NOW_NS) == f"Bearer {signer().token('a=b', NOW_NS)}"


@given(
    query=st.text(alphabet=st.characters(codec="utf-8"), max_size=200),
    secret=st.text(min_size=1, max_size=300),
    now_ms=st.integers(0, 2**53),
)
@pytest.mark.filterwarnings("ignore:The HMAC key is")
def test_any_secret_signs_as_another_library_signs(query: str, secret: str, now_ms: int) -> None:
    claims: dict[str, object] = {"access_key": ACCESS_KEY, "nonce": NONCE, "timestamp": now_ms}
    if query:
        claims["query_hash"] = hashlib.sha512(query.encode()).hexdigest()
        claims["query_hash_alg"] = "SHA512"
    assert signer(secret).token(query, now_ms * 1_000_000) == jwt.encode(claims, secret, "HS256")


@pytest.mark.parametrize(
    ("path", "method", "params", "query"),
    [
        ("v1/accounts", "GET", {}, ""),
        ("v1/order", "GET", {"client_order_id": "s-1"}, "client_order_id=s-1"),
        ("v2/order", "DELETE", {"client_order_id": "a b/한"}, "client_order_id=a%20b%2F%ED%95%9C"),
        ("v2/orders", "POST", {"market": "KRW-BTC", "price": "1"}, "market=KRW-BTC&price=1"),
    ],
)
def test_the_token_is_the_one_that_ccxt_makes(
    monkeypatch: pytest.MonkeyPatch, path: str, method: str, params: dict[str, str], query: str
) -> None:
    theirs = ccxt.bithumb({"apiKey": ACCESS_KEY, "secret": SECRET_KEY})
    monkeypatch.setattr(theirs, "uuid", lambda: NONCE)
    monkeypatch.setattr(theirs, "milliseconds", lambda: NOW_MS)
    signed = theirs.sign(path, ["private"], method, params)
    assert signed["headers"]["Authorization"] == signer().authorization(query, NOW_NS)


def test_a_nonce_is_a_random_uuid_each_time() -> None:
    nonces = {new_nonce() for _ in range(1000)}
    assert len(nonces) == 1000
    form = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert all(form.fullmatch(nonce) for nonce in nonces)


def test_each_token_has_its_own_nonce() -> None:
    ours = JwtSigner(ACCESS_KEY, SECRET_KEY)
    assert ours.token("", NOW_NS) != ours.token("", NOW_NS)


@pytest.mark.parametrize(("access", "secret"), [("", "s"), ("a", ""), ('a"b', "s"), ("키", "s")])
def test_keys_that_no_account_has_are_refused(access: str, secret: str) -> None:
    with pytest.raises(ConfigError):
        JwtSigner(access, secret)


def test_the_secret_is_not_shown() -> None:
    assert SECRET_KEY not in repr(signer())
