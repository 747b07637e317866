"""Bybit's orders and executions as JSON objects, for REST answers and the private stream alike.

An order that the venue has accepted and then cannot serve is cancelled with a reason, not refused:
post-only orders that would take, and IOC and FOK orders for which there is not enough. Spot tells
a cancelled order with fills as PartiallyFilledCanceled, linear as Cancelled
(bybit-exchange.github.io/docs/v5, order/create-order, order/open-order, enum and the pages of the
private stream, read 2026-11-22). The coin of a fee is told for spot; for linear it is left empty,
as in the documentation's examples.
"""

from decimal import Decimal
from typing import Final

from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.units import ZERO, plain
from arbitrage.sim.core_events import FundingPaid
from arbitrage.sim.order_records import SimFill, SimOrder
from arbitrage.sim.protocols.bybit_figures import mark_price
from arbitrage.sim.protocols.bybit_form import SIDE_NAMES
from arbitrage.sim.protocols.bybit_markets import Market
from arbitrage.sim.protocols.bybit_wire import Category, Ids, Json, average, money, ms
from arbitrage.sim.venue_core import SimVenueCore

# Why the venue closed an order: its `rejectReason` and its `cancelType`, by the word of the core.
_ENDS: Final = {
    "": ("EC_PerCancelRequest", "CancelByUser"),
    "post_only": ("EC_PostOnlyWillTakeLiquidity", "UNKNOWN"),
    "ioc_remainder": ("EC_NoImmediateQtyToFill", "UNKNOWN"),
    "no_book": ("EC_NoImmediateQtyToFill", "UNKNOWN"),
    "fok_not_filled": ("EC_NoEnoughQtyToFill", "UNKNOWN"),
    "self_trade": ("EC_BySelfMatch", "CancelBySmp"),
    "reduce_only": ("EC_NoError", "CancelByReduceOnly"),
    "insufficient_margin": ("EC_Others", "CancelByAdmin"),
    "liquidation": ("EC_NoError", "CancelAllBeforeLiq"),
    "withdrawn": ("EC_Others", "CancelByAdmin"),
}
# What an accepted order may end with at once, where other venues refuse it.
KEPT_REFUSALS: Final = ("post_only", "fok_not_filled", "no_book")


def status_of(order: SimOrder, category: Category) -> str:
    """The status of an order now."""
    if order.status is OrderStatus.FILLED:
        return "Filled"
    if order.status is OrderStatus.OPEN:
        return "PartiallyFilled" if order.filled_qty else "New"
    is_spot_rest = category is Category.SPOT and order.filled_qty
    return "PartiallyFilledCanceled" if is_spot_rest else "Cancelled"


def order_object(order: SimOrder, market: Market, ids: Ids) -> Json:
    """An order as every list and the stream show it."""
    wanted, figures = order.request, market.figures
    price = wanted.price or ZERO
    left = order.remaining_qty if order.is_open else ZERO
    is_canceled = order.status is OrderStatus.CANCELED
    reason, cancel_type = _ENDS[order.reason] if is_canceled else ("EC_NoError", "UNKNOWN")
    fees = _fees(order)
    return {
        "symbol": market.symbol,
        "orderId": ids.order(market.category, order.id),
        "orderLinkId": wanted.client_id,
        "blockTradeId": "",
        "side": SIDE_NAMES[wanted.side],
        "positionIdx": 0,
        "orderType": wanted.wire["orderType"],
        "timeInForce": wanted.wire["timeInForce"],
        "price": figures.price(price) if price else "0",
        "qty": wanted.wire["qty"],
        "orderStatus": status_of(order, market.category),
        "cancelType": cancel_type,
        "rejectReason": reason,
        "avgPrice": average(order.filled_cost, order.filled_qty),
        "leavesQty": figures.qty(left),
        "leavesValue": money(left * price),
        "cumExecQty": figures.qty(order.filled_qty),
        "cumExecValue": money(order.filled_cost),
        "cumExecFee": money(sum(fees.values(), ZERO)),
        "cumFeeDetail": {currency: money(fee) for currency, fee in fees.items()},
        "isLeverage": "0" if market.category is Category.SPOT else "",
        "stopOrderType": "",
        "orderIv": "",
        "triggerPrice": "",
        "takeProfit": "",
        "stopLoss": "",
        "tpTriggerBy": "",
        "slTriggerBy": "",
        "triggerDirection": 0,
        "triggerBy": "",
        "lastPriceOnCreated": "",
        "reduceOnly": wanted.reduce_only,
        "closeOnTrigger": False,
        "placeType": "",
        "smpType": wanted.wire["smpType"],
        "smpGroup": 0,
        "smpOrderId": "",
        "createdTime": str(ms(order.created_ns)),
        "updatedTime": str(ms(order.updated_ns)),
        **_of_category(order, market),
    }


