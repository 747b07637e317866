import pytest
from multidict import MultiDict

from arbitrage.sim.protocols.upbit_errors import UpbitRefusal
from arbitrage.sim.protocols.upbit_params import names, params_of, time_ns, whole_number


def test_names_that_end_in_brackets_are_lists() -> None:
    query = MultiDict([("market", "KRW-BTC"), ("states[]", "done"), ("states[]", "cancel")])
    assert params_of(query) == {"market": "KRW-BTC", "states[]": ["done", "cancel"]}


def test_numbers_have_bounds_and_a_default() -> None:
    assert whole_number({}, "count", default=1, most=9) == 1
    assert whole_number({"count": "9"}, "count", default=1, most=9) == 9
    for wrong in ("0", "10", "x", "-1", "²"):
        with pytest.raises(UpbitRefusal, match="validation_error"):
            whole_number({"count": wrong}, "count", default=1, most=9)


def test_names_are_separated_by_commas_in_any_case() -> None:
    assert names({"markets": "krw-btc,,KRW-ETH"}, "markets") == ["KRW-BTC", "KRW-ETH"]
    assert names({}, "markets") == []


def test_times_are_iso_or_milliseconds() -> None:
    assert time_ns({"t": "1750741013000"}, "t") == 1_750_741_013_000_000_000
    assert time_ns({"t": "2025-06-24T13:56:53+09:00"}, "t") == 1_750_741_013_000_000_000
    assert time_ns({}, "t") is None
    with pytest.raises(UpbitRefusal, match="validation_error"):
        time_ns({"t": "yesterday"}, "t")
