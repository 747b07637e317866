"""The public face: every name is there, and importing it costs next to nothing."""

import subprocess
import sys

import pytest

import arbitrage


@pytest.mark.parametrize("name", arbitrage.__all__)
def test_a_public_name_is_importable_and_is_the_one_of_its_module(name: str) -> None:
    public = getattr(arbitrage, name)
    assert public.__name__ == name
    assert getattr(sys.modules[public.__module__], name) is public


def test_the_public_names_are_listed_once_each_and_sorted() -> None:
    assert arbitrage.__all__ == sorted(set(arbitrage._HOME))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'arbitrage' has no attribute 'ArbitrageEngin'"):
        _ = arbitrage.ArbitrageEngin  # type: ignore[attr-defined]


def test_importing_the_package_loads_none_of_the_heavy_libraries() -> None:
    program = "import sys, arbitrage; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    heavy = {"pyarrow", "numba", "numpy", "rich", "typer", "msgspec", "asyncio"}
    assert heavy & set(done.stdout.split()) == set()
