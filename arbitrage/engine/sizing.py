"""From an edge to a size: walk both books, bound by everything that bounds, round down.

The walk finds the largest size whose every marginal pair still pays. Limits and money may only
make it smaller; the bound that makes it untradable is the one binding reason of the refusal.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from arbitrage.domain.sides import Direction, Side
from arbitrage.domain.units import BPS, ONE, ZERO, decimal_of, floor_to
from arbitrage.engine.accounts import NOTHING_KEPT, Accounts
from arbitrage.engine.arithmetic import take_price, walk
from arbitrage.engine.route_state import LegState, RouteState

# Levels summed as floats can fall short of a quantity by its last digit. That digit costs no lot,
# is not worth the price of the next level, and makes no book too thin.
A_HAIR_LESS = 1.0 - 1e-12


class LegOrder(msgspec.Struct, frozen=True):
    """One leg of a sized opportunity: native quantity and limit price on the venue's grids."""

    leg: LegState
    side: Side
    qty: Decimal
    price: Decimal


class Opportunity(msgspec.Struct, frozen=True):
    """A size that passed every bound. `qty` is base units, `edge_bps` net of every cost."""

    direction: Direction
    qty: Decimal
    edge_bps: float
    a: LegOrder
    b: LegOrder


class Bound(msgspec.Struct, frozen=True):
    """A leg's notional may be at most `usd` dollars, because of `reason`."""

    reason: str
    usd: float


def size(
    route: RouteState,
    direction: Direction,
    *,
    cost_bps: float,
    bounds: list[Bound],
    usd_rate: float,
    accounts: Accounts,
    kept: Mapping[tuple[str, str], Decimal] = NOTHING_KEPT,
) -> Opportunity | str:
    """The size of `direction` on `route`, or the one reason why there is none.

    `cost_bps` is what must be earned beside the fees of this crossing to end at zero; the
    threshold of the walk is that plus the route's `min_edge_bps`. `usd_rate` is dollars per unit
    of A's quote. Notionals and money are judged at limit prices, so that no fill can pass a bound.
    `kept` is money that other trades will need.
    """
    long, short = route.leg(Side.BUY, direction), route.leg(Side.SELL, direction)
    buy_factor, sell_factor = _factors(route, direction)
    asks, bids = long.market.asks, short.market.bids
    min_ratio = _min_ratio(route, cost_bps)
    depth, _, _, worst_ask, worst_bid = walk(
        asks, bids, buy_factor, sell_factor, min_ratio, long.buy_multiplier, short.multiplier
    )
    if depth <= 0.0:
        return "min_edge"
    buy_price = _limit_price(route, long, Side.BUY, worst_ask)
    sell_price = _limit_price(route, short, Side.SELL, worst_bid)
    fx_long, fx_short = _fx_at_most(route, long), _fx_at_most(route, short)
    usd_per_base = usd_rate * max(
        max(float(buy_price), asks[0][0]) * fx_long * long.multiplier / long.buy_multiplier,
        bids[0][0] * fx_short,
    )
    reason, most = _tightest(long, short, depth / A_HAIR_LESS, bounds, usd_per_base)
    # A short perpetual costs the more margin, the better its price.
    dearest_sell = short.instrument.limit_price(bids[0][0], Side.SELL)
    affordable = _affordable(accounts, long, short, buy_price, dearest_sell, kept)
    if affordable < most:
        reason, most = "balance", affordable
    qty = floor_to(max(most, ZERO), route.common_lot)
    opportunity = _of_qty(route, direction, qty, cost_bps, buy_price, sell_price)
    if isinstance(opportunity, str) and reason != "depth":
        return reason
    return opportunity


def _min_ratio(route: RouteState, cost_bps: float) -> float:
    """One plus the least net edge of a pair of levels.

    Slippage is charged on each limit price, as it is allowed there, so that the least edge is
    kept even when both orders fill at their limits.
    """
    config = route.config
    slip = config.slippage_bps / (2 * BPS)
    rest = (config.min_edge_bps + cost_bps - config.slippage_bps) / BPS
    return (1.0 + rest) * (1.0 + slip) / (1.0 - slip)


def _fx_at_most(route: RouteState, leg: LegState) -> float:
    """The dearer rate from the leg's quote into A's: a bound must hold on either side of it."""
    return route.fx_buy_b if leg is route.b else 1.0


