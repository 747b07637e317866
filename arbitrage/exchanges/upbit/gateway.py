"""Upbit live: which sockets, which budgets, and what its lists prove.

Whole books on one public socket per hundred markets, orders on one private socket, both kept alive
by protocol pings. Requests carry no time; the venue's clock, read from the `Date` of an answer to
the second, only says since when its lists are asked.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from arbitrage.domain.errors import Unavailable
from arbitrage.domain.events import Event, VenueStatus
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.exchanges.base import Balance
from arbitrage.exchanges.order_gateway import Answer, Channel, Lane, Request
from arbitrage.exchanges.upbit import answers, facts
from arbitrage.exchanges.upbit.auth import JwtSigner
from arbitrage.exchanges.upbit.codec import AccountReply, UpbitCodec
from arbitrage.net.budgets import BudgetRule
from arbitrage.net.heartbeat import Heartbeat, SessionTerms
from arbitrage.net.http_date import date_of_answer_ns
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import (
    AccountFees,
    Ask,
    OrderHistory,
    PrivateStream,
    PublicStreams,
    ServerClock,
    VenuePlan,
)
from arbitrage.net.websocket import Endpoint

# A subscription names its markets in one message; a hundred keep it below every size limit.
_SYMBOLS_PER_CONNECTION = 100
_SYMBOLS_PER_TICK_REQUEST = 100
# How long a request may linger on its way into the venue's books: no figure is published, so it is
# the idle close, after which no connection that carried it can be alive (unconfirmed).
_LINGERING_NS = int(facts.IDLE_CLOSE_SECONDS) * NS_PER_SECOND
_HEARTBEAT = Heartbeat(every_seconds=facts.IDLE_CLOSE_SECONDS / 3)
_STALE_SECONDS = facts.IDLE_CLOSE_SECONDS / 2
# Every answer is dated; this one is small and always there.
_CLOCK_MARKET = "KRW-BTC"
# The venue keeps more digits of a balance than of the fills that made it.
_TOLERANCES = {"KRW": Decimal(1)}

_ACCOUNTS = msgspec.json.Decoder(list[AccountReply])


def create(
    *,
    symbols: Sequence[str] = (),
    api_key: str = "",
    secret: str = "",
    rest_url: str = facts.REST_URL,
    ws_url: str = facts.WS_URL,
    **settings: Any,
) -> VenueGateway:
    """Upbit for one account; without keys only its market data.

    `settings` are those of `VenueGateway`. Raises `ConfigError` for a key without its secret.
    """
    has_keys = bool(api_key or secret)
    codec = UpbitCodec(JwtSigner(api_key, secret) if has_keys else None)
    plan = VenuePlan(
        codec=codec,
        rest_url=rest_url,
        public=(
            PublicStreams(
                url=ws_url + facts.WS_PUBLIC_PATH,
                channels=frozenset({Channel.BOOK, Channel.QUOTE, Channel.TRADES}),
                max_symbols=_SYMBOLS_PER_CONNECTION,
                terms=SessionTerms(heartbeat=_HEARTBEAT, stale_seconds=_STALE_SECONDS),
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
        private=_private(codec, ws_url + facts.WS_PRIVATE_PATH) if has_keys else None,
        history=OrderHistory(
            request=codec.closed_orders_request,
            read=codec.closed_orders,
            full_length=facts.CLOSED_ORDERS_PAGE,
        ),
        clock=ServerClock(
            request=lambda: codec.book_request(_CLOCK_MARKET),
            read=date_of_answer_ns,
            resolution_ns=NS_PER_SECOND,
        ),
        account_fees=AccountFees(
            request=lambda symbol, _now_ns: codec.terms_request(symbol),
            read=lambda answer: codec.terms(answer).fees,
        ),
        balances=_balances,
        tolerances=_TOLERANCES,
    )
    return VenueGateway(plan, symbols=symbols, **settings)


def _private(codec: UpbitCodec, url: str) -> PrivateStream:
    async def endpoint(_ask: Ask) -> Endpoint:
        return Endpoint(url, codec.private_headers(), codec.subscribe_private())

    def decode(frame: bytes, ts_ns: int) -> Sequence[Event]:
        """What the venue says of a private session (a refusal, a status) ends that session."""
        events = codec.decode_private(frame, ts_ns)
        for event in events:
            if isinstance(event, VenueStatus) and not event.is_up:
                raise Unavailable(f"upbit: {event.reason}")
        return events

    return PrivateStream(endpoint=endpoint, decode=decode, terms=SessionTerms(heartbeat=_HEARTBEAT))


async def _load_instruments(
    codec: UpbitCodec, ask: Ask, symbols: Sequence[str]
) -> list[Instrument]:
    """The markets, with the ticks that the venue tells of those that are traded."""
    found = codec.instruments(await ask(lambda _now_ns: codec.instruments_request()))
    listed = {instrument.symbol for instrument in found}
    wanted = [symbol for symbol in symbols if symbol in listed]
    for start in range(0, len(wanted), _SYMBOLS_PER_TICK_REQUEST):
        request = codec.tick_sizes_request(wanted[start : start + _SYMBOLS_PER_TICK_REQUEST])
        answer = await ask(lambda _now_ns, request=request: request)  # type: ignore[misc]
        found = codec.with_tick_sizes(found, answer, {})
    return found


def _balances(answer: Answer) -> Mapping[str, Balance]:
    """What is available and what orders lock, by currency."""
    return {
        reply.currency: Balance(
            reply.currency,
            answers.amount(reply.balance, f"{reply.currency} balance"),
            answers.amount(reply.locked, f"{reply.currency} locked"),
        )
        for reply in answers.read_answer(_ACCOUNTS, answer, "accounts")
    }


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
