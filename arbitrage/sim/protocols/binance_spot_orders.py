"""Binance spot's orders and fills as JSON objects; `cummulativeQuoteQty` is the venue's spelling.

Shapes: github.com/binance/binance-spot-api-docs/rest-api.md, read 2026-11-22.
"""

from typing import Final

from arbitrage.domain.sides import Side
from arbitrage.domain.units import ZERO
from arbitrage.sim.order_records import SimFill, SimOrder
from arbitrage.sim.protocols.binance_order_words import SIDE_NAMES, status_of
from arbitrage.sim.protocols.binance_wire import Figures, Json, money, ms

_NO_LIST: Final = -1  # of a single order


def order_terms(order: SimOrder, figures: Figures) -> Json:
    """What every answer tells of an order, except which one it is."""
    wanted = order.request
    told: Json = {
        "price": figures.price(wanted.price or ZERO),
        "origQty": figures.qty(order.qty),
        "executedQty": figures.qty(order.filled_qty),
        "origQuoteOrderQty": money(wanted.cost or ZERO),
        "cummulativeQuoteQty": money(order.filled_cost),
        "status": status_of(order),
        "timeInForce": wanted.wire["timeInForce"],
        "type": wanted.wire["type"],
        "side": SIDE_NAMES[wanted.side],
        "selfTradePreventionMode": wanted.wire["selfTradePreventionMode"],
    }
    if order.prevented_qty:
        told["preventedMatchId"] = order.id
        told["preventedQuantity"] = figures.qty(order.prevented_qty)
    return told


def queried_object(order: SimOrder, figures: Figures) -> Json:
    """An order as GET and the lists show it."""
    return {
        **_name(order, order.request.client_id),
        **order_terms(order, figures),
        "stopPrice": figures.price(ZERO),
        "icebergQty": figures.qty(ZERO),
        "time": ms(order.created_ns),
        "updateTime": ms(order.updated_ns),
        "isWorking": True,
        "workingTime": ms(order.created_ns),
    }


def ack_object(order: SimOrder, _figures: Figures) -> Json:
    """A new order as the answer `ACK` shows it."""
    name = _name(order, order.request.client_id)
    return {**name, "transactTime": ms(order.created_ns)}


def result_object(order: SimOrder, figures: Figures) -> Json:
    """A new order as the answer `RESULT` shows it: with what became of it."""
    return {
        **ack_object(order, figures),
        **order_terms(order, figures),
        "workingTime": ms(order.created_ns),
    }


def full_object(order: SimOrder, figures: Figures) -> Json:
    """A new order as the answer `FULL` shows it: with its fills too."""
    fills = [
        {
            "price": figures.price(fill.price),
            "qty": figures.qty(fill.qty),
            "commission": money(fill.fee),
            "commissionAsset": fill.fee_currency,
            "tradeId": fill.trade_id,
        }
        for fill in order.fills
    ]
    return {**result_object(order, figures), "fills": fills}


def canceled_object(order: SimOrder, figures: Figures, cancel_id: str) -> Json:
    """An order as the answer to its cancel shows it, under the client id of the cancel."""
    return {
        **_name(order, cancel_id),
        "origClientOrderId": order.request.client_id,
        "transactTime": ms(order.updated_ns),
        **order_terms(order, figures),
    }


def trade_object(order: SimOrder, fill: SimFill, figures: Figures) -> Json:
    """One entry of `myTrades`."""
    return {
        "symbol": order.request.symbol,
        "id": fill.trade_id,
        "orderId": order.id,
        "orderListId": _NO_LIST,
        "price": figures.price(fill.price),
        "qty": figures.qty(fill.qty),
        "quoteQty": money(fill.cost),
        "commission": money(fill.fee),
        "commissionAsset": fill.fee_currency,
        "time": ms(fill.ts_ns),
        "isBuyer": order.request.side is Side.BUY,
        "isMaker": fill.is_maker,
        "isBestMatch": True,
    }


def _name(order: SimOrder, client_id: str) -> Json:
    return {
        "symbol": order.request.symbol,
        "orderId": order.id,
        "orderListId": _NO_LIST,
        "clientOrderId": client_id,
    }
