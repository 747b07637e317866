"""The public channels of the venue: every channel of a symbol once, for all who listen to it.

A frame is written once and handed to every listener, `{"arg":{...},"data":[...]}`. Who joins hears
first how things are. What changed is sent at once if its pace allows, else as soon as it does; what
does not change is repeated after a while. Timers run only while somebody listens. Paces:
www.okx.com/docs-v5/en, the pages of the channels, read 2026-11-22.
"""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from arbitrage.domain.events import BookSnapshot, Funding
from arbitrage.domain.units import NS_PER_MS
from arbitrage.sim.core_events import CoreEvent, PublicTrade
from arbitrage.sim.protocols.okx_books import OkxBook
from arbitrage.sim.protocols.okx_markets import Markets, trade_object
from arbitrage.sim.protocols.okx_wire import Json, encode
from arbitrage.sim.venue_core import SimVenueCore

BOOKS: Final = "books"
TRADES: Final = "trades"
FUNDING: Final = "funding-rate"


class Terms(NamedTuple):
    """How often a channel may send, and after how long it repeats itself, in seconds."""

    pace: float
    repeat: float
    is_book: bool = False
    is_of_swaps: bool = False


CHANNELS: Final = {
    BOOKS: Terms(0.1, 60.0, is_book=True),
    "books5": Terms(0.1, 60.0, is_book=True),
    "bbo-tbt": Terms(0.01, 60.0, is_book=True),
    "tickers": Terms(0.1, 60.0),
    "mark-price": Terms(0.2, 10.0),
    FUNDING: Terms(30.0, 60.0, is_of_swaps=True),
    TRADES: Terms(0.0, 1e9),
}
# Of which a new book may say something new.
_OF_BOOKS: Final = (BOOKS, "books5", "bbo-tbt", "tickers", "mark-price")
_LEVELS: Final = {"books5": 5, "bbo-tbt": 1}


class Listener(Protocol):
    """Who takes frames; `subject` is what faults know them by."""

    def hear(self, frame: str, subject: str, *, is_book: bool) -> None: ...


class _Live:
    """A channel of a symbol that somebody listens to; `next_at` is when it may send again, and
    `told` what it said last."""

    def __init__(self, channel: str, symbol: str) -> None:
        self.channel = channel
        self.symbol = symbol
        self.terms = CHANNELS[channel]
        self.listeners: list[Listener] = []
        self.next_at = 0.0
        self.told: Json = {}
        self.timer: asyncio.TimerHandle | None = None
        self.repetition: asyncio.TimerHandle | None = None

    @property
    def subject(self) -> str:
        return f"{self.channel} {self.symbol}"

    def send(self, body: Json) -> None:
        self.send_to(tuple(self.listeners), body)

    def send_to(self, listeners: tuple[Listener, ...], body: Json) -> None:
        arg = {"channel": self.channel, "instId": self.symbol}
        frame = encode({"arg": arg, **body}).decode()
        for listener in listeners:
            listener.hear(frame, self.subject, is_book=self.terms.is_book)


