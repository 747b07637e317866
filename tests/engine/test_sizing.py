from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from engine.builders import D, Rig, convergence, krw_usdt, perp, route, spot, taker
from hypothesis import given, settings
from hypothesis import strategies as st

from arbitrage.domain.fees import FeeManner
from arbitrage.domain.sides import Direction, Side
from arbitrage.engine.config import RouteConfig
from arbitrage.engine.sizing import Bound, Opportunity, net_edge_bps, size

LONG_A, LONG_B = Direction.LONG_A_SHORT_B, Direction.LONG_B_SHORT_A
Levels = Sequence[tuple[float, float]]


def sized(
    rig: Rig,
    direction: Direction = LONG_A,
    *,
    cost_bps: float | None = None,
    bounds: Sequence[Bound] = (),
    usd_rate: float = 1.0,
) -> Opportunity | str:
    config = rig.route.config
    return size(
        rig.route,
        direction,
        cost_bps=config.slippage_bps if cost_bps is None else cost_bps,
        bounds=list(bounds),
        usd_rate=usd_rate,
        accounts=rig.engine.accounts,
    )


def found(rig: Rig, direction: Direction = LONG_A, **more: Any) -> Opportunity:
    answer = sized(rig, direction, **more)
    assert isinstance(answer, Opportunity)
    return answer


def quiet(config: RouteConfig, asks_a: Levels, bids_b: Levels, **more: Any) -> Rig:
    """A rig with these books, on a route that cannot trade by itself."""
    rig = Rig(config, **more)
    rig.engine.risk.reason = "paused"
    rig.route.is_paused = True
    bid_a, ask_b = asks_a[0][0] * 0.9, bids_b[0][0] * 1.1
    rig.book(config.a.instrument, [(bid_a, 100.0)], list(asks_a))
    rig.book(config.b.instrument, list(bids_b), [(ask_b, 100.0)])
    return rig


# --- exact on piecewise-linear books ----------------------------------------------------------

sizes = st.integers(1, 30).map(lambda lots: lots / 10)


def side(first: int, sign: int) -> st.SearchStrategy[list[tuple[float, float]]]:
    """Up to five levels from about `first`, `sign` +1 for asks."""
    steps = st.lists(st.tuples(st.integers(1, 8), sizes), min_size=1, max_size=5)

    def build(raw: list[tuple[int, float]]) -> list[tuple[float, float]]:
        levels, price = [], first
        for step, qty in raw:
            price += sign * step
            levels.append((price / 10, qty))
        return levels

    return steps.map(build)


def taken(levels: Levels, qty: Decimal, multiplier: Decimal) -> Decimal | None:
    """What taking `qty` base units costs or yields, to the last digit; None if too thin."""
    left, total = qty, D(0)
    for price, available in levels:
        part = min(left, D(str(available)) * multiplier)
        total += part * D(str(price))
        left -= part
    return total if left <= 0 else None


def marginal_edge(asks: Levels, bids: Levels, qty: Decimal, rig: Rig) -> Decimal | None:
    """Net edge of the last lot of `qty`; None if a book is thinner."""
    a, b = rig.route.a, rig.route.b
    lot = rig.route.common_lot
    money = []
    for levels, leg, is_buy in ((asks, a, True), (bids, b, False)):
        multiplier = leg.instrument.contract_multiplier
        rate = leg.fees.rate(is_maker=False)
        is_received = is_buy and leg.fees.manner is FeeManner.RECEIVED
        gross = 1 / (1 - rate) if is_received else D(1)
        whole = taken(levels, qty * gross, multiplier)
        before = taken(levels, (qty - lot) * gross, multiplier)
        if whole is None or before is None:
            return None
        factor = D(1) if is_received else 1 + rate if is_buy else 1 - rate
        money.append((whole - before) * factor)
    return money[1] / money[0] - 1


@settings(max_examples=150, deadline=None)
@given(
    side(1000, +1),
    side(1030, -1),
    st.sampled_from([0.0, 5.0, 30.0]),
    st.sampled_from([0.0, 10.0, 40.0]),
    st.sampled_from([FeeManner.QUOTE, FeeManner.RECEIVED]),
    st.sampled_from([("1", "1"), ("0.1", "1"), ("0.5", "0.2")]),
)
def test_the_size_is_the_largest_whose_every_lot_pays(
    asks: Levels,
    bids: Levels,
    min_edge_bps: float,
    fee_bps: float,
    manner: FeeManner,
    multipliers: tuple[str, str],
) -> None:
    a = spot("alpha", contract_multiplier=D(multipliers[0]), lot_size=D("0.1"))
    b = spot("beta", contract_multiplier=D(multipliers[1]), lot_size=D("0.1"))
    fees = {"fee_a": taker(fee_bps, manner), "fee_b": taker(fee_bps)}
    rig = quiet(route(a, b, min_edge_bps=min_edge_bps, **fees), asks, bids)
    answer = sized(rig)
    lot, least = rig.route.common_lot, D(str(min_edge_bps)) / 10_000
    best, qty = D(0), lot
    while (edge := marginal_edge(asks, bids, qty, rig)) is not None:
        if edge <= least:
            break
        best = qty
        qty += lot
    assert isinstance(answer, Opportunity) or answer in ("min_edge", "lot_size")
    qty = answer.qty if isinstance(answer, Opportunity) else D(0)
    # A last lot may pay as a whole though the part of it beyond a level does not.
    assert best - lot <= qty <= best


