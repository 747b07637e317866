"""What is handed to the writer of one venue, and what is counted."""

from pathlib import Path

from store.builders import T0, book

from arbitrage.domain.events import (
    BalanceUpdate,
    BookDelta,
    Event,
    Funding,
    MarketTrade,
    VenueStatus,
)
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ONE
from arbitrage.exchanges.order_gateway import Answer
from arbitrage.store.background_writer import BackgroundWriter
from arbitrage.store.raw_frames import Kind, venue_records
from arbitrage.store.recording import Recording
from arbitrage.venue_recorder import VenueRecorder


def delta(ts_ns: int, seq: int, prev_seq: int) -> BookDelta:
    return BookDelta(ts_ns, "upbit", "KRW-ETH", [(100.0, 1.0)], [], seq, prev_seq)


def told(path: Path, *events: Event) -> VenueRecorder:
    writer = BackgroundWriter(path, on_failure=lambda: None)
    writer.market(Instrument.from_symbol("upbit", "KRW-ETH"), FeeSchedule())
    recorder = VenueRecorder("upbit", writer)
    for event in events:
        recorder.on_event(event)
    writer.close()
    return recorder


def test_what_happens_in_the_market_is_recorded_and_nothing_else(tmp_path: Path) -> None:
    market = [
        book(T0),
        MarketTrade(T0 + 1, "upbit", "KRW-ETH", 100.0, 1.0, Side.BUY),
        Funding(T0 + 2, "upbit", "KRW-ETH", 0.0001, T0),
    ]
    others = [
        VenueStatus(T0, "upbit", False, "gone"),
        VenueStatus(T0, "upbit", True),
        BalanceUpdate(T0, "upbit", "KRW", ONE),
    ]
    recorder = told(tmp_path / "rec", *market, *others)
    assert list(Recording(tmp_path / "rec").events()) == market
    assert (recorder.counts.events, recorder.counts.down) == (3, 1)


def test_a_gap_is_a_whole_book_that_is_lost_and_counted_once(tmp_path: Path) -> None:
    empty = book(T0)
    empty.bids, empty.asks = [], []
    recorder = told(
        tmp_path / "rec",
        empty,  # nothing was known before
        book(T0, seq=1),
        delta(T0 + 1, 2, 1),
        delta(T0 + 2, 9, 8),  # does not follow
        delta(T0 + 3, 10, 9),
        book(T0 + 4, seq=11),
        empty,
        empty,
    )
    assert recorder.counts.gaps == 2


def test_messages_answers_and_losses_are_told_apart(tmp_path: Path) -> None:
    writer = BackgroundWriter(tmp_path / "rec", on_failure=lambda: None)
    recorder = VenueRecorder("upbit", writer)
    recorder.frame("upbit book 1", b"{}", T0)
    recorder.lost(["KRW-ETH", "KRW-BTC"], T0 + 1)
    recorder.answer("KRW-ETH", Answer(200, b'{"a":\n1}'), T0 + 2)
    writer.close()
    records = [(each.kind, each.data) for each in venue_records(tmp_path / "rec", "upbit")]
    assert records == [
        (Kind.FRAME, b"{}"),
        (Kind.LOST, b"KRW-ETH\nKRW-BTC"),
        (Kind.ANSWER, b'KRW-ETH\n200\n{"a":\n1}'),
    ]
    folders = {path.name for path in (tmp_path / "rec/frames/venue=upbit").iterdir()}
    assert folders == {"connection=book-1", "connection=session"}
    assert (recorder.counts.frames, recorder.counts.bytes) == (1, 2)
