from decimal import Decimal

import pytest
from sim_core import SPOT, SimDesk, spot

from arbitrage.domain.errors import OrderRefused
from arbitrage.domain.intents import TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.sim.core_events import Change, OrderChanged
from arbitrage.sim.order_records import SelfTrade

IOC, FOK, POST_ONLY = TimeInForce.IOC, TimeInForce.FOK, TimeInForce.POST_ONLY


@pytest.fixture
def desk() -> SimDesk:
    desk = SimDesk()
    desk.book(bids=[(100.0, 5.0), (99.0, 5.0)], asks=[(103.0, 2.0), (104.0, 5.0)])
    return desk


def refusal_of(desk: SimDesk, side: Side, *arguments: str | None, **options: object) -> str:
    wanted = desk.order(side, *arguments, **options)  # type: ignore[arg-type]
    assert desk.core.refusal(wanted) is not None
    with pytest.raises(OrderRefused) as refused:
        desk.core.place(wanted)
    return refused.value.reason


# --- fills ---------------------------------------------------------------------------------------


def test_a_walk_through_levels_is_one_fill_a_level(desk: SimDesk) -> None:
    order = desk.buy("3", "104")
    assert [(fill.price, fill.qty) for fill in order.fills] == [(103, 2), (104, 1)]
    assert order.status is OrderStatus.FILLED
    assert desk.steps(order) == ["new", "trade", "trade", "closed"]


def test_fills_carry_running_totals_and_their_share_of_the_fee(desk: SimDesk) -> None:
    order = desk.buy("3", "104")
    assert [fill.cumulative_qty for fill in order.fills] == [2, 3]
    assert [fill.cumulative_cost for fill in order.fills] == [206, 310]
    assert [fill.fee for fill in order.fills] == [Decimal("0.103"), Decimal("0.052")]
    assert order.fee == order.fills[-1].cumulative_fee == Decimal("0.155")
    assert {fill.fee_currency for fill in order.fills} == {"KRW"}


def test_trade_ids_never_repeat(desk: SimDesk) -> None:
    fills = [*desk.buy("3", "104").fills, *desk.sell("6", "99").fills]
    assert len({fill.trade_id for fill in fills}) == len(fills) == 4


def test_an_order_at_rest_is_filled_as_maker(desk: SimDesk) -> None:
    order = desk.buy("2", "101")
    assert (order.status, desk.steps(order)) == (OrderStatus.OPEN, ["new"])
    desk.trade(100.0, 0.5, Side.SELL)
    assert (order.filled_qty, order.remaining_qty) == (Decimal("0.5"), Decimal("1.5"))
    assert order.fills[0].is_maker
    desk.trade(100.0, 5.0, Side.SELL)
    assert order.status is OrderStatus.FILLED
    assert desk.steps(order) == ["new", "trade", "trade", "closed"]


def test_an_ioc_order_cancels_its_rest(desk: SimDesk) -> None:
    order = desk.buy("3", "103", time_in_force=IOC)
    assert (order.status, order.reason) == (OrderStatus.CANCELED, "ioc_remainder")
    assert order.filled_qty == 2


def test_a_market_order_by_cost_buys_what_the_cost_can(desk: SimDesk) -> None:
    order = desk.buy(None, cost="300")
    assert order.qty == order.filled_qty == Decimal("2.90")  # 2 at 103, and 94 of 104 each
    assert order.filled_cost == Decimal("299.6")


def test_a_cost_beyond_the_book_takes_all_of_it(desk: SimDesk) -> None:
    assert desk.buy(None, cost="100000").filled_qty == 7


