"""Our own codec at work on the simulator, which knows nothing of it: books, orders, account."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from sim_usdm import Visit, pass_trade, show, visit

from arbitrage.domain.events import (
    BalanceUpdate,
    BookDelta,
    BookSnapshot,
    Event,
    Funding,
    MarketTrade,
    OrderUpdate,
)
from arbitrage.domain.intents import CancelOrder, OrderType, PlaceOrder, QueryOrder, TimeInForce
from arbitrage.domain.order_book import OrderBook
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.binance_usdm import account as account_endpoints
from arbitrage.exchanges.binance_usdm.codec import BinanceUsdmCodec
from arbitrage.exchanges.binance_usdm.facts import BookStream
from arbitrage.exchanges.order_gateway import Answer, Channel, Request
from arbitrage.sim.listings import BINANCE_USDM, usdt_perpetual
from arbitrage.sim.market import MarketGenerator, MarketSpec
from arbitrage.sim.venue_core import SimVenueCore

BASES = ("BTC", "ETH", "XRP", "SOL")
SYMBOLS = [f"{base}USDT" for base in BASES]


async def sent(it: Visit, request: Request) -> Answer:
    """A request of ours as it would go over the wire, and its answer."""
    url = it.server.rest_url + request.target
    options: Any = {"headers": dict(request.headers), "data": request.body or None}
    async with it.session.request(request.method, url, **options) as answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, await answer.read(), headers)


class Books:
    """Books as an engine keeps them: a delta that does not follow breaks the book."""

    def __init__(self) -> None:
        self.books: dict[str, OrderBook] = {symbol: OrderBook() for symbol in SYMBOLS}
        self.deltas = self.broken = self.crossed = 0

    def take_in(self, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case BookSnapshot():
                    self.books[event.symbol].replace(event.bids, event.asks, event.seq)
                case BookDelta():
                    book = self.books[event.symbol]
                    self.deltas += 1
                    self.broken += event.prev_seq != book.seq
                    book.apply(event.bids, event.asks, event.seq)
                    self.crossed += bool(
                        book.bids and book.asks and book.bids[0][0] >= book.asks[0][0]
                    )

    def are_those_of(self, core: SimVenueCore) -> bool:
        """Whether every book is the one that the venue shows."""
        for symbol, mine in self.books.items():
            shown = core.book(symbol)
            if shown is None or (mine.bids, mine.asks) != (shown.bids, shown.asks):
                return False
        return True


@pytest.mark.parametrize(
    ("book_stream", "seconds", "fewest"),
    [(BookStream.DIFF_0MS, 20, 500), (BookStream.DIFF_100MS, 60, 4)],
)
def test_our_books_follow_the_venues_without_a_gap(
    book_stream: BookStream, seconds: int, fewest: int
) -> None:
    """Four generated markets in a hurry; the snapshots come while they move."""
    listings = tuple(usdt_perpetual(base) for base in BASES)
    generator = MarketGenerator(MarketSpec(listings=listings, depth=20), seed=7)
    codec, books = BinanceUsdmCodec(book_stream=book_stream), Books()

    async def read(stream: Any) -> None:
        async for message in stream:
            books.take_in(codec.decode(message.data.encode(), 0))

    async def synchronise(it: Visit) -> None:
        while waiting := codec.unsynchronised():
            for symbol in waiting:
                answer = await sent(it, codec.sync_request(symbol))
                books.take_in(codec.synchronise(symbol, answer, 0))
            await asyncio.sleep(0.001)

    async def market_goes_on(it: Visit) -> None:
        events = generator.events(it.clock.now_ns, duration_ns=seconds * 10**9)
        for place, event in enumerate(events):
            it.core.on_market(event)
            if place % 8 == 0:
                await asyncio.sleep(0.0005)

    async def client(it: Visit) -> None:
        async with it.stream("/public/stream") as stream:
            for frame in codec.subscribe(SYMBOLS, [Channel.BOOK]):
                await stream.send_str(frame.decode())
            reading = asyncio.create_task(read(stream))
            await asyncio.gather(market_goes_on(it), synchronise(it))
            while not books.are_those_of(it.core):
                await asyncio.sleep(0.01)
            reading.cancel()

    visit(client, bases=BASES)
    assert codec.gaps() == dict.fromkeys(SYMBOLS, 0)
    assert (books.broken, books.crossed) == (0, 0)
    assert books.deltas >= fewest


def test_our_partial_books_are_the_venues_best_levels() -> None:
    async def client(it: Visit) -> None:
        codec = BinanceUsdmCodec(book_stream=BookStream.PARTIAL_20)
        async with it.stream("/public/stream") as stream:
            for frame in codec.subscribe(["BTCUSDT"], [Channel.BOOK]):
                await stream.send_str(frame.decode())
            assert codec.decode((await stream.receive(timeout=2)).data.encode(), 1) == ()
            bids = [(78_000.0 - place, 1.0) for place in range(30)]
            show(it.core, bids, [(78_001.0, 2.0)])
            (book,) = codec.decode((await stream.receive(timeout=2)).data.encode(), 1)
        assert isinstance(book, BookSnapshot)
        assert (book.bids, book.asks) == (bids[:20], [(78_001.0, 2.0)])

    visit(client)


def intent(client_id: str, qty: str, price: str | None = None, **more: Any) -> PlaceOrder:
    """A purchase of BTCUSDT, unless `more` says otherwise."""
    terms: dict[str, Any] = {"side": Side.BUY, "time_in_force": TimeInForce.GTC} | more
    return PlaceOrder(
        client_id=client_id,
        venue=BINANCE_USDM,
        symbol="BTCUSDT",
        qty=Decimal(qty),
        price=None if price is None else Decimal(price),
        order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
        **terms,
    )


class OurDesk:
    """Orders of ours by REST, and what the user stream says of them."""

    def __init__(self, it: Visit) -> None:
        self.it = it
        self.codec = BinanceUsdmCodec(api_key="sim-key", secret="sim-secret")
        # As a session that heard only the stream, or only the answers, would know it.
        self.ear = BinanceUsdmCodec()
        self.heard: dict[str, OrderUpdate] = {}
        self.balances: list[BalanceUpdate] = []

    @property
    def now_ns(self) -> int:
        return self.it.clock.now_ns

    async def listen(self) -> Any:
        answer = await sent(self.it, account_endpoints.open_stream_request(self.codec.signer))
        return self.it.stream(account_endpoints.stream_target(answer))

    async def hear(self, stream: Any, balances: int) -> None:
        """Take in what the user stream says, up to that many updates of the balance."""
        while len(self.balances) < balances:
            message = await stream.receive(timeout=2)
            for event in self.ear.decode_private(message.data.encode(), self.now_ns):
                if isinstance(event, OrderUpdate):
                    self.heard[event.client_id] = event
                elif isinstance(event, BalanceUpdate):
                    self.balances.append(event)

    async def place(self, wanted: PlaceOrder) -> OrderUpdate:
        answer = await sent(self.it, self.codec.place(wanted, self.now_ns))
        return self.codec.outcome(wanted, answer, self.now_ns)

    async def cancel(self, client_id: str) -> OrderUpdate:
        wanted = CancelOrder(client_id=client_id, venue=BINANCE_USDM, symbol="BTCUSDT")
        answer = await sent(self.it, self.codec.cancel(wanted, self.now_ns))
        return self.codec.canceled(wanted, answer, self.now_ns)

    async def query(self, client_id: str) -> OrderUpdate | None:
        wanted = QueryOrder(client_id=client_id, venue=BINANCE_USDM, symbol="BTCUSDT")
        answer = await sent(self.it, self.codec.query(wanted, self.now_ns))
        return self.codec.queried(wanted, answer, self.now_ns)


def test_our_orders_live_the_same_life_by_rest_and_by_stream() -> None:
    async def client(it: Visit) -> None:
        desk = OurDesk(it)
        async with await desk.listen() as stream:
            await asyncio.sleep(0.01)
            taken = await desk.place(
                intent("ioc", "0.75", "78000.1", time_in_force=TimeInForce.IOC)
            )
            assert (taken.status, taken.filled_qty) == (OrderStatus.CANCELED, Decimal("0.5"))
            show(it.core)
            resting = await desk.place(intent("gtc", "0.3", "77000"))
            assert (resting.status, resting.filled_qty) == (OrderStatus.OPEN, 0)
            pass_trade(it.core, 76_999.0, 0.1, Side.SELL)
            found = await desk.query("gtc")
            assert found is not None
            assert (found.status, found.filled_qty) == (OrderStatus.OPEN, Decimal("0.1"))
            closed = await desk.cancel("gtc")
            assert (closed.status, closed.filled_cost) == (OrderStatus.CANCELED, Decimal(7_700))
            market_order = await desk.place(intent("market", "0.2", side=Side.SELL))
            assert market_order.status is OrderStatus.FILLED
            await desk.hear(stream, balances=3)
        for said in (taken, closed, market_order):
            heard = desk.heard[said.client_id]
            assert (heard.status, heard.filled_qty, heard.filled_cost) == (
                said.status,
                said.filled_qty,
                said.filled_cost,
            )
        fee = Decimal("0.5") * Decimal("78000.1") * Decimal("0.0005")
        assert desk.heard["ioc"].fees == (("USDT", fee.quantize(Decimal("1e-8"))),)
        wallet = it.core.balance("USDT").total.quantize(Decimal("1e-8"))
        assert desk.balances[-1].total == wallet

    visit(client)


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        (intent("a", "0.001", "77000"), "MIN_NOTIONAL"),
        (intent("a", "900", "77000"), "MARGIN"),
        (intent("a", "0.1", "78000.1", time_in_force=TimeInForce.POST_ONLY), "GTX"),
        (intent("a", "0.6", "78000.1", time_in_force=TimeInForce.FOK), "FOK"),
        (intent("a", "0.1", reduce_only=True), "REDUCE_ONLY"),
    ],
)
def test_a_refusal_of_the_venue_is_definite_to_us(wanted: PlaceOrder, word: str) -> None:
    async def client(it: Visit) -> None:
        update = await OurDesk(it).place(wanted)
        assert update.status is OrderStatus.REJECTED
        assert word in update.reason

    visit(client)


def test_our_account_instruments_and_fills_are_read_as_they_are() -> None:
    async def client(it: Visit) -> None:
        desk = OurDesk(it)
        await desk.place(intent("market", "0.2"))
        codec = desk.codec
        listed = codec.instruments(await sent(it, codec.instruments_request()))
        assert [(each.symbol, each.tick_size, each.min_notional) for each in listed] == [
            ("BTCUSDT", Decimal("0.1"), Decimal(100)),
            ("ETHUSDT", Decimal("0.01"), Decimal(20)),
        ]
        assert codec.unreadable == {}
        state = codec.account(await sent(it, codec.account_request(desk.now_ns)))
        assert state.positions == {"BTCUSDT": Decimal("0.2")}
        assert state.balances == {"USDT": it.core.balance("USDT").total}
        since = desk.now_ns - 10**9
        fills = codec.fills(
            await sent(it, codec.fills_request("BTCUSDT", since, desk.now_ns)), desk.now_ns
        )
        assert [each.filled_qty for each in fills] == [Decimal("0.2")]
        book = codec.book("BTCUSDT", await sent(it, codec.book_request("BTCUSDT")), desk.now_ns)
        assert book.bids[0] == (78_000.0, 0.5)
        budgets = codec.budgets(await sent(it, codec.account_request(desk.now_ns)))
        assert [(each.name, each.limit) for each in budgets] == [("weight-1m", 2400)]

    visit(client)


def test_our_market_streams_are_read_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arbitrage.sim.protocols.binance_streams._BEAT_SECONDS", 0.01)

    async def client(it: Visit) -> None:
        codec = BinanceUsdmCodec()
        heard: list[Event] = []
        async with it.stream("/market/stream") as stream:
            for frame in codec.subscribe(["BTCUSDT"], [Channel.TRADES, Channel.FUNDING]):
                await stream.send_str(frame.decode())
            await asyncio.sleep(0.02)
            pass_trade(it.core, 78_000.0, 0.25, Side.SELL)
            while not {MarketTrade, Funding} <= {type(event) for event in heard}:
                message = await stream.receive(timeout=2)
                heard.extend(codec.decode(message.data.encode(), 1))
        trades = [event for event in heard if isinstance(event, MarketTrade)]
        assert trades == [
            MarketTrade(1, BINANCE_USDM, "BTCUSDT", 78_000.0, 0.25, Side.SELL),
        ]

    visit(client)
