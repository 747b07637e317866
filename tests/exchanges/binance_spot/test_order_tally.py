from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import PlaceOrder
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.binance_spot.order_tally import (
    MAX_CLOSED_ORDERS,
    OrderTallies,
    OrderTally,
    status_of,
)

ZERO = Decimal(0)


def tally() -> OrderTally:
    return OrderTally("s1")


def traded(one: OrderTally, number: int, qty: str, cost: str, fee: str = "0.01") -> None:
    one.trade(number, Decimal(qty), Decimal(cost), "BNB", Decimal(fee))


def heard(one: OrderTally, word: str, qty: str, cost: str) -> None:
    one.hear(word, "", Decimal(qty), Decimal(cost), is_by_cost=False)


def totals(update: OrderUpdate) -> tuple[OrderStatus, Decimal, Decimal, dict[str, Decimal]]:
    return update.status, update.filled_qty, update.filled_cost, dict(update.fees)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NEW", OrderStatus.OPEN),
        ("PENDING_NEW", OrderStatus.OPEN),
        ("PARTIALLY_FILLED", OrderStatus.OPEN),
        ("FILLED", OrderStatus.FILLED),
        ("CANCELED", OrderStatus.CANCELED),
        ("EXPIRED", OrderStatus.CANCELED),
        ("EXPIRED_IN_MATCH", OrderStatus.CANCELED),
        ("REJECTED", OrderStatus.REJECTED),
        ("PENDING_CANCEL", OrderStatus.IN_DOUBT),
        ("", OrderStatus.IN_DOUBT),
    ],
)
def test_a_word_that_we_do_not_know_leaves_the_order_in_doubt(
    word: str, status: OrderStatus
) -> None:
    assert status_of(word, is_by_cost=False) is status


def test_an_order_by_cost_ends_with_what_it_bought() -> None:
    assert status_of("FILLED", is_by_cost=True) is OrderStatus.CANCELED
    assert status_of("NEW", is_by_cost=True) is OrderStatus.OPEN
    assert status_of("REJECTED", is_by_cost=True) is OrderStatus.REJECTED


def test_a_repeated_trade_counts_once() -> None:
    one = tally()
    for _ in range(2):
        traded(one, 7, "0.4", "40")
        heard(one, "PARTIALLY_FILLED", "0.4", "40")

    expected = (OrderStatus.OPEN, Decimal("0.4"), Decimal(40), {"BNB": Decimal("0.01")})
    assert totals(one.update(1)) == expected


def test_the_cost_is_the_venues_own_total() -> None:
    one = tally()
    traded(one, 1, "0.003", "27.0005000000000009")
    heard(one, "FILLED", "0.003", "27.00050000")

    assert one.update(1).filled_cost == Decimal("27.0005")


def test_trades_count_before_any_total_speaks_of_them() -> None:
    one = tally()
    traded(one, 1, "0.4", "40")

    assert totals(one.update(1))[1:3] == (Decimal("0.4"), Decimal(40))


def test_where_a_trade_is_missing_fees_are_not_given() -> None:
    one = tally()
    traded(one, 2, "0.6", "60", "0.03")
    heard(one, "FILLED", "1", "99")

    assert totals(one.update(1)) == (OrderStatus.FILLED, Decimal(1), Decimal(99), {})


def test_the_missing_trade_completes_the_fees() -> None:
    one = tally()
    traded(one, 2, "0.6", "60", "0.03")
    heard(one, "FILLED", "1", "99")

    one.trade(1, Decimal("0.4"), Decimal(39), "BTC", Decimal("0.0004"))

    fees = {"BNB": Decimal("0.03"), "BTC": Decimal("0.0004")}
    assert totals(one.update(1)) == (OrderStatus.FILLED, Decimal(1), Decimal(99), fees)


def test_a_trade_may_be_free_of_fees() -> None:
    one = tally()
    one.trade(1, Decimal(1), Decimal(99), "", ZERO)

    assert one.update(1).fees == ()


def test_an_older_word_changes_nothing() -> None:
    one = tally()
    traded(one, 1, "0.4", "40")
    heard(one, "PARTIALLY_FILLED", "0.4", "40")

    heard(one, "NEW", "0", "0")

    assert totals(one.update(1))[:2] == (OrderStatus.OPEN, Decimal("0.4"))
    assert one.update(1).reason == "PARTIALLY_FILLED"


def test_a_closed_order_stays_closed() -> None:
    one = tally()
    heard(one, "CANCELED", "0", "0")

    heard(one, "NEW", "0", "0")

    assert one.update(1).status is OrderStatus.CANCELED


