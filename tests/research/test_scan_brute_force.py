"""A scan of random books finds what brute force finds, in exact fractions."""

from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from research.scans import AB, BA, ROUTE, SECOND, book, found, recorded

from arbitrage.domain.events import BookSnapshot, Levels
from arbitrage.domain.sides import Direction
from arbitrage.research.scan import scan
from arbitrage.research.scan_result import THRESHOLDS_BPS

CENTS = st.integers(9_700, 10_300).map(lambda cents: cents / 100)
QTYS = st.integers(0, 400).map(lambda hundredths: hundredths / 100)
SIDES = st.dictionaries(CENTS, QTYS, max_size=4)
BOOKS = st.lists(
    st.tuples(st.integers(0, 25), st.sampled_from("ab"), SIDES, SIDES), min_size=1, max_size=25
)


def brute_size(
    asks: Levels, bids: Levels, buy: Fraction, sell: Fraction, ratio: Fraction
) -> tuple[Fraction, Fraction]:
    """Size and profit from the two step curves of prices over quantity, exactly."""
    ends = [
        list(accumulate((Fraction(qty) for _, qty in side), initial=Fraction(0)))
        for side in (asks, bids)
    ]
    size, profit = Fraction(0), Fraction(0)
    for start, stop in pairwise(sorted({*ends[0], *ends[1]})):
        if stop > min(ends[0][-1], ends[1][-1]):
            break
        ask, bid = (
            next(
                Fraction(price) for (price, _), end in zip(side, of[1:], strict=True) if end > start
            )
            for side, of in ((asks, ends[0]), (bids, ends[1]))
        )
        net = bid * sell - ask * buy * ratio
        assume(net == 0 or abs(net) > 1e-9)  # floats cannot tell which side of the line it is on
        if net <= 0:
            break
        size += stop - start
        profit += (stop - start) * (bid * sell - ask * buy)
    return size, profit


@settings(max_examples=60)
@given(
    books=BOOKS,
    fees=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    min_edge_bps=st.integers(-20, 60),
    max_age=st.integers(0, 8),
)
def test_a_scan_is_what_brute_force_finds(
    tmp_path_factory: pytest.TempPathFactory,
    books: list[tuple[int, str, dict[float, float], dict[float, float]]],
    fees: tuple[int, int],
    min_edge_bps: int,
    max_age: int,
) -> None:
    events = [
        book(second, venue, sorted(bids.items(), reverse=True), sorted(asks.items()))
        for second, venue, bids, asks in sorted(books, key=lambda book: book[0])
    ]
    result = scan(
        recorded(tmp_path_factory.mktemp("scan"), events),
        [ROUTE],
        taker_bps={"a": float(fees[0]), "b": float(fees[1])},
        min_edge_bps=float(min_edge_bps),
        max_age_seconds=float(max_age),
        ignore_rules=True,
    )
    latest: dict[str, BookSnapshot] = {}
    evaluations = 0
    expected = {direction: [0, Fraction(0), Fraction(0)] for direction in Direction}
    above = {direction: dict.fromkeys(THRESHOLDS_BPS, 0) for direction in Direction}
    for event in events:
        latest[event.venue] = event
        if (
            len(latest) < 2
            or min(b.ts_ns for b in latest.values()) < event.ts_ns - max_age * SECOND
        ):
            continue
        evaluations += 1
        for direction, long, short in ((AB, "a", "b"), (BA, "b", "a")):
            asks, bids = latest[long].asks, latest[short].bids
            if not asks or not bids:
                continue
            gross = (Fraction(bids[0][0]) / Fraction(asks[0][0]) - 1) * 10_000
            assume(all(gross == t or abs(gross - t) > 1e-9 for t in THRESHOLDS_BPS))
            for threshold in THRESHOLDS_BPS:
                above[direction][threshold] += gross > threshold
            size, profit = brute_size(
                asks,
                bids,
                1 + Fraction(fees["ab".index(long)], 10_000),
                1 - Fraction(fees["ab".index(short)], 10_000),
                1 + Fraction(min_edge_bps, 10_000),
            )
            expected[direction][0] += size > 0
            expected[direction][1] += size
            expected[direction][2] += profit
    assert result.evaluations == evaluations
    for direction in Direction:
        it = found(result, direction)
        assert it.above == above[direction]
        assert it.opportunities == expected[direction][0]
        assert it.qty == pytest.approx(float(expected[direction][1]), abs=1e-9)
        assert it.net_profit == pytest.approx(float(expected[direction][2]), abs=1e-6)
