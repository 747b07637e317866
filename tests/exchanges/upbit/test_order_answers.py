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
from arbitrage.exchanges.order_gateway import Answer
from arbitrage.exchanges.upbit import facts, order_answers
from arbitrage.exchanges.upbit.orders import limit_or_market

TS_NS = 1_763_800_000_000_000_000
Frame = Callable[[str], bytes]
Answered = Callable[..., Answer]


def order(**changes: Any) -> PlaceOrder:
    settings: dict[str, Any] = {
        "client_id": "s00000001",
        "venue": "upbit",
        "symbol": "KRW-BTC",
        "side": Side.BUY,
        "qty": Decimal("0.02"),
        "price": Decimal(136_000_000),
    }
    return PlaceOrder(**{**settings, **changes})


CANCEL = CancelOrder(client_id="s00000001", venue="upbit", symbol="KRW-BTC")
QUERY = QueryOrder(client_id="s00000001", venue="upbit", symbol="KRW-BTC")


def error(name: str | int, status: int = 400) -> Answer:
    return Answer(status, json.dumps({"error": {"name": name, "message": "..."}}).encode())


def reply(frame: Frame, name: str = "order_placed", status: int = 201, **changes: Any) -> Answer:
    whole = {**json.loads(frame(name)), **changes}
    kept = {key: value for key, value in whole.items() if value != "absent"}
    return Answer(status, json.dumps(kept).encode())


class TestOutcome:
    def test_an_accepted_order_is_open(self, answered: Answered) -> None:
        update = order_answers.outcome(order(), answered("order_placed", 201), TS_NS)
        assert update == OrderUpdate(TS_NS, "s00000001", OrderStatus.OPEN)

    @pytest.mark.parametrize("name", sorted(facts.REFUSALS))
    def test_every_listed_error_is_a_refusal_with_the_venues_reason(self, name: str) -> None:
        for status in (400, 401, 403):
            update = order_answers.outcome(order(), error(name, status), TS_NS)
            assert (update.status, update.reason) == (OrderStatus.REJECTED, name)

    @pytest.mark.parametrize(
        "answer",
        [
            None,
            error("duplicated_identifier"),
            error("nonce_used", 401),
            error("order_not_found", 404),
            error("too_many_requests", 429),
            error("", 418),
            error("unheard_of"),
            error(400),
            error("insufficient_funds_bid", 500),
            error("insufficient_funds_bid", 302),
            Answer(502, b"<html>"),
            Answer(504, b""),
            Answer(202, b""),
            Answer(201, b""),
            Answer(201, b'{"uuid":"torn'),
            Answer(200, b"{}"),
            Answer(200, b'{"error":{"name":"insufficient_funds_bid"}}'),
        ],
    )
    def test_everything_else_is_in_doubt_with_a_reason(self, answer: Answer | None) -> None:
        update = order_answers.outcome(order(), answer, TS_NS)
        assert update.status is OrderStatus.IN_DOUBT
        assert update.reason
        assert (update.filled_qty, update.filled_cost, update.fees) == (0, 0, ())

    def test_an_answer_about_another_order_is_not_believed(self, frame: Frame) -> None:
        for changes in ({"identifier": "s00000009"}, {"market": "KRW-ETH"}):
            update = order_answers.outcome(order(), reply(frame, **changes), TS_NS)
            assert update.status is OrderStatus.IN_DOUBT
            assert update.reason.startswith("the answer is about ")

    def test_an_answer_without_our_id_is_about_what_was_asked(self, frame: Frame) -> None:
        update = order_answers.outcome(order(), reply(frame, identifier="absent"), TS_NS)
        assert (update.client_id, update.status) == ("s00000001", OrderStatus.OPEN)

    def test_fills_of_unknown_cost_leave_the_order_in_doubt(self, frame: Frame) -> None:
        update = order_answers.outcome(order(), reply(frame, executed_volume="0.01"), TS_NS)
        assert update.status is OrderStatus.IN_DOUBT
        assert "their cost is not known yet" in update.reason

    @given(status=st.integers(100, 599), body=st.binary(max_size=80))
    def test_no_answer_breaks_it_or_passes_for_an_acceptance(
        self, status: int, body: bytes
    ) -> None:
        update = order_answers.outcome(order(), Answer(status, body), TS_NS)
        assert update.status is OrderStatus.IN_DOUBT


