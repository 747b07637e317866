"""The command as a user types it: in a process of its own, judged by what it prints."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

BOOKS = """price|quantity|type|timestamp
{bid}|1.5|0|2024-04-27 17:40:0{second}.000
{ask}|2.5|1|2024-04-27 17:40:0{second}.000
"""


def arb(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "arbitrage.cli", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two books of each of two venues, imported by the command itself."""
    folder = tmp_path_factory.mktemp("cli")
    out = folder / "rec"
    for venue, price in (("upbit", 4_620_000), ("bithumb", 4_600_000)):
        rows = [
            BOOKS.format(bid=price, ask=price + 1000, second=1),
            *BOOKS.format(bid=price, ask=price + 1000, second=3).splitlines(keepends=True)[1:],
        ]
        file = folder / f"{venue}.csv.gz"
        file.write_bytes(gzip.compress("".join(rows).encode()))
        done = arb(
            *("import", str(file), "--format", "levels-csv", "--venue", venue),
            *("--symbol", "KRW-ETH", "--timezone", "Asia/Seoul", "--out", str(out), "--json"),
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["snapshots"] == 2
    return out


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "replay.toml"
    file.write_text(
        """
        [venues.upbit]
        balances = { KRW = 50000000, ETH = 10 }
        fees = { taker_bps = 5 }
        [venues.bithumb]
        balances = { KRW = 50000000, ETH = 10 }
        fees = { taker_bps = 4 }
        [fx]
        rate = 1380.0
        [terms]
        kind = "inventory"
        min_edge_bps = 5
        [[routes]]
        a = "upbit:KRW-ETH"
        b = "bithumb:KRW-ETH"
        """,
        encoding="utf-8",
    )
    return file


def test_help_names_every_command() -> None:
    done = arb("--help")
    assert done.returncode == 0
    for command in ("demo", "paper", "import", "scan", "replay", "doctor", "bench"):
        assert command in done.stdout


def test_scan_prints_one_json_object(recording: Path) -> None:
    done = arb(
        *("scan", str(recording), "--route", "upbit:KRW-ETH,bithumb:KRW-ETH"),
        *("--taker-bps", "upbit=5,bithumb=4", "--ignore-rules", "--json"),
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["evaluations"] == 3
    directions = result["routes"][0]["directions"]
    assert directions["LONG_B_SHORT_A"]["gross_above_bps"]["30"] == 1.0
    assert directions["LONG_B_SHORT_A"]["opportunities"] == 3
    assert directions["LONG_A_SHORT_B"]["opportunities"] == 0


def test_scan_shows_a_table_and_draws_a_plot(recording: Path, tmp_path: Path) -> None:
    plot = tmp_path / "edge.html"
    done = arb(
        *("scan", str(recording), "--route", "upbit:KRW-ETH,bithumb:KRW-ETH"),
        *("--plot", str(plot)),
    )
    assert done.returncode == 0, done.stderr
    assert "3 evaluations" in done.stdout
    assert "<html" in plot.read_text(encoding="utf-8")


def test_replay_gives_the_same_digest_under_any_hash_seed(recording: Path, settings: Path) -> None:
    results = [
        json.loads(
            arb(
                *("replay", str(recording), "--config", str(settings), "--json"),
                PYTHONHASHSEED=seed,
            ).stdout
        )
        for seed in ("1", "2")
    ]
    assert results[0] == results[1]
    assert results[0]["digest"] == results[1]["digest"]
    assert len(results[0]["trades"]) == 2
    assert results[0]["ties_out"] is True
    assert set(results[0]["ledger_residual"].values()) == {"0"}


def test_replay_shows_a_table(recording: Path, settings: Path) -> None:
    done = arb("replay", str(recording), "--config", str(settings), COLUMNS="140")
    assert done.returncode == 0, done.stderr
    assert "upbit:KRW-ETH,bithumb:KRW-ETH" in done.stdout
    assert "ties out" in done.stdout


def test_import_reports_what_was_wrong_with_line_numbers(tmp_path: Path) -> None:
    file = tmp_path / "torn.csv"
    file.write_text(BOOKS.format(bid=100, ask=101, second=1) + "100|x|0|2024-04-27 17:40:01.000\n")
    done = arb(
        *("import", str(file), "--venue", "upbit", "--symbol", "KRW-ETH"),
        *("--out", str(tmp_path / "rec")),
    )
    assert done.returncode == 0, done.stderr
    assert "1 problems" in done.stdout
    assert "line 4" in done.stdout


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    done = arb(
        *("import", "x", "--format", "excel", "--venue", "v", "--symbol", "KRW-ETH"),
        *("--out", str(tmp_path)),
    )
    assert done.returncode == 2
    assert "levels-csv" in done.stderr


@pytest.mark.parametrize(
    ("route", "expected"),
    [("upbit:KRW-ETH", "route"), ("upbit:KRW-NOPE,bithumb:KRW-ETH", "KRW-NOPE")],
)
def test_a_wrong_route_is_one_clear_message(recording: Path, route: str, expected: str) -> None:
    done = arb("scan", str(recording), "--route", route)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_no_recording_is_refused(tmp_path: Path, settings: Path) -> None:
    done = arb("replay", str(tmp_path / "nothing"), "--config", str(settings))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_wrong_key_names_itself(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text("[venues.upbit]\nlatencyms = 3\n")
    done = arb("paper", "--config", str(file))
    assert done.returncode == 2
    assert "venues.upbit.latencyms" in done.stderr


def test_the_demo_ends_after_its_seconds_with_a_report() -> None:
    done = arb("demo", "--json", DEMO_SECONDS="0.5")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["events"] > 20
    assert len(report["routes"]) == 20
    assert report["ties_out"] is True


def test_the_demo_prints_its_summary_without_a_terminal() -> None:
    done = arb("demo", "--language", "ko", DEMO_SECONDS="0.3")
    assert done.returncode == 0, done.stderr
    assert "모의 시장" in done.stdout


def test_an_interrupt_ends_a_session_in_order() -> None:
    demo = Path(__file__).parents[1] / "arbitrage" / "demo.toml"
    process = subprocess.Popen(
        [sys.executable, "-m", "arbitrage.cli", "paper", "--config", str(demo), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=20)
    assert process.returncode == 0, error
    assert json.loads(out)["ties_out"] is True


def test_a_recorded_session_replays_to_the_same_digest(tmp_path: Path) -> None:
    demo = Path(__file__).parents[1] / "arbitrage" / "demo.toml"
    rec = tmp_path / "rec"
    traded = arb(
        *("paper", "--config", str(demo), "--seconds", "1.5", "--record", str(rec), "--json")
    )
    assert traded.returncode == 0, traded.stderr
    replayed = arb("replay", str(rec), "--config", str(demo), "--json")
    assert replayed.returncode == 0, replayed.stderr
    live, again = json.loads(traded.stdout), json.loads(replayed.stdout)
    assert again["digest"] == live["digest"]
    assert again["balances"] == live["balances"]


def test_doctor_passes_the_demo_and_fails_what_cannot_trade(tmp_path: Path) -> None:
    demo = Path(__file__).parents[1] / "arbitrage" / "demo.toml"
    assert arb("doctor", "--config", str(demo), "--offline").returncode == 0
    poor = tmp_path / "poor.toml"
    text = demo.read_text(encoding="utf-8").replace("balances = { USDT = 100000 }", "")
    poor.write_text(text, encoding="utf-8")
    done = arb("doctor", "--config", str(poor), "--offline", "--json")
    assert done.returncode == 1
    findings = json.loads(done.stdout)["findings"]
    assert any(finding["name"] == "balances" and finding["advice"] for finding in findings)


def test_doctor_asks_venues_over_the_wire() -> None:
    done = arb("doctor", "--venue", "upbit=KRW-BTC", "--venue", "okx", "--sim")
    assert done.returncode == 0, done.stderr
    assert "ok   upbit stream: a book of each of 1 markets came" in done.stdout
    assert "ok   okx rights: the key can trade and cannot withdraw" in done.stdout


def test_doctor_wants_something_to_look_at() -> None:
    done = arb("doctor")
    assert done.returncode == 2
    assert "expected --config FILE or --venue NAME" in done.stderr


def test_bench_prints_figures_with_goals() -> None:
    done = arb("bench", "--quick", "--only", "walk", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures
    assert set(figures[0]) == {"name", "p50", "p99", "unit", "goal", "met"}


def test_a_reader_that_leaves_early_is_no_error(recording: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m arbitrage.cli scan {recording} --route "
        "upbit:KRW-ETH,bithumb:KRW-ETH --json | true",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
