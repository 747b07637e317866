"""Where a runner gets its books from: asked for (REST) or pushed (websocket), never stale.

A provider reads the books of several exchanges, each under a key of the caller's choice. A symbol
is bare (`KRW-BTC`: the exchanges are asked in order, the first that knows it answers) or qualified
by a key (`a:KRW-BTC`: that exchange alone), which is needed where two venues share a symbol. A
book older than `max_age_seconds` is not handed out, nor one from as far in the future: nothing
proves it fresh. No decision is taken here.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from math import inf
from typing import Protocol, Self

import msgspec

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.exchanges.base import Exchange

DEFAULT_MAX_AGE_SECONDS = 5.0

# An exchange that is not there now. OSError covers timeouts, broken connections and DNS.
_NOT_THERE = (Unavailable, OSError)

OnUpdate = Callable[[str, OrderBookSnapshot], None]


class MarketDataProvider(ABC):
    """Hands out the latest book of a symbol, or None.

    A subclass needs `get_latest_snapshot` alone; the other calls follow from it. `in_memory` is
    True when reads never wait; a runner then asks them one after the other instead of paying for
    tasks. A subclass that overrides a read is taken to wait unless it says otherwise.
    """

    in_memory: bool = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "get_latest_snapshot" in cls.__dict__ or "aget_latest_snapshot" in cls.__dict__:
            cls.in_memory = cls.__dict__.get("in_memory", False)

    @abstractmethod
    def get_latest_snapshot(self, symbol: str) -> OrderBookSnapshot | None:
        """The latest book, or None if the symbol is unknown or its book stale."""

    async def aget_latest_snapshot(self, symbol: str) -> OrderBookSnapshot | None:
        """The async face of `get_latest_snapshot`."""
        return self.get_latest_snapshot(symbol)

    def start(self) -> None:  # noqa: B027 - polling has nothing to start
        """Begin to receive books. Starting twice is harmless."""

    def stop(self) -> None:  # noqa: B027
        """Stop receiving books. Stopping twice is harmless."""

    async def astart(self) -> None:
        """The async face of `start`."""
        self.start()

    async def astop(self) -> None:
        """The async face of `stop`."""
        self.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await self.astart()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.astop()


class ReadFaults(msgspec.Struct):
    """Why one exchange's books were withheld: failed reads, the last one's error, stale books."""

    failed: int = 0
    last_error: str = ""
    stale: int = 0

    def note(self, error: Exception) -> None:
        self.failed += 1
        self.last_error = f"{type(error).__name__}: {error}"


class _Books(Protocol):
    """What is read: an exchange itself, or what it has pushed."""

    def get_orderbook(self, symbol: str) -> OrderBookSnapshot | None: ...

    async def aget_orderbook(self, symbol: str) -> OrderBookSnapshot | None: ...


_Source = tuple[_Books, ReadFaults]


class _BooksOfExchanges(MarketDataProvider):
    """What asking and pushing share: which exchange answers for a symbol, and freshness.

    `faults` holds, by exchange key, what was withheld and why.
    """

    def __init__(
        self,
        exchanges: Mapping[str, Exchange],
        *,
        max_age_seconds: float = DEFAULT_MAX_AGE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not exchanges:
            raise ConfigError("exchanges is empty; expected at least one, for instance {'a': ...}")
        for key in exchanges:
            if not key or ":" in key:
                raise ConfigError(
                    f"exchange key {key!r}: expected a name without a colon, since the colon ends "
                    "the key in a symbol such as a:KRW-BTC"
                )
        if not max_age_seconds > 0:
            raise ConfigError(f"max_age_seconds is {max_age_seconds}; expected more than zero")
        self.exchanges = dict(exchanges)
        self.faults = {key: ReadFaults() for key in exchanges}
        self._max_age = max_age_seconds
        self._clock = clock
        self._by_key = {key: ((self._books(key), self.faults[key]),) for key in exchanges}
        self._in_order = tuple(source for (source,) in self._by_key.values())

    @abstractmethod
    def _books(self, key: str) -> _Books:
        """Where the books of the exchange under `key` are read."""

    def get_latest_snapshot(self, symbol: str) -> OrderBookSnapshot | None:
        """The latest book, or None: unknown, stale, or its exchange is not there (see `faults`).

        While an exchange cannot be asked, a bare symbol is not looked for at the ones after it:
        it may be the one that knows it, and a symbol must not wander between venues.
        """
        sources, name = self._in_order, symbol
        if ":" in symbol:
            sources, name = self._sources_of(symbol)
        for books, faults in sources:
            try:
                snapshot = books.get_orderbook(name)
            except _NOT_THERE as error:
                faults.note(error)
                return None
            if snapshot is not None:
                return self._if_fresh(snapshot, faults)
        return None

    async def aget_latest_snapshot(self, symbol: str) -> OrderBookSnapshot | None:
        """The async face of `get_latest_snapshot`; it waits where the exchange does."""
        sources, name = self._in_order, symbol
        if ":" in symbol:
            sources, name = self._sources_of(symbol)
        for books, faults in sources:
            try:
                snapshot = await books.aget_orderbook(name)
            except _NOT_THERE as error:
                faults.note(error)
                return None
            if snapshot is not None:
                return self._if_fresh(snapshot, faults)
        return None

    def _sources_of(self, symbol: str) -> tuple[tuple[_Source, ...], str]:
        """Who is asked, and for what: `BTC/USDT:USDT` has a colon but names no exchange."""
        key, _, rest = symbol.partition(":")
        sources = self._by_key.get(key)
        return (self._in_order, symbol) if sources is None else (sources, rest)

    def _if_fresh(
        self, snapshot: OrderBookSnapshot, faults: ReadFaults
    ) -> OrderBookSnapshot | None:
        if -self._max_age <= self._clock() - snapshot.timestamp <= self._max_age:
            return snapshot
        faults.stale += 1
        return None


class RestMarketDataProvider(_BooksOfExchanges):
    """Asks the exchanges for a book each time: `RestMarketDataProvider(exchanges={"a": ...})`."""

    in_memory = True

    def __init__(
        self,
        exchanges: Mapping[str, Exchange],
        *,
        max_age_seconds: float = DEFAULT_MAX_AGE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(exchanges, max_age_seconds=max_age_seconds, clock=clock)
        self.in_memory = self.in_memory and all(
            _is_in_memory(exchange) for exchange in exchanges.values()
        )

    def _books(self, key: str) -> _Books:
        return self.exchanges[key]


def _is_in_memory(exchange: Exchange) -> bool:
    """An exchange that does not say is taken to wait."""
    return getattr(exchange, "in_memory", False) is True


class _Stream:
    """The books that one exchange has pushed since the provider started."""

    def __init__(self, key: str, exchange: Exchange) -> None:
        self.key = key
        self.exchange = exchange
        self.books: dict[str, OrderBookSnapshot] = {}
        self.is_open = False
        self.latest_at = -inf
        self.resumed = 0
        self._end: Callable[[], None] | None = None

    def open(self, on_book: Callable[[OrderBookSnapshot], None]) -> None:
        """Raises `ConfigError` where the venue has no stream."""
        self.is_open = True  # first, since a venue may push its books while it subscribes us
        try:
            self._end = self.exchange.subscribe(on_book)
        except NotImplementedError as error:
            raise ConfigError(f"exchange {self.key!r}: {error}; nothing was started") from error

    def close(self) -> None:
        self.is_open = False
        if self._end is not None:
            self._end()
            self._end = None
        self.books.clear()
        self.latest_at = -inf

    def take(self, snapshot: OrderBookSnapshot, silence_seconds: float) -> None:
        if snapshot.timestamp - self.latest_at > silence_seconds and self.latest_at != -inf:
            self.resumed += 1
        self.latest_at = snapshot.timestamp
        self.books[snapshot.symbol] = snapshot

    def get_orderbook(self, symbol: str) -> OrderBookSnapshot | None:
        snapshot = self.books.get(symbol)
        if snapshot is None and self.is_open and _is_in_memory(self.exchange):
            return self.exchange.get_orderbook(symbol)  # there before we subscribed
        return snapshot

    async def aget_orderbook(self, symbol: str) -> OrderBookSnapshot | None:
        return self.get_orderbook(symbol)


class WebSocketMarketDataProvider(_BooksOfExchanges):
    """Keeps the books that the exchanges push: reads never wait, and updates can be acted on.

    Gives None before `start` and after `stop`.
    """

    in_memory = True

    def __init__(
        self,
        exchanges: Mapping[str, Exchange],
        *,
        max_age_seconds: float = DEFAULT_MAX_AGE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._streams = {key: _Stream(key, exchange) for key, exchange in exchanges.items()}
        self._listeners: tuple[OnUpdate, ...] = ()
        super().__init__(exchanges, max_age_seconds=max_age_seconds, clock=clock)

    def _books(self, key: str) -> _Books:
        return self._streams[key]

    def start(self) -> None:
        """Subscribe to every exchange, or to none.

        Raises `ConfigError` naming the exchange that has no stream. Starting twice is harmless.
        """
        with ExitStack() as undo:
            undo.callback(self.stop)
            for stream in self._streams.values():
                if not stream.is_open:
                    stream.open(partial(self._on_book, stream))
            undo.pop_all()

    def stop(self) -> None:
        """End the subscriptions and forget the books. Stopping twice is harmless."""
        for stream in self._streams.values():
            stream.close()

    def subscribe(self, on_update: OnUpdate) -> Callable[[], None]:
        """Call `on_update(exchange_key, book)` with every book as it arrives, before any read.

        Returns the call that ends it. `on_update` runs inside the venue's own delivery: what it
        raises goes there.
        """
        listener: OnUpdate = partial(on_update)  # tells two subscriptions of one callable apart
        self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            self._listeners = tuple(one for one in self._listeners if one is not listener)

        return unsubscribe

    def _on_book(self, stream: _Stream, snapshot: OrderBookSnapshot) -> None:
        if not stream.is_open:  # a delivery that was under way when we stopped
            return
        stream.take(snapshot, self._max_age)
        for listener in self._listeners:
            listener(stream.key, snapshot)

    @property
    def ws_connected(self) -> bool:
        """Whether every exchange has pushed a book within `max_age_seconds`.

        Judged by what arrived: an open socket that brings nothing is not a connection.
        """
        oldest_alive = self._clock() - self._max_age
        return all(stream.latest_at >= oldest_alive for stream in self._streams.values())

    @property
    def reconnects(self) -> int:
        """How often a stream came back after a silence of more than `max_age_seconds`."""
        return sum(stream.resumed for stream in self._streams.values())
