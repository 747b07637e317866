"""The made-up venue's plan, with times so short that a test need not wait."""

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

import msgspec
from net.loopback import run
from net.tiny_codec import (
    SECOND,
    TinyCodec,
    after_login,
    answer_by_stream,
    cancel_by_stream,
    place_by_stream,
    read,
)
from net.tiny_venue import TinyVenue, tiny_venue

from arbitrage.domain.events import BookSnapshot, Event, OrderUpdate, VenueStatus
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import PlaceOrder, Purpose, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.exchanges.base import OpenPosition
from arbitrage.exchanges.order_gateway import Channel, Request
from arbitrage.net.backoff import Backoff
from arbitrage.net.budgets import BudgetRule
from arbitrage.net.heartbeat import SessionTerms
from arbitrage.net.http import PoolTerms
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import (
    AccountFees,
    Ask,
    BookSync,
    GatewayTimes,
    OrderHistory,
    OrderStream,
    Positions,
    PrivateStream,
    PublicStreams,
    Resubscription,
    ServerClock,
    VenuePlan,
)
from arbitrage.net.websocket import Endpoint

D = Decimal
QUICK = Backoff(0.001, 0.01)
# Orders written by 40 ms after they were sent, or never.
HASTY = PoolTerms(connections=3, timeout_seconds=0.02, wait_seconds=0.02)
TIMES = GatewayTimes(
    start_seconds=20.0,
    reconcile_seconds=30.0,
    recheck_seconds=0.01,
    clock_seconds=30.0,
    settle_seconds=0.001,
    resync_seconds=0.001,
    snapshot_pause_seconds=0.005,
    snapshot_patience_seconds=0.02,
    silent_order_seconds=0.01,
    pursuit=Backoff(0.001, 0.005),
)


def tiny_plan(venue: TinyVenue, **changes: Any) -> VenuePlan:
    codec = changes.pop("codec", None) or TinyCodec(
        diffs=changes.pop("diffs", False), renews=changes.pop("renews", False)
    )
    terms = changes.pop("terms", SessionTerms())

    async def endpoint(ask: Ask) -> Endpoint:
        answer = await ask(lambda _now_ns: Request("POST", "/session"))
        return Endpoint(f"{venue.ws}/private?token={read(answer)['token']}")

    async def load(ask: Ask, _symbols: Sequence[str]) -> list[Instrument]:
        return codec.instruments(await ask(lambda _now_ns: codec.instruments_request()))

    plan = VenuePlan(
        **_extras(codec),
        codec=codec,
        rest_url=venue.url,
        public=(
            PublicStreams(
                url=f"{venue.ws}/market",
                channels=frozenset({Channel.BOOK, Channel.QUOTE}),
                max_symbols=2,
                terms=terms,
            ),
        ),
        load_instruments=load,
        documented_fees=lambda _instrument: FeeSchedule(taker_bps=10.0),
        budgets=(BudgetRule("weight", 1_000, SECOND, lambda request: request.weight),),
        lingering_ns=SECOND // 100,
        open_orders_full=50,
        private=PrivateStream(
            endpoint=endpoint,
            decode=codec.decode_private,
            terms=SessionTerms(),
            keep_alive=lambda _now_ns: Request("PUT", "/session"),
        ),
        polls=PoolTerms(connections=2, timeout_seconds=0.5, wait_seconds=0.5),
        orders=PoolTerms(connections=3, timeout_seconds=0.3, wait_seconds=0.1),
        reconnect=QUICK,
        times=TIMES,
    )
    return msgspec.structs.replace(plan, **changes)


def _extras(codec: TinyCodec) -> dict[str, Any]:
    """What it can be asked beyond the contract."""
    return {
        "book_sync": BookSync(
            unsynchronised=codec.unsynchronised,
            request=codec.book_request,
            join=codec.join,
            lose=codec.lose,
        )
        if codec.diffs and not codec.renews
        else None,
        "resubscription": Resubscription(
            unsynchronised=codec.unsynchronised, frames=codec.renewal, lose=codec.lose
        )
        if codec.renews
        else None,
        "history": OrderHistory(
            request=codec.history_request, read=codec.open_orders, full_length=100
        ),
        "clock": ServerClock(
            request=lambda: Request("GET", "/time"), read=lambda answer: int(read(answer)["t"])
        ),
        "account_fees": AccountFees(
            request=lambda symbol, _now_ns: Request("GET", f"/fee?symbol={symbol}"),
            read=lambda answer: FeeSchedule(taker_bps=read(answer)["bps"]),
        ),
        "positions": Positions(
            request=lambda _now_ns: Request("GET", "/positions"),
            read=lambda answer: [
                OpenPosition(
                    symbol=symbol,
                    qty=D(qty),
                    entry_price=D(price),
                    unrealised_pnl=D(0),
                    margin=D(0),
                )
                for symbol, qty, price in read(answer)
            ],
        ),
    }


