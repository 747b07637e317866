"""One websocket session with Upbit: a subscription, its snapshots, and what follows.

Frames are binary. A new request replaces the one before; nothing is acknowledged. The text
`PING` starts a `{"status":"UP"}` every ten seconds. A wrong request is answered by an error, and
the connection is closed with 1000.
"""

import asyncio
from typing import Any, Final

import msgspec

from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.core_events import (
    BalanceChanged,
    Change,
    CoreEvent,
    OrderChanged,
    PublicTrade,
)
from arbitrage.sim.protocols.upbit_orders import OrderFigures, state_of
from arbitrage.sim.protocols.upbit_quotation import (
    Number,
    book_units,
    ticker_frame,
    trade_frame,
)
from arbitrage.sim.protocols.upbit_subscription import (
    StreamRefusal,
    Subscription,
    Topic,
    read_subscription,
)
from arbitrage.sim.protocols.upbit_wire import (
    double,
    exact,
    ms,
    order_uuid,
    plain_double,
    trade_uuid,
)
from arbitrage.sim.rate_limits import RateLimit, RateLimits
from arbitrage.sim.sim_socket import SimSocket
from arbitrage.sim.venue_core import SimVenueCore

UP_SECONDS: Final = 10.0
# docs.upbit.com/kr/reference/rate-limits, read 2026-11-22: requests of one connection.
_MESSAGE_LIMITS: Final = {
    "second": RateLimit(5, NS_PER_SECOND),
    "minute": RateLimit(100, 60 * NS_PER_SECOND),
}

# The short names of the SIMPLE formats. docs.upbit.com/kr/reference/websocket-*, read 2026-11-22.
_SHORT: Final = {
    **{"type": "ty", "code": "cd", "timestamp": "tms", "stream_type": "st", "level": "lv"},
    **{"total_ask_size": "tas", "total_bid_size": "tbs", "orderbook_units": "obu"},
    **{"ask_price": "ap", "bid_price": "bp", "ask_size": "as", "bid_size": "bs"},
    **{"trade_price": "tp", "trade_volume": "tv", "ask_bid": "ab", "prev_closing_price": "pcp"},
    **{"change": "c", "change_price": "cp", "trade_date": "td", "trade_time": "ttm"},
    **{"trade_timestamp": "ttms", "sequential_id": "sid", "best_ask_price": "bap"},
    **{"best_ask_size": "bas", "best_bid_price": "bbp", "best_bid_size": "bbs"},
    **{"opening_price": "op", "high_price": "hp", "low_price": "lp", "change_rate": "cr"},
    **{"signed_change_price": "scp", "signed_change_rate": "scr", "acc_trade_price": "atp"},
    **{"acc_trade_price_24h": "atp24h", "acc_trade_volume": "atv", "acc_ask_volume": "aav"},
    **{"acc_trade_volume_24h": "atv24h", "acc_bid_volume": "abv", "market_state": "ms"},
    **{"highest_52_week_price": "h52wp", "highest_52_week_date": "h52wdt"},
    **{"lowest_52_week_price": "l52wp", "lowest_52_week_date": "l52wdt"},
    **{"is_trading_suspended": "its", "delisting_date": "dd", "market_warning": "mw"},
    **{"uuid": "uid", "order_type": "ot", "state": "s", "trade_uuid": "tuid", "price": "p"},
    **{"avg_price": "ap", "volume": "v", "remaining_volume": "rv", "executed_volume": "ev"},
    **{"trades_count": "tc", "reserved_fee": "rsf", "remaining_fee": "rmf", "paid_fee": "pf"},
    **{"locked": "l", "executed_funds": "ef", "time_in_force": "tif", "trade_fee": "tf"},
    **{"is_maker": "im", "identifier": "id", "smp_type": "smpt", "prevented_volume": "pv"},
    **{"prevented_locked": "pl", "order_timestamp": "otms", "asset_uuid": "astuid"},
    **{"assets": "ast", "currency": "cu", "balance": "b", "asset_timestamp": "asttms"},
    **{"method": "mthd", "result": "rslt", "ticket": "tckt", "codes": "cds"},
}
# A ticker writes its date without dashes and calls it so.
_SHORT_TICKER: Final = {**_SHORT, "trade_date": "tdt"}


