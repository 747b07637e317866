from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from arbitrage.domain.errors import MalformedData, Unavailable
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.okx import order_answers
from arbitrage.exchanges.okx.instruments import Contract
from arbitrage.exchanges.okx.refusals import DEFINITE_REFUSALS
from arbitrage.exchanges.order_gateway import Answer

AnswerOf = Callable[..., Answer]
BodyOf = Callable[[str], bytes]
CONTRACTS = {"BTC-USDT-SWAP": Contract(Decimal("0.01"), "USDT", 10459)}
OF_OURS: dict[str, Any] = {"client_id": "s00000001", "venue": "okx", "symbol": "BTC-USDT"}
PLACED = PlaceOrder(**OF_OURS, side=Side.BUY, qty=Decimal("0.00192834"), price=Decimal(51900))
CANCEL, QUERY = CancelOrder(**OF_OURS), QueryOrder(**OF_OURS)
COST = Decimal("0.00192834") * 51858
FILLED = OrderUpdate(
    7,
    "s00000001",
    OrderStatus.FILLED,
    Decimal("0.00192834"),
    COST,
    (("BTC", Decimal("0.00000192834")),),
    "filled",
)


def queried(answer: Answer) -> OrderUpdate:
    update = order_answers.queried(CONTRACTS, QUERY, answer, 7)
    assert update is not None
    return update


def of_request(code: str) -> bytes:
    return f'{{"code":"{code}","data":[],"msg":"said so"}}'.encode()


# --- orders ---------------------------------------------------------------------------------------


def test_an_accepted_order_is_open_and_says_nothing_of_fills(answer: AnswerOf) -> None:
    update = order_answers.outcome(PLACED, answer("placed"), 7)

    assert update == OrderUpdate(7, "s00000001", OrderStatus.OPEN)


@pytest.mark.parametrize("code", sorted(DEFINITE_REFUSALS))
def test_every_definite_refusal_rejects(code: str, body: BodyOf, answer: AnswerOf) -> None:
    of_order = body("refused").replace(b"51008", code.encode())

    for raw in (of_order, of_request(code)):
        update = order_answers.outcome(PLACED, answer(raw=raw), 7)

        assert update.status is OrderStatus.REJECTED
        assert update.reason.startswith(f"{code} {DEFINITE_REFUSALS[code]}: ")


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        (200, of_request("50001")),
        (200, of_request("50004")),
        (200, of_request("50013")),
        (200, of_request("50026")),
        (200, of_request("50042")),
        (200, of_request("51016")),
        (200, of_request("51054")),
        (200, of_request("51149")),
        (200, of_request("64007")),
        (200, of_request("77777")),
        (200, of_request("0")),
        (200, of_request("1")),
        (503, of_request("50001")),
        (503, of_request("51008")),
        (504, b""),
        (403, b"<html>"),
        (302, b""),
        (200, b""),
        (200, b"{}"),
    ],
)
def test_everything_else_is_in_doubt(status: int, raw: bytes, answer: AnswerOf) -> None:
    said = answer(status=status, raw=raw)
    [of_batch] = order_answers.canceled_batch([CANCEL], said, 7)
    for update in (
        order_answers.outcome(PLACED, said, 7),
        order_answers.canceled(CANCEL, said, 7),
        of_batch,
        queried(said),
    ):
        assert (update.client_id, update.status) == ("s00000001", OrderStatus.IN_DOUBT)
        assert update.reason
        assert update.filled_qty == 0


def test_no_answer_is_in_doubt() -> None:
    [of_batch] = order_answers.canceled_batch([CANCEL], None, 7)
    for update in (
        order_answers.outcome(PLACED, None, 7),
        order_answers.canceled(CANCEL, None, 7),
        of_batch,
    ):
        assert update.status is OrderStatus.IN_DOUBT
        assert "no answer" in update.reason


