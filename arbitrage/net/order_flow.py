"""Our orders on their way: sent once, heard of from anywhere in any order, asked for until known.

The answer to a request, the private stream, a question and a list may each speak of an order, late
and twice; all go through `hear`, where totals never shrink. What is in doubt is never sent again.
It is said never to have existed only if the venue knows no such order, nothing that was sent can
take effect any more, and lists that cover the time since it was sent are whole and lack it.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from random import Random

from arbitrage.domain.errors import (
    ConfigError,
    InvariantBroken,
    MalformedData,
    OrderRefused,
    RateLimited,
    Unavailable,
)
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.domain.orders import Fill, Order, OrderStatus
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.exchanges.order_gateway import Answer, Request
from arbitrage.net.background import Background
from arbitrage.net.order_channel import OrderChannel
from arbitrage.net.order_lists import OrderLists
from arbitrage.net.order_records import OrderRecord, OrderRecords
from arbitrage.net.rest import Rest

MAX_ASKING = 8
# Nothing was written, so nothing can have happened.
_NOT_SENT = (OrderRefused, Unavailable)
_NO_LIST = (Unavailable, MalformedData)

_log = logging.getLogger(__name__)


class OrderFlow:
    """The orders of one account.

    `on_update` gets every word about an order of ours, `on_fill` what it added, `on_stranger` a
    word about an order that is not ours, `on_broken` why records and venue contradict each other.
    """

    def __init__(
        self,
        rest: Rest,
        channel: OrderChannel,
        records: OrderRecords,
        lists: OrderLists,
        background: Background,
        *,
        on_update: Callable[[OrderUpdate], None],
        on_fill: Callable[[OrderRecord, Fill], None],
        on_stranger: Callable[[OrderUpdate], None],
        on_broken: Callable[[str], None],
        clock_ns: Callable[[], int],
        random: Random,
    ) -> None:
        self._rest = rest
        self._channel = channel
        self._codec = rest.plan.codec
        self._times = rest.plan.times
        self._records = records
        self._lists = lists
        self._background = background
        self._on_update = on_update
        self._on_fill = on_fill
        self._on_stranger = on_stranger
        self._on_broken = on_broken
        self._clock_ns = clock_ns
        self._random = random
        orders = rest.plan.orders
        written_within = orders.wait_seconds + orders.timeout_seconds
        self._lingers_seconds = written_within + rest.plan.lingering_ns / NS_PER_SECOND

    # --- sending ------------------------------------------------------------------------------

    def place(self, intent: PlaceOrder, instrument: Instrument, now_ns: int) -> OrderRecord:
        """Send an order in this very call. What could not be sent is refused a moment later.

        Raises `OrderRefused` for a client id that was used before, `ConfigError` without keys;
        then there is no such order.
        """
        loop = asyncio.get_running_loop()
        record = self._records.add(intent, instrument, now_ns, sent_at=loop.time())
        try:
            request, answer = self._channel.place(intent, now_ns)
        except _NOT_SENT as error:
            loop.call_soon(self._background.guarded(self._not_sent), record, error)
        except ConfigError:
            self._records.discard(record)
            raise
        else:
            answer.add_done_callback(
                self._background.guarded(partial(self._placed, record, request))
            )
        return record

    def cancel(self, intent: CancelOrder, now_ns: int) -> None:
        """Send a cancel. One that could not be sent, or is not obeyed, is sent again once the
        venue says that the order is still open."""
        record = self._records.get(intent.client_id)
        if record is not None and record.order.is_live:
            record.is_leaving = True
            self._send_cancel(record, now_ns)

    def query(self, intent: QueryOrder) -> None:
        """Ask for an order at the next opportunity; one that has ended is told again."""
        record = self._records.get(intent.client_id)
        if record is None:
            return
        if record.order.is_live:
            record.is_wanted, record.next_ask_ns = True, 0
        else:
            tell = self._background.guarded(self._on_update)
            asyncio.get_running_loop().call_soon(tell, _told_again(record.order, self._clock_ns()))

    def _send_cancel(self, record: OrderRecord, now_ns: int) -> None:
        if record.is_canceling:
            return
        intent = _cancel_of(record.order)
        try:
            request, answer = self._channel.cancel(intent, now_ns)
        except _NOT_SENT as error:
            _log.warning("%s: cancel of %s not sent: %s", intent.venue, intent.client_id, error)
            return
        record.begin_cancel()
        answer.add_done_callback(self._background.guarded(partial(self._canceled, record, request)))

    # --- what comes back ----------------------------------------------------------------------

    def _placed(
        self, record: OrderRecord, request: Request, future: "asyncio.Future[Answer | None]"
    ) -> None:
        error = future.exception()
        if isinstance(error, Unavailable):
            self._not_sent(record, error)
            return
        answer = future.result()
        if answer is not None:
            self._rest.note(answer, request)
        update = self._codec.outcome(record.order.intent, answer, self._clock_ns())
        if update.status is OrderStatus.REJECTED:
            self._rest.clock_doubted.set()
        self.hear(update)

    def _not_sent(self, record: OrderRecord, error: OrderRefused | Unavailable) -> None:
        reason = "rate_limited" if isinstance(error, RateLimited) else "not_sent"
        if isinstance(error, OrderRefused):
            reason = error.reason or "refused"
        client_id = record.order.client_id
        _log.warning("%s: order %s not sent: %s", self._codec.venue, client_id, error)
        self.hear(OrderUpdate(self._clock_ns(), client_id, OrderStatus.REJECTED, reason=reason))

    def _canceled(
        self, record: OrderRecord, request: Request, future: "asyncio.Future[Answer | None]"
    ) -> None:
        record.end_cancel()
        if isinstance(future.exception(), Unavailable):
            return
        answer = future.result()
        if answer is not None:
            self._rest.note(answer, request)
        if record.order.is_live:
            intent = _cancel_of(record.order)
            self.hear(self._codec.canceled(intent, answer, self._clock_ns()))

    def hear(self, update: OrderUpdate) -> None:
        """Take in what the venue says of an order, from wherever it was heard."""
        record = self._records.get(update.client_id)
        if record is None:
            self._on_stranger(update)
            return
        if update.filled_qty or update.status not in _SAYS_NOTHING:
            record.was_seen = True
        try:
            fill = self._records.apply(record, update)
        except InvariantBroken as error:
            self._on_update(update)
            self._on_broken(str(error))
            return
        if fill is not None:
            self._on_fill(record, fill)
        self._on_update(update)

    # --- asking -------------------------------------------------------------------------------

    async def settle_forever(self) -> None:
        """Ask for every order of which nothing but a question will tell the end."""
        silent_ns = int(self._times.silent_order_seconds * NS_PER_SECOND)
        while True:
            await asyncio.sleep(self._times.settle_seconds)
            now_ns = self._clock_ns()
            live = self._records.live()
            free = MAX_ASKING - sum(record.is_asking for record in live)
            due = [
                record
                for record in live
                if not record.is_asking
                and record.next_ask_ns <= now_ns
                and record.needs_asking(now_ns, silent_ns)
            ]
            for record in due[:free]:
                record.is_asking = True
                self._background.start(self.ask(record), f"ask for {record.order.client_id}")

    async def ask(self, record: OrderRecord) -> None:
        """Ask the venue for an order and hear what it says, if it says anything."""
        record.is_asking, record.is_wanted = True, False
        intent = record.order.intent
        question = QueryOrder(client_id=intent.client_id, venue=intent.venue, symbol=intent.symbol)
        asked_at = asyncio.get_running_loop().time()
        try:
            answer = await self._rest.ask(lambda now_ns: self._codec.query(question, now_ns))
            update = self._codec.queried(question, answer, self._clock_ns())
            if update is None:
                await self._missing(record, asked_at)
            else:
                self._answered(record, update)
        except _NO_LIST as error:
            _log.info("%s: order %s is not known yet: %s", intent.venue, intent.client_id, error)
        finally:
            record.is_asking = False
            pause = self._times.pursuit.seconds(record.asked, self._random)
            record.asked += 1
            record.next_ask_ns = self._clock_ns() + int(pause * NS_PER_SECOND)

    def _answered(self, record: OrderRecord, update: OrderUpdate) -> None:
        """A question that failed says nothing, so it changes nothing."""
        is_news = update.filled_qty > record.order.filled_qty
        if update.status is not OrderStatus.IN_DOUBT or is_news:
            self.hear(update)
        if record.is_leaving and record.order.status is OrderStatus.OPEN:
            self._send_cancel(record, self._clock_ns())

    async def _missing(self, record: OrderRecord, asked_at: float) -> None:
        """The venue knew no such order when it was asked at `asked_at`."""
        order = record.order
        if record.was_seen:
            if order.status is OrderStatus.OPEN:
                reason = "the venue knew it and does not any more"
                self.hear(
                    OrderUpdate(
                        self._clock_ns(),
                        order.client_id,
                        OrderStatus.IN_DOUBT,
                        order.filled_qty,
                        order.filled_cost,
                        reason=reason,
                    )
                )
            return
        may_still_arrive = asked_at <= record.sent_at + self._lingers_seconds
        if may_still_arrive or not await self._is_nowhere(record):
            return
        if order.status is OrderStatus.IN_DOUBT and not record.was_seen:
            self.hear(
                OrderUpdate(
                    self._clock_ns(),
                    order.client_id,
                    OrderStatus.NEVER_EXISTED,
                    reason="no such order at the venue, nor in its lists",
                )
            )

    async def _is_nowhere(self, record: OrderRecord) -> bool:
        """Whether whole lists since the order was sent lack it; if one has it, it is heard."""
        order = record.order
        for ask in (
            partial(self._lists.open, order.symbol),
            partial(self._lists.made_since, order.symbol, order.sent_ns),
        ):
            listing = await ask()
            for update in () if listing is None else listing.updates:
                if update.client_id == order.client_id:
                    self.hear(update)
                    return False
            if listing is None or not listing.is_whole:
                return False
        return True


# A word that does not prove that the order was ever at the venue.
_SAYS_NOTHING = frozenset(
    {OrderStatus.IN_DOUBT, OrderStatus.REJECTED, OrderStatus.NEVER_EXISTED, OrderStatus.IN_FLIGHT}
)


def _told_again(order: Order, ts_ns: int) -> OrderUpdate:
    """All that is known of an order, as the venue would say it."""
    return OrderUpdate(
        ts_ns,
        order.client_id,
        order.status,
        order.filled_qty,
        order.filled_cost,
        tuple(sorted(order.fees.items())),
        order.reason,
    )


def _cancel_of(order: Order) -> CancelOrder:
    intent = order.intent
    return CancelOrder(client_id=intent.client_id, venue=intent.venue, symbol=intent.symbol)
