"""Whether a currency can be moved."""

import pytest

from arbitrage.domain.errors import MalformedData
from arbitrage.exchanges.okx.auth import RequestSigner
from arbitrage.exchanges.okx.wallets import wallets, wallets_request
from arbitrage.exchanges.order_gateway import Answer
from arbitrage.net.venue_plan import WalletState

NETWORKS = (
    b'{"code":"0","data":[{"ccy":"USDT","chain":"USDT-TRC20","canDep":true,"canWd":false},'
    b'{"ccy":"USDT","chain":"USDT-ERC20","canDep":false,"canWd":true},'
    b'{"ccy":"LUNA","chain":"LUNA-Terra","canDep":false,"canWd":false}],"msg":""}'
)


def test_one_open_network_opens_a_wallet() -> None:
    assert wallets(Answer(200, NETWORKS)) == {
        "USDT": WalletState(can_deposit=True, can_withdraw=True),
        "LUNA": WalletState(can_deposit=False, can_withdraw=False),
    }


def test_wallets_are_asked_for_with_a_signature() -> None:
    request = wallets_request(RequestSigner("key", "secret", "pass"), 10**18)
    assert request.target == "/api/v5/asset/currencies"
    assert "OK-ACCESS-SIGN" in request.headers


def test_what_cannot_be_read_is_malformed() -> None:
    with pytest.raises(MalformedData):
        wallets(Answer(200, b'{"code":"0","data":[{"ccy":"USDT"}]}'))
