import hashlib
import hmac

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError
from arbitrage.exchanges.binance_spot.auth import RequestSigner, encoded
from arbitrage.exchanges.order_gateway import Lane

# The venue's published examples: rest-api, "SIGNED Endpoint Examples for POST /api/v3/order", and
# web-socket-api, "SIGNED request example (HMAC)"; each once in ASCII and once not.
API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
PAYLOAD = (
    "symbol={}&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
    "&recvWindow=5000&timestamp=1499827319559"
)
SIGNATURES = {
    "LTCBTC": "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
    "１２３４５６": "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
}
WS_NOW_NS = 1645423376532_000_000
WS_SIGNATURES = [
    (
        100,
        {"symbol": "BTCUSDT", "side": "SELL", "price": "52000.00", "quantity": "0.01000000"},
        "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
    ),
    (
        5000,
        {"symbol": "１２３４５６", "side": "BUY", "price": "0.10000000", "quantity": "1.00000000"},
        "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd",
    ),
]


@pytest.mark.parametrize("symbol", SIGNATURES)
def test_the_venues_published_queries_are_reproduced(symbol: str) -> None:
    payload = PAYLOAD.format(encoded(symbol))

    assert RequestSigner(API_KEY, SECRET).signature(payload) == SIGNATURES[symbol]


@pytest.mark.parametrize(("window_ms", "terms", "signature"), WS_SIGNATURES)
def test_the_venues_published_websocket_requests_are_reproduced(
    window_ms: int, terms: dict[str, str], signature: str
) -> None:
    signer = RequestSigner(API_KEY, SECRET, window_ms)

    said = signer.parameters(terms | {"type": "LIMIT", "timeInForce": "GTC"}, WS_NOW_NS)

    assert said["signature"] == signature
    assert (said["apiKey"], said["recvWindow"]) == (API_KEY, window_ms)
    assert list(said) == [*sorted(set(said) - {"signature"}), "signature"]


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


def test_nothing_is_signed_without_credentials() -> None:
    signer = RequestSigner("", "")

    with pytest.raises(ConfigError, match="no API key"):
        signer.request("GET", "/p", "", 0, lane=Lane.ACCOUNT)
    with pytest.raises(ConfigError, match="no API key"):
        signer.parameters({}, 0)


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
        ("a&b-_.", "a%26b-_."),
        ("", ""),
    ],
)
def test_queries_are_percent_encoded(text: str, expected: str) -> None:
    assert encoded(text) == expected
