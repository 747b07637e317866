"""Orders by websocket: the same terms as by REST, and answers that are read as REST's are."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from arbitrage.domain.errors import ConfigError, MalformedData, OrderRefused
from arbitrage.domain.intents import CancelOrder, OrderType, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.binance_spot import order_answers, ws_api
from arbitrage.exchanges.binance_spot.auth import RequestSigner
from arbitrage.exchanges.binance_spot.budgets import DEFAULT_LIMITS, readings
from arbitrage.exchanges.binance_spot.order_tally import OrderTallies
from arbitrage.exchanges.order_gateway import Answer, BudgetReading

Frames = Callable[[str], list[bytes]]
NOW_NS = 1591702613943_000_000
SECOND = 1_000_000_000
SIGNER = RequestSigner("key", "secret", 10_000)
OF_OURS = {"client_id": "s00000001", "venue": "binance-spot", "symbol": "BTCUSDT"}
PLACED = PlaceOrder(**OF_OURS, side=Side.BUY, qty=Decimal("0.010"), price=Decimal("4000.50"))


def market_order(**changes: Any) -> PlaceOrder:
    terms: dict[str, Any] = {**OF_OURS, "side": Side.BUY, "qty": Decimal(1)}
    return PlaceOrder(**(terms | changes), order_type=OrderType.MARKET)


def answered(frame: bytes) -> Answer:
    said = ws_api.answer_of(frame)
    assert said is not None
    return said[1]


def test_an_order_says_all_its_terms_in_alphabetical_order() -> None:
    frame = json.loads(ws_api.place(SIGNER, PLACED, "r7", NOW_NS))

    assert (frame["id"], frame["method"]) == ("r7", "order.place")
    assert frame["params"].pop("signature")
    assert list(frame["params"].items()) == [
        ("apiKey", "key"),
        ("newClientOrderId", "s00000001"),
        ("newOrderRespType", "FULL"),
        ("price", "4000.5"),
        ("quantity", "0.01"),
        ("recvWindow", 10_000),
        ("side", "BUY"),
        ("symbol", "BTCUSDT"),
        ("timeInForce", "IOC"),
        ("timestamp", 1591702613943),
        ("type", "LIMIT"),
    ]


def test_an_order_may_go_by_cost() -> None:
    said = json.loads(ws_api.place(SIGNER, market_order(), "r7", NOW_NS, Decimal(100)))["params"]

    assert (said["type"], said["quoteOrderQty"]) == ("MARKET", "100")


def test_a_cancel_and_a_question_go_by_client_id() -> None:
    cancel = json.loads(ws_api.cancel(SIGNER, CancelOrder(**OF_OURS), "r8", NOW_NS))
    query = json.loads(ws_api.query(SIGNER, QueryOrder(**OF_OURS), "r9", NOW_NS))

    assert (cancel["method"], query["method"]) == ("order.cancel", "order.status")
    assert cancel["params"] == query["params"]
    assert cancel["params"]["origClientOrderId"] == "s00000001"


def test_nothing_is_sent_without_a_key_nor_for_what_can_be_no_order() -> None:
    with pytest.raises(ConfigError, match="no API key"):
        ws_api.subscribe(RequestSigner("", ""), NOW_NS)
    with pytest.raises(OrderRefused):
        ws_api.place(SIGNER, market_order(client_id="한"), "r7", NOW_NS)


def test_an_accepted_order_is_read_as_by_rest(frames: Frames) -> None:
    request_id, answer = ws_api.answer_of(frames("ws_api")[0]) or ("", Answer(0, b""))

    update = order_answers.outcome(OrderTallies(), PLACED, answer, 7)

    assert request_id == "s00000001"
    assert (update.client_id, update.status) == ("s00000001", OrderStatus.OPEN)
    assert readings(answer, DEFAULT_LIMITS) == [
        BudgetReading("orders-10s", 12, 50, 10 * SECOND),
        BudgetReading("orders-1d", 4043, 160_000, 86_400 * SECOND),
        BudgetReading("weight-1m", 321, 6000, 60 * SECOND),
    ]


def test_a_refused_order_is_read_as_by_rest(frames: Frames) -> None:
    update = order_answers.outcome(OrderTallies(), PLACED, answered(frames("ws_api")[1]), 7)

    assert update.status is OrderStatus.REJECTED
    assert "insufficient balance" in update.reason


def test_a_ban_says_how_long_to_stay_away(frames: Frames) -> None:
    answer = answered(frames("ws_api")[2])

    assert answer.headers["retry-after"] == "3493"  # 3,492.469 s, rounded up
    [reading] = readings(answer, DEFAULT_LIMITS)
    assert (reading.used, reading.retry_after_ns) == (2411, 3493 * SECOND)
    update = order_answers.outcome(OrderTallies(), PLACED, answer, 7)
    assert update.status is OrderStatus.REJECTED


def test_a_5xx_leaves_the_order_in_doubt() -> None:
    frame = b'{"id":7,"status":504,"error":{"code":-1007,"msg":"Timeout"}}'

    said = ws_api.answer_of(frame)

    assert said is not None
    assert said[0] == "7"
    update = order_answers.outcome(OrderTallies(), PLACED, said[1], 7)
    assert update.status is OrderStatus.IN_DOUBT


def test_a_success_without_a_result_leaves_the_order_in_doubt() -> None:
    answer = answered(b'{"id":"7","status":200}')

    update = order_answers.outcome(OrderTallies(), PLACED, answer, 7)
    assert update.status is OrderStatus.IN_DOUBT


def test_events_and_answers_without_an_id_answer_nothing(frames: Frames) -> None:
    assert ws_api.answer_of(frames("user")[0]) is None
    assert ws_api.answer_of(b'{"id":null,"status":400,"error":{"code":-1100,"msg":"x"}}') is None


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"[]",
        b'{"id":"7","status":"200"}',
        b'{"id":"7","status":400,"error":5}',
        b'{"id":"7","status":418,"error":{"data":{"serverTime":-1,"retryAfter":1}}}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_an_answer_that_cannot_be_read_is_malformed(frame: bytes) -> None:
    with pytest.raises(MalformedData, match="in doubt"):
        ws_api.answer_of(frame)


# --- an independent client ------------------------------------------------------------------------


def test_ccxt_signs_the_same_parameters(
    signed_by_stranger: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    frames = [
        ws_api.subscribe(SIGNER, NOW_NS),
        ws_api.place(SIGNER, PLACED, "r7", NOW_NS),
        ws_api.cancel(SIGNER, CancelOrder(**OF_OURS), "r8", NOW_NS),
        ws_api.query(SIGNER, QueryOrder(**OF_OURS), "r9", NOW_NS),
    ]
    for frame in frames:
        ours = json.loads(frame)["params"]
        terms = {key: ours[key] for key in ours if key not in ("apiKey", "timestamp", "signature")}

        theirs = signed_by_stranger(terms)

        assert list(ours.items()) == list(theirs.items())
