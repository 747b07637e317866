"""Gateways to the simulated Bybit over real sockets, less patient than real ones."""

import time
from collections.abc import Awaitable, Callable
from decimal import Decimal as D
from random import Random
from typing import Any

import msgspec
import pytest
from net.loopback import run, until
from net.tiny_plan import Engine
from sim_bybit import SPOT, setup, show

from arbitrage.domain.events import VenueStatus
from arbitrage.domain.intents import PlaceOrder, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.bybit.gateway import create
from arbitrage.net.backoff import Backoff
from arbitrage.net.http import PoolTerms
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import GatewayTimes
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.protocols.bybit import BybitProtocol
from arbitrage.sim.server import VenueServer

KEYS: dict[str, Any] = {"api_key": "sim-key", "secret": "sim-secret"}
TIMES = GatewayTimes(
    recheck_seconds=0.05,
    reconcile_seconds=0.3,
    silent_order_seconds=0.02,
    settle_seconds=0.005,
    resync_seconds=0.005,
    maintenance_seconds=0.05,
)
CATEGORIES = {"bybit": Category.LINEAR, "bybit-spot": Category.SPOT}
BOTH = pytest.mark.parametrize("venue", CATEGORIES)
Test = Callable[[VenueServer, VenueGateway, Engine], Awaitable[None]]


def pointed_at(server: VenueServer, venue: str = "bybit", **settings: Any) -> VenueGateway:
    terms = {"symbols": ["BTCUSDT"], "rest_url": server.rest_url, "ws_url": server.ws_url}
    return create(category=CATEGORIES[venue], **{**terms, **KEYS, **settings})


def quick(made: VenueGateway, **changes: Any) -> VenueGateway:
    """The same gateway, less patient."""
    changes = {
        "times": TIMES,
        "reconnect": Backoff(0.01, 0.05),
        "orders": PoolTerms(connections=3, timeout_seconds=0.2, wait_seconds=0.1),
        **changes,
    }
    plan = msgspec.structs.replace(made.plan, **changes)
    channels = made.feed.connections[0].channels
    return VenueGateway(plan, symbols=made.symbols, random=Random(1), channels=channels)


async def served(script: str = "") -> VenueServer:
    protocol = BybitProtocol(setup(time.time_ns))
    server = VenueServer(protocol, faults=FaultPlan.parse(script))
    await server.start()
    show(protocol.core)
    show(protocol.core, key=SPOT)
    return server


def with_bybit(
    test: Test,
    script: str = "",
    venue: str = "bybit",
    settings: dict[str, Any] | None = None,
    **changes: Any,
) -> None:
    async def work() -> None:
        server = await served(script)
        made = pointed_at(server, venue, **(settings or {}))
        subject, engine = quick(made, **changes), Engine()
        try:
            await subject.astart(engine)
            await until(lambda: engine.is_up)
            await test(server, subject, engine)
        finally:
            await subject.astop()
            await server.stop()

    run(work)


def order(client_id: str, venue: str = "bybit", **changes: Any) -> PlaceOrder:
    """A purchase that fills at once."""
    return PlaceOrder(
        **{
            "client_id": client_id,
            "venue": venue,
            "symbol": "BTCUSDT",
            "side": Side.BUY,
            "qty": D("0.2"),
            "price": D("78000.1"),
            "time_in_force": TimeInForce.IOC,
            **changes,
        }
    )


def complaints(engine: Engine) -> list[str]:
    return [told.reason for told in engine.of(VenueStatus) if "not ours" in told.reason]
