from collections.abc import Callable
from decimal import Decimal

import pytest

from arbitrage.domain.errors import MalformedData, Unavailable
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.binance_usdm import order_answers
from arbitrage.exchanges.binance_usdm.order_tally import OrderTallies
from arbitrage.exchanges.binance_usdm.refusals import DEFINITE_REFUSALS
from arbitrage.exchanges.order_gateway import Answer

AnswerOf = Callable[..., Answer]
PLACED = PlaceOrder(
    client_id="s00000001",
    venue="binance-usdm",
    symbol="BTCUSDT",
    side=Side.BUY,
    qty=Decimal("0.010"),
    price=Decimal("9000.50"),
)
CANCEL = CancelOrder(client_id="s00000001", venue="binance-usdm", symbol="BTCUSDT")
QUERY = QueryOrder(client_id="s00000001", venue="binance-usdm", symbol="BTCUSDT")
FILLED = OrderUpdate(
    7,
    "s00000001",
    OrderStatus.FILLED,
    Decimal("0.010"),
    Decimal("90.00000"),
    reason="FILLED",
)


@pytest.fixture
def tallies() -> OrderTallies:
    return OrderTallies()


def test_an_accepted_order_is_as_its_totals_say(answer: AnswerOf, tallies: OrderTallies) -> None:
    assert order_answers.outcome(tallies, PLACED, answer("order"), 7) == FILLED


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NEW", OrderStatus.OPEN),
        ("EXPIRED", OrderStatus.CANCELED),
        ("SOMETHING_NEW", OrderStatus.IN_DOUBT),
    ],
)
def test_the_venues_word_decides(
    word: str, status: OrderStatus, body: Callable[[str], bytes], answer: AnswerOf
) -> None:
    raw = body("order").replace(b'"FILLED"', f'"{word}"'.encode())

    update = order_answers.outcome(OrderTallies(), PLACED, answer(raw=raw), 7)

    assert (update.status, update.reason) == (status, word)
    assert update.filled_qty == Decimal("0.010")


@pytest.mark.parametrize("code", sorted(DEFINITE_REFUSALS))
def test_every_definite_refusal_rejects(code: int, answer: AnswerOf, tallies: OrderTallies) -> None:
    said = answer(status=400, raw=b'{"code":%d,"msg":"no"}' % code)

    update = order_answers.outcome(tallies, PLACED, said, 7)

    assert update.status is OrderStatus.REJECTED
    assert update.reason == f"{code} {DEFINITE_REFUSALS[code]}: no"


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        (503, b'{"code":-1000,"msg":"Unknown error, please check your request or try again"}'),
        (503, b'{"code":-1008,"msg":"Request throttled by system-level protection."}'),
        (503, b"Service Unavailable."),
        (504, b""),
        (500, b'{"code":-2019,"msg":"Margin is insufficient."}'),
        (408, b'{"code":-1007,"msg":"Timeout waiting for response from backend server."}'),
        (400, b'{"code":-1007,"msg":"Timeout waiting for response from backend server."}'),
        (400, b'{"code":-1001,"msg":"Internal error."}'),
        (400, b'{"code":-4116,"msg":"ClientOrderId is duplicated."}'),
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
    old: bytes, new: bytes, body: Callable[[str], bytes], answer: AnswerOf, tallies: OrderTallies
) -> None:
    said = answer(raw=body("order").replace(old, new))

    update = order_answers.outcome(tallies, PLACED, said, 7)

    assert (update.client_id, update.status) == ("s00000001", OrderStatus.IN_DOUBT)
    assert "is about" in update.reason


def test_without_the_quote_total_the_average_counts(
    body: Callable[[str], bytes], answer: AnswerOf, tallies: OrderTallies
) -> None:
    said = answer(raw=body("order").replace(b'"cumQuote":"90.00000",', b""))

    assert order_answers.outcome(tallies, PLACED, said, 7).filled_cost == 90


