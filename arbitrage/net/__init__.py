"""The wire: sockets, clocks and limits that every native venue shares. No venue is known here.

Everything live needs the extra `fast`; without it nothing of this package can be imported.
"""

from arbitrage.domain.errors import ConfigError

try:
    import aiofastnet as _aiofastnet  # noqa: F401
    import picows as _picows  # noqa: F401
except ImportError as missing:
    raise ConfigError(
        f"live venues need {missing.name}, which is not installed; expected the extra `fast`: "
        "pip install 'arbitrage[fast]'"
    ) from missing
