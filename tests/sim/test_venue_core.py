from decimal import Decimal

import pytest
from sim_core import PERPETUAL, SPOT, START_NS, VENUE, SimDesk

from arbitrage.domain.events import BookDelta, BookQuote, BookSnapshot, Funding
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.sim.core_events import (
    BalanceChanged,
    FundingPaid,
    Liquidated,
    OrderChanged,
    PositionChanged,
    PublicTrade,
)


@pytest.fixture
def desk() -> SimDesk:
    desk = SimDesk()
    desk.book(bids=[(100.0, 5.0), (99.0, 5.0)], asks=[(103.0, 2.0), (104.0, 5.0)])
    desk.book(bids=[(100.0, 50.0)], asks=[(101.0, 50.0)], symbol=PERPETUAL)
    desk.told.clear()
    return desk


# --- the public side -----------------------------------------------------------------------------


def test_books_are_told_in_sequence(desk: SimDesk) -> None:
    desk.clock_ns += 5
    desk.book(bids=[(99.0, 1.0)], asks=[(102.0, 1.0)])
    desk.core.on_market(BookQuote(0, VENUE, SPOT, 98.0, 1.0, 101.0, 2.0))
    first, second = desk.all_told(BookSnapshot)
    assert (first.seq, second.seq) == (2, 3)
    assert (first.ts_ns, second.asks) == (START_NS + 5, [(101.0, 2.0)])


def test_deltas_change_the_book_shown(desk: SimDesk) -> None:
    desk.core.on_market(BookDelta(0, VENUE, SPOT, [(100.0, 0.0)], [(102.0, 1.0)], 1, 0))
    book = desk.core.book(SPOT)
    assert book is not None
    assert (book.bids, book.asks[0]) == ([(99.0, 5.0)], (102.0, 1.0))


def test_a_delta_that_does_not_follow_shows_nothing(desk: SimDesk) -> None:
    desk.core.on_market(BookDelta(0, VENUE, SPOT, [], [(102.0, 1.0)], 9, 8))
    assert desk.told == []


def test_what_is_not_listed_is_ignored(desk: SimDesk) -> None:
    desk.core.on_market(BookSnapshot(0, "other", SPOT, [(1.0, 1.0)], []))
    desk.core.on_market(BookSnapshot(0, VENUE, "KRW-ETH", [(1.0, 1.0)], []))
    assert desk.told == []


def test_public_trades_go_on_the_tape_stamped_by_the_venue(desk: SimDesk) -> None:
    desk.core.skew_ns = 7
    desk.trade(100.0, 0.5, Side.SELL)
    (printed,) = desk.all_told(PublicTrade)
    assert printed.trade.ts_ns == START_NS + 7
    assert list(desk.core.tape(SPOT).trades) == [printed]


def test_what_we_take_is_a_public_trade(desk: SimDesk) -> None:
    order = desk.buy("1", "103")
    (printed,) = desk.all_told(PublicTrade)
    assert (printed.trade.price, printed.trade.qty, printed.trade.side) == (103.0, 1.0, Side.BUY)
    assert printed.trade_id == order.fills[0].trade_id


def test_a_public_trade_that_fills_us_is_printed_once(desk: SimDesk) -> None:
    desk.buy("2", "101")
    desk.trade(100.0, 0.5, Side.SELL)
    assert len(desk.all_told(PublicTrade)) == 1


def test_a_book_that_moves_through_us_prints_a_trade_of_the_other_side(desk: SimDesk) -> None:
    order = desk.buy("2", "101")
    desk.book(bids=[], asks=[(101.0, 1.0)])
    assert order.filled_qty == 1
    (printed,) = desk.all_told(PublicTrade)
    assert printed.trade.side is Side.SELL


def test_a_frozen_book_stands_still_while_the_market_goes_on(desk: SimDesk) -> None:
    desk.core.is_frozen = lambda symbol: symbol == SPOT
    desk.book(bids=[(90.0, 1.0)], asks=[(91.0, 1.0)])
    book = desk.core.book(SPOT)
    assert book is not None
    assert book.bids[0] == (100.0, 5.0)
    assert desk.buy("2", "103").fills[0].price == 91
    desk.book(bids=[(90.0, 1.0)], asks=[(91.0, 1.0)], symbol=PERPETUAL)
    assert {told.symbol for told in desk.all_told(BookSnapshot)} == {PERPETUAL}


def test_who_no_longer_listens_hears_nothing(desk: SimDesk) -> None:
    desk.core.unlisten(desk.told.append)
    desk.trade(100.0, 0.5, Side.SELL)
    assert desk.told == []


# --- time ----------------------------------------------------------------------------------------


def test_the_venues_clock_may_be_skewed_but_never_runs_back_by_itself(desk: SimDesk) -> None:
    desk.clock_ns += 100
    assert desk.core.now_ns == START_NS + 100
    desk.clock_ns -= 50
    assert desk.core.now_ns == START_NS + 100
    desk.core.skew_ns = -3_000
    assert desk.core.now_ns == START_NS - 2_900
    assert desk.buy("1", "101").created_ns == START_NS - 2_900


# --- the account ---------------------------------------------------------------------------------