def test_levels_that_sum_to_a_hair_less_than_a_lot_cost_no_lot() -> None:
    a = spot("alpha", lot_size=D("0.1"))
    rig = quiet(route(a), [(100.0, 9.0)], [(101.0, 0.1), (100.9, 0.7)])  # 0.7999999999999999
    answer = found(rig)
    assert answer.qty == D("0.8")
    assert answer.edge_bps == pytest.approx((0.1 * 101.0 + 0.7 * 100.9) / 0.8 * 100 - 1e4)


@settings(max_examples=100, deadline=None)
@given(
    side(1000, +1),
    side(1030, -1),
    st.sampled_from([0.0, 15.0, 60.0]),
    st.sampled_from([0.0, 5.0, 50.0]),
    st.sampled_from([0.0, 10.0]),
    st.sampled_from(list(FeeManner)),
)
def test_the_least_edge_is_kept_even_when_both_orders_fill_at_their_limits(
    asks: Levels,
    bids: Levels,
    min_edge_bps: float,
    slippage_bps: float,
    fee_bps: float,
    manner: FeeManner,
) -> None:
    token = "BNB" if manner is FeeManner.THIRD_TOKEN else ""
    config = route(
        min_edge_bps=min_edge_bps,
        slippage_bps=slippage_bps,
        fee_a=taker(fee_bps, manner, token),
        fee_b=taker(fee_bps, manner, token),
    )
    answer = sized(quiet(config, asks, bids))
    if isinstance(answer, Opportunity):
        long, short = answer.a, answer.b
        paid = float(long.price) * long.leg.buy_factor
        edge_bps = (float(short.price) * short.leg.sell_factor / paid - 1) * 1e4
        assert edge_bps >= min_edge_bps - 1e-6
        # The order can be filled whole on the book that it was sized on.
        assert long.price >= D(str(asks[0][0]))
        assert short.price <= D(str(bids[0][0]))


def test_a_price_never_reaches_for_the_next_level_by_a_digit_of_a_float() -> None:
    asks = [(100.0, 0.3), (100.1, 0.1), (200.0, 5.0)]  # 0.4 - 0.3 is more than 0.1
    rig = quiet(route(), asks, [(101.0, 9.0)])
    assert found(rig).a.price == D("100.10")
    bids = [(101.0, 0.3), (100.9, 0.1), (50.0, 5.0)]
    rig = quiet(route(), [(100.0, 9.0)], bids)
    assert found(rig).b.price == D("100.90")


def test_a_fee_out_of_the_received_asset_never_reaches_for_the_next_level() -> None:
    """What is bought on top to pay the fee comes out of the same depth."""
    config = route(fee_a=taker(1000.0, FeeManner.RECEIVED))
    rig = quiet(config, [(100.0, 10.0), (190.0, 5.0)], [(120.0, 10.0)])
    answer = found(rig)
    assert (answer.qty, answer.a.qty, answer.b.qty) == (9, 10, 9)
    assert answer.a.price == 100


def test_edge_is_that_of_the_whole_size_net_of_every_cost() -> None:
    rig = quiet(route(fee_b=taker(10.0)), [(100.0, 1.0), (100.5, 1.0)], [(101.0, 2.0)])
    answer = found(rig, cost_bps=7.0)
    gross = 101.0 * 0.999 / 100.25
    assert answer.edge_bps == pytest.approx((gross - 1) * 1e4 - 7.0)


def test_edge_of_more_than_the_books_hold_is_minus_infinity() -> None:
    rig = quiet(route(), [(100.0, 1.0)], [(101.0, 2.0)])
    assert net_edge_bps(rig.route, LONG_A, 1.0) == pytest.approx(100.0)
    assert net_edge_bps(rig.route, LONG_A, 1.1) == float("-inf")
    assert net_edge_bps(rig.route, LONG_A, 0.0) == float("-inf")


