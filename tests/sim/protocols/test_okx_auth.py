"""What OKX looks at before it believes a request or a login."""

from typing import Any

import pytest
from sim_okx import NOW_NS, headers, login

from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.protocols.okx_auth import AccountCheck
from arbitrage.sim.protocols.okx_errors import OkxRefusal

TARGET = "/api/v5/account/balance?ccy=BTC"
CHECK = AccountCheck("sim-key", "sim-secret", "sim-pass")


def check(now_ns: int = NOW_NS, body: str = "", **changes: str) -> None:
    signed = headers("GET", TARGET, "", NOW_NS)
    CHECK.check_request(
        {**signed, **{name.replace("_", "-"): text for name, text in changes.items()}},
        "GET",
        TARGET,
        body,
        now_ns,
    )


def test_a_signed_request_is_believed_and_may_come_twice() -> None:
    check()
    check()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"OK_ACCESS_KEY": ""}, "50103"),
        ({"OK_ACCESS_PASSPHRASE": ""}, "50104"),
        ({"OK_ACCESS_SIGN": ""}, "50106"),
        ({"OK_ACCESS_TIMESTAMP": ""}, "50107"),
        ({"OK_ACCESS_KEY": "other"}, "50111"),
        ({"OK_ACCESS_TIMESTAMP": "1538054050"}, "50112"),
        ({"OK_ACCESS_PASSPHRASE": "other"}, "50105"),
        ({"OK_ACCESS_SIGN": "other"}, "50113"),
        ({"x_simulated_trading": "1"}, "50101"),
        ({"body": "{}"}, "50113"),
    ],
)
def test_what_is_missing_or_wrong_has_its_code(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(OkxRefusal) as refused:
        check(**changes)
    assert refused.value.code == code


@pytest.mark.parametrize("seconds", [-31, 31])
def test_a_request_lives_thirty_seconds(seconds: int) -> None:
    check(NOW_NS + 29 * NS_PER_SECOND)
    with pytest.raises(OkxRefusal, match="50102"):
        check(NOW_NS + seconds * NS_PER_SECOND)


def test_a_login_is_believed() -> None:
    CHECK.check_login(login(NOW_NS)["args"][0], NOW_NS)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"apiKey": ""}, "60027"),
        ({"apiKey": "other"}, "60005"),
        ({"passphrase": "other"}, "60024"),
        ({"timestamp": "soon"}, "60004"),
        ({"timestamp": "1538054050"}, "60006"),
        ({"sign": "other"}, "60007"),
    ],
)
def test_a_login_fails_with_its_code(changes: dict[str, str], code: str) -> None:
    with pytest.raises(OkxRefusal) as refused:
        CHECK.check_login(login(NOW_NS, **changes)["args"][0], NOW_NS)
    assert refused.value.code == code
