"""What every venue offers, whatever it is: one class with a sync and an async face.

`Exchange` is what a runner talks to. A venue writes one face and gets the other: a venue in memory
subclasses `Exchange` and writes the sync methods, whose async twins return without waiting; a
venue on the network subclasses `NetworkExchange` and writes the async ones, which the sync face
drives on a private event loop. Each twin is one line, and calls whatever a subclass overrides.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from inspect import signature
from numbers import Integral, Real
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import OrderType, PlaceOrder, Purpose, TimeInForce
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.domain.units import decimal_of

Number = Decimal | float | int | str

_E = TypeVar("_E", bound="Exchange")
_N = TypeVar("_N", bound="NetworkExchange")
_P = ParamSpec("_P")
_R = TypeVar("_R")
_Twin = TypeVar("_Twin", bound=Callable[..., Any])
_Member = TypeVar("_Member", bound=Enum)

# What a venue on the network has to write.
_ASYNC_FACE = (
    "aget_orderbook",
    "asubmit",
    "acancel_order",
    "aget_order",
    "aget_balance",
    "aget_open_positions",
)
# What a subclass cannot override without perhaps having to wait.
_MAY_WAIT = frozenset({*_ASYNC_FACE, "acreate_order", "get_orderbook"})

# Beyond this a quantity or price does not fit the digits in which its lots or ticks are counted.
GREATEST_NUMBER = Decimal("1E18")


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


def awaited(
    method: Callable[Concatenate[_E, _P], _R],
) -> Callable[Concatenate[_E, _P], Coroutine[Any, Any, _R]]:
    """The async twin of a sync method: calls it and returns without waiting."""
    name = method.__name__

    async def twin(self: _E, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        result: _R = getattr(self, name)(*args, **kwargs)
        return result

    return _named(twin, method, f"a{name}")


def driven(
    method: Callable[Concatenate[_N, _P], Coroutine[Any, Any, _R]],
) -> Callable[Concatenate[_N, _P], _R]:
    """The sync twin of an async method: runs it to its end on the venue's private event loop."""
    name = method.__name__

    def twin(self: _N, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        result: _R = self.drive(getattr(self, name)(*args, **kwargs))
        return result

    return _named(twin, method, name.removeprefix("a"))


def submitted(
    write: Callable[Concatenate[_E, _P], PlaceOrder],
) -> Callable[Concatenate[_E, _P], Order]:
    """A method that submits the order that `write` makes of its arguments."""

    def create_order(self: _E, /, *args: _P.args, **kwargs: _P.kwargs) -> Order:
        return self.submit(write(self, *args, **kwargs))

    return _named(create_order, write, "create_order", Order)


def asubmitted(
    write: Callable[Concatenate[_E, _P], PlaceOrder],
) -> Callable[Concatenate[_E, _P], Coroutine[Any, Any, Order]]:
    """The async twin of what `submitted` makes."""

    async def acreate_order(self: _E, /, *args: _P.args, **kwargs: _P.kwargs) -> Order:
        return await self.asubmit(write(self, *args, **kwargs))

    return _named(acreate_order, write, "acreate_order", Order)


def _named(twin: _Twin, method: Callable[..., Any], name: str, returns: Any = None) -> _Twin:
    """`twin` under its own name, with the docstring and signature of `method`."""
    twin.__name__ = name
    twin.__qualname__ = f"Exchange.{name}"
    twin.__doc__ = method.__doc__
    seen = signature(method)
    twin.__signature__ = (  # type: ignore[attr-defined]
        seen if returns is None else seen.replace(return_annotation=returns)
    )
    return twin


class Exchange(ABC):
    """One venue, one account.

    `in_memory` is True when the async calls never wait; a runner then makes them one after the
    other instead of paying for tasks. A subclass that overrides a read of books or an async call
    is taken to wait unless it says otherwise.
    """

    venue: str
    in_memory: bool = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not _MAY_WAIT.isdisjoint(cls.__dict__):
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
    def cancel_order(self, order_id: str | Order) -> Order:
        """Cancel an order, given as its record or client id, and return the record.

        One that is closed already comes back as it is. Raises `KeyError` for an unknown id.
        """

    @abstractmethod
    def get_order(self, order_id: str | Order) -> Order:
        """The record of an order by client id. Raises `KeyError` for an unknown id."""

    @abstractmethod
    def get_balance(self, currency: str | None = None) -> Balance | Mapping[str, Balance]:
        """One currency's balance (zero if never seen), or all of them by currency."""

    @abstractmethod
    def get_open_positions(self) -> list[OpenPosition]:
        """Perpetual positions that are not flat, sorted by symbol."""

    aget_orderbook = awaited(get_orderbook)
    asubmit = awaited(submit)
    acancel_order = awaited(cancel_order)
    aget_order = awaited(get_order)
    aget_balance = awaited(get_balance)
    aget_open_positions = awaited(get_open_positions)

    @abstractmethod
    def instrument(self, symbol: str) -> Instrument:
        """The rules of a market. Raises `ConfigError` for a symbol that cannot be read."""

    @abstractmethod
    def fees(self, symbol: str) -> FeeSchedule:
        """What the account pays on a market."""

    def assume_fees(self, symbol: str, fees: FeeSchedule) -> None:  # noqa: B027
        """Let a simulation charge `fees` on a market for which it was given none.

        A real venue charges what it charges, so this does nothing.
        """

    @abstractmethod
    def next_client_id(self) -> str:
        """A client id never used before on this account."""

    def subscribe(self, on_book: Callable[[OrderBookSnapshot], None]) -> Callable[[], None]:
        """Call `on_book` with every new book; returns the call that ends it.

        Raises `NotImplementedError` where the venue has no stream.
        """
        raise NotImplementedError(f"{self.venue} has no stream of books; use data_source='rest'")

    def get_order_status(self, order_id: str | Order) -> OrderStatus:
        """The status of an order by client id. Raises `KeyError` for an unknown id."""
        return self.get_order(order_id).status

    async def aget_order_status(self, order_id: str | Order) -> OrderStatus:
        """The status of an order by client id. Raises `KeyError` for an unknown id."""
        return (await self.aget_order(order_id)).status

    def order_intent(
        self,
        symbol: str,
        side: Side | str,
        qty: Number,
        price: Number | None = None,
        order_type: OrderType | str | None = None,
        *,
        time_in_force: TimeInForce | str | None = None,
        client_id: str = "",
        reduce_only: bool = False,
        purpose: Purpose = Purpose.MANUAL,
        trade_id: str = "",
    ) -> PlaceOrder:
        """An order by hand, written or (`create_order`) placed; `qty` is native, `price` in quote
        per base.

        Without a type it is a limit order if it has a price, else a market order; the price of a
        market order is ignored. A limit order rests (GTC) unless told otherwise. Text, integers
        and `Decimal` are taken as they are; a float is brought onto the instrument's grid, down to
        the lot and to the less aggressive tick. Raises `ConfigError` (a `ValueError`) for what
        cannot be an order at all.
        """
        taken_side = _member(Side, side, "side")
        kind = OrderType.MARKET if price is None else OrderType.LIMIT
        if order_type is not None:
            kind = _member(OrderType, order_type, "order_type")
        lasting = TimeInForce.IOC if kind is OrderType.MARKET else TimeInForce.GTC
        if time_in_force is not None:
            lasting = _member(TimeInForce, time_in_force, "time_in_force")
        instrument = self.instrument(symbol)
        exact_qty = _positive(qty, f"{symbol} qty")
        if isinstance(qty, float):
            exact_qty = instrument.native_qty(exact_qty * instrument.contract_multiplier)
        exact_price = None
        if kind is OrderType.LIMIT:
            if price is None:
                raise ConfigError(f"{symbol}: a limit order needs a price; it is not sent")
            exact_price = _positive(price, f"{symbol} price")
            if isinstance(price, float):
                exact_price = instrument.limit_price(exact_price, taken_side)
        return PlaceOrder(
            client_id=client_id or self.next_client_id(),
            venue=self.venue,
            symbol=symbol,
            side=taken_side,
            qty=exact_qty,
            price=exact_price,
            order_type=kind,
            time_in_force=lasting,
            reduce_only=reduce_only,
            purpose=purpose,
            trade_id=trade_id,
        )

    create_order = submitted(order_intent)
    acreate_order = asubmitted(order_intent)


class NetworkExchange(Exchange):
    """A venue that has to wait: a subclass writes the async face, the sync one follows.

    The sync face runs on a private event loop, so it cannot be called from async code. `close`
    ends that loop.
    """

    _runner: asyncio.Runner | None = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        missing = [name for name in _ASYNC_FACE if getattr(cls, name) is getattr(Exchange, name)]
        if missing:
            raise TypeError(f"{cls.__name__} must write the async methods {', '.join(missing)}")

    get_orderbook = driven(Exchange.aget_orderbook)
    submit = driven(Exchange.asubmit)
    cancel_order = driven(Exchange.acancel_order)
    get_order = driven(Exchange.aget_order)
    get_balance = driven(Exchange.aget_balance)
    get_open_positions = driven(Exchange.aget_open_positions)

    def drive(self, work: Coroutine[Any, Any, _R]) -> _R:
        """Run `work` to its end on the private event loop."""
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(work)

    def close(self) -> None:
        """End the private event loop; the next sync call begins a new one."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None


def client_id_of(order_id: str | Order) -> str:
    """The client id of an order given as its record or as the id itself."""
    return order_id.intent.client_id if isinstance(order_id, Order) else order_id


def exact_number(value: Number, what: str) -> Decimal:
    """`value` as the decimal that it shows. Raises `ConfigError` for what is no finite number."""
    exact: Decimal | None = None
    if isinstance(value, Decimal | str):
        try:
            exact = Decimal(value)
        except InvalidOperation:
            exact = None
    elif isinstance(value, Integral) and not isinstance(value, bool):
        exact = Decimal(int(value))
    elif isinstance(value, Real) and not isinstance(value, bool):
        exact = decimal_of(float(value))
    if exact is None or not exact.is_finite():
        raise ConfigError(f"{what} is {value!r}; expected a finite number; nothing was done")
    return exact


def _positive(value: Number, what: str) -> Decimal:
    exact = exact_number(value, what)
    if not 0 < exact <= GREATEST_NUMBER:
        raise ConfigError(f"{what} is {value!r}; expected above zero and at most 1e18; not sent")
    return exact


def _member(kind: type[_Member], value: _Member | str, what: str) -> _Member:
    """A member of `kind` by itself or by its value in any case."""
    if isinstance(value, kind):
        return value
    for member in kind:
        if isinstance(value, str) and value.strip().lower() == member.value:
            return member
    expected = ", ".join(str(member.value) for member in kind)
    raise ConfigError(f"{what} is {value!r}; expected one of {expected}; nothing was sent")
