from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from arbitrage.domain.events import BalanceUpdate, VenueStatus
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side

SWAP = "BTC-USDT-SWAP"
IOC, FOK, POST_ONLY = TimeInForce.IOC, TimeInForce.FOK, TimeInForce.POST_ONLY
FILLED, OPEN = OrderStatus.FILLED, OrderStatus.OPEN
CANCELED, REJECTED = OrderStatus.CANCELED, OrderStatus.REJECTED
DeskOf = Callable[..., Any]
RulesOf = Callable[..., Instrument]


@pytest.fixture
def desk(desk_of: DeskOf) -> Any:
    """10,000 KRW and 10 BTC before a book of two levels a side around 100."""
    desk = desk_of(KRW=10_000, BTC=10)
    desk.book([(99.0, 1.0), (98.0, 2.0)], [(101.0, 1.0), (102.0, 2.0)])
    return desk


# --- taking -----------------------------------------------------------------------------------


def test_a_taker_walks_the_depth_and_pays_each_level_its_price(desk: Any) -> None:
    update = desk.buy("2", "102", IOC)
    assert (update.status, update.filled_qty, update.filled_cost) == (FILLED, 2, 203)
    assert (desk.total("KRW"), desk.total("BTC")) == (9797, 12)


def test_the_rest_of_an_ioc_order_is_cancelled(desk: Any) -> None:
    update = desk.buy("2", "101", IOC)
    assert (update.status, update.reason) == (CANCELED, "ioc_remainder")
    assert (update.filled_qty, update.filled_cost) == (1, 101)


def test_depth_taken_is_not_given_twice_until_it_is_shown_again(desk: Any) -> None:
    desk.buy("1", "101", IOC)
    assert desk.buy("1", "101", IOC).filled_qty == 0
    assert desk.buy("1", "102", IOC).filled_cost == 102
    desk.book([(99.0, 1.0)], [(101.0, 1.0), (102.0, 2.0)])
    assert desk.buy("1", "101", IOC).filled_cost == 101


def test_a_level_taken_in_parts_is_empty_when_its_parts_are_taken(desk: Any) -> None:
    filled = [desk.buy("0.4", "101", IOC).filled_qty for _ in range(4)]
    assert filled == [Decimal("0.4"), Decimal("0.4"), Decimal("0.2"), 0]


def test_fill_or_kill_is_all_or_nothing(desk: Any) -> None:
    killed = desk.buy("2", "101", FOK)
    assert (killed.status, killed.reason, killed.filled_qty) == (CANCELED, "fok_not_filled", 0)
    assert desk.total("KRW") == 10_000
    assert desk.buy("3", "102", FOK).status is FILLED


def test_a_market_order_takes_what_there_is(desk: Any) -> None:
    update = desk.sell("5")
    assert (update.status, update.filled_qty, update.filled_cost) == (CANCELED, 3, 99 + 196)
    emptied = desk.sell("1")
    assert (emptied.status, emptied.filled_qty) == (CANCELED, 0)


def test_post_only_is_refused_where_it_would_take_and_rests_where_it_would_not(desk: Any) -> None:
    refused = desk.buy("1", "101", POST_ONLY)
    assert (refused.status, refused.reason) == (REJECTED, "post_only")
    assert desk.buy("1", "100", POST_ONLY).status is OPEN


@pytest.mark.parametrize(
    ("symbol", "reason"), [("nothing", "unknown_symbol"), ("KRW-ETH", "no_book")]
)
def test_an_order_without_a_market_is_refused(desk: Any, symbol: str, reason: str) -> None:
    update = desk.buy("1", symbol=symbol)
    assert (update.status, update.reason) == (REJECTED, reason)


def test_reduce_only_means_nothing_on_spot(desk: Any) -> None:
    assert desk.buy("1", "101", IOC, reduce_only=True).status is FILLED


# --- at rest ----------------------------------------------------------------------------------


def test_what_a_limit_order_does_not_take_rests_and_locks_its_limit(desk: Any) -> None:
    update = desk.buy("3", "101")
    assert (update.status, update.filled_qty) == (OPEN, 1)
    balance = desk.venue.balance("KRW")
    assert (balance.locked, balance.total) == (202, 10_000 - 101)


