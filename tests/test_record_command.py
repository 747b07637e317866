"""Recording simulated venues over sockets: what is on disk is what was sent, whatever happened."""

import json
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from raw_replay import recorded, replayed
from rich.console import Console
from sim_venues import RunningVenues, running

from arbitrage import record_command as module
from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.events import BookDelta, BookSnapshot, Funding, MarketEvent, MarketTrade
from arbitrage.exchanges.order_gateway import Channel
from arbitrage.monitoring.record_status import RecordProgress
from arbitrage.record_command import (
    DEFAULT_CHANNELS,
    RecordTerms,
    parse_channels,
    parse_symbols,
    run_record,
)
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.serve import VENUES as SIMULATED
from arbitrage.sim.serve import synthetic_market
from arbitrage.simulators import Addresses
from arbitrage.store.raw_frames import venue_records
from arbitrage.store.recording import Recording

UPBIT, USDM = "upbit", "binance-usdm"
SYMBOLS = {UPBIT: "KRW-BTC,KRW-USDT", USDM: "BTCUSDT,ETHUSDT"}
FAULTS = """
seed = 3
[[fault]]
kind = "gap"
share = 0.1
[[fault]]
kind = "duplicate"
share = 0.05
[[fault]]
kind = "disconnect"
on = "frame"
share = 0.04
"""


@pytest.fixture(scope="module")
def venues() -> Iterator[RunningVenues]:
    market = synthetic_market([UPBIT, USDM], 1, bases=["BTC", "ETH"])
    with running([UPBIT, USDM], market) as started:
        yield started


def addresses(venues: RunningVenues) -> dict[str, Addresses]:
    return {
        venue: Addresses(server.rest_url, server.ws_url)
        for venue, server in venues.venues.servers.items()
    }


def terms(venues: RunningVenues, out: Path, **changes: object) -> RecordTerms:
    first = RecordTerms(
        symbols=SYMBOLS, out=out, seconds=1.5, addresses=addresses(venues), flush_seconds=0.2
    )
    return msgspec.structs.replace(first, **changes)


def by_stream(events: list[MarketEvent]) -> dict[tuple[type, str], list[MarketEvent]]:
    streams: dict[tuple[type, str], list[MarketEvent]] = defaultdict(list)
    for event in events:
        assert isinstance(event, BookSnapshot | BookDelta | MarketTrade | Funding)
        streams[type(event), event.symbol].append(event)
    return streams


# --- what is recorded ---------------------------------------------------------------------------


def test_every_event_of_every_channel_is_recorded(venues: RunningVenues, tmp_path: Path) -> None:
    done = run_record(terms(venues, tmp_path / "rec"), shows_status=False)
    recording = Recording(tmp_path / "rec")
    assert recording.count() == sum(venue.events for venue in done.venues) > 20
    assert recording.symbols == {UPBIT: ("KRW-BTC", "KRW-USDT"), USDM: ("BTCUSDT", "ETHUSDT")}
    tables = {(stream.table, stream.venue) for stream in recording.streams}
    assert tables >= {("books", UPBIT), ("books", USDM), ("deltas", USDM), ("funding", USDM)}
    assert recording.fees[UPBIT, "KRW-BTC"].taker_bps > 0
    assert [venue.channels for venue in done.venues] == ["book,trades", "book,trades,funding"]
    assert done.refused == 0
    for venue in done.venues:
        records = list(venue_records(tmp_path / "rec", venue.name))
        assert venue.frames <= len(records)
        assert venue.gaps == venue.reconnects == venue.malformed == 0


def recorded_everywhere(out: Path, seconds: float, faults: str = "") -> RecordProgress:
    """Two assets at every venue that can be simulated."""
    names = list(SIMULATED)
    market = synthetic_market(names, 1, bases=["BTC", "ETH"])
    with running(names, market, FaultPlan.parse(faults)) as venues:
        everywhere = dict.fromkeys(names, "all")
        return run_record(
            terms(venues, out, symbols=everywhere, seconds=seconds), shows_status=False
        )


