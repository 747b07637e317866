"""Bithumb live: which sockets, which budgets, and what its lists prove.

Whole books on one public socket per hundred markets, orders on one private socket, both kept alive
by protocol pings. Every private request carries the venue's time, read from the `Date` of its
answers to the second. An answer to a new order or to a cancel proves only that it was taken in;
the rest is heard on the private stream, or asked for.
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
from arbitrage.exchanges.bithumb import answers, facts
from arbitrage.exchanges.bithumb.auth import JwtSigner
from arbitrage.exchanges.bithumb.codec import AccountReply, BithumbCodec
from arbitrage.exchanges.bithumb.wallets import wallets
from arbitrage.exchanges.order_gateway import Answer, Channel, Lane, Request
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
    Wallets,
)
from arbitrage.net.websocket import Endpoint

# A subscription names its markets in one message; a hundred keep it below every size limit.
_SYMBOLS_PER_CONNECTION = 100
# How long a request may linger on its way into the venue's books: neither that nor the life of a
# token is published, so it is the idle close, after which no connection that carried it can be
# alive (unconfirmed).
_LINGERING_NS = int(facts.IDLE_CLOSE_SECONDS) * NS_PER_SECOND
_HEARTBEAT = Heartbeat(every_seconds=facts.IDLE_CLOSE_SECONDS / 3)
_STALE_SECONDS = facts.IDLE_CLOSE_SECONDS / 2
# Every answer is dated; this one is small and always there.
_CLOCK_MARKET = "KRW-BTC"
# The venue keeps more digits of a balance than of the fills that made it.
_TOLERANCES = {"KRW": Decimal(1)}

# Batches are never sent.
_KINDS_SENT = ("public", "private")

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
    """Bithumb for one account; without keys only its market data.

    The venue does not tell what a key may do, so that it cannot withdraw is for its owner to see
    to. `settings` are those of `VenueGateway`. Raises `ConfigError` for a key without its secret.
    """
    has_keys = bool(api_key or secret)
    codec = BithumbCodec(JwtSigner(api_key, secret) if has_keys else None)
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
            BudgetRule(kind, limit, facts.RATE_WINDOW_NS, partial(_cost, kind))
            for kind, limit in facts.RATE_LIMITS.items()
            if kind in _KINDS_SENT
        ),
        lingering_ns=_LINGERING_NS,
        open_orders_full=facts.ORDERS_PAGE,
        lists_all_symbols=True,
        private=_private(codec, ws_url + facts.WS_PRIVATE_PATH) if has_keys else None,
        wallets=Wallets(request=codec.wallets_request, read=wallets),
        history=OrderHistory(
            request=codec.closed_orders_request,
            read=codec.closed_orders,
            full_length=facts.HISTORY_PAGE,
        ),
        clock=ServerClock(
            request=lambda: codec.book_request(_CLOCK_MARKET),
            read=date_of_answer_ns,
            resolution_ns=NS_PER_SECOND,
        ),
        account_fees=AccountFees(
            request=codec.terms_request, read=lambda answer: codec.terms(answer).fees
        ),
        balances=_balances,
        tolerances=_TOLERANCES,
    )
    return VenueGateway(plan, symbols=symbols, **settings)


def _private(codec: BithumbCodec, url: str) -> PrivateStream:
    async def endpoint(ask: Ask) -> Endpoint:
        """The token of a stream carries the venue's time too."""
        answer = await ask(lambda _now_ns: codec.book_request(_CLOCK_MARKET))
        headers = codec.private_headers(date_of_answer_ns(answer))
        return Endpoint(url, headers, codec.subscribe_private())

    def decode(frame: bytes, ts_ns: int) -> Sequence[Event]:
        """What the venue says of a private session (a refusal, a status) ends that session."""
        events = codec.decode_private(frame, ts_ns)
        for event in events:
            if isinstance(event, VenueStatus) and not event.is_up:
                raise Unavailable(f"bithumb: {event.reason}")
        return events

    return PrivateStream(endpoint=endpoint, decode=decode, terms=SessionTerms(heartbeat=_HEARTBEAT))


async def _load_instruments(
    codec: BithumbCodec, ask: Ask, _symbols: Sequence[str]
) -> list[Instrument]:
    return codec.instruments(await ask(lambda _now_ns: codec.instruments_request()))


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


def _cost(kind: str, request: Request) -> int:
    """What a request takes of a kind: one, if it is of that kind. Headers do not tell the venue's
    categories apart, so all of a kind share one budget."""
    return int(kind == ("public" if request.lane is Lane.MARKET else "private"))
