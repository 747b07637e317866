from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from arbitrage.domain.errors import ConfigError, InvariantBroken
from arbitrage.domain.events import (
    BookDelta,
    BookQuote,
    Books,
    BookSnapshot,
    Funding,
    FundingPayment,
    MarketTrade,
    OrderUpdate,
    Tick,
)
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.fx import FxQuote
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, PlaceOrder, TimeInForce
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.engine.session import NEVER
from arbitrage.exchanges.paper.history import CLOSED_LIMIT
from arbitrage.exchanges.paper.venue import PaperVenue

SPOT, SWAP = "KRW-BTC", "BTC-USDT-SWAP"
IOC = TimeInForce.IOC
DeskOf = Callable[..., Any]


@pytest.fixture
def desk(desk_of: DeskOf) -> Any:
    desk = desk_of(KRW=10_000, BTC=10)
    desk.book([(99.0, 1.0)], [(101.0, 1.0)])
    return desk


# --- time -------------------------------------------------------------------------------------


def test_nothing_pending_is_never_due() -> None:
    venue = PaperVenue("paper")
    assert venue.next_due_ns == NEVER
    with pytest.raises(IndexError):
        venue.pop_due()


def test_an_order_meets_the_book_of_its_arrival_and_is_answered_later(desk_of: DeskOf) -> None:
    desk = desk_of(KRW=1_000).with_options(latency_ns=50, answer_latency_ns=30)
    desk.book([], [(100.0, 1.0)])
    order = desk.order(Side.BUY, "1", "200", IOC)
    desk.send(order)
    assert desk.venue.next_due_ns == 1_050
    desk.now_ns = 1_049
    desk.book([], [(150.0, 1.0)])
    desk.advance(1)
    assert desk.events == []
    assert desk.venue.next_due_ns == 1_080
    desk.advance(30)
    (answer,) = desk.events
    assert (answer.ts_ns, answer.filled_cost) == (1_080, 150)
    assert desk.venue.next_due_ns == NEVER


def test_at_one_instant_what_was_scheduled_first_comes_first(desk: Any) -> None:
    first, second = (desk.order(Side.BUY, "1", "101", IOC) for _ in range(2))
    desk.venue.send((first, second), desk.now_ns)
    desk.run()
    assert [event.filled_qty for event in desk.events] == [1, 0]


def test_a_cancel_overtaken_by_a_fill_changes_nothing(desk_of: DeskOf) -> None:
    desk = desk_of(KRW=1_000).with_options(latency_ns=50)
    desk.book([(99.0, 1.0)], [(101.0, 1.0)])
    order = desk.order(Side.BUY, "1", "100")
    desk.send(order)
    desk.advance(50)
    desk.cancel(order.client_id)
    desk.book([], [(99.5, 1.0)])
    desk.advance(50)
    assert [update.status for update in desk.updates(order.client_id)] == [
        OrderStatus.OPEN,
        OrderStatus.FILLED,
        OrderStatus.FILLED,
    ]


def test_negative_latencies_are_refused() -> None:
    with pytest.raises(ConfigError, match="expected zero or more"):
        PaperVenue("paper", latency_ns=-1)
    with pytest.raises(ConfigError):
        PaperVenue("paper", answer_latency_ns=-1)


# --- events -----------------------------------------------------------------------------------


def test_events_of_others_are_ignored(desk: Any) -> None:
    desk.feed(BookSnapshot(desk.now_ns, "other", SPOT, [], [(1.0, 9.0)]))
    desk.feed(MarketTrade(desk.now_ns, "other", SPOT, 1.0, 9.0, Side.BUY))
    desk.feed(BookQuote(desk.now_ns, "other", SPOT, 1.0, 9.0, 2.0, 9.0))
    desk.feed(BookDelta(desk.now_ns, "other", SPOT, [], [(1.0, 9.0)], 1, 0))
    desk.feed(Funding(desk.now_ns, "other", SWAP, 0.1, 5_000))
    assert desk.venue.next_due_ns == NEVER
    desk.feed(FxQuote(desk.now_ns, "USDT", "KRW", 1.0, 2.0))
    desk.feed(Tick(desk.now_ns))
    assert desk.buy("1", "101", IOC).filled_cost == 101


