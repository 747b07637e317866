"""The Bybit simulator: its paths and sockets around the core; linear perpetuals and spot together.

REST is at `/v5`, one account with one wallet for both categories. Public topics come at
`/v5/public/linear` and `/v5/public/spot`, the account's at `/v5/private`, and orders may be sent at
`/v5/trade`. A socket on which nothing moves for ten minutes is cut. Facts, unless said otherwise:
bybit-exchange.github.io/docs/v5 (guide, ws/connect, rate-limit and the page of each endpoint), read
2026-11-22. The symbols of perpetuals and spot are the same, so faults name the core's:
`BTCUSDT` and `spot:BTCUSDT`.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from aiohttp import web

from arbitrage.sim.order_records import ClientIdRule
from arbitrage.sim.protocols.bybit_account import BybitAccount
from arbitrage.sim.protocols.bybit_auth import AccountCheck
from arbitrage.sim.protocols.bybit_errors import (
    TOO_MANY,
    BybitRefusal,
    answer,
    banned_answer,
    refused,
    told,
    trouble_answer,
)
from arbitrage.sim.protocols.bybit_log import TransactionLog
from arbitrage.sim.protocols.bybit_markets import Markets
from arbitrage.sim.protocols.bybit_orders import KEPT_REFUSALS
from arbitrage.sim.protocols.bybit_params import Params, read_body, read_query
from arbitrage.sim.protocols.bybit_private import PrivateSession, PrivateStream
from arbitrage.sim.protocols.bybit_quotes import BybitQuotes
from arbitrage.sim.protocols.bybit_session import IDLE_SECONDS, PublicSession
from arbitrage.sim.protocols.bybit_streams import PublicStreams
from arbitrage.sim.protocols.bybit_tolls import ORDERS_PER_SECOND, BybitTolls
from arbitrage.sim.protocols.bybit_trade import TradeSession
from arbitrage.sim.protocols.bybit_trading import TradingDesk
from arbitrage.sim.protocols.bybit_wire import Category, Ids, Json, ms
from arbitrage.sim.server import VenueServer
from arbitrage.sim.sim_socket import SimSocket
from arbitrage.sim.venue_core import SimVenueCore, VenueSetup

Handler = Callable[[Params], Json]


class Endpoint(NamedTuple):
    """One method of one path. `limit` is how often the account may ask a second, by category for
    orders; None for what anybody may ask."""

    method: str
    path: str
    handler: Handler
    limit: int | dict[Category, int] | None


class BybitProtocol:
    """Bybit v5 as its clients see it."""

    def __init__(self, setup: VenueSetup) -> None:
        self.core = core = SimVenueCore(
            setup, client_ids=ClientIdRule.FOREVER, kept_refusals=KEPT_REFUSALS
        )
        markets = Markets(core.instruments.values())
        ids = Ids(ms(core.now_ns))
        self._is_in_maintenance: Callable[[], bool] = lambda: False
        self._quotes = BybitQuotes(core, markets, lambda: self._is_in_maintenance())
        self._desk = TradingDesk(core, markets, ids)
        self._log = TransactionLog(core, markets, ids)
        self._account = BybitAccount(core, markets, setup.api_key)
        self._streams = {each: PublicStreams(core, markets, each) for each in Category}
        self._private = PrivateStream(core, markets, ids, self._account)
        self._check = AccountCheck(setup.api_key, setup.secret)
        self._tolls = BybitTolls()

    # --- what there is -------------------------------------------------------------------------

    def routes(self, server: VenueServer) -> Iterable[web.RouteDef]:
        """Every path of the venue that is simulated."""
        self._is_in_maintenance = lambda: server.faults.is_in_maintenance
        endpoints = [*self._public(), *self._orders(), *self._private_endpoints()]
        return [
            *(web.route(each.method, each.path, self._serve(each)) for each in endpoints),
            *(
                web.get(f"/v5/public/{each.value}", self._public_socket(server, each))
                for each in Category
            ),
            web.get("/v5/private", self._private_socket(server)),
            web.get("/v5/trade", self._trade_socket(server)),
        ]

    def _public(self) -> list[Endpoint]:
        quotes = self._quotes
        return [
            Endpoint("GET", "/v5/market/time", quotes.time, None),
            Endpoint("GET", "/v5/system/status", quotes.status, None),
            Endpoint("GET", "/v5/market/instruments-info", quotes.instruments, None),
            Endpoint("GET", "/v5/market/orderbook", quotes.book, None),
            Endpoint("GET", "/v5/market/tickers", quotes.tickers, None),
            Endpoint("GET", "/v5/market/recent-trade", quotes.trades, None),
            Endpoint("GET", "/v5/market/funding/history", quotes.funding_history, None),
        ]

    def _orders(self) -> list[Endpoint]:
        desk = self._desk
        return [
            Endpoint("POST", "/v5/order/create", desk.create, ORDERS_PER_SECOND),
            Endpoint("POST", "/v5/order/cancel", desk.cancel, ORDERS_PER_SECOND),
            Endpoint("POST", "/v5/order/cancel-all", desk.cancel_all, ORDERS_PER_SECOND),
            Endpoint("GET", "/v5/order/realtime", desk.realtime, 50),
            Endpoint("GET", "/v5/order/history", desk.history, 50),
            Endpoint("GET", "/v5/execution/list", desk.executions, 50),
        ]

    def _private_endpoints(self) -> list[Endpoint]:
        account = self._account
        return [
            Endpoint("GET", "/v5/account/wallet-balance", account.wallet, 50),
            Endpoint("GET", "/v5/account/transaction-log", self._log.listed, 30),
            Endpoint("GET", "/v5/account/fee-rate", account.fee_rate, 10),
            Endpoint("GET", "/v5/account/info", account.info, 50),
            Endpoint("GET", "/v5/position/list", account.positions, 50),
            Endpoint("POST", "/v5/position/set-leverage", account.set_leverage, 10),
            Endpoint("POST", "/v5/position/switch-mode", account.switch_mode, 10),
            Endpoint("GET", "/v5/user/query-api", account.key_info, 10),
            Endpoint("GET", "/v5/asset/coin/query-info", account.coins, 5),
        ]

    # --- requests ------------------------------------------------------------------------------

    def trouble(self, request: web.Request, status: int) -> web.Response:
        """The venue's answer to a request that is refused unseen. In maintenance its status page
        still answers."""
        if status == 503 and request.path == "/v5/system/status":
            return answer(told(self._quotes.status({}), self.core.now_ns))
        return trouble_answer(status, self.core.now_ns)

    def _serve(self, endpoint: Endpoint) -> Callable[..., Any]:
        async def serve(request: web.Request) -> web.Response:
            if not self._tolls.let_in(request.remote or "", self.core.now_ns):
                return banned_answer()
            signed = (
                (await request.read()).decode(errors="replace")
                if endpoint.method == "POST"
                else request.raw_path.partition("?")[2]
            )
            headers: dict[str, str] = {}
            try:
                content = told(self._obeyed(endpoint, request, signed, headers), self.core.now_ns)
            except BybitRefusal as refusal:
                content = refused(refusal, self.core.now_ns)
            response = answer(content)
            response.headers.update(headers)
            return response

        return serve

    def _obeyed(
        self, endpoint: Endpoint, request: web.Request, signed: str, headers: dict[str, str]
    ) -> Json:
        """The result of a request; `headers` takes those of its answer."""
        if endpoint.limit is not None:
            self._check.check(request.headers, signed, ms(self.core.now_ns))
        params = read_body(signed) if endpoint.method == "POST" else read_query(signed)
        if endpoint.limit is not None:
            name, limit = endpoint.path, endpoint.limit
            if isinstance(limit, dict):
                is_spot = params.get("category") == Category.SPOT.value
                category = Category.SPOT if is_spot else Category.LINEAR
                name, limit = f"{name} {category.value}", limit[category]
            budget = self._tolls.pay(name, limit, self.core.now_ns)
            headers.update(budget.headers)
            if not budget.is_left:
                raise BybitRefusal(TOO_MANY)
        return endpoint.handler(params)

    # --- sockets -------------------------------------------------------------------------------

    def _public_socket(self, server: VenueServer, category: Category) -> Callable[..., Any]:
        async def serve(request: web.Request) -> web.StreamResponse:
            socket = SimSocket(request, server.faults, idle_seconds=IDLE_SECONDS)
            session = PublicSession(socket, self._streams[category])
            try:
                return await server.serve_socket(socket, session.on_frame)
            finally:
                session.on_close()

        return serve

    def _private_socket(self, server: VenueServer) -> Callable[..., Any]:
        async def serve(request: web.Request) -> web.StreamResponse:
            socket = SimSocket(request, server.faults, idle_seconds=IDLE_SECONDS)
            session = PrivateSession(socket, self._private, self._check)
            self._private.join(session)
            try:
                return await server.serve_socket(socket, session.on_frame)
            finally:
                self._private.leave(session)

        return serve

    def _trade_socket(self, server: VenueServer) -> Callable[..., Any]:
        async def serve(request: web.Request) -> web.StreamResponse:
            socket = SimSocket(request, server.faults, idle_seconds=IDLE_SECONDS)
            session = TradeSession(
                socket, self.core, self._desk, self._check, self._tolls, server.faults
            )
            return await server.serve_socket(socket, session.on_frame)

        return serve
