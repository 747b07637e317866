from collections.abc import Callable
from decimal import Decimal

import pytest

from arbitrage.domain.errors import MalformedData, Unavailable
from arbitrage.domain.events import FundingPayment, OrderUpdate, VenueStatus
from arbitrage.domain.orders import OrderStatus
from arbitrage.exchanges.bybit.executions import MAX_REMEMBERED_EXECUTIONS, Executions
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.bybit.order_reports import ExecutionReport
from arbitrage.exchanges.bybit.order_tally import OrderTallies
from arbitrage.exchanges.order_gateway import Answer

AnswerOf = Callable[..., Answer]
ORDER_ID = "c6f055d9-7f21-4079-913d-e6523a9cfffa"


def report(kind: str = "Trade", number: int = 1, **changes: str) -> ExecutionReport:
    fields = {"category": "linear", "fee_currency": "USDT"} | changes
    return ExecutionReport(
        symbol="BTCUSDT",
        order_id="o1",
        exec_id=f"e{number}",
        exec_type=kind,
        exec_qty=Decimal("0.5"),
        exec_price=Decimal(100),
        exec_fee=Decimal("0.05"),
        order_qty="5",
        leaves_qty=str(5 - Decimal(number) / 2),
        order_link_id="s1",
        **fields,
    )


def linear() -> Executions:
    return Executions(Category.LINEAR, OrderTallies())


def test_fills_of_one_frame_make_one_update_of_their_order() -> None:
    events = linear().take_in([report(number=1), report(number=2), report(number=2)], 7)

    fees = (("USDT", Decimal("0.10")),)
    assert events == [OrderUpdate(7, "s1", OrderStatus.OPEN, Decimal(1), Decimal(100), fees)]


def test_executions_of_another_category_are_passed_over() -> None:
    assert linear().take_in([report(category="spot")], 7) == []


def test_funding_paid_is_a_cost_and_funding_received_is_not() -> None:
    paid = report("Funding", 1)
    received = report("Funding", 2)
    received.exec_fee = Decimal("-0.25")

    assert linear().take_in([paid, received], 7) == [
        FundingPayment(7, "bybit", "BTCUSDT", "USDT", Decimal("-0.05")),
        FundingPayment(7, "bybit", "BTCUSDT", "USDT", Decimal("0.25")),
    ]


def test_funding_is_booked_once_whichever_way_it_is_told(answer: AnswerOf) -> None:
    executions = linear()

    first = executions.listed(answer("executions"), 7)

    assert first == [FundingPayment(7, "bybit", "BTCUSDT", "USDT", Decimal("0.10232512"))]
    assert executions.listed(answer("executions"), 8) == []


@pytest.mark.parametrize("kind", ["AdlTrade", "BustTrade", "Delivery", "Settle", "MovePosition"])
def test_what_moves_our_position_without_our_order_takes_the_venue_down(kind: str) -> None:
    executions = linear()

    [status] = executions.take_in([report(kind)], 7)

    assert isinstance(status, VenueStatus)
    assert not status.is_up
    assert status.reason == f"BTCUSDT: the venue moved our position ({kind} of 0.5 at 100)"
    assert executions.take_in([report(kind)], 8) == []


def test_what_was_told_is_remembered_in_a_bounded_number() -> None:
    executions = linear()
    for number in range(MAX_REMEMBERED_EXECUTIONS + 1):
        executions.take_in([report("Funding", number)], 7)

    assert executions.take_in([report("Funding", 1)], 8) == []
    assert len(executions.take_in([report("Funding", 0)], 8)) == 1


def test_a_list_completes_the_orders_that_were_spoken_of(answer: AnswerOf) -> None:
    tallies = OrderTallies()
    tallies.of(ORDER_ID, "s00000001")

    _, update = Executions(Category.LINEAR, tallies).listed(answer("executions"), 7)

    assert isinstance(update, OrderUpdate)
    assert (update.client_id, update.filled_qty) == ("s00000001", Decimal("0.004"))
    assert len(tallies) == 1  # the other order stays a stranger


def test_a_list_that_did_not_come_raises(answer: AnswerOf) -> None:
    with pytest.raises(Unavailable):
        linear().listed(answer(status=502), 7)
    with pytest.raises(MalformedData):
        linear().listed(answer(raw=b'{"retCode":0,"result":{"list":[{"symbol":1}]}}'), 7)
