"""The gateway of Binance spot on its simulator over real sockets, less patient than in earnest."""

import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
from net.loopback import run, until
from net.tiny_plan import Engine
from sim_spot import setup, show

from arbitrage.domain.intents import PlaceOrder, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.exchanges.binance_spot.gateway import create
from arbitrage.net.backoff import Backoff
from arbitrage.net.http import PoolTerms
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import GatewayTimes
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.protocols.binance_spot import BinanceSpotProtocol
from arbitrage.sim.server import VenueServer

KEYS: Any = {"api_key": "sim-key", "secret": "sim-secret"}
BY_REST = {"orders_by_websocket": False}
TIMES = GatewayTimes(
    recheck_seconds=0.05,
    reconcile_seconds=0.3,
    silent_order_seconds=0.02,
    settle_seconds=0.005,
    resync_seconds=0.005,
    snapshot_pause_seconds=0.05,
    maintenance_seconds=0.05,
)
Test = Callable[[VenueServer, VenueGateway, Engine], Awaitable[None]]


def pointed_at(server: VenueServer, **settings: Any) -> VenueGateway:
    addresses = {
        "rest_url": server.rest_url,
        "ws_url": server.ws_url,
        "ws_api_url": server.ws_url,
    }
    return create(**{"symbols": ["BTCUSDT"], **addresses, **KEYS, **settings})


def quick(made: VenueGateway, **changes: Any) -> VenueGateway:
    """The same gateway, less patient."""
    changes = {
        "times": TIMES,
        "reconnect": Backoff(0.01, 0.05),
        "orders": PoolTerms(connections=3, timeout_seconds=0.2, wait_seconds=0.1),
        **changes,
    }
    plan = msgspec.structs.replace(made.plan, **changes)
    return VenueGateway(plan, symbols=made.symbols, random=Random(1))


async def served(script: str = "") -> VenueServer:
    protocol = BinanceSpotProtocol(setup(time.time_ns))
    server = VenueServer(protocol, faults=FaultPlan.parse(script))
    await server.start()
    show(protocol.core)
    return server


def with_spot(
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
    """A purchase that fills at once."""
    return PlaceOrder(
        **{
            "client_id": client_id,
            "venue": "binance-spot",
            "symbol": "BTCUSDT",
            "side": Side.BUY,
            "qty": Decimal("0.2"),
            "price": Decimal("78000.1"),
            "time_in_force": TimeInForce.IOC,
            **changes,
        }
    )
