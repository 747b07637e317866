"""Cross-exchange crypto arbitrage: one deterministic engine for paper, replay and live.

The public names are importable from here and loaded on first use, so that `import arbitrage`
and `arb --help` stay quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arbitrage.domain.fx import FixedFx, FxBook
    from arbitrage.domain.instrument import Instrument
    from arbitrage.domain.order_book import OrderBookSnapshot
    from arbitrage.domain.trade import ArbitrageTrade
    from arbitrage.engine.config import ArbitrageConfig, RiskLimits, RouteConfig
    from arbitrage.engine.engine import ArbitrageEngine
    from arbitrage.exchanges.market_data_provider import (
        MarketDataProvider,
        RestMarketDataProvider,
        WebSocketMarketDataProvider,
    )
    from arbitrage.exchanges.paper.exchange import PaperExchange
    from arbitrage.live_runner import ArbitrageLiveConfig, ArbitrageLiveRunner
    from arbitrage.monitoring.metrics_collector import MetricsCollector

_HOME = {
    "FixedFx": "arbitrage.domain.fx",
    "FxBook": "arbitrage.domain.fx",
    "Instrument": "arbitrage.domain.instrument",
    "OrderBookSnapshot": "arbitrage.domain.order_book",
    "ArbitrageTrade": "arbitrage.domain.trade",
    "ArbitrageConfig": "arbitrage.engine.config",
    "RiskLimits": "arbitrage.engine.config",
    "RouteConfig": "arbitrage.engine.config",
    "ArbitrageEngine": "arbitrage.engine.engine",
    "MarketDataProvider": "arbitrage.exchanges.market_data_provider",
    "RestMarketDataProvider": "arbitrage.exchanges.market_data_provider",
    "WebSocketMarketDataProvider": "arbitrage.exchanges.market_data_provider",
    "PaperExchange": "arbitrage.exchanges.paper.exchange",
    "ArbitrageLiveConfig": "arbitrage.live_runner",
    "ArbitrageLiveRunner": "arbitrage.live_runner",
    "MetricsCollector": "arbitrage.monitoring.metrics_collector",
}

__all__ = [
    "ArbitrageConfig",
    "ArbitrageEngine",
    "ArbitrageLiveConfig",
    "ArbitrageLiveRunner",
    "ArbitrageTrade",
    "FixedFx",
    "FxBook",
    "Instrument",
    "MarketDataProvider",
    "MetricsCollector",
    "OrderBookSnapshot",
    "PaperExchange",
    "RestMarketDataProvider",
    "RiskLimits",
    "RouteConfig",
    "WebSocketMarketDataProvider",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'arbitrage' has no attribute {name!r}")
    return getattr(import_module(home), name)
