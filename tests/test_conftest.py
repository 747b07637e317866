"""The rule of the recorded data: absent, a test is skipped with the reason, and fails on CI."""

from pathlib import Path

import pytest
from conftest import recorded_data


def test_present_data_is_used(tmp_path: Path) -> None:
    assert recorded_data(tmp_path, is_ci=True) == tmp_path


def test_absent_data_skips_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match="ARBITRAGE_DATA"):
        recorded_data(tmp_path / "none", is_ci=False)


def test_absent_data_fails_on_ci(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="ARBITRAGE_DATA"):
        recorded_data(tmp_path / "none", is_ci=True)
