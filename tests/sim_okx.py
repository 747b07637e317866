"""The OKX simulator without its generator: still BTC spot and swap, ETH without a book, signed
requests and sessions."""

import asyncio
import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import urlencode

import aiohttp

from arbitrage.domain.events import BookSnapshot, Funding, Levels, MarketTrade
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_MS, NS_PER_SECOND
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.listings import OKX, usdt_perpetual, usdt_spot
from arbitrage.sim.order_records import ClientIdRule, SimOrder
from arbitrage.sim.protocols.okx import OkxProtocol
from arbitrage.sim.protocols.okx_form import OrderForm
from arbitrage.sim.protocols.okx_markets import Markets
from arbitrage.sim.server import VenueServer
from arbitrage.sim.venue_core import SimVenueCore, VenueSetup

# A full hour, two hours before funding is settled.
NOW_NS = 1_795_004_000_000_000_000 // (8 * 3_600 * 10**9) * (8 * 3_600 * 10**9) + 6 * 3_600 * 10**9
SPOT, SWAP, EMPTY = "BTC-USDT", "BTC-USDT-SWAP", "ETH-USDT-SWAP"
BIDS: Levels = [(78_000.0, 0.5), (77_999.9, 1.0)]
ASKS: Levels = [(78_000.1, 0.5), (78_000.2, 1.0)]
SWAP_BIDS: Levels = [(78_000.0, 50.0), (77_999.9, 100.0)]
SWAP_ASKS: Levels = [(78_000.1, 50.0), (78_000.2, 100.0)]
RULES = (
    usdt_spot(OKX, "BTC").instrument,
    usdt_perpetual("BTC", OKX).instrument,
    usdt_perpetual("ETH", OKX).instrument,
)
FEES = {
    SPOT: FeeSchedule(taker_bps=10.0, maker_bps=8.0, manner=FeeManner.RECEIVED),
    SWAP: FeeSchedule(taker_bps=5.0, maker_bps=2.0),
    EMPTY: FeeSchedule(taker_bps=5.0, maker_bps=2.0),
}
_client_ids = count(1)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_ns = NOW_NS

    def __call__(self) -> int:
        return self.now_ns

    def move(self, seconds: float) -> None:
        self.now_ns += int(seconds * NS_PER_SECOND)


def setup(clock: Callable[[], int] | None = None, **changes: Any) -> VenueSetup:
    """100,000 USDT and 2 BTC at the venue's fees."""
    terms = {
        "venue": OKX,
        "instruments": RULES,
        "fees": FEES,
        "balances": {"USDT": Decimal(100_000), "BTC": Decimal(2)},
        "clock_ns": clock or Clock(),
        **changes,
    }
    return VenueSetup(**terms)


def okx_core(clock: Callable[[], int] | None = None) -> SimVenueCore:
    """A core with books of two levels in BTC and none in ETH."""
    core = SimVenueCore(
        setup(clock),
        client_ids=ClientIdRule.AMONG_OPEN,
        kept_refusals=("post_only", "fok_not_filled", "no_book"),
    )
    show_all(core)
    return core


def show(core: SimVenueCore, bids: Levels, asks: Levels, symbol: str = SPOT) -> None:
    core.on_market(BookSnapshot(0, OKX, symbol, bids[:], asks[:]))


def show_all(core: SimVenueCore) -> None:
    show(core, BIDS, ASKS)
    show(core, SWAP_BIDS, SWAP_ASKS, SWAP)


def pass_trade(
    core: SimVenueCore, price: float, qty: float, side: Side, symbol: str = SPOT
) -> None:
    """A public trade; `side` is the taker's."""
    core.on_market(MarketTrade(0, OKX, symbol, price, qty, side))


def announce(core: SimVenueCore, rate: float, next_ts_ns: int, mark_price: float = 0.0) -> None:
    """The funding of the BTC swap to come."""
    core.on_market(Funding(0, OKX, SWAP, rate, next_ts_ns, mark_price))


def limit(side: str = "buy", px: str = "77000", sz: str = "0.01", **more: str) -> dict[str, str]:
    """The parameters of a limit order of spot."""
    terms = {"instId": SPOT, "tdMode": "cash", "side": side, "ordType": "limit"}
    return {**terms, "px": px, "sz": sz, **more}


def swap(side: str = "buy", sz: str = "10", **more: str) -> dict[str, str]:
    """The parameters of a market order of contracts."""
    terms = {"instId": SWAP, "tdMode": "cross", "side": side, "ordType": "market"}
    return {**terms, "sz": sz, **more}


