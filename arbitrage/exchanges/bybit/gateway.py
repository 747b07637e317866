"""Bybit v5 live, linear or spot of one account: which sockets and budgets, what its lists prove.

Market data comes on one kind of socket by category, ours on a private one, and orders go out on a
third; all are kept alive by the venue's own pings. Books by deltas are mended by subscribing
again. The wallet is one for both categories: see `wallet_share`.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.events import Event, VenueStatus
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, PlaceOrder
from arbitrage.domain.units import NS_PER_MS, NS_PER_SECOND, ONE, decimal_of
from arbitrage.exchanges.bybit import (
    account,
    budgets,
    facts,
    key_rights,
    maintenance,
    market_rest,
    orders,
    trade_stream,
    user_stream,
    wallets,
)
from arbitrage.exchanges.bybit.codec import BybitCodec
from arbitrage.exchanges.bybit.facts import BookStream, Category
from arbitrage.exchanges.bybit.wallet_share import MAX_PAGES, WalletShare
from arbitrage.exchanges.order_gateway import AccountState, Answer, Channel, Lane, Request
from arbitrage.net.budgets import BudgetRule
from arbitrage.net.heartbeat import Heartbeat, SessionTerms
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import (
    AccountFees,
    Ask,
    KeyCheck,
    Maintenance,
    OrderHistory,
    OrderStream,
    Positions,
    PrivateStream,
    PublicStreams,
    Resubscription,
    ServerClock,
    VenuePlan,
    Wallets,
)
from arbitrage.net.websocket import Endpoint

# Each symbol takes a topic per channel, and all topics of a connection have 21,000 characters.
_SYMBOLS_PER_CONNECTION = 200
_HEARTBEAT = Heartbeat(every_seconds=facts.PING_EVERY_NS / NS_PER_SECOND, text=facts.PING)
_PRIVATE_TERMS = SessionTerms(heartbeat=_HEARTBEAT)
# Ours: books are told only when they change, and one of those on a connection will.
_STALE_SECONDS = 60.0
# A request is refused once it is older than its window; the venue's clock may be a second behind
# the time that we signed with.
_LINGERING_NS = facts.RECV_WINDOW_MS * NS_PER_MS + NS_PER_SECOND
# The venue names no limit of operations; two texts mend a book.
_MENDING_TEXTS_PER_HOUR = 1_200
_MAX_PAGES = 20
_MOST_READINGS = 4
# The venue rounds what each fill realises; a minute may bring many.
_TOLERANCE = Decimal("0.0001")


def create(
    *,
    category: Category = Category.LINEAR,
    symbols: Sequence[str] = (),
    api_key: str = "",
    secret: str = "",
    leverage: int = 1,
    wallet_share: Decimal = ONE,
    orders_by_websocket: bool = True,
    book_stream: BookStream = BookStream.LEVELS_50,
    rest_url: str = facts.REST_URL,
    ws_url: str = facts.WS_URL,
    **settings: Any,
) -> VenueGateway:
    """Bybit's linear perpetuals or spot for one account; without keys only their market data.

    `leverage` says what margin a linear order locks; the account's own on `symbols` must be no
    less. `wallet_share` is this category's part of the wallet where the other one is traded from
    it too; with all of it, whatever else moves the wallet stops this gateway. `settings` are those
    of `VenueGateway`. Raises `ConfigError` for a key without its secret.
    """
    codec = BybitCodec(category, api_key=api_key, secret=secret, book_stream=book_stream)
    plan = VenuePlan(
        codec=codec,
        rest_url=rest_url,
        public=(_public(ws_url, category),),
        load_instruments=partial(_load_instruments, codec, leverage),
        documented_fees=lambda _instrument: account.documented_fees(category),
        budgets=_budgets(category),
        lingering_ns=_LINGERING_NS,
        open_orders_full=facts.OPEN_ORDERS_PAGE,
        private=_private(codec, ws_url) if api_key else None,
        order_stream=_order_stream(codec, ws_url) if api_key and orders_by_websocket else None,
        resubscription=_resubscription(codec),
        prepare=partial(_prepare, codec, symbols, leverage),
        read_account=partial(_read_account, codec, WalletShare(category, wallet_share)),
        maintenance=Maintenance(
            request=lambda _now_ns: maintenance.status_request(),
            read=partial(maintenance.reason, category),
        ),
        clock=ServerClock(request=market_rest.time_request, read=market_rest.server_time_ns),
        balances=account.balances,
        positions=Positions(request=codec.positions_request, read=account.positions)
        if category is Category.LINEAR
        else None,
        tolerance=_TOLERANCE,
        **_questions(codec),
    )
    return VenueGateway(plan, symbols=symbols, **settings)


def create_spot(**settings: Any) -> VenueGateway:
    """`create` for spot."""
    return create(category=Category.SPOT, **settings)


# --- sockets --------------------------------------------------------------------------------------


def _public(ws_url: str, category: Category) -> PublicStreams:
    served = set(Channel) if category is Category.LINEAR else set(Channel) - {Channel.FUNDING}
    return PublicStreams(
        url=ws_url + facts.PUBLIC_PATHS[category],
        channels=frozenset(served),
        max_symbols=_SYMBOLS_PER_CONNECTION,
        terms=SessionTerms(heartbeat=_HEARTBEAT, stale_seconds=_STALE_SECONDS),
    )


def _private(codec: BybitCodec, ws_url: str) -> PrivateStream:
    def after_login(frame: bytes) -> Sequence[bytes] | None:
        return (user_stream.SUBSCRIBE,) if user_stream.is_logged_in(frame) else None

    def decode(frame: bytes, ts_ns: int) -> Sequence[Event]:
        """A refused subscription ends the session; what the venue says of the account is for a
        person."""
        events = codec.decode_private(frame, ts_ns)
        for event in events:
            if isinstance(event, VenueStatus) and user_stream.is_of_session(frame):
                raise Unavailable(f"{codec.venue}: {event.reason}")
        return events

    async def endpoint(ask: Ask) -> Endpoint:
        login = codec.login_frame(await _venue_time_ns(ask))
        return Endpoint(ws_url + facts.PRIVATE_PATH, frames=(login,), after_login=after_login)

    return PrivateStream(endpoint=endpoint, decode=decode, terms=_PRIVATE_TERMS)


def _order_stream(codec: BybitCodec, ws_url: str) -> OrderStream:
    def place(intent: PlaceOrder, request_id: str, now_ns: int) -> Request:
        frame = trade_stream.place_frame(codec.signer, codec.category, intent, request_id, now_ns)
        return Request("POST", orders.CREATE_PATH, body=frame, lane=orders.lane_of(intent))

    def cancel(intent: CancelOrder, request_id: str, now_ns: int) -> Request:
        frame = trade_stream.cancel_frame(codec.signer, codec.category, intent, request_id, now_ns)
        return Request("POST", orders.CANCEL_PATH, body=frame, lane=Lane.URGENT)

    def answer(frame: bytes) -> tuple[str, Answer] | None:
        said = trade_stream.reply(frame)
        return (said.request_id, said.answer) if said.request_id else None

    def after_login(frame: bytes) -> Sequence[bytes] | None:
        return () if trade_stream.is_logged_in(frame) else None

    async def endpoint(ask: Ask) -> Endpoint:
        login = codec.login_frame(await _venue_time_ns(ask))
        return Endpoint(ws_url + facts.TRADE_PATH, frames=(login,), after_login=after_login)

    return OrderStream(
        endpoint=endpoint, place=place, cancel=cancel, answer=answer, terms=_PRIVATE_TERMS
    )


async def _venue_time_ns(ask: Ask) -> int:
    """The venue's time now, by which a login expires."""
    return market_rest.server_time_ns(await ask(lambda _now_ns: market_rest.time_request()))


