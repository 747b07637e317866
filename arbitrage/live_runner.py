"""Runs the engine against two exchanges: sees books, lets the engine decide, carries orders.

What a step does is written once, in `steps`, and how it reaches the world in `carrier`; here are
its sync and async face and the loops around them. Polling (`run_forever`) is the simple way;
`arun_event_driven` acts on each book as it arrives.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec

from arbitrage.carrier import Carrier
from arbitrage.domain.decisions import Decision
from arbitrage.domain.errors import ConfigError
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.domain.orders import Order
from arbitrage.domain.trade import ArbitrageTrade
from arbitrage.domain.units import ns_to_seconds
from arbitrage.engine.config import ArbitrageConfig, RiskLimits
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.exchanges.base import Exchange
from arbitrage.exchanges.market_data_provider import (
    MarketDataProvider,
    RestMarketDataProvider,
    WebSocketMarketDataProvider,
)
from arbitrage.monitoring.metrics_collector import MetricsCollector
from arbitrage.pairs import Pair, Pairs, Selection, provider_keys
from arbitrage.session_report import refusals
from arbitrage.steps import RouteSnapshot, Steps


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

    A step is a success only if every book that it needed was there and nothing went wrong; what
    did is counted, kept in `last_error` and tried again by the next step. `clock_ns` stamps
    events, `monotonic` measures the runtime.
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
        self.metrics = metrics_collector or MetricsCollector()
        self._monotonic = monotonic
        terms = _terms(engine.config, config)
        self.provider = market_data_provider or _provider(
            config, exchange_a, exchange_b, terms.max_book_age_seconds, clock_ns
        )
        self._stream = (
            self.provider if isinstance(self.provider, WebSocketMarketDataProvider) else None
        )
        self._opens_stream = market_data_provider is None and self._stream is not None
        if config.risk_limits is not None:
            engine.risk.limits = engine.risk.limits.stricter(config.risk_limits)
        keys = provider_keys(self.provider, exchange_a, exchange_b)
        self._pairs = Pairs(engine, exchange_a, exchange_b, terms, keys)
        self._steps = Steps(engine, self._pairs, clock_ns=clock_ns, on_decision=on_decision)
        self._carrier = Carrier(self.provider, self._pairs.exchanges, engine.desk.order)
        self._primary = self._pairs.add(config.symbol_a, config.symbol_b)
        self._first = Selection((self._primary,))
        for symbol_a, symbol_b in config.routes:
            self._pairs.add(symbol_a, symbol_b)
        self._stopping = threading.Event()
        self._wake: Callable[[], object] = _nobody
        self._started_at: float | None = None
        self._loops = self._failed_loops = 0
        self._loop_seconds = 0.0

    @property
    def recent_trades(self) -> deque[ArbitrageTrade]:
        """The last closed trades, oldest first."""
        return self._steps.recent_trades

    # --- the simple pieces --------------------------------------------------------------------

    def build_snapshot(self) -> RouteSnapshot | None:
        """Both books of the first route, or None if either cannot be seen."""
        return self._carrier.run(self._steps.see(self._primary))

    def process_snapshot(self, snapshot: RouteSnapshot) -> list[ArbitrageTrade]:
        """Let the engine look; returns the trades it opens or closes. `execute_trades` sends
        their orders; until then they are counted as in flight."""
        pair = self._pairs.by_route(snapshot.route)
        books = (snapshot.a, snapshot.b, snapshot.fx)[: len(pair.symbols)]
        return self._steps.look(pair.events(books), snapshot.ts_ns)

    def execute_trades(self, trades: Iterable[ArbitrageTrade]) -> list[Order]:
        """Send the waiting orders of `trades`, and the hedges that their fills ask for."""
        return self._carrier.run(self._steps.execute({trade.trade_id for trade in trades}))

    # --- one step -----------------------------------------------------------------------------

    def run_once(self) -> bool:
        """One step of the first route; False if both books could not be seen."""
        return self._sync_step(self._first, None)

    def run_once_for_symbol(self, symbol: str) -> bool:
        """One step of every route with `symbol` as either leg; False if a book was missing.

        A symbol that both exchanges have is a route of its own.
        """
        return self._sync_step(self._pairs.select((symbol,)), symbol)

    async def arun_once(self) -> bool:
        """`run_once` without blocking: both legs are asked at the same time."""
        return await self._async_step(self._first, None)

    async def arun_once_for_symbol(self, symbol: str) -> bool:
        """`run_once_for_symbol` without blocking."""
        return await self._async_step(self._pairs.select((symbol,)), symbol)

    async def arun_once_for_symbols(self, symbols: Iterable[str]) -> bool:
        """One step over the routes of all `symbols`, every book asked for at the same time."""
        return await self._async_step(self._pairs.select(symbols), None)

    def _sync_step(self, selection: Selection, symbol: str | None) -> bool:
        started, before = time.perf_counter(), self._so_far()
        if self._opens_stream:
            self.provider.start()
        is_whole = self._carrier.run(self._steps.step(selection))
        return self._measure(started, before, selection.pairs, symbol, is_whole=is_whole)

    async def _async_step(self, selection: Selection, symbol: str | None) -> bool:
        started, before = time.perf_counter(), self._so_far()
        if self._opens_stream:
            await self.provider.astart()
        is_whole = await self._carrier.arun(self._steps.step(selection))
        return self._measure(started, before, selection.pairs, symbol, is_whole=is_whole)

    # --- loops --------------------------------------------------------------------------------

    def run_forever(self) -> None:
        """Poll the first route until `max_runtime_seconds` or `stop`."""
        deadline = self._begin()
        try:
            self.provider.start()
            while self._goes_on(deadline):
                self.run_once()
                self._stopping.wait(self._pause(deadline))
        finally:
            self._stopping.clear()
            try:
                self._carrier.run(self._steps.leave_nothing())
            finally:
                self.provider.stop()

    async def arun_forever(self) -> None:
        """`run_forever` on an event loop; leaves no task or order behind, also when cancelled."""
        await self._poll(self.arun_once)

    async def arun_multisymbol_loop(self, symbols: Iterable[str]) -> None:
        """Poll the routes of all `symbols`, every pass in one step over all of them."""
        chosen = tuple(symbols)
        await self._poll(lambda: self.arun_once_for_symbols(chosen))

    async def _poll(self, step: Callable[[], Coroutine[Any, Any, bool]]) -> None:
        async with self._running() as (deadline, woken):
            while self._goes_on(deadline):
                await step()
                await _sleep(woken, self._pause(deadline))

    async def arun_event_driven(self) -> None:
        """Act on every book in the moment it arrives; the provider must have a stream.

        The step runs inside the provider's callback; only orders to exchanges that must be waited
        for leave it. Raises `ConfigError` for a provider that does not stream.
        """
        stream = self._stream
        if stream is None:
            raise ConfigError(
                "the event-driven loop needs a provider that streams (data_source='ws'); got "
                f"{type(self.provider).__name__}, nothing was started"
            )
        async with self._running() as (deadline, woken):
            unsubscribe = stream.subscribe(lambda key, book: self._on_update(key, book, woken))
            try:
                await self._async_step(self._pairs.everything(), None)
                while self._goes_on(deadline):
                    tick_seconds = self.engine.config.tick_seconds
                    pause = max(0.0, min(tick_seconds, deadline - self._monotonic()))
                    await _sleep(woken, pause)
                    self._steps.tick_if_due(self._steps.stamp())
                    await self._carrier.arun(self._steps.catch_up())
            finally:
                unsubscribe()

    def _on_update(self, key: str, book: OrderBookSnapshot, woken: asyncio.Event) -> None:
        started, before = time.perf_counter(), self._so_far()
        self._steps.look([book.event(self._pairs.venue_of(key))])
        if self._steps.has_pending:
            if self._carrier.orders_in_memory:
                self._carrier.run(self._steps.execute(None))
            else:
                woken.set()
        pairs = self._pairs.of_symbol(book.symbol)
        self._measure(started, before, pairs, book.symbol, is_whole=True)

    def stop(self) -> None:
        """End the running loop, or the next one if none runs, after its current step; may be
        called from any thread."""
        self._stopping.set()
        with suppress(RuntimeError):  # an event loop that has ended in this moment
            self._wake()

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[tuple[float, asyncio.Event]]:
        """What every async loop begins and ends with; gives its deadline and what wakes it."""
        deadline, woken = self._begin(), asyncio.Event()
        loop = asyncio.get_running_loop()
        self._wake = lambda: loop.call_soon_threadsafe(woken.set)
        try:
            await self.provider.astart()
            yield deadline, woken
        finally:
            self._wake = _nobody
            self._stopping.clear()
            try:
                await self._carrier.arun(self._steps.leave_nothing())
            finally:
                await self.provider.astop()

    def _begin(self) -> float:
        """Starts the clock of a loop; returns when it must end, in monotonic seconds."""
        self._started_at = self._monotonic()
        limit = self.config.max_runtime_seconds
        return float("inf") if limit is None else self._started_at + limit

    def _goes_on(self, deadline: float) -> bool:
        return not self._stopping.is_set() and self._monotonic() < deadline

    def _pause(self, deadline: float) -> float:
        return max(0.0, min(self.config.poll_interval_seconds, deadline - self._monotonic()))

    # --- measuring ----------------------------------------------------------------------------

    @property
    def last_error(self) -> str:
        """What went wrong last, empty if nothing did."""
        return self._carrier.last_error

    def _so_far(self) -> tuple[int, int]:
        """Trades opened and errors before a step."""
        return self._steps.opened, self._carrier.errors

    def _measure(
        self,
        started: float,
        before: tuple[int, int],
        pairs: Sequence[Pair],
        symbol: str | None,
        *,
        is_whole: bool,
    ) -> bool:
        """Count a step; returns whether it was a success."""
        seconds = time.perf_counter() - started
        opened, errors = before
        is_success = is_whole and self._carrier.errors == errors
        self._loops += 1
        self._loop_seconds += seconds
        self._failed_loops += not is_success
        if self._started_at is None:
            self._started_at = self._monotonic()
        stream = self._stream
        self.metrics.update_loop_metrics(
            seconds * 1e3,
            self._steps.opened - opened,
            pairs[0].spread_bps() if pairs else None,
            self.config.data_source,
            stream is not None and stream.ws_connected,
            0 if stream is None else stream.reconnects,
            symbol,
        )
        return is_success

    def get_stats(self) -> dict[str, Any]:
        """What has happened so far. Loop times are work alone, without the sleep between."""
        elapsed = 0.0 if self._started_at is None else self._monotonic() - self._started_at
        return {
            "elapsed_seconds": elapsed,
            "loop_count": self._loops,
            "failed_loop_count": self._failed_loops,
            "total_trades_opened": self._steps.opened,
            "total_trades_closed": self._steps.closed,
            "total_pnl_usd": float(self.engine.risk.realised_usd),
            "active_orders": len(self.engine.accounts.live_orders()),
            "avg_loop_time_ms": self._loop_seconds / self._loops * 1e3 if self._loops else 0.0,
            "refusals": refusals(self.engine),
            "last_error": self.last_error,
        }


async def _sleep(woken: asyncio.Event, seconds: float) -> None:
    """Wait until woken, at most for `seconds`."""
    if seconds <= 0.0:
        await asyncio.sleep(0)
    else:
        timer = asyncio.get_running_loop().call_later(seconds, woken.set)
        try:
            await woken.wait()
        finally:
            timer.cancel()
    woken.clear()


def _nobody() -> None:
    """Who is woken while no loop runs."""


def _provider(
    config: ArbitrageLiveConfig,
    a: Exchange,
    b: Exchange,
    max_age_seconds: float,
    clock_ns: Callable[[], int],
) -> MarketDataProvider:
    """The provider of a runner that was given none; its time is the runner's."""
    streams = config.data_source == "ws"
    kind = WebSocketMarketDataProvider if streams else RestMarketDataProvider
    clock = time.time if clock_ns is time.time_ns else lambda: ns_to_seconds(clock_ns())
    return kind(exchanges={"a": a, "b": b}, max_age_seconds=max_age_seconds, clock=clock)


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
