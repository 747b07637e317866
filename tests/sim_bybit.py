"""The Bybit simulator without its generator: still BTCUSDT and ETHUSDT, linear and spot."""

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
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_MS
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.listings import BYBIT, BYBIT_SPOT, usdt_perpetual, usdt_spot
from arbitrage.sim.order_records import ClientIdRule, SimOrder
from arbitrage.sim.protocols.bybit import BybitProtocol
from arbitrage.sim.protocols.bybit_form import OrderForm
from arbitrage.sim.protocols.bybit_markets import Markets
from arbitrage.sim.protocols.bybit_orders import KEPT_REFUSALS
from arbitrage.sim.protocols.bybit_wire import Ids, ms
from arbitrage.sim.serve import GUESTS
from arbitrage.sim.server import VenueServer
from arbitrage.sim.venue_core import SimVenueCore, VenueSetup

# A full hour, two hours before funding is settled.
NOW_NS = 1_795_004_000_000_000_000 // (8 * 3_600 * 10**9) * (8 * 3_600 * 10**9) + 6 * 3_600 * 10**9
BIDS: Levels = [(78_000.0, 0.5), (77_999.9, 1.0)]
ASKS: Levels = [(78_000.1, 0.5), (78_000.2, 1.0)]
LINEAR, SPOT = "BTCUSDT", "spot:BTCUSDT"
RULES = tuple(
    rules
    for base in ("BTC", "ETH")
    for rules in (
        usdt_perpetual(base, BYBIT).instrument,
        GUESTS.instrument(usdt_spot(BYBIT_SPOT, base).instrument),
    )
)
FEES = {
    rules.symbol: FeeSchedule(taker_bps=5.5, maker_bps=2.0)
    if rules.is_perpetual
    else FeeSchedule(taker_bps=10.0, maker_bps=10.0, manner=FeeManner.RECEIVED)
    for rules in RULES
}
_client_ids = count(1)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_ns = NOW_NS

    def __call__(self) -> int:
        return self.now_ns


def setup(clock: Callable[[], int] | None = None) -> VenueSetup:
    """100,000 USDT and 10 BTC at the venue's fees."""
    return VenueSetup(
        venue=BYBIT,
        instruments=RULES,
        fees=FEES,
        balances={"USDT": Decimal(100_000), "BTC": Decimal(10)},
        clock_ns=clock or Clock(),
    )


def bybit_core(clock: Callable[[], int] | None = None) -> SimVenueCore:
    """A core with a book of two levels in both markets of BTC and none in those of ETH."""
    core = SimVenueCore(setup(clock), client_ids=ClientIdRule.FOREVER, kept_refusals=KEPT_REFUSALS)
    show(core)
    show(core, key=SPOT)
    return core


def markets_of(core: SimVenueCore) -> Markets:
    return Markets(core.instruments.values())


def ids_of(core: SimVenueCore) -> Ids:
    return Ids(ms(core.now_ns))


def show(core: SimVenueCore, bids: Levels = BIDS, asks: Levels = ASKS, key: str = LINEAR) -> None:
    core.on_market(BookSnapshot(0, BYBIT, key, bids[:], asks[:]))


def pass_trade(core: SimVenueCore, price: float, qty: float, side: Side, key: str = LINEAR) -> None:
    """A public trade; `side` is the taker's."""
    core.on_market(MarketTrade(0, BYBIT, key, price, qty, side))


def announce(core: SimVenueCore, rate: float, next_ts_ns: int, mark_price: float = 0.0) -> None:
    """The funding of linear BTCUSDT to come."""
    core.on_market(Funding(0, BYBIT, LINEAR, rate, next_ts_ns, mark_price))


def place(core: SimVenueCore, params: dict[str, str]) -> SimOrder:
    """An order as a request would place it, with a client id of its own."""
    named = {"orderLinkId": f"test-{next(_client_ids)}", **params}
    return core.place(OrderForm(core, markets_of(core)).read(named))


