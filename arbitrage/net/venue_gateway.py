"""A native venue, live: its plan, its codec and the wire put together behind the `Exchange` face.

`astart` opens everything and passes what arrives to the engine inside the callback that received
it; `send` writes what the engine wants in the same call. Without `astart` it is the polling face:
books, orders and balances asked for by REST.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from random import Random
from ssl import SSLContext

from arbitrage.domain.errors import (
    ConfigError,
    OrderRefused,
    RateLimited,
    Unavailable,
)
from arbitrage.domain.events import Event
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, Intent, PlaceOrder
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.units import NS_PER_MS, ZERO
from arbitrage.exchanges.base import Balance, NetworkExchange, OpenPosition, client_id_of
from arbitrage.exchanges.order_gateway import Channel
from arbitrage.net.account_questions import admit, read_account
from arbitrage.net.account_session import AccountSession
from arbitrage.net.arrival_clock import stamp
from arbitrage.net.background import Background
from arbitrage.net.book_listeners import BookListeners
from arbitrage.net.feed_tap import FeedTap
from arbitrage.net.market_feed import MarketFeed
from arbitrage.net.order_records import OrderRecord
from arbitrage.net.rest import Rest
from arbitrage.net.venue_health import VenueHealth
from arbitrage.net.venue_plan import AccountFees, VenuePlan
from arbitrage.net.venue_watch import VenueWatch

_FIRST_CLOCK_SAMPLES = 3
_MOST_QUESTIONS = 5
_START = "start"
_START_LOOK_SECONDS = 0.005

_log = logging.getLogger(__name__)


class VenueGateway(NetworkExchange):
    """One venue and one account over real sockets; `symbols` are those that are traded.

    A gateway starts once. `clock_ns` stamps what arrives and must never go back; all gateways of
    one engine share it. `asks_compressed` spares a narrow line at the cost of time (decision 008).
    """

    def __init__(
        self,
        plan: VenuePlan,
        *,
        symbols: Sequence[str] = (),
        channels: Sequence[Channel] = (Channel.BOOK,),
        clock_ns: Callable[[], int] = stamp,
        random: Random | None = None,
        ssl_context: SSLContext | None = None,
        asks_compressed: bool = False,
        tap: FeedTap | None = None,
    ) -> None:
        self.plan = plan
        self.venue = plan.venue
        self.symbols = tuple(symbols)
        self._clock_ns = clock_ns
        self._random = random or Random()
        self._on_event: Callable[[Event], None] = _nobody
        self._listeners = BookListeners()
        self._background = Background()
        self.health = VenueHealth(plan.venue, self._emit, clock_ns)
        self.rest = Rest(plan, clock_ns=clock_ns, random=self._random, ssl_context=ssl_context)
        self.account = AccountSession(
            self.rest,
            self.health,
            self._background,
            symbols=self.symbols,
            emit=self._emit,
            clock_ns=clock_ns,
            random=self._random,
            ssl_context=ssl_context,
        )
        self.feed = MarketFeed(
            self.rest,
            self.symbols,
            channels,
            emit=self._emit,
            health=self.health,
            background=self._background,
            clock_ns=clock_ns,
            random=self._random,
            ssl_context=ssl_context,
            asks_compressed=asks_compressed,
            tap=tap,
        )
        self._instruments: dict[str, Instrument] = {}
        self._fees: dict[str, FeeSchedule] = {}
        self._is_started = self._is_admitted = False
        self._id_prefix = _base36(clock_ns() // NS_PER_MS)
        self._ids = 0

    # --- life ---------------------------------------------------------------------------------

    async def astart(self, on_event: Callable[[Event], None]) -> None:
        """Open everything; from now on `on_event` is called with whatever happens, in the order
        of its stamps, inside the callback that received it.

        Returns when every stream is open and, where there are keys, the account was compared once.
        Raises `Unavailable` or `ConfigError` if that does not succeed, and leaves nothing open.
        """
        if self._is_started:
            raise ConfigError(f"{self.venue}: a gateway starts once; nothing was done")
        self._is_started = True
        self._on_event = on_event
        self.health.down(_START, f"{self.venue} is starting")
        try:
            async with asyncio.timeout(self.plan.times.start_seconds):
                await self._open()
        except TimeoutError as error:
            reason = self.health.reason
            await self.astop()
            raise Unavailable(
                f"{self.venue}: not open after {self.plan.times.start_seconds:g} s: {reason}"
            ) from error
        except BaseException:
            await self.astop()
            raise
        self.health.up(_START)

    async def _open(self) -> None:
        await self.rest.open()
        self._background.start(self.rest.wait(), "watch the REST connections")
        for _ in range(_FIRST_CLOCK_SAMPLES):
            await self.rest.sync_clock()
        await self._admit()
        if self.plan.private is not None and self.plan.account_fees is not None:
            await self._load_fees(self.plan.account_fees)
        self.account.start()
        self.feed.start()
        VenueWatch(self.rest, self.health, self._clock_ns).start(self._background)
        while not (self.feed.is_open and self.account.is_compared):
            if self._background.failure is not None:
                raise self._background.failure
            await asyncio.sleep(_START_LOOK_SECONDS)

    async def astop(self) -> None:
        """Close everything; no task and no socket is left. Stopping twice is harmless.

        Orders are left as they are: whoever stops has cancelled what should not stay.
        """
        await self.feed.stop()
        await self.account.stop()
        await self._background.stop()
        await self.rest.close()

    async def wait(self) -> None:
        """Return after `astop`. Raises what broke on the way, which is a bug: a runner halts."""
        await self._background.wait()

    def close(self) -> None:
        """End the sync face."""
        if self._runner is not None:
            self.drive(self.rest.close())
        super().close()

    def resume(self) -> None:
        """A person has looked at what kept the venue down: take the venue's word and go on."""
        self.account.resume()

    async def aload(self) -> None:
        """Read the venue's markets, once. Raises `ConfigError` if one of `symbols` is missing."""
        if self._instruments:
            return
        found = await self.plan.load_instruments(self.rest.ask, self.symbols)
        listed = {instrument.symbol: instrument for instrument in found}
        missing = [symbol for symbol in self.symbols if symbol not in listed]
        if missing:
            raise ConfigError(
                f"{self.venue} does not trade {', '.join(missing)}; expected symbols as the venue "
                "writes them, nothing was started"
            )
        self._instruments = listed

    async def _admit(self) -> None:
        """Read the markets and see that the account may trade on them, once."""
        await self.aload()
        if self.plan.private is not None and not self._is_admitted:
            await admit(self.rest)
            self._is_admitted = True

    async def _load_fees(self, fees: AccountFees) -> None:
        """Ask for the account's own fees, as far as the budgets go."""
        for symbol in self.symbols:
            try:
                answer = await self.rest.ask(partial(fees.request, symbol))
            except RateLimited as error:
                _log.warning(
                    "%s: from %s on documented fees are used: %s", self.venue, symbol, error
                )
                return
            self._fees[symbol] = fees.read(answer)

    # --- events and intents -------------------------------------------------------------------

    def _emit(self, event: Event) -> None:
        self._on_event(event)
        if self._listeners:
            self._listeners.take(event)

    def send(self, intents: Iterable[Intent], now_ns: int) -> None:
        """Do what the engine wants, in this call: orders are on the wire when it returns.

        What comes of it arrives as events. Raises `OrderRefused` for a client id that was used
        before, `ConfigError` for a market that is not listed or where there are no keys.
        """
        for intent in intents:
            if isinstance(intent, PlaceOrder):
                self.account.flow.place(intent, self.instrument(intent.symbol), now_ns)
            elif isinstance(intent, CancelOrder):
                self.account.flow.cancel(intent, now_ns)
            else:
                self.account.flow.query(intent)

    def subscribe(self, on_book: Callable[[OrderBookSnapshot], None]) -> Callable[[], None]:
        """Call `on_book` with every new book of `symbols`; they come once `astart` was called."""
        self.feed.begin_anew(self.symbols)
        return self._listeners.add(on_book)

    # --- asking -------------------------------------------------------------------------------

    async def aget_orderbook(self, symbol: str) -> OrderBookSnapshot | None:
        await self.aload()
        if symbol not in self._instruments:
            return None
        codec = self.plan.codec
        answer = await self.rest.ask(lambda _now_ns: codec.book_request(symbol))
        return OrderBookSnapshot.of_event(codec.book(symbol, answer, self._clock_ns()))

    async def asubmit(self, intent: PlaceOrder) -> Order:
        await self._admit()
        await self.rest.open()
        try:
            record = self.account.flow.place(
                intent, self.instrument(intent.symbol), self._clock_ns()
            )
        except OrderRefused as error:
            return Order(
                intent=intent,
                sent_ns=self._clock_ns(),
                status=OrderStatus.REJECTED,
                reason=error.reason,
            )
        await record.answered()
        await self._pursue(record)
        return record.order

    async def acancel_order(self, order_id: str | Order) -> Order:
        record = self._record(order_id)
        if record.order.is_live:
            await self.rest.open()
            intent = record.order.intent
            self.account.flow.cancel(
                CancelOrder(client_id=intent.client_id, venue=self.venue, symbol=intent.symbol),
                self._clock_ns(),
            )
            await record.cancel_answered()
            await self._pursue(record)
        return record.order

    async def _pursue(self, record: OrderRecord) -> None:
        """Ask for an order that the venue has taken and that will not stay open, until it has
        ended, a few times: some venues answer before they have done anything."""
        for attempt in range(_MOST_QUESTIONS):
            if not record.ends_soon:
                return
            if attempt:
                await asyncio.sleep(self.plan.times.pursuit.seconds(attempt, self._random))
            await self.account.flow.ask(record)

    async def aget_order(self, order_id: str | Order) -> Order:
        record = self._record(order_id)
        if record.order.is_live and not record.is_asking:
            await self.account.flow.ask(record)
        return record.order

    def _record(self, order_id: str | Order) -> OrderRecord:
        client_id = client_id_of(order_id)
        record = self.account.records.get(client_id)
        if record is None:
            raise KeyError(f"{self.venue}: no order {client_id!r} was sent from here")
        return record

    async def aget_balance(self, currency: str | None = None) -> Balance | Mapping[str, Balance]:
        balances: Mapping[str, Balance]
        if self.plan.balances is not None:
            answer = await self.rest.ask(self.plan.codec.account_request)
            balances = self.plan.balances(answer)
        else:
            totals = (await read_account(self.rest)).balances
            balances = {name: Balance(name, total) for name, total in totals.items()}
        return balances if currency is None else balances.get(currency, Balance(currency, ZERO))

    async def aget_open_positions(self) -> list[OpenPosition]:
        positions = self.plan.positions
        if positions is None:
            return []
        return positions.read(await self.rest.ask(positions.request))

    # --- what needs no waiting ----------------------------------------------------------------

    @property
    def markets(self) -> Mapping[str, Instrument]:
        """Every market that the venue lists, by symbol; empty before `aload`."""
        return self._instruments

    def instrument(self, symbol: str) -> Instrument:
        """The rules of a market, as the venue lists them; read from it at the first call.

        Raises `ConfigError` for one that it does not list, and in async code before `aload`.
        """
        if not self._instruments:
            self._load_from_sync_code()
        instrument = self._instruments.get(symbol)
        if instrument is None:
            raise ConfigError(f"{self.venue} does not trade {symbol!r}")
        return instrument

    def _load_from_sync_code(self) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.drive(self.aload())
        else:
            raise ConfigError(f"{self.venue}: its markets are not read yet; await aload() first")

    def fees(self, symbol: str) -> FeeSchedule:
        """What the account pays, where the venue tells it and `astart` has asked; else what the
        venue documents."""
        return self._fees.get(symbol) or self.plan.documented_fees(self.instrument(symbol))

    def next_client_id(self) -> str:
        """An id that no earlier run of this account has used: it begins with the time of start."""
        self._ids += 1
        return f"{self._id_prefix}{self._ids:06d}"


def _nobody(_event: Event) -> None:
    """Until `astart` there is nobody to tell."""


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits
