from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from arbitrage.domain.units import NS_PER_MS, NS_PER_SECOND
from arbitrage.sim.protocols.bybit_errors import BybitRefusal, wrong
from arbitrage.sim.protocols.bybit_params import (
    Span,
    category_of,
    choice,
    limit_of,
    number,
    page,
    read_body,
    read_query,
    whole,
)
from arbitrage.sim.protocols.bybit_wire import Category


def rows_of(cursor: str, limit: int = 2) -> tuple[list[int], str]:
    params = dict(parse_qsl(f"limit={limit}&cursor={cursor}"))
    return page([3, 1, 5, 2, 4], lambda row: row, params, default=20, most=50)


def test_queries_and_bodies_are_read_alike() -> None:
    assert read_query("a=1&b=&c=x%3A1") == {"a": "1", "c": "x:1"}
    body = '{"a":1,"b":"","c":true,"d":null,"e":"x"}'
    assert read_body(body) == {"a": "1", "c": "true", "e": "x"}
    assert read_body("") == {}


@pytest.mark.parametrize("body", ["[]", "{", "1", "\x00"])
def test_a_body_that_is_no_object_is_refused(body: str) -> None:
    with pytest.raises(BybitRefusal, match="no JSON object"):
        read_body(body)


def test_a_category_must_be_named() -> None:
    assert category_of({"category": "spot"}) is Category.SPOT
    for other in ({}, {"category": "inverse"}):
        with pytest.raises(BybitRefusal, match="Category"):
            category_of(other)


def test_numbers_are_plain_and_positive() -> None:
    assert number({"qty": "0.5"}, "qty") == Decimal("0.5")
    assert (number({}, "qty"), whole({}, "limit")) == (None, None)
    assert whole({"limit": "7"}, "limit") == 7
    for text in ("-1", "1e5", "NaN", "1.", "9" * 40):
        with pytest.raises(BybitRefusal, match="qty invalid"):
            number({"qty": text}, "qty")
        with pytest.raises(BybitRefusal, match="limit invalid"):
            whole({"limit": text}, "limit")


def test_a_choice_is_one_of_those_allowed() -> None:
    assert choice({"side": "Buy"}, "side", ("Buy", "Sell"), wrong("side")) == "Buy"
    with pytest.raises(BybitRefusal, match="side"):
        choice({}, "side", ("Buy", "Sell"), wrong("side"))


def test_a_page_is_never_longer_than_the_venue_allows() -> None:
    assert limit_of({}, default=20, most=50) == 20
    for text in ("0", "51"):
        with pytest.raises(BybitRefusal, match="limit"):
            limit_of({"limit": text}, default=20, most=50)


def test_pages_lead_from_the_newest_to_an_empty_one() -> None:
    seen, cursor = [], ""
    while True:
        rows, cursor = rows_of(cursor)
        if not rows:
            break
        seen.append(rows)
    assert seen == [[5, 4], [3, 2], [1]]
    assert cursor == ""


def test_a_foreign_cursor_is_refused() -> None:
    with pytest.raises(BybitRefusal, match="cursor"):
        rows_of("elsewhere")


def test_a_span_has_both_its_ends() -> None:
    span = Span({"startTime": "1000", "endTime": "2000"}, NS_PER_SECOND)
    covered = [ms for ms in (999, 1000, 2000, 2001) if span.covers(ms * NS_PER_MS)]
    assert covered == [1000, 2000]
    open_ended = Span({"startTime": "1000"}, NS_PER_SECOND)
    assert open_ended.covers(1999 * NS_PER_MS)
    assert not open_ended.covers(2000 * NS_PER_MS)
    assert Span({}, NS_PER_SECOND).covers(10**18)
