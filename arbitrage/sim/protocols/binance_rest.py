"""Binance's REST, spot and futures alike: a request pays its toll, shows its key and signature, and
is answered, in this order."""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, NamedTuple

from aiohttp import web

from arbitrage.sim.protocols.binance_auth import AccountCheck, Params, read_params, sent_text
from arbitrage.sim.protocols.binance_errors import BinanceRefusal, error_answer
from arbitrage.sim.protocols.binance_tolls import BinanceTolls
from arbitrage.sim.protocols.binance_wire import encode, ms
from arbitrage.sim.venue_core import SimVenueCore

Handler = Callable[[Params], Any]
Weight = int | Callable[[Params], int]


class Security(Enum):
    """What a request must bring: nothing, a key, or a key and a signature."""

    NONE = "none"
    KEY = "key"
    SIGNED = "signed"


class Endpoint(NamedTuple):
    """One thing that can be asked. `orders` are what it counts in each window of orders."""

    method: str
    path: str
    handler: Handler
    weight: Weight = 1
    security: Security = Security.SIGNED
    orders: tuple[int, ...] = ()

    def cost(self, params: Params) -> int:
        return self.weight if isinstance(self.weight, int) else self.weight(params)


def by_symbol(one: int, every: int) -> Callable[[Params], int]:
    """The weight of an endpoint that answers for one market or for all."""
    return lambda params: one if "symbol" in params else every


class BinanceRest:
    """Serves endpoints; the budgets are `tolls`."""

    def __init__(self, core: SimVenueCore, check: AccountCheck, tolls: BinanceTolls) -> None:
        self._core = core
        self._check = check
        self._tolls = tolls

    def routes(self, endpoints: Iterable[Endpoint]) -> list[web.RouteDef]:
        return [web.route(each.method, each.path, self._serve(each)) for each in endpoints]

    def _serve(self, endpoint: Endpoint) -> Callable[..., Any]:
        async def answer(request: web.Request) -> web.Response:
            query = request.raw_path.partition("?")[2]
            body = (await request.read()).decode(errors="replace")
            try:
                params = read_params(query, body)
            except BinanceRefusal as refusal:
                return error_answer(refusal.status, refusal.code, refusal.message)
            paid = self._tolls.pay(
                request.remote or "",
                weight=endpoint.cost(params),
                orders=endpoint.orders,
                now_ns=self._core.now_ns,
            )
            if paid.trouble is not None:
                told = paid.trouble.answer()
            else:
                told = self._told(request, endpoint, sent_text(query, body), params)
            told.headers.update(paid.headers())
            return told

        return answer

    def _told(
        self, request: web.Request, endpoint: Endpoint, text: str, params: Params
    ) -> web.Response:
        """The answer of an endpoint to a request that may be refused for its key or signature."""
        try:
            if endpoint.security is not Security.NONE:
                self._check.check_key(request.headers.get("X-MBX-APIKEY", ""))
            if endpoint.security is Security.SIGNED:
                self._check.check(text, params, ms(self._core.now_ns))
            content = encode(endpoint.handler(params))
        except BinanceRefusal as refusal:
            return error_answer(refusal.status, refusal.code, refusal.message)
        return web.Response(body=content, content_type="application/json")
