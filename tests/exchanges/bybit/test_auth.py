import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError
from arbitrage.exchanges.bybit.auth import RequestSigner, encoded
from arbitrage.exchanges.order_gateway import Lane

# The venue's published rule with its example strings: Integration Guidance, "Create A Request".
KEY = "XXXXXXXXXX"
QUERY = "category=option&symbol=BTC-29JUL22-25000-C"
GET_PAYLOAD = "1658384314791XXXXXXXXXX5000category=option&symbol=BTC-29JUL22-25000-C"
BODY = '{\n"category": "option"\n}'
POST_PAYLOAD = '1658385579423XXXXXXXXXX5000{\n"category": "option"\n}'


def by_the_book(secret: str, payload: str) -> str:
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def test_the_venues_published_get_string_is_what_is_signed() -> None:
    request = RequestSigner(KEY, "secret").get("/p", QUERY, 1658384314791_999_999)

    assert request.target == f"/p?{QUERY}"
    assert request.headers == {
        "X-BAPI-API-KEY": KEY,
        "X-BAPI-TIMESTAMP": "1658384314791",
        "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": by_the_book("secret", GET_PAYLOAD),
    }
    assert (request.method, request.body, request.lane) == ("GET", b"", Lane.ACCOUNT)


def test_the_venues_published_post_string_is_what_is_signed() -> None:
    request = RequestSigner(KEY, "secret").post("/p", BODY, 1658385579423_000_000, Lane.URGENT)

    assert request.headers["X-BAPI-SIGN"] == by_the_book("secret", POST_PAYLOAD)
    assert request.headers["Content-Type"] == "application/json"
    assert (request.target, request.body) == ("/p", BODY.encode())
    assert (request.method, request.lane) == ("POST", Lane.URGENT)


def test_a_login_signs_its_expiry() -> None:
    signer = RequestSigner(KEY, "secret")

    expected = by_the_book("secret", "GET/realtime1662350400000")
    assert signer.login(1662350390000_000_000) == (KEY, 1662350400000, expected)


def test_ccxt_signs_the_same_string(stranger: Callable[..., Any]) -> None:
    sent = stranger("privateGetV5OrderHistory", {"category": "spot", "symbol": "BTCUSDT"})

    ours = RequestSigner("key", "secret").get(
        "/v5/order/history", "category=spot&symbol=BTCUSDT", 1591702613943_000_000
    )

    assert sent.target == ours.target
    assert ours.headers.items() <= sent.headers.items()


@given(secret=st.text(min_size=1, max_size=200), payload=st.text(max_size=300))
@example(secret="longer than one block of the hash " * 3, payload="x")
def test_cached_pads_sign_as_hmac_does(secret: str, payload: str) -> None:
    assert RequestSigner("key", secret).signature(payload) == by_the_book(secret, payload)


def test_a_signer_signs_the_same_twice() -> None:
    signer = RequestSigner(KEY, "secret")

    assert signer.signature("x") == signer.signature("x")


def test_nothing_is_signed_without_credentials() -> None:
    signer = RequestSigner("", "")

    for act in (
        lambda: signer.get("/p", "", 0),
        lambda: signer.post("/p", "", 0),
        lambda: signer.login(0),
    ):
        with pytest.raises(ConfigError, match="no API key"):
            act()


@pytest.mark.parametrize(("api_key", "secret"), [("key", ""), ("", "secret")])
def test_half_a_pair_of_credentials_is_refused(api_key: str, secret: str) -> None:
    with pytest.raises(ConfigError, match="goes with"):
        RequestSigner(api_key, secret)


@pytest.mark.parametrize("window_ms", [0, -1, 60_001])
def test_an_absurd_window_is_refused(window_ms: int) -> None:
    with pytest.raises(ConfigError, match="recv_window_ms"):
        RequestSigner("key", "secret", window_ms)


def test_the_secret_shows_nowhere() -> None:
    signer = RequestSigner("key", "top-secret")

    held = [repr(getattr(signer, name)) for name in signer.__slots__]
    assert not any("top-secret" in text for text in [repr(signer), *held])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BTCUSDT", "BTCUSDT"),
        ("测试USDT", "%E6%B5%8B%E8%AF%95USDT"),
        ("a&b=c", "a%26b%3Dc"),
        ("a-b_c", "a-b_c"),
        ("", ""),
    ],
)
def test_queries_are_percent_encoded(text: str, expected: str) -> None:
    assert encoded(text) == expected
