"""What the venue says of our orders, in answers and on the private stream.

Three outcomes: taken, definitely refused (the allow-list of `refusals`), and in doubt, which is
everything else. Every message about an order holds its running totals, so nothing is added up and
a late or repeated one changes nothing; the answer to a new order or a cancel holds none.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal

import msgspec

from arbitrage.domain.errors import MalformedData, Unavailable
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.units import EXACT, ONE, ZERO
from arbitrage.exchanges.okx.answers import read
from arbitrage.exchanges.okx.facts import ORDERS_PAGE, VENUE
from arbitrage.exchanges.okx.instruments import Contract, is_swap
from arbitrage.exchanges.okx.refusals import NO_SUCH_ORDER, OK, Row, definite_refusal, verdict_of
from arbitrage.exchanges.okx.wire import UNREADABLE, amount
from arbitrage.exchanges.order_gateway import Answer

Contracts = Mapping[str, Contract]

# The venue rounds the average price to some 17 digits. At this step the value of all fills is
# theirs again to the last digit, and no sum of such values outgrows exact arithmetic.
_COST_DECIMALS = -12
_COST_STEP = Decimal(1).scaleb(_COST_DECIMALS)
_ROUNDED = Context(prec=EXACT.prec)
# What a question ends with that was not answered, or not with what can be read; `ConfigError` and
# `MalformedData` are ValueErrors.
_UNANSWERED = (Unavailable, *UNREADABLE)
NORMAL = "normal"

_STATUSES = {
    "live": OrderStatus.OPEN,
    "partially_filled": OrderStatus.OPEN,
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "mmp_canceled": OrderStatus.CANCELED,
}


class OrderRow(msgspec.Struct, rename="camel"):
    """`{"instId":"BTC-USDT","clOrdId":"s00000001","ordId":"680800019749904384","state":"filled",
    "accFillSz":"0.00192834","avgPx":"51858","fee":"-0.00000192834","feeCcy":"BTC","rebate":"0",
    "rebateCcy":"USDT","category":"normal","cancelSource":"","cancelSourceReason":"",...}`

    `accFillSz` is native and `fee` negative where it was charged, both since the order was made.
    """

    inst_id: str
    ord_id: str
    state: str
    acc_fill_sz: str
    avg_px: str
    fee: str = ""
    fee_ccy: str = ""
    rebate: str = ""
    rebate_ccy: str = ""
    cl_ord_id: str = ""
    category: str = NORMAL
    cancel_source: str = ""
    cancel_source_reason: str = ""

    @property
    def client_id(self) -> str:
        """Our id, or the venue's for an order that has none."""
        return self.cl_ord_id or self.ord_id


class FillRow(msgspec.Struct, rename="camel"):
    """`{"instId":"BTC-USDT","clOrdId":"s00000001","ordId":"680800019749904384",
    "tradeId":"744876980","fillSz":"0.00192834","fillPx":"51858","side":"buy",...}`"""

    inst_id: str
    ord_id: str
    trade_id: str
    fill_sz: str
    fill_px: str
    cl_ord_id: str = ""


class _Rows(msgspec.Struct):
    data: list[Row]


_rows = msgspec.json.Decoder(_Rows).decode
_orders = msgspec.json.Decoder(list[OrderRow])
_order = msgspec.json.Decoder(tuple[OrderRow])
_fills = msgspec.json.Decoder(list[FillRow])


# --- answers to requests --------------------------------------------------------------------------