@pytest.mark.parametrize("name", ["placed", "refused"])
def test_an_answer_about_another_order_is_in_doubt(
    name: str, body: BodyOf, answer: AnswerOf
) -> None:
    said = answer(raw=body(name).replace(b"s00000001", b"s00000009"))

    update = order_answers.outcome(PLACED, said, 7)

    assert (update.client_id, update.status) == ("s00000001", OrderStatus.IN_DOUBT)


@pytest.mark.parametrize("code", ["50011", "50061", "50040"])
def test_an_order_stopped_by_a_limit_was_never_taken(code: str, answer: AnswerOf) -> None:
    for status in (200, 429):
        said = answer(status=status, raw=of_request(code))
        assert order_answers.outcome(PLACED, said, 7).status is OrderStatus.REJECTED


# --- cancels --------------------------------------------------------------------------------------


def test_an_obeyed_cancel_leaves_the_order_open_until_the_stream_closes_it(
    answer: AnswerOf,
) -> None:
    assert order_answers.canceled(CANCEL, answer("placed"), 7).status is OrderStatus.OPEN


def test_a_refused_cancel_leaves_the_order_to_be_asked_for(body: BodyOf, answer: AnswerOf) -> None:
    said = answer(raw=body("refused").replace(b"51008", b"51400"))

    update = order_answers.canceled(CANCEL, said, 7)

    assert update.status is OrderStatus.IN_DOUBT
    assert "51400" in update.reason


def test_a_batch_is_told_order_by_order(answer: AnswerOf) -> None:
    names = ("s00000002", "s00000003", "s00000001")
    intents = [CancelOrder(client_id=one, venue="okx", symbol="BTC-USDT") for one in names]

    updates = order_answers.canceled_batch(intents, answer("canceled_batch"), 7)

    doubt = OrderStatus.IN_DOUBT
    assert [(one.client_id, one.status) for one in updates] == [
        ("s00000002", doubt),
        ("s00000003", doubt),
        ("s00000001", OrderStatus.OPEN),
    ]
    assert updates[0].reason.startswith("51400: Cancellation failed")
    assert updates[1].reason == "no answer to the cancel"


# --- questions ------------------------------------------------------------------------------------


def test_an_order_is_as_its_totals_say(answer: AnswerOf) -> None:
    assert queried(answer("order")) == FILLED


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("live", OrderStatus.OPEN),
        ("partially_filled", OrderStatus.OPEN),
        ("canceled", OrderStatus.CANCELED),
        ("mmp_canceled", OrderStatus.CANCELED),
        ("something_new", OrderStatus.IN_DOUBT),
    ],
)
def test_the_venues_word_decides(
    word: str, status: OrderStatus, body: BodyOf, answer: AnswerOf
) -> None:
    raw = body("order").replace(b'"filled"', f'"{word}"'.encode())

    update = queried(answer(raw=raw))

    assert (update.status, update.reason) == (status, word)
    assert update.filled_qty == Decimal("0.00192834")


def test_the_venues_word_that_there_is_no_such_order_is_told_apart(answer: AnswerOf) -> None:
    gone = of_request("51603")

    assert order_answers.queried(CONTRACTS, QUERY, answer(raw=gone), 7) is None
    assert queried(answer(status=503, raw=gone)).status is OrderStatus.IN_DOUBT


@pytest.mark.parametrize(
    ("old", "new"), [(b"s00000001", b"s00000009"), (b'"BTC-USDT"', b'"ETH-USDT"')]
)
def test_another_order_than_was_asked_for_is_in_doubt(
    old: bytes, new: bytes, body: BodyOf, answer: AnswerOf
) -> None:
    update = queried(answer(raw=body("order").replace(old, new)))

    assert (update.client_id, update.status) == ("s00000001", OrderStatus.IN_DOUBT)
    assert "is about" in update.reason


