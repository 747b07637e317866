"""Wishes come true through either face, and no error passes for an answer."""

import asyncio
from collections.abc import Generator
from decimal import Decimal
from typing import Any

import pytest
from two_venues import A, book

from arbitrage import OrderBookSnapshot, PaperExchange, RestMarketDataProvider
from arbitrage.carrier import Carrier
from arbitrage.domain.errors import ConfigError, OrderRefused, RateLimited
from arbitrage.domain.intents import CancelOrder, Intent, PlaceOrder, Purpose, QueryOrder
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.base import Balance
from arbitrage.steps import Ask, AskBalances, Send

NOW = 1_700_000_000.0
ORDER = PlaceOrder(
    client_id="s1",
    venue="engine's name",
    symbol=A,
    side=Side.BUY,
    qty=Decimal("0.5"),
    price=Decimal(1000),
    purpose=Purpose.HEDGE,
    trade_id="t1",
)
RECORD = Order(intent=ORDER, sent_ns=7, filled_qty=Decimal("0.1"), filled_cost=Decimal(100))


class Venue(PaperExchange):
    """A paper exchange that raises what it is told to."""

    in_memory = True
    error: Exception | None = None

    def fail(self) -> None:
        if self.error is not None:
            raise self.error

    def submit(self, intent: PlaceOrder) -> Order:
        self.fail()
        return super().submit(intent)

    def cancel_order(self, order_id: str | Order) -> Order:
        self.fail()
        return super().cancel_order(order_id)

    def get_order(self, order_id: str | Order) -> Order:
        self.fail()
        return super().get_order(order_id)

    def get_balance(self, currency: str | None = None) -> Any:
        self.fail()
        return super().get_balance(currency)


class Waiting(Venue):
    """The same, for a carrier that awaits what may wait."""

    in_memory = False


@pytest.fixture(params=[Venue, Waiting])
def venue(request: pytest.FixtureRequest) -> Venue:
    exchange: Venue = request.param({"KRW": 10_000})
    exchange.set_orderbook(A, book(A, 999, 1000, at=NOW))
    return exchange


@pytest.fixture
def carrier(venue: Venue) -> Carrier:
    provider = RestMarketDataProvider(exchanges={"a": venue}, clock=lambda: NOW)
    return Carrier(provider, {"engine's name": venue}, lambda _: RECORD)


@pytest.fixture(params=["sync", "async"])
def fulfil(request: pytest.FixtureRequest, carrier: Carrier) -> Any:
    """The answer to one wish."""

    def work(wish: Any) -> Generator[Any, Any, Any]:
        return (yield wish)

    if request.param == "sync":
        return lambda wish: carrier.run(work(wish))
    return lambda wish: asyncio.run(carrier.arun(work(wish)))


def send(fulfil: Any, intent: Intent) -> Order:
    (order,) = fulfil(Send([intent]))
    assert isinstance(order, Order)
    return order


def query(client_id: str = "s1") -> QueryOrder:
    return QueryOrder(client_id=client_id, venue="engine's name", symbol=A)


def cancel(client_id: str = "s1") -> CancelOrder:
    return CancelOrder(client_id=client_id, venue="engine's name", symbol=A)


def test_books_come_in_the_order_of_asking_and_none_for_what_is_missing(fulfil: Any) -> None:
    missing, found = fulfil(Ask([f"a:{A}X", f"a:{A}"]))
    assert missing is None
    assert isinstance(found, OrderBookSnapshot)


def test_an_order_goes_out_as_it_was_meant_to_the_exchange_of_the_engines_name(
    fulfil: Any, venue: Venue
) -> None:
    order = send(fulfil, ORDER)
    assert (order.status, order.filled_qty) == (OrderStatus.FILLED, Decimal("0.5"))
    assert order.intent.venue == venue.venue
    for name in ("client_id", "side", "qty", "price", "time_in_force", "purpose", "trade_id"):
        assert getattr(order.intent, name) == getattr(ORDER, name)


def test_an_order_goes_through_the_call_that_people_use(fulfil: Any, venue: Venue) -> None:
    seen: list[str] = []

    def note(symbol: str, *_: Any, **__: Any) -> Order:
        seen.append(symbol)
        return RECORD

    async def anote(symbol: str, *_: Any, **__: Any) -> Order:
        return note(symbol)

    venue.create_order, venue.acreate_order = note, anote  # type: ignore[method-assign]
    assert send(fulfil, ORDER) is RECORD
    assert seen == [A]


def test_a_query_and_a_cancel_bring_the_order_as_it_is(fulfil: Any) -> None:
    send(fulfil, ORDER)
    assert send(fulfil, query()).status is OrderStatus.FILLED
    assert send(fulfil, cancel()).status is OrderStatus.FILLED


@pytest.mark.parametrize("question", [query("unheard"), cancel("unheard")])
def test_an_order_that_its_exchange_never_had_never_existed(
    fulfil: Any, carrier: Carrier, question: Intent
) -> None:
    assert send(fulfil, question).status is OrderStatus.NEVER_EXISTED
    assert carrier.errors == 0


@pytest.mark.parametrize("error", [OrderRefused("too small", "min"), ConfigError("no such symbol")])
def test_a_definite_refusal_rejects_the_order(
    fulfil: Any, carrier: Carrier, venue: Venue, error: Exception
) -> None:
    venue.error = error
    order = send(fulfil, ORDER)
    assert (order.status, order.reason) == (OrderStatus.REJECTED, str(error))
    assert carrier.errors == 1


@pytest.mark.parametrize(
    "error", [TimeoutError("late"), RateLimited("slow down"), KeyError("x"), RuntimeError("bug")]
)
def test_any_other_error_leaves_the_order_in_doubt(
    fulfil: Any, carrier: Carrier, venue: Venue, error: Exception
) -> None:
    venue.error = error
    assert send(fulfil, ORDER).status is OrderStatus.IN_DOUBT
    assert (carrier.errors, type(error).__name__ in carrier.last_error) == (1, True)


@pytest.mark.parametrize("question", [query(), cancel()])
def test_a_question_that_fails_leaves_doubt_and_takes_no_fill_back(
    fulfil: Any, venue: Venue, question: Intent
) -> None:
    venue.error = OrderRefused("not now")
    order = send(fulfil, question)
    assert (order.status, order.filled_qty) == (OrderStatus.IN_DOUBT, RECORD.filled_qty)


def test_balances_come_by_the_engines_names(fulfil: Any) -> None:
    assert fulfil(AskBalances()) == {"engine's name": [Balance("KRW", Decimal(10_000))]}


def test_balances_that_cannot_be_had_are_not_made_up(
    fulfil: Any, carrier: Carrier, venue: Venue
) -> None:
    venue.error = TimeoutError("late")
    assert fulfil(AskBalances()) is None
    assert carrier.last_error == "TimeoutError: late"


def test_work_that_is_interrupted_is_closed_at_once(carrier: Carrier, venue: Venue) -> None:
    closed: list[bool] = []

    def work() -> Generator[Any, Any, None]:
        try:
            yield Ask([A])
        finally:
            closed.append(True)

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    venue.get_orderbook = interrupt  # type: ignore[method-assign,assignment]
    with pytest.raises(KeyboardInterrupt) as kept:
        carrier.run(work())
    assert (closed, kept.type) == ([True], KeyboardInterrupt)


def test_cancelling_while_balances_are_asked_for_is_not_an_answer(
    carrier: Carrier, venue: Venue
) -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    def work() -> Generator[Any, Any, Any]:
        return (yield AskBalances())

    venue.aget_balance = cancelled  # type: ignore[method-assign,assignment]
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(carrier.arun(work()))
