"""Six kinds of events as tables, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store.builders import CENT, EVENTS, SATOSHI, T0, book

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import BookQuote, MarketEvent, Tick
from arbitrage.domain.fx import FxQuote
from arbitrage.store.fields import RefusedRow, Units
from arbitrage.store.integer_units import IntegerUnit
from arbitrage.store.layout import Stream
from arbitrage.store.tables import TABLES, table_of

UNITS = Units(IntegerUnit(CENT), IntegerUnit(SATOSHI))


@given(events=st.lists(EVENTS, min_size=1, max_size=12))
def test_every_event_comes_back_equal(events: list[MarketEvent]) -> None:
    for event in events:
        table = table_of(event)
        batch = table.batch([event], [5], UNITS)
        assert batch.schema.equals(table.schema)
        assert table.reader(batch, table.stream(event), UNITS)(0, 1) == [event]


def test_the_tables_are_those_of_the_format() -> None:
    assert list(TABLES) == ["books", "deltas", "quotes", "trades", "funding", "fx"]
    assert all(table.schema.names[:2] == ["ts_ns", "seq"] for table in TABLES.values())


def test_an_fx_rate_belongs_to_its_source_and_pair() -> None:
    event = FxQuote(T0, "USDT", "KRW", 1380.0, 1381.0, "upbit")
    assert table_of(event).stream(event) == Stream("fx", "upbit", "USDT/KRW")


def test_what_is_no_market_event_is_refused() -> None:
    with pytest.raises(MalformedData, match="Tick is no market event; a recording holds books"):
        table_of(Tick(T0))  # type: ignore[arg-type]


def test_a_refusal_names_the_market_and_the_moment() -> None:
    quotes = [BookQuote(T0 + i, "upbit", "KRW-ETH", 1.0, 1.0, 1.001 + i, 1.0) for i in range(2)]
    with pytest.raises(RefusedRow, match=f"quotes of upbit KRW-ETH, ts_ns {T0}, row 0 .* ask: 1.0"):
        TABLES["quotes"].batch(quotes, [0, 1], UNITS)


def test_a_stretch_of_rows_is_read_alone() -> None:
    books = [book(T0 + number, seq=number) for number in range(5)]
    batch = TABLES["books"].batch(books, range(5), UNITS)
    read = TABLES["books"].reader(batch, Stream("books", "upbit", "KRW-ETH"), UNITS)
    assert read(2, 4) == books[2:4]