def test_raw_messages_decode_to_the_events_that_were_recorded(tmp_path: Path) -> None:
    done = recorded_everywhere(tmp_path / "rec", 2.0)
    for venue in done.venues:
        assert recorded(tmp_path / "rec", venue.name) == replayed(tmp_path / "rec", venue.name)
        assert venue.events > 5
        assert venue.trouble == ""


def test_raw_messages_decode_to_the_same_events_through_gaps_and_disconnects(
    tmp_path: Path,
) -> None:
    done = recorded_everywhere(tmp_path / "rec", 4.0, FAULTS)
    assert sum(venue.reconnects for venue in done.venues) > 0
    assert sum(venue.gaps for venue in done.venues) > 0
    for venue in done.venues:
        assert recorded(tmp_path / "rec", venue.name) == replayed(tmp_path / "rec", venue.name)


# --- how it ends, and goes on -------------------------------------------------------------------


def started(venues: RunningVenues, out: Path) -> subprocess.Popen[str]:
    """`arb record` at simulators that run here, in a process of its own."""
    program = (
        "import sys, msgspec\n"
        "from pathlib import Path\n"
        "from arbitrage.record_command import RecordTerms, run_record\n"
        "terms = msgspec.json.decode(\n"
        "    sys.argv[1], type=RecordTerms, dec_hook=lambda kind, text: kind(text)\n"
        ")\n"
        "done = run_record(terms, shows_status=False)\n"
        "print(msgspec.json.encode(done).decode())\n"
    )
    said = msgspec.json.encode(terms(venues, out, seconds=None), enc_hook=str)
    return subprocess.Popen(
        [sys.executable, "-c", program, said.decode()], stdout=subprocess.PIPE, text=True
    )


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.02)


def has_books(out: Path) -> bool:
    return len(list(out.glob("books/*/*/*/part-*.parquet"))) >= 8 and any(
        out.glob("deltas/*/*/*/part-001.parquet")
    )


def test_a_recording_that_was_killed_is_whole_up_to_the_last_flush_and_goes_on(
    venues: RunningVenues, tmp_path: Path
) -> None:
    out = tmp_path / "rec"
    process = started(venues, out)
    wait_for(lambda: has_books(out))
    process.kill()
    process.wait()
    before = {venue: recorded(out, venue) for venue in SYMBOLS}
    torn: list[object] = []
    for venue in SYMBOLS:
        assert list(venue_records(out, venue, torn.append))
        remade = by_stream(replayed(out, venue))
        for stream, events in by_stream(before[venue]).items():
            assert events == remade[stream][: len(events)]
    assert len(torn) <= 4  # at most the last block of each connection

    run_record(terms(venues, out, seconds=0.8), shows_status=False)
    for venue in SYMBOLS:
        after = recorded(out, venue)
        assert after[: len(before[venue])] == before[venue]
        assert len(after) > len(before[venue])
        gap = after[len(before[venue])]
        assert isinstance(gap, BookSnapshot)  # what was known is dropped first
        assert not gap.bids


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order_with_what_was_recorded(
    number: signal.Signals, venues: RunningVenues, tmp_path: Path
) -> None:
    process = started(venues, tmp_path / "rec")
    wait_for(lambda: has_books(tmp_path / "rec"))
    process.send_signal(number)
    told, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    events = sum(venue["events"] for venue in json.loads(told)["venues"])
    assert Recording(tmp_path / "rec").count() == events


# --- what is refused ----------------------------------------------------------------------------


def test_a_symbol_that_is_not_listed_is_named(venues: RunningVenues, tmp_path: Path) -> None:
    wanted = {UPBIT: "KRW-BTC,KRW-NOPE"}
    with pytest.raises(ConfigError, match=r"upbit does not list KRW-NOPE.*KRW-BTC"):
        run_record(terms(venues, tmp_path / "rec", symbols=wanted), shows_status=False)


def test_all_are_all_that_the_venue_lists(venues: RunningVenues, tmp_path: Path) -> None:
    wanted = {UPBIT: "all"}
    done = run_record(
        terms(venues, tmp_path / "rec", symbols=wanted, seconds=0.5), shows_status=False
    )
    assert done.venues[0].symbols == 3


