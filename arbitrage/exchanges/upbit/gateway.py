"""Upbit live: which sockets, which budgets, and what its lists prove.

Whole books on one public socket, orders and assets on one private socket; both are kept alive with
PING. The venue has no clock of its own to ask: requests carry no time, so none is needed.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.exchanges.order_gateway import Channel, Lane, Request
from arbitrage.exchanges.upbit import facts
from arbitrage.exchanges.upbit.auth import JwtSigner
from arbitrage.exchanges.upbit.codec import UpbitCodec
from arbitrage.net.budgets import BudgetRule
from arbitrage.net.heartbeat import Heartbeat, SessionTerms
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import (
    AccountFees,
    Ask,
    OrderHistory,
    PrivateStream,
    PublicStreams,
    VenuePlan,
)
from arbitrage.net.websocket import Endpoint

# A subscription names its markets in one message; a hundred keep it below every size limit.
_SYMBOLS_PER_CONNECTION = 100
_SYMBOLS_PER_TICK_REQUEST = 100
# How long a request may linger on its way into the venue's books: no figure is published, so it is
# the idle close, after which no connection that carried it can be alive (unconfirmed).
_LINGERING_NS = int(facts.IDLE_CLOSE_SECONDS) * NS_PER_SECOND
_TERMS = SessionTerms(
    heartbeat=Heartbeat(every_seconds=facts.IDLE_CLOSE_SECONDS / 3, text=facts.PING),
    stale_seconds=facts.IDLE_CLOSE_SECONDS,
)


def create(
    *,
    symbols: Sequence[str] = (),
    access_key: str = "",
    secret_key: str = "",
    rest_url: str = facts.REST_URL,
    ws_public_url: str = facts.WS_PUBLIC_URL,
    ws_private_url: str = facts.WS_PRIVATE_URL,
) -> VenueGateway:
    """Upbit for one account; without keys only its market data."""
    signer = JwtSigner(access_key, secret_key) if access_key else None
    codec = UpbitCodec(signer)
    plan = VenuePlan(
        codec=codec,
        rest_url=rest_url,
        public=(
            PublicStreams(
                url=ws_public_url,
                channels=frozenset({Channel.BOOK, Channel.TRADES}),
                max_symbols=_SYMBOLS_PER_CONNECTION,
                terms=_TERMS,
            ),
        ),
        load_instruments=partial(_load_instruments, codec),
        documented_fees=lambda instrument: codec.documented_fees(instrument.symbol),
        budgets=tuple(
            BudgetRule(group, limit, facts.RATE_WINDOW_NS, partial(_cost, group))
            for group, limit in facts.RATE_LIMITS.items()
        ),
        lingering_ns=_LINGERING_NS,
        open_orders_full=facts.OPEN_ORDERS_PAGE,
        lists_all_symbols=True,
        private=None if signer is None else _private(codec, ws_private_url),
        history=OrderHistory(
            request=codec.closed_orders_request,
            read=codec.closed_orders,
            full_length=facts.CLOSED_ORDERS_PAGE,
        ),
        account_fees=AccountFees(
            request=lambda symbol, _now_ns: codec.terms_request(symbol),
            read=lambda answer: codec.terms(answer).fees,
        ),
    )
    return VenueGateway(plan, symbols=symbols)


def _private(codec: UpbitCodec, url: str) -> PrivateStream:
    async def endpoint(_ask: Ask) -> Endpoint:
        return Endpoint(url, codec.private_headers(), codec.subscribe_private())

    return PrivateStream(
        endpoint=endpoint,
        decode=codec.decode_private,
        # Our orders may be silent for hours; the answer to a PING proves the socket alive.
        terms=SessionTerms(heartbeat=_TERMS.heartbeat),
    )


async def _load_instruments(
    codec: UpbitCodec, ask: Ask, symbols: Sequence[str]
) -> list[Instrument]:
    """The markets with the ticks that the venue tells of those that are traded."""
    found = codec.instruments(await ask(lambda _now_ns: codec.instruments_request()))
    listed = {instrument.symbol for instrument in found}
    wanted = [symbol for symbol in symbols if symbol in listed]
    for start in range(0, len(wanted), _SYMBOLS_PER_TICK_REQUEST):
        part = wanted[start : start + _SYMBOLS_PER_TICK_REQUEST]
        answer = await ask(partial(_tick_sizes, codec, part))
        no_prices: Mapping[str, float] = {}
        found = codec.with_tick_sizes(found, answer, no_prices)
    return found


def _tick_sizes(codec: UpbitCodec, symbols: Sequence[str], _now_ns: int) -> Request:
    return codec.tick_sizes_request(symbols)


def _cost(group: str, request: Request) -> int:
    """What a request takes of a group: one, if it is of that group."""
    return int(_group(request) == group)


def _group(request: Request) -> str:
    path = request.target.partition("?")[0]
    if request.method == "POST" and path == facts.ORDERS_PATH:
        return "order"
    if path == facts.MARKETS_PATH:
        return "market"
    if path in (facts.BOOK_PATH, facts.TICK_SIZES_PATH):
        return "orderbook"
    return "default" if request.lane is not Lane.MARKET else "ticker"