@pytest.mark.parametrize("state", [b"filled", b"canceled", b"live"])
def test_a_total_that_is_missing_is_in_doubt(state: bytes, body: BodyOf, answer: AnswerOf) -> None:
    raw = body("order").replace(b'"accFillSz":"0.00192834"', b'"accFillSz":""')

    update = queried(answer(raw=raw.replace(b'"filled"', b'"%s"' % state)))

    assert (update.status, update.filled_qty) == (OrderStatus.IN_DOUBT, Decimal(0))


def test_an_order_filled_with_nothing_is_in_doubt(body: BodyOf, answer: AnswerOf) -> None:
    raw = body("order").replace(b'"accFillSz":"0.00192834"', b'"accFillSz":"0"')

    assert queried(answer(raw=raw)).status is OrderStatus.IN_DOUBT
    unfilled = queried(answer(raw=raw.replace(b'"filled"', b'"canceled"')))
    assert unfilled == OrderUpdate(7, "s00000001", OrderStatus.CANCELED, reason="canceled")


@pytest.mark.parametrize(
    ("field", "number"),
    [
        ("accFillSz", "NaN"),
        ("accFillSz", "1E999999999"),
        ("accFillSz", "-1"),
        ("accFillSz", "lots"),
        ("avgPx", "0"),
        ("avgPx", "-Infinity"),
        ("avgPx", ""),
        ("fee", "sNaN"),
        ("rebate", "1E-99"),
    ],
)
def test_absurd_totals_are_malformed(
    field: str, number: str, body: BodyOf, answer: AnswerOf
) -> None:
    raw = body("order")
    start = raw.index(f'"{field}":"'.encode()) + len(field) + 4
    raw = raw[:start] + number.encode() + raw[raw.index(b'"', start) :]

    with pytest.raises(MalformedData, match="list of orders"):
        order_answers.listed(CONTRACTS, answer(raw=raw), 7)
    assert queried(answer(raw=raw)).status is OrderStatus.IN_DOUBT


@pytest.mark.parametrize("symbol", ["BTC-USDT-SWAP", "BTC-USD-260327", "BTC"])
def test_a_fill_of_a_contract_that_is_not_listed_is_in_doubt(
    symbol: str, body: BodyOf, answer: AnswerOf
) -> None:
    raw = body("order").replace(b'"BTC-USDT"', f'"{symbol}"'.encode())

    [update] = order_answers.listed({}, answer(raw=raw), 7)

    assert (update.status, update.filled_qty) == (OrderStatus.IN_DOUBT, Decimal(0))
    assert update.reason == f"the contract size of {symbol} is not known"


# --- fees and costs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fee", "rebate", "expected"),
    [
        (("-0.5", "USDT"), ("", ""), (("USDT", "0.5"),)),
        (("0.5", "USDT"), ("0", "USDT"), (("USDT", "-0.5"),)),
        (("-0.5", "BTC"), ("0.2", "USDT"), (("BTC", "0.5"), ("USDT", "-0.2"))),
        (("-0.5", "USDT"), ("0.2", "USDT"), (("USDT", "0.3"),)),
        (("0", "BTC"), ("0", ""), ()),
        (("-0.5", ""), ("0.2", "USDT"), ()),  # a fee that is known in part is withheld
        (("-0.5", "BTC"), ("0.2", ""), ()),
    ],
)
def test_fees_are_positive_where_they_were_charged(
    fee: tuple[str, str],
    rebate: tuple[str, str],
    expected: tuple[tuple[str, str], ...],
) -> None:
    row = order_answers.OrderRow(
        inst_id="BTC-USDT",
        ord_id="1",
        state="filled",
        acc_fill_sz="1",
        avg_px="2",
        fee=fee[0],
        fee_ccy=fee[1],
        rebate=rebate[0],
        rebate_ccy=rebate[1],
    )

    update = order_answers.update_of({}, row, 7)

    assert update.fees == tuple((name, Decimal(total)) for name, total in expected)
    assert update.client_id == "1"  # an order without a name of ours goes by the venue's


