"""OKX live, spot and linear swaps of one account: which sockets and budgets, what its lists prove.

Everything public comes on one kind of socket, ours on two private ones: what the venue pushes, and
orders with their answers. Both log in with the venue's own time. Books by updates are mended by
subscribing again.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.events import Event, OrderUpdate, VenueStatus
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.intents import CancelOrder, PlaceOrder
from arbitrage.domain.units import NS_PER_SECOND, decimal_of
from arbitrage.exchanges.okx import account, budgets, facts, market_rest, order_stream, wallets
from arbitrage.exchanges.okx.codec import OkxCodec
from arbitrage.exchanges.okx.facts import BookStream
from arbitrage.exchanges.okx.instruments import is_swap
from arbitrage.exchanges.okx.orders import lane_of
from arbitrage.exchanges.order_gateway import AccountState, Answer, Channel, Lane, Request
from arbitrage.net.budgets import BudgetRule
from arbitrage.net.heartbeat import Heartbeat, SessionTerms
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import (
    AccountFees,
    Ask,
    KeyCheck,
    KeyRights,
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

_IDLE_SECONDS = facts.IDLE_CLOSE_NS / NS_PER_SECOND
_HEARTBEAT = Heartbeat(every_seconds=_IDLE_SECONDS / 2, text=facts.PING)
_PRIVATE_TERMS = SessionTerms(heartbeat=_HEARTBEAT)
# A book that rests repeats itself every minute; who is silent for longer is frozen.
_STALE_SECONDS = facts.QUIET_BOOK_NS / NS_PER_SECOND + 15.0
# A request is refused once it is older than its life, by websocket by its deadline; the venue's
# clock may be a second behind the time that we signed with.
_LINGERING_NS = facts.REQUEST_LIFE_NS + NS_PER_SECOND
# Some texts of the venue's limit are left for what a connection begins with.
_MENDING_TEXTS_PER_HOUR = facts.MAX_REQUESTS_PER_HOUR - 40
_ORDER, _CANCEL = "/api/v5/trade/order", "/api/v5/trade/cancel-order"
# The venue counts questions about an order apart from new ones.
_ASKING = "GET /api/v5/trade/order"


def create(
    *,
    symbols: Sequence[str] = (),
    api_key: str = "",
    secret: str = "",
    passphrase: str = "",
    leverage: int = 1,
    is_demo: bool = False,
    orders_by_websocket: bool = True,
    book_stream: BookStream = BookStream.UPDATES_400,
    rest_url: str = facts.REST_URL,
    ws_url: str = "",
    **settings: Any,
) -> VenueGateway:
    """OKX for one account, or for its demo account; without keys only its market data.

    `leverage` is that of the account on these swaps: it says what margin an order locks.
    `settings` are those of `VenueGateway`. Raises `ConfigError` for a key without its secret and
    passphrase.
    """
    codec = OkxCodec(
        api_key=api_key,
        secret=secret,
        passphrase=passphrase,
        is_demo=is_demo,
        book_stream=book_stream,
    )
    signer = codec.signer
    ws_url = ws_url or (facts.DEMO_WS_URL if is_demo else facts.WS_URL)
    private_url = ws_url + facts.PRIVATE_PATH
    by_stream = bool(api_key) and orders_by_websocket
    plan = VenuePlan(
        codec=codec,
        rest_url=rest_url,
        public=(_public(ws_url + facts.PUBLIC_PATH),),
        load_instruments=partial(_load_instruments, codec, leverage, by_stream),
        documented_fees=lambda instrument: codec.documented_fees(instrument.symbol),
        budgets=_budgets(),
        lingering_ns=_LINGERING_NS,
        open_orders_full=facts.ORDERS_PAGE,
        lists_all_symbols=True,
        private=_private(codec, private_url) if api_key else None,
        order_stream=_order_stream(codec, private_url) if by_stream else None,
        resubscription=_resubscription(codec, book_stream),
        prepare=partial(_prepare, codec, symbols),
        read_account=partial(_read_account, codec),
        key_check=KeyCheck(request=codec.configuration_request, read=_rights),
        maintenance=_maintenance(is_demo=is_demo),
        wallets=Wallets(request=partial(wallets.wallets_request, signer), read=wallets.wallets),
        history=_history(codec.closed_orders_request, codec.closed_orders),
        fills=_history(codec.fills_request, codec.fills),
        clock=ServerClock(request=market_rest.time_request, read=market_rest.server_time_ns),
        account_fees=AccountFees(request=partial(account.fees_request, signer), read=codec.fees),
        balances=account.balances,
        positions=Positions(request=partial(account.positions_request, signer), read=account.held),
    )
    return VenueGateway(plan, symbols=symbols, **settings)


def _history(
    request: Callable[[str, int, int], Request], read: Callable[[Answer, int], list[OrderUpdate]]
) -> OrderHistory:
    return OrderHistory(request=request, read=read, full_length=facts.ORDERS_PAGE)


def _maintenance(*, is_demo: bool) -> Maintenance:
    return Maintenance(
        request=lambda _now_ns: market_rest.maintenance_request(),
        read=lambda answer: market_rest.maintenance(answer, 0, is_demo=is_demo).reason,
    )


# --- sockets --------------------------------------------------------------------------------------


def _public(url: str) -> PublicStreams:
    return PublicStreams(
        url=url,
        channels=frozenset(Channel),
        max_symbols=facts.MAX_BOOKS_PER_CONNECTION,
        terms=SessionTerms(heartbeat=_HEARTBEAT, stale_seconds=_STALE_SECONDS),
    )


def _resubscription(codec: OkxCodec, book_stream: BookStream) -> Resubscription | None:
    """Books of five levels are whole and need nothing."""
    if book_stream is not BookStream.UPDATES_400:
        return None
    books = codec.market.books
    return Resubscription(
        unsynchronised=codec.unsynchronised,
        frames=codec.resubscribe,
        lose=lambda symbol: books[symbol].lose() if symbol in books else None,
        texts_per_hour=_MENDING_TEXTS_PER_HOUR,
    )


def _private(codec: OkxCodec, url: str) -> PrivateStream:
    def decode(frame: bytes, ts_ns: int) -> Sequence[Event]:
        """What the venue says of the session (a refusal, a notice that it will be closed) ends it;
        what it says of the account is for a person."""
        events = codec.decode_private(frame, ts_ns)
        for event in events:
            if isinstance(event, VenueStatus) and codec.is_of_session(frame):
                raise Unavailable(f"{facts.VENUE}: {event.reason}")
        return events

    return PrivateStream(
        endpoint=partial(_logged_in, codec, url, codec.subscribe_private()),
        decode=decode,
        terms=_PRIVATE_TERMS,
    )


def _order_stream(codec: OkxCodec, url: str) -> OrderStream:
    def place(intent: PlaceOrder, request_id: str, now_ns: int) -> Request:
        frame = codec.place_frame(intent, request_id, now_ns)
        return Request("POST", _ORDER, body=frame, lane=lane_of(intent))

    def cancel(intent: CancelOrder, request_id: str, _now_ns: int) -> Request:
        frame = codec.cancel_frame(intent, request_id)
        return Request("POST", _CANCEL, body=frame, lane=Lane.URGENT)

    return OrderStream(
        endpoint=partial(_logged_in, codec, url, ()),
        place=place,
        cancel=cancel,
        answer=order_stream.reply,
        terms=_PRIVATE_TERMS,
    )


async def _logged_in(codec: OkxCodec, url: str, then: Sequence[bytes], ask: Ask) -> Endpoint:
    """A private connection that logs in and then sends `then`."""
    told = await ask(lambda _now_ns: market_rest.time_request())
    login = codec.login(market_rest.server_time_ns(told))

    def after_login(frame: bytes) -> Sequence[bytes] | None:
        if codec.is_login(frame):
            return then
        for said in codec.decode_private(frame, 0):
            if isinstance(said, VenueStatus):
                raise Unavailable(f"{facts.VENUE}: {said.reason}")
        return None

    return Endpoint(url, frames=(login,), after_login=after_login)


# --- the account ----------------------------------------------------------------------------------


async def _load_instruments(
    codec: OkxCodec, leverage: int, by_stream: bool, ask: Ask, symbols: Sequence[str]
) -> list[Instrument]:
    """Spot, swaps or both, whichever `symbols` are of, with the margin that the account's leverage
    asks for. Raises `ConfigError` for a symbol without the number that orders by websocket need."""
    found: list[Instrument] = []
    for kind, is_wanted in (
        (InstrumentKind.SPOT, not all(map(is_swap, symbols)) or not symbols),
        (InstrumentKind.PERPETUAL, any(map(is_swap, symbols)) or not symbols),
    ):
        if is_wanted:
            answer = await ask(lambda _now_ns, kind=kind: codec.instruments_request(kind))  # type: ignore[misc]
            found += codec.instruments(answer)
    nameless = [one for one in symbols if one in codec.contracts and not codec.contracts[one].code]
    if by_stream and nameless:
        raise ConfigError(
            f"{facts.VENUE}: {', '.join(nameless)} cannot be ordered by websocket yet; set "
            "orders_by_websocket to false to order by REST; nothing was started"
        )
    margin = 1 / decimal_of(leverage)
    return [
        msgspec.structs.replace(one, initial_margin=margin) if one.is_perpetual else one
        for one in found
    ]


async def _prepare(codec: OkxCodec, symbols: Sequence[str], ask: Ask) -> None:
    """Read how the account is set, so that orders and fees are written and read accordingly.

    Raises `ConfigError` for one that our orders do not fit.
    """
    said = codec.configuration(await ask(codec.configuration_request))
    if not said.is_net_mode:
        raise ConfigError(
            f"{facts.VENUE}: this account keeps long and short positions apart; set its position "
            "mode to net (buy/sell) at the venue while it is flat; nothing was started"
        )
    if any(map(is_swap, symbols)) and not said.trades_swaps:
        raise ConfigError(
            f"{facts.VENUE}: this account is in spot mode and cannot trade swaps; change its mode "
            "at the venue, or leave the swaps out; nothing was started"
        )


async def _read_account(codec: OkxCodec, ask: Ask) -> AccountState:
    """Balances and positions, which the venue tells apart."""
    balances = await ask(codec.account_request)
    held = await ask(partial(account.positions_request, codec.signer))
    return codec.account(balances, held)


def _rights(answer: Answer) -> KeyRights:
    said = account.configuration(answer)
    return KeyRights(can_trade=said.may_trade, can_withdraw=said.may_withdraw)


# --- budgets --------------------------------------------------------------------------------------


def _budgets() -> tuple[BudgetRule, ...]:
    """One for each endpoint, all symbols together, which is less than the venue allows; one for new
    orders of swaps in all."""
    return (
        *(
            BudgetRule(path, limit.count, limit.window_ns, partial(_cost, path))
            for path, limit in facts.LIMITS.items()
        ),
        BudgetRule(_ASKING, facts.LIMITS[_ORDER].count, facts.RATE_WINDOW_NS, _questions),
        BudgetRule(
            budgets.ACCOUNT_ORDERS, facts.ACCOUNT_ORDERS_2S, facts.RATE_WINDOW_NS, _new_orders
        ),
    )


def _cost(path: str, request: Request) -> int:
    asked = request.target.partition("?")[0]
    return request.weight if asked == path and not _questions(request) else 0


def _questions(request: Request) -> int:
    return int(request.method == "GET" and request.target.partition("?")[0] == _ORDER)


def _new_orders(request: Request) -> int:
    return int(request.method == "POST" and request.target == _ORDER)
