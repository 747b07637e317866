from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sim_usdm import usdm_core

from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_params import (
    Span,
    choice,
    flag,
    limit_of,
    market_of,
    markets_of,
    number,
    whole,
)


def code_of(read: Callable[[], Any]) -> int:
    with pytest.raises(BinanceRefusal) as refused:
        read()
    return refused.value.code


def test_a_market_is_named_and_listed() -> None:
    core = usdm_core()
    assert market_of({"symbol": "BTCUSDT"}, core).base == "BTC"
    assert code_of(lambda: market_of({}, core)) == -1102
    assert code_of(lambda: market_of({"symbol": "btcusdt"}, core)) == -1121
    assert [rules.symbol for rules in markets_of({}, core)] == ["BTCUSDT", "ETHUSDT"]
    assert len(markets_of({"symbol": "ETHUSDT"}, core)) == 1


def test_a_number_is_plain_digits() -> None:
    assert number({"price": "9000.10"}, "price") == Decimal("9000.10")
    assert code_of(lambda: number({}, "price")) == -1102
    for text in ("1e3", "-1", "abc", ".5", "1" * 21):
        assert code_of(lambda text=text: number({"price": text}, "price")) == -1100


def test_a_whole_number_may_be_left_out() -> None:
    assert whole({"orderId": "12"}, "orderId") == 12
    assert whole({}, "orderId") is None
    assert code_of(lambda: whole({"orderId": "1.5"}, "orderId")) == -1100


def test_rows_are_bounded() -> None:
    assert limit_of({}, default=500, most=1000) == 500
    assert limit_of({"limit": "1000"}, default=500, most=1000) == 1000
    assert code_of(lambda: limit_of({"limit": "1001"}, default=500, most=1000)) == -1130


def test_a_flag_is_true_or_false_in_any_letters() -> None:
    assert flag({"reduceOnly": "TRUE"}, "reduceOnly")
    assert not flag({}, "reduceOnly")
    assert code_of(lambda: flag({"reduceOnly": "yes"}, "reduceOnly")) == -1100


def test_a_choice_must_be_made() -> None:
    assert choice({"side": "BUY"}, "side", ("BUY", "SELL"), -1117) == "BUY"
    assert code_of(lambda: choice({}, "side", ("BUY",), -1117)) == -1102
    assert code_of(lambda: choice({"side": "buy"}, "side", ("BUY",), -1117)) == -1117


def test_a_span_has_both_its_ends() -> None:
    span = Span({"startTime": "10", "endTime": "20"}, default=2, most=5)
    assert [span.covers(ms * 1_000_000) for ms in (9, 10, 20, 21)] == [False, True, True, False]


def test_the_first_rows_are_given_from_a_start_on_else_the_latest() -> None:
    assert Span({"startTime": "1"}, default=2, most=5).rows([1, 2, 3]) == [1, 2]
    assert Span({}, default=2, most=5).rows([1, 2, 3]) == [2, 3]
    assert Span({}, default=2, most=5).rows([1, 2, 3], is_from_start=True) == [1, 2]
