import pytest
from engine.builders import CHEAP_A, DEAR_B, D, Rig, convergence, opened, perp, route, spot

from arbitrage.domain.errors import InvariantBroken
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import Purpose, TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.engine import order_desk
from arbitrage.engine.config import RiskLimits
from arbitrage.engine.risk import Level

# --- placing ----------------------------------------------------------------------------------


def test_client_ids_are_the_session_and_a_counter() -> None:
    rig, a, b = opened(session="live7")
    assert (a.client_id, b.client_id) == ("live700000001", "live700000002")
    assert rig.engine.desk.orders_sent == 2


def test_an_order_never_rests_and_never_goes_without_a_limit() -> None:
    _, a, b = opened()
    assert {a.time_in_force, b.time_in_force} == {TimeInForce.IOC}
    assert (a.price, b.price) == (100, 103)
    assert (a.trade_id, a.purpose) == ("s-t1", Purpose.ENTRY)


def test_a_placed_order_is_reserved_at_once() -> None:
    rig, a, _ = opened()
    assert rig.engine.accounts.available("alpha", "USDT") == 10**10 - 1000
    assert rig.engine.accounts.available("beta", "BTC") == 10_000 - 10
    assert rig.engine.desk.status(a.client_id) is OrderStatus.IN_FLIGHT


def test_what_opens_a_perpetual_is_not_reduce_only() -> None:
    _, a, b = opened(convergence(spot("alpha"), perp("beta")))
    assert not a.reduce_only
    assert not b.reduce_only


def test_an_exit_that_nets_against_another_route_is_not_marked_reduce_only() -> None:
    """One route is short the perpetual, another long: the venue only knows their difference."""
    shared = perp("beta")
    terms = {"close_on_spread_reversal": False}
    first = convergence(spot("alpha"), shared, name="r", **terms)
    second = convergence(spot("gamma"), shared, name="s", max_leg_skew_seconds=9e9, **terms)
    rig = Rig(first, second)
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    rig.fill_all()
    rig.touch(spot("gamma"), 107.0, 108.0, 4.0)
    rig.fill_all()
    position = rig.engine.accounts.positions["beta", shared.symbol][1]
    assert position.qty == -6
    rig.b(100.0, 101.0, 10.0)
    rig.engine.routes["r"].is_flattening = True
    rig.tick()
    buying = rig.placed[-1]
    assert (buying.side, buying.qty, buying.reduce_only) == (Side.BUY, 10, False)


# --- guards -----------------------------------------------------------------------------------


def why(rig: Rig, side: Side, qty: str, price: str) -> str | None:
    return rig.engine.desk.refusal(rig.route.a, side, D(qty), D(price))


def test_a_sound_order_is_not_refused() -> None:
    rig = Rig(route())
    rig.a(99.0, 101.0)
    assert why(rig, Side.BUY, "1", "101") is None


def test_without_a_mid_there_is_no_order() -> None:
    assert why(Rig(route()), Side.BUY, "1", "101") == "risk:price_band"


def test_nothing_leaves_once_halted() -> None:
    rig = Rig(route())
    rig.a(99.0, 101.0)
    rig.engine.risk.lower(Level.HALT, "halt")
    assert why(rig, Side.BUY, "1", "101") == "risk:halt"


@pytest.mark.parametrize(
    ("side", "price", "reason"),
    [
        (Side.BUY, "104.99", None),
        (Side.BUY, "105.01", "risk:price_band"),
        (Side.BUY, "50", None),  # better than the mid is no danger
        (Side.SELL, "95.01", None),
        (Side.SELL, "94.99", "risk:price_band"),
        (Side.SELL, "200", None),
    ],
)
def test_a_price_may_be_worse_than_the_mid_by_the_band_and_no_more(
    side: Side, price: str, reason: str | None
) -> None:
    rig = Rig(route(), limits=RiskLimits(price_band_bps=500.0))
    rig.a(99.0, 101.0)
    assert why(rig, side, "1", price) == reason


def test_the_venues_own_rules_are_asked_last() -> None:
    rig = Rig(route(spot("alpha", min_notional=D(500))))
    rig.a(99.0, 101.0)
    assert why(rig, Side.BUY, "1", "101") == "min_notional"
    assert why(rig, Side.BUY, "5.0001", "101") == "lot_size"
    assert why(rig, Side.BUY, "5", "101.001") == "tick_size"


# --- what the venues say ----------------------------------------------------------------------


def test_the_word_on_a_strange_order_is_counted_and_changes_nothing() -> None:
    rig, *_ = opened()
    rig.feed(OrderUpdate(rig.now_ns, "x1", OrderStatus.FILLED, D(5), D(500)))
    assert rig.engine.desk.unknown_updates == 1
    assert rig.engine.desk.status("x1") is None
    assert rig.engine.desk.query("x1") is None


