"""A session of ccxt.pro keeps the promises of a websocket: it opens once, it ends with a reason."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import ccxt
import pytest
from exchanges.ccxt.fake import FakeConnector, FakeExchange, order

from arbitrage.domain.errors import Unavailable
from arbitrage.exchanges.ccxt.connector import Connector
from arbitrage.exchanges.ccxt.watching import CcxtConnection
from arbitrage.net.websocket import Endpoint

BOOK = b'{"watch":"watch_book","symbols":["A/B"]}'
ORDERS = b'{"watch":"watch_orders","symbols":[]}'
POLLED = b'{"watch":"poll_funding","symbols":[]}'


class Client:
    """A client of ccxt's, as far as it is looked at."""

    def __init__(self, *, is_connected: bool) -> None:
        self.isConnected = is_connected
        self.connecting = not is_connected


class Heard:
    def __init__(self) -> None:
        self.opened = 0
        self.messages: list[bytes] = []
        self.fails: BaseException | None = None

    def on_open(self) -> None:
        self.opened += 1
        if self.fails is not None:
            raise self.fails

    def on_message(self, message: bytes, ts_ns: int) -> None:
        assert ts_ns == 7
        self.messages.append(message)
        if self.fails is not None:
            raise self.fails


async def forever() -> Any:
    await asyncio.Event().wait()


def books(*said: Any) -> Callable[[], Awaitable[Any]]:
    """Each in its turn, an exception raised, and then silence."""
    left = iter(said)

    async def next_one() -> Any:
        for one in left:
            if isinstance(one, BaseException):
                raise one
            return one
        return await forever()

    return next_one


EMPTY: dict[str, Any] = {"bids": [], "asks": []}
Test = Callable[[CcxtConnection, Heard, FakeExchange], Awaitable[None]]


def with_connection(
    exchange: FakeExchange,
    test: Test,
    *frames: bytes,
    connector: FakeConnector | None = None,
) -> None:
    async def work() -> None:
        heard = Heard()
        given = cast(Connector, connector or FakeConnector(exchange))
        connection = CcxtConnection(given, heard.on_open, heard.on_message, lambda: 7)
        try:
            await connection.open(Endpoint("", frames=frames), timeout_seconds=1.0)
            await test(connection, heard, exchange)
        finally:
            await connection.close("the end")
        await connection.close("again")
        assert exchange.closed == 1
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(work())


def test_it_opens_with_the_first_message_and_counts_them() -> None:
    async def test(connection: CcxtConnection, heard: Heard, _exchange: FakeExchange) -> None:
        while len(heard.messages) < 2:
            await asyncio.sleep(0)
        assert (connection.is_open, heard.opened) == (True, 1)
        assert heard.messages[0] == b'{"call":"book","symbol":"A/B","bids":[],"asks":[]}'
        assert (connection.messages, connection.received) == (2, 2)
        assert connection.bytes == sum(map(len, heard.messages))

    with_connection(FakeExchange(watch_order_book=books(EMPTY, EMPTY)), test, BOOK)


def test_it_opens_once_every_socket_stands_even_if_nothing_is_said() -> None:
    exchange = FakeExchange(watch_orders=forever)
    exchange.clients = {"futures alone": Client(is_connected=False), "b": Client(is_connected=True)}
    exchange.clients["futures alone"].connecting = False

    async def test(connection: CcxtConnection, heard: Heard, _exchange: FakeExchange) -> None:
        assert (connection.is_open, heard.opened, heard.messages) == (True, 1, [])

    with_connection(exchange, test, ORDERS)


def test_what_is_polled_needs_no_socket() -> None:
    async def test(connection: CcxtConnection, _heard: Heard, _exchange: FakeExchange) -> None:
        assert connection.is_open

    with_connection(FakeExchange(), test, POLLED)


@pytest.mark.parametrize(("frame", "is_exact"), [(BOOK, False), (ORDERS, True)])
def test_only_money_is_read_with_all_digits(frame: bytes, is_exact: bool) -> None:
    exchange = FakeExchange(watch_order_book=books(EMPTY), watch_orders=books([order()]))
    connector = FakeConnector(exchange)

    async def test(_connection: CcxtConnection, _heard: Heard, _exchange: FakeExchange) -> None:
        assert connector.exact == [is_exact]

    with_connection(exchange, test, frame, connector=connector)