def test_closed_with_less_than_its_trades_is_in_doubt() -> None:
    one = tally()
    traded(one, 1, "0.4", "40")

    heard(one, "CANCELED", "0.1", "10")

    assert totals(one.update(1))[:2] == (OrderStatus.IN_DOUBT, Decimal("0.4"))


def test_the_reason_is_the_venues_own() -> None:
    one = tally()
    one.hear("REJECTED", "INSUFFICIENT_BALANCES", ZERO, ZERO, is_by_cost=False)

    assert one.update(1).reason == "INSUFFICIENT_BALANCES"


@pytest.mark.parametrize(("qty", "cost"), [("0", "1"), ("-1", "1"), ("1", "0"), ("1", "-1")])
def test_a_trade_of_nothing_is_refused(qty: str, cost: str) -> None:
    one = tally()

    with pytest.raises(ValueError, match="expected positive numbers"):
        traded(one, 1, qty, cost)

    assert one.update(1).filled_qty == 0


def test_a_trade_that_cannot_be_counted_leaves_no_trace() -> None:
    one = tally()
    one.trade(1, Decimal(1), Decimal(1), "BNB", Decimal("1E23"))

    with pytest.raises(ArithmeticError):
        one.trade(2, Decimal("1E23"), Decimal("1E-45"), "BNB", Decimal("1E-60"))

    update = one.update(1)
    assert (update.filled_qty, update.fees) == (1, (("BNB", Decimal("1E23")),))


def test_a_rebate_counts_against_the_fees() -> None:
    one = tally()
    traded(one, 1, "1", "1", "-0.01")

    assert one.update(1).fees == (("BNB", Decimal("-0.01")),)


def test_an_order_has_one_tally_whoever_speaks_of_it() -> None:
    tallies = OrderTallies()

    assert tallies.of("BTCUSDT", 7, "s1") is tallies.of("BTCUSDT", 7, "s1")
    assert tallies.of("BTCUSDT", 7, "s1") is not tallies.of("ETHUSDT", 7, "s2")
    assert tallies.known("BTCUSDT", 8) is None
    with pytest.raises(KeyError):
        tallies.update("BTCUSDT", 8, 1)


def test_closed_orders_are_forgotten_in_turn_and_live_ones_never() -> None:
    tallies = OrderTallies()
    tallies.of("BTCUSDT", 0, "alive")
    for order_id in range(1, MAX_CLOSED_ORDERS + 3):
        heard(tallies.of("BTCUSDT", order_id, f"s{order_id}"), "CANCELED", "0", "0")
        tallies.update("BTCUSDT", order_id, order_id)
        tallies.update("BTCUSDT", order_id, order_id)

    assert len(tallies) == MAX_CLOSED_ORDERS + 1
    assert tallies.known("BTCUSDT", 0) is not None
    assert tallies.known("BTCUSDT", 2) is None
    assert tallies.known("BTCUSDT", 3) is not None


@given(
    trades=st.lists(st.tuples(st.integers(1, 50), st.integers(1, 500)), min_size=1, max_size=8),
    data=st.data(),
)
def test_our_record_ends_true_whatever_is_lost_repeated_or_late(
    trades: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Messages of one filled order, some lost, repeated, swapped; then the query and the trades."""
    total = sum(qty for qty, _ in trades)
    messages = []
    cumulative = cost = 0
    for number, (qty, price) in enumerate(trades, 1):
        cumulative, cost = cumulative + qty, cost + qty * price
        word = "FILLED" if cumulative == total else "PARTIALLY_FILLED"
        messages.append((number, qty, qty * price, word, cumulative, cost))
    arrived = data.draw(st.lists(st.sampled_from(messages), max_size=16))
    order = Order(
        intent=PlaceOrder(client_id="s1", venue="v", symbol="X", side=Side.BUY, qty=Decimal(total)),
        sent_ns=0,
    )
    one = tally()
    for number, qty, paid, word, cumulative, cost in arrived:
        one.trade(number, Decimal(qty), Decimal(paid), "BNB", Decimal(qty))
        one.hear(word, "", Decimal(cumulative), Decimal(cost), is_by_cost=False)
        order.apply(one.update(1))

    for number, qty, paid, *_ in messages:  # the reconciliation
        one.trade(number, Decimal(qty), Decimal(paid), "BNB", Decimal(qty))
    heard(one, "FILLED", str(total), str(messages[-1][5]))
    order.apply(one.update(2))

    assert order.status is OrderStatus.FILLED
    assert order.filled_qty == total
    assert order.filled_cost == messages[-1][5]
    assert order.fees == {"BNB": Decimal(total)}