class TestQueried:
    def test_a_filled_order_is_filled_at_the_sum_of_its_trades(self, answered: Answered) -> None:
        update = order_answers.queried(QUERY, answered("order_done"), TS_NS)
        assert update == OrderUpdate(
            TS_NS,
            "s00000001",
            OrderStatus.FILLED,
            filled_qty=Decimal("0.02"),
            filled_cost=Decimal(2_719_990),
            fees=(("KRW", Decimal("1359.99")),),
        )

    def test_an_ioc_residue_is_canceled_with_what_was_executed(self, answered: Answered) -> None:
        update = order_answers.queried(QUERY, answered("order_ioc_residue"), TS_NS)
        assert update is not None
        assert (update.status, update.filled_qty) == (OrderStatus.CANCELED, Decimal("0.015"))
        assert update.filled_cost == 2_040_000

    def test_a_purchase_by_cost_ends_with_what_it_bought(self, answered: Answered) -> None:
        query = QueryOrder(client_id="s00000002", venue="upbit", symbol="KRW-PENGU")
        update = order_answers.queried(query, answered("order_by_cost_dust"), TS_NS)
        assert update is not None
        assert (update.status, update.filled_qty) == (
            OrderStatus.CANCELED,
            Decimal("103.51966873"),
        )
        assert update.fees == (("KRW", Decimal("2.4999999998295")),)

    def test_an_order_that_the_venue_does_not_know_is_none(self) -> None:
        assert order_answers.queried(QUERY, error("order_not_found", 404), TS_NS) is None

    @pytest.mark.parametrize(
        "answer",
        [
            error("", 404),
            error("order_not_found", 400),
            error("out_of_scope", 401),
            error("insufficient_funds_bid"),
            error("", 429),
            error("", 418),
            Answer(500, b""),
            Answer(200, b"{}"),
        ],
    )
    def test_what_does_not_answer_the_question_leaves_the_doubt(self, answer: Answer) -> None:
        update = order_answers.queried(QUERY, answer, TS_NS)
        assert update is not None
        assert update.status is OrderStatus.IN_DOUBT
        assert update.reason

    def test_another_orders_answer_is_not_taken(self, frame: Frame) -> None:
        update = order_answers.queried(QUERY, reply(frame, status=200, identifier="x"), TS_NS)
        assert update is not None
        assert (update.status, update.reason) == (
            OrderStatus.IN_DOUBT,
            "the answer is about KRW-BTC x",
        )

    @pytest.mark.parametrize("name", ["executed_volume", "paid_fee", "executed_funds", "volume"])
    @pytest.mark.parametrize("value", ["NaN", "-1", "1E+30", "x", True, [], {}])
    def test_a_number_that_is_none_leaves_the_doubt(
        self, frame: Frame, name: str, value: object
    ) -> None:
        changes = {"executed_volume": "0.01", "executed_funds": "5", name: value}
        update = order_answers.queried(QUERY, reply(frame, status=200, **changes), TS_NS)
        assert update is not None
        assert (update.status, update.filled_qty) == (OrderStatus.IN_DOUBT, 0)

    def test_trades_that_do_not_sum_to_the_fills_are_not_their_cost(self, frame: Frame) -> None:
        answer = reply(frame, "order_done", 200, executed_volume="0.019")
        update = order_answers.queried(QUERY, answer, TS_NS)
        assert update is not None
        assert update.status is OrderStatus.IN_DOUBT
        assert "its trades sum to 0.020" in update.reason


