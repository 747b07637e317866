"""What an open trade needs next, as a pure function of its state: corrections, exits, an end.

Nothing here reacts to a message. Each call looks at what the legs hold and what is unresolved and
orders what is missing, so a lost or repeated message can delay an action but never change it.

What one leg has filled and the other has not is hedged at once, on the lagging leg, within a band
around the touch that widens step by step. Past its bound both ways are tried in turn, the cheaper
first: go on, or take the leader back. When neither works the route halts with the residual shown.
What is too small to be traded is dust and is carried into the next trade of the route.
"""

from decimal import Decimal
from math import ceil

import msgspec

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import Purpose
from arbitrage.domain.sides import Side
from arbitrage.domain.trade import ExitReason, TradeLeg, TradePhase
from arbitrage.domain.units import BPS, NS_PER_SECOND, ZERO, decimal_of
from arbitrage.engine.accounts import Accounts
from arbitrage.engine.arithmetic import take_price
from arbitrage.engine.freshness import unfit_book
from arbitrage.engine.market_state import VenueState
from arbitrage.engine.route_state import LegState, RouteState
from arbitrage.engine.trade_state import TradeState

# After the band is at its bound: how often the two ways are tried before the route halts.
_TRIES_AT_BOUND = 6


class Correction(msgspec.Struct, frozen=True):
    """One order that undoes a residual: native quantity, limit price, and why on this leg."""

    leg: TradeLeg
    side: Side
    qty: Decimal
    price: Decimal
    purpose: Purpose


def is_dust(route: RouteState, base_qty: Decimal) -> bool:
    """Whether neither leg could trade `base_qty` (signed) as a correction."""
    return all(is_dust_on(route, leg, abs(base_qty)) for leg in (route.a, route.b))


def needs_no_order(route: RouteState, state: TradeState, wanted: Decimal) -> bool:
    """Whether a correction of `wanted` base units (a purchase is positive) is dust.

    A closing wants both legs at zero. What one leg cannot close there is dust even if the other
    could open as much against it: that would only have to be closed again.
    """
    if state.trade.phase is not TradePhase.CLOSING:
        return is_dust(route, wanted)
    side = Side.BUY if wanted > 0 else Side.SELL
    return all(
        is_dust_on(route, leg_state, min(abs(wanted), state.returnable(leg, side)))
        for leg, leg_state in ((state.trade.leg_a, route.a), (state.trade.leg_b, route.b))
    )


def is_dust_on(route: RouteState, leg: LegState, base_qty: Decimal) -> bool:
    """Whether one leg could not trade `base_qty`, for the venue's minimums.

    Judged at the worst price of a correction: what a sale at the end of the band would be refused
    for could otherwise be neither traded nor laid aside.
    """
    if base_qty == 0:
        return True
    if not leg.market.bids:
        return False  # unknown is not dust: it waits for a book
    least = 1.0 - route.config.hedge_band_max_bps / BPS
    return _tradable(leg.instrument, base_qty, decimal_of(leg.market.bids[0][0] * least)) == 0


def _tradable(instrument: Instrument, base_qty: Decimal, price: Decimal) -> Decimal:
    """Native quantity of at most `base_qty` that the venue's minimums admit, or zero."""
    qty = instrument.native_qty(base_qty)
    if qty < max(instrument.min_qty, instrument.lot_size):
        return ZERO
    notional = qty * instrument.contract_multiplier * price
    return qty if notional >= instrument.min_notional else ZERO


def correction(
    route: RouteState,
    state: TradeState,
    accounts: Accounts,
    venues: dict[str, VenueState],
    now_ns: int,
) -> Correction | None:
    """The next correcting order of `state`, or None if there is none or none can be priced."""
    signed = state.correction()
    side = Side.BUY if signed > 0 else Side.SELL
    candidates = []
    for leg, leg_state in ((state.trade.leg_a, route.a), (state.trade.leg_b, route.b)):
        if unfit_book(leg_state.market, venues, now_ns, route.max_book_age_ns) is None:
            candidate = _candidate(route, state, leg, leg_state, side, abs(signed), accounts)
            if candidate is not None:
                candidates.append(candidate)
    proceeding = [each for each in candidates if each.purpose is Purpose.HEDGE]
    if proceeding and not _is_at_bound(route, state):
        return proceeding[0]
    if not candidates:
        return None
    # The cheaper way first; what a venue keeps refusing must not stand in the way of the other.
    ways = sorted(candidates, key=lambda each: _cost(route, state, each))
    return ways[_tries_at_bound(route, state) % len(ways)]


