from fractions import Fraction
from math import inf, nan

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from arbitrage.engine.arithmetic import decayed_mean, gross_edge_bps, take_price, walk

Book = list[tuple[float, float]]
untimed = settings(deadline=None)

# Prices, quantities and factors in binary fractions: floats hold every sum of them exactly, so
# the brute force may ask for equality.
LOT = Fraction(1, 64)
eighths = st.integers(1, 8).map(lambda eighth: eighth / 8)
multipliers = st.sampled_from([0.125, 0.5, 1.0, 2.0])
factors = st.integers(-8, 8).map(lambda step: 1.0 + step / 256)
thresholds = st.integers(-4, 16).map(lambda step: 1.0 + step / 256)
exact_sides = st.lists(
    st.tuples(st.integers(90, 110).map(float), eighths),
    max_size=6,
    unique_by=lambda level: level[0],
)

# And books as they come.
any_sides = st.lists(
    st.tuples(st.floats(1e-6, 1e9), st.floats(1e-9, 1e9)),
    max_size=8,
    unique_by=lambda level: level[0],
)
any_factors = st.floats(0.5, 2.0)
any_multipliers = st.sampled_from([1.0, 0.001, 0.01, 10.0, 1000.0])


def asks_of(levels: Book) -> Book:
    return sorted(levels)


def bids_of(levels: Book) -> Book:
    return sorted(levels, reverse=True)


def lots_of(levels: Book, multiplier: float) -> list[Fraction]:
    """The price of every smallest lot that the side holds, best first."""
    return [
        Fraction(price)
        for price, qty in levels
        for _ in range(int(Fraction(qty) * Fraction(multiplier) / LOT))
    ]


# --- walk --------------------------------------------------------------------------------------


@untimed
@given(
    asks=exact_sides.map(asks_of),
    bids=exact_sides.map(bids_of),
    buy=factors,
    sell=factors,
    min_ratio=thresholds,
    ask_multiplier=multipliers,
    bid_multiplier=multipliers,
)
def test_the_walk_takes_what_trading_lot_by_lot_would(
    asks: Book,
    bids: Book,
    buy: float,
    sell: float,
    min_ratio: float,
    ask_multiplier: float,
    bid_multiplier: float,
) -> None:
    expected = [Fraction(0)] * 5
    pairs = zip(lots_of(asks, ask_multiplier), lots_of(bids, bid_multiplier), strict=False)
    for ask, bid in pairs:
        cost, proceeds = ask * Fraction(buy), bid * Fraction(sell)
        if not proceeds > cost * Fraction(min_ratio):
            break
        qty, paid, received, _, _ = expected
        expected = [qty + LOT, paid + LOT * cost, received + LOT * proceeds, ask, bid]
    assert list(walk(asks, bids, buy, sell, min_ratio, ask_multiplier, bid_multiplier)) == expected


@untimed
@given(
    asks=any_sides.map(asks_of),
    bids=any_sides.map(bids_of),
    buy=any_factors,
    sell=any_factors,
    min_ratio=any_factors,
    ask_multiplier=any_multipliers,
    bid_multiplier=any_multipliers,
)
def test_the_walk_never_takes_a_losing_pair_and_its_sums_agree(
    asks: Book,
    bids: Book,
    buy: float,
    sell: float,
    min_ratio: float,
    ask_multiplier: float,
    bid_multiplier: float,
) -> None:
    qty, cost, proceeds, worst_ask, worst_bid = walk(
        asks, bids, buy, sell, min_ratio, ask_multiplier, bid_multiplier
    )
    if qty == 0.0:
        assert (cost, proceeds, worst_ask, worst_bid) == (0.0, 0.0, 0.0, 0.0)
        return
    assert worst_bid * sell > worst_ask * buy * min_ratio
    assert proceeds >= cost * min_ratio * (1 - 1e-12)
    # The last digit of a sum of levels may lie on the next level, at that level's price.
    average_buy, last_ask, bought = take_price(asks, qty, ask_multiplier)
    average_sell, last_bid, sold = take_price(bids, qty, bid_multiplier)
    slack = 1e-12 * qty
    assert bought == pytest.approx(qty, rel=1e-12)
    assert sold == pytest.approx(qty, rel=1e-12)
    assert cost == pytest.approx(average_buy * qty * buy, rel=1e-9, abs=slack * last_ask * buy)
    assert proceeds == pytest.approx(
        average_sell * qty * sell, rel=1e-9, abs=slack * max(last_bid, worst_bid) * sell
    )


@untimed
@given(
    asks=any_sides.map(asks_of),
    bids=any_sides.map(bids_of),
    low=any_factors,
    high=any_factors,
)
def test_a_higher_threshold_never_takes_more(
    asks: Book, bids: Book, low: float, high: float
) -> None:
    assume(low <= high)
    more = walk(asks, bids, 1.0, 1.0, low, 1.0, 1.0)
    less = walk(asks, bids, 1.0, 1.0, high, 1.0, 1.0)
    assert all(taken <= other for taken, other in zip(less[:4], more[:4], strict=True))
    assert less[0] == 0.0 or less[4] >= more[4]


@pytest.mark.parametrize("bid", [99.0, 100.0])
def test_without_an_edge_nothing_is_taken(bid: float) -> None:
    assert walk([(100.0, 1.0)], [(bid, 1.0)], 1.0, 1.0, 1.0, 1.0, 1.0) == (0.0,) * 5


