"""What is said of a wrong configuration: short, with the nearest right word."""

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError
from small_market import instruments_of, small

from arbitrage.config_problems import problems, unknown_market


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    depth: int = 1


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    inner: Inner | None = None
    many: list[Inner] = []
    named: dict[str, Inner] = {}
    width: int = 1


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ({"widht": 2}, "widht is '2': no such key; expected width?"),
        ({"zzz": 2}, "zzz is '2': no such key; expected one of inner, many, named, width"),
        ({"inner": {"dept": 2}}, "inner.dept is '2': no such key; expected depth?"),
        ({"many": [{}, {"dept": 2}]}, "many[1].dept is '2': no such key; expected depth?"),
        ({"named": {"width": {"dept": 2}}}, "named.width.dept is '2': no such key; expected de"),
        ({"inner": {"depth": "x"}}, "inner.depth is 'x': Input should be a valid integer"),
        ({"many": 3}, "many is '3': expected a list in brackets"),
        ({"named": {"a": 3}}, "named.a is '3': expected a table"),
    ],
)  # fmt: skip
def test_a_problem_names_the_key_the_value_and_what_was_expected(
    raw: dict[str, object], line: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Outer.model_validate(raw)
    (told,) = problems(refused.value, Outer)
    assert told.startswith(line)


def test_a_table_is_not_printed_whole() -> None:
    with pytest.raises(ValidationError) as refused:
        Outer.model_validate({"width": {"secret": "x" * 1000}})
    (told,) = problems(refused.value, Outer)
    assert told.startswith("width: Input should be")


def test_an_unknown_symbol_is_answered_with_those_that_are_near() -> None:
    instruments = instruments_of(small())
    told = unknown_market("routes[0].a", ("upbit", "KRW-BTX"), instruments)
    assert told.startswith("routes[0].a is 'upbit:KRW-BTX': upbit has no such symbol; expected one")
    assert "KRW-BTC" in told
    far = unknown_market("routes[0].a", ("upbit", "XYZ"), instruments)
    assert far.endswith("expected one of KRW-BTC, KRW-ETH, KRW-USDT, KRW-XRP")


def test_a_long_list_of_symbols_is_cut() -> None:
    (instrument, *_) = instruments_of(small()).values()
    many = {("upbit", f"S{number:02d}"): instrument for number in range(20)}
    assert unknown_market("a", ("upbit", "?"), many).endswith("S06, S07, ...")


def test_an_unknown_venue_is_answered_with_those_that_there_are() -> None:
    told = unknown_market("fx.book", ("kraken", "KRW-USDT"), instruments_of(small()))
    assert told.endswith("no market of kraken is known here; venues: binance-usdm, upbit")
    assert unknown_market("fx.book", ("kraken", "X"), {}).endswith("venues: none")