def test_an_unknown_venue_is_refused_before_anything_is_written(
    venues: RunningVenues, tmp_path: Path
) -> None:
    for venue, reason in (("mtgox", "unknown"), ("paper", "no market data of its own")):
        wanted = terms(venues, tmp_path / "rec", symbols={venue: "all"}, addresses={})
        with pytest.raises(ConfigError, match=reason):
            run_record(wanted, shows_status=False)
    assert not (tmp_path / "rec").exists()


def test_a_channel_that_no_venue_has_is_refused(venues: RunningVenues, tmp_path: Path) -> None:
    wanted = {UPBIT: "KRW-BTC"}
    for channels in ((Channel.FUNDING,), (Channel.BOOK, Channel.FUNDING)):
        with pytest.raises(ConfigError, match="no stream of funding"):
            run_record(
                terms(venues, tmp_path / "rec", symbols=wanted, channels=channels),
                shows_status=False,
            )


def test_a_venue_that_is_never_there_is_told_and_fails(
    venues: RunningVenues, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = {UPBIT: Addresses("http://127.0.0.1:1", "ws://127.0.0.1:1")}
    with pytest.raises(Unavailable, match=r"nothing was recorded.*upbit.*again in"):
        run_record(
            terms(venues, tmp_path / "rec", symbols={UPBIT: "all"}, addresses=nowhere, seconds=0.6),
            shows_status=True,
        )
    assert "trying again" in capsys.readouterr().err


def test_a_venue_that_is_not_there_does_not_keep_another_from_being_recorded(
    venues: RunningVenues, tmp_path: Path
) -> None:
    places = {**addresses(venues), USDM: Addresses("http://127.0.0.1:1", "ws://127.0.0.1:1")}
    done = run_record(terms(venues, tmp_path / "rec", addresses=places), shows_status=False)
    assert [venue.has_opened for venue in done.venues] == [True, False]
    assert "trying again" in done.venues[1].trouble


def test_a_disk_that_fails_ends_it_with_its_reason(
    venues: RunningVenues, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("arbitrage.store.recording_writer.write_part", full)
    with pytest.raises(OSError, match="No space left"):
        run_record(terms(venues, tmp_path / "rec", seconds=20.0), shows_status=False)


def test_two_recorders_do_not_share_a_recording(venues: RunningVenues, tmp_path: Path) -> None:
    process = started(venues, tmp_path / "rec")
    try:
        wait_for((tmp_path / "rec" / "instruments.json").exists)
        with pytest.raises(Unavailable, match="another process"):
            run_record(terms(venues, tmp_path / "rec"), shows_status=False)
    finally:
        process.terminate()
        process.communicate()


# --- arguments ----------------------------------------------------------------------------------


def test_lists_of_symbols_belong_to_the_venues_in_order() -> None:
    assert parse_symbols([UPBIT, USDM], ["KRW-BTC", "all"]) == {UPBIT: "KRW-BTC", USDM: "all"}
    assert parse_symbols([UPBIT], []) == {UPBIT: "all"}
    for venues, symbols in (([], []), ([UPBIT, UPBIT], []), ([UPBIT, USDM], ["KRW-BTC"])):
        with pytest.raises(ConfigError, match="expected"):
            parse_symbols(venues, symbols)


def test_channels_are_read_once_each_and_unknown_ones_refused() -> None:
    assert parse_channels("book, trades,book,funding") == DEFAULT_CHANNELS
    for text in ("", "book,candles"):
        with pytest.raises(ConfigError, match="expected some of book"):
            parse_channels(text)


# --- what a person sees -------------------------------------------------------------------------


def test_a_terminal_shows_the_state_in_place_and_a_summary_at_the_end(
    venues: RunningVenues,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        module,
        "Console",
        lambda **options: Console(**options, force_terminal=True, width=110),
    )
    run_record(terms(venues, tmp_path / "rec", seconds=1.0), shows_status=True)
    told = capsys.readouterr()
    assert "recording" in told.err
    assert "recorded" in told.out


def test_lines_for_a_log_are_few(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 1.0, 59.0, 61.0, 62.0])
    console = Console(stderr=True, width=100)
    line = module._LineEachMinute(lambda: RecordProgress(out="rec", seconds=next(times)), console)
    for _ in range(5):
        line()
    assert capsys.readouterr().err.count("record 00:") == 1