def test_an_order_by_cost_with_a_price_takes_no_worse(desk: SimDesk) -> None:
    order = desk.buy(None, "103", cost="1030", time_in_force=IOC)
    assert (order.qty, order.filled_qty) == (10, 2)


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "options", "reason"),
    [
        (("1", "100"), {"symbol": "KRW-NOPE"}, "unknown_symbol"),
        (("0.001", "100000"), {}, "lot_size"),
        (("1", "100.5"), {}, "tick_size"),
        (("0.5", "100"), {}, "min_notional"),
        ((None,), {"cost": "99"}, "min_notional"),
        ((None,), {"cost": "1000000"}, "insufficient_balance"),
        (("10000", "103"), {}, "insufficient_balance"),
        (("1", "103"), {"time_in_force": POST_ONLY}, "post_only"),
        (("2.01", "103"), {"time_in_force": FOK}, "fok_not_filled"),
    ],
)
def test_what_breaks_a_rule_is_refused(
    desk: SimDesk, arguments: tuple[str | None, ...], options: dict[str, object], reason: str
) -> None:
    before = desk.free("KRW")
    assert refusal_of(desk, Side.BUY, *arguments, **options) == reason
    assert desk.free("KRW") == before
    assert desk.all_told(OrderChanged) == []


def test_without_a_book_nothing_is_bought_by_cost() -> None:
    assert refusal_of(SimDesk(), Side.BUY, None, cost="1000") == "no_book"


def test_a_cost_is_its_own_minimum(desk: SimDesk) -> None:
    assert desk.buy(None, cost="103").filled_qty == 1  # 103 with its fee on top


def test_a_sale_by_cost_needs_no_money() -> None:
    desk = SimDesk(spot(), BTC=5, KRW=0)
    desk.book(bids=[(100.0, 5.0)], asks=[])
    assert desk.sell(None, cost="200").filled_qty == 2


def test_a_client_id_is_used_up_even_by_a_refusal(desk: SimDesk) -> None:
    assert refusal_of(desk, Side.BUY, "0.5", "100", client_id="a") == "min_notional"
    assert refusal_of(desk, Side.BUY, "5", "100", client_id="a") == "duplicate_client_id"


def test_a_refusal_that_is_kept_is_an_order_cancelled_at_once() -> None:
    desk = SimDesk(kept_refusals=("post_only",))
    desk.book(bids=[], asks=[(103.0, 2.0)])
    order = desk.buy("1", "103", time_in_force=POST_ONLY)
    assert (order.status, order.reason) == (OrderStatus.CANCELED, "post_only")
    assert desk.steps(order) == ["new", "closed"]
    assert desk.locked("KRW") == 0


def test_a_fok_order_fills_whole(desk: SimDesk) -> None:
    assert desk.buy("2", "103", time_in_force=FOK).status is OrderStatus.FILLED


# --- meeting oneself -----------------------------------------------------------------------------


def test_an_order_that_meets_ones_own_trades_with_it(desk: SimDesk) -> None:
    maker = desk.buy("2", "101")
    taker = desk.sell("1", "101")
    assert (maker.filled_qty, taker.filled_qty) == (1, 1)
    assert maker.fills[0].is_maker
    assert not taker.fills[0].is_maker
    assert taker.status is OrderStatus.FILLED
    assert desk.free("BTC") == 1_000  # bought from oneself
    assert desk.free("KRW") == 1_000_000 - Decimal("101") * Decimal("1.0005") - Decimal("0.101")


def test_what_the_market_offers_first_is_taken_first(desk: SimDesk) -> None:
    maker = desk.buy("2", "99")
    taker = desk.sell("12.5", "99")
    assert [fill.price for fill in taker.fills] == [100, 99, 99]
    assert taker.status is OrderStatus.OPEN
    assert (maker.status, taker.remaining_qty) == (OrderStatus.FILLED, Decimal("0.5"))


def test_an_order_that_the_market_fills_never_meets_ones_own(desk: SimDesk) -> None:
    maker = desk.buy("2", "99")
    taker = desk.sell("4", "99", self_trade=SelfTrade.CANCEL_MAKER)
    assert (taker.status, maker.status) == (OrderStatus.FILLED, OrderStatus.OPEN)


def test_cancel_maker_withdraws_what_rests(desk: SimDesk) -> None:
    maker = desk.buy("2", "101")
    taker = desk.sell("1", "101", self_trade=SelfTrade.CANCEL_MAKER)
    assert (maker.status, maker.reason, maker.prevented_qty) == (
        OrderStatus.CANCELED,
        "self_trade",
        2,
    )
    assert (taker.status, taker.filled_qty) == (OrderStatus.OPEN, 0)


