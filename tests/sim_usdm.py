"""The Binance USD-M simulator without its generator: still BTCUSDT and ETHUSDT, signed requests."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import urlencode

import aiohttp

from arbitrage.domain.events import BookSnapshot, Funding, Levels, MarketTrade
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_MS
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.listings import BINANCE_USDM, usdt_perpetual
from arbitrage.sim.order_records import ClientIdRule, SimOrder
from arbitrage.sim.protocols.binance_depth import DepthBook, UpdateCounter
from arbitrage.sim.protocols.binance_usdm import BinanceUsdmProtocol
from arbitrage.sim.protocols.binance_usdm_form import OrderForm
from arbitrage.sim.protocols.binance_wire import Figures
from arbitrage.sim.server import VenueServer
from arbitrage.sim.venue_core import SimVenueCore, VenueSetup

# A full hour, two hours before funding is settled.
NOW_NS = 1_795_004_000_000_000_000 // (8 * 3_600 * 10**9) * (8 * 3_600 * 10**9) + 6 * 3_600 * 10**9
BIDS: Levels = [(78_000.0, 0.5), (77_999.9, 1.0)]
ASKS: Levels = [(78_000.1, 0.5), (78_000.2, 1.0)]
RULES = {base: usdt_perpetual(base).instrument for base in ("BTC", "ETH")}
FIGURES = {rules.symbol: Figures(rules) for rules in RULES.values()}


_client_ids = count(1)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_ns = NOW_NS

    def __call__(self) -> int:
        return self.now_ns


def setup(clock: Clock | None = None, *instruments: Any) -> VenueSetup:
    """100,000 USDT at the venue's fees."""
    return VenueSetup(
        venue=BINANCE_USDM,
        instruments=instruments or tuple(RULES.values()),
        fees=FeeSchedule(taker_bps=5.0, maker_bps=2.0),
        balances={"USDT": Decimal(100_000)},
        clock_ns=clock or Clock(),
    )


def usdm_core(clock: Clock | None = None, *instruments: Any) -> SimVenueCore:
    """A core with a book of two levels in BTCUSDT and none in ETHUSDT."""
    core = SimVenueCore(setup(clock, *instruments), client_ids=ClientIdRule.AMONG_OPEN)
    show(core)
    return core


def depth_books(core: SimVenueCore) -> dict[str, DepthBook]:
    counter = UpdateCounter(1_000)
    return {symbol: DepthBook(counter) for symbol in core.instruments}


def show(
    core: SimVenueCore, bids: Levels = BIDS, asks: Levels = ASKS, symbol: str = "BTCUSDT"
) -> None:
    core.on_market(BookSnapshot(0, BINANCE_USDM, symbol, bids[:], asks[:]))


def pass_trade(core: SimVenueCore, price: float, qty: float, side: Side) -> None:
    """A public trade of BTCUSDT; `side` is the taker's."""
    core.on_market(MarketTrade(0, BINANCE_USDM, "BTCUSDT", price, qty, side))


def announce(core: SimVenueCore, rate: float, next_ts_ns: int, mark_price: float = 0.0) -> None:
    """The funding of BTCUSDT to come."""
    core.on_market(Funding(0, BINANCE_USDM, "BTCUSDT", rate, next_ts_ns, mark_price))


def place(core: SimVenueCore, params: dict[str, str]) -> SimOrder:
    """An order as a request would place it, with a client id of its own."""
    named = {"newClientOrderId": f"test-{next(_client_ids)}", **params}
    return core.place(OrderForm(core).read(named))


def limit(side: str = "BUY", price: str = "77000", quantity: str = "0.01", **more: str) -> Any:
    """The parameters of a limit order."""
    terms = {"symbol": "BTCUSDT", "side": side, "type": "LIMIT", "timeInForce": "GTC"}
    return {**terms, "price": price, "quantity": quantity, **more}


def market(side: str = "BUY", quantity: str = "0.01", **more: str) -> Any:
    """The parameters of a market order."""
    terms = {"symbol": "BTCUSDT", "side": side, "type": "MARKET", "quantity": quantity}
    return {**terms, **more}


def signed(query: str, secret: str = "sim-secret") -> str:
    """`query` with its signature."""
    digest = hmac.digest(secret.encode(), query.encode(), hashlib.sha256).hex()
    return f"{query}&signature={digest}"


class Visit:
    """A client at a running simulator."""

    def __init__(self, server: VenueServer, session: aiohttp.ClientSession, clock: Clock) -> None:
        self.server, self.session, self.core, self.clock = server, session, server.core, clock
        self.headers: Any = {}
        self.status = 0

    async def get(self, path: str, **params: Any) -> Any:
        """A request without a key."""
        return await self._ask("GET", f"{path}?{urlencode(params)}" if params else path)

    async def keyed(self, method: str, path: str) -> Any:
        """A request with the key alone."""
        return await self._ask(method, path, headers={"X-MBX-APIKEY": "sim-key"})

    async def signed(self, method: str, path: str, params: Any = None) -> Any:
        """A signed request with its parameters in the query."""
        timed = {**(params or {}), "timestamp": self.clock.now_ns // NS_PER_MS}
        query = signed(urlencode(timed))
        return await self._ask(method, f"{path}?{query}", headers={"X-MBX-APIKEY": "sim-key"})

    async def _ask(self, method: str, target: str, **options: Any) -> Any:
        url = self.server.rest_url + target
        async with self.session.request(method, url, **options) as answer:
            self.status, self.headers = answer.status, answer.headers
            return await answer.json()

    def stream(self, target: str) -> Any:
        return self.session.ws_connect(self.server.ws_url + target, autoping=False)


async def next_frame(stream: Any) -> Any:
    """The next frame, which is text, as JSON."""
    message = await stream.receive(timeout=2)
    assert message.type is aiohttp.WSMsgType.TEXT
    return json.loads(message.data)


async def settle() -> None:
    """Let what is on its way arrive."""
    await asyncio.sleep(0.02)


def visit(
    client: Callable[[Visit], Awaitable[None]], script: str = "", bases: tuple[str, ...] = ()
) -> None:
    """Let `client` visit a simulator of `bases` that lives as long as it does."""
    listed = (usdt_perpetual(base).instrument for base in bases)

    async def run() -> None:
        clock = Clock()
        protocol = BinanceUsdmProtocol(setup(clock, *listed))
        server = VenueServer(protocol, faults=FaultPlan.parse(script))
        await server.start()
        show(protocol.core)
        try:
            async with asyncio.timeout(5), aiohttp.ClientSession() as session:
                await client(Visit(server, session, clock))
        finally:
            await server.stop()

    asyncio.run(run())