def test_a_book_that_moves_through_fills_at_the_orders_own_price_as_deep_as_it_shows(
    desk: Any,
) -> None:
    order = desk.buy("3", "100")
    desk.book([(97.0, 1.0)], [(98.5, 1.0), (100.0, 1.0), (100.5, 9.0)])
    update = desk.last(order.client_id)
    assert (update.status, update.filled_qty, update.filled_cost) == (OPEN, 2, 200)
    assert desk.buy("1", "100", IOC).filled_qty == 0  # that depth is taken


def test_two_orders_at_rest_share_what_moved_through_the_better_price_first(desk: Any) -> None:
    low, high = desk.buy("2", "99.5"), desk.buy("2", "100")
    desk.book([(97.0, 1.0)], [(99.0, 3.0)])
    assert desk.last(high.client_id).filled_qty == 2
    assert desk.last(low.client_id).filled_qty == 1


def test_a_trade_at_the_price_serves_the_queue_before_us(desk: Any) -> None:
    order = desk.buy("2", "99")
    desk.trade(99.0, 1.5, Side.SELL)
    update = desk.last(order.client_id)
    assert (update.filled_qty, update.filled_cost) == (Decimal("0.5"), Decimal("49.5"))
    desk.trade(99.0, 5.0, Side.SELL)
    assert desk.last(order.client_id).status is FILLED


def test_a_shrinking_display_moves_us_up_the_queue(desk: Any) -> None:
    order = desk.buy("2", "99")
    desk.book([(99.0, 0.25)], [(101.0, 1.0)])
    desk.trade(99.0, 1.0, Side.SELL)
    assert desk.last(order.client_id).filled_qty == Decimal("0.75")


def test_trades_of_the_other_side_or_short_of_the_price_fill_nothing(desk: Any) -> None:
    order = desk.buy("2", "98.5")
    desk.trade(98.0, 5.0, Side.BUY)
    desk.trade(99.0, 5.0, Side.SELL)
    assert desk.last(order.client_id).filled_qty == 0


def test_a_sale_at_rest_mirrors_a_purchase(desk: Any) -> None:
    order = desk.sell("2", "101")
    desk.trade(101.5, 0.5, Side.BUY)
    desk.book([(101.0, 1.0)], [(103.0, 1.0)])
    update = desk.last(order.client_id)
    assert (update.filled_qty, update.filled_cost) == (Decimal("1.5"), Decimal("151.5"))


def test_orders_at_rest_are_makers_and_takers_pay_more(desk_of: DeskOf) -> None:
    desk = desk_of(KRW=1_000).with_options(fees=FeeSchedule(taker_bps=100.0, maker_bps=10.0))
    desk.book([], [(100.0, 1.0)])
    order = desk.buy("2", "100")
    assert desk.last(order.client_id).fees == (("KRW", 1),)
    desk.book([], [(100.0, 1.0)])
    assert desk.last(order.client_id).fees == (("KRW", Decimal("1.1")),)
    assert desk.venue.balance("KRW").locked == 0


def test_cancelling_gives_back_what_was_locked(desk: Any) -> None:
    order = desk.buy("3", "101")
    desk.cancel(order.client_id)
    update = desk.last(order.client_id)
    assert (update.status, update.filled_qty) == (CANCELED, 1)
    assert desk.venue.balance("KRW").locked == 0
    desk.book([], [(90.0, 50.0)])
    assert desk.last(order.client_id).filled_qty == 1


def test_cancelling_what_is_closed_repeats_its_record_and_an_unknown_id_says_nothing(
    desk: Any,
) -> None:
    order = desk.buy("1", "101", IOC)
    desk.cancel(order.client_id)
    assert desk.updates(order.client_id) == [order, order]
    desk.cancel("stranger")
    assert desk.updates("stranger") == []


def test_money_locked_by_one_order_is_not_there_for_the_next(desk: Any) -> None:
    desk.buy("90", "98")
    refused = desk.buy("20", "98")
    assert (refused.status, refused.reason) == (REJECTED, "insufficient_balance")
    desk.sell("8", "103")
    assert desk.sell("3", "103").reason == "insufficient_balance"


def test_a_fee_in_the_token_being_sold_never_eats_what_rests(desk_of: DeskOf) -> None:
    """All of the token is for sale: while a part rests, no fee may be paid from it."""
    token = FeeSchedule(taker_bps=50.0, manner=FeeManner.THIRD_TOKEN, third_token="BNB")
    desk = desk_of(BNB=10).with_options(fees=token)
    desk.book([(100.0, 4.0)], [(102.0, 1.0)], "BNB-USDT")
    order = desk.sell("10", "100", symbol="BNB-USDT")
    assert (order.status, order.fees) == (OPEN, (("USDT", 2),))
    desk.book([(100.0, 4.0)], [(102.0, 1.0)], "BNB-USDT")
    assert desk.total("BNB") == 2