def test_books_asked_for_together_are_taken_in_one_by_one(desk: Any) -> None:
    ours = BookSnapshot(1, "paper", SPOT, [], [(90.0, 1.0)])
    foreign = BookSnapshot(1, "other", SPOT, [], [(1.0, 1.0)])
    desk.feed(Books(desk.now_ns, [ours, foreign]))
    assert desk.buy("1", "101", IOC).filled_cost == 90


def test_quotes_and_deltas_are_books_too(desk: Any) -> None:
    desk.quote(99.0, 1.0, 100.0, 1.0)
    assert desk.buy("2", "101", IOC).filled_cost == 100
    desk.book([(99.0, 1.0)], [(101.0, 1.0)], seq=1)
    order = desk.buy("1", "100")
    desk.delta([], [(99.5, 1.0)], seq=2, prev_seq=1)
    assert desk.last(order.client_id).filled_cost == 100


def test_a_broken_book_refuses_takers_until_it_is_whole(desk: Any) -> None:
    desk.book([(99.0, 1.0)], [(101.0, 1.0)], seq=1)
    desk.delta([], [(100.0, 1.0)], seq=9, prev_seq=8)
    assert desk.buy("1", "101", IOC).reason == "no_book"
    desk.book([(99.0, 1.0)], [(101.0, 1.0)], seq=10)
    assert desk.buy("1", "101", IOC).filled_qty == 1


# --- orders -----------------------------------------------------------------------------------


def test_an_intent_of_another_venue_is_our_own_error(desk: Any) -> None:
    stray = CancelOrder(client_id="s1", venue="other", symbol=SPOT)
    with pytest.raises(InvariantBroken, match="CancelOrder s1 for other was given to paper"):
        desk.venue.send((stray,), 0)


def test_a_client_id_used_twice_is_refused_and_the_first_order_goes_on(desk: Any) -> None:
    order = desk.order(Side.BUY, "2", "101")
    desk.send(order)
    desk.send(order)
    refused = desk.last(order.client_id)
    assert (refused.status, refused.reason) == (OrderStatus.REJECTED, "duplicate_client_id")
    assert refused.filled_qty == 1
    desk.book([], [(100.0, 5.0)])
    assert desk.last(order.client_id).status is OrderStatus.FILLED
    assert desk.total("BTC") == 12


def test_a_query_answers_with_the_record(desk: Any) -> None:
    order = desk.buy("2", "101")
    desk.query(order.client_id)
    assert desk.last(order.client_id) == order
    desk.query("stranger")
    assert desk.last("stranger").status is OrderStatus.NEVER_EXISTED


def test_memory_stays_flat_and_a_forgotten_order_is_neither_reused_nor_denied(desk: Any) -> None:
    first = desk.order(Side.BUY, "1", "0.5", IOC)
    desk.send(first)
    for _ in range(CLOSED_LIMIT + 5):
        desk.venue.send((desk.order(Side.BUY, "1", "0.5", IOC),), desk.now_ns)
        desk.run()
        desk.events.clear()
    assert len(desk.venue._execution.orders) == CLOSED_LIMIT
    desk.query(first.client_id)
    assert desk.last(first.client_id).status is OrderStatus.IN_DOUBT
    desk.send(first)
    assert desk.last(first.client_id).reason == "duplicate_client_id"


def test_a_venue_of_nothing_but_a_name_serves_any_readable_symbol() -> None:
    venue = PaperVenue("paper")
    assert venue.instrument("KRW-ETH").venue == "paper"
    assert venue.fees("KRW-ETH") == FeeSchedule()
    assert venue.balances() == {}
    assert venue.balance("KRW").total == 0


# --- funding ----------------------------------------------------------------------------------


