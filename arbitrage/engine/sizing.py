"""From an edge to a size: walk both books, bound by everything that bounds, round down.

The walk finds the largest size whose every marginal pair still pays. Limits and money may only
make it smaller; the bound that makes it untradable is the one binding reason of the refusal.
"""

from decimal import Decimal

import msgspec

from arbitrage.domain.fees import FeeManner
from arbitrage.domain.sides import Direction, Side
from arbitrage.domain.units import BPS, ONE, ZERO, decimal_of, floor_to
from arbitrage.engine.accounts import Accounts
from arbitrage.engine.arithmetic import take_price, walk
from arbitrage.engine.route_state import LegState, RouteState


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
) -> Opportunity | str:
    """The size of `direction` on `route`, or the one reason why there is none.

    `cost_bps` is what must be earned beside the fees of this crossing to end at zero; the
    threshold of the walk is that plus the route's `min_edge_bps`. `usd_rate` is dollars per unit
    of A's quote. Notionals and money are judged at limit prices, so that no fill can pass a bound.
    """
    long, short = route.leg(Side.BUY, direction), route.leg(Side.SELL, direction)
    buy_factor, sell_factor = _factors(route, direction)
    min_ratio = 1.0 + (route.config.min_edge_bps + cost_bps) / BPS
    asks, bids = long.market.asks, short.market.bids
    depth, _, _, worst_ask, worst_bid = walk(
        asks, bids, buy_factor, sell_factor, min_ratio, long.multiplier, short.multiplier
    )
    if depth <= 0.0:
        return "min_edge"
    buy_price = _limit_price(route, long, Side.BUY, worst_ask)
    sell_price = _limit_price(route, short, Side.SELL, worst_bid)
    usd_per_base = usd_rate * max(
        float(buy_price) * (route.fx_buy_b if long is route.b else 1.0),
        asks[0][0] * (route.fx_buy_b if long is route.b else 1.0),
        bids[0][0] * (route.fx_buy_b if short is route.b else 1.0),
    )
    reason, most = _tightest(long, short, depth, bounds, usd_per_base)
    for leg, side, price in ((long, Side.BUY, buy_price), (short, Side.SELL, sell_price)):
        affordable = accounts.affordable(leg.instrument, leg.fees, side, price)
        if affordable < most:
            reason, most = "balance", affordable
    qty = floor_to(max(most, ZERO), route.common_lot)
    opportunity = _of_qty(route, direction, qty, cost_bps)
    if isinstance(opportunity, str) and reason != "depth":
        return reason
    return opportunity


def _tightest(
    long: LegState, short: LegState, depth: float, bounds: list[Bound], usd_per_base: float
) -> tuple[str, Decimal]:
    """The name and base quantity of the tightest bound, depth of the books included."""
    reason, most = "depth", depth
    for bound in bounds:
        if bound.usd < most * usd_per_base:
            reason, most = bound.reason, bound.usd / usd_per_base
    exact = decimal_of(most)
    for leg in (long, short):
        if leg.instrument.max_qty is not None:
            largest = leg.instrument.max_qty * leg.instrument.contract_multiplier
            if largest < exact:
                reason, exact = "max_qty", largest
    return reason, exact


def _of_qty(
    route: RouteState, direction: Direction, qty: Decimal, cost_bps: float
) -> Opportunity | str:
    """The orders for `qty` base units, or the venue rule that they would break."""
    if qty <= 0:
        return "lot_size"
    long, short = route.leg(Side.BUY, direction), route.leg(Side.SELL, direction)
    orders = {}
    for leg, side, levels, base_qty in (
        (long, Side.BUY, long.market.asks, _gross_of_fee(qty, long)),
        (short, Side.SELL, short.market.bids, qty),
    ):
        native = leg.instrument.native_qty(base_qty)
        _, worst_price, _ = take_price(levels, float(base_qty), leg.multiplier)
        price = _limit_price(route, leg, side, worst_price)
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
    buy_price, _, bought = take_price(long.market.asks, qty, long.multiplier)
    sell_price, _, sold = take_price(short.market.bids, qty, short.multiplier)
    if qty <= 0.0 or bought < qty or sold < qty:
        return float("-inf")
    return (sell_price * sell_factor / (buy_price * buy_factor) - 1.0) * BPS


def _factors(route: RouteState, direction: Direction) -> tuple[float, float]:
    """`(buy_factor, sell_factor)` with fees and FX inside, both in A's quote."""
    if direction is Direction.LONG_A_SHORT_B:
        return route.a.buy_factor, route.b.sell_factor * route.fx_sell_b
    return route.b.buy_factor * route.fx_buy_b, route.a.sell_factor


def _gross_of_fee(qty: Decimal, leg: LegState) -> Decimal:
    """What must be bought for `qty` to be left once a fee in the received asset is taken off."""
    if leg.fees.manner is FeeManner.RECEIVED and not leg.is_perpetual:
        return qty / (ONE - leg.fees.rate(is_maker=False))
    return qty
