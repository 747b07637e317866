from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.events import Levels
from arbitrage.domain.intents import PlaceOrder
from arbitrage.domain.orders import Order
from arbitrage.domain.sides import Side
from arbitrage.exchanges.paper.matching import (
    RestingOrder,
    TradeFlow,
    displayed_at,
    shorten_queue,
    taken_cost,
    taken_qty,
    walk,
)

LOT = Decimal("0.01")
ONE = Decimal(1)


def resting(side: Side, level: float, qty: str, ahead: str | None = "0") -> RestingOrder:
    intent = PlaceOrder(client_id="s1", venue="v", symbol="KRW-BTC", side=side, qty=Decimal(qty))
    order = Order(intent=intent, sent_ns=0)
    return RestingOrder(order, level, None if ahead is None else Decimal(ahead))


# Books in cents and hundredths, so that a brute-force count of single lots can follow.
books = st.lists(
    st.tuples(st.integers(1, 30), st.integers(0, 12)), max_size=6, unique_by=lambda level: level[0]
)


def as_levels(book: list[tuple[int, int]], side: Side) -> Levels:
    ordered = sorted(book, reverse=side is Side.SELL)
    return [(price / 100, qty / 100) for price, qty in ordered]


@given(
    book=books,
    taken=st.dictionaries(st.integers(1, 30), st.integers(0, 12)),
    side=st.sampled_from(Side),
    qty=st.integers(1, 40),
    limit=st.none() | st.integers(1, 30),
)
def test_a_walk_is_what_taking_lot_by_lot_gives(
    book: list[tuple[int, int]],
    taken: dict[int, int],
    side: Side,
    qty: int,
    limit: int | None,
) -> None:
    lots = [
        price
        for price, shown in sorted(book, reverse=side is Side.SELL)
        for _ in range(shown - taken.get(price, 0))
        if limit is None or (price <= limit if side is Side.BUY else price >= limit)
    ][:qty]
    takes = walk(
        as_levels(book, side),
        {price / 100: Decimal(gone) / 100 for price, gone in taken.items()},
        side=side,
        qty=Decimal(qty) / 100,
        limit=None if limit is None else Decimal(limit) / 100,
        lot_size=LOT,
    )
    assert taken_qty(takes) == Decimal(len(lots)) / 100
    assert taken_cost(takes, ONE) == Decimal(sum(lots)) / 10_000


def test_a_level_gives_whole_lots_only_and_padding_gives_nothing() -> None:
    asks = [(0.0, 5.0), (1.0, 0.019), (1.1, 0.0), (1.2, 1.0)]
    takes = walk(asks, {}, side=Side.BUY, qty=ONE, limit=None, lot_size=LOT)
    assert [(take.level, take.qty) for take in takes] == [
        (1.0, Decimal("0.01")),
        (1.2, Decimal("0.99")),
    ]


def test_the_multiplier_turns_contracts_into_value() -> None:
    takes = walk([(100.0, 3.0)], {}, side=Side.BUY, qty=Decimal(2), limit=None, lot_size=ONE)
    assert taken_cost(takes, Decimal("0.001")) == Decimal("0.2")


def test_what_is_displayed_at_a_price_within_and_beyond_the_depth() -> None:
    bids = [(100.0, 3.0), (98.0, 2.0)]
    assert displayed_at(bids, 98.0, Side.BUY) == 2
    assert displayed_at(bids, 99.0, Side.BUY) == 0
    assert displayed_at(bids, 101.0, Side.BUY) == 0
    assert displayed_at(bids, 97.0, Side.BUY) is None
    assert displayed_at([(101.0, 1.0)], 102.0, Side.SELL) is None
    assert displayed_at([(101.0, 1.0)], 100.0, Side.SELL) == 0
    assert displayed_at([], 97.0, Side.BUY) == 0


def test_a_queue_shrinks_with_the_display_and_never_grows() -> None:
    order = resting(Side.BUY, 100.0, "1", ahead="5")
    shorten_queue(order, Decimal(3))
    assert order.ahead == 3
    shorten_queue(order, Decimal(9))
    assert order.ahead == 3
    shorten_queue(order, None)
    assert order.ahead == 3


def test_a_queue_out_of_sight_is_all_that_is_there_when_it_comes_into_view() -> None:
    order = resting(Side.BUY, 100.0, "1", ahead=None)
    shorten_queue(order, None)
    assert order.ahead is None
    shorten_queue(order, Decimal(7))
    assert order.ahead == 7


def test_a_trade_at_the_price_serves_the_queue_first() -> None:
    order = resting(Side.BUY, 100.0, "2", ahead="3")
    assert TradeFlow(100.0, Decimal(2)).reach(order, LOT) == 0
    assert order.ahead == 1
    assert TradeFlow(100.0, Decimal(2)).reach(order, LOT) == 1
    assert order.ahead == 0


def test_a_trade_at_the_price_of_an_unseen_queue_fills_nothing() -> None:
    order = resting(Side.BUY, 100.0, "2", ahead=None)
    assert TradeFlow(100.0, Decimal(50)).reach(order, LOT) == 0


def test_a_trade_beyond_the_price_passes_the_whole_queue() -> None:
    order = resting(Side.BUY, 100.0, "2", ahead="30")
    assert TradeFlow(99.5, Decimal("1.234")).reach(order, LOT) == Decimal("1.23")
    assert order.ahead == 0


@given(
    queues=st.lists(st.integers(0, 20), min_size=1, max_size=4),
    sizes=st.lists(st.integers(1, 10), min_size=4, max_size=4),
    traded=st.integers(1, 60),
)
def test_a_trade_gives_our_orders_and_the_queue_no_more_than_its_quantity(
    queues: list[int], sizes: list[int], traded: int
) -> None:
    """Each order has at least the queue of the one before it; the trade is counted lot by lot."""
    ahead = sorted(queues)
    orders = [
        resting(Side.BUY, 100.0, str(size), ahead=str(queue))
        for queue, size in zip(ahead, sizes, strict=False)
    ]
    flow = TradeFlow(100.0, Decimal(traded))
    given_qty = [flow.reach(order, ONE) for order in orders]
    line: list[int | None] = []  # who stands where: None is somebody else
    for index, (queue, size) in enumerate(zip(ahead, sizes, strict=False)):
        line += [None] * (queue - line.count(None)) + [index] * size
    served = line[:traded]
    assert given_qty == [served.count(index) for index in range(len(orders))]
    others = served.count(None)
    assert [order.ahead for order in orders] == [max(queue - others, 0) for queue in ahead]
