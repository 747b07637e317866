"""A venue that does everything that venues do to people, from one seed, and keeps honest books.

Requests are lost, or their answers; orders fill in parts, are rejected, race their cancels and
fill after they were said to be cancelled; messages are late, twice, and out of order. What it
says of an order is always true of some moment. What it owes is exact and kept apart from the
engine's ledger: a test compares the two.
"""

import random
from collections.abc import Iterable, Mapping
from decimal import Decimal
from heapq import heappop, heappush

from arbitrage.domain.events import Event, OrderUpdate
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, Intent, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_MS, NS_PER_SECOND, ZERO, floor_to
from arbitrage.engine.session import NEVER, VenueMarketEvent


class _VenueOrder:
    """An order as the venue itself knows it."""

    def __init__(self, intent: PlaceOrder) -> None:
        self.intent = intent
        self.status = OrderStatus.OPEN
        self.filled_qty = ZERO
        self.filled_cost = ZERO
        self.fees: dict[str, Decimal] = {}


class NastyGateway:
    """Lives in event time. `is_kind` ends the trouble: from then on all goes well."""

    def __init__(
        self,
        venue: str,
        markets: Mapping[str, tuple[Instrument, FeeSchedule]],
        purse: Mapping[str, Decimal],
        rng: random.Random,
    ) -> None:
        self.venue = venue
        self.next_due_ns = NEVER
        self.is_kind = False
        self.refuses = 0.07  # share of the orders that are rejected
        self.surprises: dict[str, Decimal] = {}  # base filled after the end was told, by trade
        self.sent_ids: list[str] = []
        self._markets = markets
        self._cash = dict(purse)
        self._contracts: dict[str, Decimal] = {}
        self._orders: dict[str, _VenueOrder | None] = {}  # None: the request was lost
        self._rng = rng
        self._due: list[tuple[int, int, str, str | OrderUpdate]] = []  # a client id or its news
        self._events = 0
        self._now_ns = 0

    # --- the books of the venue ---------------------------------------------------------------

    def balances(self) -> Mapping[str, Decimal]:
        """What each currency amounts to, had every perpetual fill been paid in cash."""
        return self._cash

    def base_delta(self, base: str, opening: Decimal) -> Decimal:
        """Base units that we own more than at the opening, contracts included."""
        delta = self._cash.get(base, ZERO) - opening
        for symbol, contracts in self._contracts.items():
            delta += contracts * self._markets[symbol][0].contract_multiplier
        return delta

    # --- the gateway --------------------------------------------------------------------------

    def on_event(self, event: VenueMarketEvent) -> None:
        self._now_ns = event.ts_ns

    def send(self, intents: Iterable[Intent], now_ns: int) -> None:
        self._now_ns = now_ns
        for intent in intents:
            if isinstance(intent, PlaceOrder):
                self._take_request(intent)
            elif isinstance(intent, QueryOrder):
                self._later("query", intent.client_id)
            elif isinstance(intent, CancelOrder):
                self._later("cancel", intent.client_id)

    def pop_due(self) -> Event | None:
        due_ns, _, what, subject = heappop(self._due)
        self._now_ns = due_ns
        self.next_due_ns = self._due[0][0] if self._due else NEVER
        if isinstance(subject, OrderUpdate):
            subject.ts_ns = due_ns
            return subject
        order = self._orders[subject]
        if what == "query":
            self._answer_query(subject, order)
        elif order is not None:
            happens = {
                "arrive": self._arrive,
                "fill": self._fill,
                "fill_late": self._fill_late,
                "cancel": self._cancel,
            }
            happens[what](order)
        return None

    # --- trouble ------------------------------------------------------------------------------

    def _chance(self, share: float) -> bool:
        return not self.is_kind and self._rng.random() < share

    def _delay_ns(self) -> int:
        if self._chance(0.04):
            return self._rng.randrange(2 * NS_PER_SECOND, 9 * NS_PER_SECOND)
        return self._rng.randrange(1, 60 if self.is_kind else 900) * NS_PER_MS

    def _later(self, what: str, subject: str | OrderUpdate) -> None:
        self._events += 1
        heappush(self._due, (self._now_ns + self._delay_ns(), self._events, what, subject))
        self.next_due_ns = self._due[0][0]

    def _tell(self, order: _VenueOrder, *, may_be_lost: bool = True) -> None:
        """Say how `order` stands: perhaps not at all, perhaps more than once, at some time."""
        if may_be_lost and self._chance(0.12):
            return
        copies = 1 + self._chance(0.15) + self._chance(0.05)
        for _ in range(copies):
            update = OrderUpdate(
                0,
                order.intent.client_id,
                order.status,
                order.filled_qty,
                order.filled_cost,
                tuple(sorted(order.fees.items())),
            )
            self._later("tell", update)

    # --- what becomes of an order -------------------------------------------------------------

    def _take_request(self, intent: PlaceOrder) -> None:
        self.sent_ids.append(intent.client_id)
        if self._chance(0.05):
            self._orders[intent.client_id] = None
            return
        self._orders[intent.client_id] = _VenueOrder(intent)
        self._later("arrive", intent.client_id)

    def _arrive(self, order: _VenueOrder) -> None:
        if self._chance(self.refuses) or not self._can_pay(order):
            order.status = OrderStatus.REJECTED
            self._tell(order)
            return
        if self._chance(0.2):
            self._tell(order)
        self._later("fill", order.intent.client_id)

    def _can_pay(self, order: _VenueOrder) -> bool:
        intent = order.intent
        instrument, fees = self._markets[intent.symbol]
        base = intent.qty * instrument.contract_multiplier
        if instrument.is_perpetual:
            return True
        if intent.side is Side.SELL:
            return self._cash.get(instrument.base, ZERO) >= base
        assert intent.price is not None
        cost = base * intent.price * (1 + fees.rate(is_maker=False))
        return self._cash.get(instrument.quote, ZERO) >= cost

    def _fill(self, order: _VenueOrder) -> None:
        """Fill some of what is left; then go on, or end."""
        if not order.status.is_live:
            return
        left = order.intent.qty - order.filled_qty
        self._execute(order, left if not self._chance(0.55) else self._part_of(order, left))
        if order.filled_qty == order.intent.qty:
            order.status = OrderStatus.FILLED
        elif self._chance(0.4):
            self._tell(order)
            self._later("fill", order.intent.client_id)
            return
        else:
            order.status = OrderStatus.CANCELED
        self._tell(order)
        if order.status is OrderStatus.CANCELED and self._chance(0.15):
            self._later("fill_late", order.intent.client_id)

    def _fill_late(self, order: _VenueOrder) -> None:
        """The cancel raced a fill. What comes after the end was told is always told."""
        before = order.filled_qty
        self._execute(order, self._part_of(order, order.intent.qty - order.filled_qty))
        instrument, _ = self._markets[order.intent.symbol]
        extra = (order.filled_qty - before) * instrument.contract_multiplier
        trade_id = order.intent.trade_id
        self.surprises[trade_id] = self.surprises.get(trade_id, ZERO) + extra
        self._tell(order, may_be_lost=False)

    def _part_of(self, order: _VenueOrder, qty: Decimal) -> Decimal:
        lot = self._markets[order.intent.symbol][0].lot_size
        return floor_to(qty * self._rng.randrange(0, 11) / 10, lot)

    def _execute(self, order: _VenueOrder, qty: Decimal) -> None:
        intent = order.intent
        instrument, fees = self._markets[intent.symbol]
        assert intent.price is not None
        better = instrument.tick_size * self._rng.randrange(0, 3)
        price = intent.price - better * intent.side.sign
        base = qty * instrument.contract_multiplier
        cost = base * price
        order.filled_qty += qty
        order.filled_cost += cost
        self._move(instrument.quote, -cost * intent.side.sign)
        if instrument.is_perpetual:
            held = self._contracts.get(intent.symbol, ZERO)
            self._contracts[intent.symbol] = held + qty * intent.side.sign
        else:
            self._move(instrument.base, base * intent.side.sign)
        currency = fees.currency(intent.side, base=instrument.base, quote=instrument.quote)
        charged = (base if currency == instrument.base else cost) * fees.rate(is_maker=False)
        if charged:
            order.fees[currency] = order.fees.get(currency, ZERO) + charged
            self._move(currency, -charged)

    def _move(self, currency: str, amount: Decimal) -> None:
        self._cash[currency] = self._cash.get(currency, ZERO) + amount

    def _cancel(self, order: _VenueOrder) -> None:
        if order.status.is_live:
            order.status = OrderStatus.CANCELED
            if self._chance(0.5):
                self._later("fill_late", order.intent.client_id)
        self._tell(order)

    def _answer_query(self, client_id: str, order: _VenueOrder | None) -> None:
        if order is None:
            self._later("tell", OrderUpdate(0, client_id, OrderStatus.NEVER_EXISTED))
        else:
            self._tell(order)
