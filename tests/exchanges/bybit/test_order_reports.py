import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from arbitrage.domain.orders import OrderStatus
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.bybit.order_reports import (
    ExecutionReport,
    OrderReport,
    is_other_category,
)
from arbitrage.exchanges.bybit.order_tally import OrderTallies
from arbitrage.exchanges.bybit.wire import UNREADABLE

Frames = Callable[[str], list[bytes]]
NEW, FILL, PARTIAL, CANCELLED, _, _, FUNDING, ADL, *_ = range(10)
ORDER_ID = "c6f055d9-7f21-4079-913d-e6523a9cfffa"


@pytest.fixture
def row(frames: Frames) -> Callable[..., bytes]:
    """The one row of a private frame, with fields changed."""

    def change(number: int, **changes: Any) -> bytes:
        fields = json.loads(frames("private")[number])["data"][0] | changes
        return json.dumps(fields).encode()

    return change


def order(raw: bytes) -> OrderReport:
    return msgspec.json.decode(raw, type=OrderReport)


def execution(raw: bytes) -> ExecutionReport:
    return msgspec.json.decode(raw, type=ExecutionReport)


def test_an_order_counts_its_totals_and_fees(row: Callable[..., bytes]) -> None:
    tallies = OrderTallies()

    order(row(PARTIAL)).count(tallies)

    update = tallies.update(ORDER_ID, 1)
    assert (update.client_id, update.filled_qty) == ("s00000001", Decimal("0.004"))
    assert update.filled_cost == Decimal("35.998")
    assert update.fees == (("USDT", Decimal("0.0197989")),)


@pytest.mark.parametrize("detail", ["", None, {}])
def test_an_order_need_not_tell_its_fees(detail: object, row: Callable[..., bytes]) -> None:
    tallies = OrderTallies()

    order(row(PARTIAL, cumFeeDetail=detail)).count(tallies)

    assert tallies.update(ORDER_ID, 1).fees == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "EC_NoImmediateQtyToFill"),
        ({"rejectReason": "EC_NoError"}, "Cancelled"),
        ({"rejectReason": "", "cancelType": "CancelByUser"}, "CancelByUser"),
    ],
)
def test_the_reason_is_the_most_telling_word(
    changes: dict[str, str], reason: str, row: Callable[..., bytes]
) -> None:
    assert order(row(CANCELLED, **changes)).reason == reason


@pytest.mark.parametrize(
    ("unit", "status"),
    [("quoteCoin", OrderStatus.CANCELED), ("baseCoin", OrderStatus.FILLED)],
)
def test_an_order_by_cost_ends_with_what_it_bought(
    unit: str, status: OrderStatus, row: Callable[..., bytes]
) -> None:
    tallies = OrderTallies()

    order(row(PARTIAL, orderStatus="Filled", marketUnit=unit)).count(tallies)

    update = tallies.update(ORDER_ID, 1)
    assert (update.status, update.reason) == (status, "Filled")
    assert update.filled_qty == Decimal("0.004")


def test_an_order_of_others_goes_by_the_venues_id(row: Callable[..., bytes]) -> None:
    assert order(row(NEW, orderLinkId="")).client_id == ORDER_ID


@pytest.mark.parametrize(
    "changes",
    [
        {"cumExecQty": "NaN"},
        {"cumExecQty": ""},
        {"cumExecValue": "0"},
        {"cumExecQty": "0"},
        {"cumExecQty": "-1", "cumExecValue": "-1"},
        {"cumExecValue": "1E999999999"},
        {"cumFeeDetail": {"USDT": "sNaN"}},
        {"cumFeeDetail": {"USDT": []}},
        {"orderId": 7},
    ],
)
def test_an_order_of_absurd_totals_is_unreadable(
    changes: dict[str, Any], row: Callable[..., bytes]
) -> None:
    with pytest.raises(UNREADABLE):
        order(row(PARTIAL, **changes))


@pytest.mark.parametrize(
    ("changes", "fees"),
    [
        ({}, ()),
        ({"feeCurrency": "USDT"}, (("USDT", Decimal("0.0197989")),)),
        ({"feeCoin": "MNT"}, (("MNT", Decimal("0.0197989")),)),
    ],
)
def test_an_execution_counts_its_fee_only_in_a_currency_that_is_told(
    changes: dict[str, str], fees: object, row: Callable[..., bytes]
) -> None:
    tallies = OrderTallies()

    execution(row(FILL, **changes)).count(tallies)

    update = tallies.update(ORDER_ID, 1)
    assert (update.filled_qty, update.filled_cost) == (Decimal("0.004"), Decimal("35.998"))
    assert update.fees == fees


def test_without_a_value_an_execution_costs_quantity_by_price(row: Callable[..., bytes]) -> None:
    assert execution(row(FILL, execValue="", execPrice="9000.1")).cost() == Decimal("36.0004")


@pytest.mark.parametrize(
    "changes",
    [
        {"execQty": "0"},
        {"execQty": "-1"},
        {"execValue": "-35"},
        {"execValue": "NaN"},
        {"execValue": "", "execPrice": "0"},
        {"execValue": "", "execQty": "1E-23", "execPrice": "1E-23"},
        {"execQty": "1." + "1" * 24, "execPrice": "1." + "1" * 24, "execValue": ""},
        {"execFee": "Infinity"},
        {"leavesQty": "NaN"},
        {"execId": None},
    ],
)
def test_an_execution_of_nothing_or_of_absurd_numbers_is_unreadable(
    changes: dict[str, Any], row: Callable[..., bytes]
) -> None:
    with pytest.raises(UNREADABLE):
        execution(row(FILL, **changes))


@pytest.mark.parametrize(
    ("changes", "filled"),
    [({}, Decimal("0.004")), ({"leavesQty": ""}, None), ({"orderQty": ""}, None)],
)
def test_an_execution_tells_what_its_order_had_filled_then(
    changes: dict[str, str], filled: Decimal | None, row: Callable[..., bytes]
) -> None:
    assert execution(row(FILL, **changes)).filled_qty() == filled


@pytest.mark.parametrize(
    ("changes", "currency"),
    [
        ({}, "USDT"),
        ({"symbol": "BTCPERP"}, "USDC"),
        ({"symbol": "BTCPERP", "feeCurrency": "XYZ"}, "XYZ"),
    ],
)
def test_funding_is_paid_in_what_the_contract_settles_in(
    changes: dict[str, str], currency: str, row: Callable[..., bytes]
) -> None:
    assert execution(row(FUNDING, **changes)).settle_currency() == currency


def test_funding_in_an_unknown_currency_is_unreadable(row: Callable[..., bytes]) -> None:
    with pytest.raises(UNREADABLE):
        execution(row(FUNDING, symbol="BTCUSD"))


def test_other_kinds_of_execution_may_be_of_nothing(row: Callable[..., bytes]) -> None:
    assert execution(row(ADL, execQty="0", execValue="0")).exec_qty == 0


@pytest.mark.parametrize(
    ("category", "is_other"), [("linear", False), ("", False), ("spot", True), ("option", True)]
)
def test_what_belongs_to_another_category_is_told_apart(
    category: str, is_other: bool, row: Callable[..., bytes]
) -> None:
    assert is_other_category(order(row(NEW, category=category)), Category.LINEAR) is is_other
