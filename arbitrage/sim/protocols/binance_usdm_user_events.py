"""The events of the user stream as JSON objects.

Shapes: developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams, read
2026-11-22. `E` is when the venue tells, `T` when it happened.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ZERO, plain
from arbitrage.sim.core_events import Change, FundingPaid, OrderChanged
from arbitrage.sim.order_records import SimFill, SimOrder
from arbitrage.sim.protocols.binance_order_words import SIDE_NAMES, status_of
from arbitrage.sim.protocols.binance_usdm_orders import EXPIRY_REASONS, average_price
from arbitrage.sim.protocols.binance_wire import Figures, Json, money, ms
from arbitrage.sim.venue_core import SimVenueCore

_LIQUIDATION_PREFIX: Final = "autoclose-"


def order_trade_update(changed: OrderChanged, figures: Figures, *, now_ns: int) -> Json | None:
    """A step in the life of an order, None for one of which nothing is told: that it was filled
    has been said with its last fill."""
    order, fill = changed.order, changed.fill
    match changed.change:
        case Change.NEW:
            execution, status = "NEW", "NEW"
        case Change.TRADE if fill is not None:
            execution = "TRADE"
            is_whole = fill.cumulative_qty == order.qty
            status = "FILLED" if is_whole else "PARTIALLY_FILLED"
        case Change.CLOSED if order.status is not OrderStatus.FILLED:
            status = status_of(order)
            execution = "CANCELED" if status == "CANCELED" else "EXPIRED"
        case _:
            return None
    is_new = changed.change is Change.NEW
    filled_qty = fill.cumulative_qty if fill else ZERO if is_new else order.filled_qty
    filled_cost = fill.cumulative_cost if fill else ZERO if is_new else order.filled_cost
    is_closed = changed.change is Change.CLOSED
    rest = ZERO if is_closed else (order.qty - filled_qty) * (order.request.price or ZERO)
    told = {
        **_order_fields(order, figures),
        "ap": figures.average(average_price(filled_cost, filled_qty)),
        "x": execution,
        "X": status,
        "l": figures.qty(fill.qty if fill else ZERO),
        "z": figures.qty(filled_qty),
        "L": figures.price(fill.price if fill else ZERO),
        **(_fee_fields(fill) if fill else {}),
        "T": ms(changed.ts_ns),
        "t": fill.trade_id if fill else 0,
        "b": money(rest if order.request.side is Side.BUY else ZERO),
        "a": money(rest if order.request.side is Side.SELL else ZERO),
        "m": fill.is_maker if fill else False,
        "rp": money(fill.realised_pnl if fill else ZERO),
        "er": EXPIRY_REASONS.get(order.reason, "0") if is_closed else "0",
    }
    return _wrapped("ORDER_TRADE_UPDATE", changed.ts_ns, now_ns, {"o": told})


def _order_fields(order: SimOrder, figures: Figures) -> Json:
    """What is the same in every event of an order."""
    wanted = order.request
    return {
        "s": wanted.symbol,
        "c": wanted.client_id,
        "S": SIDE_NAMES[wanted.side],
        "o": wanted.wire["type"],
        "f": wanted.wire["timeInForce"],
        "q": figures.qty(order.qty),
        "p": figures.price(wanted.price or ZERO),
        "sp": "0",
        "i": order.id,
        "R": wanted.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": wanted.wire["type"],
        "ps": "BOTH",
        "cp": False,
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": wanted.wire["selfTradePreventionMode"],
        "pm": "NONE",
        "gtd": 0,
    }


def _fee_fields(fill: SimFill) -> Json:
    return {"N": fill.fee_currency, "n": money(fill.fee)}


def trade_lite(changed: OrderChanged, fill: SimFill, figures: Figures, *, now_ns: int) -> Json:
    """A fill in brief, told before the full event."""
    order = changed.order
    wanted = order.request
    return {
        "e": "TRADE_LITE",
        "E": ms(now_ns),
        "T": ms(fill.ts_ns),
        "s": wanted.symbol,
        "q": figures.qty(order.qty),
        "p": figures.price(wanted.price or ZERO),
        "m": fill.is_maker,
        "c": wanted.client_id,
        "S": SIDE_NAMES[wanted.side],
        "L": figures.price(fill.price),
        "l": figures.qty(fill.qty),
        "t": fill.trade_id,
        "i": order.id,
    }


def account_update(
    core: SimVenueCore, symbols: Iterable[str], realised: dict[str, Decimal]
) -> Json:
    """Positions that fills moved, and the balances of their margin assets; `realised` is what each
    position ever realised."""
    rules = [core.instruments[symbol] for symbol in symbols]
    assets = sorted({each.quote for each in rules})
    update = {
        "m": "ORDER",
        "B": [_balance(core, asset, ZERO) for asset in assets],
        "P": [_position(core, each, realised.get(each.symbol, ZERO)) for each in rules],
    }
    return _wrapped("ACCOUNT_UPDATE", core.now_ns, core.now_ns, {"a": update})


def funding_update(core: SimVenueCore, paid: FundingPaid) -> Json:
    """A payment of funding: the balance alone, as for every crossed position, and the symbol,
    which is told since 2026-08-07."""
    update = {
        "m": "FUNDING_FEE",
        "B": [_balance(core, paid.currency, paid.amount)],
        "P": [],
        "S": paid.symbol,
    }
    return _wrapped("ACCOUNT_UPDATE", paid.ts_ns, core.now_ns, {"a": update})


def _balance(core: SimVenueCore, asset: str, change: Decimal) -> Json:
    wallet = money(core.balance(asset).total)
    return {"a": asset, "wb": wallet, "cw": wallet, "bc": money(change)}


def _position(core: SimVenueCore, rules: Instrument, realised: Decimal) -> Json:
    held = core.position(rules.symbol)
    figures = Figures(rules)
    entry = figures.average(held.position.avg_entry_price(rules.contract_multiplier))
    return {
        "s": rules.symbol,
        "pa": figures.qty(held.position.qty),
        "ep": entry,
        "bep": entry,
        "cr": money(realised),
        "up": money(held.unrealised_pnl),
        "mt": "cross",
        "iw": "0",
        "ps": "BOTH",
        "ma": rules.quote,
    }


def liquidation_update(
    rules: Instrument, closed_qty: Decimal, price: float, *, order_id: int, now_ns: int
) -> Json:
    """A liquidation as an order that the venue placed for us; a positive `closed_qty` was long.

    The core tells no fills of it, so the price is the mark, and fee and profit are left out.
    """
    figures = Figures(rules)
    qty, average = figures.qty(abs(closed_qty)), figures.average(price)
    told = {
        "s": rules.symbol,
        "c": f"{_LIQUIDATION_PREFIX}{ms(now_ns)}",
        "S": "SELL" if closed_qty > 0 else "BUY",
        "o": "LIQUIDATION",
        "f": "IOC",
        "q": qty,
        "p": figures.price(price),
        "ap": average,
        "sp": "0",
        "x": "CALCULATED",
        "X": "FILLED",
        "i": order_id,
        "l": qty,
        "z": qty,
        "L": figures.price(price),
        "T": ms(now_ns),
        "t": 0,
        "m": False,
        "R": False,
        "ot": "LIQUIDATION",
        "ps": "BOTH",
        "rp": plain(ZERO),
        "er": "0",
    }
    return _wrapped("ORDER_TRADE_UPDATE", now_ns, now_ns, {"o": told})


def listen_key_expired(listen_key: str, *, now_ns: int) -> Json:
    return {"e": "listenKeyExpired", "E": ms(now_ns), "listenKey": listen_key}


def _wrapped(kind: str, happened_ns: int, now_ns: int, content: Json) -> Json:
    return {"e": kind, "E": ms(now_ns), "T": ms(happened_ns), **content}
