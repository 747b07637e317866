"""The Binance USD-M simulator: its paths and sockets around the core.

REST is at `/fapi`. Market data comes at `/public` and `/market`, the user stream at `/private`,
each as `/ws` or, combined, as `/stream`; the venue pings every 3 minutes, wants a pong within 10,
and closes after 24 hours. Facts, unless said otherwise:
developers.binance.com/docs/derivatives/usds-margined-futures (general-info, Connect and the page of
each endpoint), read 2026-11-22.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Final, NamedTuple

from aiohttp import web

from arbitrage.domain.units import NS_PER_MS
from arbitrage.sim.order_records import ClientIdRule
from arbitrage.sim.protocols.binance_usdm_account import UsdmAccount
from arbitrage.sim.protocols.binance_usdm_auth import AccountCheck, Params, read_params
from arbitrage.sim.protocols.binance_usdm_depth import DepthBook, UpdateCounter
from arbitrage.sim.protocols.binance_usdm_errors import (
    BAN_SECONDS,
    BinanceRefusal,
    error_answer,
    trouble_answer,
)
from arbitrage.sim.protocols.binance_usdm_income import UsdmHistory
from arbitrage.sim.protocols.binance_usdm_quotes import (
    UsdmQuotes,
    Weight,
    by_symbol,
    depth_weight,
)
from arbitrage.sim.protocols.binance_usdm_session import MarketSession
from arbitrage.sim.protocols.binance_usdm_stream_names import Path
from arbitrage.sim.protocols.binance_usdm_streams import MarketStreams
from arbitrage.sim.protocols.binance_usdm_tolls import UsdmTolls
from arbitrage.sim.protocols.binance_usdm_trading import TradingDesk
from arbitrage.sim.protocols.binance_usdm_user_stream import UserSession, UserStream
from arbitrage.sim.protocols.binance_usdm_wire import Figures, encode, ms
from arbitrage.sim.server import VenueServer
from arbitrage.sim.sim_socket import SimSocket
from arbitrage.sim.venue_core import SimVenueCore, VenueSetup

PING_SECONDS: Final = 180.0
PONG_SECONDS: Final = 600.0
LIFE_SECONDS: Final = 86_400.0
_KEY_CHECK_SECONDS: Final = 1.0
_WAIT_SECONDS: Final = 60
# Room for updates of the order book: numbers start from the time, and must not outrun it.
_UPDATES_PER_MS: Final = 1000

Handler = Callable[[Params], Any]


class Security(Enum):
    """What a request must bring: nothing, a key, or a key and a signature."""

    NONE = "none"
    KEY = "key"
    SIGNED = "signed"


class Endpoint(NamedTuple):
    """One method of one path. `orders` are what it counts in the windows of 10 s and of 1 min."""

    method: str
    path: str
    handler: Handler
    weight: Weight = 1
    security: Security = Security.SIGNED
    orders: tuple[int, int] = (0, 0)


class BinanceUsdmProtocol:
    """Binance USD-M futures as their clients see them."""

    def __init__(self, setup: VenueSetup) -> None:
        self.core = core = SimVenueCore(setup, client_ids=ClientIdRule.AMONG_OPEN)
        figures = {symbol: Figures(rules) for symbol, rules in core.instruments.items()}
        counter = UpdateCounter(core.now_ns // NS_PER_MS * _UPDATES_PER_MS)
        books = {symbol: DepthBook(counter) for symbol in core.instruments}
        self._quotes = UsdmQuotes(core, books, figures)
        self._history = UsdmHistory(core)
        self._account = UsdmAccount(core, figures)
        self._desk = TradingDesk(core, figures)
        self._streams = MarketStreams(core, books, figures)
        self._user = UserStream(core, figures)
        self._check = AccountCheck(setup.api_key, setup.secret)
        self._tolls = UsdmTolls()

    # --- what there is -------------------------------------------------------------------------

    def routes(self, server: VenueServer) -> Iterable[web.RouteDef]:
        """Every path of the venue that is simulated."""
        endpoints = [*self._public(), *self._orders(), *self._private(), *self._settings()]
        return [
            *(web.route(each.method, each.path, self._serve(each)) for each in endpoints),
            *(
                web.get(f"/{path.value}/{form}", self._market_socket(server, path))
                for path in Path
                for form in ("ws", "ws/{names:.+}", "stream")
            ),
            *(
                web.get(f"/private/{form}", self._user_socket(server))
                for form in ("ws", "ws/{key}", "stream")
            ),
        ]

    def _public(self) -> list[Endpoint]:
        quotes = self._quotes
        listed: list[tuple[str, Handler, Weight]] = [
            ("/fapi/v1/ping", quotes.ping, 1),
            ("/fapi/v1/time", quotes.time, 1),
            ("/fapi/v1/exchangeInfo", quotes.exchange_info, 1),
            ("/fapi/v1/depth", quotes.depth, depth_weight),
            ("/fapi/v1/trades", quotes.trades, 5),
            ("/fapi/v1/aggTrades", quotes.agg_trades, 20),
            ("/fapi/v1/ticker/bookTicker", quotes.book_ticker, by_symbol(2, 5)),
            ("/fapi/v1/ticker/24hr", quotes.ticker, by_symbol(1, 40)),
            ("/fapi/v1/ticker/price", quotes.price, by_symbol(1, 2)),
            ("/fapi/v2/ticker/price", quotes.price, by_symbol(1, 2)),
            ("/fapi/v1/premiumIndex", quotes.premium_index, by_symbol(1, 10)),
            ("/fapi/v1/fundingRate", self._history.funding_rates, 1),
            ("/fapi/v1/fundingInfo", quotes.funding_info, 1),
        ]
        return [
            Endpoint("GET", path, handler, weight, Security.NONE)
            for path, handler, weight in listed
        ]

    def _orders(self) -> list[Endpoint]:
        desk, order, batch = self._desk, "/fapi/v1/order", "/fapi/v1/batchOrders"
        return [
            Endpoint("POST", order, desk.place, 0, orders=(1, 1)),
            Endpoint("POST", batch, desk.place_batch, 5, orders=(5, 1)),
            Endpoint("DELETE", order, desk.cancel),
            Endpoint("DELETE", batch, desk.cancel_batch),
            Endpoint("DELETE", "/fapi/v1/allOpenOrders", desk.cancel_all),
            Endpoint("GET", order, desk.order),
            Endpoint("GET", "/fapi/v1/openOrder", desk.open_order),
            Endpoint("GET", "/fapi/v1/openOrders", desk.open_orders, by_symbol(1, 40)),
            Endpoint("GET", "/fapi/v1/allOrders", desk.all_orders, 5),
            Endpoint("GET", "/fapi/v1/userTrades", desk.user_trades, 5),
        ]

    def _private(self) -> list[Endpoint]:
        account, user, key = self._account, self._user, "/fapi/v1/listenKey"
        return [
            Endpoint("GET", "/fapi/v2/account", account.account_v2, 5),
            Endpoint("GET", "/fapi/v3/account", account.account, 5),
            Endpoint("GET", "/fapi/v2/balance", account.balance, 5),
            Endpoint("GET", "/fapi/v3/balance", account.balance, 5),
            Endpoint("GET", "/fapi/v2/positionRisk", account.position_risk_v2, 5),
            Endpoint("GET", "/fapi/v3/positionRisk", account.position_risk, 5),
            Endpoint("GET", "/fapi/v1/income", self._history.income, 30),
            Endpoint("POST", key, user.open_key, security=Security.KEY),
            Endpoint("PUT", key, user.keep_key, security=Security.KEY),
            Endpoint("DELETE", key, user.close_key, security=Security.KEY),
        ]

    def _settings(self) -> list[Endpoint]:
        account, mode = self._account, "/fapi/v1/positionSide/dual"
        return [
            Endpoint("GET", "/fapi/v1/accountConfig", account.config, 5),
            Endpoint("GET", "/fapi/v1/symbolConfig", account.symbol_config, 5),
            Endpoint("GET", "/fapi/v1/leverageBracket", account.leverage_brackets),
            Endpoint("GET", "/fapi/v1/commissionRate", account.commission_rate, 20),
            Endpoint("GET", mode, account.position_mode, 30),
            Endpoint("POST", mode, account.set_position_mode),
            Endpoint("POST", "/fapi/v1/leverage", account.set_leverage),
            Endpoint("POST", "/fapi/v1/marginType", account.set_margin_type),
        ]

    # --- requests ------------------------------------------------------------------------------

    def trouble(self, request: web.Request, status: int) -> web.Response:
        """The venue's answer to a request that is refused unseen."""
        return trouble_answer(
            status,
            request.remote or "",
            now_ms=ms(self.core.now_ns),
            retry_after_seconds=BAN_SECONDS if status == 418 else _WAIT_SECONDS,
        )

    def _serve(self, endpoint: Endpoint) -> Callable[..., Any]:
        async def answer(request: web.Request) -> web.Response:
            query = request.raw_path.partition("?")[2]
            body = (await request.read()).decode(errors="replace")
            try:
                params = read_params(query, body)
            except BinanceRefusal as refusal:
                return error_answer(refusal.status, refusal.code, refusal.message)
            weight = (
                endpoint.weight if isinstance(endpoint.weight, int) else endpoint.weight(params)
            )
            headers, told = self._tolls.pay(
                request.remote or "",
                weight=weight if isinstance(weight, int) else weight(params),
                orders=endpoint.orders,
                now_ns=self.core.now_ns,
            )
            if told is None:
                told = self._told(request, endpoint, query, body, params)
            told.headers.update(headers)
            return told

        return answer

    def _told(
        self, request: web.Request, endpoint: Endpoint, query: str, body: str, params: Params
    ) -> web.Response:
        """The answer of an endpoint to a request that may be refused for its key or signature."""
        try:
            if endpoint.security is not Security.NONE:
                self._check.check_key(request.headers.get("X-MBX-APIKEY", ""))
            if endpoint.security is Security.SIGNED:
                self._check.check(query, body, params, ms(self.core.now_ns))
            content = encode(endpoint.handler(params))
        except BinanceRefusal as refusal:
            return error_answer(refusal.status, refusal.code, refusal.message)
        return web.Response(body=content, content_type="application/json")

    # --- sockets -------------------------------------------------------------------------------

    def _socket(self, server: VenueServer, request: web.Request) -> SimSocket:
        return SimSocket(
            request,
            server.faults,
            life_seconds=LIFE_SECONDS,
            ping_seconds=PING_SECONDS,
            pong_seconds=PONG_SECONDS,
        )

    def _market_socket(self, server: VenueServer, path: Path) -> Callable[..., Any]:
        async def serve(request: web.Request) -> web.StreamResponse:
            is_combined = request.path.endswith("/stream")
            asked = request.match_info.get("names") or request.query.get("streams", "")
            socket = self._socket(server, request)
            session = MarketSession(
                socket,
                self.core,
                self._streams,
                path,
                is_combined=is_combined,
                names=[name for name in asked.split("/") if name],
            )
            try:
                return await server.serve_socket(socket, session.on_frame, session.on_open)
            finally:
                session.on_close()

        return serve

    def _user_socket(self, server: VenueServer) -> Callable[..., Any]:
        async def serve(request: web.Request) -> web.StreamResponse:
            is_combined = request.path.endswith("/stream")
            key = request.match_info.get("key") or request.query.get("listenKey", "")
            events = request.query.get("events", "")
            socket = self._socket(server, request)
            session = UserSession(
                socket,
                self.core,
                key,
                is_combined=is_combined,
                events=frozenset(name for name in events.split("/") if name),
            )
            self._user.join(session)
            socket.every(_KEY_CHECK_SECONDS, self._user.expire)
            try:
                return await server.serve_socket(socket, session.on_frame)
            finally:
                self._user.leave(session)

        return serve
