"""From a quote sent to an order's bytes received, over loopback, against another process.

The same quotes meet our whole path (gateway, engine, signed order), ccxt.pro's (watch, then create
an order) and a bare socket that answers each with fixed bytes, which is the floor of this machine.
All three take turns in one run, so their ratios hold on a machine that is busy with other things.
"""

import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import msgspec

from arbitrage.bench.measure import Figure, percentiles
from arbitrage.bench.wire_figures import engine_with_premium_route, forget_trades
from arbitrage.domain.events import BookQuote, Event
from arbitrage.domain.intents import PlaceOrder
from arbitrage.exchanges.binance_usdm.gateway import create
from arbitrage.exchanges.order_gateway import Channel
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.running_session import loop_factory

_VENUE, _SYMBOL = "binance-usdm", "BTCUSDT"
_ROUNDS = 5
_QUOTES, _QUICK_QUOTES = 400, 20
_RECONNECTS, _QUICK_RECONNECTS = 20, 2
_QUICK_ROUNDS = 1

Measure = Callable[[], Awaitable[list[float]]]


class Place(msgspec.Struct):
    """Where the measuring venue listens."""

    ws: str
    rest: str


def figures(quick: bool) -> Iterator[Figure]:
    with _venue() as place, asyncio.Runner(loop_factory=loop_factory()) as runner:
        yield from runner.run(_measured(place, quick))


