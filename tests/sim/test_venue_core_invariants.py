"""Whatever is sent to a simulated venue: its orders, its account and what it told tie out."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sim_core import SPOT, SimDesk

from arbitrage.domain.errors import OrderRefused
from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.intents import TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.sim.core_events import BalanceChanged, Change, OrderChanged
from arbitrage.sim.order_records import SelfTrade, SimOrder

PRICES = st.integers(95, 105)
QTYS = st.integers(100, 900).map(lambda cents: str(Decimal(cents) / 100))

ORDERS = st.fixed_dictionaries(
    {
        "side": st.sampled_from(Side),
        "qty": QTYS,
        "price": st.none() | PRICES.map(str),
        "time_in_force": st.sampled_from(TimeInForce),
        "self_trade": st.sampled_from(SelfTrade),
        "is_by_cost": st.booleans(),
    }
)
TRADES = st.tuples(PRICES, st.integers(1, 9), st.sampled_from(Side))
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("order"), ORDERS),
        st.tuples(st.just("cancel"), st.integers(0, 9)),
        st.tuples(st.just("trade"), TRADES),
        st.tuples(st.just("book"), st.integers(96, 103)),
        st.tuples(st.just("race"), st.none()),
    ),
    max_size=25,
)


def act(desk: SimDesk, action: str, value: Any) -> None:
    match action:
        case "order":
            place(desk, dict(value))
        case "cancel":
            orders = desk.core.orders.open()
            if orders:
                desk.core.cancel(orders[value % len(orders)])
        case "trade":
            price, qty, side = value
            desk.trade(float(price), float(qty), side)
        case "book":
            bids = [(float(value - step), 3.0) for step in range(3)]
            asks = [(float(value + 1 + step), 3.0) for step in range(3)]
            desk.book(bids, asks)
        case "race":
            desk.core.race_next_cancel()


def place(desk: SimDesk, wanted: dict[str, Any]) -> None:
    side, qty, price = wanted.pop("side"), wanted.pop("qty"), wanted.pop("price")
    if wanted.pop("is_by_cost"):
        wanted["cost"], qty = str(Decimal(qty) * 100), None
    order = desk.order(side, qty, price, **wanted)
    expected = desk.core.refusal(order)
    if expected is None:
        desk.core.place(order)
        return
    with pytest.raises(OrderRefused) as refused:
        desk.core.place(order)
    assert refused.value.reason == expected


def check_orders(desk: SimDesk) -> None:
    for order in desk.core.orders.all():
        assert order.filled_qty == sum((fill.qty for fill in order.fills), Decimal(0))
        assert order.filled_cost == sum((fill.cost for fill in order.fills), Decimal(0))
        assert order.fee == sum((fill.fee for fill in order.fills), Decimal(0))
        assert 0 <= order.filled_qty + order.prevented_qty <= order.qty
        assert order.is_open == (order in desk.core.orders.open())
        if order.status is OrderStatus.FILLED:
            assert order.remaining_qty == 0
        limit = order.request.price
        if limit is not None:
            assert all((fill.price - limit) * order.request.side.sign <= 0 for fill in order.fills)


def check_account(desk: SimDesk) -> None:
    """Balances are what the fills made of them; what is locked is what open orders may cost."""
    krw, btc = Decimal(1_000_000), Decimal(1_000)
    for order in desk.core.orders.all():
        krw -= order.filled_cost * order.request.side.sign + order.fee
        btc += order.filled_qty * order.request.side.sign
    assert (desk.core.balance("KRW").total, desk.core.balance("BTC").total) == (krw, btc)
    open_orders = desk.core.orders.open()
    assert desk.locked("KRW") == sum(map(cost_of, open_orders))
    sales = [order for order in open_orders if order.request.side is Side.SELL]
    assert desk.locked("BTC") == sum(order.remaining_qty for order in sales)


def cost_of(order: SimOrder) -> Decimal:
    if order.request.side is Side.SELL or order.request.price is None:
        return Decimal(0)
    return order.remaining_qty * order.request.price * Decimal("1.0005")


def check_told(desk: SimDesk) -> None:
    """An order begins, may trade, and ends; the sum of what changed is the balance."""
    for order in desk.core.orders.all():
        steps = [told.change for told in desk.all_told(OrderChanged) if told.order is order]
        assert steps[0] is Change.NEW
        assert steps.count(Change.NEW) == 1
        assert steps.count(Change.TRADE) == len(order.fills)
        assert (steps[-1] is Change.CLOSED) == (not order.is_open)
        assert steps.count(Change.CLOSED) <= 1
    for currency, opening in (("KRW", 1_000_000), ("BTC", 1_000)):
        changes = [told for told in desk.all_told(BalanceChanged) if told.currency == currency]
        deltas = sum((told.delta for told in changes), Decimal(0))
        assert desk.core.balance(currency).total == opening + deltas
        if changes:
            assert changes[-1].available == desk.free(currency)


def check_book(desk: SimDesk) -> None:
    for book in desk.all_told(BookSnapshot):
        assert book.bids == sorted(book.bids, reverse=True)
        assert book.asks == sorted(book.asks)
        assert all(qty > 0 for _, qty in book.bids + book.asks)
    shown = desk.core.book(SPOT)
    if shown is not None and shown.bids and shown.asks:
        assert shown.bids[0][0] < shown.asks[0][0]


@given(ACTIONS)
def test_orders_account_book_and_what_was_told_tie_out(actions: list[tuple[str, Any]]) -> None:
    desk = SimDesk()
    act(desk, "book", 100)
    for action, value in actions:
        act(desk, action, value)
        check_orders(desk)
        check_account(desk)
        check_book(desk)
    check_told(desk)
