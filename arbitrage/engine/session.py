"""Engine and gateways in one line of time: the next thing to happen is the smallest timestamp.

A session takes market events in order. Before each it lets everything happen that is due earlier:
answers and settlements of gateways that live in event time, and the engine's own ticks on a grid.
So the sequence the engine sees is a function of the market events alone: a paper session and the
replay of its recording are the same run. Answers at one instant come before ticks, ticks before
market events.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from arbitrage.domain.decisions import Decision, Step
from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import (
    BookDelta,
    BookQuote,
    Books,
    BookSnapshot,
    Event,
    Funding,
    MarketTrade,
    Tick,
)
from arbitrage.domain.intents import Intent, IntentDigest
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.engine.engine import ArbitrageEngine

NEVER = 2**63 - 1
SETTLE_SECONDS = 60
VenueMarketEvent = BookSnapshot | BookDelta | BookQuote | MarketTrade | Funding
_OF_A_VENUE = (BookSnapshot, BookDelta, BookQuote, MarketTrade, Funding)


class Gateway(Protocol):
    """A venue that lives in event time, such as a paper venue.

    `next_due_ns` is when its next thing happens, `NEVER` if nothing is pending. `pop_due` lets it
    happen and returns the event for the engine, or None if it was the venue's own affair.
    """

    venue: str
    next_due_ns: int

    def on_event(self, event: VenueMarketEvent) -> None: ...

    def send(self, intents: Iterable[Intent], now_ns: int) -> None: ...

    def pop_due(self) -> Event | None: ...

    def balances(self) -> Mapping[str, Decimal]: ...


class Session:
    """One engine, its gateways, and the digest of everything it wanted done."""

    def __init__(
        self,
        engine: ArbitrageEngine,
        gateways: Sequence[Gateway],
        *,
        on_decisions: Callable[[Sequence[Decision]], None] | None = None,
    ) -> None:
        self.engine = engine
        self.gateways = tuple(gateways)
        self.digest = IntentDigest()
        self.events = 0
        self._by_venue = {gateway.venue: gateway for gateway in gateways}
        self._on_decisions = on_decisions
        check_gateways(engine, self._by_venue)
        self._tick_ns = int(engine.config.tick_seconds * NS_PER_SECOND)
        self._next_tick_ns = NEVER
        self._next_due_ns = NEVER

    def on_event(self, event: Event) -> None:
        """Let everything due by then happen, then take in a market event or a command."""
        ts_ns = event.ts_ns
        if self._next_tick_ns == NEVER:
            self._next_tick_ns = (ts_ns // self._tick_ns + 1) * self._tick_ns
        if ts_ns >= self._next_due_ns or ts_ns >= self._next_tick_ns:
            self.advance(ts_ns)
        self.events += 1
        if type(event) is Books:
            for book in event.books:
                self._show(book)
        elif isinstance(event, _OF_A_VENUE):
            self._show(event)
        step = self.engine.step(event)
        if step.intents or step.decisions:
            self._carry_out(step, ts_ns)

    def _show(self, event: VenueMarketEvent) -> None:
        gateway = self._by_venue.get(event.venue)
        if gateway is not None:
            gateway.on_event(event)
            if gateway.next_due_ns < self._next_due_ns:
                self._next_due_ns = gateway.next_due_ns

    def advance(self, ts_ns: int) -> None:
        """Let everything happen that is due at `ts_ns` or before."""
        while True:
            gateway = min(self.gateways, key=_due, default=None)
            due_ns = NEVER if gateway is None else gateway.next_due_ns
            if gateway is not None and due_ns <= ts_ns and due_ns <= self._next_tick_ns:
                answer = gateway.pop_due()
                if answer is not None:
                    self._carry_out(self.engine.step(answer), answer.ts_ns)
            elif self._next_tick_ns <= ts_ns:
                tick = Tick(self._next_tick_ns)
                self._next_tick_ns += self._tick_ns
                self._carry_out(self.engine.step(tick), tick.ts_ns)
            else:
                self._next_due_ns = due_ns
                return

    def settle(self, ts_ns: int) -> None:
        """Let what is still under way at `ts_ns` arrive: orders, answers, and hedges after them.

        Ends when nothing is pending, or after `SETTLE_SECONDS` of event time. Ticks go on, so that
        what is waited for is also asked for.
        """
        end_ns = ts_ns + SETTLE_SECONDS * NS_PER_SECOND
        while self.engine.accounts.live_orders() and ts_ns < end_ns:
            ts_ns = min(end_ns, self._next_tick_ns, max(ts_ns, self._next_due_ns))
            self.advance(ts_ns)

    def _carry_out(self, step: Step, now_ns: int) -> None:
        if step.intents:
            self.digest.add(now_ns, step.intents)
            self._send(step.intents, now_ns)
        if step.decisions and self._on_decisions is not None:
            self._on_decisions(step.decisions)

    def _send(self, intents: Sequence[Intent], now_ns: int) -> None:
        for intent in intents:
            gateway = self._by_venue[intent.venue]
            gateway.send((intent,), now_ns)
            if gateway.next_due_ns < self._next_due_ns:
                self._next_due_ns = gateway.next_due_ns


def _due(gateway: Gateway) -> int:
    return gateway.next_due_ns


def check_gateways(engine: ArbitrageEngine, venues: Container[str]) -> None:
    """Raise `ConfigError` for a route whose orders would have nowhere to go."""
    for route in engine.routes.values():
        for leg in (route.a, route.b):
            if leg.market.venue not in venues:
                raise ConfigError(
                    f"route {route.name}: no gateway for {leg.market.venue}; its orders would "
                    "go nowhere, the session is not started"
                )
