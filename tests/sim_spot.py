"""The Binance spot simulator without its generator: still BTCUSDT and ETHUSDT, signed requests."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from itertools import count
from typing import Any

import aiohttp
from sim_usdm import Clock, Visit, signed

from arbitrage.domain.events import BookSnapshot, Levels, MarketTrade
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_MS
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.listings import BINANCE_SPOT, usdt_spot
from arbitrage.sim.order_records import ClientIdRule, SimOrder
from arbitrage.sim.protocols.binance_depth import DepthBook, UpdateCounter
from arbitrage.sim.protocols.binance_spot import BinanceSpotProtocol
from arbitrage.sim.protocols.binance_spot_form import SpotForm
from arbitrage.sim.protocols.binance_spot_market import DIGITS
from arbitrage.sim.protocols.binance_spot_trading import KEPT_REFUSALS
from arbitrage.sim.protocols.binance_wire import Figures
from arbitrage.sim.server import VenueServer
from arbitrage.sim.venue_core import SimVenueCore, VenueSetup

BIDS: Levels = [(78_000.0, 0.5), (77_999.9, 1.0)]
ASKS: Levels = [(78_000.1, 0.5), (78_000.2, 1.0)]
RULES = {base: usdt_spot(BINANCE_SPOT, base).instrument for base in ("BTC", "ETH")}
FIGURES = {rules.symbol: Figures(rules, DIGITS) for rules in RULES.values()}

_client_ids = count(1)


def setup(clock: Callable[[], int] | None = None, *instruments: Any) -> VenueSetup:
    """100,000 USDT and 2 BTC; fees come out of what is received."""
    return VenueSetup(
        venue=BINANCE_SPOT,
        instruments=instruments or tuple(RULES.values()),
        fees=FeeSchedule(taker_bps=10.0, maker_bps=8.0, manner=FeeManner.RECEIVED),
        balances={"USDT": Decimal(100_000), "BTC": Decimal(2)},
        clock_ns=clock or Clock(),
    )


def spot_core(clock: Callable[[], int] | None = None, *instruments: Any) -> SimVenueCore:
    """A core with a book of two levels in BTCUSDT and none in ETHUSDT."""
    core = SimVenueCore(
        setup(clock, *instruments),
        client_ids=ClientIdRule.AMONG_OPEN,
        kept_refusals=KEPT_REFUSALS,
    )
    show(core)
    return core


def depth_books(core: SimVenueCore) -> dict[str, DepthBook]:
    return {symbol: DepthBook(UpdateCounter(1_000)) for symbol in core.instruments}


def show(
    core: SimVenueCore, bids: Levels = BIDS, asks: Levels = ASKS, symbol: str = "BTCUSDT"
) -> None:
    core.on_market(BookSnapshot(0, BINANCE_SPOT, symbol, bids[:], asks[:]))


def pass_trade(core: SimVenueCore, price: float, qty: float, side: Side) -> None:
    """A public trade of BTCUSDT; `side` is the taker's."""
    core.on_market(MarketTrade(0, BINANCE_SPOT, "BTCUSDT", price, qty, side))


def place(core: SimVenueCore, params: dict[str, str]) -> SimOrder:
    """An order as a request would place it, with a client id of its own."""
    named = {"newClientOrderId": f"test-{next(_client_ids)}", **params}
    return core.place(SpotForm(core).read(named))


def limit(side: str = "BUY", price: str = "77000", quantity: str = "0.01", **more: str) -> Any:
    """The parameters of a limit order."""
    terms = {"symbol": "BTCUSDT", "side": side, "type": "LIMIT", "timeInForce": "GTC"}
    return {**terms, "price": price, "quantity": quantity, **more}


def market(side: str = "BUY", quantity: str = "0.01", **more: str) -> Any:
    """The parameters of a market order."""
    terms = {"symbol": "BTCUSDT", "side": side, "type": "MARKET", "quantity": quantity}
    return {**terms, **more}


def by_cost(side: str = "BUY", cost: str = "100") -> Any:
    """The parameters of a market order by cost."""
    return {"symbol": "BTCUSDT", "side": side, "type": "MARKET", "quoteOrderQty": cost}


def ws_request(
    it: Visit, method: str, params: Any = None, number: str = "7", secret: str = "sim-secret"
) -> str:
    """A signed message to the websocket API."""
    unsigned = {**(params or {}), "apiKey": "sim-key", "timestamp": it.clock.now_ns // NS_PER_MS}
    text = "&".join(f"{name}={unsigned[name]}" for name in sorted(unsigned))
    signature = signed(text, secret).rpartition("=")[2]
    return json.dumps(
        {"id": number, "method": method, "params": {**unsigned, "signature": signature}}
    )


def visit(client: Callable[[Visit], Awaitable[None]], script: str = "") -> None:
    """Let `client` visit a simulator that lives as long as it does."""

    async def run() -> None:
        clock = Clock()
        protocol = BinanceSpotProtocol(setup(clock))
        server = VenueServer(protocol, faults=FaultPlan.parse(script))
        await server.start()
        show(protocol.core)
        try:
            async with asyncio.timeout(5), aiohttp.ClientSession() as session:
                await client(Visit(server, session, clock))
        finally:
            await server.stop()

    asyncio.run(run())
