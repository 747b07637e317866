"""Figures of the trading loop: how long a step takes, what it saw, whether it still runs.

Writing is one row appended to bounded rings, cheap enough for the path from book to order; every
statistic is computed when somebody reads. Nothing is reported that was not measured: a figure
without a sample is None, and health is never "ok" by default.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from math import ceil, inf
from statistics import fmean
from threading import Lock
from typing import Any, NamedTuple

from arbitrage.domain.errors import ConfigError

DEFAULT_MAX_SYMBOLS = 4096
DEFAULT_QUEUE_SIZE = 10_000
_STREAMED_SOURCES = frozenset({"ws", "websocket"})
_NAMED_IN_A_REASON = 5

_PlainRow = tuple[float, int, float | None, str, bool, int, str | None, float]


class _Row(NamedTuple):
    """One update. The rings hold plain tuples of this shape, since those are built faster."""

    loop_time_ms: float
    trades_opened: int
    spread_bps: float | None
    data_source: str
    ws_connected: bool
    ws_reconnects: int
    symbol: str | None
    at: float

    @property
    def is_stream_down(self) -> bool:
        return self.data_source in _STREAMED_SOURCES and not self.ws_connected


class _Series:
    """The last rows of one symbol or of the whole loop, and what has to be counted for ever."""

    __slots__ = ("rows", "since", "trades_total")

    def __init__(self, size: int, since: float) -> None:
        self.rows: deque[_PlainRow] = deque(maxlen=size)
        self.since = since
        self.trades_total = 0


class MetricsCollector:
    """Collects the figures of a trading loop and of each symbol in it.

    "Recent", averages, extremes and percentiles are over the last `buffer_size` updates; each
    symbol has a ring of that size too. At most `max_symbols` symbols are kept: updates of further
    ones count for the loop as a whole and in `symbols_shed`. `clock` gives monotonic seconds.
    Silence of `stale_after_seconds` degrades health, of `down_after_seconds` is down.

    Any thread may write or read; the queue belongs to one event loop at a time.
    """

    def __init__(
        self,
        buffer_size: int = 200,
        *,
        max_symbols: int = DEFAULT_MAX_SYMBOLS,
        queue_size: int = DEFAULT_QUEUE_SIZE,
        stale_after_seconds: float = 10.0,
        down_after_seconds: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        for name, value in (
            ("buffer_size", buffer_size),
            ("max_symbols", max_symbols),
            ("queue_size", queue_size),
        ):
            if value < 1:
                raise ConfigError(f"{name} is {value}; expected one or more")
        if not 0 < stale_after_seconds <= down_after_seconds:
            raise ConfigError(
                f"stale_after_seconds is {stale_after_seconds}, down_after_seconds "
                f"{down_after_seconds}; expected 0 < stale_after_seconds <= down_after_seconds"
            )
        self._buffer_size = buffer_size
        self._max_symbols = max_symbols
        self._queue_size = queue_size
        self._stale_after = stale_after_seconds
        self._down_after = down_after_seconds
        self._clock = clock
        self._lock = Lock()
        self._queue: deque[_PlainRow] = deque()
        self._is_queueing = False
        self._draining_loop: asyncio.AbstractEventLoop | None = None
        self._forget()

    def _forget(self) -> None:
        self._loop = _Series(self._buffer_size, self._clock())
        self._by_symbol: dict[str, _Series] = {}
        self._symbols_shed = 0
        self._queue_shed = 0
        self._queue_shed_at = -inf

    def update_loop_metrics(
        self,
        loop_time_ms: float,
        trades_opened: int,
        spread_bps: float | None,
        data_source: str,
        ws_connected: bool = False,
        ws_reconnects: int = 0,
        symbol: str | None = None,
    ) -> None:
        """Take in one step of the loop.

        `trades_opened` is of this step, `ws_reconnects` the running count. `spread_bps` is None
        where the step saw no spread. Raises `ValueError` for a time or count that is negative or
        not a number.
        """
        self._take(
            self._row(
                loop_time_ms,
                trades_opened,
                spread_bps,
                data_source,
                ws_connected,
                ws_reconnects,
                symbol,
            )
        )

    async def aupdate_loop_metrics(
        self,
        loop_time_ms: float,
        trades_opened: int,
        spread_bps: float | None,
        data_source: str,
        ws_connected: bool = False,
        ws_reconnects: int = 0,
        symbol: str | None = None,
    ) -> None:
        """`update_loop_metrics` for async callers; it never waits."""
        self.update_loop_metrics(
            loop_time_ms,
            trades_opened,
            spread_bps,
            data_source,
            ws_connected,
            ws_reconnects,
            symbol,
        )

    async def astart_queue_processing(self) -> None:
        """From now on `aqueue_metrics` only queues. Starting twice is harmless."""
        self._drain()
        self._is_queueing = True

    async def aqueue_metrics(
        self,
        loop_time_ms: float,
        trades_opened: int,
        spread_bps: float | None,
        data_source: str,
        ws_connected: bool = False,
        ws_reconnects: int = 0,
        symbol: str | None = None,
    ) -> None:
        """Leave an update to be taken in when the event loop is next free; it never waits.

        A full queue sheds its oldest update and counts it in `queue_shed`. Without
        `astart_queue_processing` the update is taken in at once. Raises as `update_loop_metrics`.
        """
        row = self._row(
            loop_time_ms,
            trades_opened,
            spread_bps,
            data_source,
            ws_connected,
            ws_reconnects,
            symbol,
        )
        if not self._is_queueing:
            self._take(row)
            return
        if len(self._queue) >= self._queue_size:
            self._queue.popleft()
            self._queue_shed += 1
            self._queue_shed_at = row[-1]
        self._queue.append(row)
        loop = asyncio.get_running_loop()
        if self._draining_loop is not loop:
            self._draining_loop = loop
            loop.call_soon(self._drain)

    async def astop_queue_processing(self) -> None:
        """Take in everything still queued, then stop queueing. Stopping twice is harmless."""
        self._is_queueing = False
        self._drain()

    def _drain(self) -> None:
        self._draining_loop = None
        while self._queue:
            self._take(self._queue.popleft())

    def _row(
        self,
        loop_time_ms: float,
        trades_opened: int,
        spread_bps: float | None,
        data_source: str,
        ws_connected: bool,
        ws_reconnects: int,
        symbol: str | None,
    ) -> _PlainRow:
        """The checked update, stamped. Comparisons are written so that NaN fails them."""
        if not (
            0.0 <= loop_time_ms < inf
            and trades_opened >= 0
            and ws_reconnects >= 0
            and (spread_bps is None or -inf < spread_bps < inf)
        ):
            raise ValueError(
                f"metrics of {symbol or 'the loop'}: loop_time_ms {loop_time_ms}, "
                f"trades_opened {trades_opened}, spread_bps {spread_bps}, ws_reconnects "
                f"{ws_reconnects}; expected finite numbers, times and counts of zero or more; "
                "the update is refused"
            )
        return (
            loop_time_ms,
            trades_opened,
            spread_bps,
            data_source,
            ws_connected,
            ws_reconnects,
            symbol,
            self._clock(),
        )

    def _take(self, row: _PlainRow) -> None:
        with self._lock:
            series = self._loop
            series.rows.append(row)
            series.trades_total += row[1]
            symbol = row[6]
            if symbol is None:
                return
            by_symbol = self._by_symbol.get(symbol)
            if by_symbol is None:
                if len(self._by_symbol) >= self._max_symbols:
                    self._symbols_shed += 1
                    return
                by_symbol = self._by_symbol[symbol] = _Series(self._buffer_size, row[-1])
            by_symbol.rows.append(row)
            by_symbol.trades_total += row[1]

    def reset(self) -> None:
        """Forget every update, queued ones too, and start the uptime again."""
        with self._lock:
            self._queue.clear()
            self._forget()

    def get_metrics(self) -> dict[str, Any]:
        """Every figure at once; `symbols` holds the same figures by symbol.

        `loop_time_p99_ms` is the nearest rank: the smallest of the recent times that at least
        99 % of them do not exceed. `buffer_usage` counts the updates that the statistics rest on,
        `age_seconds` is the time since the last one. The work grows with symbols times buffer:
        with a thousand symbols ask from another thread than the trading one.
        """
        with self._lock:
            loop = self._loop
            by_symbol = list(self._by_symbol.items())
        metrics = self._figures(loop)
        metrics["queue_size"] = len(self._queue)
        metrics["queue_shed"] = self._queue_shed
        metrics["symbols_shed"] = self._symbols_shed
        metrics["symbols"] = {symbol: self._figures(series) for symbol, series in by_symbol}
        return metrics

    def _figures(self, series: _Series) -> dict[str, Any]:
        with self._lock:
            rows = tuple(series.rows)
            trades_total = series.trades_total
        now = self._clock()
        last = _Row(*rows[-1]) if rows else None
        times = sorted(row[0] for row in rows)
        spreads = [row[2] for row in rows if row[2] is not None]
        return {
            "loop_time_ms": last and last.loop_time_ms,
            "loop_time_avg_ms": fmean(times) if times else None,
            "loop_time_max_ms": times[-1] if times else None,
            "loop_time_min_ms": times[0] if times else None,
            "loop_time_p99_ms": times[ceil(0.99 * len(times)) - 1] if times else None,
            "trades_opened_total": trades_total,
            "trades_opened_recent": sum(row[1] for row in rows),
            "spread_bps": last and last.spread_bps,
            "spread_avg_bps": fmean(spreads) if spreads else None,
            "data_source": last and last.data_source,
            "ws_connected": last is not None and last.ws_connected,
            "ws_reconnect_count": last.ws_reconnects if last else 0,
            "uptime_seconds": now - series.since,
            "age_seconds": last and now - last.at,
            "buffer_size": self._buffer_size,
            "buffer_usage": len(rows),
        }

    def get_health(self) -> dict[str, Any]:
        """Whether the loop can be trusted: `status` is `ok`, `degraded` or `down`.

        `reasons` says why it is not ok. Down means that nothing was heard for
        `down_after_seconds`. Degraded means that nothing was heard yet, that the loop or a symbol
        fell silent for `stale_after_seconds`, that a stream is disconnected, or that the queue
        shed updates within that time. Ages are seconds since the last update.
        """
        with self._lock:
            now = self._clock()
            since = self._loop.since
            last = _Row(*self._loop.rows[-1]) if self._loop.rows else None
            symbols = {name: _Row(*series.rows[-1]) for name, series in self._by_symbol.items()}
        reasons = self._silence(now, last, symbols)
        streams = [name for name, row in symbols.items() if row.is_stream_down]
        if streams:
            reasons.append(f"stream disconnected: {_some(streams)}")
        elif last and last.is_stream_down:
            reasons.append("stream disconnected")
        if now - self._queue_shed_at <= self._stale_after:
            reasons.append(f"the queue is full: {self._queue_shed} updates shed so far")
        is_down = now - (last.at if last else since) > self._down_after
        return {
            "status": "down" if is_down else "degraded" if reasons else "ok",
            "reasons": reasons,
            "age_seconds": last and now - last.at,
            "symbol_ages_seconds": {name: now - row.at for name, row in symbols.items()},
            "uptime_seconds": now - since,
        }

    def _silence(self, now: float, last: _Row | None, symbols: dict[str, _Row]) -> list[str]:
        """What has not been heard of for too long, as reasons."""
        if last is None:
            return ["no step has been reported yet"]
        limit = self._stale_after
        if now - last.at > limit:
            return [f"no step for {now - last.at:.1f} s, limit {limit:.1f} s"]
        silent = [name for name, row in symbols.items() if now - row.at > limit]
        return [f"no step for over {limit:.1f} s: {_some(silent)}"] if silent else []


def _some(names: list[str]) -> str:
    """The first few names and how many more there are, so that a reason stays one line."""
    more = len(names) - _NAMED_IN_A_REASON
    shown = ", ".join(names[:_NAMED_IN_A_REASON])
    return f"{shown} and {more} more" if more > 0 else shown