def test_an_order_can_be_looked_up_and_asked_for() -> None:
    rig, a, _ = opened()
    assert rig.engine.desk.order(a.client_id).intent is a
    query = rig.engine.desk.query(a.client_id)
    assert query is not None
    assert (query.client_id, query.venue, query.symbol) == (a.client_id, a.venue, a.symbol)


def test_a_closed_order_gives_its_reservation_back() -> None:
    rig, a, b = opened()
    rig.answer(a, "4")
    rig.answer(b, "4")
    assert rig.engine.accounts.available("alpha", "USDT") == 10**10 - 400
    assert rig.engine.accounts.available("beta", "BTC") == 10_000 - 4
    assert rig.engine.accounts.live_orders() == []


@pytest.mark.parametrize(("qty", "status"), [("11", OrderStatus.OPEN), ("3", OrderStatus.CANCELED)])
def test_a_word_that_cannot_be_true_halts_everything(qty: str, status: OrderStatus) -> None:
    rig, a, b = opened()
    rig.answer(a, "5", status=OrderStatus.OPEN)
    rig.answer(a, qty, status=status)
    assert rig.engine.risk.level is Level.HALT
    assert {cancel.client_id for cancel in rig.cancels} == {a.client_id, b.client_id}


def test_only_so_many_closed_orders_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """LESSONS 25: memory that grows with every order."""
    monkeypatch.setattr(order_desk, "REMEMBERED_CLOSED_ORDERS", 2)
    rig, a, b = opened()
    rig.answer(a)
    rig.answer(b)
    assert rig.engine.desk.status(a.client_id) is OrderStatus.FILLED
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    rig.answer(rig.placed[2], "0")
    assert rig.engine.desk.status(a.client_id) is None
    assert rig.engine.desk.status(b.client_id) is OrderStatus.FILLED
    with pytest.raises(KeyError):
        rig.engine.desk.order(a.client_id)


# --- silence ----------------------------------------------------------------------------------


def test_a_silent_order_is_in_doubt_and_asked_for_again_and_again() -> None:
    rig, a, b = opened(route(answer_timeout_seconds=5.0))
    rig.answer(b)
    rig.tick(4.9)
    assert rig.queries == []
    rig.tick(0.1)
    assert rig.state.is_in_doubt
    assert [query.client_id for query in rig.queries] == [a.client_id]
    rig.tick(1.9)
    assert len(rig.queries) == 1
    rig.tick(0.1)
    assert len(rig.queries) == 2


def test_an_open_order_whose_end_was_never_told_is_asked_for_too() -> None:
    """LESSONS 10: none of ours rests, so one that stays open has lost a message."""
    rig, a, b = opened(route(answer_timeout_seconds=5.0))
    rig.answer(b)
    rig.wait(3.0)
    rig.answer(a, "4", status=OrderStatus.OPEN)
    rig.tick(4.9)
    assert rig.queries == []
    rig.tick(0.1)
    assert [query.client_id for query in rig.queries] == [a.client_id]
    rig.show(CHEAP_A, DEAR_B)
    rig.answer(a, "6", status=OrderStatus.CANCELED)
    assert rig.new_orders[0].qty == 4


def test_an_order_in_doubt_is_asked_for_at_once() -> None:
    rig, a, _ = opened()
    rig.doubt(a)
    rig.tick(1.0)
    assert [query.client_id for query in rig.queries] == [a.client_id]


def test_a_timeout_says_nothing_of_the_order() -> None:
    """LESSONS 11: recorded as rejected while it was live."""
    rig, _, b = opened()
    rig.answer(b)
    rig.tick(60.0)
    assert rig.engine.accounts.available("alpha", "USDT") == 10**10 - 1000
    assert len(rig.placed) == 2


def test_an_order_that_was_never_there_cannot_come_to_life() -> None:
    rig, a, b = opened()
    rig.answer(a, "0", status=OrderStatus.NEVER_EXISTED)
    assert rig.engine.accounts.available("alpha", "USDT") == 10**10
    with pytest.raises(InvariantBroken):
        rig.engine.desk.take_in(OrderUpdate(rig.now_ns, a.client_id, OrderStatus.OPEN))
    assert b.client_id in {order.intent.client_id for order in rig.engine.accounts.live_orders()}


def test_cancelling_everything_names_every_live_order() -> None:
    rig, a, b = opened()
    rig.answer(a)
    rig.engine.desk.cancel_all()
    assert [intent.client_id for intent in rig.engine.desk.intents] == [b.client_id]
