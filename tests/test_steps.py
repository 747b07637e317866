"""One step, asked wish by wish: what it wants to know, what it sends, what it makes of answers."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from two_venues import KRW, USDT, A, B, Clock, book

from arbitrage import ArbitrageConfig, ArbitrageEngine, OrderBookSnapshot, PaperExchange
from arbitrage.domain.intents import CancelOrder, Intent, PlaceOrder, QueryOrder
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.exchanges.base import Balance
from arbitrage.pairs import Pairs, Selection
from arbitrage.steps import Ask, AskBalances, Send, Steps, Work

Books = list[OrderBookSnapshot | None]


class Talk:
    """Steps of one route, and a hand that answers every wish."""

    def __init__(self, **terms: Any) -> None:
        self.clock = Clock()
        config = ArbitrageConfig(
            slippage_bps=0.0, taker_fee_a_bps=0.0, taker_fee_b_bps=0.0, fx=1400.0, **terms
        )
        self.engine = ArbitrageEngine(config)
        a, b = PaperExchange(), PaperExchange()
        self.pairs = Pairs(self.engine, a, b, config, ("a", "b"))
        self.pair = self.pairs.add(A, B)
        self.steps = Steps(self.engine, self.pairs, clock_ns=self.clock.ns, on_decision=None)
        self.first = Selection((self.pair,))
        self.placed: list[PlaceOrder] = []

    def books(self, percent: float) -> Books:
        now, price = self.clock.now, 140e6 * (1 + percent / 100)
        return [book(A, price - 1, price + 1, at=now), book(B, 1e5, 1e5 + 0.01, at=now)]

    def begin(self) -> None:
        """Let the engine learn what the exchanges own."""
        owned = {
            "a": [Balance("KRW", Decimal(KRW))],
            "b": [Balance("USDT", Decimal(USDT))],
        }
        work = self.steps.learn_balances()
        assert isinstance(next(work), AskBalances)
        finish(work, owned)

    def open(self) -> Work[bool]:
        """A step that has come as far as to want two orders placed."""
        self.begin()
        work = self.steps.step(self.first)
        assert isinstance(next(work), Ask)
        wish = work.send(self.books(-2))
        assert isinstance(wish, Send)
        self.placed = [intent for intent in wish.intents if isinstance(intent, PlaceOrder)]
        assert len(self.placed) == 2
        return work

    def answer(self, intent: Intent, status: OrderStatus, share: str = "0") -> Order:
        """The exchange's word on an order of which `share` has filled at its limit."""
        order = self.engine.desk.order(intent.client_id)
        qty = order.intent.qty * Decimal(share)
        assert order.intent.price is not None
        return msgspec.structs.replace(
            order, status=status, filled_qty=qty, filled_cost=qty * order.intent.price
        )

    @property
    def live(self) -> int:
        return len(self.engine.accounts.live_orders())


def finish(work: Work[Any], answer: Any) -> Any:
    """Send the last answer; returns what the work came to."""
    with pytest.raises(StopIteration) as ended:
        work.send(answer)
    return ended.value.value


def kinds(wish: Any) -> list[type]:
    assert isinstance(wish, Send)
    return [type(intent) for intent in wish.intents]


def filled(talk: Talk) -> list[Order]:
    return [talk.answer(intent, OrderStatus.FILLED, "1") for intent in talk.placed]


def test_the_first_step_asks_what_is_owned_before_it_asks_for_books() -> None:
    talk = Talk()
    work = talk.steps.step(talk.first)
    assert isinstance(next(work), AskBalances)
    wish = work.send({"a": [Balance("KRW", Decimal(7), Decimal(2))], "b": []})
    assert isinstance(wish, Ask)
    assert wish.symbols == (f"a:{A}", f"b:{B}")
    assert talk.engine.accounts.ledger.balance("a", "KRW") == 9
    assert finish(work, talk.books(0)) is True
    assert isinstance(next(talk.steps.step(talk.first)), Ask)


def test_balances_that_were_not_had_are_asked_for_again_and_nothing_is_traded() -> None:
    talk = Talk()
    work = talk.steps.step(talk.first)
    next(work)
    assert isinstance(work.send(None), Ask)
    finish(work, talk.books(-2))
    assert talk.pair.route.refusals == {"balance": 1}
    assert isinstance(next(talk.steps.see(talk.pair)), AskBalances)


