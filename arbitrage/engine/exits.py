"""When a convergence trade is unwound: judged on the unwinding side of both books, at its size.

The result is what would be booked if both legs were closed now by walking the books, fees of both
crossings and FX inside. The first rule that says so closes the trade, risk first.
"""

from decimal import Decimal

import msgspec

from arbitrage.domain.sides import Side
from arbitrage.domain.trade import ExitReason
from arbitrage.domain.units import BPS, NS_PER_SECOND, ONE, decimal_of
from arbitrage.engine.accounts import Accounts
from arbitrage.engine.arithmetic import take_price
from arbitrage.engine.route_state import LegState, RouteState
from arbitrage.engine.sizing import LegOrder
from arbitrage.engine.trade_state import TradeState

# Two equal books can differ in the last digits of a float; no exit should wait for those.
_TOLERANCE_BPS = 0.01


class Unwinding(msgspec.Struct, frozen=True, gc=False):
    """What closing now would bring. `edge_bps` is the net edge of the unwinding crossing alone,
    `result_bps` that of the whole trade on its entry notional; prices are the worst walked."""

    edge_bps: float
    result_bps: float
    worst_price_a: float
    worst_price_b: float


def unwinding(route: RouteState, state: TradeState) -> Unwinding | None:
    """Price the unwinding of what `state` holds; None if a book is too thin for it."""
    trade = state.trade
    cash = 0.0
    notional = 0.0
    value_sold = value_bought = 0.0
    worst = []
    for leg, leg_state in ((trade.leg_a, route.a), (trade.leg_b, route.b)):
        qty = abs(float(leg.position))
        market = leg_state.market
        side = leg.side.opposite
        levels = market.bids if side is Side.SELL else market.asks
        price, worst_price, filled = take_price(levels, qty, leg_state.multiplier)
        if filled < qty or qty <= 0.0:
            return None
        fx = 1.0 if leg_state is route.a else _fx_b(route, side)
        entry_value = float(leg.entry_cost - leg.exit_cost) * fx
        if side is Side.SELL:
            value_sold = qty * price * leg_state.sell_factor * fx
            cash += value_sold - entry_value * leg_state.buy_factor
        else:
            value_bought = qty * price * leg_state.buy_factor * fx
            cash += entry_value * leg_state.sell_factor - value_bought
        notional = max(notional, float(leg.entry_cost) * fx)
        worst.append(worst_price)
    if notional <= 0.0:
        return None
    edge_bps = (value_sold / value_bought - 1.0) * BPS
    return Unwinding(edge_bps, cash / notional * BPS, worst[0], worst[1])


def _fx_b(route: RouteState, side: Side) -> float:
    return route.fx_sell_b if side is Side.SELL else route.fx_buy_b


def exit_reason(
    route: RouteState, state: TradeState, prices: Unwinding, now_ns: int, *, must_flatten: bool
) -> ExitReason | None:
    """Why the trade should be unwound now, or None."""
    config = route.config
    if must_flatten:
        return ExitReason.RISK
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
    return leg.instrument.limit_price(worst_price * (1.0 + slip), side)


def exit_orders(
    route: RouteState, state: TradeState, prices: Unwinding, accounts: Accounts
) -> tuple[LegOrder, LegOrder]:
    """Both legs of the unwinding, for all that is held or, where money is short, the same share
    of both. A quantity may come out too small for the venue; its guard says so."""
    legs = []
    share = ONE
    for leg, leg_state, worst_price in (
        (state.trade.leg_a, route.a, prices.worst_price_a),
        (state.trade.leg_b, route.b, prices.worst_price_b),
    ):
        side = leg.side.opposite
        price = exit_limit_price(leg_state, side, worst_price, route.config.slippage_bps)
        wanted = abs(state.exit_qty(leg))
        affordable = accounts.affordable(leg_state.instrument, leg_state.fees, side, price)
        if wanted > affordable:
            share = min(share, affordable / wanted)
        legs.append((leg_state, side, wanted, price))
    orders = [
        LegOrder(leg_state, side, leg_state.instrument.native_qty(wanted * share), price)
        for leg_state, side, wanted, price in legs
    ]
    return orders[0], orders[1]


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
