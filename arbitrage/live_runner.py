"""Runs the engine against two exchanges: sees books, lets the engine decide, carries orders.

What a step does is written once, in `steps`; here are its two skins and the loops around it. The
sync face answers a step's wishes with sync calls, the async face with awaits, both legs at the
same time. Polling (`run_forever`) is the simple way; `arun_event_driven` acts on each book as it
arrives.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from arbitrage.domain.decisions import Decision
from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.events import BalanceUpdate
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.domain.orders import Order
from arbitrage.domain.trade import ArbitrageTrade
from arbitrage.engine.config import ArbitrageConfig, RiskLimits
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.exchanges.base import Balance, Exchange
from arbitrage.exchanges.market_data_provider import (
    MarketDataProvider,
    RestMarketDataProvider,
    WebSocketMarketDataProvider,
)
from arbitrage.monitoring.metrics_collector import MetricsCollector
from arbitrage.pairs import Pair, Pairs
from arbitrage.steps import Ask, RouteSnapshot, Steps, Work

T = TypeVar("T")
_RETRIED = (Unavailable, OSError, TimeoutError)


class ArbitrageLiveConfig(msgspec.Struct, frozen=True):
    """How a runner runs. Where these terms and the engine's differ, the stricter one holds.

    `routes` names further pairs `(symbol_a, symbol_b)` beside the first; a symbol that both
    venues know is a route of its own. Times are in seconds.
    """

    symbol_a: str
    symbol_b: str
    min_spread_bps: float = 30.0
    taker_fee_a_bps: float = 5.0
    taker_fee_b_bps: float = 5.0
    slippage_bps: float = 5.0
    max_position_usd: float = 1000.0
    poll_interval_seconds: float = 1.0
    max_concurrent_trades: int = 1
    mode: str = "paper"
    data_source: str = "rest"
    max_runtime_seconds: float | None = None
    risk_limits: RiskLimits | None = None
    routes: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.mode != "paper":
            raise ConfigError(
                f"mode is {self.mode!r}: this runner trades in 'paper'; there is no gateway to a "
                "real account yet, nothing was started"
            )
        if self.data_source not in ("rest", "ws"):
            raise ConfigError(f"data_source is {self.data_source!r}; expected 'rest' or 'ws'")
        for name in ("poll_interval_seconds", "max_runtime_seconds", "max_position_usd"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise ConfigError(f"{name} is {value}; expected zero or more")
        if self.max_concurrent_trades < 1:
            raise ConfigError(
                f"max_concurrent_trades is {self.max_concurrent_trades}; expected one or more"
            )


class ArbitrageLiveRunner:
    """Trades the routes of one pair of exchanges with one engine.

    A step is a success only if every book that it needed was there; what could not be reached is
    counted and tried again, any other error ends the run. `clock_ns` stamps events, `monotonic`
    measures the runtime.
    """

    def __init__(
        self,
        engine: ArbitrageEngine,
        exchange_a: Exchange,
        exchange_b: Exchange,
        config: ArbitrageLiveConfig,
        market_data_provider: MarketDataProvider | None = None,
        metrics_collector: MetricsCollector | None = None,
        *,
        on_decision: Callable[[Decision], None] | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.engine = engine
        self.config = config
        self.provider = market_data_provider or _provider(config, exchange_a, exchange_b)
        self.metrics = metrics_collector or MetricsCollector()
        self.last_error = ""
        self._monotonic = monotonic
        if config.risk_limits is not None:
            engine.risk.limits = engine.risk.limits.stricter(config.risk_limits)
        self._pairs = Pairs(
            engine,
            exchange_a,
            exchange_b,
            _terms(engine.config, config),
            qualifies=type(self.provider) in (RestMarketDataProvider, WebSocketMarketDataProvider),
        )
        self._steps = Steps(engine, self._pairs, clock_ns=clock_ns, on_decision=on_decision)
        self._primary = (self._pairs.add(config.symbol_a, config.symbol_b),)
        for symbol_a, symbol_b in config.routes:
            self._pairs.add(symbol_a, symbol_b)
        self._stop = threading.Event()
        self._started_at: float | None = None
        self._loops = self._failed_loops = 0
        self._loop_seconds = 0.0
        self._take_balances()

    def _take_balances(self) -> None:
        """The engine starts from what the exchanges say we own."""
        now_ns = self._steps.stamp()
        for venue, exchange in self._pairs.exchanges.items():
            balances = exchange.get_balance()
            for balance in () if isinstance(balances, Balance) else balances.values():
                self._steps.tell(BalanceUpdate(now_ns, venue, balance.currency, balance.total))

    @property
    def recent_trades(self) -> deque[ArbitrageTrade]:
        """The last closed trades, oldest first."""
        return self._steps.recent_trades

    # --- the simple pieces --------------------------------------------------------------------

    def build_snapshot(self) -> RouteSnapshot | None:
        """Both books of the first route, or None if either cannot be seen."""
        return self._run(self._steps.see(self._primary[0]))

    def process_snapshot(self, snapshot: RouteSnapshot) -> list[ArbitrageTrade]:
        """Let the engine look; returns the trades it opens or closes. `execute_trades` sends
        their orders; until then they are counted as in flight."""
        pair = self._pairs.by_route(snapshot.route)
        books = pair.books(snapshot.a, snapshot.b, snapshot.fx)
        return self._steps.look(books, snapshot.ts_ns)

    def execute_trades(self, trades: Iterable[ArbitrageTrade]) -> list[Order]:
        """Send the waiting orders of `trades`, and the hedges that their fills ask for."""
        return self._run(self._steps.execute({trade.trade_id for trade in trades}))

    # --- one step -----------------------------------------------------------------------------

    def run_once(self) -> bool:
        """One step of the first route; False if both books could not be seen."""
        return self._sync_step(self._primary, None)

    def run_once_for_symbol(self, symbol: str) -> bool:
        """One step of every route with `symbol` as either leg; False if a book was missing."""
        return self._sync_step(self._pairs.of_symbol(symbol), symbol)

    async def arun_once(self) -> bool:
        """`run_once` without blocking: both legs are asked at the same time."""
        return await self._async_step(self._primary, None)

    async def arun_once_for_symbol(self, symbol: str) -> bool:
        """`run_once_for_symbol` without blocking."""
        return await self._async_step(self._pairs.of_symbol(symbol), symbol)

    async def arun_once_for_symbols(self, symbols: Sequence[str]) -> bool:
        """One step over the routes of all `symbols`, every book asked for at the same time."""
        return await self._async_step(self._pairs.of_symbols(symbols), None)

    def _sync_step(self, pairs: Sequence[Pair], symbol: str | None) -> bool:
        started, opened = time.perf_counter(), self._steps.opened
        is_whole = False
        try:
            is_whole = self._run(self._steps.step(pairs))
        except _RETRIED as error:
            self._note(error)
        finally:
            self._measure(started, pairs, opened, symbol, is_whole=is_whole)
        return is_whole

    async def _async_step(self, pairs: Sequence[Pair], symbol: str | None) -> bool:
        started, opened = time.perf_counter(), self._steps.opened
        is_whole = False
        try:
            is_whole = await self._arun(self._steps.step(pairs))
        except _RETRIED as error:
            self._note(error)
        finally:
            self._measure(started, pairs, opened, symbol, is_whole=is_whole)
        return is_whole

    # --- the two skins ------------------------------------------------------------------------

    def _run(self, work: Work[T]) -> T:
        """Answer the wishes of `work` with sync calls."""
        answer: Any = None
        while True:
            try:
                wish = work.send(answer)
            except StopIteration as stop:
                return stop.value  # type: ignore[no-any-return]
            if isinstance(wish, Ask):
                get = self.provider.get_latest_snapshot
                answer = [get(symbol) for symbol in wish.symbols]
            else:
                answer = [self._pairs.carry(intent) for intent in wish.intents]

    async def _arun(self, work: Work[T]) -> T:
        """Answer the wishes of `work` with awaits; what may wait is awaited together."""
        answer: Any = None
        while True:
            try:
                wish = work.send(answer)
            except StopIteration as stop:
                return stop.value  # type: ignore[no-any-return]
            if isinstance(wish, Ask):
                ask = self.provider.aget_latest_snapshot
                if self.provider.in_memory is True:
                    answer = [await ask(symbol) for symbol in wish.symbols]
                else:
                    answer = await asyncio.gather(*map(ask, wish.symbols))
            elif self._pairs.in_memory:
                answer = [await self._pairs.acarry(intent) for intent in wish.intents]
            else:
                answer = await asyncio.gather(*map(self._pairs.acarry, wish.intents))

    # --- loops --------------------------------------------------------------------------------

    def run_forever(self) -> None:
        """Poll the first route until `max_runtime_seconds` or `stop`."""
        deadline = self._begin()
        self.provider.start()
        try:
            while self._goes_on(deadline):
                self.run_once()
                self._stop.wait(self._pause(deadline))
        finally:
            self._run(self._steps.leave_nothing())
            self.provider.stop()

    async def arun_forever(self) -> None:
        """`run_forever` on an event loop; leaves no task or order behind, also when cancelled."""
        await self._aloop(self.arun_once)

    async def arun_multisymbol_loop(self, symbols: Sequence[str]) -> None:
        """Poll the routes of all `symbols`, every pass in one step over all of them."""
        chosen = tuple(symbols)
        self._pairs.of_symbols(chosen)
        await self._aloop(lambda: self.arun_once_for_symbols(chosen))

    async def _aloop(self, step: Callable[[], Coroutine[Any, Any, bool]]) -> None:
        deadline = self._begin()
        await self.provider.astart()
        try:
            while self._goes_on(deadline):
                await step()
                await asyncio.sleep(self._pause(deadline))
        finally:
            await self._arun(self._steps.leave_nothing())
            await self.provider.astop()

    async def arun_event_driven(self) -> None:
        """Act on every book in the moment it arrives; the provider must have a stream.

        The step runs inside the provider's callback; only orders to exchanges that must be waited
        for leave it. Raises `ConfigError` for a provider that does not stream.
        """
        provider = self.provider
        if not isinstance(provider, WebSocketMarketDataProvider):
            raise ConfigError(
                "the event-driven loop needs a provider that streams (data_source='ws'); got "
                f"{type(provider).__name__}, nothing was started"
            )
        deadline = self._begin()
        wake = asyncio.Event()
        unsubscribe = provider.subscribe(lambda key, book: self._on_update(key, book, wake))
        await provider.astart()
        try:
            while self._goes_on(deadline):
                await self._sleep_until_woken(wake, deadline)
                await self._arun(self._steps.catch_up())
        finally:
            unsubscribe()
            await self._arun(self._steps.leave_nothing())
            await provider.astop()

    async def _sleep_until_woken(self, wake: asyncio.Event, deadline: float) -> None:
        """Wait for orders to carry; when nothing comes, time passes for the engine."""
        pause = min(self.engine.config.tick_seconds, deadline - self._monotonic())
        try:
            await asyncio.wait_for(wake.wait(), max(0.0, pause))
        except TimeoutError:
            self._steps.tick(self._steps.stamp())
        wake.clear()

    def _on_update(self, key: str, book: OrderBookSnapshot, wake: asyncio.Event) -> None:
        started, opened = time.perf_counter(), self._steps.opened
        self._steps.look([book.event(self._pairs.venue_of(key))])
        if self._steps.has_pending:
            if self._pairs.in_memory:
                self._run(self._steps.execute(None))
            else:
                wake.set()
        self._measure(started, (), opened, book.symbol, is_whole=True)

    def stop(self) -> None:
        """End a running loop after its current step; may be called from any thread."""
        self._stop.set()

    def _begin(self) -> float:
        self._stop.clear()
        self._started_at = self._monotonic()
        limit = self.config.max_runtime_seconds
        return float("inf") if limit is None else self._started_at + limit

    def _goes_on(self, deadline: float) -> bool:
        return not self._stop.is_set() and self._monotonic() < deadline

    def _pause(self, deadline: float) -> float:
        return max(0.0, min(self.config.poll_interval_seconds, deadline - self._monotonic()))

    def _note(self, error: Exception) -> None:
        """A venue could not be reached: the step has failed, the next one tries again."""
        self.last_error = f"{type(error).__name__}: {error}"

    # --- measuring ----------------------------------------------------------------------------

    def _measure(
        self,
        started: float,
        pairs: Sequence[Pair],
        opened: int,
        symbol: str | None,
        *,
        is_whole: bool,
    ) -> None:
        seconds = time.perf_counter() - started
        self._loops += 1
        self._loop_seconds += seconds
        self._failed_loops += not is_whole
        if self._started_at is None:
            self._started_at = self._monotonic()
        self.metrics.update_loop_metrics(
            seconds * 1e3,
            self._steps.opened - opened,
            pairs[0].spread_bps() if pairs else 0.0,
            self.config.data_source,
            symbol=symbol,
        )

    def get_stats(self) -> dict[str, Any]:
        """What has happened so far. Loop times are work alone, without the sleep between."""
        elapsed = 0.0 if self._started_at is None else self._monotonic() - self._started_at
        refusals: dict[str, int] = {}
        for route in self.engine.routes.values():
            for reason, count in route.refusals.items():
                refusals[reason] = refusals.get(reason, 0) + count
        return {
            "elapsed_seconds": elapsed,
            "loop_count": self._loops,
            "failed_loop_count": self._failed_loops,
            "total_trades_opened": self._steps.opened,
            "total_trades_closed": self._steps.closed,
            "total_pnl_usd": float(self.engine.risk.realised_usd),
            "active_orders": len(self.engine.accounts.live_orders()),
            "avg_loop_time_ms": self._loop_seconds / self._loops * 1e3 if self._loops else 0.0,
            "refusals": refusals,
            "last_error": self.last_error,
        }


def _provider(config: ArbitrageLiveConfig, a: Exchange, b: Exchange) -> MarketDataProvider:
    exchanges = {"a": a, "b": b}
    if config.data_source == "ws":
        return WebSocketMarketDataProvider(exchanges=exchanges)
    return RestMarketDataProvider(exchanges=exchanges)


def _terms(engine: ArbitrageConfig, live: ArbitrageLiveConfig) -> ArbitrageConfig:
    """The stricter of the engine's terms and the runner's."""
    return msgspec.structs.replace(
        engine,
        min_spread_bps=max(engine.min_spread_bps, live.min_spread_bps),
        taker_fee_a_bps=max(engine.taker_fee_a_bps, live.taker_fee_a_bps),
        taker_fee_b_bps=max(engine.taker_fee_b_bps, live.taker_fee_b_bps),
        slippage_bps=max(engine.slippage_bps, live.slippage_bps),
        max_position_usd=min(engine.max_position_usd, live.max_position_usd),
        max_open_trades=min(engine.max_open_trades, live.max_concurrent_trades),
    )
