"""What a step of the runner costs, sync and async, for one symbol and for a thousand.

Books are in memory and nothing is to be traded: this is the price of looking.
"""

import asyncio
import time
from collections.abc import Iterator
from functools import partial

from arbitrage.bench.measure import Figure, per_await_us, per_call_us, seconds_each
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.engine.config import ArbitrageConfig
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.exchanges.market_data_provider import RestMarketDataProvider
from arbitrage.exchanges.paper.exchange import PaperExchange
from arbitrage.live_runner import ArbitrageLiveConfig, ArbitrageLiveRunner

_GOALS_US = {1: None, 10: None, 100: 500.0, 1000: 6_000.0}
_HOUR = 3600.0


def runner_of(symbols: list[str]) -> ArbitrageLiveRunner:
    """A runner on two paper exchanges that show 15-level books of `symbols`, fresh for an hour."""
    now = time.time()
    funds = {"USDT": 1_000_000, "BTC": 10}
    exchanges = {"a": PaperExchange(funds), "b": PaperExchange(funds)}
    for exchange in exchanges.values():
        for symbol in symbols:
            bids = [(100.0 - 0.01 * level, 1.0) for level in range(1, 16)]
            asks = [(100.0 + 0.01 * level, 1.0) for level in range(1, 16)]
            exchange.set_orderbook(symbol, OrderBookSnapshot(symbol, now, bids, asks))
    return ArbitrageLiveRunner(
        engine=ArbitrageEngine(ArbitrageConfig(max_book_age_seconds=_HOUR)),
        exchange_a=exchanges["a"],
        exchange_b=exchanges["b"],
        config=ArbitrageLiveConfig(symbols[0], symbols[0]),
        market_data_provider=RestMarketDataProvider(exchanges=exchanges, max_age_seconds=_HOUR),
    )


def figures(quick: bool) -> Iterator[Figure]:
    seconds = seconds_each(quick)
    single = runner_of(["BTC/USDT"])
    sync_p50, sync_p99 = per_call_us(single.run_once, seconds=seconds)
    yield Figure(name="run_once", p50=sync_p50, p99=sync_p99, goal=8.0)
    async_p50, async_p99 = asyncio.run(per_await_us(single.arun_once, seconds=seconds))
    yield Figure(name="arun_once", p50=async_p50, p99=async_p99, goal=25.0)
    yield Figure(
        name="async face over sync face",
        p50=async_p50 / sync_p50,
        p99=async_p99 / sync_p99,
        unit="x",
    )
    for count, goal in _GOALS_US.items():
        symbols = [f"S{number}/USDT" for number in range(count)]
        runner = runner_of(symbols)

        p50, p99 = per_call_us(partial(_one_by_one, runner, symbols), seconds=seconds)
        yield Figure(name=f"sync step, {count} symbols one by one", p50=p50, p99=p99)
        at_once = partial(runner.arun_once_for_symbols, symbols)
        p50, p99 = asyncio.run(per_await_us(at_once, seconds=seconds))
        yield Figure(name=f"async step, {count} symbols at once", p50=p50, p99=p99, goal=goal)


def _one_by_one(runner: ArbitrageLiveRunner, symbols: list[str]) -> None:
    for symbol in symbols:
        runner.run_once_for_symbol(symbol)
