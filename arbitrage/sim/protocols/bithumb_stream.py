"""What Bithumb's stream frames say; `korean_stream` says when.

Orders are told as the second version of the private stream does: a field that has nothing to say
is left out, amounts are doubles (apidocs.bithumb.com/reference/private-스트림v2, read 2026-11-22).
"""

from decimal import Decimal
from typing import Any, Final

from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.units import ZERO, plain
from arbitrage.sim.core_events import BalanceChanged, Change, OrderChanged, PublicTrade
from arbitrage.sim.order_records import SimFill
from arbitrage.sim.protocols.bithumb_orders import (
    cancel_marks,
    fee_rate,
    second_version,
    state_of,
    stream_side,
)
from arbitrage.sim.protocols.bithumb_quotation import (
    STREAM_LEVELS,
    book_frame,
    ticker_frame,
    trade_frame,
)
from arbitrage.sim.protocols.bithumb_wire import number, order_name, trade_name
from arbitrage.sim.protocols.korean_orders import OrderFigures, figures_after
from arbitrage.sim.protocols.korean_quotes import SHORT_NAMES, Number
from arbitrage.sim.protocols.korean_stream import StreamWords
from arbitrage.sim.protocols.korean_subscription import RequestRules, Topic
from arbitrage.sim.protocols.korean_times import ms
from arbitrage.sim.venue_core import SimVenueCore

# Flags are heard in camel case alone, and fifteen levels are the most there is.
_RULES: Final = RequestRules(
    level_counts=(1, 5, STREAM_LEVELS),
    only_snapshot=("isOnlySnapshot",),
    only_realtime=("isOnlyRealtime",),
)

# The short names of the SIMPLE formats: the first three lines are those of the migration guide,
# the last two unconfirmed.
_SHORT: Final = {
    **SHORT_NAMES,
    **{"order_id": "oid", "client_order_id": "coid", "side": "sd", "order_type": "ot"},
    **{"state": "s", "order_price": "op", "order_quantity": "oq", "order_amount": "oa"},
    **{"trade_id": "tid", "trade_price": "tp", "canceling_order_id": "cnoid"},
    **{"trade_quantity": "tq", "trade_amount": "ta", "remaining_quantity": "rq"},
    **{"executed_quantity": "eq", "executed_amount": "ea", "cancel_type": "ct"},
}


def my_order(changed: OrderChanged, core: SimVenueCore, write: Number) -> dict[str, Any]:
    """A step in the life of an order as `myOrder` tells it, without type and stream type."""
    order, wanted = changed.order, changed.order.request
    is_closed, is_new = changed.change is Change.CLOSED, changed.change is Change.NEW
    is_limit = wanted.wire["ord_type"] == "limit"
    fill = changed.fill
    figures = figures_after(order, fee_rate(core, order), fill, is_live=not is_closed)
    price = (figures.price or ZERO) if is_limit else ZERO
    qty = figures.volume or ZERO
    amount = price * qty if is_limit else wanted.cost or ZERO
    told: dict[str, Any] = {
        "code": wanted.symbol,
        "order_id": order_name(order.id, order.created_ns),
        "client_order_id": wanted.client_id or None,
        "side": stream_side(order),
        "order_type": wanted.wire["ord_type"],
        "state": state_of(order) if is_closed else "wait" if is_new else "trade",
        "time_in_force": wanted.wire["time_in_force"] or None,
        "order_price": _double(price, write),
        "order_quantity": _double(qty, write),
        "order_amount": _double(amount, write),
        **({} if fill is None else _trade(fill, write)),
        **({} if is_new else _totals(figures, write)),
        **(second_version(cancel_marks(core, order)) if is_closed else {}),
        "order_timestamp": ms(order.created_ns),
        "timestamp": ms(changed.ts_ns),
    }
    return {name: value for name, value in told.items() if value is not None}


def _double(value: Decimal, write: Number) -> Any:
    return write(float(value))


def _trade(fill: SimFill, write: Number) -> dict[str, Any]:
    return {
        "trade_id": trade_name(fill.trade_id, fill.ts_ns),
        "trade_price": _double(fill.price, write),
        "trade_quantity": _double(fill.qty, write),
        "trade_amount": _double(fill.cost, write),
        "trade_timestamp": ms(fill.ts_ns),
    }


def _totals(figures: OrderFigures, write: Number) -> dict[str, Any]:
    return {
        "remaining_quantity": _double(figures.remaining_volume or ZERO, write),
        "executed_quantity": _double(figures.executed_volume, write),
        "executed_amount": _double(figures.executed_funds, write),
        "reserved_fee": _double(figures.reserved_fee, write),
        "remaining_fee": _double(figures.remaining_fee, write),
        "paid_fee": _double(figures.paid_fee, write),
    }


def my_asset(changes: list[BalanceChanged]) -> dict[str, Any]:
    """Balances that changed together, as `myAsset` tells them."""
    ts_ns = changes[-1].ts_ns
    return {
        "assets": [
            {
                "currency": change.currency,
                "balance": plain(change.available),
                "locked": plain(change.locked),
            }
            for change in changes
        ],
        "asset_timestamp": ms(ts_ns),
        "timestamp": ms(ts_ns),
    }


def _book(book: BookSnapshot, topic: Topic, _write: Number) -> dict[str, Any]:
    return book_frame(book, topic.codes[book.symbol])


def _print(printed: PublicTrade, core: SimVenueCore, write: Number) -> dict[str, Any]:
    return trade_frame(printed, core.tape(printed.trade.symbol), write)


def _ticker(code: str, core: SimVenueCore, write: Number) -> dict[str, Any]:
    return ticker_frame(code, core.tape(code), core.now_ns, write)


WORDS: Final = StreamWords(
    rules=_RULES,
    number=number,
    simple_number=number,
    book=_book,
    trade=_print,
    ticker=_ticker,
    order=my_order,
    assets=my_asset,
    short=_SHORT,
)
