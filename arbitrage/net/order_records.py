"""Our record of every order that we sent, by client id, and of what the venue has said of it.

Live orders are kept as long as they live; of closed ones the last are remembered, so that a late
message still finds its order. Nothing is sent from here.
"""

import asyncio
from collections import deque
from collections.abc import Iterator

from arbitrage.domain.errors import OrderRefused
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import OrderType, PlaceOrder, TimeInForce
from arbitrage.domain.orders import Fill, Order, OrderStatus

REMEMBERED_CLOSED_ORDERS = 10_000

_RESTING = frozenset({TimeInForce.GTC, TimeInForce.POST_ONLY})


class OrderRecord:
    """One order with its instrument, and what has been done to learn its end.

    `sent_at` is in seconds of the event loop's steady clock, which nobody can set.
    `was_seen` says that the venue has spoken of it, so it existed. `next_ask_ns` is when to ask
    for it next, `asked` how often that was done, `is_wanted` that the engine wants to know.
    `is_leaving` says that it is to be cancelled.
    """

    __slots__ = (
        "asked",
        "instrument",
        "is_asking",
        "is_canceling",
        "is_leaving",
        "is_wanted",
        "next_ask_ns",
        "order",
        "sent_at",
        "waiters",
        "was_seen",
    )

    def __init__(self, order: Order, instrument: Instrument, sent_at: float) -> None:
        self.order = order
        self.sent_at = sent_at
        self.instrument = instrument
        self.was_seen = self.is_asking = self.is_wanted = False
        self.is_leaving = self.is_canceling = False
        self.next_ask_ns = self.asked = 0
        self.waiters: list[asyncio.Future[None]] = []

    @property
    def may_rest(self) -> bool:
        """Whether it may stay open at the venue for good."""
        intent = self.order.intent
        is_limit = intent.order_type is OrderType.LIMIT
        return is_limit and intent.time_in_force in _RESTING and not self.is_leaving

    @property
    def ends_soon(self) -> bool:
        """Whether it is open, or leaving, and may not stay so."""
        status = self.order.status
        return (
            status.is_live
            and (self.is_leaving or status is OrderStatus.OPEN)
            and (not self.may_rest)
        )

    async def answered(self) -> None:
        """Return when it is no longer in flight."""
        while self.order.status is OrderStatus.IN_FLIGHT:
            await self._changed()

    async def cancel_answered(self) -> None:
        """Return when no cancel is under way."""
        while self.is_canceling:
            await self._changed()

    async def _changed(self) -> None:
        self.waiters.append(asyncio.get_running_loop().create_future())
        await self.waiters[-1]

    def wake(self) -> None:
        """Let those look who wait for a change."""
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)
        self.waiters.clear()

    def begin_cancel(self) -> None:
        self.is_canceling = True

    def end_cancel(self) -> None:
        """The cancel was answered, or will not be; the order is asked for next."""
        self.is_canceling = False
        self.next_ask_ns = self.asked = 0
        self.wake()

    def needs_asking(self, now_ns: int, silent_ns: int) -> bool:
        """Whether nothing but a question will tell what became of it."""
        status = self.order.status
        if status is OrderStatus.IN_DOUBT or self.is_wanted:
            return True
        is_silent = now_ns - self.order.updated_ns >= silent_ns
        return status is OrderStatus.OPEN and not self.may_rest and is_silent


class OrderRecords:
    """The orders of one account. `version` changes with each order and each fill."""

    def __init__(self) -> None:
        self.version = 0
        self._records: dict[str, OrderRecord] = {}
        self._live: dict[str, OrderRecord] = {}
        self._closed: deque[str] = deque()

    def add(
        self, intent: PlaceOrder, instrument: Instrument, now_ns: int, *, sent_at: float
    ) -> OrderRecord:
        """A new order in flight. Raises `OrderRefused` if its client id was used before."""
        if intent.client_id in self._records:
            raise OrderRefused(
                f"{intent.venue} order {intent.client_id}: the client id was used before; the "
                "order is not sent, the first one stands",
                "duplicate_client_id",
            )
        order = Order(
            intent=intent,
            sent_ns=now_ns,
            updated_ns=now_ns,
            contract_multiplier=instrument.contract_multiplier,
        )
        record = OrderRecord(order, instrument, sent_at)
        self._records[intent.client_id] = self._live[intent.client_id] = record
        self.version += 1
        return record

    def discard(self, record: OrderRecord) -> None:
        """Forget an order that could not even be written."""
        del self._records[record.order.client_id], self._live[record.order.client_id]

    def get(self, client_id: str) -> OrderRecord | None:
        return self._records.get(client_id)

    def __contains__(self, client_id: str) -> bool:
        return client_id in self._records

    def live(self) -> tuple[OrderRecord, ...]:
        """Every order that the venue might still fill, oldest first."""
        return tuple(self._live.values())

    @property
    def has_live(self) -> bool:
        return bool(self._live)

    def apply(self, record: OrderRecord, update: OrderUpdate) -> Fill | None:
        """Take in what the venue says; returns what was filled by it.

        Raises `InvariantBroken` as `Order.apply`.
        """
        order = record.order
        was_live, before = order.is_live, order.status
        fill = order.apply(update)
        if fill is not None or order.status is not before:
            self.version += 1
        if was_live and not order.is_live:
            self._close(update.client_id)
        record.wake()
        return fill

    def _close(self, client_id: str) -> None:
        del self._live[client_id]
        self._closed.append(client_id)
        if len(self._closed) > REMEMBERED_CLOSED_ORDERS:
            del self._records[self._closed.popleft()]

    def sent_since(self, since_ns: int) -> Iterator[OrderRecord]:
        """Orders sent at `since_ns` or later, and every live one."""
        for record in self._records.values():
            if record.order.is_live or record.order.sent_ns >= since_ns:
                yield record

    def symbols_since(self, since_ns: int) -> list[str]:
        """The symbols of those orders, sorted."""
        return sorted({record.order.symbol for record in self.sent_since(since_ns)})
