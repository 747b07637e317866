"""`arb scan` and `arb record` as a user types them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arbitrage.cli import app
from arbitrage.domain.errors import ConfigError
from arbitrage.store.recording import Recording

VENUES = ("--venue", "upbit", "--venue", "binance-usdm", "--sim")


def arb(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "arbitrage.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_record_then_scan_on_simulators(tmp_path: Path) -> None:
    out = tmp_path / "rec"
    symbols = ("--venue", "upbit", "--symbols", "KRW-BTC,KRW-USDT")
    more = ("--venue", "binance-usdm", "--symbols", "BTCUSDT", "--sim", "--json")
    done = arb("record", *symbols, *more, "--seconds", "2", "--out", str(out))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [venue["gaps"] for venue in told["venues"]] == [0, 0]
    assert Recording(out).count() == sum(venue["events"] for venue in told["venues"])
    route = "upbit:KRW-BTC,binance-usdm:BTCUSDT"
    scanned = arb("scan", str(out), "--route", route, "--fx", "upbit:KRW-USDT", "--json")
    assert json.loads(scanned.stdout)["evaluations"] > 0, scanned.stderr


def test_a_live_scan_prints_a_line_of_json_for_each_look() -> None:
    done = arb("scan", "--live", *VENUES, "--bases", "BTC,ETH", "--seconds", "2.5", "--json")
    assert done.returncode == 0, done.stderr
    views = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(views) == 2
    assert {row["base"] for row in views[-1]["rows"]} == {"BTC", "ETH"}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["scan"], "expected a recording"),
        (["scan", "rec"], "at least one --route"),
        (["scan", "rec", "--live", "--venue", "upbit"], "not with a recording"),
        (["scan", "--live", "--venue", "upbit"], "two or more"),
        (["scan", "--live", "--venue", "upbit", "--venue", "mtgox"], "mtgox"),
        (["scan", "--live", "--venue", "upbit", "--taker-bps", "x"], "venue=bps"),
        (["record", "--venue", "mtgox", "--out", "rec"], "mtgox"),
        (["record", "--venue", "upbit", "--venue", "upbit", "--out", "rec"], "each once"),
        (["record", "--venue", "upbit", "--channels", "x", "--out", "rec"], "expected some of"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_was_expected(
    arguments: list[str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, ConfigError)
    assert reason in str(result.exception)
    assert list(tmp_path.iterdir()) == []