# --- perpetuals -------------------------------------------------------------------------------


@pytest.fixture
def perpetual_desk(desk_of: DeskOf, perpetual_of: RulesOf) -> Any:
    """100 USDT before a deep book around 100; leverage 10, contracts of one BTC."""
    desk = desk_of(USDT=100).with_options(instruments={SWAP: perpetual_of()})
    desk.book([(99.5, 50.0)], [(100.5, 50.0)], SWAP)
    return desk


def test_a_short_opens_without_the_coin_and_locks_margin(perpetual_desk: Any) -> None:
    update = perpetual_desk.sell("4", "99", IOC, symbol=SWAP)
    assert update.status is FILLED
    (position,) = perpetual_desk.venue.positions()
    assert (position.symbol, position.qty, position.entry_price) == (SWAP, -4, Decimal("99.5"))
    assert (position.margin, position.unrealised_pnl) == (Decimal("39.8"), -2)
    balance = perpetual_desk.venue.balance("USDT")
    assert (balance.available, balance.total) == (100 - Decimal("41.8"), 100)


def test_a_long_closed_higher_realises_the_difference(perpetual_desk: Any) -> None:
    perpetual_desk.buy("4", "101", IOC, symbol=SWAP)
    perpetual_desk.book([(110.5, 50.0)], [(111.5, 50.0)], SWAP)
    perpetual_desk.sell("4", symbol=SWAP, reduce_only=True)
    assert perpetual_desk.total("USDT") == 140
    assert perpetual_desk.venue.positions() == []


def test_margin_bounds_what_can_be_opened_on_both_sides(perpetual_desk: Any) -> None:
    for place in (perpetual_desk.buy, perpetual_desk.sell):
        refused = place("11", "99.5", symbol=SWAP)
        assert (refused.status, refused.reason) == (REJECTED, "insufficient_margin")
    assert perpetual_desk.buy("10", "99", symbol=SWAP).status is OPEN
    assert perpetual_desk.buy("1", "99", symbol=SWAP).reason == "insufficient_margin"


def test_a_spot_purchase_cannot_spend_margin_in_use(perpetual_desk: Any) -> None:
    perpetual_desk.buy("9", "101", IOC, symbol=SWAP)
    perpetual_desk.book([], [(10.0, 5.0)], "ETH-USDT")
    assert perpetual_desk.buy("1", "10", symbol="ETH-USDT").reason == "insufficient_balance"


def test_reduce_only_fills_the_position_at_most(perpetual_desk: Any) -> None:
    refused = perpetual_desk.sell("4", "99", IOC, symbol=SWAP, reduce_only=True)
    assert (refused.status, refused.reason) == (REJECTED, "reduce_only")
    perpetual_desk.buy("3", "101", IOC, symbol=SWAP)
    cut = perpetual_desk.sell("4", "99", IOC, symbol=SWAP, reduce_only=True)
    assert (cut.status, cut.filled_qty) == (CANCELED, 3)
    assert perpetual_desk.venue.positions() == []


def test_reducing_needs_no_margin(perpetual_desk: Any) -> None:
    perpetual_desk.buy("9", "101", IOC, symbol=SWAP)
    assert perpetual_desk.sell("9", "102", symbol=SWAP).status is OPEN
    assert perpetual_desk.sell("9", "102", symbol=SWAP).reason == "insufficient_margin"


def test_a_resting_reduce_only_order_dies_with_its_position(perpetual_desk: Any) -> None:
    perpetual_desk.buy("3", "101", IOC, symbol=SWAP)
    order = perpetual_desk.sell("3", "102", symbol=SWAP, reduce_only=True)
    perpetual_desk.sell("2", "99", IOC, symbol=SWAP)
    perpetual_desk.trade(103.0, 1.0, Side.BUY, SWAP)
    assert perpetual_desk.last(order.client_id).filled_qty == 1
    perpetual_desk.trade(103.0, 1.0, Side.BUY, SWAP)
    update = perpetual_desk.last(order.client_id)
    assert (update.status, update.reason) == (CANCELED, "reduce_only")