def test_the_other_direction_reads_the_other_sides() -> None:
    rig = Rig(route(fee_a=taker(10.0)))
    rig.route.is_paused = True
    rig.show((102.0, 103.0), (99.0, 100.0))
    answer = found(rig, LONG_B)
    assert (answer.a.side, answer.b.side) == (Side.SELL, Side.BUY)
    assert (answer.a.price, answer.b.price) == (102, 100)
    assert answer.edge_bps == pytest.approx((102 * 0.999 / 100 - 1) * 1e4)


# --- bounds -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quote_a", "quote_b", "asks", "bids", "usd_rate", "price_usd"),
    [
        ("KRW", "USDT", [(130_000.0, 90.0)], [(101.0, 90.0)], 1 / 1300, 101.0),
        ("USDT", "KRW", [(100.0, 90.0)], [(131_300.0, 90.0)], 1.0, 101.0),
        ("USDT", "USDT", [(100.0, 90.0)], [(101.0, 90.0)], 1.0, 101.0),
    ],
)
def test_notional_in_dollars_is_converted_once(
    quote_a: str, quote_b: str, asks: Levels, bids: Levels, usd_rate: float, price_usd: float
) -> None:
    """Quantity is dollars times rate over price, never over the square of the rate (LESSONS 26)."""
    config = route(spot("alpha", quote_a), spot("beta", quote_b), fx=krw_usdt(1300.0))
    rig = quiet(config, asks, bids)
    answer = found(rig, bounds=[Bound("risk:max_position", 1000.0)], usd_rate=usd_rate)
    assert answer.qty == pytest.approx(D(1000) / D(price_usd), abs=D("0.0011"))
    assert float(answer.qty) * price_usd <= 1000.0


@settings(max_examples=60, deadline=None)
@given(
    side(1000, +1),
    side(1030, -1),
    st.floats(20.0, 900.0),
    st.sampled_from([0.0, 30.0]),
    st.sampled_from([FeeManner.QUOTE, FeeManner.RECEIVED]),
)
def test_no_fill_can_pass_a_bound_on_notional(
    asks: Levels, bids: Levels, usd: float, slippage_bps: float, manner: FeeManner
) -> None:
    config = route(slippage_bps=slippage_bps, fee_a=taker(20.0, manner))
    answer = sized(quiet(config, asks, bids), bounds=[Bound("risk:max_order_notional", usd)])
    if isinstance(answer, Opportunity):
        assert float(answer.a.qty * answer.a.price) <= usd * (1 + 1e-12)
        assert float(answer.b.qty) * bids[0][0] <= usd * (1 + 1e-12)


def test_the_tightest_bound_names_the_refusal() -> None:
    rig = quiet(route(), [(100.0, 9.0)], [(101.0, 9.0)])
    loose, tight = Bound("risk:max_position", 900.0), Bound("risk:max_route_notional", 0.05)
    assert sized(rig, bounds=[loose, tight]) == "risk:max_route_notional"
    assert sized(rig, bounds=[Bound("risk:max_gross_notional", -5.0)]) == "risk:max_gross_notional"


def test_a_bound_that_still_leaves_a_size_is_no_refusal() -> None:
    rig = quiet(route(), [(100.0, 9.0)], [(101.0, 9.0)])
    assert found(rig, bounds=[Bound("risk:max_position", 505.0)]).qty == 5


def test_the_largest_order_of_a_venue_bounds_what_is_bought_on_top_for_the_fee_too() -> None:
    a = spot("alpha", max_qty=D(5))
    rig = quiet(route(a, fee_a=taker(2000.0, FeeManner.RECEIVED)), [(100.0, 99.0)], [(130.0, 99.0)])
    answer = found(rig)
    assert (answer.a.qty, answer.b.qty) == (5, 4)
    loose = spot("alpha", max_qty=D(500))
    assert found(quiet(route(loose), [(100.0, 9.0)], [(101.0, 9.0)])).qty == 9
    tiny = spot("alpha", max_qty=D("0.0005"))
    assert sized(quiet(route(tiny), [(100.0, 9.0)], [(101.0, 9.0)])) == "max_qty"


# --- money ------------------------------------------------------------------------------------

money = st.integers(0, 40_000).map(lambda cents: D(cents) / 100)