def _candidate(
    route: RouteState,
    state: TradeState,
    leg: TradeLeg,
    leg_state: LegState,
    side: Side,
    base_qty: Decimal,
    accounts: Accounts,
) -> Correction | None:
    if side is not leg.side:
        base_qty = min(base_qty, state.returnable(leg, side))
    market = leg_state.market
    touch = market.asks[0][0] if side is Side.BUY else market.bids[0][0]
    band = hedge_band_bps(route, state.hedge_attempts) / BPS
    price = leg_state.limit_price(touch * (1.0 + side.sign * band), side)
    affordable = accounts.affordable(leg_state.instrument, leg_state.fees, side, price)
    qty = _tradable(leg_state.instrument, min(base_qty, affordable), price)
    if qty == 0:
        return None
    return Correction(leg, side, qty, price, _purpose(state, leg, side))


def _purpose(state: TradeState, leg: TradeLeg, side: Side) -> Purpose:
    """Whether a correction on this leg goes on with what the trade is doing or takes it back."""
    is_entry_side = side is leg.side
    is_opening = state.trade.phase is TradePhase.OPENING
    return Purpose.HEDGE if is_entry_side is is_opening else Purpose.REVERSE


def hedge_band_bps(route: RouteState, attempts: int) -> float:
    """How far beyond the touch the next correction may fill: wider with each attempt."""
    config = route.config
    return min(
        config.hedge_band_bps + attempts * config.hedge_band_step_bps, config.hedge_band_max_bps
    )


def _is_at_bound(route: RouteState, state: TradeState) -> bool:
    return state.hedge_attempts >= _widenings(route)


def _tries_at_bound(route: RouteState, state: TradeState) -> int:
    return max(0, state.hedge_attempts - _widenings(route))


def is_exhausted(route: RouteState, state: TradeState) -> bool:
    """Whether every widening and every try at the bound has been made."""
    return _tries_at_bound(route, state) >= _TRIES_AT_BOUND


def _widenings(route: RouteState) -> int:
    """How many attempts there are before the band is at its bound."""
    config = route.config
    room = config.hedge_band_max_bps - config.hedge_band_bps
    if room <= 0 or config.hedge_band_step_bps <= 0:
        return 0
    return ceil(room / config.hedge_band_step_bps)


def _cost(route: RouteState, state: TradeState, each: Correction) -> float:
    """What the correction costs (a sale: what it forgoes) per base unit, in A's quote."""
    is_a = each.leg is state.trade.leg_a
    leg = route.a if is_a else route.b
    levels = leg.market.asks if each.side is Side.BUY else leg.market.bids
    base_qty = float(each.qty) * leg.multiplier
    price, _, _ = take_price(levels, base_qty, leg.multiplier)
    fx = 1.0 if is_a else (route.fx_buy_b + route.fx_sell_b) / 2
    factor = leg.buy_factor if each.side is Side.BUY else leg.sell_factor
    return price * factor * fx * each.side.sign


def finish_phase(route: RouteState, state: TradeState) -> ExitReason | None:
    """Move on once nothing is live and the residual is dust; returns the reason if it has ended.

    The dust goes to the route. What a closing could not sell stays open and is judged again.
    """
    trade = state.trade
    _lay_dust_aside(route, state)
    is_gone = is_dust(route, state.held_qty)
    if trade.phase is TradePhase.OPENING:
        if trade.leg_a.entry_qty == 0 and trade.leg_b.entry_qty == 0:
            return ExitReason.UNFILLED
        if is_gone:
            return ExitReason.TAKEN_BACK
        if not route.is_convergence:
            return ExitReason.COMPLETE
    elif is_gone:
        return state.exit_reason or ExitReason.TAKEN_BACK
    trade.phase = TradePhase.OPEN
    state.rest()
    return None


def _lay_dust_aside(route: RouteState, state: TradeState) -> None:
    residual = state.residual
    route.dust += residual
    state.carry -= residual


def pick_dust_up(route: RouteState, state: TradeState) -> None:
    """Carry the route's dust into the corrections of `state`."""
    state.carry += route.dust
    route.dust = ZERO


def retry_at(route: RouteState, now_ns: int) -> int:
    return now_ns + int(route.config.hedge_retry_seconds * NS_PER_SECOND)
