"""Instances of a ccxt exchange, made so that no float reaches an order or the ledger.

What is read of accounts and orders keeps the digits of the venue: numbers are text from the JSON
on. Books are floats, as everywhere in the house. ccxt has no usable types, so what it returns is
`Any`; it is turned into plain JSON in `calls` and read with types everywhere else.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from arbitrage.domain.errors import ConfigError
from arbitrage.exchanges.ccxt import facts
from arbitrage.exchanges.ccxt.facts import UNKNOWN, Dialect

# A closed instance waits this long for its connections to go, in milliseconds.
_EXIT_MS = 10
_exact_json = partial(json.loads, parse_float=str)


class Connector:
    """Makes instances of one exchange, all with the same `settings`, which are ccxt's own: keys,
    `options`, `enableRateLimit`. `urls` replaces addresses under `urls["api"]`.

    Raises `ConfigError` where ccxt is not installed and for an exchange that it does not know.
    """

    def __init__(
        self, exchange_id: str, settings: Mapping[str, Any], urls: Mapping[str, Any]
    ) -> None:
        self.exchange_id = exchange_id
        self.dialect: Dialect = facts.DIALECTS.get(exchange_id, UNKNOWN)
        self._kind = _class_of(exchange_id)
        self._settings = settings
        self._urls = urls
        self._loaded: dict[bool, tuple[Any, Any]] = {}
        # Never connected; it only says what the exchange can do.
        self.model: Any = self._kind(dict(settings))

    def can(self, *calls: str) -> bool:
        """Whether the exchange has all of these itself; what ccxt emulates does not count."""
        return all(self.model.has.get(call) is True for call in calls)

    @property
    def has_keys(self) -> bool:
        return bool(self.model.apiKey or self.model.privateKey or self.model.walletAddress)

    def instance(self, *, is_exact: bool) -> Any:
        """A new instance that was not connected yet; whoever asked for it closes it.

        ccxt's own retries are off: whether something may be asked twice is not for it to say.
        """
        settings = dict(self._settings)
        settings["timeout_on_exit"] = _EXIT_MS
        settings["options"] = {**settings.get("options", {}), "maxRetriesOnFailure": 0}
        exchange = self._kind(settings)
        if self._urls:
            exchange.urls["api"] = _replaced(exchange.urls["api"], self._urls)
        if is_exact:
            exchange.number = str
            exchange.on_json_response = _exact_json
        return exchange

    async def load(self, exchange: Any, *, is_exact: bool) -> None:
        """Give `exchange` the venue's markets, which are read once per manner of numbers."""
        known = self._loaded.get(is_exact)
        if known is None:
            await exchange.load_markets()
            self._loaded[is_exact] = (exchange.markets, exchange.currencies)
        else:
            exchange.set_markets(*known)


def _class_of(exchange_id: str) -> Any:
    """The class of an exchange: with websockets where ccxt has them."""
    if not exchange_id:
        raise ConfigError(
            "ccxt: no exchange was named; expected a venue such as ccxt:kraken, or "
            "create_exchange('ccxt', exchange_id='kraken'); nothing was started"
        )
    try:
        import ccxt.async_support as rest
        import ccxt.pro as pro
    except ImportError as error:
        raise ConfigError(
            f"ccxt:{exchange_id} needs ccxt, which is not installed; expected "
            f"{facts.INSTALL}; nothing was started"
        ) from error
    known: Sequence[str] = rest.exchanges
    if exchange_id not in known:
        raise ConfigError(
            f"ccxt knows no exchange {exchange_id!r}; expected one of {len(known)} ids such as "
            "kraken, coinbase, gate; nothing was started"
        )
    return getattr(pro if exchange_id in pro.exchanges else rest, exchange_id)


def _replaced(known: Any, changes: Mapping[str, Any]) -> Any:
    """Addresses with some of them replaced, however deep they are."""
    return {
        **known,
        **{
            name: _replaced(known[name], change)
            if isinstance(change, Mapping) and isinstance(known.get(name), Mapping)
            else change
            for name, change in changes.items()
        },
    }
