"""The keys of a venue's account, from the environment or the system's keyring, never from a file.

A key is never printed, logged or kept anywhere but in the gateway that signs with it.
"""

from collections.abc import Mapping
from types import ModuleType

import msgspec

from arbitrage.domain.errors import ConfigError

_SERVICE = "arbitrage"


class Credentials(msgspec.Struct, frozen=True):
    """What signs for one account; `passphrase` only where the venue has one."""

    api_key: str
    secret: str
    passphrase: str = ""

    def settings(self) -> dict[str, str]:
        """What a gateway's factory takes."""
        keys = {"api_key": self.api_key, "secret": self.secret}
        return {**keys, "passphrase": self.passphrase} if self.passphrase else keys

    def __repr__(self) -> str:
        return "Credentials(...)"

    __str__ = __repr__


def variable(name: str, what: str) -> str:
    """What the environment calls it: `ARBITRAGE_BINANCE_USDM_API_KEY`."""
    return f"ARBITRAGE_{name}_{what}".upper().replace("-", "_").replace(":", "_")


def credentials(venue: str, environ: Mapping[str, str]) -> Credentials | None:
    """The keys of `venue`, or None if there are none.

    They are looked for under the venue's whole name, then under its first word (`bybit` for
    `bybit-spot`), each in the environment and then in the keyring, where the service is
    `arbitrage` and the user the name of the variable. Raises `ConfigError` for a key without its
    secret.
    """
    for name in dict.fromkeys((venue, venue.partition("-")[0])):
        api_key, secret, passphrase = (
            _secret(variable(name, what), environ) for what in ("api_key", "secret", "passphrase")
        )
        if api_key and secret:
            return Credentials(api_key, secret, passphrase)
        if api_key or secret:
            given, missing = ("api_key", "secret") if api_key else ("secret", "api_key")
            raise ConfigError(
                f"{venue}: {variable(name, given)} is given and {variable(name, missing)} is not; "
                "expected both, nothing is signed"
            )
    return None


def _secret(name: str, environ: Mapping[str, str]) -> str:
    found = environ.get(name, "")
    keyring = None if found else _keyring()
    if keyring is not None:
        found = keyring.get_password(_SERVICE, name) or ""
    return found.strip()


def _keyring() -> ModuleType | None:
    """The keyring, where the package is installed and the system has one."""
    try:
        import keyring
        from keyring.backends.fail import Keyring as NoKeyring
    except ImportError:
        return None
    return None if isinstance(keyring.get_keyring(), NoKeyring) else keyring
