"""From an edge to a size: walk both books, bound by everything that bounds, round down.

The walk finds the largest size whose every marginal pair still pays. Limits and money may only
make it smaller. Sizes are counted in whole common lots, so that both legs can trade each of them;
which bound is the tightest is asked only when it refuses.
"""

from collections.abc import Mapping
from decimal import Decimal
from math import inf

import msgspec

from arbitrage.domain.events import Levels
from arbitrage.domain.sides import Direction, Side
from arbitrage.domain.units import BPS, ZERO, decimal_of
from arbitrage.engine.accounts import NOTHING_KEPT, Accounts
from arbitrage.engine.arithmetic import take_price
from arbitrage.engine.route_state import LegState, RouteState

# Levels summed as floats can fall short of a quantity by its last digit. That digit costs no lot,
# is not worth the price of the next level, and makes no book too thin.
A_HAIR_LESS = 1.0 - 1e-12

_BUY, _SELL = Side  # a member is found more quickly here than in its class


class LegOrder(msgspec.Struct, frozen=True):
    """One leg of a sized opportunity: native quantity and limit price on the venue's grids."""

    leg: LegState
    side: Side
    qty: Decimal
    price: Decimal


class Opportunity(msgspec.Struct, frozen=True):
    """A size that passed every bound and the rules of both venues. `qty` is base units,
    `edge_bps` net of every cost."""

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
    long, short = route.long_and_short(direction)
    asks, bids = long.market.asks, short.market.bids
    buy_factor, sell_factor = _factors(route, direction)
    min_ratio = _min_ratio(route, cost_bps)
    depth, worst_ask, worst_bid = depth_within(
        asks, bids, buy_factor, sell_factor, min_ratio, long.buy_multiplier, short.multiplier
    )
    if depth <= 0.0:
        return "min_edge"
    highest_buy = long.limit_price(worst_ask * route.dearer, _BUY)
    reason, most = "depth", depth / A_HAIR_LESS
    usd_per_base = usd_rate * _dearest(route, direction, float(highest_buy))
    for bound in bounds:
        if bound.usd < most * usd_per_base:
            reason, most = bound.reason, bound.usd / usd_per_base
    affordable = _affordable(accounts, long, short, highest_buy, kept)
    largest_orders = (long.most_bought, short.most_sold)
    lots = _lots_within(route, most, (*largest_orders, affordable))
    found = _of_lots(route, direction, lots, cost_bps, worst_ask, worst_bid)
    if isinstance(found, str):
        return _binding(reason, most, largest_orders, affordable) or found
    return found


def depth_within(
    asks: Levels,
    bids: Levels,
    buy_factor: float,
    sell_factor: float,
    min_ratio: float,
    ask_multiplier: float,
    bid_multiplier: float,
) -> tuple[float, float, float]:
    """How far `arithmetic.walk` goes, without the money: its `(qty, worst_ask, worst_bid)`, equal
    to the last bit on books of numbers."""
    qty = worst_ask = worst_bid = 0.0
    rest_of_asks = iter(asks)
    for ask, ask_size in rest_of_asks:
        ask_left, asked = ask_size * ask_multiplier, ask * buy_factor * min_ratio
        break
    else:
        return qty, worst_ask, worst_bid
    for bid, bid_size in bids:
        bid_left, offered = bid_size * bid_multiplier, bid * sell_factor
        while True:
            if not offered > asked:
                return qty, worst_ask, worst_bid
            worst_ask, worst_bid = ask, bid
            if bid_left < ask_left:
                qty += bid_left
                ask_left -= bid_left
                break
            qty += ask_left
            bid_left -= ask_left
            for ask, ask_size in rest_of_asks:
                ask_left, asked = ask_size * ask_multiplier, ask * buy_factor * min_ratio
                break
            else:
                return qty, worst_ask, worst_bid
            if not bid_left > 0.0:
                break
    return qty, worst_ask, worst_bid


def _min_ratio(route: RouteState, cost_bps: float) -> float:
    """One plus the least net edge of a pair of levels.

    Slippage is charged on each limit price, as it is allowed there, so that the least edge is
    kept even when both orders fill at their limits.
    """
    config = route.config
    rest = (config.min_edge_bps + cost_bps - config.slippage_bps) / BPS
    return (1.0 + rest) * route.dearer / route.cheaper


def _dearest(route: RouteState, direction: Direction, highest_buy: float) -> float:
    """The most that a base unit of either leg can count for, in A's quote, at the dearer FX: a
    bound must hold on either side of it."""
    long, short = route.long_and_short(direction)
    ask, bid = long.market.asks[0][0], short.market.bids[0][0]
    bought = highest_buy if highest_buy > ask else ask
    if direction.is_long_a:
        bid *= route.fx_buy_b
    else:
        bought *= route.fx_buy_b
    bought = bought * long.multiplier / long.buy_multiplier
    return bought if bought > bid else bid


