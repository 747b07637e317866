"""Reading: the events that were written, in the order in which they happened, and nothing whole."""

import gc
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store.builders import DAY0, EVENTS, MARKETS, T0, book, record

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import BookQuote, MarketEvent, MarketTrade
from arbitrage.domain.fx import FxQuote
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_DAY
from arbitrage.store import recording as recording_module
from arbitrage.store.layout import Stream
from arbitrage.store.recording import Recording

QUOTE = BookQuote(T0 + 1, "bithumb", "KRW-ETH", 99.5, 1.0, 100.5, 2.0)
TRADE = MarketTrade(T0 + 2, "binance", "BTC/USDT:USDT", 64000.1, 0.003, Side.SELL)
RATE = FxQuote(T0 + 3, "USDT", "KRW", 1380.5, 1381.5, "upbit")
MIXED = [book(T0), QUOTE, TRADE, RATE, book(T0 + 4)]


@pytest.fixture
def mixed(tmp_path: Path) -> Recording:
    return Recording(record(tmp_path / "rec", MIXED))


@settings(max_examples=40)
@given(
    events=st.lists(EVENTS, max_size=25),
    cut=st.integers(0, 25),
    start=st.none() | st.integers(DAY0, DAY0 + 2 * NS_PER_DAY),
    length=st.none() | st.integers(0, NS_PER_DAY),
)
def test_a_recording_replays_what_was_recorded_in_order_of_time(
    tmp_path_factory: pytest.TempPathFactory,
    events: list[MarketEvent],
    cut: int,
    start: int | None,
    length: int | None,
) -> None:
    path = tmp_path_factory.mktemp("rec")
    record(path, events[:cut])
    record(path, events[cut:])
    in_order = sorted(events, key=lambda event: event.ts_ns)
    recording = Recording(path)
    assert list(recording.events()) == in_order
    assert recording.count() == len(events)
    end = None if length is None else (start or DAY0) + length
    assert list(recording.events(start, end)) == [
        event
        for event in in_order
        if (start is None or event.ts_ns >= start) and (end is None or event.ts_ns < end)
    ]


def test_events_of_one_moment_keep_the_order_of_recording(tmp_path: Path) -> None:
    venues = ["upbit", "bithumb", "bithumb", "upbit", "bithumb"]
    events = [book(T0, venue=venue, seq=number) for number, venue in enumerate(venues)]
    assert list(Recording(record(tmp_path / "rec", events)).events()) == events


def test_small_steps_give_the_same_events(
    mixed: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_module, "_MIN_STEP_ROWS", 1)
    monkeypatch.setattr(recording_module, "_MAX_STEP_ROWS", 1)
    assert list(mixed.events()) == MIXED


def test_a_recording_knows_what_it_holds(mixed: Recording) -> None:
    assert set(mixed.instruments) == set(MARKETS)
    assert mixed.venues == ("binance", "bithumb", "upbit")
    assert mixed.symbols["upbit"] == ("KRW-ETH",)
    assert mixed.time_range() == (T0, T0 + 4)
    assert mixed.streams == (
        Stream("books", "upbit", "KRW-ETH"),
        Stream("fx", "upbit", "USDT/KRW"),
        Stream("quotes", "bithumb", "KRW-ETH"),
        Stream("trades", "binance", "BTC/USDT:USDT"),
    )


def test_chosen_streams_are_read_alone(mixed: Recording) -> None:
    streams = [stream for stream in mixed.streams if stream.table in ("fx", "quotes")]
    assert list(mixed.events(streams=streams)) == [QUOTE, RATE]
    assert mixed.count(streams) == 2
    assert mixed.time_range(streams) == (T0 + 1, T0 + 3)


def test_an_empty_recording_has_no_events(tmp_path: Path) -> None:
    recording = Recording(record(tmp_path / "rec", []))
    assert list(recording.events()) == []
    assert recording.count() == 0
    assert recording.time_range() is None
    assert recording.streams == ()


@pytest.mark.parametrize("is_on", [True, False])
def test_the_collector_is_left_as_it_was(mixed: Recording, is_on: bool) -> None:
    was_on = gc.isenabled()
    try:
        (gc.enable if is_on else gc.disable)()
        for _ in mixed.events():
            assert gc.isenabled() is is_on
    finally:
        (gc.enable if was_on else gc.disable)()


def test_a_torn_part_stops_the_replay_with_its_name(mixed: Recording) -> None:
    (part,) = mixed.path.glob("quotes/**/*.parquet")
    part.write_bytes(part.read_bytes()[:-8])
    with pytest.raises(MalformedData, match=r"venue=bithumb.*part-000\.parquet cannot be read"):
        list(mixed.events())


def test_an_unknown_table_is_refused(mixed: Recording) -> None:
    folder = mixed.path / "candles/venue=upbit/symbol=KRW-ETH/day=2024-04-27"
    folder.mkdir(parents=True)
    with pytest.raises(MalformedData, match="no table 'candles'; expected books"):
        list(mixed.events())


def test_a_day_without_parts_is_no_stream(mixed: Recording) -> None:
    (mixed.path / "books/venue=okx/symbol=BTC-USDT/day=2024-04-27").mkdir(parents=True)
    assert "okx" not in {stream.venue for stream in mixed.streams}


def test_columns_are_the_stored_integers(mixed: Recording) -> None:
    (columns,) = mixed.columns("books", "upbit", "KRW-ETH")
    assert columns["ts_ns"].tolist() == [T0, T0 + 4]
    assert columns["bid_ticks"].tolist() == [10000, 9900, 10000, 9900]
    assert columns["bid_ticks_offsets"].tolist() == [0, 2, 4]
    assert columns["ask_lots"].tolist() == [200_000_000, 1] * 2
    (trades,) = mixed.columns("trades", "binance", "BTC/USDT:USDT")
    assert trades["is_buy"].tolist() == [False]


def test_columns_of_what_is_not_recorded_are_refused(mixed: Recording) -> None:
    with pytest.raises(ConfigError, match="no deltas of upbit KRW-ETH; recorded are books upbit"):
        next(mixed.columns("deltas", "upbit", "KRW-ETH"))


def test_duckdb_reads_a_recording_as_it_is(mixed: Recording) -> None:
    rows = duckdb.sql(
        "select venue, symbol, day, ts_ns, bid_ticks[1] * 0.01 as best_bid "
        f"from read_parquet('{mixed.path}/books/**/*.parquet', hive_partitioning = true) "
        "order by ts_ns"
    ).fetchall()
    assert [(venue, symbol, str(day)) for venue, symbol, day, _, _ in rows] == [
        ("upbit", "KRW-ETH", "2024-04-27")
    ] * 2
    assert [(ts_ns, float(bid)) for _, _, _, ts_ns, bid in rows] == [(T0, 100.0), (T0 + 4, 100.0)]


def test_polars_reads_a_recording_as_it_is(mixed: Recording) -> None:
    trades = pl.read_parquet(mixed.path / "trades", hive_partitioning=True)
    (row,) = trades.select("venue", "symbol", "price_ticks", "qty_lots", "is_buy").rows()
    assert row == ("binance", "BTC/USDT:USDT", 6400010, 300_000, False)
