import hashlib
import hmac

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError
from arbitrage.exchanges.binance_usdm.auth import RequestSigner, encoded
from arbitrage.exchanges.order_gateway import Lane

# The venue's published example: General Info, "SIGNED Endpoint Examples for POST /fapi/v1/order".
API_KEY = "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83"
SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
PAYLOAD = (
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC"
    "&recvWindow=5000&timestamp=1591702613943"
)
SIGNATURE = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"


def test_the_venues_published_example_is_reproduced() -> None:
    assert RequestSigner(API_KEY, SECRET).signature(PAYLOAD) == SIGNATURE


@given(secret=st.text(min_size=1, max_size=200), payload=st.text(max_size=300))
@example(secret="longer than one block of the hash " * 3, payload="x")
def test_cached_pads_sign_as_hmac_does(secret: str, payload: str) -> None:
    expected = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()

    assert RequestSigner("key", secret).signature(payload) == expected


def test_a_signer_signs_the_same_twice() -> None:
    signer = RequestSigner(API_KEY, SECRET)

    assert signer.signature(PAYLOAD) == signer.signature(PAYLOAD)


def test_a_request_carries_time_window_and_signature_last() -> None:
    signer = RequestSigner(API_KEY, SECRET)

    request = signer.request("GET", "/p", "&symbol=X", 1591702613943_999_999, lane=Lane.ACCOUNT)

    payload = "timestamp=1591702613943&symbol=X&recvWindow=5000"
    assert request.target == f"/p?{payload}&signature={signer.signature(payload)}"
    assert request.headers == {"X-MBX-APIKEY": API_KEY}
    assert request.body == b""


def test_the_user_stream_wants_the_key_alone() -> None:
    request = RequestSigner(API_KEY, SECRET).keyed_request("PUT", "/p")

    assert (request.target, request.headers) == ("/p", {"X-MBX-APIKEY": API_KEY})


def test_nothing_is_signed_without_credentials() -> None:
    signer = RequestSigner("", "")

    with pytest.raises(ConfigError, match="no API key"):
        signer.request("GET", "/p", "", 0, lane=Lane.ACCOUNT)
    with pytest.raises(ConfigError, match="no API key"):
        signer.keyed_request("GET", "/p")


@pytest.mark.parametrize(("api_key", "secret"), [("key", ""), ("", "secret")])
def test_half_a_pair_of_credentials_is_refused(api_key: str, secret: str) -> None:
    with pytest.raises(ConfigError, match="goes with"):
        RequestSigner(api_key, secret)


@pytest.mark.parametrize("window_ms", [0, -1, 60_001])
def test_a_window_that_the_venue_refuses_is_refused_here(window_ms: int) -> None:
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
        ("a:/b-_.", "a%3A%2Fb-_."),
        ("", ""),
    ],
)
def test_queries_are_percent_encoded(text: str, expected: str) -> None:
    assert encoded(text) == expected
