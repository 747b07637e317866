"""A gateway to the simulated OKX, less patient than a real one, and orders for it."""

import time
from collections.abc import Awaitable, Callable
from decimal import Decimal as D
from random import Random
from typing import Any

import msgspec
from net.loopback import run, until
from net.tiny_plan import Engine
from sim_okx import SPOT, SWAP, setup, show_all
from sim_venues import still_book

from arbitrage.domain.intents import PlaceOrder, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.exchanges.okx.gateway import create
from arbitrage.net.backoff import Backoff
from arbitrage.net.http import PoolTerms
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import GatewayTimes
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.listings import OKX, usdt_perpetual, usdt_spot
from arbitrage.sim.protocols.okx import OkxProtocol
from arbitrage.sim.server import VenueServer

KEYS: dict[str, Any] = {"api_key": "sim-key", "secret": "sim-secret", "passphrase": "sim-pass"}
TIMES = GatewayTimes(
    recheck_seconds=0.05,
    reconcile_seconds=0.5,
    silent_order_seconds=0.02,
    settle_seconds=0.005,
    resync_seconds=0.005,
)
LISTINGS = (usdt_spot(OKX, "BTC"), usdt_perpetual("BTC", OKX))
BOOKS = [(listing, still_book(listing, 78_000.0, 50.0)) for listing in LISTINGS]
Test = Callable[[VenueServer, VenueGateway, Engine], Awaitable[None]]


def pointed_at(server: VenueServer, **settings: Any) -> VenueGateway:
    terms = {"symbols": [SPOT, SWAP], "rest_url": server.rest_url, "ws_url": server.ws_url}
    return create(**{**terms, **KEYS, **settings})


def quick(made: VenueGateway, **changes: Any) -> VenueGateway:
    """The same gateway, less patient."""
    changes = {
        "times": TIMES,
        "reconnect": Backoff(0.01, 0.05),
        "orders": PoolTerms(connections=3, timeout_seconds=0.2, wait_seconds=0.1),
        **changes,
    }
    plan = msgspec.structs.replace(made.plan, **changes)
    return VenueGateway(
        plan, symbols=made.symbols, random=Random(1), channels=made.feed.connections[0].channels
    )


async def served(script: str = "") -> VenueServer:
    protocol = OkxProtocol(setup(time.time_ns))
    server = VenueServer(protocol, faults=FaultPlan.parse(script))
    await server.start()
    show_all(protocol.core)
    return server


def with_okx(
    test: Test, script: str = "", settings: dict[str, Any] | None = None, **changes: Any
) -> None:
    async def work() -> None:
        server = await served(script)
        subject, engine = quick(pointed_at(server, **(settings or {})), **changes), Engine()
        try:
            await subject.astart(engine)
            await until(lambda: engine.is_up)
            await test(server, subject, engine)
        finally:
            await subject.astop()
            await server.stop()

    run(work)


def order(client_id: str, **changes: Any) -> PlaceOrder:
    """A purchase of spot that fills at once."""
    return PlaceOrder(
        **{
            "client_id": client_id,
            "venue": "okx",
            "symbol": SPOT,
            "side": Side.BUY,
            "qty": D("0.2"),
            "price": D("78000.1"),
            "time_in_force": TimeInForce.IOC,
            **changes,
        }
    )


def of_swap(client_id: str, **changes: Any) -> PlaceOrder:
    """The same of twenty contracts, which are 0.2 BTC."""
    return order(client_id, **{"symbol": SWAP, "qty": D(20), **changes})