def test_of_two_first_steps_at_once_only_one_takes_the_balances_in() -> None:
    talk = Talk()
    one, two = talk.steps.learn_balances(), talk.steps.learn_balances()
    next(one), next(two)
    finish(one, {"a": [Balance("KRW", Decimal(7))]})
    finish(two, {"a": [Balance("KRW", Decimal(9))]})
    assert talk.engine.accounts.ledger.balance("a", "KRW") == 7


def test_filled_orders_end_the_step_as_a_success() -> None:
    talk = Talk()
    work = talk.open()
    assert finish(work, filled(talk)) is True
    assert (talk.steps.opened, talk.live) == (1, 0)


@pytest.mark.parametrize("books", [[None, None], [None, 1], [1, None]])
def test_a_missing_leg_is_no_success_and_timers_run_all_the_same(books: Sequence[Any]) -> None:
    talk = Talk()
    talk.begin()
    work = talk.steps.step(talk.first)
    next(work)
    seen = [
        book if place is not None else None
        for place, book in zip(books, talk.books(0), strict=True)
    ]
    assert finish(work, seen) is False
    assert talk.engine.now_ns == talk.clock.ns()


def test_time_never_goes_back_at_the_door() -> None:
    talk = Talk()
    first = talk.steps.stamp()
    talk.clock.now -= 100
    assert talk.steps.stamp() == first


def test_a_partial_fill_is_hedged_within_the_step() -> None:
    talk = Talk()
    work = talk.open()
    one, two = talk.placed
    wish = work.send(
        [
            talk.answer(one, OrderStatus.FILLED, "1"),
            talk.answer(two, OrderStatus.CANCELED, "0.4"),
        ]
    )
    (hedge,) = wish.intents
    assert isinstance(hedge, PlaceOrder)
    assert (hedge.venue, hedge.purpose.value) == ("b", "hedge")
    assert hedge.qty == one.qty - two.qty * Decimal("0.4")
    assert finish(work, [talk.answer(hedge, OrderStatus.FILLED, "1")]) is True


def test_hedges_without_end_do_not_keep_a_step_from_ending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("arbitrage.steps._MAX_ROUNDS_PER_STEP", 1)
    talk = Talk()
    work = talk.open()
    one, two = talk.placed
    answers = [
        talk.answer(one, OrderStatus.FILLED, "1"),
        talk.answer(two, OrderStatus.CANCELED),
    ]
    assert finish(work, answers) is True
    assert talk.steps.has_pending


def test_an_order_in_flight_is_asked_for_by_the_next_step_before_any_book() -> None:
    talk = Talk()
    work = talk.open()
    finish(work, [talk.answer(each, OrderStatus.IN_FLIGHT) for each in talk.placed])
    work = talk.steps.step(talk.first)
    assert kinds(next(work)) == [QueryOrder, QueryOrder]
    assert isinstance(work.send(filled(talk)), Ask)
    assert finish(work, talk.books(-2)) is True
    assert talk.live == 0


def test_a_filled_order_that_is_not_full_is_in_doubt_and_asked_for() -> None:
    talk = Talk()
    work = talk.open()
    finish(work, [talk.answer(each, OrderStatus.FILLED, "0.5") for each in talk.placed])
    assert kinds(next(talk.steps.step(talk.first))) == [QueryOrder, QueryOrder]


def test_what_an_abandoned_step_sent_is_asked_for_by_the_next() -> None:
    talk = Talk()
    talk.open().close()
    work = talk.steps.step(talk.first)
    assert kinds(next(work)) == [QueryOrder, QueryOrder]
    gone = [talk.answer(each, OrderStatus.NEVER_EXISTED) for each in talk.placed]
    assert isinstance(work.send(gone), Ask)
    assert (talk.live, talk.steps.closed) == (0, 1)


def test_what_one_step_is_sending_another_does_not_ask_for() -> None:
    talk = Talk()
    sending = talk.open()
    other = talk.steps.step(talk.first)
    assert isinstance(next(other), Ask)
    talk.clock.now += 60  # the engine is in doubt by now, and wants to ask
    assert finish(other, talk.books(-2)) is True
    assert finish(sending, filled(talk)) is True
    assert talk.live == 0


def test_leaving_takes_back_what_was_never_sent() -> None:
    talk = Talk()
    talk.begin()
    (trade,) = talk.steps.look(talk.pair.events(talk.books(-2)))
    assert talk.live == 2
    assert list(talk.steps.leave_nothing()) == []
    assert (talk.live, trade.is_open) == (0, False)


