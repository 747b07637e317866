"""An order ends by what was executed; what cannot be concluded is in doubt."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import MalformedData, RateLimited, Unavailable
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.bithumb import facts, order_answers
from arbitrage.exchanges.order_gateway import Answer

TS_NS = 1_763_800_000_000_000_000
Frame = Callable[[str], bytes]
Answered = Callable[..., Answer]

ORDER = PlaceOrder(
    client_id="s00000001",
    venue="bithumb",
    symbol="KRW-BTC",
    side=Side.BUY,
    qty=Decimal("0.02"),
    price=Decimal(136_000_000),
)
CANCEL = CancelOrder(client_id="s00000001", venue="bithumb", symbol="KRW-BTC")
QUERY = QueryOrder(client_id="s00000001", venue="bithumb", symbol="KRW-BTC")


def error(name: str | int, status: int = 400) -> Answer:
    return Answer(status, json.dumps({"error": {"name": name, "message": "..."}}).encode())


def reply(frame: Frame, name: str, **changes: Any) -> Answer:
    whole = {**json.loads(frame(name)), **changes}
    return Answer(200, json.dumps({k: v for k, v in whole.items() if v != "absent"}).encode())


class TestOutcome:
    @pytest.mark.parametrize("status", [200, 201])
    def test_an_order_that_was_taken_is_open(self, answered: Answered, status: int) -> None:
        update = order_answers.outcome(ORDER, answered("order_placed", status), TS_NS)
        assert update == OrderUpdate(TS_NS, "s00000001", OrderStatus.OPEN)

    @pytest.mark.parametrize("name", sorted(facts.REFUSALS))
    @pytest.mark.parametrize("status", [200, 400, 401, 403])
    def test_every_listed_error_is_a_refusal_even_with_status_200(
        self, name: str, status: int
    ) -> None:
        update = order_answers.outcome(ORDER, error(name, status), TS_NS)
        assert (update.status, update.reason) == (OrderStatus.REJECTED, name)

    @pytest.mark.parametrize(
        "answer",
        [
            None,
            error("invalid_parameter"),
            error("jwt_verification", 401),
            error("order_not_found", 404),
            error("order_not_ready", 422),
            error("too_many_requests", 429),
            error("unheard_of", 200),
            error(400, 200),
            error("invalid_price", 500),
            error("invalid_price", 302),
            Answer(502, b"<html>"),
            Answer(504, b""),
            Answer(202, b'{"order_id":"C1"}'),
            Answer(200, b""),
            Answer(200, b'{"order_id":"torn'),
            Answer(200, b"{}"),
        ],
    )
    def test_everything_else_is_in_doubt_with_a_reason(self, answer: Answer | None) -> None:
        update = order_answers.outcome(ORDER, answer, TS_NS)
        assert update.status is OrderStatus.IN_DOUBT
        assert update.reason
        assert (update.filled_qty, update.filled_cost, update.fees) == (0, 0, ())

    @pytest.mark.parametrize("changes", [{"client_order_id": "s9"}, {"market": "KRW-ETH"}])
    def test_an_answer_about_another_order_is_not_believed(
        self, frame: Frame, changes: dict[str, str]
    ) -> None:
        update = order_answers.outcome(ORDER, reply(frame, "order_placed", **changes), TS_NS)
        assert update.status is OrderStatus.IN_DOUBT
        assert update.reason.startswith("the answer is about ")

    def test_an_answer_without_our_id_is_about_what_was_asked(self, frame: Frame) -> None:
        answer = reply(frame, "order_placed", client_order_id="absent")
        assert order_answers.outcome(ORDER, answer, TS_NS).status is OrderStatus.OPEN

    @given(status=st.integers(100, 599), body=st.binary(max_size=80))
    def test_no_answer_breaks_it_or_passes_for_an_acceptance(
        self, status: int, body: bytes
    ) -> None:
        update = order_answers.outcome(ORDER, Answer(status, body), TS_NS)
        assert update.status is OrderStatus.IN_DOUBT


class TestQueried:
    def test_a_filled_order_is_filled_at_its_funds(self, answered: Answered) -> None:
        assert order_answers.queried(QUERY, answered("order_done"), TS_NS) == OrderUpdate(
            TS_NS,
            "s00000001",
            OrderStatus.FILLED,
            filled_qty=Decimal("0.02"),
            filled_cost=Decimal(2_719_990),
            fees=(("KRW", Decimal("6799.97")),),
        )

    def test_an_ioc_order_filled_in_part_is_done_and_canceled_for_us(
        self, answered: Answered
    ) -> None:
        update = order_answers.queried(QUERY, answered("order_ioc_part"), TS_NS)
        assert update is not None
        assert (update.status, update.filled_qty) == (OrderStatus.CANCELED, Decimal("0.015"))
        assert update.filled_cost == 2_040_000

    def test_done_in_part_without_a_cause_is_in_doubt(self, frame: Frame) -> None:
        answer = reply(frame, "order_ioc_part", time_in_force="absent", cancel_type="absent")
        update = order_answers.queried(QUERY, answer, TS_NS)
        assert update is not None
        assert update.status is OrderStatus.IN_DOUBT
        assert update.filled_qty == Decimal("0.015")

    def test_what_met_ourselves_ends_with_what_was_executed(self, frame: Frame) -> None:
        changes = {"time_in_force": "absent", "cancel_type": "stp_cancel"}
        update = order_answers.queried(QUERY, reply(frame, "order_ioc_part", **changes), TS_NS)
        assert update is not None
        assert update.status is OrderStatus.CANCELED

    def test_a_purchase_by_cost_ends_with_what_it_bought(self, frame: Frame) -> None:
        answer = reply(frame, "order_done", ord_type="price", volume=None, time_in_force="absent")
        update = order_answers.queried(QUERY, answer, TS_NS)
        assert update is not None
        assert (update.status, update.filled_qty) == (OrderStatus.CANCELED, Decimal("0.02"))

    @pytest.mark.parametrize("status", [200, 404])
    def test_an_order_that_the_venue_does_not_know_is_none(self, status: int) -> None:
        assert order_answers.queried(QUERY, error("order_not_found", status), TS_NS) is None

    @pytest.mark.parametrize(
        "answer",
        [
            error("", 404),
            error(404, 200),
            error("order_not_found", 400),
            error("order_not_ready", 422),
            error("out_of_scope", 200),
            error("", 429),
            Answer(500, b""),
            Answer(200, b"{}"),
            Answer(200, b'{"order_id":"C1"}'),
        ],
    )
    def test_what_does_not_answer_the_question_leaves_the_doubt(self, answer: Answer) -> None:
        update = order_answers.queried(QUERY, answer, TS_NS)
        assert update is not None
        assert update.status is OrderStatus.IN_DOUBT
        assert update.reason

    def test_another_orders_answer_is_not_taken(self, frame: Frame) -> None:
        answer = reply(frame, "order_done", client_order_id="x")
        update = order_answers.queried(QUERY, answer, TS_NS)
        assert update is not None
        assert update.reason == "the answer is about KRW-BTC x"

    @pytest.mark.parametrize("name", ["executed_volume", "paid_fee", "executed_funds", "volume"])
    @pytest.mark.parametrize("value", ["NaN", "-1", "1E+30", "x", True, [], {}])
    def test_a_number_that_is_none_leaves_the_doubt(
        self, frame: Frame, name: str, value: object
    ) -> None:
        update = order_answers.queried(QUERY, reply(frame, "order_done", **{name: value}), TS_NS)
        assert update is not None
        assert (update.status, update.filled_qty) == (OrderStatus.IN_DOUBT, 0)

    def test_fills_of_unknown_cost_leave_the_doubt(self, frame: Frame) -> None:
        answer = reply(frame, "order_done", executed_funds="absent")
        update = order_answers.queried(QUERY, answer, TS_NS)
        assert update is not None
        assert update.status is OrderStatus.IN_DOUBT
        assert "their cost is not known yet" in update.reason


class TestCanceled:
    @pytest.mark.parametrize("name", ["order_cancel_taken", "order_placed"])
    def test_a_cancel_taken_leaves_the_order_open(self, answered: Answered, name: str) -> None:
        update = order_answers.canceled(CANCEL, answered(name), TS_NS)
        assert update.status is OrderStatus.OPEN

    @pytest.mark.parametrize(
        "answer",
        [
            None,
            error("order_not_found", 404),
            error("order_not_found", 200),
            error("order_not_ready", 422),
            Answer(500, b""),
            Answer(200, b"{}"),
        ],
    )
    def test_any_other_answer_has_the_order_asked_for(self, answer: Answer | None) -> None:
        update = order_answers.canceled(CANCEL, answer, TS_NS)
        assert update.status is OrderStatus.IN_DOUBT
        assert update.reason


class TestLists:
    def test_open_orders_carry_totals_and_strangers_their_own_id(self, answered: Answered) -> None:
        ours, stranger = order_answers.listed(answered("open_orders"), TS_NS)
        assert (ours.client_id, ours.status) == ("s00000003", OrderStatus.OPEN)
        assert (ours.filled_qty, ours.filled_cost) == (Decimal("0.005"), 680_000)
        assert stranger.client_id == "C0101000009999999999"

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            (error("out_of_scope", 401), Unavailable),
            (error("out_of_scope", 200), Unavailable),
            (Answer(500, b""), Unavailable),
            (error("", 429), RateLimited),
            (Answer(200, b"{}"), MalformedData),
            (Answer(200, b'[{"uuid":"u"}]'), MalformedData),
        ],
    )
    def test_a_list_that_cannot_be_had_is_an_error(
        self, answer: Answer, expected: type[Exception]
    ) -> None:
        with pytest.raises(expected):
            order_answers.listed(answer, TS_NS)

    def test_orders_that_ended_have_their_totals(self, answered: Answered) -> None:
        ours, stranger = order_answers.ended(answered("history"), TS_NS)
        assert (ours.client_id, ours.status) == ("s00000001", OrderStatus.FILLED)
        assert (ours.filled_qty, ours.filled_cost) == (Decimal("0.02"), Decimal(2_720_000))
        assert ours.fees == (("KRW", Decimal(6_800)),)
        assert (stranger.client_id, stranger.status) == (
            "C0101000003152350310",
            OrderStatus.CANCELED,
        )

    def test_a_list_that_goes_on_elsewhere_proves_nothing(self, frame: Frame) -> None:
        more = frame("history").replace(b'"has_next": false', b'"has_next": true')
        with pytest.raises(MalformedData, match="there are more"):
            order_answers.ended(Answer(200, more), TS_NS)

    def test_an_empty_list_is_no_orders(self) -> None:
        assert order_answers.listed(Answer(200, b"[]"), TS_NS) == []


def status(state: str, executed: int, ordered: int, may_end_short: bool) -> OrderStatus:
    found, reason = order_answers.status_of(
        state,
        executed=Decimal(executed),
        ordered=Decimal(ordered),
        may_end_short=may_end_short,
    )
    assert bool(reason) is (found is OrderStatus.IN_DOUBT)
    return found


@pytest.mark.parametrize(
    ("state", "executed", "ordered", "may_end_short", "expected"),
    [
        ("wait", 0, 2, False, OrderStatus.OPEN),
        ("watch", 0, 2, False, OrderStatus.OPEN),
        ("trade", 1, 2, True, OrderStatus.OPEN),
        ("trade", 1, 0, False, OrderStatus.OPEN),
        ("done", 2, 2, False, OrderStatus.FILLED),
        ("cancel", 2, 2, False, OrderStatus.FILLED),
        ("cancel", 1, 2, False, OrderStatus.CANCELED),
        ("cancel", 0, 2, True, OrderStatus.CANCELED),
        ("done", 1, 2, True, OrderStatus.CANCELED),
        ("done", 1, 2, False, OrderStatus.IN_DOUBT),
        ("done", 0, 2, True, OrderStatus.IN_DOUBT),
        ("done", 3, 2, True, OrderStatus.IN_DOUBT),
        ("wait", 3, 2, False, OrderStatus.IN_DOUBT),
        ("done", 5, 0, False, OrderStatus.CANCELED),
        ("done", 0, 0, False, OrderStatus.IN_DOUBT),
        ("cancel", 5, 0, False, OrderStatus.CANCELED),
        ("reborn", 0, 2, True, OrderStatus.IN_DOUBT),
    ],
)
def test_the_end_comes_from_what_was_executed(
    state: str, executed: int, ordered: int, may_end_short: bool, expected: OrderStatus
) -> None:
    assert status(state, executed, ordered, may_end_short) is expected


@given(
    state=st.sampled_from(["wait", "watch", "trade", "done", "cancel", "reborn", ""]),
    executed=st.integers(0, 4),
    ordered=st.integers(0, 4),
    may_end_short=st.booleans(),
)
def test_nothing_is_filled_of_which_less_was_executed(
    state: str, executed: int, ordered: int, may_end_short: bool
) -> None:
    found = status(state, executed, ordered, may_end_short)
    if found is OrderStatus.FILLED:
        assert executed == ordered > 0
    if found is OrderStatus.CANCELED:
        assert state in ("done", "cancel")


def test_the_life_of_an_order_is_read_into_our_record(frame: Frame, answered: Answered) -> None:
    record = Order(intent=ORDER, sent_ns=TS_NS)
    record.apply(order_answers.outcome(ORDER, None, TS_NS))
    assert record.status is OrderStatus.IN_DOUBT
    record.apply(order_answers.outcome(ORDER, answered("order_placed"), TS_NS))
    assert record.status is OrderStatus.OPEN
    partly = reply(frame, "order_ioc_part", state="wait")
    for _ in range(2):
        update = order_answers.queried(QUERY, partly, TS_NS)
        assert update is not None
        record.apply(update)
    record.apply(order_answers.canceled(CANCEL, answered("order_cancel_taken"), TS_NS))
    assert (record.status, record.filled_qty) == (OrderStatus.OPEN, Decimal("0.015"))
    done = order_answers.queried(QUERY, answered("order_done"), TS_NS)
    assert done is not None
    record.apply(done)
    assert record.status is OrderStatus.FILLED
    assert record.fees == {"KRW": Decimal("6799.97")}
