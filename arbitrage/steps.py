"""What one step of a runner does, written once for both of its faces.

A step is a generator. It yields wishes, books to be asked for and intents to be carried out, and
is sent what came of them; whoever drives it decides how to wait. It stamps events at the door,
feeds the engine, and passes on what the engine wants until it wants nothing more.
"""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

import msgspec

from arbitrage.domain.decisions import Decision, Step, TradeClosed, TradeClosing, TradeOpened
from arbitrage.domain.events import Books, BookSnapshot, Event, OrderUpdate, Tick
from arbitrage.domain.intents import CancelOrder, Intent, PlaceOrder, QueryOrder
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.trade import ArbitrageTrade
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.pairs import Pair, Pairs

_REMEMBERED_TRADES = 1_000
# One step may answer fills with hedges, and those with more; a loop of ours must end somewhere.
_MAX_ROUNDS_PER_STEP = 50

T = TypeVar("T")


class RouteSnapshot(msgspec.Struct, frozen=True, gc=False):
    """Both books of one route as they were seen together, and the FX book if it has one."""

    route: str
    ts_ns: int
    a: OrderBookSnapshot
    b: OrderBookSnapshot
    fx: OrderBookSnapshot | None = None


class Ask(msgspec.Struct, frozen=True, gc=False):
    """A wish: the latest books of these symbols, in the provider's naming, None where missing."""

    symbols: Sequence[str]


class Send(msgspec.Struct, frozen=True, gc=False):
    """A wish: carry these intents to their exchanges and bring back the orders."""

    intents: Sequence[Intent]


Wish = Ask | Send
Work = Generator[Wish, Any, T]


class Steps:
    """The steps of one engine over the pairs of one runner, and what they have led to."""

    def __init__(
        self,
        engine: ArbitrageEngine,
        pairs: Pairs,
        *,
        clock_ns: Callable[[], int],
        on_decision: Callable[[Decision], None] | None,
    ) -> None:
        self.engine = engine
        self.pairs = pairs
        self.opened = 0
        self.closed = 0
        self.recent_trades: deque[ArbitrageTrade] = deque(maxlen=_REMEMBERED_TRADES)
        self._clock_ns = clock_ns
        self._on_decision = on_decision
        self._now_ns = 0
        self._tick_ns = int(engine.config.tick_seconds * NS_PER_SECOND)
        self._next_tick_ns = 0
        self._pending: list[Intent] = []
        self._live: dict[str, QueryOrder] = {}

    @property
    def has_pending(self) -> bool:
        """Whether the engine wants something that has not been sent."""
        return bool(self._pending)

    def stamp(self) -> int:
        """The time at the door; it never goes back."""
        self._now_ns = max(self._now_ns, self._clock_ns(), self.engine.now_ns)
        return self._now_ns

    # --- what the engine is told --------------------------------------------------------------

    def tell(self, event: Event) -> list[ArbitrageTrade]:
        """Feed one event; returns the trades that it opens or begins to close."""
        return self._take_in(self.engine.step(event))

    def look(self, books: list[BookSnapshot], now_ns: int = 0) -> list[ArbitrageTrade]:
        """Feed books that were seen together, after the timers that are due."""
        now_ns = max(self.stamp(), now_ns)
        if now_ns >= self._next_tick_ns:
            self.tick(now_ns)
        return self._take_in(self.engine.step(Books(now_ns, books)))

    def tick(self, now_ns: int) -> None:
        """Let the engine's timers run."""
        self._next_tick_ns = now_ns + self._tick_ns
        self._take_in(self.engine.step(Tick(now_ns)))

    def _take_in(self, step: Step) -> list[ArbitrageTrade]:
        self._pending.extend(step.intents)
        trades = []
        for decision in step.decisions:
            if isinstance(decision, TradeOpened):
                self.opened += 1
                trades.append(decision.trade)
            elif isinstance(decision, TradeClosing):
                trades.append(decision.trade)
            elif isinstance(decision, TradeClosed):
                self.closed += 1
                self.recent_trades.append(decision.trade)
            if self._on_decision is not None:
                self._on_decision(decision)
        return trades

    def _take_answer(self, order: Order) -> None:
        client_id = order.intent.client_id
        question = self.engine.desk.query(client_id)
        if order.is_live and question is not None:
            self._live[client_id] = question
        else:
            self._live.pop(client_id, None)
        self.tell(
            OrderUpdate(
                self.stamp(),
                client_id,
                order.status,
                order.filled_qty,
                order.filled_cost,
                tuple(sorted(order.fees.items())),
                order.reason,
            )
        )

    # --- the pieces of a step -----------------------------------------------------------------

    def step(self, pairs: Sequence[Pair]) -> Work[bool]:
        """See the books of `pairs`, let the engine look, do what it wants. False if a book was
        missing; the routes that were whole are looked at all the same."""
        yield from self.catch_up()
        is_single = len(pairs) == 1
        books = yield Ask(Pairs.symbols(pairs))
        found = {} if is_single else dict(zip(Pairs.symbols(pairs), books, strict=True))
        seen: list[BookSnapshot] = []
        missing = 0
        for pair in pairs:
            its = books if is_single else [found[symbol] for symbol in pair.symbols]
            if None in its:
                missing += 1
            else:
                seen.extend(pair.books(*its))
        if seen:
            self.look(seen)
            if self._pending:
                yield from self.execute(None)
        return missing == 0 and bool(pairs)

    def see(self, pair: Pair) -> Work[RouteSnapshot | None]:
        """Both books of one pair and its FX book, or None if one is missing."""
        books = yield Ask(pair.symbols)
        if None in books:
            return None
        return RouteSnapshot(pair.route.name, self.stamp(), *books)

    def execute(self, trade_ids: set[str] | None) -> Work[list[Order]]:
        """Send what waits (of these trades, or all), take the answers in, and so on until the
        engine wants nothing more."""
        orders: list[Order] = []
        for _ in range(_MAX_ROUNDS_PER_STEP):
            chosen = [intent for intent in self._pending if _is_of(intent, trade_ids)]
            if not chosen:
                break
            self._pending = [intent for intent in self._pending if not _is_of(intent, trade_ids)]
            for order in (yield Send([intent for intent in chosen if self._is_wanted(intent)])):
                self._take_answer(order)
                orders.append(order)
        return orders

    def _is_wanted(self, intent: Intent) -> bool:
        """An order that the engine has given up in the meantime is not sent any more."""
        if not isinstance(intent, PlaceOrder):
            return True
        return self.engine.desk.status(intent.client_id) is OrderStatus.IN_FLIGHT

    def catch_up(self) -> Work[None]:
        """Ask what became of orders that were still live, and send what was left unsent."""
        if self._live:
            for order in (yield Send(tuple(self._live.values()))):
                self._take_answer(order)
        if self._pending:
            yield from self.execute(None)

    def leave_nothing(self) -> Work[None]:
        """Drop what was never sent, cancel what is live, and take the last answers in."""
        self._pending.clear()
        cancels = [
            CancelOrder(client_id=live.client_id, venue=live.venue, symbol=live.symbol)
            for live in self._live.values()
        ]
        if cancels:
            for order in (yield Send(cancels)):
                self._take_answer(order)
        self._pending.clear()


def _is_of(intent: Intent, trade_ids: set[str] | None) -> bool:
    """Whether `intent` belongs to these trades; cancels and queries belong to every set."""
    return trade_ids is None or not isinstance(intent, PlaceOrder) or intent.trade_id in trade_ids
