"""What every native venue must do, tried on its own simulator over real sockets."""

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal

from arbitrage.domain.events import (
    BalanceUpdate,
    BookDelta,
    BookSnapshot,
    Event,
    OrderUpdate,
    VenueStatus,
)
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder, TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.engine.market_state import Market
from arbitrage.net.venue_gateway import VenueGateway

D = Decimal


class Heard:
    """Everything a gateway has said, and the book and the orders that follow from it."""

    def __init__(self, gateway: VenueGateway, symbol: str) -> None:
        self.gateway = gateway
        self.symbol = symbol
        self.events: list[Event] = []
        self.market = Market(gateway.venue, symbol, None)
        self.on_event: Callable[[], object] = lambda: None
        self._ids = 0

    def __call__(self, event: Event) -> None:
        assert not self.events or event.ts_ns >= self.events[-1].ts_ns
        self.events.append(event)
        if isinstance(event, BookSnapshot) and event.symbol == self.symbol:
            self.market.replace(event.bids, event.asks, event.seq, event.ts_ns)
        elif isinstance(event, BookDelta) and event.symbol == self.symbol:
            self.market.change(event.bids, event.asks, event.seq, event.prev_seq, event.ts_ns)
        self.on_event()

    async def until(self, is_so: Callable[[], bool], seconds: float = 5.0) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, self.events[-5:]
            await asyncio.sleep(0.005)

    @property
    def has_book(self) -> bool:
        return bool(self.market.bids and self.market.asks) and not self.market.is_broken

    @property
    def is_up(self) -> bool:
        said = [event for event in self.events if isinstance(event, VenueStatus)]
        return bool(said) and said[-1].is_up

    def order(self, **terms: object) -> PlaceOrder:
        self._ids += 1
        instrument = self.gateway.instrument(self.symbol)
        side = terms.pop("side", Side.BUY)
        assert isinstance(side, Side)
        share = float(terms.pop("away", 0.0))  # type: ignore[arg-type]
        best = self.market.asks[0][0] if side is Side.BUY else self.market.bids[0][0]
        return PlaceOrder(
            client_id=f"c{time.time_ns():020d}{self._ids}",
            venue=self.gateway.venue,
            symbol=self.symbol,
            side=side,
            price=instrument.limit_price(best * (1.0 + share), side),
            **{
                "qty": instrument.native_qty(D("0.01")),
                "time_in_force": TimeInForce.IOC,
                **terms,
            },  # type: ignore[arg-type]
        )

    def updates(self, client_id: str) -> list[OrderUpdate]:
        """Everything that was told of an order."""
        return [
            event
            for event in self.events
            if isinstance(event, OrderUpdate) and event.client_id == client_id
        ]

    def last(self, client_id: str) -> OrderUpdate | None:
        """The last word about an order; an answer that comes after its end says less."""
        updates = self.updates(client_id)
        ends = [update for update in updates if not update.status.is_live]
        return (ends or updates)[-1] if updates else None

    async def ended(self, order: PlaceOrder) -> OrderUpdate:
        """The order's final word, once all of its totals have come."""
        await self.until(
            lambda: (said := self.last(order.client_id)) is not None and (not said.status.is_live)
        )
        said = self.last(order.client_id)
        assert said is not None
        return said

    async def fees_of(self, order: PlaceOrder) -> dict[str, Decimal]:
        await self.until(
            lambda: (said := self.last(order.client_id)) is not None and bool(said.fees)
        )
        said = self.last(order.client_id)
        assert said is not None
        return dict(said.fees)


async def trades_as_a_venue_must(gateway: VenueGateway, symbol: str, quote: str) -> None:
    """Start, see a book, fill, rest, cancel, be refused, ask for a stranger, stop."""
    heard = Heard(gateway, symbol)
    await gateway.astart(heard)
    try:
        await heard.until(lambda: heard.has_book and heard.is_up)
        assert heard.market.bids[0][0] < heard.market.asks[0][0]
        assert any(
            isinstance(event, BalanceUpdate) and event.currency == quote and event.total > 0
            for event in heard.events
        )
        await _fills(heard)
        await _rests_and_is_canceled(heard)
        await _is_refused(heard)
        await _never_existed(heard)
        snapshot = await gateway.aget_orderbook(symbol)
        assert snapshot is not None
        assert snapshot.bids
    finally:
        await gateway.astop()
    assert len(asyncio.all_tasks()) == 1, asyncio.all_tasks()


async def _fills(heard: Heard) -> None:
    instrument, fees = heard.gateway.instrument(heard.symbol), heard.gateway.fees(heard.symbol)
    order = heard.order(away=0.005)
    heard.gateway.send([order], time.time_ns())
    said = await heard.ended(order)
    assert said.status is OrderStatus.FILLED
    assert said.filled_qty == order.qty
    assert order.price is not None
    assert 0 < said.filled_cost <= order.qty * instrument.contract_multiplier * order.price
    currency = fees.currency(order.side, base=instrument.base, quote=instrument.quote)
    assert (await heard.fees_of(order))[currency] > 0


async def _rests_and_is_canceled(heard: Heard) -> None:
    order = heard.order(away=-0.02, time_in_force=TimeInForce.GTC)
    heard.gateway.send([order], time.time_ns())
    await heard.until(
        lambda: (
            (said := heard.last(order.client_id)) is not None and (said.status is OrderStatus.OPEN)
        )
    )
    heard.gateway.send(
        [CancelOrder(client_id=order.client_id, venue=order.venue, symbol=order.symbol)],
        time.time_ns(),
    )
    said = await heard.ended(order)
    assert (said.status, said.filled_qty) == (OrderStatus.CANCELED, 0)


async def _is_refused(heard: Heard) -> None:
    """By its name or, where the venue publishes none, because the venue's lists lack it."""
    order = heard.order(qty=D(1_000_000), away=0.005)
    heard.gateway.send([order], time.time_ns())
    said = await heard.ended(order)
    assert said.status in (OrderStatus.REJECTED, OrderStatus.NEVER_EXISTED)
    assert said.reason


async def _never_existed(heard: Heard) -> None:
    """A question about an order that was never sent from here changes nothing."""
    events = len(heard.events)
    stranger = QueryOrder(client_id="nobody", venue=heard.gateway.venue, symbol=heard.symbol)
    try:
        heard.gateway.send([stranger], time.time_ns())
    except KeyError:
        return
    await asyncio.sleep(0.05)
    assert all(
        not isinstance(event, OrderUpdate)
        or event.client_id != "nobody"
        or event.status is OrderStatus.NEVER_EXISTED
        for event in heard.events[events:]
    )
