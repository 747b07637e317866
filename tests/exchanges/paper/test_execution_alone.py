"""Execution without the paper venue around it: single fills, judging without placing, meeting
an order of the same account."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import OrderType, PlaceOrder, TimeInForce
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.paper.clearing import Clearing
from arbitrage.exchanges.paper.execution import Execution, Fills

SPOT, SWAP = "KRW-BTC", "BTC-USDT-SWAP"
RulesOf = Callable[..., Instrument]


class Bench:
    """An execution before a book of two levels a side, and what it said."""

    def __init__(self, rules: Instrument | None = None) -> None:
        self.symbol = SWAP if rules else SPOT
        balances = {"KRW": Decimal(10_000), "BTC": Decimal(10), "USDT": Decimal(100)}
        self.clearing = Clearing("paper", {SWAP: rules} if rules else {}, {}, balances)
        self.fills: list[Fills] = []
        self.reports: list[tuple[str, OrderStatus]] = []
        self.execution = Execution(
            self.clearing,
            lambda order, _now: self.reports.append((order.client_id, order.status)),
            lambda _event, _now: None,
            self.fills.append,
        )
        self.clearing.market(self.symbol).replace(
            [(99.0, 1.0), (98.0, 2.0)], [(101.0, 1.0), (102.0, 2.0)], 1
        )

    def intent(self, client_id: str, side: Side, qty: str, price: str, **more: Any) -> PlaceOrder:
        return PlaceOrder(
            client_id=client_id,
            venue="paper",
            symbol=self.symbol,
            side=side,
            qty=Decimal(qty),
            price=Decimal(price),
            order_type=OrderType.LIMIT,
            **{"time_in_force": TimeInForce.GTC, **more},
        )

    def place(self, client_id: str, side: Side, qty: str, price: str, **more: Any) -> Order:
        self.execution.place(self.intent(client_id, side, qty, price, **more), 1)
        order = self.execution.orders.get(client_id)
        assert order is not None
        return order


def test_fills_are_told_level_by_level_before_the_report() -> None:
    bench = Bench()
    bench.place("a", Side.BUY, "2", "102")
    (fills,) = bench.fills
    assert [(take.price, take.qty) for take in fills.takes] == [(101, 1), (102, 1)]
    assert (fills.order.client_id, fills.is_maker, fills.fee_currency) == ("a", False, "KRW")
    assert bench.reports == [("a", OrderStatus.FILLED)]


def test_an_order_is_judged_without_placing_it() -> None:
    bench = Bench()
    assert bench.execution.refusal(bench.intent("a", Side.BUY, "1000", "102")) == (
        "insufficient_balance"
    )
    assert bench.execution.refusal(bench.intent("a", Side.BUY, "0", "102")) == "lot_size"
    assert bench.execution.refusal(bench.intent("a", Side.BUY, "1", "102")) is None
    assert (bench.reports, bench.execution.orders.is_used("a")) == ([], False)


def test_two_orders_of_one_account_meet_at_the_price_of_the_one_at_rest() -> None:
    bench = Bench()
    maker = bench.place("maker", Side.BUY, "2", "100")
    bench.execution.meet_own(bench.intent("taker", Side.SELL, "0.5", "100"), "maker", 2)
    taker = bench.execution.orders.get("taker")
    assert taker is not None
    assert (maker.filled_qty, maker.status) == (Decimal("0.5"), OrderStatus.OPEN)
    assert (taker.filled_cost, taker.status) == (50, OrderStatus.FILLED)
    assert [fills.is_maker for fills in bench.fills] == [True, False]
    assert bench.clearing.account.total("KRW") == 10_000
    assert bench.clearing.market(SPOT).taken_bids == {}


def test_an_order_at_rest_that_may_not_fill_after_all_is_cancelled_and_so_is_who_met_it(
    perpetual_of: RulesOf,
) -> None:
    bench = Bench(perpetual_of())
    bench.place("position", Side.SELL, "1", "99", time_in_force=TimeInForce.IOC)
    maker = bench.place("maker", Side.BUY, "1", "98", reduce_only=True)
    bench.clearing.account.margin.position(perpetual_of()).position.qty = Decimal(0)
    bench.execution.meet_own(bench.intent("taker", Side.SELL, "1", "98"), "maker", 2)
    taker = bench.execution.orders.get("taker")
    assert taker is not None
    assert (maker.status, maker.reason) == (OrderStatus.CANCELED, "reduce_only")
    assert (taker.status, taker.filled_qty) == (OrderStatus.CANCELED, 0)


@pytest.mark.parametrize("leverage", [2, 20])
def test_leverage_changes_what_a_position_locks(perpetual_of: RulesOf, leverage: int) -> None:
    bench = Bench(perpetual_of())
    bench.place("a", Side.BUY, "1", "101", time_in_force=TimeInForce.IOC)
    bench.clearing.set_initial_margin(SWAP, Decimal(1) / leverage)
    (held,) = bench.clearing.account.margin.open_positions()
    assert held.margin == Decimal(101) / leverage
    assert bench.clearing.instrument(SWAP).initial_margin == Decimal(1) / leverage