def _resubscription(codec: BybitCodec) -> Resubscription:
    books = codec.market.books
    return Resubscription(
        unsynchronised=codec.unsynchronised,
        frames=codec.resubscribe,
        lose=lambda symbol: books[symbol].lose() if symbol in books else None,
        texts_per_hour=_MENDING_TEXTS_PER_HOUR,
    )


# --- the account ----------------------------------------------------------------------------------


async def _load_instruments(
    codec: BybitCodec, leverage: int, ask: Ask, symbols: Sequence[str]
) -> list[Instrument]:
    """Every page of the listing, with the margin that `leverage` asks for."""
    del symbols
    found: list[Instrument] = []
    cursor = ""
    for _ in range(_MAX_PAGES):
        answer = await ask(lambda _now_ns, cursor=cursor: codec.instruments_request(cursor))  # type: ignore[misc]
        page = codec.instruments(answer)
        found += page
        cursor = codec.next_cursor(answer)
        if not cursor or not page:
            break
    margin = 1 / decimal_of(leverage)
    return [
        msgspec.structs.replace(each, initial_margin=margin) if each.is_perpetual else each
        for each in found
    ]


def _questions(codec: BybitCodec) -> dict[str, Any]:
    """What the account can be asked, as the plan names it."""
    signer, category = codec.signer, codec.category
    return {
        "key_check": KeyCheck(
            request=partial(key_rights.key_request, signer),
            read=partial(key_rights.key_rights, category),
        ),
        "wallets": Wallets(request=partial(wallets.wallets_request, signer), read=wallets.wallets),
        "history": OrderHistory(
            request=partial(orders.closed_since, signer, category),
            read=codec.open_orders,  # the same objects, whatever their status
            full_length=facts.OPEN_ORDERS_PAGE,
        ),
        "account_fees": AccountFees(
            request=partial(account.fees_request, signer, category),
            read=partial(account.fees, category),
        ),
    }


