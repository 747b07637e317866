"""What one step of a runner does, written once for both of its faces.

A step is a generator. It yields wishes, books to be asked for and intents to be carried out, and
is sent what came of them; whoever drives it decides how to wait (`carrier`). It stamps events at
the door, feeds the engine, and passes on what the engine wants until it wants nothing more.
"""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

import msgspec

from arbitrage.domain.decisions import Decision, Step, TradeClosed, TradeClosing, TradeOpened
from arbitrage.domain.events import (
    BalanceUpdate,
    Books,
    BookSnapshot,
    Event,
    OrderUpdate,
    Tick,
)
from arbitrage.domain.intents import CancelOrder, Intent, PlaceOrder, QueryOrder
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.trade import ArbitrageTrade
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.pairs import Pair, Pairs, Selection

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


class AskBalances(msgspec.Struct, frozen=True, gc=False):
    """A wish: what the exchanges say we own, as `{venue: [Balance, ...]}`; None if one does not
    answer."""


class Send(msgspec.Struct, frozen=True, gc=False):
    """A wish: carry these intents to their exchanges and bring back the orders, in order."""

    intents: Sequence[Intent]


Wish = Ask | AskBalances | Send
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
        self.recent_trades: deque[ArbitrageTrade] = deque(maxlen=_REMEMBERED_TRADES)
        self._clock_ns = clock_ns
        self._on_decision = on_decision
        self._now_ns = 0
        self._tick_ns = int(engine.config.tick_seconds * NS_PER_SECOND)
        self._next_tick_ns = 0
        self._has_balances = False
        self._pending: list[Intent] = []
        self._sending: set[str] = set()  # a step waits for the answer to these
        self._live: dict[str, QueryOrder] = {}  # sent, and nobody waits for an answer

    @property
    def closed(self) -> int:
        """How many trades are closed; one that a late fill reopened is not, until it is again."""
        return sum(route.totals.trades for route in self.engine.routes.values())

    @property
    def has_pending(self) -> bool:
        """Whether the engine wants something that has not been sent."""
        return bool(self._pending)

    def stamp(self) -> int:
        """The time at the door; it never goes back."""
        now_ns = self._clock_ns()
        latest_ns = max(self._now_ns, self.engine.now_ns)
        self._now_ns = now_ns if now_ns > latest_ns else latest_ns
        return self._now_ns

    # --- what the engine is told --------------------------------------------------------------

    def tell(self, event: Event) -> list[ArbitrageTrade]:
        """Feed one event; returns the trades that it opens or begins to close."""
        return self._take_in(self.engine.step(event))

    def look(self, books: list[BookSnapshot], now_ns: int = 0) -> list[ArbitrageTrade]:
        """Feed books that were seen together, after the timers that are due."""
        now_ns = max(self.stamp(), now_ns)
        self.tick_if_due(now_ns)
        step = self.engine.step(Books(now_ns, books))
        return self._take_in(step) if step.intents or step.decisions else []

    def tick_if_due(self, now_ns: int) -> None:
        """Let the engine's timers run, as often as it wants them to."""
        if now_ns >= self._next_tick_ns:
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
                self._remember(decision.trade)
            if self._on_decision is not None:
                self._on_decision(decision)
        return trades

    def _remember(self, trade: ArbitrageTrade) -> None:
        """A trade that a late fill reopened is closed again; it is the same record."""
        if all(each is not trade for each in self.recent_trades):
            self.recent_trades.append(trade)

    def _take_answer(self, order: Order) -> None:
        client_id = order.intent.client_id
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
        status = self.engine.desk.status(client_id)
        question = self.engine.desk.query(client_id)
        if question is not None and status is not None and status.is_live:
            self._live[client_id] = question
        else:
            self._live.pop(client_id, None)

    # --- the pieces of a step -----------------------------------------------------------------

    def step(self, selection: Selection) -> Work[bool]:
        """See the books of a selection, let the engine look, do what it wants. False if a leg's
        book was missing; the routes that were whole are looked at all the same."""
        if not self._has_balances:
            yield from self.learn_balances()
        if self._live or self._pending:
            yield from self.catch_up()
        if selection.unknown:
            selection = yield from self._discover(selection)
        books, is_whole = selection.events((yield Ask(selection.symbols)))
        if books:
            self.look(books)
        else:
            self.tick_if_due(self.stamp())
        if self._pending:
            yield from self.execute(None)
        return is_whole and bool(selection.pairs) and not selection.unknown

    def _discover(self, selection: Selection) -> Work[Selection]:
        """Make a route of every unknown symbol of which both exchanges have a book."""
        unknown = selection.unknown
        books = yield Ask(
            [self.pairs.qualified(side, symbol) for symbol in unknown for side in "ab"]
        )
        for place, symbol in enumerate(unknown):
            is_known_by_now = bool(self.pairs.of_symbol(symbol))
            if None not in books[2 * place : 2 * place + 2] and not is_known_by_now:
                self.pairs.add(symbol, symbol)
        return self.pairs.select(selection.named)

    def see(self, pair: Pair) -> Work[RouteSnapshot | None]:
        """Both books of one pair and its FX book, or None if one of the legs is missing."""
        if not self._has_balances:
            yield from self.learn_balances()
        books = yield Ask(pair.symbols)
        if None in books[:2]:
            return None
        return RouteSnapshot(pair.route.name, self.stamp(), *books)

    def learn_balances(self) -> Work[None]:
        """Let the engine start from what the exchanges say we own."""
        owned = yield AskBalances()
        if owned is None or self._has_balances:
            return
        self._has_balances = True
        for venue, balances in owned.items():
            for balance in balances:
                self.tell(BalanceUpdate(self.stamp(), venue, balance.currency, balance.total))

    def execute(self, trade_ids: set[str] | None) -> Work[list[Order]]:
        """Send what waits (of these trades, or all), take the answers in, and so on until the
        engine wants nothing more."""
        orders: list[Order] = []
        for _ in range(_MAX_ROUNDS_PER_STEP):
            chosen = [intent for intent in self._pending if _is_of(intent, trade_ids)]
            if not chosen:
                break
            self._pending = [intent for intent in self._pending if not _is_of(intent, trade_ids)]
            wanted = [intent for intent in chosen if self._is_wanted(intent)]
            if wanted:
                orders += yield from self._send(wanted)
        return orders

    def _is_wanted(self, intent: Intent) -> bool:
        """An order that the engine has given up in the meantime is not sent any more, and one
        that is just being sent is not asked for: its exchange may not have it yet."""
        if isinstance(intent, PlaceOrder):
            return self.engine.desk.status(intent.client_id) is OrderStatus.IN_FLIGHT
        return intent.client_id not in self._sending

    def _send(self, intents: Sequence[Intent]) -> Work[list[Order]]:
        """Have `intents` carried out and take the answers in. Should this step be given up while
        it waits, what it sent is asked for by the next one."""
        questions = {
            intent.client_id: question
            for intent in intents
            if (question := self.engine.desk.query(intent.client_id)) is not None
        }
        self._sending.update(questions)
        self._live.update(questions)
        try:
            orders: list[Order] = yield Send(intents)
        finally:
            self._sending.difference_update(questions)
        for order in orders:
            self._take_answer(order)
        return orders

    def catch_up(self) -> Work[None]:
        """Ask what became of orders that were still live, and send what was left unsent."""
        questions = [each for each in self._live.values() if self._is_wanted(each)]
        if questions:
            yield from self._send(questions)
        if self._pending:
            yield from self.execute(None)

    def leave_nothing(self) -> Work[None]:
        """Take back what was never sent, cancel what is live, and see to the end of it.

        An order that filled after all is hedged, so that nothing is left half done.
        """
        unsent, self._pending = self._pending, []
        for intent in unsent:
            if isinstance(intent, PlaceOrder):
                self.tell(OrderUpdate(self.stamp(), intent.client_id, OrderStatus.NEVER_EXISTED))
        live = [each for each in self._live.values() if self._is_wanted(each)]
        if live:
            yield from self._send(
                [
                    CancelOrder(client_id=each.client_id, venue=each.venue, symbol=each.symbol)
                    for each in live
                ]
            )
        yield from self.catch_up()


def _is_of(intent: Intent, trade_ids: set[str] | None) -> bool:
    """Whether `intent` belongs to these trades; cancels and queries belong to every set."""
    return trade_ids is None or not isinstance(intent, PlaceOrder) or intent.trade_id in trade_ids
