"""A replay is a function of its recording and settings: the same digest, and books that balance."""

import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_market import SMALL, D, events_of, fees_of, instruments_of, record, small

from arbitrage import replay_runner
from arbitrage.config import parse
from arbitrage.domain.errors import ConfigError
from arbitrage.replay_runner import replay
from arbitrage.store.levels_csv import import_levels_csv
from arbitrage.store.recording import Recording
from arbitrage.store.recording_writer import RecordingWriter

ETH = """
[venues.upbit]
balances = { KRW = 100000000, ETH = 20 }
fees = { taker_bps = 5 }
[venues.bithumb]
balances = { KRW = 100000000, ETH = 20 }
fees = { taker_bps = 4 }
[fx]
rate = 1375
[terms]
kind = "inventory"
min_edge_bps = 1
slippage_bps = 0
max_position_usd = 3000
max_book_age_seconds = 10
max_leg_skew_seconds = 10
[[routes]]
name = "eth"
a = "upbit:KRW-ETH"
b = "bithumb:KRW-ETH"
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record(tmp_path_factory.mktemp("rec"), small(), events_of(small(), 20))


@pytest.fixture(scope="module")
def replayed(recording: Recording) -> dict[str, Any]:
    return replay(recording, small())


def test_the_same_recording_twice_gives_the_same_report(
    recording: Recording, replayed: dict[str, Any]
) -> None:
    assert len(replayed["trades"]) > 0
    assert replay(recording, small()) == replayed


PROGRAM = """
import json, sys
from pathlib import Path
from arbitrage.config import load
from arbitrage.replay_runner import replay
from arbitrage.store.recording import Recording
print(json.dumps(replay(Recording(sys.argv[1]), load(Path(sys.argv[2])))))
"""


@pytest.mark.parametrize("seed", ["0", "4242"])
def test_the_report_is_the_same_under_any_hash_seed(
    recording: Recording, replayed: dict[str, Any], tmp_path: Path, seed: str
) -> None:
    config = tmp_path / "small.toml"
    config.write_text(SMALL)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(recording.path), str(config)],
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == replayed


def test_other_settings_give_another_digest(recording: Recording, replayed: dict[str, Any]) -> None:
    dearer = replay(recording, small(("min_edge_bps = 2", "min_edge_bps = 40")))
    assert dearer["digest"] != replayed["digest"]
    assert dearer["events"] == replayed["events"] == recording.count()


def test_the_books_balance_and_tie_out(replayed: dict[str, Any]) -> None:
    assert set(replayed["ledger_residual"].values()) == {"0"}
    assert replayed["ties_out"] is True
    assert not any(D(amount) < 0 for of in replayed["balances"].values() for amount in of.values())


def test_fees_are_those_of_the_recording_where_the_settings_name_none(
    recording: Recording, replayed: dict[str, Any]
) -> None:
    assert recording.fees["upbit", "KRW-BTC"].taker_bps == 5.0
    assert all(D(trade["fees"]) < 0 for trade in replayed["trades"])
    free = "fees = { taker_bps = 0 }\n"
    settings = small(
        ("[venues.upbit]\n", f"[venues.upbit]\n{free}"),
        ("USDT = 50000 }\n", f"USDT = 50000 }}\n{free}"),
    )
    assert {trade["fees"] for trade in replay(recording, settings)["trades"]} == {"0"}


def test_progress_is_told_in_events(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_runner, "_REPORT_EVERY", 100)
    told: list[int] = []
    replay(recording, small(), on_progress=told.append)
    assert told == list(range(100, recording.count() + 1, 100))


@pytest.mark.parametrize("is_enabled", [True, False])
def test_the_collector_is_left_as_it_was_found(recording: Recording, is_enabled: bool) -> None:
    seen: list[bool] = []
    before = gc.isenabled()
    (gc.enable if is_enabled else gc.disable)()
    try:
        replay(recording, small(), on_progress=lambda _: seen.append(gc.isenabled()))
        assert gc.isenabled() is is_enabled
    finally:
        (gc.enable if before else gc.disable)()
    assert True not in seen


def test_a_route_to_a_market_that_was_not_recorded_is_refused(recording: Recording) -> None:
    solana = parse(SMALL.replace('bases = ["BTC", "ETH", "XRP"]', 'bases = ["SOL"]'))
    with pytest.raises(ConfigError, match=r"routes\[0\].a is 'upbit:KRW-SOL': upbit has no such"):
        replay(recording, solana)


def test_a_recording_without_events_gives_a_report_of_nothing(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "rec") as writer:
        for market, instrument in instruments_of(small()).items():
            writer.instrument(instrument, fees=fees_of(small())[market])
    report = replay(Recording(tmp_path / "rec"), small())
    assert (report["events"], report["trades"], report["orders_sent"]) == (0, [], 0)


@pytest.mark.realdata
def test_real_books_of_two_venues_are_traded_and_every_won_is_accounted_for(
    eth_books: Path, tmp_path: Path
) -> None:
    for venue in ("upbit", "bithumb"):
        (source,) = eth_books.glob(f"*{venue}*.csv.gz")
        import_levels_csv(
            source, tmp_path / "rec", venue=venue, symbol="KRW-ETH", timezone="Asia/Seoul"
        )
    recording, settings = Recording(tmp_path / "rec"), parse(ETH)
    report = replay(recording, settings)
    assert report["events"] == 3764 + 4325
    assert len(report["trades"]) > 10
    assert {row["exit_reason"] for row in report["trades"]} <= {
        "complete",
        "unfilled",
        "taken_back",
    }
    assert set(report["ledger_residual"].values()) == {"0"}
    assert report["ties_out"] is True
    eth = sum(D(of["ETH"]) for of in report["balances"].values())
    won = sum(D(of["KRW"]) for of in report["balances"].values())
    assert (eth, report["routes"]["eth"]["dust"]) == (40, "0")
    assert won - 200_000_000 == pytest.approx(D(report["routes"]["eth"]["pnl"]), abs=D("0.001"))
    assert won > 200_000_000
    assert replay(recording, settings)["digest"] == report["digest"]
