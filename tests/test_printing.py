"""How commands print."""

import json

import pytest

from arbitrage.monitoring.view import RefusalCount
from arbitrage.printing import print_json, print_rich, progress, show


def test_a_result_is_shown_as_json_or_for_eyes(capsys: pytest.CaptureFixture[str]) -> None:
    show({"a": 1}, True, lambda: pytest.fail("not asked for"))
    assert json.loads(capsys.readouterr().out) == {"a": 1}
    show({"a": 1}, False, lambda: print_rich("for eyes"))
    assert capsys.readouterr().out == "for eyes\n"


def test_structs_are_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_json([RefusalCount("이유", 2)])
    assert capsys.readouterr().out == '[{"reason": "이유", "count": 2}]\n'


def test_there_is_no_bar_where_nobody_watches() -> None:
    with progress("work", 10) as on_progress:
        assert on_progress is None


def test_a_bar_moves_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress("work", 10) as on_progress:
        assert on_progress is not None
        on_progress(5)
