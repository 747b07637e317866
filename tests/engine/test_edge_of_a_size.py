"""The edge of DESIGN §3 against brute force: a round of money through both books, lot by lot."""

from fractions import Fraction

import pytest
from engine.builders import D, Rig, convergence, perp, route, spot, taker
from hypothesis import given, settings
from hypothesis import strategies as st

from arbitrage.domain.events import FxQuote
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.fx import FxFeed
from arbitrage.domain.sides import Direction, Side
from arbitrage.engine.route_state import LegState
from arbitrage.engine.sizing import net_edge_bps

Book = list[tuple[float, float]]
tenths = st.integers(1, 40).map(lambda value: value / 10)
sides = st.lists(st.tuples(st.integers(1, 9), tenths), min_size=1, max_size=4)
manners = st.sampled_from(list(FeeManner))
bps = st.sampled_from([0.0, 5.0, 37.0])


def book(raw: list[tuple[int, float]], unit: float, sign: int) -> Book:
    levels, steps = [], 0
    for step, qty in raw:
        steps += step
        levels.append((round((1000 + sign * steps) * unit / 10, 6), qty))
    return levels


def fees(manner: FeeManner, rate_bps: float) -> FeeSchedule:
    return taker(rate_bps, manner, "BNB" if manner is FeeManner.THIRD_TOKEN else "")


def exact(value: float) -> Fraction:
    return Fraction(D(str(value)))


def money(leg: LegState, levels: Book, side: Side, wanted: Fraction) -> Fraction | None:
    """Quote paid for `wanted` base units in hand, or had for them; None if the book is thinner."""
    rate = exact(leg.fees.taker_bps) / 10_000
    is_short_of_fee = (
        side is Side.BUY and leg.fees.manner is FeeManner.RECEIVED and not leg.is_perpetual
    )
    left = wanted / (1 - rate) if is_short_of_fee else wanted
    total = Fraction(0)
    for price, qty in levels:
        part = min(left, exact(qty) * Fraction(leg.instrument.contract_multiplier))
        total += part * exact(price)
        left -= part
    if left > 0:
        return None
    if is_short_of_fee:
        return total
    return total * (1 + rate if side is Side.BUY else 1 - rate)


@settings(max_examples=200, deadline=None)
@given(
    sides,
    sides,
    tenths,
    manners,
    manners,
    bps,
    bps,
    st.sampled_from(["1", "0.1", "25"]),
    st.sampled_from([("KRW", "USDT"), ("USDT", "KRW"), ("USDT", "USDT")]),
    st.booleans(),
    st.sampled_from(list(Direction)),
    st.integers(0, 30),
)
def test_edge_of_a_size_is_what_a_round_of_money_brings(
    raw_asks: list[tuple[int, float]],
    raw_bids: list[tuple[int, float]],
    qty: float,
    manner_a: FeeManner,
    manner_b: FeeManner,
    bps_a: float,
    bps_b: float,
    multiplier: str,
    quotes: tuple[str, str],
    is_perpetual: bool,
    direction: Direction,
    fx_spread: int,
) -> None:
    kind = perp if is_perpetual else spot
    legs = spot("alpha", quotes[0]), kind("beta", quotes[1], contract_multiplier=D(multiplier))
    manner_b = FeeManner.QUOTE if is_perpetual else manner_b
    build = convergence if is_perpetual else route
    terms = {"fee_a": fees(manner_a, bps_a), "fee_b": fees(manner_b, bps_b)}
    rig = Rig(build(*legs, fx=FxFeed("USDT", "KRW"), **terms))
    rig.route.is_paused = True
    fx_bid, fx_ask = 1000, 1000 + fx_spread
    rig.feed(FxQuote(rig.now_ns, "USDT", "KRW", fx_bid, fx_ask))
    books = {}
    for leg, quote in zip((rig.route.a, rig.route.b), quotes, strict=True):
        unit = 1000.0 if quote == "KRW" else 1.0
        books[leg] = book(raw_bids, unit, -1), book(raw_asks, unit, +1)
        rig.book(leg.instrument, *books[leg])
    long, short = rig.route.long_and_short(direction)
    base = exact(qty)
    paid = money(long, books[long][1], Side.BUY, base)
    had = money(short, books[short][0], Side.SELL, base)
    edge_bps = net_edge_bps(rig.route, direction, qty)
    if paid is None or had is None:
        assert edge_bps == float("-inf")
        return
    in_a = {
        leg: in_quote_of_a(quotes, leg is rig.route.b, fx_bid, fx_ask, is_perpetual)
        for leg in (long, short)
    }
    ratio = had * in_a[short][0] / (paid * in_a[long][1])
    assert edge_bps == pytest.approx(float(ratio - 1) * 1e4, abs=1e-6)


def in_quote_of_a(
    quotes: tuple[str, str], is_b: bool, bid: int, ask: int, is_perpetual: bool
) -> tuple[Fraction, Fraction]:
    """What one unit of a leg's quote is worth in A's when it was had, and when it was paid: at the
    side that we would have to trade, or at the mid where a perpetual leaves nothing to trade."""
    if not is_b or quotes[0] == quotes[1]:
        return Fraction(1), Fraction(1)
    if is_perpetual:
        mid = Fraction(bid + ask, 2)
        rates = mid, mid
    else:
        rates = Fraction(bid), Fraction(ask)
    return rates if quotes[0] == "KRW" else (1 / rates[1], 1 / rates[0])
