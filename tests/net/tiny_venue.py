"""The made-up venue itself: a real web server with orders, balances, sockets, and faults on demand.

A fault is set by the test for the next requests of a path: hang, drop before or after the request
was carried out, or answer with a status.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

D = Decimal
MARKETS = [
    {"symbol": "BTC-USD", "base": "BTC", "quote": "USD", "kind": "spot"},
    {"symbol": "ETH-USD", "base": "ETH", "quote": "USD", "kind": "spot"},
    {"symbol": "BTC-PERP", "base": "BTC", "quote": "USD", "kind": "perpetual"},
]
PRICE = D(100)
FEE = D("0.001")


class TinyVenue:
    """One venue with one account. IOC orders fill whole at their price, others rest."""

    def __init__(self) -> None:
        self.url = self.ws = ""
        self.orders: dict[str, dict[str, Any]] = {}
        self.balances: dict[str, Decimal] = {"USD": D(10_000), "BTC": D(1)}
        self.positions: dict[str, Decimal] = {}
        self.seq = 1
        self.book = {"b": [[99.0, 1.0]], "a": [[101.0, 1.0]]}
        self.faults: dict[str, list[str]] = defaultdict(list)
        self.calls: list[str] = []
        self.headers: dict[str, str] = {}
        self.bodies: dict[str, bytes] = {}
        self.clock_ahead_ns = 0
        self.fills = True
        self.tells = True
        self.market: list[web.WebSocketResponse] = []
        self.private: list[web.WebSocketResponse] = []
        self.subscriptions: list[list[str]] = []
        self.tokens: list[str] = []
        self.greets = False
        self.rights: dict[str, bool] = {"trade": True, "withdraw": False}
        self.maintenance = ""
        self.desk: list[web.WebSocketResponse] = []
        self.desk_said: list[dict[str, Any]] = []
        self.login = "accepted"
        self.kept_alive = 0
        self.refuses_sockets: set[str] = set()
        self.talks: set[Any] = set()
        self.over = asyncio.Event()

    # --- requests -----------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name = f"{request.method} {request.path}"
        self.calls.append(name)
        if request.path in ("/market", "/private"):
            return await self.socket(request)
        if request.path == "/desk":
            return await self.order_socket(request)
        fault = self.faults[name].pop(0) if self.faults[name] else ""
        if fault == "hang":
            await self.over.wait()
        if fault == "before":
            return self.drop(request)
        if fault.isdigit():
            headers = {"Retry-After-Ms": "150"} if fault in ("429", "418") else {}
            return web.json_response({"error": fault}, status=int(fault), headers=headers)
        if name in self.bodies:
            return web.Response(body=self.bodies[name])
        status, body = self.carry_out(name, request.query)
        if fault == "after":
            return self.drop(request)
        if fault == "late":
            await self.over.wait()
        return web.json_response(body, status=status, headers=self.headers)

    @staticmethod
    def drop(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    def carry_out(self, name: str, query: Any) -> tuple[int, Any]:
        match name:
            case "GET /time":
                return 200, {"t": time.time_ns() + self.clock_ahead_ns}
            case "GET /markets":
                return 200, MARKETS
            case "GET /book":
                return 200, {"seq": self.seq, **self.book}
            case "GET /rights":
                return 200, self.rights
            case "GET /maintenance":
                return 200, {"why": self.maintenance}
            case "GET /fee":
                return 200, {"bps": 7.5}
            case "GET /account":
                return 200, {"balances": _texts(self.balances), "positions": _texts(self.positions)}
            case "GET /positions":
                return 200, [[symbol, str(qty), "90"] for symbol, qty in self.positions.items()]
            case "POST /session":
                self.tokens.append(f"token{len(self.tokens)}")
                return 200, {"token": self.tokens[-1]}
            case "PUT /session":
                self.kept_alive += 1
                return 200, {}
        return self.order_call(name, query)

    def order_call(self, name: str, query: Any) -> tuple[int, Any]:
        match name:
            case "POST /order":
                return self.place(query)
            case "DELETE /order" | "GET /order":
                order = self.orders.get(query["id"])
                if order is None:
                    return 404, {"error": "no_such_order"}
                if name == "DELETE /order" and order["status"] == "open":
                    order["status"] = "canceled"
                    self.tell(order)
                return 200, order
            case "GET /open" | "GET /orders":
                return 200, [
                    order
                    for order in self.orders.values()
                    if query["symbol"] in ("", order["symbol"])
                    and (name == "GET /orders" or order["status"] == "open")
                ]
        return 404, {"error": "no_such_path"}

    def place(self, query: Any) -> tuple[int, Any]:
        if query["id"] in self.orders:
            return 400, {"error": "duplicate_id"}
        if D(query["qty"]) > 1000:
            return 400, {"error": "too_large"}
        order = {
            "ch": "order",
            "id": query["id"],
            "symbol": query["symbol"],
            "side": query["side"],
            "qty": query["qty"],
            "status": "open",
            "filled": "0",
            "cost": "0",
        }
        self.orders[query["id"]] = order
        if query["tif"] == "ioc" and self.fills:
            self.fill(order, D(query["qty"]), D(query["price"]))
        elif query["tif"] == "ioc":
            order["status"] = "canceled"
            self.tell(order)
        return 200, order

    def fill(self, order: dict[str, Any], qty: Decimal, price: Decimal = PRICE) -> None:
        """Fill an order and move the money; the account stream tells of it."""
        cost, sign = qty * price, 1 if order["side"] == "buy" else -1
        fee = cost * FEE
        order["filled"] = str(D(order["filled"]) + qty)
        order["cost"] = str(D(order["cost"]) + cost)
        order["fee"] = str(D(order.get("fee", "0")) + fee)
        if D(order["filled"]) == D(order["qty"]):
            order["status"] = "filled"
        self.balances["USD"] -= fee
        if order["symbol"].endswith("PERP"):
            held = self.positions.get(order["symbol"], D(0)) + sign * qty
            self.positions[order["symbol"]] = held
        else:
            self.balances["USD"] -= sign * cost
            base = order["symbol"].partition("-")[0]
            self.balances[base] = self.balances.get(base, D(0)) + sign * qty
        self.tell(order)

    def strange_order(self, **fields: str) -> dict[str, Any]:
        """An order that someone else made on the account."""
        order = {
            "ch": "order",
            "id": "stranger",
            "symbol": "BTC-USD",
            "side": "buy",
            "qty": "1",
            "status": "open",
            "filled": "0",
            "cost": "0",
            **fields,
        }
        self.orders[order["id"]] = order
        return order

    # --- sockets ------------------------------------------------------------------------------

    async def socket(self, request: web.Request) -> web.StreamResponse:
        if request.path in self.refuses_sockets:
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        is_market = request.path == "/market"
        sockets = self.market if is_market else self.private
        sockets.append(socket)
        if not is_market and request.query.get("token") != self.tokens[-1]:
            await socket.close(code=1008, message=b"bad token")
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            wanted = msgspec.json.decode(message.data)["sub"]
            self.subscriptions.append(wanted)
            await socket.send_str('{"ch":"ack"}')
            for one in wanted if self.greets else ():
                said = {"ch": "book", "s": one.partition(":")[2], "seq": self.seq, **self.book}
                await socket.send_str(msgspec.json.encode(said).decode())
        sockets.remove(socket)
        return socket

    async def order_socket(self, request: web.Request) -> web.StreamResponse:
        """Orders by websocket: a login first, then each text is a request and has an answer."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.desk.append(socket)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            said = msgspec.json.decode(message.data)
            self.desk_said.append(said)
            if "login" in said:
                await socket.send_str(f'{{"ch":"{self.login}"}}')
                continue
            fault = (
                self.faults["WS " + said["do"]].pop(0) if self.faults["WS " + said["do"]] else ""
            )
            if fault == "before":
                break
            status, body = self.carry_out(said["do"], said["query"])
            if fault == "after":
                break
            if fault != "late":
                answer = {"re": said["re"], "status": status, "body": body}
                await socket.send_str(msgspec.json.encode(answer).decode())
        self.desk.remove(socket)
        return socket

    async def push(self, said: dict[str, Any] | bytes, *, private: bool = False) -> None:
        text = said if isinstance(said, bytes) else msgspec.json.encode(said)
        for socket in tuple(self.private if private else self.market):
            await socket.send_str(text.decode())

    async def push_book(self, symbol: str = "BTC-USD", **levels: Sequence[Any]) -> None:
        self.seq += 1
        await self.push({"ch": "book", "s": symbol, "seq": self.seq, **self.book, **levels})

    async def push_diff(self, symbol: str = "BTC-USD", *, skip: int = 0, **sides: Any) -> None:
        prev = self.seq + skip
        self.seq = prev + 1
        said = {"ch": "diff", "s": symbol, "seq": self.seq, "prev": prev, "b": [], "a": []}
        await self.push(said | sides)

    def tell(self, order: dict[str, Any]) -> None:
        if self.tells:
            self.say(dict(order))

    def say(self, said: dict[str, Any]) -> None:
        """Send on the account stream without waiting."""
        task = asyncio.ensure_future(self.push(said, private=True))
        self.talks.add(task)
        task.add_done_callback(self.talks.discard)

    def count(self, call: str) -> int:
        return self.calls.count(call)


def _texts(amounts: dict[str, Decimal]) -> dict[str, str]:
    return {name: str(amount) for name, amount in amounts.items()}


@asynccontextmanager
async def tiny_venue() -> AsyncIterator[TinyVenue]:
    venue = TinyVenue()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", venue.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    venue.url, venue.ws = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"
    try:
        yield venue
    finally:
        venue.over.set()
        for socket in (*venue.market, *venue.private, *venue.desk):
            await socket.close()
        await runner.cleanup()
