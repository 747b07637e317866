"""The public topics of one category: every topic once, for all who listen to it.

A message is written once and handed to every listener. Books are told at once if the pace of their
depth allows, else as soon as it does; tickers ten times a second, of linear only what has changed.
Timers run only while somebody listens (bybit-exchange.github.io/docs/v5/websocket/public, read
2026-11-22).
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.sides import Side
from arbitrage.sim.core_events import CoreEvent, PublicTrade
from arbitrage.sim.protocols.bybit_books import PACES, TOUCH, BookTopic
from arbitrage.sim.protocols.bybit_figures import ticker_object, trade_id
from arbitrage.sim.protocols.bybit_markets import Market, Markets
from arbitrage.sim.protocols.bybit_wire import Category, Json, encode, ms
from arbitrage.sim.venue_core import SimVenueCore

TICKER_SECONDS: Final = 0.1
REPEAT_SECONDS: Final = 3.0


class TopicListener(Protocol):
    """Who takes the messages of a topic, as JSON text."""

    def hear(self, topic: str, message: str, *, is_book: bool) -> None: ...


class Topic:
    """One topic that can be listened to; a kind for each word that topics begin with."""

    is_book = False

    def __init__(self, core: SimVenueCore, market: Market, name: str) -> None:
        self.core = core
        self.market = market
        self.name = name
        self.listeners: list[TopicListener] = []
        self._timer: asyncio.TimerHandle | None = None

    def join(self, listener: TopicListener) -> None:
        """Hand every message to `listener` from now on, beginning with what there is."""
        self.listeners.append(listener)
        first = self.first()
        if first is not None:
            listener.hear(self.name, encode(first).decode(), is_book=self.is_book)

    def leave(self, listener: TopicListener) -> None:
        self.listeners.remove(listener)
        if not self.listeners and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def first(self) -> Json | None:
        """What a new listener is told at once."""
        return None

    def on_book(self) -> None:
        """The public book has changed."""

    def on_trade(self, printed: PublicTrade) -> None:
        """A trade was printed."""

    def tell(self, message: Json | None) -> None:
        if message is None:
            return
        text = encode(message).decode()
        for listener in tuple(self.listeners):
            listener.hear(self.name, text, is_book=self.is_book)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Call `action` in `seconds`, unless everybody has left by then."""
        self._timer = asyncio.get_running_loop().call_later(seconds, action)


class BookFeed(Topic):
    """`orderbook.50.BTCUSDT`."""

    is_book = True

    def __init__(self, core: SimVenueCore, market: Market, name: str, depth: int) -> None:
        super().__init__(core, market, name)
        self._messages = BookTopic(market, depth)
        self._pace = PACES[depth][market.category]
        self._is_due = False
        self._next_at = 0.0
        self._told_at = 0.0

    def first(self) -> Json | None:
        book = self.core.book(self.market.key)
        if self._messages.depth == TOUCH and self._timer is None:
            self.after(REPEAT_SECONDS, self._repeat)
        return None if book is None else self._messages.snapshot(book, self.core.now_ns)

    def leave(self, listener: TopicListener) -> None:
        super().leave(listener)
        if not self.listeners:
            self._messages.forget()
            self._is_due = False

    def on_book(self) -> None:
        if self._is_due:
            return
        wait = self._next_at - _time()
        if wait > 0:
            self._is_due = True
            self.after(wait, self._send)
        else:
            self._send()

    def _send(self) -> None:
        book = self.core.book(self.market.key)
        self._is_due = False
        self._told_at = _time()
        self._next_at = self._told_at + self._pace
        if book is not None:
            self.tell(self._messages.news(book, self.core.now_ns))
        if self._messages.depth == TOUCH:
            self.after(REPEAT_SECONDS, self._repeat)

    def _repeat(self) -> None:
        book = self.core.book(self.market.key)
        if book is not None and not self.core.is_frozen(self.market.key):
            self.tell(self._messages.snapshot(book, self.core.now_ns))
        self.after(REPEAT_SECONDS, self._repeat)


class TradeFeed(Topic):
    """`publicTrade.BTCUSDT`."""

    def on_trade(self, printed: PublicTrade) -> None:
        trade, figures = printed.trade, self.market.figures
        row = {
            "T": ms(trade.ts_ns),
            "s": self.market.symbol,
            "S": "Buy" if trade.side is Side.BUY else "Sell",
            "v": figures.qty(trade.qty),
            "p": figures.price(trade.price),
            **({"L": "PlusTick"} if self.market.category is Category.LINEAR else {}),
            "i": trade_id(printed, self.market),
            "BT": False,
            "RPI": False,
            "seq": printed.trade_id,
        }
        now_ms = ms(self.core.now_ns)
        self.tell({"topic": self.name, "type": "snapshot", "ts": now_ms, "data": [row]})


class TickerFeed(Topic):
    """`tickers.BTCUSDT`: of spot always whole, of linear then only what has changed."""

    def __init__(self, core: SimVenueCore, market: Market, name: str) -> None:
        super().__init__(core, market, name)
        self._told: Json = {}

    def first(self) -> Json:
        self._told = self._now()
        if self._timer is None:
            self.after(TICKER_SECONDS, self._beat)
        return self._message("snapshot", self._told)

    def _beat(self) -> None:
        now = self._now()
        changed = {name: text for name, text in now.items() if self._told.get(name) != text}
        self._told = now
        if changed and self.market.category is Category.SPOT:
            self.tell(self._message("snapshot", now))
        elif changed:
            self.tell(self._message("delta", {"symbol": self.market.symbol, **changed}))
        self.after(TICKER_SECONDS, self._beat)

    def _now(self) -> Json:
        return ticker_object(self.core, self.market)

    def _message(self, kind: str, data: Json) -> Json:
        now_ms = ms(self.core.now_ns)
        return {"topic": self.name, "type": kind, "data": data, "cs": now_ms, "ts": now_ms}


class PublicStreams:
    """The topics of one category of the venue."""

    def __init__(self, core: SimVenueCore, markets: Markets, category: Category) -> None:
        self.category = category
        self._core = core
        self._markets = markets
        self._topics: dict[str, Topic] = {}
        self._of_market: dict[str, list[Topic]] = {key: [] for key in markets.by_key}
        core.listen(self._on_event)

    def topic(self, name: str) -> Topic | None:
        """The topic of a name; None for one that the venue does not know."""
        known = self._topics.get(name)
        if known is not None:
            return known
        kind, _, symbol = name.rpartition(".")
        market = self._markets.find(self.category, symbol)
        if market is None:
            return None
        made = self._made(kind, market, name)
        if made is not None:
            self._topics[name] = made
            self._of_market[market.key].append(made)
        return made

    def _made(self, kind: str, market: Market, name: str) -> Topic | None:
        if kind == "publicTrade":
            return TradeFeed(self._core, market, name)
        if kind == "tickers":
            return TickerFeed(self._core, market, name)
        word, _, depth = kind.partition(".")
        if word != "orderbook" or not depth.isdecimal() or int(depth) not in PACES:
            return None
        return BookFeed(self._core, market, name, int(depth))

    def _on_event(self, event: CoreEvent) -> None:
        match event:
            case BookSnapshot():
                for topic in self._of_market[event.symbol]:
                    if topic.listeners:
                        topic.on_book()
            case PublicTrade():
                for topic in self._of_market[event.trade.symbol]:
                    if topic.listeners:
                        topic.on_trade(event)


def _time() -> float:
    return asyncio.get_running_loop().time()
