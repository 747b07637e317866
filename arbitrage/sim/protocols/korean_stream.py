"""One websocket session with Upbit or Bithumb: a subscription, its snapshots, and what follows.

Frames are binary. A new request replaces the one before; nothing is acknowledged. The text
`PING` starts a `{"status":"UP"}` every ten seconds. A wrong request is answered by an error, and
the connection is closed with 1000. What a frame says is the venue's affair: `StreamWords`.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from arbitrage.domain.events import BookSnapshot
from arbitrage.sim.core_events import BalanceChanged, CoreEvent, OrderChanged, PublicTrade
from arbitrage.sim.protocols.korean_quotes import SHORT_TICKER_DATE, Number
from arbitrage.sim.protocols.korean_subscription import (
    RequestRules,
    StreamRefusal,
    Subscription,
    Topic,
    read_subscription,
)
from arbitrage.sim.rate_limits import RateLimit, RateLimits
from arbitrage.sim.sim_socket import SimSocket
from arbitrage.sim.venue_core import SimVenueCore

UP_SECONDS: Final = 10.0
# Bans are for addresses, not for connections.
_NEVER_BANNED: Final = 1 << 30

Told = dict[str, Any]


class StreamWords(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue's frames say, without their type and stream type, which come first and last.

    `short` are the names of the SIMPLE formats. `message_limits` are the requests of one
    connection.
    """

    rules: RequestRules
    number: Number
    simple_number: Number
    book: Callable[[BookSnapshot, Topic, Number], Told]
    trade: Callable[[PublicTrade, SimVenueCore, Number], Told]
    ticker: Callable[[str, SimVenueCore, Number], Told]
    order: Callable[[OrderChanged, SimVenueCore, Number], Told]
    assets: Callable[[list[BalanceChanged]], Told]
    short: Mapping[str, str]
    message_limits: Mapping[str, RateLimit] = {}


class StreamSession:
    """One connection. `is_authorised` says whether its token was right; a private connection
    without is told so when it first asks for something."""

    def __init__(
        self,
        socket: SimSocket,
        core: SimVenueCore,
        words: StreamWords,
        *,
        is_private: bool,
        is_authorised: bool,
    ) -> None:
        self._socket = socket
        self._core = core
        self._words = words
        self._is_private = is_private
        self._is_authorised = is_authorised
        self._subscription: Subscription | None = None
        self._is_told_up = False
        self._changed: dict[str, BalanceChanged] = {}
        self._requests = RateLimits(words.message_limits, strikes=_NEVER_BANNED)

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
        limits = self._words.message_limits
        if any(self._requests.take(name, now_ns).status != 200 for name in limits):
            raise StreamRefusal("TOO_MANY_REQUESTS")
        if self._is_private and not self._is_authorised:
            raise StreamRefusal("INVALID_AUTH")
        asked = read_subscription(frame, self._words.rules, is_private=self._is_private)
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

    # --- out -----------------------------------------------------------------------------------

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
                        told = self._words.order(event, self._core, self._number)
                        self._tell(told, "myOrder", "REALTIME")
                case BalanceChanged() if topic.type == "myAsset":
                    self._gather(event)

    def _tell_snapshot(self, topic: Topic, code: str) -> None:
        if code not in self._core.instruments:
            return
        book, tape = self._core.book(code), self._core.tape(code)
        if topic.type == "orderbook" and book is not None:
            self._tell_book(topic, book, "SNAPSHOT")
        elif topic.type == "trade" and tape.trades:
            self._tell_trade(tape.trades[-1], "SNAPSHOT")
        elif topic.type == "ticker" and tape.last:
            self._tell_ticker(code, "SNAPSHOT")

    def _tell_book(self, topic: Topic, book: BookSnapshot, stream_type: str) -> None:
        self._tell(self._words.book(book, topic, self._number), "orderbook", stream_type)

    def _tell_print(self, topic: Topic, printed: PublicTrade) -> None:
        if topic.type == "trade":
            self._tell_trade(printed, "REALTIME")
        elif topic.type == "ticker":
            self._tell_ticker(printed.trade.symbol, "REALTIME")

    def _tell_trade(self, printed: PublicTrade, stream_type: str) -> None:
        self._tell(self._words.trade(printed, self._core, self._number), "trade", stream_type)

    def _tell_ticker(self, code: str, stream_type: str) -> None:
        self._tell(self._words.ticker(code, self._core, self._number), "ticker", stream_type)

    def _gather(self, changed: BalanceChanged) -> None:
        """Tell balances that change together in one frame."""
        if not self._changed:
            asyncio.get_running_loop().call_soon(self._tell_assets)
        self._changed[changed.currency] = changed

    def _tell_assets(self) -> None:
        changes, self._changed = list(self._changed.values()), {}
        self._tell(self._words.assets(changes), "myAsset", "REALTIME")

    # --- writing -------------------------------------------------------------------------------

    @property
    def _number(self) -> Number:
        simple = self._subscription is not None and self._subscription.is_simple
        return self._words.simple_number if simple else self._words.number

    def _tell(self, told: Told, kind: str, stream_type: str) -> None:
        asked = self._subscription
        assert asked is not None  # nothing is told that was not asked for
        frame = {"type": kind, **told, "stream_type": stream_type}
        self._send(frame, asked, f"{kind} {told.get('code', '')}".strip())

    def _send(self, told: Told, asked: Subscription, subject: str) -> None:
        frame: Any = told
        if asked.is_simple:
            dates = SHORT_TICKER_DATE if told.get("type") == "ticker" else {}
            frame = shortened(told, {**self._words.short, **dates})
        if asked.is_list:
            frame = [frame]
        is_book = subject.startswith("orderbook")
        self._socket.send(msgspec.json.encode(frame), subject, is_book=is_book)


def shortened(told: Any, short: Mapping[str, str]) -> Any:
    """The same with short names; a name that has none stays."""
    match told:
        case dict():
            return {short.get(name, name): shortened(value, short) for name, value in told.items()}
        case list():
            return [shortened(each, short) for each in told]
    return told
