import json

import pytest

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.exchanges.binance_spot import wallet_api
from arbitrage.exchanges.binance_spot.auth import RequestSigner
from arbitrage.exchanges.order_gateway import Answer
from arbitrage.net.venue_plan import KeyRights, WalletState

SIGNER = RequestSigner("key", "secret")
NOW_NS = 1_700_000_000_000_000_000


def said(body: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode())


def test_what_is_asked_of_the_account_is_signed() -> None:
    for request, path in (
        (wallet_api.rights_request(SIGNER, NOW_NS), "/sapi/v1/account/apiRestrictions"),
        (wallet_api.coins_request(SIGNER, NOW_NS), "/sapi/v1/capital/config/getall"),
    ):
        assert request.target.startswith(f"{path}?timestamp=1700000000000&recvWindow=5000&sig")
        assert (request.headers["X-MBX-APIKEY"], request.weight) == ("key", 0)
    assert wallet_api.status_request(NOW_NS).target == "/sapi/v1/system/status"


def test_rights_are_read_and_never_assumed() -> None:
    told = {"enableWithdrawals": False, "enableSpotAndMarginTrading": True}
    assert wallet_api.rights(said(told)) == KeyRights(can_trade=True, can_withdraw=False)
    with pytest.raises(MalformedData, match="enableWithdrawals"):
        wallet_api.rights(said({"enableSpotAndMarginTrading": True}))
    with pytest.raises(ConfigError, match="-2015"):
        wallet_api.rights(said({"code": -2015, "msg": "Invalid API-key"}, 401))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"status": 0, "msg": "normal"}, ""),
        ({"status": 1, "msg": "system_maintenance"}, "system_maintenance"),
        ({"status": 1}, "system status 1"),
    ],
)
def test_only_a_normal_status_is_no_maintenance(status: object, reason: str) -> None:
    assert wallet_api.maintenance(said(status)) == reason


def test_a_coin_moves_if_one_of_its_networks_does() -> None:
    def network(can_deposit: bool, can_withdraw: bool) -> dict[str, bool]:
        return {"depositEnable": can_deposit, "withdrawEnable": can_withdraw}

    coins = [
        {"coin": "BTC", "networkList": [network(True, False), network(False, False)]},
        {"coin": "XRP", "networkList": []},
    ]
    assert wallet_api.coins(said(coins)) == {
        "BTC": WalletState(can_deposit=True, can_withdraw=False),
        "XRP": WalletState(can_deposit=False, can_withdraw=False),
    }
