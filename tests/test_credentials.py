"""Keys come whole or not at all, and are never shown."""

import sys
from types import ModuleType

import pytest

from arbitrage.credentials import Credentials, credentials, variable
from arbitrage.domain.errors import ConfigError

OKX = {
    "ARBITRAGE_OKX_API_KEY": "key",
    "ARBITRAGE_OKX_SECRET": " secret\n",
    "ARBITRAGE_OKX_PASSPHRASE": "pass",
}


@pytest.fixture(autouse=True)
def _no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)


def keep_in_keyring(monkeypatch: pytest.MonkeyPatch, kept: dict[str, str]) -> None:
    """A keyring with these passwords, instead of the system's."""
    keyring, backends, fail = (ModuleType(name) for name in ("keyring", "backends", "fail"))
    fail.Keyring = type("Keyring", (), {})  # type: ignore[attr-defined]
    keyring.get_keyring = object  # type: ignore[attr-defined]
    keyring.get_password = lambda service, name: (  # type: ignore[attr-defined]
        kept.get(name) if service == "arbitrage" else None
    )
    for name, module in (
        ("keyring", keyring),
        ("keyring.backends", backends),
        ("keyring.backends.fail", fail),
    ):
        monkeypatch.setitem(sys.modules, name, module)


def test_keys_come_from_the_environment() -> None:
    found = credentials("okx", OKX)
    assert found == Credentials("key", "secret", "pass")
    assert found is not None
    assert found.settings() == {"api_key": "key", "secret": "secret", "passphrase": "pass"}


def test_without_keys_there_are_none() -> None:
    assert credentials("upbit", OKX) is None
    assert (
        credentials("upbit", {"ARBITRAGE_UPBIT_API_KEY": "", "ARBITRAGE_UPBIT_SECRET": ""}) is None
    )


def test_a_venue_may_use_the_keys_of_its_first_word() -> None:
    shared = {"ARBITRAGE_BYBIT_API_KEY": "key", "ARBITRAGE_BYBIT_SECRET": "secret"}
    assert credentials("bybit-spot", shared) == Credentials("key", "secret")
    own = {**shared, "ARBITRAGE_BYBIT_SPOT_API_KEY": "own", "ARBITRAGE_BYBIT_SPOT_SECRET": "s"}
    assert credentials("bybit-spot", own) == Credentials("own", "s")


@pytest.mark.parametrize("missing", ["ARBITRAGE_OKX_API_KEY", "ARBITRAGE_OKX_SECRET"])
def test_half_a_key_is_refused_by_the_name_of_the_other_half(missing: str) -> None:
    half = {name: value for name, value in OKX.items() if name != missing}
    with pytest.raises(ConfigError, match=f"{missing} is not; expected both"):
        credentials("okx", half)


def test_what_is_not_in_the_environment_is_looked_for_in_the_keyring(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep_in_keyring(monkeypatch, {"ARBITRAGE_OKX_SECRET": "kept"})
    assert credentials("okx", {"ARBITRAGE_OKX_API_KEY": "key"}) == Credentials("key", "kept")


def test_a_system_without_a_keyring_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_in_keyring(monkeypatch, {"ARBITRAGE_OKX_API_KEY": "x", "ARBITRAGE_OKX_SECRET": "y"})
    none = sys.modules["keyring.backends.fail"].Keyring
    monkeypatch.setattr(sys.modules["keyring"], "get_keyring", none)
    assert credentials("okx", {}) is None


def test_keys_are_never_shown() -> None:
    shown = f"{Credentials('key-text', 'secret-text')!r} {Credentials('key-text', 'secret-text')}"
    assert "text" not in shown


def test_variables_are_named_after_the_venue() -> None:
    assert variable("binance-usdm", "api_key") == "ARBITRAGE_BINANCE_USDM_API_KEY"
    assert variable("ccxt:kraken", "secret") == "ARBITRAGE_CCXT_KRAKEN_SECRET"
