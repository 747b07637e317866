from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import PlaceOrder
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.binance_usdm.order_tally import (
    MAX_CLOSED_ORDERS,
    OrderTallies,
    OrderTally,
    status_of,
)

ZERO = Decimal(0)


def tally() -> OrderTally:
    return OrderTally("s1")


def totals(update: OrderUpdate) -> tuple[OrderStatus, Decimal, Decimal, dict[str, Decimal]]:
    return update.status, update.filled_qty, update.filled_cost, dict(update.fees)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NEW", OrderStatus.OPEN),
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
    assert status_of(word) is status


def test_a_repeated_trade_counts_once() -> None:
    one = tally()
    for _ in range(2):
        one.trade(7, Decimal("0.4"), Decimal(100))
        one.charge(7, "USDT", Decimal("0.02"))
        one.hear("PARTIALLY_FILLED", "", Decimal("0.4"), Decimal(40))

    expected = (OrderStatus.OPEN, Decimal("0.4"), Decimal(40), {"USDT": Decimal("0.02")})
    assert totals(one.update(1)) == expected


def test_the_cost_is_the_exact_sum_where_every_trade_is_known() -> None:
    one = tally()
    one.trade(1, Decimal("0.001"), Decimal("9000.1"))
    one.trade(2, Decimal("0.002"), Decimal("9000.2"))
    one.hear("FILLED", "", Decimal("0.003"), Decimal("27.0005000001"))

    assert one.update(1).filled_cost == Decimal("27.0005")


def test_where_a_trade_is_missing_the_average_counts_and_fees_are_not_given() -> None:
    one = tally()
    one.trade(2, Decimal("0.6"), Decimal(100))
    one.charge(2, "USDT", Decimal("0.03"))
    one.hear("FILLED", "", Decimal(1), Decimal(99))

    assert totals(one.update(1)) == (OrderStatus.FILLED, Decimal(1), Decimal(99), {})


def test_the_missing_trade_completes_cost_and_fees() -> None:
    one = tally()
    one.trade(2, Decimal("0.6"), Decimal(100))
    one.charge(2, "USDT", Decimal("0.03"))
    one.hear("FILLED", "", Decimal(1), Decimal(99))

    one.trade(1, Decimal("0.4"), Decimal("97.5"))
    one.charge(1, "BNB", Decimal("0.001"))

    fees = {"USDT": Decimal("0.03"), "BNB": Decimal("0.001")}
    assert totals(one.update(1)) == (OrderStatus.FILLED, Decimal(1), Decimal(99), fees)


def test_a_fill_at_a_price_not_told_is_in_doubt_until_it_is_told() -> None:
    one = tally()
    one.hear("FILLED", "", Decimal(1), None)
    assert one.update(1).status is OrderStatus.IN_DOUBT
    assert one.update(1).filled_qty == 0

    one.hear("FILLED", "", Decimal(1), Decimal(99))

    assert totals(one.update(2)) == (OrderStatus.FILLED, Decimal(1), Decimal(99), {})


def test_a_fill_at_a_price_not_told_is_settled_by_its_trades() -> None:
    one = tally()
    one.hear("FILLED", "", Decimal(1), None)

    one.trade(1, Decimal(1), Decimal(99))

    assert totals(one.update(2)) == (OrderStatus.FILLED, Decimal(1), Decimal(99), {})


def test_an_older_word_changes_nothing() -> None:
    one = tally()
    one.trade(1, Decimal("0.4"), Decimal(100))
    one.hear("PARTIALLY_FILLED", "", Decimal("0.4"), Decimal(40))

    one.hear("NEW", "", ZERO, ZERO)

    assert totals(one.update(1))[:2] == (OrderStatus.OPEN, Decimal("0.4"))
    assert one.update(1).reason == "PARTIALLY_FILLED"


def test_a_closed_order_stays_closed() -> None:
    one = tally()
    one.hear("CANCELED", "", ZERO, ZERO)

    one.hear("NEW", "", ZERO, ZERO)

    assert one.update(1).status is OrderStatus.CANCELED


def test_closed_with_less_than_its_trades_is_in_doubt() -> None:
    one = tally()
    one.trade(1, Decimal("0.4"), Decimal(100))

    one.hear("CANCELED", "", Decimal("0.1"), Decimal(10))

    assert totals(one.update(1))[:2] == (OrderStatus.IN_DOUBT, Decimal("0.4"))


def test_the_reason_is_the_venues_own() -> None:
    one = tally()
    one.hear("EXPIRED", "4", ZERO, ZERO)

    assert one.update(1).reason == "4"


@pytest.mark.parametrize(("qty", "price"), [("0", "1"), ("-1", "1"), ("1", "0"), ("1", "-1")])
def test_a_trade_of_nothing_is_refused(qty: str, price: str) -> None:
    one = tally()

    with pytest.raises(ValueError, match="expected positive numbers"):
        one.trade(1, Decimal(qty), Decimal(price))

    assert one.update(1).filled_qty == 0


def test_a_rebate_counts_against_the_fees() -> None:
    one = tally()
    one.trade(1, Decimal(1), Decimal(1))
    one.charge(1, "USDT", Decimal("-0.01"))

    assert one.update(1).fees == (("USDT", Decimal("-0.01")),)


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
        tallies.of("BTCUSDT", order_id, f"s{order_id}").hear("CANCELED", "", ZERO, ZERO)
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
        messages.append((number, qty, price, word, cumulative, cost))
    heard = data.draw(st.lists(st.sampled_from(messages), max_size=16))
    order = Order(
        intent=PlaceOrder(client_id="s1", venue="v", symbol="X", side=Side.BUY, qty=Decimal(total)),
        sent_ns=0,
    )
    one = tally()
    for number, qty, price, word, cumulative, cost in heard:
        one.trade(number, Decimal(qty), Decimal(price))
        one.charge(number, "USDT", Decimal(qty))
        one.hear(word, "", Decimal(cumulative), Decimal(cost))
        order.apply(one.update(1))

    for number, qty, price, *_ in messages:  # the reconciliation
        one.trade(number, Decimal(qty), Decimal(price))
        one.charge(number, "USDT", Decimal(qty))
    one.hear("FILLED", "", Decimal(total), Decimal(messages[-1][5]))
    order.apply(one.update(2))

    assert order.status is OrderStatus.FILLED
    assert order.filled_qty == total
    assert order.filled_cost == messages[-1][5]
    assert order.fees == {"USDT": Decimal(total)}


def test_a_trade_that_comes_before_its_elders_never_makes_the_cost_shrink() -> None:
    """An older total then covers more coins for less money; until all agree it is in doubt."""
    order = tally()
    order.trade(2, Decimal(1), Decimal(100))
    assert order.update(1).filled_cost == 100
    order.hear("PARTIALLY_FILLED", "", Decimal("1.0001"), Decimal("99.99"))
    update = order.update(2)
    assert (update.status, update.filled_qty, update.filled_cost) == (
        OrderStatus.IN_DOUBT,
        1,
        100,
    )
    order.hear("FILLED", "", Decimal("2.0001"), Decimal("199.99"))
    update = order.update(3)
    assert (update.status, update.filled_cost) == (OrderStatus.FILLED, Decimal("199.99"))
