"""Orders by websocket hold what orders by REST hold, and their answers are read as REST's are."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError, MalformedData, OrderRefused, Unavailable
from arbitrage.domain.intents import CancelOrder, OrderType, PlaceOrder, TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.okx import order_answers, orders
from arbitrage.exchanges.okx.auth import RequestSigner
from arbitrage.exchanges.okx.order_stream import cancel_frame, place_frame, reply
from arbitrage.exchanges.okx.orders import SpotMode

Frames = Callable[[str], list[bytes]]
NOW_NS = 1591702613943_000_000
CODE = 10459
TAKEN, REFUSED, NOT_UNDERSTOOD, OBEYED = range(4)
SIGNER = RequestSigner("key", "secret", "pass")
CANCEL = CancelOrder(client_id="s00000003", venue="okx", symbol="BTC-USDT")


def order(**changes: Any) -> PlaceOrder:
    terms: dict[str, Any] = {
        "client_id": "s00000003",
        "venue": "okx",
        "symbol": "BTC-USDT",
        "side": Side.BUY,
        "qty": Decimal("0.01"),
        "price": Decimal("9000.5"),
    }
    return PlaceOrder(**(terms | changes))


@pytest.mark.parametrize(
    "intent",
    [
        order(),
        order(order_type=OrderType.MARKET, price=None, time_in_force=TimeInForce.IOC),
        order(symbol="BTC-USDT-SWAP", reduce_only=True),
    ],
)
def test_a_frame_holds_the_same_order_by_number_and_a_deadline(intent: PlaceOrder) -> None:
    frame = json.loads(place_frame(SpotMode.CASH, intent, CODE, "1x1", NOW_NS))

    rest = json.loads(orders.place(SIGNER, SpotMode.CASH, intent, NOW_NS).body)
    del rest["instId"]
    [terms] = frame.pop("args")
    assert terms == rest | {"instIdCode": CODE}
    assert frame == {"id": "1x1", "op": "order", "expTime": "1591702643943"}


def test_a_frame_cancels_by_number() -> None:
    assert json.loads(cancel_frame(CANCEL, CODE, "1x2")) == {
        "id": "1x2",
        "op": "cancel-order",
        "args": [{"instIdCode": CODE, "clOrdId": "s00000003"}],
    }


def test_without_a_number_no_frame_is_written() -> None:
    with pytest.raises(ConfigError, match="its number is not known"):
        place_frame(SpotMode.CASH, order(), 0, "1x1", NOW_NS)
    with pytest.raises(ConfigError, match="its number is not known"):
        cancel_frame(CANCEL, 0, "1x1")
    with pytest.raises(OrderRefused):
        place_frame(SpotMode.CASH, order(client_id="a-b"), CODE, "1x1", NOW_NS)


@pytest.mark.parametrize(
    ("number", "status", "reason"),
    [
        (TAKEN, OrderStatus.OPEN, ""),
        (REFUSED, OrderStatus.REJECTED, "51008 INSUFFICIENT_BALANCE: "),
        (NOT_UNDERSTOOD, OrderStatus.REJECTED, "60013 INVALID_ARGS: Invalid args"),
    ],
)
def test_an_answer_reads_as_that_of_rest(
    number: int, status: OrderStatus, reason: str, frames: Frames
) -> None:
    found = reply(frames("orders")[number])

    assert found is not None
    assert found[0] == "s00000003"
    said = order_answers.outcome(order(), found[1], 7)
    assert said.status is status
    assert said.reason.startswith(reason)


def test_an_answer_that_proves_nothing_leaves_the_order_in_doubt(frames: Frames) -> None:
    found = reply(frames("orders")[REFUSED].replace(b"51008", b"50004"))

    assert found is not None
    assert order_answers.outcome(order(), found[1], 7).status is OrderStatus.IN_DOUBT


def test_a_refused_cancel_leaves_the_order_in_doubt(frames: Frames) -> None:
    obeyed = frames("orders")[OBEYED]
    good, bad = reply(obeyed), reply(obeyed.replace(b'"sCode":"0"', b'"sCode":"51400"'))

    assert good is not None
    assert bad is not None
    assert order_answers.canceled(CANCEL, good[1], 7).status is OrderStatus.OPEN
    assert order_answers.canceled(CANCEL, bad[1], 7).status is OrderStatus.IN_DOUBT


def test_an_error_that_names_its_request_refuses_it() -> None:
    found = reply(b'{"id":"1x1","event":"error","code":"60011","msg":"Please log in"}')

    assert found is not None
    assert order_answers.outcome(order(), found[1], 7).status is OrderStatus.REJECTED


def test_a_passed_deadline_is_a_refusal(frames: Frames) -> None:
    found = reply(frames("orders")[NOT_UNDERSTOOD].replace(b"60013", b"50037"))

    assert found is not None
    assert order_answers.outcome(order(), found[1], 7).status is OrderStatus.REJECTED


@pytest.mark.parametrize(
    "frame",
    [
        b'{"event":"error","code":"60012","msg":"Invalid request"}',
        b'{"event":"notice","code":"64008","msg":"will soon be closed"}',
    ],
)
def test_a_word_about_the_session_ends_it(frame: bytes) -> None:
    with pytest.raises(Unavailable, match="okx order stream"):
        reply(frame)


@pytest.mark.parametrize(
    "frame",
    [
        b"pong",
        b'{"event":"login","code":"0","msg":""}',
        b'{"id":"1","op":"amend-order","data":[],"code":"0"}',
        b'{"op":"order","data":[],"code":"0"}',
    ],
)
def test_what_answers_nothing_of_ours_says_nothing(frame: bytes) -> None:
    assert reply(frame) is None


@given(frame=st.binary(max_size=200))
def test_bytes_at_random_are_malformed_or_nothing(frame: bytes) -> None:
    try:
        assert reply(frame) is None
    except MalformedData as error:
        assert "orders must be asked for" in str(error)  # noqa: PT017
