from collections.abc import Callable
from decimal import Decimal

import pytest

from arbitrage.domain.errors import MalformedData, Unavailable
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.bybit import order_answers
from arbitrage.exchanges.bybit.order_search import OrderSearch
from arbitrage.exchanges.bybit.order_tally import OrderTallies
from arbitrage.exchanges.bybit.refusals import DEFINITE_REFUSALS
from arbitrage.exchanges.order_gateway import Answer

AnswerOf = Callable[..., Answer]
OF_OURS = {"client_id": "s00000001", "venue": "bybit", "symbol": "BTCUSDT"}
PLACED = PlaceOrder(**OF_OURS, side=Side.BUY, qty=Decimal("0.010"), price=Decimal(9000))
CANCEL = CancelOrder(**OF_OURS)
QUERY = QueryOrder(**OF_OURS)
ORDER_ID = "c6f055d9-7f21-4079-913d-e6523a9cfffa"
ENDED = OrderUpdate(
    7,
    "s00000001",
    OrderStatus.CANCELED,
    Decimal("0.004"),
    Decimal("35.998"),
    (("USDT", Decimal("0.0197989")),),
    "EC_NoImmediateQtyToFill",
)


@pytest.fixture
def tallies() -> OrderTallies:
    return OrderTallies()


@pytest.fixture
def search() -> OrderSearch:
    """A search with one question open."""
    search = OrderSearch()
    search.next_place("s00000001", 0)
    return search


def test_an_acceptance_leaves_the_order_open(answer: AnswerOf, tallies: OrderTallies) -> None:
    update = order_answers.outcome(tallies, PLACED, answer("created"), 7)

    assert update == OrderUpdate(7, "s00000001", OrderStatus.OPEN)


def test_an_acceptance_behind_the_stream_takes_nothing_back(
    answer: AnswerOf, tallies: OrderTallies
) -> None:
    fees = {"USDT": Decimal("0.05")}
    tallies.of(ORDER_ID, "s00000001").hear("Filled", "", Decimal("0.01"), Decimal(90), fees)

    update = order_answers.outcome(tallies, PLACED, answer("created"), 7)

    assert (update.status, update.filled_qty) == (OrderStatus.FILLED, Decimal("0.01"))


def test_an_acceptance_may_leave_the_client_id_out(
    body: Callable[[str], bytes], answer: AnswerOf, tallies: OrderTallies
) -> None:
    raw = body("created").replace(b"s00000001", b"")

    assert order_answers.outcome(tallies, PLACED, answer(raw=raw), 7).status is OrderStatus.OPEN


@pytest.mark.parametrize("code", sorted(DEFINITE_REFUSALS))
def test_every_definite_refusal_rejects(code: int, answer: AnswerOf, tallies: OrderTallies) -> None:
    update = order_answers.outcome(tallies, PLACED, answer(code=code), 7)

    assert update.status is OrderStatus.REJECTED
    assert update.reason == f"{code} {DEFINITE_REFUSALS[code]}: no"


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        (200, b'{"retCode":10000,"retMsg":"Server Timeout","result":{},"time":1}'),
        (200, b'{"retCode":10016,"retMsg":"Server error","result":{},"time":1}'),
        (200, b'{"retCode":170007,"retMsg":"Timeout waiting for response","result":{}}'),
        (200, b'{"retCode":170146,"retMsg":"Order creation timeout","result":{}}'),
        (200, b'{"retCode":110072,"retMsg":"OrderLinkedID is duplicate","result":{}}'),
        (200, b'{"retCode":170141,"retMsg":"Duplicate clientOrderId","result":{}}'),
        (200, b'{"retCode":777777,"retMsg":"never heard of","result":{}}'),
        (500, b'{"retCode":110007,"retMsg":"ab not enough for new order","result":{}}'),
        (502, b"<html>"),
        (504, b""),
        (403, b"access too frequent"),
        (429, b""),
        (302, b""),
        (200, b""),
        (200, b"{}"),
        (200, b'{"retCode":0}'),
        (200, b'{"retCode":0,"result":{}}'),
        (200, b'{"retCode":0,"result":{"orderId":""}}'),
        (200, b'{"retCode":0,"result":{"orderId":7}}'),
    ],
)
def test_everything_else_is_in_doubt(
    status: int, raw: bytes, answer: AnswerOf, tallies: OrderTallies, search: OrderSearch
) -> None:
    for update in (
        order_answers.outcome(tallies, PLACED, answer(status=status, raw=raw), 7),
        order_answers.queried(tallies, search, QUERY, answer(status=status, raw=raw), 7),
        order_answers.canceled(tallies, CANCEL, answer(status=status, raw=raw), 7),
    ):
        assert update is not None
        assert update.status is OrderStatus.IN_DOUBT
        assert update.reason
        assert update.filled_qty == 0
    assert len(tallies) == 0


