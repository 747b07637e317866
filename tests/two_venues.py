"""Two paper exchanges, a clock that stands still, and a runner between them.

A is a KRW spot venue, B one of USDT perpetuals, so that no coin is needed to be short; one dollar
is 1,400 won. Prices of BTC are round: at 140,000,000 KRW and 100,000 USDT the premium is zero.
"""

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from arbitrage import (
    ArbitrageConfig,
    ArbitrageEngine,
    ArbitrageLiveConfig,
    ArbitrageLiveRunner,
    OrderBookSnapshot,
    PaperExchange,
)
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.exchanges.base import Balance

A, B, FX = "KRW-BTC", "BTC/USDT:USDT", "KRW-USDT"
RATE = 1400.0
KRW, USDT = 100_000_000, 100_000
FACES = ["sync", "async"]
Step = Callable[..., bool]


def one_step(request: pytest.FixtureRequest) -> Step:
    """A fixture over `FACES`: `step(runner)` or `step(runner, symbol)`."""

    def called(runner: ArbitrageLiveRunner, symbol: str = "") -> bool:
        return runner.run_once_for_symbol(symbol) if symbol else runner.run_once()

    def awaited(runner: ArbitrageLiveRunner, symbol: str = "") -> bool:
        return asyncio.run(runner.arun_once_for_symbol(symbol) if symbol else runner.arun_once())

    return called if request.param == "sync" else awaited


class Clock:
    """Seconds since the epoch, moved by hand; also a monotonic clock."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def ns(self) -> int:
        return round(self.now * NS_PER_SECOND)

    def seconds(self) -> float:
        return self.now


def book(symbol: str, bid: float, ask: float, *, at: float, qty: float = 10.0) -> OrderBookSnapshot:
    return OrderBookSnapshot(symbol, at, [(bid, qty)], [(ask, qty)])


class Rig:
    """A runner over two exchanges. `engine` and `live` are arguments of the two configurations;
    everything that costs money is zero unless they say otherwise."""

    def __init__(
        self,
        a: PaperExchange | None = None,
        b: PaperExchange | None = None,
        *,
        symbols: tuple[str, str] = (A, B),
        engine: Mapping[str, Any] | None = None,
        live: Mapping[str, Any] | None = None,
        **runner: Any,
    ) -> None:
        self.clock = Clock()
        self.a = a or PaperExchange(initial_balance={"KRW": KRW})
        self.b = b or PaperExchange(initial_balance={"USDT": USDT})
        self.symbol_a, self.symbol_b = symbols
        free = {"taker_fee_a_bps": 0.0, "taker_fee_b_bps": 0.0, "slippage_bps": 0.0}
        terms = {"fx": RATE, "min_seconds_between_entries": 0.0} | free | (engine or {})
        self.runner = ArbitrageLiveRunner(
            engine=ArbitrageEngine(ArbitrageConfig(**terms)),
            exchange_a=self.a,
            exchange_b=self.b,
            config=ArbitrageLiveConfig(*symbols, **(free | (live or {}))),
            clock_ns=self.clock.ns,
            monotonic=self.clock.seconds,
            **runner,
        )

    def show_a(self, bid: float, ask: float, *, qty: float = 10.0) -> None:
        self.a.set_orderbook(
            self.symbol_a, book(self.symbol_a, bid, ask, at=self.clock.now, qty=qty)
        )

    def show_b(self, bid: float, ask: float, *, qty: float = 10.0) -> None:
        self.b.set_orderbook(
            self.symbol_b, book(self.symbol_b, bid, ask, at=self.clock.now, qty=qty)
        )

    def premium(self, percent: float) -> None:
        """Show books without a spread of their own, A dearer than B by `percent`."""
        price = 140_000_000.0 * (1 + percent / 100)
        self.show_a(price - 1, price + 1)
        self.show_b(100_000.0, 100_000.01)

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @property
    def stats(self) -> dict[str, Any]:
        return self.runner.get_stats()

    @property
    def is_flat(self) -> bool:
        """Whether neither exchange holds any BTC."""
        return owned(self.a, "BTC") == 0 == owned(self.b, "BTC") and not (
            self.a.get_open_positions() or self.b.get_open_positions()
        )

    def gained_usd(self) -> Decimal:
        """What both exchanges hold more than at the start, by their own word."""
        won = owned(self.a, "KRW") - KRW
        return won / Decimal(RATE) + owned(self.b, "USDT") - USDT


def owned(exchange: PaperExchange, currency: str) -> Decimal:
    balance = exchange.get_balance(currency)
    assert isinstance(balance, Balance)
    return balance.total