class UpbitSession:
    """One connection. `is_authorised` says whether its token was right; a private connection
    without is told so when it first asks for something."""

    def __init__(
        self, socket: SimSocket, core: SimVenueCore, *, is_private: bool, is_authorised: bool
    ) -> None:
        self._socket = socket
        self._core = core
        self._is_private = is_private
        self._is_authorised = is_authorised
        self._subscription: Subscription | None = None
        self._is_told_up = False
        self._changed: dict[str, BalanceChanged] = {}
        self._requests = RateLimits(_MESSAGE_LIMITS, strikes=1 << 30)

    # --- in ------------------------------------------------------------------------------------

    def on_frame(self, frame: str | bytes) -> None:
        """Take in a frame of the client."""
        if frame in ("PING", b"PING"):
            self._tell_up()
            return
        try:
            self._take_in(frame)
        except StreamRefusal as refusal:
            self._socket.send(refusal.frame(), "error")
            self._socket.close()

    def _take_in(self, frame: str | bytes) -> None:
        now_ns = self._core.now_ns
        if any(self._requests.take(name, now_ns).status != 200 for name in _MESSAGE_LIMITS):
            raise StreamRefusal("TOO_MANY_REQUESTS")
        if self._is_private and not self._is_authorised:
            raise StreamRefusal("INVALID_AUTH")
        asked = read_subscription(frame, is_private=self._is_private)
        if asked.is_list_request:
            self._tell_subscriptions(asked)
            return
        self._subscription = asked
        for topic in asked.topics:
            if topic.wants_snapshot:
                for code in topic.codes:
                    self._tell_snapshot(topic, code)

    def _tell_up(self) -> None:
        if not self._is_told_up:
            self._is_told_up = True
            self._socket.every(UP_SECONDS, lambda: self._socket.send(b'{"status":"UP"}', "status"))
        self._socket.send(b'{"status":"UP"}', "status")

    def _tell_subscriptions(self, asked: Subscription) -> None:
        topics = self._subscription.topics if self._subscription else ()
        result = [
            {"type": topic.type, **({"codes": list(topic.codes)} if topic.codes else {})}
            for topic in topics
        ]
        told = {"method": "LIST_SUBSCRIPTIONS", "result": result, "ticket": asked.ticket}
        self._send(told, asked, "subscriptions")

    # --- out: market data ----------------------------------------------------------------------

    def on_event(self, event: CoreEvent) -> None:
        """Take in what the core tells."""
        subscription = self._subscription
        if subscription is None:
            return
        for topic in subscription.topics:
            if not topic.wants_realtime:
                continue
            match event:
                case BookSnapshot() if topic.type == "orderbook" and topic.covers(event.symbol):
                    self._tell_book(topic, event, "REALTIME")
                case PublicTrade() if topic.covers(event.trade.symbol):
                    self._tell_print(topic, event)
                case OrderChanged() if topic.type == "myOrder":
                    if topic.covers(event.order.request.symbol):
                        self._tell_order(event)
                case BalanceChanged() if topic.type == "myAsset":
                    self._gather(event)

    def _tell_snapshot(self, topic: Topic, code: str) -> None:
        if code not in self._core.instruments:
            return
        book, tape = self._core.book(code), self._core.tape(code)
        if topic.type == "orderbook" and book is not None:
            self._tell_book(topic, book, "SNAPSHOT")
        elif topic.type == "trade" and tape.trades:
            self._tell(trade_frame(tape.trades[-1], tape, book, self._number), "trade", "SNAPSHOT")
        elif topic.type == "ticker" and tape.last:
            told = ticker_frame(code, tape, self._core.now_ns, self._number)
            self._tell(told, "ticker", "SNAPSHOT")

    def _tell_book(self, topic: Topic, book: BookSnapshot, stream_type: str) -> None:
        units, asks, bids = book_units(
            book, count=topic.codes[book.symbol], level=topic.level, number=self._number
        )
        told = {
            "code": book.symbol,
            "timestamp": ms(book.ts_ns),
            "total_ask_size": self._number(asks),
            "total_bid_size": self._number(bids),
            "orderbook_units": units,
        }
        self._tell(told, "orderbook", stream_type, level=self._number(topic.level))

    def _tell_print(self, topic: Topic, printed: PublicTrade) -> None:
        code = printed.trade.symbol
        tape = self._core.tape(code)
        if topic.type == "trade":
            told = trade_frame(printed, tape, self._core.book(code), self._number)
            self._tell(told, "trade", "REALTIME")
        elif topic.type == "ticker":
            told = ticker_frame(code, tape, self._core.now_ns, self._number)
            self._tell(told, "ticker", "REALTIME")

    # --- out: our own --------------------------------------------------------------------------

    def _tell_order(self, changed: OrderChanged) -> None:
        self._tell(my_order(changed, self._core, self._number), "myOrder", "REALTIME")

    def _gather(self, changed: BalanceChanged) -> None:
        """Tell balances that change together in one frame."""
        if not self._changed:
            asyncio.get_running_loop().call_soon(self._tell_assets)
        self._changed[changed.currency] = changed

    def _tell_assets(self) -> None:
        changes, self._changed = list(self._changed.values()), {}
        ts_ns = changes[-1].ts_ns
        told = {
            "asset_uuid": order_uuid(0, ts_ns),
            "assets": [
                {
                    "currency": change.currency,
                    "balance": exact(change.available),
                    "locked": exact(change.locked),
                }
                for change in changes
            ],
            "asset_timestamp": ms(ts_ns),
            "timestamp": ms(ts_ns),
        }
        self._tell(told, "myAsset", "REALTIME")

    # --- writing -------------------------------------------------------------------------------

    @property
    def _number(self) -> Number:
        simple = self._subscription is not None and self._subscription.is_simple
        return plain_double if simple else double

    def _tell(self, told: dict[str, Any], kind: str, stream_type: str, **last: Any) -> None:
        if self._subscription is not None:
            frame = {"type": kind, **told, "stream_type": stream_type, **last}
            self._send(frame, self._subscription, f"{kind} {told.get('code', '')}".strip())

    def _send(self, told: dict[str, Any], asked: Subscription, subject: str) -> None:
        frame: Any = told
        if asked.is_simple:
            short = _SHORT_TICKER if told.get("type") == "ticker" else _SHORT
            frame = _shortened(told, short)
        if asked.is_list:
            frame = [frame]
        is_book = subject.startswith("orderbook")
        self._socket.send(msgspec.json.encode(frame), subject, is_book=is_book)


