"""What REST answers say of our orders.

Three outcomes: accepted as the totals say, definitely refused (the allow-list of `refusals`), and
in doubt, which is everything else: no answer, a 5xx, an answer that cannot be read or that speaks
of another order. Nothing here raises for a failed order request; it is told to the engine.

Since 2026-07 `avgPrice` and `cumQuote` may be missing from the answers to POST and DELETE [SDK*
14.0.0]. Then an order that filled is in doubt until the user stream or a query tells its price.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.units import EXACT, ZERO
from arbitrage.exchanges.binance_usdm import facts
from arbitrage.exchanges.binance_usdm.answers import read
from arbitrage.exchanges.binance_usdm.order_tally import OrderTallies
from arbitrage.exchanges.binance_usdm.refusals import NO_SUCH_ORDER, definite_refusal, error_of
from arbitrage.exchanges.binance_usdm.wire import UNREADABLE, UpdateId, require_plain
from arbitrage.exchanges.order_gateway import Answer


class _Order(msgspec.Struct, rename="camel"):
    symbol: str
    order_id: UpdateId
    client_order_id: str
    status: str
    executed_qty: Decimal
    avg_price: Decimal | None = None
    cum_quote: Decimal | None = None

    def __post_init__(self) -> None:
        require_plain(self.executed_qty, self.avg_price, self.cum_quote)

    def cost(self) -> Decimal | None:
        """The quote value of what was filled, or None where the answer does not tell."""
        if not self.executed_qty:
            return ZERO
        if self.cum_quote:
            return self.cum_quote
        return EXACT.multiply(self.executed_qty, self.avg_price) if self.avg_price else None


class _Fill(msgspec.Struct, rename="camel"):
    symbol: str
    id: UpdateId
    order_id: UpdateId
    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str

    def __post_init__(self) -> None:
        require_plain(self.price, self.qty, self.commission)


_decode_order = msgspec.json.Decoder(_Order).decode
_orders = msgspec.json.Decoder(list[_Order])
_fills = msgspec.json.Decoder(list[_Fill])


def outcome(
    tallies: OrderTallies, intent: PlaceOrder, answer: Answer | None, ts_ns: int
) -> OrderUpdate:
    """What became of an order sent; `answer` is None if none came.

    `{"clientOrderId":"s00000001","cumQuote":"90.0","executedQty":"0.01","orderId":22542179,
    "avgPrice":"9000.00","origQty":"0.01","price":"9000","side":"BUY","status":"FILLED",
    "symbol":"BTCUSDT","timeInForce":"IOC","type":"LIMIT","updateTime":1566818724722,...}`
    """
    if answer is None:
        return _in_doubt(intent, "no answer", ts_ns)
    refusal = definite_refusal(answer)
    if refusal is not None:
        return OrderUpdate(ts_ns, intent.client_id, OrderStatus.REJECTED, reason=str(refusal))
    return _heard(tallies, intent, answer, ts_ns)


def queried(
    tallies: OrderTallies, intent: QueryOrder, answer: Answer, ts_ns: int
) -> OrderUpdate | None:
    """What the venue says of an order; None if it says that there is no such order (-2013).

    That is its word of this moment: an order on its way may still arrive.
    """
    error = error_of(answer)
    if error is not None and error.code == NO_SUCH_ORDER and 400 <= answer.status < 500:
        return None
    return _heard(tallies, intent, answer, ts_ns)


def canceled(
    tallies: OrderTallies, intent: CancelOrder, answer: Answer | None, ts_ns: int
) -> OrderUpdate:
    """What became of an order after a cancel.

    A refused cancel (-2011) proves only that the order is not open, so it is asked for.
    """
    if answer is None:
        return _in_doubt(intent, "no answer to the cancel", ts_ns)
    return _heard(tallies, intent, answer, ts_ns)


def open_orders(tallies: OrderTallies, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
    """Every open order, also those of others. Raises what `answers.read` raises."""
    return [_counted(tallies, order, ts_ns) for order in read(_orders, answer, "openOrders")]


def filled(tallies: OrderTallies, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
    """The orders whose trades are in `answer`, with their totals; it completes fees and costs.

    Trades of orders that nobody has spoken of are left out: they name no client id. Ask for the
    order first. Raises what `answers.read` raises.

    `[{"symbol":"BTCUSDT","id":698759,"orderId":25851813,"price":"7819.01","qty":"0.002",
    "quoteQty":"15.63802","commission":"0.07819010","commissionAsset":"USDT","maker":false,
    "side":"SELL","positionSide":"BOTH","realizedPnl":"-0.91539999","time":1569514978020}]`
    """
    touched: dict[tuple[str, int], None] = {}
    for fill in read(_fills, answer, "userTrades"):
        tally = tallies.known(fill.symbol, fill.order_id)
        if tally is not None:
            try:
                tally.trade(fill.id, fill.qty, fill.price)
                tally.charge(fill.id, fill.commission_asset, fill.commission)
            except UNREADABLE as error:
                raise MalformedData(
                    f"{facts.VENUE} userTrades: trade {fill.id} of {fill.symbol} cannot be counted "
                    f"({error}); the list is dropped"
                ) from error
            touched[fill.symbol, fill.order_id] = None
    return _updates(tallies, touched, ts_ns)


def _updates(
    tallies: OrderTallies, keys: Iterable[tuple[str, int]], ts_ns: int
) -> list[OrderUpdate]:
    return [tallies.update(symbol, order_id, ts_ns) for symbol, order_id in keys]


def _heard(
    tallies: OrderTallies,
    intent: PlaceOrder | CancelOrder | QueryOrder,
    answer: Answer,
    ts_ns: int,
) -> OrderUpdate:
    if answer.status != 200:
        error = error_of(answer)
        reason = f"HTTP {answer.status}" if error is None else f"HTTP {answer.status}, {error}"
        return _in_doubt(intent, reason, ts_ns)
    try:
        order = _decode_order(answer.body)
        if (order.symbol, order.client_order_id) != (intent.symbol, intent.client_id):
            other = f"{order.symbol} {order.client_order_id}"
            return _in_doubt(intent, f"the answer is about {other}", ts_ns)
        return _counted(tallies, order, ts_ns)
    except UNREADABLE as error:
        return _in_doubt(intent, f"unreadable answer: {error}", ts_ns)


def _counted(tallies: OrderTallies, order: _Order, ts_ns: int) -> OrderUpdate:
    tally = tallies.of(order.symbol, order.order_id, order.client_order_id)
    tally.hear(order.status, "", order.executed_qty, order.cost())
    return tallies.update(order.symbol, order.order_id, ts_ns)


def _in_doubt(
    intent: PlaceOrder | CancelOrder | QueryOrder, reason: str, ts_ns: int
) -> OrderUpdate:
    return OrderUpdate(ts_ns, intent.client_id, OrderStatus.IN_DOUBT, reason=reason)
