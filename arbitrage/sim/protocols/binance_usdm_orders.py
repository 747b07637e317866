"""Binance USD-M's orders and fills as JSON objects, for REST answers and user events alike.

Shapes: developers.binance.com/docs/derivatives/usds-margined-futures, pages New-Order and
Event-Order-Update, read 2026-11-22.
"""

from decimal import Decimal
from typing import Final

from arbitrage.domain.sides import Side
from arbitrage.domain.units import ZERO
from arbitrage.sim.order_records import SimFill, SimOrder
from arbitrage.sim.protocols.binance_order_words import SIDE_NAMES, status_of
from arbitrage.sim.protocols.binance_wire import Figures, Json, money, ms

# Why an order was closed that nobody cancelled: the code of `er` in its last event.
EXPIRY_REASONS: Final = {
    "self_trade": "1",
    "ioc_remainder": "2",
    "reduce_only": "4",
    "insufficient_margin": "4",
    "liquidation": "5",
}


def average_price(cost: Decimal, qty: Decimal) -> Decimal:
    """The average price of what was filled, zero for nothing."""
    return cost / qty if qty else ZERO


def order_object(order: SimOrder, figures: Figures) -> Json:
    """An order as every answer but that of GET shows it."""
    wanted = order.request
    price = wanted.price or ZERO
    return {
        "orderId": order.id,
        "symbol": wanted.symbol,
        "status": status_of(order),
        "clientOrderId": wanted.client_id,
        "price": figures.price(price),
        "avgPrice": figures.average(average_price(order.filled_cost, order.filled_qty)),
        "origQty": figures.qty(order.qty),
        "executedQty": figures.qty(order.filled_qty),
        "cumQty": figures.qty(order.filled_qty),
        "cumQuote": money(order.filled_cost),
        "timeInForce": wanted.wire["timeInForce"],
        "type": wanted.wire["type"],
        "reduceOnly": wanted.reduce_only,
        "closePosition": False,
        "side": SIDE_NAMES[wanted.side],
        "positionSide": "BOTH",
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": wanted.wire["type"],
        "priceMatch": "NONE",
        "selfTradePreventionMode": wanted.wire["selfTradePreventionMode"],
        "goodTillDate": 0,
        "updateTime": ms(order.updated_ns),
    }


def accepted_object(order: SimOrder, figures: Figures) -> Json:
    """An order as the answer `ACK` shows it: taken in, whatever became of it since."""
    nothing = figures.qty(ZERO)
    return order_object(order, figures) | {
        "status": "NEW",
        "avgPrice": figures.average(ZERO),
        "executedQty": nothing,
        "cumQty": nothing,
        "cumQuote": money(ZERO),
    }


def queried_object(order: SimOrder, figures: Figures) -> Json:
    """An order as GET shows it."""
    told = order_object(order, figures)
    del told["cumQty"]
    return told | {"time": ms(order.created_ns)}


def trade_object(order: SimOrder, fill: SimFill, figures: Figures) -> Json:
    """One entry of `userTrades`."""
    wanted = order.request
    return {
        "symbol": wanted.symbol,
        "id": fill.trade_id,
        "orderId": order.id,
        "side": SIDE_NAMES[wanted.side],
        "price": figures.price(fill.price),
        "qty": figures.qty(fill.qty),
        "realizedPnl": money(fill.realised_pnl),
        "quoteQty": money(fill.cost),
        "commission": money(fill.fee),
        "commissionAsset": fill.fee_currency,
        "time": ms(fill.ts_ns),
        "positionSide": "BOTH",
        "maker": fill.is_maker,
        "buyer": wanted.side is Side.BUY,
    }
