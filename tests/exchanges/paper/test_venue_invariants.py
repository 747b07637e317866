"""Whatever is sent and whatever the markets do: money is conserved, no rule bends."""

import random
from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from arbitrage.domain.events import (
    BookDelta,
    BookSnapshot,
    Event,
    Funding,
    MarketTrade,
    OrderUpdate,
)
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.intents import CancelOrder, OrderType, PlaceOrder, QueryOrder, TimeInForce
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.paper.market import PaperMarket
from arbitrage.exchanges.paper.venue import PaperVenue

SWAP = "BTC-USDT-SWAP"
FEES = {
    "BTC-USDT": FeeSchedule(taker_bps=10.0, maker_bps=-1.0, manner=FeeManner.RECEIVED),
    "BNB-USDT": FeeSchedule(taker_bps=75.0, manner=FeeManner.THIRD_TOKEN, third_token="BNB"),
    "SOL-BNB": FeeSchedule(taker_bps=33.3, manner=FeeManner.THIRD_TOKEN, third_token="BNB"),
    "ETH-USDT": FeeSchedule(taker_bps=4.95, maker_bps=3.0),
    SWAP: FeeSchedule(taker_bps=5.0, maker_bps=2.0),
}
OPENING = {
    "USDT": Decimal(300),
    "BTC": Decimal(2),
    "BNB": Decimal(50),
    "ETH": Decimal(2),
    "SOL": Decimal(2),
}
RULES = {
    SWAP: Instrument(
        venue="v",
        symbol=SWAP,
        base="BTC",
        quote="USDT",
        kind=InstrumentKind.PERPETUAL,
        lot_size=Decimal("0.1"),
        contract_multiplier=Decimal("0.5"),
        initial_margin=Decimal("0.1"),
        maintenance_margin=Decimal("0.09"),
    )
}
symbols = st.sampled_from([SWAP, *sorted(FEES)])
sides = st.sampled_from(Side)
prices = st.integers(95, 105)
qtys = st.integers(1, 40).map(lambda tenths: Decimal(tenths) / 10)
sizes = st.lists(st.integers(0, 30), min_size=0, max_size=4)


