from collections.abc import Callable

import msgspec
import pytest

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.exchanges.bybit.auth import RequestSigner
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.bybit.key_rights import key_request, key_rights
from arbitrage.exchanges.order_gateway import Answer
from arbitrage.net.venue_plan import KeyRights

ALL = {"ContractTrade": ["Order", "Position"], "Spot": ["SpotTrade"], "Wallet": ["AccountTransfer"]}


def told(read_only: int = 0, **permissions: list[str]) -> Answer:
    result = {"readOnly": read_only, "permissions": {**ALL, **permissions}}
    return Answer(200, msgspec.json.encode({"retCode": 0, "result": result}))


def test_the_key_is_asked_about_itself() -> None:
    request = key_request(RequestSigner("key", "secret"), 1_700_000_000_000_000_000)
    assert request.target == "/v5/user/query-api?"
    assert request.headers["X-BAPI-API-KEY"] == "key"


@pytest.mark.parametrize("category", Category)
def test_a_key_may_trade_and_not_withdraw(category: Category) -> None:
    assert key_rights(category, told()) == KeyRights(can_trade=True, can_withdraw=False)


@pytest.mark.parametrize("category", Category)
def test_a_key_that_can_withdraw_is_known(category: Category) -> None:
    rights = key_rights(category, told(Wallet=["AccountTransfer", "Withdraw"]))
    assert rights.can_withdraw


@pytest.mark.parametrize(
    ("category", "answer", "can_trade"),
    [
        (Category.LINEAR, told(1), False),
        (Category.SPOT, told(1), False),
        (Category.LINEAR, told(ContractTrade=["Position"]), False),
        (Category.LINEAR, told(ContractTrade=[], Derivatives=["DerivativesTrade"]), True),
        (Category.SPOT, told(Spot=[]), False),
    ],
)
def test_what_a_key_may_trade_is_told_by_category(
    category: Category, answer: Answer, can_trade: bool
) -> None:
    assert key_rights(category, answer).can_trade is can_trade


def test_a_key_of_which_the_rights_are_not_told_is_not_believed_harmless(
    answer: Callable[..., Answer],
) -> None:
    with pytest.raises(MalformedData):
        key_rights(Category.SPOT, Answer(200, b'{"retCode":0,"result":{"readOnly":0}}'))
    with pytest.raises(ConfigError):
        key_rights(Category.SPOT, answer(code=10003))
