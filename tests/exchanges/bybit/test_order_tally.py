from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import PlaceOrder
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.bybit.order_tally import (
    MAX_CLOSED_ORDERS,
    Execution,
    OrderTallies,
    OrderTally,
    status_of,
)

ZERO = Decimal(0)


def tally() -> OrderTally:
    return OrderTally("s1")


def executed(
    number: int,
    qty: str,
    cost: str,
    filled: str | None,
    currency: str = "USDT",
    fee: str = "1",
) -> Execution:
    after = None if filled is None else Decimal(filled)
    return Execution(f"e{number}", Decimal(qty), Decimal(cost), after, currency, Decimal(fee))


def totals(update: OrderUpdate) -> tuple[OrderStatus, Decimal, Decimal, dict[str, Decimal]]:
    return update.status, update.filled_qty, update.filled_cost, dict(update.fees)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("New", OrderStatus.OPEN),
        ("PartiallyFilled", OrderStatus.OPEN),
        ("Filled", OrderStatus.FILLED),
        ("Cancelled", OrderStatus.CANCELED),
        ("PartiallyFilledCanceled", OrderStatus.CANCELED),
        ("Deactivated", OrderStatus.CANCELED),
        ("Rejected", OrderStatus.REJECTED),
        ("Untriggered", OrderStatus.IN_DOUBT),
        ("Triggered", OrderStatus.IN_DOUBT),
        ("", OrderStatus.IN_DOUBT),
    ],
)
def test_a_word_that_we_do_not_know_leaves_the_order_in_doubt(
    word: str, status: OrderStatus
) -> None:
    assert status_of(word) is status


def test_an_order_that_was_only_accepted_is_open() -> None:
    assert totals(tally().update(1)) == (OrderStatus.OPEN, ZERO, ZERO, {})


def test_the_orders_own_totals_hold() -> None:
    one = tally()
    one.hear("Filled", "", Decimal(2), Decimal(200), {"USDT": Decimal("0.1")})

    expected = (OrderStatus.FILLED, Decimal(2), Decimal(200), {"USDT": Decimal("0.1")})
    assert totals(one.update(1)) == expected


def test_a_repeated_execution_counts_once() -> None:
    one = tally()
    for _ in range(2):
        one.execute(executed(7, "0.4", "40", "0.4", fee="0.02"))

    expected = (OrderStatus.OPEN, Decimal("0.4"), Decimal(40), {"USDT": Decimal("0.02")})
    assert totals(one.update(1)) == expected


def test_an_execution_ahead_of_its_order_counts_at_once() -> None:
    one = tally()
    one.hear("PartiallyFilled", "", Decimal(1), Decimal(100), {"USDT": Decimal(1)})
    for number in range(3):
        one.execute(executed(number, "1", "100", str(number + 1)))

    assert totals(one.update(1))[1:] == (Decimal(3), Decimal(300), {"USDT": Decimal(3)})


@pytest.mark.parametrize("filled", ["2", None])
def test_executions_with_a_gap_between_them_do_not_count(filled: str | None) -> None:
    one = tally()
    one.hear("PartiallyFilled", "", Decimal(1), Decimal(100), {})

    one.execute(executed(2, "1", "300", filled))

    assert totals(one.update(1)) == (OrderStatus.OPEN, Decimal(1), Decimal(100), {})


def test_the_missing_execution_makes_the_others_count() -> None:
    one = tally()
    one.execute(executed(2, "1", "300", "2"))
    assert totals(one.update(1))[1:] == (ZERO, ZERO, {})

    one.execute(executed(1, "1", "100", "1"))

    assert totals(one.update(1))[1:] == (Decimal(2), Decimal(400), {"USDT": Decimal(2)})


def test_fees_without_a_currency_are_withheld_until_the_order_tells_them() -> None:
    one = tally()
    one.execute(executed(1, "1", "100", "1", "", "0.05"))
    assert one.update(1).fees == ()

    one.hear("Filled", "", Decimal(1), Decimal(100), {"MNT": Decimal("0.002")})

    assert one.update(1).fees == (("MNT", Decimal("0.002")),)


def test_a_fee_of_nothing_needs_no_currency() -> None:
    one = tally()
    one.execute(executed(1, "1", "100", "1", "", "0"))
    one.execute(executed(2, "1", "100", "2", fee="0.05"))

    assert one.update(1).fees == (("USDT", Decimal("0.05")),)


def test_executions_complete_the_fees_that_the_order_does_not_tell() -> None:
    one = tally()
    one.hear("Filled", "", Decimal(2), Decimal(200), {})
    one.execute(executed(1, "1", "99", "1"))
    assert totals(one.update(1)) == (OrderStatus.FILLED, Decimal(2), Decimal(200), {})

    one.execute(executed(2, "1", "101", "2", "BTC", "2"))

    fees = {"USDT": Decimal(1), "BTC": Decimal(2)}
    assert totals(one.update(1)) == (OrderStatus.FILLED, Decimal(2), Decimal(200), fees)


def test_fees_told_late_for_the_same_quantity_are_taken() -> None:
    one = tally()
    one.hear("Filled", "", Decimal(2), Decimal(200), {})

    one.hear("Filled", "", Decimal(2), Decimal(200), {"USDT": Decimal(1)})
    one.hear("Filled", "", Decimal(2), Decimal(200), {})

    assert one.update(1).fees == (("USDT", Decimal(1)),)


