"""Parameters are text, whatever they were."""

from decimal import Decimal

import pytest

from arbitrage.sim.protocols.okx_errors import OkxRefusal
from arbitrage.sim.protocols.okx_params import (
    Page,
    count_of,
    inst_type_of,
    many_of_body,
    needed,
    number_of,
    of_body,
    of_query,
    one_of_body,
    positive,
    whole,
)


def test_a_query_and_a_body_give_the_same_parameters() -> None:
    assert of_query("instId=BTC-USDT&sz=5") == {"instId": "BTC-USDT", "sz": "5"}
    body = of_body('{"instId":"BTC-USDT","sz":5,"reduceOnly":true,"px":null}')
    assert one_of_body(body) == {
        "instId": "BTC-USDT",
        "sz": "5",
        "reduceOnly": "true",
        "px": "",
    }


@pytest.mark.parametrize(("body", "code"), [("", "50000"), ("{", "50002")])
def test_a_body_that_is_none_is_refused(body: str, code: str) -> None:
    with pytest.raises(OkxRefusal, match=code):
        of_body(body)


def test_one_and_many_are_told_apart() -> None:
    assert many_of_body([{"a": 1}], most=2) == [{"a": "1"}]
    for broken, code in (({}, "50002"), ([], "51000"), ([{}] * 3, "51000"), ([1], "50002")):
        with pytest.raises(OkxRefusal, match=code):
            many_of_body(broken, most=2)


def test_numbers_are_read_or_refused() -> None:
    assert positive({"sz": "0.5"}, "sz") == Decimal("0.5")
    assert (whole({"n": "7"}, "n"), whole({}, "n")) == (7, None)
    assert count_of({}, "limit", default=100, most=100) == 100
    assert number_of("12") == 12
    for text, code in (("", "50014"), ("-1", "51000"), ("0", "51000"), ("1e3", "51000")):
        with pytest.raises(OkxRefusal, match=code):
            positive({"sz": text}, "sz")
    with pytest.raises(OkxRefusal, match="51000"):
        whole({"n": "x"}, "n")
    with pytest.raises(OkxRefusal, match="51000"):
        count_of({"limit": "101"}, "limit", default=1, most=100)
    with pytest.raises(OkxRefusal, match="51000"):
        number_of("x")
    with pytest.raises(OkxRefusal, match="50014"):
        needed({}, "instId")


def test_kinds_are_known_or_refused() -> None:
    assert (inst_type_of({"instType": "SWAP"}), inst_type_of({})) == ("SWAP", "")
    with pytest.raises(OkxRefusal, match="50014"):
        inst_type_of({}, is_needed=True)
    with pytest.raises(OkxRefusal, match="51000"):
        inst_type_of({"instType": "NOPE"})


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"limit": "2"}, [5, 4]),
        ({"after": "4"}, [3, 2, 1]),
        ({"before": "3"}, [5, 4]),
        ({"begin": "2", "end": "4"}, [4, 3, 2]),
    ],
)
def test_a_page_is_newest_first(params: dict[str, str], expected: list[int]) -> None:
    rows = [(number, number * 1_000_000, number) for number in range(1, 6)]
    assert Page(params, number_of).rows(rows) == expected
