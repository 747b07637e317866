"""Where a trade's result comes from: price, FX, fees and funding, in the quote of leg A.

Every flow is converted at the FX of its own fill. `price` takes flows at the rate of the opening,
`fx` the rest, so that they add up exactly. A spot fill flows its whole value; a perpetual only
what it realises.
"""

from collections.abc import Callable
from decimal import Decimal

from arbitrage.domain.orders import Fill
from arbitrage.domain.sides import Side
from arbitrage.domain.trade import TradeLeg
from arbitrage.domain.units import ONE, ZERO
from arbitrage.engine.trade_state import TradeState

RateOf = Callable[[str, str], Decimal | None]


def book_fill(
    state: TradeState, leg: TradeLeg, side: Side, fill: Fill, *, fx: Decimal, rate_of: RateOf
) -> None:
    """Add a fill of `leg` to the trade's result. `fx` converts the leg's quote into A's now."""
    trade = state.trade
    is_a = leg is trade.leg_a
    if leg.instrument.is_perpetual:
        position = state.position_a if is_a else state.position_b
        flow = position.apply(side, fill.qty, fill.cost)
    else:
        flow = -fill.cost * side.sign
    opening_fx = ONE if is_a else state.entry_fx_b
    pnl = trade.pnl
    pnl.price += flow * opening_fx
    pnl.fx += flow * (fx - opening_fx)
    paid = ZERO
    for currency, amount in fill.fees:
        value = _value_of_fee(leg, fill, currency, amount, fx, rate_of, state)
        if value is None:
            pnl.unvalued = tuple(sorted({*pnl.unvalued, currency}))
        else:
            paid += value
    pnl.fees -= paid
    if is_a:
        pnl.leg_a += flow * fx - paid
    else:
        pnl.leg_b += flow * fx - paid


def _value_of_fee(
    leg: TradeLeg,
    fill: Fill,
    currency: str,
    amount: Decimal,
    fx: Decimal,
    rate_of: RateOf,
    state: TradeState,
) -> Decimal | None:
    """A fee in the quote of leg A; None if no rate is known."""
    instrument = leg.instrument
    if currency == instrument.quote:
        return amount * fx
    if currency == instrument.base and fill.qty:
        return amount * fill.cost / (fill.qty * instrument.contract_multiplier) * fx
    rate = rate_of(currency, state.trade.leg_a.instrument.quote)
    return None if rate is None else amount * rate


def book_leftovers(state: TradeState, fx: Decimal) -> None:
    """Value what the spot legs of a finished trade still hold, both at the same price.

    An inventory trade holds as much more at one venue as less at the other; the price cancels.
    Fees taken in base are already in `fees`, so the leftovers are counted before them.
    """
    trade = state.trade
    price = trade.leg_a.entry_price
    if price is None and trade.leg_b.entry_price is not None:
        price = trade.leg_b.entry_price * fx
    if price is None:
        return
    _set_leftovers(state, _held(trade.leg_a) * price, _held(trade.leg_b) * price)


def take_leftovers_back(state: TradeState) -> None:
    """Undo `book_leftovers`: the trade goes on."""
    _set_leftovers(state, ZERO, ZERO)


def _held(leg: TradeLeg) -> Decimal:
    """Signed base units that a spot leg has left over, fees in base not taken off."""
    return ZERO if leg.instrument.is_perpetual else (leg.entry_qty - leg.exit_qty) * leg.side.sign


def _set_leftovers(state: TradeState, leftover_a: Decimal, leftover_b: Decimal) -> None:
    pnl = state.trade.pnl
    change_a, change_b = leftover_a - state.leftover_a, leftover_b - state.leftover_b
    pnl.price += change_a + change_b
    pnl.leg_a += change_a
    pnl.leg_b += change_b
    state.leftover_a, state.leftover_b = leftover_a, leftover_b
