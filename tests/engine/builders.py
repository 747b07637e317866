"""Tiny builders for engine tests: instruments, routes, books, and a rig that plays the venues."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from arbitrage.domain.decisions import Decision, Refusal, RiskChanged, Step, TradeClosed
from arbitrage.domain.events import (
    Books,
    BookSnapshot,
    Command,
    CommandKind,
    Event,
    Funding,
    Levels,
    OrderUpdate,
    Tick,
)
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.fx import FixedFx
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.intents import CancelOrder, Intent, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.trade import ArbitrageTrade
from arbitrage.domain.units import NS_PER_SECOND, ZERO, decimal_of
from arbitrage.engine.config import (
    ArbitrageConfig,
    LegConfig,
    RiskLimits,
    RouteConfig,
    RouteKind,
)
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.engine.route_state import RouteState
from arbitrage.engine.trade_state import TradeState

T0 = 1_700_000_000 * NS_PER_SECOND
D = Decimal
NO_FEES = FeeSchedule()
WIDE = 100.0


def at(seconds: float) -> int:
    """Nanoseconds `seconds` after the beginning of every test."""
    return T0 + round(seconds * NS_PER_SECOND)


def spot(venue: str = "alpha", quote: str = "USDT", **rules: Any) -> Instrument:
    rules = {"tick_size": D("0.01"), "lot_size": D("0.001")} | rules
    return Instrument(venue=venue, symbol=f"{quote}-BTC", base="BTC", quote=quote, **rules)


def perp(venue: str = "beta", quote: str = "USDT", **rules: Any) -> Instrument:
    rules = {"tick_size": D("0.01"), "lot_size": D("0.001"), "initial_margin": D("0.1")} | rules
    return Instrument(
        venue=venue,
        symbol=f"BTC/{quote}:{quote}",
        base="BTC",
        quote=quote,
        kind=InstrumentKind.PERPETUAL,
        **rules,
    )


def taker(bps: float, manner: FeeManner = FeeManner.QUOTE, token: str = "") -> FeeSchedule:
    return FeeSchedule(taker_bps=bps, manner=manner, third_token=token)


def route(
    a: Instrument | None = None,
    b: Instrument | None = None,
    *,
    fee_a: FeeSchedule = NO_FEES,
    fee_b: FeeSchedule = NO_FEES,
    **terms: Any,
) -> RouteConfig:
    """An inventory route without costs or pauses unless told otherwise."""
    terms = {
        "name": "r",
        "kind": RouteKind.INVENTORY,
        "min_edge_bps": 0.0,
        "slippage_bps": 0.0,
        "max_position_usd": 1e9,
        "min_seconds_between_entries": 0.0,
        "max_jump_bps": 5000.0,
    } | terms
    return RouteConfig(
        a=LegConfig(instrument=a or spot("alpha"), fees=fee_a),
        b=LegConfig(instrument=b or spot("beta"), fees=fee_b),
        **terms,
    )


def convergence(a: Instrument | None = None, b: Instrument | None = None, **terms: Any) -> Any:
    """Spot against perpetual without costs unless told otherwise."""
    return route(a or spot("alpha"), b or perp("beta"), kind=RouteKind.CONVERGENCE, **terms)


def krw_usdt(rate: float = 1000.0) -> FixedFx:
    return FixedFx("USDT", "KRW", rate)


def rich(*routes: RouteConfig) -> dict[str, dict[str, Decimal]]:
    """Plenty of everything that the legs trade, at every venue."""
    balances: dict[str, dict[str, Decimal]] = {}
    for each in routes:
        for leg in (each.a.instrument, each.b.instrument):
            purse = balances.setdefault(leg.venue, {})
            purse[leg.base] = ZERO if leg.is_perpetual else D(10_000)
            purse[leg.quote] = D(10) ** 10
    return balances


class Rig:
    """One engine, its clock, and what it wanted and decided. The test plays the venues."""

    def __init__(
        self,
        *routes: RouteConfig,
        balances: Mapping[str, Mapping[str, Decimal]] | None = None,
        limits: RiskLimits | None = None,
        **config: Any,
    ) -> None:
        self.engine = ArbitrageEngine(
            ArbitrageConfig(
                routes=routes,
                risk_limits=limits or RiskLimits(price_band_bps=9000.0),
                opening_balances=rich(*routes) if balances is None else balances,
                **config,
            )
        )
        self.now_ns = T0
        self.intents: list[Intent] = []
        self.decisions: list[Decision] = []
        self.last = Step()

    # --- time and events ----------------------------------------------------------------------

    def wait(self, seconds: float) -> "Rig":
        self.now_ns += round(seconds * NS_PER_SECOND)
        return self

    def feed(self, event: Event) -> Step:
        self.last = self.engine.step(event)
        self.intents.extend(self.last.intents)
        self.decisions.extend(self.last.decisions)
        return self.last

    def tick(self, seconds: float = 0.0) -> Step:
        return self.feed(Tick(self.wait(seconds).now_ns))

    def book(self, instrument: Instrument, bids: Levels, asks: Levels, **more: Any) -> Step:
        venue, symbol = instrument.venue, instrument.symbol
        return self.feed(BookSnapshot(self.now_ns, venue, symbol, bids, asks, **more))

    def touch(self, instrument: Instrument, bid: float, ask: float, qty: float = WIDE) -> Step:
        """A book of one level a side."""
        return self.book(instrument, [(bid, qty)], [(ask, qty)])

    def a(self, bid: float, ask: float, qty: float = WIDE) -> Step:
        return self.touch(self.route.a.instrument, bid, ask, qty)

    def b(self, bid: float, ask: float, qty: float = WIDE) -> Step:
        return self.touch(self.route.b.instrument, bid, ask, qty)

    def show(self, a: tuple[float, float], b: tuple[float, float], qty: float = WIDE) -> Step:
        """Both books together; the route is looked at once."""
        books = []
        for leg, (bid, ask) in ((self.route.a, a), (self.route.b, b)):
            of = leg.instrument
            levels = [(bid, qty)], [(ask, qty)]
            books.append(BookSnapshot(self.now_ns, of.venue, of.symbol, *levels))
        return self.feed(Books(self.now_ns, books))

    def funding(self, instrument: Instrument, rate: float) -> Step:
        return self.feed(Funding(self.now_ns, instrument.venue, instrument.symbol, rate, 0))

    def command(self, kind: CommandKind, route: str = "") -> Step:
        return self.feed(Command(self.now_ns, kind, route))

    def resume(self) -> Step:
        return self.command(CommandKind.RESUME)

    # --- the venues' answers ------------------------------------------------------------------

    def answer(
        self,
        order: PlaceOrder,
        filled: Decimal | str | None = None,
        price: float | Decimal | None = None,
        status: OrderStatus | None = None,
        fees: Mapping[str, Decimal] | None = None,
        reason: str = "",
    ) -> Step:
        """The venue says that `filled` (default: all) of `order` was had, at its limit price
        unless told otherwise, with the fees of the route's schedule."""
        qty = order.qty if filled is None else D(filled)
        leg = self.leg_of(order)
        at_price = order.price if price is None else decimal_of(price)
        assert at_price is not None
        cost = qty * leg.instrument.contract_multiplier * at_price
        if fees is None:
            fees = fees_of(leg.fees, leg.instrument, order, qty, cost)
        if status is None:
            status = OrderStatus.FILLED if qty == order.qty else OrderStatus.CANCELED
        paid = tuple(sorted(fees.items()))
        return self.feed(OrderUpdate(self.now_ns, order.client_id, status, qty, cost, paid, reason))

    def reject(self, order: PlaceOrder, reason: str = "no") -> Step:
        return self.answer(order, "0", status=OrderStatus.REJECTED, fees={}, reason=reason)

    def doubt(self, order: PlaceOrder) -> Step:
        return self.answer(order, "0", status=OrderStatus.IN_DOUBT, fees={})

    def fill_all(self) -> None:
        """Every live order fills whole, and so does what follows from it."""
        while self.engine.accounts.live_orders():
            for order in self.engine.accounts.live_orders():
                self.answer(order.intent)

    # --- what is to be seen -------------------------------------------------------------------

    @property
    def route(self) -> RouteState:
        return next(iter(self.engine.routes.values()))

    @property
    def state(self) -> TradeState:
        """The one open trade of the first route."""
        (state,) = self.route.trades
        return state

    @property
    def trade(self) -> ArbitrageTrade:
        return self.state.trade

    def leg_of(self, order: PlaceOrder) -> Any:
        for each in self.engine.routes.values():
            for leg in (each.a, each.b):
                if (leg.instrument.venue, leg.instrument.symbol) == (order.venue, order.symbol):
                    return leg
        raise AssertionError(f"{order} is of no route")

    @property
    def placed(self) -> list[PlaceOrder]:
        """Every order that the engine has wanted placed."""
        return [intent for intent in self.intents if isinstance(intent, PlaceOrder)]

    @property
    def new_orders(self) -> list[PlaceOrder]:
        """What the last step wanted placed."""
        return [intent for intent in self.last.intents if isinstance(intent, PlaceOrder)]

    @property
    def queries(self) -> list[QueryOrder]:
        return [intent for intent in self.intents if isinstance(intent, QueryOrder)]

    @property
    def new_order(self) -> PlaceOrder:
        """The one order that the last step wanted placed."""
        (order,) = self.new_orders
        return order

    @property
    def cancels(self) -> list[CancelOrder]:
        return [intent for intent in self.intents if isinstance(intent, CancelOrder)]

    @property
    def reasons(self) -> list[str]:
        """The refusals of the last step."""
        return [each.reason for each in self.last.decisions if isinstance(each, Refusal)]

    @property
    def closed(self) -> list[ArbitrageTrade]:
        return [each.trade for each in self.decisions if isinstance(each, TradeClosed)]

    @property
    def risk_changes(self) -> list[RiskChanged]:
        return [each for each in self.decisions if isinstance(each, RiskChanged)]

    def balance(self, venue: str, currency: str) -> Decimal:
        return self.engine.accounts.ledger.balance(venue, currency)


CHEAP_A, DEAR_B = (99.0, 100.0), (103.0, 104.0)


def opened(config: RouteConfig | None = None, **more: Any) -> tuple[Rig, PlaceOrder, PlaceOrder]:
    """A trade that wants to buy ten at A for 100 and sell ten at B for 103; its two orders."""
    rig = Rig(config or route(), **more)
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.placed
    return rig, a, b


def fees_of(
    fees: FeeSchedule, instrument: Instrument, order: PlaceOrder, qty: Decimal, cost: Decimal
) -> dict[str, Decimal]:
    """What a venue charges a taker for `qty` at `cost`, in the manner of its schedule."""
    rate = fees.rate(is_maker=False)
    if not rate or not qty:
        return {}
    currency = fees.currency(order.side, base=instrument.base, quote=instrument.quote)
    if currency == instrument.base and not instrument.is_perpetual:
        return {currency: qty * instrument.contract_multiplier * rate}
    return {currency: cost * rate}
