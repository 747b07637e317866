"""Which venues there are: one line each, and nothing of a venue is imported before it is asked for.

This is the only place that names a venue's folder from above it, as text.
"""

from importlib import import_module
from typing import Any

from arbitrage.domain.errors import ConfigError
from arbitrage.exchanges.base import Exchange

_FACTORIES = {
    "binance-usdm": "arbitrage.exchanges.binance_usdm.gateway:create",
    "paper": "arbitrage.exchanges.paper.exchange:PaperExchange",
    "upbit": "arbitrage.exchanges.upbit.gateway:create",
}


def venues() -> tuple[str, ...]:
    """The names that `create_exchange` knows, sorted."""
    return tuple(sorted(_FACTORIES))


def create_exchange(name: str, **settings: Any) -> Exchange:
    """A new exchange of the venue `name`, built with the settings that its factory takes.

    Raises `ConfigError` for an unknown venue.
    """
    factory = _FACTORIES.get(name)
    if factory is None:
        raise ConfigError(f"venue {name!r} is unknown; expected one of {', '.join(venues())}")
    module, _, attribute = factory.partition(":")
    exchange: Exchange = getattr(import_module(module), attribute)(**settings)
    return exchange
