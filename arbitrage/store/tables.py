"""The six tables of a recording: which events they hold and in which columns.

Every table opens with `ts_ns` and `seq`, the order of recording. Funding and FX rates lie on no
grid and are stored as float64; every other price and quantity is a whole number of units.
"""

from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any

import numpy as np
import pyarrow as pa

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import (
    BookDelta,
    BookQuote,
    BookSnapshot,
    Funding,
    MarketEvent,
    MarketTrade,
)
from arbitrage.domain.fx import FxQuote
from arbitrage.store.fields import (
    Column,
    Field,
    LevelsField,
    PlainField,
    RefusedRow,
    SideField,
    UnitField,
    Units,
)
from arbitrage.store.layout import Stream


class Table:
    """One kind of event of a market. `fields` are its attributes after time, venue and symbol,
    in the order of the event's constructor."""

    def __init__(self, name: str, event_type: type, fields: Sequence[Field]) -> None:
        self.name = name
        self.event_type = event_type
        self.fields = tuple(fields)
        columns: dict[str, pa.DataType] = {"ts_ns": pa.int64(), "seq": pa.int64()}
        for field in fields:
            columns.update(field.columns)
        self.schema = pa.schema(
            [pa.field(column, kind, nullable=False) for column, kind in columns.items()]
        )

    def stream(self, event: Any) -> Stream:
        """Where `event` belongs."""
        return Stream(self.name, event.venue, event.symbol)

    def batch(self, events: Sequence[Any], seqs: Sequence[int], units: Units) -> pa.RecordBatch:
        """`events` as columns. Raises `RefusedRow` for one that the units cannot hold exactly."""
        columns: list[Column] = [
            pa.array([event.ts_ns for event in events], pa.int64()),
            pa.array(seqs, pa.int64()),
        ]
        for field in self.fields:
            values = [getattr(event, field.attribute) for event in events]
            try:
                columns += field.encode(values, units)
            except RefusedRow as error:
                row = error.row
                raise RefusedRow(
                    row,
                    f"{self.name} of {' '.join(self.stream(events[row])[1:])}, ts_ns "
                    f"{events[row].ts_ns}, row {row} of its block: {error}; it is not recorded",
                ) from error
        return pa.record_batch(columns, schema=self.schema)

    def reader(
        self, batch: pa.RecordBatch, stream: Stream, units: Units
    ) -> Callable[[int, int], list[MarketEvent]]:
        """Makes the events of any stretch of the rows in `batch`, equal to those written."""
        ts_ns = np.asarray(batch.column("ts_ns"))
        readers = [
            field.reader([batch.column(name) for name in field.columns], units)
            for field in self.fields
        ]
        before, after = self._constants(stream)

        def events(start: int, stop: int) -> list[MarketEvent]:
            return list(
                map(
                    self.event_type,
                    ts_ns[start:stop].tolist(),
                    *map(repeat, before),
                    *(values(start, stop) for values in readers),
                    *map(repeat, after),
                )
            )

        return events

    def _constants(self, stream: Stream) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What every event of `stream` has in common: arguments before and after the fields."""
        return (stream.venue, stream.symbol), ()


class _FxTable(Table):
    """FX rates belong to a pair of currencies and to the source that named the rate."""

    def stream(self, event: Any) -> Stream:
        return Stream(self.name, event.source, f"{event.base}/{event.quote}")

    def _constants(self, stream: Stream) -> tuple[tuple[str, ...], tuple[str, ...]]:
        base, _, quote = stream.symbol.partition("/")
        return (base, quote), (stream.venue,)


_INT, _FLOAT = pa.int64(), pa.float64()
TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "books",
            BookSnapshot,
            [
                LevelsField("bids", "bid"),
                LevelsField("asks", "ask"),
                PlainField("seq", "book_seq", _INT),
            ],
        ),
        Table(
            "deltas",
            BookDelta,
            [
                LevelsField("bids", "bid"),
                LevelsField("asks", "ask"),
                PlainField("seq", "book_seq", _INT),
                PlainField("prev_seq", "prev_book_seq", _INT),
            ],
        ),
        Table(
            "quotes",
            BookQuote,
            [
                UnitField("bid", "bid_ticks"),
                UnitField("bid_qty", "bid_lots"),
                UnitField("ask", "ask_ticks"),
                UnitField("ask_qty", "ask_lots"),
            ],
        ),
        Table(
            "trades",
            MarketTrade,
            [
                UnitField("price", "price_ticks"),
                UnitField("qty", "qty_lots"),
                SideField("side", "is_buy"),
            ],
        ),
        Table(
            "funding",
            Funding,
            [
                PlainField("rate", "rate", _FLOAT),
                PlainField("next_ts_ns", "next_ts_ns", _INT),
                PlainField("mark_price", "mark_price", _FLOAT),
            ],
        ),
        _FxTable(
            "fx",
            FxQuote,
            [PlainField("bid", "bid", _FLOAT), PlainField("ask", "ask", _FLOAT)],
        ),
    )
}
_TABLE_OF = {table.event_type: table for table in TABLES.values()}


def table_of(event: MarketEvent) -> Table:
    """The table of an event. Raises `MalformedData` for what no recording holds."""
    table = _TABLE_OF.get(type(event))
    if table is None:
        raise MalformedData(
            f"{type(event).__name__} is no market event; a recording holds {', '.join(TABLES)}"
        )
    return table