def _affordable(
    accounts: Accounts,
    long: LegState,
    short: LegState,
    buy_price: Decimal,
    sell_price: Decimal,
    kept: Mapping[tuple[str, str], Decimal],
) -> Decimal:
    """Base units for which both venues have the money, both legs paying out of one purse if they
    share it."""
    bought = accounts.affordable(long.instrument, long.fees, Side.BUY, buy_price, kept=kept)
    sold = accounts.affordable(short.instrument, short.fees, Side.SELL, sell_price, kept=kept)
    have_one_purse = (
        short.is_perpetual
        and long.instrument.venue == short.instrument.venue
        and long.instrument.quote == short.instrument.quote
    )
    if have_one_purse and bought and sold:
        return bought * sold / (bought + sold)
    return min(bought, sold)


def _tightest(
    long: LegState, short: LegState, depth: float, bounds: list[Bound], usd_per_base: float
) -> tuple[str, Decimal]:
    """The name and base quantity of the tightest bound, depth of the books included."""
    reason, most = "depth", depth
    for bound in bounds:
        if bound.usd < most * usd_per_base:
            reason, most = bound.reason, bound.usd / usd_per_base
    exact = decimal_of(most)
    for leg, gross in ((long, long.gross_of_fee(ONE)), (short, ONE)):
        if leg.instrument.max_qty is not None:
            largest = leg.instrument.max_qty * leg.instrument.contract_multiplier / gross
            if largest < exact:
                reason, exact = "max_qty", largest
    return reason, exact


def _of_qty(
    route: RouteState,
    direction: Direction,
    qty: Decimal,
    cost_bps: float,
    highest_buy: Decimal,
    lowest_sell: Decimal,
) -> Opportunity | str:
    """The orders for `qty` base units, or the venue rule that they would break.

    The last level of the walk bounds the prices, as nothing beyond it pays.
    """
    if qty <= 0:
        return "lot_size"
    long, short = route.leg(Side.BUY, direction), route.leg(Side.SELL, direction)
    orders = {}
    for leg, side, levels, base_qty, multiplier in (
        (long, Side.BUY, long.market.asks, long.gross_of_fee(qty), long.buy_multiplier),
        (short, Side.SELL, short.market.bids, qty, short.multiplier),
    ):
        native = leg.instrument.native_qty(base_qty)
        _, worst_price, _ = take_price(levels, float(qty) * A_HAIR_LESS, multiplier)
        price = _limit_price(route, leg, side, worst_price)
        price = min(price, highest_buy) if side is Side.BUY else max(price, lowest_sell)
        refusal = leg.instrument.refusal(native, price)
        if refusal is not None:
            return refusal
        orders[side] = LegOrder(leg, side, native, price)
    edge_bps = net_edge_bps(route, direction, float(qty)) - cost_bps
    return Opportunity(direction, qty, edge_bps, orders[direction.side_a], orders[direction.side_b])


def _limit_price(route: RouteState, leg: LegState, side: Side, worst_price: float) -> Decimal:
    """Half the route's slippage beyond the worst price walked, on the tick grid."""
    slip = route.config.slippage_bps / (2 * BPS) * side.sign
    return leg.instrument.limit_price(worst_price * (1.0 + slip), side)


def net_edge_bps(route: RouteState, direction: Direction, qty: float) -> float:
    """Edge in bps of crossing both books for `qty` base units, fees and FX inside; minus infinity
    if either book is thinner than that."""
    long, short = route.leg(Side.BUY, direction), route.leg(Side.SELL, direction)
    buy_factor, sell_factor = _factors(route, direction)
    wanted = qty * A_HAIR_LESS
    buy_price, _, bought = take_price(long.market.asks, wanted, long.buy_multiplier)
    sell_price, _, sold = take_price(short.market.bids, wanted, short.multiplier)
    if qty <= 0.0 or bought < wanted or sold < wanted:
        return float("-inf")
    return (sell_price * sell_factor / (buy_price * buy_factor) - 1.0) * BPS


def _factors(route: RouteState, direction: Direction) -> tuple[float, float]:
    """`(buy_factor, sell_factor)` with fees and FX inside, both in A's quote."""
    if direction is Direction.LONG_A_SHORT_B:
        return route.a.buy_factor, route.b.sell_factor * route.fx_sell_b
    return route.b.buy_factor * route.fx_buy_b, route.a.sell_factor
