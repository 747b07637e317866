"""Which venues there are: one line each, and nothing of a venue is imported before it is asked for.

This is the only place that names a venue's folder from above it, as text.
"""

from importlib import import_module
from typing import Any

from arbitrage.domain.errors import ConfigError
from arbitrage.exchanges.base import Exchange

_FACTORIES = {
    "binance-spot": "arbitrage.exchanges.binance_spot.gateway:create",
    "binance-usdm": "arbitrage.exchanges.binance_usdm.gateway:create",
    "bithumb": "arbitrage.exchanges.bithumb.gateway:create",
    "bybit": "arbitrage.exchanges.bybit.gateway:create",
    "bybit-spot": "arbitrage.exchanges.bybit.gateway:create_spot",
    "ccxt": "arbitrage.exchanges.ccxt.gateway:create",
    "okx": "arbitrage.exchanges.okx.gateway:create",
    "paper": "arbitrage.exchanges.paper.exchange:PaperExchange",
    "upbit": "arbitrage.exchanges.upbit.gateway:create",
}
_CCXT = "ccxt:"


def venues() -> tuple[str, ...]:
    """The names that `create_exchange` knows, sorted; any exchange of ccxt's is `ccxt:ID`."""
    return tuple(sorted(_FACTORIES))


def create_exchange(name: str, **settings: Any) -> Exchange:
    """A new exchange of the venue `name`, built with the settings that its factory takes.

    All native venues take `symbols`, `api_key` and `secret` (OKX a `passphrase` too), `rest_url`
    and `ws_url`, which is an address without a path; more is said where each is made.
    `ccxt:kraken` is the venue `ccxt` with `exchange_id="kraken"`. Raises `ConfigError` for an
    unknown venue.
    """
    factory = _FACTORIES.get(name)
    if name.startswith(_CCXT):
        factory = _FACTORIES["ccxt"]
        settings = {"exchange_id": name.removeprefix(_CCXT), **settings}
    if factory is None:
        raise ConfigError(f"venue {name!r} is unknown; expected one of {', '.join(venues())}")
    module, _, attribute = factory.partition(":")
    exchange: Exchange = getattr(import_module(module), attribute)(**settings)
    return exchange
