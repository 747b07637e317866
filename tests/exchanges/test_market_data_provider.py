"""A provider hands out fresh books of the exchange that was meant, or None and a counted reason."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from arbitrage.domain.errors import ConfigError, MalformedData, RateLimited, Unavailable
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.exchanges.market_data_provider import (
    MarketDataProvider,
    RestMarketDataProvider,
    WebSocketMarketDataProvider,
)
from arbitrage.exchanges.paper.exchange import PaperExchange

NOW = 1_700_000_000.0


def book(symbol: str = "KRW-BTC", price: float = 100.0, at: float = NOW) -> OrderBookSnapshot:
    return OrderBookSnapshot(symbol, at, [(price, 1.0)], [(price + 1, 1.0)])


class Venue:
    """The reading half of an exchange: books in a dict, a stream, an error to raise."""

    def __init__(self, *books: OrderBookSnapshot, in_memory: bool = True) -> None:
        self.venue = "fake"
        self.in_memory = in_memory
        self.books = {one.symbol: one for one in books}
        self.error: Exception | None = None
        self.listeners: list[Callable[[OrderBookSnapshot], None]] = []

    def get_orderbook(self, symbol: str) -> OrderBookSnapshot | None:
        if self.error is not None:
            raise self.error
        return self.books.get(symbol)

    async def aget_orderbook(self, symbol: str) -> OrderBookSnapshot | None:
        await asyncio.sleep(0)
        return self.get_orderbook(symbol)

    def subscribe(self, on_book: Callable[[OrderBookSnapshot], None]) -> Callable[[], None]:
        self.listeners.append(on_book)
        return lambda: self.listeners.remove(on_book)

    def push(self, snapshot: OrderBookSnapshot) -> None:
        for listener in list(self.listeners):
            listener(snapshot)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def rest(**venues: Venue) -> RestMarketDataProvider:
    return RestMarketDataProvider(exchanges=venues, clock=Clock())  # type: ignore[arg-type]


def streamed(**venues: Venue) -> WebSocketMarketDataProvider:
    return WebSocketMarketDataProvider(exchanges=venues, clock=Clock())  # type: ignore[arg-type]


@pytest.fixture(params=["sync", "async"])
def read(request: pytest.FixtureRequest) -> Callable[..., OrderBookSnapshot | None]:
    """Both faces: `read(provider, symbol)`."""
    if request.param == "sync":
        return lambda provider, symbol: provider.get_latest_snapshot(symbol)
    return lambda provider, symbol: asyncio.run(provider.aget_latest_snapshot(symbol))


Read = Callable[[MarketDataProvider, str], OrderBookSnapshot | None]


def test_a_bare_symbol_is_answered_by_the_first_exchange_that_knows_it(read: Read) -> None:
    provider = rest(
        a=Venue(book("KRW-BTC", 1.0)), b=Venue(book("KRW-BTC", 2.0), book("KRW-ETH", 3.0))
    )
    bids = [read(provider, symbol).bids[0][0] for symbol in ("KRW-BTC", "KRW-ETH")]  # type: ignore[union-attr]
    assert bids == [1.0, 3.0]


def test_a_qualified_symbol_asks_that_exchange_alone(read: Read) -> None:
    a, b = Venue(book("KRW-BTC", 1.0)), Venue(book("KRW-BTC", 2.0), book("KRW-ETH"))
    provider = rest(a=a, b=b)
    assert read(provider, "b:KRW-BTC") is b.books["KRW-BTC"]
    assert read(provider, "a:KRW-BTC") is a.books["KRW-BTC"]
    assert read(provider, "a:KRW-ETH") is None


def test_a_colon_of_the_symbol_itself_is_no_exchange(read: Read) -> None:
    b = Venue(book("BTC/USDT:USDT"))
    provider = rest(a=Venue(), b=b)
    assert read(provider, "BTC/USDT:USDT") is b.books["BTC/USDT:USDT"]
    assert read(provider, "b:BTC/USDT:USDT") is b.books["BTC/USDT:USDT"]
    assert read(provider, "a:BTC/USDT:USDT") is None


def test_an_unknown_symbol_gives_none_and_is_no_fault(read: Read) -> None:
    provider = rest(a=Venue())
    assert read(provider, "KRW-XRP") is None
    assert provider.faults["a"].failed == provider.faults["a"].stale == 0


@pytest.mark.parametrize(
    ("age", "is_fresh"), [(5.0, True), (5.1, False), (-5.0, True), (-6, False)]
)
def test_a_stale_book_gives_none_and_is_counted(read: Read, age: float, is_fresh: bool) -> None:
    provider = rest(a=Venue(book(at=NOW - age)))
    assert (read(provider, "KRW-BTC") is not None) == is_fresh
    assert provider.faults["a"].stale == (0 if is_fresh else 1)


def test_a_stale_book_is_not_replaced_by_another_venues(read: Read) -> None:
    provider = rest(a=Venue(book(at=NOW - 60)), b=Venue(book()))
    assert read(provider, "KRW-BTC") is None


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("maintenance"),
        RateLimited("429"),
        TimeoutError("slow"),
        ConnectionResetError("gone"),
        socket.gaierror("no such host"),
    ],
)
def test_an_exchange_that_is_not_there_gives_none_and_keeps_the_error(
    read: Read, error: Exception
) -> None:
    a = Venue(book())
    a.error = error
    provider = rest(a=a, b=Venue(book()))
    assert read(provider, "KRW-BTC") is None  # not b's book: a may be the one that was meant
    faults = provider.faults["a"]
    assert faults.failed == 1
    assert faults.last_error == f"{type(error).__name__}: {error}"


def test_any_other_error_reaches_the_caller(read: Read) -> None:
    a = Venue()
    a.error = MalformedData("half a frame")
    with pytest.raises(MalformedData, match="half a frame"):
        read(rest(a=a), "KRW-BTC")


@pytest.mark.parametrize("provider", [RestMarketDataProvider, WebSocketMarketDataProvider])
@pytest.mark.parametrize(
    ("exchanges", "settings", "message"),
    [
        ({}, {}, "exchanges is empty"),
        ({"a:b": Venue()}, {}, "'a:b'"),
        ({"": Venue()}, {}, "exchange key ''"),
        ({"a": Venue()}, {"max_age_seconds": 0.0}, "max_age_seconds is 0.0"),
        ({"a": Venue()}, {"max_age_seconds": float("nan")}, "max_age_seconds is nan"),
    ],
)
def test_a_wrong_argument_is_refused(
    provider: Any, exchanges: dict[str, Venue], settings: dict[str, float], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        provider(exchanges=exchanges, **settings)


def test_rest_waits_as_soon_as_one_exchange_does() -> None:
    assert rest(a=Venue(), b=Venue()).in_memory
    assert not rest(a=Venue(), b=Venue(in_memory=False)).in_memory


def test_a_subclass_that_overrides_a_read_is_taken_to_wait_unless_it_says_otherwise() -> None:
    class Slow(RestMarketDataProvider):
        async def aget_latest_snapshot(self, symbol: str) -> OrderBookSnapshot | None:
            await asyncio.sleep(0)
            return await super().aget_latest_snapshot(symbol)

    class Counting(RestMarketDataProvider):
        in_memory = True

        def get_latest_snapshot(self, symbol: str) -> OrderBookSnapshot | None:
            return super().get_latest_snapshot(symbol)

    class Renamed(RestMarketDataProvider):
        pass

    exchanges: Any = {"a": Venue()}
    assert not Slow(exchanges).in_memory
    assert Counting(exchanges).in_memory
    assert Renamed(exchanges).in_memory


def test_a_provider_of_ones_own_needs_one_method() -> None:
    class Fixed(MarketDataProvider):
        def get_latest_snapshot(self, symbol: str) -> OrderBookSnapshot | None:
            return book(symbol)

    async def session() -> OrderBookSnapshot | None:
        async with Fixed() as provider:
            return await provider.aget_latest_snapshot("KRW-BTC")

    with Fixed() as provider:
        assert provider.get_latest_snapshot("KRW-BTC") == asyncio.run(session())
    assert not Fixed.in_memory
    with pytest.raises(TypeError):
        MarketDataProvider()  # type: ignore[abstract]


def test_pushed_books_are_kept_by_exchange_and_symbol(read: Read) -> None:
    a, b = Venue(), Venue()
    with streamed(a=a, b=b) as provider:
        a.push(book("KRW-BTC", 1.0))
        b.push(book("KRW-BTC", 2.0))
        a.push(newest := book("KRW-BTC", 3.0))
        assert read(provider, "KRW-BTC") is newest
        assert read(provider, "b:KRW-BTC").bids == [(2.0, 1.0)]  # type: ignore[union-attr]
        assert read(provider, "KRW-ETH") is None
    assert provider.in_memory


def test_a_pushed_book_goes_stale_too(read: Read) -> None:
    a = Venue()
    with streamed(a=a) as provider:
        a.push(book(at=NOW - 6))
        assert read(provider, "KRW-BTC") is None
    assert provider.faults["a"].stale == 1


def test_a_book_in_memory_before_the_start_is_seen(read: Read) -> None:
    local, remote = Venue(book("KRW-BTC")), Venue(book("KRW-ETH"), in_memory=False)
    provider = streamed(a=local, b=remote)
    assert read(provider, "KRW-BTC") is None
    provider.start()
    assert read(provider, "KRW-BTC") is local.books["KRW-BTC"]
    assert read(provider, "KRW-ETH") is None


def test_after_stop_there_is_nothing_and_nobody_listens(read: Read) -> None:
    a = Venue(book())
    provider = streamed(a=a)
    provider.start()
    late = a.listeners[0]
    a.push(book())
    provider.stop()
    provider.stop()
    late(book())  # a delivery that was under way
    assert a.listeners == []
    assert read(provider, "KRW-BTC") is None
    assert not provider.ws_connected


def test_starting_twice_subscribes_once_and_starting_again_works() -> None:
    a = Venue()
    provider = streamed(a=a)

    async def session() -> None:
        async with provider:
            await provider.astart()
            assert len(a.listeners) == 1

    asyncio.run(session())
    with provider:
        a.push(book())
        assert provider.get_latest_snapshot("KRW-BTC") is not None


def test_a_venue_without_a_stream_is_named_and_nothing_is_left_running() -> None:
    class Mute(Venue):
        def subscribe(self, on_book: Callable[[OrderBookSnapshot], None]) -> Callable[[], None]:
            raise NotImplementedError("fake has no stream of books")

    a = Venue()
    provider = streamed(a=a, b=Mute())
    with pytest.raises(ConfigError, match="exchange 'b': fake has no stream"):
        provider.start()
    assert a.listeners == []


def test_updates_reach_the_subscriber_with_their_exchange_key() -> None:
    a, b = Venue(), Venue()
    provider = streamed(a=a, b=b)
    heard: list[tuple[str, float]] = []

    def on_update(key: str, snapshot: OrderBookSnapshot) -> None:
        assert provider.get_latest_snapshot(f"{key}:{snapshot.symbol}") is snapshot
        heard.append((key, snapshot.bids[0][0]))

    with provider:
        unsubscribe = provider.subscribe(on_update)
        a.push(book(price=1.0))
        b.push(book(price=2.0))
        unsubscribe()
        unsubscribe()
        a.push(book(price=3.0))
    assert heard == [("a", 1.0), ("b", 2.0)]


def test_one_of_two_subscriptions_of_the_same_call_can_end() -> None:
    a = Venue()
    heard: list[str] = []

    def on_update(key: str, _: OrderBookSnapshot) -> None:
        heard.append(key)

    with streamed(a=a) as provider:
        end = provider.subscribe(on_update)
        provider.subscribe(on_update)
        end()
        a.push(book())
    assert heard == ["a"]


def test_connected_means_that_every_exchange_sends() -> None:
    a, b, clock = Venue(), Venue(), Clock()
    exchanges: Any = {"a": a, "b": b}
    with WebSocketMarketDataProvider(exchanges, clock=clock) as provider:
        a.push(book())
        assert not provider.ws_connected
        b.push(book())
        assert provider.ws_connected
        a.push(book(at=NOW + 4))
        clock.now += 5.5
        assert not provider.ws_connected  # b has fallen silent
        b.push(book(at=NOW + 5.5))
        assert provider.ws_connected
        assert provider.reconnects == 1


def test_books_of_a_paper_exchange_come_through_both_providers(read: Read) -> None:
    clock = Clock()
    paper = PaperExchange(initial_balance={"KRW": 1_000_000})
    paper.set_orderbook("KRW-BTC", book())
    asked = RestMarketDataProvider(exchanges={"a": paper}, clock=clock)
    assert asked.in_memory
    assert read(asked, "KRW-BTC").bids == [(100.0, 1.0)]  # type: ignore[union-attr]
    with WebSocketMarketDataProvider(exchanges={"a": paper}, clock=clock) as pushed:
        paper.set_orderbook("KRW-BTC", book(price=200.0))
        assert read(pushed, "a:KRW-BTC").bids == [(200.0, 1.0)]  # type: ignore[union-attr]
        assert pushed.ws_connected