@pytest.mark.parametrize(("asks", "bids"), [([], []), ([(100.0, 1.0)], []), ([], [(100.0, 1.0)])])
def test_a_missing_side_gives_nothing(asks: Book, bids: Book) -> None:
    assert walk(asks, bids, 1.0, 1.0, 0.0, 1.0, 1.0) == (0.0,) * 5


def test_fees_inside_the_factors_decide_the_last_pair() -> None:
    asks, bids = [(100.0, 1.0), (101.0, 1.0)], [(102.0, 2.0)]
    assert walk(asks, bids, 1.0, 1.0, 1.0, 1.0, 1.0)[0] == 2.0
    assert walk(asks, bids, 1.005, 0.995, 1.0, 1.0, 1.0)[0] == 1.0
    assert walk(asks, bids, 1.01, 0.99, 1.0, 1.0, 1.0)[0] == 0.0


def test_contracts_on_both_sides_meet_in_base_units() -> None:
    qty, cost, proceeds, _, _ = walk([(100.0, 500.0)], [(102.0, 3.0)], 1.0, 1.0, 1.0, 0.01, 1.0)
    assert (qty, cost, proceeds) == (3.0, 300.0, 306.0)


@pytest.mark.parametrize("broken", [nan, inf])
def test_a_quantity_that_is_no_number_cannot_stop_the_walk(broken: float) -> None:
    walk([(100.0, broken)] * 3, [(102.0, broken)] * 3, 1.0, 1.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(("ask", "bid"), [(nan, 102.0), (100.0, nan)])
def test_a_price_that_is_no_number_is_not_traded_on(ask: float, bid: float) -> None:
    assert walk([(ask, 1.0)], [(bid, 1.0)], 1.0, 1.0, 1.0, 1.0, 1.0)[0] == 0.0


# --- take_price --------------------------------------------------------------------------------


@untimed
@given(levels=exact_sides.map(asks_of), lots=st.integers(0, 800), multiplier=multipliers)
def test_the_price_of_a_size_is_that_of_taking_it_lot_by_lot(
    levels: Book, lots: int, multiplier: float
) -> None:
    taken = lots_of(levels, multiplier)[:lots]
    average, worst, filled = take_price(levels, float(lots * LOT), multiplier)
    assert filled == len(taken) * LOT
    assert worst == (taken[-1] if taken else 0)
    assert average == pytest.approx(float(sum(taken) / len(taken)) if taken else 0.0, rel=1e-15)


@given(levels=any_sides.map(asks_of), qty=st.floats(1e-9, 1e12), multiplier=any_multipliers)
@example(levels=[(100.0, 0.1)], qty=1e15, multiplier=1.0)
@untimed
def test_a_thin_book_fills_what_it_holds_at_what_that_costs(
    levels: Book, qty: float, multiplier: float
) -> None:
    average, worst, filled = take_price(levels, qty, multiplier)
    held = sum(size * multiplier for _, size in levels)
    assert filled == pytest.approx(min(qty, held), rel=1e-12)
    if filled:
        assert levels[0][0] * (1 - 1e-12) <= average <= worst * (1 + 1e-12)


@pytest.mark.parametrize("qty", [0.0, -1.0])
def test_taking_nothing_has_no_price(qty: float) -> None:
    assert take_price([(100.0, 1.0)], qty, 1.0) == (0.0, 0.0, 0.0)


def test_a_larger_size_never_gets_a_better_price() -> None:
    levels = [(100.0, 1.0), (101.0, 1.0), (103.0, 1.0)]
    prices = [take_price(levels, qty, 1.0)[0] for qty in (0.5, 1.0, 1.5, 2.5, 3.0)]
    assert prices == sorted(prices)


# --- the running mean and the touch ------------------------------------------------------------

numbers = st.floats(-1e4, 1e4)
durations = st.floats(1e-3, 1e6)


@untimed
@given(mean=numbers, value=numbers, elapsed=durations, half_life=durations)
def test_two_half_steps_are_one_whole_step(
    mean: float, value: float, elapsed: float, half_life: float
) -> None:
    half = decayed_mean(mean, value, elapsed / 2, half_life)
    twice = decayed_mean(half, value, elapsed / 2, half_life)
    assert twice == pytest.approx(decayed_mean(mean, value, elapsed, half_life), abs=1e-9)


@untimed
@given(mean=numbers, value=numbers, elapsed=durations, half_life=durations)
def test_the_mean_stays_between_the_past_and_the_present(
    mean: float, value: float, elapsed: float, half_life: float
) -> None:
    result = decayed_mean(mean, value, elapsed, half_life)
    assert min(mean, value) - 1e-9 <= result <= max(mean, value) + 1e-9


def test_a_half_life_forgets_half() -> None:
    assert decayed_mean(10.0, 20.0, 60.0, 60.0) == 15.0
    assert decayed_mean(10.0, 20.0, 120.0, 60.0) == 17.5


def test_no_time_changes_nothing_and_all_time_forgets_everything() -> None:
    assert decayed_mean(10.0, 20.0, 0.0, 60.0) == 10.0
    assert decayed_mean(10.0, 20.0, inf, 60.0) == 20.0


def test_the_gross_edge_is_the_ratio_of_the_touches() -> None:
    assert gross_edge_bps(101.0, 100.0) == pytest.approx(100.0)
    assert gross_edge_bps(100.0, 100.0) == 0.0
    assert gross_edge_bps(99.0, 100.0) == pytest.approx(-100.0)
