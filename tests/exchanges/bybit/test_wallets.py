import msgspec
import pytest

from arbitrage.domain.errors import MalformedData
from arbitrage.exchanges.bybit.auth import RequestSigner
from arbitrage.exchanges.bybit.wallets import wallets, wallets_request
from arbitrage.exchanges.order_gateway import Answer
from arbitrage.net.venue_plan import WalletState


def chain(deposit: str, withdraw: str) -> dict[str, str]:
    return {"chain": "ETH", "chainDeposit": deposit, "chainWithdraw": withdraw}


def test_all_coins_are_asked_for_at_once() -> None:
    request = wallets_request(RequestSigner("key", "secret"), 1_700_000_000_000_000_000)
    assert request.target == "/v5/asset/coin/query-info?"


def test_a_coin_is_open_if_one_of_its_chains_is() -> None:
    rows = [
        {"coin": "MNT", "chains": [chain("0", "1"), chain("1", "0")]},
        {"coin": "LUNA", "chains": [chain("0", "0")]},
        {"coin": "OLD", "chains": []},
    ]
    answer = Answer(200, msgspec.json.encode({"retCode": 0, "result": {"rows": rows}}))

    assert wallets(answer) == {
        "MNT": WalletState(can_deposit=True, can_withdraw=True),
        "LUNA": WalletState(can_deposit=False, can_withdraw=False),
        "OLD": WalletState(can_deposit=False, can_withdraw=False),
    }


def test_a_state_that_is_not_told_is_malformed() -> None:
    with pytest.raises(MalformedData):
        wallets(Answer(200, b'{"retCode":0,"result":{"rows":[{"coin":"MNT","chains":[{}]}]}}'))