def order_stream(venue: TinyVenue, codec: TinyCodec, **changes: Any) -> OrderStream:
    """Orders by websocket, which the venue has only if a test wants it."""

    async def endpoint(_ask: Ask) -> Endpoint:
        return Endpoint(f"{venue.ws}/desk", {}, (b'{"login":"key"}',), after_login)

    stream = OrderStream(
        endpoint=endpoint,
        place=partial(place_by_stream, codec),
        cancel=partial(cancel_by_stream, codec),
        answer=answer_by_stream,
        terms=SessionTerms(),
    )
    return msgspec.structs.replace(stream, **changes)


class Engine:
    """Stands where the engine stands: remembers events and checks that time never goes back."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.on_event: Any = None

    def __call__(self, event: Event) -> None:
        assert not self.events or event.ts_ns >= self.events[-1].ts_ns
        self.events.append(event)
        if self.on_event is not None:
            self.on_event(event)

    def books(self, symbol: str = "BTC-USD") -> list[BookSnapshot]:
        return [
            event
            for event in self.events
            if isinstance(event, BookSnapshot) and event.symbol == symbol
        ]

    def updates(self, client_id: str) -> list[OrderUpdate]:
        return [
            event
            for event in self.events
            if isinstance(event, OrderUpdate) and event.client_id == client_id
        ]

    def statuses(self, client_id: str) -> list[str]:
        return [update.status.value for update in self.updates(client_id)]

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def is_up(self) -> bool:
        told = self.of(VenueStatus)
        return bool(told) and told[-1].is_up

    @property
    def down_reason(self) -> str:
        return str(self.of(VenueStatus)[-1].reason)


def gateway(
    plan: VenuePlan, symbols: Sequence[str] = ("BTC-USD", "BTC-PERP"), **settings: Any
) -> VenueGateway:
    return VenueGateway(plan, symbols=symbols, random=Random(1), **settings)


def order(client_id: str = "a1", **changes: Any) -> PlaceOrder:
    return PlaceOrder(
        **{
            "client_id": client_id,
            "venue": "tiny",
            "symbol": "BTC-USD",
            "side": Side.BUY,
            "qty": D("0.5"),
            "price": D(100),
            "time_in_force": TimeInForce.IOC,
            "purpose": Purpose.ENTRY,
            **changes,
        }
    )


def times(**changes: float) -> GatewayTimes:
    return msgspec.structs.replace(TIMES, **changes)


def by_stream(venue: TinyVenue, plan: VenuePlan, **changes: Any) -> VenuePlan:
    """The same plan with orders by websocket."""
    assert isinstance(plan.codec, TinyCodec)
    return msgspec.structs.replace(plan, order_stream=order_stream(venue, plan.codec, **changes))


Test = Callable[[TinyVenue, VenueGateway, Engine], Awaitable[None]]


def with_gateway(
    test: Test,
    symbols: Sequence[str] = ("BTC-USD", "BTC-PERP"),
    *,
    prepare: Callable[[TinyVenue], None] = lambda _venue: None,
    change: Callable[[VenuePlan], VenuePlan] = lambda plan: plan,
    hears_errors: bool = False,
    **changes: Any,
) -> None:
    """Run `test` with a started gateway; it is stopped after it."""

    async def work() -> None:
        async with tiny_venue() as venue:
            prepare(venue)
            plan = change(tiny_plan(venue, **changes))
            subject, engine = gateway(plan, symbols), Engine()
            await subject.astart(engine)
            try:
                await test(venue, subject, engine)
            finally:
                await subject.astop()
            await subject.astop()

    run(work, hears_errors=hears_errors)


def record(subject: VenueGateway, client_id: str = "a1") -> Any:
    found = subject.account.records.get(client_id)
    assert found is not None
    return found
