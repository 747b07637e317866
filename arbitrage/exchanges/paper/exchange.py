"""`PaperExchange`: the paper venue as an exchange that people and runners call.

A thin face on `PaperVenue`. Its time is the latest timestamp it has been given, by a book or by
`advance`; no clock is read. Without latency an order meets the book inside the call; with latency
it comes back `IN_FLIGHT` and meets the book that stands when its time has come.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal

from arbitrage.domain.errors import ConfigError, OrderRefused
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, Intent, PlaceOrder
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.units import seconds_to_ns
from arbitrage.exchanges.base import (
    Balance,
    Exchange,
    Number,
    OpenPosition,
    awaited,
    client_id_of,
    exact_number,
)
from arbitrage.exchanges.paper.history import OrderHistory
from arbitrage.exchanges.paper.venue import PaperVenue


class PaperExchange(Exchange):
    """A simulated venue with one account; see `PaperVenue` for its rules and reasons.

    >>> exchange = PaperExchange({"KRW": 1_000_000})
    >>> book = OrderBookSnapshot("KRW-BTC", 1.0, bids=[(999.0, 1.0)], asks=[(1000.0, 1.0)])
    >>> exchange.set_orderbook("KRW-BTC", book)
    >>> exchange.create_order("KRW-BTC", "buy", "0.5").filled_qty
    Decimal('0.5')

    `initial_balance` takes numbers of any kind, each as the decimal it shows. `instruments` and
    `fees` are by symbol, or one `FeeSchedule` for all. Records of orders are live: they change as
    the order fills. The 10,000 orders closed last can be asked for.
    """

    in_memory = True

    def __init__(
        self,
        initial_balance: Mapping[str, Number] | None = None,
        venue: str = "paper",
        *,
        instruments: Mapping[str, Instrument] | None = None,
        fees: Mapping[str, FeeSchedule] | FeeSchedule | None = None,
        latency_seconds: float = 0.0,
    ) -> None:
        self.venue = venue
        self.now_ns = 0
        self._venue = PaperVenue(
            venue,
            instruments=instruments,
            fees=fees,
            balances=_balances(venue, initial_balance or {}),
            latency_ns=seconds_to_ns(latency_seconds),
        )
        self._books: dict[str, OrderBookSnapshot] = {}
        self._orders = OrderHistory()
        self._next_id = 0
        self._on_books: list[Callable[[OrderBookSnapshot], None]] = []

    # --- the market ----------------------------------------------------------------------------

    def set_orderbook(self, symbol: str, snapshot: OrderBookSnapshot) -> None:
        """Show a new book: what was due before happens, then orders at rest meet the book, then
        subscribers are called.

        Raises `ConfigError` if `snapshot` is of another symbol.
        """
        if snapshot.symbol != symbol:
            raise ConfigError(
                f"{self.venue}: the book of {snapshot.symbol} was set for {symbol}; it is not taken"
            )
        self.advance(snapshot.ts_ns)
        event = snapshot.event(self.venue)
        event.ts_ns = self.now_ns
        self._books[symbol] = snapshot
        self._venue.on_event(event)
        self.advance(self.now_ns)
        for on_book in tuple(self._on_books):
            on_book(snapshot)

    aset_orderbook = awaited(set_orderbook)

    def get_orderbook(self, symbol: str) -> OrderBookSnapshot | None:
        """The book as it was last set; what we took since is not subtracted."""
        return self._books.get(symbol)

    def subscribe(self, on_book: Callable[[OrderBookSnapshot], None]) -> Callable[[], None]:
        """Call `on_book` with every book that is set; returns the call that ends it."""
        self._on_books.append(on_book)

        def unsubscribe() -> None:
            if on_book in self._on_books:
                self._on_books.remove(on_book)

        return unsubscribe

    def advance(self, ts_ns: int) -> None:
        """Let everything happen that is due at `ts_ns` or before. Time never goes back."""
        self.now_ns = max(self.now_ns, ts_ns)
        while self._venue.next_due_ns <= self.now_ns:
            event = self._venue.pop_due()
            if isinstance(event, OrderUpdate):
                self._take_in(event)

    # --- orders --------------------------------------------------------------------------------

    def submit(self, intent: PlaceOrder) -> Order:
        """Place an order and return its record.

        Raises `OrderRefused` for an order of another venue. A client id used before gives a
        `REJECTED` record and leaves the first order as it is.
        """
        if intent.venue != self.venue:
            raise OrderRefused(
                f"order {intent.client_id} is for {intent.venue}, this is {self.venue}; not sent",
                "wrong_venue",
            )
        order = Order(intent=intent, sent_ns=self.now_ns, updated_ns=self.now_ns)
        with suppress(ConfigError):  # the venue itself refuses a symbol that cannot be read
            order.contract_multiplier = self.instrument(intent.symbol).contract_multiplier
        if self._orders.is_used(intent.client_id):
            order.status, order.reason = OrderStatus.REJECTED, "duplicate_client_id"
            return order
        self._orders.add(order)
        self._send(intent)
        return order

    def cancel_order(self, order_id: str | Order) -> Order:
        order = self.get_order(order_id)
        if order.is_live:
            intent = order.intent
            self._send(
                CancelOrder(client_id=intent.client_id, venue=self.venue, symbol=intent.symbol)
            )
        return order

    def get_order(self, order_id: str | Order) -> Order:
        client_id = client_id_of(order_id)
        order = self._orders.get(client_id)
        if order is None:
            raise KeyError(f"{self.venue}: no order {client_id!r}; nothing was done")
        return order

    def next_client_id(self) -> str:
        self._next_id += 1
        while self._orders.is_used(f"{self.venue}{self._next_id:08d}"):
            self._next_id += 1
        return f"{self.venue}{self._next_id:08d}"

    def _send(self, intent: Intent) -> None:
        self._venue.send((intent,), self.now_ns)
        self.advance(self.now_ns)

    def _take_in(self, update: OrderUpdate) -> None:
        order = self._orders.get(update.client_id)
        if order is None:
            return
        was_live = order.is_live
        order.apply(update)
        if was_live and not order.is_live:
            self._orders.closed(order)

    # --- the account ---------------------------------------------------------------------------

    def get_balance(self, currency: str | None = None) -> Balance | Mapping[str, Balance]:
        """One currency, or all ever held; margin and unrealised losses count as locked."""
        if currency is not None:
            return self._venue.balance(currency)
        return {name: self._venue.balance(name) for name in self._venue.balances()}

    def get_open_positions(self) -> list[OpenPosition]:
        return self._venue.positions()

    def instrument(self, symbol: str) -> Instrument:
        return self._venue.instrument(symbol)

    def fees(self, symbol: str) -> FeeSchedule:
        return self._venue.fees(symbol)

    def assume_fees(self, symbol: str, fees: FeeSchedule) -> None:
        """Charge `fees` on a market for which none were given; the last word holds.

        A runner says here what its configuration reckons with, so that paper profit is after fees.
        """
        self._venue.assume_fees(symbol, fees)


def _balances(venue: str, balances: Mapping[str, Number]) -> dict[str, Decimal]:
    exact = {}
    for currency, amount in balances.items():
        exact[currency] = exact_number(amount, f"{venue} balance of {currency}")
        if exact[currency] < 0:
            raise ConfigError(f"{venue} balance of {currency} is {amount}; expected zero or more")
    return exact
