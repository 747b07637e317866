"""Options are spelled the same wherever they stand."""

from typing import get_args

import pytest

from arbitrage import command_options


@pytest.mark.parametrize("name", ["ConfigFile", "Json", "Language", "Seconds", "Simulated"])
def test_every_shared_option_says_what_it_does(name: str) -> None:
    _, option = get_args(getattr(command_options, name))
    assert option.help.endswith(".")