def test_leaving_drops_a_question_that_nobody_needs_an_answer_to() -> None:
    talk = Talk()
    talk.open().close()
    talk.clock.now += 60
    talk.steps.tick_if_due(talk.clock.ns())
    assert talk.steps.has_pending
    assert kinds(next(talk.steps.leave_nothing())) == [CancelOrder, CancelOrder]
    assert not talk.steps.has_pending


def test_leaving_cancels_what_is_live_and_asks_once_more_for_what_stays_so() -> None:
    talk = Talk()
    talk.open().close()
    work = talk.steps.leave_nothing()
    assert kinds(next(work)) == [CancelOrder, CancelOrder]
    in_flight = [talk.answer(each, OrderStatus.IN_FLIGHT) for each in talk.placed]
    assert kinds(work.send(in_flight)) == [QueryOrder, QueryOrder]
    assert finish(work, filled(talk)) is None
    assert talk.live == 0


def test_leaving_hedges_a_leg_that_filled_after_all() -> None:
    talk = Talk()
    talk.open().close()
    work = talk.steps.leave_nothing()
    next(work)
    one, two = talk.placed
    wish = work.send(
        [
            talk.answer(one, OrderStatus.FILLED, "1"),
            talk.answer(two, OrderStatus.CANCELED),
        ]
    )
    (hedge,) = wish.intents
    assert isinstance(hedge, PlaceOrder)
    finish(work, [talk.answer(hedge, OrderStatus.FILLED, "1")])
    assert talk.pair.route.trades[0].residual == 0


def test_a_late_answer_to_a_stranger_changes_nothing() -> None:
    talk = Talk()
    work = talk.open()
    stranger = msgspec.structs.replace(
        talk.answer(talk.placed[0], OrderStatus.OPEN),
        intent=msgspec.structs.replace(talk.placed[0], client_id="somebody's"),
    )
    finish(work, [*filled(talk), stranger])
    assert (talk.live, talk.engine.desk.unknown_updates) == (0, 1)


def test_an_unknown_symbol_becomes_a_route_when_both_exchanges_have_a_book() -> None:
    talk = Talk()
    talk.begin()
    eth = "ETH-USDT"
    work = talk.steps.step(talk.pairs.select([eth]))
    wish = next(work)
    assert isinstance(wish, Ask)
    assert wish.symbols == [f"a:{eth}", f"b:{eth}"]
    wish = work.send([book(eth, 1, 2, at=talk.clock.now)] * 2)
    assert isinstance(wish, Ask)
    assert finish(work, [book(eth, 1, 2, at=talk.clock.now)] * 2) is True
    assert f"a:{eth},b:{eth}" in talk.engine.routes


def test_two_steps_that_find_one_symbol_make_one_route_of_it() -> None:
    talk = Talk()
    talk.begin()
    eth = "ETH-USDT"
    one, two = (talk.steps.step(talk.pairs.select([eth])) for _ in range(2))
    next(one), next(two)
    seen = [book(eth, 1, 2, at=talk.clock.now)] * 2
    one.send(seen), two.send(seen)
    assert finish(one, seen) is True
    assert finish(two, seen) is True
    assert len(talk.engine.routes) == 2


def test_a_symbol_that_one_exchange_lacks_is_no_route_and_no_success() -> None:
    talk = Talk()
    talk.begin()
    work = talk.steps.step(talk.pairs.select(["ETH-USDT", A]))
    next(work)
    wish = work.send([book("ETH-USDT", 1, 2, at=talk.clock.now), None])
    assert isinstance(wish, Ask)
    assert finish(work, talk.books(0)) is False
    assert len(talk.engine.routes) == 1


def test_only_the_orders_of_the_trades_that_are_named_are_executed() -> None:
    talk = Talk()
    talk.begin()
    (trade,) = talk.steps.look(talk.pair.events(talk.books(-2)))
    assert finish_empty(talk.steps.execute({"another trade"})) == []
    work = talk.steps.execute({trade.trade_id})
    assert kinds(next(work)) == [PlaceOrder, PlaceOrder]
    work.close()


def finish_empty(work: Work[list[Order]]) -> list[Order]:
    """Run work that has no wish."""
    with pytest.raises(StopIteration) as ended:
        next(work)
    orders: list[Order] = ended.value.value
    return orders
