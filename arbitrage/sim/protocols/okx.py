"""The OKX v5 simulator: its paths and sockets around the core, spot and swaps of one account.

REST is at `/api/v5`, streams at `/ws/v5/public` and `/ws/v5/private`. A stream on which nothing has
moved for 30 seconds is cut; an address may open three a second. Facts, unless said otherwise:
www.okx.com/docs-v5/en (overview and the page of each endpoint), read 2026-11-22.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from aiohttp import web

from arbitrage.domain.units import NS_PER_SECOND, ZERO
from arbitrage.sim.order_records import ClientIdRule
from arbitrage.sim.protocols.okx_account import OkxAccount
from arbitrage.sim.protocols.okx_auth import AccountCheck
from arbitrage.sim.protocols.okx_errors import (
    OkxRefusal,
    envelope,
    json_answer,
    refused,
    trouble_answer,
)
from arbitrage.sim.protocols.okx_markets import Markets
from arbitrage.sim.protocols.okx_params import of_body, of_query
from arbitrage.sim.protocols.okx_positions import OkxPositions
from arbitrage.sim.protocols.okx_quotes import OkxQuotes
from arbitrage.sim.protocols.okx_session import Path, Session, Venue
from arbitrage.sim.protocols.okx_streams import MarketStreams
from arbitrage.sim.protocols.okx_tolls import OkxTolls
from arbitrage.sim.protocols.okx_trading import Told, TradingDesk
from arbitrage.sim.protocols.okx_user_streams import UserStreams
from arbitrage.sim.protocols.okx_wire import Ids, Json, Params, us
from arbitrage.sim.rate_limits import RateLimit, RateLimits
from arbitrage.sim.server import VenueServer
from arbitrage.sim.sim_socket import SimSocket
from arbitrage.sim.venue_core import SimVenueCore, VenueSetup

IDLE_SECONDS: Final = 30.0
CONNECTIONS_PER_SECOND: Final = 3
_CONNECTIONS: Final = "connections"
# Refused by the core, but taken in by the venue and cancelled at once.
_TAKEN_IN: Final = ("post_only", "fok_not_filled", "no_book")

Handler = Callable[[Any], list[Json] | Told]


class Endpoint(NamedTuple):
    """One method of one path; `orders` is the word for orders that it shares its budget with."""

    method: str
    path: str
    handler: Handler
    is_private: bool = True
    orders: str = ""


class OkxProtocol:
    """OKX v5 as its clients see it. With `has_checksums` books carry those of before 2026."""

    def __init__(self, setup: VenueSetup, *, has_checksums: bool = False) -> None:
        self.core = core = SimVenueCore(
            _without_notionals(setup), client_ids=ClientIdRule.AMONG_OPEN, kept_refusals=_TAKEN_IN
        )
        ids = Ids(core.now_ns)
        markets = Markets(core)
        streams = MarketStreams(core, markets, has_checksums=has_checksums)
        positions = OkxPositions(core, markets, ids)
        self._quotes = OkxQuotes(core, markets, streams.books)
        self._account = OkxAccount(core, markets, positions)
        self._desk = TradingDesk(core, markets, ids)
        self._tolls = OkxTolls()
        self._check = AccountCheck(setup.api_key, setup.secret, setup.passphrase)
        self.user = UserStreams(core, self._account, positions, ids)
        self._venue = Venue(core, markets, streams, self.user, self._desk, self._check, self._tolls)
        rules = {_CONNECTIONS: RateLimit(CONNECTIONS_PER_SECOND, NS_PER_SECOND)}
        self._connections = RateLimits(rules, strikes=1 << 30)
        self._sessions = 0

    # --- what there is -------------------------------------------------------------------------

    def routes(self, server: VenueServer) -> Iterable[web.RouteDef]:
        """Every path of the venue that is simulated."""
        endpoints = [*self._public(), *self._orders(), *self._private()]
        return [
            *(web.route(each.method, each.path, self._serve(each)) for each in endpoints),
            *(web.get(f"/ws/v5/{path.value}", self._socket(server, path)) for path in Path),
        ]

    def _public(self) -> list[Endpoint]:
        quotes = self._quotes
        listed: list[tuple[str, Handler]] = [
            ("public/time", quotes.time),
            ("public/instruments", quotes.instruments),
            ("public/mark-price", quotes.mark_price),
            ("public/funding-rate", quotes.funding_rate),
            ("public/funding-rate-history", quotes.funding_rates),
            ("public/price-limit", quotes.price_limit),
            ("market/books", quotes.book),
            ("market/ticker", quotes.ticker),
            ("market/tickers", quotes.tickers),
            ("market/trades", quotes.trades),
            ("market/history-trades", quotes.trades),
            ("system/status", quotes.status),
        ]
        return [
            Endpoint("GET", f"/api/v5/{path}", handler, is_private=False)
            for path, handler in listed
        ]

    def _orders(self) -> list[Endpoint]:
        desk, trade = self._desk, "/api/v5/trade"
        commands: list[tuple[str, Handler]] = [
            ("order", desk.place),
            ("batch-orders", desk.place_batch),
            ("cancel-order", desk.cancel),
            ("cancel-batch-orders", desk.cancel_batch),
        ]
        questions: list[tuple[str, Handler]] = [
            ("order", desk.order),
            ("orders-pending", desk.pending),
            ("orders-history", desk.history),
            ("orders-history-archive", desk.history),
            ("fills", desk.fills),
            ("fills-history", desk.fills_history),
        ]
        return [
            *(Endpoint("POST", f"{trade}/{word}", act, orders=word) for word, act in commands),
            *(Endpoint("GET", f"{trade}/{word}", answer) for word, answer in questions),
            Endpoint("POST", f"{trade}/cancel-all-after", self._switch),
        ]

    def _private(self) -> list[Endpoint]:
        account, path = self._account, "/api/v5/account"
        return [
            Endpoint("GET", f"{path}/balance", account.balance),
            Endpoint("GET", f"{path}/positions", account.positions),
            Endpoint("GET", f"{path}/config", account.config),
            Endpoint("GET", f"{path}/trade-fee", account.trade_fee),
            Endpoint("GET", f"{path}/leverage-info", account.leverage_info),
            Endpoint("POST", f"{path}/set-leverage", account.set_leverage),
            Endpoint("POST", f"{path}/set-position-mode", account.set_position_mode),
            Endpoint("GET", "/api/v5/asset/currencies", account.currencies),
            Endpoint("GET", "/api/v5/asset/balances", account.funding_balances),
        ]

    def _switch(self, body: Any) -> list[Json]:
        """Set the dead man's switch, and be there when it is due."""
        told = self._desk.cancel_all_after(body)
        seconds = self._desk.check_switch() / NS_PER_SECOND
        asyncio.get_running_loop().call_later(seconds, self._desk.check_switch)
        return told

    # --- requests ------------------------------------------------------------------------------

    def trouble(self, _request: web.Request, status: int) -> web.Response:
        """The venue's answer to a request that is refused unseen."""
        return trouble_answer(status)

    def _serve(self, endpoint: Endpoint) -> Callable[..., Any]:
        async def answer(request: web.Request) -> web.Response:
            body = (await request.read()).decode(errors="replace")
            arrived_ns = self.core.now_ns
            self._desk.check_switch()
            try:
                told = self._told(endpoint, request, body, arrived_ns)
            except OkxRefusal as refusal:
                return refused(refusal)
            if isinstance(told, list):
                return json_answer(200, envelope(told))
            stamps = {"inTime": us(arrived_ns), "outTime": us(self.core.now_ns)}
            return json_answer(200, envelope(told.rows, told.code, told.message) | stamps)

        return answer

    def _told(
        self, endpoint: Endpoint, request: web.Request, body: str, now_ns: int
    ) -> list[Json] | Told:
        """The answer of an endpoint. Raises `OkxRefusal`."""
        if endpoint.is_private:
            target = request.raw_path
            self._check.check_request(request.headers, endpoint.method, target, body, now_ns)
        if endpoint.method == "GET":
            params = of_query(request.raw_path.partition("?")[2])
            self._pay(endpoint, request, params, now_ns)
            return endpoint.handler(params)
        if request.content_type != "application/json":
            raise OkxRefusal("50006")
        asked = of_body(body)
        if endpoint.orders:
            self._tolls.pay_orders(endpoint.orders, _texts(asked), now_ns)
            if "cancel" not in endpoint.orders:
                self._desk.check_deadline(request.headers.get("expTime", ""))
        else:
            self._pay(endpoint, request, {}, now_ns)
        return endpoint.handler(asked)

    def _pay(self, endpoint: Endpoint, request: web.Request, params: Params, now_ns: int) -> None:
        """Count a question: by account, or by address; by what is asked for besides."""
        payer = "account" if endpoint.is_private else request.remote or ""
        about = params.get("instId") or params.get("instType", "")
        self._tolls.pay(f"{endpoint.method} {endpoint.path}", f"{payer} {about}", now_ns)

    # --- sockets -------------------------------------------------------------------------------

    def _socket(self, server: VenueServer, path: Path) -> Callable[..., Any]:
        async def serve(request: web.Request) -> web.StreamResponse:
            who, now_ns = request.remote or "", self.core.now_ns
            if self._connections.take(_CONNECTIONS, now_ns, who=who).status != 200:
                return trouble_answer(429)
            self._sessions += 1
            socket = SimSocket(request, server.faults, idle_seconds=IDLE_SECONDS)
            session = Session(socket, self._venue, path, f"{self._sessions:08x}")
            try:
                return await server.serve_socket(socket, session.on_frame, session.on_open)
            finally:
                session.on_close()

        return serve


def _without_notionals(setup: VenueSetup) -> VenueSetup:
    """The venue knows least quantities only."""
    instruments = tuple(
        msgspec.structs.replace(rules, min_notional=ZERO) for rules in setup.instruments
    )
    return msgspec.structs.replace(setup, instruments=instruments)


def _texts(asked: Any) -> Sequence[Params]:
    """What the orders of a request are about, as far as it can be read."""
    orders = asked if isinstance(asked, list) else [asked]
    return [
        {"instId": str(one.get("instId", ""))} if isinstance(one, dict) else {} for one in orders
    ]
