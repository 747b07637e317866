import json
from typing import Any

import pytest

from arbitrage.sim.protocols.korean_subscription import (
    RequestRules,
    StreamRefusal,
    read_subscription,
)

RULES = RequestRules(
    level_counts=(1, 15, 30),
    only_snapshot=("is_only_snapshot", "isOnlySnapshot"),
    only_realtime=("is_only_realtime",),
)


def read(*parts: Any, is_private: bool = False) -> Any:
    return read_subscription(json.dumps(list(parts)), RULES, is_private=is_private)


def refusal(frame: str, *, is_private: bool = False) -> str:
    with pytest.raises(StreamRefusal) as refused:
        read_subscription(frame, RULES, is_private=is_private)
    error = json.loads(refused.value.frame())["error"]
    assert error["message"]
    assert error["name"] == refused.value.name
    return refused.value.name


def test_a_request_is_read_whole() -> None:
    asked = read(
        {"ticket": "x"},
        {"type": "orderbook", "codes": ["KRW-BTC.15", "KRW-ETH"], "level": 10_000},
        {"type": "trade", "codes": ["KRW-BTC"], "is_only_realtime": True},
        {"format": "SIMPLE_LIST"},
    )
    book, trade = asked.topics
    assert book.codes == {"KRW-BTC": 15, "KRW-ETH": 30}
    assert (book.level, book.wants_snapshot, book.wants_realtime) == (10_000.0, True, True)
    assert (trade.wants_snapshot, trade.wants_realtime) == (False, True)
    assert (asked.ticket, asked.is_simple, asked.is_list) == ("x", True, True)


def test_numbers_of_levels_that_do_not_exist_mean_all() -> None:
    (topic,) = read({"ticket": "x"}, {"type": "orderbook", "codes": ["KRW-BTC.7"]}).topics
    assert topic.codes == {"KRW-BTC": 30}


def test_only_the_venues_own_names_of_flags_are_understood() -> None:
    flags = {"isOnlySnapshot": True, "isOnlyRealtime": True}
    (topic,) = read({"ticket": "x"}, {"type": "ticker", "codes": ["KRW-BTC"], **flags}).topics
    assert (topic.wants_snapshot, topic.wants_realtime) == (True, False)


def test_private_topics_may_be_about_everything() -> None:
    orders, assets = read(
        {"ticket": "x"}, {"type": "myOrder"}, {"type": "myAsset"}, is_private=True
    ).topics
    assert orders.covers("KRW-ANY")
    assert assets.covers("")
    (some,) = read(
        {"ticket": "x"}, {"type": "myOrder", "codes": ["KRW-BTC"]}, is_private=True
    ).topics
    assert not some.covers("KRW-ETH")


def test_subscriptions_can_be_asked_for() -> None:
    assert read({"ticket": "x"}, {"method": "LIST_SUBSCRIPTIONS"}).is_list_request


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        ("hello", "WRONG_FORMAT"),
        ('{"ticket":"x"}', "WRONG_FORMAT"),
        ('[{"type":"ticker","codes":["KRW-BTC"]}]', "NO_TICKET"),
        ('[{"ticket":""},{"type":"ticker","codes":["KRW-BTC"]}]', "NO_TICKET"),
        ('[{"ticket":"x"}]', "NO_TYPE"),
        ('[{"ticket":"x"},{"type":"ticker"}]', "NO_CODES"),
        ('[{"ticket":"x"},{"type":"ticker","codes":[]}]', "INVALID_PARAM"),
        ('[{"ticket":"x"},{"type":"ticker","codes":"KRW-BTC"}]', "WRONG_FORMAT"),
        ('[{"ticket":"x"},{"type":"gossip","codes":["KRW-BTC"]}]', "INVALID_PARAM"),
        ('[{"ticket":"x"},{"type":"myOrder"}]', "INVALID_AUTH"),
        ('[{"ticket":"x"},{"type":"ticker","codes":["A"]},{"format":"XML"}]', "WRONG_FORMAT"),
    ],
)
def test_what_is_wrong_is_refused_by_its_name(frame: str, name: str) -> None:
    assert refusal(frame) == name


def test_the_private_endpoint_has_its_own_rules() -> None:
    with_codes = '[{"ticket":"x"},{"type":"myAsset","codes":["KRW-BTC"]}]'
    assert refusal(with_codes, is_private=True) == "WRONG_FORMAT"
    public = '[{"ticket":"x"},{"type":"ticker","codes":["KRW-BTC"]}]'
    assert refusal(public, is_private=True) == "INVALID_PARAM"
