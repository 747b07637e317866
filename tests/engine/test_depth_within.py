from decimal import InvalidOperation
from math import inf, nan

import pytest
from engine.builders import DEAR_B, Rig, route
from hypothesis import example, given, settings
from hypothesis import strategies as st

from arbitrage.engine.arithmetic import walk
from arbitrage.engine.sizing import depth_within

Book = list[tuple[float, float]]
untimed = settings(deadline=None)
# Few prices and quantities, so that levels often end together, and any others.
sides = st.lists(
    st.tuples(
        st.integers(95, 105).map(float) | st.floats(1e-6, 1e9),
        st.sampled_from([0.1, 0.2, 0.3, 1.0, 2.0, inf]) | st.floats(1e-9, 1e9),
    ),
    max_size=8,
    unique_by=lambda level: level[0],
)
factors = st.floats(0.5, 2.0)
multipliers = st.sampled_from([1.0, 0.001, 0.01, 1 / 1.001, 1000.0])


@untimed
@given(
    asks=sides.map(sorted),
    bids=sides.map(lambda levels: sorted(levels, reverse=True)),
    buy=factors,
    sell=factors,
    min_ratio=factors,
    ask_multiplier=multipliers,
    bid_multiplier=multipliers,
)
@example([(100.0, 1.0)], [(101.0, 1.0)], 1.0, 1.0, 1.0, 1.0, 1.0)
@example([(100.0, 0.1), (100.5, 0.2)], [(101.0, 0.3)], 1.0, 1.0, 1.0, 1.0, 1.0)
@example([(100.0, 0.3)], [(101.0, 0.1), (100.5, 0.2)], 1.0, 1.0, 1.0, 1.0, 1.0)
def test_it_goes_exactly_as_far_as_the_walk(
    asks: Book,
    bids: Book,
    buy: float,
    sell: float,
    min_ratio: float,
    ask_multiplier: float,
    bid_multiplier: float,
) -> None:
    terms = (asks, bids, buy, sell, min_ratio, ask_multiplier, bid_multiplier)
    qty, _, _, worst_ask, worst_bid = walk(*terms)
    assert repr(depth_within(*terms)) == repr((qty, worst_ask, worst_bid))


@pytest.mark.parametrize(("asks", "bids"), [([], []), ([(100.0, 1.0)], []), ([], [(100.0, 1.0)])])
def test_a_missing_side_has_no_depth(asks: Book, bids: Book) -> None:
    assert depth_within(asks, bids, 1.0, 1.0, 0.0, 1.0, 1.0) == (0.0, 0.0, 0.0)


def test_a_depth_that_is_no_number_is_never_sized_by_the_money_alone() -> None:
    rig = Rig(route())
    rig.b(*DEAR_B)
    with pytest.raises(InvalidOperation):
        rig.a(99.0, 100.0, qty=nan)
    assert rig.placed == []


def test_a_book_without_end_is_bounded_by_everything_else() -> None:
    rig = Rig(route(max_position_usd=1000.0))
    rig.b(*DEAR_B, qty=inf)
    rig.a(99.0, 100.0, qty=inf)
    assert [order.qty * order.price <= 1030 for order in rig.placed] == [True, True]
