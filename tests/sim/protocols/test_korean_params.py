import pytest
from multidict import MultiDict

from arbitrage.domain.units import NS_PER_DAY
from arbitrage.sim.protocols.korean_errors import InvalidValue
from arbitrage.sim.protocols.korean_params import (
    choice,
    names,
    number,
    params_of,
    span_ns,
    states,
    time_ns,
    whole_number,
)


def test_names_that_end_in_brackets_are_lists() -> None:
    query = MultiDict([("market", "KRW-BTC"), ("states[]", "done"), ("states[]", "cancel")])
    assert params_of(query) == {"market": "KRW-BTC", "states[]": ["done", "cancel"]}


def test_numbers_have_bounds_and_a_default() -> None:
    assert whole_number({}, "count", default=1, most=9) == 1
    assert whole_number({"count": "9"}, "count", default=1, most=9) == 9
    for wrong in ("0", "10", "x", "-1", "²"):
        with pytest.raises(InvalidValue, match="valid value"):
            whole_number({"count": wrong}, "count", default=1, most=9)


def test_names_are_separated_by_commas_in_any_case() -> None:
    assert names({"markets": "krw-btc,,KRW-ETH"}, "markets") == ["KRW-BTC", "KRW-ETH"]
    assert names({}, "markets") == []


def test_times_are_iso_or_milliseconds() -> None:
    assert time_ns({"t": "1750741013000"}, "t") == 1_750_741_013_000_000_000
    assert time_ns({"t": "2025-06-24T13:56:53+09:00"}, "t") == 1_750_741_013_000_000_000
    assert time_ns({}, "t") is None
    with pytest.raises(InvalidValue, match="valid value"):
        time_ns({"t": "yesterday"}, "t")


def test_a_span_that_is_half_given_is_as_long_as_it_may_be() -> None:
    day = NS_PER_DAY // 1_000_000
    assert span_ns({}, 9 * NS_PER_DAY, 7 * NS_PER_DAY) == (2 * NS_PER_DAY, 9 * NS_PER_DAY)
    begun = {"start_time": str(day)}
    assert span_ns(begun, 9 * NS_PER_DAY, 7 * NS_PER_DAY) == (NS_PER_DAY, 8 * NS_PER_DAY)
    ended = {"end_time": str(8 * day)}
    assert span_ns(ended, 9 * NS_PER_DAY, 7 * NS_PER_DAY) == (NS_PER_DAY, 8 * NS_PER_DAY)
    both = {"start_time": str(day), "end_time": str(9 * day)}
    assert span_ns(both, 9 * NS_PER_DAY, 7 * NS_PER_DAY) == (NS_PER_DAY, 9 * NS_PER_DAY)


def test_states_are_one_or_several() -> None:
    assert states({"state": "wait"}) == {"wait"}
    assert states({"states[]": ["done", "cancel"]}) == {"done", "cancel"}
    assert states({}) == set()


def test_a_choice_is_one_of_what_is_allowed() -> None:
    assert choice({"side": "bid"}, "side", {"bid", "ask"}) == "bid"
    assert choice({}, "smp", {"none"}, default="none") == "none"
    assert choice({}, "condition", {"ioc", ""}) == ""
    for wrong in ({}, {"side": "up"}, {"side": 1}):
        with pytest.raises(InvalidValue, match="side is missing"):
            choice(wrong, "side", {"bid", "ask"})


def test_numbers_are_positive_and_may_be_text() -> None:
    assert number({"price": "1.5"}, "price") == number({"price": 1.5}, "price")
    assert number({"price": ""}, "price") is None
    for wrong in ("much", "NaN", "-1", "0"):
        with pytest.raises(InvalidValue, match="price does not have"):
            number({"price": wrong}, "price")
