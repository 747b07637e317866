import json

import pytest

from arbitrage.domain.errors import MalformedData, Unavailable
from arbitrage.exchanges.bithumb.wallets import wallets
from arbitrage.exchanges.order_gateway import Answer
from arbitrage.net.venue_plan import WalletState


def told(*states: tuple[str, str]) -> Answer:
    rows = [
        {"currency": currency, "wallet_state": state, "block_state": "normal", "net_type": "X"}
        for currency, state in states
    ]
    return Answer(200, json.dumps(rows).encode())


@pytest.mark.parametrize(
    ("state", "can_deposit", "can_withdraw"),
    [
        ("working", True, True),
        ("deposit_only", True, False),
        ("withdraw_only", False, True),
        ("paused", False, False),
        ("something new", False, False),
    ],
)
def test_a_wallet_can_do_what_its_state_says(
    state: str, can_deposit: bool, can_withdraw: bool
) -> None:
    assert wallets(told(("BTC", state))) == {"BTC": WalletState(can_deposit, can_withdraw)}


def test_one_open_network_is_enough() -> None:
    states = wallets(told(("USDT", "paused"), ("USDT", "deposit_only"), ("USDT", "withdraw_only")))
    assert states == {"USDT": WalletState(can_deposit=True, can_withdraw=True)}


def test_what_cannot_be_read_is_told() -> None:
    with pytest.raises(MalformedData):
        wallets(Answer(200, b"{}"))
    with pytest.raises(Unavailable, match="jwt_verification"):
        wallets(Answer(401, b'{"error":{"name":"jwt_verification"}}'))