def _shortened(told: Any, short: dict[str, str]) -> Any:
    match told:
        case dict():
            return {short.get(name, name): _shortened(value, short) for name, value in told.items()}
        case list():
            return [_shortened(each, short) for each in told]
    return told


def my_order(changed: OrderChanged, core: SimVenueCore, number: Number) -> dict[str, Any]:
    """A step in the life of an order as `myOrder` tells it, without type and stream type.

    In a frame of state `trade`, price and volume are those of the fill.
    """
    order, fill = changed.order, changed.fill
    wanted = order.request
    state = {Change.TRADE: "trade", Change.PREVENTED: "prevented", Change.NEW: "wait"}.get(
        changed.change, state_of(order)
    )
    figures = OrderFigures(
        order,
        core.fees(wanted.symbol).rate(is_maker=False),
        filled_qty=fill.cumulative_qty if fill else order.filled_qty,
        filled_cost=fill.cumulative_cost if fill else order.filled_cost,
        paid_fee=fill.cumulative_fee if fill else order.fee,
        is_live=changed.change is not Change.CLOSED,
    )
    count = order.fills.index(fill) + 1 if fill else len(order.fills)

    def told(value: Any) -> Any:
        return None if value is None else number(float(value))

    return {
        "code": wanted.symbol,
        "uuid": order_uuid(order.id, order.created_ns),
        "ask_bid": "BID" if wanted.side is Side.BUY else "ASK",
        "order_type": wanted.wire["ord_type"],
        "state": state,
        "trade_uuid": trade_uuid(fill.trade_id, fill.ts_ns) if fill else None,
        "price": told(fill.price if fill else figures.price),
        "avg_price": told(figures.avg_price),
        "volume": told(fill.qty if fill else figures.volume),
        "remaining_volume": told(figures.remaining_volume),
        "executed_volume": told(figures.executed_volume),
        "trades_count": count,
        "reserved_fee": told(figures.reserved_fee),
        "remaining_fee": told(figures.remaining_fee),
        "paid_fee": told(figures.paid_fee),
        "locked": told(figures.locked),
        "executed_funds": told(figures.executed_funds),
        "time_in_force": wanted.wire["time_in_force"] or None,
        "trade_fee": told(fill.fee) if fill else None,
        "is_maker": fill.is_maker if fill else None,
        "identifier": wanted.client_id or None,
        "smp_type": wanted.wire["smp_type"],
        "prevented_volume": told(figures.prevented_volume),
        "prevented_locked": told(figures.prevented_locked),
        "trade_timestamp": ms(fill.ts_ns) if fill else None,
        "order_timestamp": ms(order.created_ns),
        "timestamp": ms(changed.ts_ns),
    }
