"""Client ids as Binance takes them, and those that it makes up for who gives none."""

import re
from typing import Final

from arbitrage.sim.protocols.binance_auth import Params
from arbitrage.sim.protocols.binance_params import illegal
from arbitrage.sim.venue_core import SimVenueCore

_PATTERN: Final = r"[\.A-Z\:/a-z0-9_-]{1,36}"
_is_client_id = re.compile(_PATTERN).fullmatch


class ClientIds:
    """The client ids of one venue."""

    def __init__(self, core: SimVenueCore) -> None:
        self._core = core
        self._unnamed = 0

    def read(self, params: Params, name: str = "newClientOrderId") -> str:
        """The client id that was given, else a new one. Raises `BinanceRefusal`."""
        given = params.get(name)
        if given is None:
            self._unnamed += 1
            return f"sim_{self._core.now_ns:x}_{self._unnamed}"
        if _is_client_id(given) is None:
            raise illegal(name, _PATTERN)
        return given
