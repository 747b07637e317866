"""A paper venue with a hand on its clock, and short ways to write orders and events."""

from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from arbitrage.domain.events import (
    BookDelta,
    BookQuote,
    BookSnapshot,
    Event,
    Funding,
    Levels,
    MarketTrade,
    OrderUpdate,
)
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.intents import (
    CancelOrder,
    OrderType,
    PlaceOrder,
    QueryOrder,
    TimeInForce,
)
from arbitrage.domain.sides import Side
from arbitrage.exchanges.paper.venue import PaperVenue

VENUE = "paper"
SPOT = "KRW-BTC"
PERPETUAL = "BTC-USDT-SWAP"


class Desk:
    """Drives one `PaperVenue`: every call happens at `now_ns` and lets all that is due happen."""

    def __init__(self, **balances: int | str) -> None:
        self.options: dict[str, Any] = {
            "balances": {currency: Decimal(amount) for currency, amount in balances.items()}
        }
        self.now_ns = 1_000
        self.events: list[Event] = []
        self._ids = count(1)
        self._venue: PaperVenue | None = None

    def with_options(self, **options: Any) -> "Desk":
        self.options.update(options)
        return self

    @property
    def venue(self) -> PaperVenue:
        if self._venue is None:
            self._venue = PaperVenue(VENUE, **self.options)
        return self._venue

    def run(self) -> None:
        while self.venue.next_due_ns <= self.now_ns:
            event = self.venue.pop_due()
            if event is not None:
                self.events.append(event)

    def advance(self, ns: int) -> None:
        self.now_ns += ns
        self.run()

    def feed(self, event: Event) -> None:
        self.run()
        self.venue.on_event(event)
        self.run()

    def book(self, bids: Levels, asks: Levels, symbol: str = SPOT, seq: int = 0) -> None:
        self.feed(BookSnapshot(self.now_ns, VENUE, symbol, bids, asks, seq))

    def delta(
        self, bids: Levels, asks: Levels, seq: int, prev_seq: int, symbol: str = SPOT
    ) -> None:
        self.feed(BookDelta(self.now_ns, VENUE, symbol, bids, asks, seq, prev_seq))

    def quote(self, bid: float, bid_qty: float, ask: float, ask_qty: float) -> None:
        self.feed(BookQuote(self.now_ns, VENUE, SPOT, bid, bid_qty, ask, ask_qty))

    def trade(self, price: float, qty: float, side: Side, symbol: str = SPOT) -> None:
        """A public trade; `side` is the taker's."""
        self.feed(MarketTrade(self.now_ns, VENUE, symbol, price, qty, side))

    def fund(self, rate: float, next_ts_ns: int, mark_price: float = 0.0) -> None:
        self.feed(Funding(self.now_ns, VENUE, PERPETUAL, rate, next_ts_ns, mark_price))

    def order(
        self,
        side: Side,
        qty: str,
        price: str | None = None,
        time_in_force: TimeInForce = TimeInForce.GTC,
        *,
        symbol: str = SPOT,
        reduce_only: bool = False,
        client_id: str = "",
    ) -> PlaceOrder:
        return PlaceOrder(
            client_id=client_id or f"s{next(self._ids):08d}",
            venue=VENUE,
            symbol=symbol,
            side=side,
            qty=Decimal(qty),
            price=None if price is None else Decimal(price),
            order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
            time_in_force=time_in_force,
            reduce_only=reduce_only,
        )

    def send(self, intent: PlaceOrder | CancelOrder | QueryOrder) -> None:
        self.venue.send((intent,), self.now_ns)
        self.run()

    def place(self, *arguments: Any, **options: Any) -> OrderUpdate:
        """Send an order; returns the last word on it so far."""
        intent = self.order(*arguments, **options)
        self.send(intent)
        return self.last(intent.client_id)

    def buy(self, *arguments: Any, **options: Any) -> OrderUpdate:
        return self.place(Side.BUY, *arguments, **options)

    def sell(self, *arguments: Any, **options: Any) -> OrderUpdate:
        return self.place(Side.SELL, *arguments, **options)

    def cancel(self, client_id: str, symbol: str = SPOT) -> None:
        self.send(CancelOrder(client_id=client_id, venue=VENUE, symbol=symbol))

    def query(self, client_id: str, symbol: str = SPOT) -> None:
        self.send(QueryOrder(client_id=client_id, venue=VENUE, symbol=symbol))

    def updates(self, client_id: str) -> list[OrderUpdate]:
        return [
            event
            for event in self.events
            if isinstance(event, OrderUpdate) and event.client_id == client_id
        ]

    def last(self, client_id: str) -> OrderUpdate:
        return self.updates(client_id)[-1]

    def total(self, currency: str) -> Decimal:
        return self.venue.balances().get(currency, Decimal(0))


def perpetual(**rules: str) -> Instrument:
    """A linear perpetual with a tick of 0.1 and lots of one contract."""
    values: dict[str, Any] = {"tick_size": "0.1", "lot_size": "1", "initial_margin": "0.1"} | rules
    return Instrument(
        venue=VENUE,
        symbol=PERPETUAL,
        base="BTC",
        quote="USDT",
        kind=InstrumentKind.PERPETUAL,
        **{name: Decimal(value) for name, value in values.items()},
    )


@pytest.fixture
def desk_of() -> Callable[..., Desk]:
    """Makes a desk from opening balances by currency."""
    return Desk


@pytest.fixture
def perpetual_of() -> Callable[..., Instrument]:
    """Makes the rules of a perpetual; any of them can be given as text."""
    return perpetual