@settings(max_examples=100, deadline=None)
@given(
    money,
    st.integers(0, 5000).map(lambda thousandths: D(thousandths) / 1000),
    st.sampled_from([0.0, 7.0]),
    st.sampled_from([FeeManner.QUOTE, FeeManner.RECEIVED]),
    st.sampled_from([0.0, 20.0]),
)
def test_what_is_ordered_is_never_more_than_the_purse_holds(
    quote: Decimal, base: Decimal, fee_bps: float, manner: FeeManner, slippage_bps: float
) -> None:
    config = route(fee_a=taker(fee_bps, manner), fee_b=taker(fee_bps), slippage_bps=slippage_bps)
    purses = {"alpha": {"USDT": quote}, "beta": {"BTC": base}}
    answer = sized(quiet(config, [(100.0, 9.0)], [(101.0, 9.0)], balances=purses))
    if isinstance(answer, str):
        assert answer == "balance"
        assert min(quote / 101, base) < D("0.0011")
        return
    rate = D(str(fee_bps)) / 10_000
    on_top, gross = (rate, D(1)) if manner is FeeManner.QUOTE else (D(0), 1 / (1 - rate))
    assert answer.a.qty * answer.a.price * (1 + on_top) <= quote
    assert answer.b.qty <= base
    most = min(base, 9 / gross, quote / (answer.a.price * gross * (1 + on_top)))
    assert answer.qty > most - D("0.0011")  # nothing but the rounding is left on the table


def test_a_direction_whose_coin_is_not_there_is_refused_as_balance() -> None:
    purses = {"alpha": {"USDT": D(1000), "BTC": D(5)}, "beta": {"USDT": D(1000)}}
    rig = quiet(route(), [(100.0, 9.0)], [(101.0, 9.0)], balances=purses)
    assert sized(rig) == "balance"


def test_two_legs_that_pay_out_of_one_purse_share_it() -> None:
    """Spot and perpetual at one venue: the purchase and the margin come from the same money."""
    config = convergence(spot("alpha"), perp("alpha"), fee_a=taker(10.0), fee_b=taker(5.0))
    rig = quiet(config, [(100.0, 99.0)], [(101.0, 99.0)], balances={"alpha": {"USDT": D(1000)}})
    answer = found(rig)
    spent = answer.a.qty * answer.a.price * D("1.001")
    margin = answer.b.qty * answer.b.price * (D("0.1") + D("0.0005"))
    assert D(999) < spent + margin <= 1000


def test_margin_is_judged_at_the_price_that_costs_most_of_it() -> None:
    """The better a short sale, the dearer: the last level walked would promise too much."""
    purses = {"alpha": {"USDT": D(10**6)}, "beta": {"USDT": D(100)}}
    rig = quiet(convergence(), [(100.0, 99.0)], [(140.0, 9.0), (101.0, 90.0)], balances=purses)
    answer = found(rig, bounds=[Bound("risk:max_position", 1e9)])
    assert answer.qty == D("7.142")  # 100 / (0.1 * 140), and not / (0.1 * 101)
    assert answer.b.price == 140


def test_one_empty_purse_serves_neither_leg() -> None:
    config = convergence(spot("alpha"), perp("alpha"))
    rig = quiet(config, [(100.0, 99.0)], [(101.0, 99.0)], balances={})
    assert sized(rig) == "balance"


# --- the venues' rules ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ({"lot_size": D(10)}, "lot_size"),
        ({"min_qty": D(10)}, "min_qty"),
        ({"min_notional": D(901)}, "min_notional"),
    ],
)
@pytest.mark.parametrize("leg", ["a", "b"])
def test_a_venues_minimum_refuses_whichever_leg_it_is_on(
    leg: str, rules: dict[str, Decimal], reason: str
) -> None:
    config = route(**{leg: spot("alpha" if leg == "a" else "beta", **rules)})
    assert sized(quiet(config, [(100.0, 9.0)], [(100.1, 9.0)])) == reason


def test_both_legs_are_the_same_size_on_the_coarser_of_two_grids() -> None:
    a = spot("alpha", lot_size=D("0.3"))
    b = perp("beta", lot_size=D(1), contract_multiplier=D("0.01"))
    rig = quiet(convergence(a, b), [(100.0, 1.0)], [(101.0, 200.0)])
    answer = found(rig)
    assert rig.route.common_lot == D("0.3")
    assert (answer.qty, answer.a.qty, answer.b.qty) == (D("0.9"), D("0.9"), 90)


def test_limit_prices_are_half_the_slippage_beyond_the_last_level_on_the_tick() -> None:
    config = route(spot("alpha", tick_size=D("0.1")), slippage_bps=20.0)
    answer = found(quiet(config, [(100.0, 1.0), (100.2, 1.0)], [(102.0, 2.0)]))
    assert answer.a.price == D("100.3")  # 100.3002, rounded down
    assert answer.b.price == D("101.9")  # 101.898, rounded up to 101.90


def test_nothing_above_the_threshold_is_min_edge() -> None:
    books = [(100.0, 1.0)], [(101.0, 1.0)]
    assert sized(quiet(route(min_edge_bps=100.0), *books)) == "min_edge"
    assert sized(quiet(route(min_edge_bps=99.9), *books)) != "min_edge"
