"""The Binance spot simulator: its paths and sockets around the core.

REST is at `/api/v3`, market data at `/ws` and `/stream`, orders and the account's events at
`/ws-api/v3`; the venue pings every 20 seconds, wants a pong within 60, and closes after 24 hours.
Self-trades are prevented by expiring the maker. Facts, unless said otherwise:
github.com/binance/binance-spot-api-docs (rest-api.md, web-socket-streams.md, web-socket-api.md),
read 2026-11-22.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from aiohttp import web

from arbitrage.domain.units import NS_PER_MS
from arbitrage.sim.order_records import ClientIdRule
from arbitrage.sim.protocols.binance_auth import AccountCheck
from arbitrage.sim.protocols.binance_depth import DepthBook, UpdateCounter
from arbitrage.sim.protocols.binance_errors import BAN_SECONDS, trouble
from arbitrage.sim.protocols.binance_rest import (
    BinanceRest,
    Endpoint,
    Handler,
    Security,
    Weight,
    by_symbol,
)
from arbitrage.sim.protocols.binance_session import MarketSession
from arbitrage.sim.protocols.binance_spot_account import SpotAccount
from arbitrage.sim.protocols.binance_spot_errors import TROUBLE_WORDS
from arbitrage.sim.protocols.binance_spot_market import DIGITS, RATE_LIMITS
from arbitrage.sim.protocols.binance_spot_quotes import SpotQuotes, depth_weight
from arbitrage.sim.protocols.binance_spot_stream_events import SpotStreamEvents
from arbitrage.sim.protocols.binance_spot_stream_names import read_stream
from arbitrage.sim.protocols.binance_spot_trading import KEPT_REFUSALS, SpotDesk
from arbitrage.sim.protocols.binance_spot_user_stream import SpotUserStream
from arbitrage.sim.protocols.binance_spot_ws_api import CONNECTION_WEIGHT, WsApi, WsApiSession
from arbitrage.sim.protocols.binance_streams import MarketStreams
from arbitrage.sim.protocols.binance_tolls import BinanceTolls
from arbitrage.sim.protocols.binance_wallet import WalletApi
from arbitrage.sim.protocols.binance_wire import Figures, ms
from arbitrage.sim.server import VenueServer
from arbitrage.sim.sim_socket import SimSocket
from arbitrage.sim.venue_core import SimVenueCore, VenueSetup

PING_SECONDS: Final = 20.0
PONG_SECONDS: Final = 60.0
LIFE_SECONDS: Final = 86_400.0
MAX_MESSAGES_PER_SECOND: Final = 5
_WAIT_SECONDS: Final = 60
# Room for updates of an order book: numbers start from the time, and must not outrun it.
_UPDATES_PER_MS: Final = 1000
_EACH_WINDOW: Final = (1, 1)  # a new order counts in both windows of orders


class BinanceSpotProtocol:
    """Binance spot as its clients see it."""

    def __init__(self, setup: VenueSetup) -> None:
        self.core = core = SimVenueCore(
            setup, client_ids=ClientIdRule.AMONG_OPEN, kept_refusals=KEPT_REFUSALS
        )
        figures = {symbol: Figures(rules, DIGITS) for symbol, rules in core.instruments.items()}
        start = core.now_ns // NS_PER_MS * _UPDATES_PER_MS
        # Updates are numbered symbol by symbol, so that diffs follow one another without a gap.
        books = {symbol: DepthBook(UpdateCounter(start)) for symbol in core.instruments}
        check = AccountCheck(setup.api_key, setup.secret)
        self._tolls = BinanceTolls(RATE_LIMITS, TROUBLE_WORDS)
        self._rest = BinanceRest(core, check, self._tolls)
        self._wallet = WalletApi(core, check, TROUBLE_WORDS)
        self._symbols = {symbol.lower(): symbol for symbol in core.instruments}
        self._quotes = SpotQuotes(core, books, figures)
        self._account = SpotAccount(core, self._tolls)
        self._desk = SpotDesk(core, figures)
        self._streams = MarketStreams(core, books, SpotStreamEvents(core, books, figures))
        self._user = SpotUserStream(core, figures, self._desk.cancels)
        endpoints = [*self._public(), *self._orders(), *self._private()]
        self._endpoints = [endpoint for _, endpoint in endpoints]
        self._ws_api = WsApi(core, check, self._tolls, self._user, dict(endpoints))

    # --- what there is -------------------------------------------------------------------------

    def routes(self, server: VenueServer) -> Iterable[web.RouteDef]:
        """Every path of the venue that is simulated."""
        trade_fee = Endpoint("GET", "/sapi/v1/asset/tradeFee", self._account.trade_fees)
        return [
            *self._rest.routes(self._endpoints),
            *self._wallet.routes([trade_fee]),
            *(
                web.get(f"/{form}", self._market_socket(server))
                for form in ("ws", "ws/{names:.+}", "stream")
            ),
            web.get("/ws-api/v3", self._ws_api_socket(server)),
        ]

    def _public(self) -> list[tuple[str, Endpoint]]:
        """Endpoints with their names on the websocket API."""
        quotes = self._quotes
        listed: list[tuple[str, str, Handler, Weight]] = [
            ("ping", "ping", quotes.ping, 1),
            ("time", "time", quotes.time, 1),
            ("exchangeInfo", "exchangeInfo", quotes.exchange_info, 20),
            ("depth", "depth", quotes.depth, depth_weight),
            ("trades.recent", "trades", quotes.trades, 25),
            ("trades.aggregate", "aggTrades", quotes.agg_trades, 4),
            ("avgPrice", "avgPrice", quotes.average, 2),
            ("ticker.book", "ticker/bookTicker", quotes.book_ticker, by_symbol(2, 4)),
            ("ticker.24hr", "ticker/24hr", quotes.ticker, by_symbol(2, 80)),
            ("ticker.price", "ticker/price", quotes.price, by_symbol(2, 4)),
        ]
        return [
            (name, Endpoint("GET", f"/api/v3/{path}", handler, weight, Security.NONE))
            for name, path, handler, weight in listed
        ]

    def _orders(self) -> list[tuple[str, Endpoint]]:
        desk, order, open_orders = self._desk, "/api/v3/order", "/api/v3/openOrders"
        return [
            ("order.place", Endpoint("POST", order, desk.place, orders=_EACH_WINDOW)),
            ("order.test", Endpoint("POST", f"{order}/test", desk.test)),
            ("order.cancel", Endpoint("DELETE", order, desk.cancel)),
            ("openOrders.cancelAll", Endpoint("DELETE", open_orders, desk.cancel_all)),
            ("order.status", Endpoint("GET", order, desk.order, 4)),
            (
                "openOrders.status",
                Endpoint("GET", open_orders, desk.open_orders, by_symbol(6, 80)),
            ),
            ("allOrders", Endpoint("GET", "/api/v3/allOrders", desk.all_orders, 20)),
            ("myTrades", Endpoint("GET", "/api/v3/myTrades", desk.my_trades, 20)),
        ]

    def _private(self) -> list[tuple[str, Endpoint]]:
        account, path = self._account, "/api/v3/account"
        counts = Endpoint("GET", "/api/v3/rateLimit/order", account.order_counts, 40)
        return [
            ("account.status", Endpoint("GET", path, account.account, 20)),
            ("account.commission", Endpoint("GET", f"{path}/commission", account.commission, 20)),
            ("account.rateLimits.orders", counts),
        ]

    # --- requests ------------------------------------------------------------------------------

    def trouble(self, request: web.Request, status: int) -> web.Response:
        """The venue's answer to a request that is refused unseen."""
        told = self._wallet.status_in_maintenance(request, status)
        return (
            told
            or trouble(
                status,
                TROUBLE_WORDS,
                request.remote or "",
                now_ms=ms(self.core.now_ns),
                retry_after_seconds=BAN_SECONDS if status == 418 else _WAIT_SECONDS,
            ).answer()
        )

    # --- sockets -------------------------------------------------------------------------------

    def _socket(self, server: VenueServer, request: web.Request) -> SimSocket:
        return SimSocket(
            request,
            server.faults,
            life_seconds=LIFE_SECONDS,
            ping_seconds=PING_SECONDS,
            pong_seconds=PONG_SECONDS,
        )

    def _market_socket(self, server: VenueServer) -> Callable[..., Any]:
        async def serve(request: web.Request) -> web.StreamResponse:
            asked = request.match_info.get("names") or request.query.get("streams", "")
            socket = self._socket(server, request)
            session = MarketSession(
                socket,
                self.core,
                self._streams,
                partial(read_stream, symbols=self._symbols),
                is_combined=request.path == "/stream",
                names=[name for name in asked.split("/") if name],
                max_messages_per_second=MAX_MESSAGES_PER_SECOND,
            )
            try:
                return await server.serve_socket(socket, session.on_frame, session.on_open)
            finally:
                session.on_close()

        return serve

    def _ws_api_socket(self, server: VenueServer) -> Callable[..., Any]:
        async def serve(request: web.Request) -> web.StreamResponse:
            paid = self._tolls.pay(
                request.remote or "", weight=CONNECTION_WEIGHT, now_ns=self.core.now_ns
            )
            if paid.trouble is not None:
                return paid.trouble.answer()
            socket = self._socket(server, request)
            shows_limits = request.query.get("returnRateLimits", "true") == "true"
            session = WsApiSession(socket, self._ws_api, shows_limits=shows_limits)
            try:
                return await server.serve_socket(socket, session.on_frame)
            finally:
                session.on_close()

        return serve
