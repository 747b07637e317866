"""What every test may ask for: the recorded market data, and property tests without deadlines."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent
# Beside the checkout, unless the environment names another place; made known to every test.
BESIDE = ROOT.parent / "shared" / "data"
if not os.environ.get("ARBITRAGE_DATA") and BESIDE.is_dir():
    os.environ["ARBITRAGE_DATA"] = str(BESIDE)


def recorded_data(folder: Path, *, is_ci: bool) -> Path:
    """`folder`; where it is absent the test is skipped, and fails on a CI machine."""
    if not folder.is_dir():
        reason = f"no recorded market data at {folder}; set ARBITRAGE_DATA to its folder"
        if is_ci:
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of recorded market data. Tests that use it are marked `realdata`."""
    folder = Path(os.environ.get("ARBITRAGE_DATA") or BESIDE)
    return recorded_data(folder, is_ci=os.environ.get("CI") == "true")


@pytest.fixture(scope="session")
def eth_books(realdata: Path) -> Path:
    """The folder with the KRW-ETH books of Upbit and Bithumb."""
    return realdata / "upbit_bithumb_eth_2024-04-27"