def _affordable(
    accounts: Accounts,
    long: LegState,
    short: LegState,
    highest_buy: Decimal,
    kept: Mapping[tuple[str, str], Decimal],
) -> Decimal:
    """Base units for which both venues have the money, both legs paying out of one purse if they
    share it."""
    bought = accounts.affordable(long.instrument, long.fees, _BUY, highest_buy, kept=kept)
    # A short perpetual costs the more margin, the better its price; coins are sold at any.
    is_perpetual = short.is_perpetual
    dearest = short.limit_price(short.market.bids[0][0], _SELL) if is_perpetual else ZERO
    sold = accounts.affordable(short.instrument, short.fees, _SELL, dearest, kept=kept)
    have_one_purse = (
        is_perpetual
        and long.instrument.venue == short.instrument.venue
        and long.instrument.quote == short.instrument.quote
    )
    if have_one_purse and bought and sold:
        return bought * sold / (bought + sold)
    return bought if bought < sold else sold


def _lots_within(route: RouteState, most: float, exact_bounds: tuple[Decimal | None, ...]) -> int:
    """How many common lots all of these base quantities admit, at least zero."""
    if not most > 0.0:  # in this form what is no number admits nothing
        return 0
    # Books without end bound nothing; money always does.
    lots = route.lots.floor_count(most) if most < inf else None
    for bound in exact_bounds:
        if bound is not None and (lots is None or bound < lots * route.common_lot):
            lots = int(bound // route.common_lot)
    return lots or 0


def _binding(
    reason: str, most: float, largest_orders: tuple[Decimal | None, ...], affordable: Decimal
) -> str | None:
    """The name of the tightest bound, to the last digit; None if it is the depth of the books."""
    exact = decimal_of(most)
    for largest in largest_orders:
        if largest is not None and largest < exact:
            reason, exact = "max_qty", largest
    if affordable < exact:
        reason = "balance"
    return None if reason == "depth" else reason


def _of_lots(
    route: RouteState,
    direction: Direction,
    lots: int,
    cost_bps: float,
    worst_ask: float,
    worst_bid: float,
) -> Opportunity | str:
    """The orders for so many common lots, or the venue rule that they would break.

    The last levels of the walk bound the prices, as nothing beyond them pays.
    """
    if lots <= 0:
        return "lot_size"
    long, short = route.long_and_short(direction)
    qty = lots * route.common_lot
    edge_bps, last_ask, last_bid = _crossing(route, direction, float(qty))
    highest = last_ask if last_ask < worst_ask else worst_ask
    price = long.limit_price(highest * route.dearer, _BUY)
    native = lots * long.lot_qty
    if long.pays_fee_in_base:
        native = long.instrument.native_qty(long.gross_of_fee(qty))
    refusal = long.instrument.refusal(native, price)
    if refusal is not None:
        return refusal
    bought = LegOrder(long, _BUY, native, price)
    lowest = last_bid if last_bid > worst_bid else worst_bid
    price = short.limit_price(lowest * route.cheaper, _SELL)
    native = lots * short.lot_qty
    refusal = short.instrument.refusal(native, price)
    if refusal is not None:
        return refusal
    sold = LegOrder(short, _SELL, native, price)
    a, b = (bought, sold) if direction.is_long_a else (sold, bought)
    return Opportunity(direction, qty, edge_bps - cost_bps, a, b)


def _crossing(route: RouteState, direction: Direction, qty: float) -> tuple[float, float, float]:
    """The net edge in bps of crossing both books for `qty` base units, and the last ask and bid
    touched. The edge of a book that is too thin is minus infinity."""
    long, short = route.long_and_short(direction)
    buy_factor, sell_factor = _factors(route, direction)
    wanted = qty * A_HAIR_LESS
    buy_price, worst_ask, bought = take_price(long.market.asks, wanted, long.buy_multiplier)
    sell_price, worst_bid, sold = take_price(short.market.bids, wanted, short.multiplier)
    edge_bps = -inf
    if bought >= wanted and sold >= wanted:
        edge_bps = (sell_price * sell_factor / (buy_price * buy_factor) - 1.0) * BPS
    return edge_bps, worst_ask, worst_bid


def net_edge_bps(route: RouteState, direction: Direction, qty: float) -> float:
    """Edge in bps of crossing both books for `qty` base units, fees and FX inside; minus infinity
    if either book is thinner than that."""
    return _crossing(route, direction, qty)[0] if qty > 0.0 else -inf


def _factors(route: RouteState, direction: Direction) -> tuple[float, float]:
    """`(buy_factor, sell_factor)` with fees and FX inside, both in A's quote."""
    if direction.is_long_a:
        return route.a.buy_factor, route.b.sell_factor * route.fx_sell_b
    return route.b.buy_factor * route.fx_buy_b, route.a.sell_factor