class TestCanceled:
    def test_a_cancel_taken_leaves_the_order_open(self, answered: Answered) -> None:
        update = order_answers.canceled(CANCEL, answered("order_placed"), TS_NS)
        assert update.status is OrderStatus.OPEN

    def test_a_cancel_that_found_it_canceled_closes_it(self, answered: Answered) -> None:
        update = order_answers.canceled(CANCEL, answered("order_ioc_residue"), TS_NS)
        assert (update.status, update.filled_qty) == (OrderStatus.CANCELED, Decimal("0.015"))

    @pytest.mark.parametrize(
        "answer", [None, error("order_not_found", 404), Answer(500, b""), Answer(200, b"{}")]
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
        assert stranger.client_id == "11111111-851b-4fec-9f0a-48cd83c2eaae"

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            (error("out_of_scope", 401), Unavailable),
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

    def test_an_empty_list_is_no_orders(self) -> None:
        assert order_answers.listed(Answer(200, b"[]"), TS_NS) == []


STATES = ["wait", "watch", "trade", "prevented", "done", "cancel", "reborn", ""]


class TestStatus:
    @pytest.mark.parametrize(
        ("state", "executed", "ordered", "prevented", "expected"),
        [
            ("wait", 0, 2, 0, OrderStatus.OPEN),
            ("watch", 0, 2, 0, OrderStatus.OPEN),
            ("trade", 1, 2, 0, OrderStatus.OPEN),
            ("trade", 1, 0, 0, OrderStatus.OPEN),
            ("prevented", 1, 2, 1, OrderStatus.OPEN),
            ("done", 2, 2, 0, OrderStatus.FILLED),
            ("cancel", 2, 2, 0, OrderStatus.FILLED),
            ("cancel", 1, 2, 0, OrderStatus.CANCELED),
            ("cancel", 0, 2, 0, OrderStatus.CANCELED),
            ("done", 1, 2, 1, OrderStatus.CANCELED),
            ("done", 1, 2, 0, OrderStatus.IN_DOUBT),
            ("done", 3, 2, 0, OrderStatus.IN_DOUBT),
            ("wait", 3, 2, 0, OrderStatus.IN_DOUBT),
            ("done", 5, 0, 0, OrderStatus.CANCELED),
            ("cancel", 5, 0, 0, OrderStatus.CANCELED),
            ("reborn", 0, 2, 0, OrderStatus.IN_DOUBT),
        ],
    )
    def test_the_end_comes_from_what_was_executed(
        self, state: str, executed: int, ordered: int, prevented: int, expected: OrderStatus
    ) -> None:
        status, reason = order_answers.status_of(
            state,
            executed=Decimal(executed),
            ordered=Decimal(ordered),
            prevented=Decimal(prevented),
        )
        assert status is expected
        assert bool(reason) is (expected is OrderStatus.IN_DOUBT)

    @given(
        state=st.sampled_from(STATES),
        executed=st.integers(0, 4),
        ordered=st.integers(0, 4),
        prevented=st.integers(0, 4),
    )
    def test_nothing_is_filled_of_which_less_was_executed(
        self, state: str, executed: int, ordered: int, prevented: int
    ) -> None:
        status, _ = order_answers.status_of(
            state,
            executed=Decimal(executed),
            ordered=Decimal(ordered),
            prevented=Decimal(prevented),
        )
        if status is OrderStatus.FILLED:
            assert executed == ordered > 0
        if status is OrderStatus.CANCELED:
            assert state in ("done", "cancel")


def test_the_life_of_an_order_is_read_into_our_record(frame: Frame, answered: Answered) -> None:
    intent = order()
    record = Order(intent=intent, sent_ns=TS_NS)
    record.apply(order_answers.outcome(intent, None, TS_NS))
    assert record.status is OrderStatus.IN_DOUBT
    record.apply(order_answers.outcome(intent, answered("order_placed", 201), TS_NS))
    assert record.status is OrderStatus.OPEN
    partly = reply(frame, "order_ioc_residue", 200, state="wait")
    for _ in range(2):
        update = order_answers.queried(QUERY, partly, TS_NS)
        assert update is not None
        record.apply(update)
    assert (record.status, record.filled_qty) == (OrderStatus.OPEN, Decimal("0.015"))
    done = order_answers.queried(QUERY, answered("order_done"), TS_NS)
    assert done is not None
    record.apply(done)
    assert record.status is OrderStatus.FILLED
    assert record.filled_cost == 2_719_990
    assert record.fees == {"KRW": Decimal("1359.99")}


@given(qty=st.decimals("0.00000001", "1000", places=8), data=st.data())
def test_what_is_placed_comes_back_whole_or_in_part(qty: Decimal, data: st.DataObject) -> None:
    intent = order(qty=qty)
    executed = Decimal(data.draw(st.integers(0, int(qty * 10**8)))).scaleb(-8)
    sent = limit_or_market(intent)
    body = json.dumps(
        {
            "market": sent["market"],
            "uuid": "u",
            "state": "cancel",
            "volume": sent["volume"],
            "executed_volume": str(executed),
            "executed_funds": str(executed * 136_000_000),
            "paid_fee": "0",
            "identifier": sent["identifier"],
        }
    )
    record = Order(intent=intent, sent_ns=TS_NS)
    record.apply(order_answers.outcome(intent, Answer(201, body.encode()), TS_NS))
    assert record.filled_qty == executed
    assert record.status is (OrderStatus.FILLED if executed == qty else OrderStatus.CANCELED)