def test_balances_are_told_when_they_change_and_by_how_much(desk: SimDesk) -> None:
    order = desk.buy("2", "100")
    desk.core.cancel(order)
    locked, freed = desk.all_told(BalanceChanged)
    assert (locked.currency, locked.locked, locked.delta) == ("KRW", Decimal("200.1"), 0)
    assert (freed.locked, freed.delta) == (0, 0)
    desk.told.clear()
    desk.buy("1", "103")
    deltas = {told.currency: told.delta for told in desk.all_told(BalanceChanged)}
    assert deltas == {"BTC": 1, "KRW": -Decimal("103.0515")}


def test_positions_are_told_and_their_pnl_is_in_the_fill(desk: SimDesk) -> None:
    desk.buy("1", "101", symbol=PERPETUAL)
    order = desk.sell("1", "100", symbol=PERPETUAL)
    assert order.fills[0].realised_pnl == -1
    assert [told.symbol for told in desk.all_told(PositionChanged)] == [PERPETUAL] * 2
    assert desk.core.position(PERPETUAL).position.qty == 0


def test_leverage_changes_what_is_locked(desk: SimDesk) -> None:
    desk.buy("10", "101", symbol=PERPETUAL)
    assert desk.locked("USDT") == pytest.approx(Decimal("202") + 5)  # margin, loss at the mid
    desk.core.set_leverage(PERPETUAL, 10)
    assert desk.core.initial_margin(PERPETUAL) == Decimal("0.1")
    assert desk.locked("USDT") == pytest.approx(Decimal("101") + 5)


def test_fees_are_those_of_the_setup(desk: SimDesk) -> None:
    assert desk.core.fees(SPOT).taker_bps == 5.0


# --- funding -------------------------------------------------------------------------------------


def test_funding_is_paid_once_when_it_falls_due(desk: SimDesk) -> None:
    desk.buy("10", "101", symbol=PERPETUAL)
    due_ns = START_NS + 100
    desk.fund(0.001, due_ns, mark_price=100.0)
    desk.clock_ns = due_ns - 1
    desk.core.catch_up()
    assert desk.all_told(FundingPaid) == []
    desk.clock_ns = due_ns + 1
    desk.core.catch_up()
    desk.fund(0.002, due_ns, mark_price=100.0)
    desk.core.catch_up()
    (paid,) = desk.all_told(FundingPaid)
    assert (paid.amount, paid.currency, paid.rate) == (-1, "USDT", Decimal("0.001"))


def test_the_last_word_before_it_falls_due_counts(desk: SimDesk) -> None:
    desk.sell("10", "100", symbol=PERPETUAL)
    desk.fund(0.001, START_NS + 100, mark_price=100.0)
    desk.fund(0.002, START_NS + 100, mark_price=100.0)
    desk.clock_ns += 200
    desk.fund(0.003, START_NS + 1_000, mark_price=100.0)
    (paid,) = desk.all_told(FundingPaid)
    assert paid.amount == 2
    announced = desk.core.funding(PERPETUAL)
    assert announced is not None
    assert announced.rate == 0.003
    assert len(desk.all_told(Funding)) == 3


def test_who_is_flat_pays_no_funding(desk: SimDesk) -> None:
    desk.fund(0.001, START_NS + 100)
    desk.clock_ns += 200
    desk.core.catch_up()
    assert desk.all_told(FundingPaid) == []


# --- liquidation ---------------------------------------------------------------------------------


def test_what_margin_no_longer_covers_is_liquidated_and_told(desk: SimDesk) -> None:
    desk.buy("45", "101", symbol=PERPETUAL)
    resting = desk.buy("0.01", "60", symbol=PERPETUAL)
    desk.book(bids=[(79.1, 90.0)], asks=[(79.3, 90.0)], symbol=PERPETUAL)
    (liquidated,) = desk.all_told(Liquidated)
    assert liquidated.symbols == (PERPETUAL,)
    assert desk.core.position(PERPETUAL).position.qty == 0
    assert (resting.status, resting.reason) == (OrderStatus.CANCELED, "liquidation")


def test_after_a_liquidation_pnl_starts_from_flat(desk: SimDesk) -> None:
    desk.buy("45", "101", symbol=PERPETUAL)
    desk.book(bids=[(79.1, 90.0)], asks=[(79.3, 90.0)], symbol=PERPETUAL)
    desk.buy("0.1", "80", symbol=PERPETUAL)
    assert desk.sell("0.1", "79", symbol=PERPETUAL).fills[0].realised_pnl == Decimal("-0.02")


# --- faults --------------------------------------------------------------------------------------


def test_a_raced_cancel_comes_too_late(desk: SimDesk) -> None:
    before, order = desk.buy("1", "102"), desk.buy("2", "101")
    desk.core.race_next_cancel()
    assert not desk.core.cancel(order)
    assert (order.status, before.status) == (OrderStatus.FILLED, OrderStatus.FILLED)
    later = desk.buy("1", "101")
    assert desk.core.cancel(later)


def test_a_raced_cancel_of_a_closed_order_changes_nothing(desk: SimDesk) -> None:
    order = desk.buy("1", "103")
    desk.core.race_next_cancel()
    assert not desk.core.cancel(order)
    assert len(order.fills) == 1


def test_an_order_that_would_be_refused_is_known_without_placing_it(desk: SimDesk) -> None:
    assert desk.core.refusal(desk.order(Side.BUY, "0.1", "100")) == "min_notional"
    assert desk.core.refusal(desk.order(Side.BUY, "2", "100")) is None
    assert desk.all_told(OrderChanged) == []