def test_an_order_that_no_longer_reduces_needs_margin_when_it_fills(perpetual_desk: Any) -> None:
    perpetual_desk.buy("9", "101", IOC, symbol=SWAP)
    order = perpetual_desk.sell("9", "102", symbol=SWAP)
    perpetual_desk.sell("9", "99", IOC, symbol=SWAP, reduce_only=True)
    perpetual_desk.sell("8", "99", IOC, symbol=SWAP)
    perpetual_desk.trade(103.0, 9.0, Side.BUY, SWAP)
    update = perpetual_desk.last(order.client_id)
    assert (update.status, update.reason) == (CANCELED, "insufficient_margin")


def test_a_partly_filled_opening_order_keeps_the_margin_of_its_rest(perpetual_desk: Any) -> None:
    order = perpetual_desk.buy("4", "100", symbol=SWAP)
    assert perpetual_desk.venue.balance("USDT").locked == 40
    perpetual_desk.trade(99.0, 1.0, Side.SELL, SWAP)
    assert perpetual_desk.last(order.client_id).filled_qty == 1
    assert perpetual_desk.venue.balance("USDT").locked == 40
    perpetual_desk.cancel(order.client_id, SWAP)
    assert perpetual_desk.venue.balance("USDT").locked == 10


# --- liquidation ------------------------------------------------------------------------------


def told(desk: Any) -> list[VenueStatus]:
    return [event for event in desk.events if isinstance(event, VenueStatus)]


def test_equity_below_maintenance_closes_the_position_at_the_book(perpetual_desk: Any) -> None:
    perpetual_desk.buy("9", "101", IOC, symbol=SWAP)
    perpetual_desk.book([(91.0, 50.0)], [(92.0, 50.0)], SWAP)
    assert told(perpetual_desk) == []
    perpetual_desk.book([(89.5, 50.0)], [(90.0, 50.0)], SWAP)
    (status,) = told(perpetual_desk)
    assert (status.is_up, status.reason) == (False, f"liquidation: {SWAP}")
    assert perpetual_desk.venue.positions() == []
    assert perpetual_desk.total("USDT") == 1
    assert BalanceUpdate(status.ts_ns, "paper", "USDT", Decimal(1)) in perpetual_desk.events


def test_a_gap_through_the_whole_margin_leaves_zero_and_never_less(perpetual_desk: Any) -> None:
    perpetual_desk.sell("9", "99", IOC, symbol=SWAP)
    perpetual_desk.book([(150.0, 50.0)], [(151.0, 50.0)], SWAP)
    assert perpetual_desk.total("USDT") == 0
    assert perpetual_desk.venue.positions() == []


def test_liquidation_cancels_the_orders_at_rest_first(perpetual_desk: Any) -> None:
    perpetual_desk.buy("8", "101", IOC, symbol=SWAP)
    order = perpetual_desk.buy("1", "80", symbol=SWAP)
    perpetual_desk.book([(88.0, 50.0)], [(88.5, 50.0)], SWAP)
    update = perpetual_desk.last(order.client_id)
    assert (update.status, update.reason) == (CANCELED, "liquidation")


def test_a_thin_book_liquidates_in_parts(perpetual_desk: Any) -> None:
    perpetual_desk.buy("9", "101", IOC, symbol=SWAP)
    perpetual_desk.book([(89.0, 2.0)], [(89.5, 2.0)], SWAP)
    assert [position.qty for position in perpetual_desk.venue.positions()] == [7]
    perpetual_desk.book([], [(89.5, 2.0)], SWAP)
    assert [position.qty for position in perpetual_desk.venue.positions()] == [7]
    perpetual_desk.book([(88.0, 20.0)], [(89.5, 2.0)], SWAP)
    assert perpetual_desk.venue.positions() == []
    assert len(told(perpetual_desk)) == 2


def test_funds_locked_by_spot_orders_do_not_stand_for_a_position(perpetual_desk: Any) -> None:
    perpetual_desk.buy("5", "101", IOC, symbol=SWAP)
    perpetual_desk.book([(9.0, 1.0)], [(10.0, 5.0)], "ETH-USDT")
    order = perpetual_desk.buy("4", "9", symbol="ETH-USDT")
    assert order.status is OPEN
    perpetual_desk.book([(70.0, 50.0)], [(70.5, 50.0)], SWAP)
    assert perpetual_desk.venue.positions() == []
    assert perpetual_desk.total("USDT") == 36
    assert perpetual_desk.last(order.client_id).status is OPEN