def test_whatever_goes_wrong_ends_it_with_the_reason() -> None:
    async def test(connection: CcxtConnection, _heard: Heard, _exchange: FakeExchange) -> None:
        assert await connection.ended == "NetworkError closed with 1006"
        assert not connection.is_open

    said = books(EMPTY, ccxt.NetworkError("closed with 1006"))
    with_connection(FakeExchange(watch_order_book=said), test, BOOK)


def test_given_up_it_hands_nothing_over() -> None:
    said = asyncio.Event()

    async def late() -> Any:
        await said.wait()
        said.clear()
        return EMPTY

    async def test(connection: CcxtConnection, heard: Heard, _exchange: FakeExchange) -> None:
        connection.give_up("stale")
        said.set()
        await asyncio.sleep(0.002)
        assert heard.messages == []
        assert await connection.ended == "stale"

    exchange = FakeExchange(watch_order_book=late)
    exchange.clients = {"a": Client(is_connected=True)}
    with_connection(exchange, test, BOOK)


def test_what_breaks_a_reader_is_raised_by_closing() -> None:
    async def work() -> None:
        heard, exchange = Heard(), FakeExchange(watch_order_book=books(EMPTY))
        exchange.clients = {"a": Client(is_connected=True)}
        connector = cast(Connector, FakeConnector(exchange))
        connection = CcxtConnection(connector, heard.on_open, heard.on_message, lambda: 7)
        bug = RuntimeError("a bug")
        connection.when_heard(lambda: setattr(heard, "fails", bug), pong_counts=True)
        await connection.open(Endpoint("", frames=[BOOK]), timeout_seconds=1.0)
        assert await connection.ended == "RuntimeError a bug"
        for _ in range(2):
            with pytest.raises(RuntimeError, match="a bug"):
                await connection.close("the end")
        assert exchange.closed == 1

    asyncio.run(work())


def test_what_breaks_at_the_opening_is_raised() -> None:
    async def work() -> None:
        heard = Heard()
        heard.fails = RuntimeError("a bug")
        connector = cast(Connector, FakeConnector(FakeExchange()))
        connection = CcxtConnection(connector, heard.on_open, heard.on_message, lambda: 7)
        with pytest.raises(RuntimeError, match="a bug"):
            await connection.open(Endpoint("", frames=[POLLED]), timeout_seconds=1.0)
        with pytest.raises(RuntimeError, match="a bug"):
            await connection.close("the end")

    asyncio.run(work())


@pytest.mark.parametrize(
    ("exchange", "fails", "said"),
    [
        (FakeExchange(), ccxt.ExchangeNotAvailable("gone"), "markets cannot be read.*gone"),
        (FakeExchange(watch_order_book=ccxt.AuthenticationError("no")), None, "Authentication"),
    ],
)
def test_a_session_that_cannot_open_leaves_nothing(
    exchange: FakeExchange, fails: Any, said: str
) -> None:
    async def work() -> None:
        heard = Heard()
        connector = cast(Connector, FakeConnector(exchange, fails=fails))
        connection = CcxtConnection(connector, heard.on_open, heard.on_message, lambda: 7)
        with pytest.raises(Unavailable, match=said):
            await connection.open(Endpoint("", frames=[BOOK]), timeout_seconds=1.0)
        assert exchange.closed == 1
        assert heard.opened == 0
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(work())


def test_a_session_that_does_not_open_in_time_is_given_up() -> None:
    async def work() -> None:
        exchange = FakeExchange(watch_order_book=forever)
        heard = Heard()
        connector = cast(Connector, FakeConnector(exchange))
        connection = CcxtConnection(connector, heard.on_open, heard.on_message, lambda: 7)
        with pytest.raises(TimeoutError):
            await connection.open(Endpoint("", frames=[BOOK]), timeout_seconds=0.02)
        assert exchange.closed == 1

    asyncio.run(work())


def test_nothing_can_be_written_and_the_first_message_can_be_waited_for() -> None:
    async def test(connection: CcxtConnection, heard: Heard, _exchange: FakeExchange) -> None:
        assert not connection.send(b"text")
        connection.ping()
        calls: list[int] = []
        connection.when_heard(lambda: calls.append(len(heard.messages)), pong_counts=True)
        gate.set()
        while len(heard.messages) < 2:
            await asyncio.sleep(0)
        assert calls == [0]

    gate = asyncio.Event()
    said = books(EMPTY, EMPTY)

    async def gated() -> Any:
        await gate.wait()
        return await said()

    exchange = FakeExchange(watch_order_book=gated)
    exchange.clients = {"a": Client(is_connected=True)}
    with_connection(exchange, test, BOOK)
