"""Tokens equal the venue's own example, PyJWT's and ccxt's."""

import hashlib
import re
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import ccxt
import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError
from arbitrage.exchanges.upbit.auth import JwtSigner, new_nonce

NONCE = "b2f1e3f8-2dc1-4d6f-a838-c74c49b0e39a"
ACCESS_KEY = "a7Xd92LmQW3vBtRzYpMj5CxNKeT1HuVs0fFgJcAw"
SECRET_KEY = "not-a-secret-but-long-enough-for-a-signature-of-512-bits-of-length-"

# The token that docs.upbit.com/kr/reference/auth shows (read 2026-11-22). Its secret and the
# parameters behind its hash are not published, so its signature cannot be made again; all that
# is signed can.
PUBLISHED_HEADER = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9"
PUBLISHED_CLAIMS = (
    "eyJhY2Nlc3Nfa2V5IjoiYTdYZDkyTG1RVzN2QnRSellwTWo1Q3hOS2VUMUh1VnMwZkZnSmNBdyIsIm5vbmNlIjoiYjJm"
    "MWUzZjgtMmRjMS00ZDZmLWE4MzgtYzc0YzQ5YjBlMzlhIiwicXVlcnlfaGFzaCI6IjBiM2U4ODRkNDBjYzk5MmE4NTcz"
    "MGNmNDcwYjRhMzI4NmYxM2Q5YzQ2MjA0Mjc5ZWYzMjE1M2JjZGNkNGVkYjdjMTI5MjVlNzI2NjYzNmU4NmE2ZDZhZTU4"
    "MDRhNmJiMzk0ZTYzMmU0ZGJhOWI0MDQ1YWQ0NzBjOTM3MjBlNWU2IiwicXVlcnlfaGFzaF9hbGciOiJTSEE1MTIifQ"
)
PUBLISHED_QUERY_HASH = (
    "0b3e884d40cc992a85730cf470b4a3286f13d9c46204279ef32153bcdcd4edb7"
    "c12925e7266636e86a6d6ae5804a6bb394e632e4dba9b4045ad470c93720e5e6"
)


def signer(secret: str = SECRET_KEY, algorithm: str = "HS512") -> JwtSigner:
    return JwtSigner(ACCESS_KEY, secret, algorithm=algorithm, nonces=lambda: NONCE)


def test_header_and_claims_are_the_published_ones_to_the_letter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class PublishedHash:
        def __init__(self, data: bytes) -> None:
            pass

        def hexdigest(self) -> str:
            return PUBLISHED_QUERY_HASH

    ours = signer()
    monkeypatch.setattr(hashlib, "sha512", PublishedHash)
    assert ours.token("anything").split(".")[:2] == [PUBLISHED_HEADER, PUBLISHED_CLAIMS]


@pytest.mark.parametrize("algorithm", ["HS512", "HS256"])
@pytest.mark.parametrize("secret", ["short", SECRET_KEY, "long" * 100, "한글 비밀"])
@pytest.mark.filterwarnings("ignore:The HMAC key is")
def test_another_library_verifies_our_token(algorithm: str, secret: str) -> None:
    claims = jwt.decode(signer(secret, algorithm).token("market=KRW-BTC"), secret, [algorithm])
    assert claims == {
        "access_key": ACCESS_KEY,
        "nonce": NONCE,
        "query_hash": hashlib.sha512(b"market=KRW-BTC").hexdigest(),
        "query_hash_alg": "SHA512",
    }


def test_a_request_without_parameters_carries_no_hash() -> None:
    claims = jwt.decode(signer().token(), SECRET_KEY, ["HS512"])
    assert claims == {"access_key": ACCESS_KEY, "nonce": NONCE}


def test_the_header_is_a_bearer_token() -> None:
    assert signer().authorization("a=b") == f"Bearer {signer().token('a=b')}"


@given(
    query=st.text(alphabet=st.characters(codec="utf-8"), max_size=200),
    secret=st.text(min_size=1, max_size=300),
)
@pytest.mark.filterwarnings("ignore:The HMAC key is")
def test_any_secret_signs_as_another_library_signs(query: str, secret: str) -> None:
    claims = {"access_key": ACCESS_KEY, "nonce": NONCE}
    if query:
        claims["query_hash"] = hashlib.sha512(query.encode()).hexdigest()
        claims["query_hash_alg"] = "SHA512"
    assert signer(secret).token(query) == jwt.encode(claims, secret, "HS512")


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> ccxt.upbit:
    exchange = ccxt.upbit({"apiKey": ACCESS_KEY, "secret": SECRET_KEY})
    monkeypatch.setattr(exchange, "uuid", lambda: NONCE)
    return exchange


Sign = Callable[..., dict[str, object]]


@pytest.mark.parametrize(
    ("path", "method", "params"),
    [
        ("accounts", "GET", {}),
        ("order", "GET", {"identifier": "s00000001"}),
        ("order", "DELETE", {"identifier": "a b&c=d/한"}),
        ("orders/chance", "GET", {"market": "KRW-BTC"}),
        ("orders", "POST", {"market": "KRW-BTC", "side": "bid", "price": "1", "volume": "2"}),
    ],
)
def test_the_token_is_the_one_that_ccxt_makes(
    theirs: ccxt.upbit, path: str, method: str, params: dict[str, str]
) -> None:
    signed = theirs.sign(path, ["private"], method, params)
    query = "&".join(f"{name}={value}" for name, value in params.items())
    if method != "POST":
        assert unquote(urlsplit(signed["url"]).query.replace("+", "%20")) == query
    assert signed["headers"]["Authorization"] == signer(algorithm="HS256").authorization(query)


def test_a_nonce_is_a_random_uuid_each_time() -> None:
    nonces = {new_nonce() for _ in range(1000)}
    assert len(nonces) == 1000
    form = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert all(form.fullmatch(nonce) for nonce in nonces)


def test_each_token_has_its_own_nonce() -> None:
    ours = JwtSigner(ACCESS_KEY, SECRET_KEY)
    assert ours.token() != ours.token()


@pytest.mark.parametrize(("access", "secret"), [("", "s"), ("a", ""), ('a"b', "s"), ("키", "s")])
def test_keys_that_no_account_has_are_refused(access: str, secret: str) -> None:
    with pytest.raises(ConfigError):
        JwtSigner(access, secret)


def test_an_unknown_algorithm_is_refused() -> None:
    with pytest.raises(ConfigError, match="'none'; expected HS512 or HS256"):
        JwtSigner("a", "s", algorithm="none")


def test_the_secret_is_not_shown() -> None:
    assert SECRET_KEY not in repr(signer())
