"""The Bithumb simulator without its generator: a still KRW-BTC and KRW-ETH, signed requests."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import aiohttp
import sim_upbit
from yarl import URL

from arbitrage.domain.events import BookSnapshot, Levels, MarketTrade
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.sides import Side
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.listings import BITHUMB, krw_spot
from arbitrage.sim.protocols.bithumb import BithumbProtocol
from arbitrage.sim.server import VenueServer
from arbitrage.sim.venue_core import SimVenueCore, VenueSetup

BIDS: Levels = [(100_000_000.0, 0.5), (99_999_000.0, 1.0)]
ASKS: Levels = [(100_001_000.0, 0.5), (100_002_000.0, 1.0)]
NOW_NS = 1_795_000_000_123_456_789
NOW_MS = NOW_NS // 10**6


def bithumb(now_ns: Callable[[], int] = lambda: NOW_NS, **options: Any) -> BithumbProtocol:
    """The protocol on a market with a book of two levels; 300 million KRW and 10 BTC."""
    setup = VenueSetup(
        venue=BITHUMB,
        instruments=tuple(krw_spot(BITHUMB, base).instrument for base in ("BTC", "ETH")),
        fees=FeeSchedule(taker_bps=4.0, maker_bps=4.0),
        balances={"KRW": Decimal(300_000_000), "BTC": Decimal(10)},
        clock_ns=now_ns,
    )
    protocol = BithumbProtocol(setup, **options)
    show(protocol.core)
    return protocol


def show(core: SimVenueCore, bids: Levels = BIDS, asks: Levels = ASKS) -> None:
    core.on_market(BookSnapshot(0, BITHUMB, "KRW-BTC", bids[:], asks[:]))


def pass_trade(core: SimVenueCore, price: float, qty: float, side: Side) -> None:
    """A public trade of KRW-BTC; `side` is the taker's."""
    core.on_market(MarketTrade(0, BITHUMB, "KRW-BTC", price, qty, side))


def limit(side: str = "bid", price: str = "90000000", volume: str = "0.1", **more: str) -> Any:
    """The body of a limit order."""
    body = {"market": "KRW-BTC", "side": side, "order_type": "limit", "price": price}
    return {**body, "volume": volume, **more}


def token(query: str = "", **claims: Any) -> str:
    """The value of an `Authorization` header, of now unless `timestamp` says otherwise."""
    return sim_upbit.token(query, **({"timestamp": NOW_MS} | claims))


def hashed(params: Any) -> str:
    """Parameters as they are hashed and, where there is no body, sent."""
    pairs = []
    for name, value in (params or {}).items():
        values = value if isinstance(value, list) else [value]
        suffix = "[]" if isinstance(value, list) else ""
        for each in values:
            is_object = isinstance(each, dict)
            text = json.dumps(each, separators=(",", ":")) if is_object else str(each)
            pairs.append(f"{name}{suffix}={quote(text, safe='')}")
    return "&".join(pairs)


class Visit(sim_upbit.Visit):
    """A client at a running Bithumb simulator."""

    async def signed(self, method: str, path: str, params: Any = None) -> tuple[int, Any]:
        query = hashed(params)
        headers = {"Authorization": token(query)}
        target = f"{path}?{query}" if query and method != "POST" else path
        url = URL(self.server.rest_url + target, encoded=True)
        options: Any = {"json": params} if method == "POST" else {}
        async with self.session.request(method, url, headers=headers, **options) as answer:
            self.headers = answer.headers
            return answer.status, await answer.json()

    async def placed(self, **options: Any) -> Any:
        status, order = await self.signed("POST", "/v2/orders", limit(**options))
        assert status == 201, order
        return order

    async def asked(self, order: Any) -> Any:
        return (await self.signed("GET", "/v1/order", {"uuid": order["order_id"]}))[1]

    async def ended(self, order: Any) -> Any:
        """An order, asked for once no order is open any more."""
        while self.core.orders.open():
            await asyncio.sleep(0.001)
        return await self.asked(order)

    async def refusal(self, method: str, path: str, params: Any = None) -> tuple[int, str]:
        status, answer = await self.signed(method, path, params)
        return status, answer["error"]["name"]

    def stream(self, path: str = "/v1", authorization: str | None = None) -> Any:
        headers = {} if authorization is None else {"Authorization": authorization}
        return self.session.ws_connect(
            f"{self.server.ws_url}/websocket{path}", headers=headers, autoping=False
        )


def visit(client: Callable[[Visit], Awaitable[None]], script: str = "", **options: Any) -> None:
    """Let `client` visit a simulator that lives as long as it does."""

    async def run() -> None:
        server = VenueServer(bithumb(**options), faults=FaultPlan.parse(script))
        await server.start()
        try:
            async with asyncio.timeout(5), aiohttp.ClientSession() as session:
                await client(Visit(server, session))
        finally:
            await server.stop()

    asyncio.run(run())