def place(core: SimVenueCore, params: dict[str, str]) -> SimOrder:
    """An order as a request would place it, with a client id of its own."""
    named = {"clOrdId": f"test{next(_client_ids)}", **params}
    return core.place(OrderForm(Markets(core)).read(named))


def signature(payload: str, secret: str = "sim-secret") -> str:
    return b64encode(hmac.digest(secret.encode(), payload.encode(), hashlib.sha256)).decode()


def headers(method: str, target: str, body: str, now_ns: int) -> dict[str, str]:
    """What signs a request."""
    moment = datetime.fromtimestamp(now_ns // NS_PER_SECOND, UTC)
    millis = now_ns // NS_PER_MS % 1000
    timestamp = f"{moment.strftime('%Y-%m-%dT%H:%M:%S')}.{millis:03d}Z"
    return {
        "OK-ACCESS-KEY": "sim-key",
        "OK-ACCESS-PASSPHRASE": "sim-pass",
        "OK-ACCESS-TIMESTAMP": timestamp,
        "OK-ACCESS-SIGN": signature(f"{timestamp}{method}{target}{body}"),
    }


def login(now_ns: int, **changes: str) -> dict[str, Any]:
    """The message that opens a private session."""
    timestamp = str(now_ns // NS_PER_SECOND)
    credentials = {
        "apiKey": "sim-key",
        "passphrase": "sim-pass",
        "timestamp": timestamp,
        "sign": signature(f"{timestamp}GET/users/self/verify"),
        **changes,
    }
    return {"op": "login", "args": [credentials]}


class Visit:
    """A client at a running simulator."""

    def __init__(self, server: VenueServer, session: aiohttp.ClientSession, clock: Clock) -> None:
        self.server, self.session, self.core, self.clock = server, session, server.core, clock
        self.status = 0

    async def get(self, path: str, **params: Any) -> Any:
        """A question without a key."""
        return await self.ask("GET", f"{path}?{urlencode(params)}" if params else path, {})

    async def signed_get(self, path: str, **params: Any) -> Any:
        target = f"/api/v5/{path}" + (f"?{urlencode(params)}" if params else "")
        return await self.ask("GET", target, headers("GET", target, "", self.clock.now_ns))

    async def post(self, path: str, body: Any) -> Any:
        """A signed request with a JSON body."""
        target, text = f"/api/v5/{path}", json.dumps(body)
        signed = headers("POST", target, text, self.clock.now_ns)
        return await self.ask(
            "POST", target, {**signed, "Content-Type": "application/json"}, data=text
        )

    async def ask(self, method: str, target: str, head: dict[str, str], **options: Any) -> Any:
        url = self.server.rest_url + target
        async with self.session.request(method, url, headers=head, **options) as answer:
            self.status = answer.status
            return await answer.json()

    def stream(self, path: str) -> Any:
        return self.session.ws_connect(f"{self.server.ws_url}/ws/v5/{path}", autoping=False)


class Talk:
    """One websocket of a visit."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    async def say(self, message: Any) -> None:
        await self.stream.send_str(message if isinstance(message, str) else json.dumps(message))

    async def hear(self) -> Any:
        """The next frame, which is text, as JSON."""
        message = await self.stream.receive(timeout=2)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        return json.loads(message.data)

    async def asked(self, message: Any) -> Any:
        await self.say(message)
        return await self.hear()

    async def subscribed(self, **arg: str) -> Any:
        """Subscribe; returns the answer."""
        return await self.asked({"op": "subscribe", "args": [arg]})

    async def until(self, channel: str) -> Any:
        """The next frame of a channel."""
        while (frame := await self.hear()).get("arg", {}).get("channel") != channel or (
            "event" in frame
        ):
            pass
        return frame


def visit(client: Callable[[Visit], Awaitable[None]], script: str = "", **options: Any) -> None:
    """Let `client` visit a simulator that lives as long as it does."""

    async def run() -> None:
        clock = Clock()
        protocol = OkxProtocol(setup(clock), **options)
        server = VenueServer(protocol, faults=FaultPlan.parse(script), clock_ns=clock)
        await server.start()
        show_all(protocol.core)
        try:
            async with asyncio.timeout(5), aiohttp.ClientSession() as session:
                await client(Visit(server, session, clock))
        finally:
            await server.stop()

    asyncio.run(run())


async def settle() -> None:
    """Let what is on its way arrive."""
    await asyncio.sleep(0.02)
