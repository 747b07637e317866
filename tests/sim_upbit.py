"""The Upbit simulator without its generator: one still KRW-BTC and KRW-ETH, and signed requests."""

import asyncio
import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from urllib.parse import unquote, urlencode
from uuid import uuid4

import aiohttp

from arbitrage.domain.events import BookSnapshot, Levels, MarketTrade
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.sides import Side
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.listings import UPBIT, krw_spot
from arbitrage.sim.protocols.upbit import UpbitProtocol
from arbitrage.sim.server import VenueServer
from arbitrage.sim.venue_core import SimVenueCore, VenueSetup

BIDS: Levels = [(100_000_000.0, 0.5), (99_999_000.0, 1.0)]
ASKS: Levels = [(100_001_000.0, 0.5), (100_002_000.0, 1.0)]
NOW_NS = 1_795_000_000_000_000_000


def upbit(now_ns: Callable[[], int] = lambda: NOW_NS, **options: Any) -> UpbitProtocol:
    """The protocol on a market with a book of two levels; 300 million KRW and 10 BTC."""
    setup = VenueSetup(
        venue=UPBIT,
        instruments=tuple(krw_spot(UPBIT, base).instrument for base in ("BTC", "ETH")),
        fees=FeeSchedule(taker_bps=5.0, maker_bps=5.0),
        balances={"KRW": Decimal(300_000_000), "BTC": Decimal(10)},
        clock_ns=now_ns,
    )
    protocol = UpbitProtocol(setup, **options)
    show(protocol.core)
    return protocol


def show(core: SimVenueCore, bids: Levels = BIDS, asks: Levels = ASKS) -> None:
    core.on_market(BookSnapshot(0, UPBIT, "KRW-BTC", bids[:], asks[:]))


def pass_trade(core: SimVenueCore, price: float, qty: float, side: Side) -> None:
    """A public trade of KRW-BTC; `side` is the taker's."""
    core.on_market(MarketTrade(0, UPBIT, "KRW-BTC", price, qty, side))


def limit(side: str = "bid", price: str = "90000000", volume: str = "0.1", **more: str) -> Any:
    """The body of a limit order."""
    body = {"market": "KRW-BTC", "side": side, "ord_type": "limit", "price": price}
    return {**body, "volume": volume, **more}


def token(
    query: str = "",
    *,
    key: str = "sim-key",
    secret: str = "sim-secret",
    algorithm: str = "HS256",
    **claims: Any,
) -> str:
    """The value of an `Authorization` header."""
    claims = {"access_key": key, "nonce": str(uuid4())} | claims
    if query:
        claims |= {
            "query_hash": hashlib.sha512(query.encode()).hexdigest(),
            "query_hash_alg": "SHA512",
        }
    parts = [_packed(json.dumps(each).encode()) for each in ({"alg": algorithm}, claims)]
    signed = ".".join(parts)
    digest = "sha512" if algorithm == "HS512" else "sha256"
    return f"Bearer {signed}.{_packed(hmac.digest(secret.encode(), signed.encode(), digest))}"


def _packed(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Visit:
    """A client at a running Upbit simulator."""

    def __init__(self, server: VenueServer, session: aiohttp.ClientSession) -> None:
        self.server, self.session, self.core = server, session, server.core
        self.headers: Any = {}

    async def get(self, path: str, **params: Any) -> tuple[int, Any]:
        """A request to the quotation API."""
        async with self.session.get(self.server.rest_url + path, params=params) as answer:
            self.headers = answer.headers
            return answer.status, await answer.json()

    async def signed(self, method: str, path: str, params: Any = None) -> tuple[int, Any]:
        """A signed request to the exchange API."""
        query = urlencode(params or {}, doseq=True)
        headers = {"Authorization": token(unquote(query))}
        url = self.server.rest_url + path
        options: Any = {"json": params} if method == "POST" else {}
        if method != "POST" and query:
            url = f"{url}?{query}"
        async with self.session.request(method, url, headers=headers, **options) as answer:
            self.headers = answer.headers
            return answer.status, await answer.json()

    async def ended(self, order: Any) -> Any:
        """An order, asked for once no order is open any more."""
        while self.core.orders.open():
            await asyncio.sleep(0.001)
        return (await self.signed("GET", "/v1/order", {"uuid": order["uuid"]}))[1]

    def stream(self, path: str = "", authorization: str | None = None) -> Any:
        headers = {} if authorization is None else {"Authorization": authorization}
        return self.session.ws_connect(
            f"{self.server.ws_url}/websocket/v1{path}", headers=headers, autoping=False
        )


def visit(client: Callable[[Visit], Awaitable[None]], script: str = "", **options: Any) -> None:
    """Let `client` visit a simulator that lives as long as it does."""

    async def run() -> None:
        faults = FaultPlan.parse(script)
        server = VenueServer(upbit(**options), faults=faults)
        await server.start()
        try:
            async with asyncio.timeout(5), aiohttp.ClientSession() as session:
                await client(Visit(server, session))
        finally:
            await server.stop()

    asyncio.run(run())
