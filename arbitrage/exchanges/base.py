"""What every venue offers, whatever it is: one class with a sync and an async face.

`Exchange` is what a runner talks to. A subclass implements one face; the other follows from it:
a venue on the network implements the async one and the sync one drives it on a private event
loop, a venue in memory implements the sync one and the async one returns without waiting.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import OrderType, PlaceOrder, TimeInForce
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.domain.units import decimal_of

Number = Decimal | float | int | str


class Balance(msgspec.Struct, frozen=True):
    """What we own of one currency: `available` plus `locked` by open orders or margin."""

    currency: str
    available: Decimal
    locked: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        return self.available + self.locked


class OpenPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A perpetual position: signed native `qty`, average `entry_price`, PnL at the mark."""

    symbol: str
    qty: Decimal
    entry_price: Decimal
    unrealised_pnl: Decimal
    margin: Decimal


class Exchange(ABC):
    """One venue, one account.

    `in_memory` is True when the async reads never wait; a runner then asks them one after the
    other instead of paying for tasks. A subclass that overrides an async read is taken to wait
    unless it says otherwise.
    """

    venue: str
    in_memory: bool = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "aget_orderbook" in cls.__dict__ or "get_orderbook" in cls.__dict__:
            cls.in_memory = bool(cls.__dict__.get("in_memory", False))

    @abstractmethod
    def get_orderbook(self, symbol: str) -> OrderBookSnapshot | None:
        """The latest book, or None if the symbol is unknown here."""

    @abstractmethod
    def submit(self, intent: PlaceOrder) -> Order:
        """Place an order and return its record, fills so far included.

        Raises `OrderRefused` only for wrong arguments; what the venue refuses comes back as an
        order with status `REJECTED` and the venue's reason. A request whose outcome is unknown
        comes back `IN_DOUBT`.
        """

    @abstractmethod
    def cancel_order(self, order_id: str) -> Order:
        """Cancel by client id and return the record. Raises `KeyError` for an unknown id."""

    @abstractmethod
    def get_order(self, order_id: str) -> Order:
        """The record of an order by client id. Raises `KeyError` for an unknown id."""

    @abstractmethod
    def get_balance(self, currency: str | None = None) -> Balance | Mapping[str, Balance]:
        """One currency's balance (zero if never seen), or all of them by currency."""

    @abstractmethod
    def get_open_positions(self) -> list[OpenPosition]:
        """Perpetual positions that are not flat, sorted by symbol."""

    @abstractmethod
    def instrument(self, symbol: str) -> Instrument:
        """The rules of a market. Raises `ConfigError` for a symbol that cannot be read."""

    @abstractmethod
    def fees(self, symbol: str) -> FeeSchedule:
        """What the account pays on a market."""

    def subscribe(self, on_book: Callable[[OrderBookSnapshot], None]) -> Callable[[], None]:
        """Call `on_book` with every new book; returns the call that ends it.

        Raises `NotImplementedError` where the venue has no stream.
        """
        raise NotImplementedError(f"{self.venue} has no stream of books; use data_source='rest'")

    def get_order_status(self, order_id: str) -> OrderStatus:
        """The status of an order by client id. Raises `KeyError` for an unknown id."""
        return self.get_order(order_id).status

    def create_order(
        self,
        symbol: str,
        side: Side | str,
        qty: Number,
        price: Number | None = None,
        order_type: OrderType | str = OrderType.LIMIT,
        *,
        time_in_force: TimeInForce | str = TimeInForce.GTC,
        client_id: str = "",
        reduce_only: bool = False,
    ) -> Order:
        """Place an order by hand; `qty` is native, `price` in quote per base.

        An order without a price is a market order. Raises `ValueError` for an unknown side, type
        or time in force.
        """
        is_market = price is None or OrderType(order_type) is OrderType.MARKET
        return self.submit(
            PlaceOrder(
                client_id=client_id or self.next_client_id(),
                venue=self.venue,
                symbol=symbol,
                side=Side(side),
                qty=decimal_of(qty),
                price=None if is_market or price is None else decimal_of(price),
                order_type=OrderType.MARKET if is_market else OrderType.LIMIT,
                time_in_force=TimeInForce.IOC if is_market else TimeInForce(time_in_force),
                reduce_only=reduce_only,
            )
        )

    @abstractmethod
    def next_client_id(self) -> str:
        """A client id never used before on this account."""
