from collections.abc import Callable
from decimal import Decimal

import pytest

from arbitrage.domain.errors import ConfigError, MalformedData, OrderRefused, Unavailable
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import CancelOrder, OrderType, PlaceOrder, QueryOrder
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.binance_spot import order_answers
from arbitrage.exchanges.binance_spot.order_tally import OrderTallies
from arbitrage.exchanges.binance_spot.refusals import DEFINITE_REFUSALS
from arbitrage.exchanges.order_gateway import Answer

AnswerOf = Callable[..., Answer]
BodyOf = Callable[[str], bytes]
PLACED = PlaceOrder(
    client_id="s00000001",
    venue="binance-spot",
    symbol="BTCUSDT",
    side=Side.BUY,
    qty=Decimal("0.010"),
    price=Decimal("4000.50"),
)
CANCEL = CancelOrder(client_id="s00000001", venue="binance-spot", symbol="BTCUSDT")
QUERY = QueryOrder(client_id="s00000001", venue="binance-spot", symbol="BTCUSDT")
FEES = (("BNB", Decimal("0.000045")), ("BTC", Decimal("0.000004")))
FILLED = OrderUpdate(
    7,
    "s00000001",
    OrderStatus.FILLED,
    Decimal("0.010"),
    Decimal("39.996"),
    FEES,
    "FILLED",
)


@pytest.fixture
def tallies() -> OrderTallies:
    return OrderTallies()


def test_an_accepted_order_comes_with_its_trades_and_fees_in_three_currencies(
    answer: AnswerOf, tallies: OrderTallies
) -> None:
    assert order_answers.outcome(tallies, PLACED, answer("order_full"), 7) == FILLED


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NEW", OrderStatus.OPEN),
        ("EXPIRED", OrderStatus.CANCELED),
        ("SOMETHING_NEW", OrderStatus.IN_DOUBT),
    ],
)
def test_the_venues_word_decides(
    word: str, status: OrderStatus, body: BodyOf, answer: AnswerOf
) -> None:
    raw = body("order_full").replace(b'"FILLED"', f'"{word}"'.encode())

    update = order_answers.outcome(OrderTallies(), PLACED, answer(raw=raw), 7)

    assert (update.status, update.reason) == (status, word)
    assert update.filled_qty == Decimal("0.010")


def test_an_order_by_cost_closes_with_what_it_bought(
    answer: AnswerOf, tallies: OrderTallies
) -> None:
    intent = PlaceOrder(
        client_id="s00000001",
        venue="binance-spot",
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=Decimal("0.003"),  # the most that 10 USDT were expected to buy
        order_type=OrderType.MARKET,
    )
    order = Order(intent=intent, sent_ns=0)

    order.apply(order_answers.outcome(tallies, intent, answer("order_by_cost"), 7))

    assert (order.status, order.filled_qty) == (OrderStatus.CANCELED, Decimal("0.00249"))
    assert (order.filled_cost, order.reserved_qty) == (Decimal("9.96"), Decimal("0.00249"))


@pytest.mark.parametrize("code", sorted(DEFINITE_REFUSALS))
def test_every_definite_refusal_rejects(code: int, answer: AnswerOf, tallies: OrderTallies) -> None:
    said = answer(status=400, raw=b'{"code":%d,"msg":"no"}' % code)

    update = order_answers.outcome(tallies, PLACED, said, 7)

    assert update.status is OrderStatus.REJECTED
    assert update.reason == f"{code} {DEFINITE_REFUSALS[code]}: no"


