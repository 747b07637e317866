"""The Bithumb simulator: its paths, statuses, headers and limits around the core.

Market data answers 200 even to what it refuses; where money is concerned the status says it. Every
answer carries the size of its bucket and what is left of it, never its name
(`x-ratelimit-burst-capacity: 140`). Facts, unless said otherwise: apidocs.bithumb.com/docs
(api-요청-수-제한-안내 of 2026-10-27, reference/기본-정보), read 2026-11-22, and live captures of
2026-09-23 published in nemanull/arbitrage-observatory for what the documentation leaves out: the
headers, binary frames, the idle cut after 60 s without a close frame, silence on unknown codes.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from aiohttp import web

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.order_records import ClientIdRule
from arbitrage.sim.protocols.bithumb_auth import BithumbTokens, query_of_body
from arbitrage.sim.protocols.bithumb_errors import BithumbRefusal, trouble_answer
from arbitrage.sim.protocols.bithumb_exchange import BithumbAccount
from arbitrage.sim.protocols.bithumb_quotation import (
    LEVELS_OF_MANY,
    LEVELS_OF_ONE,
    book_object,
    market_object,
    ticker_object,
)
from arbitrage.sim.protocols.bithumb_stream import WORDS
from arbitrage.sim.protocols.bithumb_wire import number
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
from arbitrage.sim.rate_limits import RateLimit, RateLimits, Toll
from arbitrage.sim.server import VenueServer
from arbitrage.sim.sim_socket import SimSocket
from arbitrage.sim.venue_core import SimVenueCore, VenueSetup

PUBLIC_STREAM_PATH: Final = "/websocket/v1"
PRIVATE_STREAM_PATH: Final = "/websocket/v2/private"
IDLE_SECONDS: Final = 60.0
BAN_SECONDS: Final = 600
MAX_TICKERS: Final = 200
# How many bytes a target may have before it is refused with 414; unconfirmed.
MAX_TARGET: Final = 8_000

# Requests per second by address. A batch is counted for itself.
LIMITS: Final = {
    **{group: RateLimit(150) for group in ("orderbook", "ticker", "trades", "market")},
    **{group: RateLimit(140) for group in ("order", "cancel", "default")},
    "batch": RateLimit(20),
}
_CONNECTS: Final = "websocket-connect"
# Who is over the limit hears 429 until the second has passed; no block is documented but that of
# an address which opens too many streams.
_NEVER_BANNED: Final = 1 << 30
_NEWEST: Final = 1 << 62

Handler = Callable[[Params], Any]


class BithumbProtocol:
    """Bithumb as its clients see it. `idle_seconds` is when a silent stream is cut."""

    def __init__(self, setup: VenueSetup, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self.core = SimVenueCore(
            setup,
            client_ids=ClientIdRule.AMONG_OPEN,
            kept_refusals=("post_only", "fok_not_filled"),
        )
        self._account = BithumbAccount(self.core)
        self._access_key = setup.api_key
        self._tokens = BithumbTokens(setup.api_key, setup.secret, lambda: self.core.now_ns)
        self._idle_seconds = idle_seconds
        self._limits = RateLimits(LIMITS, strikes=_NEVER_BANNED)
        self._connects = RateLimits({_CONNECTS: RateLimit(10)}, ban_ns=BAN_SECONDS * NS_PER_SECOND)

    def routes(self, server: VenueServer) -> Iterable[web.RouteDef]:
        """Every path of the venue that is simulated; any other is not found."""
        account = self._account
        quotation: list[tuple[str, str, Handler]] = [
            ("/v1/market/all", "market", self._markets),
            ("/v1/market/virtual_asset_warning", "market", lambda _: []),
            ("/v1/orderbook", "orderbook", self._orderbooks),
            ("/v1/ticker", "ticker", self._tickers),
            ("/v1/trades/ticks", "trades", self._trades),
        ]
        exchange: list[tuple[str, str, str, Handler]] = [
            ("GET", "/v1/accounts", "default", lambda _: account_objects(self.core)),
            ("GET", "/v1/orders/chance", "default", account.chance),
            ("GET", "/v1/status/wallet", "default", lambda _: wallet_objects(self.core)),
            ("GET", "/v1/api_keys", "default", self._api_keys),
            ("GET", "/v1/order", "default", account.order),
            ("GET", "/v1/orders", "default", account.orders),
            ("GET", "/v2/orders/pending", "default", account.pending),
            ("GET", "/v2/orders/history", "default", account.history),
            ("POST", "/v2/orders/search", "default", account.search),
            ("POST", "/v2/orders", "order", account.place),
            ("POST", "/v2/orders/batch", "batch", account.place_batch),
            ("POST", "/v2/orders/cancel", "batch", account.cancel_batch),
            ("DELETE", "/v2/order", "cancel", account.cancel),
        ]
        return [
            *(web.get(path, self._quotation(group, each)) for path, group, each in quotation),
            *(
                web.route(method, path, self._exchange(group, each))
                for method, path, group, each in exchange
            ),
            web.get(PUBLIC_STREAM_PATH, self._stream(server, is_private=False)),
            web.get(PRIVATE_STREAM_PATH, self._stream(server, is_private=True)),
            web.route("*", "/{path:.*}", _not_found),
        ]

    def trouble(self, request: web.Request, status: int) -> web.Response:
        """Bithumb's answer to a request that is refused unseen."""
        return trouble_answer(status, is_market_data="Authorization" not in request.headers)

    # --- around every request ------------------------------------------------------------------

    def _quotation(self, group: str, handler: Handler) -> Callable[..., Any]:
        async def answer(request: web.Request) -> web.Response:
            if len(request.raw_path) > MAX_TARGET:
                return error_answer(414, 414, "URI Too Long")
            toll = self._limits.take(group, self.core.now_ns, who=request.remote or "")
            if toll.status != 200:
                return _with_budget(self.trouble(request, toll.status), toll)
            try:
                told = json_answer(handler(params_of(request.query)), 200)
            except InvalidValue as error:
                told = error_answer(200, 400, str(error))
            except Refusal as refusal:
                told = error_answer(refusal.status, int(refusal.name), refusal.message)
            return _with_budget(told, toll)

        return answer

    def _exchange(self, group: str, handler: Handler) -> Callable[..., Any]:
        async def answer(request: web.Request) -> web.Response:
            toll = self._limits.take(group, self.core.now_ns, who=request.remote or "")
            if toll.status != 200:
                return _with_budget(self.trouble(request, toll.status), toll)
            try:
                told = handler(await self._checked(request))
                status = 201 if request.method == "POST" and group == "order" else 200
                made = json_answer(told, status)
            except (Refusal, InvalidValue) as error:
                refusal = BithumbRefusal.of(error)
                made = error_answer(refusal.status, refusal.name, refusal.message)
            return _with_budget(made, toll)

        return answer

    async def _checked(self, request: web.Request) -> Params:
        """The parameters of a request whose token is right. Raises `Refusal`."""
        authorization = request.headers.get("Authorization", "")
        if request.method != "POST":
            self._tokens.check(authorization, request.raw_path.partition("?")[2])
            return params_of(request.query)
        try:
            body = msgspec.json.decode(await request.read() or b"{}", type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise InvalidValue("the body is not a JSON object") from error
        self._tokens.check(authorization, query_of_body(body))
        return body

    # --- quotation -----------------------------------------------------------------------------

    def _markets(self, params: Params) -> list[dict[str, str]]:
        is_details = str(params.get("isDetails")).lower() == "true"
        listed = self.core.instruments.values()
        return [market_object(rules, is_details=is_details) for rules in listed]

    def _orderbooks(self, params: Params) -> list[dict[str, Any]]:
        listed = self._listed(params, "markets")
        count = LEVELS_OF_ONE if len(listed) == 1 else LEVELS_OF_MANY
        books = [self.core.book(rules.symbol) for rules in listed]
        return [book_object(book, count) for book in books if book is not None]

    def _tickers(self, params: Params) -> list[dict[str, Any]]:
        if len(names(params, "markets")) > MAX_TICKERS:
            raise Refusal("400", f"markets: at most {MAX_TICKERS}", 400)
        return [
            ticker_object(rules.symbol, self.core.tape(rules.symbol), self.core.now_ns)
            for rules in self._listed(params, "markets")
        ]

    def _trades(self, params: Params) -> list[dict[str, Any]]:
        (rules,) = self._listed(params, "market")[:1]
        tape = self.core.tape(rules.symbol)
        cursor = whole_number(params, "cursor", default=_NEWEST, most=_NEWEST)
        latest = [each for each in reversed(tape.trades) if sequential_id(each) < cursor]
        count = whole_number(params, "count", default=1, most=500)
        return [trade_object(each, tape, number) for each in latest[:count]]

    def _listed(self, params: Params, name: str) -> list[Instrument]:
        """The markets asked for, in any case of letters; one that is unknown fails them all."""
        codes = names(params, name)
        if not codes:
            raise InvalidValue("Missing request parameter error. Check the required parameters!")
        if any(code not in self.core.instruments for code in codes):
            raise Refusal("404", "Code not found", 200)
        return [self.core.instruments[code] for code in codes]

    def _api_keys(self, _params: Params) -> list[dict[str, str]]:
        return api_key_objects(self.core, self._access_key)

    # --- streams -------------------------------------------------------------------------------

    def _stream(self, server: VenueServer, *, is_private: bool) -> Callable[..., Any]:
        async def serve(request: web.Request) -> web.StreamResponse:
            who = request.remote or ""
            toll = self._connects.take(_CONNECTS, self.core.now_ns, who=who)
            if toll.status != 200:
                return self.trouble(request, toll.status)
            authorization = request.headers.get("Authorization", "")
            is_authorised = is_private and self._tokens.is_valid(authorization)
            socket = SimSocket(request, server.faults, idle_seconds=self._idle_seconds)
            session = StreamSession(
                socket, self.core, WORDS, is_private=is_private, is_authorised=is_authorised
            )
            self.core.listen(session.on_event)
            try:
                return await server.serve_socket(socket, session.on_frame)
            finally:
                self.core.unlisten(session.on_event)

        return serve


async def _not_found(_request: web.Request) -> web.Response:
    return error_answer(404, "not_found", "no such path")


def _with_budget(answer: web.Response, toll: Toll) -> web.Response:
    answer.headers["x-ratelimit-remaining"] = str(toll.left)
    answer.headers["x-ratelimit-requested-tokens"] = "1"
    answer.headers["x-ratelimit-burst-capacity"] = str(toll.limit)
    answer.headers["x-ratelimit-replenish-rate"] = str(toll.limit)
    return answer