def test_no_answer_is_in_doubt(tallies: OrderTallies) -> None:
    assert order_answers.outcome(tallies, PLACED, None, 7).status is OrderStatus.IN_DOUBT
    assert order_answers.canceled(tallies, CANCEL, None, 7).status is OrderStatus.IN_DOUBT


@pytest.mark.parametrize(("old", "new"), [(b"s00000001", b"s00000009")])
def test_an_acceptance_of_another_order_is_in_doubt(
    old: bytes, new: bytes, body: Callable[[str], bytes], answer: AnswerOf, tallies: OrderTallies
) -> None:
    said = answer(raw=body("created").replace(old, new))

    for update in (
        order_answers.outcome(tallies, PLACED, said, 7),
        order_answers.canceled(tallies, CANCEL, said, 7),
    ):
        assert (update.client_id, update.status) == ("s00000001", OrderStatus.IN_DOUBT)
        assert "is about" in update.reason


def test_an_accepted_cancel_leaves_the_order_open_until_its_end_is_told(
    answer: AnswerOf, tallies: OrderTallies
) -> None:
    update = order_answers.canceled(tallies, CANCEL, answer("created"), 7)

    assert update == OrderUpdate(7, "s00000001", OrderStatus.OPEN)


@pytest.mark.parametrize("code", [110001, 110008, 110010, 170213, 170142, 10001])
def test_a_refused_cancel_leaves_the_order_to_be_asked_for(
    code: int, answer: AnswerOf, tallies: OrderTallies
) -> None:
    update = order_answers.canceled(tallies, CANCEL, answer(code=code), 7)

    assert update.status is OrderStatus.IN_DOUBT
    assert str(code) in update.reason


def test_an_order_that_is_found_has_its_totals(
    answer: AnswerOf, tallies: OrderTallies, search: OrderSearch
) -> None:
    assert order_answers.queried(tallies, search, QUERY, answer("order"), 7) == ENDED
    assert len(search) == 0


@pytest.mark.parametrize(
    ("old", "new"), [(b"s00000001", b"s00000009"), (b'"BTCUSDT"', b'"ETHUSDT"')]
)
def test_an_answer_about_another_order_is_in_doubt(
    old: bytes,
    new: bytes,
    body: Callable[[str], bytes],
    answer: AnswerOf,
    tallies: OrderTallies,
    search: OrderSearch,
) -> None:
    said = answer(raw=body("order").replace(old, new))

    update = order_answers.queried(tallies, search, QUERY, said, 7)

    assert update is not None
    assert (update.client_id, update.status) == ("s00000001", OrderStatus.IN_DOUBT)
    assert "is about" in update.reason


@pytest.mark.parametrize("number", [b'"NaN"', b'"1E999999999"', b'"-Infinity"', b"null", b'""'])
def test_absurd_totals_are_in_doubt(
    number: bytes,
    body: Callable[[str], bytes],
    answer: AnswerOf,
    tallies: OrderTallies,
    search: OrderSearch,
) -> None:
    raw = body("order").replace(b'"cumExecQty":"0.004"', b'"cumExecQty":' + number)

    update = order_answers.queried(tallies, search, QUERY, answer(raw=raw), 7)

    assert update is not None
    assert update.status is OrderStatus.IN_DOUBT


@pytest.mark.parametrize("said", ["empty", 110001, 170213])
def test_only_three_noes_in_a_row_are_the_venues_word(
    said: str | int, answer: AnswerOf, tallies: OrderTallies
) -> None:
    no = answer(code=said) if isinstance(said, int) else answer("no_order")
    search = OrderSearch()

    heard = []
    for step in range(3):
        search.next_place("s00000001", step)
        heard.append(order_answers.queried(tallies, search, QUERY, no, 7))

    assert [update and update.status for update in heard] == [
        OrderStatus.IN_DOUBT,
        OrderStatus.IN_DOUBT,
        None,
    ]


def test_a_no_under_another_status_is_none(
    answer: AnswerOf, tallies: OrderTallies, search: OrderSearch
) -> None:
    for _ in range(4):
        update = order_answers.queried(tallies, search, QUERY, answer(status=503, code=110001), 7)
        assert update is not None


def test_open_orders_are_listed_with_those_of_others(
    answer: AnswerOf, tallies: OrderTallies
) -> None:
    first, second = order_answers.open_orders(tallies, answer("open_orders"), 7)

    assert (first.client_id, first.status, first.filled_qty) == (
        "s00000002",
        OrderStatus.OPEN,
        Decimal(0),
    )
    assert (second.client_id, second.filled_qty, second.filled_cost) == (
        "14bad3a1-6454-43d8-bcf2-5345896cf74d",
        Decimal("0.004"),
        Decimal("35.998"),
    )


def test_a_list_that_did_not_come_raises(answer: AnswerOf, tallies: OrderTallies) -> None:
    with pytest.raises(Unavailable):
        order_answers.open_orders(tallies, answer(status=502), 7)
    with pytest.raises(MalformedData):
        order_answers.open_orders(tallies, answer(raw=b'{"retCode":0,"result":{"list":[1]}}'), 7)