@contextmanager
def _venue() -> Iterator[Place]:
    """The measuring venue in its own process and, where there are two, on its own core."""
    process = subprocess.Popen(
        [sys.executable, "-m", "arbitrage.bench.loopback_venue"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    try:
        place = msgspec.json.decode(process.stdout.readline(), type=Place)
        if len(cores) > 1:
            os.sched_setaffinity(process.pid, {cores[0]})
            os.sched_setaffinity(0, {cores[1]})
        yield place
    finally:
        if len(cores) > 1:
            os.sched_setaffinity(0, cores)
        process.stdin.close()
        process.wait(5)
        process.stdout.close()


async def _measured(place: Place, quick: bool) -> list[Figure]:
    quotes = _QUICK_QUOTES if quick else _QUOTES
    paths: dict[str, Callable[[Place], Any]] = {"bare socket": _bare, "ours": _ours}
    with suppress(ImportError):
        import ccxt.pro  # noqa: F401

        paths["ccxt.pro"] = _ccxt
    taken: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(_QUICK_ROUNDS if quick else _ROUNDS):
        for name, path in paths.items():
            async with path(place):
                taken[name] += await _asked(place, f"/measure?count={quotes}")
    p50s = {name: percentiles(micros) for name, micros in taken.items()}
    name = "quote sent to order received, "
    found = [
        Figure(name=name + "bare socket", p50=p50s["bare socket"][0], p99=p50s["bare socket"][1]),
        Figure(name=name + "ours", p50=p50s["ours"][0], p99=p50s["ours"][1], goal=90.0),
    ]
    if "ccxt.pro" in p50s:
        p50, p99 = p50s["ccxt.pro"]
        found.append(Figure(name=name + "ccxt.pro", p50=p50, p99=p99))
        found.append(
            Figure(
                name=name + "ccxt.pro over ours",
                p50=p50 / p50s["ours"][0],
                p99=p99 / p50s["ours"][1],
                unit="x",
                goal=4.0,
                is_rate=True,
            )
        )
    p50, p99 = percentiles(await _reconnects(place, _QUICK_RECONNECTS if quick else _RECONNECTS))
    found.append(
        Figure(name="connection cut to fresh book", p50=p50, p99=p99, unit="ms", goal=1_000.0)
    )
    return found


async def _asked(place: Place, target: str) -> list[float]:
    """What the venue says; nobody of this process is in its way meanwhile."""
    at = urlsplit(place.rest)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    try:
        gc.collect()
        gc.freeze()
        gc.disable()
        writer.write(f"GET {target} HTTP/1.1\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n", 1)[0])
        said = json.loads(await reader.readexactly(length))
        return [float(micros) for micros in said] if isinstance(said, list) else []
    finally:
        gc.enable()
        gc.unfreeze()
        writer.close()


# --- the three paths ----------------------------------------------------------------------------


@asynccontextmanager
async def _ours(place: Place) -> AsyncIterator[None]:
    """Every quote has an edge: the engine opens a trade, whose Binance order is sent; then the
    trade is forgotten, which is not measured."""
    engine, route = engine_with_premium_route()
    gateway = _gateway(place)

    def on_event(event: Event) -> None:
        if type(event) is not BookQuote:
            return
        for intent in engine.step(event).intents:
            if isinstance(intent, PlaceOrder) and intent.venue == _VENUE:
                gateway.send((intent,), event.ts_ns)
        forget_trades(engine, route)

    await gateway.astart(on_event)
    try:
        yield
    finally:
        await gateway.astop()


def _gateway(place: Place) -> VenueGateway:
    """A gateway with nothing but quotes and orders, and no budget that would hold orders back."""
    made = create(api_key="sim-key", secret="sim-secret", rest_url=place.rest, ws_url=place.ws)
    plan = msgspec.structs.replace(
        made.plan,
        private=None,
        budgets=(),
        book_sync=None,
        account_fees=None,
        key_check=None,
        maintenance=None,
    )
    return VenueGateway(plan, symbols=[_SYMBOL], channels=(Channel.QUOTE,))


@asynccontextmanager
async def _ccxt(place: Place) -> AsyncIterator[None]:
    import ccxt.pro

    client = ccxt.pro.binanceusdm(
        {
            "apiKey": "sim-key",
            "secret": "sim-secret",
            "enableRateLimit": False,
            "options": {"fetchCurrencies": False},
        }
    )
    for name in tuple(client.urls["api"]):
        if name.startswith("fapi"):
            version = {"2": "v2", "3": "v3"}.get(name[-1], "v1")
            client.urls["api"][name] = f"{place.rest}/fapi/{version}"
    client.urls["api"]["ws"]["linear"] = f"{place.ws}/ws"
    symbol = "BTC/USDT:USDT"
    await client.load_markets()
    ids = count(time.time_ns() // 1_000_000)

    async def trade_forever() -> None:
        while True:
            quotes = await client.watch_bids_asks([symbol])
            price = quotes[symbol]["bid"]
            params = {"timeInForce": "IOC", "newClientOrderId": f"c{next(ids)}"}
            await client.create_order(symbol, "limit", "sell", 0.001, price, params)

    trading = asyncio.create_task(trade_forever())
    try:
        await asyncio.sleep(0.2)  # until it has subscribed
        yield
    finally:
        trading.cancel()
        with suppress(asyncio.CancelledError):
            await trading
        await client.close()


@asynccontextmanager
async def _bare(place: Place) -> AsyncIterator[None]:
    """A websocket whose callback writes the same bytes to another socket each time."""
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

    order = (
        b"POST /fapi/v1/order?newClientOrderId=c1 HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    at = urlsplit(place.rest)
    _, writer = await asyncio.open_connection(at.hostname, at.port)

    class Answering(WSListener):
        def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type is WSMsgType.TEXT:
                frame.get_payload_as_bytes()
                writer.write(order)

    transport, _ = await ws_connect(Answering, f"{place.ws}/public/ws")
    transport.send(WSMsgType.TEXT, b'{"method":"SUBSCRIBE","params":[],"id":1}')
    try:
        await asyncio.sleep(0.05)
        yield
    finally:
        transport.disconnect(graceful=False)
        await transport.wait_disconnected()
        writer.close()


async def _reconnects(place: Place, times: int) -> list[float]:
    """Milliseconds from the cut of a connection to the first quote after it, each on a gateway of
    its own: one that is cut again and again waits longer each time."""
    return [await _reconnect(place) for _ in range(times)]


async def _reconnect(place: Place) -> float:
    heard = asyncio.Event()

    def on_event(event: Event) -> None:
        if type(event) is BookQuote:
            heard.set()

    gateway = _gateway(place)
    await gateway.astart(on_event)
    try:
        await heard.wait()
        heard.clear()
        started_ns = time.monotonic_ns()
        await _asked(place, "/cut")
        await heard.wait()
        return (time.monotonic_ns() - started_ns) / 1e6
    finally:
        await gateway.astop()
