"""The events of Binance spot's user stream as JSON objects.

Shapes: github.com/binance/binance-spot-api-docs/user-data-stream.md, read 2026-11-22. `E` is when
the venue tells, `T` when it happened.
"""

from collections.abc import Iterable
from decimal import Decimal

from arbitrage.domain.intents import TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.units import ZERO
from arbitrage.sim.core_events import Change, OrderChanged
from arbitrage.sim.order_records import SimFill
from arbitrage.sim.protocols.binance_order_words import SIDE_NAMES, status_of, word_of_open
from arbitrage.sim.protocols.binance_wire import Figures, Json, money, ms
from arbitrage.sim.venue_core import SimVenueCore


def execution_report(
    changed: OrderChanged, figures: Figures, *, cancel_id: str, execution_id: int, now_ns: int
) -> Json | None:
    """A step in the life of an order, None for one of which nothing is told: that it was filled
    has been said with its last fill. `cancel_id` is the client id of a cancel under way."""
    step = _step(changed)
    if step is None:
        return None
    execution, status = step
    order, fill, wanted = changed.order, changed.fill, changed.order.request
    is_canceled = execution == "CANCELED"
    filled_qty, filled_cost = _filled(changed)
    told = {
        "e": "executionReport",
        "E": ms(now_ns),
        "s": wanted.symbol,
        "c": cancel_id if is_canceled else wanted.client_id,
        "S": SIDE_NAMES[wanted.side],
        "o": wanted.wire["type"],
        "f": wanted.wire["timeInForce"],
        "q": figures.qty(order.qty),
        "p": figures.price(wanted.price or ZERO),
        "P": figures.price(ZERO),
        "F": figures.qty(ZERO),
        "g": -1,
        "C": wanted.client_id if is_canceled else "",
        "x": execution,
        "X": status,
        "r": "NONE",
        "i": order.id,
        "z": figures.qty(filled_qty),
        "Z": money(filled_cost),
        **_last_fill(fill, figures),
        "T": ms(changed.ts_ns),
        "I": execution_id,
        "w": status in ("NEW", "PARTIALLY_FILLED") and wanted.time_in_force in _RESTING,
        "M": fill is not None,
        "O": ms(order.created_ns),
        "Q": money(wanted.cost or ZERO),
        "W": ms(order.created_ns),
        "V": wanted.wire["selfTradePreventionMode"],
    }
    if execution == "TRADE_PREVENTION":
        told |= {"v": order.id, "A": figures.qty(order.prevented_qty)}
    return told


_RESTING = frozenset({TimeInForce.GTC, TimeInForce.POST_ONLY})


def _step(changed: OrderChanged) -> tuple[str, str] | None:
    """What happened and the status after it, in the venue's words."""
    order, fill = changed.order, changed.fill
    match changed.change:
        case Change.NEW:
            return "NEW", "NEW"
        case Change.TRADE if fill is not None:
            is_whole = fill.cumulative_qty == order.qty
            return "TRADE", "FILLED" if is_whole else "PARTIALLY_FILLED"
        case Change.PREVENTED:
            return "TRADE_PREVENTION", word_of_open(order.filled_qty)
        case Change.CLOSED if order.status is not OrderStatus.FILLED:
            status = status_of(order)
            return ("TRADE_PREVENTION" if status == "EXPIRED_IN_MATCH" else status), status
    return None


def _filled(changed: OrderChanged) -> tuple[Decimal, Decimal]:
    """What had filled when it happened, and for how much."""
    if changed.fill is not None:
        return changed.fill.cumulative_qty, changed.fill.cumulative_cost
    if changed.change is Change.NEW:
        return ZERO, ZERO
    return changed.order.filled_qty, changed.order.filled_cost


def _last_fill(fill: SimFill | None, figures: Figures) -> Json:
    if fill is None:
        nothing, price = figures.qty(ZERO), figures.price(ZERO)
        return {"l": nothing, "L": price, "Y": price, "n": "0", "N": None, "t": -1, "m": False}
    return {
        "l": figures.qty(fill.qty),
        "L": figures.price(fill.price),
        "Y": money(fill.cost),
        "n": money(fill.fee),
        "N": fill.fee_currency,
        "t": fill.trade_id,
        "m": fill.is_maker,
    }


def account_position(core: SimVenueCore, currencies: Iterable[str]) -> Json:
    """Balances that may have changed."""
    held = [core.balance(currency) for currency in currencies]
    return {
        "e": "outboundAccountPosition",
        "E": ms(core.now_ns),
        "u": ms(core.now_ns),
        "B": [
            {
                "a": balance.currency,
                "f": money(balance.available),
                "l": money(balance.locked),
            }
            for balance in held
        ],
    }


def stream_terminated(now_ns: int) -> Json:
    return {"e": "eventStreamTerminated", "E": ms(now_ns)}
