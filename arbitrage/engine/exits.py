"""When a convergence trade is unwound: judged on the unwinding side of both books, at its size.

The result is what would be booked if both legs were closed now by walking the books, fees of both
crossings and FX inside. The first rule that says so closes the trade, risk first.
"""

from decimal import Decimal

import msgspec

from arbitrage.domain.sides import Side
from arbitrage.domain.trade import ExitReason
from arbitrage.domain.units import BPS, NS_PER_SECOND, ONE, decimal_of, floor_to
from arbitrage.engine.accounts import Accounts
from arbitrage.engine.arithmetic import take_price
from arbitrage.engine.hedging import is_dust_on
from arbitrage.engine.route_state import LegState, RouteState
from arbitrage.engine.sizing import A_HAIR_LESS, LegOrder
from arbitrage.engine.trade_state import Holding, TradeState

# Two equal books can differ in the last digits of a float; no exit should wait for those.
_TOLERANCE_BPS = 0.01


class Unwinding(msgspec.Struct, frozen=True, gc=False):
    """What closing now would bring. `edge_bps` is the net edge of the unwinding crossing alone,
    `result_bps` that of the whole trade on its entry notional; prices are the worst walked.
    `share` is how much of the position both books can take, one if all of it."""

    edge_bps: float
    result_bps: float
    worst_price_a: float
    worst_price_b: float
    share: float


def unwinding(route: RouteState, state: TradeState, holdings: tuple[Holding, Holding]) -> Unwinding:
    """Price the unwinding of what `state` holds, on top of what is booked so far. What a thin book
    cannot take is priced like what it can. Both legs hold something and no book is empty."""
    trade = state.trade
    result = state.booked
    notional = sold_at = bought_at = 0.0
    share = 1.0
    worst = []
    for leg, leg_state, holding in (
        (trade.leg_a, route.a, holdings[0]),
        (trade.leg_b, route.b, holdings[1]),
    ):
        qty = holding.qty * A_HAIR_LESS
        side = leg.side.opposite
        price, worst_price, filled = _take(leg_state, side, qty)
        fx = 1.0 if leg_state is route.a else _fx_b(route, side)
        if side is Side.SELL:
            sold_at = price * leg_state.sell_factor * fx
            result += qty * sold_at - holding.entry_cost * fx
        else:
            bought_at = price * leg_state.buy_factor * fx
            result += holding.entry_cost * fx - qty * bought_at
        # A fee in base is booked as paid, and gone from what is left to sell.
        result += holding.fee_qty * price * fx
        share = min(share, filled / qty)
        notional = max(notional, holding.notional * fx)
        worst.append(worst_price)
    edge_bps = (sold_at / bought_at - 1.0) * BPS
    return Unwinding(edge_bps, result / notional * BPS, worst[0], worst[1], share)


def _take(leg: LegState, side: Side, qty: float) -> tuple[float, float, float]:
    """Average price, worst price and quantity of an exit of `qty` base units from the book."""
    if side is Side.SELL:
        return take_price(leg.market.bids, qty, leg.multiplier)
    return take_price(leg.market.asks, qty, leg.buy_multiplier)


def _fx_b(route: RouteState, side: Side) -> float:
    return route.fx_sell_b if side is Side.SELL else route.fx_buy_b


def exit_reason(
    route: RouteState, state: TradeState, prices: Unwinding, now_ns: int, *, must_flatten: bool
) -> ExitReason | None:
    """Why the trade should be unwound now, or None.

    It is judged at the position's size, so books that cannot take it wait; only a flattening takes
    what it gets.
    """
    config = route.config
    if must_flatten:
        return ExitReason.RISK
    if prices.share < 1.0:
        return None
    if config.stop_loss_bps is not None and prices.result_bps <= -config.stop_loss_bps:
        return ExitReason.STOP_LOSS
    if config.take_profit_bps is not None and prices.result_bps >= config.take_profit_bps:
        return ExitReason.TAKE_PROFIT
    has_reversed = prices.edge_bps >= state.exit_edge_bps - _TOLERANCE_BPS
    if config.close_on_spread_reversal and has_reversed:
        return ExitReason.SPREAD_REVERSAL
    if config.max_holding_seconds is not None:
        held_ns = now_ns - state.trade.opened_ns
        if held_ns >= config.max_holding_seconds * NS_PER_SECOND:
            return ExitReason.MAX_HOLDING
    limit = config.exit_on_funding_bps
    if limit is not None and _funding_cost_bps(route, state) >= limit:
        return ExitReason.FUNDING
    return None


def _funding_cost_bps(route: RouteState, state: TradeState) -> float:
    """What the next funding will cost, in bps of notional; negative if it pays us."""
    cost = 0.0
    for leg, leg_state in ((state.trade.leg_a, route.a), (state.trade.leg_b, route.b)):
        if leg_state.is_perpetual:
            cost += leg_state.market.funding_rate * leg.side.sign
    return cost * BPS


def exit_limit_price(leg: LegState, side: Side, worst_price: float, slippage_bps: float) -> Decimal:
    """The limit of an exit order: half the slippage beyond the worst price walked."""
    slip = slippage_bps / (2 * BPS) * side.sign
    return leg.limit_price(worst_price * (1.0 + slip), side)


def exit_orders(
    route: RouteState, state: TradeState, prices: Unwinding, accounts: Accounts
) -> list[LegOrder]:
    """Both legs of the unwinding, for all that is held or, where money or depth is short, the same
    share of both; a share may come out too small for the venue, its guard says so. A leg that is
    too small as a whole has no order: it is left as dust."""
    legs = []
    share = decimal_of(prices.share)
    for leg, leg_state, worst_price in (
        (state.trade.leg_a, route.a, prices.worst_price_a),
        (state.trade.leg_b, route.b, prices.worst_price_b),
    ):
        side = leg.side.opposite
        price = exit_limit_price(leg_state, side, worst_price, route.config.slippage_bps)
        wanted = state.exit_qty(leg)
        if is_dust_on(route, leg_state, wanted):
            continue
        affordable = accounts.affordable(leg_state.instrument, leg_state.fees, side, price)
        if wanted > affordable:
            share = min(share, affordable / wanted)
        legs.append((leg_state, side, wanted, price))
    orders = []
    for leg_state, side, wanted, price in legs:
        qty = wanted if share == ONE else floor_to(wanted * share, route.common_lot)
        if side is Side.BUY:
            qty = leg_state.gross_of_fee(qty)
        orders.append(LegOrder(leg_state, side, leg_state.instrument.native_qty(qty), price))
    return orders


def marked_pnl(route: RouteState, state: TradeState) -> Decimal:
    """What the trade has made so far in A's quote, its holdings valued at the mids."""
    trade = state.trade
    total = trade.pnl.total
    for leg, leg_state in ((trade.leg_a, route.a), (trade.leg_b, route.b)):
        mid = leg_state.market.mid
        if mid is None:
            continue
        price = decimal_of(mid)
        if leg_state.is_perpetual:
            position = state.position_a if leg is trade.leg_a else state.position_b
            held = position.unrealised_pnl(price, leg_state.instrument.contract_multiplier)
        else:
            held = (leg.entry_qty - leg.exit_qty) * leg.side.sign * price
        total += held * route.fx_of(leg_state)
    return total
