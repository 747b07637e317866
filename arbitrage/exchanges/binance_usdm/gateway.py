"""Binance USD-M live: which sockets, which budgets, and what its lists prove.

Books and quotes come on `/public`, trades and funding on `/market`, our orders on `/private` with
a listen key that is renewed every half hour. Diff books are joined to a snapshot asked for by REST.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from arbitrage.domain.errors import Unavailable
from arbitrage.domain.events import Event, VenueStatus
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_MS, NS_PER_SECOND, decimal_of
from arbitrage.exchanges.binance_usdm import account, budgets, facts, key_rights, market_rest
from arbitrage.exchanges.binance_usdm.auth import RequestSigner, encoded
from arbitrage.exchanges.binance_usdm.codec import BinanceUsdmCodec
from arbitrage.exchanges.binance_usdm.facts import BookStream
from arbitrage.exchanges.order_gateway import Channel, Lane, Request
from arbitrage.net.budgets import BudgetRule
from arbitrage.net.heartbeat import Heartbeat, SessionTerms
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import (
    AccountFees,
    Ask,
    BookSync,
    KeyCheck,
    OrderHistory,
    Positions,
    PrivateStream,
    PublicStreams,
    ServerClock,
    VenuePlan,
)
from arbitrage.net.websocket import Endpoint

# Streams are 1024 at most per connection; each symbol takes one per channel.
_SYMBOLS_PER_CONNECTION = 200
# Replaced an hour before the venue's own cut, both connections delivering for a moment.
_LIFE_SECONDS = facts.CONNECTION_LIFE_NS / NS_PER_SECOND - 3600
_KEEP_ALIVE_SECONDS = facts.LISTEN_KEY_LIFE_NS / NS_PER_SECOND / 2
_HEARTBEAT = Heartbeat(every_seconds=20.0, reply_seconds=10.0)
# While both connections of a replacement deliver, a message that comes twice changes nothing.
_OVERLAP_SECONDS = 1.0
_MARKET_TERMS = SessionTerms(
    heartbeat=_HEARTBEAT,
    stale_seconds=30.0,
    life_seconds=_LIFE_SECONDS,
    overlap_seconds=_OVERLAP_SECONDS,
)
# A request is refused once it is older than its window; the venue's clock may be a second behind
# the time that we signed with.
_LINGERING_NS = facts.RECV_WINDOW_MS * NS_PER_MS + NS_PER_SECOND
# Orders in one list at most, and its weight [D All-Orders].
_ALL_ORDERS_PAGE = 1000
_ALL_ORDERS_WEIGHT = 5
# The venue rounds what each fill realises to eight decimals; a minute may bring many.
_TOLERANCE = Decimal("0.0001")
_EXPIRED = b'"listenKeyExpired"'


def create(
    *,
    symbols: Sequence[str] = (),
    api_key: str = "",
    secret: str = "",
    leverage: int = 1,
    book_stream: BookStream = BookStream.DIFF_100MS,
    rest_url: str = facts.REST_URL,
    ws_url: str = facts.WS_URL,
    wallet_url: str = "",
    **settings: Any,
) -> VenueGateway:
    """Binance USD-M for one account; without keys only its market data.

    `leverage` is that of the account on these symbols: it says what margin an order locks.
    `wallet_url` is where the venue tells the rights of the key, if not where it usually does.
    `settings` are those of `VenueGateway`. Raises `ConfigError` for a key without its secret.
    """
    codec = BinanceUsdmCodec(api_key=api_key, secret=secret, book_stream=book_stream)
    plan = VenuePlan(
        codec=codec,
        rest_url=rest_url,
        public=_public(ws_url),
        load_instruments=partial(_load_instruments, codec, leverage),
        documented_fees=lambda _instrument: FeeSchedule(
            taker_bps=facts.TAKER_BPS, maker_bps=facts.MAKER_BPS
        ),
        budgets=_budgets(),
        lingering_ns=_LINGERING_NS,
        # The list of a symbol's open orders is always whole.
        open_orders_full=10_000,
        private=_private(codec, ws_url) if api_key else None,
        book_sync=_book_sync(codec, book_stream),
        history=OrderHistory(
            request=partial(_orders_since, codec.signer),
            read=codec.open_orders,  # the same objects, whatever their status
            full_length=_ALL_ORDERS_PAGE,
        ),
        fills=OrderHistory(
            request=codec.fills_request, read=codec.fills, full_length=facts.MAX_USER_TRADES
        ),
        clock=ServerClock(request=market_rest.time_request, read=market_rest.server_time_ns),
        account_fees=AccountFees(
            request=partial(account.fees_request, codec.signer), read=account.fees
        ),
        balances=account.balances,
        tolerance=_TOLERANCE,
        positions=Positions(
            request=partial(account.positions_request, codec.signer), read=account.positions
        ),
        key_check=_key_check(codec, rest_url, wallet_url),
    )
    return VenueGateway(plan, symbols=symbols, **settings)


def _public(ws_url: str) -> tuple[PublicStreams, ...]:
    return (
        PublicStreams(
            url=ws_url + facts.PUBLIC_PATH,
            channels=frozenset({Channel.BOOK, Channel.QUOTE}),
            max_symbols=_SYMBOLS_PER_CONNECTION,
            terms=_MARKET_TERMS,
        ),
        PublicStreams(
            url=ws_url + facts.MARKET_PATH,
            channels=frozenset({Channel.TRADES, Channel.FUNDING}),
            max_symbols=_SYMBOLS_PER_CONNECTION,
            terms=_MARKET_TERMS,
        ),
    )


def _private(codec: BinanceUsdmCodec, ws_url: str) -> PrivateStream:
    async def endpoint(ask: Ask) -> Endpoint:
        answer = await ask(lambda _now_ns: account.open_stream_request(codec.signer))
        return Endpoint(ws_url + account.stream_target(answer))

    def decode(frame: bytes, ts_ns: int) -> Sequence[Event]:
        """An expired listen key ends the session; everything else said of it is for a person."""
        events = codec.decode_private(frame, ts_ns)
        if events and _EXPIRED in frame and isinstance(events[0], VenueStatus):
            raise Unavailable(f"{facts.VENUE}: {events[0].reason}")
        return events

    return PrivateStream(
        endpoint=endpoint,
        decode=decode,
        terms=SessionTerms(
            heartbeat=_HEARTBEAT, life_seconds=_LIFE_SECONDS, overlap_seconds=_OVERLAP_SECONDS
        ),
        keep_alive=lambda _now_ns: account.keep_stream_request(codec.signer),
        keep_alive_seconds=_KEEP_ALIVE_SECONDS,
    )


def _key_check(codec: BinanceUsdmCodec, rest_url: str, wallet_url: str) -> KeyCheck | None:
    """The rights are told by the venue's wallet API; who speaks for the venue at another address,
    as a simulator does, tells them there. The demo venue does not."""
    if rest_url == facts.DEMO_REST_URL and not wallet_url:
        return None
    usual = facts.WALLET_URL if rest_url == facts.REST_URL else rest_url
    return KeyCheck(
        request=partial(key_rights.rights_request, codec.signer),
        read=key_rights.rights,
        rest_url=wallet_url or usual,
    )


def _book_sync(codec: BinanceUsdmCodec, book_stream: BookStream) -> BookSync | None:
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
    """Weight is counted per address for everything but orders, orders per account."""
    return (
        BudgetRule(budgets.WEIGHT_1M, facts.WEIGHT_LIMIT_1M, 60 * NS_PER_SECOND, _weight),
        BudgetRule("orders-10s", facts.ORDER_LIMIT_10S, 10 * NS_PER_SECOND, _orders),
        BudgetRule("orders-1m", facts.ORDER_LIMIT_1M, 60 * NS_PER_SECOND, _orders),
    )


def _orders_since(signer: RequestSigner, symbol: str, since_ns: int, now_ns: int) -> Request:
    """Orders of `symbol` made since `since_ns`, whatever became of them. The venue forgets those
    without a fill after `facts.UNFILLED_ORDER_MEMORY_NS`."""
    query = f"&symbol={encoded(symbol)}&startTime={since_ns // NS_PER_MS}&limit={_ALL_ORDERS_PAGE}"
    return signer.request(
        "GET",
        "/fapi/v1/allOrders",
        query,
        now_ns,
        lane=Lane.ACCOUNT,
        weight=_ALL_ORDERS_WEIGHT,
    )


def _orders(request: Request) -> int:
    return int(request.method == "POST" and request.lane in (Lane.ENTRY, Lane.URGENT))


def _weight(request: Request) -> int:
    return 0 if _orders(request) else request.weight


async def _load_instruments(
    codec: BinanceUsdmCodec, leverage: int, ask: Ask, symbols: Sequence[str]
) -> list[Instrument]:
    """The linear perpetuals, with the margin that the account's leverage asks for."""
    del symbols
    found = codec.instruments(await ask(lambda _now_ns: codec.instruments_request()))
    margin = 1 / decimal_of(leverage)
    return [msgspec.structs.replace(each, initial_margin=margin) for each in found]
