"""OKX's orders and fills as JSON objects, for REST answers and pushes alike.

A state is the venue's word, and `cancelSource` says who cancelled: what could not take at once
(IOC, FOK, post-only) is taken in and cancelled by the venue (www.okx.com/docs-v5/en,
order-book-trading-trade, pages Order-details, Transaction-details and WS-Order-channel, read
2026-11-22).
"""

from decimal import Decimal
from typing import Final

from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ZERO, plain
from arbitrage.sim.core_events import Change, OrderChanged
from arbitrage.sim.order_records import SimFill, SimOrder
from arbitrage.sim.protocols.okx_markets import kind_of
from arbitrage.sim.protocols.okx_wire import Ids, Json, average, ms

SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
SIDE_NAMES: Final = {side: name for name, side in SIDES.items()}
CANCELED_BY_SWITCH: Final = "cancel_all_after"

# Why an order was cancelled: word of the core -> number and sentence of the venue.
_SOURCES: Final = {
    "": ("1", "Order canceled by user."),
    "insufficient_margin": ("9", "Insufficient balance."),
    "fok_not_filled": ("13", "FOK order was canceled due to incompletely filled."),
    "ioc_remainder": ("14", "IOC order was partially canceled due to incompletely filled."),
    "reduce_only": ("17", "Close order was canceled, due to the position was already closed."),
    CANCELED_BY_SWITCH: ("20", "Cancel all after triggered."),
    "post_only": ("31", "The post-only order will take liquidity in taker orders."),
    "self_trade": ("32", "Self trade prevention."),
    "liquidation": ("3", "Order canceled: risk cancellation was triggered."),
}
_BY_THE_SYSTEM: Final = ("0", "Order canceled by system.")


def order_object(
    order: SimOrder, rules: Instrument, fees: FeeSchedule, ids: Ids, changed: OrderChanged | None
) -> Json:
    """An order as it is now, or with `changed` as it was after that step, which is how it is
    pushed."""
    wanted, step = order.request, changed.change if changed else None
    fill = changed.fill if changed else (order.fills[-1] if order.fills else None)
    qty, cost, fee = order.filled_qty, order.filled_cost, order.fee
    if step is Change.NEW:
        qty, cost, fee = ZERO, ZERO, ZERO
    elif step is Change.TRADE and fill is not None:
        qty, cost, fee = fill.cumulative_qty, fill.cumulative_cost, fill.cumulative_fee
    is_ended = step in (None, Change.CLOSED) and order.status is OrderStatus.CANCELED
    source, reason = _SOURCES.get(order.reason, _BY_THE_SYSTEM) if is_ended else ("", "")
    by_cost = wanted.cost is not None
    return {
        "instType": kind_of(rules),
        "instId": wanted.symbol,
        "tgtCcy": wanted.wire.get("tgtCcy", ""),
        "ccy": "",
        "ordId": ids.text(order.id),
        "clOrdId": wanted.client_id,
        "tag": wanted.wire.get("tag", ""),
        "px": plain(wanted.price) if wanted.price is not None else "",
        "sz": plain(wanted.cost if by_cost and wanted.cost is not None else order.qty),
        "pnl": plain(sum((each.realised_pnl for each in order.fills), ZERO)),
        "ordType": wanted.wire["ordType"],
        "side": SIDE_NAMES[wanted.side],
        "posSide": "net" if rules.is_perpetual else "",
        "tdMode": wanted.wire["tdMode"],
        "accFillSz": plain(qty),
        **_last_fill(fill, is_new=step is Change.NEW),
        "avgPx": average(cost, qty * rules.contract_multiplier) if qty else "0" if changed else "",
        "state": "canceled" if is_ended else _state(order, qty),
        "stpId": "",
        "stpMode": wanted.wire["stpMode"],
        "lever": wanted.wire["lever"],
        "feeCcy": fees.currency(wanted.side, base=rules.base, quote=rules.quote),
        "fee": plain(-fee),
        "rebateCcy": rules.quote,
        "rebate": "0",
        "source": "",
        "category": "normal",
        "reduceOnly": str(wanted.reduce_only).lower(),
        "cancelSource": source,
        "cancelSourceReason": reason,
        "quickMgnType": "",
        "algoClOrdId": "",
        "algoId": "",
        "isTpLimit": "false",
        "uTime": ms(changed.ts_ns if changed else order.updated_ns),
        "cTime": ms(order.created_ns),
        "tradeQuoteCcy": "" if rules.is_perpetual else rules.quote,
    }


def push_object(
    changed: OrderChanged, rules: Instrument, fees: FeeSchedule, ids: Ids
) -> Json | None:
    """A step in the life of an order, None for one of which nothing is pushed: that it was filled
    has been said with its last fill."""
    order, fill = changed.order, changed.fill
    is_filled = changed.change is Change.CLOSED and order.status is OrderStatus.FILLED
    if is_filled or changed.change is Change.PREVENTED:
        return None
    told = order_object(order, rules, fees, ids, changed)
    is_fill = changed.change is Change.TRADE and fill is not None
    return told | {
        "execType": ("M" if fill.is_maker else "T") if is_fill and fill else "",
        "fillFee": plain(-fill.fee) if is_fill and fill else "0",
        "fillFeeCcy": fill.fee_currency if is_fill and fill else "",
        "fillPnl": plain(fill.realised_pnl) if is_fill and fill else "0",
        "fillNotionalUsd": plain(fill.cost) if is_fill and fill else "",
        "notionalUsd": "",
        "lastPx": told["fillPx"],
        "amendSource": "",
        "amendResult": "",
        "reqId": "",
        "code": "0",
        "msg": "",
    }


def fill_object(order: SimOrder, fill: SimFill, rules: Instrument, rate: Decimal, ids: Ids) -> Json:
    """One trade of ours, as `fills` lists it; `rate` is what its fee was reckoned with."""
    wanted = order.request
    return {
        "instType": kind_of(rules),
        "instId": wanted.symbol,
        "tradeId": str(fill.trade_id),
        "ordId": ids.text(order.id),
        "clOrdId": wanted.client_id,
        "billId": ids.text(fill.trade_id),
        "subType": "1" if wanted.side is Side.BUY else "2",
        "tag": wanted.wire.get("tag", ""),
        "fillPx": plain(fill.price),
        "fillSz": plain(fill.qty),
        "fillPnl": plain(fill.realised_pnl),
        "side": SIDE_NAMES[wanted.side],
        "posSide": "net",
        "execType": "M" if fill.is_maker else "T",
        "feeCcy": fill.fee_currency,
        "fee": plain(-fill.fee),
        "feeRate": "" if rules.is_perpetual else plain(-rate),
        "ts": ms(fill.ts_ns),
        "fillTime": ms(fill.ts_ns),
        "tradeQuoteCcy": "" if rules.is_perpetual else rules.quote,
    }


def _last_fill(fill: SimFill | None, *, is_new: bool) -> Json:
    if fill is None or is_new:
        return {"fillPx": "", "tradeId": "", "fillSz": "0", "fillTime": ""}
    return {
        "fillPx": plain(fill.price),
        "tradeId": str(fill.trade_id),
        "fillSz": plain(fill.qty),
        "fillTime": ms(fill.ts_ns),
    }


def _state(order: SimOrder, filled_qty: Decimal) -> str:
    """The state of an order that nobody cancelled."""
    if filled_qty and filled_qty >= order.qty:
        return "filled"
    return "partially_filled" if filled_qty else "live"