class MarketStreams:
    """The public channels of one venue. With `has_checksums` books carry them."""

    def __init__(
        self, core: SimVenueCore, markets: Markets, *, has_checksums: bool = False
    ) -> None:
        self._core = core
        self._markets = markets
        first_seq = core.now_ns // NS_PER_MS
        self.books = {
            symbol: OkxBook(first_seq, has_checksums=has_checksums) for symbol in core.instruments
        }
        self._live: dict[tuple[str, str], _Live] = {}
        core.listen(self._on_event)

    # --- who listens ---------------------------------------------------------------------------

    def listen(self, channel: str, symbol: str, listener: Listener) -> None:
        """Hand every frame of a channel to `listener` from now on, beginning with what holds."""
        live = self._live.get((channel, symbol))
        if live is None:
            live = self._live[channel, symbol] = _Live(channel, symbol)
            self._rest(live)
        book = self.books[symbol]
        now_ns = self._core.now_ns
        if channel == BOOKS:
            if not live.listeners:
                book.update(now_ns)
            if book.is_published:
                live.send_to((listener,), _with(book.snapshot(now_ns), action="snapshot"))
        elif channel != TRADES and book.shown is not None:
            live.send_to((listener,), _with(self._said(live)))
        live.listeners.append(listener)

    def unlisten(self, channel: str, symbol: str, listener: Listener) -> None:
        live = self._live[channel, symbol]
        live.listeners.remove(listener)
        if live.listeners:
            return
        del self._live[channel, symbol]
        for timer in (live.timer, live.repetition):
            if timer is not None:
                timer.cancel()

    # --- what happens --------------------------------------------------------------------------

    def _on_event(self, event: CoreEvent) -> None:
        match event:
            case BookSnapshot():
                self.books[event.symbol].shown = event
                for channel in _OF_BOOKS:
                    self._send_in_time(self._live.get((channel, event.symbol)))
            case Funding():
                self._send_in_time(self._live.get((FUNDING, event.symbol)))
            case PublicTrade():
                self._on_trade(event)

    def _on_trade(self, printed: PublicTrade) -> None:
        symbol = printed.trade.symbol
        live = self._live.get((TRADES, symbol))
        if live is not None:
            seq = self.books[symbol].seq
            told = {**trade_object(printed), "count": "1", "source": "0", "seqId": seq}
            live.send(_with(told))
        self._send_in_time(self._live.get(("tickers", symbol)))

    def _send_in_time(self, live: _Live | None) -> None:
        """Send what is new, now or when its pace allows."""
        if live is None or live.timer is not None:
            return
        wait = live.next_at - _time()
        if wait > 0:
            live.timer = _later(wait, lambda: self._send_news(live))
        else:
            self._send_news(live)

    def _send_news(self, live: _Live) -> None:
        live.timer = None
        body = self._news(live)
        if body is None:
            return
        live.next_at = _time() + live.terms.pace
        live.send(body)
        self._rest(live)

    def _news(self, live: _Live) -> Json | None:
        """What a channel has to say that it has not said yet."""
        if live.channel == BOOKS:
            book = self.books[live.symbol]
            action = "update" if book.is_published else "snapshot"
            update = book.update(self._core.now_ns)
            if update is not None and action == "snapshot":
                update = book.snapshot(self._core.now_ns)
            return None if update is None else _with(update, action=action)
        told = self._said(live)
        is_same = _content(told) == _content(live.told)
        live.told = told
        return None if is_same else _with(told)

    def _rest(self, live: _Live) -> None:
        """Repeat what was said unless something new is said before."""
        if live.repetition is not None:
            live.repetition.cancel()
        if live.channel != TRADES:
            live.repetition = _later(live.terms.repeat, lambda: self._repeat(live))

    def _repeat(self, live: _Live) -> None:
        if live.channel == BOOKS:
            live.send(_with(self.books[live.symbol].silence(self._core.now_ns), action="update"))
        else:
            live.send(_with(self._said(live)))
        self._rest(live)

    def _said(self, live: _Live) -> Json:
        """What a channel other than books and trades says now."""
        match live.channel:
            case "tickers":
                return self._markets.ticker_object(live.symbol)
            case "mark-price":
                return self._markets.mark_object(live.symbol)
            case "funding-rate":
                return self._markets.funding_object(live.symbol)
        return self.books[live.symbol].top(_LEVELS[live.channel], self._core.now_ns)


def _with(told: Json, **head: str) -> Json:
    return {**head, "data": [told]}


def _content(told: Json) -> Json:
    """What is said, whenever it was."""
    return {name: value for name, value in told.items() if name not in ("ts", "seqId")}


def _time() -> float:
    return asyncio.get_running_loop().time()


def _later(seconds: float, action: Callable[[], None]) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(seconds, action)
