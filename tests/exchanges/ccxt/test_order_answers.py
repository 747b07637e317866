"""What ccxt says of an order: taken or refused for good only where that is proven."""

from decimal import Decimal as D
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.ccxt import facts, order_answers
from arbitrage.exchanges.ccxt.order_answers import (
    OrderMemory,
    OrderReply,
    canceled,
    heard,
    listed,
    outcome,
    queried,
)
from arbitrage.exchanges.order_gateway import Answer

ID = "s00000001"
PLACE = PlaceOrder(
    client_id=ID, venue="ccxt:x", symbol="BTC/KRW", side=Side.BUY, qty=D(1), price=D(100)
)
QUERY = QueryOrder(client_id=ID, venue="ccxt:x", symbol="BTC/KRW")
CANCEL = CancelOrder(client_id=ID, venue="ccxt:x", symbol="BTC/KRW")
TS = 7


@pytest.fixture
def memory() -> OrderMemory:
    memory = OrderMemory()
    memory.expect(ID)
    return memory


def body(**changes: Any) -> dict[str, Any]:
    return {
        "id": "cdd9",
        "client_id": ID,
        "symbol": "BTC/KRW",
        "status": "open",
        "amount": "1",
        "filled": "0",
        "fees": [],
        **changes,
    }


def answer(value: Any, status: int = 200) -> Answer:
    return Answer(status, msgspec.json.encode(value))


def error(name: str, message: str = "no", status: int = facts.REFUSED) -> Answer:
    return answer({"error": name, "message": message}, status)


def trade(amount: str = "0.5", cost: str | None = "50", fee: str | None = "0.025") -> Any:
    fees = [] if fee is None else [{"currency": "KRW", "cost": fee}]
    return {"id": "t", "amount": amount, "cost": cost, "fees": fees}


# --- the answer to a new order ------------------------------------------------------------------


def test_an_order_with_an_id_was_taken_and_its_id_is_known(memory: OrderMemory) -> None:
    said = outcome(PLACE, answer(body(client_id=None, symbol=None)), TS, memory)
    assert (said.status, said.client_id) == (OrderStatus.OPEN, ID)
    assert memory.order_id(ID) == "cdd9"


@pytest.mark.parametrize("status", ["closed", "canceled", "rejected", None, "odd"])
def test_the_answer_to_a_new_order_never_ends_it(memory: OrderMemory, status: Any) -> None:
    said = outcome(PLACE, answer(body(status=status, filled="1")), TS, memory)
    assert (said.status, said.filled_qty) == (OrderStatus.OPEN, 0)


@pytest.mark.parametrize("name", sorted(facts.REFUSALS))
def test_what_is_on_the_list_is_a_refusal(memory: OrderMemory, name: str) -> None:
    said = outcome(PLACE, error(name, "too little"), TS, memory)
    assert (said.status, said.reason) == (OrderStatus.REJECTED, f"{name} too little")


@pytest.mark.parametrize(
    "said",
    [
        None,
        error("InvalidOrder", "Duplicate clientOrderId."),
        error("InvalidOrder", "Order creation timeout"),
        error("ExchangeError", status=facts.FAILED),
        error("OrderNotFound", status=facts.NOT_FOUND),
        error("RateLimitExceeded", status=facts.TOO_MANY_REQUESTS),
        error("InsufficientFunds", status=facts.FAILED),
        Answer(400, b"<html>"),
        answer(None),
        answer([]),
        answer(body(id=None)),
        answer(body(client_id="other")),
        answer(body(symbol="ETH/KRW")),
    ],
)
def test_everything_else_is_in_doubt(memory: OrderMemory, said: Answer | None) -> None:
    assert outcome(PLACE, said, TS, memory).status is OrderStatus.IN_DOUBT
    assert memory.order_id(ID) == ""


def test_a_mark_before_the_client_id_is_no_other_order(memory: OrderMemory) -> None:
    said = outcome(PLACE, answer(body(client_id=f"t-{ID}")), TS, memory)
    assert said.status is OrderStatus.OPEN
    assert memory.name(OrderReply(None, f"t-{ID}", None, None, None)) == ID


# --- the answer to a cancel ---------------------------------------------------------------------


@pytest.mark.parametrize("said", [None, answer(None), error("OrderNotFound", status=404)])
def test_no_answer_to_a_cancel_ends_an_order(said: Answer | None) -> None:
    assert canceled(CANCEL, said, TS).status is OrderStatus.IN_DOUBT


# --- the answer to a question -------------------------------------------------------------------


def ask(memory: OrderMemory, **changes: Any) -> Any:
    return queried(QUERY, answer(body(**changes)), TS, memory)


def test_totals_come_from_the_trades(memory: OrderMemory) -> None:
    trades = [trade(), trade("0.25", "25.5", "0.01275")]
    said = ask(memory, status="canceled", filled="0.75", trades=trades)
    assert said.status is OrderStatus.CANCELED
    assert (said.filled_qty, said.filled_cost) == (D("0.75"), D("75.5"))
    assert said.fees == (("KRW", D("0.03775")),)


def test_an_order_whose_trades_do_not_add_up_is_in_doubt(memory: OrderMemory) -> None:
    for trades in ([], [trade()], [trade("1", None)]):
        said = ask(memory, status="closed", filled="1", trades=trades)
        assert (said.status, said.filled_qty) == (OrderStatus.IN_DOUBT, 0)


