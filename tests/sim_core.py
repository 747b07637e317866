"""A simulated venue without sockets: a hand on its clock, and all that it tells."""

from decimal import Decimal
from typing import Any, TypeVar

from arbitrage.domain.events import BookSnapshot, Funding, Levels, MarketTrade
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.intents import OrderType
from arbitrage.domain.sides import Side
from arbitrage.sim.core_events import CoreEvent, OrderChanged
from arbitrage.sim.order_records import ClientIdRule, NewOrder, SimOrder
from arbitrage.sim.venue_core import SimVenueCore, VenueSetup

VENUE, SPOT, PERPETUAL = "sim", "KRW-BTC", "BTCUSDT"
START_NS = 1_000_000_000

Event = TypeVar("Event", bound=CoreEvent)


def spot(**rules: str) -> Instrument:
    """KRW-BTC with a tick of 1, lots of 0.01 and a minimum of 100."""
    values = {"tick_size": "1", "lot_size": "0.01", "min_notional": "100"} | rules
    decimals: dict[str, Any] = {name: Decimal(value) for name, value in values.items()}
    return Instrument(venue=VENUE, symbol=SPOT, base="BTC", quote="KRW", **decimals)


def perpetual() -> Instrument:
    """BTCUSDT at five times leverage, liquidated below half a percent."""
    return Instrument(
        venue=VENUE,
        symbol=PERPETUAL,
        base="BTC",
        quote="USDT",
        kind=InstrumentKind.PERPETUAL,
        tick_size=Decimal(1),
        lot_size=Decimal("0.01"),
        initial_margin=Decimal("0.2"),
    )


class SimDesk:
    """Drives one core; `told` is everything it told, in order."""

    def __init__(
        self,
        *instruments: Instrument,
        client_ids: ClientIdRule = ClientIdRule.FOREVER,
        kept_refusals: tuple[str, ...] = (),
        **balances: int | str,
    ) -> None:
        self.clock_ns = START_NS
        self.told: list[CoreEvent] = []
        setup = VenueSetup(
            venue=VENUE,
            instruments=instruments or (spot(), perpetual()),
            fees=FeeSchedule(taker_bps=5.0, maker_bps=5.0),
            balances={
                currency: Decimal(amount)
                for currency, amount in (
                    balances or {"KRW": 1_000_000, "BTC": 1_000, "USDT": 1_000}
                ).items()
            },
            clock_ns=lambda: self.clock_ns,
        )
        self.core = SimVenueCore(setup, client_ids=client_ids, kept_refusals=kept_refusals)
        self.core.listen(self.told.append)

    def book(self, bids: Levels, asks: Levels, symbol: str = SPOT) -> None:
        self.core.on_market(BookSnapshot(0, VENUE, symbol, bids, asks))

    def trade(self, price: float, qty: float, side: Side, symbol: str = SPOT) -> None:
        """A public trade; `side` is the taker's."""
        self.core.on_market(MarketTrade(0, VENUE, symbol, price, qty, side))

    def fund(self, rate: float, next_ts_ns: int, mark_price: float = 0.0) -> None:
        self.core.on_market(Funding(0, VENUE, PERPETUAL, rate, next_ts_ns, mark_price))

    def order(
        self, side: Side, qty: str | None, price: str | None = None, **options: Any
    ) -> NewOrder:
        cost = options.pop("cost", None)
        return NewOrder(
            symbol=options.pop("symbol", SPOT),
            side=side,
            order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
            qty=None if qty is None else Decimal(qty),
            cost=None if cost is None else Decimal(cost),
            price=None if price is None else Decimal(price),
            **options,
        )

    def buy(self, qty: str | None, price: str | None = None, **options: Any) -> SimOrder:
        return self.core.place(self.order(Side.BUY, qty, price, **options))

    def sell(self, qty: str | None, price: str | None = None, **options: Any) -> SimOrder:
        return self.core.place(self.order(Side.SELL, qty, price, **options))

    def all_told(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.told if isinstance(event, kind)]

    def steps(self, order: SimOrder) -> list[str]:
        """The steps in the life of an order, as told."""
        return [
            changed.change.value
            for changed in self.all_told(OrderChanged)
            if changed.order is order
        ]

    def free(self, currency: str) -> Decimal:
        return self.core.balance(currency).available

    def locked(self, currency: str) -> Decimal:
        return self.core.balance(currency).locked