def test_fees_of_zero_are_not_told() -> None:
    one = tally()
    one.hear("Filled", "", Decimal(2), Decimal(200), {"USDT": ZERO, "MNT": Decimal(1)})

    assert one.update(1).fees == (("MNT", Decimal(1)),)


def test_a_rebate_counts_against_the_fees() -> None:
    one = tally()
    one.execute(executed(1, "1", "1", "1", fee="-0.01"))

    assert one.update(1).fees == (("USDT", Decimal("-0.01")),)


def test_an_older_word_changes_nothing() -> None:
    one = tally()
    one.execute(executed(1, "0.4", "40", "0.4"))
    one.hear("PartiallyFilled", "", Decimal("0.4"), Decimal(40), {})

    one.hear("New", "", ZERO, ZERO, {})

    assert totals(one.update(1))[:2] == (OrderStatus.OPEN, Decimal("0.4"))
    assert one.update(1).reason == "PartiallyFilled"


def test_a_closed_order_stays_closed() -> None:
    one = tally()
    one.hear("Cancelled", "", ZERO, ZERO, {})

    one.hear("New", "", ZERO, ZERO, {})

    assert one.update(1).status is OrderStatus.CANCELED


def test_closed_with_less_than_its_executions_is_in_doubt() -> None:
    one = tally()
    one.execute(executed(1, "0.4", "40", "0.4"))

    one.hear("Cancelled", "", Decimal("0.1"), Decimal(10), {})

    assert totals(one.update(1))[:2] == (OrderStatus.IN_DOUBT, Decimal("0.4"))


def test_closed_with_less_than_executions_with_a_gap_is_in_doubt() -> None:
    one = tally()
    one.execute(executed(2, "0.4", "40", "0.9"))

    one.hear("Cancelled", "", ZERO, ZERO, {})

    assert totals(one.update(1))[:2] == (OrderStatus.IN_DOUBT, ZERO)


def test_the_reason_is_the_venues_own() -> None:
    one = tally()
    one.hear("Cancelled", "EC_PostOnlyWillTakeLiquidity", ZERO, ZERO, {})

    assert one.update(1).reason == "EC_PostOnlyWillTakeLiquidity"


def test_an_order_has_one_tally_whoever_speaks_of_it() -> None:
    tallies = OrderTallies()

    assert tallies.of("o7", "s1") is tallies.of("o7", "s1")
    assert tallies.known("o7") is tallies.of("o7", "s1")
    assert tallies.known("o8") is None
    with pytest.raises(KeyError):
        tallies.update("o8", 1)


def test_closed_orders_are_forgotten_in_turn_and_live_ones_never() -> None:
    tallies = OrderTallies()
    tallies.of("o0", "alive")
    for number in range(1, MAX_CLOSED_ORDERS + 3):
        tallies.of(f"o{number}", f"s{number}").hear("Cancelled", "", ZERO, ZERO, {})
        tallies.update(f"o{number}", number)
        tallies.update(f"o{number}", number)

    assert len(tallies) == MAX_CLOSED_ORDERS + 1
    assert tallies.known("o0") is not None
    assert tallies.known("o2") is None
    assert tallies.known("o3") is not None


@given(
    fills=st.lists(st.tuples(st.integers(1, 50), st.integers(1, 500)), min_size=1, max_size=8),
    tells_fees=st.booleans(),
    data=st.data(),
)
def test_our_record_ends_true_whatever_is_lost_repeated_or_late(
    fills: list[tuple[int, int]], tells_fees: bool, data: st.DataObject
) -> None:
    """Messages of one filled order from both topics, some lost, repeated, swapped; then the query
    and the list of executions."""
    total = sum(qty for qty, _ in fills)
    messages: list[tuple[str, str, int, int, int]] = []
    filled = cost = 0
    for number, (qty, price) in enumerate(fills, 1):
        filled, cost = filled + qty, cost + qty * price
        messages.append(("fill", f"e{number}", qty, qty * price, filled))
        messages.append(
            ("order", "Filled" if filled == total else "PartiallyFilled", filled, cost, filled)
        )
    heard = data.draw(st.lists(st.sampled_from(messages), max_size=20))
    order = Order(
        intent=PlaceOrder(client_id="s1", venue="v", symbol="X", side=Side.BUY, qty=Decimal(total)),
        sent_ns=0,
    )
    one = tally()
    for kind, name, qty, value, filled in [*heard, messages[-1], *messages[::2]]:
        if kind == "fill":
            fill = Decimal(qty), Decimal(value), Decimal(filled), "USDT", Decimal(qty)
            one.execute(Execution(name, *fill))
        else:
            fees = {"USDT": Decimal(filled)} if tells_fees else {}
            one.hear(name, "", Decimal(qty), Decimal(value), fees)
        paid = order.fees.get("USDT", ZERO)
        order.apply(one.update(1))
        assert order.fees.get("USDT", ZERO) >= paid

    assert order.status is OrderStatus.FILLED
    assert (order.filled_qty, order.filled_cost) == (total, cost)
    assert order.fees == {"USDT": Decimal(total)}
