import json
from decimal import Decimal

import pytest

from arbitrage.domain.errors import MalformedData, OrderRefused, Unavailable
from arbitrage.domain.intents import CancelOrder, PlaceOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.bybit import trade_stream
from arbitrage.exchanges.bybit.auth import RequestSigner
from arbitrage.exchanges.bybit.budgets import readings
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.bybit.order_answers import canceled, outcome
from arbitrage.exchanges.bybit.order_tally import OrderTallies
from arbitrage.exchanges.bybit.orders import cancel_terms, terms
from arbitrage.exchanges.order_gateway import BudgetReading

NOW_NS = 1711001595207_000_000
SIGNER = RequestSigner("key", "secret", 8_000)
OF_OURS = {"client_id": "s00000001", "venue": "bybit", "symbol": "ETHUSDT"}
PLACED = PlaceOrder(**OF_OURS, side=Side.BUY, qty=Decimal("0.2"), price=Decimal(2800))
CANCEL = CancelOrder(**OF_OURS)
HEADER = (
    b'{"X-Bapi-Limit":"10","X-Bapi-Limit-Status":"9","X-Bapi-Limit-Reset-Timestamp":'
    b'"1711001595208","Traceid":"38b7977b430f9bd228f4b19724794dfd","Timenow":"1711001595209"}'
)
ACCEPTED = (
    b'{"reqId":"s00000001","retCode":0,"retMsg":"OK","op":"order.create","data":{"orderId":'
    b'"a4c1718e-fe53-4659-a118-1f6ecce04ad9","orderLinkId":"s00000001"},"retExtInfo":{},"header":'
    + HEADER
    + b',"connId":"cnt5leec0hvan15eukcg-2v"}'
)
REFUSED = (
    b'{"reqId":"s00000001","retCode":110007,"retMsg":"ab not enough","op":"order.create",'
    b'"data":{},"retExtInfo":{},"header":' + HEADER + b',"connId":"c"}'
)


def test_an_order_carries_the_terms_of_rest_and_its_own_id() -> None:
    frame = trade_stream.place_frame(SIGNER, Category.LINEAR, PLACED, "o00000001", NOW_NS)

    assert json.loads(frame) == {
        "reqId": "o00000001",
        "header": {"X-BAPI-TIMESTAMP": "1711001595207", "X-BAPI-RECV-WINDOW": "8000"},
        "op": "order.create",
        "args": [json.loads(terms(Category.LINEAR, PLACED))],
    }


def test_a_cancel_has_a_request_id_of_its_own() -> None:
    frame = trade_stream.cancel_frame(SIGNER, Category.SPOT, CANCEL, "c00000007", NOW_NS)

    said = json.loads(frame)
    assert (said["reqId"], said["op"]) == ("c00000007", "order.cancel")
    assert said["args"] == [json.loads(cancel_terms(Category.SPOT, CANCEL))]


def test_what_can_be_no_order_is_not_sent() -> None:
    intent = PlaceOrder(**(OF_OURS | {"client_id": 'a"'}), side=Side.BUY, qty=Decimal(1))

    with pytest.raises(OrderRefused, match="nothing was sent"):
        trade_stream.place_frame(SIGNER, Category.LINEAR, intent, "o1", NOW_NS)


def test_a_login_is_waited_for() -> None:
    assert trade_stream.is_logged_in(b'{"retCode":0,"retMsg":"OK","op":"auth","connId":"c"}')
    assert not trade_stream.is_logged_in(ACCEPTED)
    with pytest.raises(Unavailable, match="10004"):
        trade_stream.is_logged_in(b'{"retCode":10004,"retMsg":"error sign","op":"auth"}')


def test_an_answer_is_read_as_rest_would_give_it() -> None:
    reply = trade_stream.reply(ACCEPTED)

    assert (reply.op, reply.request_id) == ("order.create", "s00000001")
    assert outcome(OrderTallies(), PLACED, reply.answer, 7).status is OrderStatus.OPEN
    assert canceled(OrderTallies(), CANCEL, reply.answer, 7).status is OrderStatus.OPEN
    assert readings(reply.answer, "order.create") == [
        BudgetReading("order.create", 1, 10, 1_000_000_000)
    ]


def test_a_refusal_is_read_as_rest_would_give_it() -> None:
    update = outcome(OrderTallies(), PLACED, trade_stream.reply(REFUSED).answer, 7)

    assert update.status is OrderStatus.REJECTED
    assert update.reason == "110007 AVAILABLE_BALANCE_INSUFFICIENT: ab not enough"


@pytest.mark.parametrize("code", [10016, 10019, 10429, 20006, 10000])
def test_trouble_of_the_connection_leaves_the_order_in_doubt(code: int) -> None:
    frame = REFUSED.replace(b"110007", b"%d" % code)

    update = outcome(OrderTallies(), PLACED, trade_stream.reply(frame).answer, 7)

    assert update.status is OrderStatus.IN_DOUBT


def test_a_used_up_budget_tells_when_it_begins_anew() -> None:
    frame = REFUSED.replace(b"110007", b"10006").replace(b"5208", b"5309")

    [reading] = readings(trade_stream.reply(frame).answer)

    assert reading.retry_after_ns == 100_000_000


@pytest.mark.parametrize(
    ("frame", "op"),
    [
        (b'{"retCode":0,"retMsg":"OK","op":"auth","connId":"c"}', "auth"),
        (b'{"retCode":0,"retMsg":"OK","op":"pong","data":["1711002002529"],"connId":"c"}', "pong"),
    ],
)
def test_logins_and_pings_are_answered_too(frame: bytes, op: str) -> None:
    reply = trade_stream.reply(frame)

    assert (reply.op, reply.request_id, reply.answer.headers) == (op, "", {})


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{}",
        b'{"op":1}',
        b"\xff",
        b"[" * 100_000,
        ACCEPTED[:-5],
        ACCEPTED.replace(b'"10"', b"[]"),
    ],
)
def test_an_answer_that_cannot_be_read_is_malformed(frame: bytes) -> None:
    with pytest.raises(MalformedData, match="orders must be asked for"):
        trade_stream.reply(frame)


@pytest.mark.parametrize("now", [b"soon", b"", "²".encode(), b"9" * 5000])
def test_an_absurd_clock_is_no_clock(now: bytes) -> None:
    frame = ACCEPTED.replace(b"1711001595209", now)

    update = outcome(OrderTallies(), PLACED, trade_stream.reply(frame).answer, 7)

    assert update.status is OrderStatus.OPEN