class TradingAtRandom(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.venue = PaperVenue(
            "v",
            instruments=RULES,
            fees=FEES,
            balances=OPENING,
            latency_ns=3,
            answer_latency_ns=2,
        )
        self.now_ns = 10
        self.orders: dict[str, Order] = {}
        self.flows: dict[str, Decimal] = dict(OPENING)
        self.left: dict[tuple[str, Side], Decimal] = {}  # what books still have for takers
        self._clearing = self.venue._clearing
        self._book = self._clearing.book
        self._fund = self._clearing.fund
        self._clearing.book = self.counterparty  # type: ignore[method-assign]
        self._clearing.fund = self.funding_counterparty  # type: ignore[method-assign]
        for symbol in FEES:
            self.show(symbol, 100, [10, 20], [10, 20])

    # --- the other side of every fill ---------------------------------------------------------

    def flow(self, currency: str, amount: Decimal) -> None:
        self.flows[currency] = self.flows.get(currency, Decimal(0)) + amount

    def counterparty(
        self, market: PaperMarket, side: Side, qty: Decimal, cost: Decimal, *, is_maker: bool
    ) -> tuple[str, Decimal]:
        """Books what the market gives and takes, and holds the prices against the book."""
        rules = self.venue.instrument(market.symbol)
        base = qty * rules.contract_multiplier
        if not is_maker:
            levels = market.asks if side is Side.BUY else market.bids
            assert (cost - base * Decimal(levels[0][0])) * side.sign >= 0, "better than the book"
            self.left[market.symbol, side] -= qty
            assert self.left[market.symbol, side] >= 0, "more than was shown"
        if not rules.is_perpetual:
            self.flow(rules.base, base * side.sign)
        self.flow(rules.quote, -cost * side.sign)
        currency, fee = self._book(market, side, qty, cost, is_maker=is_maker)
        self.flow(currency, -fee)
        return currency, fee

    def funding_counterparty(self, market: PaperMarket, funding: Funding) -> tuple[str, Decimal]:
        """Counts what was due; what the account could not pay is in `absorbed`."""
        before = self._clearing.account.absorbed.get("USDT", Decimal(0))
        currency, received = self._fund(market, funding)
        uncollected = self._clearing.account.absorbed.get("USDT", Decimal(0)) - before
        self.flow(currency, received - uncollected)
        return currency, received

    def hear(self, event: Event | None) -> None:
        match event:
            case OrderUpdate(reason="duplicate_client_id") | None:
                pass
            case OrderUpdate():
                order = self.orders[event.client_id]
                order.apply(event)  # raises if a total shrinks or exceeds the order
                self.check(order)

    def check(self, order: Order) -> None:
        intent, filled = order.intent, order.filled_qty
        if intent.price is not None:
            multiplier = self.venue.instrument(intent.symbol).contract_multiplier
            at_limit = intent.price * filled * multiplier
            assert (order.filled_cost - at_limit) * intent.side.sign <= 0, "worse than the limit"
        if intent.time_in_force is TimeInForce.FOK:
            assert filled in (0, intent.qty)
        if intent.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
            assert order.status is not OrderStatus.OPEN
        if order.status is OrderStatus.REJECTED:
            assert filled == 0
            assert order.reason
        assert (order.status is OrderStatus.FILLED) == (filled == intent.qty)

    # --- what can happen ----------------------------------------------------------------------

    def some_order(self, which: int) -> Order:
        """One of the latest thousand orders."""
        return self.orders[f"s{max(0, len(self.orders) - 1 - which % len(self.orders)):08d}"]

    def feed(self, event: Event) -> None:
        self.pass_time(0)
        self.venue.on_event(event)

    @rule(ns=st.integers(0, 6))
    def pass_time(self, ns: int) -> None:
        self.now_ns += ns
        while self.venue.next_due_ns <= self.now_ns:
            self.hear(self.venue.pop_due())

    @rule(symbol=symbols, mid=prices, bids=sizes, asks=sizes)
    def show(self, symbol: str, mid: int, bids: list[int], asks: list[int]) -> None:
        self.pass_time(0)
        self.left[symbol, Side.SELL] = Decimal(sum(bids)) / 10
        self.left[symbol, Side.BUY] = Decimal(sum(asks)) / 10
        self.feed(
            BookSnapshot(
                self.now_ns,
                "v",
                symbol,
                [(float(mid - 1 - i), qty / 10) for i, qty in enumerate(bids)],
                [(float(mid + 1 + i), qty / 10) for i, qty in enumerate(asks)],
                1,
            )
        )

    @rule(symbol=symbols, price=prices, qty=st.integers(0, 20), seq=st.integers(1, 2))
    def change(self, symbol: str, price: int, qty: int, seq: int) -> None:
        self.pass_time(0)
        self.left[symbol, Side.BUY] += Decimal(qty) / 10
        self.feed(BookDelta(self.now_ns, "v", symbol, [], [(float(price), qty / 10)], seq, seq))

    @rule(symbol=symbols, price=prices, qty=st.integers(1, 60), side=sides)
    def trade(self, symbol: str, price: int, qty: int, side: Side) -> None:
        self.feed(MarketTrade(self.now_ns, "v", symbol, float(price), qty / 10, side))

    @rule(mid=st.integers(60, 140), bid_qty=st.integers(0, 30), ask_qty=st.integers(0, 30))
    def jump(self, mid: int, bid_qty: int, ask_qty: int) -> None:
        """The perpetual's book jumps far enough to liquidate."""
        self.show(SWAP, mid, [bid_qty], [ask_qty])

    @rule(rate=st.floats(-0.3, 0.3), wait=st.integers(0, 10), mark=prices)
    def announce_funding(self, rate: float, wait: int, mark: int) -> None:
        self.feed(Funding(self.now_ns, "v", SWAP, rate, self.now_ns + wait, float(mark)))

    @rule(
        symbol=symbols,
        side=sides,
        qty=qtys,
        price=st.none() | prices,
        time_in_force=st.sampled_from(TimeInForce),
        reduce_only=st.booleans(),
    )
    def place(
        self,
        symbol: str,
        side: Side,
        qty: Decimal,
        price: int | None,
        time_in_force: TimeInForce,
        reduce_only: bool,
    ) -> None:
        intent = PlaceOrder(
            client_id=f"s{len(self.orders):08d}",
            venue="v",
            symbol=symbol,
            side=side,
            qty=qty,
            price=None if price is None else Decimal(price),
            order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
            time_in_force=time_in_force if price is not None else TimeInForce.IOC,
            reduce_only=reduce_only,
        )
        self.orders[intent.client_id] = Order(intent=intent, sent_ns=self.now_ns)
        self.venue.send((intent,), self.now_ns)

    @precondition(lambda self: self.orders)
    @rule(which=st.integers(0, 999))
    def cancel(self, which: int) -> None:
        order = self.some_order(which)
        self.venue.send(
            (CancelOrder(client_id=order.client_id, venue="v", symbol=order.symbol),), self.now_ns
        )

    @precondition(lambda self: self.orders)
    @rule(which=st.integers(0, 999))
    def repeat(self, which: int) -> None:
        """The same order again, and a question: neither changes money or the record."""
        self.pass_time(6)
        order = self.some_order(which)
        before = (order.status, order.filled_qty, order.filled_cost, dict(order.fees))
        balances = self.venue.balances()
        question = QueryOrder(client_id=order.client_id, venue="v", symbol=order.symbol)
        due = self.venue.next_due_ns  # a settlement of funding may fall due meanwhile
        self.venue.send((order.intent, question), self.now_ns)
        self.pass_time(5)
        if due > self.now_ns:
            assert self.venue.balances() == balances
        assert (order.status, order.filled_qty, order.filled_cost, order.fees) == before or (
            due <= self.now_ns and order.reason == "liquidation"
        )

    # --- what always holds --------------------------------------------------------------------

    @invariant()
    def balances_are_never_negative(self) -> None:
        for currency, owned in self.venue.balances().items():
            balance = self.venue.balance(currency)
            assert owned >= 0
            assert 0 <= balance.locked <= owned
            assert balance.total == owned

    @invariant()
    def money_is_conserved(self) -> None:
        """What we own is what we had, plus what counterparties, funding and the insurance fund
        gave, less fees; a position is carried at its cost."""
        expected = dict(self.flows)
        for held in self._clearing.account.margin.open_positions():
            expected["USDT"] += held.position.entry_cost.copy_sign(held.position.qty)
        for currency, amount in self._clearing.account.absorbed.items():
            expected[currency] += amount
        for currency, owned in self.venue.balances().items():
            assert expected[currency] == owned

    @invariant()
    def depth_is_not_given_twice(self) -> None:
        for market in self._clearing.markets.values():
            for levels, taken in (
                (market.bids, market.taken_bids),
                (market.asks, market.taken_asks),
            ):
                shown = {price: Decimal(str(qty)) for price, qty in levels}
                assert all(0 < qty <= shown[price] for price, qty in taken.items())

    @invariant()
    def what_is_locked_belongs_to_somebody(self) -> None:
        if any(market.resting for market in self._clearing.markets.values()):
            return
        if not self.venue.positions():
            assert all(
                self.venue.balance(currency).locked == 0 for currency in self.venue.balances()
            )

    @invariant()
    def what_is_due_is_never_in_the_past_of_the_queue(self) -> None:
        pending = [due for due, _, _ in self.venue._pending]
        assert self.venue.next_due_ns == min(pending, default=2**63 - 1)


TestTradingAtRandom = TradingAtRandom.TestCase
TestTradingAtRandom.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("seed", range(4))
def test_a_long_seeded_run_holds_the_same_invariants(seed: int) -> None:
    """Long enough that positions are liquidated, funded past their margin, and orders rest."""
    chance = random.Random(seed)
    run = TradingAtRandom()
    symbols = [SWAP, *sorted(FEES)]
    for _ in range(600):
        symbol, side = chance.choice(symbols), chance.choice(list(Side))
        match chance.randrange(10):
            case 0 | 1 | 2:
                sizes = [[chance.randrange(30) for _ in range(4)] for _ in Side]
                run.show(symbol, chance.randint(95, 105), *sizes)
            case 3:
                run.trade(symbol, chance.randint(95, 105), chance.randint(1, 60), side)
            case 4:
                run.change(symbol, chance.randint(95, 105), chance.randrange(20), 1)
            case 5 if chance.random() < 0.3:
                run.jump(chance.randint(80, 120), chance.randrange(30), chance.randrange(30))
            case 6 if chance.random() < 0.2:
                run.announce_funding(chance.uniform(-0.2, 0.2), chance.randrange(9), 100)
            case 7 if run.orders:
                chance.choice([run.cancel, run.repeat])(chance.randrange(20))
            case _:
                run.place(
                    symbol,
                    side,
                    Decimal(chance.randint(1, 40)) / 10,
                    chance.choice([None, chance.randint(96, 104), chance.randint(96, 104)]),
                    chance.choice(list(TimeInForce)),
                    reduce_only=chance.random() < 0.2,
                )
        run.pass_time(chance.randrange(4))
        run.balances_are_never_negative()
        run.money_is_conserved()
        run.depth_is_not_given_twice()
        run.what_is_locked_belongs_to_somebody()
