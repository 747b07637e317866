"""The Binance USD-M simulator: its paths and sockets around the core.

REST is at `/fapi`. Market data comes at `/public` and `/market`, the user stream at `/private`,
each as `/ws` or, combined, as `/stream`; the venue pings every 3 minutes, wants a pong within 10,
and closes after 24 hours. Facts, unless said otherwise:
developers.binance.com/docs/derivatives/usds-margined-futures (general-info, Connect and the page of
each endpoint), read 2026-11-22.
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
from arbitrage.sim.protocols.binance_streams import MarketStreams
from arbitrage.sim.protocols.binance_tolls import BinanceTolls
from arbitrage.sim.protocols.binance_usdm_account import UsdmAccount
from arbitrage.sim.protocols.binance_usdm_errors import TROUBLE_WORDS
from arbitrage.sim.protocols.binance_usdm_income import UsdmHistory
from arbitrage.sim.protocols.binance_usdm_market import RATE_LIMITS
from arbitrage.sim.protocols.binance_usdm_quotes import UsdmQuotes, depth_weight
from arbitrage.sim.protocols.binance_usdm_stream_events import UsdmStreamEvents
from arbitrage.sim.protocols.binance_usdm_stream_names import Path, read_stream
from arbitrage.sim.protocols.binance_usdm_trading import TradingDesk
from arbitrage.sim.protocols.binance_usdm_user_stream import UserSession, UserStream
from arbitrage.sim.protocols.binance_wallet import WalletApi
from arbitrage.sim.protocols.binance_wire import Figures, ms
from arbitrage.sim.server import VenueServer
from arbitrage.sim.sim_socket import SimSocket
from arbitrage.sim.venue_core import SimVenueCore, VenueSetup

PING_SECONDS: Final = 180.0
PONG_SECONDS: Final = 600.0
LIFE_SECONDS: Final = 86_400.0
MAX_MESSAGES_PER_SECOND: Final = 10
_KEY_CHECK_SECONDS: Final = 1.0
_WAIT_SECONDS: Final = 60
# Room for updates of the order book: numbers start from the time, and must not outrun it.
_UPDATES_PER_MS: Final = 1000


class BinanceUsdmProtocol:
    """Binance USD-M futures as their clients see them."""

    def __init__(self, setup: VenueSetup) -> None:
        self.core = core = SimVenueCore(setup, client_ids=ClientIdRule.AMONG_OPEN)
        figures = {symbol: Figures(rules) for symbol, rules in core.instruments.items()}
        counter = UpdateCounter(core.now_ns // NS_PER_MS * _UPDATES_PER_MS)
        books = {symbol: DepthBook(counter) for symbol in core.instruments}
        self._symbols = {symbol.lower(): symbol for symbol in core.instruments}
        self._quotes = UsdmQuotes(core, books, figures)
        self._history = UsdmHistory(core)
        self._account = UsdmAccount(core, figures)
        self._desk = TradingDesk(core, figures)
        self._streams = MarketStreams(core, books, UsdmStreamEvents(core, books, figures))
        self._user = UserStream(core, figures)
        check = AccountCheck(setup.api_key, setup.secret)
        self._rest = BinanceRest(core, check, BinanceTolls(RATE_LIMITS, TROUBLE_WORDS))
        self._wallet = WalletApi(core, check, TROUBLE_WORDS)

    # --- what there is -------------------------------------------------------------------------

    def routes(self, server: VenueServer) -> Iterable[web.RouteDef]:
        """Every path of the venue that is simulated."""
        endpoints = [*self._public(), *self._orders(), *self._private(), *self._settings()]
        return [
            *self._rest.routes(endpoints),
            *self._wallet.routes(),
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

    def _market_socket(self, server: VenueServer, path: Path) -> Callable[..., Any]:
        async def serve(request: web.Request) -> web.StreamResponse:
            is_combined = request.path.endswith("/stream")
            asked = request.match_info.get("names") or request.query.get("streams", "")
            socket = self._socket(server, request)
            session = MarketSession(
                socket,
                self.core,
                self._streams,
                partial(read_stream, symbols=self._symbols, path=path),
                is_combined=is_combined,
                names=[name for name in asked.split("/") if name],
                max_messages_per_second=MAX_MESSAGES_PER_SECOND,
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
                max_messages_per_second=MAX_MESSAGES_PER_SECOND,
            )
            self._user.join(session)
            socket.every(_KEY_CHECK_SECONDS, self._user.expire)
            try:
                return await server.serve_socket(socket, session.on_frame)
            finally:
                self._user.leave(session)

        return serve