def outcome(intent: PlaceOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
    """What became of an order sent; `answer` is None if none came. Shown at `refusals.Row`."""
    if answer is None:
        return _in_doubt(intent.client_id, "no answer", ts_ns)
    return ordered(intent.client_id, answer, ts_ns)


def ordered(client_id: str, answer: Answer, ts_ns: int) -> OrderUpdate:
    """What an answer to a new order says, also one that came by websocket."""
    refusal = definite_refusal(answer, client_id)
    if refusal is not None:
        return OrderUpdate(ts_ns, client_id, OrderStatus.REJECTED, reason=str(refusal))
    return taken(client_id, answer, ts_ns)


def taken(client_id: str, answer: Answer, ts_ns: int) -> OrderUpdate:
    """Open if `answer` says that the venue took a request about this very order, else in doubt.

    It holds for orders and cancels, by REST and by websocket.
    """
    verdict = verdict_of(answer.body)
    if answer.status != 200 or verdict is None or verdict.code != OK:
        said = "no word of the venue" if verdict is None else str(verdict)
        return _in_doubt(client_id, f"HTTP {answer.status}, {said}", ts_ns)
    if verdict.client_id != client_id:
        return _in_doubt(client_id, f"the answer is about {verdict.client_id!r:.40}", ts_ns)
    return OrderUpdate(ts_ns, client_id, OrderStatus.OPEN)


def canceled(intent: CancelOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
    """An order after a cancel.

    That the venue took the request says that the order was open; it may fill until it obeyed. A
    refused cancel (51400 and its kin) proves only that it is not open, so it is asked for.
    """
    if answer is None:
        return _in_doubt(intent.client_id, "no answer to the cancel", ts_ns)
    return taken(intent.client_id, answer, ts_ns)


def canceled_batch(
    intents: Sequence[CancelOrder], answer: Answer | None, ts_ns: int
) -> list[OrderUpdate]:
    """The orders after a cancel of several; those of which `answer` says nothing are in doubt.

    `{"code":"2","data":[{"clOrdId":"s00000001","ordId":"12345689","sCode":"0","sMsg":""},
    {"clOrdId":"s00000002","ordId":"","sCode":"51400","sMsg":"Cancellation failed ..."}],"msg":""}`
    """
    said: dict[str, Row] = {}
    if answer is not None and answer.status == 200:
        try:
            said = {row.cl_ord_id: row for row in _rows(answer.body).data}
        except UNREADABLE:
            said = {}
    updates = []
    for intent in intents:
        row = said.get(intent.client_id)
        if row is not None and row.s_code == OK:
            updates.append(OrderUpdate(ts_ns, intent.client_id, OrderStatus.OPEN))
        else:
            told = "no answer to the cancel" if row is None else f"{row.s_code}: {row.s_msg}"
            updates.append(_in_doubt(intent.client_id, told, ts_ns))
    return updates


def queried(
    contracts: Contracts, intent: QueryOrder, answer: Answer, ts_ns: int
) -> OrderUpdate | None:
    """What the venue says of an order; None if it says that there is no such order (51603).

    That is its word of this moment: an order on its way may still arrive, and one cancelled
    without a fill is forgotten after two hours.
    """
    verdict = verdict_of(answer.body)
    if answer.status == 200 and verdict is not None and verdict.code == NO_SUCH_ORDER:
        return None
    try:
        [row] = read(_order, answer, "order")
        if (row.inst_id, row.cl_ord_id) != (intent.symbol, intent.client_id):
            other = f"{row.inst_id} {row.cl_ord_id}"
            return _in_doubt(intent.client_id, f"the answer is about {other}", ts_ns)
        return update_of(contracts, row, ts_ns)
    except _UNANSWERED as error:
        return _in_doubt(intent.client_id, str(error), ts_ns)


# --- lists ----------------------------------------------------------------------------------------


def listed(contracts: Contracts, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
    """The orders of a list of open or closed ones, also those of others. Raises what
    `answers.read` raises."""
    rows = read(_orders, answer, "list of orders")
    try:
        return [update_of(contracts, row, ts_ns) for row in rows]
    except UNREADABLE as error:
        raise MalformedData(f"{VENUE} list of orders: {error}; it is dropped") from error


def next_page(answer: Answer) -> str:
    """What the next page of open orders comes after; empty behind the last. Raises as `listed`."""
    rows = read(_orders, answer, "list of orders")
    return rows[-1].ord_id if len(rows) >= ORDERS_PAGE else ""


def filled(contracts: Contracts, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
    """The orders whose trades are in `answer`, with the sums of those trades: at least so much was
    filled. Their fees are not told, for the list may begin within an order. Raises what
    `answers.read` raises."""
    rows = {(row.inst_id, row.trade_id): row for row in read(_fills, answer, "fills")}
    sums: dict[str, tuple[str, Decimal, Decimal]] = {}
    try:
        for row in rows.values():
            client_id = row.cl_ord_id or row.ord_id
            _, qty, cost = sums.get(client_id, ("", ZERO, ZERO))
            price, more = amount(row.fill_px), amount(row.fill_sz)
            multiplier = _multiplier(contracts, row.inst_id) or ZERO
            cost = EXACT.add(cost, _cost(more, multiplier, price))
            sums[client_id] = row.inst_id, EXACT.add(qty, more), cost
    except UNREADABLE as error:
        raise MalformedData(f"{VENUE} fills: {error}; the list is dropped") from error
    return [
        OrderUpdate(ts_ns, client_id, OrderStatus.OPEN, qty, cost, reason="has trades")
        if cost > 0
        else _of_unknown_size(client_id, symbol, ts_ns)
        for client_id, (symbol, qty, cost) in sums.items()
    ]


# --- one order ------------------------------------------------------------------------------------


def update_of(contracts: Contracts, row: OrderRow, ts_ns: int) -> OrderUpdate:
    """An order as the venue tells it, in a list or on the stream. Raises an `UNREADABLE` error.

    A state that we do not know, a total that is missing, and a fill of a contract whose size we do
    not know, leave it in doubt. Fees are told with a fill, or not at all where their currency is
    missing.
    """
    status = _STATUSES.get(row.state, OrderStatus.IN_DOUBT)
    reason = row.state
    if row.cancel_source or row.cancel_source_reason:
        reason = f"{row.state}: {row.cancel_source} {row.cancel_source_reason}".rstrip()
    qty = amount(row.acc_fill_sz)
    if not row.acc_fill_sz or (status is OrderStatus.FILLED and not qty):
        return _in_doubt(row.client_id, f"{row.state} without a total of what was filled", ts_ns)
    if not qty:
        return OrderUpdate(ts_ns, row.client_id, status, reason=reason)
    multiplier, price = _multiplier(contracts, row.inst_id), amount(row.avg_px)
    if multiplier is None:
        return _of_unknown_size(row.client_id, row.inst_id, ts_ns)
    if qty < 0 or price <= 0:
        raise ValueError(f"order {row.client_id}: {qty} filled at {price}")
    cost = _cost(qty, multiplier, price)
    return OrderUpdate(ts_ns, row.client_id, status, qty, cost, _fees(row), reason)


def _fees(row: OrderRow) -> tuple[tuple[str, Decimal], ...]:
    """Totals by currency, positive where they were charged, sorted; a rebate is one of its own."""
    charged = ((row.fee_ccy, amount(row.fee)), (row.rebate_ccy, amount(row.rebate)))
    fees: dict[str, Decimal] = {}
    for currency, total in charged:
        if total and not currency:
            return ()
        if total:
            fees[currency] = EXACT.subtract(fees.get(currency, ZERO), total)
    return tuple(sorted(fees.items()))


def _multiplier(contracts: Contracts, symbol: str) -> Decimal | None:
    """Base units of one native unit, or None for a contract that is not listed."""
    contract = contracts.get(symbol)
    if contract is not None:
        return contract.multiplier
    return ONE if symbol.count("-") == 1 and not is_swap(symbol) else None


def _cost(qty: Decimal, multiplier: Decimal, price: Decimal) -> Decimal:
    """The quote value of `qty` native units at `price`, to the twelfth decimal."""
    value = EXACT.multiply(EXACT.multiply(qty, multiplier), price)
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= _COST_DECIMALS:
        return value
    return value.quantize(_COST_STEP, ROUND_HALF_EVEN, _ROUNDED)


def _of_unknown_size(client_id: str, symbol: str, ts_ns: int) -> OrderUpdate:
    return _in_doubt(client_id, f"the contract size of {symbol} is not known", ts_ns)


def _in_doubt(client_id: str, reason: str, ts_ns: int) -> OrderUpdate:
    return OrderUpdate(ts_ns, client_id, OrderStatus.IN_DOUBT, reason=reason)