@pytest.mark.parametrize(
    "text",
    [
        "Account has insufficient balance for requested action.",
        "Order would immediately match and take.",
    ],
)
def test_what_the_matching_engine_rejects_is_rejected(
    text: str, answer: AnswerOf, tallies: OrderTallies
) -> None:
    said = answer(status=400, raw=b'{"code":-2010,"msg":"%s"}' % text.encode())

    update = order_answers.outcome(tallies, PLACED, said, 7)

    assert (update.status, update.reason) == (OrderStatus.REJECTED, f"-2010: {text}")


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        (503, b'{"code":-1008,"msg":"Server is currently overloaded with other requests."}'),
        (503, b"Service Unavailable."),
        (504, b""),
        (500, b'{"code":-1013,"msg":"Filter failure: LOT_SIZE"}'),
        (408, b'{"code":-1007,"msg":"Timeout waiting for response from backend server."}'),
        (400, b'{"code":-1007,"msg":"Timeout waiting for response from backend server."}'),
        (400, b'{"code":-1006,"msg":"Execution status unknown."}'),
        (400, b'{"code":-1001,"msg":"Internal error."}'),
        (400, b'{"code":-2010,"msg":"Duplicate order sent."}'),
        (400, b'{"code":-2010,"msg":"never heard of"}'),
        (400, b'{"code":-77777,"msg":"never heard of"}'),
        (403, b"<html>"),
        (302, b""),
        (200, b""),
        (200, b"{}"),
        (200, b'{"code":200}'),
    ],
)
def test_everything_else_is_in_doubt(
    status: int, raw: bytes, answer: AnswerOf, tallies: OrderTallies
) -> None:
    for update in (
        order_answers.outcome(tallies, PLACED, answer(status=status, raw=raw), 7),
        order_answers.queried(tallies, QUERY, answer(status=status, raw=raw), 7),
        order_answers.canceled(tallies, CANCEL, answer(status=status, raw=raw), 7),
    ):
        assert update is not None
        assert update.status is OrderStatus.IN_DOUBT
        assert update.reason
        assert update.filled_qty == 0


def test_no_answer_is_in_doubt(tallies: OrderTallies) -> None:
    assert order_answers.outcome(tallies, PLACED, None, 7).status is OrderStatus.IN_DOUBT
    assert order_answers.canceled(tallies, CANCEL, None, 7).status is OrderStatus.IN_DOUBT


@pytest.mark.parametrize("code", [-1003, -1015])
def test_an_order_stopped_by_a_limit_was_never_taken(
    code: int, answer: AnswerOf, tallies: OrderTallies
) -> None:
    said = answer(status=429, raw=b'{"code":%d,"msg":"Too many"}' % code)

    assert order_answers.outcome(tallies, PLACED, said, 7).status is OrderStatus.REJECTED


@pytest.mark.parametrize(
    ("old", "new"), [(b"s00000001", b"s00000009"), (b'"BTCUSDT"', b'"ETHUSDT"')]
)
def test_an_answer_about_another_order_is_in_doubt(
    old: bytes, new: bytes, body: BodyOf, answer: AnswerOf, tallies: OrderTallies
) -> None:
    said = answer(raw=body("order_full").replace(old, new))

    update = order_answers.outcome(tallies, PLACED, said, 7)

    assert (update.client_id, update.status) == ("s00000001", OrderStatus.IN_DOUBT)
    assert "is about" in update.reason


@pytest.mark.parametrize("number", [b'"NaN"', b'"1E999999999"', b'"-Infinity"', b"null", b"[]"])
def test_absurd_totals_are_in_doubt(
    number: bytes, body: BodyOf, answer: AnswerOf, tallies: OrderTallies
) -> None:
    raw = body("order_full").replace(b'"executedQty":"0.01000000"', b'"executedQty":' + number)

    update = order_answers.outcome(tallies, PLACED, answer(raw=raw), 7)

    assert update.status is OrderStatus.IN_DOUBT


def test_a_cost_that_the_venue_no_longer_knows_is_in_doubt(
    body: BodyOf, answer: AnswerOf, tallies: OrderTallies
) -> None:
    raw = body("order_queried").replace(b'"39.99600000"', b'"-1.00000000"')

    update = order_answers.queried(tallies, QUERY, answer(raw=raw), 7)

    assert update is not None
    assert (update.status, update.filled_qty) == (OrderStatus.IN_DOUBT, 0)


def test_a_query_tells_totals_and_its_trades_the_fees(
    answer: AnswerOf, tallies: OrderTallies
) -> None:
    queried = order_answers.queried(tallies, QUERY, answer("order_queried"), 7)
    assert queried is not None
    assert (queried.status, queried.filled_cost) == (OrderStatus.FILLED, Decimal("39.996"))
    assert queried.fees == ()

    for _ in range(2):  # asked twice, counted once
        [update] = order_answers.filled(tallies, answer("my_trades"), 7)

    assert update == FILLED