@pytest.fixture
def short_desk(desk_of: DeskOf, perpetual_of: Callable[..., Instrument]) -> Any:
    """Short 2 contracts at 100, with 100 USDT."""
    desk = desk_of(USDT=100).with_options(instruments={SWAP: perpetual_of()}, answer_latency_ns=5)
    desk.book([(100.0, 9.0)], [(100.0, 9.0)], SWAP)
    desk.send(desk.order(Side.SELL, "2", "100", IOC, symbol=SWAP))
    desk.advance(5)
    return desk


def payments(desk: Any) -> list[FundingPayment]:
    return [event for event in desk.events if isinstance(event, FundingPayment)]


def test_shorts_receive_a_positive_rate_at_the_announced_time(short_desk: Any) -> None:
    short_desk.fund(0.01, 2_000, mark_price=110.0)
    short_desk.now_ns = 1_999
    short_desk.run()
    assert payments(short_desk) == []
    short_desk.advance(6)
    assert payments(short_desk) == [FundingPayment(2_005, "paper", SWAP, "USDT", Decimal("2.2"))]
    assert short_desk.total("USDT") == Decimal("102.2")


def test_the_last_word_before_the_time_counts_and_it_is_paid_once(short_desk: Any) -> None:
    for rate in (0.01, 0.02, -0.01):
        short_desk.fund(rate, 2_000, mark_price=100.0)
    short_desk.advance(2_000)
    short_desk.fund(0.05, 2_000, mark_price=100.0)  # the venue still announces the past
    short_desk.advance(2_000)
    assert [payment.amount for payment in payments(short_desk)] == [-2]


def test_a_moved_time_is_settled_when_it_comes(short_desk: Any) -> None:
    short_desk.fund(0.01, 2_000, mark_price=100.0)
    short_desk.fund(0.01, 3_000, mark_price=100.0)
    short_desk.fund(0.01, 2_000, mark_price=100.0)
    short_desk.fund(0.01, 3_000, mark_price=100.0)
    short_desk.advance(5_000)
    assert [payment.ts_ns for payment in payments(short_desk)] == [3_005]


def test_a_time_already_past_is_not_settled(short_desk: Any) -> None:
    short_desk.fund(0.01, 900, mark_price=100.0)
    short_desk.advance(5_000)
    assert payments(short_desk) == []


def test_without_a_position_nothing_is_paid(desk_of: DeskOf) -> None:
    desk = desk_of(USDT=100)
    desk.fund(0.01, 2_000)
    desk.advance(5_000)
    assert desk.events == []


def test_funding_can_liquidate(short_desk: Any) -> None:
    short_desk.fund(-0.4999, 2_000, mark_price=100.0)
    short_desk.advance(5_000)
    assert short_desk.venue.positions() == []
    assert short_desk.total("USDT") == Decimal("0.02")


def test_positions_are_listed_by_symbol(desk_of: DeskOf) -> None:
    desk = desk_of(USDT=1_000, USDC=1_000)
    for symbol in ("XRP-USDT-SWAP", "ADA-USDC-SWAP", "BTC-USDT-SWAP"):
        desk.book([], [(100.0, 9.0)], symbol)
        desk.buy("1", "100", IOC, symbol=symbol)
    symbols = [position.symbol for position in desk.venue.positions()]
    assert symbols == ["ADA-USDC-SWAP", "BTC-USDT-SWAP", "XRP-USDT-SWAP"]


def test_totals_suit_the_engines_record_of_the_order(desk: Any) -> None:
    """`Order.apply` raises if any total shrinks."""
    intent: PlaceOrder = desk.order(Side.BUY, "5", "101")
    order = Order(intent=intent, sent_ns=0)
    desk.send(intent)
    for ask in (100.5, 100.0, 99.0, 98.0):
        desk.book([], [(ask, 1.0)])
    for update in desk.events:
        assert isinstance(update, OrderUpdate)
        order.apply(update)
    assert (order.status, order.filled_qty, order.filled_cost) == (OrderStatus.FILLED, 5, 505)
