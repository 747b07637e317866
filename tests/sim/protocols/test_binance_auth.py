import pytest
from sim_usdm import signed

from arbitrage.sim.protocols.binance_auth import (
    AccountCheck,
    read_params,
    sent_text,
    sorted_text,
)
from arbitrage.sim.protocols.binance_errors import BinanceRefusal

NOW_MS = 1_795_000_000_000
QUERY = f"symbol=BTCUSDT&timestamp={NOW_MS}"


@pytest.fixture
def check() -> AccountCheck:
    return AccountCheck("sim-key", "sim-secret")


def code_of(check: AccountCheck, query: str, body: str = "") -> int:
    """The code with which a request is refused, zero if it is not."""
    try:
        check.check(sent_text(query, body), read_params(query, body), NOW_MS)
    except BinanceRefusal as refusal:
        return refusal.code
    return 0


def test_the_published_example_is_signed_right() -> None:
    """The venue's own example of HMAC keys [D general-info]."""
    secret = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
    query = (
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC"
        "&recvWindow=5000&timestamp=1591702613943"
    )
    digest = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
    assert signed(query, secret).endswith(digest)
    params = {"timestamp": "1591702613943", "signature": digest, "recvWindow": "5000"}
    AccountCheck("key", secret).check(query, params, 1_591_702_613_943)


def test_parameters_may_be_in_query_body_or_both(check: AccountCheck) -> None:
    assert code_of(check, signed(QUERY)) == 0
    assert code_of(check, "", signed(QUERY)) == 0
    together = signed(f"symbol=BTCUSDTside=BUY&timestamp={NOW_MS}").partition("side")[2]
    assert code_of(check, "symbol=BTCUSDT", f"side{together}") == 0


def test_the_signature_may_stand_anywhere(check: AccountCheck) -> None:
    signature = signed(QUERY).rpartition("&")[2]
    assert code_of(check, f"{signature}&{QUERY}") == 0


def test_what_was_signed_is_what_was_sent(check: AccountCheck) -> None:
    """Percent-encoded before it is signed: signed otherwise, it is refused."""
    encoded = f"newClientOrderId=a%3Ab&timestamp={NOW_MS}"
    assert code_of(check, signed(encoded)) == 0
    plain = signed(encoded.replace("%3A", ":")).rpartition("&")[2]
    assert code_of(check, f"{encoded}&{plain}") == -1022


def test_a_wrong_secret_is_refused(check: AccountCheck) -> None:
    assert code_of(check, signed(QUERY, "wrong")) == -1022
    assert code_of(check, f"{QUERY}&signature=é") == -1022


@pytest.mark.parametrize("query", ["symbol=BTCUSDT", "timestamp=soon", "timestamp="])
def test_a_request_needs_a_timestamp(check: AccountCheck, query: str) -> None:
    assert code_of(check, signed(query)) == -1102


def test_a_request_needs_a_signature(check: AccountCheck) -> None:
    assert code_of(check, QUERY) == -1102


@pytest.mark.parametrize(
    ("timestamp", "window", "code"),
    [
        (NOW_MS + 999, "", 0),
        (NOW_MS + 1_000, "", -1021),
        (NOW_MS - 5_000, "", 0),
        (NOW_MS - 5_001, "", -1021),
        (NOW_MS - 5_001, "&recvWindow=6000", 0),
        (NOW_MS, "&recvWindow=60001", -1131),
    ],
)
def test_a_request_is_neither_early_nor_late(
    check: AccountCheck, timestamp: int, window: str, code: int
) -> None:
    assert code_of(check, signed(f"timestamp={timestamp}{window}")) == code


def test_a_key_is_there_and_the_right_one(check: AccountCheck) -> None:
    check.check_key("sim-key")
    for key, code in (("", -2014), ("other", -2015)):
        with pytest.raises(BinanceRefusal) as refused:
            check.check_key(key)
        assert refused.value.code == code


def test_the_query_goes_before_the_body_and_nothing_is_said_twice() -> None:
    assert read_params("a=1", "a=2&b=3") == {"a": "1", "b": "3"}
    assert read_params("a=", "") == {}
    with pytest.raises(BinanceRefusal, match="-1101"):
        read_params("a=1&a=2", "")


def test_a_websocket_request_signs_its_parameters_in_alphabetical_order() -> None:
    """The venue's own example of HMAC keys [D web-socket-api]."""
    params = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01000000",
        "price": "52000.00",
        "newOrderRespType": "ACK",
        "recvWindow": "100",
        "timestamp": "1645423376532",
        "apiKey": "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
        "signature": "cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a",
    }
    secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    AccountCheck("key", secret).check(sorted_text(params), params, 1_645_423_376_532)
