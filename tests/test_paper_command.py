"""A paper session from settings to summary, run whole."""

from importlib.resources import files
from pathlib import Path

import pytest

from arbitrage.config import Settings, parse
from arbitrage.domain.errors import ConfigError
from arbitrage.paper_command import run_paper
from arbitrage.store.recording import Recording


@pytest.fixture(scope="module")
def demo() -> Settings:
    return parse(files("arbitrage").joinpath("demo.toml").read_text(encoding="utf-8"))


def test_the_market_is_recorded_as_it_was_traded(demo: Settings, tmp_path: Path) -> None:
    report = run_paper(demo, seconds=1.0, record=tmp_path / "rec", language="en", shows_table=False)
    recording = Recording(tmp_path / "rec")
    assert recording.count() == report["events"] > 0
    assert len(recording.instruments) == 41


def test_a_session_on_the_measured_market_needs_no_note(
    demo: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = demo.market.model_copy(update={"time_scale": 1.0, "staged": False})
    quiet = demo.model_copy(update={"market": measured})
    run_paper(quiet, seconds=0.1, record=None, language="en", shows_table=True)
    assert "Simulated" not in capsys.readouterr().out
    run_paper(demo, seconds=0.1, record=None, language="en", shows_table=True)
    assert "Simulated" in capsys.readouterr().out


def test_an_unknown_language_is_refused_before_anything_starts(demo: Settings) -> None:
    with pytest.raises(ConfigError, match="tlh"):
        run_paper(demo, seconds=0.1, record=None, language="tlh", shows_table=False)