def test_without_any_price_a_fill_is_in_doubt_until_it_is_asked_for(
    body: Callable[[str], bytes], answer: AnswerOf, tallies: OrderTallies
) -> None:
    priceless = body("order").replace(b'"cumQuote":"90.00000",', b"")
    priceless = priceless.replace(b'"avgPrice":"9000.00000",', b"")

    update = order_answers.outcome(tallies, PLACED, answer(raw=priceless), 7)
    assert (update.status, update.filled_qty) == (OrderStatus.IN_DOUBT, 0)
    assert "price not told" in update.reason

    assert order_answers.queried(tallies, QUERY, answer("order"), 7) == FILLED


@pytest.mark.parametrize("number", [b'"NaN"', b'"1E999999999"', b'"-Infinity"', b"null", b"[]"])
def test_absurd_totals_are_in_doubt(
    number: bytes, body: Callable[[str], bytes], answer: AnswerOf, tallies: OrderTallies
) -> None:
    raw = body("order").replace(b'"executedQty":"0.010"', b'"executedQty":' + number)

    update = order_answers.outcome(tallies, PLACED, answer(raw=raw), 7)

    assert update.status is OrderStatus.IN_DOUBT


def test_the_venues_word_that_there_is_no_such_order_is_told_apart(
    answer: AnswerOf, tallies: OrderTallies
) -> None:
    gone = b'{"code":-2013,"msg":"Order does not exist."}'

    assert order_answers.queried(tallies, QUERY, answer(status=400, raw=gone), 7) is None
    in_trouble = order_answers.queried(tallies, QUERY, answer(status=503, raw=gone), 7)
    assert in_trouble is not None
    assert in_trouble.status is OrderStatus.IN_DOUBT


def test_a_cancel_tells_what_was_filled_before(
    body: Callable[[str], bytes], answer: AnswerOf, tallies: OrderTallies
) -> None:
    said = answer(raw=body("order").replace(b'"FILLED"', b'"CANCELED"'))

    update = order_answers.canceled(tallies, CANCEL, said, 7)

    assert (update.status, update.filled_qty) == (OrderStatus.CANCELED, Decimal("0.010"))


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
    first, second = order_answers.open_orders(tallies, answer("open_orders"), 7)

    assert (first.client_id, first.status, first.filled_qty) == (
        "s00000002",
        OrderStatus.OPEN,
        Decimal(0),
    )
    assert (second.client_id, second.filled_qty, second.filled_cost) == (
        "web_a1b2",
        Decimal("0.10"),
        Decimal(900),
    )


def test_the_list_of_trades_completes_the_fees_of_known_orders(
    answer: AnswerOf, tallies: OrderTallies
) -> None:
    order_answers.outcome(tallies, PLACED, answer("order"), 7)

    for _ in range(2):  # asked twice, counted once
        [update] = order_answers.filled(tallies, answer("user_trades"), 8)

    assert update.client_id == "s00000001"
    assert update.fees == (("BNB", Decimal("0.00004500")), ("USDT", Decimal("0.01800000")))
    assert (update.filled_qty, update.filled_cost) == (Decimal("0.010"), 90)


@pytest.mark.parametrize("lister", [order_answers.open_orders, order_answers.filled])
def test_a_list_that_did_not_come_raises(
    lister: Callable[[OrderTallies, Answer, int], list[OrderUpdate]],
    answer: AnswerOf,
    tallies: OrderTallies,
) -> None:
    with pytest.raises(Unavailable):
        lister(tallies, answer(status=502), 7)
    with pytest.raises(MalformedData):
        lister(tallies, answer(raw=b'[{"symbol":1}]'), 7)


def test_a_trade_of_nothing_in_the_list_is_malformed() -> None:
    tallies = OrderTallies()
    tallies.of("BTCUSDT", 25851813, "s1")
    rows = (
        b'[{"symbol":"BTCUSDT","id":1,"orderId":25851813,"price":"0","qty":"1","quoteQty":"0",'
        b'"commission":"0","commissionAsset":"USDT","side":"SELL","time":1569514978020}]'
    )
    with pytest.raises(MalformedData, match="trade 1 of BTCUSDT"):
        order_answers.filled(tallies, Answer(200, rows), 8)