async def _prepare(codec: BybitCodec, symbols: Sequence[str], leverage: int, ask: Ask) -> None:
    """Raise `ConfigError` for an account whose settings our orders do not fit. Spot has none."""
    for symbol in symbols if codec.category is Category.LINEAR else ():
        answer = await ask(partial(account.symbol_request, codec.signer, symbol))
        if not account.is_one_way(answer):
            raise ConfigError(
                f"{codec.venue} {symbol}: this account keeps long and short positions apart; set "
                "its position mode to one-way at the venue while it is flat; nothing was started"
            )
        told = account.least_leverage(answer)
        if told is not None and told < leverage:
            raise ConfigError(
                f"{codec.venue} {symbol}: leverage is {told} at the venue; expected at least "
                f"{leverage}, by which orders are sized; nothing was started"
            )


async def _read_account(codec: BybitCodec, share: WalletShare, ask: Ask) -> AccountState:
    """Balances and positions, and of a shared wallet our share.

    Such a wallet is read between two readings of the log that agree. Raises `Unavailable` if it
    does not hold still for long enough.
    """
    positions = await _position_pages(codec, ask) if codec.category is Category.LINEAR else []
    if share.is_whole:
        return codec.account(await ask(codec.account_request), positions)
    await _read_log(codec, share, ask)
    for _ in range(_MOST_READINGS):
        state = codec.account(await ask(codec.account_request), positions)
        news, now_ns = await _read_log(codec, share, ask)
        if not news:
            return AccountState(share.own(state.balances, now_ns), state.positions)
    raise Unavailable(f"{codec.venue}: the wallet moves while it is read; to be read again")


async def _position_pages(codec: BybitCodec, ask: Ask) -> list[Answer]:
    """The positions of every coin in which perpetuals settle."""
    pages: list[Answer] = []
    for settle in facts.SETTLE_BY_ENDING.values():
        cursor = ""
        for _ in range(_MAX_PAGES):
            answer = await ask(
                lambda now_ns, settle=settle, cursor=cursor: codec.positions_request(  # type: ignore[misc]
                    now_ns, settle, cursor
                )
            )
            pages.append(answer)
            cursor = codec.next_cursor(answer)
            if not cursor:
                break
        else:
            raise MalformedData(f"{codec.venue}: positions without end; the account is not read")
    return pages


async def _read_log(codec: BybitCodec, share: WalletShare, ask: Ask) -> tuple[int, int]:
    """Read what is new in the log; returns how much that was, and the venue's time of asking."""
    news, cursor, asked_ns = 0, "", 0

    def build(now_ns: int) -> Request:
        nonlocal asked_ns
        asked_ns = now_ns
        return share.request(codec.signer, now_ns, cursor)

    for _ in range(MAX_PAGES):
        found, cursor = share.take_in(await ask(build))
        news += found
        if not cursor:
            return news, asked_ns
    raise Unavailable(f"{codec.venue}: more entries in its log than can be read at once")


# --- budgets --------------------------------------------------------------------------------------


def _budgets(category: Category) -> tuple[BudgetRule, ...]:
    """One for each endpoint of the account, by websocket or not, and one for our address."""
    orders_per_second = facts.ORDERS_PER_SECOND[category]
    limits = {
        **facts.QUESTIONS_PER_SECOND,
        orders.CREATE_PATH: orders_per_second,
        orders.CANCEL_PATH: orders_per_second,
    }
    return (
        *(
            BudgetRule(path, limit, facts.RATE_WINDOW_NS, partial(_cost, path))
            for path, limit in limits.items()
        ),
        BudgetRule(budgets.ADDRESS, facts.IP_LIMIT, facts.IP_WINDOW_NS, lambda _request: 1),
    )


def _cost(path: str, request: Request) -> int:
    return int(request.target.partition("?")[0] == path)