@pytest.mark.parametrize(
    ("qty", "price", "cost"),
    [
        ("0.003", "31526.4333333333333333", "94.5793"),
        ("3", "9000.5", "27001.5"),
        ("0.00000001", "0.00000000012345678", "0"),
    ],
)
def test_the_value_of_fills_is_restored_from_the_rounded_average(
    qty: str, price: str, cost: str
) -> None:
    row = order_answers.OrderRow(
        inst_id="BTC-USDT", ord_id="1", state="filled", acc_fill_sz=qty, avg_px=price
    )

    assert order_answers.update_of({}, row, 7).filled_cost == Decimal(cost)


# --- lists ----------------------------------------------------------------------------------------


def test_open_orders_are_listed_with_those_of_others(answer: AnswerOf) -> None:
    others, ours = order_answers.listed(CONTRACTS, answer("orders_pending"), 7)

    assert others == OrderUpdate(7, "680800019749904385", OrderStatus.OPEN, reason="live")
    assert (ours.client_id, ours.status) == ("s00000004", OrderStatus.OPEN)
    assert (ours.filled_qty, ours.filled_cost) == (Decimal(2), Decimal("180.005"))
    assert ours.fees == (("USDT", Decimal("-0.0036001")),)


def test_a_full_page_has_another_after_it(body: BodyOf, answer: AnswerOf) -> None:
    assert order_answers.next_page(answer("orders_pending")) == ""
    row = body("orders_pending").partition(b'"data":[')[2].partition(b"},{")[0] + b"}"
    full = b'{"code":"0","data":[' + b",".join([row] * 100) + b'],"msg":""}'
    assert order_answers.next_page(answer(raw=full)) == "680800019749904385"


def test_fills_are_summed_by_order_once_each(body: BodyOf, answer: AnswerOf) -> None:
    twice = body("fills").replace(b'"data":[', b'"data":[' + _first_row(body("fills")) + b",")

    for said in (answer("fills"), answer(raw=twice)):
        spot, swap = order_answers.filled(CONTRACTS, said, 7)

        assert (spot.client_id, spot.status) == ("s00000001", OrderStatus.OPEN)
        assert (spot.filled_qty, spot.filled_cost) == (
            Decimal("0.00292834"),
            COST + Decimal("51.859"),
        )
        assert (swap.filled_qty, swap.filled_cost) == (Decimal(3), Decimal("270.015"))
        assert spot.fees == swap.fees == ()


def _first_row(raw: bytes) -> bytes:
    return raw.partition(b'"data":[')[2].partition(b"},{")[0] + b"}"


def test_fills_of_a_contract_that_is_not_listed_are_in_doubt(answer: AnswerOf) -> None:
    _, swap = order_answers.filled({}, answer("fills"), 7)

    assert (swap.client_id, swap.status) == ("s00000002", OrderStatus.IN_DOUBT)
    assert swap.filled_qty == 0


@pytest.mark.parametrize("lister", [order_answers.listed, order_answers.filled])
def test_a_list_that_did_not_come_raises(
    lister: Callable[[dict[str, Contract], Answer, int], list[OrderUpdate]], answer: AnswerOf
) -> None:
    with pytest.raises(Unavailable):
        lister(CONTRACTS, answer(status=502), 7)
    with pytest.raises(MalformedData):
        lister(CONTRACTS, answer(raw=b'{"code":"0","data":[{"instId":1}],"msg":""}'), 7)


def test_a_fill_of_an_absurd_amount_is_malformed(body: BodyOf, answer: AnswerOf) -> None:
    raw = body("fills").replace(b'"fillSz":"3"', b'"fillSz":"NaN"')

    with pytest.raises(MalformedData, match="fills"):
        order_answers.filled(CONTRACTS, answer(raw=raw), 7)
