"""What REST answers say of our orders; those of the trade websocket are read the same way.

Three outcomes: accepted, definitely refused (the allow-list of `refusals`), and in doubt, which is
everything else: no answer, a 5xx, an answer that cannot be read or that speaks of another order.
Nothing here raises for a failed order request; it is told to the engine.

An acceptance of an order or a cancel says only that the venue has the request. The order is then
open, with the totals that the private stream may have told already; how it ends is told by the
stream or by a query.
"""

import msgspec

from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.exchanges.bybit.answers import read
from arbitrage.exchanges.bybit.order_reports import OrderReport
from arbitrage.exchanges.bybit.order_search import OrderSearch
from arbitrage.exchanges.bybit.order_tally import OrderTallies
from arbitrage.exchanges.bybit.refusals import NO_SUCH_ORDER, OK, definite_refusal, verdict_of
from arbitrage.exchanges.bybit.wire import UNREADABLE
from arbitrage.exchanges.order_gateway import Answer


class _Acceptance(msgspec.Struct, rename="camel"):
    order_id: str
    order_link_id: str = ""


class _Orders(msgspec.Struct):
    list: list[OrderReport]


_decode_acceptance = msgspec.json.Decoder(_Acceptance).decode
_orders = msgspec.json.Decoder(_Orders)
_decode_orders = _orders.decode


def outcome(
    tallies: OrderTallies, intent: PlaceOrder, answer: Answer | None, ts_ns: int
) -> OrderUpdate:
    """What became of an order sent; `answer` is None if none came.

    `{"retCode":0,"retMsg":"OK","result":{"orderId":"1321003749386327552",
    "orderLinkId":"s00000001"},"retExtInfo":{},"time":1672211918471}`
    """
    if answer is None:
        return _in_doubt(intent, "no answer", ts_ns)
    refusal = definite_refusal(answer)
    if refusal is not None:
        return OrderUpdate(ts_ns, intent.client_id, OrderStatus.REJECTED, reason=str(refusal))
    return _accepted(tallies, intent, answer, ts_ns)


def canceled(
    tallies: OrderTallies, intent: CancelOrder, answer: Answer | None, ts_ns: int
) -> OrderUpdate:
    """What is known of an order after a cancel.

    A cancel that is accepted leaves it open until the venue tells its end; a refused one
    (110001, 170213: no such order) proves only that it is not open, so it is asked for.
    """
    if answer is None:
        return _in_doubt(intent, "no answer to the cancel", ts_ns)
    return _accepted(tallies, intent, answer, ts_ns)


def queried(
    tallies: OrderTallies, search: OrderSearch, intent: QueryOrder, answer: Answer, ts_ns: int
) -> OrderUpdate | None:
    """What the venue says of an order; None once every list has said that there is no such order.

    `{"retCode":0,"retMsg":"OK","result":{"list":[{...}],"nextPageCursor":"","category":"linear"},
    "retExtInfo":{},"time":1684765770483}`; the order is shown at `OrderReport`.
    """
    verdict = verdict_of(answer)
    if answer.status != 200 or verdict is None:
        return _in_doubt(intent, _failed(answer), ts_ns)
    if verdict.ret_code in NO_SUCH_ORDER:
        return _missed(search, intent, ts_ns)
    if verdict.ret_code != OK:
        return _in_doubt(intent, str(verdict), ts_ns)
    try:
        reports = _decode_orders(verdict.result).list
        if not reports:
            return _missed(search, intent, ts_ns)
        report = reports[0]
        if (report.symbol, report.order_link_id) != (intent.symbol, intent.client_id):
            other = f"{report.symbol} {report.order_link_id}"
            return _in_doubt(intent, f"the answer is about {other}", ts_ns)
        report.count(tallies)
    except UNREADABLE as error:
        return _in_doubt(intent, f"unreadable answer: {error}", ts_ns)
    search.found(intent.client_id)
    return tallies.update(report.order_id, ts_ns)


def open_orders(tallies: OrderTallies, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
    """A page of open orders, also those of others. Raises what `answers.read` raises."""
    reports = read(_orders, answer, "open orders").list
    for report in reports:
        report.count(tallies)
    return [tallies.update(report.order_id, ts_ns) for report in reports]


def _accepted(
    tallies: OrderTallies, intent: PlaceOrder | CancelOrder, answer: Answer, ts_ns: int
) -> OrderUpdate:
    verdict = verdict_of(answer)
    if answer.status != 200 or verdict is None or verdict.ret_code != OK:
        return _in_doubt(intent, _failed(answer), ts_ns)
    try:
        said = _decode_acceptance(verdict.result)
    except UNREADABLE as error:
        return _in_doubt(intent, f"unreadable answer: {error}", ts_ns)
    if said.order_link_id not in ("", intent.client_id) or not said.order_id:
        other = f"{said.order_id!r} {said.order_link_id!r}"
        return _in_doubt(intent, f"the answer is about {other}", ts_ns)
    tallies.of(said.order_id, intent.client_id)
    return tallies.update(said.order_id, ts_ns)


def _missed(search: OrderSearch, intent: QueryOrder, ts_ns: int) -> OrderUpdate | None:
    if search.missed(intent.client_id):
        return None
    return _in_doubt(intent, "not in this list; the next is to be asked", ts_ns)


def _failed(answer: Answer) -> str:
    verdict = verdict_of(answer)
    return f"HTTP {answer.status}" if verdict is None else f"HTTP {answer.status}, {verdict}"


def _in_doubt(
    intent: PlaceOrder | CancelOrder | QueryOrder, reason: str, ts_ns: int
) -> OrderUpdate:
    return OrderUpdate(ts_ns, intent.client_id, OrderStatus.IN_DOUBT, reason=reason)
