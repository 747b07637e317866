"""What answers say of our orders, whether they came by REST or by websocket (`ws_api.answer_of`).

Three outcomes: accepted as the totals say, definitely refused (the allow-list of `refusals`), and
in doubt, which is everything else: no answer, a 5xx, an answer that cannot be read or that speaks
of another order. Nothing here raises for a failed order request; it is told to the engine.
"""

from decimal import Decimal

import msgspec

from arbitrage.domain.errors import MalformedData, OrderRefused
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.units import EXACT, ZERO
from arbitrage.exchanges.binance_spot.answers import failure, read
from arbitrage.exchanges.binance_spot.facts import VENUE
from arbitrage.exchanges.binance_spot.order_tally import OrderTallies
from arbitrage.exchanges.binance_spot.refusals import NO_SUCH_ORDER, definite_refusal, error_of
from arbitrage.exchanges.binance_spot.wire import (
    UNREADABLE,
    UpdateId,
    require_plain,
    require_total,
)
from arbitrage.exchanges.order_gateway import Answer


class _Fill(msgspec.Struct, rename="camel"):
    """A trade in the answer to a new order."""

    trade_id: UpdateId
    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str

    def __post_init__(self) -> None:
        require_plain(self.price, self.qty, self.commission)


class _Order(msgspec.Struct, rename="camel"):
    """An order as every answer tells it. `cummulativeQuoteQty` is the venue's spelling.

    In the answer to a cancel `clientOrderId` is the cancel's own, the order's is the `orig` one.
    """

    symbol: str
    order_id: UpdateId
    client_order_id: str
    status: str
    executed_qty: Decimal
    cummulative_quote_qty: Decimal
    orig_client_order_id: str = ""
    orig_quote_order_qty: Decimal = ZERO
    fills: list[_Fill] = []

    def __post_init__(self) -> None:
        require_total(self.executed_qty, self.cummulative_quote_qty)
        require_plain(self.orig_quote_order_qty)

    @property
    def client_id(self) -> str:
        return self.orig_client_order_id or self.client_order_id


class _Trade(msgspec.Struct, rename="camel"):
    """A trade in the list of our trades."""

    symbol: str
    id: UpdateId
    order_id: UpdateId
    qty: Decimal
    quote_qty: Decimal
    commission: Decimal
    commission_asset: str

    def __post_init__(self) -> None:
        require_plain(self.qty, self.quote_qty, self.commission)


_decode_order = msgspec.json.Decoder(_Order).decode
_orders = msgspec.json.Decoder(list[_Order])
_trades = msgspec.json.Decoder(list[_Trade])


def outcome(
    tallies: OrderTallies, intent: PlaceOrder, answer: Answer | None, ts_ns: int
) -> OrderUpdate:
    """What became of an order sent; `answer` is None if none came.

    `{"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"s00000001",
    "transactTime":1507725176595,"price":"4000.00","origQty":"0.010","executedQty":"0.010",
    "origQuoteOrderQty":"0.000000","cummulativeQuoteQty":"39.99600000","status":"FILLED",
    "timeInForce":"IOC","type":"LIMIT","side":"BUY","workingTime":1507725176595,
    "selfTradePreventionMode":"EXPIRE_MAKER","fills":[{"price":"3999.60","qty":"0.010",
    "commission":"0.00001","commissionAsset":"BTC","tradeId":56}]}`
    """
    if answer is None:
        return _in_doubt(intent, "no answer", ts_ns)
    refusal = definite_refusal(answer)
    if refusal is not None:
        return OrderUpdate(ts_ns, intent.client_id, OrderStatus.REJECTED, reason=str(refusal))
    return _heard(tallies, intent, answer, ts_ns)


def confirm_test(intent: PlaceOrder, answer: Answer) -> None:
    """Return if the test endpoint would have let the order through; it answers `{}`.

    It looks at filters, parameters and the signature, not at balances nor at the book. Raises
    `OrderRefused` with the venue's reason, and what `answers.failure` makes of anything else.
    """
    refusal = definite_refusal(answer)
    if refusal is not None:
        raise OrderRefused(
            f"{VENUE} {intent.symbol} test of order {intent.client_id}: refused with {refusal}",
            str(refusal),
        )
    if answer.status != 200:
        raise failure(answer, f"{intent.symbol} test of order {intent.client_id}")


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


def listed(tallies: OrderTallies, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
    """Every order of a list, also those of others: the open ones, or those just cancelled at once.

    Raises what `answers.read` raises.
    """
    orders = read(_orders, answer, "list of orders")
    try:
        return [_counted(tallies, order, ts_ns) for order in orders]
    except UNREADABLE as error:
        raise _malformed("list of orders", error) from error


def filled(tallies: OrderTallies, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
    """The orders whose trades are in `answer`, with their totals; it completes the fees.

    Trades of orders that nobody has spoken of are left out: they name no client id. Ask for the
    order first. Raises what `answers.read` raises.

    `[{"symbol":"BNBBTC","id":28457,"orderId":100234,"orderListId":-1,"price":"4.00000100",
    "qty":"12.00000000","quoteQty":"48.000012","commission":"10.10000000","commissionAsset":"BNB",
    "time":1499865549590,"isBuyer":true,"isMaker":false,"isBestMatch":true}]`
    """
    touched: dict[tuple[str, int], None] = {}
    for one in read(_trades, answer, "myTrades"):
        tally = tallies.known(one.symbol, one.order_id)
        if tally is None:
            continue
        try:
            tally.trade(one.id, one.qty, one.quote_qty, one.commission_asset, one.commission)
        except UNREADABLE as error:
            raise _malformed("myTrades", error) from error
        touched[one.symbol, one.order_id] = None
    return [tallies.update(symbol, order_id, ts_ns) for symbol, order_id in touched]


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
        if (order.symbol, order.client_id) != (intent.symbol, intent.client_id):
            other = f"{order.symbol} {order.client_id}"
            return _in_doubt(intent, f"the answer is about {other}", ts_ns)
        return _counted(tallies, order, ts_ns)
    except UNREADABLE as error:
        return _in_doubt(intent, f"unreadable answer: {error}", ts_ns)


def _counted(tallies: OrderTallies, order: _Order, ts_ns: int) -> OrderUpdate:
    tally = tallies.of(order.symbol, order.order_id, order.client_id)
    for fill in order.fills:
        cost = EXACT.multiply(fill.qty, fill.price)
        tally.trade(fill.trade_id, fill.qty, cost, fill.commission_asset, fill.commission)
    tally.hear(
        order.status,
        "",
        order.executed_qty,
        order.cummulative_quote_qty,
        is_by_cost=order.orig_quote_order_qty > 0,
    )
    return tallies.update(order.symbol, order.order_id, ts_ns)


def _malformed(what: str, error: Exception) -> MalformedData:
    return MalformedData(f"{VENUE} {what}: {error}; the rest of the answer is dropped")


def _in_doubt(
    intent: PlaceOrder | CancelOrder | QueryOrder, reason: str, ts_ns: int
) -> OrderUpdate:
    return OrderUpdate(ts_ns, intent.client_id, OrderStatus.IN_DOUBT, reason=reason)