def limit(
    side: str = "Buy",
    price: str = "77000",
    qty: str = "0.01",
    category: str = "linear",
    **more: str,
) -> dict[str, str]:
    """The parameters of a limit order."""
    terms = {"category": category, "symbol": "BTCUSDT", "side": side, "orderType": "Limit"}
    return {**terms, "price": price, "qty": qty, **more}


def market(
    side: str = "Buy", qty: str = "0.01", category: str = "linear", **more: str
) -> dict[str, str]:
    """The parameters of a market order."""
    terms = {"category": category, "symbol": "BTCUSDT", "side": side, "orderType": "Market"}
    return {**terms, "qty": qty, **more}


def signature(payload: str, secret: str = "sim-secret") -> str:
    return hmac.digest(secret.encode(), payload.encode(), hashlib.sha256).hex()


def signed_headers(now_ms: int, signed: str, secret: str = "sim-secret") -> dict[str, str]:
    """The headers that sign a query or body."""
    return {
        "X-BAPI-API-KEY": "sim-key",
        "X-BAPI-TIMESTAMP": str(now_ms),
        "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": signature(f"{now_ms}sim-key5000{signed}", secret),
    }


def login(now_ms: int, secret: str = "sim-secret") -> list[Any]:
    """The arguments of an `auth` message."""
    expires = now_ms + 10_000
    return ["sim-key", expires, signature(f"GET/realtime{expires}", secret)]


class Visit:
    """A client at a running simulator."""

    def __init__(self, server: VenueServer, session: aiohttp.ClientSession, clock: Clock) -> None:
        self.server, self.session, self.core, self.clock = server, session, server.core, clock
        self.headers: Any = {}
        self.status = 0

    @property
    def now_ms(self) -> int:
        return self.clock.now_ns // NS_PER_MS

    async def get(self, path: str, **params: Any) -> Any:
        """A request without a key."""
        return await self._ask("GET", f"{path}?{urlencode(params)}" if params else path)

    async def ask(self, path: str, **params: Any) -> Any:
        """A signed question."""
        query = urlencode(params)
        headers = signed_headers(self.now_ms, query)
        return await self._ask("GET", f"{path}?{query}", headers=headers)

    async def post(self, path: str, **params: Any) -> Any:
        """A signed command."""
        body = json.dumps(params)
        headers = signed_headers(self.now_ms, body)
        return await self._ask("POST", path, data=body, headers=headers)

    async def _ask(self, method: str, target: str, **options: Any) -> Any:
        url = self.server.rest_url + target
        async with self.session.request(method, url, **options) as answer:
            self.status, self.headers = answer.status, answer.headers
            is_json = answer.content_type == "application/json"
            return await (answer.json() if is_json else answer.text())

    def stream(self, target: str) -> Any:
        return self.session.ws_connect(self.server.ws_url + target, autoping=False)

    async def logged_in(self, stream: Any) -> None:
        """Log in on a private or trade connection."""
        await stream.send_json({"op": "auth", "args": login(self.now_ms)})
        told = await next_frame(stream)
        assert told.get("success", told.get("retCode") == 0), told


async def next_frame(stream: Any) -> Any:
    """The next frame, which is text, as JSON."""
    message = await stream.receive(timeout=2)
    assert message.type is aiohttp.WSMsgType.TEXT, message
    return json.loads(message.data)


async def settle() -> None:
    """Let what is on its way arrive."""
    await asyncio.sleep(0.02)


def visit(client: Callable[[Visit], Awaitable[None]], script: str = "") -> None:
    """Let `client` visit a simulator that lives as long as it does."""

    async def run() -> None:
        clock = Clock()
        protocol = BybitProtocol(setup(clock))
        server = VenueServer(protocol, faults=FaultPlan.parse(script))
        await server.start()
        show(protocol.core)
        show(protocol.core, key=SPOT)
        try:
            async with asyncio.timeout(5), aiohttp.ClientSession() as session:
                await client(Visit(server, session, clock))
        finally:
            await server.stop()

    asyncio.run(run())
