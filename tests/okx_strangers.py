"""The simulated OKX as ccxt meets it: its books, its settings, a fresh start for each test."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from sim_venues import RunningVenues, running, still_book, still_market

from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.sim.listings import OKX, usdt_perpetual, usdt_spot
from arbitrage.sim.order_records import NewOrder

SPOT, SWAP = usdt_spot(OKX, "BTC"), usdt_perpetual("BTC", OKX)
BID, ASK = 78_000.0, 78_000.1
SYMBOL, SWAP_SYMBOL = "BTC/USDT", "BTC/USDT:USDT"
BOOKS = [(SPOT, still_book(SPOT, BID, 0.5)), (SWAP, still_book(SWAP, BID, 50.0))]
SETTINGS = {
    "apiKey": "sim-key",
    "secret": "sim-secret",
    "password": "sim-pass",
    "enableRateLimit": False,
}
_client_ids = count(1)


@contextmanager
def okx_running() -> Iterator[RunningVenues]:
    """The venue with its still books."""
    with running([OKX], still_market(BOOKS)) as venues:
        yield venues


def freshen(venues: RunningVenues) -> None:
    """Whole books, no order, no position, and the budgets of another second."""
    core = venues.core(OKX)
    for resting in core.orders.open():
        venues.call(core.cancel, resting)
    for _, book in BOOKS:
        venues.show(book)
    held = core.position("BTC-USDT-SWAP").position.qty
    if held:
        side = Side.SELL if held > 0 else Side.BUY
        order = NewOrder(
            symbol="BTC-USDT-SWAP",
            side=side,
            qty=abs(held),
            order_type=OrderType.MARKET,
            time_in_force=TimeInForce.IOC,
            wire={"ordType": "market", "tdMode": "cross", "lever": "5", "stpMode": "cancel_maker"},
        )
        venues.call(core.place, order)
        venues.show(BOOKS[1][1])
    protocol: Any = venues.venues.servers[OKX].protocol
    for limits in (protocol._tolls._limits, protocol._connections):
        limits._used.clear()


def pointed_at(exchange: Any, venues: RunningVenues) -> Any:
    """The exchange with its URLs, and nothing else, replaced."""
    exchange.urls["api"]["rest"] = venues.rest_url(OKX)
    if "ws" in exchange.urls["api"]:
        exchange.urls["api"]["ws"] = f"{venues.ws_url(OKX)}/ws/v5"
    return exchange


def named() -> dict[str, str]:
    return {"clOrdId": f"ccxt{next(_client_ids)}"}
