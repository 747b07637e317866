"""Every venue is one line, and costs nothing until it is asked for."""

import subprocess
import sys

import pytest

from arbitrage.domain.errors import ConfigError
from arbitrage.exchanges.base import Exchange
from arbitrage.exchanges.registry import create_exchange, venues


@pytest.mark.parametrize("name", [name for name in venues() if name != "ccxt"] + ["ccxt:kraken"])
def test_every_line_names_an_exchange_that_needs_no_settings(name: str) -> None:
    exchange = create_exchange(name)
    assert isinstance(exchange, Exchange)
    assert exchange.venue == name


def test_settings_reach_the_venue() -> None:
    exchange = create_exchange("paper", venue="upbit", initial_balance={"KRW": 1000})
    assert exchange.venue == "upbit"


def test_an_unknown_venue_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'binanze' is unknown; expected one of .*paper"):
        create_exchange("binanze")


def test_any_exchange_of_ccxts_is_named_with_its_id() -> None:
    assert create_exchange("ccxt", exchange_id="gate").venue == "ccxt:gate"
    with pytest.raises(ConfigError, match="expected a venue such as ccxt:kraken"):
        create_exchange("ccxt")


def test_the_registry_loads_no_venue_by_itself() -> None:
    program = (
        "import sys, arbitrage.exchanges.registry; "
        "print([m for m in sys.modules if m.startswith('arbitrage.exchanges.paper')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