def test_the_venues_word_that_there_is_no_such_order_is_told_apart(
    answer: AnswerOf, tallies: OrderTallies
) -> None:
    gone = b'{"code":-2013,"msg":"Order does not exist."}'

    assert order_answers.queried(tallies, QUERY, answer(status=400, raw=gone), 7) is None
    in_trouble = order_answers.queried(tallies, QUERY, answer(status=503, raw=gone), 7)
    assert in_trouble is not None
    assert in_trouble.status is OrderStatus.IN_DOUBT


def test_a_cancel_tells_what_was_filled_before(answer: AnswerOf, tallies: OrderTallies) -> None:
    update = order_answers.canceled(tallies, CANCEL, answer("order_canceled"), 7)

    assert (update.client_id, update.status) == ("s00000001", OrderStatus.CANCELED)
    assert (update.filled_qty, update.filled_cost) == (Decimal("0.004"), Decimal("15.996"))
    assert update.fees == ()  # the trade is not known yet


def test_a_refused_cancel_leaves_the_order_to_be_asked_for(
    answer: AnswerOf, tallies: OrderTallies
) -> None:
    said = answer(status=400, raw=b'{"code":-2011,"msg":"Unknown order sent."}')

    update = order_answers.canceled(tallies, CANCEL, said, 7)

    assert update.status is OrderStatus.IN_DOUBT
    assert update.reason == "HTTP 400, -2011: Unknown order sent."


def test_open_orders_are_listed_with_those_of_others(
    answer: AnswerOf, tallies: OrderTallies
) -> None:
    first, second = order_answers.listed(tallies, answer("open_orders"), 7)

    assert (first.client_id, first.status, first.filled_qty) == (
        "s00000002",
        OrderStatus.OPEN,
        Decimal(0),
    )
    assert (second.client_id, second.filled_qty, second.filled_cost) == (
        "web_a1b2",
        Decimal("0.10"),
        Decimal(410),
    )


def test_what_a_cancel_all_cancelled_is_listed_by_its_own_ids(
    body: BodyOf, answer: AnswerOf, tallies: OrderTallies
) -> None:
    raw = b"[" + body("order_canceled") + b"]"

    [update] = order_answers.listed(tallies, answer(raw=raw), 7)

    assert (update.client_id, update.status) == ("s00000001", OrderStatus.CANCELED)


@pytest.mark.parametrize("lister", [order_answers.listed, order_answers.filled])
def test_a_list_that_did_not_come_raises(
    lister: Callable[[OrderTallies, Answer, int], list[OrderUpdate]],
    answer: AnswerOf,
    tallies: OrderTallies,
) -> None:
    with pytest.raises(Unavailable):
        lister(tallies, answer(status=502), 7)
    with pytest.raises(MalformedData):
        lister(tallies, answer(raw=b'[{"symbol":1}]'), 7)


def test_a_list_with_a_trade_of_nothing_is_malformed(
    body: BodyOf, answer: AnswerOf, tallies: OrderTallies
) -> None:
    order_answers.queried(tallies, QUERY, answer("order_queried"), 7)
    raw = body("my_trades").replace(b'"qty":"0.00600000"', b'"qty":"0.00000000"')
    with pytest.raises(MalformedData, match="trade 57"):
        order_answers.filled(tallies, answer(raw=raw), 7)

    raw = b"[" + body("order_full").replace(b'"qty":"0.00600000"', b'"qty":"0.00000000"') + b"]"
    with pytest.raises(MalformedData, match="trade 57"):
        order_answers.listed(OrderTallies(), answer(raw=raw), 7)


def test_a_test_order_passes_or_says_why_not(answer: AnswerOf) -> None:
    order_answers.confirm_test(PLACED, answer(raw=b"{}"))

    refused = answer(status=400, raw=b'{"code":-1013,"msg":"Filter failure: NOTIONAL"}')
    with pytest.raises(OrderRefused, match="s00000001") as caught:
        order_answers.confirm_test(PLACED, refused)
    assert caught.value.reason == "-1013 INVALID_MESSAGE: Filter failure: NOTIONAL"


def test_a_test_order_that_proved_nothing_is_not_taken_for_a_pass(answer: AnswerOf) -> None:
    with pytest.raises(Unavailable):
        order_answers.confirm_test(PLACED, answer(status=502))
    with pytest.raises(ConfigError):
        order_answers.confirm_test(PLACED, answer(status=400, raw=b'{"code":-1119,"msg":"no"}'))
