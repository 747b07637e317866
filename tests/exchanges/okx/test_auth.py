import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError
from arbitrage.exchanges.okx.auth import RequestSigner, encoded
from arbitrage.exchanges.order_gateway import Lane

# The venue's documentation ("Making Requests", "Login") shows what is signed, not the result. The
# requests that an independent client signs are compared in test_orders and test_account.
SECRET = "22582BD0CFF14C41EDBF1AB98506286D"
NOW_NS = 1607418537715_999_999  # 2020-12-08T09:08:57.715Z
LOGIN_NS = 1538054050_999_000_000


def expected(payload: str, secret: str = SECRET) -> str:
    digest = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


@given(secret=st.text(min_size=1, max_size=200), payload=st.text(max_size=300))
@example(secret="longer than one block of the hash " * 3, payload="x")
def test_cached_pads_sign_as_hmac_does(secret: str, payload: str) -> None:
    signer = RequestSigner("key", secret, "pass")

    assert signer.signature(payload) == expected(payload, secret)
    assert signer.signature(payload) == expected(payload, secret)


def test_a_question_is_signed_with_its_query() -> None:
    request = RequestSigner("key", SECRET, "pass").get("/api/v5/account/balance?ccy=BTC", NOW_NS)

    stamp = "2020-12-08T09:08:57.715Z"
    assert request.headers == {
        "OK-ACCESS-KEY": "key",
        "OK-ACCESS-PASSPHRASE": "pass",
        "OK-ACCESS-TIMESTAMP": stamp,
        "OK-ACCESS-SIGN": expected(f"{stamp}GET/api/v5/account/balance?ccy=BTC"),
    }
    assert (request.method, request.body, request.lane) == ("GET", b"", Lane.ACCOUNT)


def test_a_body_is_signed_and_named_as_json() -> None:
    signer = RequestSigner("key", SECRET, "pass")

    request = signer.post("/p", '{"ccy":"원"}', NOW_NS, Lane.URGENT, 3)

    signed = expected('2020-12-08T09:08:57.715ZPOST/p{"ccy":"원"}')
    assert request.headers["OK-ACCESS-SIGN"] == signed
    assert request.headers["Content-Type"] == "application/json"
    assert request.body == '{"ccy":"원"}'.encode()
    assert (request.lane, request.weight) == (Lane.URGENT, 3)


def test_time_is_written_to_the_millisecond_and_may_go_back() -> None:
    signer = RequestSigner("key", SECRET, "pass")

    stamps = [signer.timestamp(ns) for ns in (NOW_NS, NOW_NS + 10**9, NOW_NS, 0, 10**6)]

    assert stamps == [
        "2020-12-08T09:08:57.715Z",
        "2020-12-08T09:08:58.715Z",
        "2020-12-08T09:08:57.715Z",
        "1970-01-01T00:00:00.000Z",
        "1970-01-01T00:00:00.001Z",
    ]


def test_the_login_is_signed_over_whole_seconds() -> None:
    frame = json.loads(RequestSigner("key", SECRET, 'pa"ss').login(LOGIN_NS))

    assert frame == {
        "op": "login",
        "args": [
            {
                "apiKey": "key",
                "passphrase": 'pa"ss',
                "timestamp": "1538054050",
                "sign": expected("1538054050GET/users/self/verify"),
            }
        ],
    }


def test_a_demo_account_is_named_in_every_request() -> None:
    signer = RequestSigner("key", SECRET, "pass", is_demo=True)

    assert signer.get("/p", 0).headers["x-simulated-trading"] == "1"
    assert signer.post("/p", "{}", 0, Lane.ENTRY).headers["x-simulated-trading"] == "1"


def test_nothing_is_signed_without_credentials() -> None:
    signer = RequestSigner()
    attempts: list[Callable[[], Any]] = [
        lambda: signer.get("/p", 0),
        lambda: signer.post("/p", "{}", 0, Lane.ENTRY),
        lambda: signer.login(0),
    ]

    for attempt in attempts:
        with pytest.raises(ConfigError, match="no API key"):
            attempt()


@pytest.mark.parametrize(
    "given_", [("key",), ("", "secret"), ("", "", "pass"), ("key", "secret"), ("key", "", "pass")]
)
def test_credentials_that_are_not_whole_are_refused(given_: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="goes with"):
        RequestSigner(*given_)


def test_the_secret_shows_nowhere() -> None:
    signer = RequestSigner("key", "top-secret", "pass")

    held = [repr(getattr(signer, name)) for name in signer.__slots__]
    assert not any("top-secret" in text for text in [repr(signer), *held])


@pytest.mark.parametrize(
    ("text", "expected_"),
    [("BTC-USDT-SWAP", "BTC-USDT-SWAP"), ("币-USDT", "%E5%B8%81-USDT"), ("a&b=/c", "a%26b%3D%2Fc")],
)
def test_queries_are_percent_encoded(text: str, expected_: str) -> None:
    assert encoded(text) == expected_
