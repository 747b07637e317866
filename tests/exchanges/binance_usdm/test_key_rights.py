import json

import pytest

from arbitrage.domain.errors import MalformedData
from arbitrage.exchanges.binance_usdm.auth import RequestSigner
from arbitrage.exchanges.binance_usdm.key_rights import rights, rights_request
from arbitrage.exchanges.order_gateway import Answer
from arbitrage.net.venue_plan import KeyRights


def test_the_question_is_signed_and_costs_no_budget_here() -> None:
    request = rights_request(RequestSigner("key", "secret"), 1_700_000_000_000_000_000)
    assert request.target.startswith("/sapi/v1/account/apiRestrictions?timestamp=1700000000000")
    assert (request.headers["X-MBX-APIKEY"], request.weight) == ("key", 0)


def test_rights_are_read_and_never_assumed() -> None:
    told = {"enableWithdrawals": True, "enableFutures": False}
    answer = Answer(200, json.dumps(told).encode())
    assert rights(answer) == KeyRights(can_trade=False, can_withdraw=True)
    with pytest.raises(MalformedData, match="enableWithdrawals"):
        rights(Answer(200, b'{"enableFutures":true}'))
