"""The proofs that a route's books may be traded on, tried in one order; the first that fails is
the reason of the refusal.

A book is fit when its venue is up, its sequence is whole, it is two-sided and not crossed, it and
the FX are young, the two legs were seen close in time, and the gap between them is plausible.
"""

from arbitrage.domain.units import BPS
from arbitrage.engine.market_state import Market, VenueState
from arbitrage.engine.route_state import RouteState


def unfit(route: RouteState, venues: dict[str, VenueState], now_ns: int) -> str | None:
    """Why `route` may not be traded on at `now_ns`, or None if it may."""
    a, b = route.a.market, route.b.market
    for market in (a, b):
        reason = unfit_book(market, venues, now_ns, route.max_book_age_ns)
        if reason is not None:
            return reason
    if abs(a.ts_ns - b.ts_ns) > route.max_leg_skew_ns:
        return "leg_skew"
    reason = _unfit_fx(route, venues, now_ns)
    if reason is not None:
        return reason
    premium = route.premium()
    if premium is None or abs(premium) * BPS > route.config.max_jump_bps:
        return "implausible_jump"
    return None


def _unfit_fx(route: RouteState, venues: dict[str, VenueState], now_ns: int) -> str | None:
    fx = route.fx
    if fx is None:
        return None if route.needs_no_fx else "no_fx"
    if not fx.is_known:
        return "no_fx"
    if fx.is_fixed:
        return None
    if now_ns - fx.ts_ns > route.max_fx_age_ns:
        return "stale_fx"
    if fx.venue and not venues[fx.venue].is_up:
        return "venue_down"
    return None


def unfit_book(
    market: Market, venues: dict[str, VenueState], now_ns: int, max_age_ns: float
) -> str | None:
    """Why one book may not be traded on, or None if it may."""
    venue = venues[market.venue]
    if not venue.is_up:
        return "venue_down"
    if venue.unexplained:
        return "unexplained_balance"
    if market.is_broken:
        return "broken_book"
    bids, asks = market.bids, market.asks
    if not bids or not asks:
        return "empty_book"
    if bids[0][0] >= asks[0][0]:
        return "crossed_book"
    # A stamp from the future would look fresh for ever.
    if abs(now_ns - market.ts_ns) > max_age_ns:
        return "stale_book"
    return None
