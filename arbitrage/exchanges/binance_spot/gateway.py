"""Binance spot live: which sockets, which budgets, and what its lists prove.

Market data comes on `stream.binance.com`, the account's events and the answers to orders on two
connections to the websocket API, which needs no login: every message that asks is signed. Diff
books are joined to a snapshot asked for by REST.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from arbitrage.domain.errors import Unavailable
from arbitrage.domain.events import Event, VenueStatus
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, PlaceOrder
from arbitrage.domain.units import NS_PER_MS, NS_PER_SECOND
from arbitrage.exchanges.binance_spot import (
    account,
    budgets,
    facts,
    market_rest,
    orders,
    wallet_api,
    ws_api,
)
from arbitrage.exchanges.binance_spot.auth import RequestSigner
from arbitrage.exchanges.binance_spot.codec import BinanceSpotCodec
from arbitrage.exchanges.binance_spot.facts import BookStream
from arbitrage.exchanges.binance_spot.refusals import error_of
from arbitrage.exchanges.binance_spot.user_stream import SUBSCRIPTION_ID
from arbitrage.exchanges.order_gateway import Answer, Channel, Lane, Request
from arbitrage.net.budgets import BudgetRule
from arbitrage.net.heartbeat import Heartbeat, SessionTerms
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import (
    AccountFees,
    Ask,
    BookSync,
    KeyCheck,
    Maintenance,
    OrderHistory,
    OrderStream,
    PrivateStream,
    PublicStreams,
    ServerClock,
    VenuePlan,
    Wallets,
)
from arbitrage.net.websocket import Endpoint

# Streams are 1024 at most per connection; each symbol takes one per channel.
_SYMBOLS_PER_CONNECTION = 200
# Replaced an hour before the venue's own cut, both connections delivering for a moment.
_LIFE_SECONDS = facts.CONNECTION_LIFE_NS / NS_PER_SECOND - 3600
_HEARTBEAT = Heartbeat(every_seconds=20.0, reply_seconds=10.0)
# While both connections of a replacement deliver, a message that comes twice changes nothing.
_TERMS = SessionTerms(heartbeat=_HEARTBEAT, life_seconds=_LIFE_SECONDS, overlap_seconds=1.0)
_MARKET_TERMS = SessionTerms(
    heartbeat=_HEARTBEAT, stale_seconds=30.0, life_seconds=_LIFE_SECONDS, overlap_seconds=1.0
)
# A request is refused once it is older than its window; the venue's clock may be a second behind
# the time that we signed with.
_LINGERING_NS = facts.RECV_WINDOW_MS * NS_PER_MS + NS_PER_SECOND

_API_OF = {facts.WS_URL: facts.WS_API_URL, facts.DEMO_WS_URL: facts.DEMO_WS_API_URL}


def create(
    *,
    symbols: Sequence[str] = (),
    api_key: str = "",
    secret: str = "",
    pays_fees_in_token: bool = False,
    orders_by_websocket: bool = True,
    book_stream: BookStream = BookStream.DIFF_100MS,
    rest_url: str = facts.REST_URL,
    ws_url: str = facts.WS_URL,
    ws_api_url: str = "",
    **settings: Any,
) -> VenueGateway:
    """Binance spot for one account; without keys only its market data.

    `pays_fees_in_token` expects fees in the venue's token (BNB) where the account has that
    discount and holds enough of it; otherwise they come out of what a trade receives. Without
    `orders_by_websocket` orders go by REST alone. The websocket API is at `ws_api_url`, by default
    the one that belongs to `ws_url`. `settings` are those of `VenueGateway`. Raises `ConfigError`
    for a key without its secret.
    """
    codec = BinanceSpotCodec(api_key=api_key, secret=secret, book_stream=book_stream)
    signer = codec.signer
    ws_api_url = ws_api_url or _API_OF.get(ws_url, ws_url)
    plan = VenuePlan(
        codec=codec,
        rest_url=rest_url,
        public=(_public(ws_url),),
        load_instruments=partial(_load_instruments, codec),
        documented_fees=lambda _instrument: FeeSchedule(
            taker_bps=facts.TAKER_BPS, maker_bps=facts.MAKER_BPS, manner=FeeManner.RECEIVED
        ),
        budgets=_budgets(),
        lingering_ns=_LINGERING_NS,
        # The list of a symbol's open orders is always whole.
        open_orders_full=10_000,
        private=_private(codec, ws_api_url) if api_key else None,
        book_sync=_book_sync(codec, book_stream),
        order_stream=_order_stream(codec, ws_api_url) if api_key and orders_by_websocket else None,
        history=OrderHistory(
            request=partial(orders.all_orders, signer),
            read=codec.open_orders,  # the same objects, whatever their status
            full_length=facts.MAX_ALL_ORDERS,
        ),
        fills=OrderHistory(
            request=codec.fills_request, read=codec.fills, full_length=facts.MAX_MY_TRADES
        ),
        clock=ServerClock(request=market_rest.time_request, read=market_rest.server_time_ns),
        account_fees=AccountFees(
            request=partial(account.fees_request, signer),
            read=partial(_fees, pays_fees_in_token),
        ),
        balances=account.balances,
    )
    if rest_url != facts.DEMO_REST_URL:
        plan = _with_wallet_api(plan, signer)
    return VenueGateway(plan, symbols=symbols, **settings)


def _with_wallet_api(plan: VenuePlan, signer: RequestSigner) -> VenuePlan:
    return msgspec.structs.replace(
        plan,
        key_check=KeyCheck(
            request=partial(wallet_api.rights_request, signer), read=wallet_api.rights
        ),
        maintenance=Maintenance(request=wallet_api.status_request, read=wallet_api.maintenance),
        wallets=Wallets(request=partial(wallet_api.coins_request, signer), read=wallet_api.coins),
    )


def _public(ws_url: str) -> PublicStreams:
    return PublicStreams(
        url=ws_url + facts.STREAM_PATH,
        channels=frozenset({Channel.BOOK, Channel.QUOTE, Channel.TRADES}),
        max_symbols=_SYMBOLS_PER_CONNECTION,
        terms=_MARKET_TERMS,
    )


def _private(codec: BinanceSpotCodec, ws_api_url: str) -> PrivateStream:
    async def endpoint(ask: Ask) -> Endpoint:
        """The subscription is signed with the time that the venue has just told."""
        answer = await ask(lambda _now_ns: market_rest.time_request())
        subscribe = ws_api.subscribe(codec.signer, market_rest.server_time_ns(answer))
        return Endpoint(
            ws_api_url + facts.WS_API_PATH, frames=[subscribe], after_login=_after_subscription
        )

    def decode(frame: bytes, ts_ns: int) -> Sequence[Event]:
        """What the venue says of the user stream itself, that it has ended, ends the session."""
        events = codec.decode_private(frame, ts_ns)
        for event in events:
            if isinstance(event, VenueStatus) and not event.is_up:
                raise Unavailable(f"{facts.VENUE}: {event.reason}")
        return events

    return PrivateStream(endpoint=endpoint, decode=decode, terms=_TERMS)


def _after_subscription(message: bytes) -> Sequence[bytes] | None:
    """Nothing more to send once the subscription is confirmed. Raises `Unavailable` if it is
    refused; a refusal without an id is of a message that the venue could not read."""
    said = ws_api.answer_of(message)
    if said is None:
        return None
    request_id, answer = said
    if answer.status != 200:
        raise Unavailable(
            f"{facts.VENUE}: the user stream was refused: {answer.status} {error_of(answer)}"
        )
    return () if request_id == SUBSCRIPTION_ID else None


def _order_stream(codec: BinanceSpotCodec, ws_api_url: str) -> OrderStream:
    signer = codec.signer

    async def endpoint(_ask: Ask) -> Endpoint:
        return Endpoint(ws_api_url + facts.WS_API_PATH)

    def place(intent: PlaceOrder, request_id: str, now_ns: int) -> Request:
        frame = ws_api.place(signer, intent, request_id, now_ns)
        return Request("POST", "order.place", body=frame, lane=orders.lane_of(intent))

    def cancel(intent: CancelOrder, request_id: str, now_ns: int) -> Request:
        frame = ws_api.cancel(signer, intent, request_id, now_ns)
        return Request("DELETE", "order.cancel", body=frame, lane=Lane.URGENT)

    return OrderStream(
        endpoint=endpoint, place=place, cancel=cancel, answer=ws_api.answer_of, terms=_TERMS
    )


def _book_sync(codec: BinanceSpotCodec, book_stream: BookStream) -> BookSync | None:
    """Partial books are whole and need nothing."""
    if book_stream is BookStream.PARTIAL_20:
        return None
    return BookSync(
        unsynchronised=codec.unsynchronised,
        request=codec.sync_request,
        join=codec.synchronise,
        lose=lambda symbol: (
            codec.market.books[symbol].lose() if symbol in codec.market.books else None
        ),
    )


def _budgets() -> tuple[BudgetRule, ...]:
    """Weight is counted per address, new orders per account, of which each is one of both."""
    return (
        BudgetRule(
            budgets.WEIGHT_1M,
            facts.WEIGHT_LIMIT_1M,
            60 * NS_PER_SECOND,
            lambda request: request.weight,
        ),
        BudgetRule(budgets.ORDERS_10S, facts.ORDER_LIMIT_10S, 10 * NS_PER_SECOND, _orders),
        BudgetRule(budgets.ORDERS_1D, facts.ORDER_LIMIT_1D, 86_400 * NS_PER_SECOND, _orders),
    )


def _orders(request: Request) -> int:
    return int(request.method == "POST" and request.lane in (Lane.ENTRY, Lane.URGENT))


def _fees(pays_in_token: bool, answer: Answer) -> FeeSchedule:
    commission = account.fees(answer)
    return (pays_in_token and commission.third_token) or commission.received


async def _load_instruments(
    codec: BinanceSpotCodec, ask: Ask, symbols: Sequence[str]
) -> list[Instrument]:
    del symbols
    return codec.instruments(await ask(lambda _now_ns: codec.instruments_request()))
