"""Whether to open a trade: the reasons against, in one fixed order, then the size.

The order of the questions decides which reason is *the* reason of a refusal: first what stops
everything, then the proofs of the data, then what the route is already doing, then the edge, and
at last the size.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import inf

from arbitrage.domain.sides import Direction
from arbitrage.domain.trade import TradePhase
from arbitrage.domain.units import ZERO
from arbitrage.engine.accounts import Accounts
from arbitrage.engine.freshness import unfit
from arbitrage.engine.market_state import VenueState
from arbitrage.engine.risk import Level, RiskLadder
from arbitrage.engine.route_state import RouteState
from arbitrage.engine.sizing import Bound, Opportunity, size

_NORMAL = Level.NORMAL


def reason_against(
    route: RouteState,
    direction: Direction,
    venues: dict[str, VenueState],
    risk: RiskLadder,
    now_ns: int,
) -> str | None:
    """Why nothing may be opened on `route` now, whatever its edge; None if something may."""
    if risk.level is not _NORMAL:
        return f"risk:{risk.reason or risk.level.name.lower()}"
    if route.is_paused:
        return "risk:paused"
    if route.halted_reason:
        return f"risk:{route.halted_reason}"
    reason = unfit(route, venues, now_ns)
    if reason is not None:
        return reason
    for state in route.trades:
        if state.is_in_doubt:
            return "in_doubt"
        if state.trade.phase is not TradePhase.OPEN:
            return "busy"
        if state.trade.direction is not direction:
            return "opposite_open"
    if len(route.trades) >= route.config.max_open_trades:
        return "risk:max_open_trades"
    if now_ns < route.cooldown_until_ns:
        return "cooldown"
    if not risk.may_order_now(now_ns):
        return "risk:max_orders_per_second"
    return None


def opportunity(
    route: RouteState,
    direction: Direction,
    *,
    cost_bps: float,
    edge_bps: float,
    accounts: Accounts,
    risk: RiskLadder,
    usd_rate: float,
    gross_usd: float,
    kept: Mapping[tuple[str, str], Decimal],
) -> Opportunity | str:
    """The sized opportunity, or the reason why there is none.

    `edge_bps` is the edge at the touch after `cost_bps`, `usd_rate` dollars per unit of A's quote,
    `gross_usd` the notional of all open legs, `kept` what `kept_for_exits` says.
    """
    if usd_rate <= 0.0:
        return "no_fx"
    if edge_bps < route.config.min_edge_bps:
        return "min_edge"
    bounds = _bounds(route, risk, usd_rate, gross_usd)
    return size(
        route,
        direction,
        cost_bps=cost_bps,
        bounds=bounds,
        usd_rate=usd_rate,
        accounts=accounts,
        kept=kept,
    )


def _bounds(route: RouteState, risk: RiskLadder, usd_rate: float, gross_usd: float) -> list[Bound]:
    """What bounds a trade's notional in dollars, money at the venues aside. A limit that is
    switched off is no bound."""
    limits = risk.limits
    bounds = [Bound("risk:max_position", route.config.max_position_usd)]
    if limits.max_order_notional_usd < inf:
        bounds.append(Bound("risk:max_order_notional", limits.max_order_notional_usd))
    if limits.max_route_notional_usd < inf:
        left_on_route = limits.max_route_notional_usd - route_notional_usd(route, usd_rate)
        bounds.append(Bound("risk:max_route_notional", left_on_route))
    if limits.max_gross_notional_usd < inf:
        left_in_all = (limits.max_gross_notional_usd - gross_usd) / 2
        bounds.append(Bound("risk:max_gross_notional", left_in_all))
    return bounds


def kept_for_exits(routes: Iterable[RouteState]) -> dict[tuple[str, str], Decimal]:
    """What open trades need for their way back, by venue and currency: the coin that a spot leg
    holds, the money for which it sold. Another route that spent it would lock them in."""
    kept: dict[tuple[str, str], Decimal] = {}
    for route in routes:
        for state in route.trades if route.is_convergence else ():
            for leg in (state.trade.leg_a, state.trade.leg_b):
                of, held = leg.instrument, leg.position
                if of.is_perpetual or not held:
                    continue
                key = (of.venue, of.base if held > 0 else of.quote)
                amount = held if held > 0 else -held * (leg.entry_price or ZERO)
                kept[key] = kept.get(key, ZERO) + amount
    return kept


def route_notional_usd(route: RouteState, usd_rate: float) -> float:
    """Notional of the larger leg of every open convergence trade of `route`, at the mid."""
    return notional_usd(route, open_qtys(route), usd_rate)


def open_qtys(route: RouteState) -> tuple[float, ...]:
    """Base units of the larger leg of every open convergence trade of `route`."""
    if not route.is_convergence:
        return ()
    legs = ((state.trade.leg_a, state.trade.leg_b) for state in route.trades)
    return tuple(float(max(abs(a.position), abs(b.position))) for a, b in legs)


def notional_usd(route: RouteState, qtys: Iterable[float], usd_rate: float) -> float:
    """What base quantities are worth in dollars at the mid of A; zero without one."""
    mid = route.a.market.mid or 0.0
    total = 0.0
    for qty in qtys:
        total += qty * mid * usd_rate
    return total