def test_a_fee_is_told_whole_or_not_at_all(memory: OrderMemory) -> None:
    order_fee = [{"currency": "KRW", "cost": "0.05"}]
    closed = {"status": "closed", "filled": "1"}
    some = ask(memory, **closed, trades=[trade(), trade(fee=None)], fees=order_fee)
    assert some.fees == ()
    none = ask(memory, **closed, trades=[trade(fee=None), trade(fee=None)], fees=order_fee)
    assert none.fees == (("KRW", D("0.05")),)
    zero = ask(memory, **closed, trades=[trade(fee="0"), trade(fee="0")])
    assert zero.fees == ()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("open", OrderStatus.OPEN),
        ("canceling", OrderStatus.OPEN),
        ("canceled", OrderStatus.CANCELED),
        ("expired", OrderStatus.CANCELED),
        ("rejected", OrderStatus.REJECTED),
        ("closed", OrderStatus.FILLED),
        ("odd", OrderStatus.IN_DOUBT),
        (None, OrderStatus.IN_DOUBT),
    ],
)
def test_an_unknown_status_is_in_doubt(
    memory: OrderMemory, status: Any, expected: OrderStatus
) -> None:
    assert ask(memory, status=status).status is expected


def test_what_had_filled_is_not_guessed(memory: OrderMemory) -> None:
    assert ask(memory, status="canceled", filled=None).status is OrderStatus.IN_DOUBT
    assert ask(memory, status="canceled", filled="NaN").status is OrderStatus.IN_DOUBT


def test_only_the_venues_own_word_says_that_there_is_no_such_order(memory: OrderMemory) -> None:
    assert queried(QUERY, error("OrderNotFound", status=404), TS, memory) is None
    assert queried(QUERY, answer(None), TS, memory) is None
    for said in (error("InvalidOrder"), error("", status=500), Answer(200, b"{")):
        doubt = queried(QUERY, said, TS, memory)
        assert doubt is not None
        assert doubt.status is OrderStatus.IN_DOUBT


def test_an_answer_about_another_order_says_nothing(memory: OrderMemory) -> None:
    assert ask(memory, client_id="other", status="canceled").status is OrderStatus.IN_DOUBT


@given(st.binary(max_size=60))
def test_no_answer_raises(data: bytes) -> None:
    memory = OrderMemory()
    memory.expect(ID)
    for status in (200, 400, 404, 500):
        outcome(PLACE, Answer(status, data), TS, memory)
        queried(QUERY, Answer(status, data), TS, memory)
        canceled(CANCEL, Answer(status, data), TS)


# --- pushes and lists ---------------------------------------------------------------------------


def reply(**changes: Any) -> OrderReply:
    return msgspec.convert(body(**changes), OrderReply)


def statuses(memory: OrderMemory, **changes: Any) -> list[OrderStatus]:
    return [update.status for update in heard(reply(**changes), TS, memory)]


def test_news_of_an_order_leaves_it_in_doubt_so_that_it_is_asked_for(memory: OrderMemory) -> None:
    news = [OrderStatus.OPEN, OrderStatus.IN_DOUBT]
    assert statuses(memory) == [OrderStatus.OPEN]
    assert statuses(memory, filled="0.5") == news
    assert statuses(memory, status="closed", filled="1") == news
    assert statuses(memory, status=None) == news
    assert all(update.filled_qty == 0 for update in heard(reply(filled="1"), TS, memory))


def test_what_was_asked_for_already_is_no_news(memory: OrderMemory) -> None:
    ask(memory, filled="0.5", trades=[trade()])
    assert statuses(memory, filled="0.5") == [OrderStatus.OPEN]


def test_an_order_is_known_by_the_venues_id_where_it_has_no_other(memory: OrderMemory) -> None:
    memory.learn(ID, "cdd9")
    (update,) = heard(reply(client_id=None), TS, memory)
    assert update.client_id == ID


def test_a_strangers_fill_is_told_only_if_it_cannot_be_ours(memory: OrderMemory) -> None:
    (other,) = heard(reply(client_id="other", filled="1"), TS, memory)
    assert (other.client_id, other.filled_qty) == ("other", 1)
    (nameless,) = heard(reply(client_id=None, id="zzz", filled="1"), TS, memory)
    assert (nameless.client_id, nameless.filled_qty) == ("zzz", 0)


def test_a_list_says_one_thing_of_each_order(memory: OrderMemory) -> None:
    said = listed(answer([body(filled="0.5"), body(client_id="other", id="b")]), TS, memory)
    assert [(each.client_id, each.status) for each in said] == [
        (ID, OrderStatus.IN_DOUBT),
        ("other", OrderStatus.OPEN),
    ]


def test_only_so_many_orders_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_answers, "REMEMBERED_ORDERS", 2)
    memory = OrderMemory()
    for number in range(3):
        memory.expect(f"c{number}")
        memory.learn(f"c{number}", f"v{number}")
    assert [memory.is_ours(f"c{number}") for number in range(3)] == [False, True, True]
    assert memory.order_id("c0") == ""
    memory.learn("c0", "v0")
    memory.has_told("c0", D(1))
    assert memory.name(reply(client_id=None, id="v0")) == "v0"