def test_cancel_taker_stops_what_arrives(desk: SimDesk) -> None:
    maker = desk.buy("2", "101")
    taker = desk.sell("1", "101", self_trade=SelfTrade.CANCEL_TAKER)
    assert (taker.status, taker.reason, taker.prevented_qty) == (
        OrderStatus.CANCELED,
        "self_trade",
        1,
    )
    assert maker.status is OrderStatus.OPEN


def test_cancel_both_leaves_neither(desk: SimDesk) -> None:
    maker = desk.buy("2", "101")
    taker = desk.sell("1", "101", self_trade=SelfTrade.CANCEL_BOTH)
    assert (maker.status, taker.status) == (OrderStatus.CANCELED, OrderStatus.CANCELED)
    assert desk.locked("KRW") == desk.locked("BTC") == 0


def test_reduce_takes_the_overlap_off_both(desk: SimDesk) -> None:
    maker = desk.buy("3", "101")
    taker = desk.sell("2", "101", self_trade=SelfTrade.REDUCE)
    assert (taker.status, taker.prevented_qty) == (OrderStatus.CANCELED, 2)
    assert (maker.status, maker.remaining_qty) == (OrderStatus.OPEN, 1)
    assert desk.steps(maker) == ["new", Change.PREVENTED.value]
    assert desk.locked("KRW") == Decimal("101") * Decimal("1.0005")


def test_reduce_cancels_what_is_used_up(desk: SimDesk) -> None:
    maker = desk.buy("2", "101")
    taker = desk.sell("3", "101", self_trade=SelfTrade.REDUCE)
    assert (maker.status, maker.reason) == (OrderStatus.CANCELED, "self_trade")
    assert (taker.status, taker.remaining_qty) == (OrderStatus.OPEN, 1)
    assert desk.steps(taker) == ["new", "prevented"]


def test_a_post_only_order_is_refused_where_it_would_meet_ones_own(desk: SimDesk) -> None:
    desk.buy("2", "101")
    assert refusal_of(desk, Side.SELL, "1", "101", time_in_force=POST_ONLY) == "post_only"


def test_a_fok_order_counts_ones_own_only_if_it_may_meet_them(desk: SimDesk) -> None:
    desk.buy("2", "101")
    options = {"time_in_force": FOK, "self_trade": SelfTrade.CANCEL_TAKER}
    assert refusal_of(desk, Side.SELL, "2", "101", **options) == "fok_not_filled"
    assert desk.sell("2", "101", time_in_force=FOK).status is OrderStatus.FILLED


def test_a_market_order_meets_ones_own_at_its_price(desk: SimDesk) -> None:
    maker = desk.buy("2", "101")
    taker = desk.sell("3")
    assert [fill.price for fill in taker.fills] == [101, 100]
    assert maker.status is OrderStatus.FILLED


# --- cancelling ----------------------------------------------------------------------------------


def test_a_cancelled_order_gives_back_what_it_locked(desk: SimDesk) -> None:
    order = desk.buy("2", "101")
    assert desk.locked("KRW") == Decimal("202.101")
    assert desk.core.cancel(order)
    assert desk.locked("KRW") == 0
    assert (order.status, order.reason) == (OrderStatus.CANCELED, "")
    assert not desk.core.cancel(order)


def test_a_doomed_order_looks_accepted_and_is_withdrawn(desk: SimDesk) -> None:
    desk.core.doom_next_order(True)
    order = desk.buy("1", "103")
    assert (order.status, order.fills) == (OrderStatus.OPEN, [])
    assert desk.buy("1", "103").status is OrderStatus.FILLED
    desk.core.withdraw_doomed()
    assert (order.status, order.reason) == (OrderStatus.CANCELED, "withdrawn")


def test_a_doomed_order_can_be_cancelled_before(desk: SimDesk) -> None:
    desk.core.doom_next_order(True)
    order = desk.buy("1", "103")
    assert desk.core.cancel(order)
    desk.core.withdraw_doomed()
    assert order.reason == ""


def test_open_orders_are_known_by_symbol_and_by_client_id(desk: SimDesk) -> None:
    order = desk.buy("1", "101", client_id="mine")
    assert desk.core.orders.open(SPOT) == [order]
    assert desk.core.orders.by_client_id("mine") is order
