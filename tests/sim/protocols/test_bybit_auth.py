import pytest
from sim_bybit import login, signature, signed_headers

from arbitrage.sim.protocols.bybit_auth import AccountCheck
from arbitrage.sim.protocols.bybit_errors import BybitRefusal

NOW_MS = 1_795_004_000_000
CHECK = AccountCheck("sim-key", "sim-secret")


def code_of(headers: dict[str, str], signed: str = "a=1", now_ms: int = NOW_MS) -> int:
    with pytest.raises(BybitRefusal) as caught:
        CHECK.check(headers, signed, now_ms)
    return caught.value.code


def test_a_signed_request_in_time_passes() -> None:
    headers = signed_headers(NOW_MS, "a=1")
    for now_ms in (NOW_MS - 999, NOW_MS, NOW_MS + 5_000):
        CHECK.check(headers, "a=1", now_ms)


def test_a_request_out_of_its_window_is_refused() -> None:
    headers = signed_headers(NOW_MS, "a=1")
    assert code_of(headers, now_ms=NOW_MS - 1_000) == 10002
    assert code_of(headers, now_ms=NOW_MS + 5_001) == 10002


def test_the_window_is_the_clients_or_five_seconds() -> None:
    payload = f"{NOW_MS}sim-keya=1"
    headers = {
        "X-BAPI-API-KEY": "sim-key",
        "X-BAPI-TIMESTAMP": str(NOW_MS),
        "X-BAPI-SIGN": signature(payload),
    }
    CHECK.check(headers, "a=1", NOW_MS + 5_000)
    assert code_of(headers, now_ms=NOW_MS + 5_001) == 10002


def test_a_wrong_signature_or_key_is_refused() -> None:
    headers = signed_headers(NOW_MS, "a=1")
    assert code_of(headers, "a=2") == 10004
    assert code_of({**headers, "X-BAPI-SIGN": ""}) == 10004
    assert code_of({**headers, "X-BAPI-API-KEY": "other"}) == 10003
    assert code_of({}) == 10003


@pytest.mark.parametrize("timestamp", ["", "soon", "²", "9" * 30])
def test_an_untimed_request_is_refused(timestamp: str) -> None:
    payload = f"{timestamp}sim-key5000a=1"
    headers = {
        **signed_headers(NOW_MS, "a=1"),
        "X-BAPI-TIMESTAMP": timestamp,
        "X-BAPI-SIGN": signature(payload),
    }
    assert code_of(headers) == 10002


def test_a_login_holds_until_it_expires() -> None:
    args = login(NOW_MS)
    CHECK.check_login(args, NOW_MS)
    CHECK.check_login([args[0], str(args[1]), args[2]], NOW_MS)
    with pytest.raises(BybitRefusal, match="expires"):
        CHECK.check_login(args, args[1])


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (None, 10001),
        ([], 10001),
        (["sim-key", 1], 10001),
        (["other", *login(NOW_MS)[1:]], 10003),
        (login(NOW_MS, "wrong"), 10004),
    ],
)
def test_a_login_that_is_not_signed_is_refused(args: object, code: int) -> None:
    with pytest.raises(BybitRefusal) as caught:
        CHECK.check_login(args, NOW_MS)
    assert caught.value.code == code
