from typing import Any

import msgspec
import pytest

from arbitrage.domain.errors import MalformedData
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.bybit.maintenance import reason, status_request
from arbitrage.exchanges.order_gateway import Answer

NOTICE = {
    "id": "4d95b2a0-587f-11f0-bcc9-56f28c94d6ea",
    "title": "t06",
    "state": "ongoing",
    "begin": "1751596902000",
    "end": "1751597011000",
    "href": "",
    "serviceTypes": [2, 3, 4, 5],
    "product": [1, 2],
    "uidSuffix": [],
    "maintainType": 1,
    "env": 1,
}


def told(*notices: dict[str, Any]) -> Answer:
    listed = [{**NOTICE, **notice} for notice in notices]
    return Answer(200, msgspec.json.encode({"retCode": 0, "result": {"list": listed}}))


def test_anybody_may_ask() -> None:
    assert (status_request().target, dict(status_request().headers)) == ("/v5/system/status", {})


@pytest.mark.parametrize("state", ["scheduled", "completed", "canceled"])
def test_only_what_is_going_on_takes_the_venue_down(state: str) -> None:
    assert reason(Category.LINEAR, told({}, {"state": state, "title": "other"})) == "t06"
    assert reason(Category.LINEAR, told({"state": state})) == ""
    assert reason(Category.LINEAR, told()) == ""


def test_maintenance_concerns_the_products_that_it_names() -> None:
    futures = told({"product": [1]})
    assert reason(Category.LINEAR, futures) == "t06"
    assert reason(Category.SPOT, futures) == ""
    assert reason(Category.SPOT, told({"product": []})) == "t06"


@pytest.mark.parametrize("env", [2, "2"])
def test_maintenance_of_the_demo_service_is_not_ours(env: object) -> None:
    assert reason(Category.SPOT, told({"env": env})) == ""


def test_several_reasons_are_all_told() -> None:
    assert reason(Category.SPOT, told({}, {"title": "t07"})) == "t06; t07"


def test_what_cannot_be_read_is_no_all_clear() -> None:
    with pytest.raises(MalformedData):
        reason(Category.SPOT, Answer(200, b'{"retCode":0,"result":{}}'))
