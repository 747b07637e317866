"""Binance's words for orders, the same on spot and futures: sides, statuses, self-trade prevention.

A status is the venue's word: what is left of IOC and MARKET orders, and what the venue itself takes
away, is EXPIRED; what self-trade prevention takes is EXPIRED_IN_MATCH; only what somebody asked to
cancel is CANCELED (developers.binance.com/docs/derivatives/usds-margined-futures, pages New-Order
and Event-Order-Update, and github.com/binance/binance-spot-api-docs/enums.md, read 2026-11-22).
"""

from decimal import Decimal
from typing import Final

from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.sim.order_records import SelfTrade, SimOrder

SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}
SIDE_NAMES: Final = {side: name for name, side in SIDES.items()}

SELF_TRADE: Final = {
    "NONE": SelfTrade.MEET,
    "EXPIRE_TAKER": SelfTrade.CANCEL_TAKER,
    "EXPIRE_MAKER": SelfTrade.CANCEL_MAKER,
    "EXPIRE_BOTH": SelfTrade.CANCEL_BOTH,
}
DEFAULT_SELF_TRADE: Final = "EXPIRE_MAKER"


def status_of(order: SimOrder) -> str:
    """The status of an order now."""
    match order.status:
        case OrderStatus.OPEN:
            return word_of_open(order.filled_qty)
        case OrderStatus.FILLED:
            return "FILLED"
    if order.reason == "self_trade":
        return "EXPIRED_IN_MATCH"
    return "EXPIRED" if order.reason else "CANCELED"


def word_of_open(filled_qty: Decimal) -> str:
    """The status of an open order that has filled so much."""
    return "PARTIALLY_FILLED" if filled_qty else "NEW"
