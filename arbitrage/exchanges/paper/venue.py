"""The paper venue in event time: what arrives when, and what is answered when.

An order sent at t meets the book of t + `latency_ns`; its outcome reaches us `answer_latency_ns`
after that. Everything pending has a due time; at one instant what was scheduled first comes first.
No clock, no randomness: the same events and intents give the same answers.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from heapq import heappop, heappush
from typing import Any

import msgspec

from arbitrage.domain.errors import ConfigError, InvariantBroken
from arbitrage.domain.events import (
    BookDelta,
    BookQuote,
    Books,
    BookSnapshot,
    Event,
    Funding,
    FundingPayment,
    MarketTrade,
    OrderUpdate,
)
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, Intent, PlaceOrder, QueryOrder
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.engine.session import NEVER
from arbitrage.exchanges.base import Balance, OpenPosition
from arbitrage.exchanges.paper.clearing import Clearing
from arbitrage.exchanges.paper.execution import Execution
from arbitrage.exchanges.paper.market import PaperMarket


class _Settlement(msgspec.Struct, frozen=True):
    """Funding of `symbol` falls due."""

    symbol: str


class PaperVenue:
    """One venue, one account, in event time; the gateway of paper sessions and of replay.

    `instruments` and `fees` are by symbol; a symbol without an instrument has the finest rules,
    one without fees pays none; one `FeeSchedule` may stand for all symbols. `balances` must not be
    negative. Market events of other venues are ignored.

    An order is `FILLED`, `OPEN` (at rest), `CANCELED` or `REJECTED`, with the reason in the update.
    Cancelled: `ioc_remainder`, `fok_not_filled`, `liquidation`, none when asked for, and for a
    perpetual's order at rest `reduce_only` or `insufficient_margin`. Rejected: `unknown_symbol`,
    `lot_size`, `min_qty`, `max_qty`, `tick_size`, `max_price`, `min_notional`, `price_missing`,
    `no_book`, `post_only`, `reduce_only`, `insufficient_balance`, `insufficient_margin`,
    `duplicate_client_id`. A `reduce_only` order fills at most the position; on spot, where there
    is none, it is ignored.
    """

    def __init__(
        self,
        venue: str,
        *,
        instruments: Mapping[str, Instrument] | None = None,
        fees: Mapping[str, FeeSchedule] | FeeSchedule | None = None,
        balances: Mapping[str, Decimal] | None = None,
        latency_ns: int = 0,
        answer_latency_ns: int = 0,
    ) -> None:
        if latency_ns < 0 or answer_latency_ns < 0:
            raise ConfigError(
                f"{venue}: latency_ns is {latency_ns}, answer_latency_ns {answer_latency_ns}; "
                "expected zero or more"
            )
        self.venue = venue
        self.latency_ns = latency_ns
        self.answer_latency_ns = answer_latency_ns
        self.next_due_ns = NEVER
        self._clearing = Clearing(venue, instruments or {}, fees or {}, balances or {})
        self._markets = self._clearing.markets
        self._execution = Execution(self._clearing, self._report, self._announce)
        self._pending: list[tuple[int, int, Intent | Event | _Settlement]] = []
        self._scheduled = 0
        self._handlers: dict[type, Callable[[Any], None]] = {
            Books: self._on_books,
            BookDelta: self._on_delta,
            BookQuote: self._on_quote,
            MarketTrade: self._on_trade,
            Funding: self._on_funding,
        }

    # --- the market ----------------------------------------------------------------------------

    def on_event(self, event: Event) -> None:
        """Take in what happened in the market. Everything due by then was popped before."""
        if type(event) is BookSnapshot:
            if event.venue == self.venue:
                self._show(event, event.ts_ns)
            return
        take_in = self._handlers.get(type(event))
        if take_in is not None:
            take_in(event)

    def _show(self, book: BookSnapshot, now_ns: int) -> None:
        market = self._markets.get(book.symbol)
        if market is None:
            market = self._clearing.market(book.symbol)
        if market.is_quiet:
            market.bids, market.asks, market.seq = book.bids, book.asks, book.seq
            market.is_known = True
        else:
            market.replace(book.bids, book.asks, book.seq)
            self._look(market, now_ns)

    def _on_books(self, event: Books) -> None:
        for book in event.books:
            if book.venue == self.venue:
                self._show(book, event.ts_ns)

    def _on_delta(self, event: BookDelta) -> None:
        if event.venue == self.venue:
            market = self._clearing.market(event.symbol)
            market.change(event)
            self._look(market, event.ts_ns)

    def _on_quote(self, event: BookQuote) -> None:
        if event.venue == self.venue:
            market = self._clearing.market(event.symbol)
            market.quote(event)
            self._look(market, event.ts_ns)

    def _on_trade(self, event: MarketTrade) -> None:
        if event.venue == self.venue:
            market = self._clearing.market(event.symbol)
            if market.resting:
                self._execution.meet_trade(market, event, event.ts_ns)
                self._execution.check_margin(event.ts_ns)

    def _on_funding(self, event: Funding) -> None:
        if event.venue == self.venue:
            self._plan_settlement(self._clearing.market(event.symbol), event)

    def _look(self, market: PaperMarket, now_ns: int) -> None:
        """Let orders at rest and a position see the book as just shown."""
        if market.is_quiet:
            return
        needs_check = False
        if market.has_position:
            needs_check = self._clearing.is_mark_alarming(market)
        if market.resting:
            self._execution.meet_book(market, now_ns)
            needs_check = True
        if needs_check:
            self._execution.check_margin(now_ns)
        market.refresh_quiet()

    # --- what is pending -----------------------------------------------------------------------

    def send(self, intents: Iterable[Intent], now_ns: int) -> None:
        """Send to the venue; arrives at `now_ns + latency_ns`."""
        for intent in intents:
            if intent.venue != self.venue:
                raise InvariantBroken(
                    f"{type(intent).__name__} {intent.client_id} for {intent.venue} was given to "
                    f"{self.venue}; it is not sent"
                )
            self._schedule(now_ns + self.latency_ns, intent)

    def pop_due(self) -> Event | None:
        """Let the next pending thing happen; returns the event for the engine, if it is one.

        Raises `IndexError` when nothing is pending.
        """
        due_ns, _, item = heappop(self._pending)
        self.next_due_ns = self._pending[0][0] if self._pending else NEVER
        match item:
            case PlaceOrder():
                self._place(item, due_ns)
            case CancelOrder():
                self._execution.cancel(item.client_id, due_ns)
            case QueryOrder():
                self._answer_query(item.client_id, due_ns)
            case _Settlement():
                self._settle(item.symbol, due_ns)
            case _:
                return item
        return None

    def _schedule(self, due_ns: int, item: Intent | Event | _Settlement) -> None:
        self._scheduled += 1
        heappush(self._pending, (due_ns, self._scheduled, item))
        self.next_due_ns = self._pending[0][0]

    def _announce(self, event: Event, now_ns: int) -> None:
        """Tell the engine; the event is stamped with its arrival there."""
        due_ns = now_ns + self.answer_latency_ns
        event.ts_ns = due_ns
        self._schedule(due_ns, event)

    # --- orders --------------------------------------------------------------------------------

    def _place(self, intent: PlaceOrder, now_ns: int) -> None:
        orders = self._execution.orders
        if orders.is_used(intent.client_id):
            self._refuse_duplicate(intent.client_id, now_ns)
            return
        self._execution.place(intent, now_ns)
        self._execution.check_margin(now_ns)

    def _refuse_duplicate(self, client_id: str, now_ns: int) -> None:
        """Refuse the second order of an id. The first goes on; its totals are in the answer, so
        that no reader sees them shrink."""
        first = self._execution.orders.get(client_id)
        update = OrderUpdate(now_ns, client_id, OrderStatus.REJECTED)
        if first is not None:
            update = _update(first, now_ns)
            update.status = OrderStatus.REJECTED
        update.reason = "duplicate_client_id"
        self._announce(update, now_ns)

    def _answer_query(self, client_id: str, now_ns: int) -> None:
        """Say what became of an order. Arrivals keep their order, so one that is not known now
        was never sent; one that was forgotten stays in doubt."""
        orders = self._execution.orders
        order = orders.get(client_id)
        if order is not None:
            self._report(order, now_ns)
        elif orders.is_used(client_id):
            update = OrderUpdate(now_ns, client_id, OrderStatus.IN_DOUBT, reason="forgotten")
            self._announce(update, now_ns)
        else:
            self._announce(OrderUpdate(now_ns, client_id, OrderStatus.NEVER_EXISTED), now_ns)

    def _report(self, order: Order, now_ns: int) -> None:
        order.updated_ns = now_ns
        self._announce(_update(order, now_ns), now_ns)

    # --- funding -------------------------------------------------------------------------------

    def _plan_settlement(self, market: PaperMarket, funding: Funding) -> None:
        """Settle at the announced time, by the last word before it, once."""
        previous, market.funding = market.funding, funding
        is_planned = previous is not None and previous.next_ts_ns == funding.next_ts_ns
        is_past = funding.next_ts_ns < funding.ts_ns or funding.next_ts_ns <= market.settled_ns
        if not is_planned and not is_past:
            self._schedule(funding.next_ts_ns, _Settlement(market.symbol))

    def _settle(self, symbol: str, now_ns: int) -> None:
        market = self._markets[symbol]
        funding = market.funding
        if funding is None or funding.next_ts_ns != now_ns or market.settled_ns == now_ns:
            return  # the venue has moved the time since
        market.settled_ns = now_ns
        if market.has_position:
            currency, received = self._clearing.fund(market, funding)
            payment = FundingPayment(now_ns, self.venue, symbol, currency, received)
            self._announce(payment, now_ns)
            self._execution.check_margin(now_ns)

    # --- what the account shows ----------------------------------------------------------------

    def balances(self) -> dict[str, Decimal]:
        """What is owned in all, by currency, whatever orders and positions lock of it."""
        return self._clearing.account.totals()

    def balance(self, currency: str) -> Balance:
        """One currency; margin in use and unrealised losses count as locked."""
        account = self._clearing.account
        owned = account.total(currency)
        available = min(max(account.available(currency), Decimal(0)), owned)
        return Balance(currency, available, owned - available)

    def positions(self) -> list[OpenPosition]:
        """Perpetual positions that are not flat, by symbol."""
        held = sorted(
            self._clearing.account.margin.open_positions(), key=lambda held: held.instrument.symbol
        )
        return [
            OpenPosition(
                symbol=each.instrument.symbol,
                qty=each.position.qty,
                entry_price=each.position.avg_entry_price(each.instrument.contract_multiplier),
                unrealised_pnl=each.unrealised_pnl,
                margin=each.margin,
            )
            for each in held
        ]

    def instrument(self, symbol: str) -> Instrument:
        """The rules of a market. Raises `ConfigError` for a symbol that cannot be read."""
        return self._clearing.instrument(symbol)

    def fees(self, symbol: str) -> FeeSchedule:
        """What the account pays on a market."""
        return self._clearing.fees(symbol)

    def assume_fees(self, symbol: str, fees: FeeSchedule) -> None:
        """Charge `fees` on a symbol for which none were given."""
        self._clearing.assume_fees(symbol, fees)


def _update(order: Order, ts_ns: int) -> OrderUpdate:
    return OrderUpdate(
        ts_ns,
        order.intent.client_id,
        order.status,
        order.filled_qty,
        order.filled_cost,
        tuple(sorted(order.fees.items())),
        order.reason,
    )
