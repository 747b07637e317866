"""The Upbit simulator: its paths, statuses, headers and limits around the core.

Quotation answers are counted by IP and need no token; exchange answers are counted by account and
need one. Every answer carries `Remaining-Req: group=order; min=720; sec=11`. Facts, unless said
otherwise: docs.upbit.com/kr/reference (rest-api-guide, rate-limits, websocket-guide), read
2026-11-22, and live probes of 2026-07 for what the documentation leaves out: binary frames, the
idle cut after 60 s without a close frame, silence on unknown codes.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from aiohttp import web

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.order_records import ClientIdRule
from arbitrage.sim.protocols.korean_account import (
    account_objects,
    api_key_objects,
    wallet_objects,
)
from arbitrage.sim.protocols.korean_errors import (
    InvalidValue,
    Refusal,
    error_answer,
    json_answer,
)
from arbitrage.sim.protocols.korean_params import Params, names, params_of, whole_number
from arbitrage.sim.protocols.korean_quotes import sequential_id, trade_object
from arbitrage.sim.protocols.korean_stream import StreamSession
from arbitrage.sim.protocols.upbit_auth import UpbitTokens, query_of_body, query_of_url
from arbitrage.sim.protocols.upbit_errors import UpbitRefusal, trouble_answer
from arbitrage.sim.protocols.upbit_exchange import UpbitAccount
from arbitrage.sim.protocols.upbit_quotation import (
    MAX_LEVELS,
    book_object,
    instrument_object,
    market_object,
    ticker_object,
)
from arbitrage.sim.protocols.upbit_stream import WORDS
from arbitrage.sim.protocols.upbit_wire import plain_double
from arbitrage.sim.rate_limits import RateLimit, RateLimits, Toll
from arbitrage.sim.server import VenueServer
from arbitrage.sim.sim_socket import SimSocket
from arbitrage.sim.venue_core import SimVenueCore, VenueSetup

STREAM_PATH: Final = "/websocket/v1"
IDLE_SECONDS: Final = 60.0

# Requests per window. `order` has been 12 since 2026-08-21.
LIMITS: Final = {
    **{group: RateLimit(10) for group in ("market", "ticker", "trades", "orderbook")},
    "default": RateLimit(30),
    "order": RateLimit(12),
    "order-test": RateLimit(8),
    "order-cancel-all": RateLimit(1, 2 * NS_PER_SECOND),
    "websocket-connect": RateLimit(5),
    "origin": RateLimit(1, 10 * NS_PER_SECOND),
}
BAN_SECONDS: Final = 60
_ACCOUNT: Final = "account"
_NEWEST: Final = 1 << 62

Handler = Callable[[Params], Any]


class UpbitProtocol:
    """Upbit as its clients see it. `idle_seconds` is when a silent stream is cut."""

    def __init__(self, setup: VenueSetup, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self.core = SimVenueCore(
            setup,
            client_ids=ClientIdRule.FOREVER,
            kept_refusals=("post_only", "fok_not_filled"),
        )
        self._account = UpbitAccount(self.core)
        self._access_key = setup.api_key
        self._tokens = UpbitTokens(setup.api_key, setup.secret)
        self._idle_seconds = idle_seconds
        self._limits = RateLimits(LIMITS, ban_ns=BAN_SECONDS * NS_PER_SECOND)

    def routes(self, server: VenueServer) -> Iterable[web.RouteDef]:
        """Every path of the venue that is simulated."""
        account = self._account
        quotation: list[tuple[str, str, Handler]] = [
            ("/v1/market/all", "market", self._markets),
            ("/v1/orderbook", "orderbook", self._orderbooks),
            ("/v1/orderbook/instruments", "orderbook", self._instruments),
            ("/v1/ticker", "ticker", self._tickers),
            ("/v1/ticker/all", "ticker", self._all_tickers),
            ("/v1/trades/ticks", "trades", self._trades),
        ]
        exchange: list[tuple[str, str, str, Handler]] = [
            ("GET", "/v1/accounts", "default", lambda _: account_objects(self.core)),
            ("GET", "/v1/orders/chance", "default", account.chance),
            ("GET", "/v1/status/wallet", "default", lambda _: wallet_objects(self.core)),
            ("GET", "/v1/api_keys", "default", self._api_keys),
            ("POST", "/v1/orders", "order", account.place),
            ("POST", "/v1/orders/cancel_and_new", "order", account.cancel_and_new),
            ("POST", "/v1/orders/test", "order-test", account.test),
            ("GET", "/v1/order", "default", account.order),
            ("GET", "/v1/orders/open", "default", account.open_orders),
            ("GET", "/v1/orders/closed", "default", account.closed_orders),
            ("GET", "/v1/orders/uuids", "default", account.orders_by_ids),
            ("DELETE", "/v1/order", "default", account.cancel),
            ("DELETE", "/v1/orders/uuids", "default", account.cancel_by_ids),
            ("DELETE", "/v1/orders/open", "order-cancel-all", account.cancel_open),
        ]
        return [
            *(web.get(path, self._quotation(group, each)) for path, group, each in quotation),
            *(
                web.route(method, path, self._exchange(group, each), allow_head=False)
                if method == "GET"
                else web.route(method, path, self._exchange(group, each))
                for method, path, group, each in exchange
            ),
            web.get(STREAM_PATH, self._stream(server, is_private=False)),
            web.get(f"{STREAM_PATH}/private", self._stream(server, is_private=True)),
        ]

    def trouble(self, request: web.Request, status: int) -> web.Response:
        """Upbit's answer to a request that is refused unseen."""
        is_quotation = "Authorization" not in request.headers
        return trouble_answer(status, is_quotation=is_quotation, ban_seconds=BAN_SECONDS)

    # --- around every request ------------------------------------------------------------------

    def _quotation(self, group: str, handler: Handler) -> Callable[..., Any]:
        async def answer(request: web.Request) -> web.Response:
            toll = self._toll(request, group, who=request.remote or "")
            if toll.status != 200:
                return _with_budget(self.trouble(request, toll.status), group, toll)
            try:
                told = json_answer(handler(params_of(request.query)), 200)
            except (Refusal, InvalidValue) as error:
                refusal = UpbitRefusal.of(error)
                told = error_answer(refusal.status, refusal.status, refusal.message)
            if "gzip" in request.headers.get("Accept-Encoding", ""):
                told.enable_compression(web.ContentCoding.gzip)
            return _with_budget(told, group, toll)

        return answer

    def _exchange(self, group: str, handler: Handler) -> Callable[..., Any]:
        async def answer(request: web.Request) -> web.Response:
            toll = self._limits.take(group, self.core.now_ns, who=_ACCOUNT)
            if toll.status != 200:
                return _with_budget(self.trouble(request, toll.status), group, toll)
            try:
                params = await self._checked(request)
                status = 201 if request.path == "/v1/orders" else 200
                told = json_answer(handler(params), status)
            except (Refusal, InvalidValue) as error:
                refusal = UpbitRefusal.of(error)
                told = error_answer(refusal.status, refusal.name, refusal.message)
            return _with_budget(told, group, toll)

        return answer

    async def _checked(self, request: web.Request) -> Params:
        """The parameters of a request whose token is right. Raises `UpbitRefusal`."""
        authorization = request.headers.get("Authorization", "")
        if request.method != "POST":
            raw = request.rel_url.raw_query_string
            self._tokens.check(authorization, query_of_url(raw))
            return params_of(request.query)
        try:
            body = msgspec.json.decode(await request.read() or b"{}", type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise UpbitRefusal("validation_error", "the body is not a JSON object") from error
        self._tokens.check(authorization, query_of_body(body))
        return body

    def _toll(self, request: web.Request, group: str, *, who: str) -> Toll:
        if "Origin" in request.headers:
            toll = self._limits.take("origin", self.core.now_ns, who=who)
            if toll.status != 200:
                return toll
        return self._limits.take(group, self.core.now_ns, who=who)

    # --- quotation -----------------------------------------------------------------------------

    def _markets(self, params: Params) -> list[dict[str, Any]]:
        is_details = str(params.get("is_details") or params.get("isDetails")).lower() == "true"
        listed = self.core.instruments.values()
        return [market_object(rules, is_details=is_details) for rules in listed]

    def _orderbooks(self, params: Params) -> list[dict[str, Any]]:
        count = whole_number(params, "count", default=MAX_LEVELS, most=MAX_LEVELS)
        level = float(params.get("level") or 0)
        books = [self.core.book(rules.symbol) for rules in self._listed(params)]
        return [book_object(book, count=count, level=level) for book in books if book is not None]

    def _instruments(self, params: Params) -> list[dict[str, Any]]:
        return [
            instrument_object(rules, self.core.tape(rules.symbol).last)
            for rules in self._listed(params)
        ]

    def _tickers(self, params: Params) -> list[dict[str, Any]]:
        return [self._ticker(rules) for rules in self._listed(params)]

    def _all_tickers(self, params: Params) -> list[dict[str, Any]]:
        quotes = names(params, "quote_currencies")
        return [
            self._ticker(each) for each in self.core.instruments.values() if each.quote in quotes
        ]

    def _ticker(self, rules: Instrument) -> dict[str, Any]:
        return ticker_object(rules.symbol, self.core.tape(rules.symbol), self.core.now_ns)

    def _trades(self, params: Params) -> list[dict[str, Any]]:
        (rules,) = self._listed({"markets": params.get("market")})
        tape = self.core.tape(rules.symbol)
        cursor = whole_number(params, "cursor", default=_NEWEST, most=_NEWEST)
        latest: list[PublicTrade] = [
            each for each in reversed(tape.trades) if sequential_id(each) < cursor
        ]
        count = whole_number(params, "count", default=1, most=500)
        return [trade_object(each, tape, plain_double) for each in latest[:count]]

    def _listed(self, params: Params) -> list[Instrument]:
        """The markets asked for, in any case of letters; one that is unknown fails them all."""
        codes = names(params, "markets")
        if not codes:
            raise UpbitRefusal(
                "validation_error",
                "Missing request parameter error. Check the required parameters!",
            )
        if any(code not in self.core.instruments for code in codes):
            raise Refusal("404", "Code not found", 404)
        return [self.core.instruments[code] for code in codes]

    def _api_keys(self, _params: Params) -> list[dict[str, str]]:
        return api_key_objects(self.core, self._access_key)

    # --- streams -------------------------------------------------------------------------------

    def _stream(self, server: VenueServer, *, is_private: bool) -> Callable[..., Any]:
        async def serve(request: web.Request) -> web.StreamResponse:
            authorization = request.headers.get("Authorization", "")
            who = _ACCOUNT if authorization else request.remote or ""
            toll = self._toll(request, "websocket-connect", who=who)
            if toll.status != 200:
                return self.trouble(request, toll.status)
            socket = SimSocket(request, server.faults, idle_seconds=self._idle_seconds)
            is_authorised = is_private and self._tokens.is_valid(authorization)
            session = StreamSession(
                socket, self.core, WORDS, is_private=is_private, is_authorised=is_authorised
            )
            self.core.listen(session.on_event)
            try:
                return await server.serve_socket(socket, session.on_frame)
            finally:
                self.core.unlisten(session.on_event)

        return serve


def _with_budget(answer: web.Response, group: str, toll: Toll) -> web.Response:
    answer.headers["Remaining-Req"] = f"group={group}; min={toll.limit * 60}; sec={toll.left}"
    return answer
