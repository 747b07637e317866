from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.intents import PlaceOrder
from arbitrage.domain.orders import Order
from arbitrage.domain.sides import Side
from arbitrage.exchanges.paper.history import OrderHistory, UsedIds


def order(client_id: str) -> Order:
    intent = PlaceOrder(
        client_id=client_id, venue="v", symbol="KRW-BTC", side=Side.BUY, qty=Decimal(1)
    )
    return Order(intent=intent, sent_ns=0)


@given(st.sets(st.text("ab01", min_size=0, max_size=6)), st.text("ab01", max_size=6))
def test_exactly_the_ids_added_are_known(added: set[str], asked: str) -> None:
    used = UsedIds()
    for client_id in added:
        used.add(client_id)
    assert all(client_id in used for client_id in added)
    assert (asked in used) == (asked in added)


def test_leading_zeros_tell_ids_apart() -> None:
    used = UsedIds()
    used.add("s01")
    assert "s1" not in used
    assert "s001" not in used


def test_a_hundred_thousand_counted_ids_take_a_few_pages() -> None:
    used = UsedIds()
    for counter in range(1, 100_001, 2):  # every second id goes to another venue
        used.add(f"s{counter:08d}")
    assert "s00050001" in used
    assert "s00050002" not in used
    assert len(used) == 25


def test_random_ids_stay_within_the_bound_and_the_newest_are_known() -> None:
    used = UsedIds(page_limit=8)
    for number in range(100):
        used.add(f"{number * 7919}-x")
    assert len(used) == 8
    assert f"{99 * 7919}-x" in used
    assert "0-x" not in used


def test_history_keeps_live_orders_and_the_latest_closed_ones() -> None:
    history = OrderHistory(closed_limit=2)
    live = order("live1")
    history.add(live)
    for number in range(5):
        closed = order(f"s{number}")
        history.add(closed)
        history.closed(closed)
    assert history.get("live1") is live
    assert history.get("s4") is not None
    assert history.get("s2") is None
    assert len(history) == 3


def test_a_forgotten_order_still_has_a_used_id() -> None:
    history = OrderHistory(closed_limit=0)
    forgotten = order("s1")
    history.add(forgotten)
    history.closed(forgotten)
    assert history.get("s1") is None
    assert history.is_used("s1")
    assert not history.is_used("s2")