def _of_category(order: SimOrder, market: Market) -> Json:
    """What only one category tells."""
    if market.category is Category.SPOT:
        return {"marketUnit": order.request.wire["marketUnit"]}
    return {"createType": "CreateByUser", "tpslMode": "", "tpLimitPrice": "", "slLimitPrice": ""}


def _fees(order: SimOrder) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for fill in order.fills:
        found[fill.fee_currency] = found.get(fill.fee_currency, ZERO) + fill.fee
    return found


def execution_object(
    order: SimOrder, fill: SimFill, market: Market, ids: Ids, core: SimVenueCore
) -> Json:
    """One fill of an order."""
    wanted, figures, is_spot = order.request, market.figures, market.category is Category.SPOT
    return {
        **_execution(market, ids.execution(market.category, fill.trade_id), fill.ts_ns),
        "orderId": ids.order(market.category, order.id),
        "orderLinkId": wanted.client_id,
        "side": SIDE_NAMES[wanted.side],
        "orderPrice": figures.price(wanted.price) if wanted.price else "0",
        "orderQty": figures.qty(order.qty),
        "leavesQty": figures.qty(order.qty - fill.cumulative_qty),
        "orderType": wanted.wire["orderType"],
        "execFee": money(fill.fee),
        "execPrice": figures.price(fill.price),
        "execQty": figures.qty(fill.qty),
        "execType": "Trade",
        "execValue": money(fill.cost),
        "isMaker": fill.is_maker,
        "feeRate": plain(core.fees(market.key).rate(is_maker=fill.is_maker)),
        "feeCurrency": fill.fee_currency if is_spot else "",
        "markPrice": "" if is_spot else figures.price(mark_price(core, market.key)),
        "execPnl": "" if is_spot else money(fill.realised_pnl),
        **({} if is_spot else {"createType": "CreateByUser"}),
    }


def funding_object(paid: FundingPaid, market: Market, core: SimVenueCore) -> Json:
    """A payment of funding, which is told as an execution without an order of ours.

    What was paid is positive. `closedSize` and the like are left out, as is the sign of the side.
    """
    held = core.position(market.key)
    qty, figures = abs(held.position.qty), market.figures
    name = f"{ms(paid.ts_ns)}-{market.symbol}"
    return {
        **_execution(market, f"funding-{name}", paid.ts_ns),
        "orderId": name,
        "orderLinkId": "",
        "side": "Buy" if held.position.qty > 0 else "Sell",
        "orderPrice": "0",
        "orderQty": "0",
        "leavesQty": "0",
        "orderType": "UNKNOWN",
        "execFee": money(-paid.amount),
        "execPrice": figures.price(held.mark_price),
        "execQty": figures.qty(qty),
        "execType": "Funding",
        "execValue": money(qty * Decimal(repr(held.mark_price))),
        "isMaker": False,
        "feeRate": plain(paid.rate),
        "feeCurrency": "",
        "markPrice": figures.price(held.mark_price),
    }


def liquidation_object(market: Market, core: SimVenueCore) -> Json:
    """What the venue took of a position. The core tells no fills of it, so price and quantity are
    left at zero."""
    now_ns = core.now_ns
    return {
        **_execution(market, f"bust-{ms(now_ns)}-{market.symbol}", now_ns),
        "orderId": f"{ms(now_ns)}-liquidation",
        "orderLinkId": "",
        "side": "",
        "orderPrice": "0",
        "orderQty": "0",
        "leavesQty": "0",
        "orderType": "UNKNOWN",
        "execFee": "0",
        "execPrice": "0",
        "execQty": "0",
        "execType": "BustTrade",
        "execValue": "0",
        "isMaker": False,
        "feeRate": "0",
        "feeCurrency": "",
        "markPrice": market.figures.price(mark_price(core, market.key)),
    }


def _execution(market: Market, execution_id: str, ts_ns: int) -> Json:
    """What is the same in executions of all kinds."""
    return {
        "category": market.category.value,
        "symbol": market.symbol,
        "execId": execution_id,
        "execTime": str(ms(ts_ns)),
        "stopOrderType": "UNKNOWN",
        "blockTradeId": "",
        "tradeIv": "",
        "markIv": "",
        "indexPrice": "",
        "underlyingPrice": "",
        "isLeverage": "0" if market.category is Category.SPOT else "",
    }
