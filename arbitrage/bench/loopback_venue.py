"""A venue that only measures: it sends a best quote and stamps the moment an order's bytes arrive.

It runs in a process of its own, speaks just enough of Binance USD-M for a gateway and for ccxt to
start, and costs as little as a socket can, so that what it measures is its client. The first line
it prints is its ports. Orders: `GET /measure?count=N` sends N quotes one after the other, each at
least `PAUSE_SECONDS` after the one before and once that was answered by an order, and answers with
the microseconds that each order took. `GET /cut` ends every websocket.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Final, cast

from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    ws_create_server,
)

HOST: Final = "127.0.0.1"
SYMBOL: Final = "BTCUSDT"
PAUSE_SECONDS: Final = 0.0005
_LOST_SECONDS: Final = 0.25
_ID_KEY: Final = b"newClientOrderId="
_BID: Final = 102_000.0

_INSTRUMENT: Final = {
    "symbol": SYMBOL,
    "pair": SYMBOL,
    "contractType": "PERPETUAL",
    "deliveryDate": 4133404800000,
    "onboardDate": 1569398400000,
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 2,
    "quantityPrecision": 3,
    "baseAssetPrecision": 8,
    "quotePrecision": 8,
    "underlyingType": "COIN",
    "maintMarginPercent": "2.5000",
    "requiredMarginPercent": "5.0000",
    "orderTypes": ["LIMIT", "MARKET"],
    "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.1", "maxPrice": "9999999", "tickSize": "0.1"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
    ],
}


def quote(number: int) -> bytes:
    """Best quote number `number`, each a little different, as Binance USD-M sends it on an address
    of one stream; on one of several it is `enveloped`."""
    bid = _BID + number % 50 / 10
    now_ms = time.time_ns() // 1_000_000
    return (
        f'{{"e":"bookTicker","u":{now_ms * 1_000 + number % 1_000},"s":"{SYMBOL}","b":"{bid:.1f}",'
        f'"B":"31.210","a":"{bid + 0.1:.1f}","A":"40.660","T":{now_ms},"E":{now_ms}}}'
    ).encode()


def enveloped(quote: bytes) -> bytes:
    return b'{"stream":"btcusdt@bookTicker","data":%b}' % quote


class Bench:
    """What is measured now, and who is connected, with what a quote is put into for each."""

    def __init__(self) -> None:
        self.sockets: dict[WSTransport, Callable[[bytes], bytes]] = {}
        self.sent_ns = 0
        self.micros: list[float] = []
        self.arrived = asyncio.Event()

    def order_arrived(self, now_ns: int) -> None:
        if self.sent_ns:
            self.micros.append((now_ns - self.sent_ns) / 1_000)
            self.sent_ns = 0
            self.arrived.set()

    async def measure(self, count: int) -> list[float]:
        """Send `count` quotes and collect what came of them; one that leads to no order in time
        is left out."""
        self.micros = []
        for number in range(count):
            plain = quote(number)
            frames = [(socket, wrap(plain)) for socket, wrap in self.sockets.items()]
            self.arrived.clear()
            self.sent_ns = time.monotonic_ns()
            for socket, frame in frames:
                socket.send(WSMsgType.TEXT, frame)
            try:
                await asyncio.wait_for(self.arrived.wait(), _LOST_SECONDS)
            except TimeoutError:
                self.sent_ns = 0
            await asyncio.sleep(PAUSE_SECONDS)
        return self.micros

    def cut(self) -> None:
        for socket in tuple(self.sockets):
            socket.disconnect(graceful=False)


class MarketSocket(WSListener):
    """One client's websocket: subscriptions are acknowledged, and a quote is sent at once."""

    def __init__(self, bench: Bench, wrap: Callable[[bytes], bytes]) -> None:
        super().__init__()
        self._bench = bench
        self._wrap = wrap

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is not WSMsgType.TEXT:
            return
        said = json.loads(frame.get_payload_as_bytes())
        transport.send(WSMsgType.TEXT, json.dumps({"result": None, "id": said["id"]}).encode())
        transport.send(WSMsgType.TEXT, self._wrap(quote(0)))
        self._bench.sockets[transport] = self._wrap

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._bench.sockets.pop(transport, None)


class OrderDoor(asyncio.Protocol):
    """One keep-alive HTTP connection; the head of a request comes whole in one read."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._transport: asyncio.WriteTransport | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        if data.startswith(b"POST /fapi/v1/order"):
            self._bench.order_arrived(now_ns)
            self._answer(_order(data))
        elif data.startswith(b"GET /measure"):
            count = int(data.split(b"count=", 1)[1].split(b" ", 1)[0])
            self._task = asyncio.ensure_future(self._measured(count))
        elif data.startswith(b"GET /cut"):
            self._bench.cut()
            self._answer(b"{}")
        elif data.startswith(b"GET /"):
            self._answer(_told(data.split(b" ", 2)[1].partition(b"?")[0].decode()))

    async def _measured(self, count: int) -> None:
        self._answer(json.dumps(await self._bench.measure(count)).encode())

    def _answer(self, body: bytes) -> None:
        assert self._transport is not None
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )


def _order(data: bytes) -> bytes:
    """The order of a request as carried out: expired without a fill, so that nothing is left."""
    client_id = data.partition(_ID_KEY)[2].split(b"&", 1)[0].split(b" ", 1)[0].decode()
    order = {
        "orderId": 1,
        "symbol": SYMBOL,
        "status": "EXPIRED",
        "clientOrderId": client_id,
        "price": "102000.0",
        "avgPrice": "0.00",
        "origQty": "0.001",
        "executedQty": "0",
        "cumQty": "0",
        "cumQuote": "0",
        "timeInForce": "IOC",
        "type": "LIMIT",
        "reduceOnly": False,
        "closePosition": False,
        "side": "SELL",
        "positionSide": "BOTH",
        "updateTime": time.time_ns() // 1_000_000,
    }
    return json.dumps(order).encode()


def _told(path: str) -> bytes:
    """The answer to a question about the venue."""
    now_ms = time.time_ns() // 1_000_000
    answers: dict[str, object] = {
        "/fapi/v1/time": {"serverTime": now_ms},
        "/fapi/v1/exchangeInfo": {
            "timezone": "UTC",
            "serverTime": now_ms,
            "rateLimits": [],
            "exchangeFilters": [],
            "assets": [{"asset": "USDT", "marginAvailable": True}],
            "symbols": [_INSTRUMENT],
        },
    }
    return json.dumps(answers.get(path, {})).encode()


async def serve() -> None:
    """Listen on free ports, print them, and go on until standard input ends."""
    bench = Bench()

    def listener(request: WSUpgradeRequest) -> WSListener:
        return MarketSocket(bench, bytes if request.path.endswith(b"/ws") else enveloped)

    sockets = await ws_create_server(listener, HOST, 0)
    loop = asyncio.get_running_loop()
    doors = await loop.create_server(lambda: OrderDoor(bench), HOST, 0)
    ports = [each.sockets[0].getsockname()[1] for each in (sockets, doors)]
    sys.stdout.write(
        json.dumps({"ws": f"ws://{HOST}:{ports[0]}", "rest": f"http://{HOST}:{ports[1]}"})
    )
    sys.stdout.write("\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
