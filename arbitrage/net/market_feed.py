"""A venue's market data: streams over as many connections as it takes, and books kept whole.

A book is dropped (an empty one is passed on) the moment its stream is lost or it may be wrong, and
comes back with the next whole one. Books that are kept by diffs are joined to a snapshot that is
asked for by REST, or begin anew with another subscription, as the venue has it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from ssl import SSLContext

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.events import BookSnapshot, Event
from arbitrage.exchanges.order_gateway import Channel
from arbitrage.net.background import Background
from arbitrage.net.book_mending import BookMending
from arbitrage.net.feed_connection import FeedConnection
from arbitrage.net.feed_tap import FeedTap
from arbitrage.net.rest import Rest
from arbitrage.net.stream import Stream
from arbitrage.net.venue_health import VenueHealth
from arbitrage.net.venue_plan import BookSync, PublicStreams, Resubscription
from arbitrage.net.websocket import Endpoint, OnMessage

MAX_SNAPSHOTS_AT_ONCE = 4
_NO_SNAPSHOT = (Unavailable, MalformedData, ConfigError)
_CAUSE = "market data"

_log = logging.getLogger(__name__)


class MarketFeed:
    """The market data of `symbols` on `channels`. Raises `ConfigError` for a channel that the
    venue does not serve."""

    def __init__(
        self,
        rest: Rest,
        symbols: Sequence[str],
        channels: Sequence[Channel],
        *,
        emit: Callable[[Event], None],
        health: VenueHealth,
        background: Background,
        clock_ns: Callable[[], int],
        random: Random,
        ssl_context: SSLContext | None = None,
        asks_compressed: bool = False,
        tap: FeedTap | None = None,
    ) -> None:
        self._rest = rest
        self._tap = tap
        self._plan = rest.plan
        self._emit = emit
        self._health = health
        self._background = background
        self._clock_ns = clock_ns
        self._random = random
        self._ssl_context = ssl_context
        self._asks_compressed = asks_compressed
        self._asking: set[str] = set()
        self._not_before: dict[str, float] = {}
        served = frozenset[Channel]().union(*(one.channels for one in self._plan.public))
        if not served.issuperset(channels):
            missing = sorted(channel.value for channel in set(channels) - served)
            raise ConfigError(f"{self._plan.venue} has no stream of {', '.join(missing)}")
        self.connections = [
            self._connection(number, streams, part, carried)
            for streams in self._plan.public
            if (carried := [channel for channel in channels if channel in streams.channels])
            for number, part in enumerate(_parts(symbols, streams.max_symbols), 1)
        ]
        self._carrier = {
            symbol: connection for connection in self.connections for symbol in connection.books
        }

    def _connection(
        self,
        number: int,
        streams: PublicStreams,
        symbols: Sequence[str],
        channels: Sequence[Channel],
    ) -> FeedConnection:
        codec = self._plan.codec
        kinds = "+".join(channel.value for channel in channels)
        connection = FeedConnection(
            f"{self._plan.venue} {kinds} {number}",
            codec,
            symbols,
            channels,
            emit=self._emit,
            lose=self._lose,
            health=self._health,
        )

        if self._plan.resubscription is not None:
            connection.mending = BookMending(
                connection.books,
                patience_seconds=self._plan.times.snapshot_patience_seconds,
                texts_per_hour=self._plan.resubscription.texts_per_hour,
                backoff=self._plan.reconnect,
                random=self._random,
            )

        async def endpoint() -> Endpoint:
            return Endpoint(
                streams.url,
                frames=codec.subscribe(symbols, channels),
                asks_compressed=self._asks_compressed,
            )

        connection.stream = Stream(
            connection.name,
            endpoint,
            on_message=self._received_by(connection),
            on_open=partial(self._opened, connection),
            on_close=partial(self._closed, connection),
            terms=streams.terms,
            random=self._random,
            backoff=self._plan.reconnect,
            clock_ns=self._clock_ns,
            data=lambda: connection.fruitful,
            ssl_context=self._ssl_context,
            new_connection=self._plan.new_connection,
        )
        return connection

    def _received_by(self, connection: FeedConnection) -> OnMessage:
        """What is called with each message; without a tap nothing stands before the decoding."""
        tap, decode, name = self._tap, connection.on_message, connection.name
        if tap is None:
            return decode

        def on_message(frame: bytes, ts_ns: int) -> None:
            tap.frame(name, frame, ts_ns)
            decode(frame, ts_ns)

        return on_message

    # --- life ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect. What breaks a stream is heard of in the background."""
        for stream in self._streams():
            stream.start()
            self._background.start(stream.wait(), f"watch {stream.name}")
        if self._plan.book_sync is not None:
            self._background.start(self._resync_forever(self._plan.book_sync), "resync books")
        if self._plan.resubscription is not None:
            self._background.start(
                self._resubscribe_forever(self._plan.resubscription), "subscribe to books again"
            )

    async def stop(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(stream.stop() for stream in self._streams()))

    def _streams(self) -> Iterator[Stream]:
        for connection in self.connections:
            if connection.stream is not None:
                yield connection.stream

    @property
    def is_open(self) -> bool:
        """Whether every connection is open."""
        return all(connection.is_open for connection in self.connections)

    # --- books --------------------------------------------------------------------------------

    def _opened(self, connection: FeedConnection) -> None:
        connection.on_open()
        if connection.mending is not None:
            connection.mending.opened(asyncio.get_running_loop().time())
        self._health.up(_CAUSE)

    def _closed(self, connection: FeedConnection, reason: str) -> None:
        connection.on_close()
        if not any(one.is_open for one in self.connections):
            self._health.down(_CAUSE, f"no market data: {reason}")

    def _lose(self, symbols: Sequence[str]) -> None:
        """Drop books: an empty one cannot be traded on, and no diff follows it."""
        now_ns = self._clock_ns()
        if self._tap is not None:
            self._tap.lost(symbols, now_ns)
        self.begin_anew(symbols)
        for symbol in symbols:
            self._emit(BookSnapshot(now_ns, self._plan.venue, symbol, [], []))

    def begin_anew(self, symbols: Sequence[str]) -> None:
        """Have the books of `symbols` that are kept by updates begin with a whole one again."""
        for way in (self._plan.book_sync, self._plan.resubscription):
            if way is not None:
                for symbol in symbols:
                    way.lose(symbol)

    async def _resync_forever(self, sync: BookSync) -> None:
        """Ask for the snapshots that are needed, a few at a time."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._plan.times.resync_seconds)
            for symbol in sync.unsynchronised():
                if len(self._asking) >= MAX_SNAPSHOTS_AT_ONCE:
                    break
                carrier = self._carrier.get(symbol)
                is_due = loop.time() >= self._not_before.get(symbol, 0.0)
                if is_due and symbol not in self._asking and carrier and carrier.is_open:
                    self._asking.add(symbol)
                    self._background.start(
                        self._resync(sync, symbol, carrier), f"snapshot of {symbol}"
                    )

    async def _resync(self, sync: BookSync, symbol: str, carrier: FeedConnection) -> None:
        opened = carrier.opened
        try:
            answer = await self._rest.ask(lambda _now_ns: sync.request(symbol))
            # What was asked for before a loss must not stand for the time after it.
            if carrier.is_open and carrier.opened == opened:
                now_ns = self._clock_ns()
                if self._tap is not None:
                    self._tap.answer(symbol, answer, now_ns)
                for event in sync.join(symbol, answer, now_ns):
                    self._emit(event)
        except _NO_SNAPSHOT as error:
            _log.warning("%s: no snapshot of %s yet: %s", self._plan.venue, symbol, error)
        finally:
            pause = self._plan.times.snapshot_pause_seconds
            self._not_before[symbol] = asyncio.get_running_loop().time() + pause
            self._asking.discard(symbol)

    # --- books that begin anew with a subscription --------------------------------------------

    async def _resubscribe_forever(self, way: Resubscription) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._plan.times.resync_seconds)
            broken = frozenset(way.unsynchronised())
            for connection in self.connections:
                if connection.is_open:
                    self._resubscribe(way, connection, broken, loop.time())

    def _resubscribe(
        self, way: Resubscription, connection: FeedConnection, broken: frozenset[str], now: float
    ) -> None:
        """Ask for the snapshots that are due, as far as the venue allows."""
        mending, stream = connection.mending, connection.stream
        assert mending is not None
        assert stream is not None
        for symbol in mending.due(broken, now):
            texts = way.frames(symbol)
            if not mending.may_send(len(texts), now):
                return
            _log.info("%s: the book of %s is subscribed to again", connection.name, symbol)
            for text in texts:
                stream.send(text)
            mending.sent(symbol, len(texts), now)


def _parts(symbols: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(symbols), size):
        yield symbols[start : start + size]
